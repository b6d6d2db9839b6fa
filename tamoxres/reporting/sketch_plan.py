"""A first plan for a cohort: what its columns allow, as tables of a plan and as commented TOML.

Conventions: adjusters are the established factors that nearly everybody has; where treatment is compared, chemotherapy
too. A plan made from a cohort is exploratory: it was written with the data at hand, and says so.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..cohort import ALTERED, UNALTERED, Cohort
from ..cohorts.catalogue import load
from ..cohorts.sketch_toml import comment, quote
from ..errors import QuestionError
from ..markers.calling import call, rule_names
from ..registry import canonical, find, known
from ..vocabulary import Receptor
from ..wording import coarse_count, count
from .plan import MarkerPlan, Plan

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["init_plan", "plan_of"]

_ORDER = ("BCSS", "RFI", "DRFI", "IDFS", "RFS", "DRFS", "IBCFS", "BCFI")
_FACTORS = ("age", "nodes", "size_mm", "grade")
_INDICATION = (*_FACTORS, "chemotherapy")
_KNOWN, _MOST_SITES = 0.8, 20
_HEAD = (
    "# Every key: tamoxres help plan. Run it: tamoxres report --plan THIS.toml -o report",
    "# [look]                    # numbers, journal, logo, sections and footer of the report",
    '# decimal = ","',
    '# journal = "lancet"',
    '# footer = "Department of Oncology"',
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What a cohort allows to ask: a plan for markers that are altered or not, and one for those that are numbers."""

    cohort: Cohort
    plans: tuple[MarkerPlan, ...]
    rules: Mapping[str, tuple[str, ...]]
    both_arms: bool

    @property
    def markers(self) -> tuple[str, ...]:
        """All that are asked."""
        return tuple(name for plan in self.plans for name in plan.markers)


def plan_of(cohorts: Iterable[Cohort], *, markers: Sequence[str] = (), title: str = "") -> Plan:
    """Make an exploratory plan for some cohorts.

    Parameters
    ----------
    cohorts : iterable of Cohort
    markers : sequence of str
        Empty: all that each cohort can call.
    title : str
        Of the report.

    Raises
    ------
    QuestionError
        If a cohort holds no marker, or not one of those named, or no endpoint.
    """
    asked = [_asked(cohort, markers) for cohort in cohorts]
    names = list(dict.fromkeys(name for one in asked for name in one.markers))
    made = title or f"{', '.join(names)} in {', '.join(one.cohort.title for one in asked)}"
    return Plan(title=made, markers=tuple(plan for one in asked for plan in one.plans))


def init_plan(
    cohort: str | Path | Cohort,
    *,
    mapping: str | Path | None = None,
    data_dir: str | Path | None = None,
    beside: str | Path = ".",
) -> str:
    """Write a first plan for a cohort, with comments.

    Parameters
    ----------
    cohort : str, path or Cohort
        A catalogue name, or a file with its mapping.
    mapping : path, optional
    data_dir : path, optional
    beside : path
        Folder in which the plan will lie; file and mapping are named from there.

    Returns
    -------
    str
        TOML, which `tr.report(plan=...)` and `tamoxres report --plan` read.

    Raises
    ------
    QuestionError
        If the cohort holds no marker or no endpoint.

    Examples
    --------
    >>> print(init_plan("metabric").splitlines()[0])
    # A plan for METABRIC: 2,509 patients.
    """
    loaded = cohort if isinstance(cohort, Cohort) else load(cohort, mapping=mapping, data_dir=data_dir)
    own = () if mapping is None or isinstance(cohort, Cohort) else _own(loaded.name, (cohort, mapping), beside)
    return "\n".join([*_lines(_asked(loaded, ()), own), ""])


def _asked(cohort: Cohort, markers: Sequence[str]) -> _Asked:
    names = _names(cohort, markers)
    rules = {name: found for name in names if (found := _telling(cohort, name))}
    numbers = tuple(name for name in names if name not in rules and _measured(cohort, name))
    if not rules and not numbers:
        which = f"none of {', '.join(markers)}" if markers else "no marker"
        raise QuestionError(
            f"{cohort.title} holds {which} that tells its patients apart, so there is nothing to ask.",
            mend='Name its column in the mapping: [markers.HER2] with from = "...".',
        )
    codes = [end.code for end in cohort.endpoints]
    if not codes:
        raise QuestionError(f"{cohort.title} has no endpoint with times, so there is nothing to ask.")
    codes.sort(key=lambda code: (_ORDER.index(code) if code in _ORDER else len(_ORDER), code == "OS"))
    patients = cohort.patients
    levels = patients["endocrine"].dropna().nunique() if "endocrine" in patients else 0
    factors, indication = _usable(patients, _FACTORS), _usable(patients, _INDICATION)
    er: Receptor = "positive" if "er" in patients and (patients["er"] == "positive").any() else "any"
    plan = MarkerPlan(
        cohort=cohort.name, markers=tuple(rules) or numbers, scale="binary" if rules else "per_sd",
        endpoints=tuple(codes), er=er,
        adjust_prognostic=factors, adjust_interaction=indication if levels > 1 else (), strata=_sites(patients),
        treatment="endocrine" if levels else "any", role="exploratory", family=cohort.name,
    )  # fmt: skip
    plans = (plan, replace(plan, markers=numbers, scale="per_sd")) if rules and numbers else (plan,)
    return _Asked(cohort=cohort, plans=plans, rules=rules, both_arms=levels > 1)


def _names(cohort: Cohort, markers: Sequence[str]) -> list[str]:
    if not markers:
        return list(known(cohort))
    return [canonical(find(name, cohort).name) for name in markers]


def _telling(cohort: Cohort, marker: str) -> tuple[str, ...]:
    """Return the rules that find both levels of a marker."""
    out = []
    for rule in rule_names(cohort, marker):
        counts = call(cohort, marker, rule=rule).marker(marker, rule).counts()
        if counts[ALTERED] and counts[UNALTERED]:
            out.append(rule)
    return tuple(out)


def _measured(cohort: Cohort, marker: str) -> bool:
    """Whether a marker that the cohort holds was measured as a number."""
    return any(made.marker == marker and made.measured is not None for made in cohort.markers)


def _usable(patients: pd.DataFrame, names: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that nearly everybody has, and that are not the same for all."""
    held = [name for name in names if name in patients]
    return tuple(n for n in held if patients[n].notna().mean() >= _KNOWN and patients[n].dropna().nunique() > 1)


def _sites(patients: pd.DataFrame) -> tuple[str, ...]:
    few = "site" in patients and 1 < patients["site"].dropna().nunique() <= _MOST_SITES
    return _usable(patients, ("site",)) if few else ()


def _own(name: str, files: tuple[Any, Any], beside: str | Path) -> tuple[str, ...]:
    """Write the table that names a file of one's own, with paths from the plan's folder."""
    file, mapping = (Path(os.path.relpath(Path(one).resolve(), Path(beside).resolve())).as_posix() for one in files)
    return ("[[cohorts]]", f"name = {quote(name)}", f"file = {quote(file)}", f"mapping = {quote(mapping)}", "")


def _texts(values: Iterable[str]) -> str:
    return f"[{', '.join(map(quote, values))}]"


def _lines(asked: _Asked, own: Sequence[str]) -> Iterator[str]:
    cohort = asked.cohort
    yield comment(f"A plan for {cohort.title}: {count(coarse_count(cohort.n, cohort.min_cell))} patients.")
    title = f"{', '.join(asked.markers)} in {cohort.title}"
    yield f"title = {quote(title)}"
    yield from ("alpha = 0.05", "seed = 1", "", *_HEAD, "", *own)
    for i, plan in enumerate(asked.plans):
        yield from ([""] if i else [])
        yield from _block(asked, plan)
    if asked.both_arms:
        yield from _benchmark(asked)


def _block(asked: _Asked, plan: MarkerPlan) -> Iterator[str]:
    """Write the table that asks some markers of the cohort."""
    yield from ("[[markers]]", f"cohort = {quote(plan.cohort)}", f"markers = {_texts(plan.markers)}")
    if plan.scale != "binary":
        yield 'scale = "per SD"  # numbers: per unit, per SD or per doubling'
    for name in plan.markers:
        if len(rules := asked.rules.get(name, ())) > 1:
            yield comment(f"{name} can be called by: {', '.join(rules)}. The first leads; rules = [...] names others.")
    yield "# The first endpoint is primary, the others are looked at beside it."
    yield f"endpoints = {_texts(plan.endpoints)}"
    yield f"er = {quote(plan.er)}  # positive, negative or any"
    yield "# Established factors, for the marker's own effect:"
    yield f"adjust_prognostic = {_texts(plan.adjust_prognostic)}"
    if asked.both_arms:
        yield "# What treatment was chosen by, for the interaction of marker and treatment:"
        yield f"adjust_interaction = {_texts(plan.adjust_interaction)}"
    else:
        yield "# One arm, or no treatment recorded: whether a marker predicts failure of treatment cannot be seen."
    yield f"strata = {_texts(plan.strata)}  # columns whose levels have baselines of their own"
    yield f"treatment = {quote(plan.treatment)}  # among whom: endocrine, tamoxifen, a name, or any"
    yield f"family = {quote(plan.family)}  # primary interactions of one family share an error rate"
    yield "# Take the next line out only if this plan was written before the data were looked at."
    yield 'role = "exploratory"'
    also = ", and chemotherapy where treatment is compared" if "chemotherapy" in plan.adjust_interaction else ""
    yield f'why = "Established factors{also}."'
    yield "# margin = [0.80, 1.25]    # ratios of hazard ratios that are called irrelevant, with margin_why"


def _benchmark(asked: _Asked) -> Iterator[str]:
    """Ask the effect of treatment itself, whose direction is known from trials."""
    plan = asked.plans[0]
    yield from ("", "# Is the known benefit of endocrine therapy seen here?", "[[benchmarks]]")
    yield f"cohort = {quote(plan.cohort)}"
    yield f"endpoint = {quote(plan.endpoints[0])}"
    yield f"er = {quote(plan.er)}"
    yield f"adjust = {_texts(plan.adjust_interaction)}"
    yield f"strata = {_texts(plan.strata)}"
    yield f"label = {quote(asked.cohort.title + ', endocrine therapy v none')}"
    yield (
        'meaning = "Trials show fewer recurrences and deaths with endocrine therapy in ER-positive disease. A ratio '
        'above 1 here speaks of who was chosen for treatment."'
    )
