# Case-cohort estimators of R's survival: cch (Prentice, Self-Prentice, Lin-Ying) and Barlow's by a weighted coxph.
# Data: nwtco of survival (National Wilms Tumor Study), the case-cohort sample of cch's own example, and a second set
# with delayed entry and a treatment x marker product, drawn here. Run: Rscript make_case_cohort.R
library(survival)
library(jsonlite)
tight <- function() coxph.control(eps = 1e-14, toler.chol = 1e-16, iter.max = 50)

# cch fits with coxph's defaults, which stop when the log likelihood gains less than 1e-9 of itself; the same code with
# tighter control gives what both converge to.
tight_cch <- function() {
  env <- new.env(parent = asNamespace("survival"))
  env$coxph <- function(...) {
    a <- match.call(expand.dots = TRUE)
    a[[1]] <- quote(survival::coxph)
    if (!is.null(a$iter.max)) a$iter.max <- NULL
    a$control <- quote(survival::coxph.control(eps = 1e-14, toler.chol = 1e-16, iter.max = 60))
    eval(a, parent.frame())
  }
  for (name in c("Prentice", "SelfPrentice", "LinYing")) {
    f <- get(name, envir = asNamespace("survival")); environment(f) <- env; assign(name, f, envir = env)
  }
  f <- survival::cch; environment(f) <- env
  f
}
cch_tight <- tight_cch()

barlow <- function(data, x, size) {
  delta <- min(diff(sort(unique(data$exit[data$event == 1])))) / 2
  w <- size / sum(data$sub)
  cases <- data[data$event == 1, ]
  cases$entry <- cases$exit - delta; cases$w <- 1; cases$status <- 1
  sub <- data[data$sub == 1, ]
  sub$exit <- ifelse(sub$event == 1, sub$exit - delta, sub$exit); sub$w <- w; sub$status <- 0
  sub <- sub[sub$exit > sub$entry, ]
  rows <- rbind(cases, sub)
  f <- reformulate(x, "Surv(entry, exit, status)")
  coxph(f, data = rows, weights = w, cluster = id, timefix = FALSE, control = tight())
}

answers <- function(data, x, size) {
  f <- reformulate(x, "Surv(entry, exit, event)")
  out <- list()
  for (m in c("Prentice", "SelfPrentice", "LinYing")) {
    fit <- cch_tight(f, data = data, subcoh = data$sub, id = data$id, cohort.size = size, method = m)
    loose <- cch(f, data = data, subcoh = data$sub, id = data$id, cohort.size = size, method = m)
    stopifnot(max(abs(coef(fit) - coef(loose))) < 1e-4)
    out[[m]] <- list(names = names(coef(fit)), coef = unname(coef(fit)), var = unname(fit$var))
  }
  fit <- barlow(data, x, size)
  out$Barlow <- list(names = names(coef(fit)), coef = unname(coef(fit)), var = unname(fit$var))
  out
}

# 1. nwtco, as in ?cch
chosen <- with(nwtco, rel == 1 | in.subcohort == 1)
nw <- nwtco[chosen, ]
wilms <- data.frame(id = nw$seqno, entry = 0, exit = nw$edrel, event = nw$rel, sub = as.numeric(nw$in.subcohort),
                    age = nw$age, stage = nw$stage, unfavourable = as.numeric(nw$histol == 2))
wilms$stage2 <- as.numeric(wilms$stage == 2); wilms$stage3 <- as.numeric(wilms$stage == 3)
wilms$stage4 <- as.numeric(wilms$stage == 4)
first <- answers(wilms, c("unfavourable", "stage2", "stage3", "stage4", "age"), nrow(nwtco))

# 2. delayed entry, tied days, marker x treatment
set.seed(7)
n <- 3000
all <- data.frame(id = 1:n, marker = rbinom(n, 1, 0.3), treated = rbinom(n, 1, 0.6), age = round(rnorm(n, 60, 10), 1))
hazard <- 0.0004 * exp(0.5 * all$marker - 0.4 * all$treated + 0.5 * all$marker * all$treated + 0.02 * (all$age - 60))
end <- pmin(rexp(n, hazard), 400); all$entry <- ifelse(runif(n) < 0.3, floor(runif(n, 0, 40)), 0)
all$event <- as.numeric(end < 400 & runif(n) < 0.9); all$exit <- pmax(ceiling(end), 1)
all <- all[all$exit > all$entry + 1, ]
size <- nrow(all)
all$sub <- 0; all$sub[sample(size, 500)] <- 1
second <- all[all$event == 1 | all$sub == 1, ]
second$product <- second$marker * second$treated
drawn <- answers(second, c("treated", "marker", "product", "age"), size)
whole <- coxph(Surv(entry, exit, event) ~ treated * marker + age, data = all, control = tight())

wilms_out <- wilms[, c("id", "exit", "event", "sub", "age", "stage", "unfavourable")]
write_json(list(
  versions = list(R = R.version.string, survival = as.character(packageVersion("survival"))),
  wilms = list(size = nrow(nwtco), data = as.list(wilms_out), fits = first),
  drawn = list(size = size, data = as.list(second[, c("id", "entry", "exit", "event", "sub", "marker", "treated", "age")]),
               fits = drawn, whole = list(names = names(coef(whole)), coef = unname(coef(whole))))
), "case_cohort.json", digits = NA, auto_unbox = TRUE)
