"""cohort: patients and what must be said about them; nothing in it can be changed in place."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import numpy as np
import pandas as pd
import pytest

from tamoxres.cohort import Cohort, MarkerCall, Source
from tamoxres.endpoints import BCSS, OS
from tamoxres.errors import DataError, QuestionError

SOURCE = Source(name="made", citation="Nobody 2026", licence="none", doi="10.1/x", sha256="ab12")


def cohort(**changes: object) -> Cohort:
    frame = pd.DataFrame(
        {"age": [50.0, 61.0, None], "OS_months": [0.0, 12, 60], "OS_event": [1, 0, 0]}, index=list("abc")
    )
    raw = pd.DataFrame({"AGE": ["50", "61", ""]}, index=list("abc"))
    given = {
        "name": "made", "title": "Made up", "patients": frame, "raw": raw, "sources": (SOURCE,), "endpoints": (OS,),
        "treatment_specificity": "tamoxifen_confirmed", "notes": ("a <note>",),
    }  # fmt: skip
    return Cohort(**given | changes)


def call(*values: str | None, rule: str = "ihc_ish", marker: str = "HER2", index: str = "abc") -> MarkerCall:
    status = pd.Series(list(values), index=list(index), dtype=object)
    return MarkerCall(marker=marker, rule=rule, assay="IHC", reference="none", definition="3+", values=status)


def test_what_it_says_of_itself() -> None:
    """A cohort introduces itself in one line, its source in another, and HTML is escaped."""
    made = cohort()
    assert str(made) == "Made up: 3 patients; endpoints OS; treatment tamoxifen_confirmed"
    assert str(SOURCE) == "made: Nobody 2026 doi:10.1/x"
    assert (made.n, made.data_sha256) == (3, "ab12")
    assert "a &lt;note&gt;" in made._repr_html_()


def test_frames_are_copied_in_and_out() -> None:
    """Neither the frame that was given nor the one that is handed out leads into the cohort."""
    frame = pd.DataFrame({"age": [50.0], "OS_months": [1.0], "OS_event": [0]}, index=["a"])
    made = cohort(patients=frame, raw=pd.DataFrame(index=["a"]))
    frame.loc["a", "age"] = 99
    made.patients["age"] = 98
    made.raw["new"] = 1
    assert made.patients.loc["a", "age"] == 50
    assert "new" not in made.raw
    with pytest.raises((FrozenInstanceError, AttributeError)):
        made.name = "other"


def test_one_index_and_no_copies() -> None:
    """Patients, raw values and calls share one index; a call beside another copies and checks no patient anew."""
    first = cohort()
    second = first.with_marker(call("altered", "unaltered", None))
    assert first.raw.index.is_(first.patients.index)
    assert second.patients.index.is_(first.patients.index)
    ages = [made.patients["age"].to_numpy() for made in (first, second, first)]
    assert np.shares_memory(ages[0], ages[1])
    assert np.shares_memory(ages[0], ages[2])


def test_markers_stand_side_by_side() -> None:
    """Several rules of one marker stand together; a call by the same rule replaces; the old cohort stays as it was."""
    first = cohort()
    second = first.with_marker(call("altered", "unaltered", None)).with_marker(call("altered", None, None, rule="fish"))
    assert first.markers == ()
    assert second.marker("her2").rule == "fish"
    assert second.marker("HER2", "ihc_ish").counts() == {"altered": 1, "unaltered": 1, "not_assayed": 0, "unknown": 1}
    third = second.with_marker(call("unaltered", "unaltered", "not_assayed"))
    assert [c.rule for c in third.markers] == ["fish", "ihc_ish"]
    assert str(third.markers[1]) == "HER2 by ihc_ish (IHC): altered 0, unaltered 2, not assayed 1, unknown 0"


def test_a_marker_is_found_whatever_its_case() -> None:
    """A user's own marker keeps no case of its own."""
    made = cohort().with_marker(call("altered", None, None, marker="Ki67"))
    assert made.marker("ki67").marker == "KI67"


def test_what_is_not_there() -> None:
    """A marker or endpoint that the cohort lacks is refused with those it has."""
    made = cohort().with_marker(call("altered", None, None))
    assert made.require("os") is made.require(OS) is OS
    with pytest.raises(QuestionError, match="made has no endpoint BCSS. It has OS"):
        made.require(BCSS)
    with pytest.raises(
        QuestionError, match=r"no call of PTEN; called so far: HER2 \(ihc_ish\). Call it first: tr.call"
    ):
        made.marker("PTEN")
    with pytest.raises(QuestionError, match="no call of HER2 by rule fish"):
        made.marker("HER2", "fish")


def test_what_does_not_fit() -> None:
    """Patients, raw values, endpoints and calls must be of the same patients."""
    made = cohort()
    with pytest.raises(DataError, match="declares endpoint BCSS but has no column BCSS_event"):
        replace(made, endpoints=(OS, BCSS))
    with pytest.raises(DataError, match="raw and harmonised patients differ"):
        replace(made, raw=made.raw.iloc[::-1])
    with pytest.raises(DataError, match="column age: 1 value"):
        replace(made, patients=made.patients.assign(age=[50, 61, 5]))
    with pytest.raises(DataError, match="does not cover the patients of made"):
        made.with_marker(call("altered", None, None, index="abx"))
    with pytest.raises(DataError, match="HER2 by ihc_ish: unknown status 'positive'"):
        call("positive", None, None)
