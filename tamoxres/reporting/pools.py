"""The plan's meta-analyses: own and published effects of one question, pooled, or side by side with the reason why not.

Two stages: each cohort is analysed by itself, then its row is pooled. One row a study: that on the endpoint which the
plan prefers; of studies that share patients the one named first in the plan, and who was left out is told. What is
taken for what (endpoints), and what may differ (rule, assay ...), is declared in the plan and stands in the notes of
every pooled result.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..effects import EffectEstimate
from ..errors import PoolingError
from ..meta.comparable import Alike, shared_patients
from ..meta.pool import pool
from ..meta.pooled import PooledEffect
from ..registry import Marker
from .gather import Case, Findings, reason
from .plan import PoolPlan
from .weigh import published

__all__ = ["METHODS", "PoolAnswer", "pool_all"]

METHODS: Mapping[str, Mapping[str, Any]] = {
    "REML, ad hoc Hartung-Knapp": {"tau2": "reml", "ci": "adhoc"},
    "REML, Hartung-Knapp": {"tau2": "reml", "ci": "hksj"},
    "REML, normal": {"tau2": "reml", "ci": "z"},
    "DerSimonian-Laird, normal": {"tau2": "dl", "ci": "z"},
    "Paule-Mandel, ad hoc Hartung-Knapp": {"tau2": "pm", "ci": "adhoc"},
    "common effect": {"tau2": "common", "ci": "z"},
}
"""The first is the one that is reported: its error never falls below Wald's, however well few studies agree."""
_CHOSEN = "non_randomised_treatment"


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
    left_out : tuple of (str, str)
        Studies that share patients with another that was kept: left out, kept.
    """

    asked: PoolPlan
    marker: str
    effects: tuple[EffectEstimate, ...]
    pooled: Mapping[str, PooledEffect]
    problem: str = ""
    left_out: tuple[tuple[str, str], ...] = ()

    @property
    def name(self) -> str:
        """Tells it from the other meta-analyses of the report."""
        asked = self.asked
        parts = "meta", self.marker, asked.estimand, asked.taken_as, asked.name
        return "-".join(filter(None, parts)).lower()

    @property
    def main(self) -> PooledEffect | None:
        """The pooled effect by the first method, or None."""
        return next(iter(self.pooled.values()), None)


def pool_all(findings: Findings) -> list[PoolAnswer]:
    """Do every meta-analysis of the plan, for each marker that it names; a named pool where it has two rows."""
    plan = findings.plan
    answers = [
        _answer(asked, marker, findings)
        for marker in findings.markers.values()
        for asked in plan.pools
        if asked.marker in ("all", marker.name)
    ]
    return [answer for answer in answers if not answer.asked.name or len(answer.effects) > 1]


def _answer(asked: PoolPlan, marker: Marker, findings: Findings) -> PoolAnswer:
    others = _published(asked, marker) if asked.rows == "all" else ()
    rows, left_out = _apart(_one_a_study([*_own(asked, marker.name, findings), *others], asked.endpoints))
    mapping = {code: asked.taken_as for code in asked.endpoints if code != asked.taken_as}
    differ: dict[str, Any] = {name: {"*": "any"} for name in asked.may_differ}
    alike = Alike(**differ)
    found: dict[str, Any] = {"asked": asked, "marker": marker.name, "effects": tuple(rows), "left_out": tuple(left_out)}
    try:
        pooled = {name: pool(rows, endpoint_map=mapping, alike=alike, **how) for name, how in METHODS.items()}
    except PoolingError as error:
        return PoolAnswer(**found, pooled={}, problem=reason(error))
    return PoolAnswer(**found, pooled=pooled)


def _own(asked: PoolPlan, marker: str, findings: Findings) -> Iterable[EffectEstimate]:
    """Return each cohort's rows by the first rule that the pool asks for: crude or adjusted, as it asks."""
    chosen = _rules(asked, findings.of(marker))
    trials_alone = asked.estimand == "interaction" and _CHOSEN in asked.without
    for case in findings.of(marker):
        fits = case.call.rule == chosen.get(case.cohort.name) and case.endpoint in asked.endpoints
        fits &= case.asked.treatment != "any" and not (trials_alone and case.cohort.design != "randomised")
        if not fits:
            continue
        ratio = case.interaction.ratio if case.interaction else None
        if asked.estimand == "prognostic" and case.prognostic:
            row = case.prognostic[0 if asked.adjustment == "crude" else -1]
            if row.adjusted_for or asked.adjustment != "adjusted":
                yield row
        if asked.estimand == "interaction" and ratio and asked.treatment_contrast in ("", ratio.treatment_contrast):
            yield ratio


def _rules(asked: PoolPlan, cases: Iterable[Case]) -> dict[str, str]:
    """Return by cohort the rule whose rows are pooled: the first of the pool's, or the cohort's own first."""
    held: dict[str, list[str]] = {}
    for case in cases:
        held.setdefault(case.cohort.name, []).append(case.call.rule)
    found = {name: [rule for rule in asked.rules or rules[:1] if rule in rules] for name, rules in held.items()}
    return {name: rules[0] for name, rules in found.items() if rules}


def _published(asked: PoolPlan, marker: Marker) -> Iterable[EffectEstimate]:
    for row in published(marker, estimand=asked.estimand):
        fits = row.status == "estimated" and row.is_ratio and row.endpoint in asked.endpoints
        fits &= asked.treatment_contrast in ("", row.treatment_contrast)
        fits &= asked.estimand != "prognostic" or (row.treated_alike != "no" and row.treatment_1 != "none")
        fits &= asked.adjustment != "crude" or not (row.adjusted_for or row.strata)
        if fits and not set(row.flags) & set(asked.without):
            yield row


def _one_a_study(rows: Iterable[EffectEstimate], endpoints: tuple[str, ...]) -> list[EffectEstimate]:
    chosen: dict[str, EffectEstimate] = {}
    for row in rows:
        held = chosen.get(row.study)
        if held is None or endpoints.index(row.endpoint) < endpoints.index(held.endpoint):
            chosen[row.study] = row
    return list(chosen.values())


def _apart(rows: Iterable[EffectEstimate]) -> tuple[list[EffectEstimate], list[tuple[str, str]]]:
    """Keep of studies that share patients the first; return who was left out for whom."""
    kept: list[EffectEstimate] = []
    left_out: list[tuple[str, str]] = []
    for row in rows:
        same = [other for other in kept if shared_patients(row, other)]
        if same:
            left_out.append((row.label, same[0].label))
        else:
            kept.append(row)
    return kept, left_out
