"""cBioPortal's REST API, asked for the cascade's genes and written in the study format.

Conventions: an answer is a list of rows; a profile's id is the study's id, `_`, and the stable id of its meta file. A
sample that was assayed and has no mutation has no row: who was assayed comes from the sample lists and the panel data.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from ..errors import Unreachable
from ..files import LIMITS, write_whole
from ..files.sentence import one_sentence
from ..files.writing import below, plain_name
from ..registry.known import declared, entrez_ids
from .fetch_http import Client
from .profiles import CASCADE_GENES, panel_file

__all__ = ["ApiStudy", "fetch_api"]

_PAGE = 100_000
_LISTS = {"sequenced": "sequenced", "cna": "cna", "mrna": "mRNA", "all": "all"}
_MAF = ("Hugo_Symbol", "Entrez_Gene_Id", "Variant_Classification", "HGVSp_Short", "Tumor_Sample_Barcode")


@cache
def _symbols() -> Mapping[int, str]:
    """Return the symbol of each gene that is asked for, by Entrez id; other packages' markers bring theirs."""
    genes = {**CASCADE_GENES, **entrez_ids(declared().values())}
    return {entrez: symbol for symbol, entrez in genes.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiStudy:
    """What is asked of a study: its id, which clinical tables, and which profiles by their stable ids.

    Attributes
    ----------
    study_id : str
    folder : str
        Below the cohort's folder; empty for the folder itself.
    clinical : tuple of str
        PATIENT, SAMPLE.
    mutations : bool
    cna : str
        Stable id of the discrete copy number; empty where it is not asked for.
    mrna, mrna_file : str
        Stable id of the z-scores and the file they are written to; empty where they are not asked for.
    archive_sha256 : str
        Of the study's archive, as seen last (2026-05).
    """

    study_id: str
    folder: str = ""
    clinical: tuple[str, ...] = ("PATIENT", "SAMPLE")
    mutations: bool = True
    cna: str = "cna"
    mrna: str = ""
    mrna_file: str = ""
    archive_sha256: str = ""


def fetch_api(client: Client, base: str, study: ApiStudy, incoming: Path) -> list[str]:
    """Ask for a study's clinical data, sample lists and the cascade's genes; write them in the study format.

    Parameters
    ----------
    client : Client
    base : str
        Address of the API, without a slash at its end.
    study : ApiStudy
    incoming : Path
        Folder to write into.

    Returns
    -------
    list of str
        Names written, below `incoming`.
    """
    with one_sentence(base, "does not answer as cBioPortal's API does", "Give --from another address."):
        return _ask(_Asked(client, base, study, incoming))


def _ask(asked: _Asked) -> list[str]:
    study = asked.study
    names = [asked.clinical(kind) for kind in study.clinical]
    lists = [name for name in _LISTS if name == "all" or getattr(study, _NEEDS[name])]
    names += [asked.sample_list(name) for name in lists]
    if study.mutations:
        names += [asked.mutations(), *asked.panels()]
    if study.cna:
        names.append(asked.matrix(study.cna, "data_cna.txt", "cna"))
    if study.mrna:
        names.append(asked.matrix(study.mrna, study.mrna_file, "mrna"))
    return names


_NEEDS = {"sequenced": "mutations", "cna": "cna", "mrna": "mrna"}


@dataclass(frozen=True, slots=True)
class _Asked:
    """One study at one address."""

    client: Client
    base: str
    study: ApiStudy
    incoming: Path

    def write(self, name: str, lines: Iterable[str]) -> str:
        path = below(self.incoming / self.study.folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, "\n".join(lines) + "\n")
        self.client.progress(name, path.stat().st_size, path.stat().st_size)
        return path.relative_to(self.incoming).as_posix()

    def clinical(self, kind: str) -> str:
        key = "patientId" if kind == "PATIENT" else "sampleId"
        values: dict[str, dict[str, str]] = defaultdict(dict)
        patient_of: dict[str, str] = {}
        page = 0
        while True:
            url = (
                f"{self.base}/studies/{self.study.study_id}/clinical-data?clinicalDataType={kind}"
                f"&projection=SUMMARY&pageSize={_PAGE}&pageNumber={page}"
            )
            rows = _rows(self.client.get_json(url), url, (key, "patientId", "clinicalAttributeId", "value"))
            held = sum(map(len, values.values()))
            for row in rows:
                values[row[key]][_cell(row["clinicalAttributeId"])] = str(row["value"])
                patient_of[row[key]] = row["patientId"]
            if len(rows) < _PAGE or held == sum(map(len, values.values())):  # a server may repeat a page without end
                break
            LIMITS.check("cells", held, url)
            page += 1
        if not values:
            raise Unreachable(
                f"{self.base} holds no clinical data of {self.study.study_id}. Give --from another address."
            )
        columns = sorted({name for row in values.values() for name in row})
        head = ["PATIENT_ID"] if kind == "PATIENT" else ["PATIENT_ID", "SAMPLE_ID"]
        lines = ["\t".join([*head, *columns])]
        for name in sorted(values):
            ids = [name] if kind == "PATIENT" else [patient_of[name], name]
            lines.append("\t".join([*map(_cell, ids), *(_cell(values[name].get(column, "")) for column in columns)]))
        return self.write(f"data_clinical_{kind.lower()}.txt", lines)

    def sample_list(self, which: str) -> str:
        url = f"{self.base}/sample-lists/{self.study.study_id}_{which}"
        answer = self.client.get_json(url)
        ids = answer.get("sampleIds") if isinstance(answer, Mapping) else None
        if not ids:
            raise Unreachable(f"{url} names no samples. Give --from another address.")
        lines = [
            f"cancer_study_identifier: {self.study.study_id}",
            f"stable_id: {self.study.study_id}_{which}",
            "case_list_ids: " + "\t".join(map(_cell, ids)),
        ]
        return self.write(f"case_lists/cases_{_LISTS[which]}.txt", lines)

    def _body(self, which: str, genes: bool = True) -> dict[str, Any]:
        body: dict[str, Any] = {"sampleListId": f"{self.study.study_id}_{which}"}
        return body | ({"entrezGeneIds": sorted(_symbols())} if genes else {})

    def matrix(self, profile: str, name: str, which: str) -> str:
        url = f"{self.base}/molecular-profiles/{self.study.study_id}_{profile}/molecular-data/fetch?projection=SUMMARY"
        rows = _rows(self.client.post_json(url, self._body(which)), url, ("entrezGeneId", "sampleId", "value"))
        values = {(row["entrezGeneId"], row["sampleId"]): row["value"] for row in rows}
        samples = sorted({sample for _, sample in values})
        genes = sorted({gene for gene, _ in values} & set(_symbols()))
        if not genes:
            raise Unreachable(f"{url} holds none of the cascade's genes. Give --from another address.")
        lines = ["\t".join(["Hugo_Symbol", "Entrez_Gene_Id", *map(_cell, samples)])]
        for gene in genes:
            cells = [_cell(values.get((gene, sample), "NA")) for sample in samples]
            lines.append("\t".join([_symbols()[gene], str(gene), *cells]))
        return self.write(name, lines)

    def mutations(self) -> str:
        profile = f"{self.study.study_id}_mutations"
        url = f"{self.base}/molecular-profiles/{profile}/mutations/fetch?projection=DETAILED"
        wanted = ("entrezGeneId", "sampleId", "mutationType")
        rows = _rows(self.client.post_json(url, self._body("sequenced")), url, wanted)
        lines = {"\t".join(_mutation(row)) for row in rows if row["entrezGeneId"] in _symbols()}
        return self.write("data_mutations.txt", ["\t".join(_MAF), *sorted(lines)])

    def panels(self) -> list[str]:
        """Write who was sequenced on which panel, and each panel's genes; the whole exome has no panel."""
        url = f"{self.base}/molecular-profiles/{self.study.study_id}_mutations/gene-panel-data/fetch"
        rows = _rows(self.client.post_json(url, self._body("sequenced", genes=False)), url, ("sampleId",))
        panel_of = {row["sampleId"]: row["genePanelId"] for row in rows if row.get("genePanelId")}
        names = (
            [
                self.write(
                    "data_gene_panel_matrix.txt",
                    [
                        "SAMPLE_ID\tmutations",
                        *(f"{_cell(sample)}\t{_cell(panel)}" for sample, panel in sorted(panel_of.items())),
                    ],
                )
            ]
            if panel_of
            else []
        )
        for panel in sorted(set(panel_of.values())):
            answer = self.client.get_json(f"{self.base}/gene-panels/{plain_name(panel)}")
            genes = [_cell(gene["hugoGeneSymbol"]) for gene in answer.get("genes", ())]
            text = [f"stable_id: {_cell(panel)}", "gene_list: " + "\t".join(genes)]
            names.append(self.write(panel_file(panel), text))
        return names


def _mutation(row: Mapping[str, Any]) -> list[str]:
    change = str(row.get("proteinChange") or "")
    change = change if not change or change.startswith("p.") else f"p.{change}"
    symbol = _symbols()[row["entrezGeneId"]]
    return [symbol, str(row["entrezGeneId"]), _cell(row["mutationType"]), _cell(change), _cell(row["sampleId"])]


def _cell(value: Any) -> str:
    return " ".join(str(value).split())


def _rows(answer: Any, url: str, wanted: Sequence[str]) -> list[Mapping[str, Any]]:
    """Check that an answer is a list of rows that hold what is wanted."""
    if not isinstance(answer, list):
        raise Unreachable(f"{url} did not answer with rows. Is it cBioPortal's API? Give --from another address.")
    for row in answer:
        for name in wanted:
            if not isinstance(row, Mapping) or name not in row:
                raise Unreachable(f"{url}: a row without {name!r}. The API has changed; give --from another address.")
    return answer
