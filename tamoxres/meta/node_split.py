"""Node-splitting: the direct evidence on a pair of treatments beside what all other trials say of it.

Conventions. In trials that hold both arms of a pair, the first of them has a shift of its own beside the network's
effect; the shift is direct less indirect, and its test is that of the pair. In trials with more arms than two the shift
is the first treatment's against all others, so that the answer does not depend on the arm that rows share (it does on
which of the two is shifted, where such trials compare the pair). tau2 is fitted anew for each pair; intervals are
normal. A pair that is compared in one way only cannot be split.

References
----------
Dias S et al. 2010, doi:10.1002/sim.3767. van Valkenhoef G et al. 2016, doi:10.1002/jrsm.1167.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.special import ndtr, ndtri

from ..effects import EffectEstimate
from ..effects.routes import ratio_of
from ..errors import PoolingError
from ..tables.cells import interval_cell, p_cell
from ..tables.shown import ShowsTable
from ..tables.table import Cell, Column, Row, Table
from ..vocabulary import choose
from ..wording import p_value
from ..wording.rows import contrast_words
from .comparable import Alike
from .contrasts import Contrasts
from .network import Method, contrasts_asked, fit_columns
from .tau2 import Array

__all__ = ["NodeSplit", "Split", "node_split"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """One pair of treatments, two ways; effects of the first over the second, on the analysis scale.

    Attributes
    ----------
    treatment_1, treatment_0 : str
    direct, direct_se, indirect, indirect_se : float
    difference, difference_se : float
        Direct less indirect.
    p_value : float
        Two-sided.
    tau2 : float
        Variance between trials beside the shift.
    trials : int
        With both arms.
    """

    treatment_1: str
    treatment_0: str
    direct: float
    direct_se: float
    indirect: float
    indirect_se: float
    difference: float
    difference_se: float
    p_value: float
    tau2: float
    trials: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeSplit(ShowsTable):
    """Every pair that can be split.

    Attributes
    ----------
    splits : tuple of Split
    unsplit : tuple of (str, str)
        Pairs compared directly that no other way leads to.
    is_ratio : bool
    measure : str
    """

    splits: tuple[Split, ...]
    unsplit: tuple[tuple[str, str], ...]
    is_ratio: bool
    measure: str

    def table(self) -> Table:
        """Return one row a pair: direct, indirect, their ratio (or difference), its P."""
        apart = "Ratio of the two" if self.is_ratio else "Difference"
        heads = ("Comparison", "Trials", f"Direct: {self.measure} (95% CI)", "Indirect", apart, "P")
        kinds = ("text", "count", "ratio", "ratio", "ratio", "p")
        notes = ["Direct: trials that hold both arms; indirect: all other ways. Each pair has its test; nothing is "
                 "corrected for their number. A large P is no proof that the ways agree."]  # fmt: skip
        if self.unsplit:
            pairs = "; ".join(contrast_words(a, b) for a, b in self.unsplit)
            notes.append(f"Compared in one way only: {pairs}.")
        return Table(
            title="Direct and indirect evidence (node-splitting)",
            columns=tuple(Column(head, kind) for head, kind in zip(heads, kinds, strict=True)),  # type: ignore[arg-type]
            rows=tuple(map(self._row, self.splits)), footnotes=tuple(notes),
        )  # fmt: skip

    def _row(self, one: Split) -> Row:
        pairs = ((one.direct, one.direct_se), (one.indirect, one.indirect_se), (one.difference, one.difference_se))
        cells = [interval_cell(_limits(point, se, self.is_ratio), is_ratio=self.is_ratio) for point, se in pairs]
        name = contrast_words(one.treatment_1, one.treatment_0)
        return Row((Cell(name), Cell(str(one.trials)), *cells, p_cell(one.p_value)))

    def __str__(self) -> str:
        if not self.splits:
            return "No comparison is made in two ways, so none can be split."
        least = min(self.splits, key=lambda one: one.p_value)
        pair = contrast_words(least.treatment_1, least.treatment_0)
        return f"{len(self.splits)} comparisons split; least agreement in {pair}: {p_value(least.p_value, label=True)}"


def _limits(point: float, se: float, is_ratio: bool) -> tuple[float, float, float]:
    half = float(ndtri(0.975)) * se
    values = (point, point - half, point + half)
    return (ratio_of(values[0]), ratio_of(values[1]), ratio_of(values[2])) if is_ratio else values


def node_split(
    effects: Iterable[EffectEstimate],
    *,
    reference: str = "none",
    modifier: bool = False,
    method: Method = "reml",
    shared: Mapping[str, float] | None = None,
    endpoint_map: Mapping[str, str] | None = None,
    alike: Alike | None = None,
) -> NodeSplit:
    """Compare the direct with the indirect evidence on every pair of treatments of a network.

    Parameters
    ----------
    effects, reference, modifier, method, shared, endpoint_map, alike
        As in `network`.

    Returns
    -------
    NodeSplit
        `splits`, `unsplit`, `table()`.

    Raises
    ------
    PoolingError
        As `network`; or with too few contrasts for tau2 beside a shift.

    References
    ----------
    Dias S et al. 2010, doi:10.1002/sim.3767.

    Examples
    --------
    >>> made = [("A", "b", "a", 0.60), ("B", "b", "a", 0.70), ("C", "c", "b", 0.80), ("D", "c", "b", 0.85),
    ...         ("E", "c", "a", 0.30), ("F", "c", "a", 0.35)]
    >>> rows = [EffectEstimate.from_ci(hr, hr * 0.8, hr * 1.25, study=study, estimand="treatment_effect",
    ...                                treatment_1=one, treatment_0=other) for study, one, other, hr in made]
    >>> print(node_split(rows, reference="a"))
    3 comparisons split; least agreement in a v c: P < 0.001
    """
    choose("method", method, ("reml", "ml", "common"))
    data, _, _ = contrasts_asked(
        effects, reference=reference, modifier=modifier, shared=shared, endpoint_map=endpoint_map, alike=alike
    )
    splits, unsplit = [], []
    for one, other in combinations(sorted(data.treatments), 2):
        both = _both(data, one, other)
        if not both.any():
            continue
        shift = both * (_is(data, one, "treatment_1") - _is(data, one, "treatment_0"))
        x = np.column_stack([data.x, shift])
        if np.linalg.matrix_rank(x) < x.shape[1]:
            unsplit.append((one, other))
            continue
        splits.append(
            _split(data, (one, other), x, len({r.study for r, b in zip(data.rows, both, strict=True) if b}), method)
        )
    first = data.rows[0]
    return NodeSplit(splits=tuple(splits), unsplit=tuple(unsplit), is_ratio=first.is_ratio, measure=first.measure)


def _is(data: Contrasts, treatment: str, side: str) -> Array:
    return np.array([float(getattr(row, side) == treatment) for row in data.rows])


def _both(data: Contrasts, one: str, other: str) -> Array:
    """Tell the rows of trials that hold both arms."""
    arms: dict[int, set[str]] = {}
    trial = np.argmax(data.between > 0, axis=1)  # the first row of each row's trial
    for i, row in zip(trial.tolist(), data.rows, strict=True):
        arms.setdefault(i, set()).update((row.treatment_1, row.treatment_0))
    return np.array([float({one, other} <= arms[i]) for i in trial.tolist()])


def _split(data: Contrasts, pair: tuple[str, str], x: Array, trials: int, method: Method) -> Split:
    n, p = x.shape
    if method != "common" and n <= p:
        raise PoolingError(f"{n} contrasts leave nothing to see a variance between trials by. Pass method='common'.")
    tau2, coefficients, cov, _ = fit_columns(data.y, x, data, method)
    names = data.treatments[1:]
    indirect = np.array([*(float(name == pair[0]) - float(name == pair[1]) for name in names), 0.0])
    shift = np.array([*(0.0 for _ in names), 1.0])
    found = {}
    for what, line in (("indirect", indirect), ("direct", indirect + shift), ("difference", shift)):
        found[what], found[f"{what}_se"] = float(line @ coefficients), float(np.sqrt(line @ cov @ line))
    z = found["difference"] / found["difference_se"]
    return Split(
        treatment_1=pair[0], treatment_0=pair[1], p_value=float(2 * ndtr(-abs(z))), tau2=tau2, trials=trials, **found
    )
