"""The plan's meta-analyses: own and published effects of one question, pooled, or side by side with the reason why not.

One row a study: that on the endpoint which the plan prefers. What is taken for what (endpoints) is declared in the plan
and stands in the notes of every pooled result.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..effects import EffectEstimate
from ..effects.derive import flags
from ..errors import PoolingError
from ..evidence import derived_interactions, literature
from ..meta.pool import pool
from ..meta.pooled import PooledEffect
from .gather import Findings
from .plan import PoolPlan

__all__ = ["METHODS", "PoolAnswer", "pool_all"]

METHODS: Mapping[str, Mapping[str, Any]] = {
    "REML, Hartung-Knapp": {"tau2": "reml", "ci": "hksj"},
    "REML, normal": {"tau2": "reml", "ci": "z"},
    "DerSimonian-Laird, normal": {"tau2": "dl", "ci": "z"},
    "Paule-Mandel, Hartung-Knapp": {"tau2": "pm", "ci": "hksj"},
    "common effect": {"tau2": "common", "ci": "z"},
}
_UNTREATED = ("any", "none", "mixed", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolAnswer:
    """One planned meta-analysis of one marker.

    Attributes
    ----------
    asked : PoolPlan
    marker : str
    effects : tuple of EffectEstimate
        One a study, own rows first; estimated ones alone.
    pooled : mapping of method to PooledEffect
        By every method of `METHODS`; empty if it could not be pooled.
    problem : str
        Why it was not pooled.
    """

    asked: PoolPlan
    marker: str
    effects: tuple[EffectEstimate, ...]
    pooled: Mapping[str, PooledEffect]
    problem: str = ""

    @property
    def main(self) -> PooledEffect | None:
        """The pooled effect by the first method, or None."""
        return next(iter(self.pooled.values()), None)


def pool_all(findings: Findings) -> list[PoolAnswer]:
    """Do every meta-analysis of the plan, for each marker that it names."""
    plan = findings.plan
    return [
        _answer(asked, marker, findings)
        for marker in plan.order()
        for asked in plan.pools
        if asked.marker in ("all", marker)
    ]


def _answer(asked: PoolPlan, marker: str, findings: Findings) -> PoolAnswer:
    rows = _one_a_study([*_own(asked, marker, findings), *_published(asked, marker)], asked.endpoints)
    mapping = {code: asked.taken_as for code in asked.endpoints if code != asked.taken_as}
    try:
        pooled = {name: pool(rows, endpoint_map=mapping, **how) for name, how in METHODS.items()}
    except PoolingError as error:
        return PoolAnswer(asked=asked, marker=marker, effects=tuple(rows), pooled={}, problem=_reason(str(error)))
    return PoolAnswer(asked=asked, marker=marker, effects=tuple(rows), pooled=pooled)


def _own(asked: PoolPlan, marker: str, findings: Findings) -> Iterable[EffectEstimate]:
    """Return the adjusted rows of each cohort's first rule."""
    first = {case.cohort.name: case.call.rule for case in findings.leading(marker)}
    for case in findings.of(marker):
        if case.call.rule != first[case.cohort.name] or case.endpoint not in asked.endpoints:
            continue
        ratio = case.interaction.ratio if case.interaction else None
        if asked.estimand == "prognostic" and case.prognostic:
            yield case.prognostic[-1]
        if asked.estimand == "interaction" and ratio and asked.treatment_contrast in ("", ratio.treatment_contrast):
            yield ratio


def _published(asked: PoolPlan, marker: str) -> Iterable[EffectEstimate]:
    rows = literature(marker=marker, estimand=asked.estimand)
    if asked.estimand == "interaction":
        rows += derived_interactions(marker=marker)
    for row in rows:
        fits = row.status == "estimated" and row.is_ratio and row.endpoint in asked.endpoints
        fits &= asked.treatment_contrast in ("", row.treatment_contrast)
        fits &= asked.estimand != "prognostic" or row.treatment not in _UNTREATED
        if fits and not set(flags(row)) & set(asked.without):
            yield row


def _one_a_study(rows: Iterable[EffectEstimate], endpoints: tuple[str, ...]) -> list[EffectEstimate]:
    chosen: dict[str, EffectEstimate] = {}
    for row in rows:
        held = chosen.get(row.study)
        if held is None or endpoints.index(row.endpoint) < endpoints.index(held.endpoint):
            chosen[row.study] = row
    return list(chosen.values())


def _reason(message: str) -> str:
    """Keep what is wrong and drop how to override it: that is said to a caller, not to a reader."""
    return re.split(" (?:Pass|Keep|Leave|Turn) ", message, maxsplit=1)[0]
