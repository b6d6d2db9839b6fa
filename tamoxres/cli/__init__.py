"""The command line: a thin face over the public names.

Exit codes: 0 done; 2 an error of ours, in one sentence; 1 anything else.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NoReturn

import typer

from ..errors import TamoxresError, cut
from .data import cache, check, cohorts, diff, fetch, init_mapping, markers, overlap
from .estimate import effect
from .evidence import forest, literature, pool
from .report import calibrate, claims, report, sensitivity
from .screen import screen

__all__ = ["app", "main"]

app = typer.Typer(
    name="tamoxres", no_args_is_help=True, add_completion=False, rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="Does a marker predict failure of tamoxifen, or is it only prognostic? "
    "Cohorts, models, meta-analysis, reports.",
    epilog="Example: tamoxres effect metabric --marker HER2 --endpoint BCSS --estimand interaction",
)  # fmt: skip
_EXAMPLES: dict[Callable[..., None], str] = {
    cohorts: "tamoxres cohorts --format json",
    check: "tamoxres check registry.csv --mapping mapping.toml",
    fetch: "tamoxres fetch metabric",
    markers: "tamoxres markers metabric",
    overlap: "tamoxres overlap gse17705 loi2008 --data-dir data",
    diff: "tamoxres diff registry_2025.csv registry_2026.csv --mapping mapping.toml",
    cache: "tamoxres cache path",
    init_mapping: "tamoxres init-mapping registry.csv -o mapping.toml",
    effect: "tamoxres effect metabric --marker HER2 --endpoint BCSS --format json\n\n"
    "tamoxres effect gbsg --estimand treatment_effect --endpoint RFS --er any",
    pool: "tamoxres pool effects.csv --marker HER2 --format json",
    forest: "tamoxres forest effects.csv --style lancet -o forest.pdf",
    literature: "tamoxres literature --marker PTEN --estimand prognostic --format csv",
    screen: "tamoxres screen metabric --endpoint BCSS --adjust age,npi --strata site --data-dir cohorts",
    sensitivity: "tamoxres sensitivity metabric --marker HER2 --endpoint BCSS --adjust age,npi --strata site",
    report: "tamoxres report -o report",
    claims: "tamoxres claims draft.md",
    calibrate: "tamoxres calibrate --quick",
}
for _command, _example in _EXAMPLES.items():
    app.command(epilog=f"Example: {_example}")(_command)

_NOBODY_READS = "Whoever read the output stopped before its end."


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; an error of ours is one sentence on standard error and exit code 2."""
    _fall_back()
    output = sys.stdout
    try:
        try:
            app(args=None if arguments is None else list(arguments))
        finally:
            sys.stdout.flush()
    except TamoxresError as error:
        _refuse(str(error))
    except BrokenPipeError:
        _drop_output()
        _refuse(_NOBODY_READS)
    except SystemExit:
        if sys.stdout is output:
            raise
        _refuse(_NOBODY_READS)  # click puts a silent stream in the place of one that nobody reads
    except OSError as error:
        _drop_output()
        where = f"{cut(str(error.filename), 200)}: " if error.filename else ""
        _refuse(f"{where}{error.strerror or error}. Name a place that can be read and written.")
    except MemoryError:
        _refuse("This needs more memory than the machine has. Ask for less: fewer genes, rows or resamples.")


def _fall_back() -> None:
    """Have what a terminal's encoding cannot take written by its number."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _drop_output() -> None:
    """Let what could not be written go, so that nothing is tried again when the program ends."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _refuse(sentence: str) -> NoReturn:
    with suppress(OSError):
        typer.echo(f"tamoxres: {sentence}", err=True)
    raise SystemExit(2) from None
