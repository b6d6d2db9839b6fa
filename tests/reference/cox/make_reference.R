# R's Cox models for the cohorts that tamoxres embeds.
# Usage, from the project's root: Rscript tests/reference/cox/make_reference.R
# Needs: survival, jsonlite (Debian: r-cran-survival r-cran-jsonlite).
suppressMessages({library(survival); library(jsonlite)})
tight <- coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 100)
fit <- function(f, d) do.call(coxph, list(f, data = d, control = tight, ties = "efron"))
cox <- function(f) list(terms = names(coef(f)), coef = unname(coef(f)), se = unname(sqrt(diag(vcov(f)))),
                        loglik = f$loglik[2], n = f$n, events = f$nevent)
zph <- function(f, tr) { z <- cox.zph(f, transform = tr)$table
  list(terms = rownames(z), chisq = unname(z[, "chisq"]), df = unname(z[, "df"]), p = unname(z[, "p"])) }

m <- read.delim("data_raw/metabric/data_clinical_patient.txt", comment.char = "#", na.strings = "", quote = "", stringsAsFactors = FALSE)
m$snp6_gain <- ifelse(m$HER2_SNP6 == "GAIN", 1, ifelse(m$HER2_SNP6 %in% c("NEUTRAL", "LOSS"), 0, NA))
m$three_gene <- (m$THREEGENE == "HER2+") * 1
m$intclust5 <- (m$INTCLUST == "5") * 1
m$BCSS <- ifelse(is.na(m$VITAL_STATUS), NA, (m$VITAL_STATUS == "Died of Disease") * 1)
m$OS <- (m$OS_STATUS == "1:DECEASED") * 1
m$RFI <- (m$RFS_STATUS == "1:Recurred") * 1
m$et <- (m$HORMONE_THERAPY == "YES") * 1
m$chemo <- (m$CHEMOTHERAPY == "YES") * 1
m$age <- m$AGE_AT_DIAGNOSIS; m$npi <- m$NPI; m$site <- m$COHORT
m$time <- m$OS_MONTHS * 30 / (365.25 / 12); m$rfitime <- m$RFS_MONTHS * 30.4 / (365.25 / 12)
er <- subset(m, ER_IHC == "Positve")
treated <- subset(er, et == 1)
out <- list(software = list(R = R.version.string, survival = as.character(packageVersion("survival"))))
for (rule in c("snp6_gain", "three_gene", "intclust5")) for (e in c("BCSS", "OS", "RFI")) {
  t <- if (e == "RFI") "rfitime" else "time"
  treated$x <- treated[[rule]]; er$x <- er[[rule]]
  s <- sprintf("Surv(%s, %s)", t, e)
  full <- fit(as.formula(paste(s, "~ x * et")), er)
  adj <- fit(as.formula(paste(s, "~ x * et + age + npi + chemo + strata(site)")), er)
  adj0 <- fit(as.formula(paste(s, "~ x + et + age + npi + chemo + strata(site)")), subset(er, !is.na(npi) & !is.na(age)))
  prognostic <- fit(as.formula(paste(s, "~ x")), treated)
  age_npi <- fit(as.formula(paste(s, "~ x + age + npi")), treated)
  out$metabric[[rule]][[e]] <- list(
    prognostic = cox(prognostic), age_npi = cox(age_npi), zph_km = zph(age_npi, "km"), zph_rank = zph(age_npi, "rank"),
    zph_identity = zph(age_npi, "identity"), interaction = cox(full),
    interaction_lrt_p = anova(update(full, . ~ . - x:et), full)[["Pr(>|Chi|)"]][2],
    adjusted = c(cox(adj), list(vcov = unname(vcov(adj)))), adjusted_zph = zph(adj, "km"),
    adjusted_lrt_p = pchisq(2 * (adj$loglik[2] - adj0$loglik[2]), 1, lower.tail = FALSE))
}
untreated <- subset(er, et == 0); untreated$x <- untreated$snp6_gain
out$metabric_untreated <- cox(fit(Surv(time, BCSS) ~ x, untreated))

g <- gbsg
f <- fit(Surv(rfstime, status) ~ hormon + age + meno + size + factor(grade) + nodes + pgr + er, g)
g$erpos <- (g$er >= 10) * 1
i <- fit(Surv(rfstime, status) ~ hormon * erpos, g)
out$gbsg <- list(hormon = cox(fit(Surv(rfstime, status) ~ hormon, g)), full = cox(f), zph = zph(f, "km"),
  er_interaction = cox(i), er_lrt_p = anova(update(i, . ~ . - hormon:erpos), i)[["Pr(>|Chi|)"]][2])

r <- rotterdam
r$naive_time <- ifelse(r$recur == 1, r$rtime, r$dtime); r$naive <- pmax(r$recur, r$death)
r$rfs <- ifelse(r$recur == 1 | (r$death == 1 & r$rtime >= r$dtime), 1, 0)
out$rotterdam <- list(naive = cox(fit(Surv(naive_time, naive) ~ hormon, r)), censored = cox(fit(Surv(rtime, rfs) ~ hormon, r)),
  node_positive = cox(fit(Surv(rtime, rfs) ~ hormon, subset(r, nodes > 0))),
  adjusted = cox(fit(Surv(rtime, rfs) ~ hormon + age + meno + size + grade + nodes + chemo + strata(year), subset(r, nodes > 0))))
out$rotterdam$adjusted_zph <- zph(fit(Surv(rtime, rfs) ~ hormon + age + meno + size + grade + nodes + chemo + strata(year), subset(r, nodes > 0)), "km")
write_json(out, "tests/reference/cox/reference.json", auto_unbox = TRUE, digits = NA, pretty = TRUE)
