# Illness-death model of Rotterdam's node-positive patients: survfit's Aalen-Johansen with its influence, coxph of each
# transition. Relapse and death at one recorded time is death without a recorded relapse.
# Rscript make_illness_death_reference.R  (in this folder)
suppressMessages({library(survival); library(jsonlite)})
tight <- coxph.control(eps = 1e-14, toler.chol = 1e-16, iter.max = 100)
r <- subset(rotterdam, nodes >= 1)
m <- 365.25 / 12
gap <- r$recur == 0 & r$death == 1 & r$dtime > r$rtime   # died after follow-up for recurrence: censored when that ended
r$left <- r$rtime / m; r$end <- r$dtime / m
r$to <- with(r, ifelse(recur == 1 & !(death == 1 & rtime == dtime), 1,
                ifelse(death == 1 & !gap, 2, 0)))
ill <- r$to == 1
rows <- rbind(
  data.frame(id = r$pid, hormon = r$hormon, nodes = r$nodes, age = r$age, start = 0, stop = r$left, state = r$to, from = "free"),
  with(r[ill & r$end > r$left, ], data.frame(id = pid, hormon, nodes, age, start = left, stop = end, state = 2 * death,
                                             from = "ill")))
rows$state <- factor(rows$state, 0:2, c("censor", "relapsed", "dead"))
rows <- rows[order(rows$id, rows$start), ]
f <- survfit(Surv(start, stop, state) ~ hormon, rows, id = id, influence = TRUE)
at <- c(24, 60, 120)
s <- summary(f, times = at)
months <- function(group, horizon) {                       # the area under each state's probability, and its error
  fit <- survfit(Surv(start, stop, state) ~ 1, rows[rows$hormon == group, ], id = id, influence = TRUE)
  u <- fit$influence.pstate
  time <- if (dim(u)[2] > length(fit$time)) c(0, fit$time) else fit$time
  p <- if (dim(u)[2] > length(fit$time)) rbind(fit$p0, fit$pstate) else fit$pstate
  k <- time <= horizon
  gap <- diff(c(time[k], horizon))
  area <- sapply(1:3, function(j) u[, k, j] %*% gap)
  list(mean = time[1] * c(1, 0, 0) + colSums(p[k, ] * gap), se = sqrt(colSums(area^2)))
}
cox <- function(d, event) { m <- coxph(Surv(start, stop, event) ~ hormon + nodes + age, transform(d, event = event),
  control = tight); c(nrow(d), sum(event), unname(coef(m)["hormon"]), sqrt(vcov(m)["hormon", "hormon"])) }
free <- rows[rows$from == "free", ]; gone <- rows[rows$from == "ill", ]
write(toJSON(list(
  software = list(R = R.version.string, survival = as.character(packageVersion("survival"))),
  states = f$states, times = at,
  pstate = s$pstate, se = s$std.err, months = lapply(0:1, months, horizon = 120),
  relapse = cox(free, free$state == "relapsed"), death = cox(free, free$state == "dead"),
  after = cox(gone, gone$state == "dead")), digits = 15, auto_unbox = TRUE, pretty = TRUE), "illness_death.json")
