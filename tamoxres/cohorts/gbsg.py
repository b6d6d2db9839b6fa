"""GBSG: the German Breast Cancer Study Group trial 2, 686 node-positive patients, as lifelines ships it.

Conventions and traps: times are days; `hormone` 1 = no and 2 = yes, `menopause` 1 = pre and 2 = post. A comprehensive
cohort: about two thirds were randomised, and who is not in the file; 2 years of tamoxifen; ER-negative tumours
included. ER and PgR are positive from 10 fmol/mg on. The file is found inside lifelines without importing it.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pandas as pd

from ..cohort import Cohort, Source
from ..endpoints import OS, RFS
from ..errors import DataError
from ..files import read_pinned
from .recode import RawTable, events, months, read_table, receptor_status

__all__ = ["GBSG_SHA256", "load"]

GBSG_SHA256 = "e04343c3f26f193f787df61980495fb7c5d397d42a0cb6f46d1524c008fa337c"
_COLUMNS = (
    "id", "age", "menopause", "hormone", "size", "grade", "nodes", "prog_recp", "estrg_recp", "rectime", "censrec",
    "survtime", "censdead",
)  # fmt: skip
_EVENT = {"0": "no", "1": "yes"}
_NOTES = (
    "A comprehensive cohort: about two thirds of the patients were randomised, and the file does not say who.",
    "Tamoxifen was given for 2 years; patients with ER-negative tumours were included.",
)


def load(*, data_dir: str | Path | None = None) -> Cohort:
    """Load GBSG from the file inside lifelines, harmonised.

    Parameters
    ----------
    data_dir : path, optional
        Not used: the file comes with lifelines.

    Returns
    -------
    Cohort
        Endpoints RFS (299 events) and OS (171); columns `er_fmol`, `pr_fmol` beside the codebook's.
    """
    path = _path()
    table = read_table(read_pinned(path, GBSG_SHA256), path, separator=",", columns=_COLUMNS).indexed("id")
    return Cohort(
        name="gbsg",
        title="GBSG trial 2",
        patients=_harmonise(table),
        raw=table.frame,
        sources=(
            Source(
                name="lymph_node.csv of lifelines",
                citation="Schumacher M et al. 1994 J Clin Oncol 12:2086; Hosmer, Lemeshow and May 2008",
                doi="10.1200/JCO.1994.12.10.2086",
                url="https://github.com/CamDavidsonPilon/lifelines",
                licence="MIT (lifelines)",
                sha256=GBSG_SHA256,
            ),
        ),
        endpoints=(RFS, OS),
        treatment_specificity="tamoxifen_confirmed",
        design="partly_randomised",
        assays={"er": "ligand binding, positive from 10 fmol/mg", "pr": "ligand binding, positive from 10 fmol/mg"},
        notes=_NOTES,
    )


def _path() -> Path:
    spec = importlib.util.find_spec("lifelines")
    if spec is None or spec.origin is None:
        raise DataError("GBSG lies inside the package lifelines, which is not installed. Reinstall tamoxres.")
    return Path(spec.origin).parent / "datasets" / "lymph_node.csv"


def _harmonise(table: RawTable) -> pd.DataFrame:
    er, pr = table.numbers("estrg_recp"), table.numbers("prog_recp")
    treated = table.levels("hormone", {"1": "no", "2": "yes"})
    everyone = pd.Series(True, index=table.frame.index)
    return pd.DataFrame(
        {
            "age": table.numbers("age"),
            "menopause": table.levels("menopause", {"1": "pre", "2": "post"}),
            "er": receptor_status(er),
            "pr": receptor_status(pr),
            "er_fmol": er,
            "pr_fmol": pr,
            "grade": table.numbers("grade"),
            "size_mm": table.numbers("size"),
            "nodes": table.numbers("nodes"),
            "endocrine": treated,
            "endocrine_agent": treated.map({"yes": "tamoxifen", "no": "none"}),
            "RFS_months": months(table.times("rectime")),
            "RFS_event": events(table.levels("censrec", _EVENT) == "yes", known=everyone),
            "OS_months": months(table.times("survtime")),
            "OS_event": events(table.levels("censdead", _EVENT) == "yes", known=everyone),
        },
        index=table.frame.index,
    )
