"""Markers that go with site, where site changes what treatment does, to see whether a calibrated interaction holds.

Conventions: patients come from five sites, which differ in who is treated, in their hazard, and in what treatment does;
no gene does anything. Every gene's level holds a loading of its site. The model has sites as strata, so that a gene
that goes with site seems to modify the effect of treatment. One marker is like the genes (exchangeable with them); the
other has twice their loading, which is the limit of a null that is not matched.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from ..analysis import AnalysisSet, select
from ..cohort import Cohort, ProfileKind, Source
from ..effects import EffectEstimate
from ..endpoints import OS
from ..errors import AnalysisError
from ..registry import LevelRule
from ..registry.rule import median_level
from ..scan.calibrated import CalibratedInteraction, calibrate_by, calibrated_interaction, empirical_null
from ..vocabulary import FloatArray
from .performance import Result
from .scenarios import Estimator, Scenario

__all__ = ["SITES", "OfSites"]

_PATIENTS, _GENES, _SITES = 900, 320, 5
_LOADING, _TREATED, _EFFECT, _HAZARD = 0.45, 0.8, 0.7, 0.3  # standard deviations between sites
LIKE, TWICE = "LIKE", "TWICE"


class _Levels:
    """Simulated levels as a molecular profile."""

    kind: ProfileKind = "mrna"
    assay, unit = "simulated", "standard deviations"

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame

    def features(self) -> frozenset[str]:
        """Return genes and markers."""
        return frozenset(map(str, self.frame.columns))

    def assayed(self, feature: str) -> frozenset[str]:
        """Return everybody."""
        return frozenset(self.frame.index)

    def values(self, features: Any) -> pd.DataFrame:
        """Return patients x features."""
        return self.frame[list(features)]


class OfSites:
    """One simulated cohort of five sites, with its genes and two markers that do nothing."""

    def __init__(self, seed: int) -> None:
        draw = np.random.default_rng(seed)
        site = draw.integers(0, _SITES, _PATIENTS)
        self.genes = [f"G{i:03d}" for i in range(_GENES)]
        treated = draw.random(_PATIENTS) < 1 / (1 + np.exp(-draw.normal(0, _TREATED, _SITES)[site]))
        away = draw.normal(0, _EFFECT, _SITES)[site] * treated + draw.normal(0, _HAZARD, _SITES)[site]
        months, dead = _followed(draw, away)
        scale = np.repeat([1.0, 2.0], [_GENES + 1, 1]) * _LOADING
        loading = draw.normal(size=(_SITES, _GENES + 2)) * scale
        levels = loading[site] + draw.normal(size=(_PATIENTS, _GENES + 2))
        index = pd.Index([f"S{i:04d}" for i in range(_PATIENTS)], name="patient")
        patients = pd.DataFrame(
            {
                "OS_months": months, "OS_event": dead, "site": np.array(list("ABCDE"))[site],
                "endocrine": np.where(treated, "yes", "no"),
            },
            index=index,
        )  # fmt: skip
        self.cohort = Cohort(
            name=f"sites_{seed}", title="Simulated sites", patients=patients, raw=patients.copy(), endpoints=(OS,),
            sources=(Source(name="simulated", citation="Simulated by tamoxres.", licence="none needed"),),
            profiles=(_Levels(pd.DataFrame(levels, index=index, columns=[*self.genes, LIKE, TWICE])),),
            treatment_specificity="tamoxifen_confirmed", simulated=True,
        )  # fmt: skip

    def ask(self, marker: str) -> CalibratedInteraction:
        """Calibrate the interaction of a marker by the genes matched on site."""
        rule = self.rule(marker)
        return calibrated_interaction(self.selected(marker), strata="site", batch="site", rule=rule, genes=self.genes)

    def rule(self, marker: str) -> LevelRule:
        """Return the rule that calls a marker: above its median."""
        return median_level(marker, "mrna_high", "mrna", (marker,), marker)

    def selected(self, marker: str) -> AnalysisSet:
        """Select all patients with a marker called."""
        called = self.cohort.with_marker(self.rule(marker).call(self.cohort))
        return select(called, marker=marker, endpoint=OS, er="any", treatment="any")

    @cached_property
    def like(self) -> CalibratedInteraction:
        """A marker that is like the genes."""
        return self.ask(LIKE)

    @cached_property
    def twice(self) -> CalibratedInteraction:
        """A marker with twice the genes' loading."""
        return self.ask(TWICE)


def _followed(draw: np.random.Generator, away: FloatArray) -> tuple[FloatArray, Any]:
    """Draw months of follow-up and who died, of patients with a log hazard ratio."""
    died = draw.exponential(size=away.size) * 150 * np.exp(-away)
    end = draw.uniform(40, 200, away.size)
    return np.minimum(died, end), (died <= end).astype(int)


def _read(row: EffectEstimate | None) -> Result:
    if row is None or row.point is None or row.se is None or row.p_value is None:
        raise AnalysisError("There is no null to calibrate by.")
    low, high = np.log(row.ci())
    return Result(estimate=row.point, se=row.se, low=float(low), high=float(high), p=row.p_value)


def _unmatched(found: CalibratedInteraction) -> Result:
    """Calibrate by all genes, whether or not they go with site as the marker does."""
    null = empirical_null(found.genes["z"].to_numpy(float))
    return _read(None if found.raw is None else calibrate_by(found.raw, null))


SITES: tuple[Scenario, ...] = (
    Scenario(
        name="markers that go with site, no interaction",
        make=OfSites,
        estimators=(
            Estimator(
                name="marker like the genes, as it stands", ask=lambda d: _read(d.like.raw), truth=lambda: 0.0,
                null=True, aim="shown", note="confounded by site, as it must be",
            ),
            Estimator(
                name="the same, calibrated", ask=lambda d: _unmatched(d.like), truth=lambda: 0.0, null=True,
            ),
            Estimator(
                name="the same, by genes matched on site", ask=lambda d: _read(d.like.calibrated),
                truth=lambda: 0.0, null=True, aim="shown", note="where 100 genes are comparable",
            ),
            Estimator(
                name="marker with twice the genes' site loading, as it stands", ask=lambda d: _read(d.twice.raw),
                truth=lambda: 0.0, null=True, aim="shown", note="confounded by site, as it must be",
            ),
            Estimator(
                name="twice the loading, calibrated", ask=lambda d: _unmatched(d.twice), truth=lambda: 0.0, null=True,
                aim="shown", note="the method's limit: not exchangeable, not matched",
            ),
            Estimator(
                name="twice the loading, by genes matched on site", ask=lambda d: _read(d.twice.calibrated),
                truth=lambda: 0.0, null=True, aim="shown", note="where 100 genes are comparable",
            ),
        ),
    ),
)  # fmt: skip
