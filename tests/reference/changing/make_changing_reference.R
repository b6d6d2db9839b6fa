# An interaction that changes over follow-up: coxph on survSplit rows, products with log months, years, a step at 60;
# and the interaction among those who came to a landmark.
# Rscript make_changing_reference.R  (in this folder; reads ../absolute/absolute.csv)
suppressMessages({library(survival); library(jsonlite)})
tight <- coxph.control(eps = 1e-14, toler.chol = 1e-16, iter.max = 100)
d <- read.csv("../absolute/absolute.csv")
d$site <- ifelse(d$node >= 2, "b", "a"); d$dead <- as.integer(d$event == 1); d$id <- seq_len(nrow(d))
at <- sort(unique(d$time[d$dead == 1]))
case <- function(cuts, g) {
  s <- survSplit(Surv(time, dead) ~ ., d, cut = cuts, start = "start", end = "stop", event = "dead")
  s$g <- g(s$stop)
  s <- s[is.finite(s$g), ]
  full <- coxph(Surv(start, stop, dead) ~ treated * marker * g - g + age + strata(site), s, control = tight)
  less <- coxph(Surv(start, stop, dead) ~ treated * marker + treated:g + marker:g + age + strata(site), s, control = tight)
  k <- c("treated", "marker", "treated:marker", "treated:g", "marker:g", "treated:marker:g")
  list(coef = unname(coef(full)[k]), var = unname(vcov(full)[k, k]), lr = 2 * (full$loglik[2] - less$loglik[2]))
}
landmark <- function(t) {
  f <- coxph(Surv(time - t, dead) ~ treated * marker + age, d[d$time > t, ], control = tight)
  c(sum(d$time > t), unname(coef(f)["treated:marker"]), sqrt(vcov(f)["treated:marker", "treated:marker"]))
}
write(toJSON(list(
  software = list(R = R.version.string, survival = as.character(packageVersion("survival"))),
  log = case(at, log), linear = case(at, function(t) t / 12), step = case(60, function(t) as.numeric(t > 60)),
  landmarks = lapply(c(0, 24, 60), landmark)), digits = 15, auto_unbox = TRUE, pretty = TRUE), "changing.json")
