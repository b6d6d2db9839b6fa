"""AnalysisSet: the patients a question is about, their times and groups, and who was left out on the way.

Conventions: months of 365.25/12 days; `event` is 0 (censored), 1 (event) or 2 (competing death); the first level of
`marker` is unaltered and of `treatment` is untreated. Patients whose status at a step is unknown leave at that step and
are counted as unknown; they are never taken for negative or untreated.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from ..cohort import ALTERED, NOT_ASSAYED, UNALTERED, Cohort
from ..endpoints import STEEP, Endpoint
from ..errors import QuestionError
from ..flow import Flow, Step
from ..frames import holds_frames
from ..question import Restriction

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TREATED", "UNTREATED", "AnalysisSet", "marker_level", "select"]

UNTREATED, TREATED = "untreated", "treated"
_WITH_TAMOXIFEN = ("tamoxifen", "sequence")
_COMPARE = {
    "==": operator.eq, "!=": operator.ne, ">=": operator.ge, "<=": operator.le, ">": operator.gt, "<": operator.lt,
}  # fmt: skip


@holds_frames("frame")
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AnalysisSet:
    """Patients selected for one question.

    Attributes
    ----------
    cohort : Cohort
    frame : DataFrame, indexed by patient
        months, event (0, 1, 2), entry (months), marker, treatment (categories), then every other harmonised column.
        Read-only; take `.copy()` to change values.
    endpoint : Endpoint
    marker, rule, assay, cut : str
        Empty where no marker was asked for.
    population, treatment : str
        In words, as they stand in effect rows.
    flow : Flow
    """

    cohort: Cohort
    frame: pd.DataFrame
    endpoint: Endpoint
    marker: str
    rule: str
    assay: str
    cut: str
    population: str
    treatment: str
    flow: Flow

    @property
    def n(self) -> int:
        """Patients."""
        return len(self.frame)

    @property
    def events(self) -> int:
        """Events of the endpoint; competing deaths are not among them."""
        return int((self.frame["event"].to_numpy() == 1).sum())

    @property
    def has_both_arms(self) -> bool:
        """Whether treated and untreated patients are both there."""
        return self.frame["treatment"].nunique() == 2

    def without(self, keep: Any, *, name: str, why: str) -> AnalysisSet:
        """Return the set restricted to `keep` (a boolean by patient), with one more step in its flow."""
        frame = self.frame[keep]
        step = Step(name=name, why=why, patients=len(frame), events=int((frame["event"] == 1).sum()))
        return replace(self, frame=frame, flow=self.flow.then(step))

    def until(self, horizon: float) -> AnalysisSet:
        """Return the set with follow-up ended at `horizon` months: what happens later is censored there."""
        frame = self.frame
        within = frame["months"] <= horizon
        frame = frame.assign(event=frame["event"].where(within, 0), months=frame["months"].clip(upper=horizon))
        told = _joined(self.population, f"follow-up to {horizon:g} months")
        events = int((frame["event"] == 1).sum())
        step = Step(name=f"Events within {horizon:g} months", why="", patients=len(frame), events=events)
        return replace(self, frame=frame, population=told, flow=self.flow.then(step))

    def describe(self) -> dict[str, Any]:
        """Return what every effect row of this set has in common (study, endpoint, population, counts, source ...)."""
        frame, cohort = self.frame, self.cohort
        return {
            "study": cohort.name,
            "marker": self.marker,
            "rule": self.rule,
            "assay": self.assay,
            "cut": self.cut,
            "endpoint": self.endpoint.code,
            "population": self.population,
            "treatment": self.treatment,
            "n": self.n,
            "events": self.events,
            "person_years": float((frame["months"] - frame["entry"]).sum() / 12),
            "design": cohort.design,
            "overlaps": cohort.overlaps,
            "simulated": cohort.simulated,
            "source": "; ".join(str(source) for source in cohort.sources),
            "data_sha256": cohort.data_sha256,
        }

    def __str__(self) -> str:
        what = f"{self.marker} by {self.rule}, " if self.marker else ""
        who = f"{self.n:,} patients, {self.events:,} events"
        return f"{self.cohort.title}: {what}{self.endpoint.code}, {self.population}; {who}"

    def _repr_html_(self) -> str:
        return f"<p><b>{self}</b></p>{self.flow._repr_html_()}"


def select(
    cohort: Cohort,
    *,
    endpoint: Endpoint | str,
    marker: str | None = None,
    rule: str | None = None,
    er: Literal["positive", "negative", "any"] = "positive",
    treatment: Literal["endocrine", "tamoxifen", "none", "any"] = "endocrine",
    where: Sequence[str] = (),
) -> AnalysisSet:
    """Select the patients of one question, keeping account of who leaves and why.

    Parameters
    ----------
    cohort : Cohort
        With the marker called (`tr.call`), if one is asked for.
    endpoint : Endpoint or str
    marker, rule : str, optional
        The marker's last call if no rule is named.
    er : "positive" | "negative" | "any"
    treatment : "endocrine" | "tamoxifen" | "none" | "any"
        `tamoxifen` where the drug is named, alone or in sequence with an aromatase inhibitor; `any` keeps both arms;
        patients of unknown treatment leave all the same.
    where : sequence of str
        Further restrictions, such as `nodes >= 1`.

    Returns
    -------
    AnalysisSet

    Raises
    ------
    QuestionError
        If the cohort cannot answer, or nobody is left.
    """
    wanted = cohort.require(endpoint)
    called = cohort.marker(marker, rule) if marker else None
    chosen = _start(cohort, wanted, None if called is None else called.values)
    if called is not None:
        chosen = replace(chosen, marker=called.marker, rule=called.rule, assay=called.assay, cut=called.cut)
    chosen = _by_receptor(chosen, er)
    chosen = _by_treatment(chosen, treatment)
    for text in where:
        chosen = _by_restriction(chosen, Restriction.parse(text))
    if called is not None:
        chosen = _by_marker(chosen)
    chosen = _by_entry(_by_endpoint(chosen))
    if chosen.n == 0:
        raise QuestionError(f"Nobody is left in {cohort.name}:\n{chosen.flow}")
    return chosen


def marker_level(analysis: AnalysisSet, level: str) -> AnalysisSet:
    """Return the patients of one marker level, `altered` or `unaltered`; the set no longer asks about the marker."""
    keep = (analysis.frame["marker"] == level).to_numpy()
    out = analysis.without(
        keep, name=f"{analysis.marker} {level}", why=f"the other level {analysis.n - int(keep.sum()):,}"
    )
    return replace(out, population=_joined(analysis.population, f"{analysis.marker} {level}"))


def _start(cohort: Cohort, endpoint: Endpoint, values: pd.Series[Any] | None) -> AnalysisSet:
    import pandas as pd

    patients = cohort.patients
    entry = patients["entry_months"] if "entry_months" in patients else pd.Series(0.0, index=patients.index)
    treated = patients["endocrine"].map({"yes": TREATED, "no": UNTREATED}) if "endocrine" in patients else None
    own = {column for e in STEEP.values() for column in (e.months, e.event)} | {"entry_months"}
    frame = pd.DataFrame(
        {
            "months": patients[endpoint.months],
            "event": patients[endpoint.event],
            "entry": entry,
            "marker": pd.Series(None, index=patients.index, dtype=object) if values is None else values,
            "treatment": pd.Categorical([None] * len(patients) if treated is None else treated, [UNTREATED, TREATED]),
        },
        index=patients.index,
    )
    frame = frame.join(patients[[c for c in patients if c not in own]])
    step = Step(
        name=f"{cohort.title}, all patients", why="", patients=len(frame), events=int((frame["event"] == 1).sum())
    )
    return AnalysisSet(
        cohort=cohort, frame=frame, endpoint=endpoint, marker="", rule="", assay="", cut="", population="all patients",
        treatment="any", flow=Flow((step,)),
    )  # fmt: skip


def _tally(values: pd.Series[Any], label: str) -> str:
    """Say who left: each value with its count, unknown last."""
    counts = values.value_counts()
    parts = [f"{label} {value} {n:,}" for value, n in counts.items() if n]
    if unknown := int(values.isna().sum()):
        parts.append(f"{label} unknown {unknown:,}")
    return ", ".join(parts)


def _by_receptor(chosen: AnalysisSet, er: str) -> AnalysisSet:
    if er == "any":
        return chosen
    if "er" not in chosen.frame or chosen.frame["er"].isna().all():
        raise QuestionError(f"{chosen.cohort.name} has no ER status. Ask with er='any' (--er any).")
    keep = (chosen.frame["er"] == er).to_numpy()
    assay = chosen.cohort.assays.get("er")
    name = f"ER {er}" + (f" ({assay})" if assay else "")
    out = chosen.without(keep, name=name, why=_tally(chosen.frame.loc[~keep, "er"], "ER"))
    return replace(out, population=f"ER {er}")


def _by_treatment(chosen: AnalysisSet, treatment: str) -> AnalysisSet:
    frame, cohort = chosen.frame, chosen.cohort
    if "endocrine" not in frame or frame["endocrine"].isna().all():
        if treatment == "any":
            return replace(chosen, population=_joined(chosen.population, "treatment not recorded"))
        raise QuestionError(
            f"{cohort.name} does not record endocrine therapy. Ask with treatment='any' (--treatment any)."
        )
    if treatment == "tamoxifen":
        return _by_tamoxifen(chosen)
    known = {"any": [TREATED, UNTREATED], "none": [UNTREATED], "endocrine": [TREATED]}[treatment]
    keep = frame["treatment"].isin(known).to_numpy()
    names = {"any": "Endocrine therapy known", "none": "No endocrine therapy", "endocrine": "Endocrine therapy"}
    words = {
        "any": "with or without endocrine therapy",
        "none": "no endocrine therapy",
        "endocrine": "endocrine therapy",
    }
    name, phrase = names[treatment], words[treatment]
    if cohort.treatment_specificity == "endocrine_unspecified" and treatment == "endocrine":
        name, phrase = f"{name} (drug not named)", f"{phrase} (drug not named)"
    out = chosen.without(keep, name=name, why=_tally(frame.loc[~keep, "endocrine"], "endocrine therapy"))
    return replace(out, population=_joined(chosen.population, phrase), treatment=treatment)


def _by_tamoxifen(chosen: AnalysisSet) -> AnalysisSet:
    frame = chosen.frame
    if "endocrine_agent" not in frame or not (frame["endocrine_agent"] == "tamoxifen").any():
        raise QuestionError(
            f"{chosen.cohort.name} does not name the drug ({chosen.cohort.treatment_specificity}). "
            "Ask with treatment='endocrine' (--treatment endocrine)."
        )
    keep = frame["endocrine_agent"].isin(_WITH_TAMOXIFEN).to_numpy()
    out = chosen.without(keep, name="Tamoxifen", why=_tally(frame.loc[~keep, "endocrine_agent"], "agent"))
    return replace(out, population=_joined(chosen.population, "tamoxifen"), treatment="tamoxifen")


def _by_restriction(chosen: AnalysisSet, restriction: Restriction) -> AnalysisSet:
    frame = chosen.frame
    if restriction.column not in frame:
        raise QuestionError(
            f"{chosen.cohort.name} has no column {restriction.column!r}. It has {', '.join(frame.columns[5:])}."
        )
    values = frame[restriction.column]
    wanted: Any = restriction.value
    if values.dtype.kind in "fi":
        try:
            wanted = float(wanted)
        except ValueError:
            raise QuestionError(f"Column {restriction.column} holds numbers; {wanted!r} is none.") from None
    elif restriction.comparison not in ("==", "!="):
        raise QuestionError(f"Column {restriction.column} holds levels; compare it with == or !=.")
    keep = (_COMPARE[restriction.comparison](values, wanted) & values.notna()).to_numpy(dtype=bool)
    unknown = int(values.isna().sum())
    why = f"not {restriction} {int((~keep).sum()) - unknown:,}" + (f", unknown {unknown:,}" if unknown else "")
    out = chosen.without(keep, name=str(restriction), why=why)
    return replace(out, population=_joined(chosen.population, str(restriction)))


def _by_marker(chosen: AnalysisSet) -> AnalysisSet:
    import pandas as pd

    frame = chosen.frame
    keep = frame["marker"].isin([UNALTERED, ALTERED]).to_numpy()
    gone = frame.loc[~keep, "marker"].replace({NOT_ASSAYED: "not assayed"})
    out = chosen.without(keep, name=f"{chosen.marker} known ({chosen.rule})", why=_tally(gone, chosen.marker))
    levels = pd.Categorical(out.frame["marker"], [UNALTERED, ALTERED])
    return replace(out, frame=out.frame.assign(marker=levels))


def _by_endpoint(chosen: AnalysisSet) -> AnalysisSet:
    keep = (chosen.frame["months"].notna() & chosen.frame["event"].notna()).to_numpy()
    gone = int((~keep).sum())
    why = f"{chosen.endpoint.code} unknown {gone:,}" if gone else ""
    out = chosen.without(keep, name=f"{chosen.endpoint.code} known", why=why)
    return replace(out, frame=out.frame.astype({"event": int}))


def _by_entry(chosen: AnalysisSet) -> AnalysisSet:
    """Leave out who was never at risk: their follow-up ended before, or when, their delayed entry began."""
    entry, months = chosen.frame["entry"], chosen.frame["months"]
    if not (entry.isna() | (entry > 0)).any():
        return chosen
    keep = ((entry == 0) | (entry < months)).to_numpy()
    ended, unknown = int((~keep).sum() - entry.isna().sum()), int(entry.isna().sum())
    told = ((f"{chosen.endpoint.code} ended before entry", ended), ("entry unknown", unknown))
    why = ", ".join(f"{what} {count:,}" for what, count in told if count)
    return chosen.without(keep, name="At risk after delayed entry", why=why)


def _joined(population: str, phrase: str) -> str:
    return phrase if population == "all patients" else f"{population}, {phrase}"
