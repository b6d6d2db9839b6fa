"""The story a new user follows: the Python and the commands of README and tour in order, and the notebooks."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tamoxres.cli import main

ROOT = Path(__file__).parent.parent
README = "\n".join((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "docs/tour.md"))
ELSEWHERE = (
    "report",
    "fetch",
    "init-mapping",
    "screen",
    "calibrate",
)  # tested elsewhere, or need a network or a registry's file


def blocks(language):
    """Fenced blocks of a language, `` being the plain ones."""
    fences = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    return [text for name, text in fences if name == language]


def commands():
    lines = [line.partition(" #")[0].strip() for block in blocks("") for line in block.splitlines()]
    found = [shlex.split(line)[1:] for line in lines if line.startswith("tamoxres ")]
    return [command for command in found if command[0] not in ELSEWHERE and "registry.csv" not in command]


def test_every_link_of_the_readme_holds():
    """Every file and picture that the README links to is there."""
    links = re.findall(r"\]\(([^)#]+)\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert len(links) > 10
    assert not [link for link in links if not (ROOT / link).exists()]


def test_the_readme_python_runs(capsys):
    """Every Python block of the README runs, and ends in the verdict it shows."""
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), {})
    assert "prognostic; interaction inconclusive" in capsys.readouterr().out


def test_the_readme_commands_run(tmp_path, monkeypatch, capsys):
    """Every command of the README exits with 0, in the order a reader types them."""
    monkeypatch.chdir(tmp_path)
    assert len(commands()) >= 7
    example = next((block for block in blocks("") if block.startswith("study,")), None)
    if example is not None:
        (tmp_path / "effects.csv").write_text(example)
    for command in commands():
        with pytest.raises(SystemExit) as stopped:
            main(command)
        assert not stopped.value.code, (command, capsys.readouterr().err)


@pytest.mark.parametrize("notebook", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
@pytest.mark.filterwarnings("ignore")  # the kernel runs in its own process; its client warns of sockets
def test_notebooks_run(notebook):
    """Each notebook runs from top to bottom, is short, defines no function, and is stored with its outputs."""
    stored = nbformat.read(notebook, as_version=4)
    cells = [cell for cell in stored.cells if cell.cell_type == "code"]
    assert not any(re.search(r"^\s*(def|class) ", cell.source, re.MULTILINE) for cell in cells)
    assert any(cell.outputs for cell in cells), "stored without outputs"
    fresh = nbformat.from_dict(stored)
    NotebookClient(fresh, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(ROOT)}}).execute()
    assert text_of(fresh) == text_of(stored)


def text_of(notebook):
    """The printed output of a notebook, cell by cell."""
    return [
        "".join(
            output.get("text", "")
            for output in cell.outputs
            if output.output_type == "stream" and output.name == "stdout"
        )
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]
