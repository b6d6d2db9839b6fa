# Reference values for the trend in tests/test_scales.py: Greenland & Longnecker 1992, worked in base R.
# Usage: Rscript make_dose.R   (writes dose.json beside itself; needs Debian's r-cran-jsonlite)
# Ratios of Rohan & McMichael 1988 (alcohol and breast cancer) as in dosresmeta's cc_ex. The fitted cases keep all cases,
# each level's subjects and the ratios, so they follow from one root; covariances are the crude correlation times the
# printed errors; the trend is generalised least squares without intercept.
suppressMessages(library(jsonlite))
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(FALSE), value = TRUE)))
dose <- c(0, 2, 6, 11); cases <- c(165, 74, 90, 122); n <- c(337, 167, 186, 212)
or <- c(0.80, 1.16, 1.57); low <- c(0.51, 0.73, 0.99); high <- c(1.27, 1.85, 2.51)
y <- log(or); se <- (log(high) - log(low)) / (2 * qnorm(.975))
a <- uniroot(function(a) sum(n * plogis(a + c(0, y))) - sum(cases), c(-5, 5), tol = 1e-15)$root
A <- n * plogis(a + c(0, y)); B <- n - A
s0 <- 1 / A[1] + 1 / B[1]; s <- 1 / A[-1] + 1 / B[-1] + s0
C <- (s0 / sqrt(outer(s, s))) * outer(se, se); diag(C) <- se^2
x <- dose[-1]; W <- solve(C); v <- 1 / drop(x %*% W %*% x); b <- v * drop(x %*% W %*% y)
q <- drop((y - b * x) %*% W %*% (y - b * x))
write_json(list(versions = list(R = R.version.string), slope = b, se = sqrt(v), q = q, q_p = pchisq(q, 2, lower = FALSE),
                fitted = A, covariance = C), file.path(here, "dose.json"), digits = NA, auto_unbox = TRUE, pretty = TRUE)
