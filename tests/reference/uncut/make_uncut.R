# A marker that enters as a number, by coxph: per unit, per SD, per doubling, and its interaction with treatment.
# Rscript make_uncut.R [metabric.csv tcga.csv]  (in this folder; reads survival's gbsg, writes uncut.json; the two files
# are written by tests/test_uncut.py: python -c "import test_uncut; test_uncut.write_frames('../shared/cohorts', '.')")
suppressMessages({library(survival); library(jsonlite)})
tight <- coxph.control(eps = 1e-14, toler.chol = 1e-16, iter.max = 100)
one <- function(f, d, k = 1) { m <- coxph(f, data = d, control = tight)
  list(log_hr = unname(coef(m)[k]), se = sqrt(vcov(m)[k, k]), n = m$n, events = m$nevent, loglik = m$loglik[2]) }
product <- function(full, less, d, at) {
  m <- coxph(full, data = d, control = tight); s <- coxph(less, data = d, control = tight)
  k <- grep(":", names(coef(m))); v <- vcov(m)
  contrast <- function(i, w) list(log_hr = sum(coef(m)[i] * w), se = sqrt(drop(w %*% v[i, i] %*% w)))
  list(ratio = contrast(k, 1), chisq = 2 * (m$loglik[2] - s$loglik[2]),
       marker_treated = contrast(c(2, k), c(1, 1)), marker_untreated = contrast(2, 1),
       treatment_altered = contrast(c(1, k), c(1, at[2])), treatment_unaltered = contrast(c(1, k), c(1, at[1])))
}
g <- gbsg; g$months <- g$rfstime / (365.25 / 12)
g$sd <- g$er / sd(g$er); g$doubling <- log2(g$nodes)
q <- function(x) quantile(x, c(.25, .75), names = FALSE)
out <- list(
  software = list(R = R.version.string, survival = as.character(packageVersion("survival"))),
  er = list(sd = sd(g$er), per_unit = one(Surv(months, status) ~ er + age + nodes, g),
            per_sd = one(Surv(months, status) ~ sd + age + nodes, g),
            interaction = product(Surv(months, status) ~ hormon + sd + hormon:sd + age + strata(grade),
                                  Surv(months, status) ~ hormon + sd + age + strata(grade), g, q(g$sd))),
  nodes = list(per_doubling = one(Surv(months, status) ~ doubling + age, g),
               interaction = product(Surv(months, status) ~ hormon + doubling + hormon:doubling,
                                     Surv(months, status) ~ hormon + doubling, g, q(g$doubling))))
files <- commandArgs(TRUE)
if (length(files) == 2) {
  m <- read.csv(files[1]); t <- read.csv(files[2])
  m$sd <- m$value / sd(m$value); full <- m[complete.cases(m), ]
  out$metabric <- list(sd = sd(m$value), per_sd = one(Surv(months, event) ~ sd + age + npi, full))
  out$tcga <- list(sd = sd(t$value), per_doubling = one(Surv(entry, months, event) ~ value, t),
                   per_sd = one(Surv(entry, months, event) ~ I(value / sd(value)), t))
} else if (file.exists("uncut.json")) out <- c(out, fromJSON("uncut.json", simplifyVector = FALSE)[c("metabric", "tcga")])
write(toJSON(out, digits = 15, auto_unbox = TRUE, pretty = TRUE), "uncut.json")
