# Age as the time scale: coxph of Surv(age at entry, age at exit) of survival's gbsg, months of 365.25/12 days.
# Rscript make_age_scale_reference.R  (in this folder)
suppressMessages({library(survival); library(jsonlite)})
tight <- coxph.control(eps = 1e-14, toler.chol = 1e-16, iter.max = 100)
d <- transform(gbsg, from = 12 * age, to = 12 * age + rfstime / (365.25 / 12))
fit <- function(f) { m <- coxph(f, d, control = tight); list(coef = unname(coef(m)), se = unname(sqrt(diag(vcov(m)))), loglik = m$loglik[2]) }
old <- transform(d, from = from + 12 * 60, to = to + 12 * 60)
m <- coxph(Surv(from, to, status) ~ hormon + nodes, old, control = tight)
write(toJSON(list(software = list(R = R.version.string, survival = as.character(packageVersion("survival"))),
  crude = fit(Surv(from, to, status) ~ hormon), adjusted = fit(Surv(from, to, status) ~ hormon + nodes + grade),
  stratified = fit(Surv(from, to, status) ~ hormon + nodes + strata(meno)), old = unname(coef(m))),
  digits = 15, auto_unbox = TRUE, pretty = TRUE), "age_scale.json")
