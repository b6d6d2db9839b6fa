"""The grammar of plan and mapping is made from the code: every key with what it means, within 80 columns."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass

import pytest

from tamoxres.cohorts.mapping import read_mapping
from tamoxres.cohorts.mapping_grammar import MAPPING_TITLE, mapping_grammar
from tamoxres.cohorts.rules import ColumnRule, DeathRule, EndpointRule, Header, MarkerRule
from tamoxres.files.grammar import GrammarTable, keys_of, write_markdown, write_text
from tamoxres.reporting.look import Look
from tamoxres.reporting.plan import BenchmarkPlan, CohortFile, MarkerPlan, Plan, PoolPlan, Silent
from tamoxres.reporting.plan_grammar import PLAN_TITLE, plan_grammar

GRAMMARS = {"plan": (PLAN_TITLE, plan_grammar), "mapping": (MAPPING_TITLE, mapping_grammar)}
CATALOGUE = {"table", "optional", "default_rules", "expression"}


def names(tables: tuple[GrammarTable, ...]) -> set[str]:
    """List the keys of all tables."""
    return {key.name for table in tables for key in table.keys}


@pytest.mark.parametrize("which", GRAMMARS)
def test_every_key_is_explained_within_80_columns(which: str) -> None:
    """No key without its meaning, no line longer than a terminal's, no word broken, in text and in Markdown."""
    title, tables = GRAMMARS[which][0], GRAMMARS[which][1]()
    assert [f"{table.header} {key.name}" for table in tables for key in table.keys if not key.means] == []
    text = write_text(title, tables)
    assert max(map(len, text.splitlines())) <= 80
    page = write_markdown(title, tables)
    for name in names(tables):
        assert f"  {name} = " in text
        assert f"| `{name}` |" in page


def test_a_plan_s_keys_are_the_fields_that_read_it() -> None:
    """A key that a class reads stands in the grammar, so that none can be added in silence."""
    fields = {
        name for cls in (Plan, MarkerPlan, BenchmarkPlan, CohortFile, PoolPlan, Silent, Look) for name in keys(cls)
    }
    tables = {"markers", "benchmarks", "pools", "silent", "cohorts", "look"}
    assert names(plan_grammar()) | tables >= fields


def keys(cls: type) -> set[str]:
    """List the keys of one class."""
    return {key.name for key in keys_of(cls)}


def test_a_mapping_s_keys_are_the_fields_that_read_it() -> None:
    """The same of a mapping; what the catalogue's cohorts alone may use is left out, and refused in a user's."""
    fields = {name for cls in (Header, ColumnRule, MarkerRule, EndpointRule, DeathRule) for name in keys(cls)}
    inner = {"name", "levels", "marker", "endpoint", "deaths"}
    assert names(mapping_grammar()) >= fields - inner - CATALOGUE
    assert not names(mapping_grammar()) & {"table", "optional", "default_rules"}


def test_a_mapping_with_every_top_key_is_read() -> None:
    """What the grammar lists at the top is what the reader takes: each key with a value of its kind."""
    values = {"a text": '"x"', "a list of texts": '["x"]', "a whole number": "1", "a criterion": '["x"]'}
    special = {"decimal": '","', "separator": '";"'}
    lines = []
    for key in mapping_grammar()[0].keys:
        first = key.may.removeprefix("one of ").split(", ")[0]
        value = first if key.may.startswith("one of ") else values[key.may.split(" or ")[0]]
        lines.append(f"{key.name} = {special.get(key.name, value)}")
    body = '[columns]\npatient = "p"\n[endpoints.OS]\ntime = "t"\nunit = "days"\nevent = "e"\nevent_values = [1]\n'
    mapping = read_mapping(tomllib.loads("\n".join([*lines, body])))
    assert (mapping.name, mapping.separator, mapping.header_row) == ("x", ";", 1)


@dataclass(frozen=True)
class Base:
    """A base.

    Attributes
    ----------
    one : int
        The first
        of them.
    """

    one: int = 3


@dataclass(frozen=True)
class Derived(Base):
    """A class that extends another.

    Attributes
    ----------
    two, three : str
        Both mean this.

    Raises
    ------
    ValueError
        Never.
    """

    two: str = "b|c"
    three: tuple[str, ...] = ("x",)


def test_keys_are_read_from_docstrings() -> None:
    """Entries of several names, of several lines and of a base class; what follows the attributes is none of them."""
    found = {key.name: key for key in keys_of(Derived, without=["three"])}
    assert {name: (key.means, key.default) for name, key in found.items()} == {
        "one": ("The first of them.", "3"), "two": ("Both mean this.", '"b|c"'),
    }  # fmt: skip
    page = write_markdown("t", [GrammarTable(header="[x]", about="a", keys=keys_of(Derived))])
    assert '| `two` | a text; "b\\|c" if left out | Both mean this. |' in page
    assert "| `three` | a list of texts; ['x'] if left out |" in page
