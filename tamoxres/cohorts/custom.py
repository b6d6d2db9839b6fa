"""A user's own registry, brought into the schema by a mapping file (`mapping` has its form, `harmonise` the traps)."""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import DataError, refuse_faults
from ..files import read_pinned
from .assemble import Parts, assemble, source_of
from .expression import own_expression
from .formats import read_file
from .harmonise import absent_columns
from .mapping import read_mapping
from .recode import RawTable
from .rules import Mapping

if TYPE_CHECKING:
    from ..cohort import Cohort, Profile

__all__ = ["absent_columns", "load_custom", "open_custom"]


def load_custom(path: str | Path, mapping: str | Path | MappingType[str, Any]) -> Cohort:
    """Load a user's own file as a cohort.

    Parameters
    ----------
    path : path
        CSV, TSV, XLSX, Parquet, Stata or SAS.
    mapping : path or mapping
        TOML; `init_mapping` writes a first one.

    Returns
    -------
    Cohort
        With the markers that the mapping calls.

    Raises
    ------
    DataError
        On what is wrong: file, line, column, value, what to do; the first 20 faults, and how many more there are.
    """
    table, rules = open_custom(path, mapping)
    profiles: tuple[Profile, ...] = ()
    if (matrix := rules.expression) is not None:
        file = Path(path).parent / matrix.file
        profiles = (own_expression(file, matrix.patient, matrix.assay, matrix.unit, table.frame.index),)
    return assemble(Parts(rules=rules, table=table, sources=(source_of(rules, Path(path)),), profiles=profiles))


def open_custom(path: str | Path, mapping: str | Path | MappingType[str, Any]) -> tuple[RawTable, Mapping]:
    """Read file and mapping; every column that the mapping names must be there, and the bytes those it pins."""
    rules = read_mapping(mapping)
    table = read_file(path, rules.options)
    if rules.sha256:
        read_pinned(Path(path), rules.sha256)
    refuse_faults(map(DataError, absent_columns(table, rules)))
    return table.indexed(rules.patient), rules
