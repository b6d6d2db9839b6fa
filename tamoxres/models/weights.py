"""Propensity of endocrine therapy, the weights made from it, their balance, and the weighted hazard ratio.

Conventions: the propensity e is that of treatment, by logistic regression on complete cases (numbers linear, levels
against their reference). Weights of treated and untreated: `iptw` q/e and (1 - q)/(1 - e), stabilised by the share
treated q; `att` 1 and e/(1 - e); `overlap` 1 - e and e. Standardised mean differences are in units of the unweighted
arms' standard deviation, before and after. The robust standard error takes the weights for known, which is
conservative; the bootstrap estimates the propensity anew in each resample. Weighting mends measured confounding alone.

References
----------
Rosenbaum PR, Rubin DB 1983, Biometrika 70:41. Robins JM et al. 2000, Epidemiology 11:550 (stabilised weights).
Li F, Morgan KL, Zaslavsky AM 2018, doi:10.1080/01621459.2016.1260466 (overlap). Austin PC 2009, doi:10.1002/sim.3697.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from scipy.special import expit

from ..analysis import TREATED, AnalysisSet
from ..analysis.design import Design, complete_cases, make_design, refuse_stray_texts
from ..analysis.follow_up import delayed_entry
from ..effects import EffectEstimate
from ..errors import AnalysisError
from ..inference.verdict import design_flags
from ..kernel.cox import fit_cox
from ..kernel.residuals import robust_covariance
from ..tables.effects import EffectRows
from ..tables.shown import ShowsEffects
from ..tables.table import Table
from ..vocabulary import FloatArray, IntArray, one_or_more
from ..wording import number
from .grouping import group_patients
from .positivity import check_positivity
from .resampling import bootstrap

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["INDICATION", "METHODS", "PropensityWeights", "balance_table", "propensity_scores", "weights"]

Method = Literal["iptw", "att", "overlap"]
_NEVER = 1e-12  # a propensity is kept this far from 0 and 1
_PARTED = 1e-3  # scores that are all nearer than this to what happened tell it: they run to 0 and 1
_LARGEST = 1e3
_SEPARATED = "The propensity has no finite estimate: covariates separate treated from untreated."
_STEPS, _SMALLEST_STEP, _RIDGE = 100, 1e-14, 1e-10  # of Newton's climb; the ridge takes a step where columns repeat
INDICATION = ("age", "menopause", "nodes", "size_mm", "grade", "diagnosis_year", "site", "chemotherapy")
"""Confounders by indication: what decides who is given endocrine therapy."""

METHODS: dict[str, Callable[[FloatArray, FloatArray], FloatArray]] = {
    "iptw": lambda e, t: np.where(t == 1, t.mean() / e, (1 - t.mean()) / (1 - e)),
    "att": lambda e, t: np.where(t == 1, 1.0, e / (1 - e)),
    "overlap": lambda e, t: np.where(t == 1, 1 - e, e),
}
"""Weights from the propensity e and treatment t (1 or 0), shape (n,)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PropensityWeights(ShowsEffects):
    """Weights that make treated and untreated patients alike in the measured covariates.

    Attributes
    ----------
    analysis : AnalysisSet
        The complete cases (within the trimmed range of propensity, if any).
    adjust : tuple of str
        Covariates of the propensity model.
    method : "iptw" | "att" | "overlap"
    design : Design
        Covariates of the complete cases.
    treated : array of float, shape (n,)
        1 or 0.
    propensity, weights : array of float, shape (n,)
    trim : float or None
    """

    analysis: AnalysisSet
    adjust: tuple[str, ...]
    method: Method
    design: Design
    treated: FloatArray
    propensity: FloatArray
    weights: FloatArray
    trim: float | None = None

    @property
    def balance(self) -> pd.DataFrame:
        """One row a covariate: means in the arms, standardised differences and variance ratios before and after."""
        return balance_table(self.design, self.treated, self.weights)

    @property
    def ess(self) -> pd.DataFrame:
        """Effective sample size of each arm, (sum w)^2 / sum w^2: arm, n, ess."""
        import pandas as pd

        rows = []
        for name, arm in (("untreated", 0), ("treated", 1)):
            w = self.weights[self.treated == arm]
            rows.append((name, w.size, float(w.sum() ** 2 / (w @ w))))
        return pd.DataFrame(rows, columns=["arm", "n", "ess"])

    @property
    def effect(self) -> EffectEstimate:
        """The weighted hazard ratio of treatment, with its robust standard error."""
        return self.cox()

    @property
    def effects(self) -> EffectRows:
        """The weighted hazard ratio alone."""
        return EffectRows([self.cox()])

    def table(self) -> Table:
        """Return the weighted hazard ratio as a table, with balance and effective sample size below."""
        return self.effects.table().with_footnotes(f"{self}.")

    def cox(
        self, *, adjust: str | Sequence[str] = (), resamples: int = 0, seed: int = 1, jobs: int = 1
    ) -> EffectEstimate:
        """Fit the weighted Cox model of treatment.

        Parameters
        ----------
        adjust : str or sequence of str
            Covariates in the outcome model too: the hazard ratio is then conditional on them.
        resamples : int
            0 gives the robust standard error; else that of so many bootstrap resamples.
        seed, jobs : int
        """
        adjust = one_or_more(adjust)
        columns = [name for name in adjust if name not in self.adjust]
        if columns and self.analysis.frame[columns].isna().to_numpy().any():
            raise AnalysisError(
                f"{columns[0]} is not among the covariates of the propensity ({', '.join(self.adjust)})."
            )
        x = self.treated[:, None]
        if adjust:
            x = np.hstack([x, make_design(self.analysis.frame, list(adjust)).x])
        log_estimate, se = _weighted_fit(self.analysis, x, self.weights)
        if resamples:
            se = float(bootstrap(self._again(x), self.treated.size, m=resamples, seed=seed, jobs=jobs).se[0])
        return self._row(log_estimate, se, adjust, resamples)

    def _again(self, x: FloatArray) -> Callable[[IntArray], FloatArray]:
        def statistic(rows: IntArray) -> FloatArray:
            treated = self.treated[rows]
            w = METHODS[self.method](propensity_scores(self.design.x[rows], treated), treated)
            return np.array([_weighted_fit(self.analysis, x, w, rows)[0]])

        return statistic

    def _row(self, log_estimate: float, se: float, adjust: Sequence[str], resamples: int) -> EffectEstimate:
        row = group_patients(self.analysis, "treatment").describe()
        row["flags"] = (*row["flags"], *design_flags(self.analysis.design))
        trimmed = f"Propensity {self.trim:g} to {1 - self.trim:g}." if self.trim else ""
        resampled = f"{resamples} resamples." if resamples else ""
        return EffectEstimate(
            **row,
            measure="HR",
            log_estimate=log_estimate,
            se=se,
            se_kind="bootstrap" if resamples else "robust",
            adjusted_for=self.adjust,
            term="treatment",
            model="cox",
            ties="efron",
            weights=self.method,
            remark=" ".join(text for text in (trimmed, "Adjusted too." if adjust else "", resampled) if text),
        )

    def __str__(self) -> str:
        after = number(float(self.balance["smd_after"].abs().max()))
        ess = " + ".join(number(value, 0) for value in self.ess["ess"])
        return f"{self.method} weights on {', '.join(self.adjust)}: largest SMD {after}, effective sample size {ess}"


def weights(
    analysis: AnalysisSet,
    *,
    adjust: str | Sequence[str] | None = None,
    method: Method = "iptw",
    trim: float | None = None,
) -> PropensityWeights:
    """Weight treated and untreated patients by their propensity of treatment.

    Parameters
    ----------
    analysis : AnalysisSet
        Selected with `treatment="any"`.
    adjust : str or sequence of str, optional
        Covariates; those of `INDICATION` that vary and are known in at least half of the patients, if None.
    method : "iptw" | "att" | "overlap"
        Everybody's, the treated's, or the population in which treatment was in doubt.
    trim : float, optional
        Patients with a propensity below `trim` or above 1 - `trim` leave.

    Returns
    -------
    PropensityWeights

    Raises
    ------
    AnalysisError
        If an arm is missing, or positivity is violated: it names the stratum all or none of which was treated.

    Examples
    --------
    >>> import tamoxres as tr
    >>> gbsg = tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")
    >>> print(weights(gbsg).effect)
    GBSG trial 2 RFS treatment_effect: HR 0.67 (0.51-0.88), P = 0.004
    """
    if method not in get_args(Method):
        raise AnalysisError(f"Unknown weights {method!r}.", mend=f"Use one of {', '.join(get_args(Method))}.")
    if not analysis.has_both_arms:
        raise AnalysisError(f"{analysis.cohort.name} has one arm here; weights need both.", mend="Use treatment='any'.")
    columns = one_or_more(adjust) if adjust is not None else _known(analysis)
    complete = complete_cases(analysis, ["treatment", *columns], estimator="Propensity weights")
    refuse_stray_texts(complete.frame, columns)
    check_positivity(complete, columns, tails=method != "overlap")
    design = make_design(complete.frame, list(columns))
    treated = np.asarray(complete.frame["treatment"] == TREATED, dtype=float)
    propensity = propensity_scores(design.x, treated)
    if trim is not None:
        inside = (propensity >= trim) & (propensity <= 1 - trim)
        why = f"propensity outside {trim:g} to {1 - trim:g} {int((~inside).sum()):,}"
        complete = complete.without(inside, name=f"Propensity {trim:g} to {1 - trim:g}", why=why)
        design = Design(x=design.x[inside], terms=design.terms, names=design.names)
        treated, propensity = treated[inside], propensity[inside]
    w = METHODS[method](propensity, treated)
    _refuse_runaway(complete, w, treated, propensity)
    return PropensityWeights(
        analysis=complete, adjust=columns, method=method, design=design, treated=treated, propensity=propensity,
        weights=w, trim=trim,
    )  # fmt: skip


def _refuse_runaway(analysis: AnalysisSet, w: FloatArray, treated: FloatArray, propensity: FloatArray) -> None:
    """Refuse a weight that outweighs whole cohorts: its patient had next to no chance of the treatment received."""
    worst = int(np.argmax(w))
    if w[worst] > _LARGEST:
        arm = "treated" if treated[worst] else "untreated"
        raise AnalysisError(
            f"Patient {analysis.frame.index[worst]!r} was {arm} against a propensity of {propensity[worst]:.6f} and "
            f"would weigh {w[worst]:,.0f}. Trim (trim=0.05), or use overlap weights."
        )


def _known(analysis: AnalysisSet) -> tuple[str, ...]:
    frame = analysis.frame
    known = [c for c in INDICATION if c in frame and frame[c].notna().mean() >= 0.5 and frame[c].nunique() > 1]
    if not known:
        raise AnalysisError(
            f"{analysis.cohort.name} holds no confounder by indication.", mend="Name covariates in adjust."
        )
    return tuple(known)


def propensity_scores(x: FloatArray, treated: FloatArray) -> FloatArray:
    """Return the fitted probability of treatment by logistic regression on x (n, p), with an intercept.

    Raises
    ------
    AnalysisError
        If the covariates separate treated from untreated patients, or collapse.
    """
    centred = (x - x.mean(axis=0)) / np.maximum(x.std(axis=0), 1e-12)
    design, n = np.column_stack([np.ones(len(x)), centred]), len(x)
    beta, ridge = np.zeros(design.shape[1]), _RIDGE * np.eye(design.shape[1])
    scores = np.full(n, 0.5)
    for _ in range(_STEPS):
        bend = (design * (scores * (1 - scores))[:, None]).T @ design / n
        step = np.linalg.solve(bend + ridge, design.T @ (treated - scores) / n)
        beta += step
        scores = expit(design @ beta)
        if np.allclose(scores, treated, rtol=0, atol=1e-8):
            raise AnalysisError(_SEPARATED, mend="Adjust for fewer.")
        if np.abs(step).max() <= _SMALLEST_STEP:
            break
    try:
        np.linalg.inv((design * (scores * (1 - scores))[:, None]).T @ design)
    except np.linalg.LinAlgError:
        raise AnalysisError(_SEPARATED, mend="Adjust for fewer.") from None
    if np.abs(scores - treated).max() < _PARTED:
        raise AnalysisError(_SEPARATED, mend="Adjust for fewer.")
    return np.asarray(np.clip(scores, _NEVER, 1 - _NEVER))


def _weighted_fit(
    analysis: AnalysisSet, x: FloatArray, w: FloatArray, rows: IntArray | None = None
) -> tuple[float, float]:
    """Return log hazard ratio and robust standard error of the first column."""
    frame = analysis.frame
    take = slice(None) if rows is None else rows
    entry = delayed_entry(frame)
    fitted = fit_cox(
        frame["months"].to_numpy(float)[take], np.asarray(frame["event"] == 1, dtype=int)[take], x[take],
        entry=None if entry is None else entry[take], weights=w,
    )  # fmt: skip
    if fitted.flags:
        raise AnalysisError(
            f"The weighted Cox model cannot be estimated ({'; '.join(fitted.flags)}).", mend="Adjust for fewer."
        )
    se = 0.0 if rows is not None else float(np.sqrt(robust_covariance(fitted)[0, 0]))
    return float(fitted.coefficients[0]), se


def balance_table(design: Design, treated: FloatArray, w: FloatArray) -> pd.DataFrame:
    """Tabulate balance: covariate, mean_treated, mean_untreated, smd and variance ratio before and after weighting.

    Parameters
    ----------
    design : Design
        Of n patients; a level is a covariate of its own.
    treated, w : array of float, shape (n,)
    """
    import pandas as pd

    one, none = treated == 1, treated == 0
    rows: list[dict[str, Any]] = []
    for name, values in zip(design.names, design.x.T, strict=True):
        spread = float(np.sqrt((values[one].var(ddof=1) + values[none].var(ddof=1)) / 2))
        row: dict[str, Any] = {
            "covariate": name,
            "mean_treated": values[one].mean(),
            "mean_untreated": values[none].mean(),
        }
        binary = set(np.unique(values)) <= {0.0, 1.0}
        for when, weight in (("before", np.ones_like(w)), ("after", w)):
            means = [float(np.average(values[arm], weights=weight[arm])) for arm in (one, none)]
            row[f"smd_{when}"] = (means[0] - means[1]) / spread
            variances = [
                float(np.average((values[arm] - mean) ** 2, weights=weight[arm]))
                for arm, mean in zip((one, none), means, strict=True)
            ]
            row[f"variance_ratio_{when}"] = float("nan") if binary else variances[0] / variances[1]
        rows.append(row)
    return pd.DataFrame(rows)
