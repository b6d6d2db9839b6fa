"""Commands about effect rows: pool them, draw them, list the published ones or a user's own extraction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ..errors import QuestionError, shown
from ..vocabulary import CiMethod, JournalStyle, PredictionRule, Tau2
from . import show
from .options import Estimand, Format, Marker, Output, PlainFormat, numbers_in, split

if TYPE_CHECKING:
    import pandas as pd

    from ..effects import EffectEstimate
    from ..meta.comparable import Alike

__all__ = ["filtered", "forest", "literature", "pool", "read_rows"]

View = Literal["rows", "counts", "studies", "side-by-side"]
Tier = Literal["cell_line", "animal_model", "clinical", "meta_analysis"]
Setting = Literal["adjuvant", "advanced", "neoadjuvant", "in_vitro", "xenograft"]

Files = Annotated[list[Path], typer.Argument(help="Effect rows, CSV or JSON.")]
Endpoint = Annotated[str | None, typer.Option(help="Only rows of this endpoint (after --endpoint-map).")]
RowsOf = Annotated[Estimand | None, typer.Option(help="Only rows of this estimand.")]
EndpointMap = Annotated[str, typer.Option(help="Endpoints taken as another: DFS=RFS,RFI=RFS.")]
AlikeOption = Annotated[
    list[str] | None,
    typer.Option("--alike", help="What is taken for alike, once for each: measure:RR=HR, rule:*=any."),
]
Include = Annotated[
    str,
    typer.Option(help="Kinds of rows left out by default: recalled, pooled_estimate, or all, same patients too."),
]
LeaveOut = Annotated[list[str] | None, typer.Option(help="A study to leave out; once for each.")]
Reverse = Annotated[list[str] | None, typer.Option(help="A study whose contrast is turned round; once for each.")]
OneAStudy = Annotated[
    bool, typer.Option("--one-a-study", help="Keep the first row of each study, of studies that share no patients.")
]
Margin = Annotated[str | None, typer.Option(help="Equivalence margin, such as 0.80,1.25: adds the 90% interval.")]
KeepUninformative = Annotated[
    bool, typer.Option("--keep-uninformative", help="Keep rows below 1% of the mean weight in k, df and tau2.")
]

OwnTables = Annotated[Path | None, typer.Option(help="Your own extraction: a folder with effects.csv and studies.csv.")]
Merge = Annotated[bool, typer.Option("--merge", help="Add your own studies to those that come along.")]
Compare = Annotated[
    bool, typer.Option("--compare", help="Show what your own tables change, and which pooled answers move.")
]


def pool(
    files: Files,
    marker: Marker = None,
    endpoint: Endpoint = None,
    estimand: RowsOf = None,
    tau2: Annotated[Tau2, typer.Option(help="Estimator of the between-study variance.")] = "reml",
    ci: Annotated[
        CiMethod | None, typer.Option(help="Interval of the pooled effect: adhoc, but z with --tau2 common.")
    ] = None,
    prediction: Annotated[PredictionRule, typer.Option(help="Rule of the prediction interval.")] = "same",
    margin: Margin = None,
    endpoint_map: EndpointMap = "",
    alike: AlikeOption = None,
    include: Include = "",
    leave_out: LeaveOut = None,
    reverse: Reverse = None,
    one_a_study: OneAStudy = False,
    keep_uninformative: KeepUninformative = False,
    format_: Annotated[PlainFormat, typer.Option("--format", help="How to print.")] = "table",
    output: Output = None,
) -> None:
    """Pool effect rows: random effects (REML, ad hoc Hartung-Knapp), prediction interval, common effect beside it."""
    from ..meta.pool import pool as pool_effects

    mapping = _mapping(endpoint_map)
    chosen: dict[str, Any] = {"tau2": tau2, "ci": ci, "prediction": prediction, "endpoint_map": mapping}
    chosen |= {"alike": _alike(alike or (), include), "keep_uninformative": keep_uninformative}
    rows = filtered(read_rows(files), marker, endpoint, estimand, mapping)
    rows = _chosen(rows, leave_out or (), reverse or (), one_a_study)
    pooled = pool_effects(rows, **chosen)
    if format_ == "json":
        show.emit(pooled.to_json(), output)
        return
    lines = [str(row) for row in pooled.effects]
    lines += [f"{row} [no information]" for row in pooled.no_information]
    lines.append(str(pooled))
    if margin:
        lines.append(_equivalence(rows, chosen, margin))
    show.text("\n".join(lines), output)


def _mapping(text: str) -> dict[str, str]:
    pairs = [part.partition("=") for part in split(text)]
    if wrong := [name + mark for name, mark, value in pairs if not mark or not value]:
        raise QuestionError(f"Cannot read {wrong[0]!r} in --endpoint-map. Write DFS=RFS, or DFS=RFS,RFI=RFS.")
    return {name: value for name, _, value in pairs}


def _alike(given: Sequence[str], include: str) -> Alike:
    """Read `--alike NAME:VALUE=TAKEN_AS`, and the kinds of rows included by name."""
    from dataclasses import fields

    from ..meta.comparable import REFUSED_FLAGS, Alike

    names = [field.name for field in fields(Alike) if field.name != "include"]
    maps: dict[str, dict[str, str]] = {}
    for text in given:
        name, colon, pair = text.partition(":")
        value, mark, taken_as = pair.partition("=")
        if name not in names or not (colon and mark):
            raise QuestionError(
                f"Cannot read --alike {text!r}. Write NAME:VALUE=TAKEN_AS, as measure:RR=HR; NAME is one of "
                f"{', '.join(names)}."
            )
        maps.setdefault(name, {})[value] = taken_as
    kinds = REFUSED_FLAGS if include == "all" else split(include)
    return Alike(include=tuple(kinds), **maps)


def _chosen(
    rows: Sequence[EffectEstimate], leave_out: Sequence[str], reverse: Sequence[str], one_a_study: bool
) -> list[EffectEstimate]:
    from ..meta.comparable import patient_ids

    known = {row.study.casefold(): row.study for row in rows}
    if unknown := [name for name in (*leave_out, *reverse) if name.casefold() not in known]:
        raise QuestionError(f"No row is of study {unknown[0]!r}. Studies are {', '.join(known.values())}.")
    gone, turned = ({name.casefold() for name in names} for names in (leave_out, reverse))
    kept: list[EffectEstimate] = []
    counted: set[str] = set()  # the names of the patients of the rows kept
    for row in rows:
        twice = one_a_study and not counted.isdisjoint(patient_ids(row))
        if row.study.casefold() not in gone and not twice:
            kept.append(row.reversed() if row.study.casefold() in turned else row)
            counted |= patient_ids(row)
        elif twice:
            typer.echo(f"left out by --one-a-study: {row}", err=True)
    return kept


def _equivalence(rows: Sequence[EffectEstimate], chosen: dict[str, Any], margin: str) -> str:
    from ..meta.pool import pool as pool_effects
    from ..wording import ratio_limits

    if len(limits := numbers_in(margin) or ()) != 2:
        raise QuestionError(f"Cannot read the margin {shown(margin)}. Write two numbers, such as 0.80,1.25.")
    low, high = limits
    if not 0 < low < 1 < high:
        raise QuestionError(f"The margin {margin} does not hold 1. Write two ratios around 1, such as 0.80,1.25.")
    narrow = pool_effects(rows, **chosen, level=0.90)
    inside = low < narrow.ci_low and narrow.ci_high < high
    told = "lies within" if inside else "does not lie within"
    found = ratio_limits(narrow.estimate, narrow.ci_low, narrow.ci_high)
    return f"90% CI {found} {told} the margin {ratio_limits(1.0, low, high)}."


def forest(
    files: Files,
    output: Annotated[Path, typer.Option("-o", "--output", help="A .png, .svg, .pdf, .tiff or .eps file.")],
    marker: Marker = None,
    endpoint: Endpoint = None,
    estimand: RowsOf = None,
    endpoint_map: EndpointMap = "",
    alike: AlikeOption = None,
    include: Include = "",
    leave_out: LeaveOut = None,
    reverse: Reverse = None,
    one_a_study: OneAStudy = False,
    pooled: Annotated[bool, typer.Option(help="Pool the rows and draw the diamonds.")] = True,
    style: Annotated[JournalStyle, typer.Option(help="Journal style.")] = "tamoxres",
    dpi: Annotated[int, typer.Option(help="Dots an inch of a .png or .tiff.")] = 300,
) -> None:
    """Draw a forest plot of effect rows, pooled where there are two or more."""
    from ..figures.forest import PER_PAGE, forest_pages
    from ..figures.forest import forest as draw
    from ..figures.save import save_figure
    from ..meta.pool import pool as pool_effects

    mapping = _mapping(endpoint_map)
    rows = filtered(read_rows(files), marker, endpoint, estimand, mapping)
    rows = _chosen(rows, leave_out or (), reverse or (), one_a_study)
    several = sum(row.status == "estimated" for row in rows) > 1
    declared: dict[str, Any] = {"endpoint_map": mapping, "alike": _alike(alike or (), include)}
    shown = pool_effects(rows, **declared) if pooled and several else rows
    long = len(rows) > PER_PAGE and output.suffix.lower() == ".pdf"
    drawn = forest_pages(shown, style=style) if long else draw(shown, style=style)
    show.say(f"Wrote {save_figure(drawn, output, dpi=dpi)}")


def literature(
    marker: Marker = None,
    estimand: RowsOf = None,
    tier: Annotated[Tier | None, typer.Option(help="Only studies of this tier.")] = None,
    setting: Annotated[Setting | None, typer.Option(help="Only studies in this setting.")] = None,
    treatment: Annotated[str, typer.Option(help="Only rows whose treatment names this drug, such as tamoxifen.")] = "",
    flag: Annotated[str, typer.Option(help="Only rows with these flags, comma-separated.")] = "",
    without_flag: Annotated[str, typer.Option(help="No rows with one of these flags, comma-separated.")] = "",
    include: Include = "",
    view: Annotated[
        View,
        typer.Option(help="Effect rows; what was found, left out and usable; studies; interactions side by side."),
    ] = "rows",
    counts: Annotated[bool, typer.Option("--counts", help="The same as --view counts.")] = False,
    data: OwnTables = None,
    merge: Merge = False,
    compare: Compare = False,
    format_: Annotated[Format, typer.Option("--format", help="How to print.")] = "table",
    output: Output = None,
) -> None:
    """List the published effects that come with tamoxres, or your own extraction in the same format."""
    from ..evidence import literature as published
    from ..evidence import narrowed

    own: dict[str, Any] = {"data": _folder(data, merge=merge, compare=compare), "merge": merge}
    if compare:
        _compare(own, format_, output)
        return
    chosen: View = "counts" if counts else view
    if chosen != "rows":
        filters = {"tier": tier, "setting": setting, "estimand": estimand, "treatment": treatment, "flag": flag,
                   "without-flag": without_flag}  # fmt: skip
        _show_view(chosen, marker, filters, own, format_, output)
        return
    wanted: Any = "all" if include == "all" else split(include)
    rows = published(marker=marker, estimand=estimand, tier=tier, setting=setting, include=wanted, **own)
    rows = narrowed(rows, treatment=treatment, with_flags=split(flag), without_flags=split(without_flag))
    show.effects(rows, format_, output, title="Published effects" if data is None else f"Effects of {data}")
    if not rows and format_ == "table":
        show.say("No published effect of this kind in the table.")


def _folder(data: Path | None, *, merge: bool, compare: bool) -> Path | None:
    if data is None and (merge or compare):
        option = "--merge" if merge else "--compare"
        raise QuestionError(
            f"{option} needs your own tables. Add --data DIR, a folder with effects.csv and studies.csv."
        )
    return data.parent if data is not None and data.is_file() else data


def _show_view(
    view: View, marker: str | None, filters: dict[str, str | None], own: dict[str, Any], format_: Format,
    output: Path | None,
) -> None:  # fmt: skip
    from ..evidence import evidence_counts, side_by_side, studies
    from ..registry import find

    allowed = {"studies": ("tier", "setting")}.get(view, ())
    if given := [name for name, value in filters.items() if value and name not in allowed]:
        raise QuestionError(f"--{given[0]} is about effect rows. Leave it out, or leave out --view {view}.")
    if view == "studies":
        found = studies(**own)
        about = find(marker).evidence_name if marker else None
        for name, value in {"marker": about, **{key: filters[key] for key in allowed}}.items():
            found = found if value is None else found[found[name] == value]
        short = ["study", "marker", "direction", "tier", "setting", "summary"]
        _show_frame(found, format_, output, "Studies", columns=short)
        return
    makes: dict[str, Callable[..., pd.DataFrame]] = {"counts": evidence_counts, "side-by-side": side_by_side}
    titles = {
        "counts": "Identified, left out, usable",
        "side-by-side": "Interactions of marker and treatment, unpooled",
    }
    found = makes[view](marker=marker, **own)
    if view == "counts" or format_ != "table":
        _show_frame(found, format_, output, titles[view])
        return
    _show_frame(_written(found), format_, output, titles[view])
    for row in found[found["remark"] != ""].to_dict("records"):
        show.say(f"{row['study']}, {row['endpoint']}: {row['remark']}")


def _written(frame: pd.DataFrame) -> pd.DataFrame:
    """Write the ratios of `side_by_side` as a reader reads them."""
    import pandas as pd

    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return pd.DataFrame([_written_row({str(name): value for name, value in row.items()}) for row in rows])


def _written_row(row: dict[str, Any]) -> dict[str, str]:
    from ..wording import number, p_value, ratio, ratio_with_interval

    told = row["ratio"] is not None
    errors = number(row["se"]) if told else ""
    if told and number(row["se_least"]) != number(row["se_most"]):
        errors += f" ({number(row['se_least'])} or {number(row['se_most'])} by side)"
    composite = ", composite marker" if "composite_marker" in row["flags"] else ""
    return {
        "marker": row["marker"], "study": row["study"], "treatments": row["contrast"], "endpoint": row["endpoint"],
        **{level: "" if row[level] is None else ratio(row[level]) for level in ("altered", "unaltered")},
        "ratio (95% CI)": ratio_with_interval(row["ratio"], row["ci_low"], row["ci_high"]) if told else "",
        "SE": errors, "P": p_value(row["p_value"]) if told else "",
        "printed P": "" if row["printed_p"] is None else p_value(row["printed_p"]), "from": row["route"] + composite,
    }  # fmt: skip


def _compare(own: dict[str, Any], format_: Format, output: Path | None) -> None:
    """Show the rows that a user's own tables add, remove and alter, then the pooled answers that move."""
    from ..evidence import changes
    from ..evidence import literature as published
    from ..meta.moved import moved

    found = changes(own["data"], merge=own["merge"])
    answers = moved(published(), published(**own))
    if format_ != "table" or output is not None:
        _show_frame(found, format_, output, "Changes")
        return
    rows = found.drop_duplicates(["table", "change", "study_id", "row"])[["table", "change"]]
    counted = Counter(f"{change} in {table}" for table, change in rows.itertuples(index=False))
    told = ", ".join(f"{n} {kind}" for kind, n in counted.items()) or "nothing"
    show.say(f"Changed against the tables that come along: {told}.")
    if len(found):
        show.table(found, "Rows")
    if len(answers):
        show.table(answers.iloc[:, :12], "Pooled answers that move (one row a study; REML, ad hoc Hartung-Knapp)")
    else:
        show.say("No pooled answer moves.")


def _show_frame(
    frame: pd.DataFrame, format_: Format, output: Path | None, title: str, columns: Sequence[str] | None = None
) -> None:
    if format_ == "csv":
        show.emit(frame.to_csv(index=False), output)
    elif format_ == "json":
        show.emit(frame.to_json(orient="records", indent=2, force_ascii=False) + "\n", output)
    elif output is not None:
        raise QuestionError("A table is for the terminal. Write a file with --format csv or --format json.")
    else:
        show.table(frame[list(columns)] if columns else frame, title)


def read_rows(files: Iterable[Path]) -> list[EffectEstimate]:
    """Read effect rows from files, and name the columns that nothing reads."""
    from ..effects import read_effects, unread_columns

    rows = []
    for file in files:
        with show.synonyms():
            rows += read_effects(file)
        if unread := unread_columns(file):
            typer.echo(f"{file}: not read: {', '.join(unread)}.", err=True)
    return rows


def filtered(
    rows: list[EffectEstimate], marker: str | None, endpoint: str | None, estimand: Any, mapping: dict[str, str]
) -> list[EffectEstimate]:
    """Keep the rows that were asked for.

    Raises
    ------
    QuestionError
        If there is none.
    """
    from ..registry import canonical

    wanted = {"marker": marker and canonical(marker), "estimand": estimand}
    kept = [row for row in rows if all(value is None or getattr(row, name) == value for name, value in wanted.items())]
    kept = [row for row in kept if endpoint in (None, row.endpoint, mapping.get(row.endpoint, row.endpoint))]
    if not kept:
        asked = ", ".join(f"{name} {value}" for name, value in {**wanted, "endpoint": endpoint}.items() if value)
        raise QuestionError(f"None of {len(rows)} effect rows has {asked}.")
    return kept
