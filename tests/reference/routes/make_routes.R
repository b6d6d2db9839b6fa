# Routes from printed numbers to a log hazard ratio and its standard error, on the data sets of R's survival package:
# the log-rank statistic with its variance, its P with the events, the Wald interval at three levels, the Kaplan-Meier
# curves with numbers at risk (Williamson 2002), two strata. Run: Rscript make_routes.R > routes.json
suppressPackageStartupMessages({ library(survival); library(jsonlite) })
options(digits = 17)
tight <- coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 100)

one <- function(name, time, event, group, cuts) {
  keep <- complete.cases(time, event, group)
  d <- data.frame(time = time[keep], event = event[keep], group = as.integer(factor(group[keep])) - 1L)
  fit <- coxph(Surv(time, event) ~ group, data = d, control = tight)
  b <- unname(coef(fit)); se <- unname(sqrt(vcov(fit)[1, 1]))
  lr <- survdiff(Surv(time, event) ~ group, data = d)
  oe <- unname(lr$obs[2] - lr$exp[2]); v <- unname(lr$var[2, 2])
  p_lr <- pchisq(lr$chisq, 1, lower.tail = FALSE)
  o1 <- sum(d$event[d$group == 1]); o0 <- sum(d$event[d$group == 0])
  n1 <- sum(d$group == 1); n0 <- sum(d$group == 0)
  out <- list(name = name, n_1 = n1, n_0 = n0, events_1 = o1, events_0 = o0, log_hr = b, se = se,
              p_wald = 2 * pnorm(-abs(b / se)), o_minus_e = oe, variance = v, logrank_p = p_lr)
  for (level in c(0.90, 0.95, 0.99)) {
    z <- qnorm((1 + level) / 2)
    out[[sprintf("ci_%d", round(100 * level))]] <- exp(b + c(-1, 1) * z * se)
  }
  z <- qnorm(p_lr / 2, lower.tail = FALSE) * sign(oe)
  each <- o1 * o0 / (o1 + o0); share <- n1 / (n1 + n0); all <- (o1 + o0) * share * (1 - share)
  out$from_events_each <- list(estimate = z / sqrt(each), se = 1 / sqrt(each))
  out$from_events_all <- list(estimate = z / sqrt(all), se = 1 / sqrt(all))
  km <- summary(survfit(Surv(time, event) ~ group, data = d), times = cuts, extend = TRUE)
  arm <- as.character(km$strata)
  pick <- function(g, what) km[[what]][arm == paste0("group=", g)]
  s1 <- pick(1, "surv"); r1 <- pick(1, "n.risk"); s0 <- pick(0, "surv"); r0 <- pick(0, "n.risk")
  interval <- function(s, r) {
    k <- length(s); a <- 1:(k - 1); e <- 2:k
    dead <- (r[a] + r[e]) * (s[a] - s[e]) / (s[a] + s[e])
    gone <- 2 * (r[a] * s[e] - r[e] * s[a]) / (s[a] + s[e])
    list(d = pmax(dead, 1e-6), r = r[a] - pmax(gone, 0) / 2)
  }
  i1 <- interval(s1, r1); i0 <- interval(s0, r0)
  y <- log(i1$d / i1$r) - log(i0$d / i0$r)
  w <- 1 / (1 / i1$d - 1 / i1$r + 1 / i0$d - 1 / i0$r)
  out$curves <- list(survival_1 = s1, at_risk_1 = r1, survival_0 = s0, at_risk_0 = r0,
                     estimate = sum(w * y) / sum(w), se = 1 / sqrt(sum(w)))
  out
}

found <- list(
  one("lung", lung$time, lung$status - 1, lung$sex, c(0, 100, 200, 300, 400, 500, 600)),
  one("gbsg", gbsg$rfstime, gbsg$status, gbsg$hormon, seq(0, 2100, 300)),
  one("veteran", veteran$time, veteran$status, veteran$trt, c(0, 30, 60, 90, 120, 180, 240)),
  one("colon recurrence", colon$time[colon$etype == 1], colon$status[colon$etype == 1],
      ifelse(colon$rx == "Lev", NA, colon$rx == "Lev+5FU")[colon$etype == 1], seq(0, 2400, 300)),
  one("colon death", colon$time[colon$etype == 2], colon$status[colon$etype == 2],
      ifelse(colon$rx == "Lev", NA, colon$rx == "Lev+5FU")[colon$etype == 2], seq(0, 2400, 300)),
  one("ovarian", ovarian$futime, ovarian$fustat, ovarian$rx, c(0, 200, 400, 600)),
  one("rotterdam", rotterdam$dtime, rotterdam$death, rotterdam$chemo, seq(0, 4200, 600)),
  one("mgus2", mgus2$futime, mgus2$death, mgus2$sex, seq(0, 240, 24)),
  one("pbc", pbc$time, as.integer(pbc$status == 2), pbc$trt, seq(0, 3600, 400))
)
two <- function(data, time, event, group, by) {
  parts <- lapply(c(1, 0), function(level) {
    fit <- coxph(Surv(data[[time]], data[[event]]) ~ data[[group]], subset = by == level, control = tight)
    b <- unname(coef(fit)); se <- unname(sqrt(vcov(fit)[1, 1]))
    list(estimate = exp(b), ci = exp(b + c(-1, 1) * qnorm(0.975) * se), b = b, se = se)
  })
  d <- parts[[1]]$b - parts[[2]]$b; se <- sqrt(parts[[1]]$se^2 + parts[[2]]$se^2)
  list(altered = parts[[1]], unaltered = parts[[2]], difference = d, se = se, p = 2 * pnorm(-abs(d / se)))
}
strata <- list(
  two(gbsg, "rfstime", "status", "hormon", as.integer(gbsg$grade == 3)),
  two(gbsg, "rfstime", "status", "hormon", as.integer(gbsg$meno == 1)),
  two(rotterdam, "dtime", "death", "chemo", as.integer(rotterdam$nodes > 3)),
  two(veteran, "time", "status", "trt", as.integer(veteran$prior == 10))
)
cat(toJSON(list(versions = list(R = R.version.string, survival = as.character(packageVersion("survival"))),
                sets = found, strata = strata), digits = I(17), auto_unbox = TRUE, pretty = TRUE), "\n")
