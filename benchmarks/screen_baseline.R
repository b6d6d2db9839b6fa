# R's fastest routes for what benchmarks/screen.py times: coxph.fit, Efron ties, design matrix in hand.
# Usage: Rscript screen_baseline.R TASK DIR N OUT   (TASK: scan, exact, single, bootstrap; prints seconds a fit)
suppressMessages(library(survival))
a <- commandArgs(TRUE); task <- a[1]; dir <- a[2]; k <- as.integer(a[3])
d <- read.csv(file.path(dir, if (task == "single") "large.csv" else "clinical.csv")); n <- nrow(d); y <- Surv(d$time, d$event)
columns <- c("age", "grade", "size", "lnodes", "her2", "pten", "akt", "tam", "tam_pten", "tam_akt")
control <- if (task == "exact") coxph.control(eps = 1e-12, toler.chol = 1e-14) else coxph.control()
fit <- function(x, y) coxph.fit(x, y, NULL, NULL, NULL, control, NULL, "efron", as.character(seq_len(nrow(x))), resid = FALSE)
if (task %in% c("scan", "exact")) {
  ex <- readBin(file.path(dir, "expression.f32"), "numeric", n * k, size = 4); dim(ex) <- c(n, k); out <- matrix(0, k, 10)
  took <- system.time(for (g in 1:k) { x <- ex[, g]; f <- fit(cbind(d$tam, d$age, d$grade, x, x * d$tam), y)
    out[g, ] <- c(f$coefficients, sqrt(diag(f$var))) })[[3]]
  if (length(a) > 3) writeBin(as.vector(t(out)), a[4])
} else if (task == "single") {
  x <- as.matrix(d[, columns]); took <- median(sapply(1:k, function(i) system.time(fit(x, y))[[3]])) * k
} else {
  x <- as.matrix(d[, columns]); set.seed(1)
  took <- system.time(for (b in 1:k) { i <- sample.int(n, n, TRUE); fit(x[i, ], y[i]) })[[3]]
}
cat(sprintf("%.9f\n", took / k))
