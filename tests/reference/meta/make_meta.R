# Reference values for tests/test_meta*.py, computed with R's metafor from the data sets of its companion metadat.
# Usage: Rscript make_meta.R   (writes meta.json beside itself; Debian: r-cran-metafor r-cran-metadat r-cran-jsonlite)
# metafor's own stopping rules leave about 1e-8 (REML) to 1e-5 (PM) undone: every iteration is tightened.
suppressMessages({library(metafor); library(jsonlite)})
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(FALSE), value = TRUE)))
tight <- list(threshold = 1e-14, tol = 1e-14, maxiter = 10000)
METHODS <- c("FE", "DL", "REML", "ML", "PM", "HE", "SJ", "EB")

sets <- list(
  bcg = escalc("RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg),
  begg = dat.begg1989, linde = escalc("RR", ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat.linde2005),
  berkey = dat.berkey1998, hine = escalc("RD", ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat.hine1989),
  konst = dat.konstantopoulos2011)
measure <- c(bcg = "RR", begg = "other_difference", linde = "RR", berkey = "other_difference", hine = "RD",
             konst = "other_difference")

fit <- function(d, method, test = "z", ...) rma(yi, vi, data = d, method = method, test = test, control = tight, ...)
numbers <- function(m) list(estimate = as.numeric(m$beta), se = m$se, ci_low = m$ci.lb, ci_high = m$ci.ub, p = m$pval,
  tau2 = m$tau2, se_tau2 = m$se.tau2, q = m$QE, q_p = m$QEp, i2 = m$I2, h2 = m$H2)
fits <- function(d) { out <- list()
  for (method in METHODS) for (test in c("z", "knha", "adhoc")) {
    if (method == "FE" && test != "z") next
    out[[paste(method, test, sep = "_")]] <- numbers(suppressWarnings(fit(d, method, test))) }
  out }
# prediction intervals: predict() for z and hksj; k1 and hts from the Wald error, as in Higgins 2009
prediction <- function(d) { z <- fit(d, "REML"); hk <- fit(d, "REML", "knha"); k <- z$k
  wald <- function(df) as.numeric(z$beta) + c(-1, 1) * qt(.975, df) * sqrt(z$tau2 + z$se^2)
  p <- predict(z); ph <- predict(hk)
  list(z = c(p$pi.lb, p$pi.ub), hksj = c(ph$pi.lb, ph$pi.ub), k1 = wald(k - 1), hts = wald(k - 2)) }
interval <- function(d) { r <- confint(fit(d, "REML"), control = list(tol = 1e-14, maxiter = 10000))$random
  list(low = r["tau^2", "ci.lb"], high = r["tau^2", "ci.ub"]) }

out <- list(software = list(R = R.version.string, metafor = as.character(packageVersion("metafor")),
                            metadat = as.character(packageVersion("metadat"))))
for (name in names(sets)) { d <- sets[[name]]; d <- d[!is.na(d$yi), ]
  out[[name]] <- list(measure = measure[[name]], yi = as.numeric(d$yi), vi = as.numeric(d$vi), fits = fits(d),
                      tau2_interval = interval(d), prediction = prediction(d)) }
write_json(out, file.path(here, "meta.json"), auto_unbox = TRUE, digits = NA, pretty = TRUE, na = "null")
