"""The command line: a thin face over the public names.

Exit codes: 0 done; 2 an error of ours, in one sentence; 1 anything else.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

import typer

from ..errors import TamoxresError
from .absolute import absolute, competing, curve, design, emulate
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
    absolute: "tamoxres absolute metabric --marker HER2 --endpoint BCSS --adjust age,npi --times 120",
    emulate: "tamoxres emulate registry.csv --mapping mapping.toml --endpoint RFS --grace 6 --adjust age,nodes",
    curve: "tamoxres curve gbsg er_fmol --endpoint RFS --er any --adjust nodes --plot er.png",
    competing: "tamoxres competing metabric --marker HER2 --endpoint BCSS --adjust age,npi --strata site",
    design: "tamoxres design 1.6 --marker-share 0.15 --risk 0.3 --sensitivity 0.9",
    screen: "tamoxres screen metabric --endpoint BCSS --adjust age,npi --strata site --data-dir cohorts",
    sensitivity: "tamoxres sensitivity metabric --marker HER2 --endpoint BCSS --adjust age,npi --strata site",
    report: "tamoxres report -o report",
    claims: "tamoxres claims draft.md",
    calibrate: "tamoxres calibrate --quick",
}
for _command, _example in _EXAMPLES.items():
    app.command(epilog=f"Example: {_example}")(_command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; an error of ours is one sentence on standard error and exit code 2."""
    try:
        app(args=None if arguments is None else list(arguments))
    except TamoxresError as error:
        typer.echo(f"tamoxres: {error}", err=True)
        raise SystemExit(2) from None
    except BrokenPipeError:
        sys.stderr.close()
        raise SystemExit(0) from None
