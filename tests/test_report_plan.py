"""The plan: what the default one asks, and every way in which a plan can be wrong, told by table and key."""

import pytest

from tamoxres.cohorts.catalogue import ENTRIES
from tamoxres.errors import QuestionError
from tamoxres.reporting.plan import MarkerPlan, Plan, default_plan, read_plan

ASKED = '[[markers]]\ncohort = "metabric"\nmarkers = ["HER2"]\nendpoints = ["BCSS"]\n'
POOL = '[[pools]]\nmarker = "all"\nestimand = "odd"\nendpoints = ["OS"]\ntaken_as = "OS"\nlabel = "x"\n'


def plan(tmp_path, text):
    path = tmp_path / "plan.toml"
    path.write_text(text, encoding="utf-8")
    return read_plan(path)


def test_the_default_plan_is_the_reviews_question():
    """It asks seven markers of METABRIC, adjusted and stratified, with five benchmarks, two of METABRIC."""
    asked = default_plan()
    assert asked.order() == ["HER2", "AKT", "MTOR", "SRC", "HH", "PTEN", "PIK3CA"]
    markers = asked.markers[0]
    assert markers.rules == ()
    assert markers.endpoints[0] == "BCSS"
    interaction = markers.interaction("HER2", None, "BCSS")
    assert (interaction.adjust, interaction.strata) == (("age", "npi", "chemotherapy"), ("site",))
    crude = markers.prognostic("HER2", "snp6_gain", "BCSS", crude=True)
    assert (crude.adjust, crude.strata, crude.treatment) == ((), (), "endocrine")
    assert [benchmark.cohort for benchmark in asked.benchmarks] == [
        "gbsg",
        "rotterdam",
        "rotterdam",
        "metabric",
        "metabric",
    ]


def test_the_default_plan_knows_every_cohort():
    """Each cohort of the catalogue is asked, a benchmark, or silent with a reason; each has its own family."""
    asked = default_plan()
    spoken = {table.cohort for table in asked.markers} | {benchmark.cohort for benchmark in asked.benchmarks}
    silent = {name for one in asked.silent for name in one.cohorts}
    assert spoken | silent == set(ENTRIES)
    assert not spoken & silent
    families = [table.family for table in asked.markers if table.role == "planned"]
    assert len(set(families)) == len(families)


def test_late_treatment_and_no_treatment():
    """TCGA is asked from a landmark; MSK among all patients; neither choice is lost on the way to the question."""
    tables = {table.cohort: table for table in default_plan().markers}
    tcga = tables["tcga_brca"].prognostic("HER2", None, "BCFI")
    assert (tcga.landmark, tcga.where) == (12, ("endocrine_start_months <= 12",))
    assert tables["msk_2018"].prognostic("HER2", None, "OS").treatment == "any"
    assert tables["metabric"].prognostic("HER2", None, "OS").landmark is None
    assert tables["metabric_rueda"].role_of(leading=True) == "sensitivity"


def test_roles():
    """The leading combination is primary, the others sensitivity analyses; an exploratory plan says so of all."""
    asked = MarkerPlan(cohort="metabric", markers=("HER2",), endpoints=("BCSS",))
    assert (asked.role_of(leading=True), asked.role_of(leading=False)) == ("primary", "sensitivity")
    late = MarkerPlan(cohort="metabric", markers=("HER2",), endpoints=("BCSS",), role="exploratory")
    assert {late.role_of(leading=leading) for leading in (True, False)} == {"exploratory"}


def test_a_plan_is_read(tmp_path):
    """A margin, a rule and a restriction are read as they stand."""
    extra = 'rules = ["three_gene"]\nwhere = ["age < 50"]\nmargin = [0.8, 1.25]\nmargin_why = "agreed"\n'
    read = plan(tmp_path, f'title = "t"\nalpha = 0.01\n{ASKED}{extra}')
    assert read.alpha == 0.01
    assert read.markers[0].margin == (0.8, 1.25)
    assert read.markers[0].interaction("HER2", "three_gene", "BCSS").where == ("age < 50",)
    assert read.as_dict()["markers"][0]["rules"] == ("three_gene",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title = ", "is not TOML"),
        (ASKED, "top level: title is missing. It is a text"),
        ('title = "t"', r"no \[\[markers\]\]"),
        (f'title = "t"\ncolour = 1\n{ASKED}', "top level: unknown key 'colour'. Is it 'cohorts'?"),
        (f'title = "t"\nalpha = 5\n{ASKED}', "alpha is 5"),
        (
            'title = "t"\n[markers]\ncohort = "metabric"',
            r"Write \[\[markers\]\], with two brackets",
        ),
        (f'title = "t"\n{ASKED}adjust = ["age"]', r"markers\[0\]: unknown key 'adjust'"),
        (
            'title = "t"\n[[markers]]\ncohort = "metabric"\nmarkers = ["HER2"]',
            r"markers\[0\]: endpoints is missing",
        ),
        ('title = "t"\n[[markers]]\ncohort = 1\nmarkers = ["HER2"]\nendpoints = ["OS"]', "cohort is 1; it is a text"),
        (f'title = "t"\n{ASKED}strata = "site"', "strata is 'site'; it is a list of texts"),
        (f'title = "t"\n{ASKED}er = "maybe"', "er is 'maybe'; use one of positive, negative, any"),
        (f'title = "t"\n{ASKED}role = "lucky"', "role is 'lucky'; use one of planned, sensitivity, exploratory"),
        (f'title = "t"\n{ASKED}treatment = 3', "treatment is 3; it is a text"),
        (f"title = 3\n{ASKED}", "title is 3; it is a text"),
        (f'title = "t"\nalpha = "0.05"\n{ASKED}', "alpha is '0.05'; it is a number"),
        (f'title = "t"\nseed = "a"\n{ASKED}', "seed is 'a'; it is a whole number"),
        (f'title = "t"\n{ASKED}landmark = 1.5', "landmark is 1.5; it is a whole number of 0 or more"),
        (f'title = "t"\n{ASKED}landmark = -1', "landmark is -1; it is a whole number of 0 or more"),
        (f'title = "t"\n{ASKED}{POOL}adjustment = "odd"', "adjustment is 'odd'; use one of any, adjusted, crude"),
        (f'title = "t"\n{ASKED}[[silent]]\ncohorts = ["x"]', r"silent\[0\]: why is missing"),
        (f'title = "t"\n{ASKED}margin = [0.8]', r"margin is \[0.8\]; it is a list of 2"),
        (f'title = "t"\n{ASKED}margin = [0.8, 1.25]', "needs a reason"),
        ('title = "t"\n[[markers]]\ncohort = "metabric"\nmarkers = ["HER2"]\nendpoints = ["XYZ"]', "'XYZ'"),
        (
            f'title = "t"\n{ASKED}{POOL}',
            r"\[\[pools\]\] 'x': Unknown estimand 'odd'",
        ),
    ],
)
def test_a_wrong_plan_is_refused(tmp_path, text, message):
    """The error names the file, the table, the key and what to write."""
    with pytest.raises(QuestionError, match=message) as caught:
        plan(tmp_path, text)
    assert "plan.toml" in str(caught.value)


def test_a_missing_plan_is_refused(tmp_path):
    """A plan that is not there is told by its path."""
    with pytest.raises(QuestionError, match=r"nowhere\.toml does not exist"):
        read_plan(tmp_path / "nowhere.toml")


def test_a_plan_needs_markers():
    """A plan made in Python is held to the same rules."""
    with pytest.raises(QuestionError, match=r"no \[\[markers\]\]"):
        Plan(title="t", markers=())
