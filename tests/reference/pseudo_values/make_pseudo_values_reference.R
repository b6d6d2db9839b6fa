# Pseudo-values by leaving out each patient in turn (survfit), and their regression by geepack::geese.
# Rscript make_pseudo_values_reference.R  (in this folder; reads ../absolute/absolute.csv)
suppressMessages({library(survival); library(geepack); library(jsonlite)})
d <- read.csv("../absolute/absolute.csv"); d$id <- seq_len(nrow(d)); n <- nrow(d)
d$state <- factor(d$event, 0:2, c("censor", "cause", "other"))
area <- function(time, value, horizon) { k <- time <= horizon
  sum(c(value$start, value$at[k]) * diff(c(0, time[k], horizon))) }
incidence <- function(x) { f <- survfit(Surv(time, state) ~ 1, x); list(time = f$time, at = f$pstate[, 2], start = 0) }
survival <- function(x) { f <- survfit(Surv(time, event == 1) ~ 1, x); list(time = f$time, at = f$surv, start = 1) }
at <- function(v, t) { k <- sum(v$time <= t); if (k) v$at[k] else v$start }
what <- list(
  risk = function(x) at(incidence(x), 60), lost = function(x) { v <- incidence(x); area(v$time, v, 72) },
  lived = function(x) { v <- survival(x); area(v$time, v, 72) })
pseudo <- lapply(what, function(f) { all <- f(d); sapply(1:n, function(i) n * all - (n - 1) * f(d[-i, ])) })
gee <- function(y, link) {
  m <- geese(y ~ treated * marker + age, id = id, data = transform(d, y = y), mean.link = link, variance = "gaussian",
             corstr = "independence", control = geese.control(epsilon = 1e-13, maxit = 200))
  k <- c("treated", "marker", "treated:marker", "age")
  dimnames(m$vbeta) <- list(names(m$beta), names(m$beta))
  list(coef = unname(m$beta[k]), var = unname(m$vbeta[k, k]))
}
cell <- interaction(d$treated, d$marker)
inside <- numeric(n)
for (c in levels(cell)) { own <- which(cell == c); part <- d[own, ]; m <- length(own); all <- what$risk(part)
  inside[own] <- sapply(seq_len(m), function(i) m * all - (m - 1) * what$risk(part[-i, ])) }
write(toJSON(list(
  software = list(R = R.version.string, survival = as.character(packageVersion("survival")),
                  geepack = as.character(packageVersion("geepack"))),
  first = lapply(pseudo, function(y) y[1:20]),
  risk = gee(pseudo$risk, "identity"), cloglog = gee(pseudo$risk, "cloglog"), lost = gee(pseudo$lost, "identity"),
  lived = gee(pseudo$lived, "identity"), within = gee(inside, "identity")),
  digits = 15, auto_unbox = TRUE, pretty = TRUE), "pseudo_values.json")
