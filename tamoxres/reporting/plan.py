"""The plan: which markers, cohorts, endpoints, rules and adjusters are asked for, and what of it is primary.

A plan is a TOML file. `[[markers]]` asks markers of a cohort: its first rule on its first endpoint is primary, every
other combination a sensitivity analysis, unless `role = "exploratory"` says that the plan came after the data, or
`role = "sensitivity"` that the cohort only looks at another's patients again. `[[benchmarks]]` are treatment effects
whose answer is known; `[[pools]]` declare what may be pooled; `[[silent]]` says which cohorts cannot speak, and why.
`[[cohorts]]` names files of your own with their mappings, so that the other tables can ask them by name. A marker is
written by any of its names; one that a mapping alone calls is as good as one that comes with the package.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from msgspec import Meta

from ..endpoints import GENERAL, STEEP
from ..endpoints import endpoint as find_endpoint
from ..errors import QuestionError, UnknownChoice
from ..files.toml import Decoder, read_toml
from ..question import Question, as_scale
from ..registry import canonical
from ..vocabulary import ESTIMANDS, choose
from .look import Look

__all__ = [
    "BenchmarkPlan",
    "CohortFile",
    "MarkerPlan",
    "Plan",
    "PoolPlan",
    "Role",
    "Silent",
    "default_plan",
    "read_plan",
]

Role = Literal["primary", "sensitivity", "exploratory"]
_Asked = Literal["planned", "sensitivity", "exploratory"]
_Months = Annotated[int, Meta(ge=0, description="a whole number of 0 or more, in months")]
_Adjustment = Literal["any", "adjusted", "crude"]
_MayDiffer = Literal["rule", "assay", "cut", "scale", "setting"]
_Rows = Literal["all", "own"]
_DEFAULT = Path(__file__).resolve().parent / "default_plan.toml"
_HINT = "See reporting/default_plan.toml for an example."


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkerPlan:
    """Markers asked of one cohort.

    Attributes
    ----------
    cohort : str
        By its name in the catalogue, or of [[cohorts]].
    markers : tuple of str
        By any of their names.
    rules : tuple of str
        Empty: all that the cohort's files can answer, its default first; `default`: that one alone.
    endpoints : tuple of str
        The first is primary.
    er : "positive" | "negative" | "any"
        Patients who are looked at; `any` where the cohort does not record it.
    where : tuple of str
        Further restrictions, such as `nodes >= 1`.
    adjust_prognostic, adjust_interaction : tuple of str
        Columns that the model adjusts for, where the marker's own effect, or its interaction, is asked.
    strata : tuple of str
        Columns whose levels have baselines of their own.
    family : str
        Primary interactions of one family share an error rate (Holm).
    role : "planned" | "sensitivity" | "exploratory"
        `exploratory` says that the plan was written after the data were looked at.
    treatment : str
        Among whom the marker is looked at: `endocrine`, `tamoxifen`, any treatment the cohort names; `any` where no
        therapy is recorded: prognostic background, no interaction.
    against : str
        What the treatment is compared with in the interaction, such as `none`; empty: endocrine therapy v none.
    landmark : int
        Months at which follow-up begins, where treatment was recorded after diagnosis; 0 for none.
    margin : (float, float), optional
        Ratios of hazard ratios within it are called irrelevant; `margin_why` says why.
    robustness : bool
        Whether the first interaction of each marker gets its robustness panel even where none is seen; one that is seen
        without randomisation gets it always.
    scale : "binary" | "per unit" | "per SD" | "per doubling"
        Whether the markers are altered or unaltered, or enter as the numbers that were measured.
    why, margin_why : str
        Why these adjusters, and why this margin.
    """

    cohort: str
    markers: tuple[str, ...]
    endpoints: tuple[str, ...]
    rules: tuple[str, ...] = ()
    er: Literal["positive", "negative", "any"] = "positive"
    where: tuple[str, ...] = ()
    adjust_prognostic: tuple[str, ...] = ()
    adjust_interaction: tuple[str, ...] = ()
    strata: tuple[str, ...] = ()
    family: str = ""
    role: _Asked = "planned"
    treatment: str = "endocrine"
    against: str = ""
    landmark: _Months = 0
    margin: tuple[float, float] | None = None
    robustness: bool = True
    scale: Annotated[str, Meta(description='"binary", "per unit", "per SD" or "per doubling"')] = "binary"
    why: str = ""
    margin_why: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "markers", tuple(map(canonical, self.markers)))
        object.__setattr__(self, "scale", as_scale(self.scale))

    def prognostic(self, marker: str, rule: str | None, endpoint: str, *, crude: bool = False) -> Question:
        """Ask what the marker tells among the endocrine-treated."""
        return Question(
            marker=marker, rule=rule, endpoint=find_endpoint(endpoint), estimand="prognostic", er=self.er,
            treatment=self.treatment, where=self.where, landmark=self.landmark or None,
            adjust=() if crude else self.adjust_prognostic, strata=() if crude else self.strata,
            scale=as_scale(self.scale),
        )  # fmt: skip

    def interaction(self, marker: str, rule: str | None, endpoint: str) -> Question:
        """Ask whether the treatment works differently when the marker is altered."""
        return Question(
            marker=marker, rule=rule, endpoint=find_endpoint(endpoint), estimand="interaction", er=self.er,
            treatment=self.treatment if self.against else None, against=self.against or None,
            where=self.where, landmark=self.landmark or None, adjust=self.adjust_interaction, strata=self.strata,
            scale=as_scale(self.scale),
        )  # fmt: skip

    def role_of(self, *, leading: bool) -> Role:
        """Say what role a combination has; the leading one is the first rule on the first endpoint."""
        if self.role != "planned":
            return self.role
        return "primary" if leading else "sensitivity"


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkPlan:
    """A treatment effect whose answer is known, and what it means when a cohort gives another.

    Attributes
    ----------
    cohort, endpoint : str
        Where it is looked at.
    label : str
        What stands beside the estimate.
    meaning : str
        What the known answer is, and what another one would mean.
    er : "positive" | "negative" | "any"
        Patients who are looked at.
    where : tuple of str
        Further restrictions, such as `nodes >= 1`.
    adjust, strata : tuple of str
        Columns of the model.
    """

    cohort: str
    endpoint: str
    label: str
    meaning: str
    er: Literal["positive", "negative", "any"] = "any"
    where: tuple[str, ...] = ()
    adjust: tuple[str, ...] = ()
    strata: tuple[str, ...] = ()

    def question(self) -> Question:
        """Ask the effect of treatment itself."""
        return Question(
            endpoint=find_endpoint(self.endpoint), estimand="treatment_effect", er=self.er, where=self.where,
            adjust=self.adjust, strata=self.strata,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolPlan:
    """Which effects of a marker are to be pooled, and which endpoints are taken as one.

    Attributes
    ----------
    marker : str
        One marker, or `all` for each in turn.
    estimand : str
        prognostic, treatment_effect or interaction.
    treatment_contrast : str
        Empty for any.
    endpoints : tuple of str
        In order of preference where a study has several.
    taken_as : str
        The endpoint that the others are taken for.
    label : str
        What the pool is called.
    without : tuple of str
        Flags of published rows that are left out.
    rules : tuple of str
        Own rows by the first of these rules that a cohort has; empty for each cohort's first rule.
    adjustment : "any" | "adjusted" | "crude"
        Of the cohorts the adjusted rows (`any`: as the plan has them; `adjusted`: where they are adjusted at all) or
        the crude ones, and then the crude alone of the published.
    rows : "all" | "own"
        Own and published rows, or those of the cohorts alone.
    may_differ : tuple of "rule" | "assay" | "cut" | "scale" | "setting"
        What is pooled though it differs; the notes name the differences.
    name : str
        Tells pools of one marker, estimand and endpoint apart; a pool with a name is shown where it has two rows.
    """

    marker: str
    estimand: str
    endpoints: tuple[str, ...]
    taken_as: str
    label: str
    treatment_contrast: str = ""
    without: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    adjustment: _Adjustment = "any"
    rows: _Rows = "all"
    may_differ: tuple[_MayDiffer, ...] = ("rule", "assay", "cut", "setting")
    name: str = ""

    def __post_init__(self) -> None:
        if self.marker != "all":
            object.__setattr__(self, "marker", canonical(self.marker))


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortFile:
    """A cohort of your own: its file and its mapping, beside the plan or by a whole path.

    Attributes
    ----------
    name : str
        As in the mapping.
    file, mapping : str
        Beside the plan, or whole paths.
    """

    name: str
    file: str
    mapping: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Silent:
    """Cohorts that are not asked, and why.

    Attributes
    ----------
    cohorts : tuple of str
        By their names in the catalogue.
    why : str
        One sentence.
    """

    cohorts: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is asked, before the data are looked at.

    Attributes
    ----------
    title : str
        Of the report.
    markers, benchmarks, pools, silent, cohorts : tuples of tables
    bias : tuple of str
        Files of a person's judgements of risk of bias (QUIPS, ROBINS-I, ROB-ME), each with its tool, beside the plan or
        by whole paths; the report shows them as traffic lights. Nothing is judged without them.
    alpha : float
        Level of the tests, two-sided.
    seed : int
        Of whatever is drawn at random.
    min_cell : int, optional
        Counts of 1 to `min_cell - 1` are withheld, and what reveals them; each cohort's own if not given.
    look : Look

    Raises
    ------
    QuestionError
        Naming the table and key that are wrong.
    """

    title: str
    markers: tuple[MarkerPlan, ...]
    benchmarks: tuple[BenchmarkPlan, ...] = ()
    pools: tuple[PoolPlan, ...] = ()
    silent: tuple[Silent, ...] = ()
    cohorts: tuple[CohortFile, ...] = ()
    bias: tuple[str, ...] = ()
    alpha: float = 0.05
    seed: int = 1
    min_cell: Annotated[int, Meta(ge=0, description="a whole number")] | None = None
    look: Look = Look()  # noqa: RUF009 frozen

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise QuestionError(f"The plan's alpha is {self.alpha:g}; it lies between 0 and 1, as 0.05.")
        if not self.markers:
            raise QuestionError(f"The plan has no [[markers]]: nothing is asked. {_HINT}")
        for asked in self.markers:
            _check_asked(asked)
        for pool in self.pools:
            _check_pool(pool)
        for benchmark in self.benchmarks:
            benchmark.question()
        asked_of = {one.cohort for one in self.markers} | {one.cohort for one in self.benchmarks}
        if idle := [one.name for one in self.cohorts if one.name not in asked_of]:
            raise QuestionError(f"[[cohorts]] {idle[0]}: nothing is asked of it. Name it in [[markers]].")

    def order(self) -> list[str]:
        """Return the markers asked for, each once, in the plan's order."""
        return list(dict.fromkeys(marker for asked in self.markers for marker in asked.markers))

    def as_dict(self) -> dict[str, Any]:
        """Return the plan as plain data, for the manifest."""
        return asdict(self)


def default_plan() -> Plan:
    """Return the review's question, put to the embedded cohorts."""
    return read_plan(_DEFAULT)


def read_plan(path: str | Path) -> Plan:
    """Read a plan from a TOML file.

    Raises
    ------
    QuestionError
        If the file is missing, is not TOML, or holds a key or value that is not known, naming it.
    """
    source = Path(path)
    if not source.is_file():
        raise QuestionError(
            f"{source} does not exist.", mend="Give a plan as a TOML file, or leave it out for the default plan."
        )
    content = read_toml(source, error=QuestionError)
    decoder = Decoder(file=source.name, error=QuestionError)
    for table in _tables(content, "markers") + _tables(content, "pools"):
        if table.get("rules") == "all":  # what is also meant by leaving it out
            del table["rules"]
    try:
        return _beside(decoder.table({"markers": [], **content}, Plan), source.parent)
    except QuestionError as error:
        named = source.name in error.what
        raise error if named else QuestionError(f"{source.name}: {error}") from None


def _tables(content: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    tables = content.get(name, [])
    return [table for table in tables if isinstance(table, dict)] if isinstance(tables, list) else []


def _beside(plan: Plan, folder: Path) -> Plan:
    """Take the paths of a plan's own cohorts, judgements and logo from the plan's folder."""
    own = tuple(replace(o, file=str(folder / o.file), mapping=str(folder / o.mapping)) for o in plan.cohorts)
    look = replace(plan.look, logo=str(folder / plan.look.logo)) if plan.look.logo else plan.look
    return replace(plan, cohorts=own, look=look, bias=tuple(str(folder / name) for name in plan.bias))


def _check_asked(asked: MarkerPlan) -> None:
    where = f"[[markers]] of {asked.cohort}"
    if not asked.markers or not asked.endpoints:
        raise QuestionError(f"{where}: name at least one marker and one endpoint.")
    _check_choice(where, "role", asked.role, get_args(_Asked))
    if asked.margin is not None and not (0 < asked.margin[0] < 1 < asked.margin[1] and asked.margin_why):
        raise QuestionError(f"{where}: a margin holds 1 and needs a reason, margin_why = ...")
    for marker in asked.markers:
        for endpoint in asked.endpoints:
            asked.prognostic(marker, None, endpoint)
            asked.interaction(marker, None, endpoint)


def _check_choice(where: str, name: str, value: str, allowed: tuple[str, ...]) -> None:
    try:
        choose(name, value, allowed)
    except UnknownChoice as error:
        raise QuestionError(f"{where}: {error}") from None


def _check_pool(pool: PoolPlan) -> None:
    where = f"[[pools]] {pool.label!r}"
    for name, value, allowed in (
        ("estimand", pool.estimand, ESTIMANDS),
        ("adjustment", pool.adjustment, get_args(_Adjustment)),
        ("rows", pool.rows, get_args(_Rows)),
        *(("endpoint", code, (*STEEP, *GENERAL)) for code in (*pool.endpoints, pool.taken_as)),
    ):
        _check_choice(where, name, value, tuple(allowed))
    if not pool.endpoints:
        raise QuestionError(f"{where}: name at least one endpoint.")
