"""Fetching from a local server: API, archives and pinned files, and all that a server can do wrong."""

from __future__ import annotations

import hashlib
import io
import json
import re
import socket
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pandas as pd
import pytest

from tamoxres.cohorts import fetch as fetch_module
from tamoxres.cohorts.catalogue import load
from tamoxres.cohorts.fetch import RECIPES, Pinned, Recipe, fetch
from tamoxres.cohorts.fetch_api import ApiStudy
from tamoxres.cohorts.fetch_http import Client, unpack
from tamoxres.cohorts.profiles import CASCADE_GENES
from tamoxres.errors import DataError, QuestionError
from tamoxres.markers.calling import call

CONTENT = bytes(range(256)) * 4000
DIGEST = hashlib.sha256(CONTENT).hexdigest()
IMPATIENT = Client(retries=3, backoff=0.01, timeout=(2.0, 0.5))
PATIENT = Client(retries=3, backoff=0.01, timeout=(2.0, 60.0))  # for answers that a busy machine is slow to make
Answer = tuple[int, bytes] | Callable[[BaseHTTPRequestHandler], None]


class Server:
    """A server whose answers a test prescribes: by path, a function of how often it was asked, or fixed bytes."""

    def __init__(self) -> None:
        self.answers: dict[str, list[Answer] | Answer] = {}
        self.asked: list[tuple[str, str]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _serve(self) -> None:
                size = int(self.headers.get("Content-Length") or 0)
                self.body = json.loads(self.rfile.read(size)) if size else None
                server.asked.append((self.path, self.headers.get("Range", "")))
                answer = server.answers.get(self.path.partition("?")[0], (404, b"nothing"))
                if isinstance(answer, list):
                    answer = answer.pop(0) if len(answer) > 1 else answer[0]
                if callable(answer):
                    answer(self)
                    return
                status, content = answer
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = _serve

            def log_message(self, *arguments: object) -> None:
                """Stay silent."""

        class Threads(ThreadingHTTPServer):
            def handle_error(self, *arguments: object) -> None:
                """A client that hangs up is no news."""

        self.http = Threads(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, daemon=True, kwargs={"poll_interval": 0.01}).start()


@pytest.fixture
def server() -> Iterator[Server]:
    """A local server."""
    made = Server()
    yield made
    made.http.shutdown()
    made.http.server_close()


def ranged(content: bytes, *, cut: int | None = None, stall: float = 0.0, tag: str = '"v1"') -> Answer:
    """Serve a file with ranges; send only `cut` bytes of what is asked, then hang up, or stall first."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        found = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
        start = int(found[1]) if found and handler.headers.get("If-Range", tag) == tag else 0
        if start >= len(content):
            handler.send_response(416)
            handler.send_header("Content-Range", f"bytes */{len(content)}")
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        handler.send_response(206 if start else 200)
        if start:
            handler.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        handler.send_header("Content-Length", str(len(content) - start))
        handler.send_header("ETag", tag)
        handler.end_headers()
        handler.wfile.write(content[start : start + cut] if cut else content[start:])
        handler.wfile.flush()
        time.sleep(stall)
        handler.close_connection = True

    return answer


def failing(status: int) -> Answer:
    """Answer with a status."""
    return status, b"no"


def recipe(monkeypatch: pytest.MonkeyPatch, **parts: object) -> None:
    """Put a recipe for the cohort `tiny` into the book."""
    monkeypatch.setattr(fetch_module, "RECIPES", {"tiny": Recipe(folder="tiny", **parts)})


def test_plain_download(server: Server, tmp_path: Path) -> None:
    """A file arrives whole, its progress is told, and no part is left."""
    server.answers["/file"] = ranged(CONTENT)
    told: list[tuple[str, int, int | None]] = []
    client = Client(progress=lambda *what: told.append(what))
    path = client.download(f"{server.url}/file", tmp_path / "file", sha256=DIGEST)
    assert path.read_bytes() == CONTENT
    assert told[-1] == ("file", len(CONTENT), len(CONTENT))
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    "fault",
    [ranged(CONTENT, cut=300_000), ranged(CONTENT, cut=300_000, stall=1.0), failing(500), failing(503), failing(429)],
    ids=["truncates", "stalls", "500", "503", "429"],
)
@pytest.mark.parametrize("pinned", ["", DIGEST], ids=["unpinned", "pinned"])
def test_passing_faults(server: Server, tmp_path: Path, fault: Answer, pinned: str) -> None:
    """A server that truncates, stalls or fails is asked again, from where it stopped."""
    server.answers["/file"] = [fault, fault, ranged(CONTENT)]
    path = IMPATIENT.download(f"{server.url}/file", tmp_path / "file", sha256=pinned)
    assert path.read_bytes() == CONTENT
    if callable(fault):
        assert [asked for _, asked in server.asked] == ["", "bytes=300000-", "bytes=600000-"]


def test_server_that_serves_in_slices(server: Server, tmp_path: Path) -> None:
    """A server that answers with less than was asked for, and says so, is asked for the rest."""

    def slice_(handler: BaseHTTPRequestHandler) -> None:
        found = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", "bytes=0-"))
        start = int(found[1])
        part = CONTENT[start : start + 400_000]
        handler.send_response(206)
        handler.send_header("Content-Range", f"bytes {start}-{start + len(part) - 1}/{len(CONTENT)}")
        handler.send_header("Content-Length", str(len(part)))
        handler.end_headers()
        handler.wfile.write(part)

    server.answers["/file"] = slice_
    assert IMPATIENT.download(f"{server.url}/file", tmp_path / "file", sha256=DIGEST).read_bytes() == CONTENT
    assert [asked for _, asked in server.asked] == ["", "bytes=400000-", "bytes=800000-"]


def test_lasting_faults(server: Server, tmp_path: Path) -> None:
    """A server that never recovers is given up with one sentence; what came is kept for the next run."""
    server.answers["/file"] = ranged(CONTENT, cut=1000)
    with pytest.raises(DataError, match=r"could not be read after 4 attempts: .*run the same command again") as raised:
        IMPATIENT.download(f"{server.url}/file", tmp_path / "file")
    assert "\n" not in str(raised.value)
    assert not (tmp_path / "file").exists()
    assert (tmp_path / "file.part").stat().st_size == 4000
    server.answers["/file"] = ranged(CONTENT)
    IMPATIENT.download(f"{server.url}/file", tmp_path / "file")
    assert server.asked[-1][1] == "bytes=4000-"
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_file_changes_between_two_visits(server: Server, tmp_path: Path) -> None:
    """A new version is never glued to half of the old one: by ETag, and where there is none by the pinned hash."""
    server.answers["/file"] = [ranged(b"x" * 500_000, cut=1000, tag='"old"'), ranged(CONTENT, tag='"new"')]
    assert IMPATIENT.download(f"{server.url}/file", tmp_path / "file").read_bytes() == CONTENT
    (tmp_path / "other.part").write_bytes(b"x" * 1000)
    server.answers["/other"] = ranged(CONTENT)
    assert IMPATIENT.download(f"{server.url}/other", tmp_path / "other", sha256=DIGEST).read_bytes() == CONTENT
    (tmp_path / "third.part").write_bytes(b"x" * 1000)
    server.answers["/third"] = ranged(CONTENT)
    assert IMPATIENT.download(f"{server.url}/third", tmp_path / "third").read_bytes() == CONTENT


def test_complete_part(server: Server, tmp_path: Path) -> None:
    """A part that is already whole (the run was killed before the move) is only checked and moved."""
    (tmp_path / "file.part").write_bytes(CONTENT)
    server.answers["/file"] = ranged(CONTENT)
    assert IMPATIENT.download(f"{server.url}/file", tmp_path / "file", sha256=DIGEST).read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (failing(404), r"does not hold the file .404.. It may have moved; give --from"),
        (failing(403), r"refuses access .403."),
        (ranged(CONTENT[:-1]), "gave other bytes than the file we know: sha256 .*Nothing was kept"),
        (ranged(b"<html>sign in</html>"), "gave other bytes than the file we know"),
    ],
    ids=["404", "403", "one byte short", "a login page"],
)
def test_refusals(server: Server, tmp_path: Path, answer: Answer, message: str) -> None:
    """A missing file is not asked for twice; other bytes than those pinned are refused, and an old file stays."""
    (tmp_path / "file").write_bytes(b"old")
    server.answers["/file"] = answer
    with pytest.raises(DataError, match=message):
        IMPATIENT.download(f"{server.url}/file", tmp_path / "file", sha256=DIGEST)
    assert (tmp_path / "file").read_bytes() == b"old"
    assert not (tmp_path / "file.part").exists()
    assert len(server.asked) == 1


def test_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a network the word is clear, at once, with what to do."""

    def unresolved(*arguments: object, **options: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    with pytest.raises(DataError, match="could not be read after 2 attempts: no connection"):
        Client(retries=1, backoff=0.01).download("http://127.0.0.1:9/file", tmp_path / "file")
    monkeypatch.setattr("socket.getaddrinfo", unresolved)
    start = time.perf_counter()
    with pytest.raises(
        DataError, match="No network: www.cbioportal.org cannot be found. Connect, then run the same command"
    ):
        Client().get_json("https://www.cbioportal.org/api/studies")
    assert time.perf_counter() - start < 1


def tar(members: dict[str, bytes], links: dict[str, str] | None = None) -> bytes:
    """Make a tar.gz in memory."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for name, target in (links or {}).items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            archive.addfile(info)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("members", "links"),
    [
        ({"study/data_a.txt": b"a", "../evil.txt": b"x"}, {}),
        ({"study/data_a.txt": b"a", "study/../../evil.txt": b"x"}, {}),
        ({"study/data_a.txt": b"a", "/tmp/evil.txt": b"x"}, {}),
        ({"study/data_a.txt": b"a", "C:\\evil.txt": b"x"}, {}),
        ({"study/data_a.txt": b"a"}, {"study/data_b.txt": "/etc/passwd"}),
    ],
    ids=["up", "up inside", "absolute", "drive", "link"],
)  # fmt: skip
def test_evil_archives(tmp_path: Path, members: dict[str, bytes], links: dict[str, str]) -> None:
    """An archive that steps out of its folder, or links out of it, is refused before anything is written."""
    (tmp_path / "a.tar.gz").write_bytes(tar(members, links))
    with pytest.raises(DataError, match="would be written outside of its folder. Nothing was unpacked"):
        unpack(tmp_path / "a.tar.gz", tmp_path / "to", lambda name: True)
    assert not (tmp_path / "to").exists()
    assert not (tmp_path.parent / "evil.txt").exists()


def test_damaged_archive(tmp_path: Path) -> None:
    """A truncated archive is named."""
    (tmp_path / "a.tar.gz").write_bytes(tar({"s/data_a.txt": CONTENT})[:-4000])
    with pytest.raises(DataError, match="a.tar.gz is damaged .*Remove it and fetch again"):
        unpack(tmp_path / "a.tar.gz", tmp_path / "to", lambda name: True)


def test_pinned_files(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pinned files come from any mirror, are dated in snapshot.json, and are not asked for again while unchanged."""
    recipe(
        monkeypatch, files=(Pinned("https://publisher.example", "a/file.csv", "file.csv", DIGEST),), terms="Cite me."
    )
    server.answers["/a/file.csv"] = ranged(CONTENT)
    found = fetch("TINY", from_url=server.url, client=IMPATIENT, into=tmp_path)
    assert [path.name for path in found.paths] == ["file.csv"]
    assert "Cite me." in str(found)
    pin = json.loads((tmp_path / "tiny" / "snapshot.json").read_text())["files"]["file.csv"]
    assert (pin["sha256"], pin["url"]) == (DIGEST, f"{server.url}/a/file.csv")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", pin["retrieved"])
    asked = len(server.asked)
    assert fetch("tiny", from_url=server.url, client=IMPATIENT, into=tmp_path).paths == found.paths
    assert len(server.asked) == asked, "nothing is asked for twice"
    found.paths[0].write_bytes(b"altered")
    fetch("tiny", from_url=server.url, client=IMPATIENT, into=tmp_path)
    assert found.paths[0].read_bytes() == CONTENT, "an altered file is fetched again"
    assert not (tmp_path / "tiny" / ".incoming").exists()


def test_a_failed_fetch_leaves_what_stood(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the second of two files fails, neither is moved into place, and the next run goes on."""
    files = tuple(Pinned("https://p.example", name, name, DIGEST) for name in ("one.csv", "two.csv"))
    recipe(monkeypatch, files=files)
    server.answers |= {"/one.csv": ranged(CONTENT), "/two.csv": failing(500)}
    with pytest.raises(DataError, match="could not be read"):
        fetch("tiny", from_url=server.url, client=IMPATIENT, into=tmp_path)
    assert not list((tmp_path / "tiny").glob("*.csv"))
    server.answers["/two.csv"] = ranged(CONTENT)
    assert len(fetch("tiny", from_url=server.url, client=IMPATIENT, into=tmp_path).paths) == 2


def test_one_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes never write into one folder."""
    from filelock import FileLock

    recipe(monkeypatch)
    (tmp_path / "tiny").mkdir()
    with FileLock(tmp_path / "tiny" / ".lock"), pytest.raises(DataError, match="Another tamoxres fetches into"):
        fetch("tiny", into=tmp_path)


def test_unknown_cohort() -> None:
    """A cohort without a recipe is refused with those that have one."""
    with pytest.raises(QuestionError, match="Nothing to fetch for 'gbsg'. Use one of metabric, msk_2018"):
        fetch("gbsg")


def test_damaged_lock_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A snapshot.json that is not ours is an error, not a reason to fetch over it."""
    recipe(monkeypatch)
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "snapshot.json").write_text("[]")
    with pytest.raises(DataError, match="snapshot.json is damaged. Remove the folder"):
        fetch("tiny", into=tmp_path)


def test_archive(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A study archive is unpacked into its folder; an unknown hash is a new snapshot, and the user is told."""
    content = tar({"s/data_a.txt": b"a", "s/case_lists/cases_all.txt": b"ids", "s/LICENSE": b"l", "s/readme.md": b"no"})
    recipe(monkeypatch, studies=(ApiStudy(study_id="s", archive_sha256="0" * 64),))
    server.answers["/s.tar.gz"] = ranged(content)
    found = fetch("tiny", full=True, from_url=server.url, client=IMPATIENT, into=tmp_path)
    names = [path.relative_to(tmp_path / "tiny").as_posix() for path in found.paths]
    assert names == ["LICENSE", "case_lists/cases_all.txt", "data_a.txt"]
    assert "s.tar.gz is a new snapshot: sha256" in found.notes[0]
    server.answers["/s.tar.gz"] = ranged(tar({"../evil.txt": b"x"}))
    (tmp_path / "tiny" / "snapshot.json").unlink()
    with pytest.raises(DataError, match="outside of its folder"):
        fetch("tiny", full=True, from_url=server.url, client=IMPATIENT, into=tmp_path)
    assert (tmp_path / "tiny" / "data_a.txt").read_bytes() == b"a", "what stood before stays"


class Portal:
    """cBioPortal's API over the shared METABRIC files."""

    def __init__(self, server: Server, folder: Path) -> None:
        self.server, self.folder = server, folder
        self.symbols = {entrez: symbol for symbol, entrez in CASCADE_GENES.items()}
        study, profiles = "/studies/brca_metabric", "/molecular-profiles/brca_metabric"
        server.answers |= {
            f"{study}/clinical-data": self._clinical,
            f"{profiles}_mutations/mutations/fetch": self._mutations,
            f"{profiles}_mutations/gene-panel-data/fetch": self._panel_data,
            f"{profiles}_cna/molecular-data/fetch": self._cna,
            f"{profiles}_mrna_median_all_sample_Zscores/molecular-data/fetch": self._mrna,
            "/gene-panels/METABRIC_173": self._panel,
        }
        for api, file in (("sequenced", "sequenced"), ("cna", "cna"), ("mrna", "mRNA"), ("all", "all")):
            ids = self._cases(file)
            server.answers[f"/sample-lists/brca_metabric_{api}"] = self._as_json({"sampleIds": ids})

    def _cases(self, name: str) -> list[str]:
        text = (self.folder / "case_lists" / f"cases_{name}.txt").read_text()
        return text.partition("case_list_ids:")[2].split()

    @staticmethod
    def _as_json(answer: object) -> tuple[int, bytes]:
        return 200, json.dumps(answer).encode()

    def _reply(self, handler: BaseHTTPRequestHandler, answer: object) -> None:
        content = json.dumps(answer).encode()
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    def _clinical(self, handler: BaseHTTPRequestHandler) -> None:
        assert "clinicalDataType=SAMPLE&projection=SUMMARY&pageSize=100000&pageNumber=0" in handler.path
        table = pd.read_csv(self.folder / "metabric_data_clinical_sample.txt", sep="\t", dtype=str)
        long = table.melt(["PATIENT_ID", "SAMPLE_ID"], var_name="clinicalAttributeId").dropna()
        self._reply(
            handler, long.rename(columns={"PATIENT_ID": "patientId", "SAMPLE_ID": "sampleId"}).to_dict("records")
        )

    def _mutations(self, handler: BaseHTTPRequestHandler) -> None:
        assert handler.body["sampleListId"] == "brca_metabric_sequenced"
        maf = pd.read_csv(
            self.folder / "data_mutations_extended.txt", sep="\t", skiprows=1, dtype=str, keep_default_na=False
        )
        asked = [self.symbols[entrez] for entrez in handler.body["entrezGeneIds"]]
        maf = maf[maf["Hugo_Symbol"].isin(asked)].rename(columns={"Tumor_Sample_Barcode": "sampleId"})
        maf = maf.assign(
            entrezGeneId=maf["Hugo_Symbol"].map(CASCADE_GENES), proteinChange=maf["HGVSp_Short"].str.removeprefix("p.")
        ).rename(columns={"Variant_Classification": "mutationType"})
        wanted = ["entrezGeneId", "sampleId", "mutationType", "proteinChange"]
        self._reply(handler, maf[wanted].to_dict("records"))

    def _panel_data(self, handler: BaseHTTPRequestHandler) -> None:
        rows = [{"sampleId": s, "genePanelId": "METABRIC_173", "profiled": True} for s in self._cases("sequenced")]
        self._reply(handler, rows)

    def _panel(self, handler: BaseHTTPRequestHandler) -> None:
        genes = (self.folder / "data_gene_panel.txt").read_text().partition("gene_list:")[2].split()
        self._reply(handler, {"genePanelId": "METABRIC_173", "genes": [{"hugoGeneSymbol": gene} for gene in genes]})

    def _cna(self, handler: BaseHTTPRequestHandler) -> None:
        samples = self._cases("cna")[:50]
        self._reply(
            handler,
            [{"entrezGeneId": 5728, "sampleId": s, "value": -2 if i == 0 else 0} for i, s in enumerate(samples)],
        )

    def _mrna(self, handler: BaseHTTPRequestHandler) -> None:
        samples = self._cases("mRNA")[:50]
        self._reply(handler, [{"entrezGeneId": 2735, "sampleId": s, "value": i / 10} for i, s in enumerate(samples)])


def test_metabric_by_api(server: Server, tmp_path: Path, shared: Path) -> None:
    """METABRIC's cascade genes by the API give the same calls as the publisher's files; a second fetch asks nothing."""
    Portal(server, shared / "cohorts" / "metabric")
    found = fetch("metabric", from_url=server.url, client=PATIENT, into=tmp_path)
    assert {path.name for path in found.paths} == {
        "data_clinical_sample.txt", "data_mutations.txt", "data_cna.txt", "cases_sequenced.txt", "cases_cna.txt",
        "cases_mRNA.txt", "cases_all.txt", "data_gene_panel_matrix.txt", "data_gene_panel_metabric_173.txt",
        "data_mrna_illumina_microarray_zscores_ref_all_samples.txt",
    }  # fmt: skip
    mine, theirs = load("metabric", data_dir=tmp_path), load("metabric", data_dir=shared / "cohorts")
    for marker, rule in (("PTEN", "mutation"), ("AKT", "e17k"), ("PIK3CA", "exon20"), ("HER2", "her2_status")):
        one, other = (call(cohort, marker, rule=rule).marker(marker).values for cohort in (mine, theirs))
        pd.testing.assert_series_equal(one, other, obj=f"{marker} {rule}")
    counts = call(mine, "PTEN", rule="cna_deep_loss").marker("PTEN").counts()
    assert counts == {"altered": 1, "unaltered": 49, "not_assayed": 2509 - 2173, "unknown": 2173 - 50}
    assert call(mine, "HH").marker("HH").counts()["altered"] == 25
    assert mine.default_rules.keys() == {"HER2", "AKT", "HH", "PTEN", "PIK3CA", "CASCADE"}, "SRC and MTOR came not"
    dated = {source.name.partition(", ")[2]: source.retrieved for source in mine.sources}
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", dated["data_mutations.txt"])
    assert dated["data_clinical_patient.txt"] == "2020-12-02", "the embedded, pinned patient file stays"
    asked = len(server.asked)
    fetch("metabric", from_url=server.url, client=PATIENT, into=tmp_path)
    assert len(server.asked) == asked
    load("metabric", data_dir=tmp_path, snapshot="2020-12-02")
    with pytest.raises(DataError, match="metabric on disk is not snapshot 1999-01-01 but"):
        load("metabric", data_dir=tmp_path, snapshot="1999-01-01")


@pytest.mark.parametrize(
    ("path", "answer", "message"),
    [
        ("/studies/s/clinical-data", (200, b"[]"), "holds no clinical data of s"),
        (
            "/studies/s/clinical-data",
            (200, b'{"message": "hello"}'),
            "did not answer with rows. Is it cBioPortal's API",
        ),
        ("/studies/s/clinical-data", (200, b'[{"patientId": "a"}]'), "a row without 'sampleId'. The API has changed"),
        ("/studies/s/clinical-data", (200, b"[{"), "could not be read after 4 attempts: the answer is not whole JSON"),
        ("/sample-lists/s_sequenced", (200, b"{}"), "sample-lists/s_sequenced names no samples"),
        ("/molecular-profiles/s_mutations/mutations/fetch", failing(500), "could not be read after 4 attempts"),
    ],
)
def test_wrong_answers(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, answer: Answer, message: str
) -> None:
    """What is not the API we know is one clear sentence, and nothing is moved into place."""
    rows = [{"patientId": "a", "sampleId": "a1", "clinicalAttributeId": "X", "value": "1"}]
    server.answers |= {
        "/studies/s/clinical-data": Portal._as_json(rows),
        "/sample-lists/s_sequenced": Portal._as_json({"sampleIds": ["a1"]}),
        "/sample-lists/s_all": Portal._as_json({"sampleIds": ["a1"]}),
        path: answer,
    }
    recipe(monkeypatch, studies=(ApiStudy(study_id="s", clinical=("SAMPLE",), cna=""),))
    with pytest.raises(DataError, match=message):
        fetch("tiny", from_url=server.url, client=IMPATIENT, into=tmp_path)
    assert not list((tmp_path / "tiny").glob("data_*"))


def test_recipes_are_pinned() -> None:
    """Every file of fixed content has a sha256; what GEO may update has a date."""
    for name, made in RECIPES.items():
        for file in (*made.files, *made.more):
            assert len(file.sha256) == 64 or file.site.endswith("ftp.ncbi.nlm.nih.gov"), (name, file.name)
            assert file.site.startswith("https://"), name


def test_pins_are_the_shared_files(shared: Path) -> None:
    """The pinned hashes are those of the files we know."""
    known = {path.name: path for path in (shared / "cohorts").rglob("*") if path.is_file()}
    checked = 0
    for made in RECIPES.values():
        for file in made.files:
            if file.name in known:
                assert hashlib.sha256(known[file.name].read_bytes()).hexdigest() == file.sha256, file.name
                checked += 1
    assert checked >= 8
