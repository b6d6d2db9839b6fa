# The pictures of R on the page "Side by side": Rscript docs/side_by_side.R GBSG.csv BCG.csv FOLDER
# GBSG.csv: years, event, treatment; BCG.csv: effect rows (study, log_estimate, se). Versions are written into versions.txt.
suppressMessages({
  library(survival)
  library(survminer)
  library(metafor)
})
arguments <- commandArgs(trailingOnly = TRUE)
gbsg <- read.csv(arguments[1])
bcg <- read.csv(arguments[2])
folder <- arguments[3]

fit <- survfit(Surv(years, event) ~ treatment, data = gbsg)
png(file.path(folder, "r_survminer.png"), width = 1100, height = 800, res = 150)
print(ggsurvplot(fit, data = gbsg, conf.int = TRUE, pval = TRUE, risk.table = TRUE, risk.table.height = 0.28))
invisible(dev.off())

pooled <- rma(yi = log_estimate, sei = se, data = bcg, slab = study, method = "REML", test = "knha")
png(file.path(folder, "r_metafor.png"), width = 1100, height = 800, res = 150)
forest(pooled, atransf = exp, addpred = TRUE, header = "Study", cex = 0.7)
invisible(dev.off())

versions <- sapply(c("survival", "survminer", "metafor"), function(name) as.character(packageVersion(name)))
writeLines(c(R.version.string, paste(names(versions), versions)), file.path(folder, "versions.txt"))
