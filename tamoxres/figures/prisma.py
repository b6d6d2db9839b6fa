"""The flow of studies into a literature table (PRISMA 2020), as far as the tables tell it.

What the tables do not record (records found, screened, excluded, reports not retrieved) is said to be not recorded;
nothing is made up.

References
----------
Page MJ et al. 2021, doi:10.1136/bmj.n71.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from matplotlib.axes import Axes

from ..errors import TamoxresError
from ..wording import count
from .figure import figure
from .flow_diagram import Stage, draw_stages
from .look import Looks
from .style import PALE, Width

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["prisma"]

_COLUMNS = ("step", "what", "studies", "rows")
_UNKNOWN = "not recorded"
_STATUS = ("with a standard error", "a test or an estimate alone", "reported without a number")


@figure(without=("order", "xlim", "ylim", "digits"), palette=(PALE,))
def prisma(counts: pd.DataFrame, *, ax: Axes | None = None, width: Width = "double", **look: Unpack[Looks]) -> Axes:
    """Draw how studies came into a literature table, and which of their rows are used.

    Parameters
    ----------
    counts : DataFrame
        step (identified, left out, usable), what, studies, rows: as `evidence_counts` gives it.
    ax : Axes, optional
        Drawn into its box; else a figure is made that is as high as the texts need.
    width : "single" | "middle" | "double"
        One journal column (85 mm), one and a half (114 mm) or two (170 mm), where `ax` is not given.

    Returns
    -------
    Axes
        Its data are points on paper.

    Raises
    ------
    TamoxresError
        If a column is missing, or no studies were identified.

    Examples
    --------
    >>> import tamoxres as tr
    >>> prisma(tr.evidence_counts(marker="HER2")).get_label().partition(".")[0]
    'Flow of studies'
    """
    lacking = [name for name in _COLUMNS if name not in counts.columns]
    if lacking:
        raise TamoxresError(f"The counts have no column {lacking[0]}. Give what evidence_counts() returns.")
    told = {(row["step"], row["what"]): (int(row["studies"]), int(row["rows"])) for row in counts.to_dict("records")}
    if ("identified", "all") not in told or ("usable", "all") not in told:
        raise TamoxresError("The counts tell no studies identified or usable. Give what evidence_counts() returns.")
    stages = _stages(told)
    ax = draw_stages(stages, ax, width)
    said = [f"{stage.name}: {stage.counts}" + (f" ({stage.left})" if stage.left else "") for stage in stages]
    ax.set_label(f"Flow of studies. {'. '.join(said)}.".replace("\n", "; "))
    return ax


def _stages(told: dict[tuple[str, str], tuple[int, int]]) -> list[Stage]:
    tiers = [
        f"{what}: {_studies(n)}" for (step, what), (n, _) in told.items() if step == "identified" and what != "all"
    ]
    gone = [f"{what}: {_size(*size)}" for (step, what), size in told.items() if step == "left out" and any(size)]
    used = [f"{what}: {_size(*told['usable', what])}" for what in _STATUS if ("usable", what) in told]
    return [
        Stage(name="Identified by searches", counts=f"records {_UNKNOWN}", left=""),
        Stage(name="Screened", counts=f"records {_UNKNOWN}", left=f"Duplicates removed: {_UNKNOWN}"),
        Stage(name="Assessed for eligibility", counts=f"reports {_UNKNOWN}", left=f"Records excluded: {_UNKNOWN}"),
        Stage(
            name="In the literature table", counts="\n".join([_size(*told["identified", "all"]), *tiers]),
            left=f"Reports not retrieved: {_UNKNOWN}\nReports excluded: {_UNKNOWN}",
        ),
        Stage(
            name="Used", counts="\n".join([_size(*told["usable", "all"]), *used]),
            left="\n".join(["Left out (a study may stay with other rows)", *gone]),
        ),
    ]  # fmt: skip


def _studies(n: int) -> str:
    return f"{count(n)} {'study' if n == 1 else 'studies'}"


def _size(studies: int, rows: int) -> str:
    return _studies(studies) + (f", {count(rows)} effect row{'' if rows == 1 else 's'}" if rows else "")
