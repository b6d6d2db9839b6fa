"""Does a marker predict failure of tamoxifen, or is it only prognostic? Cohorts, models, meta-analysis, reports."""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
    "endpoints": ["BCFI", "BCSS", "DRFI", "DRFS", "IBCFS", "IDFS", "OS", "RFI", "RFS"],
    "errors": ["TamoxresError"],
    "effects": ["EffectEstimate", "effects_to_csv", "effects_to_frame", "effects_to_json", "read_effects"],
    "codebook": ["data_dictionary"],
    "cohort": ["Cohort", "MarkerCall", "Source"],
    "question": ["Question"],
    "cohorts.catalogue": ["catalogue", "load", "versions"],
    "cohorts.compare": ["load_release"],
    "cohorts.overlap": ["declare_overlaps", "overlap"],
    "cohorts.fetch": ["fetch"],
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
    "figures.hazard_curve": ["hazard_curve"],
    "figures.proportional": ["log_log_plot", "schoenfeld_plot"],
    "figures.volcano": ["manhattan", "volcano"],
    "tables.table": ["Table"],
    "tables.effects": ["EffectRows", "effects_table"],
    "tables.hazards": ["hazard_table"],
    "tables.contrasts": ["contrast_table"],
    "tables.baseline": ["baseline_table"],
    "tables.flow": ["flow_table"],
    "meta.tables": ["meta_table"],
    "reporting.build": ["report"],
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
    "answers.sensitivity": ["sensitivity"],
    "answers.releases": ["diff"],
    "models.standardise": ["standardise"],
    "models.additive": ["additive_interaction"],
    "inference.gail_simon": ["gail_simon"],
    "inference.equivalence": ["equivalence"],
    "models.firth": ["firth"],
    "models.cutpoints": ["dichotomise", "fitted_cut"],
    "models.splines": ["spline"],
    "inference.families": ["adjust_p", "family_table"],
    "inference.rubin": ["rubin"],
    "inference.evalue": ["e_value"],
    "figures.survival": ["survival_plot"],
    "figures.survival_panels": ["survival_panels"],
    "figures.save": ["save_figure"],
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
    "meta.sensitivity": ["baujat", "cumulative", "influence", "leave_one_out"],
    "meta.subgroups": ["subgroups"],
    "meta.regression": ["meta_regression"],
    "meta.dependent": ["pool_dependent"],
    "meta.deft": ["deft"],
    "meta.bias": ["small_study"],
    "meta.certainty": ["Certainty", "certainty"],
    "meta.iceman": ["iceman_table"],
    "meta.selection": ["selection_model", "trim_and_fill"],
    "meta.bayes": ["bayesian"],
    "meta.votes": ["combine_p", "vote_table"],
    "models.one_stage": ["one_stage"],
    "figures.albatross": ["albatross_plot"],
    "models.proportional": ["proportional_test", "scaled_schoenfeld"],
    "models.interaction": ["interaction"],
    "inference.detectable": ["minimum_detectable"],
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
