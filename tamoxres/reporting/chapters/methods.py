"""Methods in words, from the plan: who, what, how, and by which papers."""

from __future__ import annotations

from collections.abc import Sequence

from ...tables.table import Cell, Column, Row, Table
from ...wording.rows import condition_words
from ..gather import Case, Findings
from ..page import Block, Bullets, Paragraph, Part, Section, TableBlock, Text
from ..weigh import CERTAINTY
from .words import endpoint_name, joined, marker_name, terms

__all__ = ["methods"]

_ESTIMATORS = (
    "Hazard ratios: Cox regression, Efron ties (Cox 1972; Efron 1977); competing deaths are censored, so that the "
    "hazard is cause-specific.",
    "Proportional hazards: the exact score test, by term and global (Grambsch and Therneau 1994).",
    "Risks: cumulative incidence where other deaths compete (Aalen and Johansen 1978), Kaplan-Meier otherwise, log-log "
    "limits; median follow-up by reverse Kaplan-Meier (Schemper and Smith 1996).",
    "Interaction: one model with treatment, marker and their product; the four hazard ratios are contrasts of that "
    "model, not refits of subsets; the P is of the likelihood-ratio test on the same patients, and the "
    "interval that of the profile likelihood; with fewer than 5 events in a group both are by Firth's penalised "
    "likelihood (Heinze and Schemper 2001).",
    "Minimum detectable ratio: what a two-sided test would have seen with 80% power (Schmoor 2000).",
    "Meta-analysis: REML with an ad hoc Hartung-Knapp interval (Viechtbauer 2005; Hartung and Knapp 2001; an error "
    "below the Wald error is raised to it, Röver 2015); the prediction interval rests on the same error and degrees "
    "of freedom. Other estimators stand beside it.",
    "Own cohorts are pooled in two stages, each analysed by itself first. Of cohorts that share patients one is kept, "
    "and the other is named.",
    "Robustness of an interaction where treatment was chosen: treatment x site and x covariates, the marker cut within "
    "site and uncut, overlap weights fitted within each level of the marker, tamoxifen by name, deaths of other causes "
    "as a negative control (Lipsitch 2010), and P calibrated by the cohort's other genes (Schuemie 2014), where the "
    "files allow each; the E-value of the ratio (VanderWeele 2017).",
    "How an answer holds: the primary model of the first cohort of a marker, with one choice changed at a time.",
)
_RULES = {  # for a modification, and of none
    "high": ("at most 0.25% chance", "the 95% interval lies within 0.80-1.25"),
    "moderate": ("at most 0.5% chance", "within 0.67-1.50"),
    "low": ("at most 2.5% chance", "within 0.50-2.00"),
    "very low": ("less than an even chance", ""),
    "none": ("an even chance or more, or no such trial", "a wider interval, or no such trial"),
}


def methods(findings: Findings) -> Section:
    """Write the methods."""
    blocks: list[Block] = [
        Paragraph.of(
            "Every analysis below is named in a plan. In each cohort the first rule of a marker on "
            "the first endpoint is primary; other rules and endpoints are sensitivity analyses. What a plan calls "
            "exploratory is labelled so. The default plan was written with these public data at hand: primary is an "
            "order of reading, not a registered protocol."
        ),
        Paragraph.of(_multiplicity(findings)),
        Paragraph.of(
            "Missing values: complete cases, with who left and why in the patient flow. Markers are never imputed."
        ),
        Part("methods-models", "Models, cohort by cohort", tuple(map(Paragraph, _models(findings))), folded=True),
        Part("methods-estimators", "Estimators", (Bullets(tuple((text,) for text in _ESTIMATORS)),), folded=True),
        Part("methods-rules", "Markers and their rules", (TableBlock("rules", _rules(findings)),), folded=True),
        Part("methods-endpoints", "Endpoints", (TableBlock("endpoints", _endpoints(findings)),), folded=True),
        Part("methods-certainty", "Certainty", (TableBlock("certainty", _certainty()),), folded=True),
    ]
    return Section("methods", "Methods", tuple(blocks), "How it was done")


def _models(findings: Findings) -> list[Text]:
    out: list[Text] = []
    titles = {cohort.name: cohort.title for cohort in findings.cohorts}
    for asked in findings.plan.markers:
        if asked.cohort not in titles:
            continue
        title = titles[asked.cohort]
        strata = f", stratified by {terms(asked.strata)}" if asked.strata else ""
        who = {"positive": "ER-positive patients", "negative": "ER-negative patients", "any": "patients"}[asked.er]
        limits = [
            *map(condition_words, asked.where),
            *([f"at risk at {asked.landmark} months"] if asked.landmark else []),
        ]
        where = f" ({joined(limits)})" if limits else ""
        among = "Marker among all, treated or not" if asked.treatment == "any" else "Marker among the treated"
        both = f" Marker by treatment: adjusted for {terms(asked.adjust_interaction) or 'nothing'}{strata}."
        if not any(case.interaction for case in findings.cases if case.asked is asked):
            both = ""
        margin = (
            f" Ratios of hazard ratios within {asked.margin[0]:g} to {asked.margin[1]:g} count as irrelevant: "
            f"{asked.margin_why}"
            if asked.margin
            else ""
        )
        out.append(
            (
                f"{title}, {who}{where}. {among}: adjusted for "
                f"{terms(asked.adjust_prognostic) or 'nothing'}{strata}.{both} {asked.why}{margin}",
            )
        )
    return out


def _multiplicity(findings: Findings) -> str:
    primary = [case for case in findings.leading() if case.role == "primary" and case.interaction]
    alpha = findings.plan.alpha
    if len(primary) < 2:
        told = "One primary interaction was tested; its P needs no correction for others." if primary else ""
        return f"Level: {alpha:g}, two-sided. {told}".strip()
    return (
        f"Level: {alpha:g}, two-sided. {len(primary)} primary interactions were tested; their P values corrected by "
        "Holm, within families of tests (one a cohort), stand beside the raw ones."
    )


def _leading_rules(findings: Findings) -> list[Case]:
    seen: dict[tuple[str, str, str], Case] = {}
    for case in findings.cases:
        seen.setdefault((case.cohort.name, case.marker, case.call.rule), case)
    return list(seen.values())


def _rules(findings: Findings) -> Table:
    rows = [
        Row.of(
            case.cohort.title, marker_name(case.marker), case.call.assay, case.call.definition, case.call.cut,
            case.call.reference,
        )
        for case in _leading_rules(findings)
    ]  # fmt: skip
    heads = ("Cohort", "Marker", "Assay", "Altered means", "Cut", "Reference")
    return Table(title="Markers and their rules", columns=tuple(map(Column, heads)), rows=tuple(rows))


def _endpoints(findings: Findings) -> Table:
    rows = []
    for cohort in findings.cohorts:
        used: Sequence[str] = [
            *(case.endpoint for case in findings.cases if case.cohort.name == cohort.name),
            *(b.asked.endpoint for b in findings.benchmarks if b.cohort.name == cohort.name),
        ]
        for code in dict.fromkeys(used):
            known = cohort.require(code)
            departure = cohort.departures.get(code, "none known")
            cells = (
                cohort.title,
                endpoint_name(code),
                joined(known.events, "or"),
                joined(known.competing, "or"),
                departure,
            )
            rows.append(Row(tuple(map(Cell, cells))))
    heads = ("Cohort", "Endpoint (STEEP 2.0)", "Events", "Competing", "Departure from the definition")
    return Table(title="Endpoints", columns=tuple(map(Column, heads)), rows=tuple(rows))


def _certainty() -> Table:
    rows = [Row.of(level[:1].upper() + level[1:], *_RULES[level]) for level in reversed(CERTAINTY)]
    return Table(
        title="How sure that a marker modifies the effect of tamoxifen, and that it does not",
        columns=(Column("How sure"), Column("For: chance of a ratio on the other side of 1"), Column("Of none")),
        rows=tuple(rows),
        footnotes=(
            "From within-trial interactions of trials that randomised tamoxifen against none, one row a trial: the ad "
            "hoc Hartung-Knapp pool of five and more, else the posterior of a random-effects mean (half-normal 0.5 on "
            "tau). Nulls count: the rating for a modification is the lowest over the trials with any of the nulls "
            "left out, so that a null never raises it; nulls without numbers are bounded by their counts, and without "
            "counts cap it at low. One step down each for inconsistency, and where biased or indirect trials hold half "
            "the weight; one trial alone is moderate at most for a modification, and tells nothing of none.",
            "Cohorts of this report never enter: treatment was not randomised, or another than tamoxifen.",
        ),
    )
