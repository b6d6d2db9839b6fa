# Clone, censor, weight with coxph, glm and survfit on one row a clone and event time.
# Rscript make_target_trial_reference.R  (in this folder; writes target_trial.csv and target_trial.json)
suppressMessages({library(survival); library(jsonlite)})
tight <- coxph.control(eps = 1e-14, toler.chol = 1e-16, iter.max = 100)
set.seed(6)
n <- 150; grace <- 6
z <- round(rnorm(n), 3)
start <- round(rexp(n, 0.05 * exp(0.5 * z)), 2) + 0.01
time <- ceiling(pmin(rexp(n, 0.02 * exp(0.6 * z)), 60)); event <- as.numeric(time < 60) * (1 + (runif(n) < 0.2))
start[start >= time] <- Inf
d <- data.frame(id = 1:n, time, event, start, z)
write.csv(d, "target_trial.csv", row.names = FALSE, quote = FALSE)
times <- sort(unique(time[event > 0]))
answer <- function(contrast) {
  begun <- d$start < d$time; within <- begun & d$start <= grace
  leaves <- if (contrast == "per_protocol") begun else within
  end <- ifelse(leaves, d$start, d$time)
  m <- coxph(Surv(end, leaves) ~ z, data = d, ties = "breslow", control = tight)
  base <- basehaz(m, centered = FALSE)
  before <- function(t) { i <- which(base$time < t); if (length(i)) base$hazard[max(i)] else 0 }
  beyond <- d$time > grace
  g <- glm(within[beyond] ~ z[beyond], family = binomial, control = list(epsilon = 1e-15, maxit = 100))
  p <- rep(1, n); p[beyond] <- fitted(g)
  rows <- list()
  cuts <- c(0, times)
  for (k in seq_along(times)) for (arm in 0:1) {
    until <- if (arm == 0) end else ifelse(within | !beyond, d$time, grace)
    there <- d$time >= times[k] & until >= times[k]
    w <- if (arm == 0) exp(before(times[k]) * exp(coef(m) * d$z)) else if (times[k] > grace) 1 / p else rep(1, n)
    rows[[length(rows) + 1]] <- data.frame(id = d$id, arm, t0 = cuts[k], t1 = times[k], w,
      status = ifelse(d$time == times[k] & until >= d$time, d$event, 0))[there, ]
  }
  long <- do.call(rbind, rows)
  cox <- coxph(Surv(t0, t1, status == 1) ~ arm, data = long, weights = w, ties = "breslow", control = tight)
  risk <- sapply(0:1, function(a) {
    s <- 1; f <- 0
    for (t in times[times <= 36]) {
      own <- long[long$arm == a & long$t1 == t, ]
      y <- sum(own$w); f <- f + s * sum(own$w[own$status == 1]) / y; s <- s * (1 - sum(own$w[own$status > 0]) / y)
    }
    f
  })
  list(log_hr = unname(coef(cox)), risk36 = risk, rows = nrow(long), largest = max(long$w))
}
write(toJSON(list(software = list(R = R.version.string, survival = as.character(packageVersion("survival"))),
  grace = grace, per_protocol = answer("per_protocol"), as_started = answer("as_started")),
  digits = 15, auto_unbox = TRUE, pretty = TRUE), "target_trial.json")
