"""Molecular profiles as handles: matrices and mutation tables whose values are read when a marker asks for them.

Conventions: *not assayed is not wild type*. Who was assayed comes from the study's own list or panel, or, for a matrix
without one, from having a value at all; never from a file's header. The cascade's genes are read in one go and kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..cohort import Profile, ProfileKind
from ..errors import BadCell, DataError, shown
from ..files.numbers import to_numbers
from ..files.writing import plain_name
from ..registry.known import built_in, entrez_ids
from .rules import DefaultRule

__all__ = [
    "CASCADE_GENES", "MatrixProfile", "MutationProfile", "Samples", "answerable", "read_gene_names",
    "read_gene_rows", "read_mutations",
]  # fmt: skip

_CONTEXT = {"ESR1": 2099, "PGR": 5241, "MKI67": 4288}  # fetched beside the markers' genes, as receptors and growth
CASCADE_GENES = {**entrez_ids(built_in().values()), **_CONTEXT}
"""Entrez id by symbol of the genes of the declared markers, and of those that are fetched beside them."""
_ROW_NAMES = ("Hugo_Symbol", "Entrez_Gene_Id", "Cytoband", "GENE_ID", "COMMON", "Composite.Element.REF")
_MAF = ("Hugo_Symbol", "Variant_Classification", "Tumor_Sample_Barcode")
_CHANGES = ("HGVSp_Short", "Protein_Change", "amino_acid_change_WU")


def answerable(
    defaults: Mapping[str, DefaultRule], profiles: Iterable[Profile], fetch: str, brings: str = "its files"
) -> tuple[dict[str, str], dict[str, str]]:
    """Split a cohort's markers into those that its files answer (with the rule) and the others (with what brings them).

    Parameters
    ----------
    defaults : mapping of marker to DefaultRule
    profiles : iterable of Profile
    fetch : str
        The command that fetches; empty where there is none.
    brings : str
    """
    held = {profile.kind: profile for profile in profiles}
    rules, unfetched = {}, {}
    for marker, default in defaults.items():
        profile = held.get(default.profile) if default.profile else None
        whole = profile is not None and (profile.unit == "log2" or not default.full)
        if default.profile is None or (profile is not None and whole and default.gene in profile.features()):
            rules[marker] = default.rule
        else:
            command = f"{fetch} --full" if default.full else fetch
            unfetched[marker] = f"{command} brings {brings}" if fetch else "no file holds what its rule needs"
    return rules, unfetched


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Samples:
    """The samples of a study: all it knows, and the one that speaks for each patient.

    Attributes
    ----------
    known : frozenset of str
    patient_of : mapping of sample to patient
        Of the chosen samples only.
    """

    known: frozenset[str]
    patient_of: Mapping[str, str]

    def patients(self, samples: Iterable[str]) -> frozenset[str]:
        """Return the patients for whom one of these samples speaks."""
        return frozenset(self.patient_of[sample] for sample in samples if sample in self.patient_of)

    def refuse_unknown(self, sample: str, where: str) -> None:
        """Refuse a sample that the study's clinical files do not know."""
        if sample not in self.known:
            raise DataError(
                f"{where}: sample {sample!r} is not in the clinical file. Take both files from one release."
            )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MatrixProfile:
    """A profile of numbers: copy number, mRNA or protein.

    Attributes
    ----------
    kind, assay, unit : str
    names : function
        Returns the features without reading values.
    read : function
        Takes features, returns patients x features.
    patients : frozenset of str or None
        Who was assayed, by the study's list; None where having a value tells.
    chosen : str
        How its features were chosen, such as `cancer panel`; empty where they are all of the platform's.
    """

    kind: ProfileKind
    assay: str
    unit: str
    names: Callable[[], frozenset[str]]
    read: Callable[[Sequence[str]], pd.DataFrame]
    patients: frozenset[str] | None = None
    chosen: str = ""
    _named: list[frozenset[str]] = field(default_factory=list, repr=False)
    _held: dict[str, pd.Series[float]] = field(default_factory=dict, repr=False)

    def features(self) -> frozenset[str]:
        """Return the genes (or antibodies) of the matrix."""
        if not self._named:
            self._named.append(self.names())
        return self._named[0]

    def assayed(self, feature: str) -> frozenset[str]:
        """Return the patients in whom a feature was assayed."""
        if feature not in self.features():
            return frozenset()
        if self.patients is not None:
            return self.patients
        values = self.values([feature])[feature]
        return frozenset(values.index[values.notna()])

    def values(self, features: Sequence[str]) -> pd.DataFrame:
        """Return patients x features as numbers."""
        absent = [feature for feature in features if feature not in self.features()]
        if absent:
            raise DataError(f"{self.assay} does not hold {absent[0]}.")
        if wanted := [feature for feature in features if feature not in self._held]:
            beside = [gene for gene in CASCADE_GENES if gene in self.features() and gene not in (*self._held, *wanted)]
            frame = self.read([*wanted, *beside])
            self._held.update({str(name): column for name, column in frame.items()})
        return pd.DataFrame({feature: self._held[feature] for feature in features})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MutationProfile:
    """A profile of mutations: a table of those found, who was sequenced, and for which genes.

    Attributes
    ----------
    assay : str
    read : function
        Returns sample, gene and change (`class:protein change`) of every mutation.
    samples : Samples
    sequenced : frozenset of str or None
        Samples, by the study's own list; None for exomes that all hold mutations, where those in the table were.
    panel_of : mapping of sample to panel
    panels : mapping of panel to genes
        A panel that is not described is the whole exome.
    unreliable : frozenset of str
        Genes that the file is known to get wrong: taken as not assayed.
    """

    assay: str
    read: Callable[[], pd.DataFrame]
    samples: Samples
    sequenced: frozenset[str] | None
    panel_of: Mapping[str, str] = field(default_factory=dict)
    panels: Mapping[str, frozenset[str]] = field(default_factory=dict)
    unreliable: frozenset[str] = frozenset()
    kind: ProfileKind = "mutation"
    unit: str = "mutations"
    _held: list[tuple[pd.DataFrame, Mapping[Any, Any], frozenset[str]]] = field(default_factory=list, repr=False)

    def _read(self) -> tuple[pd.DataFrame, Mapping[Any, Any], frozenset[str]]:
        """Return the table, read once, with the rows of each gene and the samples that it holds."""
        if not self._held:
            table = self.read()
            self._held.append((table, table.groupby("gene", sort=False).indices, frozenset(table["sample"])))
        return self._held[0]

    def _samples(self) -> frozenset[str]:
        return self._read()[2] if self.sequenced is None else self.sequenced

    def features(self) -> frozenset[str]:
        """Return the genes on the panels, or those with a mutation where the whole exome was sequenced."""
        used = {self.panel_of.get(sample, "") for sample in self.sequenced or ("",)}
        listed = [self.panels[panel] if panel in self.panels else frozenset(self._read()[1]) for panel in used]
        return frozenset[str]().union(*listed) - self.unreliable

    def assayed(self, feature: str) -> frozenset[str]:
        """Return the patients sequenced on a panel that holds the gene."""
        if feature in self.unreliable:
            return frozenset()
        return self.samples.patients(
            sample
            for sample in self._samples()
            if (panel := self.panel_of.get(sample, "")) not in self.panels or feature in self.panels[panel]
        )

    def values(self, features: Sequence[str]) -> pd.DataFrame:
        """Return patients x genes: `class:change` joined by `;`, an empty text where sequenced without a mutation."""
        table, rows, _ = self._read()
        everyone = sorted(self.samples.patients(self._samples()))
        columns = {}
        for gene in features:
            found = table.iloc[rows.get(gene, [])]
            patients = found["sample"].map(self.samples.patient_of)
            told = found["change"].groupby(patients).agg(";".join)
            assayed = self.assayed(gene)
            values = told.reindex(everyone).fillna("").astype(object)
            columns[gene] = values.where(values.index.isin(assayed), None)
        return pd.DataFrame(columns, index=pd.Index(everyone, name="patient"))


def panel_file(panel: str) -> str:
    """Name the file that describes a gene panel, whatever the server or the panel matrix calls it."""
    return f"data_gene_panel_{plain_name(panel.lower())}.txt"


def read_gene_rows(path: Path, samples: Samples, genes: Sequence[str] | None = None) -> pd.DataFrame:
    """Read genes of a study-format matrix (a gene a row, a sample a column) as patients x genes.

    Parameters
    ----------
    path : Path
    samples : Samples
    genes : sequence of str, optional
        Only these rows are parsed; all if None.

    Raises
    ------
    DataError
        On a repeated gene, an unknown sample, text among numbers, or rows of unequal length.
    """
    wanted = None if genes is None else {gene.encode() for gene in genes}
    rows: dict[str, np.ndarray] = {}
    with path.open("rb") as handle:
        header = handle.readline().decode("utf-8-sig", "replace").rstrip("\r\n").split("\t")
        first = sum(name in _ROW_NAMES for name in header)
        for sample in header[first:]:
            samples.refuse_unknown(sample, path.name)
        if repeated := [sample for sample, times in Counter(header[first:]).items() if times > 1]:
            raise DataError(
                f"{path.name}: sample {shown(repeated[0])} stands in two columns.", mend="Keep one of them."
            )
        for number, line in enumerate(handle, 2):
            gene = line.partition(b"\t")[0]
            if gene != b"STUDY_ID" and (wanted is None or gene in wanted):
                name = gene.decode("utf-8", "replace")
                if name in rows:
                    raise DataError(
                        f"{path.name}, line {number}: gene {name} stands a second time. Keep one row a gene."
                    )
                rows[name] = _numbers(line, first, len(header), path.name, number)
    table = pd.DataFrame(rows, index=header[first:]).loc[[s for s in header[first:] if s in samples.patient_of]]
    return table.set_axis(pd.Index([samples.patient_of[s] for s in table.index], name="patient"))


def read_gene_names(path: Path) -> frozenset[str]:
    """Return the genes of a study-format matrix: the first cell of each row."""
    with path.open("rb") as handle:
        handle.readline()
        return frozenset(line.partition(b"\t")[0].decode("utf-8", "replace") for line in handle) - {"", "STUDY_ID"}


def _numbers(line: bytes, first: int, width: int, name: str, number: int) -> np.ndarray:
    text = line.rstrip(b"\r\n").decode("utf-8", "replace")
    if "\r" in text or "\0" in text:
        what = f"{name}, line {number}: a carriage return or zero byte within the line."
        raise DataError(what, mend="Restore the publisher's file.")
    cells = text.split("\t")
    if len(cells) != width:
        what = f"{name}, line {number}: {len(cells)} cells under {width} columns."
        raise DataError(what, mend="The file is truncated; fetch it anew.")
    values, wrong = to_numbers(["" if cell == "NA" else cell for cell in cells[first:]])
    if wrong.any():
        bad = cells[first + int(wrong.argmax())]
        raise BadCell(f"{shown(bad)} is not a number.", file=name, row=number, value=bad)
    return values


def read_mutations(path: Path, samples: Samples) -> pd.DataFrame:
    """Read a MAF: sample, gene and change of each mutation.

    Raises
    ------
    DataError
        On a missing column, a line of another length, or an unknown sample.
    """
    kept: list[tuple[str, str, str]] = []
    with path.open(encoding="utf-8", errors="replace", newline="\n") as handle:
        numbered = ((number, line.rstrip("\r\n")) for number, line in enumerate(handle, 1))
        header: list[str] = []
        for number, line in numbered:
            if line.startswith("#"):
                continue
            cells = line.split("\t")
            if not header:
                header = cells
                columns = _maf_columns(header, path.name)
                continue
            if len(cells) != len(header):
                raise DataError(
                    f"{path.name}, line {number}: {len(cells)} cells under {len(header)} columns. "
                    "The file is truncated; fetch it anew."
                )
            gene, kind, sample, change = (cells[column] for column in columns)
            samples.refuse_unknown(sample, f"{path.name}, line {number}")
            kept.append((sample, gene, f"{kind}:{change}"))
    if not header:
        raise DataError(f"{path.name} holds no mutations under a header. Fetch it anew.")
    return pd.DataFrame(kept, columns=["sample", "gene", "change"])


def _maf_columns(header: Sequence[str], name: str) -> list[int]:
    change = next((column for column in _CHANGES if column in header), _CHANGES[0])
    for column in (*_MAF, change):
        if column not in header:
            raise DataError(f"{name}: no column {column!r}. Is it a MAF? Restore the publisher's file.")
    return [header.index(column) for column in (*_MAF, change)]
