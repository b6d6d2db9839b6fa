# R's answers for tests/test_kernel_batch.py: a coxph for every gene, resamples, and profile likelihoods.
# Usage: Rscript make_batch_reference.R ROTTERDAM.csv OUT.json   (needs survival, jsonlite)
# Genes are made up from the patient number, so that both sides can compute them: gene g = sin(g * pid).
suppressMessages({library(survival); library(jsonlite)})
a <- commandArgs(TRUE)
tight <- coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 100)
rott <- read.csv(a[1])
rott$rfs <- pmax(rott$recur, rott$death)
rott$rfstime <- with(rott, ifelse(recur == 1, rtime, dtime))
rott$start <- rott$age * 5
rott$weight <- 1 + rott$pid %% 3
genes <- 1:18
fit <- function(f, data, ...) do.call(coxph, list(f, data = data, control = tight, ...))
one <- function(f) list(coef = unname(coef(f)), se = unname(sqrt(diag(vcov(f)))), loglik = f$loglik[2], n = f$n, events = f$nevent)
many <- function(formula, less, data, ...) lapply(genes, function(g) {
  data$x <- sin(g * data$pid)
  f <- fit(formula, data, ...)
  c(one(f), list(lrt = 2 * (f$loglik[2] - fit(less, data, ...)$loglik[2]))) })
late <- subset(rott, rfstime > start)
some <- function(data, ...) lapply(genes, function(g) { # gene g is missing where pid %% 7 == g %% 7
  d <- data[data$pid %% 7 != g %% 7, ]; d$x <- sin(g * d$pid)
  f <- fit(Surv(rfstime, rfs) ~ hormon + age + x + x:hormon, d, ...)
  c(one(f), list(lrt = 2 * (f$loglik[2] - fit(Surv(rfstime, rfs) ~ hormon + age + x, d, ...)$loglik[2]))) })
ref <- list(software = list(R = R.version.string, survival = as.character(packageVersion("survival"))),
  interaction = many(Surv(rfstime, rfs) ~ hormon + age + x + x:hormon, Surv(rfstime, rfs) ~ hormon + age + x, rott),
  gene_alone = many(Surv(rfstime, rfs) ~ age + x, Surv(rfstime, rfs) ~ age, rott),
  breslow = many(Surv(rfstime, rfs) ~ hormon + age + x + x:hormon, Surv(rfstime, rfs) ~ hormon + age + x, rott, ties = "breslow"),
  weighted = many(Surv(rfstime, rfs) ~ hormon + age + x + x:hormon, Surv(rfstime, rfs) ~ hormon + age + x, rott, weights = rott$weight),
  truncated = many(Surv(start, rfstime, rfs) ~ hormon + age + strata(meno) + x + x:hormon,
                   Surv(start, rfstime, rfs) ~ hormon + age + strata(meno) + x, late),
  missing = some(rott))

drawn <- function(data, b) data[rep(seq_len(nrow(data)), (data$pid + b) %% 4), ] # patient pid is drawn (pid + b) mod 4 times
again <- function(f, data, ...) lapply(1:5, function(b) one(fit(f, drawn(data, b), ...)))
ref$resampled <- list(efron = again(Surv(rfstime, rfs) ~ hormon + age + grade, rott),
  breslow = again(Surv(rfstime, rfs) ~ hormon + age + grade, rott, ties = "breslow"),
  truncated = again(Surv(start, rfstime, rfs) ~ hormon + age + strata(meno), late))

profile <- function(data, x, z, level = 0.95) { # both limits, by root finding on the likelihood at a fixed coefficient
  f <- fit(Surv(time, event) ~ x + z, data.frame(data, x = x, z = z))
  target <- f$loglik[2] - qchisq(level, 1) / 2
  above <- function(b) fit(Surv(time, event) ~ z + offset(b * x), data.frame(data, x = x, z = z, b = b))$loglik[2] - target
  se <- sqrt(vcov(f)[1, 1]); est <- coef(f)[[1]]
  c(est, uniroot(above, c(est - 6 * se, est), tol = 1e-13)$root, uniroot(above, c(est, est + 6 * se), tol = 1e-13)$root) }
few <- rott[rott$pid %% 25 == 0, ]
ref$profile <- profile(data.frame(time = few$rfstime, event = few$rfs), few$meno, few$age)
write_json(ref, a[2], auto_unbox = TRUE, digits = NA)
