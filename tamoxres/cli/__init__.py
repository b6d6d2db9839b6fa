"""The command line: a thin face over the public names.

Exit codes: 0 done; 2 an error of ours, in one sentence; 1 anything else.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Annotated, Any, Literal, NoReturn, get_args, get_origin, get_type_hints

import typer
from typer.models import OptionInfo

from .. import __version__
from ..errors import TamoxresError, cut
from . import show
from .absolute import absolute, assayed, case_cohort, competing, curve, design, emulate, pseudo
from .bias import risk_of_bias
from .curves import reconstruct
from .data import cache, check, cohorts, diff, fetch, init_mapping, markers, overlap
from .doubts import confounder, mismeasured
from .estimate import bayes, effect, robustness
from .evidence import forest, literature, pool
from .exchange import convert, references
from .explore import explore
from .living import cumulative, moved
from .marker import interactions, marker_page
from .network import network
from .over_time import changing, cure, states, ten_ways
from .predict import predict
from .report import calibrate, claims, grammar, init_plan, report, sensitivity
from .screen import screen

__all__ = ["app", "main"]

app = typer.Typer(
    name="tamoxres", no_args_is_help=True, rich_markup_mode="rich", pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
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
    init_mapping: "tamoxres init-mapping registry.csv -o mapping.toml\n\nThe mapping's grammar: tamoxres help mapping",
    effect: "tamoxres effect metabric --marker HER2 --endpoint BCSS --format json\n\n"
    "tamoxres effect gbsg --estimand treatment_effect --endpoint RFS --er any",
    robustness: "tamoxres robustness metabric --marker MTOR --endpoint BCSS --adjust age,npi --strata site",
    bayes: "tamoxres bayes metabric --marker HER2 --endpoint BCSS --adjust age,npi --strata site",
    pool: "tamoxres pool effects.csv --marker HER2 --format json",
    forest: "tamoxres forest effects.csv --style lancet -o forest.pdf",
    literature: "tamoxres literature --marker PTEN --estimand prognostic --format csv",
    moved: "tamoxres moved effects_2025.csv effects_2026.csv",
    cumulative: "tamoxres cumulative effects.csv --relevant 0.8",
    network: "tamoxres network effects.csv --estimand treatment_effect --split",
    risk_of_bias: "tamoxres risk-of-bias bias.toml --marker HER2 --figure lights.png",
    convert: "tamoxres convert effects.xlsx -o review.rm5",
    references: "tamoxres references --marker HER2 -o her2.bib",
    interactions: "tamoxres interactions --marker HER2 --own effects.csv",
    marker_page: "tamoxres marker-page HER2 -o her2.html",
    reconstruct: "tamoxres reconstruct curve.csv --at-risk table.csv -o patients.csv",
    absolute: "tamoxres absolute metabric --marker HER2 --endpoint BCSS --adjust age,npi --times 120",
    emulate: "tamoxres emulate registry.csv --mapping mapping.toml --endpoint RFS --grace 6 --adjust age,nodes",
    curve: "tamoxres curve gbsg er_fmol --endpoint RFS --er any --adjust nodes --plot er.png",
    competing: "tamoxres competing metabric --marker HER2 --endpoint BCSS --adjust age,npi --strata site",
    assayed: "tamoxres assayed metabric --marker HER2 --rule three_gene --endpoint BCSS --covariates age,npi",
    case_cohort: "tamoxres case-cohort registry.csv --mapping mapping.toml --marker HER2 --endpoint RFS --adjust age",
    mismeasured: "tamoxres mismeasured metabric --marker HER2 --endpoint BCSS --sensitivity 0.95 --specificity 0.95",
    confounder: "tamoxres confounder effects.csv --ratio 1.5,2,3 --treated 0.4 --untreated 0.2 --plot bias.png",
    changing: "tamoxres changing metabric --marker HER2 --endpoint BCSS --adjust age,npi --landmarks 0,24,60",
    states: "tamoxres states metabric --marker HER2 --endpoint RFI --adjust age --times 60,120",
    pseudo: "tamoxres pseudo metabric --marker HER2 --endpoint BCSS --adjust age,npi --times 120 --quantity mean",
    predict: "tamoxres predict gbsg --endpoint OS --er any --horizon 60 --plot predict.png",
    ten_ways: "tamoxres ten-ways metabric --marker HER2 --endpoint BCSS --adjust age,npi --strata site",
    cure: "tamoxres cure registry.csv --mapping mapping.toml --endpoint RFI --adjust age,nodes",
    design: "tamoxres design 1.6 --marker-share 0.15 --risk 0.3 --sensitivity 0.9",
    screen: "tamoxres screen metabric --endpoint BCSS --adjust age,npi --strata site --data-dir cohorts",
    sensitivity: "tamoxres sensitivity metabric --marker HER2 --endpoint BCSS --adjust age,npi --strata site",
    report: "tamoxres report --plan plan.toml -o report\n\n"
    "tamoxres report registry.csv --mapping mapping.toml -o report\n\nThe plan's grammar: tamoxres help plan",
    init_plan: "tamoxres init-plan registry.csv --mapping mapping.toml -o plan.toml\n\n"
    "The plan's grammar: tamoxres help plan",
    grammar: "tamoxres help mapping",
    explore: "tamoxres explore registry.csv --mapping mapping.toml",
    claims: "tamoxres claims draft.md",
    calibrate: "tamoxres calibrate --quick",
}


def _named_choices(command: Callable[..., None]) -> Callable[..., None]:
    """Write the names that an option allows as words of its help: `a|b|c` would be broken where the line ends."""
    command.__annotations__ = get_type_hints(command, include_extras=True)  # as objects, which keep what is set here
    for hint in command.__annotations__.values():
        origin: Any = get_origin(hint)
        parts: tuple[Any, ...] = get_args(hint) if origin is Annotated else (hint,)
        kinds: tuple[Any, ...] = (parts[0], *get_args(parts[0]))
        names = [name for one in kinds if str(get_origin(one)) == str(Literal) for name in get_args(one)]
        for option in parts[1:]:
            if len(names) > 1 and isinstance(option, OptionInfo) and option.metavar is None:
                option.metavar, option.help = "NAME", f"{option.help} One of {', '.join(names)}."
    return command


_NAMES = {grammar: "help"}  # commands whose name Python needs for something else
for _command, _example in _EXAMPLES.items():
    app.command(_NAMES.get(_command), epilog=f"Example: {_example}")(_named_choices(_command))


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tamoxres {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None: ...


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
        show.complain(f"tamoxres: {sentence}")
    raise SystemExit(2) from None
