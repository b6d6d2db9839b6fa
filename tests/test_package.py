"""The package as a whole: light to import, its public names whole, its stub and its metadata in agreement."""

from __future__ import annotations

import importlib
import pkgutil
import re
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest
import test_floors as floors
from make_stub import STUB, stub

import tamoxres

ROOT = Path(tamoxres.__file__).resolve().parents[1]
HEAVY = ("lifelines", "matplotlib", "numba", "pandas", "pyarrow", "scipy.stats", "seaborn", "statsmodels")
MODULES = sorted(module.name for module in pkgutil.walk_packages(tamoxres.__path__, "tamoxres."))


@cache
def project() -> dict[str, object]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    "code",
    [
        "import tamoxres",
        "import tamoxres; dir(tamoxres); tamoxres.BCSS; tamoxres.__version__",
        "import sys; sys.argv = ['tamoxres', '--help']\n"
        "from tamoxres.cli import main\ntry:\n    main()\nexcept SystemExit as done:\n    assert not done.code",
        "from tamoxres.cli import main\nfor name in ('effect', 'report', 'screen', 'pool'):\n"
        "    try:\n        main([name, '--help'])\n    except SystemExit as done:\n        assert not done.code",
    ],
    ids=["import", "names", "help", "help of commands"],
)  # fmt: skip
def test_light(code: str) -> None:
    """Importing tamoxres, naming an endpoint and asking for help load no heavy library."""
    check = f"{code}\nimport sys\nsys.stderr.write(' '.join(m for m in {HEAVY!r} if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr == "", f"heavy libraries were loaded: {done.stderr}"


@pytest.mark.parametrize(
    ("code", "shown_by"),
    [
        (
            "import tamoxres as tr\ncalled = tr.call(tr.load('metabric'), 'HER2')\n"
            "tr.cox(tr.select(called, endpoint='BCSS', marker='HER2'), adjust=['age'], engine='kernel').effect",
            set(),
        ),
        (
            "from tamoxres.cli import main\ntry:\n    main('effect metabric --marker HER2 --endpoint BCSS'.split())\n"
            "except SystemExit as done:\n    assert not done.code",
            {"rich"},
        ),
    ],
    ids=["call", "command"],
)
def test_one_effect_loads_what_it_needs(code: str, shown_by: set[str]) -> None:
    """A cohort, a marker and one fit load pandas and no other heavy library; the command prints with rich."""
    code = f"import sys\n{code}\nsys.stderr.write('\\n' + ' '.join(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    loaded = set(done.stderr.split())
    assert "pandas" in loaded
    spared = {*HEAVY, "hypothesis", "pandera", "requests", "rich", "scipy.optimize"} - {"pandas", "pyarrow"} - shown_by
    assert not loaded & spared


@pytest.mark.parametrize(
    ("code", "needed", "spared"),
    [
        (
            "from tamoxres.cli import main\nfor words in ('cohorts', 'markers metabric', 'init-plan metabric'):\n"
            "    try:\n        main(words.split())\n    except SystemExit as done:\n        assert not done.code",
            {"pandas"},
            {*HEAVY, "docx", "joblib", "scipy.optimize", "xlsxwriter"} - {"pandas", "pyarrow"},
        ),
        (
            "from tamoxres.reporting.build import open_libraries\nopen_libraries()",
            {"docx", "jinja2", "matplotlib", "pandas", "scipy.optimize", "xlsxwriter"},
            {"autograd", "lifelines", "numba", "requests", "scipy.stats", "seaborn", "statsmodels"},
        ),
    ],
    ids=["lists", "report"],
)
def test_more_work_loads_what_it_needs(code: str, needed: set[str], spared: set[str]) -> None:
    """Lists load pandas alone; a report loads what writes and draws it, and nothing that fits or draws otherwise."""
    code = f"import sys\n{code}\nsys.stderr.write('\\n' + ' '.join(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    loaded = set(done.stderr.split())
    assert needed <= loaded
    assert not loaded & spared


def test_every_name_survives_every_import() -> None:
    """With every submodule imported, each public name is there and is no module: nothing shadows it."""
    for module in MODULES:
        if not module.endswith("__main__"):
            importlib.import_module(module)
    modules = {name.split(".")[1] for name in MODULES}
    assert not modules & set(tamoxres.__all__), "a public name equals a top-level module"
    for name in tamoxres.__all__:
        assert not isinstance(getattr(tamoxres, name), type(sys)), f"tamoxres.{name} is a module"
    for home, names in tamoxres._HOMES.items():
        assert set(names) <= set(importlib.import_module(f"tamoxres.{home}").__all__), home


def test_names_are_listed_once() -> None:
    """Every public name has one home, and dir() shows it; what is not public is refused as Python does."""
    names = [name for home in tamoxres._HOMES.values() for name in home]
    assert len(names) == len(set(names))
    assert sorted(dir(tamoxres)) == sorted([*names, "__version__"])
    with pytest.raises(AttributeError, match="module 'tamoxres' has no attribute 'predictive'"):
        _ = tamoxres.predictive


def test_stub_agrees() -> None:
    """The stub that type checkers read names what the package gives."""
    assert STUB.read_text(encoding="utf-8") == stub(), "run `make stub`"
    assert (ROOT / "tamoxres" / "py.typed").is_file()


@pytest.mark.parametrize("module", MODULES)
def test_all_is_true(module: str) -> None:
    """What a module says it offers, it has."""
    if module.endswith("__main__"):
        pytest.skip("runs the command line")
    loaded = importlib.import_module(module)
    missing = [name for name in getattr(loaded, "__all__", ()) if not hasattr(loaded, name)]
    assert not missing, f"{module}.__all__ names {missing}"


def test_one_version() -> None:
    """The version is written once, in __init__.py, and told alike by the citation and the changelog."""
    version = tamoxres.__version__
    assert "version" in project()["project"]["dynamic"]
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert re.search(
        rf"^## \[{re.escape(version)}\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE
    )


def test_what_is_imported_is_declared() -> None:
    """Every outside library that the package imports is a dependency, or one of the extras'."""
    found = {name.partition(".")[0] for module in floors.MODULES for name in floors.imports(module)} - {"", "tamoxres"}
    named = {"docx": "python-docx", "pil": "pillow", "PIL": "pillow", "python_calamine": "python-calamine"}
    outside = {named.get(top, top).lower() for top in found - set(sys.stdlib_module_names)}
    extras = project()["project"]["optional-dependencies"]
    wanted = [*project()["project"]["dependencies"], *extras["cluster"], *extras["explore"]]
    declared = {re.split(r"[<>=]", text)[0].strip().lower() for text in wanted}
    assert outside <= declared, f"not declared: {outside - declared}"


def test_make_targets() -> None:
    """The Makefile has the targets that the documents promise."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert {"report", "test", "check", "bench", "full-report", "stub", "help"} <= targets
