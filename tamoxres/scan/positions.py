"""Where the genes of a screen stand, so that it can be drawn along the genome.

Conventions: a position is the start of a gene in base pairs from the tip of the short arm, whichever its strand; of
several transcripts, the smallest. The embedded positions are those of GRCh38 (`data_raw/genes`). Symbols are compared
whatever their case, and a name that is nobody's official symbol is looked up among former names (HIST1H4A is H4C1). A
gene without a known place keeps its row.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..cohorts.readers.delimited import parse
from ..cohorts.recode import RawTable, read_table
from ..errors import DataError
from ..files import data_root, read_bytes, read_pinned
from ..genome import CHROMOSOMES, plain_chromosomes
from ..wording import count

__all__ = ["ALIASES_SHA256", "POSITIONS_SHA256", "official_symbols", "with_positions"]

POSITIONS_SHA256 = "265d0a1f96f9261a4457873647f24728e41d8fb7472173df855bf176a27f0437"
ALIASES_SHA256 = "507b398a1952a2ed6ba4bb1940aa49aa8cf0b8e758d067b9a3dae5f20a5547bd"
_COLUMNS = ("gene", "chromosome", "position")
_PLACE = _COLUMNS[1:]
_LONGEST = 250_000_000  # base pairs: chromosome 1 has 248,956,422 (GRCh38)
_GZIP = b"\x1f\x8b"


def with_positions(result: pd.DataFrame, positions: pd.DataFrame | str | Path | None = None) -> pd.DataFrame:
    """Join chromosome and position to the genes of a screen's table.

    Parameters
    ----------
    result : DataFrame
        With a column `gene` of symbols, in whatever case: `screen(...).table`.
    positions : DataFrame or path, optional
        Columns gene, chromosome (1 to 22, X, Y, MT; `chr1` is read too) and position (base pairs, whole numbers above
        0), from a frame or a CSV or TSV file, which may be compressed (`.gz`); an empty cell is an unknown place. The
        embedded positions (GRCh38) if None.

    Returns
    -------
    DataFrame
        The same rows in the same order, with `chromosome` and `position`; NA where no place is known.

    Raises
    ------
    DataError
        If `result` has no genes, or places already; or on the first thing that is wrong in `positions`: file, line,
        column, what to do.

    Examples
    --------
    >>> import pandas as pd
    >>> with_positions(pd.DataFrame({"gene": ["ERBB2", "frap1", "no gene"]}))
          gene chromosome  position
    0    ERBB2         17  39688093
    1    frap1          1  11106534
    2  no gene       <NA>      <NA>
    """
    _check_result(result)
    places = _embedded() if positions is None else _own(positions)
    names = _keys(result["gene"])
    former = names.map(_aliases())
    place = places.reindex(names.where(names.isin(places.index), former))
    return result.assign(**{name: place[name].array for name in _PLACE})


def official_symbols(names: Iterable[str]) -> pd.Series[Any]:
    """Return the official symbol of each gene, in capitals: former names changed (FRAP1 is MTOR), unknown ones kept."""
    keys = _keys(pd.Series(list(names), dtype="string"))
    return keys.where(keys.isin(_embedded().index), keys.map(_aliases()).fillna(keys))


def _check_result(result: pd.DataFrame) -> None:
    if "gene" not in result.columns:
        have = ", ".join(map(str, result.columns))
        raise DataError(f"Genes are found by a column 'gene' of symbols; found {have}. Give the table of a screen.")
    if placed := [name for name in _PLACE if name in result.columns]:
        raise DataError(f"The table has a column {placed[0]!r} already. Drop it first, or draw the table as it is.")


def _keys(names: pd.Series[Any]) -> pd.Series[Any]:
    """Return symbols as they are compared: in capitals, without blanks around them."""
    return names.astype("string").str.strip().str.upper()


@cache
def _embedded() -> pd.DataFrame:
    return _places(_read_embedded("positions.csv", POSITIONS_SHA256))


@cache
def _aliases() -> pd.Series[Any]:
    """Return the official symbol of each former name."""
    frame = _read_embedded("aliases.csv", ALIASES_SHA256).frame
    return pd.Series(_keys(frame["gene"]).array, index=_keys(frame["alias"]).array)


def _read_embedded(name: str, sha256: str) -> RawTable:
    path = data_root() / "genes" / name
    return read_table(read_pinned(path, sha256), path, separator=",")


def _own(positions: pd.DataFrame | str | Path) -> pd.DataFrame:
    """Return the places that a user gives, checked."""
    if isinstance(positions, pd.DataFrame):
        text = positions.reset_index(drop=True).rename(columns=str).map(str, na_action="ignore").astype(object)
        table = RawTable("positions", text.where(text.notna(), None), np.arange(1, len(text) + 1), "row")
    else:
        path = Path(positions)
        read = parse(_bytes(path), path.name)
        frame = pd.DataFrame(read.cells, columns=list(read.header))
        table = RawTable(path.name, frame.where(frame.notna(), np.nan).astype(object), read.lines)
    table.require(_COLUMNS)
    return _places(table)


def _bytes(path: Path) -> bytes:
    if not path.is_file():
        raise DataError(f"{path} does not exist. Name a CSV or TSV file with columns {', '.join(_COLUMNS)}.")
    content = read_bytes(path)
    if path.suffix.lower() == ".gz" and not content.startswith(_GZIP):
        raise DataError(f"{path.name} cannot be unpacked as gzip (it is none). Download or compress it anew.")
    return content


def _places(table: RawTable) -> pd.DataFrame:
    """Check a table of places, and return chromosome and position by symbol."""
    gene, chromosome = table.frame["gene"], table.frame["chromosome"]
    table.refuse(gene, gene.isna(), "no symbol", "Name the gene, or leave the row out.")
    plain = plain_chromosomes(chromosome)
    table.refuse(
        chromosome, chromosome.notna() & ~plain.isin(CHROMOSOMES), "an unknown chromosome",
        "Write 1 to 22, X, Y or MT, and leave out rows of other sequences (patches, scaffolds).",
    )  # fmt: skip
    position = table.numbers("position")
    table.refuse(
        table.frame["position"], (position <= 0) | (position % 1 > 0), "not a whole number above 0",
        "Give the start of the gene in base pairs, or leave the cell empty if it is unknown.",
    )  # fmt: skip
    table.refuse(table.frame["position"], position > _LONGEST, "beyond the end of every chromosome")
    place = pd.DataFrame(
        {"key": _keys(gene), "chromosome": plain.astype("string"), "position": position.astype("Int64")}
    )
    known = place[(chromosome.notna() & position.notna()).to_numpy()]
    once = known.drop_duplicates()
    _refuse_two_places(table, once)
    return once.set_index("key")


def _refuse_two_places(table: RawTable, places: pd.DataFrame) -> None:
    """Refuse a gene that stands at two places, by name."""
    twice = np.flatnonzero(places["key"].duplicated())
    if twice.size:
        gene = places["key"].iloc[twice[0]]
        first, second = (
            f"{at.chromosome}:{count(at.position)}" for at in places[places["key"] == gene][:2].itertuples()
        )
        raise DataError(
            f"{table.where(int(places.index[twice[0]]), 'gene')}: {gene} stands at {second}, and before at {first} "
            f"({twice.size} such rows). Keep one place a gene, such as the smallest start."
        )
