# The robustness panel on made-up patients of three sites: every member by survival's coxph.
# Run here: Rscript make_robustness.R; it writes patients.csv.gz and robustness.json.
suppressMessages({library(survival); library(jsonlite)})
set.seed(20261130)
tight <- coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 100)
n <- 700; genes <- 260
site <- sample(c("A", "B", "C"), n, TRUE, c(.4, .35, .25))
at <- match(site, c("A", "B", "C"))
age <- round(rnorm(n, 60, 10), 1)
treated <- rbinom(n, 1, plogis(c(.9, -.2, .4)[at] + .02 * (age - 60)))
agent <- ifelse(treated == 0, "none", sample(c("tamoxifen", "aromatase_inhibitor"), n, TRUE, c(.7, .3)))
load <- matrix(rnorm(3 * genes, 0, 0.6), 3)
g <- matrix(rnorm(n * genes), n) + load[at, ]
whole <- function(x) pmin(pmax(round(50 + 12 * x), 0), 99)
level <- whole(rnorm(n) + c(-.6, .5, .2)[at])
g <- apply(g, 2, whole); colnames(g) <- sprintf("G%03d", seq_len(genes))
high <- level > median(level)
h1 <- exp(c(-.5, .3, 0)[at] * treated + .02 * (age - 60) + .5 * high * treated) / 90
t1 <- rexp(n, h1); t2 <- rexp(n, exp(.05 * (age - 60)) / 160); end <- runif(n, 40, 200)
months <- round(pmin(t1, t2, end), 1) + .1
event <- ifelse(pmin(t1, t2) > end, 0, ifelse(t1 < t2, 1, 2))
d <- data.frame(patient = sprintf("P%03d", seq_len(n)), months, event, treated, agent, site, age, MTOR = level, g)
con <- gzfile("patients.csv.gz", "w"); write.csv(d, con, row.names = FALSE, quote = FALSE); close(con)

d$m <- as.numeric(high); d$e <- as.numeric(event == 1)
answer <- function(fit, term, smaller = NULL) {
  b <- unname(coef(fit)[term]); se <- unname(sqrt(diag(vcov(fit))[term]))
  out <- list(log = b, se = se)
  if (!is.null(smaller)) out$p <- pchisq(2 * (fit$loglik[2] - smaller$loglik[2]), 1, lower.tail = FALSE)
  out
}
pair <- function(data, more = "", marker = "m") {
  rest <- paste("Surv(months, e) ~ treated +", marker, "+ age", more, "+ strata(site)")
  smaller <- coxph(as.formula(rest), data, ties = "efron", control = tight)
  full <- coxph(as.formula(paste0(rest, " + treated:", marker)), data, ties = "efron", control = tight)
  name <- intersect(c(paste0("treated:", marker), paste0(marker, ":treated")), names(coef(full)))
  answer(full, name, smaller)
}
out <- list()
out$main <- pair(d)
out$treatment_by_site <- pair(d, "+ treated:site")
out$treatment_by_covariates <- pair(d, "+ treated:age")
within <- d; within$m <- as.numeric(level > ave(level, site, FUN = median))
out$cut_within_batch <- pair(within)
sd <- d; sd$z <- (level - mean(level)) / stats::sd(level)
out$continuous_marker <- pair(sd, marker = "z")
arm <- function(k) {
  own <- d[d$m == k, ]
  p <- fitted(glm(treated ~ age + site, binomial, own, control = glm.control(epsilon = 1e-15, maxit = 100)))
  own$w <- ifelse(own$treated == 1, 1 - p, p)
  answer(coxph(Surv(months, e) ~ treated, own, weights = w, robust = TRUE, ties = "efron", control = tight), "treated")
}
one <- arm(1); none <- arm(0)
out$overlap_weights <- list(log = one$log - none$log, se = sqrt(one$se^2 + none$se^2), altered = one, unaltered = none)
out$tamoxifen_by_name <- pair(d[d$agent != "aromatase_inhibitor", ])
other <- d; other$e <- as.numeric(event == 2)
out$negative_control <- pair(other)
out$ratio_of_ratios <- list(
  log = out$main$log - out$negative_control$log, se = sqrt(out$main$se^2 + out$negative_control$se^2))

smd <- function(call) {  # Yang and Dalton's, over sites
  p <- prop.table(table(site, call), 2); a <- p[-1, "1"]; b <- p[-1, "0"]
  s <- (diag(a) - a %o% a + diag(b) - b %o% b) / 2
  sqrt(drop((a - b) %*% solve(s) %*% (a - b)))
}
kept <- character(); z <- numeric(); apart <- numeric()
for (name in colnames(g)) {
  call <- as.numeric(d[[name]] > median(d[[name]]))
  cells <- table(factor(2 * call + d$treated, 0:3)[d$e == 1])
  if (abs(cor(d[[name]], level)) > .3 || min(cells) < 5) next
  own <- d; own$m <- call; fit <- pair(own)
  kept <- c(kept, name); z <- c(z, fit$log / fit$se); apart <- c(apart, smd(call))
}
mine <- smd(d$m); matched <- abs(apart - mine) <= .25
against <- function(z) {
  mu <- median(z); spread <- mad(z, constant = 1.482602218505602); sigma <- max(1, spread)
  list(mean = mu, sd = sigma, genes = length(z), log = out$main$log - mu * out$main$se, se = sigma * out$main$se,
       p = 2 * pnorm(-abs(out$main$log / out$main$se - mu) / sigma))
}
out$calibrated <- c(against(z[matched]), list(smd = mine))
out$unmatched <- against(z)
out$z <- z; out$smd <- apart; out$kept <- kept
out$software <- list(R = R.version.string, survival = as.character(packageVersion("survival")))
writeLines(toJSON(out, auto_unbox = TRUE, digits = 15), "robustness.json")
