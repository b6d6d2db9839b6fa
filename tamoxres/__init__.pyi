# Made by `make stub` from the table of lazy names in __init__.py; edit that.

from .analysis import AnalysisSet as AnalysisSet
from .analysis import select as select
from .analysis.age_scale import age_scale as age_scale
from .analysis.landmark import landmark as landmark
from .answers.answer import Answer as Answer
from .answers.answer import ask as ask
from .answers.findings_table import summary_of_findings as summary_of_findings
from .answers.interactions import interactions as interactions
from .answers.marker_page import MarkerPage as MarkerPage
from .answers.marker_page import marker_page as marker_page
from .answers.releases import diff as diff
from .answers.robustness import robustness as robustness
from .answers.sensitivity import sensitivity as sensitivity
from .answers.ten_ways import Assumed as Assumed
from .answers.ten_ways import ten_ways as ten_ways
from .answers.ten_ways import ways_by_marker as ways_by_marker
from .calibrate import calibration as calibration
from .codebook import data_dictionary as data_dictionary
from .cohort import Cohort as Cohort
from .cohort import MarkerCall as MarkerCall
from .cohort import Source as Source
from .cohorts.catalogue import catalogue as catalogue
from .cohorts.catalogue import load as load
from .cohorts.catalogue import versions as versions
from .cohorts.check import check as check
from .cohorts.compare import load_release as load_release
from .cohorts.fetch import fetch as fetch
from .cohorts.frame import from_frame as from_frame
from .cohorts.overlap import declare_overlaps as declare_overlaps
from .cohorts.overlap import overlap as overlap
from .cohorts.reconstruct import CurveSource as CurveSource
from .cohorts.reconstruct import reconstruct as reconstruct
from .cohorts.sketch import init_mapping as init_mapping
from .effects import EffectEstimate as EffectEstimate
from .effects import effects_to_csv as effects_to_csv
from .effects import effects_to_frame as effects_to_frame
from .effects import effects_to_json as effects_to_json
from .effects import effects_to_xlsx as effects_to_xlsx
from .effects import from_printed as from_printed
from .effects import read_effects as read_effects
from .effects.derive import from_strata as from_strata
from .effects.derive import subgroup_total as subgroup_total
from .effects.rows import printed_routes as printed_routes
from .effects.scales import per_sd as per_sd
from .effects.scales import per_units as per_units
from .endpoints import BCFI as BCFI
from .endpoints import BCSS as BCSS
from .endpoints import DRFI as DRFI
from .endpoints import DRFS as DRFS
from .endpoints import IBCFS as IBCFS
from .endpoints import IDFS as IDFS
from .endpoints import OS as OS
from .endpoints import RFI as RFI
from .endpoints import RFS as RFS
from .errors import TamoxresError as TamoxresError
from .evidence import check_extraction as check_extraction
from .evidence import derived_interactions as derived_interactions
from .evidence import evidence_counts as evidence_counts
from .evidence import literature as literature
from .evidence import side_by_side as side_by_side
from .evidence import studies as studies
from .evidence.reference import Reference as Reference
from .evidence.references import cite as cite
from .evidence.references import fill_studies as fill_studies
from .evidence.references import read_references as read_references
from .evidence.references import references as references
from .evidence.references import references_text as references_text
from .evidence.revman import read_revman as read_revman
from .evidence.revman import revman_bytes as revman_bytes
from .evidence.votes import trial_votes as trial_votes
from .explorer import explore as explore
from .figures.albatross import albatross_plot as albatross_plot
from .figures.balance import love_plot as love_plot
from .figures.bias_contour import bias_contour as bias_contour
from .figures.calibration_plot import calibration_plot as calibration_plot
from .figures.evidence_map import evidence_map as evidence_map
from .figures.flow_diagram import flow_diagram as flow_diagram
from .figures.forest import forest as forest
from .figures.forest import forest_pages as forest_pages
from .figures.funnel import funnel as funnel
from .figures.gosh import gosh_plot as gosh_plot
from .figures.hazard_curve import hazard_curve as hazard_curve
from .figures.hazard_curve import treatment_curve_plot as treatment_curve_plot
from .figures.influence import baujat_plot as baujat_plot
from .figures.influence import leave_one_out_plot as leave_one_out_plot
from .figures.pictograph import pictograph as pictograph
from .figures.power_curve import power_curve as power_curve
from .figures.prisma import prisma as prisma
from .figures.proportional import log_log_plot as log_log_plot
from .figures.proportional import schoenfeld_plot as schoenfeld_plot
from .figures.risk_of_bias import bias_summary as bias_summary
from .figures.risk_of_bias import traffic_light as traffic_light
from .figures.save import save_figure as save_figure
from .figures.specification import specification_curve as specification_curve
from .figures.survival import survival_plot as survival_plot
from .figures.survival_panels import survival_panels as survival_panels
from .figures.visual_abstract import AbstractRow as AbstractRow
from .figures.visual_abstract import visual_abstract as visual_abstract
from .figures.volcano import manhattan as manhattan
from .figures.volcano import volcano as volcano
from .inference.bayes import Prior as Prior
from .inference.bayes import prior_needed as prior_needed
from .inference.bias import Confounder as Confounder
from .inference.bias import Spread as Spread
from .inference.bias import bias_analysis as bias_analysis
from .inference.detectable import minimum_detectable as minimum_detectable
from .inference.equivalence import equivalence as equivalence
from .inference.evalue import e_value as e_value
from .inference.families import adjust_p as adjust_p
from .inference.families import family_table as family_table
from .inference.gail_simon import gail_simon as gail_simon
from .inference.nnt import number_needed_to_treat as number_needed_to_treat
from .inference.planning import Study as Study
from .inference.planning import design as design
from .inference.planning import seen_together as seen_together
from .inference.rubin import rubin as rubin
from .inference.sample_size import events_for_ratio as events_for_ratio
from .inference.verdict import Verdict as Verdict
from .markers.calling import call as call
from .markers.calling import concordance as concordance
from .markers.calling import markers_table as markers_table
from .markers.calling import with_continuous as with_continuous
from .markers.predict import with_predict as with_predict
from .meta.bayes import bayesian as bayesian
from .meta.bias import small_study as small_study
from .meta.certainty import Certainty as Certainty
from .meta.certainty import certainty as certainty
from .meta.comparable import Alike as Alike
from .meta.copas import copas as copas
from .meta.deft import deft as deft
from .meta.dependent import pool_dependent as pool_dependent
from .meta.dose import dose_response as dose_response
from .meta.iceman import iceman_table as iceman_table
from .meta.missing import pet_peese as pet_peese
from .meta.missing import worst_case as worst_case
from .meta.moved import moved as moved
from .meta.network import network as network
from .meta.node_split import node_split as node_split
from .meta.outcomes import pool_outcomes as pool_outcomes
from .meta.pool import PooledEffect as PooledEffect
from .meta.pool import pool as pool
from .meta.regression import meta_regression as meta_regression
from .meta.risk_of_bias import risk_of_bias as risk_of_bias
from .meta.selection import selection_model as selection_model
from .meta.selection import trim_and_fill as trim_and_fill
from .meta.sensitivity import baujat as baujat
from .meta.sensitivity import cumulative as cumulative
from .meta.sensitivity import influence as influence
from .meta.sensitivity import leave_one_out as leave_one_out
from .meta.sequential import obrien_fleming as obrien_fleming
from .meta.sequential import sequential as sequential
from .meta.subgroups import subgroups as subgroups
from .meta.tables import meta_table as meta_table
from .meta.to_metafor import to_metafor as to_metafor
from .meta.votes import combine_p as combine_p
from .meta.votes import vote_table as vote_table
from .models.absolute import absolute_effects as absolute_effects
from .models.additive import additive_interaction as additive_interaction
from .models.assayed import assay_weights as assay_weights
from .models.augmented import Nuisance as Nuisance
from .models.augmented import augmented_ipw as augmented_ipw
from .models.bayes_interaction import bayes_interaction as bayes_interaction
from .models.bayes_interaction import bayes_of_row as bayes_of_row
from .models.case_cohort import case_cohort as case_cohort
from .models.changing_interaction import changing_interaction as changing_interaction
from .models.competing_interaction import competing_interaction as competing_interaction
from .models.cox import cox as cox
from .models.cure import cure as cure
from .models.cutpoints import dichotomise as dichotomise
from .models.cutpoints import fitted_cut as fitted_cut
from .models.fine_gray import fine_gray as fine_gray
from .models.firth import firth as firth
from .models.illness_death import illness_death as illness_death
from .models.imputation import impute as impute
from .models.incidence import cumulative_incidence as cumulative_incidence
from .models.incidence import gray_test as gray_test
from .models.interaction import interaction as interaction
from .models.landmark_series import landmark_series as landmark_series
from .models.logrank import logrank as logrank
from .models.marker_level import cut_within as cut_within
from .models.marker_level import level_interaction as level_interaction
from .models.misclassified import Accuracy as Accuracy
from .models.misclassified import accuracy_against as accuracy_against
from .models.misclassified import misclassified as misclassified
from .models.negative_control import negative_control as negative_control
from .models.one_stage import one_stage as one_stage
from .models.parametric import parametric as parametric
from .models.predict_validation import validate_predict as validate_predict
from .models.proportional import proportional_test as proportional_test
from .models.proportional import scaled_schoenfeld as scaled_schoenfeld
from .models.pseudo_values import pseudo_regression as pseudo_regression
from .models.rates import event_rates as event_rates
from .models.risk_difference import risk_difference as risk_difference
from .models.rmst import rmst as rmst
from .models.rmst import rmtl as rmtl
from .models.splines import spline as spline
from .models.standardise import standardise as standardise
from .models.stepp import stepp as stepp
from .models.survival import follow_up as follow_up
from .models.survival import kaplan_meier as kaplan_meier
from .models.target_trial import target_trial as target_trial
from .models.time_split import time_split as time_split
from .models.time_varying import time_varying as time_varying
from .models.treatment_curve import treatment_curve as treatment_curve
from .models.weighted_interaction import weighted_interaction as weighted_interaction
from .models.weights import weights as weights
from .question import Question as Question
from .reporting.build import report as report
from .reporting.claims import check_claims as check_claims
from .reporting.sketch_plan import init_plan as init_plan
from .scan.calibrated import calibrated_interaction as calibrated_interaction
from .scan.calibrated import empirical_null as empirical_null
from .scan.gene_sets import gene_set_table as gene_set_table
from .scan.matrix import open_expression as open_expression
from .scan.permutation import family_wise as family_wise
from .scan.permutation import replicate as replicate
from .scan.positions import with_positions as with_positions
from .scan.screen import ScreenOptions as ScreenOptions
from .scan.screen import screen as screen
from .scan.shrink import shrink_screen as shrink_screen
from .synthetic import Truth as Truth
from .synthetic import simulate as simulate
from .tables.baseline import baseline_table as baseline_table
from .tables.contrasts import contrast_table as contrast_table
from .tables.effects import EffectRows as EffectRows
from .tables.effects import effects_table as effects_table
from .tables.flow import flow_table as flow_table
from .tables.hazards import hazard_table as hazard_table
from .tables.printed import check_effects as check_effects
from .tables.table import Table as Table

__version__: str
__all__ = [
    "AbstractRow",
    "Accuracy",
    "Alike",
    "AnalysisSet",
    "Answer",
    "Assumed",
    "BCFI",
    "BCSS",
    "Certainty",
    "Cohort",
    "Confounder",
    "CurveSource",
    "DRFI",
    "DRFS",
    "EffectEstimate",
    "EffectRows",
    "IBCFS",
    "IDFS",
    "MarkerCall",
    "MarkerPage",
    "Nuisance",
    "OS",
    "PooledEffect",
    "Prior",
    "Question",
    "RFI",
    "RFS",
    "Reference",
    "ScreenOptions",
    "Source",
    "Spread",
    "Study",
    "Table",
    "TamoxresError",
    "Truth",
    "Verdict",
    "absolute_effects",
    "accuracy_against",
    "additive_interaction",
    "adjust_p",
    "age_scale",
    "albatross_plot",
    "ask",
    "assay_weights",
    "augmented_ipw",
    "baseline_table",
    "baujat",
    "baujat_plot",
    "bayes_interaction",
    "bayes_of_row",
    "bayesian",
    "bias_analysis",
    "bias_contour",
    "bias_summary",
    "calibrated_interaction",
    "calibration",
    "calibration_plot",
    "call",
    "case_cohort",
    "catalogue",
    "certainty",
    "changing_interaction",
    "check",
    "check_claims",
    "check_effects",
    "check_extraction",
    "cite",
    "combine_p",
    "competing_interaction",
    "concordance",
    "contrast_table",
    "copas",
    "cox",
    "cumulative",
    "cumulative_incidence",
    "cure",
    "cut_within",
    "data_dictionary",
    "declare_overlaps",
    "deft",
    "derived_interactions",
    "design",
    "dichotomise",
    "diff",
    "dose_response",
    "e_value",
    "effects_table",
    "effects_to_csv",
    "effects_to_frame",
    "effects_to_json",
    "effects_to_xlsx",
    "empirical_null",
    "equivalence",
    "event_rates",
    "events_for_ratio",
    "evidence_counts",
    "evidence_map",
    "explore",
    "family_table",
    "family_wise",
    "fetch",
    "fill_studies",
    "fine_gray",
    "firth",
    "fitted_cut",
    "flow_diagram",
    "flow_table",
    "follow_up",
    "forest",
    "forest_pages",
    "from_frame",
    "from_printed",
    "from_strata",
    "funnel",
    "gail_simon",
    "gene_set_table",
    "gosh_plot",
    "gray_test",
    "hazard_curve",
    "hazard_table",
    "iceman_table",
    "illness_death",
    "impute",
    "influence",
    "init_mapping",
    "init_plan",
    "interaction",
    "interactions",
    "kaplan_meier",
    "landmark",
    "landmark_series",
    "leave_one_out",
    "leave_one_out_plot",
    "level_interaction",
    "literature",
    "load",
    "load_release",
    "log_log_plot",
    "logrank",
    "love_plot",
    "manhattan",
    "marker_page",
    "markers_table",
    "meta_regression",
    "meta_table",
    "minimum_detectable",
    "misclassified",
    "moved",
    "negative_control",
    "network",
    "node_split",
    "number_needed_to_treat",
    "obrien_fleming",
    "one_stage",
    "open_expression",
    "overlap",
    "parametric",
    "per_sd",
    "per_units",
    "pet_peese",
    "pictograph",
    "pool",
    "pool_dependent",
    "pool_outcomes",
    "power_curve",
    "printed_routes",
    "prior_needed",
    "prisma",
    "proportional_test",
    "pseudo_regression",
    "read_effects",
    "read_references",
    "read_revman",
    "reconstruct",
    "references",
    "references_text",
    "replicate",
    "report",
    "revman_bytes",
    "risk_difference",
    "risk_of_bias",
    "rmst",
    "rmtl",
    "robustness",
    "rubin",
    "save_figure",
    "scaled_schoenfeld",
    "schoenfeld_plot",
    "screen",
    "seen_together",
    "select",
    "selection_model",
    "sensitivity",
    "sequential",
    "shrink_screen",
    "side_by_side",
    "simulate",
    "small_study",
    "specification_curve",
    "spline",
    "standardise",
    "stepp",
    "studies",
    "subgroup_total",
    "subgroups",
    "summary_of_findings",
    "survival_panels",
    "survival_plot",
    "target_trial",
    "ten_ways",
    "time_split",
    "time_varying",
    "to_metafor",
    "traffic_light",
    "treatment_curve",
    "treatment_curve_plot",
    "trial_votes",
    "trim_and_fill",
    "validate_predict",
    "versions",
    "visual_abstract",
    "volcano",
    "vote_table",
    "ways_by_marker",
    "weighted_interaction",
    "weights",
    "with_continuous",
    "with_positions",
    "with_predict",
    "worst_case",
    "__version__",
]
