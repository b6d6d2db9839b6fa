# Step functions and quantiles as R reads them off a curve, for tests/test_curves.py.
# Usage: Rscript make_curves.R     (writes curves.json beside this script; Debian: r-cran-survival r-cran-jsonlite)
suppressMessages({library(survival); library(jsonlite)})
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
read <- function(time, event, at, probs, conf) {
  fit <- survfit(Surv(time, event) ~ 1, conf.type = conf)
  s <- summary(fit, times = at, extend = TRUE)
  q <- quantile(fit, probs)
  list(time = fit$time, n_risk = fit$n.risk, n_event = fit$n.event, n_censor = fit$n.censor, surv = fit$surv,
       se = fit$std.err * fit$surv, low = fit$lower, high = fit$upper,
       at = list(times = at, n_risk = s$n.risk, surv = s$surv, se = s$std.err, low = s$lower, high = s$upper),
       quantiles = list(probs = probs, estimate = unname(q$quantile), low = unname(q$lower), high = unname(q$upper)))
}
probs <- c(0.1, 0.25, 0.5, 0.75, 0.9)
cases <- list(
  aml = read(aml$time, aml$status, c(0, 5, 9, 13, 40, 161, 200), probs, "log-log"),
  flat_at_half = read(1:8, c(1, 1, 1, 1, 0, 0, 1, 0), c(0, 4, 4.5, 7, 9), probs, "log"),
  flat_to_the_end = read(1:4, c(1, 1, 0, 0), c(0.5, 1, 3, 4, 5), probs, "plain"),
  nobody_fails = read(1:3, c(0, 0, 0), c(0, 2, 3), probs, "log-log"))
out <- list(software = list(R = R.version.string, survival = as.character(packageVersion("survival"))), cases = cases)
write_json(out, file.path(dirname(script), "curves.json"), auto_unbox = TRUE, digits = NA, pretty = TRUE, na = "null")
