"""A pooled effect as a script for R's metafor that gives the same numbers.

Conventions: estimates and errors stand in the script in full, on the analysis scale; iterations are tightened to those
used here. The script needs R and metafor alone, and prints one number a line: name, a blank, value.
"""

from __future__ import annotations

import json

from .pooled import PooledEffect

__all__ = ["to_metafor"]

_METHODS = {
    "common": "EE", "dl": "DL", "reml": "REML", "ml": "ML", "pm": "PM", "he": "HE", "sj": "SJ", "eb": "EB",
}  # fmt: skip
_TESTS = {"adhoc": "adhoc", "hksj": "knha", "z": "z"}
_PREDICTION = {  # standard error and quantile of each rule, in R
    "hts": ("wald$se", "qt(alpha, df = fit$k - 2, lower.tail = FALSE)"),
    "z": ("wald$se", "qnorm(alpha, lower.tail = FALSE)"),
    "k1": ("wald$se", "qt(alpha, df = fit$k - 1, lower.tail = FALSE)"),
    "hksj": ("knapp$se", "qt(alpha, df = fit$k - 1, lower.tail = FALSE)"),
}


def to_metafor(pooled: PooledEffect) -> str:
    """Write a pooled effect as an R script: the same rows, methods and numbers, by metafor.

    Parameters
    ----------
    pooled : PooledEffect

    Returns
    -------
    str
        An R script; run it with `Rscript`. It prints estimate, limits, standard error, P, tau2 with its Q-profile
        interval, Q, H2, I2 (by tau2; of a common effect by Q) and the prediction interval; ratios as such.

    References
    ----------
    Viechtbauer W 2010, doi:10.18637/jss.v036.i03.

    Examples
    --------
    >>> from tamoxres.effects import EffectEstimate
    >>> from tamoxres.meta.pool import pool
    >>> rows = [EffectEstimate(study=name, log_estimate=y, se=0.2) for name, y in (("A", 0.1), ("B", 0.4), ("C", 0.3))]
    >>> print(to_metafor(pool(rows)).splitlines()[6])
    fit <- rma(yi, vi = sei^2, method = "REML", test = "adhoc", level = 95.0, control = tight)
    """
    random = pooled.tau2_method != "common"
    asked = " ".join(filter(None, (pooled.marker, pooled.endpoint, pooled.estimand, pooled.measure)))
    lines = [
        f"# {asked}: written by tamoxres",
        "suppressPackageStartupMessages(library(metafor))",
        f"study <- c({', '.join(json.dumps(row.label, ensure_ascii=False) for row in pooled.effects)})",
        f"yi <- c({', '.join(repr(row.point) for row in pooled.effects)})",
        f"sei <- c({', '.join(repr(row.se) for row in pooled.effects)})",
        "tight <- list(threshold = 1e-14, maxiter = 10000, tol = 1e-14)" if random else "tight <- list()",
        _fit(pooled, "fit", _TESTS[pooled.ci_method]),
        f"shown <- function(x) {'exp(x)' if pooled.is_ratio else 'x'}",
        'say <- function(name, x) cat(name, format(unname(x), digits = 17), "\\n")',
        'say("k", fit$k); say("estimate", shown(fit$beta[1])); say("ci_low", shown(fit$ci.lb))',
        'say("ci_high", shown(fit$ci.ub)); say("se", fit$se); say("p_value", fit$pval); say("tau2", fit$tau2)',
        'say("q", fit$QE); say("q_p", fit$QEp); say("h2", fit$H2)',
        f'say("{"i2_tau2" if random else "i2_q"}", fit$I2)',
        *(_spread(pooled) if random else []),
    ]
    return "\n".join(lines) + "\n"


def _fit(pooled: PooledEffect, name: str, test: str) -> str:
    method = _METHODS[pooled.tau2_method]
    return (
        f'{name} <- rma(yi, vi = sei^2, method = "{method}", test = "{test}", level = {100 * pooled.level!r}, '
        "control = tight)"
    )


def _spread(pooled: PooledEffect) -> list[str]:
    """Write the interval of tau2 and the prediction interval by its rule."""
    out = []
    if pooled.tau2_ci_low is not None:
        out += [
            "profile <- confint(fit, control = list(tol = 1e-14, maxiter = 10000, tau2.max = 1e4))$random",
            'say("tau2_ci_low", profile["tau^2", "ci.lb"]); say("tau2_ci_high", profile["tau^2", "ci.ub"])',
        ]
    if pooled.prediction is None:
        return out
    if pooled.prediction_rule == "same":
        out.append("new <- predict(fit); ends <- c(new$pi.lb, new$pi.ub)")
    else:
        se, quantile = _PREDICTION[pooled.prediction_rule]
        out += [
            f"alpha <- {(1 - pooled.level) / 2!r}",
            _fit(pooled, "wald", "z") if se.startswith("wald") else _fit(pooled, "knapp", "knha"),
            f"ends <- fit$beta[1] + c(-1, 1) * {quantile} * sqrt(fit$tau2 + {se}^2)",
        ]
    return [*out, 'say("prediction_low", shown(ends[1])); say("prediction_high", shown(ends[2]))']
