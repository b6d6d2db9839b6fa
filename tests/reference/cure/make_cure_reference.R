# A spline of log time that is level after its last knot, with proportional hazards: its likelihood maximised by nleqslv
# on the score, and by optim. Simulated patients of whom some never have the event.
# Rscript make_cure_reference.R  (in this folder; writes cure.csv too)
suppressMessages({library(nleqslv); library(jsonlite)})
set.seed(5); n <- 400
d <- data.frame(treated = rbinom(n, 1, .5), age = round(rnorm(n, 60, 10), 1))
total <- exp(log(-log(.55)) - .5 * d$treated + .02 * (d$age - 60))           # the cumulative hazard at the plateau
u <- rexp(n) / total
t <- ifelse(u < 1, 60 * (-log(1 - u * (1 - exp(-3))) / 3)^(1 / 1.3), Inf)   # a Weibull cut off at 60 months
end <- runif(n, 90, 180)
d$time <- round(pmin(t, end), 6); d$event <- as.integer(t <= end)
write.csv(d, "cure.csv", row.names = FALSE)
failed <- log(d$time[d$event == 1])
knots <- c(quantile(failed, c(0, .45, .9), names = FALSE), log((exp(max(failed)) + max(d$time)) / 2))
k <- rev(-knots); K <- length(k); p3 <- function(x) pmax(x, 0)^3; p2 <- function(x) 3 * pmax(x, 0)^2
basis <- function(x, f) sapply(1:(K - 2), function(j) (f(x - k[j]) - f(x - k[K - 1]) * (k[K] - k[j]) / (k[K] - k[K - 1]) +
  f(x - k[K]) * (k[K - 1] - k[j]) / (k[K] - k[K - 1])) / (k[K] - k[1])^2)
x <- -log(pmax(d$time, exp(knots[1])))
z <- cbind(1, basis(x, p3), d$treated, d$age); s <- cbind(0, -basis(x, p2), 0, 0); e <- d$event == 1
loglik <- function(b) { r <- s[e, ] %*% b; if (any(r <= 0)) return(-1e10); sum(z[e, ] %*% b + log(r) - log(d$time[e])) - sum(exp(z %*% b)) }
score <- function(b) drop(t(z) %*% (e - exp(z %*% b)) + colSums(s[e, ] / drop(s[e, ] %*% b)))
start <- c(-2, -1, -1, 0, 0)
near <- optim(start, function(b) -loglik(b), method = "BFGS", control = list(maxit = 2000, reltol = 1e-14))$par
b <- nleqslv(near, score, method = "Newton", control = list(ftol = 1e-11, xtol = 1e-13, maxit = 300))$x
h <- drop(exp(z %*% b)); r <- s[e, ] / drop(s[e, ] %*% b); v <- solve(t(z) %*% (z * h) + t(r) %*% r)
end <- cbind(1, 0, 0, d$treated, d$age); H <- drop(exp(end %*% b))
share <- function(i) { g <- colMeans(-(exp(-H) * H * end)[i, ]); c(mean(exp(-H[i])), sqrt(drop(g %*% v %*% g))) }
last <- max(d$time[e]); near <- sum(d$time > max(2 * last - max(d$time), 0) & d$time <= last & e)
write(toJSON(list(software = list(R = R.version.string, nleqslv = as.character(packageVersion("nleqslv"))),
  knots = exp(knots), coef = b, var = v, loglik = loglik(b), untreated = share(d$treated == 0), treated = share(d$treated == 1),
  follow_up = (1 - near / n)^n), digits = 15, auto_unbox = TRUE, pretty = TRUE), "cure.json")
