# Reference values for tests/test_missing_results.py and tests/test_gosh.py, computed with R's metafor (and lm) from the
# data sets of its companion metadat.
# Usage: Rscript make_bias.R   (writes bias.json beside itself)
# Needs Debian's r-cran-metafor r-cran-metadat r-cran-jsonlite.
suppressMessages({library(metafor); library(jsonlite)})
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(FALSE), value = TRUE)))
tight <- list(threshold = 1e-14, tol = 1e-14, maxiter = 10000)
sets <- list(
  bcg = escalc("RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg), begg = dat.begg1989,
  linde = escalc("RR", ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat.linde2005),
  hine = escalc("RD", ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat.hine1989), konst = dat.konstantopoulos2011)
sets <- lapply(sets, function(d) d[!is.na(d$yi), ])
fit <- function(d, method = "REML") rma(yi, vi, data = d, method = method, control = tight)

steps_model <- function(d, steps, alternative) {
  best <- NULL
  for (way in list(list(optimizer = "optim", optmethod = "Nelder-Mead", reltol = 1e-16, maxit = 20000),
                   list(optimizer = "optim", optmethod = "BFGS", reltol = 1e-16, maxit = 5000), list(optimizer = "nlminb"))) {
    m <- tryCatch(selmodel(fit(d, "ML"), type = "stepfun", steps = steps, alternative = alternative, control = way),
                  error = function(e) NULL)
    if (!is.null(m) && (is.null(best) || logLik(m) > logLik(best))) best <- m
  }
  list(steps = steps, alternative = alternative, estimate = as.numeric(best$beta), se = best$se, tau2 = best$tau2,
       ratios = best$delta[-1], ratio_ses = best$se.delta[-1], lrt = best$LRT, lrt_p = best$LRTp) }

line <- function(d, x) { s <- summary(lm(d$yi ~ x, weights = 1 / d$vi))$coefficients
  ci <- confint(lm(d$yi ~ x, weights = 1 / d$vi))
  list(estimate = s[1, 1], se = s[1, 2], p = s[1, 4], low = ci[1, 1], high = ci[1, 2], slope = s[2, 1], slope_p = s[2, 4]) }
worst <- function(d) { m <- fit(d); side <- sign(as.numeric(m$beta))
  affirmative <- side * d$yi / sqrt(d$vi) > qnorm(.975)
  rest <- fit(d[!affirmative, ])
  sigma <- sqrt(d$vi + m$tau2); k <- nrow(d)
  bound <- function(miss) (k + miss) / k * dnorm(qnorm(k / (k + miss))) * sum(1 / sigma) / sum(1 / sigma^2)
  list(affirmative = sum(affirmative), estimate = as.numeric(rest$beta), se = rest$se, tau2 = rest$tau2, p = rest$pval,
       missing = c(1, 2, 5, 10, 20, k), bounds = sapply(c(1, 2, 5, 10, 20, k), bound)) }
subsets <- function(d, method, all) { g <- gosh(fit(d, method), progbar = FALSE)
  r <- g$res; incl <- g$incl
  r$tau2 <- if (is.null(r$tau2)) 0 else r$tau2
  r <- r[order(apply(incl, 1, function(z) sum(2^(which(z) - 1)))), ]
  if (all) return(list(estimate = r$estimate, i2 = r$I2, q = r$QE, tau2 = r$tau2))
  list(k = nrow(r), mean = mean(r$estimate), quantiles = as.numeric(quantile(r$estimate, c(0, .025, .5, .975, 1))), i2 = mean(r$I2)) }

out <- list(versions = list(R = R.version.string, metafor = as.character(packageVersion("metafor")),
                            metadat = as.character(packageVersion("metadat"))))
out$steps <- list(
  c(list(name = "linde"), steps_model(sets$linde, c(.025, .5), "greater")),
  c(list(name = "konst"), steps_model(sets$konst, c(.025, .5), "greater")),
  c(list(name = "linde"), steps_model(sets$linde, c(.001, .025, .3), "greater")),
  c(list(name = "bcg"), steps_model(sets$bcg, c(.025, .3), "less")))
for (name in c("bcg", "begg", "linde", "konst"))
  out[[name]] <- list(pet = line(sets[[name]], sqrt(sets[[name]]$vi)), peese = line(sets[[name]], sets[[name]]$vi))
for (name in c("bcg", "linde", "konst", "hine")) out[[name]]$worst <- worst(sets[[name]])
out$hine$gosh <- list(reml = subsets(sets$hine, "REML", TRUE), common = subsets(sets$hine, "FE", TRUE))
out$bcg$gosh <- list(reml = subsets(sets$bcg, "REML", FALSE), common = subsets(sets$bcg, "FE", FALSE))
write_json(out, file.path(here, "bias.json"), digits = NA, auto_unbox = TRUE, pretty = TRUE)
