"""The command line: a thin face over the public names.

Exit codes: 0 done; 2 an error of ours, in one sentence; 1 anything else.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from .endpoints import endpoint as steep
from .errors import QuestionError, TamoxresError
from .question import Missing, Question, Receptor, Ties, Treatment, Weights

if TYPE_CHECKING:
    import pandas as pd

    from .effects import EffectEstimate
    from .meta.pooled import PooledEffect

__all__ = ["app", "main"]

Progress = Callable[[int, int, str], None]

app = typer.Typer(
    name="tamoxres", no_args_is_help=True, add_completion=False, rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Does a marker predict failure of tamoxifen, or is it only prognostic? "
    "Cohorts, models, meta-analysis, reports.",
    epilog="Example: tamoxres effect metabric --marker HER2 --endpoint BCSS --estimand interaction",
)  # fmt: skip


Format = Literal["table", "csv", "json"]
PlainFormat = Literal["table", "json"]
Estimand = Literal["prognostic", "treatment_effect", "interaction"]
Tau2 = Literal["common", "dl", "reml", "ml", "pm", "he", "sj", "eb"]
Interval = Literal["hksj", "z", "hk_adhoc"]
Prediction = Literal["hts", "z", "k1", "hksj"]
JournalStyle = Literal["tamoxres", "revman5", "bmj", "jama", "lancet", "ebctcg"]

DataDir = Annotated[
    Path | None, typer.Option(help="Folder with the publishers' files, searched first (or TAMOXRES_DATA).")
]
Output = Annotated[Path | None, typer.Option("-o", "--output", help="Write here instead of to the terminal.")]
Marker = Annotated[str | None, typer.Option(help="HER2, PTEN, AKT, MTOR, SRC, HH or PIK3CA.")]


@app.command(epilog="Example: tamoxres cohorts --format json")
def cohorts(
    format_: Annotated[PlainFormat, typer.Option("--format", help="How to print.")] = "table", data_dir: DataDir = None
) -> None:
    """List the cohorts: patients, endpoints with events, markers, licence, and whether they are on disk."""
    from .cohorts.catalogue import catalogue

    listed = catalogue(data_dir=data_dir)
    if format_ == "json":
        _emit(listed.to_json(orient="records", indent=2) + "\n", None)
    else:
        _table(listed, "Cohorts")


@app.command(epilog="Example: tamoxres check metabric")
def check(
    cohort: Annotated[str, typer.Argument(help="A catalogue name, or a file of effect rows (CSV or JSON).")],
    data_dir: DataDir = None,
) -> None:
    """Check a cohort against the codebook and count what is unknown; exit 2 when it fails."""
    if cohort.lower().endswith((".csv", ".json")) and Path(cohort).is_file():
        from .effects import read_effects

        rows = read_effects(cohort)
        kinds = {status: sum(row.status == status for row in rows) for status in sorted({row.status for row in rows})}
        _say(f"{cohort}: {len(rows)} effect rows hold ({', '.join(f'{n} {status}' for status, n in kinds.items())}).")
        return
    from .cohorts.catalogue import load

    loaded = load(cohort, data_dir=data_dir)
    _table(_unknowns(loaded.patients), f"{loaded.title}: {loaded.n:,} patients pass the codebook")
    for note in (*loaded.notes, *(f"{code}: {text}" for code, text in loaded.departures.items())):
        _say(f"- {note}")


def _unknowns(patients: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    from .codebook import column
    from .wording import percent

    rows = [
        (
            name,
            declared.meaning if (declared := column(str(name))) else "(not in the codebook)",
            int(values.isna().sum()),
            percent(values.isna().mean()),
        )
        for name, values in patients.items()
    ]
    return pd.DataFrame(rows, columns=["column", "meaning", "unknown", "share"])


@app.command(epilog="Examples: tamoxres effect metabric --marker HER2 --endpoint BCSS --format json; "
             "tamoxres effect gbsg --estimand treatment_effect --endpoint RFS --er any")  # fmt: skip
def effect(
    cohort: Annotated[str, typer.Argument(help="A catalogue name, such as metabric.")],
    endpoint: Annotated[str, typer.Option(help="A STEEP code: OS, BCSS, RFI, RFS, DRFI, DRFS, IDFS, IBCFS, BCFI.")],
    marker: Marker = None,
    estimand: Annotated[Estimand, typer.Option(help="What is asked.")] = "prognostic",
    rule: Annotated[
        str | None, typer.Option(help="Rule that calls the marker; the cohort's default if not given.")
    ] = None,
    er: Annotated[Receptor, typer.Option(help="Oestrogen receptor.")] = "positive",
    treatment: Annotated[
        Treatment | None, typer.Option(help="Default: endocrine; any (both arms) for effects of treatment.")
    ] = None,
    where: Annotated[
        list[str] | None, typer.Option(help="Further restriction, such as 'nodes >= 1'; may be repeated.")
    ] = None,
    adjust: Annotated[str, typer.Option(help="Covariates, comma-separated; factor(grade) for levels.")] = "",
    strata: Annotated[str, typer.Option(help="Strata, comma-separated.")] = "",
    horizon: Annotated[float | None, typer.Option(help="Months.")] = None,
    landmark: Annotated[float | None, typer.Option(help="Months.")] = None,
    missing: Annotated[Missing, typer.Option(help="Missing covariates.")] = "complete",
    weights: Annotated[Weights, typer.Option(help="Propensity weights.")] = "none",
    ties: Annotated[Ties, typer.Option(help="Tied events.")] = "efron",
    data_dir: DataDir = None,
    format_: Annotated[Format, typer.Option("--format", help="How to print.")] = "table",
    output: Output = None,
) -> None:
    """Estimate an effect in a cohort: prognostic, of treatment, or the marker x treatment interaction."""
    from .answer import answer
    from .cohorts.catalogue import load

    question = Question(
        endpoint=steep(endpoint), marker=marker, rule=rule, estimand=estimand, er=er,
        treatment=treatment, where=tuple(where or ()), adjust=_split(adjust), strata=_split(strata),
        horizon=horizon, landmark=landmark, missing=missing, weights=weights, ties=ties,
    )  # fmt: skip
    found = answer(load(cohort, data_dir=data_dir), question)
    _effects(found.rows, format_, output, title=str(question))
    if format_ == "table" and output is None:
        _say(str(found.flow))
        for note in dict.fromkeys([*(row.note for row in found.rows if row.note), *found.cohort.notes]):
            _say(f"- {note}")
        if found.verdict and estimand == "interaction":
            _say(f"Verdict: {found.verdict}")


@app.command(epilog="Example: tamoxres pool effects.csv --marker HER2 --format json")
def pool(
    files: Annotated[list[Path], typer.Argument(help="Effect rows, CSV or JSON.")],
    marker: Marker = None,
    endpoint: Annotated[str | None, typer.Option(help="Only rows of this endpoint.")] = None,
    estimand: Annotated[Estimand | None, typer.Option(help="Only rows of this estimand.")] = None,
    tau2: Annotated[Tau2, typer.Option(help="Estimator of the between-study variance.")] = "reml",
    ci: Annotated[Interval, typer.Option(help="Interval of the pooled effect.")] = "hksj",
    prediction: Annotated[Prediction, typer.Option(help="Rule of the prediction interval.")] = "hts",
    margin: Annotated[
        str | None, typer.Option(help="Equivalence margin, such as 0.80,1.25: adds the 90% interval.")
    ] = None,
    format_: Annotated[PlainFormat, typer.Option("--format", help="How to print.")] = "table",
    output: Output = None,
) -> None:
    """Pool effect rows: random effects (REML, Hartung-Knapp) with a prediction interval, common effect beside it."""
    from .meta.pool import pool as pool_effects

    chosen: dict[str, Any] = {"tau2": tau2, "ci": ci, "prediction": prediction}
    rows = _filtered(_read(files), marker, endpoint, estimand)
    pooled = pool_effects(rows, **chosen)
    if format_ == "json":
        _emit(pooled.to_json(), output)
        return
    lines = [*_pooled_lines(pooled)]
    if margin:
        lines.append(_equivalence(rows, chosen, margin))
    _emit("\n".join(lines) + "\n", output)


def _pooled_lines(pooled: PooledEffect) -> list[str]:
    lines = [str(row) for row in pooled.effects]
    lines += [f"left out ({row.status.replace('_', ' ')}): {row.study}" for row in pooled.left_out]
    lines += [
        str(pooled),
        *(f"common effect: {pooled.common}" for _ in [0] if pooled.common),
        *(f"- {note}" for note in pooled.notes),
    ]
    return lines


def _equivalence(rows: Sequence[EffectEstimate], chosen: dict[str, Any], margin: str) -> str:
    from .meta.pool import pool as pool_effects
    from .wording import interval, ratio

    try:
        low, high = (float(part) for part in margin.split(","))
    except ValueError:
        raise QuestionError(f"Cannot read the margin {margin!r}. Write two numbers, such as 0.80,1.25.") from None
    if not 0 < low < 1 < high:
        raise QuestionError(f"The margin {margin} does not hold 1. Write two ratios around 1, such as 0.80,1.25.")
    narrow = pool_effects(rows, **chosen, level=0.90)
    inside = low < narrow.ci_low and narrow.ci_high < high
    told = "lies within" if inside else "does not lie within"
    found = interval(ratio(narrow.ci_low), ratio(narrow.ci_high))
    return f"90% CI {found} {told} the margin {interval(ratio(low), ratio(high))}."


@app.command(epilog="Example: tamoxres forest effects.csv --style lancet -o forest.pdf")
def forest(
    files: Annotated[list[Path], typer.Argument(help="Effect rows, CSV or JSON.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="A .png, .svg or .pdf file.")],
    marker: Marker = None,
    endpoint: Annotated[str | None, typer.Option(help="Only rows of this endpoint.")] = None,
    estimand: Annotated[Estimand | None, typer.Option(help="Only rows of this estimand.")] = None,
    pooled: Annotated[bool, typer.Option(help="Pool the rows and draw the diamonds.")] = True,
    style: Annotated[JournalStyle, typer.Option(help="Journal style.")] = "tamoxres",
) -> None:
    """Draw a forest plot of effect rows, pooled where there are two or more."""
    from .figures.forest import forest as draw
    from .figures.save import save_figure
    from .meta.pool import pool as pool_effects

    rows = _filtered(_read(files), marker, endpoint, estimand)
    several = sum(row.status == "estimated" for row in rows) > 1
    drawn = draw(pool_effects(rows) if pooled and several else rows, style=style)
    _say(f"Wrote {save_figure(drawn, output)}")


@app.command(epilog="Example: tamoxres literature --marker PTEN --estimand prognostic --format csv")
def literature(
    marker: Marker = None,
    estimand: Annotated[Estimand | None, typer.Option(help="Only rows of this estimand.")] = None,
    include: Annotated[
        str,
        typer.Option(help="Rows left out by default: recalled, pooled_estimate, overlaps_row_of_same_study, or all."),
    ] = "",
    format_: Annotated[Format, typer.Option("--format", help="How to print.")] = "table",
    output: Output = None,
) -> None:
    """List the published effects that come with tamoxres."""
    from .evidence import literature as published

    wanted: Any = "all" if include == "all" else _split(include)
    rows = published(marker=marker, estimand=estimand, include=wanted)
    _effects(rows, format_, output, title="Published effects")


@app.command(epilog="Example: tamoxres report -o report")
def report(
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the report.")],
    plan: Annotated[Path | None, typer.Option(help="A plan (TOML); the review's question if not given.")] = None,
    data_dir: DataDir = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress.")] = False,
) -> None:
    """Write the report: one HTML file, tables, figures, effect rows, and a manifest."""
    from .reporting.build import build_report

    with _progress(quiet) as progress:
        made = build_report(plan=plan, output=output, data_dir=data_dir, progress=progress)
    for line in made.verdict_lines:
        _say(line)
    _say(f"Report: {made.html}")


@app.command(epilog="Example: tamoxres claims draft.md")
def claims(file: Annotated[Path, typer.Argument(help="A Markdown or text file.")]) -> None:
    """Flag sentences that claim more than such data can show; exit 2 when there are any."""
    from .reporting.claims import check_claims

    if not file.is_file():
        raise QuestionError(f"{file} does not exist. Name a Markdown or text file.")
    found = check_claims(file.read_text(encoding="utf-8"))
    for flag in found:
        _say(f"{file}: {flag}")
    if found:
        raise TamoxresError(f"{len(found)} sentence(s) claim more than such data can show.")
    _say(f"{file}: nothing to flag.")


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _read(files: Iterable[Path]) -> list[EffectEstimate]:
    from .effects import read_effects

    return [row for file in files for row in read_effects(file)]


def _filtered(
    rows: list[EffectEstimate], marker: str | None, endpoint: str | None, estimand: Any
) -> list[EffectEstimate]:
    wanted = {"marker": marker and marker.upper(), "endpoint": endpoint, "estimand": estimand}
    kept = [row for row in rows if all(value is None or getattr(row, name) == value for name, value in wanted.items())]
    if not kept:
        asked = ", ".join(f"{name} {value}" for name, value in wanted.items() if value)
        raise QuestionError(f"None of {len(rows)} effect rows has {asked}.")
    return kept


def _effects(rows: Sequence[EffectEstimate], format_: Format, output: Path | None, *, title: str) -> None:
    from .effects import effects_to_csv, effects_to_json

    if format_ == "csv":
        _emit(effects_to_csv(rows), output)
    elif format_ == "json":
        _emit(effects_to_json(rows), output)
    elif output is not None:
        raise QuestionError("A table is for the terminal. Write a file with --format csv or --format json.")
    else:
        _table(_shown(rows), title)


def _shown(rows: Sequence[EffectEstimate]) -> pd.DataFrame:
    import pandas as pd

    from .wording import count, p_value

    return pd.DataFrame(
        [
            {
                "study": row.study,
                "marker": row.marker,
                "endpoint": row.endpoint,
                "estimand": row.estimand,
                "contrast": row.contrast,
                "population": row.population,
                "n": count(row.n),
                "events": count(row.events),
                "estimate (95% CI)": _estimate(row),
                "P": p_value(row.lrt_p if row.lrt_p is not None else row.p_value),
            }
            for row in rows
        ]
    )


def _estimate(row: EffectEstimate) -> str:
    from .wording import interval, number, ratio_with_interval

    if row.status != "estimated":
        return row.status.replace("_", " ")
    if not row.is_ratio:
        return f"{row.measure} {number(row.estimate)} {interval(number(row.ci()[0]), number(row.ci()[1]))}"
    measure = f"ratio of {row.measure}s" if row.estimand == "interaction" else row.measure
    return f"{measure} {ratio_with_interval(row.estimate, *row.ci())}"


def _table(frame: pd.DataFrame, title: str) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(title=Text(title), title_justify="left", box=None, header_style="bold", pad_edge=False)
    for name in frame.columns:
        shown.add_column(str(name), justify="right" if frame[name].dtype.kind in "if" else "left", overflow="fold")
    for row in frame.itertuples(index=False):
        shown.add_row(
            *(
                Text("" if value is None or (isinstance(value, float) and math.isnan(value)) else str(value))
                for value in row
            )
        )
    console = Console()
    if not console.is_terminal:
        console = Console(width=200)
    console.print(shown)


@contextmanager
def _progress(quiet: bool) -> Iterator[Progress]:
    """Show long work: a bar on a terminal, a line a step elsewhere, nothing when quiet."""
    if quiet:
        yield lambda done, total, what: None
    elif not sys.stderr.isatty():
        yield lambda done, total, what: print(f"[{done}/{total}] {what}", file=sys.stderr)
    else:
        from rich.console import Console
        from rich.progress import Progress as Bar

        with Bar(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("starting", total=None)
            yield lambda done, total, what: bar.update(task, completed=done, total=total, description=what)


def _say(text: str) -> None:
    print(text)


def _emit(text: str, output: Path | None) -> None:
    if output is None:
        sys.stdout.write(text)
        return
    from .files import write_whole

    write_whole(output, text)
    print(f"Wrote {output}", file=sys.stderr)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; an error of ours is one sentence on standard error and exit code 2."""
    try:
        app(args=None if arguments is None else list(arguments))
    except TamoxresError as error:
        print(f"tamoxres: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    except BrokenPipeError:
        sys.stderr.close()
        raise SystemExit(0) from None


if __name__ == "__main__":
    main()
