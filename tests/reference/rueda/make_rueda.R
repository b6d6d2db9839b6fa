# R's Cox models on Rueda's supplement joined with METABRIC, for tests/test_rueda.py.
# Usage: Rscript make_rueda.R METABRIC_FOLDER OUT.json   (the folder holds both publishers' files; neither is committed)
# Needs survival, jsonlite (Debian: r-cran-survival r-cran-jsonlite).
suppressMessages({library(survival); library(jsonlite)})
args <- commandArgs(TRUE)
from <- function(file) read.delim(file.path(args[1], file), comment.char = "#", na.strings = c("", "NA"), quote = "")
r <- from("41586_2019_1007_MOESM7_ESM.txt"); m <- from("data_clinical_patient.txt")
d <- merge(r, m, by.x = "METABRIC.ID", by.y = "PATIENT_ID")
d$gain <- ifelse(d$HER2_SNP6 == "GAIN", 1, ifelse(d$HER2_SNP6 %in% c("NEUTRAL", "LOSS"), 0, NA))
d$breast <- d$DeathBreast == 1
d$RFI <- d$LR == 1 | d$DR == 1 | d$breast
d$TRFI <- with(d, pmin(ifelse(LR == 1, TLR, T), ifelse(DR == 1, TDR, T)))
tight <- coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 100)
cox <- function(time, event, d) {
  f <- coxph(Surv(time / (365.25 / 12), event) ~ gain, data = d, ties = "efron", control = tight, subset = !is.na(gain))
  list(log_estimate = unname(coef(f)), se = unname(sqrt(diag(vcov(f)))), n = f$n, events = f$nevent)
}
tam <- subset(d, ER.Status == "pos" & HT %in% c("TAM", "TAM/AI"))
with_zoladex <- subset(d, ER.Status == "pos" & HT %in% c("TAM", "TAM/AI", "TAM/ZOLADEX"))
all_at <- function(d) list(
  DRFI = cox(d$TDR, d$DR == 1, d), DRFI_breast_deaths = cox(d$TDR, d$DR == 1 | d$breast, d),
  RFI = cox(d$TRFI, d$RFI, d), BCSS = cox(d$T, d$breast, d), OS = cox(d$T, d$Death == 1, d))
out <- list(
  software = list(R = R.version.string, survival = as.character(packageVersion("survival"))),
  counts = list(supplement = nrow(r), joined = nrow(d), er_positive_tam = nrow(tam)),
  tam = all_at(tam), tam_or_zoladex = all_at(with_zoladex))
write_json(out, args[2], digits = NA, auto_unbox = TRUE, pretty = TRUE)
