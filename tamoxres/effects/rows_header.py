"""The header of a table of effects: what each of its columns is read as.

Conventions: a column stands under its own name first. Another spelling of a name (`CI low`, `P-value`) and a synonym
(`HR`, `lcl`, `95% CI upper`) are read too, and said aloud by a `ColumnSynonym` warning; a measure or a confidence level
that stands in the name holds for all rows. A name that may mean two columns, and one that is only near a name, are
refused with the question they raise. Where the column meant stands already, the other is not read.
"""

from __future__ import annotations

import re
import warnings
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ..errors import EffectError, cut, shown
from ..vocabulary import nearest

__all__ = ["ColumnSynonym", "Header", "read_header"]


class ColumnSynonym(UserWarning):
    """A column of a table of effects is read under another name than its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What the columns of a table are read as.

    Attributes
    ----------
    names : tuple of str
        One a column: the name it is read under; its own where nothing reads it.
    renamed : mapping of str to str
        Columns read under another name.
    measure : str
        Told by a column's name, such as `HR`; else empty.
    level : float or None
        Told by the name of a limit, such as `90% CI low`.
    unread : tuple of str
    """

    names: tuple[str, ...]
    renamed: Mapping[str, str] = field(default_factory=dict)
    measure: str = ""
    level: float | None = None
    unread: tuple[str, ...] = ()

    def say(self, where: str) -> None:
        """Warn of the columns that are read under another name."""
        if not self.renamed:
            return
        told = ", ".join(f"{shown(found)} as {name}" for found, name in self.renamed.items())
        extra = [f"measure {self.measure}" if self.measure else "", f"level {self.level:g}" if self.level else ""]
        also = "".join(f", with {part}" for part in extra if part)
        warnings.warn(f"{where}: columns read under another name: {told}{also}.", ColumnSynonym, stacklevel=2)


_MEASURES = {
    "HR": ("hr", "hazard_ratio", "hazard_ratios", "hazards_ratio"), "RR": ("rr", "risk_ratio", "relative_risk"),
    "OR": ("or", "odds_ratio"), "sHR": ("shr", "subdistribution_hazard_ratio", "subhazard_ratio"),
}  # fmt: skip
_LOGS = {measure: [f"{log}_{one}" for log in ("log", "ln") for one in names] + [f"log{names[0]}", f"ln{names[0]}"]
         for measure, names in _MEASURES.items()}  # fmt: skip
_LOW = ("lcl", "lci", "lower", "ci_lower", "lower_ci", "ci_lb", "ci_l", "lb", "ll", "llci", "lower_limit",
        "lower_bound", "lower_cl", "ci_start", "ci_min", "low_ci", "conf_low")  # fmt: skip
_HIGH = ("ucl", "uci", "upper", "ci_upper", "upper_ci", "ci_ub", "ci_u", "ub", "ul", "ulci", "upper_limit",
         "upper_bound", "upper_cl", "ci_end", "ci_max", "high_ci", "conf_high")  # fmt: skip
_SE = ("sei", "std_error", "stderr", "standard_error", "selog", "se_log", "se_ln", "sete")
_PLAIN: dict[str, str] = {
    **dict.fromkeys(_LOW, "ci_low"), **dict.fromkeys(_HIGH, "ci_high"), **dict.fromkeys(_SE, "se"),
    **dict.fromkeys(("p", "pval", "pvalue", "p_val"), "p_value"),
    **dict.fromkeys(("author", "first_author", "study_id", "studlab", "study_name", "trial_name"), "study"),
    **dict.fromkeys(("outcome", "end_point"), "endpoint"), **dict.fromkeys(("n_total", "total_n", "patients"), "n"),
    **dict.fromkeys(("n_events", "events_total", "total_events"), "events"), "publication_year": "year",
}  # fmt: skip
_TWO_SIDED = {
    **dict.fromkeys(("effect", "es", "effect_size", "te", "yi", "beta", "coef"), ("estimate", "log_estimate")),
    **dict.fromkeys(("low", "high", "ci"), ("ci_low", "ci_high")), **dict.fromkeys(("vi", "var"), ("variance", "se")),
    **dict.fromkeys(("rate_ratio", "ratio"), ("estimate", "estimate_altered")),
}  # fmt: skip
_WHY = {
    ("estimate", "log_estimate"): "a ratio or a difference, or the log of a ratio",
    ("ci_low", "ci_high"): "one limit, or both in one cell",
    ("variance", "se"): "V of a log-rank statistic, or the square of a standard error",
    ("estimate", "estimate_altered"): "of which measure, or in which level of the marker",
}
_LEVEL = re.compile(r"^(90|95|99)_?|_?(90|95|99)$|_(90|95|99)(?=_)")
_MARKS = re.compile(r"[\s\-./()%,:\[\]]+")


def read_header(header: Sequence[object], where: str, known: Collection[str], *, exact: bool = False) -> Header:
    """Find what each column is read as.

    Parameters
    ----------
    header : sequence of str
    where : str
        The table, for messages.
    known : collection of str
        Names of the columns that are read.
    exact : bool
        Whether other names than these are refused with the one that may be meant.

    Raises
    ------
    EffectError
        If no column is the study's, a column stands twice, or a name may mean two columns or is near one.
    """
    names = [str(name) for name in header]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise EffectError(f"{where}: column {shown(twice[0])} stands twice.")
    found = {} if exact else dict(_synonyms(names, known))
    meant = Counter(name for name, _, _ in found.values())
    if both := [name for name, times in meant.items() if times > 1]:
        columns = " and ".join(shown(column) for column, (name, _, _) in found.items() if name == both[0])
        raise EffectError(f"{where}: columns {columns} would both be {both[0]}. Leave one out, or name it otherwise.")
    _refuse(names, where, known, found)
    measures = {measure for _, measure, _ in found.values() if measure}
    levels = {level for _, _, level in found.values() if level}
    if len(measures) > 1 or len(levels) > 1:
        told = " and ".join(map(str, sorted(measures if len(measures) > 1 else levels)))
        raise EffectError(f"{where}: the names of its columns tell {told}. Say which in a column measure, or level.")
    return Header(
        names=tuple(found[name][0] if name in found else name for name in names),
        renamed={name: found[name][0] for name in names if name in found},
        measure=next(iter(measures), ""), level=next(iter(levels), None),
        unread=tuple(name for name in names if name not in known and name not in found),
    )  # fmt: skip


def _synonyms(names: Sequence[str], known: Collection[str]) -> Iterator[tuple[str, tuple[str, str, float | None]]]:
    """Yield the columns that are read under another name, with that name and the measure and level they tell."""
    for name in names:
        if name not in known:
            meant, measure, level = _meant(plain(name), known)
            if meant and meant not in names:
                yield name, (meant, measure, level)


def plain(name: str) -> str:
    """Write a name as the table of synonyms has it: small letters, one underscore for each mark between words."""
    return _MARKS.sub("_", name.strip().casefold()).strip("_")[:100]


def _meant(name: str, known: Collection[str]) -> tuple[str, str, float | None]:
    """Return the column that a plain name is a spelling or a synonym of, and what else it tells."""
    if name in known:
        return name, "", None
    for measure, ratios in _MEASURES.items():
        if name in ratios:
            return "estimate", measure, None
        if name in _LOGS[measure]:
            return "log_estimate", measure, None
        if any(name in (f"se_{log}", f"se{log}", f"se_of_{log}") for log in _LOGS[measure]):
            return "se", measure, None
    stripped = _LEVEL.sub("", name).strip("_")
    told = _LEVEL.search(name)
    meant = stripped if stripped in ("ci_low", "ci_high") else _PLAIN.get(stripped, "")
    if told and meant in ("ci_low", "ci_high"):
        return meant, "", float(next(part for part in told.groups() if part)) / 100
    return _PLAIN.get(name, ""), "", None


def _refuse(names: Sequence[str], where: str, known: Collection[str], found: Mapping[str, object]) -> None:
    """Refuse a table without studies, and the names that raise a question."""
    meant = {column: plain(column) for column in names if column not in known and column not in found}
    if "study" not in names and "study" not in [_meant(plain(name), known)[0] for name in found]:
        columns = cut(", ".join(names), 200) or "nothing"
        raise EffectError(f"{where}: no column 'study'; found {columns}. Separate columns by commas, and name them.")
    for column, name in meant.items():
        either = _TWO_SIDED.get(name, ())
        if either and not any(one in names for one in either):
            raise EffectError(
                f"{where}: column {shown(column)} may be {either[0]} or {either[1]} ({_WHY[either]}). Name it so."
            )
        close = _meant(name, known)[0] or nearest(name, [one for one in known if len(one) > 3 and len(name) > 3])
        if close and close not in names and close not in [_meant(plain(one), known)[0] for one in found]:
            raise EffectError(f"{where}: unknown column {shown(column)}. Is it {close!r}? Name it so, or leave it out.")
