"""One block of genes: what a worker does, and the columns it gives back.

Conventions: a row is a gene; log hazard ratios are per unit of expression (times `sd`, which
is that of the patients at risk at some event, they are per standard deviation).
With an interaction, `log_hr` is the log ratio of hazard ratios, treated v untreated per unit of expression, and the
gene's own log hazard ratios in untreated and treated stand beside it. `flag` is empty where the fit converged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import chdtrc, ndtr

from ..errors import TamoxresError
from ..kernel.batch import Engine, GeneFits, fit_genes
from .matrix import Expression
from .model import FloatArray, ScreenModel

__all__ = ["COLUMNS", "BlockTask", "fit_block"]

COLUMNS = ("gene", "n", "events", "log_hr", "se", "z", "p", "lrt", "lrt_p", "sd")
_ARMS = ("log_hr_untreated", "se_untreated", "log_hr_treated", "se_treated")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BlockTask:
    """Genes start ... stop - 1 of a matrix, to be fitted by a model."""

    model: ScreenModel
    matrix: Expression
    start: int
    stop: int
    engine: Engine
    lrt: bool


def fit_block(task: BlockTask) -> tuple[int, dict[str, Any]]:
    """Read a block and fit it; return where it starts and its columns.

    A block that cannot be read or fitted becomes rows that say why, so that the other blocks go on; what the user must
    mend (a gene that is text) is raised.
    """
    genes = task.matrix.genes[task.start : task.stop]
    try:
        values = task.matrix.read(task.start, task.stop)
        fits = fit_genes(task.model.plan, values[:, task.model.columns], engine=task.engine, nested=task.lrt)
    except TamoxresError:
        raise
    except Exception as error:  # noqa: BLE001 (whatever a disk or a worker does to one block)
        return task.start, _failed(genes, task.model, f"failed: {type(error).__name__}: {error}")
    return task.start, {"gene": list(genes), **_columns(task.model, fits)}


def _columns(model: ScreenModel, fits: GeneFits) -> dict[str, Any]:
    beta, variance = fits.coefficients, fits.covariance
    with np.errstate(invalid="ignore"):
        z = beta[:, -1] / fits.se[:, -1]
        lrt = np.maximum(fits.lrt, 0.0)  # rounding
    out: dict[str, Any] = {
        "n": fits.n, "events": fits.events, "log_hr": beta[:, -1], "se": fits.se[:, -1], "z": z,
        "p": 2 * ndtr(-np.abs(z)), "lrt": lrt, "lrt_p": chdtrc(1, lrt), "sd": fits.sd,
    }  # fmt: skip
    if model.term == "gene:treatment":
        treated = variance[:, -1, -1] + variance[:, -2, -2] + 2 * variance[:, -1, -2]
        out |= {
            "log_hr_untreated": beta[:, -2], "se_untreated": fits.se[:, -2],
            "log_hr_treated": beta[:, -2] + beta[:, -1], "se_treated": np.sqrt(treated),
        }  # fmt: skip
    return out | {"flag": list(fits.flags)}


def _failed(genes: tuple[str, ...], model: ScreenModel, why: str) -> dict[str, Any]:
    g = len(genes)
    numbers = [*COLUMNS[3:], *(_ARMS if model.term == "gene:treatment" else ())]
    unknown: dict[str, FloatArray] = {name: np.full(g, np.nan) for name in numbers}
    counts = {name: np.zeros(g, np.int64) for name in ("n", "events")}
    return {"gene": list(genes), **counts, **unknown, "flag": [why] * g}
