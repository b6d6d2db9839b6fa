# Standardised and augmented risks by riskRegression::ate, restricted means and marker levels by arithmetic on it.
# Rscript make_absolute_reference.R  (in this folder; writes absolute.json)
suppressMessages({library(survival); library(riskRegression); library(prodlim); library(jsonlite)})
tight <- coxph.control(eps = 1e-14, toler.chol = 1e-16, iter.max = 100)
set.seed(20261130)
n <- 500
age <- round(rnorm(n, 60, 10), 2); node <- rpois(n, 2)
marker <- rbinom(n, 1, 0.4)
treated <- rbinom(n, 1, plogis(-0.5 + 0.03 * (age - 60) + 0.2 * node + 0.3 * marker))
h1 <- 0.006 * exp(0.02 * (age - 60) + 0.15 * node + 0.4 * marker - 0.5 * treated + 0.3 * marker * treated)
h2 <- 0.003 * exp(0.06 * (age - 60))
t1 <- rexp(n, h1); t2 <- rexp(n, h2); tc <- rexp(n, 0.004 * exp(0.02 * (age - 60) + 0.3 * treated))
time <- pmin(t1, t2, tc, 200); event <- ifelse(time == t1, 1, ifelse(time == t2, 2, 0))
d <- data.frame(time, event, age, node, marker, treated)
d$time <- signif(d$time, 10)
write.csv(d, "absolute.csv", row.names = FALSE, quote = FALSE)
d$arm <- factor(d$treated, 0:1, c("untreated", "treated"))
d$dead <- as.numeric(d$event > 0)
times <- c(48, 96)

ask <- function(data, cause1, product, competing) {
  f <- if (competing) Hist(time, event) ~ arm * marker + age + node else Surv(time, dead) ~ arm * marker + age + node
  event <- if (competing) {
    eval(bquote(CSC(.(f), data = d, control = tight)))
  } else eval(bquote(coxph(.(f), data = d, x = TRUE, y = TRUE, control = tight)))
  gone <- if (competing) coxph(Surv(time, event == 0) ~ arm * marker + age + node, data = d, x = TRUE, y = TRUE, control = tight) else
    coxph(Surv(time, dead == 0) ~ arm * marker + age + node, data = d, x = TRUE, y = TRUE, control = tight)
  score <- glm(arm ~ marker * (age + node), data = data, family = binomial, control = list(epsilon = 1e-15, maxit = 100))
  out <- list()
  for (estimator in c("GFORMULA", "AIPTW")) {
    a <- ate(event, treatment = if (estimator == "GFORMULA") "arm" else score,
             censor = if (estimator == "AIPTW") gone else NULL, data = data, times = times, cause = 1,
             estimator = estimator, se = TRUE, iid = TRUE, band = FALSE, product.limit = product, verbose = FALSE,
             known.nuisance = estimator == "AIPTW")
    iid <- a$iid[[estimator]]
    risk <- as.data.frame(a$meanRisk)
    risk <- risk[risk$estimator == estimator, ]
    est <- sapply(c("untreated", "treated"), function(arm) risk[risk$treatment == arm, "estimate"])
    se <- sapply(c("untreated", "treated"), function(arm) sqrt(colSums(iid[[arm]]^2)))
    diff <- sqrt(colSums((iid$treated - iid$untreated)^2))
    level <- lapply(0:1, function(m) {        # pseudo-outcomes of a level: n times the influence, and the estimate
      if (estimator == "GFORMULA") return(NULL)
      inside <- data$marker == m
      pseudo <- lapply(c("untreated", "treated"), function(arm)
        sweep(nrow(data) * iid[[arm]][inside, ], 2, est[, arm], "+"))
      list(estimate = sapply(pseudo, colMeans),
           rd = colMeans(pseudo[[2]] - pseudo[[1]]),
           se = apply(pseudo[[2]] - pseudo[[1]], 2, function(v) sqrt(sum((v - mean(v))^2)) / length(v)))
    })
    out[[estimator]] <- list(estimate = est, se = se, rd_se = diff, level = level)
  }
  out
}
answers <- list(
  software = list(R = R.version.string, survival = as.character(packageVersion("survival")),
                  riskRegression = as.character(packageVersion("riskRegression"))),
  times = times, competing = ask(d, 1, FALSE, TRUE), one_cause = ask(d, 1, FALSE, FALSE))
write(toJSON(answers, digits = 15, auto_unbox = TRUE, pretty = TRUE), "absolute.json")
