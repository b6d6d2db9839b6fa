# Corrected score of Cox's model with a misclassified marker, written plainly: loops over events, root by nleqslv,
# sandwich from each patient's share of the score. Without errors of measurement it is coxph with Breslow's ties.
# Rscript make_misclassified_reference.R  (in this folder; reads ../absolute/absolute.csv)
suppressMessages({library(survival); library(nleqslv); library(jsonlite)})
d <- read.csv("../absolute/absolute.csv")
d$site <- ifelse(d$node >= 2, 2, 1)
n <- nrow(d)
x0 <- with(d, cbind(treated, 0, 0, age)); x1 <- with(d, cbind(treated, 1, treated, age))
weights <- function(se, sp) {
  a <- ifelse(d$marker == 1, sp, sp - 1) / (se + sp - 1)
  cbind(1 - a, a)
}
shares <- function(beta, se, sp, strata) {
  w <- weights(se, sp)
  r0 <- w[, 1] * exp(drop(x0 %*% beta)); r1 <- w[, 2] * exp(drop(x1 %*% beta))
  own <- w[, 1] * x0 + w[, 2] * x1
  out <- matrix(0, n, 4)
  for (i in which(d$event == 1)) {
    at <- which(d$time >= d$time[i] & strata == strata[i])
    s0 <- sum(r0[at] + r1[at])
    first <- r0[at] * x0[at, ] + r1[at] * x1[at, ]
    mean <- colSums(first) / s0
    out[i, ] <- out[i, ] + own[i, ] - mean
    out[at, ] <- out[at, ] - (first - outer(r0[at] + r1[at], mean)) / s0
  }
  out
}
solve_it <- function(se, sp, strata) nleqslv(rep(0, 4), function(b) colSums(shares(b, se, sp, strata)),
  method = "Newton", control = list(ftol = 1e-11, xtol = 1e-13, maxit = 200))$x
jacobian <- function(beta, se, sp, strata) sapply(1:4, function(j) {
  h <- replace(rep(0, 4), j, 1e-5)
  (colSums(shares(beta + h, se, sp, strata)) - colSums(shares(beta - h, se, sp, strata))) / 2e-5 })
sandwich <- function(beta, se, sp, strata) {
  u <- shares(beta, se, sp, strata) %*% solve(jacobian(beta, se, sp, strata))
  crossprod(u)
}
one <- rep(1, n)
case <- function(se, sp, strata) {
  b <- solve_it(se, sp, strata)
  h <- 1e-4
  list(coef = b, var = sandwich(b, se, sp, strata),
       slope_se = (solve_it(se + h, sp, strata) - solve_it(se - h, sp, strata)) / (2 * h),
       slope_sp = (solve_it(se, sp + h, strata) - solve_it(se, sp - h, strata)) / (2 * h))
}
plain <- coxph(Surv(time, event == 1) ~ treated * marker + age + strata(site), data = d, ties = "breslow", robust = TRUE,
               control = coxph.control(eps = 1e-14, toler.chol = 1e-16, iter.max = 100))
k <- c("treated", "marker", "treated:marker", "age")
write(toJSON(list(
  software = list(R = R.version.string, survival = as.character(packageVersion("survival")),
                  nleqslv = as.character(packageVersion("nleqslv"))),
  plain = list(coef = unname(coef(plain)[k]), var = unname(vcov(plain)[k, k])),
  corrected = case(0.92, 0.95, one), stratified = case(0.92, 0.95, d$site)),
  digits = 15, auto_unbox = TRUE, pretty = TRUE), "misclassified.json")
