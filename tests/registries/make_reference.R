# R's answers on the cleaned files (tests/registries/clean), and the SAS file: Rscript tests/registries/make_reference.R
# HER2 altered v unaltered on overall survival among the ER positive: among the treated (crude, and adjusted for age), and
# its interaction with tamoxifen adjusted for age, each on complete cases.
suppressMessages({library(survival); library(jsonlite); library(haven)})
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)[1])))
ctl <- coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 100)

source_ <- read.csv(file.path(here, "clean", "sas_source.csv"), colClasses = c(SUBJECT = "character"))
for (n in c("DXDATE", "LASTDATE")) source_[[n]] <- as.Date(source_[[n]])
suppressWarnings(write_sas(source_, file.path(here, "export.sas7bdat")))

row <- function(fit, name) {
  b <- summary(fit)$coefficients[name, ]
  list(n = fit$n, events = fit$nevent, log_hr = unname(b["coef"]), se = unname(b["se(coef)"]))
}
answers <- function(file) {
  d <- read.csv(file)
  d <- d[!is.na(d$er) & d$er == 1 & !is.na(d$altered) & !is.na(d$tam) & !is.na(d$time) & !is.na(d$event), ]
  treated <- d[d$tam == 1, ]
  known <- d[!is.na(d$age), ]
  list(
    crude = row(coxph(Surv(time, event) ~ altered, treated, ties = "efron", control = ctl), "altered"),
    adjusted = row(coxph(Surv(time, event) ~ altered + age, known[known$tam == 1, ], ties = "efron", control = ctl), "altered"),
    interaction = row(coxph(Surv(time, event) ~ altered * tam + age, known, ties = "efron", control = ctl), "altered:tam"))
}
files <- sort(setdiff(list.files(file.path(here, "clean"), pattern = "csv$"), "sas_source.csv"))
out <- lapply(file.path(here, "clean", files), answers)
names(out) <- sub(".csv$", "", files)
versions <- list(R = R.version.string, survival = as.character(packageVersion("survival")))
write(toJSON(list(versions = versions, registries = out), digits = I(17), auto_unbox = TRUE, pretty = TRUE), file.path(here, "reference.json"))
