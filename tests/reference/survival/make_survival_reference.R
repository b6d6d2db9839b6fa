# R's answers for tests/test_survival.py, test_logrank.py and test_incidence.py, and the small public data sets they use.
# Usage: Rscript make_survival_reference.R REFERENCE_FOLDER   (tests/reference)
# Needs survival, cmprsk, jsonlite (Debian: r-cran-survival r-cran-cmprsk r-cran-jsonlite).
suppressMessages({library(survival); library(cmprsk); library(jsonlite)})
root <- commandArgs(TRUE)[1]
data <- function(name, d) write.csv(d, file.path(root, "data", paste0(name, ".csv")), row.names = FALSE, na = "")
data("lung", lung); data("veteran", veteran); data("heart", heart); data("mgus2", mgus2)
data("ovarian", ovarian); data("pbc", pbc[1:312, c("id", "time", "status", "trt", "age", "sex", "edema", "bili", "albumin", "protime", "stage")])
g <- gbsg; r <- rotterdam
r$rfs <- pmax(r$recur, r$death); r$rfstime <- with(r, ifelse(recur == 1, rtime, dtime))
r$status <- with(r, ifelse(recur == 1, 1, ifelse(death == 1, 2, 0)))
m <- mgus2; m$etime <- with(m, ifelse(pstat == 0, futime, ptime)); m$status <- with(m, ifelse(pstat == 1, 1, 2 * death))
m$entry <- m$age * 12; m$exit <- m$entry + m$etime; m <- m[m$exit > m$entry, ]

km <- function(formula, d, times) {
  out <- lapply(c("log-log", "log", "plain"), function(type) {
    f <- survfit(formula, data = d, conf.type = type); s <- summary(f, times = times, extend = TRUE)
    q <- quantile(f, 0.5)
    list(group = as.character(s$strata), time = s$time, survival = s$surv, se = s$std.err, ci_low = s$lower, ci_high = s$upper,
         n_risk = s$n.risk, median = unname(q$quantile), median_low = unname(q$lower), median_high = unname(q$upper)) })
  setNames(out, c("log-log", "log", "plain"))
}
follow <- function(time, censored) { q <- quantile(survfit(Surv(time, censored) ~ 1, conf.type = "log-log"), 0.5)
  list(median = unname(q$quantile), ci_low = unname(q$lower), ci_high = unname(q$upper)) }
lr <- function(s, df) list(statistic = s$chisq, df = df, p = pchisq(s$chisq, df, lower.tail = FALSE),
  observed = if (is.matrix(s$obs)) rowSums(s$obs) else unname(s$obs), expected = if (is.matrix(s$exp)) rowSums(s$exp) else unname(s$exp))
weighted <- function(time, event, group, weigh) { # two groups, straight from the definition
  O <- E <- V <- 0; S <- 1; P <- 1
  for (t in sort(unique(time[event == 1]))) {
    n <- sum(time >= t); n1 <- sum(time >= t & group == 1); d <- sum(time == t & event == 1); d1 <- sum(time == t & event == 1 & group == 1)
    P <- P * (1 - d / (n + 1)); w <- weigh(S, P, n)
    O <- O + w * d1; E <- E + w * d * n1 / n; if (n > 1) V <- V + w^2 * d * (n1 / n) * (1 - n1 / n) * (n - d) / (n - 1)
    S <- S * (1 - d / n) }
  list(statistic = (O - E)^2 / V, observed = O, expected = E) }
ci <- function(time, status, group, times, strata = NULL) {
  f <- if (is.null(strata)) cuminc(time, status, group, cencode = 0) else cuminc(time, status, group, strata, cencode = 0)
  tp <- timepoints(f, times)
  list(name = rownames(tp$est), times = times, estimate = unname(tp$est), variance = unname(tp$var),
       statistic = unname(f$Tests[, "stat"]), df = unname(f$Tests[, "df"]), p = unname(f$Tests[, "pv"])) }
exact <- function(formula, d) list(statistic = coxph(formula, data = d, ties = "exact")$score) # its score test is the log-rank test
multistate <- function(formula, d, times) { s <- summary(survfit(formula, data = d, id = id), times = times, extend = TRUE)
  list(times = times, pstate = unname(s$pstate)) }

l <- lung[!is.na(lung$ph.ecog), ]
ref <- list(
  software = list(R = R.version.string, survival = as.character(packageVersion("survival")), cmprsk = as.character(packageVersion("cmprsk"))),
  km = list(lung = km(Surv(time, status == 2) ~ sex, lung, c(5, 100, 365, 700, 1100)), gbsg = km(Surv(rfstime, status) ~ hormon, g, c(365, 1000, 1826.25, 2600)),
    rotterdam = km(Surv(rfstime, rfs) ~ hormon, r, c(365.25, 1826.25, 3652.5)), veteran = km(Surv(time, status) ~ celltype, veteran, c(10, 50, 100, 300)),
    heart = km(Surv(start, stop, event) ~ transplant, heart, c(10, 100, 500, 1500)), mgus2 = km(Surv(entry, exit, status > 0) ~ sex, m, c(720, 840, 960))),
  follow_up = list(gbsg = follow(g$rfstime, g$status == 0), lung = follow(lung$time, lung$status == 1), rotterdam = follow(r$dtime, r$death == 0)),
  logrank = list(
    lung = lr(survdiff(Surv(time, status == 2) ~ sex, lung), 1), lung_stratified = lr(survdiff(Surv(time, status == 2) ~ sex + strata(ph.ecog), l), 1),
    lung_rho1 = lr(survdiff(Surv(time, status == 2) ~ sex, lung, rho = 1), 1), lung_rho1_stratified = lr(survdiff(Surv(time, status == 2) ~ sex + strata(ph.ecog), l, rho = 1), 1),
    veteran = lr(survdiff(Surv(time, status) ~ celltype, veteran), 3), veteran_stratified = lr(survdiff(Surv(time, status) ~ celltype + strata(trt), veteran), 3),
    gbsg = lr(survdiff(Surv(rfstime, status) ~ hormon, g), 1), rotterdam = lr(survdiff(Surv(rfstime, rfs) ~ hormon, r), 1),
    lung_0_1 = weighted(lung$time, lung$status == 2, lung$sex == 2, function(S, P, n) 1 - S),
    lung_1_1 = weighted(lung$time, lung$status == 2, lung$sex == 2, function(S, P, n) S * (1 - S)),
    lung_peto = weighted(lung$time, lung$status == 2, lung$sex == 2, function(S, P, n) P),
    lung_gehan = weighted(lung$time, lung$status == 2, lung$sex == 2, function(S, P, n) n),
    lung_tarone = weighted(lung$time, lung$status == 2, lung$sex == 2, function(S, P, n) sqrt(n)),
    heart = exact(Surv(start, stop, event) ~ transplant, heart)),
  incidence = list(mgus2 = ci(m$etime, m$status, m$sex, c(12, 120, 240)), rotterdam = ci(r$rfstime, r$status, r$hormon, c(1826.25, 3652.5)),
    rotterdam_size = ci(r$rfstime, r$status, r$size, c(1826.25, 3652.5)), rotterdam_strata = ci(r$rfstime, r$status, r$hormon, c(1826.25), strata = r$meno),
    mgus2_truncated = multistate(Surv(entry, exit, factor(status)) ~ 1, m, c(600, 720, 840, 960))))
write_json(ref, file.path(root, "survival", "survival.json"), auto_unbox = TRUE, digits = NA, pretty = TRUE, na = "null")
