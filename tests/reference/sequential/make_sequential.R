# Reference values for tests/test_living.py: boundaries of O'Brien-Fleming type alpha spending (Lan & DeMets 1983) by rpact.
# Usage: Rscript make_sequential.R   (writes sequential.json beside itself)
# rpact's grid is too coarse for looks that lie close together: those are solved with mvtnorm's integrals (Miwa).
# Needs Debian's r-cran-rpact r-cran-mvtnorm r-cran-jsonlite.
suppressMessages({library(rpact); library(mvtnorm); library(jsonlite)})
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(FALSE), value = TRUE)))
looks <- list(c(.2, .4, .6, .8, 1), c(.1, .35, .5, .9, 1), c(.5, 1), c(.25, .5, .75, 1), 1:10 / 10, c(.15, .3, .55, .7, 1))
one <- function(t, alpha) {
  d <- getDesignGroupSequential(typeOfDesign = "asOF", informationRates = t, alpha = alpha / 2, sided = 1, tolerance = 1e-10)
  list(fractions = t, alpha = alpha, boundaries = d$criticalValues, spent = d$alphaSpent) }
close <- function(t, alpha) {  # P(below before, above now) = what is to be spent, by multivariate normal integrals
  spent <- 2 * pnorm(-qnorm(1 - alpha / 4) / sqrt(t)); b <- qnorm(1 - spent[1])
  for (k in 2:length(t)) {
    s <- outer(1:k, 1:k, function(i, j) sqrt(pmin(t[i], t[j]) / pmax(t[i], t[j])))
    f <- function(z) pmvnorm(c(rep(-Inf, k - 1), z), c(b, Inf), sigma = s, algorithm = Miwa(steps = 4097)) -
      (spent[k] - spent[k - 1])
    b <- c(b, uniroot(f, c(1, 6), tol = 1e-12)$root) }
  list(fractions = t, alpha = alpha, boundaries = b) }
out <- list(versions = list(R = R.version.string, rpact = as.character(packageVersion("rpact")),
                            mvtnorm = as.character(packageVersion("mvtnorm"))),
            cases = c(lapply(looks, one, alpha = .05), lapply(looks[c(1, 3, 4)], one, alpha = .01)))
out$close <- lapply(list(c(.3, .31, .8), c(.4, .41, .43), c(.7, .75, 1)), close, alpha = .05)
write_json(out, file.path(here, "sequential.json"), digits = NA, auto_unbox = TRUE, pretty = TRUE)
