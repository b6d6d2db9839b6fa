"""The grammar of a model's terms: `age`, `factor(grade)`, and products such as `treatment:site`.

Conventions: a product joins two columns and stands beside both of its main effects, of which a stratum is one. In a
product with treatment or marker the covariate is centred, so that the ratio of treatment or marker is that of the
average patient; the ratio of ratios does not depend on it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..errors import QuestionError

__all__ = ["FACTOR", "FOCI", "check_products", "column_of", "is_centred", "parts_of"]

FACTOR = re.compile(r"factor\((\w+)\)")
FOCI = ("marker", "treatment")


def column_of(term: str) -> str:
    """Return the column that a term reads: `grade` of `factor(grade)`."""
    return FACTOR.sub(r"\1", term)


def parts_of(term: str) -> tuple[str, ...]:
    """Return the columns whose product a term is: one for a plain term, two for `treatment:marker`."""
    return tuple(term.split(":"))


def is_centred(term: str) -> bool:
    """Whether a term is a product of treatment or marker with a covariate, which is centred in it."""
    own = [part in FOCI for part in parts_of(term)]
    return any(own) and not all(own)


def check_products(terms: Sequence[str], *, marker: bool = True) -> None:
    """Refuse a product without its main effects (a stratum counts as one), or with the marker where that is the answer.

    Parameters
    ----------
    terms : sequence of str
        Strata among them.
    marker : bool
        Whether a product with the marker may stand: the marker's own ratio would then be that at covariate 0.

    Raises
    ------
    QuestionError
        Naming the product and what is missing.
    """
    have = {column_of(name) for name in terms}
    for term in terms:
        parts = parts_of(term)
        if len(parts) > 2:
            raise QuestionError(f"{term} joins {len(parts)} columns; a product joins two.")
        if len(parts) == 2 and "marker" in parts and not marker:
            raise QuestionError(
                f"With {term} there is no one hazard ratio of the marker. Ask for it by interaction (tr.interaction, "
                "--estimand interaction)."
            )
        missing = [part for part in parts if column_of(part) not in have]
        if len(parts) == 2 and missing:
            raise QuestionError(
                f"The product {term} needs its main effect {missing[0]}. Add it to adjust, or to strata."
            )
