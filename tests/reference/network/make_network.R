# Reference values for tests/test_network.py, computed with R's metafor from the data sets of its companion metadat.
# Usage: Rscript make_network.R   (writes network.json beside itself)
# Needs Debian's r-cran-metafor r-cran-metadat r-cran-jsonlite. Contrasts are of each arm with the trial's last one, so
# that arms are shared in trials of three; tau2 is maximised by several optimisers in turn (see make_multivariate.R).
suppressMessages({library(metafor); library(jsonlite)})
here <- dirname(sub("--file=", "", grep("--file=", commandArgs(FALSE), value = TRUE)))
ways <- list(list(optimizer = "nlminb", rel.tol = 1e-15, x.tol = 1e-12, iter.max = 5000, eval.max = 5000),
             list(optimizer = "optim", optmethod = "BFGS", reltol = 1e-16, maxit = 5000, ndeps = 1e-6),
             list(optimizer = "nlm", gradtol = 1e-10, steptol = 1e-12, iterlim = 1000))

contrasts_of <- function(study, arm, y, v) {  # y, v: of arms
  do.call(rbind, lapply(split(seq_along(y), factor(study, unique(study))), function(i) {
    last <- i[length(i)]; own <- i[-length(i)]
    data.frame(study = study[own], one = arm[own], other = arm[last], yi = y[own] - y[last], vi = v[own] + v[last],
               shared = v[last]) })) }
arms <- list(
  senn = with(dat.senn2013, contrasts_of(study, treatment, mi, sdi^2 / ni)),
  dogliotti = with(subset(dat.dogliotti2014, study != "WASPO, 2007"), contrasts_of(study, as.character(treatment),
    log(stroke / (total - stroke)), 1 / stroke + 1 / (total - stroke))))

columns <- function(d, arms) sapply(arms, function(a) (d$one == a) - (d$other == a))
numbers <- function(d, reference, method) {
  rownames(d) <- NULL
  V <- diag(d$vi); for (i in seq_len(nrow(d))) for (j in seq_len(nrow(d)))
    if (i != j && d$study[i] == d$study[j]) V[i, j] <- d$shared[i]
  arms <- setdiff(unique(c(rbind(d$other, d$one))), reference)
  X <- columns(d, arms)
  d$contr <- ave(seq_along(d$yi), d$study, FUN = seq_along)
  design <- sapply(d$study, function(s) paste(sort(unique(c(d$one[d$study == s], d$other[d$study == s]))), collapse = "|"))
  own <- do.call(cbind, lapply(unique(design), function(g) columns(d, arms) * (design == g)))
  full <- X
  for (j in seq_len(ncol(own))) if (qr(cbind(full, own[, j]))$rank > ncol(full)) full <- cbind(full, own[, j])
  extra <- seq_len(ncol(full))[-seq_len(ncol(X))]
  fit <- function(X) {
    if (method == "FE") return(rma.mv(yi, V, mods = X, intercept = FALSE, data = d))
    best <- NULL
    for (round in 1:3) for (way in ways) {
      from <- if (is.null(best)) list() else list(tau2.init = best$tau2)
      m <- tryCatch(rma.mv(yi, V, mods = X, intercept = FALSE, random = ~ contr | study, rho = 1/2, method = method,
                           data = d, control = c(way, from)), error = function(e) NULL)
      if (!is.null(m) && (is.null(best) || logLik(m) > logLik(best))) best <- m
    }
    best }
  m <- fit(X); f <- fit(full)
  e <- rma.mv(yi, V, mods = full, intercept = FALSE, data = d, btt = extra)
  r <- as.numeric(m$yi - m$X %*% m$beta)
  b <- as.numeric(f$beta)[extra]
  # node split: in trials that hold both arms of a pair, the first of them in alphabet has a shift of its own
  every <- sort(unique(c(d$one, d$other))); splits <- list()
  of <- sapply(d$study, function(s) paste0("|", paste(unique(c(d$one[d$study == s], d$other[d$study == s])), collapse = "|"), "|"))
  for (g1 in every) for (g2 in every) if (g1 < g2) {
    both <- grepl(paste0("|", g1, "|"), of, fixed = TRUE) & grepl(paste0("|", g2, "|"), of, fixed = TRUE)
    shift <- both * ((d$one == g1) - (d$other == g1))
    if (!any(both) || qr(cbind(X, shift))$rank == ncol(X)) next
    s <- fit(cbind(X, shift)); k <- ncol(X) + 1
    l <- (arms == g1) - (arms == g2)
    both_ways <- rbind(c(l, 0), c(l, 1))
    est <- as.numeric(both_ways %*% s$beta); se <- sqrt(diag(both_ways %*% s$vb %*% t(both_ways)))
    splits[[length(splits) + 1]] <- list(one = g1, other = g2, direct = est[2], direct_se = se[2], indirect = est[1],
      indirect_se = se[1], difference = as.numeric(s$beta)[k], difference_se = s$se[k], p = s$pval[k],
      tau2 = if (method == "FE") 0 else s$tau2) }
  list(method = tolower(method), splits = splits, reference = reference, arms = arms, beta = as.numeric(m$beta), se = m$se, p = m$pval,
       tau2 = m$tau2, q = m$QE, df = m$k - m$p, q_within = e$QE, df_within = e$k - e$p, q_between = e$QM,
       p_between = e$QMp, tau2_within = f$tau2, chi2 = as.numeric(b %*% solve(f$vb[extra, extra]) %*% b),
       covariance = m$vb[1, 2], generalised_q = as.numeric(r %*% solve(m$M) %*% r)) }
out <- list(versions = list(R = R.version.string, metafor = as.character(packageVersion("metafor")),
                            metadat = as.character(packageVersion("metadat"))))
for (name in names(arms)) {
  reference <- c(senn = "placebo", dogliotti = "Placebo/Control")[[name]]
  out[[name]] <- c(as.list(arms[[name]]), list(fits = lapply(c("REML", "ML", "FE"), function(m) numbers(arms[[name]], reference, m)))) }
write_json(out, file.path(here, "network.json"), digits = NA, auto_unbox = TRUE, pretty = TRUE)
