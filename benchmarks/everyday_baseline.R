# R's side of benchmarks/everyday.py. Usage: Rscript everyday_baseline.R TASK FILE REPEATS
# cox, interaction, fits: prints the processor's seconds of a call, after one to warm up, and one number of its answer.
# effect: loads survival, reads METABRIC's file and fits one model, as a user would; prints the hazard ratio.
suppressMessages(library(survival))
a <- commandArgs(TRUE)
if (a[1] == "effect") {
  d <- read.delim(a[2], comment.char = "#")
  d <- d[d$ER_IHC %in% c("Positve", "Positive", "pos") & d$HORMONE_THERAPY == "YES" & d$HER2_SNP6 %in% c("GAIN", "LOSS", "NEUTRAL"), ]
  d$her2 <- as.integer(d$HER2_SNP6 == "GAIN"); d$dead <- as.integer(d$VITAL_STATUS == "Died of Disease")
  print(summary(coxph(Surv(OS_MONTHS, dead) ~ her2, d)))
  quit()
}
d <- read.csv(a[2])
run <- switch(a[1],
  cox = function() coef(coxph(Surv(months, event == 1) ~ marker + age + npi, d))[[1]],
  interaction = function() {
    whole <- coxph(Surv(months, event == 1) ~ treatment * marker + age + npi + chemotherapy + strata(site), d)
    less <- coxph(Surv(months, event == 1) ~ treatment + marker + age + npi + chemotherapy + strata(site), d)
    crude <- coxph(Surv(months, event == 1) ~ treatment * marker, d); plain <- coxph(Surv(months, event == 1) ~ treatment + marker, d)
    coef(whole)[["treatment:marker"]] },
  fits = { x <- as.matrix(d[, c("tam", "age", "grade", "gene")]); x <- cbind(x, x[, "gene"] * d$tam); y <- Surv(d$time, d$event)
    names <- as.character(seq_len(nrow(x))); control <- coxph.control()
    function() { for (i in 1:50) f <- coxph.fit(x, y, NULL, NULL, NULL, control, NULL, "efron", names, resid = FALSE); f$coefficients[[5]] } })
value <- run(); n <- as.integer(a[3])
took <- system.time(for (i in seq_len(n)) run(), gcFirst = FALSE)
cat(sprintf("%.9f %.12g\n", (took[[1]] + took[[2]]) / n, value))
