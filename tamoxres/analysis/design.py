"""From patients to a design matrix: terms with explicit reference levels, complete cases, and what cannot be estimated.

Conventions: a term is one question put to the model (a marker, age, grade as levels); a level's column is 1 in that
level and 0 elsewhere; the reference is the codebook's first level that occurs, else the first in sorted order. A number
enters linearly, per unit; `factor(grade)` enters its values as levels.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..codebook import column
from ..errors import AnalysisError, QuestionError
from ..vocabulary import FloatArray
from .sets import AnalysisSet

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Design", "Term", "column_of", "complete_cases", "make_design", "parts_of", "term_values"]

_FACTOR = re.compile(r"factor\((\w+)\)")
_OWN = {"months", "event", "entry"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A term of the model and the columns it owns in the design matrix.

    Attributes
    ----------
    name : str
        Column of the analysis frame, or two of them joined by `:`.
    columns : tuple of int
    levels : tuple of str
        One a column; empty for a number.
    reference : str
        Reference level; empty for a number.
    """

    name: str
    columns: tuple[int, ...]
    levels: tuple[str, ...] = ()
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Design:
    """The design matrix of one model, with its terms.

    Attributes
    ----------
    x : array of float, shape (n, p)
    terms : tuple of Term
    names : tuple of str
        One a column, such as `marker[altered]`.
    """

    x: FloatArray
    terms: tuple[Term, ...]
    names: tuple[str, ...]

    def term(self, name: str) -> Term:
        """Return a term by its name."""
        return next(term for term in self.terms if term.name == name)


def column_of(term: str) -> str:
    """Return the column that a term reads: `grade` of `factor(grade)`."""
    return _FACTOR.sub(r"\1", term)


def parts_of(term: str) -> tuple[str, ...]:
    """Return the columns whose product a term is: one for a plain term, two for `treatment:marker`."""
    return tuple(term.split(":"))


def complete_cases(analysis: AnalysisSet, columns: Iterable[str]) -> AnalysisSet:
    """Keep the patients in whom all model columns are known, saying in the flow what was missing in how many."""
    wanted = list(dict.fromkeys(column_of(name) for name in columns))
    frame = analysis.frame
    for name in wanted:
        if name not in frame or name in _OWN:
            have = ", ".join(c for c in frame.columns if c not in _OWN and frame[c].notna().any())
            raise QuestionError(f"{analysis.cohort.name} has no column {name!r}. It has {have}.")
        _refuse_after_baseline(name)
    missing = frame[wanted].isna()
    gone = missing.to_numpy().any(axis=1)
    if not gone.any():
        return analysis
    why = ", ".join(f"{name} unknown {int(n):,}" for name, n in missing.sum().items() if n)
    kept = analysis.without(~gone, name=f"Covariates known ({', '.join(wanted)})", why=why)
    if kept.n == 0:
        raise AnalysisError(
            f"No patient of {analysis.cohort.name} has all of {', '.join(wanted)}: {why}.", mend="Adjust for fewer."
        )
    return kept


def _refuse_after_baseline(name: str) -> None:
    if name in ("endocrine_stop_months", "endocrine_start_months"):
        raise QuestionError(
            f"{name} is only known after follow-up began: as a baseline covariate it makes immortal time. Leave it out."
        )


def term_values(frame: pd.DataFrame, name: str) -> pd.Series[Any]:
    """Return the values a term reads: its column, or for `factor(column)` the column's values as level names."""
    found = _FACTOR.fullmatch(name)
    if found is None:
        return frame[name]
    values = frame[found[1]]
    if values.dtype.kind not in "fiu":
        return values
    return values.map(lambda value: f"{value:g}").rename(name)


def make_design(frame: pd.DataFrame, terms: Sequence[str]) -> Design:
    """Build the design matrix of complete cases.

    Parameters
    ----------
    frame : DataFrame
        Without missing values in the columns of the terms.
    terms : sequence of str
        Column names; `a:b` is the product of two terms.

    Raises
    ------
    AnalysisError
        If a column is constant or collinear with those before it, naming it.
    """
    blocks: list[FloatArray] = []
    made: list[Term] = []
    names: list[str] = []
    done: dict[str, tuple[FloatArray, tuple[str, ...]]] = {}
    for name in terms:
        parts = [_block(frame, part, done) for part in name.split(":")]
        block, levels = parts[0] if len(parts) == 1 else _product(*parts)
        start = len(names)
        names += [f"{name}[{level}]" for level in levels] if levels else [name]
        reference = _levels(term_values(frame, name))[0] if len(parts) == 1 and levels else ""
        made.append(Term(name=name, columns=tuple(range(start, len(names))), levels=levels, reference=reference))
        blocks.append(block)
    design = Design(x=np.hstack(blocks), terms=tuple(made), names=tuple(names))
    _refuse_collinear(design)
    return design


def _block(
    frame: pd.DataFrame, name: str, done: dict[str, tuple[FloatArray, tuple[str, ...]]]
) -> tuple[FloatArray, tuple[str, ...]]:
    if name not in done:
        values = term_values(frame, name)
        if values.dtype.kind in "fiub":
            _refuse_constant(name, values)
            done[name] = values.to_numpy(float)[:, None], ()
        else:
            order = _levels(values)
            _refuse_constant(name, values)
            labels = values.astype(str).to_numpy()
            done[name] = np.column_stack([labels == level for level in order[1:]]).astype(float), tuple(order[1:])
    return done[name]


def _product(
    first: tuple[FloatArray, tuple[str, ...]], second: tuple[FloatArray, tuple[str, ...]]
) -> tuple[FloatArray, tuple[str, ...]]:
    columns = [first[0][:, i] * second[0][:, j] for i in range(first[0].shape[1]) for j in range(second[0].shape[1])]
    levels = tuple(":".join(part for part in (a, b) if part) for a in first[1] or ("",) for b in second[1] or ("",))
    return np.column_stack(columns), levels if any(levels) else ()


def _levels(values: pd.Series[Any]) -> list[str]:
    """Levels that occur, the reference first: categories or the codebook's order, else sorted."""
    present = set(values.dropna().astype(str))
    declared = column(str(values.name))
    order = (
        list(map(str, values.cat.categories)) if hasattr(values, "cat") else list(declared.levels if declared else ())
    )
    return [level for level in order if level in present] + sorted(present - set(order))


def _refuse_constant(name: str, values: pd.Series[Any]) -> None:
    if values.nunique() < 2:
        only = values.iloc[0] if len(values) else "nobody"
        raise AnalysisError(
            f"Column {name} is constant: all {len(values):,} patients are {only}.",
            mend="Leave it out, or widen the population.",
        )


def _refuse_collinear(design: Design) -> None:
    """Refuse a column that the columns before it determine (its residual after them is nothing but rounding)."""
    centred = design.x - design.x.mean(axis=0)
    scaled = centred / np.linalg.norm(centred, axis=0).clip(1e-300)
    basis = np.empty((len(scaled), 0))
    for name, values in zip(design.names, scaled.T, strict=True):
        rest = values - basis @ (basis.T @ values)
        rest -= basis @ (basis.T @ rest)
        size = float(np.linalg.norm(rest))
        if size < 1e-7:
            raise AnalysisError(
                f"Column {name} is collinear with {', '.join(design.names[: basis.shape[1]])}.",
                mend="Leave one of them out.",
            )
        basis = np.column_stack([basis, rest / size])
