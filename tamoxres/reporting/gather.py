"""What the cohorts say to a plan: every question put, every answer kept, and where there is none, why.

The order is the plan's. A marker that a cohort's files cannot answer is told, not skipped; an analysis that cannot be
estimated keeps its place with the reason. A question that is wrong in itself (an unknown column) stops the report.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

from ..analysis import AnalysisSet
from ..answers.answer import answer, checked
from ..answers.robustness import Robustness
from ..answers.sensitivity import Sensitivity, Step, Variation, primary_question, variations
from ..answers.withheld import told_rows
from ..cohort import ALTERED, UNALTERED, Cohort, MarkerCall
from ..effects import EffectEstimate
from ..errors import AnalysisError, DataError, TamoxresError
from ..flow import Flow
from ..inference.verdict import Verdict, single_arm_verdict
from ..markers.calling import call, rule_names
from ..models.interaction import InteractionResult
from ..registry import Marker, find, known
from .detail import Detail, look_closer, tried
from .on_disk import Absent, load_cohorts
from .plan import BenchmarkPlan, MarkerPlan, Plan, Role
from .side_by_side import side_by_side

__all__ = ["BACKGROUND", "Benchmark", "Case", "Detail", "Findings", "Progress", "gather", "reason"]

Progress = Callable[[int, int, str], None]
DEFAULT_RULE = "default"
_ENOUGH = 100  # events of a primary model below which its variations would say nothing
BACKGROUND = "prognostic background: no therapy recorded"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """One marker by one rule on one endpoint in one cohort.

    Attributes
    ----------
    asked : MarkerPlan
    cohort : Cohort
    marker, endpoint : str
    call : MarkerCall
    role : "primary" | "sensitivity" | "exploratory"
    leading : bool
        The first of its marker and cohort.
    whole : bool
        The first of its marker: the one that is shown in full.
    verdict : Verdict or None
    interaction : InteractionResult or None
        None in a single arm, and where it cannot be estimated.
    prognostic : tuple of EffectEstimate
        Crude and adjusted, among the treated: of the interaction model, else of the treated alone.
    flow : Flow or None
        Of the interaction's patients.
    analysis : AnalysisSet or None
        The treated patients of the adjusted model, of a leading case without an interaction.
    detail : Detail or None
        Of the case shown whole.
    variations : Sensitivity or None
        Of the case shown whole, where its events bear them.
    robustness : Robustness or None
        The panel of an interaction: where one is seen without randomisation, and of leading cases if the plan says so.
    problem : str
        Why there is no (or no whole) answer.
    """

    asked: MarkerPlan
    cohort: Cohort
    marker: str
    endpoint: str
    call: MarkerCall
    role: Role
    leading: bool = False
    whole: bool = False
    verdict: Verdict | None = None
    interaction: InteractionResult | None = None
    prognostic: tuple[EffectEstimate, ...] = ()
    flow: Flow | None = None
    analysis: AnalysisSet | None = None
    detail: Detail | None = None
    variations: Sensitivity | None = None
    robustness: Robustness | None = None
    problem: str = ""

    @property
    def label(self) -> str:
        """What may be said in a few words: the verdict, or what stands in its place."""
        if self.verdict is not None:
            return self.verdict.label
        if not self.prognostic:
            return "not estimable"
        return BACKGROUND if self.asked.treatment == "any" else "interaction not estimable"

    @property
    def effects(self) -> Iterator[EffectEstimate]:
        """Every effect row of this case."""
        if self.interaction is not None:
            for result in (self.interaction.crude, self.interaction):
                if result is not None:
                    yield from result.effects
                    yield from told_rows(result.model.effects, self.cohort.min_cell)
        yield from self.prognostic
        if self.robustness is not None:
            yield from self.robustness.effects[1:]
        if self.detail is not None:
            yield from self.detail.effects
        if self.variations is not None:
            yield from self.variations.effects
            if (strata := self.variations.in_strata()) is not None:
                yield from strata.effects


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Benchmark:
    """A treatment effect whose answer is known, as a cohort gives it."""

    asked: BenchmarkPlan
    cohort: Cohort
    effect: EffectEstimate
    analysis: AnalysisSet


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Findings:
    """What the cohorts on disk say to a plan.

    Attributes
    ----------
    plan : Plan
    cases : tuple of Case
    benchmarks : tuple of Benchmark
    unheld : tuple of (str, str)
        Marker and cohort, where the cohort's files hold no assay of the marker.
    absent : tuple of Absent
        Cohorts of the plan that are not on disk, with what would bring them.
    """

    plan: Plan
    cases: tuple[Case, ...]
    benchmarks: tuple[Benchmark, ...]
    unheld: tuple[tuple[str, str], ...]
    absent: tuple[Absent, ...] = ()

    def of(self, marker: str, role: Role | None = None) -> list[Case]:
        """Return the cases of a marker, of one role if it is named."""
        return [case for case in self.cases if case.marker == marker and role in (None, case.role)]

    def leading(self, marker: str = "") -> list[Case]:
        """Return the first case of each marker and cohort, of one marker if it is named."""
        return [case for case in self.cases if case.leading and marker in ("", case.marker)]

    @property
    def markers(self) -> dict[str, Marker]:
        """The markers of the plan, declared or as the cohorts hold them, by name."""
        here = known(*self.cohorts)
        return {name: here.get(name) or Marker(name=name, evidence_name="") for name in self.plan.order()}

    @property
    def cohorts(self) -> list[Cohort]:
        """The cohorts used, each once."""
        used = [*(case.cohort for case in self.cases), *(benchmark.cohort for benchmark in self.benchmarks)]
        return list({cohort.name: cohort for cohort in used}.values())


def gather(
    plan: Plan, *, data_dir: str | Path | None = None, progress: Progress | None = None,
    held: Mapping[str, Cohort] | None = None,
) -> Findings:  # fmt: skip
    """Put every question of a plan to its cohorts; those that are `held` by name are not loaded.

    Raises
    ------
    QuestionError
        If the plan names a cohort, endpoint or column that is not there.
    DataError
        If no cohort of the plan is on disk, or none holds what is asked, or a file is altered.
    """
    names = dict.fromkeys([*(asked.cohort for asked in plan.markers), *(b.cohort for b in plan.benchmarks)])
    cohorts, absent = load_cohorts(names, plan, data_dir, held)
    tables = [asked for asked in plan.markers if asked.cohort in cohorts]
    if not tables:
        raise DataError(" ".join(f"{one.cohort}: {one.why}" for one in absent))
    if not absent:
        for marker in plan.order():
            find(marker, *cohorts.values())
    jobs = _first_whole(job for asked in tables for job in _jobs(asked, cohorts[asked.cohort]))
    put = {(job.marker, job.cohort.name) for job in jobs}
    unheld = dict.fromkeys(
        (marker, cohorts[asked.cohort].title)
        for asked in tables
        for marker in asked.markers
        if (marker, asked.cohort) not in put
    )
    wanted = [asked for asked in plan.benchmarks if asked.cohort in cohorts]
    if not jobs and not wanted:
        raise DataError(_nothing(unheld, absent))
    cases, benchmarks = _put(plan, jobs, [(one, cohorts[one.cohort]) for one in wanted], progress)
    return Findings(
        plan=plan, cases=tuple(cases), benchmarks=tuple(benchmarks), unheld=tuple(unheld), absent=tuple(absent)
    )


def _put(
    plan: Plan, jobs: list[Case], wanted: list[tuple[BenchmarkPlan, Cohort]], progress: Progress | None
) -> tuple[list[Case], list[Benchmark]]:
    """Answer every case, its variations where it is shown whole, and every benchmark, side by side."""
    told = [f"{job.cohort.title}: {job.marker} by {job.call.rule} on {job.endpoint}" for job in jobs]
    told += [asked.label for asked, _ in wanted]
    questions: list[Callable[[], Any]] = [partial(_answered, job, plan) for job in jobs]
    questions += [partial(_benchmark, *one) for one in wanted]
    held = [*jobs, *(job.call for job in jobs), *(job.asked for job in jobs), *(asked for asked, _ in wanted)]
    for cohort in (*(job.cohort for job in jobs), *(cohort for _, cohort in wanted)):
        held += [cohort, *(getattr(cohort, field.name) for field in fields(cohort))]
    begun = None if progress is None else lambda number: progress(number, len(told), told[number])
    answers = side_by_side(questions, shared=held, begun=begun)
    return _with_variations(answers[: len(jobs)], held), answers[len(jobs) :]


def _with_variations(cases: list[Case], held: list[Any]) -> list[Case]:
    """Vary the cases that are shown whole, all their variations side by side; the longest first."""
    steps = [(case, step) for case in cases if case.whole for step in _steps(case)]
    order = sorted(range(len(steps)), key=lambda i: steps[i][1].question.missing != "mice")
    found = side_by_side([partial(tried, steps[i][1]) for i in order], shared=held)
    told: dict[int, list[Variation | None]] = {}
    for _, variation, (case, _) in sorted(
        zip(order, found, (steps[i] for i in order), strict=True), key=lambda t: t[0]
    ):
        told.setdefault(id(case), []).append(variation)
    return [replace(case, variations=_sensitivity(told[id(case)])) if id(case) in told else case for case in cases]


def _sensitivity(variations: list[Variation | None]) -> Sensitivity | None:
    """Put variations together; None where the primary question had no answer."""
    answered = tuple(one for one in variations if one is not None)
    return Sensitivity(variations=answered) if len(answered) == len(variations) else None


def _nothing(unheld: Iterable[tuple[str, str]], absent: Iterable[Absent]) -> str:
    """Say why a plan finds nothing to do."""
    told = [f"{cohort} holds no assay of {marker} that tells its patients apart." for marker, cohort in unheld]
    return " ".join(["The plan finds nothing to do.", *told, *(f"{one.cohort}: {one.why}" for one in absent)])


def _first_whole(jobs: Iterable[Case]) -> list[Case]:
    """Mark the first case of each marker as the one that is shown whole."""
    out: list[Case] = []
    for job in jobs:
        out.append(replace(job, whole=all(job.marker != other.marker for other in out)))
    return out


def _jobs(asked: MarkerPlan, cohort: Cohort) -> Iterator[Case]:
    """Name every combination of a plan's table, the leading one of each marker first."""
    for marker in asked.markers:
        for i, made in enumerate(_calls(asked, cohort, marker)):
            for j, endpoint in enumerate(asked.endpoints):
                leading = i == 0 and j == 0
                yield Case(
                    asked=asked, cohort=cohort.with_marker(made), marker=marker, endpoint=endpoint, call=made,
                    leading=leading, role=asked.role_of(leading=leading),
                )  # fmt: skip


def _calls(asked: MarkerPlan, cohort: Cohort, marker: str) -> list[MarkerCall]:
    """Call the marker by each rule asked for that the cohort can answer, and that tells patients apart."""
    if marker not in known(cohort):
        return []
    usable = rule_names(cohort, marker)
    names = [name for name in asked.rules if name in usable] if asked.rules else list(usable)
    if asked.rules == (DEFAULT_RULE,):
        names = list(usable)[:1]
    calls = [call(cohort, marker, rule=name).marker(marker, name) for name in names]
    if asked.scale != "binary":
        return [made for made in calls if made.measured is not None]
    return [made for made in calls if all(made.counts()[level] for level in (ALTERED, UNALTERED))]


def _answered(job: Case, plan: Plan) -> Case:
    detail = look_closer(job.asked, job.cohort, (job.marker, job.call.rule, job.endpoint)) if job.whole else None
    if job.asked.treatment == "any":
        return _single(job, detail, "")
    try:
        answered = answer(job.cohort, job.asked.interaction(job.marker, job.call.rule, job.endpoint))
    except AnalysisError as error:
        return _single(job, detail, reason(error))
    if (found := answered.interaction) is None:
        return job
    judged = replace(answered, verdict=found.judge(alpha=plan.alpha, margin=job.asked.margin))
    answered = checked(judged, nulls=job.leading and job.asked.robustness)
    pair = (found.crude or found).marker_treated, found.marker_treated
    return replace(
        job, verdict=answered.verdict, interaction=found, prognostic=pair, detail=detail, flow=answered.flow,
        robustness=answered.robustness,
    )  # fmt: skip


def _single(job: Case, detail: Detail | None, problem: str) -> Case:
    """Answer what can be answered without an interaction: one arm alone, or a cell without events."""
    key = job.marker, job.call.rule, job.endpoint
    rows: tuple[EffectEstimate, ...] = ()
    analysis: AnalysisSet | None = None
    try:
        crude, adjusted = (answer(job.cohort, job.asked.prognostic(*key, crude=crude)) for crude in (True, False))
        rows = crude.rows[0], adjusted.rows[0]
        analysis = replace(adjusted.models[0].analysis, flow=adjusted.flow) if job.leading else None
    except AnalysisError as error:
        told = reason(error)
        problem = problem if told == problem else f"{problem} {told}".strip()
    patients = job.cohort.patients
    one_arm = "endocrine" in patients and patients["endocrine"].nunique() < 2
    verdict = single_arm_verdict(job.cohort.title) if one_arm and rows else None
    if verdict is not None:
        problem = ""
    return replace(job, verdict=verdict, prognostic=rows, analysis=analysis, detail=detail, problem=problem)


def reason(error: TamoxresError) -> str:
    """Keep what is wrong and drop how to mend it and what columns are called: that is for a caller, not a reader."""
    return error.what.replace("column marker[altered]", "the marker").replace("marker = altered", "marker altered")


def _steps(case: Case) -> list[Step]:
    """Vary the interaction where both arms are there, else the prognostic effect; not at all where few had events."""
    asked, both = case.asked, case.interaction is not None
    rows = (case.interaction.ratio,) if case.interaction else case.prognostic
    usual = not asked.where and not asked.landmark and asked.treatment == "endocrine" and asked.er == "positive"
    usual &= case.call.rule == case.cohort.default_rules.get(case.marker) and case.cohort.min_cell <= 1
    if not rows or not usual or asked.scale != "binary" or (rows[-1].events or 0) < _ENOUGH:
        return []
    primary = primary_question(
        case.cohort, endpoint=case.endpoint, marker=case.marker, estimand="interaction" if both else "prognostic",
        adjust=asked.adjust_interaction if both else asked.adjust_prognostic, strata=asked.strata,
    )  # fmt: skip
    return variations(case.cohort, primary)


def _benchmark(asked: BenchmarkPlan, cohort: Cohort) -> Benchmark:
    found = answer(cohort, asked.question())
    return Benchmark(asked=asked, cohort=cohort, effect=found.rows[0], analysis=found.models[0].analysis)
