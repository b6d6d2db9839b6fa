# Sampling weights and clusters in Cox models. Run: Rscript make_sampling.R > sampling.json
# The data are written with the answers, so that nothing is drawn twice.
suppressMessages({library(survival); library(jsonlite)})
set.seed(20261202)

draw <- function(n, late) {
  m <- rbinom(n, 1, .35); x <- rbinom(n, 1, .5); hospital <- sample(letters[1:12], n, replace = TRUE)
  frailty <- rnorm(12, 0, .4)[match(hospital, letters)]
  t <- rexp(n, exp(-4 + .5 * m - .3 * x + frailty)); c <- runif(n, 10, 120); e <- as.integer(t <= c)
  t <- round(pmin(t, c), if (late) 1 else 0) + 1                        # ties
  w <- ifelse(e == 1, 1, sample(c(2.5, 4, 7), n, replace = TRUE))
  entry <- if (late) ifelse(runif(n) < .4, round(runif(n, 0, 12)), 0) else rep(0, n)
  d <- data.frame(months = t, event = e, entry = entry, m = m, x = x, w = w, age = round(rnorm(n, 60, 9), 1),
                  hospital = hospital, site = sample(c("a", "b"), n, replace = TRUE))
  d[d$entry < d$months, ]
}
one <- function(f) list(coef = unname(coef(f)), se = unname(sqrt(diag(vcov(f)))))
fits <- function(d, ties) {
  d$id <- seq_len(nrow(d)); ctl <- coxph.control(eps = 1e-14, toler.chol = 1e-15)
  y <- if (any(d$entry > 0)) Surv(d$entry, d$months, d$event) else Surv(d$months, d$event)
  list(data = d[setdiff(names(d), "id")], ties = ties,
       weighted = one(coxph(y ~ m + age, d, weights = w, robust = TRUE, ties = ties, control = ctl, cluster = id)),
       stratified = one(coxph(y ~ m + age + strata(site), d, weights = w, robust = TRUE, ties = ties, control = ctl, cluster = id)),
       both = one(coxph(y ~ m + age, d, weights = w, cluster = hospital, ties = ties, control = ctl)),
       clustered = one(coxph(y ~ m + age, d, cluster = hospital, ties = ties, control = ctl)),
       interaction = one(coxph(y ~ x * m + age, d, weights = w, robust = TRUE, ties = ties, control = ctl, cluster = id)))
}
moving <- function(n) {
  d <- draw(n, FALSE); d$id <- 1:n; d$start <- ifelse(d$x == 1, round(rexp(n, 1 / 25)), NA)
  begun <- !is.na(d$start) & d$start < d$months
  two <- do.call(rbind, lapply(seq_len(n), function(i) {
    r <- d[i, ]
    if (!begun[i] || r$start == 0) return(data.frame(r, t0 = 0, t1 = r$months, died = r$event, trt = as.integer(begun[i])))
    rbind(data.frame(r, t0 = 0, t1 = r$start, died = 0, trt = 0), data.frame(r, t0 = r$start, t1 = r$months, died = r$event, trt = 1))
  }))
  ctl <- coxph.control(eps = 1e-14, toler.chol = 1e-15)
  list(data = d[setdiff(names(d), "id")],
       weighted = one(coxph(Surv(t0, t1, died) ~ trt, two, weights = w, cluster = id, control = ctl)))
}
cat(toJSON(list(versions = list(R = R.version.string, survival = as.character(packageVersion("survival"))),
                fits = list(fits(draw(200, FALSE), "efron"), fits(draw(200, TRUE), "efron"), fits(draw(150, FALSE), "breslow")),
                moving = moving(150)), digits = I(17), auto_unbox = TRUE, na = "null", dataframe = "columns"))
