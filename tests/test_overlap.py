"""Shared patients: found by identifier and by clinical fingerprint, refused where it is chance, named when pooling."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import tamoxres as tr
from tamoxres.cli import main
from tamoxres.codebook import DAYS_PER_MONTH
from tamoxres.cohort import Cohort
from tamoxres.cohorts.fingerprint import by_fingerprint
from tamoxres.cohorts.overlap import by_identifier
from tamoxres.errors import PoolingError, QuestionError

# Fingerprints of VDX: 286 patients have age, size, time and event, and two of them have the same.
VDX_COMPLETE, VDX_DISTINCT = 286, 285
# Where several strangers fit as well, a planted patient may be given to another: so many of a hundred at most.
MISTAKEN = 2

Loader = Callable[[str], Cohort]


@pytest.fixture(scope="module")
def real(shared: Path) -> Loader:
    """Load a cohort from the real files."""
    return lambda name: tr.load(name, data_dir=shared / "cohorts")


def renamed(frame: pd.DataFrame, name: str, ids: str = "S{}") -> pd.DataFrame:
    """The same patients under other identifiers, as a frame with a name."""
    out = frame.set_axis([ids.format(7 * i) for i in range(len(frame))])
    out.attrs["name"] = name
    return out


def strangers(seed: int, n: int = 400) -> pd.DataFrame:
    """Patients with age, tumour size and overall survival, drawn anew."""
    draw = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": draw.normal(60, 12, n).clip(25, 95).round(2),
            "size_mm": draw.integers(5, 50, n).astype(float),
            "OS_months": draw.exponential(80, n).clip(0.1, 250),
            "OS_event": draw.integers(0, 2, n).astype(float),
        },
        index=[f"P{seed}-{i}" for i in range(n)],
    )


@pytest.mark.parametrize(
    "told",
    [
        lambda f: f,
        lambda f: f.assign(age=np.floor(f["age"])),
        lambda f: f.assign(age=f["age"].round(), size_mm=10 * (f["size_mm"] / 10).round(1)),
        lambda f: f.assign(OS_months=f["OS_months"].round()),
        lambda f: f.assign(OS_months=f["OS_months"] * DAYS_PER_MONTH / 30),
        lambda f: f.assign(OS_months=f["OS_months"] * 30 / 30.4),
        lambda f: f.assign(OS_months=(f["OS_months"] * DAYS_PER_MONTH).round()),
        lambda f: f.assign(OS_months=f["OS_months"] / 12),
        lambda f: f.drop(columns="size_mm"),
        lambda f: f.assign(size_mm=np.nan),
    ],
    ids=[
        "same",
        "floor",
        "round",
        "whole months",
        "days/30",
        "30.4 for 30",
        "days",
        "years",
        "no size",
        "size unknown",
    ],
)
def test_planted(told: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    """A hundred patients planted among strangers are found, however the other file rounds them or counts time."""
    one, other = strangers(1), strangers(2)
    planted = one.iloc[50:150]
    link = by_fingerprint(one, told(pd.concat([other, planted.set_axis([f"Q{i}" for i in range(100)])])))
    right = sum((f"P1-{int(b[1:]) + 50}" if b[0] == "Q" else None) == a for a, b in link.pairs)
    assert right >= 100 - MISTAKEN
    assert len(link) - right <= 3 * link.by_chance + MISTAKEN


@pytest.mark.parametrize("seed", range(3, 9))
def test_strangers(seed: int) -> None:
    """Strangers share nobody, not even with whole years and whole months, or bare numbers for names."""
    one, other = strangers(seed), strangers(seed + 100)
    coarse = [frame.assign(age=frame["age"].round(), OS_months=frame["OS_months"].round()) for frame in (one, other)]
    assert not by_fingerprint(one, other)
    assert not by_fingerprint(*coarse)
    assert not by_identifier(one, other), "P3-7 and P103-7 end alike"
    assert not by_identifier(*(frame.set_axis(range(len(frame))) for frame in (one, other)))


def test_the_event_belongs_to_the_fingerprint() -> None:
    """Patients of one age and one time are others where one had an event and the other had none."""
    one = strangers(1)
    assert len(by_fingerprint(one, renamed(one, "same"))) == len(one)
    assert not by_fingerprint(one, renamed(one.assign(OS_event=1 - one["OS_event"]), "others"))


def test_agreement_beyond_chance() -> None:
    """Where nearly everybody is ER-positive, agreement proves nothing; nor does it where two in five differ."""
    one, other = ({"er": np.where(np.arange(400) % k, "positive", "negative")} for k in (19, 23))
    frames = [pd.DataFrame(told, index=[f"M-{i}" for i in range(400)]) for told in (one, other)]
    assert (frames[0] == frames[1]).mean().item() > 0.8
    assert not by_identifier(*frames)
    aged = strangers(1)[["age"]]
    assert not by_identifier(aged, aged.assign(age=aged["age"].where(np.arange(len(aged)) % 5 < 3, 20.0)))


def test_identifiers_must_agree() -> None:
    """The same identifiers link where what is told agrees; they do not where it is told of other patients."""
    one = strangers(1)
    same = one[["age", "size_mm"]]
    assert len(by_identifier(one, same.rename(lambda name: name.lower().replace("-", "_")))) == len(one)
    assert not by_identifier(one, same.set_axis(np.roll(one.index, 5)))
    assert not by_identifier(one[["age"]], one[["size_mm"]]), "nothing is told in both, and P1-7 may be anybody"
    odd = [f"{i}B{i}" for i in range(len(one))]
    assert len(by_identifier(one[["age"]].set_axis(odd), one[["size_mm"]].set_axis(odd))) == len(one)


def test_vdx_in_supertam(real: Loader) -> None:
    """VDX is found in a series that pools it with others under other names: 285 of its 285 fingerprints."""
    vdx = real("vdx")
    others = [real(name).patients for name in ("unt", "mainz", "nki")]
    complete = vdx.patients.dropna(subset=["age", "size_mm", "DRFI_months", "DRFI_event"])
    pooled = renamed(pd.concat([*others, complete]), "SUPERTAM_HGU133A")
    [pair] = tr.overlap(vdx, pooled)
    found = vdx.patients.loc[[patient for patient, _ in pair.pairs], ["age", "size_mm", "DRFI_months", "DRFI_event"]]
    assert len(found) == VDX_COMPLETE
    assert len(found.drop_duplicates()) == VDX_DISTINCT
    assert (pair.identifier.pairs, pair.fingerprint.told) == ((), "time and event of DRFI, age, size")


def test_cal_is_ddb(real: Loader) -> None:
    """CAL under another name is found whole by identifier, and by fingerprint where one is known."""
    cal = real("cal")
    ddb = cal.patients
    ddb.attrs["name"] = "DDB"
    [pair] = tr.overlap(cal, ddb)
    assert (len(pair.identifier), len(pair.pairs)) == (118, 118)
    [pair] = tr.overlap(cal, renamed(ddb, "DDB"))
    assert (len(pair.identifier), len(pair.fingerprint)) == (0, 116), "age or follow-up is unknown in two"
    assert all(a == cal.patients.index[int(b[1:]) // 7] for a, b in pair.pairs)


def test_loi_is_gse17705(real: Loader) -> None:
    """OXFT patients of Loi are JBI patients of GSE17705, by their number and outcome, without any time."""
    loi, gse = real("loi2008"), real("gse17705")
    outcome = loi.patients["resistant"].map({"yes": 1.0, "no": 0.0}).to_frame("RFI_event")
    named = gse.raw["original_study_patient_ID"]
    link = by_identifier(gse.patients[["RFI_event"]], outcome, named)
    assert len(link) == 96
    assert {named[a].replace("JBI_Tissue_BC_Tamoxifen_", "OXFT_") == b for a, b in link.pairs} == {True}
    [pair] = tr.overlap(gse, loi)
    assert (len(pair.identifier), len(pair.fingerprint), len(pair.pairs), pair.declared) == (96, 96, 96, True)


def test_metabric_is_rueda(real: Loader) -> None:
    """METABRIC is found in Rueda's supplement by identifier and, apart from it, by age and survival."""
    [pair] = tr.overlap(real("metabric"), real("metabric_rueda"))
    assert (len(pair.identifier), pair.declared) == (1981, True)
    assert len(set(pair.fingerprint.pairs) & set(pair.identifier.pairs)) >= 1975


@pytest.mark.parametrize(
    ("one", "other", "shared_patients"),
    [("transbig", "unt", 41), ("transbig", "upp", 19), ("upp", "unt", 61), ("upp", "loi2008", 69),
     ("metagx:MAQC2", "metagx:MDA4", 11)],
)  # fmt: skip
def test_series_that_share(real: Loader, one: str, other: str, shared_patients: int) -> None:
    """Uppsala's, Oxford's and MD Anderson's patients stand in several series, some with longer follow-up: declared."""
    [pair] = tr.overlap(real(one), real(other))
    assert (len(pair.identifier), pair.declared) == (shared_patients, True)


def test_vdx_is_from_rotterdam(real: Loader) -> None:
    """VDX was drawn from Rotterdam's bank: who matches is node-negative, as all of VDX and half of Rotterdam are."""
    rotterdam = tr.load("rotterdam")
    [pair] = tr.overlap(rotterdam, real("vdx"))
    assert len(pair.pairs) > 2 * pair.fingerprint.by_chance
    assert pair.declared
    free = rotterdam.patients["nodes"] == 0
    assert free.mean() < 0.5
    assert free[[patient for patient, _ in pair.pairs]].mean() > 0.85


def test_no_false_pairs() -> None:
    """METABRIC, Rotterdam and GBSG share nobody."""
    pairs = tr.overlap(*map(tr.load, ("metabric", "rotterdam", "gbsg")))
    assert [(pair.found, pair.shared) for pair in pairs] == 3 * [(False, False)]
    assert str(pairs[0]) == "metabric and rotterdam: no shared patients seen (not proven disjoint)"


def test_pooling_is_refused(real: Loader) -> None:
    """Rows of cohorts that share patients say so, and pooling them is refused with their names."""
    rows = [
        tr.ask(real(name), tr.Question(marker="AKT", rule="mrna_high", endpoint="RFI", er="any"))[0]
        for name in ("gse17705", "loi2008")
    ]
    with pytest.raises(PoolingError, match="Loi 2008 .* and GSE17705 .* share patients"):
        tr.pool(rows, alike=tr.Alike(assay={"*": "any"}))


def test_found_overlaps_are_declared(real: Loader) -> None:
    """What was found and not declared can be declared, on both sides."""
    cal = real("cal")
    frame = cal.patients
    other = Cohort(
        name="copy", title="Copy", patients=frame, raw=frame, sources=cal.sources, endpoints=cal.endpoints,
        treatment_specificity=cal.treatment_specificity,
    )  # fmt: skip
    one, copy = tr.declare_overlaps([cal, other])
    assert "copy" in one.overlaps
    assert copy.overlaps == ("cal",)
    assert tr.declare_overlaps([cal])[0].overlaps == cal.overlaps


def test_refusals() -> None:
    """One cohort, two of one name, and a patient twice are refused."""
    gbsg, frame = tr.load("gbsg"), strangers(1)
    with pytest.raises(QuestionError, match="name at least two"):
        tr.overlap(gbsg)
    with pytest.raises(QuestionError, match="Two of the cohorts are named gbsg"):
        tr.overlap(gbsg, gbsg)
    with pytest.raises(QuestionError, match="frame 2: patient P1-0 stands twice. Keep one row"):
        tr.overlap(gbsg, pd.concat([frame, frame.head(1)]))


def test_command(shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`tamoxres overlap` says how many are shared and how it is known, and writes who they are."""
    command = ["overlap", "gse17705", "loi2008", "--data-dir", str(shared / "cohorts")]
    with pytest.raises(SystemExit) as stopped:
        main([*command, "-o", str(tmp_path / "pairs.csv")])
    assert not stopped.value.code
    assert "gse17705 and loi2008 share 96 of 255 patients; 96 by the end of" in capsys.readouterr().out
    pairs = pd.read_csv(tmp_path / "pairs.csv")
    assert (len(pairs), pairs.loc[0, "patient_other"]) == (96, "OXFT_1070")
    with pytest.raises(SystemExit):
        main([*command, "--format", "json"])
    [row] = json.loads(capsys.readouterr().out)
    assert (row["shared"], row["declared"]) == (96, True)
    with pytest.raises(SystemExit) as stopped:
        main(["overlap", "metabric"])
    assert stopped.value.code == 2
