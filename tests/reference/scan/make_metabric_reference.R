# R's answers for the screen of METABRIC: every gene of the Kaggle z-scores x endocrine therapy on BCSS, ER positive by IHC,
# adjusted for age and NPI, stratified by COHORT; Efron ties, run to the end of double precision.
# Usage: Rscript make_metabric_reference.R data_clinical_patient.txt breast_cancer_dataset.zip OUT.json
# (needs survival, jsonlite; Debian: r-cran-survival r-cran-jsonlite; the files are those of data.md, not part of the project)
suppressMessages({library(survival); library(jsonlite)})
a <- commandArgs(TRUE)
clinical <- read.delim(a[1], comment.char = "#", na.strings = c("", "NA"))
rna <- read.csv(unz(a[2], "METABRIC_RNA_Mutation.csv"), check.names = FALSE)
names <- names(rna)
genes <- names[(which(names == "death_from_cancer") + 1):(min(grep("_mut$", names)) - 1)]
rna$PATIENT_ID <- sprintf("MB-%04d", rna$patient_id)
d <- merge(clinical, rna[, c("PATIENT_ID", genes)], by = "PATIENT_ID")
d <- d[d$ER_IHC %in% "Positve" & !is.na(d$HORMONE_THERAPY) & !is.na(d$OS_MONTHS) & !is.na(d$VITAL_STATUS), ]
d <- d[!is.na(d$AGE_AT_DIAGNOSIS) & !is.na(d$NPI) & !is.na(d$COHORT), ]
time <- round(d$OS_MONTHS * 30); event <- as.integer(d$VITAL_STATUS == "Died of Disease"); treated <- as.integer(d$HORMONE_THERAPY == "YES")
y <- Surv(time, event); x <- cbind(treated, d$AGE_AT_DIAGNOSIS, d$NPI)
control <- coxph.control(eps = 1e-13, toler.chol = 1e-14, iter.max = 50)
fit <- function(x) coxph.fit(x, y, d$COHORT, NULL, NULL, control, NULL, "efron", as.character(seq_len(nrow(x))), resid = FALSE)
one <- function(g) {
  v <- d[[g]]; full <- fit(cbind(x, v, v * treated)); less <- fit(cbind(x, v))
  list(gene = toupper(g), log_hr = full$coefficients[[5]], se = sqrt(full$var[5, 5]), log_hr_untreated = full$coefficients[[4]],
       se_treated = sqrt(full$var[4, 4] + full$var[5, 5] + 2 * full$var[4, 5]), lrt = 2 * (full$loglik[2] - less$loglik[2]))
}
rows <- do.call(rbind, lapply(genes, function(g) as.data.frame(one(g))))
q <- p.adjust(2 * pnorm(-abs(rows$log_hr / rows$se)), "BH")
write_json(list(software = list(R = R.version.string, survival = as.character(packageVersion("survival"))),
  n = nrow(d), events = sum(event), genes = cbind(rows, q)), a[3], auto_unbox = TRUE, digits = NA, dataframe = "columns")
