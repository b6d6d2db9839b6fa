"""How levels of a column are said: `premenopausal` for `pre`, `no chemotherapy` for `no`, `Luminal A` for `LumA`."""

from __future__ import annotations

from collections.abc import Iterable

from .codes import treatment_words

__all__ = ["capital_level", "groups_words", "level_texts", "level_words", "marker_words"]

_SIGNS = {"er": "ER", "pr": "PR", "her2": "HER2"}
_FLAGS = {
    "endocrine": "endocrine therapy", "ovarian_suppression": "ovarian suppression", "chemotherapy": "chemotherapy",
    "radiotherapy": "radiotherapy", "her2_therapy": "HER2-targeted therapy",
}  # fmt: skip
_WORDS = {
    "menopause": {"pre": "premenopausal", "post": "postmenopausal"},
    "pam50": {
        "LumA": "Luminal A", "LumB": "Luminal B", "Her2": "HER2-enriched", "Basal": "Basal-like",
        "Normal": "Normal-like", "claudin-low": "Claudin-low",
    },
}  # fmt: skip
_NAMES = {"pam50": "PAM50", "npi": "NPI", "size_mm": "size, mm:", "nodes": "nodes:", "diagnosis_year": "diagnosed in"}
_TREATMENTS = ("treatment", "endocrine_agent", "arm")
_LONG = 20  # a grouping with a longer name is not put before its groups


def level_texts(levels: Iterable[str], grouping: str = "") -> dict[str, str]:
    """Write each level under a heading that names its grouping, or as the file does where two would read alike.

    Examples
    --------
    >>> level_texts(["unit_1", "unit_2"]), level_texts(["unit_1", "unit 1"])
    ({'unit_1': 'unit 1', 'unit_2': 'unit 2'}, {'unit_1': 'unit_1', 'unit 1': 'unit 1'})
    >>> level_texts(["LumA", "Her2"], "pam50")
    {'LumA': 'Luminal A', 'Her2': 'HER2-enriched'}
    """
    known = _WORDS.get(grouping, {})
    plain = {level: known.get(level) or level.replace(":", ", ").replace("_", " ") for level in levels}
    texts = list(plain.values())
    return {level: level if texts.count(text) > 1 else text for level, text in plain.items()}


def groups_words(grouping: str, groups: Iterable[str]) -> dict[str, str]:
    """Say each group of a grouping, as the file writes it where two would read alike.

    Examples
    --------
    >>> groups_words("grade", ["2", "3"]), groups_words("clinic", ["unit_1", "unit 1"])
    ({'2': 'grade 2', '3': 'grade 3'}, {'unit_1': 'unit_1', 'unit 1': 'unit 1'})
    """
    words = {group: level_words(grouping, group) if group else "" for group in groups}
    told = list(words.values())
    return {group: group if told.count(text) > 1 else text for group, text in words.items()}


def marker_words(marker: str, level: str) -> str:
    """Say the level of a marker in which an effect stands.

    Examples
    --------
    >>> marker_words("HER2", "altered"), marker_words("HER2", "upper_quartile")
    ('HER2 altered', 'HER2 at its upper quartile')
    """
    words = {"upper_quartile": "at its upper quartile", "lower_quartile": "at its lower quartile"}
    return f"{marker} {words.get(level, level)}".strip()


def capital_level(level: str) -> str:
    """Say a level at the head of a sentence.

    Examples
    --------
    >>> capital_level("upper_quartile")
    'Upper quartile'
    """
    words = level.replace("_", " ")
    return words[:1].upper() + words[1:]


def level_words(grouping: str, level: str) -> str:
    """Say a level of a grouping in words that stand alone.

    Parameters
    ----------
    grouping : str
        A column, or the name of a marker.
    level : str

    Examples
    --------
    >>> level_words("menopause", "pre"), level_words("chemotherapy", "no"), level_words("HER2", "altered")
    ('premenopausal', 'no chemotherapy', 'HER2 altered')
    >>> level_words("grade", "3"), level_words("pam50", "LumA"), level_words("er", "positive")
    ('grade 3', 'Luminal A', 'ER positive')
    """
    known = _WORDS.get(grouping, {})
    if level in known:
        return known[level]
    if grouping in _FLAGS and level in ("yes", "no"):
        return _FLAGS[grouping] if level == "yes" else f"no {_FLAGS[grouping]}"
    if grouping in _SIGNS:
        return f"{_SIGNS[grouping]} {level}"
    if grouping in _TREATMENTS:
        return treatment_words(level)
    name = _NAMES.get(grouping, grouping.replace("_", " "))
    text = level.replace("_", " ")
    plain = not text or not name or name.lower() in text.lower() or len(name) > _LONG
    return text if plain else f"{name} {text}"
