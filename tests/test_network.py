"""A network of treatments, against metafor's rma.mv on Senn 2013 and Dogliotti 2014, netmeta's print, and by hand."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from meta_data import CLOSED, ITERATED, close

import tamoxres as tr
from tamoxres.effects import EffectEstimate, effects_to_csv
from tamoxres.effects.derive import from_strata
from tamoxres.errors import PoolingError, TamoxresError
from tamoxres.meta.network import network
from tamoxres.meta.node_split import node_split
from tamoxres.meta.pool import pool

R = json.loads((Path(__file__).parent / "reference" / "network" / "network.json").read_text())
FITS = [(name, i) for name in ("senn", "dogliotti") for i in range(3)]
SPLIT = 2e-6  # effects at metafor's tau2, whose own last step is about 1e-7
FLAT = 1e-6  # chi-squared of the test at metafor's tau2, whose own last step is 1e-9
METHODS = {"reml": "reml", "ml": "ml", "fe": "common"}


def rows(name):
    """Contrasts of a data set."""
    point, measure = ("log_estimate", "OR") if name == "dogliotti" else ("difference", "other_difference")
    data = zip(*(R[name][column] for column in ("study", "one", "other", "yi", "vi")), strict=True)
    return [
        EffectEstimate(
            study=study, treatment_1=one, treatment_0=other, estimand="treatment_effect", measure=measure,
            se=math.sqrt(v), **{point: y},
        )
        for study, one, other, y, v in data
    ]  # fmt: skip


def shared(name):
    """Variance of each trial's last arm."""
    return dict(zip(R[name]["study"], R[name]["shared"], strict=True))


def fitted(name, i=0, **other):
    """Our network beside R's."""
    case = R[name]["fits"][i]
    how = {"method": METHODS[case["method"]], "ci": "z", "shared": shared(name)} | other
    return network(rows(name), reference=case["reference"], **how), case


def effect(study, one, other, hr, *, se=0.2, **more):
    """A hazard ratio of one treatment over another."""
    told = {"estimand": "treatment_effect", "treatment_1": one, "treatment_0": other} | more
    return EffectEstimate(study=study, log_estimate=math.log(hr), se=se, **told)


@pytest.mark.parametrize(("name", "i"), FITS)
def test_numbers_equal_r(name, i):
    """Every effect on the reference, tau2, and Q with its two parts; the random design-by-treatment test."""
    found, case = fitted(name, i)
    made = [found.contrast(arm, case["reference"]) for arm in case["arms"]]
    for ours, theirs in (("point", "beta"), ("se", "se"), ("p_value", "p")):
        close([getattr(row, ours) for row in made], case[theirs], ITERATED, ours)
    one, tau2 = found.inconsistency, case["tau2"] if case["method"] != "fe" else 0.0
    close([one.q, one.q_within, one.q_between], [case["q"], case["q_within"], case["q_between"]], CLOSED, "Q")
    assert (one.df, one.df_within) == (case["df"], case["df_within"])
    close([found.tau2, one.p_between], [tau2, case["p_between"]], ITERATED, "tau2")
    if case["method"] != "fe":
        close([one.chi2, one.tau2], [case["chi2"], case["tau2_within"]], FLAT, "random inconsistency")
    two = [found.treatments[1:].index(arm) for arm in case["arms"][:2]]
    close(found.covariance[two[0], two[1]], case["covariance"], ITERATED, "covariance")


def test_printed_values_of_netmeta():
    """What netmeta prints of Senn 2013 (decomp.design): Q 96.99, 74.46 and 22.53, from contrasts with two decimals."""
    one = fitted("senn", 2)[0].inconsistency
    assert (one.df, one.df_within, one.df_between) == (18, 11, 7)
    assert [one.q, one.q_within, one.q_between] == pytest.approx([96.99, 74.46, 22.53], abs=0.015)
    assert round(one.p_between, 4) == 0.0021


def test_scaled_intervals():
    """The ad hoc interval scales by the residuals that R leaves, never below 1, and takes t."""
    for name in ("senn", "dogliotti"):
        found, case = fitted(name, 2, ci="adhoc")
        scale = math.sqrt(max(1.0, case["generalised_q"] / case["df"]))
        close(
            [found.contrast(a, case["reference"]).se for a in case["arms"]], scale * np.array(case["se"]), CLOSED, name
        )
        assert found.effect.df == case["df"]


def test_any_reference_any_arm():
    """Contrasts do not hang on the reference, nor on the arm against which a trial's rows stand."""
    one = fitted("senn")[0]
    other = network(rows("senn"), reference="metformin", ci="z", shared=shared("senn"))
    close(
        other.contrast("placebo", "acarbose").point, one.contrast("placebo", "acarbose").point, 1e-8, "other reference"
    )
    turned = [row.reversed() for row in rows("senn")]
    again = network(turned, reference="placebo", ci="z", shared=shared("senn"))
    close(again.contrast("metformin", "placebo").point, one.contrast("metformin", "placebo").point, 1e-8, "turned")
    close(again.inconsistency.q_between, one.inconsistency.q_between, 1e-8, "turned")


def test_a_chain_by_hand():
    """Two links with a common effect: the indirect effect is their product, its variance their sum."""
    made = [effect("A", "tamoxifen", "none", 0.6), effect("B", "aromatase_inhibitor", "tamoxifen", 0.8, se=0.1)]
    found = network(made, method="common", ci="z")
    row = found.contrast("aromatase_inhibitor", "none")
    assert row.estimate == pytest.approx(0.48)
    assert row.se == pytest.approx(math.hypot(0.2, 0.1))
    assert row.flagged("indirect_only")
    assert not found.contrast("tamoxifen", "none").flagged("indirect_only")
    assert found.inconsistency.df_between == 0
    assert "cannot be tested" in str(found)
    with pytest.raises(PoolingError, match="method='common'"):
        network(made)


def test_a_loop_by_hand():
    """One loop: the test of consistency is the difference of the direct and the indirect way over its error."""
    made = [
        effect("A", "tamoxifen", "none", 0.6), effect("B", "longer_tamoxifen", "tamoxifen", 0.8),
        effect("C", "longer_tamoxifen", "none", 0.9, se=0.3),
    ]  # fmt: skip
    one = network(made, method="common").inconsistency
    z2 = math.log(0.9 / 0.48) ** 2 / (0.04 + 0.04 + 0.09)
    assert (one.df_between, one.q_between) == (1, pytest.approx(z2))


def test_two_treatments_are_a_pool():
    """A network of one comparison is the ordinary pool, by each method."""
    made = [effect(study, "tamoxifen", "none", hr) for study, hr in (("A", 0.4), ("B", 0.9), ("C", 0.7), ("D", 1.2))]
    for method in ("reml", "ml", "common"):
        found, plain = network(made, method=method, ci="z"), pool(made, tau2=method, ci="z")
        close([found.effect.point, found.effect.se, found.tau2], [plain.point, plain.se, plain.tau2], ITERATED, method)


def levels(study, one, other, altered, unaltered):
    """Treatment effects of a trial in both levels of the marker."""
    return [
        effect(study, one, other, hr, marker="HER2", marker_level=level)
        for hr, level in ((altered, "altered"), (unaltered, "unaltered"))
    ]


def test_the_marker_as_modifier():
    """Both levels of a trial become its interaction; a trial of one level stands aside; printed ones go first."""
    made = [
        *levels("A", "tamoxifen", "none", 0.9, 0.5), *levels("B", "tamoxifen", "none", 0.8, 0.6),
        *levels("C", "aromatase_inhibitor", "tamoxifen", 0.7, 0.9), levels("D", "tamoxifen", "none", 1.0, 1.0)[0],
    ]  # fmt: skip
    found = network(made, modifier=True, method="common", ci="z")
    by_hand = [from_strata(*made[i : i + 2]) for i in (0, 2)]
    assert found.contrast("tamoxifen", "none").point == pytest.approx(np.mean([row.point for row in by_hand]))
    assert found.effect.estimand == "interaction"
    assert "ratio of HR, altered v unaltered," in found.league().title
    assert [row.study for row in found.left_out] == ["D"]
    assert found.contrast("aromatase_inhibitor", "none").point == pytest.approx(
        found.contrast("tamoxifen", "none").point + math.log(0.7 / 0.9)
    )
    printed = EffectEstimate(
        study="A", marker="HER2", log_estimate=0.1, se=0.3, estimand="interaction", treatment_1="tamoxifen",
        treatment_0="none",
    )  # fmt: skip
    assert printed in network([*made, printed], modifier=True).rows
    with pytest.raises(PoolingError, match="marker level"):
        network(made)


def test_an_interaction_is_turned_by_its_treatments():
    """Turning a trial's treatments inverts the ratio of hazard ratios; the marker's groups keep their counts."""
    told = {"marker": "HER2", "estimand": "interaction", "n_1": 40, "n_0": 160}
    made = [
        effect("A", "none", "tamoxifen", 2.0, **told), effect("A", "aromatase_inhibitor", "none", 0.4, **told),
        effect("B", "tamoxifen", "none", 0.5, **told),
    ]  # fmt: skip
    found = network(made, method="common", ci="z", shared={"A": 0.01})
    assert [row.treatment_0 for row in found.rows] == ["none"] * 3
    assert [(row.n_1, row.n_0) for row in found.rows] == [(40, 160)] * 3
    assert found.contrast("tamoxifen", "none").estimate == pytest.approx(0.5)


def test_arms_that_are_shared():
    """The variance of a shared arm is given, or 1 / its events; it correlates the two contrasts."""
    made = [
        effect("A", "tamoxifen", "none", 0.6, events_0=50), effect("A", "aromatase_inhibitor", "none", 0.5, events_0=50)
    ]  # fmt: skip
    found = network(made, method="common", ci="z")
    assert found.covariance[0, 1] == pytest.approx(1 / 50)
    again = network(made, method="common", ci="z", shared={"a": 0.03})
    assert again.contrast("tamoxifen", "aromatase_inhibitor").se == pytest.approx(math.sqrt(2 * (0.04 - 0.03)))


def test_endpoints_may_be_taken_as_alike():
    """Endpoints are mapped by name as in a pool, and the notes tell it."""
    made = [
        effect("A", "tamoxifen", "none", 0.6, endpoint="RFS"),
        effect("B", "tamoxifen", "none", 0.8, endpoint="DFS"),
    ]
    with pytest.raises(PoolingError, match="differ in endpoint"):
        network(made)
    found = network(made, endpoint_map={"DFS": "RFS"})
    assert any("DFS taken as RFS" in note for note in found.notes)
    assert not any("tamoxifen" in note for note in found.notes)


def test_it_shows_itself():
    """One protocol, and the league table: each cell the row's treatment over the column's."""
    found = tr.network(rows("dogliotti"), reference="Placebo/Control", shared=shared("dogliotti"))
    assert len(found.effects) == 7
    assert found.to_frame()["treatment_0"].unique().tolist() == ["Placebo/Control"]
    league = found.league().to_frame()
    assert league.shape == (8, 9)
    assert league.iloc[1, 0] == "VKAs"
    over, under = (found.contrast(*pair) for pair in (("VKAs", "Aspirin"), ("Aspirin", "VKAs")))
    assert f"{over.estimate:.2f}" in league.iloc[1, 3]
    assert f"{under.estimate:.2f}" in league.iloc[2, 2]
    assert "Design by treatment" in str(found)
    assert "<table" in found._repr_html_()
    assert "indirect" in found.table().to_markdown()
    with pytest.raises(PoolingError, match="not in the network"):
        found.contrast("Warfarin", "Aspirin")
    with pytest.raises(PoolingError, match="itself"):
        found.contrast("Aspirin", "Aspirin")


TWO = [effect("A", "tamoxifen", "none", 0.6), effect("B", "aromatase_inhibitor", "anastrozole", 0.8)]
ARMS = [effect("A", "tamoxifen", "none", 0.6), effect("A", "aromatase_inhibitor", "none", 0.5)]
BAD = [
    (lambda: network(TWO, method="common"), "No comparison connects anastrozole"),
    (lambda: network(TWO, reference="placebo"), "No row compares with placebo"),
    (lambda: network([TWO[0], effect("C", "", "", 0.8)]), "does not tell"),
    (lambda: network(ARMS), "several arms"),
    (lambda: network(ARMS, shared={"A": 0.05}, method="common"), "shared arm's variance"),
    (lambda: network([*ARMS, effect("A", "aromatase_inhibitor", "tamoxifen", 0.8)]), "with one arm"),
    (lambda: network([ARMS[0], ARMS[0]], shared={"A": 0.01}), "with one arm"),
    (lambda: network([TWO[0], effect("B", "none", "tamoxifen", 0.8, endpoint="OS")]), "differ in endpoint"),
    (lambda: network(TWO, method="dl"), "method"),
    (lambda: network(TWO[:1]), "at least two"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "says"), BAD)
def test_refusals(call, says):
    """What is no network is refused in one sentence."""
    with pytest.raises(TamoxresError, match=says):
        call()


SPLITS = [(name, i) for name in ("senn", "dogliotti") for i in range(3)]


@pytest.mark.parametrize(("name", "i"), SPLITS)
def test_node_splits_equal_r(name, i):
    """Direct, indirect and their difference with errors, P and tau2, for every pair that can be split."""
    case = R[name]["fits"][i]
    found = node_split(rows(name), reference=case["reference"], method=METHODS[case["method"]], shared=shared(name))
    ours = {(one.treatment_1, one.treatment_0): one for one in found.splits}
    theirs = {(one["one"], one["other"]): one for one in case["splits"]}
    alike = {tuple(sorted(pair)): value for pair, value in theirs.items()}
    assert len(ours) == len(theirs) > 2
    for pair, one in ours.items():
        told = alike[pair]
        turn = 1 if (told["one"], told["other"]) == pair else -1
        numbers = [turn * one.difference, one.difference_se, one.p_value]
        close(numbers, [told["difference"], told["difference_se"], told["p"]], SPLIT, f"{pair} difference")
        close(turn * one.direct, told["direct"], SPLIT, f"{pair} direct")
        close(turn * one.indirect, told["indirect"], SPLIT, f"{pair} indirect")
        close([one.direct_se, one.indirect_se], [told["direct_se"], told["indirect_se"]], SPLIT, f"{pair} errors")
        assert one.tau2 == pytest.approx(told["tau2"], rel=1e-4, abs=1e-6)


def test_a_triangle_split_by_hand():
    """A common effect, three pairs, one trial each: indirect is the sum of the other two sides, and all P are one."""
    made = [effect("A", "b", "a", 0.6), effect("B", "c", "b", 0.8, se=0.3), effect("C", "c", "a", 0.9, se=0.1)]
    found = node_split(made, reference="a", method="common")
    one = next(one for one in found.splits if (one.treatment_1, one.treatment_0) == ("a", "c"))
    assert one.direct == pytest.approx(-math.log(0.9), rel=1e-9)
    assert one.indirect == pytest.approx(-math.log(0.6) - math.log(0.8), rel=1e-9)
    assert one.direct_se == pytest.approx(0.1, rel=1e-9)
    assert one.indirect_se == pytest.approx(math.hypot(0.2, 0.3), rel=1e-9)
    assert one.difference_se == pytest.approx(math.sqrt(0.04 + 0.09 + 0.01), rel=1e-9)
    assert [other.p_value for other in found.splits] == pytest.approx([one.p_value] * 3, rel=1e-9)
    assert len(found.table().rows) == 3
    assert "no proof" in found.table().footnotes[0]
    assert str(found).startswith("3 comparisons split")


def test_pairs_of_one_way_cannot_be_split():
    """A star has no second way; a pair of a loop has, and the arm beside it has none."""
    star = [effect("A", "b", "a", 0.6), effect("B", "b", "a", 0.7), effect("C", "c", "a", 0.8)]
    found = node_split(star, reference="a", method="common")
    assert not found.splits
    assert found.unsplit == (("a", "b"), ("a", "c"))
    assert "none can be split" in str(found)
    loop = [*star, effect("D", "c", "b", 1.1), effect("E", "d", "a", 0.9)]
    assert node_split(loop, reference="a", method="common").unsplit == (("a", "d"),)
    with pytest.raises(PoolingError, match="leave nothing to see a variance"):
        node_split([*star[1:], effect("D", "c", "b", 1.1)], reference="a")


def test_the_command_prints_the_network_and_its_splits(tmp_path, run):
    """A triangle of three pairs: the network's effects; with --split each pair, direct beside indirect."""
    pairs = (("A", "tamoxifen", "none", 0.6), ("B", "aromatase_inhibitor", "tamoxifen", 0.8),
             ("C", "aromatase_inhibitor", "none", 0.5))  # fmt: skip
    made = [EffectEstimate.from_ci(hr, hr * 0.8, hr * 1.25, study=study, estimand="treatment_effect", treatment_1=one,
                                   treatment_0=other) for study, one, other, hr in pairs]  # fmt: skip
    path = tmp_path / "rows.csv"
    path.write_text(effects_to_csv(made), encoding="utf-8")
    code, out, err = run("network", path, "--method", "common")
    assert (code, err) == (0, "")
    assert "tamoxifen v none" in out
    assert "node-splitting" not in out
    code, out, _ = run("network", path, "--method", "common", "--split")
    assert code == 0
    assert "Direct and indirect evidence (node-splitting)" in out
    split = node_split(made, method="common")
    assert len(split.splits) == 3
    for one in split.splits:
        assert f"{math.exp(one.direct):.2f} (" in out
        assert f"{math.exp(one.indirect):.2f} (" in out
    assert "no endocrine therapy" not in out
    code, _, err = run("network", path, "--reference", "placebo", "--split")
    assert code != 0
    assert "placebo" in err
