# What a verdict rests on, by R: run in this folder as `Rscript make_verdicts.R`; writes crossing.csv and verdicts.json.
# Profile limits by uniroot on coxph with an offset; Firth by optim on coxph's log likelihood and information.
suppressMessages({library(survival); library(jsonlite)})
read <- function(file) { d <- read.csv(file); d$x <- as.integer(d$tam == "yes"); d$m <- d$marker; d$xm <- d$x * d$m; d$s <- 1; d }

tight <- coxph.control(eps = 1e-14, toler.chol = 1e-15, iter.max = 100)
set.seed(20261201)  # hazard ratio 0.35 up to month 30 and 2.6 after when altered; 0.7 throughout when unaltered
n <- 900; m <- rbinom(n, 1, .5); x <- rbinom(n, 1, .5); h1 <- .02 * ifelse(x == 1, ifelse(m == 1, .35, .7), 1)
h2 <- .02 * ifelse(x == 1, ifelse(m == 1, 2.6, .7), 1); u <- rexp(n); t <- ifelse(u < 30 * h1, u / h1, 30 + (u - 30 * h1) / h2)
c <- runif(n, 40, 120); e <- as.integer(t <= c)
write.csv(data.frame(pid = sprintf("P%04d", 1:n), marker = m, tam = ifelse(x == 1, "yes", "no"), t = round(pmin(t, c) + .01, 2), e = e), "crossing.csv", row.names = FALSE, quote = FALSE)

limits <- function(d, extra, row) {  # profile likelihood limits of the product
  target <- row$loglik - qchisq(.95, 1) / 2
  gap <- function(b) { d$o <- b * d$xm; coxph(as.formula(paste("Surv(t, e) ~ x + m + offset(o)", extra)), d, control = tight)$loglik[2] - target }
  sapply(c(-1, 1), function(s) uniroot(gap, sort(row$b + s * c(0.5, 6) * row$se), tol = 1e-11)$root)
}
gail_simon <- function(z) { q <- min(sum(z[z > 0]^2), sum(z[z < 0]^2)); .5 * pchisq(q, 1, lower.tail = FALSE) }
firth <- function(d) {
  at <- function(b) { f <- coxph(Surv(t, e) ~ x + m + xm, d, init = b, iter.max = 0); f$loglik[1] - .5 * log(det(vcov(f))) }
  best <- function(fixed = NULL) { p <- 3 - length(fixed); o <- list(par = rep(0, p))
    for (i in 1:4) o <- optim(o$par, function(b) -at(c(b, fixed)), method = "BFGS", control = list(reltol = 1e-15, maxit = 500)); o }
  top <- best(); target <- -top$value - qchisq(.95, 1) / 2; b <- top$par[3]
  ends <- sapply(c(-1, 1), function(s) uniroot(function(v) -best(v)$value - target, sort(b + s * c(.2, 6)), tol = 1e-9)$root)
  list(coef = top$par, low = ends[1], high = ends[2], p = pchisq(2 * (best(0)$value - top$value), 1, lower.tail = FALSE),
    p_marker_and_product = pchisq(2 * (best(c(0, 0))$value - top$value), 2, lower.tail = FALSE))
}
halves <- function(d) {
  cut <- median(d$t[d$e == 1]); d$id <- seq_len(nrow(d)); long <- survSplit(Surv(t, e) ~ ., d, cut = cut, episode = "half")
  for (k in 1:2) for (v in c("x", "m", "xm")) long[[paste0(v, k)]] <- long[[v]] * (long$half == k)
  f <- coxph(Surv(tstart, t, e) ~ x1 + m1 + xm1 + x2 + m2 + xm2, long, timefix = FALSE); b <- coef(f); v <- vcov(f)
  rows <- list(ratio = c(0, 0, 1), altered = c(1, 0, 1), unaltered = c(1, 0, 0))
  lapply(rows, function(w) { one <- c(w, 0, 0, 0); two <- c(0, 0, 0, w); d <- two - one
    list(early = sum(one * b), late = sum(two * b), p = 2 * pnorm(-abs(sum(d * b)) / sqrt(c(d %*% v %*% d)))) })
}
answer <- function(d, extra = "", whole = TRUE) {
  f <- coxph(as.formula(paste("Surv(t, e) ~ x + m + xm", extra)), d, control = tight); r <- coxph(as.formula(paste("Surv(t, e) ~ x + m", extra)), d, control = tight)
  b <- coef(f); v <- vcov(f); at <- c(x = "x", xm = "xm"); row <- list(b = b[["xm"]], se = sqrt(v["xm", "xm"]), loglik = f$loglik[2])
  altered <- c(b[["x"]] + b[["xm"]], sqrt(sum(v[at, at]))); unaltered <- c(b[["x"]], sqrt(v["x", "x"]))
  out <- list(n = f$n, events = f$nevent, ratio = c(row$b, row$se), altered = altered, unaltered = unaltered,
    wald_p = 2 * pnorm(-abs(row$b / row$se)), lrt_p = pchisq(2 * (f$loglik[2] - r$loglik[2]), 1, lower.tail = FALSE), profile = limits(d, extra, row),
    expected = as.vector(tapply(d$e - residuals(r), 2 * d$m + d$x, sum)), qualitative_p = gail_simon(c(altered[1] / altered[2], unaltered[1] / unaltered[2])))
  if (whole) { joint <- coxph(Surv(t, e) ~ cbind(x, xm) + m, d); out$joint_p <- cox.zph(joint)$table[1, 3]; out$product_p <- cox.zph(f)$table["xm", 3]; out$halves <- halves(d) }
  out
}
files <- c(harm_in_both = "../../cases", qualitative = "../../cases", null_within_margin = "../../cases", few_events = "../../cases", crossing = ".")
out <- lapply(names(files), function(name) answer(read(file.path(files[[name]], paste0(name, ".csv"))), whole = name != "few_events"))
names(out) <- names(files)
out$few_events$firth <- firth(read("../../cases/few_events.csv"))
g <- within(gbsg, { t <- rfstime / 30.4375; e <- status; x <- hormon; m <- as.integer(er >= 10); xm <- x * m })
out$gbsg <- answer(g, "+ age + strata(grade)", whole = FALSE)
out$versions <- list(R = R.version.string, survival = as.character(packageVersion("survival")))
write_json(out, "verdicts.json", digits = 12, auto_unbox = TRUE, pretty = TRUE)
