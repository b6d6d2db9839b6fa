"""Multiple imputation of covariates by chained equations, with the outcome in the imputation model.

Conventions: predictive mean matching (statsmodels `MICEData`, with five donors and matching of type 1) for each
covariate in turn, given all others, the marker, the treatment, the indicators of event and competing death and their
Nelson-Aalen cumulative hazards at each patient's own time. Where both arms are there the imputation is done within
each arm, so that no treatment interaction is imputed away. Markers are never imputed. Every chain has its own stream,
spawned from the seed.

References
----------
White IR, Royston P 2009, doi:10.1002/sim.3618. van Buuren S 2018, Flexible Imputation of Missing Data, chapters 3-4
(matching: 3.4.2).
Tilling K et al. 2016, doi:10.1016/j.jclinepi.2016.07.004 (interactions: impute by arm).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..analysis import AnalysisSet
from ..analysis.exposure import refuse_unhonoured
from ..analysis.follow_up import delayed_entry
from ..effects import EffectEstimate
from ..errors import AnalysisError, QuestionError
from ..flow import Step
from ..inference.rubin import rubin
from ..tables.cells import number_cell, share_cell
from ..tables.shown import ShowsTable
from ..tables.table import Cell, Column, Row, Table
from ..vocabulary import FloatArray, IntArray, one_or_more
from ..wording import count, number
from .survival import at_risk
from .watching import steps

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["IMPUTED", "Imputations", "impute", "nearest_donors", "nelson_aalen"]

IMPUTED = ("age", "menopause", "pr", "grade", "size_mm", "nodes", "chemotherapy", "radiotherapy", "diagnosis_year")
"""Covariates that are imputed unless others are named."""
_DONORS = 5
_MIXED = 1.2  # R-hat above which chains are said not to have mixed


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Imputations(ShowsTable):
    """Completed copies of an analysis set, and how they were made; `pool` gives effect rows.

    Attributes
    ----------
    analysis : AnalysisSet
        With its missing values.
    completed : tuple of AnalysisSet
    missing : tuple of (str, int)
        Column and number of values imputed.
    by_arm : bool
    seed, iterations : int
    unmixed : tuple of (str, float)
        Columns whose chains had not mixed, with their R-hat.
    """

    analysis: AnalysisSet
    completed: tuple[AnalysisSet, ...]
    missing: tuple[tuple[str, int], ...]
    by_arm: bool
    seed: int
    iterations: int
    unmixed: tuple[tuple[str, float], ...] = ()

    @property
    def m(self) -> int:
        """Number of imputations."""
        return len(self.completed)

    def pool(self, fit: Callable[[AnalysisSet], EffectEstimate], *, df_complete: float | None = None) -> EffectEstimate:
        """Fit each completed set and pool by Rubin's rules.

        Parameters
        ----------
        fit : callable
            Such as `lambda a: tr.cox(a, adjust=["grade", "nodes"]).effect`.
        df_complete : float, optional
            Degrees of freedom of complete data; events less the covariates and the focus, if None.

        Raises
        ------
        AnalysisError
            If an interaction or treatment effect is asked of imputations that were not made by arm.
        """
        rows = [fit(a) for a in self.completed]
        first = rows[0]
        self._refuse_flattened(first)
        points = [row.point if row.point is not None else float("nan") for row in rows]
        variances = [row.se**2 if row.se is not None else float("nan") for row in rows]
        if df_complete is None:
            df_complete = max((first.events or 0) - 1 - len(first.adjusted_for), 1)
        pooled = rubin(points, variances, df_complete=df_complete)
        point: dict[str, Any] = {"log_estimate" if first.is_ratio else "difference": pooled.estimate}
        share = f"Fraction of missing information {number(pooled.fmi)}."
        return replace(
            first, **point, se=pooled.se, df=pooled.df, p_value=None, p_kind="", term_p=None, se_kind="rubin",
            ci_kind="rubin", missing="mice", flags=(*first.flags, *self.flags),
            remark=" ".join(filter(None, [first.remark, f"m = {self.m}. {self.note}", share])),
        )  # fmt: skip

    @property
    def flags(self) -> tuple[str, ...]:
        """Codes of what must be said of every row pooled over the imputations."""
        return ("imputed", "chains_not_mixed") if self.unmixed else ("imputed",)

    def beside(self, fit: Callable[[AnalysisSet], EffectEstimate]) -> tuple[EffectEstimate, EffectEstimate]:
        """Return the complete-case row and the imputed row."""
        return fit(self.analysis), self.pool(fit)

    @property
    def note(self) -> str:
        """What was imputed, and whether the chains had mixed."""
        what = ", ".join(f"{name} {n:,}" for name, n in self.missing) or "nothing was missing"
        text = f"Imputed: {what} (seed {self.seed}, {self.iterations} iterations{', by arm' if self.by_arm else ''})."
        if self.unmixed:
            worst = ", ".join(f"{name} (R-hat {number(value)})" for name, value in self.unmixed)
            text += f" Chains had not mixed: {worst}; use more iterations."
        return text

    def _refuse_flattened(self, row: EffectEstimate) -> None:
        about_treatment = row.estimand in ("interaction", "treatment_effect") or row.flagged("product_term")
        if about_treatment and not self.by_arm and self.missing:
            raise AnalysisError(
                "These imputations leave out the interaction with treatment, which biases it towards none.",
                mend="Impute by arm: impute(..., by_arm=True).",
            )

    def __str__(self) -> str:
        return f"{self.m} imputations of {count(self.analysis.n)} patients. {self.note}"

    def table(self) -> Table:
        """Return the columns imputed as a table: in how many patients, and whether their chains had mixed."""
        unmixed = dict(self.unmixed)
        rows = [
            Row((Cell(name), share_cell(n, self.analysis.n), number_cell(unmixed.get(name))))
            for name, n in self.missing
        ]
        return Table(
            title=f"{self.m} imputations: {self.analysis.cohort.title}, {self.analysis.population}",
            columns=(Column("Column"), Column("Imputed", "count"), Column("R-hat, if not mixed", "number")),
            rows=tuple(rows), footnotes=(self.note,),
        )  # fmt: skip


def nelson_aalen(time: FloatArray, event: IntArray, entry: FloatArray | None = None) -> FloatArray:
    """Return the Nelson-Aalen cumulative hazard at each patient's own time, shape (n,).

    Examples
    --------
    >>> import numpy as np
    >>> nelson_aalen(np.array([1.0, 2.0, 2.0]), np.array([1, 1, 0])).round(4).tolist()
    [0.3333, 0.8333, 0.8333]
    """
    times, where = np.unique(time, return_inverse=True)
    failed = np.bincount(where, np.asarray(event) == 1, times.size)
    n = at_risk(times, time, entry)
    return np.asarray(np.cumsum(np.divide(failed, n, out=np.zeros_like(failed), where=n > 0))[where])


def impute(
    analysis: AnalysisSet,
    *,
    columns: str | Sequence[str] | None = None,
    m: int = 20,
    seed: int = 1,
    iterations: int = 10,
    by_arm: bool | None = None,
    jobs: int = 1,
) -> Imputations:
    """Impute missing covariates m times.

    Parameters
    ----------
    analysis : AnalysisSet
    columns : str or sequence of str, optional
        Covariates of the imputation model, those of the analysis among them; if None, those of `IMPUTED` that the
        cohort holds for at least half of the patients.
    m, seed, iterations : int
        At least as many imputations as per cent of patients with a missing value are advised.
    by_arm : bool, optional
        Whether within each arm; where both are there, if None.
    jobs : int
        Workers of joblib.

    Returns
    -------
    Imputations

    Raises
    ------
    QuestionError
        If a column is unknown, is a marker, or has more than two unordered levels and missing values.
    AnalysisError
        If a column is never observed.

    Examples
    --------
    >>> import tamoxres as tr
    >>> made = tr.simulate(300, truth=tr.Truth(missing=0.2), seed=1)  # these are no patients
    >>> half = tr.select(made, marker="MARKER", endpoint="BCSS", er="any", treatment="any")
    >>> impute(half, columns="grade", m=2).m
    2
    """
    if m < 2 or iterations < 1:
        raise AnalysisError(f"Imputation needs m of at least 2 and at least 1 iteration; found {m} and {iterations}.")
    arms = analysis.has_both_arms if by_arm is None else by_arm
    refuse_unhonoured(analysis, ["treatment"] if arms else [], (), "Imputation by arm" if arms else "Imputation")
    frame = analysis.frame
    levels = {name: _levels(frame, name) for name in (one_or_more(columns) if columns is not None else _held(frame))}
    missing = tuple((name, int(frame[name].isna().sum())) for name in levels if frame[name].isna().any())
    parts = [part for _, part in frame.groupby("treatment", observed=True)] if arms else [frame]
    chains = _run([_numeric(part, levels) for part in parts], m, seed, iterations, jobs) if missing else []
    step = Step(name=f"Missing covariates imputed (m = {m})", why="", patients=analysis.n, events=analysis.events)
    flow = analysis.flow.then(step)
    completed = tuple(
        replace(analysis, frame=_decoded(frame, levels, [c.table for c in chains[i::m]]), flow=flow) for i in range(m)
    )
    return Imputations(
        analysis=analysis, completed=completed, missing=missing, by_arm=arms, seed=seed, iterations=iterations,
        unmixed=tuple(one for name, _ in missing for one in _unmixed(name, chains, m)),
    )  # fmt: skip


def _held(frame: pd.DataFrame) -> list[str]:
    return [name for name in IMPUTED if name in frame and frame[name].notna().mean() >= 0.5]


def _levels(frame: pd.DataFrame, name: str) -> tuple[str, ...]:
    """Return the levels of a covariate, none for a number; refuse what mean matching cannot impute."""
    if name not in frame or name in ("months", "event", "entry", "marker", "treatment"):
        raise QuestionError(
            f"{name} is no covariate that can be imputed. Name columns of the cohort beside the marker."
        )
    values = frame[name]
    if values.isna().all():
        raise AnalysisError(f"Column {name} is never observed here, so it cannot be imputed.", mend="Leave it out.")
    if values.dtype.kind in "fiu":
        return ()
    levels = tuple(sorted(values.dropna().astype(str).unique()))
    if len(levels) > 2 and values.isna().any():
        raise QuestionError(
            f"{name} has {len(levels)} unordered levels and missing values; mean matching takes numbers and pairs. "
            "Leave it out, or merge its levels into two."
        )
    return levels


def _numeric(part: pd.DataFrame, levels: dict[str, tuple[str, ...]]) -> pd.DataFrame:
    """Code an arm as numbers: its covariates, the outcome, marker and treatment."""
    import pandas as pd

    out: dict[str, Any] = {}
    for name, order in levels.items():
        values = part[name]
        if not order:
            out[name] = values.astype(float)
        elif len(order) <= 2:
            out[name] = values.astype(object).map({level: float(i) for i, level in enumerate(order)}).astype(float)
        else:
            out |= {f"{name} {level}": (values.astype(str) == level).astype(float) for level in order[1:]}
    time, event, entry = part["months"].to_numpy(float), part["event"].to_numpy(int), delayed_entry(part)
    for cause in (1, 2):
        out[f"event {cause}"] = (event == cause).astype(float)
        out[f"hazard {cause}"] = nelson_aalen(time, (event == cause).astype(int), entry)
    for name in ("marker", "treatment"):
        is_number = part[name].dtype.kind == "f"
        codes = part[name].to_numpy() if is_number else pd.Categorical(part[name]).codes.astype(float)
        out[name] = codes if is_number else np.maximum(codes, 0.0)
    return pd.DataFrame(out, index=part.index)


@dataclass(frozen=True, slots=True, eq=False)
class _Chain:
    """A completed table of one arm, and the mean of the imputed values of each column by iteration."""

    table: pd.DataFrame
    means: pd.DataFrame


def _run(tables: list[pd.DataFrame], m: int, seed: int, iterations: int, jobs: int) -> list[_Chain]:
    """Run m chains on each arm; the chains of an arm stand together."""
    from joblib import Parallel, delayed

    streams = np.random.SeedSequence(seed).spawn(m * len(tables))
    chains = [(tables[k // m], stream) for k, stream in enumerate(streams)]
    tasks = (delayed(_chain)(*chain, iterations) for chain in steps(chains, "chains of imputation"))
    return list(Parallel(n_jobs=jobs)(tasks))


def _chain(table: pd.DataFrame, stream: np.random.SeedSequence, iterations: int) -> _Chain:
    import pandas as pd

    never = [str(name) for name in table if table[name].isna().all()]
    if never:
        raise AnalysisError(
            f"Column {never[0]} is never observed in one arm, so it cannot be imputed there.", mend="Leave it out."
        )
    varying = [str(name) for name in table if table[name].nunique() > 1]
    filled = table.fillna({name: table[name].dropna().iloc[0] for name in table if name not in varying})
    holes = table[varying].isna()
    gaps = [name for name in varying if holes[name].any()]
    if not gaps:
        return _Chain(filled, pd.DataFrame())
    coded = filled[varying].set_axis([f"v{i}" for i in range(len(varying))], axis=1)
    chain = _chained(coded, np.random.default_rng(stream))
    means = []
    for _ in range(iterations):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a covariance short of full rank; donors are real
            chain.update_all(1)
        filled[varying] = chain.data.to_numpy()
        means.append({name: float(filled[name][holes[name]].mean()) for name in gaps})
    return _Chain(filled, pd.DataFrame(means))


def _chained(coded: pd.DataFrame, draw: np.random.Generator) -> Any:
    """Return statsmodels' chained equations, matching as R's mice does.

    Its own matching predicts observed and missing values with the same drawn coefficients (van Buuren's type 2). Donors
    are then alike in what was drawn, not in what is likely, which pulls effects towards none and errors with them
    (`tamoxres calibrate` showed it); type 1 predicts the observed with the estimated coefficients.
    """
    from statsmodels.imputation.mice import MICEData

    class Chained(MICEData):  # type: ignore[misc]
        def impute_pmm(self, vname: str) -> None:
            known, x_known, x_missing, *_ = self.get_split_data(vname)
            model, estimated, drawn = self.models[vname], self.results[vname].params, self.params[vname]
            likely, missing = (np.asarray(model.predict(b, x)) for b, x in ((estimated, x_known), (drawn, x_missing)))
            donors = nearest_donors(likely, missing, _DONORS, self.rng)
            self._store_changes(vname, np.ravel(known)[donors])

    return Chained(coded, k_pmm=_DONORS, rng=draw)


def nearest_donors(likely: FloatArray, wanted: FloatArray, k: int, draw: np.random.Generator) -> IntArray:
    """Draw for each wanted value one of the k observations whose predicted values lie nearest, shape (wanted,).

    Examples
    --------
    >>> nearest_donors(np.array([1.0, 5.0, 2.0]), np.array([4.0, 0.0]), 1, np.random.default_rng(1)).tolist()
    [1, 0]
    """
    order = np.argsort(likely, kind="stable")
    k = min(k, likely.size)
    # The nearest k are neighbours in the order: they begin at most k places before where the value would stand.
    at = np.searchsorted(likely[order], wanted)
    near = np.clip(at[:, None] + np.arange(-k, k), 0, likely.size - 1)
    distance = np.abs(likely[order][near] - wanted[:, None])
    distance[:, 1:][near[:, 1:] == near[:, :-1]] = np.inf  # an end stands only once
    chosen = np.argsort(distance, axis=1, kind="stable")[np.arange(wanted.size), draw.integers(0, k, wanted.size)]
    return np.asarray(order[near[np.arange(wanted.size), chosen]])


def _decoded(frame: pd.DataFrame, levels: dict[str, tuple[str, ...]], tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Put the imputed values of all arms into the frame, levels as levels."""
    import pandas as pd

    if not tables:
        return frame
    whole = pd.concat(tables).reindex(frame.index)
    out = {}
    for name, order in levels.items():
        if name in whole:
            values = whole[name].map(dict(enumerate(order))) if order else whole[name]
            out[name] = frame[name].where(frame[name].notna(), values)
    return frame.assign(**out)


def _unmixed(name: str, chains: list[_Chain], m: int) -> list[tuple[str, float]]:
    """Compare the chains of each arm over the second half of the iterations (Gelman and Rubin); report the worst."""
    worst = 1.0
    for start in range(0, len(chains), m):
        arm = [c.means[name].to_numpy() for c in chains[start : start + m] if name in c.means]
        half = np.array([means[means.size // 2 :] for means in arm])
        if half.size == 0 or half.shape[1] < 2:
            continue
        within = float(half.var(axis=1, ddof=1).mean())
        between = float(half.mean(axis=1).var(ddof=1))
        if within > 0:
            worst = max(worst, float(np.sqrt((half.shape[1] - 1) / half.shape[1] + between / within)))
    return [(name, worst)] if worst > _MIXED else []
