"""writing: whole or not at all, through links, devices and pipes, beside what is not ours, and after a kill."""

from __future__ import annotations

import ast
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from fuzz.soak import WRITER
from hypothesis import given
from hypothesis import strategies as st

from tamoxres.errors import TamoxresError
from tamoxres.files import writing
from tamoxres.files.writing import below, plain_name, whole_folder, writable, write_whole

ROOT = Path(__file__).resolve().parents[1]


def litter(folder: Path) -> list[str]:
    """Hidden neighbours that a writer left."""
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


def fill(folder: Path, *names: str, text: str = "new") -> None:
    """Write files and a manifest that lists them."""
    for name in names:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    (folder / "manifest.json").write_text(json.dumps({"tamoxres": "1", "files": dict.fromkeys(names, "")}))


@given(st.text() | st.from_regex(r"(\.\./|/|C:\\|\.|~|a)*", fullmatch=True))
def test_plain_names(text: str) -> None:
    """Whatever a name is, its file lies in the folder, is not hidden, fits, and stays itself when made plain again."""
    name = plain_name(text)
    assert below(Path("/cache"), name).parent == Path("/cache")
    assert Path("/cache", name).resolve().parent == Path("/cache")
    assert not name.startswith(".")
    assert 0 < len(name.encode()) <= 100
    assert "/" not in name
    assert "\\" not in name
    assert plain_name(name) == name


def test_two_names_stay_two() -> None:
    """Names that differ in what a file name cannot hold are still told apart; reserved ones are given another name."""
    names = ["a/b", "a\\b", "a b", "a_b", "a:b", "A" * 200, "A" * 201, "con", "CON.txt", "", ".", "..", "\ud800"]
    assert len({plain_name(name) for name in names}) == len(names)
    assert below(Path("c"), "a/../../b").as_posix().count("/") == 4
    assert below(Path("c"), "/etc/passwd") == Path("c/etc/passwd")


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), PermissionError(13, "Permission denied"),
                                   OSError(30, "Read-only file system"), ValueError("embedded null byte")])  # fmt: skip
def test_what_the_system_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Full, read-only, forbidden: one sentence; the old file and nothing else is left."""
    (tmp_path / "a.csv").write_text("old")

    def refuse(*arguments: object) -> None:
        raise error

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(TamoxresError, match=r"a.csv cannot be written: .*\. Write elsewhere, or make room.$") as raised:
        write_whole(tmp_path / "a.csv", "new")
    assert "\n" not in str(raised.value)
    assert (tmp_path / "a.csv").read_text() == "old"
    assert litter(tmp_path) == []


def test_names_no_system_takes(tmp_path: Path) -> None:
    """A name too long, one with a zero byte, one below a file: one sentence."""
    (tmp_path / "file").write_text("")
    for name in ("a" * 300, "a\0b", "file/a"):
        with pytest.raises(TamoxresError, match="cannot be written|does not exist"):
            write_whole(tmp_path / name, "x")
        with pytest.raises(TamoxresError, match="cannot be written"), whole_folder(tmp_path / name):
            pass
    assert write_whole(tmp_path / ("ä" * 120), "x").exists()
    assert write_whole(tmp_path / "half.txt", "\ud800").read_bytes() == b"\\ud800"
    assert litter(tmp_path) == []


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root may make a device")
@pytest.mark.parametrize(("minor", "told"), [(3, ""), (7, "No space left on device")])
def test_devices_are_written_through(tmp_path: Path, minor: int, told: str) -> None:
    """A device stays a device: null takes everything, full takes nothing."""
    device = tmp_path / "device"
    try:
        os.mknod(device, 0o666 | stat.S_IFCHR, os.makedev(1, minor))
        device.open("rb").close()
    except OSError:
        pytest.skip("no device can be made here")
    if told:
        with pytest.raises(TamoxresError, match=told):
            write_whole(device, "x" * 100_000)
    else:
        write_whole(device, "x")
    assert stat.S_ISCHR(device.stat().st_mode)
    assert litter(tmp_path) == []


@pytest.mark.skipif(os.name != "posix", reason="pipes with names")
def test_pipes_are_written_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe's reader gets all; a pipe that nobody reads is not waited for without end."""
    pipe, content = tmp_path / "pipe", b"x" * 300_000
    os.mkfifo(pipe)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    write_whole(pipe, content)
    reader.join(10)
    assert got == [content]
    monkeypatch.setattr(writing, "_PATIENCE", 0.1)
    with pytest.raises(TamoxresError, match="pipe cannot be written"):
        write_whole(pipe, "x")
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_links_are_written_through(tmp_path: Path) -> None:
    """A link stays a link, whether its target is there or not; a circle of links is one sentence."""
    (tmp_path / "there").write_text("old")
    for name in ("there", "absent"):
        (tmp_path / f"to-{name}").symlink_to(name)
        write_whole(tmp_path / f"to-{name}", "new")
        assert (tmp_path / f"to-{name}").is_symlink()
        assert (tmp_path / name).read_text() == "new"
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    with pytest.raises(TamoxresError, match="one cannot be written"):
        write_whole(tmp_path / "one", "x")
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "to-folder").symlink_to("folder")
    with whole_folder(tmp_path / "to-folder") as fresh:
        fill(fresh, "a")
    assert (tmp_path / "to-folder").is_symlink()
    assert (folder / "a").read_text() == "new"


@pytest.mark.parametrize("manifest", ["1", "[]", "{}", '{"files": {}}', '{"tamoxres": "1"}', "{", "[" * 100_000, '{"name": "PWA", "files": {}}'])  # fmt: skip  # noqa: E501
def test_foreign_folders(tmp_path: Path, manifest: str) -> None:
    """A folder whose manifest is not ours is never replaced."""
    (tmp_path / "manifest.json").write_text(manifest)
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(TamoxresError, match="holds files that tamoxres did not write"), whole_folder(tmp_path):
        pass
    assert (tmp_path / "mine.txt").read_text() == "mine"


def test_foreign_files_survive(tmp_path: Path) -> None:
    """What is not in our manifest stands in the new folder too: files, links, folders; a clash is refused."""
    report = tmp_path / "report"
    with whole_folder(report) as fresh:
        fill(fresh, "a.csv", "tables/t.csv", text="old")
    (report / "notes").mkdir()
    (report / "empty" / "inner").mkdir(parents=True)
    (report / "notes" / "my.txt").write_text("mine")
    (report / "tables" / "my.txt").write_text("mine")
    (report / "link").symlink_to("notes/my.txt")
    (report / "to").symlink_to("notes")
    with whole_folder(report) as fresh:
        fill(fresh, "b.csv", "tables/t.csv")
    names = sorted(path.relative_to(report).as_posix() for path in report.rglob("*") if not path.is_dir())
    assert names == ["b.csv", "link", "manifest.json", "notes/my.txt", "tables/my.txt", "tables/t.csv"]
    assert (report / "notes" / "my.txt").read_text() == (report / "tables" / "my.txt").read_text() == "mine"
    assert (report / "link").is_symlink()
    assert (report / "to").is_symlink()
    assert (report / "empty" / "inner").is_dir()
    (report / "c.csv").write_text("mine")
    with pytest.raises(TamoxresError, match="c.csv is not one of ours"), whole_folder(report) as fresh:
        fill(fresh, "c.csv")
    assert (report / "c.csv").read_text() == "mine"
    assert litter(tmp_path) == []


def test_between_the_two_renames(tmp_path: Path) -> None:
    """A run that died when the old folder was aside: the next one restores it, even if it fails itself."""
    report = tmp_path / "report"
    with whole_folder(report) as fresh:
        fill(fresh, "a.csv", text="old")
    aside = tmp_path / (writing._stem(report) + "dead")
    report.rename(aside.with_name(aside.name + ".old"))
    fill(aside, "a.csv") if aside.mkdir() is None else None
    with pytest.raises(ZeroDivisionError), whole_folder(report) as fresh:
        fill(fresh, "a.csv", text=str(1 / 0))
    assert (report / "a.csv").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["report"]
    shutil.copytree(report, aside.with_name(aside.name + ".old"))
    with whole_folder(report) as fresh:
        fill(fresh, "a.csv")
    assert (report / "a.csv").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def test_a_living_writer_is_left_alone(tmp_path: Path) -> None:
    """What another run is filling is no litter."""
    report = tmp_path / "report"
    with whole_folder(report) as one:
        with whole_folder(report) as other:
            fill(other, "other")
            assert one.is_dir()
        fill(one, "one")
    assert (report / "one").exists()
    assert litter(tmp_path) == []


@pytest.mark.skipif(os.name != "posix", reason="locks")
def test_kills(tmp_path: Path) -> None:
    """Killed anywhere: nothing is torn, and after one more run nothing is left over."""
    start: Callable[..., subprocess.Popen[str]] = subprocess.Popen
    for i in range(12):
        with start([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ROOT) as run:
            assert run.stdout is not None
            assert run.stdout.readline() == "ready\n"
            time.sleep(0.003 * i)
            run.send_signal(signal.SIGKILL)
        with whole_folder(tmp_path / "probe"):
            pass
        with pytest.raises(KeyError), whole_folder(tmp_path / "report"):
            raise KeyError
        report = tmp_path / "report"
        if report.exists():
            parts = {(report / name).read_text() for name in "abc"}
            assert len(parts) == 1, "files of two runs in one folder"
        written = tmp_path / "effects.csv"
        if written.exists():
            text = written.read_text()
            assert len(text) % 100_000 == 0, "a torn file"
            write_whole(written, text)
        write_whole(written, written.read_text() if written.exists() else "")
        assert litter(tmp_path) == []


def test_one_wrapper() -> None:
    """Our own errors and a closed pipe pass through."""
    with pytest.raises(TamoxresError, match="^ours$"), writable("a"):
        raise TamoxresError("ours")
    with pytest.raises(BrokenPipeError), writable("a"):
        raise BrokenPipeError


def made_names(source: str) -> list[int]:
    """List the lines that join a path with a name made of parts, and not by `below`."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div) and isinstance(node.right, ast.JoinedStr):
            found.append(node.lineno)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            parts = [part for part in node.args if isinstance(part, ast.JoinedStr)]
            if node.func.attr in ("joinpath", "with_name", "with_stem") and parts:
                found.append(node.lineno)
    return found


@pytest.mark.parametrize(
    "file", sorted((ROOT / "tamoxres").rglob("*.py")), ids=lambda file: f"{file.parent.name}/{file.stem}"
)
def test_nothing_else_builds_paths(file: Path) -> None:
    """A name made of parts becomes a path through `below`; a screen's own store counts its blocks."""
    if (file.parent.name, file.name) != ("scan", "store.py"):
        assert made_names(file.read_text(encoding="utf-8")) == []


def test_such_a_path_is_found() -> None:
    """The test above can fail."""
    assert made_names("a / f'{b}.csv'\np.with_name(f'{x}')\na / 'b'\na / b") == [1, 2]
