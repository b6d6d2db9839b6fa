"""One reader for the cBioPortal study format: clinical files, case lists, gene panels, mutations and matrices.

Conventions: files are found by the names the releases have used, in the data folder, the cache or the embedded data.
Who was assayed for a profile is its case list (and panel matrix), never the header of the data file: METABRIC's MAF
lists all 2,509 samples where 2,433 were sequenced. A gene off the panel is not assayed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from ..cohort import Profile
from ..errors import DataError, NotOnDisk
from ..files import read_bytes
from ..files.sentence import one_sentence
from ..vocabulary import ProfileKind
from .folder import Folder
from .profiles import (
    MatrixProfile,
    MutationProfile,
    Samples,
    panel_file,
    read_gene_names,
    read_gene_rows,
    read_mutations,
)
from .recode import RawTable, read_table

__all__ = ["DATA_FILES", "Study"]

DATA_FILES: Mapping[ProfileKind, tuple[str, ...]] = {  # newest name first
    "mutation": ("data_mutations.txt", "data_mutations_extended.txt"),
    "cna": ("data_cna.txt", "data_CNA.txt"),
    "mrna": (
        "data_mrna_illumina_microarray_zscores_ref_all_samples.txt", "data_mrna_median_all_sample_Zscores.txt",
        "data_mrna_seq_v2_rsem_zscores_ref_all_samples.txt",
        "data_mrna_illumina_microarray_zscores_ref_diploid_samples.txt", "data_mRNA_median_Zscores.txt",
    ),
    "rppa": ("data_rppa.txt", "data_rppa_zscores.txt"),
}  # fmt: skip
_CASES = {"cna": "cna", "mrna": "mRNA", "rppa": "rppa"}
_UNITS = {"cna": "-2 deep loss, -1 loss, 0, 1 gain, 2 amplification", "mrna": "z-score", "rppa": "z-score"}
# The cascade's genes on each panel, where the study does not describe it: MSK-IMPACT (Cheng 2015,
# doi:10.1016/j.jmoldx.2014.12.006; Zehir 2017, doi:10.1038/nm.4333; GLI2 and GLI3 are on none, GLI1 and PGR came with
# 410) and METABRIC's 173 genes (Pereira 2016, doi:10.1038/ncomms11479).
_IMPACT_341 = frozenset({
    "ERBB2", "PTEN", "AKT1", "AKT2", "AKT3", "MTOR", "RPTOR", "RICTOR", "SRC", "SMO", "PTCH1", "SUFU", "PIK3CA",
    "PIK3R1", "ESR1", "INPP4B",
})  # fmt: skip
_IMPACT_410 = _IMPACT_341 | {"GLI1", "PGR"}
_PANELS = {
    "IMPACT341": _IMPACT_341,
    "IMPACT410": _IMPACT_410,
    "IMPACT468": _IMPACT_410,
    "METABRIC_173": frozenset({"ERBB2", "PTEN", "AKT1", "AKT2", "PIK3CA", "PIK3R1"}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Study(Folder):
    """A study of cBioPortal: its files, and who was assayed for what.

    Attributes
    ----------
    panel : str
        The panel of every sample where the study has no panel matrix; empty for the whole exome.
    """

    panel: str = ""

    def table(self, path: Path, key: str, columns: Iterable[str] = (), missing: Sequence[str] = ()) -> RawTable:
        """Read a clinical file, indexed by `key`."""
        return read_table(read_bytes(path), path, columns=columns, missing=missing).indexed(key)

    def cases(self, which: str) -> frozenset[str] | None:
        """Return the samples of a case list, None where the list is not on disk."""
        path = self.find(f"case_lists/cases_{which}.txt", f"cases_{which}.txt")
        if path is None:
            return None
        found = _fields(path).get("case_list_ids")
        if not found:
            raise DataError(f"{path.name} names no samples (case_list_ids). Fetch it anew.")
        return frozenset(found.split("\t"))

    def profiles(self, samples: Samples, assays: Mapping[ProfileKind, str]) -> tuple[tuple[Profile, ...], list[Path]]:
        """Return the profiles on disk, and the files they come from.

        Parameters
        ----------
        samples : Samples
        assays : mapping of kind to text
            How each profile was measured; kinds that it does not name are left out.

        Raises
        ------
        DataError
            If there are mutations but no list of who was sequenced.
        """
        found: list[Profile] = []
        paths: list[Path] = []
        for kind, assay in assays.items():
            path = self.find(*DATA_FILES[kind])
            if path is not None:
                made = (
                    self._mutations(path, samples, assay)
                    if kind == "mutation"
                    else self._matrix(path, samples, kind, assay)
                )
                found.append(made)
                paths.append(path)
        return tuple(found), paths

    def _matrix(self, path: Path, samples: Samples, kind: ProfileKind, assay: str) -> MatrixProfile:
        listed = self.cases(_CASES[kind])
        return MatrixProfile(
            kind=kind, assay=assay, unit=_UNITS[kind], names=partial(read_gene_names, path),
            read=partial(read_gene_rows, path, samples), patients=None if listed is None else samples.patients(listed),
        )  # fmt: skip

    def _mutations(self, path: Path, samples: Samples, assay: str) -> MutationProfile:
        sequenced = self.cases("sequenced")
        if sequenced is None:
            raise NotOnDisk(
                f"{path}: no list of who was sequenced (case_lists/cases_sequenced.txt), so a patient without a "
                "mutation cannot be told from one not sequenced.", cohort=self.cohort,
                mend=f"Put the study's list beside it, or: tamoxres fetch {self.cohort}.",
            )  # fmt: skip
        panel_of = self._panel_of(sequenced)
        return MutationProfile(
            assay=assay, read=partial(read_mutations, path, samples), samples=samples, sequenced=sequenced,
            panel_of=panel_of, panels=_PANELS | self._described_panels(set(panel_of.values())),
        )  # fmt: skip

    def _described_panels(self, panels: Iterable[str]) -> dict[str, frozenset[str]]:
        described = {}
        for name in ("data_gene_panel.txt", *map(panel_file, sorted(panels))):
            if path := self.find(name):
                fields = _fields(path)
                if "gene_list" not in fields:
                    raise DataError(f"{path.name} holds no gene_list. Restore the publisher's file.")
                described[fields.get("stable_id", name)] = frozenset(fields["gene_list"].split("\t"))
        return described

    def _panel_of(self, sequenced: frozenset[str]) -> dict[str, str]:
        """Tell each sample's panel: by the panel matrix, else the study's one panel."""
        if path := self.find("data_gene_panel_matrix.txt"):
            table = self.table(path, "SAMPLE_ID", ["mutations"])
            return {str(sample): str(panel) for sample, panel in table.frame["mutations"].dropna().items()}
        return dict.fromkeys(sequenced, self.panel)


def _fields(path: Path) -> dict[str, str]:
    """Read `key: value` lines."""
    with one_sentence(path.name, "is no case list", "Fetch it anew."):
        text = read_bytes(path).decode("utf-8")
    lines = (line.partition(":") for line in text.splitlines() if ":" in line)
    return {key.strip(): value.strip() for key, _, value in lines}
