# R's side of benchmarks/estimators.py. Usage: Rscript estimators_baseline.R TASK FILE.csv REPEATS
# Prints the median seconds of a call, after one to warm up, and one number of its answer.
suppressMessages(library(survival))
a <- commandArgs(TRUE); d <- read.csv(a[2])
model <- function(y) coxph(y ~ tam + age + grade + nodes + her2, d)
run <- switch(a[1],
  km = function() { survfit(Surv(time, event) ~ tam, d, conf.type = "log-log"); survdiff(Surv(time, event) ~ tam, d)$chisq },
  ph = { fit <- model(Surv(d$time, d$event)); function() { z <- cox.zph(fit)$table; z[nrow(z), 1] } },
  rmst = function() { m <- summary(survfit(Surv(time, event) ~ tam, d), rmean = 60)$table[, "rmean"]; m[[2]] - m[[1]] },
  aj = { state <- factor(d$cause, 0:2); function() { f <- survfit(Surv(d$time, state) ~ 1); f$pstate[nrow(f$pstate), 2] } },
  left = function() coef(model(Surv(d$entry, d$time, d$event)))[[1]],
  copies = { i <- seq_len(nrow(d)); age <- d$age; y <- Surv(d$time, d$event)
    function() mean(sapply(1:20, function(k) { d$age <- age + (i * k) %% 7 - 3; coef(coxph(y ~ tam + age + grade + nodes + her2, d))[[1]] })) },
  cox = function() coef(model(Surv(d$time, d$event)))[[1]])
value <- run(); took <- sapply(seq_len(as.integer(a[3])), function(i) system.time(run(), gcFirst = FALSE)[[3]])
cat(sprintf("%.9f %.12g %s %s\n", median(took), value, getRversion(), packageVersion("survival")))
