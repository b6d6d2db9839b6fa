"""The code blocks of a page, run in their order: Python in one namespace, commands of tamoxres, and the output shown.

Conventions: a fence `python` is run, `sh` gives commands, a `code-block` with a caption is a file that the page has
written, and a fence `text` after code is what it prints. `py` and `yaml` are read only. `registry.csv` is the file of
the Rotterdam series. `python docs/code_blocks.py PAGE ...` runs pages and writes the output that they show anew.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tamoxres.cli import main

__all__ = ["Block", "blocks", "run", "run_page"]

DOCS = Path(__file__).resolve().parent
REGISTRY = DOCS.parent / "data_raw" / "rotterdam" / "rotterdam.csv"
_FENCE = re.compile(r"^```(\{code-block\} )?(\w+)\n(?::caption: ([^\n]+)\n\n)?(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """A fence of a page: its language, the file that it is (or none), its text, where the text stands."""

    language: str
    file: str
    text: str
    start: int
    end: int


def blocks(page: str) -> list[Block]:
    """Find the fences of a page in their order."""
    return [Block(m[2], m[3] or "", m[4], m.start(4), m.end(4)) for m in _FENCE.finditer(page)]


def run(page: str) -> Iterator[tuple[Block, str]]:
    """Run a page's code where the process stands; yield every block of shown output with what was printed."""
    space: dict[str, Any] = {}
    printed = ""
    for block in blocks(page):
        if block.file:
            Path(block.file).write_text(block.text, encoding="utf-8")
        elif block.language == "python":
            printed = _caught(lambda code=block.text: exec(compile(code, "page", "exec"), space))
        elif block.language == "sh":
            lines = [line.partition(" #")[0].strip() for line in block.text.splitlines()]
            printed = "".join(_caught(lambda line=line: _command(line)) for line in lines if line[:9] == "tamoxres ")
        elif block.language == "text":
            yield block, printed


def _command(line: str) -> None:
    try:
        main(shlex.split(line)[1:])
    except SystemExit as stopped:
        if stopped.code:
            raise RuntimeError(f"{line}: exit code {stopped.code}") from stopped


def _caught(code: Any) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code()
    return "".join(line.rstrip() + "\n" for line in out.getvalue().splitlines())


def run_page(path: Path) -> str:
    """Run a page in a folder of its own; return the page with the output that the code gives."""
    page = path.read_text(encoding="utf-8")
    here = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(REGISTRY, Path(folder, "registry.csv"))
        os.chdir(folder)
        try:
            found = list(run(page))
        finally:
            os.chdir(here)
    for block, printed in reversed(found):
        page = page[: block.start] + printed + page[block.end :]
    return page


if __name__ == "__main__":
    os.environ["COLUMNS"] = "100"
    for name in sys.argv[1:]:
        Path(name).write_text(run_page(Path(name)), encoding="utf-8")
