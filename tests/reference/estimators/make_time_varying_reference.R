# R's answers for tests/test_time_varying.py: coxph on survSplit rows with a product of the focus and Harrell's basis of
# log time, and the same model by tt(). Times are days (gbsg, veteran); curves do not depend on the unit.
# Usage: Rscript make_time_varying_reference.R OUT.json
suppressMessages({library(survival); library(jsonlite)})
tight <- coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 100)
rcs <- function(x, t) { k <- length(t); p <- function(u) pmax(u, 0)^3
  cbind(x, matrix(nrow = length(x), sapply(1:(k - 2), function(j) (p(x - t[j]) - p(x - t[k - 1]) * (t[k] - t[j]) / (t[k] - t[k - 1]) + p(x - t[k]) * (t[k - 1] - t[j]) / (t[k] - t[k - 1])) / (t[k] - t[1])^2))) }
answer <- function(f, f0, knots, at) { k <- seq_len(length(knots))  # focus and k - 1 columns of the basis, first in the model
  D <- cbind(1, rcs(log(at), log(knots)))
  list(knots = unname(knots), at = at, log_hr = as.numeric(D %*% coef(f)[k]), se = sqrt(diag(D %*% vcov(f)[k, k] %*% t(D))),
    lrt = 2 * (f$loglik[2] - f0$loglik[2]), constant = unname(c(coef(f0)[1], sqrt(vcov(f0)[1, 1])))) }
split <- function(d, rest, knots, at) { s <- survSplit(Surv(time, event) ~ ., d, cut = unique(d$time[d$event == 1]))
  s$product <- s$z * rcs(log(s$time), log(knots))
  answer(coxph(as.formula(paste("Surv(tstart, time, event) ~ z + product", rest)), s, control = tight),
         coxph(as.formula(paste("Surv(time, event) ~ z", rest)), d, control = tight), knots, at) }
by_tt <- function(d, rest, knots, at) answer(
  coxph(as.formula(paste("Surv(time, event) ~ z + tt(z)", rest)), d, control = tight, tt = function(x, t, ...) x * rcs(log(t), log(knots))),
  coxph(as.formula(paste("Surv(time, event) ~ z", rest)), d, control = tight), knots, at)
g <- with(gbsg, data.frame(time = rfstime, event = status, z = hormon, age, nodes, meno))
v <- with(veteran, data.frame(time, event = status, z = trt - 1, karno, celltype))
q <- function(d, p) unname(quantile(d$time[d$event == 1], p))
late <- transform(v, from = ifelse(seq_along(time) %% 3 == 0, time / 4, 0))  # delayed entry
delayed <- { s <- survSplit(Surv(from, time, event) ~ ., late, cut = unique(late$time[late$event == 1]), start = "from", end = "time")
  k <- q(v, c(.1, .5, .9)); s$product <- s$z * rcs(log(s$time), log(k))
  answer(coxph(Surv(from, time, event) ~ z + product, s, control = tight), coxph(Surv(from, time, event) ~ z, late, control = tight), k, c(20, 80, 200)) }
ref <- list(software = list(R = R.version.string, survival = as.character(packageVersion("survival"))),
  gbsg = split(g, "", q(g, c(.1, .5, .9)), c(180, 365, 730, 1461, 2000)),
  gbsg_adjusted = by_tt(g, "+ age + nodes + strata(meno)", q(g, c(.05, .35, .65, .95)), c(180, 730, 1461)),
  gbsg_named = by_tt(g, "", c(300, 700, 1500), c(365, 1461)),
  veteran = split(v, "+ karno", q(v, c(.05, .275, .5, .725, .95)), c(10, 30, 90, 300)), delayed = delayed)
write_json(ref, commandArgs(TRUE)[1], auto_unbox = TRUE, digits = NA, pretty = TRUE)
