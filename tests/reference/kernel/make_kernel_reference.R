# R's answers for tests/test_kernel.py, computed to full convergence.
# Usage: Rscript make_kernel_reference.R ROTTERDAM.csv OUT.json   (needs survival, jsonlite; Debian: r-cran-survival r-cran-jsonlite)
suppressMessages({library(survival); library(jsonlite)})
a <- commandArgs(TRUE)
tight <- coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 100)
rott <- read.csv(a[1])
rott$rfs <- pmax(rott$recur, rott$death)
rott$rfstime <- with(rott, ifelse(recur == 1, rtime, dtime))
rott$lognodes <- log(rott$nodes + 1)

answer <- function(f, robust = FALSE) {
  out <- list(coef = unname(coef(f)), vcov = unname(if (is.null(f$naive.var)) vcov(f) else f$naive.var),
              loglik = f$loglik, n = f$n, events = f$nevent)
  if (robust) out$robust <- unname(vcov(f))
  out
}
zph <- function(f) lapply(list(km = "km", rank = "rank", log = "log", identity = "identity"), function(tr) {
  z <- cox.zph(f, transform = tr)$table; list(terms = rownames(z), chisq = unname(z[, "chisq"]), df = unname(z[, "df"])) })
full <- function(f, data, ...) { # small data: every residual and the baseline hazard
  base <- basehaz(f, centered = FALSE)
  c(answer(f), list(data = data, martingale = unname(residuals(f, "martingale")), score = unname(as.matrix(residuals(f, "score"))),
    dfbeta = unname(as.matrix(residuals(f, "dfbeta"))), schoenfeld = unname(as.matrix(residuals(f, "schoenfeld"))),
    hazard_time = base$time, hazard = base$hazard, ...)) }

ref <- list(software = list(R = R.version.string, survival = as.character(packageVersion("survival"))))
fit <- function(f, data, ...) do.call(coxph, list(f, data = data, control = tight, model = TRUE, x = TRUE, y = TRUE, ...))
f_efron   <- fit(Surv(rfstime, rfs) ~ hormon + age + grade + lognodes, data = rott)
f_breslow <- fit(Surv(rfstime, rfs) ~ hormon + age + grade + lognodes, data = rott, ties = "breslow")
f_inter   <- fit(Surv(rfstime, rfs) ~ hormon + age + grade + lognodes + I(pgr >= 10) + hormon:I(pgr >= 10), data = rott)
f_strata  <- fit(Surv(rfstime, rfs) ~ hormon + age + lognodes + strata(grade, meno), data = rott)
f_robust  <- fit(Surv(rfstime, rfs) ~ hormon + age, data = rott, weights = ifelse(rott$hormon == 1, 2, 0.5), robust = TRUE)
f_cluster <- fit(Surv(rfstime, rfs) ~ hormon + age, data = rott, weights = ifelse(rott$hormon == 1, 2, 0.5), cluster = rott$year)
rott$start <- rott$age * 5
late <- subset(rott, rfstime > start)
f_trunc <- fit(Surv(start, rfstime, rfs) ~ hormon + age + lognodes + strata(meno), data = late)
f_offset <- fit(Surv(rfstime, rfs) ~ hormon + age + offset(0.3 * lognodes), data = rott)
ref$rotterdam <- list(efron = c(answer(f_efron), list(zph = zph(f_efron))), breslow = c(answer(f_breslow), list(zph = zph(f_breslow))),
  interaction = answer(f_inter), stratified = c(answer(f_strata), list(zph = zph(f_strata))), offset = answer(f_offset),
  weighted = c(answer(f_robust, TRUE), list(zph = zph(f_robust))), clustered = answer(f_cluster, TRUE),
  truncated = c(answer(f_trunc), list(zph = zph(f_trunc))))

ref$gbsg <- local({
  d <- gbsg; m <- model.matrix(~ hormon + age + meno + size + factor(grade) + nodes + pgr + er, d)[, -1]
  f <- fit(Surv(rfstime, status) ~ hormon + age + meno + size + factor(grade) + nodes + pgr + er, data = d)
  c(answer(f), list(time = d$rfstime, event = d$status, x = unname(m), zph = zph(f))) })
heart_data <- with(heart, list(start = start, stop = stop, event = event, id = id, x = unname(cbind(age, year, surgery, transplant == "1"))))
f_heart <- function(...) fit(Surv(start, stop, event) ~ age + year + surgery + transplant, data = heart, ...)
h <- f_heart(); hc <- f_heart(cluster = heart$id)
ref$heart <- list(efron = c(full(h, heart_data), list(zph = zph(h), robust = unname(vcov(hc)))),
                  breslow = full(f_heart(ties = "breslow"), NULL))
# two strata, tied events and censorings, weights: every rule at once
tiny <- data.frame(time = c(1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6), event = c(1, 1, 0, 1, 1, 0, 1, 1, 1, 1, 0, 1),
  x = c(2, 0, 1, 1, 3, 1, 1, 0.5, 0, 2, 2, 1), z = c(0, 1, 1, 0, 0, 1, 0, 1, 1, 0, 1, 0), w = c(1, 2, 3, 1.5, 2, 1, 0.5, 3, 1, 2, 1, 1),
  s = c(1, 1, 2, 1, 1, 2, 2, 1, 1, 2, 2, 2))
both <- function(f, ...) list(efron = full(fit(f, data = tiny, ...), tiny), breslow = full(fit(f, data = tiny, ties = "breslow", ...), tiny))
ref$tiny <- list(plain = both(Surv(time, event) ~ x + z), weighted = both(Surv(time, event) ~ x + z, weights = tiny$w),
                 stratified = both(Surv(time, event) ~ x + strata(s), weights = tiny$w))
write_json(ref, a[2], auto_unbox = TRUE, digits = NA)
