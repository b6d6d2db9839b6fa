# Reference values for tests/test_meta*.py, computed with R's metafor from the data sets of its companion metadat.
# Usage: Rscript make_meta.R   (writes meta.json beside itself)
# Needs Debian's r-cran-metafor r-cran-metadat r-cran-clubsandwich r-cran-metap r-cran-jsonlite.
# metafor's own stopping rules leave about 1e-8 (REML) to 1e-5 (PM) undone: every iteration is tightened.
suppressMessages({library(metafor); library(clubSandwich); library(metap); library(jsonlite)})
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(FALSE), value = TRUE)))
tight <- list(threshold = 1e-14, tol = 1e-14, maxiter = 10000)
METHODS <- c("FE", "DL", "REML", "ML", "PM", "HE", "SJ", "EB")

sets <- list(
  bcg = escalc("RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg),
  begg = dat.begg1989, linde = escalc("RR", ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat.linde2005),
  berkey = dat.berkey1998, hine = escalc("RD", ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat.hine1989),
  konst = dat.konstantopoulos2011)
sets <- lapply(sets, function(d) d[!is.na(d$yi), ])
measure <- c(bcg = "RR", begg = "other_difference", linde = "RR", berkey = "other_difference", hine = "RD",
             konst = "other_difference")

fit <- function(d, method, test = "z", ...) rma(yi, vi, data = d, method = method, test = test, control = tight, ...)
numbers <- function(m) list(estimate = as.numeric(m$beta), se = m$se, ci_low = m$ci.lb, ci_high = m$ci.ub, p = m$pval,
  tau2 = m$tau2, se_tau2 = m$se.tau2, q = m$QE, q_p = m$QEp, i2 = m$I2, h2 = m$H2)
fits <- function(d) { out <- list()
  for (method in METHODS) for (test in c("z", "knha", "adhoc")) {
    if (method == "FE" && test != "z") next
    out[[paste(method, test, sep = "_")]] <- numbers(suppressWarnings(fit(d, method, test))) }
  out }
# prediction intervals: predict() for z and hksj; k1 and hts from the Wald error, as in Higgins 2009
prediction <- function(d) { z <- fit(d, "REML"); hk <- fit(d, "REML", "knha"); k <- z$k
  wald <- function(df) as.numeric(z$beta) + c(-1, 1) * qt(.975, df) * sqrt(z$tau2 + z$se^2)
  p <- predict(z); ph <- predict(hk)
  list(z = c(p$pi.lb, p$pi.ub), hksj = c(ph$pi.lb, ph$pi.ub), k1 = wald(k - 1), hts = wald(k - 2)) }
interval <- function(d) { r <- confint(fit(d, "REML"), control = list(tol = 1e-14, maxiter = 10000))$random
  list(low = r["tau^2", "ci.lb"], high = r["tau^2", "ci.ub"]) }


# single studies: leave-one-out, influence, Baujat, by REML with a normal and with a Hartung-Knapp interval
leave_out <- function(d, test) { l <- leave1out(fit(d, "REML", test))
  list(estimate = l$estimate, se = l$se, ci_low = l$ci.lb, ci_high = l$ci.ub, p = l$pval, tau2 = l$tau2) }
single <- function(d, test) { m <- fit(d, "REML", test); i <- influence(m); pdf(NULL); b <- baujat(m); dev.off()
  c(lapply(unclass(i$inf)[c("rstudent", "dffits", "cook.d", "cov.r", "tau2.del", "QE.del", "hat")], as.numeric),
    list(dfbs = as.numeric(i$dfbs$intrcpt), infl = as.logical(i$is.infl), baujat_x = b$x, baujat_y = b$y)) }
cumulate <- function(d, order) { l <- cumul(fit(d[order, ], "REML"))
  list(estimate = l$estimate, se = l$se, ci_low = l$ci.lb, ci_high = l$ci.ub, tau2 = l$tau2) }

# moderators
regression <- function(d, mods, method, test) { m <- fit(d, method, test, mods = mods)
  list(beta = as.numeric(m$beta), se = m$se, ci_low = m$ci.lb, ci_high = m$ci.ub, p = m$pval, tau2 = m$tau2,
       r2 = m$R2, q = m$QE, q_p = m$QEp, i2 = m$I2, h2 = m$H2, qm = m$QM, qm_p = m$QMp) }

# small-study effects
asymmetry <- function(d) { e <- regtest(d$yi, vi = d$vi, model = "lm"); r <- suppressWarnings(ranktest(d$yi, vi = d$vi))
  list(t = e$zval, p = e$pval, df = e$dfs, est = e$est, est_low = e$ci.lb, est_high = e$ci.ub, tau = r$tau, tau_p = r$pval) }
fill <- function(d, method) { t <- trimfill(fit(d, method), control = tight)
  list(k0 = t$k0, side = t$side, estimate = as.numeric(t$beta), se = t$se, ci_low = t$ci.lb, ci_high = t$ci.ub, tau2 = t$tau2) }
selection <- function(d, alternative) {
  m <- selmodel(fit(d, "ML"), type = "stepfun", steps = .025, alternative = alternative,
                control = list(optimizer = "optim", optmethod = "Nelder-Mead", reltol = 1e-16, maxit = 20000))
  list(alternative = alternative, estimate = as.numeric(m$beta), se = m$se, tau2 = m$tau2, ratio = m$delta[2],
       ratio_se = m$se.delta[2], p = m$pval, lrt = m$LRT, lrt_p = m$LRTp) }

# several effects from one study
# (variances found, and variances given: with those every number is a closed form)
three <- function(d, cluster, rho, given = NULL) { d$cluster <- cluster; d$effect <- seq_len(nrow(d))
  V <- outer(d$cluster, d$cluster, "==") * rho * sqrt(outer(d$vi, d$vi)); diag(V) <- d$vi
  m <- rma.mv(yi, V, random = ~ 1 | cluster/effect, data = d, sparse = FALSE, sigma2 = if (is.null(given)) c(NA, NA) else given,
              control = list(optimizer = "nlminb", rel.tol = 1e-10, iter.max = 5000, eval.max = 5000))
  r1 <- robust(m, cluster = d$cluster, adjust = TRUE); ct <- coef_test(m, vcov = "CR2", cluster = d$cluster)
  list(cluster = as.integer(factor(cluster)), rho = rho, given = !is.null(given), estimate = as.numeric(m$beta), se = m$se,
       between = m$sigma2[1], within = m$sigma2[2], loglik = as.numeric(logLik(m)), cr1_se = r1$se, cr1_p = r1$pval,
       cr2_se = ct$SE, cr2_df = if (is.null(ct$df_Satt)) ct$df else ct$df_Satt, cr2_p = if (is.null(ct$p_Satt)) ct$p_val else ct$p_Satt) }

# Bayes: the posterior written out and integrated by R's integrate(), half-normal prior of tau, flat prior of mu
bayes <- function(d, scale, limit) { y <- d$yi; v <- d$vi
  one <- function(t) { w <- 1 / (v + t^2); m <- sum(w * y) / sum(w)
    c(exp(sum(log(w)) / 2 - log(sum(w)) / 2 - sum(w * (y - m)^2) / 2 + dnorm(t, 0, scale, log = TRUE)), m, 1 / sum(w)) }
  peak <- optimize(function(t) log(one(t)[1]), c(0, 5 * scale), maximum = TRUE); top <- exp(peak$objective)
  integral <- function(f) { breaks <- unique(sort(c(0, peak$maximum * c(.25, .5, .75, 1, 1.5, 2, 3), scale * c(1, 3, 9))))
    sum(sapply(seq_len(length(breaks) - 1), function(i) integrate(Vectorize(function(t) { o <- one(t); o[1] / top * f(t, o[2], o[3]) }),
      breaks[i], breaks[i + 1], rel.tol = 1e-12, subdivisions = 2000)$value)) }
  total <- integral(function(t, m, s) 1)
  cdf <- function(x, new = 0) integral(function(t, m, s) pnorm(x, m, sqrt(s + new * t^2))) / total
  quantile_of <- function(p, new = 0) uniroot(function(x) cdf(x, new) - p, c(-6, 6), tol = 1e-12)$root
  first <- function(p) uniroot(function(x) integral(function(t, m, s) { b <- v[1] / (v[1] + t^2)
    pnorm(x, (1 - b) * y[1] + b * m, sqrt((1 - b) * v[1] + b^2 * s)) }) / total - p, c(-6, 6), tol = 1e-12)$root
  tau_cdf <- function(x) integrate(Vectorize(function(t) one(t)[1] / top), 0, x, rel.tol = 1e-12, subdivisions = 2000)$value / total
  ps <- c(.5, .025, .975)
  list(scale = scale, limit = limit, mu = sapply(ps, quantile_of), new = sapply(ps, quantile_of, new = 1),
       first = sapply(ps, first), tau = sapply(ps, function(p) uniroot(function(x) tau_cdf(x) - p, c(1e-9, 8 * scale), tol = 1e-12)$root),
       above = 1 - cdf(0), within = cdf(limit) - cdf(-limit)) }

out <- list(software = list(R = R.version.string, metafor = as.character(packageVersion("metafor")),
                            metadat = as.character(packageVersion("metadat")),
  clubSandwich = as.character(packageVersion("clubSandwich")), metap = as.character(packageVersion("metap"))))
for (name in names(sets)) { d <- sets[[name]];
  out[[name]] <- list(measure = measure[[name]], yi = as.numeric(d$yi), vi = as.numeric(d$vi), fits = fits(d),
                      tau2_interval = interval(d), prediction = prediction(d)) }
for (name in names(sets)) { d <- sets[[name]];
  out[[name]]$leave_out <- list(z = leave_out(d, "z"), hksj = leave_out(d, "knha"))
  out[[name]]$single <- list(z = single(d, "z"), hksj = single(d, "knha"))
  out[[name]]$asymmetry <- asymmetry(d)
  out[[name]]$fill <- list(reml = fill(d, "REML"), dl = fill(d, "DL")) }
d <- sets$bcg; alloc <- as.character(d$alloc)
out$bcg$year <- d$year; out$bcg$ablat <- d$ablat; out$bcg$alloc <- alloc; out$bcg$events_1 <- d$tpos; out$bcg$events_0 <- d$cpos
out$bcg$cumulative <- cumulate(d, order(d$year))
out$bcg$regression <- list(ablat_reml_hksj = regression(d, ~ ablat, "REML", "knha"), ablat_ml_z = regression(d, ~ ablat, "ML", "z"),
  ablat_dl_z = regression(d, ~ ablat, "DL", "z"), ablat_he_z = regression(d, ~ ablat, "HE", "z"),
  ablat_sj_z = regression(d, ~ ablat, "SJ", "z"), ablat_pm_hksj = regression(d, ~ ablat, "PM", "knha"),
  ablat_year_reml_hksj = regression(d, ~ ablat + year, "REML", "knha"), ablat_year_reml_z = regression(d, ~ ablat + year, "REML", "z"))
at <- predict(fit(d, "REML", "knha", mods = ~ ablat), newmods = 30); out$bcg$regression$at_30 <- list(point = at$pred, se = at$se, low = at$ci.lb, high = at$ci.ub)
h <- sets$hine; h$total <- (h$n1i + h$n2i) / 100
set.seed(1); perm <- suppressWarnings(permutest(fit(h, "DL", "z", mods = ~ total), exact = TRUE, progbar = FALSE))
out$hine$total <- h$total; out$hine$permutation_p <- as.numeric(perm$pval)
group <- split(seq_len(nrow(d)), factor(alloc, unique(alloc)))
separate <- lapply(group, function(i) fit(d[i, ], "REML")); hk <- lapply(group, function(i) fit(d[i, ], "REML", "knha"))
test <- rma(sapply(separate, function(m) as.numeric(m$beta)), sei = sapply(separate, function(m) m$se), method = "FE")
one <- function(test) fit(d, "REML", test, mods = ~ factor(alloc, unique(alloc)) - 1)
out$bcg$subgroups <- list(separate = lapply(separate, numbers), separate_hksj = lapply(hk, numbers), q = test$QE, q_p = test$QEp,
  common = numbers(one("z")), common_hksj = numbers(one("knha")),
  common_test = { m <- fit(d, "REML", mods = ~ factor(alloc)); list(q = m$QM, p = m$QMp) })
events <- d$tpos + d$cpos
debray <- function(m) { s <- summary(m)$coefficients; ci <- confint(m); list(t = s[2, 3], p = s[2, 4], slope = s[2, 1], intercept = s[1, 1], low = ci[1, 1], high = ci[1, 2]) }
out$bcg$debray <- list(fiv = debray(lm(d$yi ~ I(1 / events), weights = 1 / d$vi)),
                       fav = debray(lm(d$yi ~ I(1 / events), weights = 1 / (1 / d$tpos + 1 / d$cpos))))
out$bcg$selection <- selection(d, "less"); out$linde$selection <- selection(sets$linde, "greater")
out$konst$selection <- selection(sets$konst, "greater")
out$konst$clusters <- list(three(sets$konst, sets$konst$district, 0), three(sets$konst, sets$konst$district, .4), three(sets$konst, sets$konst$district, .3, c(.06, .03)))
out$berkey$clusters <- list(three(sets$berkey, sets$berkey$trial, 0), three(sets$berkey, sets$berkey$trial, .5), three(sets$berkey, sets$berkey$trial, .5, c(.02, .1)))
out$begg$clusters <- list(three(sets$begg, sets$begg$study, 0), three(sets$begg, sets$begg$study, .2, c(.01, .02)))
out$bcg$bayes <- bayes(d, .5, log(1.25)); out$hine$bayes <- bayes(sets$hine, .05, .05); out$begg$bayes <- bayes(sets$begg[1:3, ], .5, log(1.25))
a <- c(1, 2, 2, 3, 4, 4, 4, 5, 6, 7, 8, 8); b <- c(2, 1, 3, 3, 3, 5, 4, 6, 6, 8, 7, 7)
out$ties <- list(a = a, b = b, kendall = { k <- cor.test(a, b, method = "kendall", exact = FALSE); c(as.numeric(k$estimate), k$p.value) })
tails <- c(.012, .2, .6, .04, .31); n <- c(120, 60, 340, 80, 200)
out$combined <- list(tails = tails, n = n, stouffer = as.numeric(unlist(sumz(tails)[c("z", "p")])),
  weighted = as.numeric(unlist(sumz(tails, weights = sqrt(n))[c("z", "p")])), fisher = as.numeric(unlist(sumlog(tails)[c("chisq", "p")])))
write_json(out, file.path(here, "meta.json"), auto_unbox = TRUE, digits = NA, pretty = TRUE, na = "null")
