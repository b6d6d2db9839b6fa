"""The command that holds NHS Predict against the deaths of a cohort."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..endpoints import endpoint as steep
from ..errors import QuestionError, shown
from . import show
from .asking import Cohort, Endpoint, Er, Rule, Where, called_in, cohort_of
from .options import DataDir, MappingFile, Marker, Output, PlainFormat, numbers_in, split

__all__ = ["predict"]


def predict(
    cohort: Cohort,
    endpoint: Endpoint,
    marker: Marker = None,
    rule: Rule = None,
    er: Er = "positive",
    where: Where = None,
    horizon: Annotated[float, typer.Option(help="Months, whole years.")] = 120.0,
    sizes: Annotated[str, typer.Option(help="What classes of size stand for in mm, as '<=20 mm=15,...'.")] = "",
    plot: Annotated[Path | None, typer.Option(help="Draw observed against predicted here (.png, .svg, .pdf).")] = None,
    mapping: MappingFile = None,
    data_dir: DataDir = None,
    format_: Annotated[PlainFormat, typer.Option("--format", help="How to print.")] = "table",
    output: Output = None,
) -> None:
    """Hold NHS Predict v2.1 against a cohort's deaths: observed over expected, slope, C, by marker and treatment."""
    from ..analysis import select
    from ..markers.predict import with_predict
    from ..models.predict_validation import validate_predict

    name, ready = None, with_predict(cohort_of(cohort, mapping, data_dir), sizes=_sizes(sizes))
    if marker is not None:
        ready, name = called_in(ready, marker, rule)
    analysis = select(ready, endpoint=steep(endpoint), marker=name, er=er, treatment="any", where=where or ())
    found = validate_predict(analysis, horizon=horizon)
    if format_ == "json" or output is not None:
        show.emit(found.groups.to_json(orient="records", indent=1) + "\n", output)
    else:
        show.listed(found.table())
    if plot is not None:
        from ..figures.calibration_plot import calibration_plot
        from ..figures.save import save_figure

        show.say(f"Wrote {save_figure(calibration_plot(found.groups), plot)}")


def _sizes(text: str) -> dict[str, float]:
    """Read pairs of a class and its millimetres; the last equals sign of each stands between them."""
    out = {}
    for part in split(text):
        name, sign, value = part.rpartition("=")
        millimetres = numbers_in(value) or ()
        if not sign or len(millimetres) != 1:
            raise QuestionError(f"--sizes holds {shown(part)}; write a class and its millimetres, as '<=20 mm=15'.")
        out[name.strip()] = millimetres[0]
    return out
