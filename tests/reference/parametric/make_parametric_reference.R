# Reference values for the parametric survival models.
# Usage: Rscript make_parametric_reference.R   (from its folder; writes parametric.json)
# survreg gives the Weibull, log-normal and log-logistic models. R has no generalized gamma, Royston-Parmar spline or
# left-truncated Weibull in Debian: their likelihoods are written out below, maximised by optim and then by Newton's
# method with differences of fourth order; each is checked here against survreg at its nested limit.
suppressMessages({library(survival); library(jsonlite)})
month <- 365.25 / 12
lung <- read.csv("../data/lung.csv")
lung <- lung[complete.cases(lung[, c("time", "status", "age", "sex", "ph.ecog")]), ]
rott <- rotterdam
rott$event <- pmax(rott$recur, rott$death)
rott$days <- with(rott, ifelse(recur == 1, rtime, dtime))
sets <- list(
  gbsg = list(time = gbsg$rfstime / month, event = gbsg$status, x = as.matrix(gbsg[, c("hormon", "age", "nodes")])),
  lung = list(time = lung$time, event = lung$status - 1, x = as.matrix(lung[, c("sex", "age", "ph.ecog")])),
  rotterdam = list(time = rott$days / month, event = rott$event,
                   x = as.matrix(cbind(rott[, c("hormon", "age", "grade", "year")], nodes = log(rott$nodes + 1)))))
late <- sets$gbsg; late$entry <- 12; keep <- late$time > 12
late <- list(time = late$time[keep], event = late$event[keep], x = late$x[keep, ], entry = 12)

regression <- function(d, dist) {
  f <- survreg(Surv(d$time, d$event) ~ d$x, dist = dist, control = survreg.control(rel.tolerance = 1e-14, maxiter = 200))
  list(theta = unname(c(coef(f), log(f$scale))), se = unname(sqrt(diag(vcov(f)))), loglik = f$loglik[2],
       aic = AIC(f))
}

# 4th-order differences: gradient and Hessian of f at p
slope <- function(f, p, h) sapply(seq_along(p), function(i) { e <- replace(0 * p, i, h[i])
  (8 * (f(p + e) - f(p - e)) - (f(p + 2 * e) - f(p - 2 * e))) / (12 * h[i]) })
bend <- function(f, p, h) { g <- function(i) { e <- replace(0 * p, i, h[i])
    (8 * (slope(f, p + e, h) - slope(f, p - e, h)) - (slope(f, p + 2 * e, h) - slope(f, p - 2 * e, h))) / (12 * h[i]) }
  m <- sapply(seq_along(p), g); (m + t(m)) / 2 }
# `centre`: of the covariates, taken off before (a year of 1985 ruins differences) and put back after
maximise <- function(f, start, d) {
  centre <- colMeans(d$x); d$x <- sweep(d$x, 2, centre); n <- length(centre)
  g <- f(d); start[1] <- start[1] + sum(centre * start[1 + 1:n])
  p <- optim(start, g, method = "BFGS", control = list(fnscale = -1, reltol = 1e-14, maxit = 2000, parscale = pmax(abs(start), .01)))$par
  h <- rep(1e-3, length(p))
  for (i in 1:3) h <- 0.05 / sqrt(pmax(diag(-bend(g, p, h)), 1e-8))
  for (i in 1:6) p <- p - solve(bend(g, p, h), slope(g, p, h))
  back <- diag(length(p)); back[1, 1 + 1:n] <- -centre
  v <- back %*% solve(-bend(g, p, h)) %*% t(back)
  list(theta = unname(drop(back %*% p)), se = unname(sqrt(diag(v))), loglik = g(p), aic = 2 * length(p) - 2 * g(p))
}

gamma_surv <- function(w, q) if (q > 0) pgamma(exp(q * w) / q^2, q^-2, lower.tail = FALSE, log.p = TRUE) else
  pgamma(exp(q * w) / q^2, q^-2, log.p = TRUE)
gamma_dens <- function(w, q) log(abs(q)) - 2 * log(abs(q)) / q^2 - lgamma(q^-2) + (q * w - exp(q * w)) / q^2
gengamma <- function(d) function(p) { k <- length(p); q <- p[k]; s <- exp(p[k - 1])
  w <- (log(d$time) - p[1] - d$x %*% p[2:(k - 2)]) / s
  sum(ifelse(d$event == 1, gamma_dens(w, q) - log(s) - log(d$time), gamma_surv(w, q))) }

cube <- function(v) pmax(v, 0)^3
square <- function(v) 3 * pmax(v, 0)^2
basis <- function(u, k, power) { a <- k[1]; b <- k[length(k)]
  do.call(cbind, c(list(if (power == 3) u else 1 + 0 * u), lapply(k[-c(1, length(k))], function(m) { part <- if (power == 3) cube else square
    share <- (b - m) / (b - a); part(u - m) - share * part(u - a) - (1 - share) * part(u - b) }))) }
spline <- function(k) function(d) { u <- log(d$time); high <- basis(u, k, 3); low <- basis(u, k, 2); m <- ncol(high)
  function(p) { n <- length(p); eta <- p[1] + d$x %*% p[2:(n - m)] + high %*% p[(n - m + 1):n]; s <- low %*% p[(n - m + 1):n]
    if (any(s[d$event == 1] <= 0)) return(-1e10)
    sum(ifelse(d$event == 1, eta + log(pmax(s, 1e-300)) - u, 0) - exp(eta)) } }
inner <- function(d, m) { u <- log(d$time[d$event == 1]); c(min(u), quantile(u, seq_len(m) / (m + 1)), max(u)) }
truncated <- function(d) function(p) { k <- length(p); a <- exp(p[k]); eta <- p[1] + d$x %*% p[2:(k - 1)]
  sum(d$event * (p[k] + (a - 1) * log(d$time) - a * eta)) - sum(exp(a * (log(d$time) - eta)) - exp(a * (log(d$entry) - eta))) }

out <- list(software = list(R = R.version.string, survival = as.character(packageVersion("survival"))))
for (name in names(sets)) {
  d <- sets[[name]]
  fits <- lapply(c(weibull = "weibull", lognormal = "lognormal", loglogistic = "loglogistic"), regression, d = d)
  theta <- fits$lognormal$theta
  fits$gengamma <- maximise(gengamma, c(theta, -0.3), d)
  stopifnot(abs(gengamma(d)(c(fits$weibull$theta, 1)) - fits$weibull$loglik) < 1e-7)
  k <- inner(d, 2); w <- fits$weibull$theta; a <- exp(-w[length(w)])
  start <- c(-a * w[-length(w)], a)
  stopifnot(abs(spline(k[c(1, 4)])(d)(start) - fits$weibull$loglik) < 1e-7)
  fits$spline <- c(maximise(spline(k), c(start, 0, 0), d), list(knots = unname(exp(k))))
  fits$cox <- list(coef = unname(coef(coxph(Surv(d$time, d$event) ~ d$x))))
  out[[name]] <- fits
}
w <- out$gbsg$weibull$theta
out$gbsg_late <- list(weibull = maximise(truncated, c(w[-length(w)], -w[length(w)]), late))

# Weibull, GBSG: survival at 24 and 60 months and mean survival, by hormone, averaged over the patients; delta method
f <- survreg(Surv(time, event) ~ x, data = sets$gbsg, control = survreg.control(rel.tolerance = 1e-14, maxiter = 200))
averaged <- function(p) { a <- exp(-p[5]); unlist(lapply(0:1, function(h) { x <- sets$gbsg$x; x[, 1] <- h; eta <- p[1] + x %*% p[2:4]
  c(mean(exp(-(24 / exp(eta))^a)), mean(exp(-(60 / exp(eta))^a)), mean(exp(eta)) * gamma(1 + 1 / a)) })) }
p <- c(coef(f), log(f$scale))
jacobian <- sapply(1:5, function(i) { e <- replace(0 * p, i, 1e-4); (8 * (averaged(p + e) - averaged(p - e)) - (averaged(p + 2 * e) - averaged(p - 2 * e))) / 1.2e-3 })
out$gbsg_averaged <- list(value = unname(averaged(p)), se = unname(sqrt(diag(jacobian %*% vcov(f) %*% t(jacobian)))))
write_json(out, "parametric.json", digits = 14, auto_unbox = TRUE, pretty = TRUE)
