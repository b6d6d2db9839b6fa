"""How many events a randomised trial needs to see a ratio of hazard ratios.

Conventions: two arms, a marker with two levels, proportional hazards, few patients with an event relative to all or
events spread as the patients are: the variance of the log ratio is 1 / (D p (1 - p) a (1 - a)), with D events, p the
share of altered patients and a that of the treated.

References
----------
Peterson B, George SL 1993, Control Clin Trials 14:511. Schmoor C, Sauerbrei W, Schumacher M 2000, Stat Med 19:441.
"""

from __future__ import annotations

import math

from scipy.special import ndtri

from ..errors import AnalysisError

__all__ = ["events_for_ratio"]


def events_for_ratio(
    ratio: float, *, altered: float, treated: float = 0.5, power: float = 0.80, alpha: float = 0.05
) -> int:
    """Return the events that a two-sided test of a ratio of hazard ratios needs.

    Parameters
    ----------
    ratio : float
        Ratio of hazard ratios, altered over unaltered, other than 1.
    altered, treated : float
        Shares of altered and of treated patients among the events, between 0 and 1.
    power, alpha : float

    Returns
    -------
    int
        Events in all four groups together, rounded up.

    Raises
    ------
    AnalysisError
        If a share, power or alpha is not between 0 and 1, or the ratio is 1 or not above 0.

    Examples
    --------
    >>> events_for_ratio(1.5, altered=0.2)
    1194
    """
    for name, value in (("altered", altered), ("treated", treated), ("power", power), ("alpha", alpha)):
        if not 0 < value < 1:
            raise AnalysisError(f"{name} is {value:g}; it lies between 0 and 1.")
    if not (math.isfinite(ratio) and ratio > 0 and ratio != 1):
        raise AnalysisError(f"ratio is {ratio:g}; it is above 0 and not 1, such as 1.5.")
    z = -float(ndtri(alpha / 2)) + float(ndtri(power))
    spread = altered * (1 - altered) * treated * (1 - treated)
    return math.ceil((z / math.log(ratio)) ** 2 / spread)
