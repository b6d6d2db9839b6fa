# R's answers for the tests of the estimators in tamoxres/models, one section a module.
# Usage: Rscript make_estimators_reference.R REFERENCE_FOLDER   (tests/reference)
# Needs survival, cmprsk, jsonlite (Debian: r-cran-survival r-cran-cmprsk r-cran-jsonlite).
suppressMessages({library(survival); library(cmprsk); library(jsonlite)})
root <- commandArgs(TRUE)[1]
tight <- coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 100)
g <- gbsg; r <- rotterdam
r$rfs <- pmax(r$recur, r$death); r$rfstime <- with(r, ifelse(recur == 1, rtime, dtime))
r$status <- with(r, ifelse(recur == 1, 1, ifelse(death == 1, 2, 0)))
m <- mgus2; m$etime <- with(m, ifelse(pstat == 0, futime, ptime)); m$status <- with(m, ifelse(pstat == 1, 1, 2 * death))
ref <- list(software = list(R = R.version.string, survival = as.character(packageVersion("survival")), cmprsk = as.character(packageVersion("cmprsk"))))

# rmst.py
means <- function(formula, d, tau) { t <- summary(survfit(formula, data = d), rmean = tau)$table
  list(rmst = unname(t[, "rmean"]), se = unname(t[, "se(rmean)"])) }
lost <- function(time, status, group, tau) { # time in the state of cause 1, by multi-state survfit
  f <- survfit(Surv(time, factor(status, 0:2)) ~ group, influence = TRUE); t <- summary(f, rmean = tau)$table
  one <- grep("1$", rownames(t)); list(rmtl = unname(t[one, "rmean"]), se = unname(t[one, "se(rmean)"])) }
ref$rmst <- list(gbsg = means(Surv(rfstime, status) ~ hormon, g, 1825), lung = means(Surv(time, status == 2) ~ sex, lung, 500),
  rotterdam = means(Surv(rfstime, rfs) ~ hormon, r, 3652.5), veteran = means(Surv(time, status) ~ celltype, veteran, 180),
  lost_mgus2 = lost(m$etime, m$status, m$sex, 240), lost_rotterdam = lost(r$rfstime, r$status, r$hormon, 3652.5))

# rates.py
counts <- c(0, 1, 10, 299); limits <- sapply(counts, function(k) poisson.test(k)$conf.int)
by_arm <- sapply(0:1, function(h) { d <- g[g$hormon == h, ]; years <- sum(d$rfstime) / 365.25; p <- poisson.test(sum(d$status), years)
  c(sum(d$status), years, 1000 * p$estimate, 1000 * p$conf.int) })
ref$rates <- list(events = counts, low = limits[1, ], high = limits[2, ], ninety = as.numeric(poisson.test(10, conf.level = 0.9)$conf.int),
  gbsg = list(events = by_arm[1, ], person_years = by_arm[2, ], rate = by_arm[3, ], ci_low = by_arm[4, ], ci_high = by_arm[5, ]))

# fine_gray.py
crr1 <- function(time, status, x, cause = 1) { f <- crr(time, status, x, failcode = cause, cencode = 0, gtol = 1e-13, maxiter = 100)
  list(coef = unname(f$coef), var = unname(f$var), loglik = f$loglik, loglik_null = f$loglik.null) }
rounded <- ceiling(r$rfstime / 182.625) # half years: heavy ties
mx <- cbind(m$age, m$sex == "M")
ref$fine_gray <- list(mgus2 = crr1(m$etime, m$status, mx), mgus2_death = crr1(m$etime, m$status, mx, 2),
  rotterdam = crr1(r$rfstime, r$status, cbind(r$hormon, r$age, log(r$nodes + 1))),
  rotterdam_ties = crr1(rounded, r$status, cbind(r$hormon, r$age)), lung = crr1(lung$time, ifelse(lung$status == 2, 1 + (seq_len(228) %% 3 == 0), 0), cbind(lung$age)))

# time_split.py
halves <- function(formula, d, cuts, term) { s <- survSplit(Surv(time, event) ~ ., d, cut = cuts, episode = "period"); s$period <- factor(s$period)
  f <- coxph(formula, data = s, control = tight); k <- grep(":", names(coef(f)))
  one <- update(f, as.formula(paste(". ~ . -", term, ":period +", term))); f0 <- coxph(formula(one), data = s, control = tight)
  list(coef = unname(coef(f)[k]), se = unname(sqrt(diag(vcov(f)))[k]), lrt = 2 * (f$loglik[2] - f0$loglik[2]), rows = nrow(s), events = as.integer(tapply(s$event, s$period, sum))) }
gs <- with(g, data.frame(time = rfstime, event = status, hormon, age, nodes, meno)); vs <- with(veteran, data.frame(time, event = status, trt = trt - 1, karno, celltype))
ref$time_split <- list(gbsg = halves(Surv(tstart, time, event) ~ hormon:period, gs, c(730.5, 1461), "hormon"),
  gbsg_adjusted = halves(Surv(tstart, time, event) ~ age + nodes + strata(meno) + hormon:period, gs, 730.5, "hormon"),
  veteran = halves(Surv(tstart, time, event) ~ karno + trt:period, vs, c(30, 90), "trt"))

# risk_difference.py
at <- function(f, times) { s <- summary(f, times = times); k <- length(times); list(difference = s$surv[1:k] - s$surv[k + 1:k], se = sqrt(s$std.err[1:k]^2 + s$std.err[k + 1:k]^2)) }
tp <- timepoints(cuminc(m$etime, m$status, m$sex, cencode = 0), c(60, 240))
ref$risk_difference <- list(gbsg = at(survfit(Surv(rfstime, status) ~ hormon, g), c(730.5, 1826.25)),
  mgus2 = list(difference = unname(tp$est["M 1", ] - tp$est["F 1", ]), se = unname(sqrt(tp$var["M 1", ] + tp$var["F 1", ]))))

# weights.py
ps <- function(f) fitted(glm(f, binomial, g, control = glm.control(epsilon = 1e-14, maxit = 100)))
e <- ps(hormon ~ age + meno + size + grade + nodes + pgr + er); q <- mean(g$hormon); h <- g$hormon
W <- list(iptw = ifelse(h == 1, q / e, (1 - q) / (1 - e)), att = ifelse(h == 1, 1, e / (1 - e)), overlap = ifelse(h == 1, 1 - e, e))
wcox <- function(w, f = Surv(rfstime, status) ~ hormon) { d <- g; d$w <- w; fit <- coxph(f, data = d, weights = w, robust = TRUE, control = tight)
  c(coef(fit)[1], sqrt(vcov(fit)[1, 1])) }
smd <- function(x, w) { s <- sqrt((var(x[h == 1]) + var(x[h == 0])) / 2); m <- sapply(1:0, function(a) weighted.mean(x[h == a], w[h == a]))
  v <- mapply(function(a, mu) sum(w[h == a] * (x[h == a] - mu)^2) / sum(w[h == a]), 1:0, m); c((m[1] - m[2]) / s, v[1] / v[2]) }
ef <- ps(hormon ~ age + meno + size + factor(grade) + nodes + pgr + er)
ref$weights <- list(propensity = sort(unname(e))[c(1, 100, 343, 600, 686)], effect = lapply(W, function(w) unname(wcox(w))),
  doubly = unname(wcox(W$iptw, Surv(rfstime, status) ~ hormon + age + meno + size + grade + nodes + pgr + er)),
  factor_grade = unname(wcox(ifelse(h == 1, q / ef, (1 - q) / (1 - ef)))),
  ess = lapply(W, function(w) sapply(0:1, function(a) sum(w[h == a])^2 / sum(w[h == a]^2))),
  balance = lapply(W, function(w) sapply(g[c("age", "meno", "size", "grade", "nodes", "pgr", "er")], smd, w = w)),
  unweighted = sapply(g[c("age", "meno", "size", "grade", "nodes", "pgr", "er")], smd, w = rep(1, 686)))

# rubin.py: mice's arithmetic
suppressMessages(library(mice)); Q <- c(.40, .46, .35, .43, .38); U <- c(.0160, .0155, .0170, .0158, .0163)
pooled <- function(...) { p <- pool.scalar(...); list(estimate = p$qbar, total = p$t, within = p$ubar, between = p$b, df = p$df, fmi = p$fmi) }
ref$software$mice <- as.character(packageVersion("mice"))
ref$rubin <- list(infinite = pooled(Q, U), finite = pooled(Q, U, n = 201, k = 1), small = pooled(Q[1:2], U[1:2], n = 31, k = 1), same = pooled(rep(.4, 3), rep(.02, 3), n = 101, k = 1))

# imputation.py: mice by arm on GBSG with gaps that follow from the days of follow-up
ms <- with(g, data.frame(rfstime, status, hormon, age, grade = ifelse(rfstime %% 3 == 0, NA, grade), nodes = ifelse(rfstime %% 4 == 1, NA, nodes), meno = ifelse(rfstime %% 5 == 2, NA, meno)))
arms <- lapply(0:1, function(a) { x <- ms[ms$hormon == a, ]; b <- survfit(Surv(rfstime, status) ~ 1, x, ctype = 1); x$hazard <- b$cumhaz[match(x$rfstime, b$time)]
  p <- make.predictorMatrix(x); p[, c("rfstime", "hormon")] <- 0; mice(x, m = 50, method = "pmm", predictorMatrix = p, printFlag = FALSE, seed = 1, maxit = 5) })
est <- sapply(1:50, function(i) { x <- rbind(complete(arms[[1]], i), complete(arms[[2]], i)); f <- coxph(Surv(rfstime, status) ~ hormon + grade + nodes + meno, x); c(coef(f)[1], vcov(f)[1, 1]) })
p <- pool.scalar(est[1, ], est[2, ], n = 299, k = 4)
ref$imputation <- list(estimate = p$qbar, se = sqrt(p$t), fmi = p$fmi, missing = unname(colSums(is.na(ms[c("grade", "nodes", "meno")]))))

# standardise.py: mean predicted risk with everyone treated, and untreated
worlds <- function(formula, d, term, times) { f <- do.call(coxph, list(formula, data = d, control = tight, model = TRUE))
  sapply(0:1, function(v) { n <- d; n[[term]] <- v; s <- summary(survfit(f, newdata = n, se.fit = FALSE), times = times); 1 - rowMeans(s$surv) }) }
cs <- function(cause, rhs, d) do.call(coxph, list(as.formula(paste("Surv(etime, status ==", cause, ") ~", rhs)), data = d, control = tight, model = TRUE))
incidence <- function(rhs, d, times) { f <- lapply(1:2, cs, rhs = rhs, d = d)
  sapply(0:1, function(v) { n <- d; n$male <- v; b <- lapply(f, basehaz, centered = FALSE); t <- b[[1]]$time
    lp <- sapply(f, function(x) { mm <- model.matrix(delete.response(terms(x)), n)[, -1]; drop(mm %*% coef(x)) })
    h <- sapply(b, function(x) x$hazard); before <- rbind(0, h[-nrow(h), ]); step <- h - before
    F <- 0; out <- c(); for (k in seq_along(t)) { F <- F + mean(exp(-before[k, 1] * exp(lp[, 1]) - before[k, 2] * exp(lp[, 2])) * exp(lp[, 1])) * step[k, 1]; out <- c(out, F) }
    out[findInterval(times, t)] }) }
m$male <- as.integer(m$sex == "M")
ref$standardise <- list(gbsg = worlds(Surv(rfstime, status) ~ hormon + age + grade + nodes, g, "hormon", c(730.5, 1826.25)),
  interaction = worlds(Surv(rfstime, status) ~ hormon * meno + age, g, "hormon", c(730.5, 1826.25)), mgus2 = incidence("male + age", m, c(60, 120, 240)))
strat <- coxph(Surv(rfstime, status) ~ hormon + age + nodes + strata(grade), g, control = tight)
ref$standardise$stratified <- sapply(0:1, function(v) { n <- g; n$hormon <- v; b <- basehaz(strat, centered = FALSE); b$grade <- as.integer(sub("grade=", "", b$strata))
  lp <- as.matrix(n[c("hormon", "age", "nodes")]) %*% coef(strat); sapply(c(730.5, 1826.25), function(t) { H <- sapply(1:3, function(s) { x <- b[b$grade == s & b$time <= t, ]; max(0, x$hazard) }); mean(1 - exp(-H[g$grade] * exp(lp))) }) })

# additive.py: RERI by hand from coxph, and cells by survfit and cuminc
excess <- function(f, k) { b <- coef(f)[k]; V <- vcov(f)[k, k]; h <- exp(c(b[1], b[2], sum(b))); d <- c(h[3] - h[1], h[3] - h[2], h[3]); c(unname(h[3] - h[1] - h[2] + 1), sqrt(drop(t(d) %*% V %*% d))) }
g$g3 <- as.integer(g$grade == 3); g$none <- 1 - g$hormon; g$g12 <- 1 - g$g3
fits <- list(coded = coxph(Surv(rfstime, status) ~ hormon * g3, g, control = tight), turned = coxph(Surv(rfstime, status) ~ none * g3, g, control = tight),
  adjusted = coxph(Surv(rfstime, status) ~ none * g3 + age + nodes, g, control = tight))
cell <- function(tau) { s <- summary(survfit(Surv(rfstime, status) ~ g3 + hormon, g), times = tau); u <- summary(survfit(Surv(rfstime, status) ~ g3 + hormon, g), rmean = tau)$table
  list(risk = 1 - s$surv, risk_se = s$std.err, mean = unname(u[, "rmean"]), mean_se = unname(u[, "se(rmean)"])) }
ref$additive <- list(coded = excess(fits$coded, c(1, 2, 3)), turned = excess(fits$turned, c(1, 2, 3)), adjusted = excess(fits$adjusted, c("none", "g3", "none:g3")), cells = cell(1461))

# families.py, equivalence.py
ref$families <- list(p = c(0.001, 0.04, 0.03, 0.2, 0.04), holm = p.adjust(c(0.001, 0.04, 0.03, 0.2, 0.04), "holm"), bh = p.adjust(c(0.001, 0.04, 0.03, 0.2, 0.04), "BH"))
tost <- function(b, s, df) c(pt((b - log(0.8)) / s, df, lower.tail = FALSE), pt((b - log(1.25)) / s, df), exp(b + c(-1, 1) * qt(0.95, df) * s))
ref$equivalence <- list(normal = tost(0.05, 0.08, Inf), t = tost(0.05, 0.08, 12))

# firth.py: R's own likelihood and information, penalised and maximised by differences
pen <- function(b, y, X, ties = "efron", s = rep(1, nrow(X))) { f <- coxph(y ~ X + strata(s), ties = ties, init = b, control = coxph.control(iter.max = 0))
  f$loglik[2] - 0.5 * as.numeric(determinant(f$var)$modulus) }
slope <- function(fn, b, h = 1e-3) sapply(seq_along(b), function(j) { e <- replace(0 * b, j, h); (8 * (fn(b + e) - fn(b - e)) - (fn(b + 2 * e) - fn(b - 2 * e))) / (12 * h) })
climb <- function(y, X, fixed = NULL, ...) { p <- ncol(X); b <- rep(0, p); if (!is.null(fixed)) b[fixed[1]] <- fixed[2]; free <- setdiff(1:p, fixed[1]); full <- function(b) pen(b, y, X, ...)
  if (length(free)) { part <- function(q) full(replace(b, free, q)); b[free] <- optim(b[free], part, method = "BFGS", control = list(fnscale = -1, reltol = 1e-15))$par
    for (i in 1:40) { gr <- slope(part, b[free]); H <- sapply(seq_along(free), function(j) { e <- replace(0 * gr, j, 1e-4); (slope(part, b[free] + e) - slope(part, b[free] - e)) / 2e-4 })
      b[free] <- b[free] - solve(as.matrix(H), gr) ; if (max(abs(gr)) < 1e-9) break } }
  list(coef = b, loglik = full(b)) }
firth1 <- function(y, X, ...) { sd <- apply(X, 2, sd); X <- scale(X); f <- climb(y, X, ...); v <- coxph(y ~ X, init = f$coef, control = coxph.control(iter.max = 0), ...)
  n <- climb(y, X, fixed = c(1, 0), ...); lim <- function(s) { top <- f$coef[1] + s * 3 * sqrt(v$var[1, 1]); g0 <- function(q) climb(y, X, fixed = c(1, q), ...)$loglik - f$loglik + qchisq(.95, 1) / 2
    while (g0(top) > 0) top <- top + s; uniroot(g0, sort(c(f$coef[1], top)), tol = 1e-10)$root }
  list(coef = unname(f$coef / sd), se = unname(sqrt(diag(v$var)) / sd), p = pchisq(2 * (f$loglik - n$loglik), 1, lower.tail = FALSE), low = unname(lim(-1) / sd[1]), high = unname(lim(1) / sd[1])) }
sep <- data.frame(time = c(2, 3, 5, 7, 8, 11, 12, 14, 15, 18), event = c(1, 1, 1, 0, 1, 1, 0, 1, 0, 0), x = c(1, 1, 1, 1, 1, 1, 0, 0, 0, 0), z = c(.5, 1.2, -.3, .8, -1, .1, .4, -.6, 1.5, -.2))
sep$event[8] <- 0 # every event has x = 1
ref$firth <- list(ovarian = firth1(Surv(ovarian$futime, ovarian$fustat), cbind(ovarian$rx - 1, ovarian$age)), separated = firth1(Surv(sep$time, sep$event), cbind(sep$x, sep$z)),
  breslow = firth1(Surv(ceiling(veteran$time / 30), veteran$status), cbind(veteran$trt - 1, veteran$karno), ties = "breslow"), efron = firth1(Surv(ceiling(veteran$time / 30), veteran$status), cbind(veteran$trt - 1, veteran$karno)))

# splines.py: Harrell's basis by its formula
rcs <- function(x, t) { k <- length(t); p <- function(u) pmax(u, 0)^3
  cbind(x, matrix(nrow = length(x), sapply(1:(k - 2), function(j) (p(x - t[j]) - p(x - t[k - 1]) * (t[k] - t[j]) / (t[k] - t[k - 1]) + p(x - t[k]) * (t[k - 1] - t[j]) / (t[k] - t[k - 1])) / (t[k] - t[1])^2))) }
curve1 <- function(y, x, t, Z = NULL, at = c(1, 5, 20), from = median(x)) { B <- rcs(x, t); X <- cbind(B, Z); f <- coxph(y ~ X, control = tight); f0 <- coxph(y ~ cbind(x, Z), control = tight); k <- 1:ncol(B)
  D <- sweep(rcs(at, t), 2, rcs(from, t)); list(knots = unname(t), lrt = 2 * (f$loglik[2] - f0$loglik[2]), log_hr = as.numeric(D %*% coef(f)[k]), se = sqrt(diag(D %*% vcov(f)[k, k] %*% t(D))),
    wald = as.numeric(coef(f)[k] %*% solve(vcov(f)[k, k]) %*% coef(f)[k]), per_sd = unname(c(coef(f0)[1], sqrt(vcov(f0)[1, 1])) * sd(x))) }
Y <- Surv(g$rfstime, g$status)
ref$splines <- list(nodes4 = curve1(Y, g$nodes, quantile(g$nodes, c(.05, .35, .65, .95))), pgr3 = curve1(Y, g$pgr, quantile(g$pgr, c(.1, .5, .9)), at = c(10, 100, 300)),
  age5 = curve1(Y, g$age, quantile(g$age, c(.05, .275, .5, .725, .95)), Z = cbind(g$nodes, g$grade), at = c(30, 45, 70)), nodes_named = curve1(Y, g$nodes, c(1, 3, 8), at = c(1, 2, 12), from = 1))

# cutpoints.py: maximally selected statistic from its definition
maxsel <- function(y, x, lo = .1, hi = .9) { a <- residuals(coxph(y ~ 1, ties = "breslow"), "martingale"); n <- length(x); best <- c(0, 0)
  for (v in sort(unique(x))) { k <- sum(x <= v); if (k < floor(n * lo) || k > floor(n * hi) || k == n) next
    z <- abs(sum(a[x <= v]) - k * mean(a)) / sqrt(k * (n - k) / (n * (n - 1)) * sum((a - mean(a))^2)); if (z > best[2]) best <- c(v, z) }
  b <- best[2]; db <- dnorm(b); list(cut = best[1], statistic = b, p = max(0, min(1, 4 * db / b + db * (b - 1 / b) * log(hi * (1 - lo) / ((1 - hi) * lo))))) }
ref$cutpoints <- list(nodes = maxsel(Y, g$nodes), pgr = maxsel(Y, g$pgr), age = maxsel(Y, g$age), lung = maxsel(Surv(lung$time, lung$status == 2), lung$age, .2, .8), scores = unname(residuals(coxph(Surv(time, status == 2) ~ 1, lung, ties = "breslow"), "martingale"))[1:6])
#NEXT
write_json(ref, file.path(root, "estimators", "estimators.json"), auto_unbox = TRUE, digits = NA, pretty = TRUE, na = "null")
