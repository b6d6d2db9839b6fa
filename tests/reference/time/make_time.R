# Times that differ by rounding only, and treatment that starts after time zero. Run: Rscript make_time.R > time.json
# The data are written with the answers, so that nothing is drawn twice.
suppressMessages({library(survival); library(jsonlite)})
set.seed(20261201)
PER_MONTH <- 30.4375

near <- function(n, late) {
  days <- sample(200:900, n, replace = TRUE)
  months <- days / PER_MONTH * (1 + sample(c(0, 1e-10, -1e-10), n, replace = TRUE))
  entry <- if (late) ifelse(runif(n) < .5, pmax(sample(0:500, n, replace = TRUE), 0), 0) else rep(0, n)
  entry <- ifelse(entry < days - 1, entry, 0) / PER_MONTH * (1 + sample(c(0, 1e-10), n, replace = TRUE))
  d <- data.frame(months = months, entry = entry, event = rbinom(n, 1, .6), x = rbinom(n, 1, .4), age = round(rnorm(n, 60, 9), 1))
  y <- if (late) Surv(d$entry, d$months, d$event) else Surv(d$months, d$event)
  f <- coxph(y ~ x + age, d, control = coxph.control(eps = 1e-14, toler.chol = 1e-15))
  km <- survfit(y ~ 1, conf.type = "log-log")
  own <- function(t) { i <- which.min(abs(km$time - t)); if (abs(km$time[i] - t) < 1e-6) km$time[i] else t } # the time it is
  s <- summary(km, times = sapply(c(300, 450, 600) / PER_MONTH, own))
  list(data = d, coef = unname(coef(f)), se = unname(sqrt(diag(vcov(f)))),
       logrank = if (late) NULL else survdiff(y ~ x, d)$chisq,
       at = list(days = c(300, 450, 600), survival = s$surv, low = s$lower, high = s$upper, n_risk = s$n.risk))
}

moving <- function(n) {
  t <- rexp(n, 1 / 50); c <- runif(n, 10, 120); e <- as.integer(t <= c); t <- round(pmin(t, c) + 1, 0)
  start <- round(rexp(n, 1 / 25), 0)
  never <- runif(n) < .3
  begun <- !never & start < t        # a start at the end of follow-up, or after it, leaves the patient untreated
  d <- data.frame(id = 1:n, months = t, event = e, start = ifelse(never, NA, start), m = rbinom(n, 1, .4),
                  age = round(rnorm(n, 60, 9), 1), site = sample(c("a", "b", "c"), n, replace = TRUE))
  two <- do.call(rbind, lapply(seq_len(n), function(i) {
    r <- d[i, ]
    if (!begun[i] || r$start == 0) return(data.frame(r, t0 = 0, t1 = r$months, died = r$event, trt = as.integer(begun[i])))
    rbind(data.frame(r, t0 = 0, t1 = r$start, died = 0, trt = 0), data.frame(r, t0 = r$start, t1 = r$months, died = r$event, trt = 1))
  }))
  ctl <- coxph.control(eps = 1e-14, toler.chol = 1e-15)
  one <- function(f) list(coef = unname(coef(f)), se = unname(sqrt(diag(vcov(f)))), loglik = f$loglik[2])
  both <- coxph(Surv(t0, t1, died) ~ trt * m + age, two, control = ctl)
  apart <- coxph(Surv(t0, t1, died) ~ trt + m + age, two, control = ctl)
  list(data = d, treatment = one(coxph(Surv(t0, t1, died) ~ trt, two, control = ctl)),
       adjusted = one(coxph(Surv(t0, t1, died) ~ trt + age + strata(site), two, control = ctl)),
       marker = one(coxph(Surv(t0, t1, died) ~ m + trt, two, control = ctl)),
       interaction = c(one(both), list(lrt = 2 * (both$loglik[2] - apart$loglik[2]))),
       treated_only = one(coxph(Surv(start, months, event) ~ m, d[begun, ], control = ctl)),
       years_treated = sum((two$t1 - two$t0)[two$trt == 1]) / 12)
}

cat(toJSON(list(versions = list(R = R.version.string, survival = as.character(packageVersion("survival"))),
                near = lapply(c(FALSE, FALSE, TRUE, TRUE), function(late) near(80, late)), moving = lapply(c(150, 300), moving)),
           digits = I(17), auto_unbox = TRUE, null = "null", na = "null", dataframe = "columns"))
