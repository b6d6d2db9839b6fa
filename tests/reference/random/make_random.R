# Forty small data sets drawn at random, with what R's survival says of them: ties, strata, weights, late entry, clusters and
# competing deaths in changing company. Run: Rscript make_random.R > random.json
# The data stand beside the answers, so that nothing is drawn twice.
suppressMessages({library(survival); library(jsonlite)})
set.seed(20261130)
ctl <- coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 60)

draw <- function(i) {
  n <- sample(70:150, 1)
  has <- list(ties = i %% 4, late = i %% 3 == 0, strata = i %% 2 == 0, weights = i %% 5 %in% c(1, 3), clusters = i %% 4 == 1)
  m <- rbinom(n, 1, runif(1, .25, .5)); x <- rbinom(n, 1, runif(1, .4, .6)); age <- round(rnorm(n, 60, 10))
  hospital <- sample(letters[1:8], n, replace = TRUE); site <- sample(c("a", "b", "c"), n, replace = TRUE)
  rate <- exp(-3.6 + .5 * m - .4 * x + .02 * (age - 60) + rnorm(8, 0, .3)[match(hospital, letters)])
  died <- rexp(n, rate); other <- rexp(n, exp(-4.6)); c <- runif(n, 8, 110)
  t <- pmin(died, other, c); status <- ifelse(t == c, 0, ifelse(t == died, 1, 2))
  t <- switch(has$ties + 1, round(t, 3), round(t, 1), round(t), 6 * ceiling(t / 6)) + 1
  entry <- if (has$late) ifelse(runif(n) < .5, round(runif(n, 0, 15)), 0) else rep(0, n)
  w <- if (has$weights) ifelse(status == 1, 1, sample(c(1.5, 3, 6), n, replace = TRUE)) else rep(1, n)
  d <- data.frame(months = t, status = status, entry = entry, m = m, x = x, age = age, w = w, hospital = hospital, site = site)
  list(has = has, d = d[d$entry < d$months, ])
}
cox <- function(formula, d, has, ties) {
  args <- list(formula = formula, data = d, ties = ties, control = ctl)
  if (has$weights) args$weights <- d$w
  if (has$clusters) args$cluster <- d$hospital else if (has$weights) args$cluster <- seq_len(nrow(d))
  environment(args$formula) <- list2env(d)
  f <- do.call(coxph, args)
  list(coef = unname(coef(f)), se = unname(sqrt(diag(vcov(f)))), loglik = f$loglik[2])
}
at <- function(f, times) {
  s <- summary(f, times = times, extend = TRUE)
  list(surv = s$surv, se = s$std.err, risk = s$n.risk)
}
answers <- function(i) {
  one <- draw(i); d <- one$d; has <- one$has; e <- as.integer(d$status > 0)
  ties <- if (i %% 7 == 0) "breslow" else "efron"
  y <- if (has$late) "Surv(entry, months, status > 0)" else "Surv(months, status > 0)"
  extra <- if (has$strata) " + strata(site)" else ""
  times <- as.numeric(quantile(d$months, c(.25, .5, .75), type = 1))
  late <- has$late; surv <- as.formula(paste(y, "~ 1"))
  d$cause <- factor(d$status, 0:2, c("censor", "cancer", "other")); d$row <- seq_len(nrow(d))
  both <- if (late) Surv(d$entry, d$months, d$cause) ~ 1 else Surv(d$months, d$cause) ~ 1
  aj <- summary(if (has$weights) survfit(both, d, id = row, weights = w) else survfit(both, d, id = row), times = times, extend = TRUE)
  out <- list(has = has, ties = ties, times = times, data = d[setdiff(names(d), c("cause", "row"))],
    adjusted = cox(as.formula(paste(y, "~ m + age", extra)), d, has, ties),
    interaction = cox(as.formula(paste(y, "~ x * m + age", extra)), d, has, ties))
  out$km <- at(if (has$weights) survfit(surv, d, weights = w, id = row, robust = TRUE) else survfit(surv, d), times)
  out$incidence <- list(risk = aj$pstate[, 2], se = aj$std.err[, 2])
  if (!has$late && !has$weights)
    out$logrank <- unname(survdiff(as.formula(paste(y, "~ m", extra)), d)$chisq)
  if (has$weights)
    out$robust <- unname(summary(coxph(as.formula(paste(y, "~ m", extra)), d, weights = w, cluster = row, ties = "breslow"))$robscore[1])
  if (!has$weights && !has$clusters) {
    args <- list(as.formula(paste(y, "~ m + age", extra)), d, ties = ties, control = ctl)
    out$zph <- unname(cox.zph(do.call(coxph, args), transform = "rank")$table[, 1])
  }
  out
}
cat(toJSON(list(versions = list(R = R.version.string, survival = as.character(packageVersion("survival"))),
                sets = lapply(1:40, answers)), digits = I(15), auto_unbox = TRUE, na = "null", dataframe = "columns"))
