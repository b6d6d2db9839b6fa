# Products by cmprsk::crr; strata by finegray and weighted coxph; cause-specific products by coxph.
# Rscript make_competing_interaction_reference.R  (in this folder; reads ../absolute/absolute.csv)
suppressMessages({library(survival); library(cmprsk); library(jsonlite)})
tight <- coxph.control(eps = 1e-14, toler.chol = 1e-16, iter.max = 100)
d <- read.csv("../absolute/absolute.csv")
d$site <- ifelse(d$node >= 2, "b", "a")
x <- with(d, cbind(treated, marker, treated * marker, age))
m <- crr(d$time, d$event, x, failcode = 1, cencode = 0, gtol = 1e-13, maxiter = 100)
d$status <- factor(d$event, 0:2, c("censored", "cause", "other"))
fg <- finegray(Surv(time, status) ~ treated + marker + age + site + strata(site), data = d, etype = "cause")
s <- coxph(Surv(fgstart, fgstop, fgstatus) ~ treated * marker + age + strata(site), data = fg, weights = fgwt,
           ties = "breslow", control = tight)
cs <- function(k) { f <- coxph(Surv(time, event == k) ~ treated * marker + age + strata(site), data = d, control = tight)
  c(unname(coef(f)["treated:marker"]), sqrt(vcov(f)["treated:marker", "treated:marker"])) }
write(toJSON(list(
  software = list(R = R.version.string, survival = as.character(packageVersion("survival")),
                  cmprsk = as.character(packageVersion("cmprsk"))),
  crr = list(coef = unname(m$coef), var = m$var),
  strata = list(coef = unname(coef(s)[c("treated", "marker", "treated:marker", "age")]), loglik = s$loglik[2]),
  cause = cs(1), other = cs(2)), digits = 15, auto_unbox = TRUE, pretty = TRUE), "competing_interaction.json")
