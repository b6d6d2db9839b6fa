"""RevMan's data: inverse-variance analyses, out and in, as a RevMan 5 review (.rm5) and as a data package (.zip).

Conventions. Out: a comparison holds the rows of one marker, estimand and contrast, an outcome those of one endpoint and
measure, a subgroup those of one level of the marker; estimates are on the natural log scale with their standard errors.
In: every row of an inverse-variance analysis (its log ratio and standard error) and of an O-E and variance analysis of
hazard ratios; analyses of counts and means are left out and named. What the file calls the outcome is the endpoint
where it is an endpoint's code or name; the two groups are what the labels say. RevMan knows no estimand, marker or
adjustment: rows read back have none. Written after the published formats; no version of RevMan was at hand to open
them.

References
----------
Cochrane, RevMan knowledge base: data package specification, version 1 (data rows; overall estimates and settings).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..effects import EffectEstimate
from ..endpoints import GENERAL, TIMED
from ..errors import DataError, TamoxresError, cut
from ..files import read_bytes
from ..vocabulary import nearest
from .revman_analysis import MEASURE_NAMES, Analysis, DataRow
from .revman_package import parse_package, write_package
from .revman_review import parse_review, write_review

__all__ = ["RevManRows", "analyses_of", "read_revman", "revman_bytes"]

_ENDPOINTS = {one.name.casefold(): code for code, one in TIMED.items()} | {
    code.casefold(): code for code in (*TIMED, *GENERAL)
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RevManRows:
    """What a file of RevMan holds.

    Attributes
    ----------
    effects : tuple of EffectEstimate
    left_out : tuple of str
        Analyses and rows that were not read, each with the reason.
    """

    effects: tuple[EffectEstimate, ...]
    left_out: tuple[str, ...] = ()


def analyses_of(rows: Iterable[EffectEstimate]) -> tuple[Analysis, ...]:
    """Arrange effect rows as RevMan's analyses.

    Raises
    ------
    DataError
        If no row is estimated, or one has a measure that RevMan has no generic analysis for.
    """
    comparisons: dict[tuple[str, ...], dict[tuple[str, ...], list[EffectEstimate]]] = {}
    for row in rows:
        if row.status != "estimated":
            continue
        if row.measure not in MEASURE_NAMES:
            raise DataError(
                f"{row.label}: RevMan has no inverse-variance analysis of a {row.measure}.",
                mend=f"Write rows of {', '.join(MEASURE_NAMES)}.",
            )
        asked = comparisons.setdefault((row.marker, row.estimand, *row.compared, row.treatment_contrast), {})
        asked.setdefault((row.endpoint, row.measure), []).append(row)
    if not comparisons:
        raise DataError("No row is estimated, so there is nothing to write for RevMan.")
    return tuple(
        _analysis(f"{i}.{j}", held)
        for i, outcomes in enumerate(comparisons.values(), start=1)
        for j, held in enumerate(outcomes.values(), start=1)
    )


def _analysis(number: str, rows: Sequence[EffectEstimate]) -> Analysis:
    first = rows[0]
    compared = first.contrast or "altered v unaltered"
    kind = f", interaction with {first.treatment_contrast.replace('_', ' ')}" if first.estimand == "interaction" else ""
    return Analysis(
        number=number, comparison=f"{first.marker}: {compared}{kind}" if first.marker else f"{compared}{kind}",
        outcome=first.endpoint or "Outcome", measure=first.measure, level=first.level, log_scale=first.is_ratio,
        group_1=first.compared[0], group_0=first.compared[1], rows=tuple(map(_data_row, rows)),
    )  # fmt: skip


def _data_row(row: EffectEstimate) -> DataRow:
    return DataRow(
        study=row.label, year=row.year, subgroup=row.within, point=row.point, se=row.se, n_1=row.n_1, n_0=row.n_0
    )


def effects_of(analyses: Iterable[Analysis]) -> RevManRows:
    """Turn RevMan's analyses into effect rows."""
    found: list[EffectEstimate] = []
    left: list[str] = []
    for one in analyses:
        if one.measure not in MEASURE_NAMES:
            left.append(f"analysis {one.number}, {cut(one.outcome)}: a {cut(one.measure) or 'measure without a name'}")
            continue
        for row in one.rows:
            try:
                found.append(_effect(row, one))
            except TamoxresError as error:
                left.append(f"analysis {one.number}, {cut(row.study)}: {error}")
    return RevManRows(effects=tuple(found), left_out=tuple(left))


def _effect(row: DataRow, one: Analysis) -> EffectEstimate:
    groups = [part for part in (f"subgroup {row.subgroup}" if row.subgroup else "",) if part]
    about = {
        "study": row.study, "year": row.year, "origin": "published", "measure": one.measure, "level": one.level,
        "endpoint": _ENDPOINTS.get(one.outcome.strip().casefold(), ""), "group_1": one.group_1, "group_0": one.group_0,
        "n_1": row.n_1, "n_0": row.n_0, "restrictions": tuple(part.replace(";", ",") for part in groups),
        "remark": f"RevMan analysis {one.number}, {one.comparison}: {one.outcome}",
    }  # fmt: skip
    if row.point is None or row.se is None:
        if row.o_minus_e is None or not row.variance:
            raise DataError("no estimate with its standard error.")
        return EffectEstimate.from_oe_v(row.o_minus_e, row.variance, **about)
    if one.measure != "RD" and not one.log_scale:
        raise DataError("its data are not on the log scale.")
    point = {"difference" if one.measure == "RD" else "log_estimate": row.point}
    return EffectEstimate(**about, **point, se=row.se, route="se")  # type: ignore[arg-type]


def read_revman(path: str | Path, *, analysis: str | None = None, endpoint: str | None = None) -> RevManRows:
    """Read the effects of a RevMan 5 review (.rm5), a data package (.zip) or its data rows (.csv, settings beside it).

    Parameters
    ----------
    path : path
    analysis : str, optional
        Only this one, such as `1.2`.
    endpoint : str, optional
        What the outcome is, where its name is no endpoint's.

    Returns
    -------
    RevManRows
        `effects`, and `left_out`: what was not read, and why.

    Raises
    ------
    DataError
        If the file cannot be read, holds no such analysis, or several whose outcomes are no endpoints by name (they
        could be pooled as one).

    References
    ----------
    Cochrane, RevMan knowledge base: data package specification, version 1.

    Examples
    --------
    >>> import tempfile
    >>> rows = [EffectEstimate.from_ci(0.54, 0.36, 0.81, study="Knoop 2014", endpoint="RFI")]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "review.rm5"
    ...     _ = file.write_bytes(revman_bytes(rows, ".rm5"))
    ...     print(read_revman(file).effects[0])
    Knoop 2014 RFI: HR 0.54 (0.36-0.81), P = 0.003
    """
    source = Path(path)
    ending = source.suffix.lower()
    if ending not in (".rm5", ".zip", ".csv") or not source.is_file():
        raise DataError(f"{source} is no .rm5, .zip or .csv file that exists. Name a review or data package of RevMan.")
    every = parse_review(read_bytes(source), source.name) if ending == ".rm5" else parse_package(source)
    known = [one.number for one in every]
    kept = [one for one in every if analysis in (None, one.number)]
    if not kept:
        near = nearest(analysis, known)
        raise DataError(
            f"{source.name} has no analysis {analysis!r}{f'; is it {near}?' if near else '.'} It has {_told(every)}."
        )
    kept = kept if endpoint is None else [replace(one, outcome=endpoint) for one in kept]
    found = effects_of(kept)
    unnamed = {row.remark for row in found.effects if not row.endpoint}
    if unnamed and len(kept) > 1:
        raise DataError(
            f"{source.name} holds outcomes that are no endpoints by name: {_told(kept)}.",
            mend="Choose one analysis (--analysis 1.2), and say its endpoint (--endpoint OS).",
        )
    if not found.effects:
        raise DataError(f"{source.name} holds no estimate with its error: {cut('; '.join(found.left_out), 300)}.")
    return found


def _told(analyses: Sequence[Analysis]) -> str:
    return cut("; ".join(f"{one.number} {cut(one.outcome)}" for one in analyses), 400)


def revman_bytes(rows: Iterable[EffectEstimate], ending: str) -> bytes:
    """Write effect rows as a RevMan 5 review (`.rm5`) or a data package (`.zip`).

    Returns
    -------
    bytes
        Equal rows give equal bytes.

    Raises
    ------
    DataError
        If the ending is neither, or a measure has no inverse-variance analysis.

    Examples
    --------
    >>> revman_bytes([EffectEstimate.from_ci(0.54, 0.36, 0.81, study="A")], ".zip")[:2]
    b'PK'
    """
    writers = {".rm5": write_review, ".zip": write_package}
    if ending.lower() not in writers:
        raise DataError(f"RevMan's data are written as .rm5 or .zip, not as {ending or 'a file without an ending'}.")
    return writers[ending.lower()](analyses_of(rows))
