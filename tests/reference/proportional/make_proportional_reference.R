# R's scaled Schoenfeld residuals (cox.zph) of GBSG, and the smooth of plot.cox.zph, for tests/test_proportional.py.
# Usage: Rscript make_proportional_reference.R proportional.json   (Debian: r-cran-survival r-cran-jsonlite)
suppressMessages({library(survival); library(splines); library(jsonlite)})
tight <- coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 100)
g <- gbsg
g$months <- g$rfstime / (365.25 / 12)
g$grade <- factor(g$grade)
g$late <- ifelse(g$meno == 1, g$hormon, 0) # constant before menopause
g$entry <- (g$age * 7) %% 10               # made, to try delayed entry
smooth <- function(z, i, nsmo = 40, df = 4) { # as plot.cox.zph computes it
  at <- seq(min(z$x), max(z$x), length = nsmo)
  basis <- ns(c(at, z$x), df = df, intercept = TRUE)
  p <- basis[1:nsmo, ]; q <- qr(basis[-(1:nsmo), ])
  back <- backsolve(q$qr[1:df, 1:df], diag(df)); scale <- rowSums((p %*% back %*% t(back)) * p)
  list(at = at, fit = as.numeric(p %*% qr.coef(q, z$y[, i])), se = sqrt(z$var[i, i] * scale))
}
answer <- function(formula, data, ties = "efron", transform = "km") {
  f <- do.call(coxph, list(formula, data = data, ties = ties, control = tight, model = TRUE, x = TRUE, y = TRUE))
  z <- cox.zph(f, transform = transform)
  list(terms = colnames(z$y), x = z$x, time = z$time, y = unname(z$y), variance = unname(diag(z$var)), smooth = smooth(z, 1))
}
plain <- Surv(months, status) ~ hormon + age + grade + nodes
ref <- list(
  software = list(R = R.version.string, survival = as.character(packageVersion("survival"))),
  km = answer(plain, g), rank = answer(plain, g, transform = "rank"), log = answer(plain, g, transform = "log"),
  identity = answer(plain, g, transform = "identity"), breslow = answer(plain, g, ties = "breslow"),
  strata = answer(Surv(months, status) ~ late + age + nodes + strata(meno), g),
  entry = answer(Surv(entry, months, status) ~ hormon + age + grade, subset(g, months > entry))
)
write(toJSON(ref, digits = NA, na = "null"), commandArgs(TRUE)[1])
