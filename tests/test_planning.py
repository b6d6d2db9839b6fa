"""Events and patients for an interaction: by hand, by Schmoor's formula, and by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from figure_boxes import check_paper, named, words
from scipy.special import chdtri

from tamoxres.cli import main
from tamoxres.effects import EffectEstimate
from tamoxres.errors import AnalysisError, TamoxresError
from tamoxres.figures.power_curve import power_curve
from tamoxres.inference.detectable import _group, _rejects, simulated_power
from tamoxres.inference.planning import Study, design, seen_together
from tamoxres.kernel.cox import CoxOptions, fit_cox

EXACT = 1e-9
Z = 1.959963984540054 + 0.8416212335729143


def test_balanced_by_hand():
    """Equal risks, half altered, half treated: 16 z^2 / (log r)^2 events, four times those of a main effect."""
    found = design(1.5, study=Study(marker_share=0.5, risk=0.5), patients=2000)
    shares, risks = np.array(found.groups).T
    assert shares == pytest.approx([0.25] * 4, rel=EXACT)
    assert risks == pytest.approx([0.5, 0.5, 0.5, 1 - 0.5**1.5], rel=EXACT)
    small = design(1.0001, study=Study(marker_share=0.5, risk=0.5), patients=1000)
    assert small.main_effect_events == math.ceil(4 * Z**2 / math.log(1.0001) ** 2)
    assert design(1.5, study=Study(marker_share=0.5)).main_effect_events == math.ceil(4 * Z**2 / math.log(1.5) ** 2)


def test_size_is_schmoors():
    """Patients are z^2 / (log r)^2 times the summed inverse shares of events; so many give the power asked for."""
    study = Study(marker_share=0.25, treated_share=0.7, risk=0.4, hr_marker=1.5, hr_treatment=0.6)
    found = design(1.8, study=study)
    shares, risks = np.array(found.groups).T
    assert shares == pytest.approx([0.225, 0.525, 0.075, 0.175], rel=EXACT)
    assert risks[3] == pytest.approx(1 - 0.6 ** (1.5 * 0.6 * 1.8), rel=EXACT)
    assert found.patients == math.ceil(Z**2 / math.log(1.8) ** 2 * (1 / (shares * risks)).sum())
    assert found.power == pytest.approx(0.8, abs=0.001)
    assert not found.simulated
    assert found.detectable[1] == pytest.approx(1.8, rel=0.03)  # the other way round, without the product first


def test_competing_deaths_take_events_away():
    """The risk is the crude incidence of constant hazards, and more patients are needed."""
    plain, taken = (design(1.8, study=Study(risk=0.3, competing=c)) for c in (0.0, 0.4))
    rate, other = -math.log(0.7), -math.log(0.6)
    assert taken.groups[0][1] == pytest.approx(rate / (rate + other) * (1 - 0.7 * 0.6), rel=EXACT)
    assert taken.patients > 1.1 * plain.patients


def test_misclassification_draws_the_ratio_to_one():
    """Group sizes are those measured; the ratio between mixtures lies nearer 1; a perfect marker changes nothing."""
    study = Study(marker_share=0.2, risk=0.3, sensitivity=0.8, specificity=0.95)
    found = design(2.0, study=study)
    assert sum(share for share, _ in found.groups[2:]) == pytest.approx(0.8 * 0.2 + 0.05 * 0.8, rel=EXACT)
    assert 1.3 < found.measured_ratio < 1.9
    assert found.patients > 1.5 * design(2.0, study=Study(marker_share=0.2, risk=0.3)).patients
    turned = design(0.5, study=study)
    assert 0.5 < turned.measured_ratio < 1


def rejections(study, ratio, n, sets, seed=1):
    """Share of simulated studies in which the likelihood-ratio test of Cox's product rejects."""
    draw, critical, found = np.random.default_rng(seed), float(chdtri(1, 0.05)), 0
    for _ in range(sets):
        marker, arm = draw.random(n) < study.marker_share, draw.random(n) < study.treated_share
        rate = -math.log1p(-study.risk) * study.hr_marker**marker * study.hr_treatment**arm * ratio ** (marker * arm)
        months = draw.exponential(1 / rate)
        other = draw.exponential(1 / -math.log1p(-study.competing), n) if study.competing else np.full(n, np.inf)
        time = np.minimum(np.minimum(months, other), 1.0)
        seen = np.where(marker, draw.random(n) < study.sensitivity, draw.random(n) >= study.specificity)
        x = np.column_stack([arm, seen, arm & seen]).astype(float)
        event = (months <= time).astype(int)
        full, less = (fit_cox(time, event, x[:, :k], options=CoxOptions(ties="breslow")) for k in (3, 2))
        found += 2 * (full.loglik - less.loglik) > critical
    return found / sets


@pytest.mark.parametrize(
    ("study", "ratio"),
    [
        (Study(marker_share=0.3, treated_share=0.65, risk=0.4, hr_marker=1.4, hr_treatment=0.7), 2.0),
        (Study(marker_share=0.3, risk=0.4, competing=0.3, hr_treatment=0.7), 0.5),
        (Study(marker_share=0.35, risk=0.4, hr_marker=1.3, sensitivity=0.85, specificity=0.95), 2.2),
    ],
)
def test_power_by_simulation(study, ratio):
    """Cox's likelihood-ratio test reaches the power promised: unequal arms, competing deaths, misclassification."""
    found = design(ratio, study=study)
    sets = 250
    error = math.sqrt(0.8 * 0.2 / sets)
    assert rejections(study, ratio, found.patients, sets) == pytest.approx(0.8, abs=0.02 + 2.6 * error)


def test_few_events_are_simulated():
    """With a rare marker power is simulated, and the size found reaches it."""
    found = design(4.0, study=Study(marker_share=0.05, risk=0.1), patients=2000)
    assert found.simulated
    assert design(4.0, study=Study(marker_share=0.05, risk=0.1)).power >= 0.8


def test_power_curve_rises():
    """Power rises with size, and is that of the design at its size."""
    found = design(1.6, study=Study(marker_share=0.3))
    curve = found.curve()
    assert (np.diff(curve["power"]) > 0).all()
    assert found.curve([found.patients])["power"][0] == pytest.approx(found.power, rel=EXACT)
    assert "power 80.0%" in str(found)
    assert "treatment effect of the same size" in found.table().to_markdown()


def test_power_plot():
    """The curve is the frame's; the note names the first size that reaches the power."""
    found = design(1.6, study=Study(marker_share=0.3))
    for width in ("single", "double"):
        ax = power_curve(found.curve(), width=width)
        check_paper(ax, width)
    np.testing.assert_allclose(named(ax, "curve")["curve"].get_xydata(), found.curve()[["patients", "power"]])
    first = found.curve().query("power >= 0.8")["patients"].iloc[0]
    assert f"{first:,} patients" in " ".join(words(ax)).replace("\n", " ")
    with pytest.raises(TamoxresError, match="two sizes"):
        power_curve(found.curve().head(1))


def test_studies_together():
    """Two equal studies see as one of twice the events; a study twice, or no interaction, is refused."""
    one = EffectEstimate(study="a", estimand="interaction", log_estimate=0.2, se=0.3)
    other = EffectEstimate(study="b", estimand="interaction", log_estimate=-0.4, se=0.3)
    below, above = seen_together([one, other])
    assert above == pytest.approx(math.exp(Z * 0.3 / math.sqrt(2)), rel=EXACT)
    assert below == pytest.approx(1 / above, rel=EXACT)
    with pytest.raises(AnalysisError, match="one row a study"):
        seen_together([one, one])


@pytest.mark.parametrize(
    ("ask", "what"),
    [
        (lambda: design(1.0), "not 1"),
        (lambda: design(1.5, power=1.2), "between 0 and 1"),
        (lambda: Study(risk=0), "risk is 0"),
        (lambda: Study(sensitivity=0.4, specificity=0.5), "above 1"),
        (lambda: Study(hr_marker=0), "above 0"),
        (lambda: design(1.001), "more than 10,000,000"),
    ],
)
def test_refusals(ask, what):
    """Numbers that cannot be are refused by name."""
    with pytest.raises(AnalysisError, match=what):
        ask()


def test_command_line(capsys):
    """The command prints groups and power."""
    with pytest.raises(SystemExit) as done:
        main(["design", "1.6", "--marker-share", "0.3", "--risk", "0.4", "--sensitivity", "0.9"])
    assert not done.value.code
    assert "measured" in capsys.readouterr().out


def rejected(d, t):
    """Whether one data set of four groups rejects constant hazards without a product, fitted cell by cell."""
    fitted = t * d.sum() / t.sum()
    for _ in range(200):
        for axis in (0, 1):
            fitted = fitted * d.sum(axis=axis, keepdims=True) / fitted.sum(axis=axis, keepdims=True)
    return 2 * (d * np.log(d / fitted)).sum() > chdtri(1, 0.05)


def test_rejections_are_those_of_each_data_set_by_itself():
    """All data sets fitted at once are as each alone; one without events in a group rejects nothing."""
    draw = np.random.default_rng(1)
    events, exposure = draw.poisson([30, 20, 8, 5], (60, 4)).astype(float), draw.gamma(20, 1, (60, 4))
    events[0, 3] = 0
    found = _rejects(events, exposure, float(chdtri(1, 0.05)))
    assert not found[0]
    assert found[1:].tolist() == [
        rejected(d.reshape(2, 2), t.reshape(2, 2)) for d, t in zip(events[1:], exposure[1:], strict=True)
    ]
    assert found.any()
    assert not _rejects(events[:1], exposure[:1], 3.84).any()


def test_draws_are_the_same_at_each_hazard():
    """A group's times are drawn once: events only rise with the hazard, and the exposure at a hazard of 1 is fixed."""
    stream = np.random.SeedSequence(1).spawn(4)[3]
    fewer, more = (_group(40, hazard, 0.5, stream) for hazard in (0.5, 2.0))
    assert (fewer[0] <= more[0]).all()
    assert (fewer[1] >= more[1]).all()
    again = _group(40, 0.5, 0.5, stream)
    assert (again[0] == fewer[0]).all()
    assert (again[1] == fewer[1]).all()
    large = _group(900, 1.0, 0.5, stream)  # in blocks
    assert large[0].mean() == pytest.approx(900 * (1 - math.exp(-0.5)), rel=0.005)
    assert large[1].mean() == pytest.approx(900 * (1 - math.exp(-0.5)), rel=0.005)
    assert simulated_power([60] * 4, [0.4] * 4, 0.0) == simulated_power([60] * 4, [0.4] * 4, 0.0)
