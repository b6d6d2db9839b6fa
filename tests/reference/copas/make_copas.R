# Reference values for tests/test_copas.py: the Copas selection model by optim on its likelihood (Copas & Shi 2000, 2001;
# metasens is not in Debian), on data sets of metadat, with several starts and tight tolerances; errors by numDeriv.
# Usage: Rscript make_copas.R   (writes copas.json beside itself)
# Needs Debian's r-cran-metafor r-cran-metadat r-cran-jsonlite r-cran-numderiv.
suppressMessages({library(metafor); library(jsonlite); library(numDeriv)})
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(FALSE), value = TRUE)))
sets <- list(
  bcg = escalc("RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg), begg = dat.begg1989,
  linde = escalc("RR", ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat.linde2005), konst = dat.konstantopoulos2011)
sets <- lapply(sets, function(d) d[!is.na(d$yi), ])

# x = mu, rho, tau (and beta); gamma = the intercept and slope of selection, z = gamma0 + gamma1 / s
negative <- function(x, gamma, y, s, beta = 0) {
  u <- gamma[1] + gamma[2] / s
  lambda <- exp(dnorm(u, log = TRUE) - pnorm(u, log.p = TRUE))
  sigma2 <- s^2 / (1 - x[2]^2 * lambda * (u + lambda))
  total <- sigma2 + x[3]^2
  e <- y - x[1] - beta * s
  r <- x[2] * sqrt(sigma2 / total)
  v <- (u + r * e / sqrt(total)) / sqrt(1 - r^2)
  -sum(-0.5 * log(2 * pi * total) - e^2 / (2 * total) - pnorm(u, log.p = TRUE) + pnorm(v, log.p = TRUE)) }

maximum <- function(gamma, y, s, with_beta) {
  f <- function(z) { value <- negative(c(z[1], 0.9999 * tanh(z[2]), z[3]), gamma, y, s, if (with_beta) z[4] else 0)
    if (is.finite(value)) value else 1e10 }
  best <- NULL
  for (rho in c(-.95, -.5, .05, .5, .95)) for (tau in c(.05, 1) * sd(y)) {
    start <- c(mean(y), atanh(rho), tau, if (with_beta) 0)
    m <- tryCatch(optim(start, f, method = "BFGS", control = list(reltol = 1e-16, maxit = 5000)), error = function(e) NULL)
    if (is.null(m)) next
    m <- optim(m$par, f, method = "Nelder-Mead", control = list(reltol = 1e-16, maxit = 20000))
    m <- tryCatch(optim(m$par, f, method = "BFGS", control = list(reltol = 1e-16, maxit = 5000)), error = function(e) m)
    if (is.null(best) || m$value < best$value) best <- m }
  best }

one <- function(d, low, high) {
  y <- d$yi; s <- sqrt(d$vi)
  slope <- (qnorm(high) - qnorm(low)) / (1 / min(s) - 1 / max(s))
  gamma <- c(qnorm(low) - slope / max(s), slope)
  m <- maximum(gamma, y, s, FALSE); b <- maximum(gamma, y, s, TRUE)
  x <- c(m$par[1], 0.9999 * tanh(m$par[2]), abs(m$par[3]))
  inside <- abs(x[2]) < 0.9998 && x[3] > 1e-4
  se <- if (inside) tryCatch(sqrt(solve(hessian(negative, x, gamma = gamma, y = y, s = s))[1, 1]), error = function(e) NA) else NA
  chance <- pnorm(gamma[1] + gamma[2] / s)
  list(low = low, high = high, gamma = gamma, mu = x[1], rho = x[2], tau = x[3], se = se, loglik = -m$value,
       beta = b$par[4], lrt = 2 * (m$value - b$value), p = pchisq(2 * (m$value - b$value), 1, lower.tail = FALSE),
       inside = inside, unpublished = sum((1 - chance) / chance)) }

grid <- list(c(.9, .99), c(.7, .99), c(.5, .99), c(.3, .99), c(.1, .99), c(.2, .8))
out <- list(versions = list(R = R.version.string, metafor = as.character(packageVersion("metafor")),
                            metadat = as.character(packageVersion("metadat")), numDeriv = as.character(packageVersion("numDeriv"))))
for (name in names(sets)) out[[name]] <- lapply(grid, function(g) one(sets[[name]], g[1], g[2]))
write_json(out, file.path(here, "copas.json"), digits = NA, auto_unbox = TRUE, pretty = TRUE)
