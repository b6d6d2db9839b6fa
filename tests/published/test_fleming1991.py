"""Fleming TR, Harrington DP 1991, Counting Processes and Survival Analysis, chapter 4: the Mayo PBC model.

312 patients of the trial, 125 deaths. Breslow's rule for ties; with Efron's the coefficients move by up to 0.007.
"""

from __future__ import annotations

import numpy as np
import pytest
from public_data import frame

from tamoxres.kernel.cox import CoxOptions, fit_cox


def test_final_model():
    """Age, oedema, log bilirubin and log prothrombin time: coefficients and standard errors as printed."""
    p = frame("pbc")
    x = np.column_stack([p["age"], p["edema"], np.log(p["bili"]), np.log(p["protime"]), np.log(p["albumin"])])
    event = (p["status"] == 2).to_numpy(int)
    fitted = fit_cox(p["time"].to_numpy(float), event, x, options=CoxOptions(ties="breslow"))
    assert (fitted.n, fitted.n_events) == (312, 125)
    assert fitted.coefficients[:4] == pytest.approx([0.0333, 0.7847, 0.8792, 3.0157], abs=6e-5)
    assert fitted.se == pytest.approx([0.00866, 0.2991, 0.0987, 1.0238, 0.7241], abs=6e-5)
