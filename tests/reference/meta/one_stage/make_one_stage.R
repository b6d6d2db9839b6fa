# One-stage marker x treatment interaction of GBSG and Rotterdam (node-positive), stratified by study.
# Usage, from the project's root: Rscript tests/reference/meta/one_stage/make_one_stage.R
# Needs: survival, metafor, jsonlite (Debian: r-cran-survival r-cran-metafor r-cran-jsonlite).
suppressMessages({library(survival); library(metafor); library(jsonlite)})
tight <- coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 100)
keep <- c("study", "time", "status", "hormon", "age", "nodes", "er", "pgr")
g <- data.frame(study = "gbsg", time = gbsg$rfstime, status = gbsg$status, gbsg[c("hormon", "age", "nodes", "er", "pgr")])
r <- subset(rotterdam, nodes > 0)
r$status <- ifelse(r$recur == 1 | (r$death == 1 & r$rtime >= r$dtime), 1, 0)
r <- data.frame(study = "rotterdam", time = r$rtime, r[c("status", "hormon", "age", "nodes", "er", "pgr")])[keep]
both <- rbind(g[keep], r)
# a third cohort by halving Rotterdam at age 55 makes the across-study line a fit and not an exact contrast
three <- both; three$study[three$study == "rotterdam" & three$age >= 55] <- "rotterdam_old"
row <- function(f, name) list(coef = unname(coef(f)[name]), se = unname(sqrt(vcov(f)[name, name])), loglik = f$loglik[2])
analyse <- function(d, marker, adjust) {
  d$z <- (d[[marker]] >= 10) * 1
  d$study <- factor(d$study)
  d$share <- ave(d$z, d$study)
  d$within <- d$hormon * (d$z - d$share)
  d$between <- d$hormon * d$share
  own <- paste(c("study:hormon", "study:z", sprintf("study:%s", adjust)), collapse = " + ")
  mains <- paste(c("study:z", sprintf("study:%s", adjust)), collapse = " + ")
  fit <- function(rhs, data = d) do.call(coxph, list(as.formula(paste("Surv(time, status) ~", rhs)), data = data,
                                                     control = tight, ties = "efron"))
  full <- fit(paste(own, "+ within + strata(study)"))
  none <- fit(paste(own, "+ strata(study)"))
  free <- fit(paste(own, "+ study:within + strata(study)"))
  split <- fit(paste(mains, "+ hormon + between + within + strata(study)"))
  v <- vcov(split)[c("between", "within"), c("between", "within")]
  z <- diff(coef(split)[c("between", "within")]) / sqrt(v[1, 1] + v[2, 2] - 2 * v[1, 2])
  first <- lapply(split(d, d$study), function(s) row(fit(paste(c("hormon * z", adjust), collapse = " + "), s), "hormon:z"))
  pooled <- rma(sapply(first, `[[`, "coef"), sei = sapply(first, `[[`, "se"), method = "FE")
  list(shares = unname(tapply(d$z, d$study, mean)), n = nrow(d), events = sum(d$status),
       within = row(full, "within"), lrt_p = pchisq(2 * (full$loglik[2] - none$loglik[2]), 1, lower.tail = FALSE),
       between = row(split, "between"), split_within = row(split, "within"), difference_p = unname(2 * pnorm(-abs(z))),
       heterogeneity_chi2 = 2 * (free$loglik[2] - full$loglik[2]), studies = unname(first),
       two_stage = list(coef = as.numeric(pooled$beta), se = pooled$se))
}
out <- list(software = list(R = R.version.string, survival = as.character(packageVersion("survival")),
                            metafor = as.character(packageVersion("metafor"))),
            two = list(er = analyse(both, "er", character()), pgr = analyse(both, "pgr", character()),
                       pgr_adjusted = analyse(both, "pgr", c("age", "nodes"))),
            three = list(er = analyse(three, "er", character()), pgr = analyse(three, "pgr", c("nodes"))))
write_json(out, "tests/reference/meta/one_stage/one_stage.json", auto_unbox = TRUE, digits = NA, pretty = TRUE)
