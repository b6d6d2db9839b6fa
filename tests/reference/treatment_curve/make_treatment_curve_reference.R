# Products of treatment with functions of a continuous marker by coxph; log-rank in windows by survdiff.
# Rscript make_treatment_curve_reference.R  (in this folder; reads survival's gbsg; writes treatment_curve.json)
suppressMessages({library(survival); library(jsonlite)})
tight <- coxph.control(eps = 1e-14, toler.chol = 1e-16, iter.max = 100)
d <- gbsg; d$er1 <- d$er + 1; d$months <- d$rfstime / 30.4375
rcs <- function(x, t) { k <- length(t); p <- function(u) pmax(u, 0)^3
  cbind(x, sapply(1:(k - 2), function(j) (p(x - t[j]) - p(x - t[k - 1]) * (t[k] - t[j]) / (t[k] - t[k - 1]) +
    p(x - t[k]) * (t[k - 1] - t[j]) / (t[k] - t[k - 1])) / (t[k] - t[1])^2)) }
curve <- function(basis, at) {
  full <- coxph(Surv(rfstime, status) ~ hormon + basis + I(hormon * basis) + nodes, data = d, control = tight)
  less <- coxph(Surv(rfstime, status) ~ hormon + basis + nodes, data = d, control = tight)
  k <- ncol(basis); own <- c(1, (k + 2):(2 * k + 1))
  w <- cbind(1, at)
  list(chisq = 2 * (full$loglik[2] - less$loglik[2]), df = k, log_hr = as.vector(w %*% coef(full)[own]),
       se = sqrt(diag(w %*% vcov(full)[own, own] %*% t(w))), loglik = less$loglik[2])
}
ages <- c(35, 50, 65); ers <- c(0, 36, 300)
knots <- quantile(d$age, c(0.05, 0.35, 0.65, 0.95), names = FALSE)
powers <- c(-2, -1, -0.5, 0, 0.5, 1, 2, 3)
fp <- function(x, p) { one <- function(q) if (q == 0) log(x) else x^q
  if (length(p) == 1) cbind(one(p)) else if (p[1] == p[2]) cbind(one(p[1]), one(p[1]) * log(x)) else cbind(one(p[1]), one(p[2])) }
grid <- c(lapply(powers, c), unlist(lapply(1:8, function(i) lapply(i:8, function(j) powers[c(i, j)])), FALSE))
x <- (d$er + 1) / 1000
found <- lapply(grid, function(p) coxph(Surv(rfstime, status) ~ hormon + fp(x, p) + nodes, data = d, control = tight)$loglik[2])
ll <- unlist(found); two <- lengths(grid) == 2
best1 <- grid[!two][[which.max(ll[!two])]]; best2 <- grid[two][[which.max(ll[two])]]
window <- function(low, high) { s <- survdiff(Surv(rfstime, status) ~ hormon, data = d, subset = age >= low & age <= high)
  list(log_hr = unname((s$obs[2] - s$exp[2]) / s$var[2, 2]), v = s$var[2, 2]) }
write(toJSON(list(
  software = list(R = R.version.string, survival = as.character(packageVersion("survival"))),
  ages = ages, ers = ers, spline = c(curve(rcs(d$age, knots), rcs(ages, knots)), list(knots = knots)),
  linear = curve(cbind(d$age), cbind(ages)),
  fp1 = c(curve(fp(x, best1), fp((ers + 1) / 1000, best1)), list(powers = I(best1))),
  fp2 = c(curve(fp(x, best2), fp((ers + 1) / 1000, best2)), list(powers = best2)),
  windows = list(young = window(21, 45), middle = window(46, 60), all = window(0, 200))),
  digits = 15, auto_unbox = TRUE, pretty = TRUE), "treatment_curve.json")
