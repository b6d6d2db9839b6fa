"""Are hazards proportional? The exact score test of survival >= 3 (`cox.zph`), per term and global, on a fitted model.

lifelines' test is the older approximation and flips verdicts (5.21 where R gives 3.76), so it is not used. The scaled
Schoenfeld residuals are those that `cox.zph` plots: one an event and term, around the log hazard ratio at that time.

References
----------
Grambsch PM, Therneau TM 1994, Biometrika 81:515.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from ..analysis import AnalysisSet
from ..analysis.design import Design, Term
from ..analysis.follow_up import stratum_codes
from ..files.frames import holds_frames
from ..kernel.cox import CoxFit
from ..kernel.proportional import Transform, score_test, transform_times
from ..kernel.residuals import ScoreParts, schoenfeld_residuals, score_residual_parts
from ..tables.cells import count_cell, number_cell, p_cell
from ..tables.shown import ShowsTable
from ..tables.table import Cell, Column, Row, Table
from ..vocabulary import FloatArray, IntArray, Ties
from ..wording import p_value

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ProportionalTest", "proportional_test", "scale_residuals", "scaled_schoenfeld"]


class Fitted(Protocol):
    """What the tests need of a fitted Cox model."""

    @property
    def analysis(self) -> AnalysisSet:
        """The complete cases."""

    @property
    def frame(self) -> pd.DataFrame:
        """The rows fitted."""

    @property
    def design(self) -> Design:
        """Its terms."""

    @property
    def coefficients(self) -> FloatArray:
        """Log hazard ratios."""

    def on_kernel(self) -> CoxFit:
        """Return the kernel's fit, of whose residuals the tests are made."""

    @property
    def strata(self) -> tuple[str, ...]:
        """Columns with a baseline hazard for each level."""

    @property
    def ties(self) -> Ties:
        """How ties are handled."""


@holds_frames("terms")
@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ProportionalTest(ShowsTable):
    """The test of proportional hazards of one model; a test has no effect rows.

    Attributes
    ----------
    terms : DataFrame
        term, chisq, df, p_value; one row a term, the last row GLOBAL.
    transform : "km" | "rank" | "log" | "identity"
    """

    terms: pd.DataFrame
    transform: str

    def p_value(self, term: str = "GLOBAL") -> float:
        """Return the P value of a term."""
        return float(self.terms.loc[self.terms["term"] == term, "p_value"].iloc[0])

    def __str__(self) -> str:
        return f"Proportional hazards ({self.transform}): global {p_value(self.p_value(), label=True)}"

    def table(self) -> Table:
        """Return the tests as a table, one row a term, the global test last."""
        rows = [
            Row((Cell(one["term"]), number_cell(one["chisq"]), count_cell(int(one["df"])), p_cell(one["p_value"])))
            for one in self.terms.to_dict("records")
        ]
        return Table(
            title=f"Proportional hazards, score test ({self.transform})",
            columns=(Column("Term"), Column("Chi-squared", "number"), Column("df", "count"), Column("P", "p")),
            rows=tuple(rows),
        )

    def to_frame(self) -> pd.DataFrame:
        """Return `terms`."""
        return self.terms


def proportional_test(fit: Fitted, *, transform: Transform = "km") -> ProportionalTest:
    """Test whether the hazard ratio of each term is constant in time.

    Parameters
    ----------
    fit : CoxModel
    transform : "km" | "rank" | "log" | "identity"
        Of time; `km` is 1 - S(t-), R's default.

    Returns
    -------
    ProportionalTest

    Examples
    --------
    >>> import tamoxres as tr
    >>> gbsg = tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")
    >>> print(proportional_test(tr.cox(gbsg)))
    Proportional hazards (km): global P = 0.633
    """
    import pandas as pd

    parts = score_residual_parts(fit.on_kernel())
    g = _transformed(fit, transform, parts.time)
    test = score_test(parts, g, [np.asarray(term.columns) for term in fit.design.terms])
    table = pd.DataFrame(
        {"term": [*(t.name for t in fit.design.terms), "GLOBAL"], "chisq": test.chisq, "df": test.df, "p_value": test.p}
    )
    return ProportionalTest(terms=table, transform=transform)


def scaled_schoenfeld(fit: Fitted, *, transform: Transform = "km") -> pd.DataFrame:
    """Tabulate the scaled Schoenfeld residuals, which scatter around the log hazard ratio as it changes with time.

    Parameters
    ----------
    fit : CoxModel
    transform : "km" | "rank" | "log" | "identity"
        Of time; `km` is 1 - S(t-), R's default.

    Returns
    -------
    DataFrame
        term, months, transformed (time), residual (with the coefficient added), coefficient (that of the model; 1 for
        a term of several columns, whose residuals are those of its part of the linear predictor) and variance (of the
        residual where hazards are proportional): one row an event and term, terms in order, times ascending within
        strata. An event in a stratum in which a term does not vary tells nothing of it and has no row.

    References
    ----------
    Grambsch PM, Therneau TM 1994, Biometrika 81:515.

    Examples
    --------
    >>> import tamoxres as tr
    >>> gbsg = tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")
    >>> scaled_schoenfeld(tr.cox(gbsg)).shape
    (299, 6)
    """
    import pandas as pd

    fitted = fit.on_kernel()
    months, raw = schoenfeld_residuals(fitted)
    parts = score_residual_parts(fitted)
    information = parts.information(np.ones(parts.time.size))
    stratum = np.repeat(parts.stratum, parts.counts)
    terms = fit.design.terms
    loads, added = _loads(terms, fit.coefficients)
    used = _used(fit, parts)
    scaled, variance = scale_residuals(raw, stratum, information=information, used=used, loads=loads)
    g = _transformed(fit, transform, months)
    blocks = [
        pd.DataFrame(
            {
                "term": term.name, "months": months, "transformed": g, "residual": scaled[:, i] + added[i],
                "coefficient": added[i], "variance": variance[i],
            }
        )
        for i, term in enumerate(terms)
    ]  # fmt: skip
    table = pd.concat(blocks, ignore_index=True)
    return table[table["residual"].notna()].reset_index(drop=True)


def scale_residuals(
    raw: FloatArray, stratum: IntArray, *, information: FloatArray, used: FloatArray, loads: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Scale Schoenfeld residuals by the mean information of an event.

    Parameters
    ----------
    raw : array, shape (d, p)
        Residuals of the events.
    stratum : array of int, shape (d,)
    information : array, shape (p, p)
    used : array, shape (s, p)
        Events of each stratum, 0 for a column that does not vary in it.
    loads : array, shape (p, t)
        What each column counts in each term.

    Returns
    -------
    scaled : array, shape (d, t)
        NaN for a term that does not vary in an event's stratum.
    variance : array, shape (t,)
        Of a scaled residual, where hazards are proportional.
    """
    shared = np.minimum(used[:, :, None], used[:, None, :]).sum(axis=0)
    mean = loads.T @ (information / np.where(shared == 0, 1.0, shared)) @ loads
    varies = used @ (loads != 0) > 0
    summed = raw @ loads
    scaled = np.full(summed.shape, np.nan)
    for s in np.unique(stratum):
        rows, kept = np.flatnonzero(stratum == s), np.flatnonzero(varies[s])
        scaled[np.ix_(rows, kept)] = np.linalg.solve(mean[np.ix_(kept, kept)], summed[np.ix_(rows, kept)].T).T
    return scaled, np.diag(np.linalg.inv(mean))


def _loads(terms: Sequence[Term], coefficients: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return what each column counts in each term (1; its coefficient where a term has several), and what is added."""
    loads = np.zeros((coefficients.size, len(terms)))
    added = np.ones(len(terms))
    for i, term in enumerate(terms):
        columns = list(term.columns)
        loads[columns, i] = 1.0 if len(columns) == 1 else coefficients[columns]
        if len(columns) == 1:
            added[i] = coefficients[columns[0]]
    return loads, added


def _used(fit: Fitted, parts: ScoreParts) -> FloatArray:
    """Count the events of each stratum, 0 for the columns of a term that does not vary in it, shape (s, p)."""
    codes = stratum_codes(fit.frame, fit.strata)
    codes = np.zeros(len(fit.frame), dtype=int) if codes is None else codes
    events = np.bincount(parts.stratum, parts.counts, minlength=int(codes.max()) + 1)
    varies = np.stack([np.ptp(fit.design.x[codes == s], axis=0) > 0 for s in range(events.size)])
    for term in fit.design.terms:
        columns = list(term.columns)
        varies[:, columns] = varies[:, columns].any(axis=1, keepdims=True)
    return np.asarray(events[:, None] * varies)


def _transformed(fit: Fitted, transform: Transform, at: FloatArray) -> FloatArray:
    frame = fit.frame
    entry = frame["entry"].to_numpy(float)
    return transform_times(
        transform, at, time=frame["months"].to_numpy(float), event=np.asarray(frame["event"] == 1, dtype=int),
        entry=entry if np.any(entry > 0) else None,
    )  # fmt: skip
