"""The redesign changed what rows look like, not what they say: the default report's numbers before and after."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pytest

import tamoxres as tr
from tamoxres.reporting.build import report as write_report

SAVED = Path(__file__).parent / "reference" / "redesign" / "effects_v1.csv"
RELATIVE = 1e-9
COUNTS = ("n", "events", "n_1", "events_1", "n_0", "events_0")
ASKED = ("marker", "rule", "endpoint", "estimand", "measure", "status", *COUNTS)


# Too few events expected in a group: since the verdicts count them, the ratio is Firth's (methods.md, M9).
PENALISED = [("metabric", "HER2", "BCSS", "treatment:marker", "interaction")]
# The evidence tables' second edition: receptor-positive strata lead (GUN), numbers of patients of strata (Lipton,
# Carlomagno), a ratio from strata beside its P (Beelen), meeting reports superseded by their papers (Luen).
CORRECTED = {"De Placido 2003", "Lipton 2003", "Carlomagno 1996", "Beelen 2014a", "Luen 2018"}
# Intervals that are not symmetric imply two errors, of which the larger is taken (methods.md, M15).
SKEWED = [("Love 2003", "HER2", "DFS", "", kind) for kind in ("treatment_effect", "treatment_effect", "interaction")]


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """The rows of the default report, as they are written now."""
    made = write_report(output=tmp_path_factory.mktemp("same") / "report")
    return tr.read_effects(made.html.parent / "effects.csv")


@pytest.fixture(scope="module")
def saved():
    """The rows as version 1 wrote them, as text."""
    with SAVED.open(encoding="utf-8", newline="") as stream:
        return [row for row in csv.DictReader(stream) if not row["study"].startswith("Pooled")]


def key(values):
    return tuple("" if value in (None, "") else str(value) for value in values)


def near(one, other):
    if one in (None, "") or other in (None, ""):
        return (one in (None, "")) == (other in (None, ""))
    return math.isclose(float(one), float(other), rel_tol=RELATIVE, abs_tol=RELATIVE)


def equals(old, new):
    """Whether a saved row has the numbers of a present one; P by its kind."""
    p = {"wald": old["p_value"], "lrt": old["lrt_p"]}.get(new.p_kind, old["p_value"])
    pairs = ((old["log_estimate"], new.log_estimate), (old["se"], new.se), (old["person_years"], new.person_years))
    return all(near(*pair) for pair in (*pairs, (p, new.p_value)))


def test_every_number_is_what_it_was(rows, saved):
    """Each saved row has a row with the same question, counts, estimate, standard error and P."""
    by_question = {}
    for row in rows:
        by_question.setdefault(key(getattr(row, name) for name in ASKED), []).append(row)
    lost = [
        old
        for old in saved
        if not any(equals(old, new) for new in by_question.get(key(old[name] for name in ASKED), []))
    ]
    assert len(saved) > 300
    own = [old for old in lost if old["study"] not in CORRECTED]
    assert [
        (old["study"], old["marker"], old["endpoint"], old["term"], old["estimand"]) for old in own
    ] == PENALISED + SKEWED
    assert {old["study"] for old in lost if old not in own} <= CORRECTED
    assert len(lost) <= 20


def test_version_1_is_read_into_fields(saved):
    """What stood in words stands in fields: flags, marker level, treatments, the likelihood-ratio P, the route."""
    read = tr.read_effects(SAVED)
    assert any(row.flagged("p_is_upper_bound") for row in read)
    ratio = next(row for row in read if row.estimand == "interaction" and row.study == "metabric")
    assert (ratio.p_kind, ratio.treatment_1, ratio.treatment_0, ratio.er) == ("lrt", "endocrine", "none", "positive")
    assert ratio.p_value == pytest.approx(0.674, abs=5e-4)
    strata = {row.marker_level for row in read if row.estimand == "treatment_effect"}
    assert {"altered", "unaltered"} <= strata
    assert {"ci", "p", "strata"} <= {row.route for row in read}
    again = tr.effects_to_csv(read)
    assert again.splitlines()[0].endswith("row_id,remark,schema")
