"""From patients to a design matrix: terms with explicit reference levels, complete cases, and what cannot be estimated.

Conventions: a term is one question put to the model (a marker, age, grade as levels); a level's column is 1 in that
level and 0 elsewhere; the reference is the codebook's first level that occurs, else the first in sorted order. A number
enters linearly, per unit; `factor(grade)` enters its values as levels.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..codebook import column, column_words
from ..errors import AnalysisError, QuestionError
from ..files.suspicious import stray_text
from ..vocabulary import FloatArray, IntArray
from ..wording import count
from .design_terms import FACTOR, FOCI, check_products, column_of, is_centred, parts_of
from .exposure import Honours, refuse_unhonoured
from .sets import AnalysisSet

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "LEVEL", "Design", "Term", "column_of", "complete_cases", "level_codes", "make_design", "parts_of",
    "refuse_stray_text", "refuse_stray_texts", "term_values",
]  # fmt: skip

LEVEL: tuple[Honours, ...] = ("level",)
"""What an estimator honours that takes a marker that enters as a number."""
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

    def without(self, name: str) -> Design:
        """Return the design without one term."""
        kept = [i for term in self.terms if term.name != name for i in term.columns]
        place = {column: i for i, column in enumerate(kept)}
        terms = tuple(
            replace(term, columns=tuple(place[i] for i in term.columns)) for term in self.terms if term.name != name
        )
        return Design(x=self.x[:, kept], terms=terms, names=tuple(self.names[i] for i in kept))


def complete_cases(
    analysis: AnalysisSet, terms: Iterable[str], *, honours: Collection[Honours] = (), estimator: str = "This estimator"
) -> AnalysisSet:
    """Keep the patients in whom all columns of the terms are known; the flow says what was missing in how many.

    Parameters
    ----------
    analysis : AnalysisSet
    terms : iterable of str
    honours : collection of "start" | "weights" | "products" | "level"
        What the caller takes: treatment that starts later, sampling weights, products with the marker, a marker that
        enters as a number.
    estimator : str
        The caller's name, for the refusal of what it does not take.

    Raises
    ------
    QuestionError
        If the cohort has no such column.
    AnalysisError
        If nobody is left, or the set holds what the estimator does not honour.
    """
    terms = list(terms)
    check_products(terms, marker="products" in honours)
    wanted = list(dict.fromkeys(column_of(part) for term in terms for part in parts_of(term)))
    frame = analysis.frame
    refuse_unhonoured(analysis, wanted, honours, estimator)
    gone, unknown = np.zeros(len(frame), bool), {}
    for name in wanted:
        if name not in frame or name in _OWN:
            have = ", ".join(c for c in frame.columns if c not in _OWN and frame[c].notna().any())
            raise QuestionError(f"{analysis.cohort.name} has no column {name!r}. It has {have}.")
        _refuse_after_baseline(name)
        missing = frame[name].isna().to_numpy()
        unknown[name] = int(missing.sum())
        gone |= missing
    if not gone.any():
        return analysis
    why = ", ".join(f"{column_words(name)} unknown {count(n)}" for name, n in unknown.items() if n)
    kept = analysis.without(~gone, name=f"Covariates known ({', '.join(map(column_words, wanted))})", why=why)
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
    found = FACTOR.fullmatch(name)
    if found is None:
        return frame[name]
    values = frame[found[1]]
    if values.dtype.kind not in "fiu":
        return values
    import pandas as pd

    codes, numbers = pd.factorize(values, use_na_sentinel=False)
    labels = np.array([f"{number:g}" for number in numbers], dtype=object)
    return pd.Series(labels[codes], index=values.index, name=name)


def level_codes(values: pd.Series[Any]) -> tuple[IntArray, tuple[str, ...]]:
    """Number the levels of a column: each patient's number (-1 where unknown), and the levels that occur.

    The reference, number 0, is the first category, or the first of the codebook's levels, that occurs; levels that
    neither declares follow in sorted order.

    Examples
    --------
    >>> import pandas as pd
    >>> codes, levels = level_codes(pd.Series(["yes", "no", "yes"], name="chemotherapy"))
    >>> codes.tolist(), levels
    ([1, 0, 1], ('no', 'yes'))
    """
    import pandas as pd

    if isinstance(values.array, pd.Categorical):
        codes, names = values.array.codes, [str(category) for category in values.array.categories]
        declared = tuple(names)
    else:
        codes, kinds = pd.factorize(values)
        names = [str(kind) for kind in kinds]
        known = column(str(values.name))
        declared = known.levels if known else ()
    occurs = np.bincount(codes[codes >= 0], minlength=len(names)) > 0
    present = {name for name, there in zip(names, occurs, strict=True) if there}
    levels = (*(level for level in declared if level in present), *sorted(present - set(declared)))
    number = {level: i for i, level in enumerate(levels)}
    return np.array([*(number.get(name, -1) for name in names), -1])[codes], levels


def make_design(frame: pd.DataFrame, terms: Sequence[str]) -> Design:
    """Build the design matrix of complete cases.

    Parameters
    ----------
    frame : DataFrame
        Without missing values in the columns of the terms.
    terms : sequence of str
        Column names; `a:b` is the product of two terms. In a product with treatment or marker a covariate is centred:
        a number at the mean of the patients, a factor by the share of its levels, so that the coefficient of treatment
        or marker is that of the average patient.

    Raises
    ------
    AnalysisError
        If a column is constant or collinear with those before it, naming it.
    """
    blocks: list[FloatArray] = []
    rows: list[Term] = []
    names: list[str] = []
    done: dict[str, _Block] = {}
    for name in terms:
        parts = _centred(frame, name, [_block(frame, part, done) for part in parts_of(name)])
        block = parts[0] if len(parts) == 1 else _product(*parts)
        start = len(names)
        names += [f"{name}[{level}]" for level in block.levels] if block.levels else [name]
        columns = tuple(range(start, len(names)))
        rows.append(Term(name=name, columns=columns, levels=block.levels, reference=block.reference))
        blocks.append(block.x)
    design = Design(x=np.hstack(blocks), terms=tuple(rows), names=tuple(names))
    _refuse_collinear(design)
    return design


def refuse_stray_texts(frame: pd.DataFrame, terms: Iterable[str]) -> None:
    """Refuse terms that `refuse_stray_text` refuses, before anything is counted by their levels."""
    for part in dict.fromkeys(part for term in terms for part in parts_of(term)):
        refuse_stray_text(frame, part)


def refuse_stray_text(frame: pd.DataFrame, name: str) -> None:
    """Refuse a column of numbers that a stray text makes a factor of many levels; `factor(...)` asks for levels.

    Raises
    ------
    QuestionError
        Naming the text.
    """
    if FACTOR.fullmatch(name) is None and (stray := stray_text(frame[name])):
        raise QuestionError(
            f"Column {stray}: it would enter as {frame[name].nunique()} levels.",
            mend=f"Correct the cell, or list it in missing; write factor({name}) if it holds names.",
        )


class _Block(NamedTuple):
    """The columns of one term, shape (n, columns), their levels and the reference level; a number has no levels."""

    x: FloatArray
    levels: tuple[str, ...] = ()
    reference: str = ""


def _block(frame: pd.DataFrame, name: str, done: dict[str, _Block]) -> _Block:
    if name not in done:
        values = term_values(frame, name)
        if values.dtype.kind in "fiub":
            numbers = values.to_numpy(float)
            _refuse_constant(name, values, len(numbers) == 0 or numbers.min() == numbers.max())
            done[name] = _Block(numbers[:, None])
        else:
            refuse_stray_text(frame, name)
            codes, levels = level_codes(values)
            _refuse_constant(name, values, len(levels) < 2)
            done[name] = _Block((codes[:, None] == np.arange(1, len(levels))).astype(float), levels[1:], levels[0])
    return done[name]


def _centred(frame: pd.DataFrame, name: str, blocks: list[_Block]) -> list[_Block]:
    """Centre the covariate of a product with treatment or marker at the mean of the patients (each once)."""
    if not is_centred(name):
        return blocks
    once = ~frame.index.duplicated()
    return [
        block if part in FOCI else block._replace(x=block.x - block.x[once].mean(axis=0))
        for part, block in zip(parts_of(name), blocks, strict=True)
    ]


def _product(first: _Block, second: _Block) -> _Block:
    columns = [first.x[:, i] * second.x[:, j] for i in range(first.x.shape[1]) for j in range(second.x.shape[1])]
    levels = tuple(
        ":".join(part for part in (a, b) if part) for a in first.levels or ("",) for b in second.levels or ("",)
    )
    return _Block(np.column_stack(columns), levels if any(levels) else ())


def _refuse_constant(name: str, values: pd.Series[Any], constant: bool) -> None:
    if constant:
        only = values.iloc[0] if len(values) else "nobody"
        raise AnalysisError(
            f"Column {name} is constant: all {len(values):,} patients are {only}.",
            mend="Leave it out, or widen the population.",
        )


def _refuse_collinear(design: Design) -> None:
    """Refuse a column that the columns before it determine (its residual after them is nothing but rounding)."""
    centred = design.x - design.x.mean(axis=0)
    scaled = centred / np.linalg.norm(centred, axis=0).clip(1e-300)
    basis = np.empty_like(scaled, order="F")
    for i, (name, values) in enumerate(zip(design.names, scaled.T, strict=True)):
        before = basis[:, :i]
        rest = values - before @ (before.T @ values)
        rest -= before @ (before.T @ rest)
        size = float(np.linalg.norm(rest))
        if size < 1e-7:
            raise AnalysisError(
                f"Column {name} is collinear with {', '.join(design.names[:i])}.", mend="Leave one of them out."
            )
        basis[:, i] = rest / size
