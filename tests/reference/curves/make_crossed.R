# Survival and the log-rank test by two columns at once, for tests/test_crossed.py.
# Usage: Rscript make_crossed.R     (writes crossed.json beside this script; Debian: r-cran-survival r-cran-jsonlite)
suppressMessages({library(survival); library(jsonlite)})
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
fit <- survfit(Surv(rfstime, status) ~ meno + hormon, gbsg, conf.type = "log-log")
s <- summary(fit, times = c(365, 1095, 1826), extend = TRUE)
test <- survdiff(Surv(rfstime, status) ~ meno + hormon, gbsg)
out <- list(software = list(R = R.version.string, survival = as.character(packageVersion("survival"))),
  at = list(group = as.character(s$strata), days = s$time, n_risk = s$n.risk, survival = s$surv, se = s$std.err, low = s$lower, high = s$upper),
  logrank = list(chisq = test$chisq, df = length(test$n) - 1, n = as.integer(test$n)))
write_json(out, file.path(dirname(script), "crossed.json"), auto_unbox = TRUE, digits = NA, pretty = TRUE)
