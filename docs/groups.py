"""The public names of tamoxres by task: what the reference shows, and in which order."""

from __future__ import annotations

__all__ = ["GROUPS"]

GROUPS: dict[str, tuple[str, tuple[str, ...]]] = {
    "Cohorts": (
        "Find, fetch, read and check the patients.",
        ("catalogue", "versions", "fetch", "load", "from_frame", "init_mapping", "check", "data_dictionary", "overlap",
         "declare_overlaps", "load_release", "diff", "Cohort", "Source"),
    ),
    "Markers": (
        "Call a marker by a cited rule, and see what the rules give.",
        ("call", "markers_table", "concordance", "with_continuous", "MarkerCall"),
    ),
    "Questions and answers": (
        "Ask in one call, with verdict and robustness, or choose the patients for a model.",
        ("Question", "ask", "Answer", "Verdict", "select", "AnalysisSet", "landmark", "age_scale", "robustness",
         "sensitivity", "EffectRows"),
    ),
    "Endpoints": (
        "STEEP 2.0: what ends the interval, and which deaths compete.",
        ("OS", "BCSS", "RFS", "RFI", "DRFS", "DRFI", "IDFS", "IBCFS", "BCFI"),
    ),
    "Curves and absolute risk": (
        "Survival, cumulative incidence, restricted means, rates and risks.",
        ("kaplan_meier", "follow_up", "logrank", "cumulative_incidence", "gray_test", "rmst", "rmtl", "event_rates",
         "risk_difference", "pseudo_regression",
         "standardise", "absolute_effects", "augmented_ipw", "Nuisance", "number_needed_to_treat"),
    ),
    "Hazard models": (
        "Cox and its relatives, weights, missing values, time.",
        ("cox", "case_cohort", "assay_weights", "firth", "fine_gray", "parametric", "weights", "impute", "rubin",
         "spline", "dichotomise", "fitted_cut", "time_split", "time_varying", "illness_death", "cure",
         "proportional_test", "scaled_schoenfeld", "target_trial"),
    ),
    "Interactions of marker and treatment": (
        "Does the effect of treatment differ by the marker?",
        ("interaction", "ten_ways", "ways_by_marker", "Assumed", "weighted_interaction",
         "additive_interaction", "changing_interaction", "landmark_series",
         "competing_interaction", "level_interaction",
         "cut_within", "treatment_curve", "stepp", "negative_control", "bayes_interaction", "bayes_of_row", "Prior",
         "prior_needed"),
    ),
    "Risks foretold": (
        "NHS Predict as an adjuster, and held against what happened.",
        ("with_predict", "validate_predict"),
    ),
    "Judging an effect": (
        "What an effect row can and cannot show, and how many events a study takes.",
        ("minimum_detectable", "equivalence", "e_value", "bias_analysis", "Confounder", "Spread",
         "misclassified", "Accuracy", "accuracy_against", "gail_simon", "adjust_p", "family_table",
         "design", "Study", "seen_together", "events_for_ratio"),
    ),
    "Effect rows": (
        "The pipe between all parts: from patients, from print, to files.",
        ("EffectEstimate", "from_printed", "printed_routes", "from_strata", "subgroup_total", "per_sd", "per_units",
         "read_effects", "check_effects", "effects_to_csv", "effects_to_json", "effects_to_xlsx", "effects_to_frame",
         "read_revman", "revman_bytes"),
    ),
    "Published evidence": (
        "What has been published, and what it adds up to.",
        ("literature", "studies", "evidence_counts", "check_extraction", "side_by_side", "derived_interactions",
         "interactions", "trial_votes", "marker_page", "MarkerPage", "summary_of_findings", "reconstruct",
         "CurveSource", "references", "references_text", "read_references", "Reference", "cite", "fill_studies"),
    ),
    "Meta-analysis": (
        "Pool effects, ask what moves the pool, and how sure it is.",
        ("pool", "PooledEffect", "Alike", "bayesian", "pool_dependent", "subgroups", "meta_regression",
         "leave_one_out", "influence", "cumulative", "sequential", "obrien_fleming", "moved",
          "baujat", "small_study", "trim_and_fill", "selection_model",
         "copas",
         "pet_peese", "worst_case", "risk_of_bias", "pool_outcomes", "network", "node_split",
         "certainty", "Certainty", "iceman_table", "deft", "one_stage", "dose_response", "combine_p", "vote_table",
         "to_metafor"),
    ),
    "Tables": (
        "For a paper: Word, Excel, LaTeX, HTML, Markdown, CSV.",
        ("Table", "baseline_table", "flow_table", "hazard_table", "contrast_table", "effects_table", "meta_table"),
    ),
    "Figures": (
        "Each returns matplotlib axes; `save_figure` writes them.",
        ("forest", "forest_pages", "survival_plot", "survival_panels", "flow_diagram", "love_plot", "log_log_plot",
         "schoenfeld_plot", "hazard_curve", "treatment_curve_plot", "power_curve", "bias_contour", "calibration_plot",
         "specification_curve", "funnel", "albatross_plot", "gosh_plot", "baujat_plot", "leave_one_out_plot",
         "traffic_light", "bias_summary",
         "pictograph", "prisma", "evidence_map", "volcano", "manhattan", "visual_abstract", "AbstractRow",
         "save_figure"),
    ),
    "Every gene": (
        "Screens of an expression matrix.",
        ("screen", "ScreenOptions", "open_expression", "calibrated_interaction", "empirical_null", "gene_set_table",
         "family_wise", "shrink_screen", "replicate", "with_positions"),
    ),
    "Reports, simulation, errors": (
        "The page, its plan and its claims; patients whose truth is known.",
        ("report", "init_plan", "check_claims", "explore", "simulate", "Truth", "calibration", "TamoxresError"),
    ),
}  # fmt: skip
