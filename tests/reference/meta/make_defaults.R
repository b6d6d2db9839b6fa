# Reference values of the pool's defaults: ad hoc Hartung-Knapp with its prediction interval for few studies, meta-regression
# without tau2, rank tests exact up to 100 studies, empty Q-profile sets. Usage: Rscript make_defaults.R (writes defaults.json)
# Needs Debian's r-cran-metafor r-cran-metadat r-cran-jsonlite. Iterations are tightened as in make_meta.R.
suppressMessages({library(metafor); library(jsonlite)})
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(FALSE), value = TRUE)))
tight <- list(threshold = 1e-14, tol = 1e-14, maxiter = 10000)
bcg <- escalc("RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
hine <- escalc("RD", ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat.hine1989)

# one standard error and df for P, every level and the prediction interval
fit <- function(y, v, test, level = 95) rma(y, v, method = "REML", test = test, level = level, control = tight)
limits <- function(m) { p <- predict(m); c(m$ci.lb, m$ci.ub, if (m$k > 2) c(p$pi.lb, p$pi.ub)) }
pooled <- function(y, v, test) { m <- fit(y, v, test)
  list(estimate = as.numeric(m$beta), se = m$se, p = m$pval, tau2 = m$tau2, level_95 = limits(m), level_90 = limits(fit(y, v, test, 90))) }
# bcg: heterogeneous; agreeing: estimates that differ less than chance allows, where plain Hartung-Knapp falls below Wald
agree <- list(yi = c(.10, .12, .08, .15, .11, .05, .13, .09, .14, .10), vi = c(.04, .09, .05, .16, .02, .08, .03, .07, .06, .05))
few <- lapply(list(bcg = list(yi = as.numeric(bcg$yi), vi = as.numeric(bcg$vi)), agreeing = agree), function(s) {
  names <- setNames(2:10, paste0("k", 2:10))
  list(yi = s$yi[1:10], vi = s$vi[1:10], fits = lapply(names, function(k) lapply(c(adhoc = "adhoc", hksj = "knha", z = "z"),
    function(test) suppressWarnings(pooled(s$yi[1:k], s$vi[1:k], test))))) })

regression <- function(d, mods) { m <- rma(yi, vi, data = d, method = "FE", mods = mods)
  list(beta = as.numeric(m$beta), se = m$se, q = m$QE, q_p = m$QEp, i2 = m$I2, h2 = m$H2, r2 = m$R2, qm = m$QM, qm_p = m$QMp) }
bcg$year2 <- bcg$year - 1948; hine$total <- (hine$n1i + hine$n2i) / 100
set.seed(20261130)
ranks <- lapply(setNames(nm = c("10", "49", "50", "60", "99", "100")), function(k) { k <- as.integer(k)
  v <- round(runif(k, .01, .5), 6); y <- round(rnorm(k, .6 * sqrt(v), sqrt(v)), 6); r <- ranktest(y, vi = v)
  list(yi = y, vi = v, tau = as.numeric(r$tau), p = r$pval) })
close <- list(yi = c(.10, .101, .102, .103, .104), vi = rep(.25, 5))
ci <- suppressMessages(confint(rma(close$yi, close$vi, control = tight)))
huge <- list(yi = c(18.5, .2, .3), vi = c(2850, .2, .25)^2)
out <- list(software = list(R = R.version.string, metafor = as.character(packageVersion("metafor")),
                            metadat = as.character(packageVersion("metadat"))),
  few = few, regression = list(ablat = regression(bcg, ~ ablat), ablat_year = regression(bcg, ~ ablat + year2)),
  hine_regression = c(list(total = hine$total), regression(hine, ~ total)), ranks = ranks, empty = c(close, list(null = ci$ci.null)),
  huge = list(without = lapply(c(adhoc = "adhoc", hksj = "knha"), function(t) suppressWarnings(pooled(huge$yi[-1], huge$vi[-1], t))),
              with = lapply(c(adhoc = "adhoc", hksj = "knha"), function(t) suppressWarnings(pooled(huge$yi, huge$vi, t)))))
write_json(out, file.path(here, "defaults.json"), auto_unbox = TRUE, digits = NA, pretty = TRUE, na = "null")
