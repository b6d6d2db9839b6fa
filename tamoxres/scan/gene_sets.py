"""Gene sets in a screen: whether the cascade's genes together modify the effect of treatment more than others do.

Conventions: the test is competitive (the set against all other genes), on the screen's z values, and allows for genes
of a set being correlated: the variance of their mean is inflated by 1 + (m - 1) r, with r the mean correlation of their
expression given treatment and adjusters (or one that is given). It is limma's `cameraPR`.

References
----------
Wu D, Smyth GK 2012, Nucleic Acids Res 40:e133.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import stdtr

from ..errors import QuestionError
from ..registry.known import branches
from ..vocabulary import FloatArray, IntArray
from .matrix import Expression
from .positions import official_symbols
from .store import benjamini_hochberg

if TYPE_CHECKING:
    import pandas as pd

    from .result import Screen

__all__ = ["SetTest", "gene_set_table", "set_correlation", "set_test"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTest:
    """A competitive test of one set.

    Attributes
    ----------
    t, df, p : float
        Positive where the set's values are larger than the others'; two-sided P.
    difference : float
        Mean of the set minus mean of the others.
    """

    t: float
    df: float
    p: float
    difference: float


def set_test(z: FloatArray, members: IntArray, correlation: float) -> SetTest:
    """Test whether a set's values lie above or below those of the other genes.

    Parameters
    ----------
    z : array, shape (g,)
        One value a gene, without NaN.
    members : array of int
        Rows of the set, at least 2 and not all.
    correlation : float
        Mean correlation between the set's genes.

    Returns
    -------
    SetTest
    """
    g, m = z.size, members.size
    others = g - m
    mean, variance = float(z.mean()), float(z.var(ddof=1))
    within = float(z[members].mean())
    difference = g / others * (within - mean)
    pooled = ((g - 1) * variance - difference**2 * m * others / g) / (g - 2)
    inflation = 1 + (m - 1) * correlation
    t = difference / float(np.sqrt(pooled * (inflation / m + 1 / others)))
    df = float(g - 2)
    return SetTest(t=t, df=df, p=float(2 * stdtr(df, -abs(t))), difference=difference)


def set_correlation(values: FloatArray, design: FloatArray) -> float:
    """Return the mean correlation between genes, given the columns of a design.

    Parameters
    ----------
    values : array, shape (m, n)
    design : array, shape (n, q)
        With a column of ones.
    """
    basis, _ = np.linalg.qr(design)
    rest = values - (values @ basis) @ basis.T
    rest = rest / np.sqrt((rest**2).sum(axis=1, keepdims=True))
    m = values.shape[0]
    return float(((rest.sum(axis=0) ** 2).sum() - m) / (m * (m - 1)))


def gene_set_table(
    found: Screen, expression: Expression, sets: Mapping[str, Sequence[str]] | None = None
) -> pd.DataFrame:
    """Test sets of genes in a screen.

    Parameters
    ----------
    found : Screen
    expression : Expression
        The matrix of the screen, from `open_expression`.
    sets : mapping of name to genes, optional
        The branches of the review's cascade, and all of them together, if None.

    Returns
    -------
    DataFrame
        set, genes (found of named, as `4 of 7`), members, difference, correlation, t, df, p, q (Benjamini-Hochberg over
        the sets): a row a set that has at least two genes in the screen.

    Examples
    --------
    >>> import tamoxres as tr
    >>> made = tr.simulate(300, truth=tr.Truth(gene_ratio={"GENE0007": 3.0}), genes=20, seed=1)
    >>> both = tr.select(made, endpoint="BCSS", er="any", treatment="any")
    >>> found = tr.screen(both, options=tr.ScreenOptions(jobs=1))
    >>> gene_set_table(found, tr.open_expression(made.profiles[0]), {"two": ["GENE0007", "GENE0008"]})["genes"].tolist()
    ['2 of 2']
    """
    import pandas as pd

    named = sets or {**branches(), "cascade": tuple(gene for genes in branches().values() for gene in genes)}
    table = found.table
    fitted = table[table["z"].notna()].reset_index()  # the index is the row in the matrix
    z, names = fitted["z"].to_numpy(float), official_symbols(fitted["gene"])
    design = np.column_stack([np.ones(found.model.analysis.n), found.model.shared])
    rows = []
    for name, genes in named.items():
        wanted = set(official_symbols(genes))
        members = np.flatnonzero(names.isin(wanted).to_numpy())
        if not 2 <= members.size < z.size:
            continue
        held = [expression.read(i, i + 1)[0][found.model.columns] for i in fitted["index"].to_numpy()[members]]
        correlation = set_correlation(np.nan_to_num(np.stack(held).astype(float)), design)
        test = set_test(z, members, correlation)
        rows.append(
            {
                "set": name, "genes": f"{members.size} of {len(wanted)}", "members": ", ".join(names.iloc[members]),
                "difference": test.difference, "correlation": correlation, "t": test.t, "df": test.df, "p": test.p,
            }
        )  # fmt: skip
    if not rows:
        raise QuestionError(f"No set has two of its genes among the {z.size:,} genes of the screen.")
    return pd.DataFrame(rows).assign(q=lambda sets: benjamini_hochberg(sets["p"].to_numpy(float)))
