"""AnalysisSet: the patients a question is about, their times and groups, and who was left out on the way.

Conventions: months of 365.25/12 days; `event` is 0 (censored), 1 (event) or 2 (competing death); the first level of
`marker` is unaltered and of `treatment` is untreated. Patients whose status at a step is unknown leave at that step and
are counted as unknown; they are never taken for negative or untreated.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..cohort import Cohort
from ..endpoints import TIMED, Endpoint
from ..errors import AnalysisError, NobodyLeft, QuestionError
from ..files.frames import holds_frames
from ..flow import Flow, Step
from ..question import Restriction, uncut_of
from ..registry import canonical
from ..treatment import ANY, TREATED, UNTREATED, Treatment, assign, plain_name
from ..vocabulary import EXPOSURES, RECEPTORS, UNDATED, Exposure, Receptor, Scale, choose, one_or_more
from ..wording import count
from ..wording.codes import treatment_words
from ..wording.rows import Population, population_words
from .by_marker import by_status
from .exposure import arms_at_end, begins_later, expose, is_weighted
from .restricting import by_restriction, tally, with_contradictions
from .times import join_times, snap_to
from .uncut import Uncut, enter_uncut, in_units

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["TREATED", "UNTREATED", "AnalysisSet", "select"]


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
    treatment : Treatment
        What the patients had, or what is compared.
    flow : Flow
    er : str
        `positive` or `negative` where the population is restricted so.
    restrictions : tuple of str
        Further restrictions, such as `nodes >= 1`.
    marker_level : str
        `altered` or `unaltered` where the population is one stratum of the marker.
    to_months, landmark : float or None
        End of the follow-up analysed, and the landmark it begins at.
    selected : int
        Patients of the population, before those with an unknown covariate left.
    exposure : "baseline" | "time_dependent" | "landmark" | "ever_treated"
        How treatment counts in time.
    codes : tuple of str
        Flags that the selection brought with it.
    uncut : Uncut or None
        How the marker enters as a number; None where it is altered or unaltered.

    Examples
    --------
    >>> import tamoxres as tr
    >>> gbsg = tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")
    >>> gbsg.n, gbsg.events
    (686, 299)
    """

    cohort: Cohort
    frame: pd.DataFrame
    endpoint: Endpoint
    marker: str
    rule: str
    assay: str
    cut: str
    treatment: Treatment
    flow: Flow
    er: str = ""
    restrictions: tuple[str, ...] = ()
    marker_level: str = ""
    to_months: float | None = None
    landmark: float | None = None
    selected: int = 0
    exposure: Exposure = "baseline"
    codes: tuple[str, ...] = ()
    uncut: Uncut | None = None

    @property
    def population(self) -> str:
        """The population in words."""
        alike = "no" if self.treatment.compares else "yes"
        words = population_words(
            Population(
                marker=self.marker, marker_level=self.marker_level, er=self.er, restrictions=self.restrictions,
                treated=self.treatment.name, against=self.treatment.against, alike=alike if self.treatment.name else "",
                drug_named=self.treatment.drug_named, landmark=self.landmark, to_months=self.to_months,
            )
        )  # fmt: skip
        return words if self.treatment.name else _joined(words, "treatment not recorded")

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

    def mixes_arms(self, columns: Collection[str]) -> bool:
        """Whether treated and untreated are taken together by a model of these columns: that is no prognosis."""
        return self.treatment.compares and self.has_both_arms and "treatment" not in columns

    def without(self, keep: Any, *, name: str, why: str) -> AnalysisSet:
        """Return the set restricted to `keep` (a boolean by patient), with one more step in its flow."""
        frame = self.frame[keep]
        step = Step(name=name, why=why, patients=len(frame), events=int((frame["event"] == 1).sum()))
        return replace(self, frame=frame, flow=self.flow.then(step))

    def part(self, column: str, level: str) -> AnalysisSet:
        """Return those of one level, for the rows that speak of them: the others are no part of their population.

        What such a row leaves out is what the set it is a part of leaves out; the patients of the other level were
        never asked about.
        """
        inside = (self.frame[column] == level).to_numpy()
        of = self.marker if column == "marker" else column
        kept = self.without(inside, name=f"{of} {level}", why="the other level")
        return replace(kept, selected=self.selected - self.n + kept.n)

    def until(self, horizon: float) -> AnalysisSet:
        """Return the set with follow-up ended at `horizon` months: what happens later is censored there."""
        if isinstance(horizon, bool) or not horizon > 0:
            raise AnalysisError(f"The horizon is {horizon}; it is a number of months above 0.")
        frame = self.frame
        end = float(snap_to(frame, [horizon])[0])
        within = frame["months"] <= end
        frame = frame.assign(event=frame["event"].where(within, 0), months=frame["months"].clip(upper=end))
        if begins_later(self):
            frame = frame.assign(treatment=arms_at_end(frame))
        events = int((frame["event"] == 1).sum())
        step = Step(name=f"Events within {horizon:g} months", why="", patients=len(frame), events=events)
        return replace(self, frame=frame, to_months=float(horizon), flow=self.flow.then(step))

    def unweighted(self) -> AnalysisSet:
        """Return the set without the cohort's sampling weights; its rows say that they were left out."""
        if not is_weighted(self):
            return self
        frame = self.frame.drop(columns="sampling_weight")
        return replace(self, frame=frame, codes=(*self.codes, "sampling_weights_left_out"))

    def describe(self, estimand: str = "") -> dict[str, Any]:
        """Return what every effect row of this set has in common: study, endpoint, population, counts, source."""
        frame, cohort = self.frame, self.cohort
        return {
            "study": cohort.name, "label": cohort.title, "marker": self.marker,
            "origin": "published" if cohort.reconstructed else "own_patients",
            "rule": self.rule, "assay": self.assay, "cut": self.cut, "marker_level": self.marker_level,
            "endpoint": self.endpoint.code, "to_months": self.to_months, "landmark": self.landmark,
            "exposure": self.exposure, "er": self.er,
            "restrictions": self.restrictions, **self.treatment.fields(estimand), "n": self.n, "events": self.events,
            "person_years": float((frame["months"] - frame["entry"]).sum() / 12),
            "left_out": max(self.selected - self.n, 0), "design": self.design, "overlaps": cohort.overlaps,
            "flags": self.flags, "simulated": cohort.simulated,
            "source": "; ".join(str(source) for source in cohort.sources), "data_sha256": cohort.data_sha256,
            "missing": "complete", "route": "reconstructed" if cohort.reconstructed else "model",
        }  # fmt: skip

    @property
    def design(self) -> str:
        """How treatment came about in the patients analysed; those who came to a landmark are not randomised."""
        late = "survivors_of_landmark" in self.codes and self.cohort.design == "randomised"
        return "partly_randomised" if late else self.cohort.design

    @property
    def flags(self) -> tuple[str, ...]:
        """Codes of what must be said of every result of this set."""
        unnamed = () if self.treatment.drug_named else ("drug_not_named",)
        return (*unnamed, *self.cohort.reconstructed, *self.codes)

    def __str__(self) -> str:
        what = f"{self.marker} by {self.rule}, " if self.marker else ""
        who = f"{self.n:,} patients, {self.events:,} events"
        return f"{self.cohort.title}: {what}{self.endpoint.code}, {self.population}; {who}"

    def _repr_html_(self) -> str:
        return f"<p><b>{self}</b></p>{self.flow._repr_html_()}"


def select(  # noqa: PLR0913 (each is one part of the question; all but the endpoint have defaults)
    cohort: Cohort,
    *,
    endpoint: Endpoint | str,
    marker: str | None = None,
    rule: str | None = None,
    er: Receptor = "positive",
    treatment: str | tuple[str, str] = "endocrine",
    where: str | Sequence[str] = (),
    exposure: Exposure | None = None,
    scale: Scale = "binary",
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
    treatment : str or (str, str)
        `endocrine`, `tamoxifen`, `aromatase_inhibitor`, `none` or any treatment the cohort names: those who had it.
        `any` keeps both arms; a pair such as `("aromatase_inhibitor", "tamoxifen")` keeps the two compared. Patients of
        unknown treatment leave.
    where : str or sequence of str
        Further restrictions, such as `nodes >= 1`.
    exposure : "time_dependent" | "landmark" | "ever_treated", optional
        How treatment that starts after time zero counts: from its start (the default where the start is recorded; a
        question about treated patients alone has them enter then), by what it was at a landmark still to be set, or
        from time zero whenever it started (immortal time, and flagged so).
    scale : "binary" | "per_unit" | "per_sd" | "per_doubling"
        Whether the marker is altered or unaltered, or enters as the number that was measured (`analysis.uncut`).

    Returns
    -------
    AnalysisSet

    Raises
    ------
    QuestionError
        If the cohort cannot answer.
    NobodyLeft
        If nobody is left, with the flow.

    Examples
    --------
    >>> import tamoxres as tr
    >>> select(tr.load("rotterdam"), endpoint="RFS", where="nodes >= 1", treatment="any").n
    1202
    """
    choose("er", er, RECEPTORS)
    choose("exposure", exposure, (None, *EXPOSURES[1:]))
    uncut = uncut_of(scale)
    called = cohort.marker(canonical(marker), rule) if marker else None
    chosen = _start(cohort, cohort.require(endpoint), None if called is None else called.values)
    if called is not None:
        chosen = replace(chosen, marker=called.marker, rule=called.rule, assay=called.assay, cut=called.cut)
    chosen = _by_receptor(chosen, er)
    name, against = (treatment, "") if isinstance(treatment, str) else treatment
    chosen = _by_treatment(chosen, plain_name(name), plain_name(against))
    for text in one_or_more(where):
        chosen = by_restriction(chosen, Restriction.parse(text))
    if called is not None:
        chosen = by_status(chosen) if uncut is None else enter_uncut(chosen, called, uncut)
    chosen = _by_endpoint(chosen, cohort.undated.get(chosen.endpoint.code, ()))
    chosen = _by_entry(expose(replace(chosen, frame=join_times(chosen.frame)), exposure))
    if chosen.n == 0:
        raise NobodyLeft(f"Nobody is left in {cohort.name}", flow=chosen.flow)
    return with_contradictions(in_units(replace(chosen, selected=chosen.n)))


def _start(cohort: Cohort, endpoint: Endpoint, values: pd.Series[Any] | None) -> AnalysisSet:
    import pandas as pd

    patients = cohort.patients
    entry = patients["entry_months"] if "entry_months" in patients else pd.Series(0.0, index=patients.index)
    treated = patients["endocrine"].map({"yes": TREATED, "no": UNTREATED}) if "endocrine" in patients else None
    own = {column for e in TIMED.values() for column in (e.months, e.event)} | {"entry_months"}
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
        cohort=cohort, frame=frame, endpoint=endpoint, marker="", rule="", assay="", cut="", treatment=Treatment(),
        flow=Flow((step,)),
    )  # fmt: skip


def _by_receptor(chosen: AnalysisSet, er: str) -> AnalysisSet:
    if er == "any":
        return chosen
    if "er" not in chosen.frame or chosen.frame["er"].isna().all():
        raise QuestionError(f"{chosen.cohort.name} has no ER status. Ask with er='any' (--er any).")
    keep = (chosen.frame["er"] == er).to_numpy()
    assay = chosen.cohort.assays.get("er")
    name = f"ER {er}" + (f" ({assay})" if assay else "")
    out = chosen.without(keep, name=name, why=tally(chosen.frame.loc[~keep, "er"], "ER"))
    return replace(out, er=er)


def _by_treatment(chosen: AnalysisSet, name: str, against: str) -> AnalysisSet:
    frame, cohort = chosen.frame, chosen.cohort
    if name == ANY:
        if "endocrine" not in frame or frame["endocrine"].isna().all():
            return chosen
        confirmed = cohort.treatment_specificity == "tamoxifen_confirmed"
        keep = frame["treatment"].notna().to_numpy()
        out = chosen.without(keep, name="Endocrine therapy known", why=tally(frame.loc[~keep, "endocrine"], _ENDOCRINE))
        return replace(out, treatment=Treatment(name="tamoxifen" if confirmed else "endocrine", against="none"))
    if name in ("endocrine", "none") and ("endocrine" not in frame or frame["endocrine"].isna().all()):
        raise QuestionError(
            f"{cohort.name} does not record endocrine therapy. Ask with treatment='any' (--treatment any)."
        )
    if name == "tamoxifen" and not ("endocrine_agent" in frame and (frame["endocrine_agent"] == "tamoxifen").any()):
        raise QuestionError(
            f"{cohort.name} does not name the drug ({cohort.treatment_specificity}). "
            "Ask with treatment='endocrine' (--treatment endocrine)."
        )
    status = assign(frame.drop(columns="treatment"), name, against, cohort=cohort.name)
    return _compared(chosen, status, name, against)


_ENDOCRINE = "endocrine therapy"


def _compared(chosen: AnalysisSet, status: pd.Series[Any], name: str, against: str) -> AnalysisSet:
    """Keep those who had the treatment (or either of two), and say what the others had."""
    import pandas as pd

    frame, cohort = chosen.frame, chosen.cohort
    keep = status.notna().to_numpy()
    named = not (name == "endocrine" and cohort.treatment_specificity == "endocrine_unspecified" and not against)
    treatment = Treatment(name=name, against=against, drug_named=named)
    step = treatment_words(name) + (f" or {treatment_words(against)}" if against else "")
    step = f"{step[:1].upper()}{step[1:]}" + ("" if named else " (drug not named)")
    by_agent = name not in ("endocrine", "none") and "endocrine_agent" in frame
    gone = frame.loc[~keep, "endocrine_agent" if by_agent else "endocrine"] if "endocrine" in frame else status[~keep]
    out = chosen.without(keep, name=step, why=tally(gone, "agent" if by_agent else _ENDOCRINE))
    levels = status[keep] if against or name != "none" else pd.Series(UNTREATED, index=status.index[keep])
    arms = pd.Categorical(levels, [UNTREATED, TREATED])
    return replace(out, treatment=treatment, frame=out.frame.assign(treatment=arms))


def _by_endpoint(chosen: AnalysisSet, undated: Collection[Any]) -> AnalysisSet:
    keep = (chosen.frame["months"].notna() & chosen.frame["event"].notna()).to_numpy()
    lost = int((~keep & chosen.frame.index.isin(undated)).sum())
    told = (("event undated or time negative", lost), ("unknown", int((~keep).sum()) - lost))
    why = ", ".join(f"{chosen.endpoint.code} {what} {count(n)}" for what, n in told if n)
    out = chosen.without(keep, name=f"{chosen.endpoint.code} known", why=why)
    codes = (*out.codes, f"{UNDATED}:{lost}") if lost else out.codes
    return replace(out, frame=out.frame.astype({"event": int}), codes=codes)


def _by_entry(chosen: AnalysisSet) -> AnalysisSet:
    """Leave out who was never at risk: their follow-up ended before, or when, their delayed entry began."""
    entry, months = chosen.frame["entry"], chosen.frame["months"]
    if not (entry.isna() | (entry > 0)).any():
        return chosen
    keep = ((entry == 0) | (entry < months)).to_numpy()
    ended, unknown = int((~keep).sum() - entry.isna().sum()), int(entry.isna().sum())
    told = ((f"{chosen.endpoint.code} ended before entry", ended), ("entry unknown", unknown))
    why = ", ".join(f"{what} {count(n)}" for what, n in told if n)
    return chosen.without(keep, name="At risk after delayed entry", why=why)


def _joined(population: str, phrase: str) -> str:
    return phrase if population == "all patients" else f"{population}, {phrase}"
