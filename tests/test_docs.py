"""The site: its code prints what it shows, its links and tables of contents hold, every public name stands in it."""

from __future__ import annotations

import inspect
import re
import sys
from functools import cache
from pathlib import Path, PurePosixPath

import pytest

import tamoxres as tr

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
sys.path.insert(0, str(DOCS))
import assemble  # noqa: E402
import code_blocks  # noqa: E402
import gallery  # noqa: E402
from groups import GROUPS  # noqa: E402

CODE = ("```python", "```sh")
BY_THE_STORY = "tour"  # its code is run by tests/test_story.py
WRITTEN = sorted(file for file in DOCS.rglob("*.md") if "_build" not in file.parts)
WITH_CODE = [
    file
    for file in WRITTEN
    if file.stem != BY_THE_STORY and any(fence in file.read_text(encoding="utf-8") for fence in CODE)
]


@cache
def pages() -> dict[str, str]:
    return assemble.pages(front=False)


@pytest.mark.parametrize("file", WITH_CODE, ids=lambda file: str(file.relative_to(DOCS)))
def test_the_code_of_a_page_prints_what_it_shows(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every page with code runs from top to bottom, and the output that it shows is what the code gives."""
    monkeypatch.setenv("COLUMNS", "100")
    assert code_blocks.run_page(file) == file.read_text(encoding="utf-8")


def test_a_page_that_shows_another_output_is_seen(tmp_path: Path) -> None:
    """A page whose output was typed by hand does not stay as it is; a command that fails stops it."""
    page = tmp_path / "page.md"
    page.write_text("```python\nprint(1 + 1)\n```\n\n```text\n3\n```\n")
    assert "```text\n2\n```" in code_blocks.run_page(page)
    page.write_text("```sh\ntamoxres effect no_such_cohort\n```\n")
    with pytest.raises(RuntimeError, match="exit code 2"):
        code_blocks.run_page(page)


def test_every_page_with_code_is_named_here() -> None:
    """How-to pages and the start have code."""
    named = {str(file.relative_to(DOCS)) for file in WITH_CODE}
    howto = {f"howto/{file.name}" for file in (DOCS / "howto").glob("*.md") if file.stem != "index"}
    assert howto | {"start.md", "from_r.md"} <= named


def targets(name: str, text: str) -> list[str]:
    """Name the pages that a page links to, or puts into its table of contents, as pages of the site."""
    prose = re.sub(r"(?ms)^```(?!\{toctree\}).*?^```$", "", text)
    links = [link for link in re.findall(r"\]\(([^)\s#]+)", prose) if "://" not in link and link[:7] != "mailto:"]
    trees = [line for tree in re.findall(r"(?ms)^```\{toctree\}\n(.*?)^```$", text) for line in tree.split()]
    entries = [line for line in trees if line[0] != ":" and not line.isdigit()]
    cards = re.findall(r"(?m)^:link: (\S+)", text)
    here = PurePosixPath(name).parent
    return [str(here / link) for link in (*links, *entries, *cards)]


def plain(path: str) -> str:
    """Resolve `..` within the site."""
    parts: list[str] = []
    for part in PurePosixPath(path).parts:
        parts = parts[:-1] if part == ".." else [*parts, part]
    return "/".join(parts)


def test_every_link_and_every_table_of_contents_holds() -> None:
    """Links within the site and names in tables of contents are pages, and every page but the front stands in one."""
    there = {*pages(), *(f"_static/{file.name}" for file in (DOCS / "_static").iterdir()), "trust/results.svg"}
    reached = set()
    for name, text in pages().items():
        for target in targets(name, text) if name.endswith(".md") else ():
            found = {plain(target) + ending for ending in ("", ".md", ".rst", ".ipynb")} & there
            assert found, f"{name} names {target}, which is no page"
            reached |= found
    assert set(pages()) - reached == {"index.md"}


def test_every_public_name_stands_in_one_group() -> None:
    """The reference groups every public name by task, each once."""
    names = [name for _, group in GROUPS.values() for name in group]
    assert sorted(names) == sorted(set(tr.__all__) - {"__version__"})


def test_every_figure_and_table_stands_in_the_gallery(tmp_path: Path) -> None:
    """None is missing; a table and a picture are made by their lines (the site makes them all)."""
    names = [name for group in ("Figures", "Tables") for name in GROUPS[group][1]]
    assert sorted(gallery.ENTRIES) == sorted(set(names) - {"AbstractRow", "Table", "save_figure"})
    gallery.draw(tmp_path, ["meta_table", "funnel"])
    assert "Study 0" in (tmp_path / "gallery" / "meta_table.md").read_text(encoding="utf-8")
    assert "<svg" in (tmp_path / "gallery" / "funnel.svg").read_text(encoding="utf-8")
    page = gallery.gallery_page()
    assert all(f"## {name}\n" in page and code in page for name, code in gallery.ENTRIES.items())


def test_help_begins_with_a_guide_by_task() -> None:
    """`help(tr)` names every group of the reference in its order, and public names alone."""
    guide = inspect.getdoc(tr) or ""
    titles = [line for line in guide.splitlines() if line in GROUPS]
    assert titles == list(GROUPS)
    for title, (_, names) in GROUPS.items():
        told = guide.partition(f"\n{title}\n    ")[2].partition("\n")[0]
        named = re.findall(r"\w+", told)
        assert len(set(named) & set(names)) >= min(3, len(names)), title
        assert not {word for word in named if "_" in word} - set(names), title


@pytest.mark.parametrize(
    ("page", "holds"),
    [
        ("reference/command_line.md", "## tamoxres marker-page"),
        ("reference/mapping.md", "`[[endpoints.CODE.deaths]]`"),
        ("reference/plan.md", "`[[benchmarks]]`"),
        ("reference/rows.md", "| logrank_p |"),
        ("reference/data_dictionary.md", "| menopause |"),
        ("reference/markers.md", "`cna_deep_loss`"),
        ("reference/cohorts.md", "| tcga_brca |"),
        ("trust/parity.md", "What does not agree"),
        ("trust/calibration.md", "Monte Carlo"),
        ("changelog.md", "0.1.0"),
    ],
)
def test_what_the_code_says_stands_in_the_reference(page: str, holds: str) -> None:
    """Formats, lists and results come from the code and the committed files."""
    assert holds in pages()[page]


def has_example(name: str) -> bool:
    thing = getattr(tr, name)
    return ">>>" in (inspect.getdoc(thing) or "")


def test_every_name_has_an_example() -> None:
    """Every public function and class has a doctest example, which the tests run, and says what it returns."""
    things = [name for name in tr.__all__ if callable(getattr(tr, name))]
    assert len(things) > 150
    assert [name for name in things if not has_example(name)] == []
