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
from ..kernel.batch import Engine, GeneFits, GenePlan, fit_genes
from ..vocabulary import FloatArray, IntArray
from .matrix import Reader
from .model import Term

__all__ = ["COLUMNS", "BlockTask", "fit_block", "lost_block"]

COLUMNS = ("gene", "n", "events", "log_hr", "se", "z", "p", "lrt", "lrt_p", "sd")
_ARMS = ("log_hr_untreated", "se_untreated", "log_hr_treated", "se_treated")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BlockTask:
    """Some genes to be fitted: all that a worker must be sent, so that one that is lost can be sent again.

    Attributes
    ----------
    plan : GenePlan
    columns : array of int, shape (patients,)
        Where in the expression matrix the patients of the plan stand.
    term : "gene:treatment" | "gene"
    genes : tuple of str
    read : function
        Gives their values, shape (genes, patients of the matrix).
    engine : "numba" | "numpy"
    lrt : bool
    """

    plan: GenePlan
    columns: IntArray
    term: Term
    genes: tuple[str, ...]
    read: Reader
    engine: Engine
    lrt: bool


def fit_block(task: BlockTask) -> dict[str, Any]:
    """Read a block and fit it; return its columns.

    A block that cannot be read or fitted becomes rows that say why, so that the other blocks go on; what the user must
    mend (a gene that is text) is raised.
    """
    try:
        fits = fit_genes(task.plan, task.read().take(task.columns, axis=1), engine=task.engine, nested=task.lrt)
    except TamoxresError:
        raise
    except Exception as error:  # noqa: BLE001 (whatever a disk or a worker does to one block)
        return lost_block(task.genes, task.term, f"{type(error).__name__}: {error}")
    return {"gene": list(task.genes), **_columns(task.term, fits)}


def _columns(term: Term, fits: GeneFits) -> dict[str, Any]:
    beta, variance = fits.coefficients, fits.covariance
    with np.errstate(invalid="ignore"):
        z = beta[:, -1] / fits.se[:, -1]
        lrt = np.maximum(fits.lrt, 0.0)  # rounding
    out: dict[str, Any] = {
        "n": fits.n, "events": fits.events, "log_hr": beta[:, -1], "se": fits.se[:, -1], "z": z,
        "p": 2 * ndtr(-np.abs(z)), "lrt": lrt, "lrt_p": chdtrc(1, lrt), "sd": fits.sd,
    }  # fmt: skip
    if term == "gene:treatment":
        treated = variance[:, -1, -1] + variance[:, -2, -2] + 2 * variance[:, -1, -2]
        out |= {
            "log_hr_untreated": beta[:, -2], "se_untreated": fits.se[:, -2],
            "log_hr_treated": beta[:, -2] + beta[:, -1], "se_treated": np.sqrt(treated),
        }  # fmt: skip
    return out | {"flag": list(fits.flags)}


def lost_block(genes: tuple[str, ...], term: Term, why: str) -> dict[str, Any]:
    """Return the columns of a block that could not be fitted, whose flag says why."""
    g = len(genes)
    numbers = [*COLUMNS[3:], *(_ARMS if term == "gene:treatment" else ())]
    unknown: dict[str, FloatArray] = {name: np.full(g, np.nan) for name in numbers}
    counts = {name: np.zeros(g, np.int64) for name in ("n", "events")}
    return {"gene": list(genes), **counts, **unknown, "flag": [f"failed: {why}"] * g}
