"""files: the bytes we know, and writing that is whole or not at all."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

import pytest

from tamoxres import files
from tamoxres.errors import DataError, TamoxresError

# one row a pinned file: the hash that stands in its README, checked against its bytes
PINNED = {
    "metabric/data_clinical_patient.txt": "f01fde122007c133af67fc92e2b50d569c63295fe9b8e7d65ea8e89afe5dc47f",
    "rotterdam/rotterdam.csv": "59598780fb4c4fd26a4a32289d514fbc499f7366b753ceb2b89bbe3a3db46cde",
}


@pytest.mark.parametrize(("name", "sha256"), PINNED.items(), ids=PINNED)
def test_embedded_bytes(name: str, sha256: str) -> None:
    """Each embedded file is the one its README names, with a licence beside it."""
    path = files.data_root() / name
    assert files.sha256(path) == sha256
    assert files.read_pinned(path, sha256) == path.read_bytes()
    assert sha256 in (path.parent / "README.md").read_text(encoding="utf-8")
    assert (path.parent / "LICENSE").stat().st_size > 100


def test_every_source_says_what_it_is() -> None:
    """Every folder of data tells whence it came, its licence, its hash and how to cite it."""
    folders = [folder for folder in files.data_root().iterdir() if folder.is_dir()]
    assert {"gbsg", "metabric", "rotterdam"} <= {folder.name for folder in folders}
    for folder in folders:
        text = (folder / "README.md").read_text(encoding="utf-8").lower()
        assert all(word in text for word in ("licence", "sha256")), f"{folder.name}/README.md"


def test_altered_or_missing_files_are_refused(tmp_path: Path) -> None:
    """A file that is gone, or one byte away from what we know, is never read."""
    path = tmp_path / "raw.txt"
    with pytest.raises(DataError, match=r"raw\.txt is missing\. Reinstall tamoxres, or restore"):
        files.read_pinned(path, "0" * 64)
    path.write_bytes(b"patient\tage\n")
    expected = hashlib.sha256(b"patient\tage\nP1\t50\n").hexdigest()
    with pytest.raises(DataError, match=r"raw\.txt is not the file we know: sha256 .* \(12 bytes\).*truncated"):
        files.read_pinned(path, expected)


def test_search_order(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The named folder comes first, then the cache, then the embedded data; a cohort's folder before its parent."""
    embedded = files.data_root() / "rotterdam" / "rotterdam.csv"
    cached = files.cache_root() / "rotterdam" / "rotterdam.csv"
    flat, nested = data_dir / "rotterdam.csv", data_dir / "rotterdam" / "rotterdam.csv"
    assert files.find_raw("rotterdam", "rotterdam.csv") == embedded
    assert files.find_raw("rotterdam", "nothing.csv") is None
    for path, named in ((cached, None), (flat, data_dir), (nested, data_dir)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
        assert files.find_raw("rotterdam", "rotterdam.csv", named) == path
    monkeypatch.setenv("TAMOXRES_DATA", str(data_dir))
    assert files.find_raw("rotterdam", "rotterdam.csv") == nested
    cached.unlink()
    with pytest.raises(DataError, match="Data folder .*absent does not exist. Give --data-dir"):
        files.find_raw("rotterdam", "rotterdam.csv", data_dir / "absent")


def test_a_file_is_written_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that fails leaves the old file and no crumbs."""
    path = files.write_whole(tmp_path / "a.txt", "old µ")
    assert path.read_bytes() == "old µ".encode()
    monkeypatch.setattr(files.os, "replace", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        files.write_whole(path, b"new")
    assert path.read_text(encoding="utf-8") == "old µ"
    assert list(tmp_path.iterdir()) == [path]


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    """A missing folder, and a folder in the file's place, are named."""
    with pytest.raises(TamoxresError, match="Folder .*no does not exist; make it first"):
        files.write_whole(tmp_path / "no" / "a.txt", "x")
    with pytest.raises(TamoxresError, match="is a folder; name a file to write"):
        files.write_whole(tmp_path, "x")
    (tmp_path / "a.txt").write_text("mine")
    with pytest.raises(TamoxresError, match="is a file; name a folder"), files.whole_folder(tmp_path / "a.txt"):
        pass
    with pytest.raises(TamoxresError, match="holds files that tamoxres did not write"), files.whole_folder(tmp_path):
        pass
    assert (tmp_path / "a.txt").read_text() == "mine"


def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    """A report that fails half-way leaves the old one; one that succeeds replaces all of it."""
    report = tmp_path / "out" / "report"
    with files.whole_folder(report) as folder:
        (folder / "manifest.json").write_text('{"tamoxres": "1", "files": {"old.svg": ""}}')
        (folder / "old.svg").write_text("")
    with pytest.raises(ZeroDivisionError), files.whole_folder(report) as folder:
        (folder / "manifest.json").write_text(str(1 / 0))
    assert (report / "old.svg").exists()
    with files.whole_folder(report) as folder:
        (folder / "manifest.json").write_text("3")
    assert [path.name for path in report.iterdir()] == ["manifest.json"]
    assert list(report.parent.iterdir()) == [report]


def test_zips_are_the_same_bytes() -> None:
    """Two zips of the same members at different times become one and the same."""

    def made(year: int) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr(zipfile.ZipInfo("word/document.xml", (year, 2, 3, 4, 5, 6)), "<p>text</p>")
        return out.getvalue()

    assert made(2020) != made(2026)
    assert files.normal_zip(made(2020)) == files.normal_zip(made(2026))
