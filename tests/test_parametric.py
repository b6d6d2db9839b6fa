"""Parametric survival models: against R's survreg, at nested limits, by numeric integration (tests/reference)."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad

import tamoxres as tr
from tamoxres.errors import AnalysisError, NotConverged, QuestionError
from tamoxres.models.parametric_fit import GeneralizedGamma, Times, family_of, fit_family, log_survival
from tamoxres.models.parametric_predict import delta, mean_survival, restricted_mean, survival
from tamoxres.vocabulary import DISTRIBUTIONS

HERE = Path(__file__).parent / "reference"
R = json.loads((HERE / "parametric" / "parametric.json").read_text())
ITERATED = 1e-7  # relative: both sides iterate to a maximum
DIFFERENCES = 2e-6  # R's standard errors come from differences of its likelihood
SETS = ("gbsg", "lung", "rotterdam")
SHAPE_SIGN = {"weibull": -1, "loglogistic": -1, "lognormal": 1}  # survreg prints log scale, lifelines log shape


def columns(frame, names):
    return np.column_stack([frame[name] for name in names])


@pytest.fixture(scope="module")
def gbsg():
    return tr.select(tr.load("gbsg"), endpoint="RFS", er="any", treatment="any")


@pytest.fixture(scope="module")
def patients(gbsg):
    """The three data sets as the R script makes them."""
    frame = gbsg.frame
    x = np.column_stack([frame["treatment"] == "treated", frame["age"], frame["nodes"]]).astype(float)
    out = {"gbsg": (frame["months"].to_numpy(float), frame["event"].to_numpy() == 1, x)}
    with open(HERE / "data" / "lung.csv") as file:
        names = ("time", "status", "sex", "age", "ph.ecog")
        rows = [tuple(row[name] for name in names) for row in csv.DictReader(file)]
    lung = np.array([row for row in rows if all(cell not in ("", "NA") for cell in row)], float)
    out["lung"] = (lung[:, 0], lung[:, 1] == 2, lung[:, 2:])
    raw = tr.load("rotterdam", off_study_deaths="event")
    rotterdam = tr.select(raw, endpoint="RFS", er="any", treatment="any").frame
    x = np.column_stack(
        [rotterdam["treatment"] == "treated", rotterdam["age"], rotterdam["grade"].astype(float),
         rotterdam["diagnosis_year"], np.log(rotterdam["nodes"] + 1)]
    ).astype(float)  # fmt: skip
    out["rotterdam"] = (rotterdam["months"].to_numpy(float), rotterdam["event"].to_numpy() == 1, x)
    return {name: Times(time=t, event=e, entry=np.zeros(len(t)), x=x) for name, (t, e, x) in out.items()}


def r_theta(name, distribution):
    """R's parameters in our layout."""
    theta = np.array(R[name][distribution]["theta"])
    theta[-1] *= SHAPE_SIGN.get(distribution, 1)
    return theta


@pytest.mark.parametrize("distribution", sorted(SHAPE_SIGN))
@pytest.mark.parametrize("name", SETS)
def test_coefficients_and_errors_are_survreg_s(patients, name, distribution):
    """Weibull, log-normal and log-logistic regression equal survreg: parameters, errors, log likelihood."""
    top, covariance = fit_family(distribution, patients[name])
    expected = R[name][distribution]
    assert top.converged
    np.testing.assert_allclose(top.beta, r_theta(name, distribution), rtol=ITERATED, atol=1e-8)
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), expected["se"], rtol=ITERATED)
    assert top.state.loglik == pytest.approx(expected["loglik"], rel=1e-11)


@pytest.mark.parametrize("name", SETS)
def test_generalized_gamma_is_its_likelihood_written_in_r(patients, name):
    """Parameters (Q too) and errors equal those of the likelihood by pgamma, maximised by optim and Newton in R."""
    top, covariance = fit_family("gengamma", patients[name])
    expected = R[name]["gengamma"]
    np.testing.assert_allclose(top.beta, expected["theta"], rtol=DIFFERENCES, atol=1e-8)
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), expected["se"], rtol=DIFFERENCES)
    assert top.state.loglik == pytest.approx(expected["loglik"], rel=1e-11)


@pytest.mark.parametrize("name", SETS)
def test_spline_is_its_likelihood_written_in_r(patients, name):
    """The Royston-Parmar spline with two inner knots equals its likelihood maximised in R, and lies near Cox."""
    expected = R[name]["spline"]
    top, covariance = fit_family("spline", patients[name], tuple(expected["knots"]))
    np.testing.assert_allclose(top.beta, expected["theta"], rtol=DIFFERENCES, atol=1e-7)
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), expected["se"], rtol=DIFFERENCES)
    assert top.state.loglik == pytest.approx(expected["loglik"], rel=1e-11)
    cox, se = np.array(R[name]["cox"]["coef"]), np.sqrt(np.diag(covariance))[1 : 1 + patients[name].x.shape[1]]
    assert (
        np.abs((top.beta[1 : 1 + len(cox)] - cox) / se).max() < 0.35
    )  # standard errors; year, by its changing censoring, is furthest


def test_delayed_entry_is_left_truncation(patients):
    """Weibull, GBSG patients of whom each is seen from 12 months on: equal to the truncated likelihood in R."""
    whole = patients["gbsg"]
    late = whole.time > 12
    data = Times(time=whole.time[late], event=whole.event[late], entry=np.full(late.sum(), 12.0), x=whole.x[late])
    top, covariance = fit_family("weibull", data)
    np.testing.assert_allclose(top.beta, R["gbsg_late"]["weibull"]["theta"], rtol=DIFFERENCES)
    np.testing.assert_allclose(np.sqrt(np.diag(covariance)), R["gbsg_late"]["weibull"]["se"], rtol=DIFFERENCES)
    gamma, _ = fit_family("gengamma", data)
    nested = np.array([*top.beta[:-1], -top.beta[-1], 1.0])
    assert family_of("gengamma").state(nested, data).loglik == pytest.approx(top.state.loglik, rel=1e-12)
    assert gamma.state.loglik > top.state.loglik


@pytest.mark.parametrize("name", SETS)
def test_generalized_gamma_holds_weibull_and_lognormal(patients, name):
    """At Q = 1 and Q = 0 its likelihood, and its score in the other parameters, are theirs; its maximum is higher."""
    data = patients[name]
    family, best = family_of("gengamma"), fit_family("gengamma", data)[0].state.loglik
    for distribution, q in (("weibull", 1.0), ("lognormal", 0.0)):
        top, _ = fit_family(distribution, data)
        theta = np.array([*top.beta[:-1], top.beta[-1] * SHAPE_SIGN[distribution], q])
        state = family.state(theta, data)
        assert state.loglik == pytest.approx(top.state.loglik, rel=1e-12)
        spread = np.sqrt(np.diag(state.information)[:-1])
        assert np.abs(state.score[:-1] / spread).max() < 1e-6
        assert best >= top.state.loglik


def test_the_spline_without_inner_knots_is_the_weibull_model(gbsg):
    """The same likelihood, hazard ratio, error and P, to rounding."""
    weibull = tr.parametric(gbsg, adjust=["age", "nodes"])
    spline = tr.parametric(gbsg, distribution="spline", knots=0, adjust=["age", "nodes"])
    assert spline.loglik == pytest.approx(weibull.loglik, rel=1e-13)
    for ours, theirs in zip(spline.effects, weibull.effects[:3], strict=True):
        assert (ours.measure, ours.term) == (theirs.measure, theirs.term)
        assert ours.log_estimate == pytest.approx(theirs.log_estimate, rel=1e-8)
        assert ours.se == pytest.approx(theirs.se, rel=1e-8)
    means = [model.mean_survival() for model in (weibull, spline)]
    for ours, theirs in zip(*means, strict=True):
        assert (ours.estimate, ours.se) == pytest.approx((theirs.estimate, theirs.se), rel=1e-6)


@pytest.mark.parametrize("q", [-1.7, -0.5, -0.09, -1e-3, 0.0, 2e-5, 0.05, 0.1001, 0.8, 2.5])
def test_generalized_gamma_is_a_distribution(q):
    """Its density integrates to 1, and minus the derivative of its survival is the density, for any Q."""
    from tamoxres.models.parametric_fit import _log_density

    def density(w):
        return float(np.exp(_log_density(np.array([w]), q)[0][0]))

    total = sum(quad(density, a, b, epsabs=1e-12, limit=200)[0] for a, b in ((-60, -5), (-5, 5), (5, 60)))
    assert total == pytest.approx(1, abs=1e-8)
    for w in (-1.5, 0.0, 0.9):
        above, below = (np.exp(log_survival(np.array([w + h]), q)[0]) for h in (1e-4, -1e-4))
        assert (below - above) / 2e-4 == pytest.approx(density(w), rel=1e-6)
        _, slope, bend = (part[0] for part in _log_density(np.array([w]), q))
        assert (np.log(density(w + 1e-4)) - np.log(density(w - 1e-4))) / 2e-4 == pytest.approx(slope, abs=1e-6)
        up, down = (_log_density(np.array([w + h]), q)[1][0] for h in (1e-4, -1e-4))
        assert (up - down) / 2e-4 == pytest.approx(bend, rel=1e-6)


def test_survival_and_means_by_level_are_r_s(gbsg):
    """Weibull, GBSG, averaged over the patients: values and delta-method errors equal R's."""
    model = tr.parametric(gbsg, adjust=["age", "nodes"])
    rows = [model.survival([24, 60]), model.mean_survival()]
    values = [part for i in (0, 1) for part in (*rows[0][2 * i : 2 * i + 2], rows[1][i])]
    assert [row.level for row in values] == ["untreated"] * 3 + ["treated"] * 3
    np.testing.assert_allclose([row.estimate for row in values], R["gbsg_averaged"]["value"], rtol=1e-8)
    np.testing.assert_allclose([row.se for row in values], R["gbsg_averaged"]["se"], rtol=1e-7)
    assert all(row.ci_low < row.estimate < row.ci_high for row in values)
    assert model.flags == ("extrapolated_mean",)
    assert model.survival([24], level=0.5)[0].ci_low > rows[0][0].ci_low


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_means_are_the_area_under_survival(gbsg, distribution):
    """Each closed mean, and the restricted one, equals the integral of the survival it belongs to."""
    model = tr.parametric(gbsg, distribution=distribution)
    family, theta = model._family, model.coefficients.copy()
    if distribution == "gengamma":
        theta[-1] = -0.3  # its own Q gives a tail too long for quadrature
    last = float(gbsg.frame["months"].max())
    for row, x in zip(model.mean_survival(), model._worlds().values(), strict=True):
        one = x[:1]

        def alive(u, one=one):
            return float(survival(family, theta, one, np.array([np.exp(u)]))[0] * np.exp(u))

        area = sum(quad(alive, a, b, limit=400, epsrel=1e-11)[0] for a, b in ((-15, 3), (3, 6), (6, 60)))
        assert mean_survival(family, theta, one) == pytest.approx(area, rel=1e-6)
        until = quad(alive, -15, np.log(last), limit=400)[0]
        assert restricted_mean(family, theta, one, last) == pytest.approx(until, rel=1e-6)
        if distribution != "gengamma":
            assert (row.estimate, row.beyond) == pytest.approx((area, 1 - until / area), rel=1e-5)


@pytest.mark.parametrize(
    ("distribution", "shapes", "finite"),
    [
        ("loglogistic", [0.0], False), ("loglogistic", [-0.2], False), ("loglogistic", [0.1], True),
        ("gengamma", [0.0, -1.0], False), ("gengamma", [0.1, -1.0], False), ("gengamma", [-0.1, -1.0], True),
        ("spline", [-0.1], False), ("spline", [0.5], True),
    ],
)  # fmt: skip
def test_an_infinite_mean_is_not_given(distribution, shapes, finite):
    """Log-logistic with shape <= 1, generalized gamma with -Q sigma >= 1, a spline that flattens: no mean."""
    family = family_of(distribution, (1.0, 50.0))
    mean = mean_survival(family, np.array([0.5, 0.1, *shapes]), np.ones((2, 1)))
    assert np.isfinite(mean) == finite


def test_a_mean_that_is_not_finite_is_flagged(gbsg):
    """Long tails: the log-logistic shape falls below 1, the mean is NaN and the table says so."""
    frame = gbsg.frame
    tails = replace(gbsg, frame=frame.assign(months=np.exp(2.5 * np.log(frame["months"]) - 6)))
    model = tr.parametric(tails, distribution="loglogistic")
    assert model.coefficients[-1] < 0
    assert model.flags == ("not_estimable",)
    assert all(np.isnan([row.estimate, row.se]).all() for row in model.mean_survival())
    table = model.survival_table([24])
    assert [row.cells[-2].text for row in table.rows] == ["NE", "NE"]
    assert table.footnotes == ("The distribution's mean is infinite, so none is given.",)


def test_rows_say_what_they_measure(gbsg):
    """Weibull: HR first, then TR, log HR = -shape x log TR; the others one ratio; counts and adjustment as in cox."""
    weibull = tr.parametric(gbsg, adjust=["age", "factor(grade)"])
    hazard, time = weibull.effects[:4], weibull.effects[4:]
    shape = np.exp(weibull.coefficients[-1])
    assert [row.measure for row in weibull.effects] == ["HR"] * 4 + ["TR"] * 4
    for hr, tr_row in zip(hazard, time, strict=True):
        assert hr.log_estimate == pytest.approx(-shape * tr_row.log_estimate, rel=1e-12)
        assert hr.term == tr_row.term
    assert weibull.effect == hazard[0]
    cox = tr.cox(gbsg, adjust=["age", "factor(grade)"]).effect
    for name in ("n", "events", "n_1", "events_1", "n_0", "events_0", "adjusted_for", "estimand", "treatment_contrast"):
        assert getattr(weibull.effect, name) == getattr(cox, name), name
    assert weibull.effect.log_estimate == pytest.approx(cox.log_estimate, abs=0.05)
    assert time[2].term_p == time[3].term_p != time[2].p_value  # the two columns of grade share their test
    for distribution in ("lognormal", "loglogistic", "gengamma"):
        assert {row.measure for row in tr.parametric(gbsg, distribution=distribution).effects} == {"TR"}
    assert tr.parametric(gbsg, distribution="spline").effect.measure == "HR"


def test_a_marker_leads_and_splines_follow_cox():
    """METABRIC, HER2 and BCSS: the spline's hazard ratio is Cox's within 0.02; levels are the marker's."""
    her2 = tr.select(tr.call(tr.load("metabric"), "HER2"), marker="HER2", endpoint="BCSS")
    spline = tr.parametric(her2, distribution="spline", adjust=["age", "npi"])
    cox = tr.cox(her2, adjust=["age", "npi"]).effect
    assert spline.effect.log_estimate == pytest.approx(cox.log_estimate, abs=0.02)
    assert spline.effect.se == pytest.approx(cox.se, rel=0.01)
    assert (spline.focus, spline.effect.contrast) == ("marker", "altered v unaltered")
    low, high = spline.survival([120])
    assert (low.level, high.level) == ("unaltered", "altered")
    assert low.estimate > high.estimate
    assert spline.aic < tr.parametric(her2, adjust=["age", "npi"]).aic
    assert spline.aic == pytest.approx(2 * 7 - 2 * spline.loglik)


def test_the_unit_of_time_moves_the_intercept_alone(patients):
    """Ten times the times: log 10 on the location, nothing on coefficients and shapes (all but the spline)."""
    data = patients["lung"]
    tenfold = Times(time=10 * data.time, event=data.event, entry=data.entry, x=data.x)
    for distribution in DISTRIBUTIONS[:4]:
        one, ten = (fit_family(distribution, some)[0].beta for some in (data, tenfold))
        np.testing.assert_allclose(ten - one, [np.log(10), *np.zeros(len(one) - 1)], atol=1e-8)


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_to_lifelines_is_the_same_model(gbsg, distribution):
    """The fitter of lifelines, fitted by its own method, ends where this one does, delayed entry too."""
    frame = gbsg.frame
    for analysis in (gbsg, replace(gbsg, frame=frame[frame["months"] > 6].assign(entry=6.0))):
        model = tr.parametric(analysis, distribution=distribution, adjust="nodes")
        fitter = model.to_lifelines()
        assert fitter.log_likelihood_ == pytest.approx(model.loglik, rel=1e-10)
        location = model._family.location
        names = ["Intercept", *model.design.names]
        ours = model.coefficients[: len(names)]
        np.testing.assert_allclose([fitter.params_[location, name] for name in names], ours, rtol=1e-6)
        errors = np.sqrt(np.diag(model.covariance))[: len(names)]
        theirs = [fitter.standard_errors_[location, name] for name in names]
        np.testing.assert_allclose(theirs, errors, rtol=1e-12)


def test_lifelines_alone_stops_short(patients):
    """Why Newton's method follows: by its own defaults lifelines ends up to 1e-4 standard errors from the maximum."""
    import pandas as pd

    data = patients["gbsg"]
    frame = pd.DataFrame(data.x, columns=["hormone", "age", "nodes"]).assign(months=data.time, event=data.event * 1)
    fitter = family_of("weibull").fitter.fit(frame, "months", "event")
    names = ["Intercept", "hormone", "age", "nodes"]
    away = np.abs([fitter.params_["lambda_", name] for name in names] - r_theta("gbsg", "weibull")[:4])
    assert 1e-8 < away.max() < 1e-2


def test_tables_print_the_model(gbsg):
    """One row a coefficient with ratio and P; AIC and shapes below; survival and means by level."""
    model = tr.parametric(gbsg, adjust="nodes")
    table = model.table()
    assert [column.header for column in table.columns] == ["Coefficient", "HR (95% CI)", "P", "TR (95% CI)", "P"]
    assert [row.cells[0].text for row in table.rows] == ["treatment[treated]", "nodes"]
    assert [cell.text for cell in table.rows[0].cells[1:]] == ["0.68 (0.53-0.87)", "0.002", "1.33 (1.11-1.60)", "0.002"]
    assert "686 patients, 299 events." in table.footnotes
    assert any(f"AIC {model.aic:.2f}" in note and "log(shape) 0.300" in note for note in table.footnotes)
    levels = model.survival_table([24, 60])
    assert [row.cells[0].text for row in levels.rows] == ["untreated", "treated"]
    assert levels.rows[0].cells[1].text == "0.76 (0.73-0.79)"
    assert len(levels.footnotes) == 1
    assert str(model) == f"{model.effect}; Weibull model, AIC {model.aic:.1f}"
    assert "<table" in model._repr_html_()
    names = [parameter.name for parameter in tr.parametric(gbsg, distribution="spline", knots=[20, 40]).parameters]
    assert names == ["intercept", "treatment[treated]", "gamma 1", "gamma 2", "gamma 3"]


def test_no_follow_up_leaves_and_an_event_at_once_is_refused(gbsg):
    """Censored at 0 months: out, with a line of flow and no other number; an event there is named."""
    frame = gbsg.frame
    censored = frame.index[(frame["event"] == 0).to_numpy()][:2]
    months = frame["months"].where(~frame.index.isin(censored), 0.0)
    model = tr.parametric(replace(gbsg, frame=frame.assign(months=months)))
    assert model.analysis.n == 684
    assert "censored at 0 months 2" in model.analysis.flow.steps[-1].why
    assert model.loglik == pytest.approx(tr.parametric(replace(gbsg, frame=frame.drop(censored))).loglik, rel=1e-14)
    dead = frame.index[(frame["event"] == 1).to_numpy()][0]
    with pytest.raises(AnalysisError, match="1 patient\\(s\\) have the event at 0 months"):
        tr.parametric(replace(gbsg, frame=frame.assign(months=frame["months"].where(frame.index != dead, 0.0))))


def test_what_cannot_be_fitted_is_refused_by_name(gbsg):
    """Unknown names, knots that are none, constant and empty levels, times that are none, no maximum."""
    frame = gbsg.frame
    dummy = replace(gbsg, frame=frame.assign(site="one"))
    spared = replace(gbsg, frame=frame.assign(event=frame["event"].where(frame["treatment"] != "treated", 0)))
    nobody = replace(gbsg, frame=frame.assign(event=0))
    refused = [
        (QuestionError, "Is it 'weibull'", lambda: tr.parametric(gbsg, distribution="weibul")),
        (QuestionError, "Knots belong to the spline; weibull", lambda: tr.parametric(gbsg, knots=3)),
        (QuestionError, "no column 'shoe_size'", lambda: tr.parametric(gbsg, adjust="shoe_size")),
        (QuestionError, "times above 0", lambda: tr.parametric(gbsg).survival([0, 12])),
        (AnalysisError, "Column site is constant", lambda: tr.parametric(dummy, adjust="site")),
        (AnalysisError, "treatment = treated: 246 patients and no events", lambda: tr.parametric(spared)),
        (AnalysisError, "no events", lambda: tr.parametric(nobody)),
        (AnalysisError, "do not increase", lambda: tr.parametric(gbsg, distribution="spline", knots=[40, 20])),
        (AnalysisError, "do not increase", lambda: tr.parametric(gbsg, distribution="spline", knots=[500])),
        (AnalysisError, "-1 inner knots", lambda: tr.parametric(gbsg, distribution="spline", knots=-1)),
    ]
    for error, words, ask in refused:
        with pytest.raises(error, match=words):
            ask()


def test_a_model_without_maximum_says_so(gbsg):
    """Eight patients whose times a number foretells exactly: sigma runs to 0."""
    frame = gbsg.frame.iloc[:8].assign(event=1, entry=0.0, age=np.arange(1.0, 9.0), months=np.exp(np.arange(1.0, 9.0)))
    frame["treatment"] = frame["treatment"].cat.set_categories(["untreated", "treated"])
    frame.loc[frame.index, "treatment"] = ["untreated", "treated"] * 4
    with pytest.raises(NotConverged, match="log-normal model did not converge on 8 patients"):
        tr.parametric(replace(gbsg, frame=frame), distribution="lognormal", adjust="age")


def test_delta_is_exact_where_it_can_be():
    """A linear function: the error of a sum; a curved one: its derivative."""
    covariance = np.array([[0.04, 0.01], [0.01, 0.09]])
    value, se = delta(lambda t: np.array([t.sum(), np.exp(t[0])]), np.array([1.0, 2.0]), covariance)
    np.testing.assert_allclose(value, [3.0, np.e], rtol=1e-14)
    np.testing.assert_allclose(se, [np.sqrt(0.15), 0.2 * np.e], rtol=1e-9)


def test_lifelines_and_this_generalized_gamma_have_one_likelihood(patients):
    """The written-out likelihood is the one of lifelines' fitter, whose fit to_lifelines returns."""
    data = patients["lung"]
    theta = np.array(R["lung"]["gengamma"]["theta"])
    family = family_of("gengamma")
    assert isinstance(family, GeneralizedGamma)
    columns = family._columns(data.x)
    theirs = family.fitter._cumulative_hazard(family.named(theta), data.time, columns)
    np.testing.assert_allclose(family.cumulative_hazard(theta, data.time, data.x), theirs, rtol=1e-9)
