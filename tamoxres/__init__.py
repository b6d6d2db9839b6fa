"""Does a marker predict failure of tamoxifen, or is it only prognostic? Cohorts, models, meta-analysis, reports.

A first answer::

    import tamoxres as tr

    metabric = tr.load("metabric")
    print(tr.ask(metabric, tr.Question(endpoint="BCSS", marker="HER2", estimand="interaction")))

By task (`help(tr.cox)` and so on tell more; `tamoxres --help` lists the commands):

Cohorts
    catalogue, fetch, load, from_frame, init_mapping and check bring patients in; data_dictionary names the columns.
Markers
    call a marker by a cited rule; markers_table and concordance show what the rules give.
Questions and answers
    Question and ask in one call; select chooses the patients for a model; robustness and sensitivity.
Endpoints
    OS, BCSS, RFS, RFI, DRFS, DRFI, IDFS, IBCFS, BCFI (STEEP 2.0).
Curves and absolute risk
    kaplan_meier, cumulative_incidence, logrank, gray_test, rmst, standardise, absolute_effects.
Hazard models
    cox, firth, fine_gray, parametric, weights, impute, spline, time_split, proportional_test, target_trial.
Interactions of marker and treatment
    interaction, weighted_interaction, additive_interaction, treatment_curve, negative_control, bayes_interaction.
Risks foretold
    with_predict, validate_predict.
Judging an effect
    minimum_detectable, equivalence, e_value, gail_simon, adjust_p, design.
Effect rows
    EffectEstimate, from_printed, read_effects, effects_to_csv: the pipe between all parts.
Published evidence
    literature, interactions, trial_votes, marker_page, summary_of_findings, reconstruct.
Meta-analysis
    pool, bayesian, network, certainty, meta_regression, leave_one_out, small_study, to_metafor.
Tables
    baseline_table, hazard_table, contrast_table, effects_table, meta_table: Word, Excel, LaTeX, HTML, CSV.
Figures
    forest, survival_plot, flow_diagram, funnel, evidence_map, specification_curve; save_figure writes them.
Every gene
    screen, calibrated_interaction, family_wise, shrink_screen, replicate.
Reports, simulation, errors
    report, init_plan, check_claims, explore, simulate, calibration, TamoxresError.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
    "endpoints": ["BCFI", "BCSS", "DRFI", "DRFS", "IBCFS", "IDFS", "OS", "RFI", "RFS"],
    "errors": ["TamoxresError"],
    "effects": [
        "EffectEstimate",
        "effects_to_csv",
        "effects_to_frame",
        "effects_to_json",
        "effects_to_xlsx",
        "from_printed",
        "read_effects",
    ],
    "codebook": ["data_dictionary"],
    "cohort": ["Cohort", "MarkerCall", "Source"],
    "question": ["Question"],
    "cohorts.catalogue": ["catalogue", "load", "versions"],
    "cohorts.frame": ["from_frame"],
    "cohorts.compare": ["load_release"],
    "cohorts.overlap": ["declare_overlaps", "overlap"],
    "cohorts.fetch": ["fetch"],
    "cohorts.reconstruct": ["CurveSource", "reconstruct"],
    "cohorts.check": ["check"],
    "cohorts.sketch": ["init_mapping"],
    "markers.calling": ["call", "concordance", "markers_table", "with_continuous"],
    "analysis": ["AnalysisSet", "select"],
    "answers.answer": ["Answer", "ask"],
    "models.cox": ["cox"],
    "models.parametric": ["parametric"],
    "models.survival": ["follow_up", "kaplan_meier"],
    "models.incidence": ["cumulative_incidence", "gray_test"],
    "models.logrank": ["logrank"],
    "figures.forest": ["forest", "forest_pages"],
    "figures.evidence_map": ["evidence_map"],
    "figures.flow_diagram": ["flow_diagram"],
    "figures.funnel": ["funnel"],
    "figures.balance": ["love_plot"],
    "figures.gosh": ["gosh_plot"],
    "figures.influence": ["baujat_plot", "leave_one_out_plot"],
    "figures.pictograph": ["pictograph"],
    "figures.prisma": ["prisma"],
    "figures.risk_of_bias": ["bias_summary", "traffic_light"],
    "figures.power_curve": ["power_curve"],
    "figures.hazard_curve": ["hazard_curve", "treatment_curve_plot"],
    "figures.proportional": ["log_log_plot", "schoenfeld_plot"],
    "figures.specification": ["specification_curve"],
    "figures.visual_abstract": ["AbstractRow", "visual_abstract"],
    "figures.volcano": ["manhattan", "volcano"],
    "effects.derive": ["from_strata", "subgroup_total"],
    "effects.rows": ["printed_routes"],
    "effects.scales": ["per_sd", "per_units"],
    "tables.table": ["Table"],
    "tables.printed": ["check_effects"],
    "tables.effects": ["EffectRows", "effects_table"],
    "tables.hazards": ["hazard_table"],
    "tables.contrasts": ["contrast_table"],
    "tables.baseline": ["baseline_table"],
    "tables.flow": ["flow_table"],
    "meta.tables": ["meta_table"],
    "reporting.build": ["report"],
    "explorer": ["explore"],
    "reporting.sketch_plan": ["init_plan"],
    "reporting.claims": ["check_claims"],
    "models.rmst": ["rmst", "rmtl"],
    "models.rates": ["event_rates"],
    "models.fine_gray": ["fine_gray"],
    "models.time_split": ["time_split"],
    "models.time_varying": ["time_varying"],
    "models.risk_difference": ["risk_difference"],
    "models.weights": ["weights"],
    "models.imputation": ["impute"],
    "analysis.landmark": ["landmark"],
    "scan.gene_sets": ["gene_set_table"],
    "scan.matrix": ["open_expression"],
    "scan.positions": ["with_positions"],
    "scan.permutation": ["family_wise", "replicate"],
    "scan.shrink": ["shrink_screen"],
    "scan.screen": ["ScreenOptions", "screen"],
    "synthetic": ["Truth", "simulate"],
    "calibrate": ["calibration"],
    "answers.robustness": ["robustness"],
    "answers.sensitivity": ["sensitivity"],
    "answers.ten_ways": ["Assumed", "ten_ways", "ways_by_marker"],
    "answers.releases": ["diff"],
    "models.standardise": ["standardise"],
    "models.additive": ["additive_interaction"],
    "models.absolute": ["absolute_effects"],
    "models.augmented": ["Nuisance", "augmented_ipw"],
    "models.treatment_curve": ["treatment_curve"],
    "models.stepp": ["stepp"],
    "models.competing_interaction": ["competing_interaction"],
    "models.changing_interaction": ["changing_interaction"],
    "models.landmark_series": ["landmark_series"],
    "models.illness_death": ["illness_death"],
    "models.pseudo_values": ["pseudo_regression"],
    "analysis.age_scale": ["age_scale"],
    "markers.predict": ["with_predict"],
    "models.predict_validation": ["validate_predict"],
    "figures.calibration_plot": ["calibration_plot"],
    "models.cure": ["cure"],
    "models.target_trial": ["target_trial"],
    "inference.planning": ["Study", "design", "seen_together"],
    "inference.nnt": ["number_needed_to_treat"],
    "inference.gail_simon": ["gail_simon"],
    "inference.equivalence": ["equivalence"],
    "models.firth": ["firth"],
    "models.assayed": ["assay_weights"],
    "models.case_cohort": ["case_cohort"],
    "models.cutpoints": ["dichotomise", "fitted_cut"],
    "models.splines": ["spline"],
    "inference.families": ["adjust_p", "family_table"],
    "inference.rubin": ["rubin"],
    "inference.evalue": ["e_value"],
    "inference.bias": ["Confounder", "Spread", "bias_analysis"],
    "models.misclassified": ["Accuracy", "accuracy_against", "misclassified"],
    "figures.bias_contour": ["bias_contour"],
    "figures.survival": ["survival_plot"],
    "figures.survival_panels": ["survival_panels"],
    "figures.save": ["save_figure"],
    "evidence.reference": ["Reference"],
    "evidence.references": ["cite", "fill_studies", "read_references", "references", "references_text"],
    "evidence.revman": ["read_revman", "revman_bytes"],
    "evidence": [
        "check_extraction",
        "derived_interactions",
        "evidence_counts",
        "literature",
        "side_by_side",
        "studies",
    ],
    "meta.pool": ["PooledEffect", "pool"],
    "meta.comparable": ["Alike"],
    "meta.to_metafor": ["to_metafor"],
    "meta.sensitivity": ["baujat", "cumulative", "influence", "leave_one_out"],
    "meta.subgroups": ["subgroups"],
    "meta.regression": ["meta_regression"],
    "meta.dependent": ["pool_dependent"],
    "meta.outcomes": ["pool_outcomes"],
    "meta.network": ["network"],
    "meta.node_split": ["node_split"],
    "meta.deft": ["deft"],
    "meta.dose": ["dose_response"],
    "meta.bias": ["small_study"],
    "meta.copas": ["copas"],
    "meta.moved": ["moved"],
    "meta.sequential": ["obrien_fleming", "sequential"],
    "meta.risk_of_bias": ["risk_of_bias"],
    "meta.certainty": ["Certainty", "certainty"],
    "meta.iceman": ["iceman_table"],
    "meta.selection": ["selection_model", "trim_and_fill"],
    "meta.bayes": ["bayesian"],
    "meta.missing": ["pet_peese", "worst_case"],
    "meta.votes": ["combine_p", "vote_table"],
    "models.one_stage": ["one_stage"],
    "figures.albatross": ["albatross_plot"],
    "models.proportional": ["proportional_test", "scaled_schoenfeld"],
    "models.interaction": ["interaction"],
    "models.bayes_interaction": ["bayes_interaction", "bayes_of_row"],
    "inference.bayes": ["Prior", "prior_needed"],
    "models.marker_level": ["cut_within", "level_interaction"],
    "models.negative_control": ["negative_control"],
    "models.weighted_interaction": ["weighted_interaction"],
    "scan.calibrated": ["calibrated_interaction", "empirical_null"],
    "inference.detectable": ["minimum_detectable"],
    "inference.sample_size": ["events_for_ratio"],
    "answers.interactions": ["interactions"],
    "answers.marker_page": ["MarkerPage", "marker_page"],
    "answers.findings_table": ["summary_of_findings"],
    "evidence.votes": ["trial_votes"],
    "inference.verdict": ["Verdict"],
}
_WHERE = {name: home for home, names in _HOMES.items() for name in names}
__version__ = "0.1.0"
__all__ = [*sorted(_WHERE), "__version__"]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'tamoxres' has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_WHERE[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
