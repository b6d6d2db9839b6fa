# Reference values for tests/test_outcomes.py, computed with R's metafor from the data sets of its companion metadat.
# Usage: Rscript make_multivariate.R   (writes multivariate.json beside itself)
# Needs Debian's r-cran-metafor r-cran-metadat r-cran-jsonlite. The likelihoods are maximised to 1e-14 of themselves,
# by four optimisers in turn, each from the best maximum so far: metafor's own settings leave about 1e-5 undone.
suppressMessages({library(metafor); library(jsonlite)})
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(FALSE), value = TRUE)))
ways <- list(list(optimizer = "nlminb", rel.tol = 1e-15, x.tol = 1e-12, iter.max = 5000, eval.max = 5000),
             list(optimizer = "optim", optmethod = "BFGS", reltol = 1e-16, maxit = 5000, ndeps = rep(1e-6, 3)),
             list(optimizer = "optim", optmethod = "Nelder-Mead", reltol = 1e-15, maxit = 50000),
             list(optimizer = "nlm", gradtol = 1e-10, steptol = 1e-12, iterlim = 1000))

berkey <- dat.berkey1998
riley <- dat.riley2003
riley$outcome <- factor(trimws(as.character(riley$outcome)), levels = c("DFS", "OS"))
berkey$outcome <- factor(trimws(as.character(berkey$outcome)), levels = c("PD", "AL"))
fit <- function(d, study, V, struct, method) {
  d$study <- study
  call <- function(ctl) rma.mv(yi, V, mods = ~ outcome - 1, random = ~ outcome | study, struct = struct,
                               method = method, data = d, control = ctl)
  best <- NULL
  for (round in 1:3) for (way in ways) {
    if (struct == "CS" && !is.null(way$ndeps)) way$ndeps <- rep(1e-6, 2)
    from <- if (is.null(best)) list() else list(tau2.init = best$tau2, rho.init = best$rho)
    m <- tryCatch(call(c(way, from)), error = function(e) NULL)
    if (!is.null(m) && (is.null(best) || logLik(m) > logLik(best))) best <- m
  }
  m <- best
  r <- as.numeric(m$yi - m$X %*% m$beta)
  list(struct = tolower(struct), method = tolower(method), beta = as.numeric(m$beta), se = m$se, p = m$pval,
       ci_low = m$ci.lb, ci_high = m$ci.ub, tau2 = m$tau2, rho = m$rho, loglik = as.numeric(logLik(m)), q = m$QE,
       q_p = m$QEp, covariance = m$vb[1, 2], generalised_q = as.numeric(r %*% solve(m$M) %*% r), df = m$k - m$p)
}
known <- vcalc(vi = 1, cluster = trial, rvars = c(v1i, v2i), data = berkey)
r_known <- sapply(split(seq_len(nrow(berkey)), berkey$trial), function(i) known[i[1], i[2]] / sqrt(prod(berkey$vi[i])))
out <- list(versions = list(R = R.version.string, metafor = as.character(packageVersion("metafor")),
                            metadat = as.character(packageVersion("metadat"))),
  berkey = list(study = as.character(berkey$trial), endpoint = as.character(berkey$outcome), yi = berkey$yi,
                vi = berkey$vi, correlation = as.list(r_known),
                fits = list(fit(berkey, berkey$trial, known, "UN", "REML"), fit(berkey, berkey$trial, known, "UN", "ML"),
                            fit(berkey, berkey$trial, known, "CS", "REML"), fit(berkey, berkey$trial, known, "CS", "ML"))),
  riley = list(study = as.character(riley$study), endpoint = as.character(riley$outcome), yi = riley$yi, vi = riley$vi))
at <- function(rho, struct, method) {
  V <- vcalc(vi, cluster = study, obs = outcome, data = riley, rho = rho)
  c(list(rho_within = rho), fit(riley, riley$study, V, struct, method)) }
out$riley$fits <- list(at(0, "UN", "REML"), at(0.5, "UN", "REML"), at(0.8, "UN", "REML"), at(0.9, "UN", "ML"),
                       at(0.8, "CS", "REML"), at(0.9, "CS", "ML"))
# a study without one of the outcomes: the first four OS results taken out
some <- riley[!(riley$outcome == "OS" & riley$study %in% c(2, 5, 9, 14)), ]
V <- vcalc(vi, cluster = study, obs = outcome, data = some, rho = 0.8)
out$partly <- list(study = as.character(some$study), endpoint = as.character(some$outcome), yi = some$yi, vi = some$vi,
                   fits = list(c(list(rho_within = 0.8), fit(some, some$study, V, "UN", "REML"))))
write_json(out, file.path(here, "multivariate.json"), digits = NA, auto_unbox = TRUE, pretty = TRUE)
