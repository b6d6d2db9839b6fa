"""Published studies and gene screens whose truth is known: meta-analysis, prediction intervals, false discoveries."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property, partial
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from .. import synthetic
from ..analysis import select
from ..effects import EffectEstimate
from ..endpoints import BCSS
from ..meta.pool import pool
from ..scan.screen import ScreenOptions, screen
from ..synthetic import Truth
from .performance import Result
from .scenarios import ADJUST, Estimator, Scenario

__all__ = ["STUDIES"]

_MEAN, _TAU2 = math.log(1.3), 0.05
_GENES, _RATIO = 200, 1.5


class Studies:
    """Effects of k studies, and the true effect of one more."""

    def __init__(self, k: int, tau2: float, mean: float, seed: int) -> None:
        draw = np.random.default_rng(seed)
        events = draw.integers(40, 400, k)
        effect, se = draw.normal(mean, math.sqrt(tau2), k), 2 / np.sqrt(events)
        self.next = float(draw.normal(mean, math.sqrt(tau2)))
        self.rows = [
            EffectEstimate(
                study=f"Study {i}", measure="HR", log_estimate=float(y), se=float(s), events=int(e), simulated=True
            )
            for i, (y, s, e) in enumerate(zip(draw.normal(effect, se), se, events, strict=True))
        ]


def _pooled(studies: Studies, **choices: Any) -> Result:
    found = pool(studies.rows, **choices)
    low, high = (math.log(limit) for limit in found.ci())
    return Result(estimate=found.point, se=found.se, low=low, high=high, p=found.p_value)


def _predicted(studies: Studies, **choices: Any) -> Result:
    """Whether the prediction interval holds the effect of one more study: as an interval about it, whose truth is 0."""
    found = pool(studies.rows, **choices).prediction
    if found is None:
        return Result()
    return Result(low=found[0] - studies.next, high=found[1] - studies.next)


def _spread(studies: Studies, method: Any) -> Result:
    return Result(estimate=float(pool(studies.rows, tau2=method).tau2 or 0.0))


def _meta(k: int, tau2: float, mean: float) -> Scenario:
    truth: Callable[[], float] = lambda: mean  # noqa: E731 (a truth is a function)
    null = mean == 0
    return Scenario(
        name=f"{k} studies, tau2 {tau2:g}" + (", no effect" if null else ""),
        make=partial(Studies, k, tau2, mean),
        estimators=(
            Estimator(name="REML, ad hoc Hartung-Knapp", ask=_pooled, truth=truth, null=null),
            Estimator(
                name="DerSimonian-Laird, normal", ask=partial(_pooled, tau2="dl", ci="z"), truth=truth, null=null,
                aim="shown", note="known to be too narrow with few studies",
            ),
            Estimator(
                name="common effect", ask=partial(_pooled, tau2="common"), truth=truth, null=null, aim="shown",
                note="leaves out heterogeneity",
            ),
            Estimator(
                name="tau2, REML", ask=partial(_spread, method="reml"), truth=lambda: tau2, aim="shown",
                note="never below 0",
            ),
            Estimator(
                name="prediction interval, same", ask=_predicted, truth=lambda: 0.0,
                aim="shown", note="of one more study",
            ),
            Estimator(
                name="prediction interval, hts", ask=partial(_predicted, prediction="hts"), truth=lambda: 0.0,
                aim="shown", note="of one more study",
            ),
        ),
    )  # fmt: skip


class Genes:
    """A screen of genes, the first few of which truly modify the effect of treatment."""

    def __init__(self, true: int, seed: int) -> None:
        ratios = {f"GENE{i:04d}": _RATIO for i in range(1, true + 1)}
        cohort = synthetic.simulate(1500, truth=Truth(gene_ratio=ratios, scale=300.0), genes=_GENES, seed=seed)
        analysis = select(cohort, endpoint=BCSS, er="any", treatment="any")
        self.ratios = ratios
        self.found = screen(analysis, adjust=ADJUST, options=ScreenOptions(jobs=1))

    @cached_property
    def table(self) -> pd.DataFrame:
        """Every gene, and whether it truly modifies."""
        table = self.found.table
        return table.assign(true=table["gene"].isin(self.ratios))


def _false_discoveries(genes: Genes) -> Result:
    """The share of false genes among those with q < 0.05; 0 if there is none."""
    hits = genes.table[genes.table["q"] < 0.05]
    return Result(estimate=float((~hits["true"]).mean()) if len(hits) else 0.0)


def _any_false(genes: Genes) -> Result:
    """The smallest P of the genes that do nothing, times their number."""
    return Result(p=min(1.0, float(genes.table.loc[~genes.table["true"], "p"].min()) * _GENES))


def _expected(genes: Genes) -> Result:
    """The share of true genes found at the Bonferroni level, less the share that the screen says it would find."""
    true = genes.table[genes.table["true"]]
    share = float((true["p"] * _GENES < 0.05).mean())
    return Result(estimate=share - genes.found.share_found(_RATIO))


def _one_gene(genes: Genes) -> Result:
    row = genes.table[genes.table["gene"] == "GENE0001"].iloc[0]
    log_hr, se = row["log_hr"] * row["sd"], row["se"] * row["sd"]
    away = float(ndtri(0.975)) * se
    return Result(estimate=log_hr, se=se, low=log_hr - away, high=log_hr + away, p=row["p"])


def _lrt(genes: Genes) -> Result:
    return Result(p=float(genes.table.loc[genes.table["gene"] == "GENE0100", "lrt_p"].iloc[0]))


def _screen(name: str, true: int, *estimators: Estimator) -> Scenario:
    return Scenario(
        name=f"screen of {_GENES} genes, {name}, n = 1,500", make=partial(Genes, true), estimators=estimators
    )


STUDIES: tuple[Scenario, ...] = (
    _meta(4, _TAU2, _MEAN),
    _meta(10, _TAU2, _MEAN),
    _meta(10, _TAU2, 0.0),
    _screen(
        "5 truly modifying",
        5,
        Estimator(
            name="false discoveries, q < 0.05", ask=_false_discoveries, truth=lambda: 0.05, aim="shown",
            note="what goes with a true gene counts as false",
        ),
        Estimator(
            name="any false gene, Bonferroni", ask=_any_false, null=True, aim="shown",
            note="what goes with a true gene counts as false",
        ),
    ),
    _screen(
        "1 truly modifying",
        1,
        Estimator(name="its ratio", ask=_one_gene, truth=lambda: math.log(_RATIO)),
        Estimator(
            name="how often it is found, less what was foretold", ask=_expected, truth=lambda: 0.0,
            note="`share_found`",
        ),
    ),
    _screen(
        "none modifying",
        0,
        Estimator(name="one gene's ratio", ask=_one_gene, truth=lambda: 0.0, null=True),
        Estimator(name="likelihood ratio test of another", ask=_lrt, null=True),
        Estimator(name="any gene, Bonferroni", ask=_any_false, null=True, aim="safe"),
    ),
)  # fmt: skip
