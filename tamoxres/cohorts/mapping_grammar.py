"""The grammar of a mapping, made from the classes that read it and from the codebook."""

from __future__ import annotations

from dataclasses import replace

from ..codebook import CODEBOOK
from ..endpoints import TIMED
from ..files.grammar import GrammarTable, Key, keys_of
from .criteria import CRITERION
from .rules import ColumnRule, DeathRule, EndpointRule, Expression, Header, MarkerRule

__all__ = ["MAPPING_TITLE", "mapping_grammar"]

MAPPING_TITLE = (
    "A mapping is a TOML file that says how a registry's columns become a cohort. `tamoxres init-mapping FILE -o "
    'mapping.toml` writes a first one. A criterion is a list of codes, one code, or a comparison such as ">= 10".'
)
_COLUMN = 'a raw column, or a table { from = "...", ... }'
_CATALOGUE = ("table", "optional", "default_rules")  # what the cohorts of the catalogue alone use


def mapping_grammar() -> tuple[GrammarTable, ...]:
    """Return the tables of a mapping with their keys."""
    inner = ("expression", *_CATALOGUE)
    own = ("name", "levels", "resolved_by", *_CATALOGUE)
    level = Key(name="LEVEL", may="a criterion", means="Raw values of a level, such as positive, yes or post.")
    settled = Key(name="resolved_by", may="a table", means="Read where this rule leaves a patient unknown.")
    tables = (
        GrammarTable(header="", about="Before any table:", keys=keys_of(Header, without=inner)),
        GrammarTable(header="[columns]", about="Which raw column each harmonised one comes from.", keys=_columns()),
        GrammarTable(
            header='COLUMN = { from = "...", ... }', about="The keys of one column.",
            keys=keys_of(ColumnRule, without=own, also=(level, settled)),
        ),
        GrammarTable(
            header="[markers.NAME]", about="One marker, by any name.",
            keys=keys_of(MarkerRule, without=("marker", "resolved_by"), also=(settled,)),
        ),
        GrammarTable(
            header="[endpoints.CODE]", about=f"One endpoint, by its code: {', '.join(TIMED)}.",
            keys=keys_of(EndpointRule, without=("endpoint", "deaths", *_CATALOGUE)),
        ),
        GrammarTable(
            header="[[endpoints.CODE.deaths]]", about="Deaths that stand in a column of their own.",
            keys=keys_of(DeathRule),
        ),
        GrammarTable(
            header="[expression]", about="A matrix of expression beside the patients' file.", keys=keys_of(Expression)
        ),
    )  # fmt: skip
    return tuple(map(_shorter, tables))


def _columns() -> tuple[Key, ...]:
    """Return the harmonised columns as keys; those of endpoints have tables of their own."""
    own = [one for one in CODEBOOK if one.kind != "event" and not (one.kind == "time" and _of_endpoint(one.name))]
    keys = [
        Key(
            name=one.name, may=_COLUMN, required=one.name == "patient",
            means=f"{one.meaning}{f', in {one.unit}' if one.unit else ''}"
            f"{f' ({one.allowed})' if one.levels else ''}.",
        )
        for one in own
    ]  # fmt: skip
    extra = Key(name="ANY OTHER NAME", may=_COLUMN, means="Passes through, for adjusting, strata and restrictions.")
    return (*keys, Key(name="diagnosis", may="a raw column", means="The date of diagnosis."), extra)


def _shorter(table: GrammarTable) -> GrammarTable:
    """Write a criterion by its name: the title says what one is."""
    keys = (replace(key, may="a criterion") if key.may == CRITERION else key for key in table.keys)
    return replace(table, keys=tuple(keys))


def _of_endpoint(name: str) -> bool:
    return any(name == end.months for end in TIMED.values())
