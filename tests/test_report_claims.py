"""Claims: sentences that say more than such data can show, beside the sentences that may stand."""

import pytest

from tamoxres.reporting.claims import check_claims


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("HER2 gain is predictive of outcome.", "interaction"),
        ("PTEN loss predicts failure of tamoxifen (P = 0.01).", "interaction"),
        ("AKT activation confers resistance to endocrine therapy.", "interaction"),
        ("HER2-positive tumours are resistant.", "interaction"),
        ("The effect was significant in node-positive but not in node-negative patients.", "two P values"),
        ("It was significant with IHC, whereas it was not with SNP6.", "two P values"),
        ("There was no significant difference (P = 0.4).", "no difference"),
        ("The groups did not differ.", "no difference"),
        ("HER2 is only prognostic.", "no difference"),
        ("PIK3CA has no effect on outcome.", "no difference"),
        ("METABRIC's tamoxifen-treated patients did worse.", "drug"),
        ("In METABRIC 1,104 were treated with tamoxifen.", "drug"),
    ],
)
def test_what_is_flagged(text, rule):
    """Each rule finds the sentence that breaks it."""
    assert [flag.rule for flag in check_claims(text)] == [rule]


@pytest.mark.parametrize(
    "text",
    [
        "HER2 gain is prognostic among the treated (HR 1.33, 1.04-1.71).",
        "Whether HER2 predicts failure of the treatment stays open (ratio of HRs 0.91, 0.53-1.57).",
        "HER2 cannot be called predictive from it.",
        "An interaction was seen: HER2 predicts less benefit from tamoxifen (ratio of HRs 2.1, 1.3-3.4).",
        "No marker is shown to predict failure of tamoxifen; for AKT the question stays open.",
        "The claims are those of “Mansuri S. Mechanisms which Cause Tamoxifen Resistance.”",
        "The review claims “resistance to tamoxifen” for AKT.",
        'The authors write "no difference".',
        "That is not evidence of no effect.",
        "The interaction lies within the margin, so no relevant difference in treatment effect is expected.",
        "A large P value is never read as no difference.",
        "GBSG's patients were treated with tamoxifen.",
        "METABRIC does not name the drug: tamoxifen-treated is never said of it, as it is unspecified.",
        "Survival was worse in node-positive patients.",
        "Does it predict failure of tamoxifen, or is it only prognostic? tamoxres asks.",
        "",
    ],
)
def test_what_may_stand(text):
    """Sentences that keep to what was shown, deny the claim, or quote others are left alone."""
    assert check_claims(text) == []


def test_flags_tell_line_and_sentence():
    """In Markdown each flag names the line where its sentence begins, and what to write instead."""
    text = "# Results\n\nHER2 is prognostic.\nPTEN loss is\npredictive. All is well.\n\n- no difference was seen\n"
    first, second = check_claims(text)
    assert (first.line, first.sentence) == (4, "PTEN loss is predictive.")
    assert (second.line, second.rule) == (7, "no difference")
    assert "interaction" in first.why
    assert str(first).startswith("line 4, interaction: ")


def test_a_sentence_is_read_alone():
    """An interaction in one sentence does not excuse the next."""
    text = "An interaction was tested. HER2 predicts failure of tamoxifen."
    assert [flag.sentence for flag in check_claims(text)] == ["HER2 predicts failure of tamoxifen."]
