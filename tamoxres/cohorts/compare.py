"""Two releases of one cohort: loaded from wherever each lies, and their raw columns laid side by side.

Conventions: a release is a folder of the publishers' files, a registry's file with its mapping, or METABRIC's clinical
file: the study's patient file, or the table that the portal downloads, whose columns have other names. Raw numbers
within `TOLERANCE` are the same number, printed with two decimals. A column that differs by one factor in everybody has
changed its unit: METABRIC's RFS_MONTHS are days/30.4 in releases before 2024 and days/30 since, and no patient moved.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..cohort import Cohort
from ..errors import NotOnDisk, QuestionError
from ..files.numbers import to_numbers
from .catalogue import ENTRIES, load

__all__ = ["TOLERANCE", "load_release", "raw_changes"]

TOLERANCE = 0.011
_ONE_FACTOR = 0.002  # how far ratios of numbers printed with two decimals may spread
_TEN = 10.0  # below it, rounding hides a factor


def load_release(place: str | Path, *, cohort: str | None = None, mapping: str | Path | None = None) -> Cohort:
    r"""Load one release of a cohort from a folder, a registry's file with its mapping, or METABRIC's clinical file.

    Parameters
    ----------
    place : path
    cohort : str, optional
        Catalogue name of what a folder holds; the folder's own name if not given.
    mapping : path, optional
        How a registry's file is read.

    Returns
    -------
    Cohort
        With what identifies the release.

    Raises
    ------
    QuestionError
        If it cannot be told which cohort lies there.
    DataError
        If it is not there, or holds what the loader does not know.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> mapping = 'name = "r"\n[columns]\npatient = "pid"\n[endpoints.OS]\ntime = "t"\nunit = "days"\n'
    >>> mapping += 'event = "d"\nevent_values = [1]\ncensored_values = [0]\n'
    >>> with TemporaryDirectory() as folder:
    ...     file, rules = Path(folder, "registry.csv"), Path(folder, "mapping.toml")
    ...     _ = file.write_text("pid,t,d\n1,900,1\n2,1200,0\n"), rules.write_text(mapping)
    ...     load_release(file, mapping=rules).n
    2
    """
    path = Path(place)
    if mapping is not None:
        return load(path, mapping=mapping)
    if path.is_dir():
        name = cohort or path.name
        if name not in ENTRIES:
            raise QuestionError(f"Which cohort lies in {path}? Name it with --cohort: {', '.join(ENTRIES)}.")
        return load(name, data_dir=path)
    if not path.is_file():
        mend = "Give a folder of the publishers' files, or a file."
        raise NotOnDisk(f"{path} does not exist.", cohort=cohort or "", mend=mend)
    if cohort not in (None, "metabric"):
        raise QuestionError(f"A release of {cohort} is a folder of its files. Give the folder that holds {path.name}.")
    from .assemble import assemble
    from .metabric import clinical_file

    return assemble(clinical_file(path))


def raw_changes(old: Cohort, new: Cohort, *, tolerance: float = TOLERANCE) -> pd.DataFrame:
    """Say which of the publishers' columns changed, in the patients whom both releases hold.

    Parameters
    ----------
    old, new : Cohort
    tolerance : float
        Numbers as close as this are the same, in the column's own unit.

    Returns
    -------
    DataFrame
        column, changed, became_known, became_unknown (patients), and `factor`: new / old where it is one number for
        all that changed, else NaN.
    """
    shared = old.raw.index.intersection(new.raw.index, sort=False)
    rows = list(_columns(old.raw.loc[shared], new.raw.loc[shared], tolerance))
    return pd.DataFrame(rows, columns=["column", "changed", "became_known", "became_unknown", "factor"])


def _columns(old: pd.DataFrame, new: pd.DataFrame, tolerance: float) -> Iterator[tuple[str, int, int, int, float]]:
    for name in old.columns.intersection(new.columns, sort=False):
        one, other = old[name], new[name]
        both = (one.notna() & other.notna()).to_numpy()
        a, b = (to_numbers(values)[0] for values in (one, other))
        numbers = bool(np.isfinite(a[both]).all() and np.isfinite(b[both]).all())
        differs = both & (np.abs(a - b) > tolerance if numbers else (one != other).to_numpy())
        known, unknown = int((one.isna() & other.notna()).sum()), int((one.notna() & other.isna()).sum())
        if differs.any() or known or unknown:
            yield str(name), int(differs.sum()), known, unknown, _factor(a[differs], b[differs])


def _factor(old: np.ndarray[Any, Any], new: np.ndarray[Any, Any]) -> float:
    """Return the one ratio of all numbers, NaN where there is none."""
    large = np.abs(old) >= _TEN
    ratio = new[large] / old[large]
    return float(np.median(ratio)) if len(ratio) > 1 and np.ptp(ratio) <= _ONE_FACTOR else float("nan")
