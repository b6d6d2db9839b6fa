"""Puts the pages of the site together: those written here, those made from the code, and the notebooks.

Conventions: `pages()` gives every page by its name in the site, without Sphinx; `python docs/assemble.py FOLDER` writes
them. What code, catalogue and committed results say is never typed again.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from gallery import draw, gallery_page
from groups import GROUPS
from pictures import front_answer

import tamoxres as tr
from tamoxres.cli import app
from tamoxres.cohorts.mapping_grammar import MAPPING_TITLE, mapping_grammar
from tamoxres.effects import EffectEstimate, printed
from tamoxres.endpoints import STEEP
from tamoxres.files.grammar import GrammarTable, keys_of, write_markdown
from tamoxres.registry import built_in
from tamoxres.reporting.plan_grammar import PLAN_TITLE, plan_grammar

__all__ = ["pages"]

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
RESULTS = {  # page of the site: title where the file has none, and the committed file
    "trust/calibration": ROOT / "benchmarks" / "CALIBRATION.md",
    "trust/certainty": ROOT / "benchmarks" / "CERTAINTY.md",
    "trust/calibrated_interactions": ROOT / "benchmarks" / "CALIBRATED_INTERACTIONS.md",
    "trust/benchmarks": ROOT / "benchmarks" / "RESULTS.md",
}


def pages(*, front: bool = True) -> dict[str, str]:
    """Return every page by its file name within the site; `front` fits the model that the front page shows."""
    found = {str(file.relative_to(DOCS)): file.read_text(encoding="utf-8") for file in sorted(DOCS.rglob("*.md"))
             if "_build" not in file.parts}  # fmt: skip
    answer = f"{str(front_answer().verdict).replace(' x ', ' × ')}" if front else ""
    found["index.md"] = found["index.md"].replace("{{ANSWER}}", f"**HER2 in METABRIC:** {answer}")
    found |= {"gallery.md": gallery_page()}
    found |= {"changelog.md": (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")}
    found |= dict(_tutorials()) | dict(_api()) | dict(_formats()) | dict(_lists()) | dict(_trust())
    return found


def _tutorials() -> Iterator[tuple[str, str]]:
    names = [file.stem for file in sorted((ROOT / "notebooks").glob("*.ipynb"))]
    for name in names:
        yield f"tutorials/{name}.ipynb", (ROOT / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8")
    about = "Notebooks, stored with their outputs; the tests run them from top to bottom."
    yield "tutorials/index.md", f"# Tutorials\n\n{about}\n\n{_toctree(names)}"


def _toctree(names: list[str], *, depth: int = 1) -> str:
    inner = "\n".join(names)
    return f"```{{toctree}}\n:maxdepth: {depth}\n\n{inner}\n```\n"


def _api() -> Iterator[tuple[str, str]]:
    """Yield a page for each group of names, and one for each name."""
    stems = []
    for title, (about, names) in GROUPS.items():
        stem = "api_" + re.sub(r"[^a-z]+", "_", title.casefold())
        stems.append(stem)
        rows = "\n".join(
            f"| [`{name}`]({_page_of(name)}.rst) | {_first_sentence(getattr(tr, name))} |" for name in names
        )
        inner = "\n".join(map(_page_of, names))
        yield (
            f"reference/{stem}.md",
            f"# {title}\n\n{about}\n\n| name | what it does |\n|---|---|\n{rows}\n\n"
            f"```{{toctree}}\n:hidden:\n\n{inner}\n```\n",
        )
        for name in names:
            yield f"reference/{_page_of(name)}.rst", _name_page(name)
    files = ["command_line", "mapping", "plan", "rows", "data_dictionary", "markers", "cohorts"]
    head = (
        "# Reference\n\nAll names are those of `import tamoxres as tr`, by task; then the formats, made from the code."
    )
    yield "reference/index.md", f"{head}\n\n## Python\n\n{_toctree(stems)}\n## Files and commands\n\n{_toctree(files)}"


def _page_of(name: str) -> str:
    """Name the page of a public name: `certainty` and `Certainty` are one file where case does not count."""
    return f"names/{'class_' if isinstance(getattr(tr, name), type) else ''}{name}"


def _first_sentence(thing: Any) -> str:
    if name := getattr(thing, "name", ""):
        return str(name)
    first = (thing.__doc__ or "").strip().partition("\n")[0]
    return first.replace("|", "\\|").replace("*", "\\*")


def _name_page(name: str) -> str:
    thing = getattr(tr, name)
    head = f"{name}\n{'=' * len(name)}\n\n.. currentmodule:: tamoxres\n\n"
    if isinstance(thing, type):
        return f"{head}.. autoclass:: {name}\n   :members:\n   :no-undoc-members:\n"
    if callable(thing):
        return f"{head}.. autofunction:: {name}\n"
    events = "".join(f"* {event}\n" for event in thing.events)
    compete = "".join(f"* {death}\n" for death in thing.competing) or "* none\n"
    return (
        f"{head}``tamoxres.{name}``: {thing.name}. {thing.reference}.\n\nEvents:\n\n{events}\nCompeting:\n\n{compete}"
    )


def _formats() -> Iterator[tuple[str, str]]:
    """Yield the command line, the mapping, the plan and the rows."""
    yield "reference/command_line.md", _command_line()
    yield "reference/mapping.md", f"# Mapping\n\n{write_markdown(MAPPING_TITLE, mapping_grammar())}"
    yield "reference/plan.md", f"# Plan\n\n{write_markdown(PLAN_TITLE, plan_grammar())}"
    title = (
        "Effect rows are the pipe between all commands: CSV, JSON, or `EffectEstimate` in Python. A published effect "
        "needs a `study` and one route to a standard error; `tr.printed_routes` gives those that a row's numbers allow."
    )
    table = GrammarTable(header="", about="One row is one effect.", keys=keys_of(EffectEstimate))
    body = write_markdown(title, (table,)).replace("## At the top", "## Columns")
    routes = (printed.__doc__ or "").partition("\n\n")[2]
    yield "reference/rows.md", f"# Effect rows\n\n{body}\n## Routes from print to a standard error\n\n{routes}"


def _command_line() -> str:
    parts = [f"# Command line\n\n{app.info.help}\n\nExit code 2 is an error of yours, told in one sentence."]
    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for name, command in commands.items():
        rows = "\n".join(_option(one) for one in command.params if one.name != "help")
        example = (command.epilog or "").removeprefix("Example: ").split("\n\n")
        shown = "\n".join(line for line in example if line.startswith("tamoxres "))
        parts.append(
            f"## tamoxres {name}\n\n{command.help}\n\n```\n{shown}\n```\n\n| option | what it does |\n|---|---|\n{rows}"
        )
    return "\n\n".join(parts) + "\n"


def _option(one: Any) -> str:
    names = ", ".join(f"`{name}`" for name in one.opts) if one.param_type_name == "option" else f"`{one.name.upper()}`"
    default = one.default
    after = f" Default: `{default}`." if isinstance(default, str | int | float) and default not in ("", False) else ""
    text = f"{getattr(one, 'help', '') or ''}{after}{' Required.' if one.required else ''}"
    return f"| {names} | {_cell(text)} |"


def _lists() -> Iterator[tuple[str, str]]:
    """Yield the data dictionary, the markers and the cohorts."""
    about = "The harmonised columns of a cohort's patients (`tr.data_dictionary()`)."
    yield "reference/data_dictionary.md", f"# Data dictionary\n\n{about}\n\n{_markdown(tr.data_dictionary())}{_steep()}"
    parts = ["# Markers\n\nThe markers that come with the package, what the review claims of them, and the rules."]
    for marker in built_in().values():
        claim = f"\n\nThe review: {marker.claim.statement}" if marker.claim else ""
        rules = "\n".join(f"| `{r.name}` | {r.assay} | {_cell(r.definition)} |" for r in marker.rules)
        table = f"\n\n| rule | assay | altered means |\n|---|---|---|\n{rules}" if rules else ""
        parts.append(f"## {marker.label or marker.name}\n\n{_cell(marker.altered_means)}.{claim}{table}")
    yield "reference/markers.md", "\n\n".join(parts) + "\n"
    cohorts = tr.catalogue(data_dir=DOCS)[["cohort", "about"]]
    cohorts["about"] = [text.partition(" (")[0] for text in cohorts["about"]]
    text = (
        "`tamoxres cohorts` says what each holds and whether it is on disk; `tamoxres fetch NAME` brings what can be "
        "fetched."
    )
    yield "reference/cohorts.md", f"# Cohorts\n\n{text}\n\n{_markdown(cohorts)}"


def _steep() -> str:
    rows = "\n".join(
        f"| `{e.code}` | {e.name} | {'; '.join(e.events)} | {'; '.join(e.competing)} |" for e in STEEP.values()
    )
    return f"\n## Endpoints (STEEP 2.0)\n\n| code | name | events | competing |\n|---|---|---|---|\n{rows}\n"


def _trust() -> Iterator[tuple[str, str]]:
    """Yield what was compared with R, the calibration and the benchmarks, as committed."""
    folders = sorted(file.parent for file in (ROOT / "tests" / "reference").glob("*/*.R"))
    scripts: dict[str, list[str]] = {}
    for folder in folders:
        scripts[folder.name] = sorted(file.name for file in folder.glob("*.R"))
    rows = "\n".join(f"| `{name}` | {', '.join(f'`{one}`' for one in files)} |" for name, files in scripts.items())
    notes = [_lowered((ROOT / "tests" / "reference" / name / "README.md").read_text(encoding="utf-8"))
             for name in scripts if (ROOT / "tests" / "reference" / name / "README.md").exists()]  # fmt: skip
    yield (
        "trust/parity.md",
        "# Parity with R\n\nEach folder of `tests/reference` holds the R script and the JSON it wrote, with the "
        "versions of R and its packages; the tests read the JSON. What agrees, what does not and why, and what is not "
        "compared, in the words of those folders:\n\n"
        + "\n\n".join(notes)
        + f"\n\n## All scripts\n\n| folder | scripts |\n|---|---|\n{rows}\n",
    )
    for name, file in RESULTS.items():
        yield f"{name}.md", file.read_text(encoding="utf-8")
    names = ["parity", *(name.partition("/")[2] for name in RESULTS)]
    yield (
        "trust/index.md",
        "# Can it be trusted?\n\nEvery estimator is compared with R or with a printed result, and many are tried on "
        "simulated patients and studies whose truth is known. These pages are the committed results, unedited. "
        f"`tamoxres calibrate --quick` repeats a part of them in a minute.\n\n{_toctree(names)}",
    )


def _lowered(text: str) -> str:
    """Set the headings of a page one lower."""
    return re.sub(r"(?m)^(#+ )", r"#\1", text.strip())


def _markdown(frame: Any) -> str:
    head = "| " + " | ".join(map(str, frame.columns)) + " |\n|" + "---|" * len(frame.columns)
    rows = [
        "| " + " | ".join(_cell(str(value)) for value in row) + " |" for row in frame.fillna("").itertuples(index=False)
    ]
    return "\n".join([head, *rows]) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def write(folder: Path) -> None:
    """Write the site's source into a folder that is made anew."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, text in pages().items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    draw(folder)
    shutil.copytree(DOCS / "_static", folder / "_static")
    shutil.copy(ROOT / "benchmarks" / "results.svg", folder / "trust" / "results.svg")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
