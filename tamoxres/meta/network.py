"""A network of treatments: contrasts of trials that compare different pairs, brought to one scale, and tested for it.

Conventions. Each row is one trial's effect of `treatment_1` over `treatment_0`: in all patients or in one level of the
marker, or the marker x treatment interaction itself (`modifier`), which differs over treatments just as effects do, so
that the network then tells by how much the marker changes each treatment's effect, within trials alone. All contrasts
have one variance between trials (tau2); contrasts of a trial with several arms share an arm and so a sampling error,
and half of tau2. The network rests on consistency: direct and indirect ways agree. The test of it lets every design
(the treatments a trial compares) have effects of its own. `adhoc` intervals scale the errors by
sqrt(max(1, q / (n - p))) and take t on n - p degrees of freedom; `z` is normal.

References
----------
Lu G, Ades AE 2004, doi:10.1002/sim.1875. White IR et al. 2012, doi:10.1002/jrsm.1045 (multivariate form). Higgins JPT
et al. 2012, doi:10.1002/jrsm.1044 (design-by-treatment interaction). Krahn U, Binder H, Koenig J 2013,
doi:10.1186/1471-2288-13-35 (Q within and between designs). Donegan S et al. 2013, doi:10.1002/sim.5708 (modifiers).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from ..effects import EffectEstimate
from ..errors import PoolingError
from ..tables.cells import effect_cell
from ..tables.effects import EffectRows
from ..tables.shown import ShowsEffects
from ..tables.table import Cell, Column, Row, Table
from ..vocabulary import choose
from ..wording import number, p_value
from ..wording.codes import treatment_words
from ..wording.rows import contrast_words
from .comparable import Alike, check, remarks
from .contrasts import Contrasts, contrasts_of, interactions_of
from .covariance import fit_between, gls, squared_parts
from .heterogeneity import chi2_p
from .pool import estimated
from .tau2 import Array

__all__ = ["Inconsistency", "Method", "Network", "contrasts_asked", "fit_columns", "network"]

Method = Literal["reml", "ml", "common"]
_ANY = {"*": "any"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Inconsistency:
    """Whether designs agree.

    Attributes
    ----------
    q, df, p_value : float, int, float
        Heterogeneity of a common effect, all of it.
    q_within, df_within, p_within : float, int, float
        Of it, among trials of one design.
    q_between, df_between, p_between : float, int, float
        Of it, between designs.
    chi2, p_random : float or None
        Design-by-treatment interaction beside the variance between trials, on `df_between`; None where no design
        has two trials, so that the two cannot be told apart.
    tau2 : float or None
        Variance between trials within designs.
    """

    q: float
    df: int
    p_value: float
    q_within: float
    df_within: int
    p_within: float
    q_between: float
    df_between: int
    p_between: float
    chi2: float | None
    p_random: float | None
    tau2: float | None

    def __str__(self) -> str:
        if not self.df_between:
            return "Consistency cannot be tested: no comparison is made in two ways."
        if self.chi2 is None or self.p_random is None:
            return f"Between designs: Q {number(self.q_between)} on {self.df_between} df, {_p(self.p_between)}."
        return f"Design by treatment: chi-squared {number(self.chi2)} on {self.df_between} df, {_p(self.p_random)}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Network(ShowsEffects):
    """Treatments compared over a network of trials.

    Attributes
    ----------
    effects : EffectRows
        Each treatment against the reference.
    treatments : tuple of str
        The reference first.
    coefficients, covariance : array (p,), (p, p)
        Of the effects against the reference on the analysis scale, before the interval's scaling.
    scale, df : float, float or None
        Factor of the variances and degrees of freedom of the intervals.
    tau2 : float
    inconsistency : Inconsistency
    designs : tuple of (tuple of str, int)
        Sets of treatments compared, and the trials of each.
    rows, left_out : tuple of EffectEstimate
    method : "reml" | "ml" | "common"
    notes : tuple of str
    """

    effects: EffectRows
    treatments: tuple[str, ...]
    coefficients: Array
    covariance: Array
    scale: float
    df: float | None
    tau2: float
    inconsistency: Inconsistency
    designs: tuple[tuple[tuple[str, ...], int], ...]
    rows: tuple[EffectEstimate, ...]
    left_out: tuple[EffectEstimate, ...]
    method: Method
    notes: tuple[str, ...]

    def contrast(self, treatment_1: str, treatment_0: str) -> EffectEstimate:
        """Return the effect of one treatment over another as a row.

        Raises
        ------
        PoolingError
            If a treatment is not of the network, or both are one.
        """
        if lacking := [name for name in (treatment_1, treatment_0) if name not in self.treatments]:
            raise PoolingError(f"{lacking[0]} is not in the network of {', '.join(self.treatments)}.")
        if treatment_1 == treatment_0:
            raise PoolingError(f"{treatment_1} cannot be compared with itself.")
        one = np.zeros(len(self.treatments))
        one[self.treatments.index(treatment_1)], one[self.treatments.index(treatment_0)] = 1.0, -1.0
        one = one[1:]
        point = float(one @ self.coefficients)
        return self._row(treatment_1, treatment_0, point, math.sqrt(self.scale * float(one @ self.covariance @ one)))

    def _row(self, treatment_1: str, treatment_0: str, point: float, se: float) -> EffectEstimate:
        first, trials = self.rows[0], tuple(dict.fromkeys(row.study for row in self.rows))
        facts = ("marker", "scale", "scale_unit", "marker_level", "estimand", "measure", "endpoint", "adjusted_for")
        shared: dict[str, Any] = {f: getattr(first, f) for f in facts if len({getattr(r, f) for r in self.rows}) == 1}
        shared.setdefault("adjusted_for", ("unknown",))  # studies differ in it
        direct = any({treatment_1, treatment_0} <= set(design) for design, _ in self.designs)
        return EffectEstimate(
            **shared, study=f"Network ({len(trials)} studies)", origin="pooled", treatment_1=treatment_1,
            treatment_0=treatment_0, label=contrast_words(treatment_1, treatment_0),
            log_estimate=point if first.is_ratio else None, difference=None if first.is_ratio else point, se=se,
            df=self.df, p_kind="wald", model=self.method,
            ci_kind="wald" if self.df is None else "adhoc", overlaps=trials,
            flags=("pooled_estimate", "network_estimate", *(() if direct else ("indirect_only",))),
        )  # fmt: skip

    def league(self) -> Table:
        """Return every treatment against every other as a table: the row's over the column's."""
        names = [treatment_words(name) for name in self.treatments]
        rows = [
            Row((Cell(name), *(Cell("") if a == b else effect_cell(self.contrast(a, b)) for b in self.treatments)))
            for name, a in zip(names, self.treatments, strict=True)
        ]
        first = self.rows[0]
        measure = f"ratio of {first.measure}, {first.contrast}," if first.estimand == "interaction" else first.measure
        return Table(
            title=f"League table: {measure} (95% CI) of the row's treatment over the column's",
            columns=(Column("Treatment"), *(Column(name, "ratio") for name in names)), rows=tuple(rows),
            footnotes=self._model,
        )  # fmt: skip

    def table(self) -> Table:
        """Return the effects against the reference as a table; the model and its test stand in the notes."""
        return self.effects.table().with_footnotes(*self._model, *self.notes)

    @property
    def _model(self) -> tuple[str, ...]:
        one = self.inconsistency
        return (
            f"Variance between trials {number(self.tau2, 3)}; heterogeneity Q {number(one.q)} on {one.df} df, "
            f"{_p(one.p_value)}.",
            str(one),
        )

    def __str__(self) -> str:
        return "\n".join([str(self.effects), *self._model, *(f"Note: {note}" for note in self.notes)])


def _p(value: float) -> str:
    return p_value(value, label=True)


def network(  # noqa: PLR0913 (each choice is one word of the published methods; all but the rows have defaults)
    effects: Iterable[EffectEstimate],
    *,
    reference: str = "none",
    modifier: bool = False,
    method: Method = "reml",
    ci: Literal["adhoc", "z"] = "adhoc",
    shared: Mapping[str, float] | None = None,
    endpoint_map: Mapping[str, str] | None = None,
    alike: Alike | None = None,
) -> Network:
    """Compare several treatments over trials of different pairs of them, or how a marker changes their effects.

    Parameters
    ----------
    effects : iterable of EffectEstimate
        Effects of `treatment_1` over `treatment_0`; of a trial with several arms, each against one of its arms.
    reference : str
        Treatment to compare with.
    modifier : bool
        Pool the marker x treatment interactions: those given, and those of trials that give both levels of the marker.
        Trials with one level are left out, since levels of different trials differ in more than the marker.
    method : "reml" | "ml" | "common"
    ci : "adhoc" | "z"
    shared : mapping of str to float, optional
        Variance of the shared arm (log scale of a ratio) of each trial with several arms, by its study; for hazard
        ratios of treatment 1 / events of the shared arm (`events_0`) where not given.
    endpoint_map, alike : optional
        As in `pool`: but for the treatments the question must be one.

    Returns
    -------
    Network

    Raises
    ------
    PoolingError
        If rows tell no treatments, differ in more than those, are not connected with the reference, or are too few.

    Examples
    --------
    >>> made = [("A", "tamoxifen", "none", 0.60), ("B", "tamoxifen", "none", 0.70), ("E", "tamoxifen", "none", 0.65),
    ...         ("C", "aromatase_inhibitor", "tamoxifen", 0.80), ("D", "aromatase_inhibitor", "tamoxifen", 0.85)]
    >>> rows = [EffectEstimate.from_ci(hr, hr * 0.8, hr * 1.25, study=study, estimand="treatment_effect",
    ...                                treatment_1=one, treatment_0=other) for study, one, other, hr in made]
    >>> found = network(rows, ci="z")
    >>> print(found.contrast("aromatase_inhibitor", "none"))
    aromatase inhibitor v none treatment_effect: HR 0.53 (0.44-0.66), P < 0.001
    """
    choose("method", method, ("reml", "ml", "common"))
    choose("ci", ci, ("adhoc", "z"))
    prepared = contrasts_asked(
        effects, reference=reference, modifier=modifier, shared=shared, endpoint_map=endpoint_map, alike=alike
    )
    return _fitted(*prepared, method, ci)


def contrasts_asked(
    effects: Iterable[EffectEstimate], *, reference: str, modifier: bool, shared: Mapping[str, float] | None,
    endpoint_map: Mapping[str, str] | None, alike: Alike | None,
) -> tuple[Contrasts, tuple[EffectEstimate, ...], tuple[str, ...]]:  # fmt: skip
    """Return the contrasts of a network as arrays, the rows left out, and what is to be said of them.

    Raises
    ------
    PoolingError
        As `network`.
    """
    rows, left_out = estimated(effects)
    if modifier:
        rows, unpaired = interactions_of(rows)
        left_out = (*left_out, *unpaired)
    declared, mapping = alike or Alike(), endpoint_map or {}
    turned = {row.estimand for row in rows} == {"treatment_effect"}
    apart = replace(declared, treatment_contrast=_ANY, contrast=_ANY if turned else declared.contrast)
    check(rows, mapping, apart, dependent=True)
    data = contrasts_of(rows, reference, shared or {})
    untold = [replace(row, treatment_1="", treatment_0="") for row in rows]  # that treatments differ is no news
    return data, left_out, tuple(remarks(untold, mapping, declared))


def _fitted(
    data: Contrasts, left_out: tuple[EffectEstimate, ...], notes: tuple[str, ...], method: Method, ci: str
) -> Network:
    n, p = data.x.shape
    if method != "common" and n <= p:
        raise PoolingError(
            f"{n} contrasts of {p + 1} treatments leave nothing to see a variance between trials by. "
            "Pass method='common', or report the trials alone."
        )
    tau2, coefficients, cov, q = fit_columns(data.y, data.x, data, method)
    scale = max(1.0, q / (n - p)) if ci == "adhoc" and n > p else 1.0
    found = Network(
        effects=EffectRows(()), treatments=data.treatments, coefficients=coefficients, covariance=cov, scale=scale,
        df=n - p if ci == "adhoc" and n > p else None, tau2=tau2, inconsistency=_inconsistency(data, method),
        designs=data.designs, rows=data.rows, left_out=left_out, method=method, notes=notes,
    )  # fmt: skip
    base = data.treatments[0]
    return replace(found, effects=EffectRows(found.contrast(name, base) for name in data.treatments[1:]))


def fit_columns(y: Array, x: Array, data: Contrasts, method: Method) -> tuple[float, Array, Array, float]:
    """Fit columns; return tau2, coefficients, their covariance and the weighted residual sum of squares."""
    if method == "common":
        return (0.0, *gls(y, x, data.sampling))
    start = np.array([math.sqrt(float(np.diag(data.sampling).mean()))])
    fit = fit_between(y, x, data.sampling, squared_parts([data.between]), start, method)
    return float(fit.parameters[0] ** 2), fit.coefficients, fit.cov, fit.q


def _inconsistency(data: Contrasts, method: Method) -> Inconsistency:
    """Part heterogeneity into that within and between designs; test the latter beside tau2 too."""
    (n, p), full = data.x.shape, data.by_design.shape[1]
    total, within = (gls(data.y, x, data.sampling)[2] for x in (data.x, data.by_design))
    between = max(0.0, total - within)
    chi2 = p_random = tau2 = None
    if method != "common" and n > full > p:
        tau2 = fit_columns(data.y, data.by_design, data, method)[0]
        covariance = data.sampling + tau2 * data.between
        chi2 = max(0.0, gls(data.y, data.x, covariance)[2] - gls(data.y, data.by_design, covariance)[2])
        p_random = chi2_p(chi2, full - p)
    return Inconsistency(
        q=total, df=n - p, p_value=_chi2(total, n - p), q_within=within, df_within=n - full,
        p_within=_chi2(within, n - full), q_between=between, df_between=full - p, p_between=_chi2(between, full - p),
        chi2=chi2, p_random=p_random, tau2=tau2,
    )  # fmt: skip


def _chi2(q: float, df: int) -> float:
    return chi2_p(q, df) if df else 1.0
