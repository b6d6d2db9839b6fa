"""Marker rules by hand, on six made-up patients: what is altered, unaltered, unknown, and not assayed."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import pandas as pd
import pytest

from tamoxres.cohort import ABOVE_MEDIAN, Cohort, MarkerCall, ProfileKind, Source
from tamoxres.endpoints import OS
from tamoxres.errors import DataError, QuestionError
from tamoxres.markers.calling import call, concordance, markers_table, rules_for, with_continuous
from tamoxres.registry import built_in

# A mean and a root of six numbers.
EXACT = 1e-12
PEOPLE = list("abcdef")
NAMES = {  # the rule names that stay (one list for files, plans and the command line)
    "HER2": "snp6_gain her2_status three_gene intclust5 erbb2_mrna ihc_ish rppa_total rppa_py1248",
    "PTEN": "mutation cna_loss cna_deep_loss mrna_low protein_lost rppa_low",
    "AKT": "mutation e17k cna_gain mrna_high rppa_ps473 rppa_pt308",
    "MTOR": "mrna_high rppa_ps2448 rppa_ps6k rppa_ps6",
    "SRC": "mrna_high rppa_py416",
    "HH": "mrna_high mutation cna",
    "PIK3CA": "mutation hotspot exon9 exon20",
    "CASCADE": "activated",
}


@dataclass
class Held:
    """A profile held in memory: a column a feature; None where nobody knows, absent patients were not assayed."""

    kind: ProfileKind
    table: dict[str, list]
    assay: str = "made up"
    unit: str = "z-score"
    who: dict[str, str] = field(default_factory=dict)

    def features(self) -> frozenset[str]:
        """All columns."""
        return frozenset(self.table)

    def assayed(self, feature: str) -> frozenset[str]:
        """Everybody, or those named."""
        return frozenset(self.who.get(feature, "abcdef")) if feature in self.table else frozenset()

    def values(self, features: list[str]) -> pd.DataFrame:
        """The columns."""
        return pd.DataFrame({name: self.table[name] for name in features}, index=PEOPLE)


def cohort(*profiles: Held, raw: dict[str, list] | None = None, **changes: object) -> Cohort:
    """Six patients with these profiles."""
    patients = pd.DataFrame({"OS_months": [12.0] * 6, "OS_event": [0] * 6}, index=PEOPLE)
    given = {
        "name": "six", "title": "Six", "patients": patients, "raw": pd.DataFrame(raw or {}, index=PEOPLE),
        "sources": (Source(name="six", citation="nobody", licence="none"),), "endpoints": (OS,),
        "treatment_specificity": "tamoxifen_confirmed", "profiles": profiles,
    }  # fmt: skip
    return Cohort(**given | changes)


def status(made: Cohort, marker: str, rule: str) -> str:
    """A letter a patient: A altered, u unaltered, - not assayed, ? unknown."""
    letters = {"altered": "A", "unaltered": "u", "not_assayed": "-"}
    return "".join(letters.get(value, "?") for value in call(made, marker, rule=rule).marker(marker).values)


def test_names_that_stay() -> None:
    """The rules have exactly the names that files and plans use; each is cited and says what counts as altered."""
    assert {marker: {rule.name for rule in one.rules} for marker, one in built_in().items()} == {
        marker: set(names.split()) for marker, names in NAMES.items()
    }
    for one in built_in().values():
        for rule in one.rules:
            assert rule.reference, rule
            assert rule.definition, rule
            assert rule.cut == ("median" if "median" in rule.definition else "published"), rule


@pytest.mark.parametrize(
    ("marker", "rule", "gene", "changes", "expected"),
    [
        (
            "PTEN",
            "mutation",
            "PTEN",
            ["", "Silent:p.L1=", "Missense_Mutation:p.R130G", "3'UTR:", "Intron:;Splice_Site:", "RNA:"],
            "uuAuAu",
        ),
        (
            "PTEN",
            "mutation",
            "PTEN",
            ["5'Flank:", "IGR:", "Frame_Shift_Del:p.K267fs", "Nonsense_Mutation:p.R233*", "In_Frame_Ins:", ""],
            "uuAAAu",
        ),
        (
            "AKT",
            "e17k",
            "AKT1",
            [
                "Missense_Mutation:p.E17K",
                "Missense_Mutation:p.E17V",
                "Missense_Mutation:p.E170K",
                "Silent:p.E17K",
                "",
                "Missense_Mutation:p.L52R;Missense_Mutation:p.E17K",
            ],
            "AuuuuA",
        ),
        (
            "PIK3CA",
            "hotspot",
            "PIK3CA",
            [
                "Missense_Mutation:p.H1047R",
                "Missense_Mutation:p.E545K",
                "Missense_Mutation:p.E542Q",
                "Missense_Mutation:p.N345K",
                "Missense_Mutation:p.E5451K",
                "Frame_Shift_Del:p.H1047fs",
            ],
            "AAAuuu",
        ),
        (
            "PIK3CA",
            "exon9",
            "PIK3CA",
            [
                "Missense_Mutation:p.E545K",
                "Missense_Mutation:p.P514L",
                "Missense_Mutation:p.Q555R",
                "Missense_Mutation:p.D513N",
                "Missense_Mutation:p.E556K",
                "In_Frame_Del:p.E542_T544del",
            ],
            "AAAuuA",
        ),
        (
            "PIK3CA",
            "exon20",
            "PIK3CA",
            [
                "Missense_Mutation:p.H1047L",
                "Missense_Mutation:p.M1043I",
                "Missense_Mutation:p.A979V",
                "Nonstop_Mutation:p.*1069Wext",
                "Missense_Mutation:p.E978K",
                "Silent:p.H1047=",
            ],
            "AAAuuu",
        ),
    ],
)
def test_mutations(marker: str, rule: str, gene: str, changes: list[str], expected: str) -> None:
    """Non-silent classes count; a pattern is met by the whole residue, never by its first digits."""
    assert status(cohort(Held("mutation", {gene: changes}, unit="mutations")), marker, rule) == expected


def test_several_genes() -> None:
    """One altered gene makes altered; unaltered needs all genes of the platform; who misses one is not assayed."""
    none, hit = [""] * 6, ["", "Missense_Mutation:p.W535L", "", "", "", ""]
    profile = Held(
        "mutation", {"SMO": hit, "PTCH1": none, "GLI1": none}, who={"GLI1": "abc", "SMO": "abcd", "PTCH1": "abcde"}
    )
    assert status(cohort(profile), "HH", "mutation") == "uAu---"
    definition = call(cohort(profile), "HH", rule="mutation").marker("HH").definition
    assert definition.endswith("not on the platform: GLI2, GLI3, SUFU")
    stray = Held("mutation", {"SMO": ["", "", "", "", "", "Missense_Mutation:p.W535L"]}, who={"SMO": "abcde"})
    assert status(cohort(stray), "HH", "mutation") == "uuuuu-", "a mutation in who was not sequenced is no answer"
    off = Held("mutation", {"TP53": none})
    assert status(cohort(off), "HH", "mutation") == "------", "no gene on the platform: nobody is wild type"


def test_copy_number() -> None:
    """Gain and loss are on their own sides; a level without a value is unknown; -1.5 is a loss, not a deep one."""
    pten = Held("cna", {"PTEN": [-2, -1.5, -1, 0, 2, None]})
    assert status(cohort(pten), "PTEN", "cna_loss") == "AAAuu?"
    assert status(cohort(pten), "PTEN", "cna_deep_loss") == "Auuuu?"
    akt = Held("cna", {"AKT1": [0, 2, 0, 0, 0, 0], "AKT2": [1] * 6, "AKT3": [-2, 0, 2, 0, 0, None]})
    assert status(cohort(akt), "AKT", "cna_gain") == "uAAuu?"
    hedgehog = {"GLI1": [2, 0, 0, 0, 0, 0], "PTCH1": [0, -2, 2, 0, 0, 0], "SMO": [0, 0, 0, -2, 2, 0]}
    assert status(cohort(Held("cna", hedgehog)), "HH", "cna") == "AAuuAu"


def test_levels() -> None:
    """A median is that of the assayed; who lies on it is not above it; a threshold is in standard deviations."""
    levels = [1.0, 2.0, 3.0, 4.0, 5.0, None]
    made = cohort(Held("mrna", {"SRC": levels, "PTEN": levels, "ERBB2": levels}, who={"SRC": "abcde"}))
    assert status(made, "SRC", "mrna_high") == "uuuAA-"
    assert status(made, "PTEN", "mrna_low") == "AAuuu?"
    assert status(made, "HER2", "erbb2_mrna") == "uuuuu?", "5 lies 1.26 standard deviations above the mean"
    outlier = cohort(Held("rppa", {"HER2": [0.0, 0.0, 0.0, 0.0, 0.1, 9.0], "HER2_pY1248": [0.0] * 5 + [1.0]}))
    assert status(outlier, "HER2", "rppa_total") == "uuuuuA"
    assert status(outlier, "HER2", "rppa_py1248") == "uuuuuA"
    column = with_continuous(made, "pten", rule="mrna_low").patients["pten_mrna_low"]
    assert column["e"] == pytest.approx(2 / math.sqrt(2.5), rel=EXACT), "in standard deviations, not turned round"
    assert math.isnan(column["f"])


def test_levels_published_as_two() -> None:
    """Where a series gives 0 and 1, 1 is high; nothing is cut again, and 2 standard deviations cannot be asked."""
    binary = Held(
        "mrna", {"SRC": [0, 1, 1, 1, 1, 1], "PTEN": [0, 1, 1, 1, 1, 1], "ERBB2": [0, 1, 1, 1, 1, 1]}, unit=ABOVE_MEDIAN
    )
    assert status(cohort(binary), "SRC", "mrna_high") == "uAAAAA"
    assert status(cohort(binary), "PTEN", "mrna_low") == "Auuuuu"
    assert rules_for(cohort(binary), "HER2") == ()


def test_former_names() -> None:
    """MTOR is found under its former name, and the present one wins."""
    assert status(cohort(Held("mrna", {"FRAP1": [1, 2, 3, 4, 5, 6]})), "MTOR", "mrna_high") == "uuuAAA"
    both = Held("mrna", {"FRAP1": [1, 2, 3, 4, 5, 6], "MTOR": [6, 5, 4, 3, 2, 1]})
    assert status(cohort(both), "MTOR", "mrna_high") == "AAAuuu"


def test_clinical_status() -> None:
    """A harmonised HER2 is IHC only where the cohort says so; a status that nobody has is no assay."""
    her2 = pd.Series(["positive", "negative", None, "negative", "negative", "positive"], index=PEOPLE)
    patients = cohort().patients.assign(her2=her2)
    by_ihc = cohort(patients=patients, assays={"her2": "IHC or ISH"})
    assert [rule.name for rule in rules_for(by_ihc, "HER2")] == ["ihc_ish"]
    assert status(by_ihc, "HER2", "ihc_ish") == "Au?uuA"
    assert [rule.name for rule in rules_for(cohort(patients=patients), "HER2")] == ["her2_status"]
    assert rules_for(cohort(patients=patients.assign(her2=None)), "HER2") == ()


def test_protein_lost() -> None:
    """PTEN protein: 0 is lost, 1 kept, an empty cell unknown; anything else is an error."""
    assert status(cohort(raw={"PTEN_pos": ["0", "1", None, "1", "0", "1"]}), "PTEN", "protein_lost") == "Au?uAu"
    with pytest.raises(DataError, match="column PTEN_pos, patient a: '2' is unknown to the rule PTEN protein_lost"):
        call(cohort(raw={"PTEN_pos": ["2", "1", None, "1", "0", "1"]}), "PTEN", rule="protein_lost")


def test_cascade() -> None:
    """Any altered member activates; all unaltered does not; one not assayed or unknown leaves it open."""
    none = [""] * 6
    mutations = {
        "PIK3CA": ["", "Missense_Mutation:p.E545K", "", "", "", ""],
        "AKT1": none,
        "PTEN": ["", "", "Nonsense_Mutation:p.R130*", "", "", ""],
    }
    profile = Held("mutation", mutations, who=dict.fromkeys(mutations, "abcde"))
    raw = {"HER2_SNP6": ["GAIN", "NEUTRAL", "LOSS", "NEUTRAL", "UNDEF", "GAIN"]}
    rules = {"HER2": "snp6_gain", "PIK3CA": "mutation", "AKT": "mutation", "PTEN": "mutation", "CASCADE": "activated"}
    made = cohort(profile, raw=raw, default_rules=rules)
    assert status(made, "CASCADE", "activated") == "AAAu?A"
    open_ = cohort(profile, raw={"HER2_SNP6": ["NEUTRAL"] * 6}, default_rules=rules)
    assert status(open_, "CASCADE", "activated")[-1] == "-", "not sequenced, and HER2 does not settle it"
    median = Held("rppa", {"AKT_pS473": [1, 2, 3, 4, 5, 6]})
    by_median = cohort(profile, median, raw=raw, default_rules=rules | {"AKT": "rppa_ps473"})
    with pytest.raises(QuestionError, match="six cannot answer for CASCADE"):
        call(by_median, "CASCADE")


def test_defaults_are_named_not_guessed() -> None:
    """Without a default rule a rule must be named, even if there is only one; a mapping's own call needs none."""
    made = cohort(Held("mrna", {"SRC": [1, 2, 3, 4, 5, 6]}))
    with pytest.raises(QuestionError, match="six has no default rule of SRC on disk. Name one of its rules: mrna_high"):
        call(made, "SRC")
    own = MarkerCall(
        marker="SRC", rule="mapping", assay="IHC", reference="own", definition="3+",
        values=pd.Series(["altered"] * 3 + ["unaltered"] * 3, index=PEOPLE),
    )  # fmt: skip
    assert call(made.with_marker(own), "SRC").marker("SRC").rule == "mapping"
    assert markers_table(made.with_marker(own))["rule"].tolist() == ["mapping", "mrna_high"]


def test_kappa_by_hand() -> None:
    """Cohen's kappa: observed 4/6, expected (3*3 + 3*3)/36, so (2/3 - 1/2)/(1 - 1/2) = 1/3."""
    raw = {"HER2_SNP6": ["GAIN", "GAIN", "GAIN", "LOSS", "LOSS", "LOSS"], "INTCLUST": ["5", "5", "1", "5", "1", "1"]}
    [row] = concordance(cohort(raw=raw), "HER2").to_dict("records")
    assert [row[name] for name in ("n", "both_altered", "only_1", "only_2", "both_unaltered")] == [6, 2, 1, 1, 2]
    assert row["agreement"] == pytest.approx(4 / 6, rel=EXACT)
    assert row["kappa"] == pytest.approx(1 / 3, rel=EXACT)


@pytest.mark.parametrize(
    ("first", "second", "kappa"),
    [("AAAuuu", "AAAuuu", 1.0), ("AAAuuu", "uuuAAA", -1.0), ("AAAAAA", "AAAAAA", math.nan)],
)
def test_kappa_at_its_ends(first: str, second: str, kappa: float) -> None:
    """Full agreement is 1, full disagreement of even groups -1; where all are alike there is no kappa."""
    snp = [{"A": "GAIN", "u": "LOSS"}[letter] for letter in first]
    cluster = [{"A": "5", "u": "1"}[letter] for letter in second]
    [row] = concordance(cohort(raw={"HER2_SNP6": snp, "INTCLUST": cluster}), "HER2").to_dict("records")
    assert row["kappa"] == pytest.approx(kappa, nan_ok=True)


def test_kappa_of_nobody() -> None:
    """Two rules that share no patient have no agreement."""
    raw = {"HER2_SNP6": ["GAIN", "LOSS", "GAIN", None, None, None], "INTCLUST": [None, None, None, "5", "1", "5"]}
    [row] = concordance(cohort(raw=raw), "HER2").to_dict("records")
    assert (row["n"], math.isnan(row["kappa"])) == (0, True)
