# R's routes for what benchmarks/screen.py times, Efron ties: coxph.fit with the design matrix in hand (the fastest),
# and coxph with its formula (tasks that end in _formula).
# Usage: Rscript screen_baseline.R TASK DIR N OUT   (TASK: scan, exact, single, bootstrap; prints seconds a fit)
suppressMessages(library(survival))
a <- commandArgs(TRUE); task <- sub("_formula$", "", a[1]); dir <- a[2]; k <- as.integer(a[3])
d <- read.csv(file.path(dir, if (task == "single") "large.csv" else "clinical.csv")); n <- nrow(d); y <- Surv(d$time, d$event)
columns <- c("age", "grade", "size", "lnodes", "her2", "pten", "akt", "tam", "tam_pten", "tam_akt")
control <- if (task == "exact") coxph.control(eps = 1e-12, toler.chol = 1e-14) else coxph.control()
fit <- function(x, y) coxph.fit(x, y, NULL, NULL, NULL, control, NULL, "efron", as.character(seq_len(nrow(x))), resid = FALSE)
if (grepl("_formula$", a[1])) {
  ten <- reformulate(columns, "Surv(time, event)")
  fit_gene <- function(x) { d$x <- x; coxph(Surv(time, event) ~ tam + age + grade + x + x:tam, d) }
  fit_ten <- function(i) coxph(ten, if (is.null(i)) d else d[i, ])
} else {
  x10 <- as.matrix(d[, columns])
  fit_gene <- function(x) fit(cbind(d$tam, d$age, d$grade, x, x * d$tam), y)
  fit_ten <- function(i) if (is.null(i)) fit(x10, y) else fit(x10[i, ], y[i])
}
if (task %in% c("scan", "exact")) {
  ex <- readBin(file.path(dir, "expression.f32"), "numeric", n * k, size = 4); dim(ex) <- c(n, k); out <- matrix(0, k, 10)
  took <- system.time(for (g in 1:k) { f <- fit_gene(ex[, g]); out[g, ] <- c(f$coefficients, sqrt(diag(f$var))) })[[3]]
  if (length(a) > 3) writeBin(as.vector(t(out)), a[4])
} else if (task == "single") {
  took <- median(sapply(1:k, function(i) system.time(fit_ten(NULL))[[3]])) * k
} else {
  set.seed(1)
  took <- system.time(for (b in 1:k) fit_ten(sample.int(n, n, TRUE)))[[3]]
}
cat(sprintf("%.9f\n", took / k))
