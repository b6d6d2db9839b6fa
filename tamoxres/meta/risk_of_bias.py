"""Judgements of risk of bias as data: read from a file, checked, shown with what is not assessed.

Conventions: a file is TOML (`tool`, then a table for each study with a key for each domain) or CSV (`study`, a column
for each domain; `tool` in a column or as an argument). Further keys: `overall` (the author's own), `label`, `remark`.
What is left out is not assessed; nothing is ever judged here. A whole that follows by the tool's rule says so.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import BadCell, DataError, cut, shown
from ..files import read_text
from ..files.toml import parse_toml
from ..tables.shown import ShowsTable
from ..tables.table import Cell, Column, Row, Table
from ..vocabulary import nearest
from .bias_tools import BiasTool, bias_tool

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NOT_ASSESSED", "Judged", "RiskOfBias", "risk_of_bias"]

NOT_ASSESSED = "not assessed"
_FURTHER = ("overall", "label", "remark")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One study (or synthesis) as it was judged.

    Attributes
    ----------
    study, label : str
    levels : mapping of str to str
        By domain's key; empty where not assessed.
    overall : str
        Empty where it is neither given nor follows.
    by_rule : bool
        Whether `overall` follows by the tool's rule, and is not the author's own.
    remark : str
    """

    study: str
    label: str
    levels: Mapping[str, str]
    overall: str = ""
    by_rule: bool = False
    remark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RiskOfBias(ShowsTable):
    """Judgements by one tool.

    Attributes
    ----------
    tool : BiasTool
    rows : tuple of Judged
        In the order of the studies.
    """

    tool: BiasTool
    rows: tuple[Judged, ...]

    @property
    def assessed(self) -> int:
        """How many have a whole."""
        return sum(bool(row.overall) for row in self.rows)

    def shares(self) -> pd.DataFrame:
        """Count the judgements of each domain.

        Returns
        -------
        DataFrame
            One row a domain and `overall`: domain, then a column of counts for each level and `not assessed`.
        """
        import pandas as pd

        held = {name: [row.levels.get(key, "") for row in self.rows] for key, name in self.tool.domains.items()}
        held["Overall"] = [row.overall for row in self.rows]
        levels = {level: level for level in self.tool.allowed} | {NOT_ASSESSED: ""}
        counted = [{"domain": name, **{level: judged.count(code) for level, code in levels.items()}}
                   for name, judged in held.items()]  # fmt: skip
        return pd.DataFrame(counted)

    def table(self) -> Table:
        """Return one row a study: each domain's level, the whole, and whose it is."""
        names = (*self.tool.domains.values(), "Overall", "By")
        rows = []
        for row in self.rows:
            by = "" if not row.overall else "rule" if row.by_rule else "author"
            levels = [row.levels.get(key, "") or NOT_ASSESSED for key in self.tool.domains]
            rows.append(Row(tuple(map(Cell, (row.label, *levels, row.overall or NOT_ASSESSED, by)))))
        notes = [self.tool.rule, f"{self.assessed} of {len(self.rows)} assessed. {self.tool.reference}."]
        notes += [f"{row.label}: {row.remark}" for row in self.rows if row.remark]
        return Table(
            title=f"Risk of bias ({self.tool.name})", columns=(Column(self.tool.of.capitalize()), *map(Column, names)),
            rows=tuple(rows), footnotes=tuple(notes),
        )  # fmt: skip

    def __str__(self) -> str:
        counted = {level: sum(row.overall == level for row in self.rows) for level in self.tool.allowed}
        told = ", ".join(f"{n} {level}" for level, n in counted.items() if n)
        left = len(self.rows) - self.assessed
        return f"{self.tool.name}: " + ", ".join(
            part for part in (told, f"{left} {NOT_ASSESSED}" if left else "") if part
        )


def risk_of_bias(
    judgements: str | Path | Mapping[str, Mapping[str, str]] | None = None,
    *,
    tool: str = "",
    studies: Mapping[str, str] | Iterable[str] = (),
) -> RiskOfBias:
    """Gather a person's judgements of risk of bias, with the studies that nobody has judged yet.

    Parameters
    ----------
    judgements : path, or mapping of study to judgements, optional
        A .toml or .csv file; or for each study its level by domain's key, and `overall`, `label`, `remark`.
    tool : str
        `QUIPS`, `ROBINS-I` or `ROB-ME`; a file may tell it.
    studies : mapping of id to label, or iterable of ids
        Studies to be shown, in this order; those that are not judged are not assessed. Judged ones that are not among
        them come after.

    Returns
    -------
    RiskOfBias
        `rows`, `table()`, `shares()`; drawn by `traffic_light` and `bias_summary`.

    Raises
    ------
    DataError
        If a domain or level is unknown, or no tool is told, naming file, study and domain.

    References
    ----------
    Those of `meta.bias_tools`.

    Examples
    --------
    >>> found = risk_of_bias({"a": {"participation": "low", "attrition": "high"}}, tool="QUIPS", studies=["a", "b"])
    >>> print(found)
    QUIPS: 1 high, 1 not assessed
    """
    name, told, given = _gathered(judgements, tool)
    chosen = bias_tool(told)
    order = dict(studies) if isinstance(studies, Mapping) else {study: study for study in studies}
    order |= {study: study for study in given if study not in order}
    if not order:
        raise DataError("No study is judged or named. Give judgements, or studies.")
    rows = tuple(_judged(study, label, given.get(study, {}), chosen, name) for study, label in order.items())
    return RiskOfBias(tool=chosen, rows=rows)


def _gathered(judgements: Any, tool: str) -> tuple[str, str, dict[str, dict[str, str]]]:
    """Return the file's name, the tool and the judgements by study."""
    if judgements is None or isinstance(judgements, Mapping):
        return "judgements", tool, {str(study): dict(row) for study, row in (judgements or {}).items()}
    source = Path(judgements)
    text = read_text(source)
    ending = source.suffix.lower()
    if ending not in (".toml", ".csv"):
        raise DataError(f"{source.name}: judgements stand in a .toml or .csv file. Name one.")
    told, given = (_of_toml if ending == ".toml" else _of_csv)(text, source.name)
    if tool and told and bias_tool(tool) is not bias_tool(told):
        raise DataError(f"{source.name} holds judgements by {told}, not by {tool}. Name that tool, or none.")
    return source.name, tool or told, given


def _of_toml(text: str, name: str) -> tuple[str, dict[str, dict[str, str]]]:
    tables = parse_toml(text, name)
    tool = tables.pop("tool", "")
    wrong = [study for study, row in tables.items() if not isinstance(row, dict)]
    if wrong or not isinstance(tool, str):
        raise DataError(
            f"{name}: {shown(wrong[0] if wrong else tool)} is no study's table. Write [study] and its domains."
        )
    return tool, {study: dict(row) for study, row in tables.items()}


def _of_csv(text: str, name: str) -> tuple[str, dict[str, dict[str, str]]]:
    try:
        lines = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise DataError(f"{name} is not CSV ({error}).") from None
    if not lines or "study" not in lines[0]:
        raise DataError(f"{name} has no column study, or no rows. It needs study and a column for each domain.")
    tools = {(line.get("tool") or "").strip() for line in lines} - {""}
    if len(tools) > 1:
        raise DataError(f"{name} holds judgements by {' and '.join(sorted(tools))}. Write one file for each tool.")
    given: dict[str, dict[str, str]] = {}
    for i, line in enumerate(lines, start=2):
        study = (line["study"] or "").strip()
        if not study or study in given or None in line:
            raise BadCell("a study stands on one line, with a cell for each column.", file=name, row=i, column="study")
        given[study] = {key: (cell or "").strip() for key, cell in line.items() if key not in ("study", "tool")}
    return next(iter(tools), ""), given


def _judged(study: str, label: str, row: Mapping[str, Any], tool: BiasTool, name: str) -> Judged:
    if unknown := [key for key in row if key not in (*tool.domains, *_FURTHER)]:
        near = nearest(unknown[0], tool.domains)
        hint = f"Is it {near!r}?" if near else f"Its domains are {', '.join(tool.domains)}."
        raise DataError(f"{name}, {cut(study)}: {tool.name} has no domain {shown(unknown[0])}. {hint}")
    levels = {key: _level(row.get(key, ""), tool, f"{name}, {cut(study)}, {key}") for key in tool.domains}
    overall = _level(row.get("overall", ""), tool, f"{name}, {cut(study)}, overall")
    whole = overall or _whole(list(levels.values()), tool)
    return Judged(
        study=study, label=str(row.get("label") or label), levels=levels, overall=whole,
        by_rule=bool(whole) and not overall, remark=str(row.get("remark", "")),
    )  # fmt: skip


def _level(value: Any, tool: BiasTool, where: str) -> str:
    """Return a level as the tool writes it; empty where it is not assessed."""
    text = " ".join(str(value).replace("_", " ").split()).casefold() if isinstance(value, str) else value
    if text in ("", NOT_ASSESSED, None):
        return ""
    if text not in tool.allowed:
        near = nearest(text, tool.allowed)
        hint = f"Is it {near!r}?" if near else f"{tool.name} has {', '.join(tool.allowed)}."
        raise DataError(f"{where}: {shown(value)} is no level. {hint}")
    return str(text)


def _whole(levels: list[str], tool: BiasTool) -> str:
    """Return the whole by the rule; where a domain is not assessed, only if the others are at the worst already."""
    made = [level for level in levels if level]
    if len(made) == len(levels):
        return tool.whole(levels)
    return tool.levels[-1] if tool.levels[-1] in made else ""
