"""A RevMan 5 review (.rm5, XML): its inverse-variance and O-E analyses.

Conventions: `ESTIMATE` and `SE` of an `IV_DATA` are as entered, on the natural log scale where the outcome's `LOG_DATA`
is not `NO`; the `LOG_...` values that RevMan calculates are to the base 10, and are never read. A study's id is its
name with every other mark as `_xHHHH_`, blanks as hyphens.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from ..effects.routes import limits
from ..errors import DataError
from ..files.numbers import to_number
from ..files.xml import parse_xml
from .revman_analysis import MEASURE_NAMES, Analysis, DataRow, measure_of, whole

__all__ = ["parse_review", "write_review"]

_KINDS = {"IV_OUTCOME": "IV", "IPD_OUTCOME": "IPD", "DICH_OUTCOME": "DICH", "CONT_OUTCOME": "CONT"}
_NOT_READ = {"DICH": "analysis of counts", "CONT": "analysis of means"}


def parse_review(content: bytes, name: str) -> tuple[Analysis, ...]:
    """Read the analyses of a review; those of counts and means have their kind in place of a measure.

    Raises
    ------
    DataError
        If it is not XML, declares entities, or is no review.
    """
    root = parse_xml(content, name)
    if root.tag != "COCHRANE_REVIEW":
        raise DataError(f"{name} is no review of RevMan 5; its root is {root.tag[:40]}, not COCHRANE_REVIEW.")
    studies = {one.get("ID", ""): one for one in root.iter("STUDY")}
    return tuple(
        _analysis(outcome, comparison, studies)
        for comparison in root.iter("COMPARISON")
        for outcome in comparison
        if outcome.tag in _KINDS
    )


def _name(element: Element, tag: str = "NAME") -> str:
    found = element.find(tag)
    return "" if found is None else " ".join("".join(found.itertext()).split())


def _analysis(outcome: Element, comparison: Element, studies: dict[str, Element]) -> Analysis:
    kind = _KINDS[outcome.tag]
    level = to_number(outcome.get("CI_STUDY", "95")) or 95.0
    named = outcome.get("EFFECT_MEASURE") or _name(outcome, "EFFECT_MEASURE")
    measure = _NOT_READ.get(kind) or measure_of(named)
    return Analysis(
        number=f"{comparison.get('NO', '?')}.{outcome.get('NO', '?')}", comparison=_name(comparison),
        outcome=_name(outcome), measure=measure, group_1=_name(outcome, "GROUP_LABEL_1"),
        group_0=_name(outcome, "GROUP_LABEL_2"), level=level / 100, log_scale=outcome.get("LOG_DATA", "YES") != "NO",
        rows=() if kind in _NOT_READ else tuple(_rows(outcome, kind, studies)),
    )  # fmt: skip


def _rows(outcome: Element, kind: str, studies: dict[str, Element]) -> Iterator[DataRow]:
    for group in (outcome, *outcome.findall(f"{kind}_SUBGROUP")):
        for one in group.findall(f"{kind}_DATA"):
            given = one.get("STUDY_ID", "")
            study = studies.get(given)
            yield DataRow(
                study=(study.get("NAME") if study is not None else None) or given or "unknown",
                year=_year(study), subgroup="" if group is outcome else _name(group),
                point=to_number(one.get("ESTIMATE", "")) if kind == "IV" else None,
                se=(to_number(one.get("SE", "")) or None) if kind == "IV" else None,
                o_minus_e=to_number(one.get("O_E", "")), variance=to_number(one.get("VAR", "")),
                n_1=whole(one.get("TOTAL_1")), n_0=whole(one.get("TOTAL_2")),
            )  # fmt: skip


def _year(study: Element | None) -> int | None:
    found = whole(study.get("YEAR", "").strip(".")) if study is not None else None
    return found if found and 1500 <= found <= 2200 else None


def write_review(analyses: Sequence[Analysis]) -> bytes:
    """Write analyses as a review with its studies and data, and no text."""
    root = Element("COCHRANE_REVIEW", REVMAN_VERSION="5", TYPE="INTERVENTION", STAGE="R", STATUS="A", ID="tamoxres")
    SubElement(SubElement(root, "COVER_SHEET"), "TITLE").text = "Effects written by tamoxres"
    held = SubElement(SubElement(SubElement(root, "STUDIES_AND_REFERENCES"), "STUDIES"), "INCLUDED_STUDIES")
    studies = {row.study: row for one in analyses for row in one.rows}
    for study, row in studies.items():
        SubElement(held, "STUDY", ID=_id(study), NAME=study, YEAR=str(row.year or ""), DATA_SOURCE="PUB")
    data = SubElement(root, "ANALYSES_AND_DATA", CALCULATED_DATA="NO")
    comparisons: dict[str, Element] = {}
    for one in analyses:
        number, _, of_it = one.number.partition(".")
        if number not in comparisons:
            comparisons[number] = SubElement(data, "COMPARISON", ID=f"CMP-{int(number):03d}", NO=number)
            SubElement(comparisons[number], "NAME").text = one.comparison
        _outcome(comparisons[number], one, f"CMP-{int(number):03d}.{int(of_it):02d}", of_it)
    indent(root, space="")
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _id(study: str) -> str:
    marks = (
        "-" if mark == " " else mark if mark.isascii() and mark.isalnum() else f"_x{ord(mark):04x}_" for mark in study
    )
    return "STD-" + "".join(marks)


def _outcome(comparison: Element, one: Analysis, code: str, number: str) -> None:
    subgroups = list(dict.fromkeys(row.subgroup for row in one.rows))
    parted = any(subgroups)
    outcome = SubElement(
        comparison, "IV_OUTCOME", ID=code, NO=number, CI_STUDY=f"{100 * one.level:g}", CI_TOTAL="95", METHOD="IV",
        RANDOM="YES", LOG_DATA="YES" if one.log_scale else "NO", ENTER_N="YES", ESTIMABLE="YES",
        SUBGROUPS="YES" if parted else "NO", SUBGROUP_TEST="NO", TOTALS="SUB" if parted else "YES", SORT_BY="USER",
        STUDIES=str(len(one.rows)),
    )  # fmt: skip
    for tag, text in (("NAME", one.outcome), ("GROUP_LABEL_1", one.group_1), ("GROUP_LABEL_2", one.group_0),
                      ("GRAPH_LABEL_1", f"Favours {one.group_1}"), ("GRAPH_LABEL_2", f"Favours {one.group_0}"),
                      ("EFFECT_MEASURE", MEASURE_NAMES[one.measure])):  # fmt: skip
        SubElement(outcome, tag).text = text
    for i, subgroup in enumerate(subgroups, start=1):
        place = outcome
        if parted:
            place = SubElement(outcome, "IV_SUBGROUP", ID=f"{code}.{i:02d}", NO=str(i), ESTIMABLE="YES")
            SubElement(place, "NAME").text = subgroup or "not told"
        for row in one.rows:
            if row.subgroup == subgroup:
                _data(place, row, one, list(one.rows).index(row) + 1)


def _data(place: Element, row: DataRow, one: Analysis, order: int) -> None:
    point, se = float(row.point or 0.0), float(row.se or 0.0)
    low, high = limits(point, se, one.level, None, ratio=one.log_scale)
    size = math.exp(point) if one.log_scale else point
    values: dict[str, float] = {"EFFECT_SIZE": size, "CI_START": low, "CI_END": high, "ESTIMATE": point, "SE": se}
    if one.log_scale:
        values |= {f"LOG_{name}": math.log10(values[name]) for name in ("EFFECT_SIZE", "CI_START", "CI_END")}
    SubElement(place, "IV_DATA", {
        "STUDY_ID": _id(row.study), "ORDER": str(order), "ESTIMABLE": "YES", "WEIGHT": "0.0",
        "TOTAL_1": str(row.n_1 or 0), "TOTAL_2": str(row.n_0 or 0),
        **{name: repr(value) for name, value in values.items()},
    })  # fmt: skip
