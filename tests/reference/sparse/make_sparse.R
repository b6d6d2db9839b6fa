# Sparse groups of marker and treatment, with a covariate and strata: Firth's interaction by hand, by optim on coxph's
# log likelihood and information. Run here: Rscript make_sparse.R; it reads ../robustness and writes sparse.json.
suppressMessages({library(survival); library(jsonlite)})
d <- read.csv(gzfile("../robustness/patients.csv.gz"))
d <- d[seq_len(400), ]
d$m <- as.numeric(d$MTOR > quantile(d$MTOR, .94)); d$x <- d$treated; d$xm <- d$x * d$m
d$e <- as.numeric(d$event == 1); d$a <- (d$age - 60) / 10
few <- which(d$m == 1 & d$x == 0 & d$e == 1); d$e[few[-(1:2)]] <- 0   # two events left in one group
none <- d; none$e[few] <- 0                                           # and none
firth <- function(d) {
  at <- function(b) {
    f <- coxph(Surv(months, e) ~ x + m + a + xm + strata(site), d, init = b, iter.max = 0)
    f$loglik[1] - .5 * as.numeric(determinant(vcov(f))$modulus)
  }
  best <- function(fixed = NULL) {
    p <- 4 - length(fixed); o <- list(par = rep(0, p))
    for (i in 1:6) o <- optim(o$par, function(b) -at(c(b, fixed)), method = "BFGS",
                              control = list(reltol = 1e-16, maxit = 1000))
    o
  }
  top <- best(); target <- -top$value - qchisq(.95, 1) / 2; b <- top$par[4]
  ends <- sapply(c(-1, 1), function(s) uniroot(function(v) -best(v)$value - target, sort(b + s * c(.2, 7)), tol = 1e-9)$root)
  list(coef = top$par, low = ends[1], high = ends[2],
       p = pchisq(2 * (best(0)$value - top$value), 1, lower.tail = FALSE), events = sum(d$e),
       groups = as.vector(table(factor(2 * d$m + d$x, 0:3)[d$e == 1])))
}
out <- list(few = firth(d), none = firth(none))
out$cut <- unname(quantile(d$MTOR, .94))
out$software <- list(R = R.version.string, survival = as.character(packageVersion("survival")))
writeLines(toJSON(out, auto_unbox = TRUE, digits = 12), "sparse.json")
