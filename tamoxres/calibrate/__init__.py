"""Is it calibrated? The estimators against patients and studies whose truth is known: bias, coverage, type I error.

Conventions: aims, data, estimands, methods and performance measures are reported as Morris, White and Crowther ask
(ADEMP): every measure has its Monte Carlo error. An estimator is judged where it should do well; where it is known not
to (a crude effect under confounding), the table says so, and shows by how much.

References
----------
Morris TP, White IR, Crowther MJ 2019, Stat Med 38:2074.
"""

from .performance import Calibration
from .run import calibration

__all__ = ["Calibration", "calibration"]
