"""What a screen says in words: its table with intervals, and the sentences that it allows.

Conventions: effects are per standard deviation of expression, with Wald intervals of 95%. A screen of one cohort gives
candidates; that a gene was not found is no evidence that it does nothing, which is why what could have been seen stands
beside it. P values below 0.000001 are not told apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtr, ndtri

from ..registry.known import branches
from ..vocabulary import FloatArray
from ..wording import Style, count, number, p_value, percent, ratio, ratio_with_interval
from .model import ScreenModel, Term
from .positions import official_symbols

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["detectable", "inflation", "readable", "readable_again", "reading", "reading_again", "share_found"]

_MEDIAN_CHISQ = 0.45493642311957283  # of 1 degree of freedom
_STYLE = Style(name="screen", p_floor=1e-6)
_NAMED = 10
_TRUE = (1.25, 1.5, 2.0)  # effects per SD of which is said how many would be found
_INFLATED = 1.1  # lambda above which more genes differ than chance lets differ


def detectable(table: pd.DataFrame, *, alpha: float = 0.05, power: float = 0.8) -> float:
    """Return the hazard ratio (or ratio of them) per standard deviation that a screen finds with this power.

    At the Bonferroni level and the median standard error (Schmoor 2000); NaN where no gene was fitted.
    """
    errors = _errors_per_sd(table)
    if not errors.size:
        return float("nan")
    return float(np.exp((_bonferroni(alpha, errors.size) + ndtri(power)) * np.median(errors)))


def share_found(table: pd.DataFrame, effect: float, *, alpha: float = 0.05) -> float:
    """Return the share of genes with this true hazard ratio (or ratio of them) per SD that a screen would find.

    At the Bonferroni level, each gene with its own standard error; NaN where no gene was fitted.
    """
    errors = _errors_per_sd(table)
    if not errors.size:
        return float("nan")
    away, least = abs(np.log(effect)) / errors, _bonferroni(alpha, errors.size)
    return float((ndtr(away - least) + ndtr(-away - least)).mean())


def _errors_per_sd(table: pd.DataFrame) -> FloatArray:
    fitted = table[table["p"].notna()]
    return (fitted["se"] * fitted["sd"]).to_numpy(float)


def _bonferroni(alpha: float, tests: int) -> float:
    """Return the |z| that a two-sided test must exceed where there are so many."""
    return float(ndtri(1 - alpha / (2 * tests)))


def inflation(table: pd.DataFrame) -> float:
    """Return the median of z squared over its expectation without any effect (genomic control's lambda)."""
    fitted = table["z"].dropna()
    return float((fitted**2).median() / _MEDIAN_CHISQ) if len(fitted) else float("nan")


def readable(table: pd.DataFrame, term: Term) -> pd.DataFrame:
    """Write rows of a screen for a reader.

    Parameters
    ----------
    table : DataFrame
        Rows of `screen(...).table`.
    term : "gene:treatment" | "gene"

    Returns
    -------
    DataFrame of str
        gene, N, events, the effect per SD with its interval, P, q, where the table has them the P that holds for all
        genes and the shrunken effect, for an interaction the gene's hazard ratio in treated and untreated, and why a
        gene was not fitted.
    """
    import pandas as pd

    arms = {"HR, treated": "_treated", "HR, untreated": "_untreated"} if term == "gene:treatment" else {}
    out: dict[str, Any] = {
        "gene": table["gene"].astype(str), "N": table["n"].map(count), "events": table["events"].map(count),
        f"{_measure(term)} per SD (95% CI)": _effects(table), "P": table["p"].map(_p), "q": table["q"].map(_p),
    }  # fmt: skip
    if "p_family" in table:
        out["P, all genes"] = table["p_family"].map(p_value)
    if "shrunken" in table:
        out["shrunken"] = [ratio(float(value)) for value in np.exp(table["shrunken"])]
    out |= {name: _effects(table, suffix) for name, suffix in arms.items()}
    return pd.DataFrame({**out, "not fitted": table["flag"]}).reset_index(drop=True)


def readable_again(table: pd.DataFrame, term: Term) -> pd.DataFrame:
    """Write the table of `replicate` for a reader: the effect in either cohort, and whether the second agrees."""
    import pandas as pd

    measure = f"{_measure(term)} per SD"
    again = table.rename(columns={"effect_again": "log_hr", "se_again": "se"}).assign(sd=1.0)
    out = pd.DataFrame(
        {
            "gene": table["gene"].astype(str), measure: [ratio(float(x)) for x in np.exp(table["effect"])],
            "P": table["p"].map(_p), f"{measure} there (95% CI)": _effects(again),
            "same direction": table["same_sign"].map({True: "yes", False: "no"}),
            "P there, one-sided": table["p_again"].map(_p), "q there": table["q_again"].map(_p),
        }
    )  # fmt: skip
    out.loc[table["p_again"].isna().to_numpy(), list(out)[3:]] = ["not held", "", "", ""]
    return out


def reading_again(table: pd.DataFrame, name: str) -> str:
    """Say how far a second cohort, of this name, says the same as the first; the table is that of `replicate`."""
    held = table[table["p_again"].notna()]
    same, found = held[held["same_sign"]], held[held["q_again"] < 0.05]
    names = f" ({', '.join(found['gene'].astype(str))})" if len(found) else ""
    return (
        f"Of these {count(len(table))} genes, held by {name}: {count(len(held))}; in the same direction: "
        f"{count(len(same))}; with q < 0.05: {count(len(found))}{names}. One that is not seen again is not refuted."
    )


def reading(table: pd.DataFrame, model: ScreenModel, sets: pd.DataFrame | None = None) -> tuple[str, ...]:
    """Say what a screen found, what of the cascade, what it could have seen, and what it cannot tell.

    Parameters
    ----------
    table : DataFrame
        `screen(...).table`.
    model : ScreenModel
    sets : DataFrame, optional
        Of `gene_set_table`.

    Returns
    -------
    tuple of str
        Sentences.
    """
    return tuple(
        filter(
            None,
            [
                _who(table, model), _found(table, model.term), _cascade(table, model.term), _together(sets),
                _least(table, model.term), _inflated(table), _caution(model),
            ],
        )
    )  # fmt: skip


def _measure(term: Term) -> str:
    return "ratio of HRs" if term == "gene:treatment" else "HR"


def _p(p: float) -> str:
    return p_value(p, _STYLE)


def _effects(table: pd.DataFrame, suffix: str = "") -> list[str]:
    """Write log hazard ratios, times the standard deviation, as ratios with their intervals."""
    z = float(ndtri(0.975))
    logs, errors = table["log_hr" + suffix] * table["sd"], table["se" + suffix] * table["sd"]
    limits = np.exp(np.column_stack([logs, logs - z * errors, logs + z * errors]))
    return [ratio_with_interval(float(value), float(low), float(high)) for value, low, high in limits]


def _named(table: pd.DataFrame, term: Term) -> str:
    """Name a gene with what was found, such as `MTOR (ratio of HRs 1.40 per SD, 1.11-1.76; P = 0.004, q = 0.220)`."""
    row = table.iloc[0]
    effect = _effects(table.iloc[:1])[0].replace(" (", " per SD, ").removesuffix(")")
    return f"{row['gene']} ({_measure(term)} {effect}; {_p_and_q(row)})"


def _p_and_q(row: Any) -> str:
    q = p_value(row.q, _STYLE, label=True).replace(_STYLE.p_symbol, "q")
    return f"{p_value(row.p, _STYLE, label=True)}, {q}"


def _who(table: pd.DataFrame, model: ScreenModel) -> str:
    analysis = model.analysis
    fitted, found = int(table["p"].notna().sum()), int((table["q"] < 0.05).sum())
    again = table["gene"][table["gene"].duplicated()].unique()
    repeated = f" (rows of a gene that stands on several, such as {again[0]}, count apart)" if len(again) else ""
    genes = f"{count(len(table))} genes{repeated}"
    return (
        f"{analysis.cohort.name}, {model.formula}: {genes} in {count(analysis.n)} patients "
        f"({count(analysis.events)} events); {count(fitted)} fitted, {count(found)} with q < 0.05."
    )


def _found(table: pd.DataFrame, term: Term) -> str:
    ranked = table[table["p"].notna()].sort_values("p", kind="stable")
    if ranked.empty:
        return ""
    found = ranked[ranked["q"] < 0.05]
    if found.empty:
        return f"No gene is found; the smallest P is that of {_named(ranked, term)}."
    more = f" and {count(len(found) - _NAMED)} more" if len(found) > _NAMED else ""
    names = ", ".join(found["gene"].iloc[:_NAMED].astype(str))
    return f"Candidates, until a second cohort says the same: {names}{more}. The first is {_named(found, term)}."


def _cascade(table: pd.DataFrame, term: Term) -> str:
    """Say which of the cascade's genes were found, or which came nearest."""
    named = {gene for members in branches().values() for gene in members}
    of_it = official_symbols(table["gene"]).isin(named).to_numpy()
    own = table[of_it & table["p"].notna()].sort_values("p", kind="stable")
    if own.empty:
        return f"No gene of the {'-'.join(branches())} cascade was fitted."
    found = own[own["q"] < 0.05]
    if found.empty:
        return f"Genes of the cascade: {count(len(own))}, none with q < 0.05; the nearest is {_named(own, term)}."
    names = ", ".join(found["gene"].astype(str))
    return f"Genes of the cascade: {count(len(own))}, of which {count(len(found))} with q < 0.05 ({names})."


def _together(sets: pd.DataFrame | None) -> str:
    if sets is None:
        return ""
    ranked: Any = sets.sort_values("p", kind="stable").itertuples()
    told = [(row, f"{row.set} {'above' if row.t > 0 else 'below'} the other genes ({_p_and_q(row)})") for row in ranked]
    found = [text for row, text in told if row.q < 0.05]
    if found:
        return f"Gene sets: {count(len(sets))}, of which with q < 0.05 {'; '.join(found)}."
    return f"Gene sets: {count(len(sets))}, none with q < 0.05; the nearest is {told[0][1]}."


def _least(table: pd.DataFrame, term: Term) -> str:
    least = detectable(table)
    what = "ratio of hazard ratios" if term == "gene:treatment" else "hazard ratio"
    shares = ", ".join(f"{_of_them(share_found(table, effect))} of those with {effect:g}" for effect in _TRUE)
    return (
        f"With 80% power this screen finds a {what} of {ratio(least)} (or {ratio(1 / least)}) per SD; it would find "
        f"{shares}: what is smaller may be there and not be seen."
    )


def _of_them(share: float) -> str:
    return "nearly all" if share >= 0.995 else percent(share, 0)


def _inflated(table: pd.DataFrame) -> str:
    value = inflation(table)
    if not value > _INFLATED:
        return ""
    return (
        f"The median squared z is {number(value)} times that without any effect (lambda): many genes have one, or "
        "the model leaves something out."
    )


def _caution(model: ScreenModel) -> str:
    if model.term == "gene":
        return "Genes are prognostic here: one arm cannot tell whether any of them predicts failure of the treatment."
    if model.analysis.cohort.design == "randomised":
        return ""
    return "Treatment was not randomised: an interaction may come from who was treated."
