# Made by `make stub` from the table of lazy names in __init__.py; edit that.

from .analysis import AnalysisSet as AnalysisSet
from .analysis import select as select
from .analysis.landmark import landmark as landmark
from .answers.answer import Answer as Answer
from .answers.answer import ask as ask
from .answers.releases import diff as diff
from .answers.sensitivity import sensitivity as sensitivity
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
from .cohorts.overlap import declare_overlaps as declare_overlaps
from .cohorts.overlap import overlap as overlap
from .cohorts.sketch import init_mapping as init_mapping
from .effects import EffectEstimate as EffectEstimate
from .effects import effects_to_csv as effects_to_csv
from .effects import effects_to_frame as effects_to_frame
from .effects import effects_to_json as effects_to_json
from .effects import read_effects as read_effects
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
from .figures.albatross import albatross_plot as albatross_plot
from .figures.balance import love_plot as love_plot
from .figures.evidence_map import evidence_map as evidence_map
from .figures.flow_diagram import flow_diagram as flow_diagram
from .figures.forest import forest as forest
from .figures.funnel import funnel as funnel
from .figures.hazard_curve import hazard_curve as hazard_curve
from .figures.hazard_curve import treatment_curve_plot as treatment_curve_plot
from .figures.power_curve import power_curve as power_curve
from .figures.proportional import log_log_plot as log_log_plot
from .figures.proportional import schoenfeld_plot as schoenfeld_plot
from .figures.save import save_figure as save_figure
from .figures.survival import survival_plot as survival_plot
from .figures.volcano import manhattan as manhattan
from .figures.volcano import volcano as volcano
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
from .inference.verdict import Verdict as Verdict
from .markers.calling import call as call
from .markers.calling import concordance as concordance
from .markers.calling import markers_table as markers_table
from .markers.calling import with_continuous as with_continuous
from .meta.bayes import bayesian as bayesian
from .meta.bias import small_study as small_study
from .meta.certainty import Certainty as Certainty
from .meta.certainty import certainty as certainty
from .meta.comparable import Alike as Alike
from .meta.deft import deft as deft
from .meta.dependent import pool_dependent as pool_dependent
from .meta.iceman import iceman_table as iceman_table
from .meta.pool import PooledEffect as PooledEffect
from .meta.pool import pool as pool
from .meta.regression import meta_regression as meta_regression
from .meta.selection import selection_model as selection_model
from .meta.selection import trim_and_fill as trim_and_fill
from .meta.sensitivity import baujat as baujat
from .meta.sensitivity import cumulative as cumulative
from .meta.sensitivity import influence as influence
from .meta.sensitivity import leave_one_out as leave_one_out
from .meta.subgroups import subgroups as subgroups
from .meta.tables import meta_table as meta_table
from .meta.votes import combine_p as combine_p
from .meta.votes import vote_table as vote_table
from .models.absolute import absolute_effects as absolute_effects
from .models.additive import additive_interaction as additive_interaction
from .models.augmented import Nuisance as Nuisance
from .models.augmented import augmented_ipw as augmented_ipw
from .models.competing_interaction import competing_interaction as competing_interaction
from .models.cox import cox as cox
from .models.cutpoints import dichotomise as dichotomise
from .models.cutpoints import fitted_cut as fitted_cut
from .models.fine_gray import fine_gray as fine_gray
from .models.firth import firth as firth
from .models.imputation import impute as impute
from .models.incidence import cumulative_incidence as cumulative_incidence
from .models.incidence import gray_test as gray_test
from .models.interaction import interaction as interaction
from .models.logrank import logrank as logrank
from .models.one_stage import one_stage as one_stage
from .models.parametric import parametric as parametric
from .models.proportional import proportional_test as proportional_test
from .models.proportional import scaled_schoenfeld as scaled_schoenfeld
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
from .models.weights import weights as weights
from .question import Question as Question
from .reporting.build import report as report
from .reporting.claims import check_claims as check_claims
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
from .tables.table import Table as Table

__version__: str
__all__ = [
    "Alike",
    "AnalysisSet",
    "Answer",
    "BCFI",
    "BCSS",
    "Certainty",
    "Cohort",
    "DRFI",
    "DRFS",
    "EffectEstimate",
    "EffectRows",
    "IBCFS",
    "IDFS",
    "MarkerCall",
    "Nuisance",
    "OS",
    "PooledEffect",
    "Question",
    "RFI",
    "RFS",
    "ScreenOptions",
    "Source",
    "Study",
    "Table",
    "TamoxresError",
    "Truth",
    "Verdict",
    "absolute_effects",
    "additive_interaction",
    "adjust_p",
    "albatross_plot",
    "ask",
    "augmented_ipw",
    "baseline_table",
    "baujat",
    "bayesian",
    "calibration",
    "call",
    "catalogue",
    "certainty",
    "check",
    "check_claims",
    "check_extraction",
    "combine_p",
    "competing_interaction",
    "concordance",
    "contrast_table",
    "cox",
    "cumulative",
    "cumulative_incidence",
    "data_dictionary",
    "declare_overlaps",
    "deft",
    "derived_interactions",
    "design",
    "dichotomise",
    "diff",
    "e_value",
    "effects_table",
    "effects_to_csv",
    "effects_to_frame",
    "effects_to_json",
    "equivalence",
    "event_rates",
    "evidence_counts",
    "evidence_map",
    "family_table",
    "family_wise",
    "fetch",
    "fine_gray",
    "firth",
    "fitted_cut",
    "flow_diagram",
    "flow_table",
    "follow_up",
    "forest",
    "funnel",
    "gail_simon",
    "gene_set_table",
    "gray_test",
    "hazard_curve",
    "hazard_table",
    "iceman_table",
    "impute",
    "influence",
    "init_mapping",
    "interaction",
    "kaplan_meier",
    "landmark",
    "leave_one_out",
    "literature",
    "load",
    "load_release",
    "log_log_plot",
    "logrank",
    "love_plot",
    "manhattan",
    "markers_table",
    "meta_regression",
    "meta_table",
    "minimum_detectable",
    "number_needed_to_treat",
    "one_stage",
    "open_expression",
    "overlap",
    "parametric",
    "pool",
    "pool_dependent",
    "power_curve",
    "proportional_test",
    "read_effects",
    "replicate",
    "report",
    "risk_difference",
    "rmst",
    "rmtl",
    "rubin",
    "save_figure",
    "scaled_schoenfeld",
    "schoenfeld_plot",
    "screen",
    "seen_together",
    "select",
    "selection_model",
    "sensitivity",
    "shrink_screen",
    "side_by_side",
    "simulate",
    "small_study",
    "spline",
    "standardise",
    "stepp",
    "studies",
    "subgroups",
    "survival_plot",
    "target_trial",
    "time_split",
    "time_varying",
    "treatment_curve",
    "treatment_curve_plot",
    "trim_and_fill",
    "versions",
    "volcano",
    "vote_table",
    "weights",
    "with_continuous",
    "with_positions",
    "__version__",
]
