"""How a covariate is named in a figure: the codebook's meaning, its level, its unit."""

from __future__ import annotations

import re

from ..codebook import column

__all__ = ["covariate_label"]

_LEVEL = re.compile(r"(?P<name>[^\[]+)\[(?P<level>.*)\]", re.DOTALL)
_FACTOR = re.compile(r"factor\((.*)\)")


def covariate_label(name: str, *, unit: bool = False) -> str:
    """Name a covariate, or the level of one, in words.

    Parameters
    ----------
    name : str
        A column, or a level of it as models write it, `menopause[post]`.
    unit : bool
        Whether to add the unit of a number.

    Examples
    --------
    >>> covariate_label("menopause[post]")
    'Menopausal state at diagnosis: post'
    >>> covariate_label("age", unit=True)
    'Age at diagnosis (years)'
    >>> covariate_label("my_score")
    'my score'
    """
    if found := _LEVEL.fullmatch(name):
        level = found["level"]
        return covariate_label(found["name"]) + ("" if level == "yes" else f": {level}")
    plain = _FACTOR.sub(r"\1", name)
    if plain == "treatment":
        return "Endocrine therapy"
    declared = column(plain)
    if declared is None:
        return plain.replace("_", " ")
    meaning = declared.meaning.partition(":")[0].partition(" (")[0]
    text = meaning[:1].upper() + meaning[1:]
    return f"{text} ({declared.unit})" if unit and declared.unit else text
