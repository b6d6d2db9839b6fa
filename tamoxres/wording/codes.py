"""The sentence of each flag that an effect row can carry, and the plain names of its codes.

Conventions: a flag is a code, or `code:value`; a code that stands here has one sentence, any other (a published table's
own) is written with its underscores as spaces.
"""

from __future__ import annotations

from collections.abc import Iterable

from .checks import CHECKS

__all__ = ["MODELS", "SENTENCES", "TREATMENTS", "flag_sentences", "timepoint_words", "treatment_words"]

SENTENCES = {
    "not_randomised": "Treatment was chosen, not randomised, so its hazard ratios are open to confounding by "
                      "indication.",
    "partly_randomised": "Treatment was randomised only in part, so its hazard ratios are open to confounding by "
                         "indication.",
    "crude_by_indication": "A crude hazard ratio above 1 for endocrine therapy is what confounding by indication "
                           "looks like: EBCTCG's trials give 0.53 for recurrence in years 0-4 of ER-positive disease.",
    "no_node_negative_treated": "None of the node-negative patients was treated: the contrast mixes treatment with "
                                "node status. Restrict to node-positive patients (one node or more).",
    "few_events_per_parameter": "Fewer than 10 events per parameter.",
    "few_events": "Fewer than 5 events on one side of a comparison.",
    "no_events_in_group": "One group has no events.",
    "no_events_by_horizon": "No events by the horizon.",
    "survivors_of_period": "Time is since diagnosis, not time on drug; this period holds only those who came to it "
                           "free of the event.",
    "survivors_of_landmark": "The result holds for those who came to the landmark free of the event.",
    "drug_not_named": "Endocrine therapy is recorded without the name of the drug.",
    "asymmetric_interval": "The printed interval is not symmetric: the larger of its two standard errors is used.",
    "ci_and_p_disagree": "The printed interval and P disagree.",
    "huge_se": "The standard error is above 5 on the log scale: the row carries no information.",
    "no_information": "Left out of the pool: the row carries no information.",
    "treatment_stop_ignored": "A treatment that stopped counts on: ever started.",
    "treated_at_relapse": "Treatment that began only after a recorded recurrence is not adjuvant: those patients stay "
                          "untreated.",
    "enters_at_treatment": "Patients enter when their treatment starts; what happened before is not counted.",
    "time_dependent_treatment": "Treatment counts from its start: untreated until then, treated after.",
    "sampling_weights_left_out": "The cohort's sampling weights were left out.",
    "immortal_time": "Treatment began after time zero and counts from it: immortal time.",
    "not_proportional": "The hazards are not proportional: the ratio is an average over follow-up.",
    "reconstructed": "The patients were reconstructed from a published curve: they give it back, and are not those of "
                     "the study.",
    "no_censoring_information": "Numbers at risk are known at the start alone: nothing is known of censoring, and the "
                                "standard error is too small.",
    "recalled": "The number is known but was not read again.",
    "pooled_estimate": "Pooled from other rows.",
    "overlaps_row_of_same_study": "The patients are those of another row of the study.",
    "superseded_by_publication": "A meeting report of an analysis that was published later with other numbers.",
    "reported_null_without_number": "Reported as null, without a number.",
    "reported_significant_without_number": "Reported as significant, without a number.",
    "reported_nominal_without_number": "Reported as nominally significant, without a number.",
    "reported_without_number": "Reported in words alone.",
    "derived_ratio_of_strata": "The study prints the strata; their ratio was computed from them.",
    "contrast_of_one_model": "",
    "product_term": "",
    "centred_products": "Covariates in a product are centred: numbers at their mean, factors by the share of their "
                        "levels.",
    "arms_mixed": "Treated and untreated patients are taken together without treatment in the model: the marker's "
                  "effect is not prognostic among patients treated alike.",
    "primary_row": "",
    "imputed": "Missing covariates were imputed.",
    "chains_not_mixed": "The chains of the imputation had not mixed; use more iterations.",
    "fitted_cut": "The cut was searched on the outcome; P and estimate are corrected for it.",
    "approximate_reri": "Approximate: another reference cell gives another RERI.",
    "ecological": "Between cohorts: differences between the cohorts themselves are mixed in.",
    "unit_per_1": "Per one unit.",
    "or_of_response_above_1_favours_ai": "An odds ratio of response: above 1 is better, kept as printed.",
    "or_of_being_event_free_below_1_is_worse": "An odds ratio of being event-free: below 1 is worse, kept as printed.",
    "ratio_of_hazard_ratios_negative_over_positive": "Ratio of marker-negative over marker-positive, as printed.",
    "p_is_upper_bound": "P is printed as an upper bound.",
    "scale_converted": "Brought to another scale: the marker is taken as normal, its log ratio as linear.",
    "endpoints_pooled_together": "Pooled together with other endpoints of the same studies, which lend it information.",
    "network_estimate": "From a network of trials, direct and indirect comparisons together.",
    "indirect_only": "No trial makes this comparison itself: it is indirect.",
    "correlation_assumed": "The correlation of endpoints within a study was assumed, not known.",
    "correlation_at_bound": "The correlation between studies was estimated at its bound: the data do not tell it.",
    "dose_response_of_categories": "The trend of the printed categories, which share a reference.",
    "total_of_subgroups": "Made from the printed subgroups, weighted by their precision.",
    "derived_from_two_strata": "Made from the two printed strata.",
    "cut_within_batch": "The marker's level was cut at each batch's own median or threshold.",
    "assay_weights": "Patients whose marker is known are weighted to stand for all, by the inverse of the probability "
                     "of being assayed; the robust error takes the weights as known.",
    "case_cohort": "A case-cohort sample, all cases and a random subcohort: the counts are those of the sample.",
    "against_negative_control": "The ratio of hazard ratios over that of deaths of other causes.",
    **{f"check_{name}": f"A check of robustness: {words}." for name, words in CHECKS.items()},
    "emulated_trial": "Strategies of starting treatment are compared from time zero, not being on treatment.",
    "not_for_decisions": "Risks of a population, for comparison, not for individual decisions. Nothing here is a "
                         "reason to withhold, change or stop endocrine therapy.",
    "not_both_proportional": "Subdistribution and cause-specific hazards cannot both be proportional: where one ratio "
                             "is constant over time, the other is an average over follow-up.",
    "misclassification_corrected": "Corrected for errors in measuring the marker: it holds at the sensitivity and "
                                   "specificity named, the same in all patients whatever their outcome, treatment "
                                   "and covariates.",
    "assumed_confounder": "Adjusted for an unmeasured confounder that is assumed, not seen: what would hold if it were "
                          "as named.",
    "survivors_to_relapse": "The result holds for those who lived to relapse.",
    "age_as_time": "Age is the time scale: patients enter at their age at diagnosis.",
    "plateau_assumed": "The hazard is taken to come to nothing after the last knot.",
    "hypothetical_rmst": "Competing deaths are censored: a mean in a hypothetical world without them.",
}  # fmt: skip
COUNTED = {  # flags that carry a count
    "contradicted": (
        "Dead by one endpoint and alive by another, or with an event that another endpoint lacks: {}; `tamoxres check` "
        "names them."
    ),
    "undated_events": "Left out as unknown by this endpoint for want of a date, or for a negative time: {}.",
    "counts_rounded": "Counts are rounded to the nearest {}, and small ones are not told.",
}  # fmt: skip
MODELS = {
    "reml": "random effects by REML", "ml": "random effects by maximum likelihood", "common": "common effect",
    "cox": "Cox regression", "fine_gray": "Fine-Gray regression", "firth": "Cox regression with Firth's penalty",
    "rmst": "restricted mean survival time", "rmtl": "restricted mean time lost", "kaplan_meier": "Kaplan-Meier",
    "aalen_johansen": "Aalen-Johansen", "standardisation": "standardisation",
    "augmented_ipw": "augmented inverse probability weighting",
    "target_trial": "emulated target trial (clone, censor, weight)",
    "case_cohort_prentice": "Cox regression of a case-cohort (Prentice)",
    "case_cohort_self_prentice": "Cox regression of a case-cohort (Self and Prentice)",
    "case_cohort_lin_ying": "Cox regression of a case-cohort (Lin and Ying)",
    "case_cohort_barlow": "Cox regression of a case-cohort (Barlow)",
    "pseudo_values": "regression on pseudo-values", "cure": "spline regression with a cure fraction",
    "cox_corrected": "Cox regression by a corrected score",
    "bias_analysis": "quantitative bias analysis",
    "cox_by_period": "Cox regression by period", "one_stage": "one-stage Cox regression",
    "cox_time_varying": "Cox regression with a coefficient that changes over time",
    "spline": "Cox regression with a restricted cubic spline", "curves": "difference of cells, each by its own curve",
    "weibull": "Weibull regression", "lognormal": "log-normal regression", "loglogistic": "log-logistic regression",
    "gengamma": "generalized gamma regression", "flexible": "flexible parametric regression (spline)",
}  # fmt: skip
_SILENT = "printed_decimals:"  # how the numbers were printed
TREATMENTS = {
    "endocrine": "endocrine therapy", "none": "no endocrine therapy", "aromatase_inhibitor": "aromatase inhibitor",
    "longer_tamoxifen": "longer tamoxifen", "shorter_tamoxifen": "shorter tamoxifen",
    "inhibitor_added": "pathway inhibitor added", "not_added": "not added",
}  # fmt: skip


def treatment_words(code: str) -> str:
    """Write a treatment's name: `aromatase inhibitor` for `aromatase_inhibitor`; any other name as it stands.

    Examples
    --------
    >>> treatment_words("endocrine"), treatment_words("5-FU")
    ('endocrine therapy', '5-FU')
    """
    return TREATMENTS.get(code, code.replace("_", " "))


def timepoint_words(flags: Iterable[str]) -> str:
    """Write when an outcome was read, where a flag tells it: `at 2 weeks`.

    Examples
    --------
    >>> timepoint_words(["p_only", "timepoint:2_weeks"]), timepoint_words(["p_only"])
    ('at 2 weeks', '')
    """
    told = [flag.partition(":")[2] for flag in flags if flag.startswith("timepoint:")]
    return f"at {told[0].replace('_', ' ')}" if told else ""


def flag_sentences(flags: Iterable[str]) -> list[str]:
    """Write each flag as its sentence; those without one as their words.

    Examples
    --------
    >>> flag_sentences(["few_events_per_parameter", "subset:postmenopausal"])
    ['Fewer than 10 events per parameter.', 'Subset postmenopausal.']
    """
    out = []
    for flag in dict.fromkeys(flags):
        code, _, value = flag.partition(":")
        sentence = COUNTED[code].format(value) if code in COUNTED else SENTENCES.get(flag)
        if flag.startswith(_SILENT):
            continue
        if sentence is None:
            words = flag.replace(":", " ").replace("_", " ")
            sentence = f"{words[:1].upper()}{words[1:]}."
        if sentence:
            out.append(sentence)
    return out
