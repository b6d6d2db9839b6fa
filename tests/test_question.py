"""question: what may be asked, and what contradicts itself."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from tamoxres.endpoints import BCSS
from tamoxres.errors import QuestionError
from tamoxres.question import Question, Restriction


def test_defaults() -> None:
    """By default: prognostic, ER positive, endocrine-treated, complete cases, unweighted, Efron."""
    q = Question(endpoint="bcss", marker="her2")
    assert (q.endpoint, q.marker, q.estimand, q.er, q.treatment) == (
        BCSS,
        "HER2",
        "prognostic",
        "positive",
        "endocrine",
    )
    assert (q.missing, q.weights, q.ties, q.adjust, q.strata, q.where) == ("complete", None, "efron", (), (), ())
    assert str(q) == "prognostic: HER2 on BCSS (ER positive, treatment endocrine)"
    with pytest.raises(FrozenInstanceError):
        q.marker = "PTEN"


@pytest.mark.parametrize("estimand", ["treatment_effect", "interaction"])
def test_both_arms(estimand: str) -> None:
    """A comparison of treatments takes both arms."""
    assert Question(endpoint="OS", marker="HER2", estimand=estimand).treatment == "any"
    with pytest.raises(QuestionError, match="leaves one arm. Use treatment='any'"):
        Question(endpoint="OS", marker="HER2", estimand=estimand, treatment="endocrine")


def test_treatment_effect_needs_no_marker() -> None:
    """GBSG's tamoxifen effect is asked without a marker."""
    assert str(Question(endpoint="RFS", estimand="treatment_effect", er="any")) == (
        "treatment_effect: treatment on RFS (ER any, treatment any)"
    )


def test_names_become_tuples() -> None:
    """One covariate may be given as text, several as a list."""
    q = Question(endpoint="OS", marker="HER2", adjust="age", strata=["site"], where="nodes >= 1")
    assert (q.adjust, q.strata, q.where) == (("age",), ("site",), ("nodes >= 1",))


def test_plan_table_equals_call() -> None:
    """A plan's table gives the same question as the call."""
    table = {"endpoint": "RFI", "marker": "pten", "adjust": ["age", "npi"], "horizon": 120}
    assert Question.from_mapping(table) == Question(endpoint="RFI", marker="PTEN", adjust=("age", "npi"), horizon=120)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"er": "ER+"}, "Unknown er 'ER.'. Use one of positive, negative, any"),
        ({"er": "postive"}, r"Unknown er 'postive'. Is it 'positive'\? Use one of positive, negative, any"),
        ({"treatment": ""}, "treatment is ''; give its name, such as tamoxifen"),
        ({"treatment": "any", "against": "none"}, "against='none' needs the treatment that is compared with it"),
        ({"horizon": True}, "horizon is True; it is a number of months"),
        ({"ties": None}, "Unknown ties None"),
        ({"endpoint": "XFS"}, "Unknown endpoint 'XFS'. Is it"),
        ({"endpoint": 5}, "Unknown endpoint 5"),
        ({"marker": None}, "prognostic needs a marker. Name one, such as HER2"),
        ({"marker": 2}, "marker is 2; give its name"),
        ({"marker": ""}, "marker is ''; give its name"),
        ({"rule": 1}, "rule is 1; give its name"),
        ({"adjust": 5}, "adjust is 5; give a list of texts"),
        ({"strata": [1]}, "strata is .1.; give a list of texts"),
        ({"horizon": 0}, "horizon is 0; it is a number of months above 0"),
        ({"horizon": "120"}, "horizon is '120'; it is a number of months"),
        ({"landmark": float("nan")}, "landmark is nan"),
        ({"landmark": 60, "horizon": 60}, "leaves no time before the horizon"),
        ({"where": "nodes is 1"}, "Cannot read the restriction 'nodes is 1'"),
        ({"tint": "red"}, "Unknown key 'tint' in a question. Use endpoint, marker"),
    ],
)  # fmt: skip
def test_bad_questions(wrong: dict[str, object], says: str) -> None:
    """What a plan cannot mean is refused in one sentence that names the key."""
    with pytest.raises(QuestionError, match=says):
        Question.from_mapping({"endpoint": "OS", "marker": "HER2", **wrong})


def test_a_plan_needs_an_endpoint() -> None:
    """No endpoint, no question."""
    with pytest.raises(QuestionError, match="needs an endpoint, such as BCSS"):
        Question.from_mapping({"marker": "HER2"})


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("nodes >= 1", ("nodes", ">=", "1")), ("age<50", ("age", "<", "50")),
        ("menopause == 'pre'", ("menopause", "==", "pre")), (" site != a b ", ("site", "!=", "a b")),
    ],
)  # fmt: skip
def test_restrictions(text: str, parts: tuple[str, str, str]) -> None:
    """A restriction is a column, a comparison and a value."""
    found = Restriction.parse(text)
    assert (found.column, found.comparison, found.value) == parts
    assert Restriction.parse(str(found)) == found
