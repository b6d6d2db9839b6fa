# NHS Predict breast v2.1 written anew from its published coefficients, for single patients and for survival's gbsg:
# O/E by Poisson, slope by coxph, C by survival::concordance.
# Rscript make_predict_reference.R  (in this folder)
suppressMessages({library(survival); library(jsonlite)})
tight <- coxph.control(eps = 1e-14, toler.chol = 1e-16, iter.max = 100)
index <- function(er, age, size, nodes, grade) {
  a <- age / 10
  ifelse(er == 1,
    34.53642 * (a^-2 - .0287449295) - 34.20342 * (a^-2 * log(a) - .0510121013) + 0.7530729 * (log(size / 100) + 1.545233938) +
      0.7060723 * (log((nodes + 1) / 10) + 1.387566896) + 0.746655 * grade - 0.22763366 * 0.204,
    0.0089827 * (age - 56.3254902) + 2.093446 * (sqrt(size / 100) - .5090456276) +
      .6260541 * (log((nodes + 1) / 10) + 1.086916249) + 1.129091 * (grade == 2 | grade == 3))
}
t <- 1:15
base <- function(er) if (er == 1) exp(0.7424402 - 7.527762 / t^.5 - 1.812513 * log(t) / t^.5) else
  exp(-1.156036 + 0.4707332 / t^2 - 3.51355 / t)
base.oth <- exp(-6.052919 + 1.079863 * log(t) + .3255321 * t^.5)
risks <- function(er, age, pi) {                          # cumulative risks of breast-cancer death and of any at 1 to 15 years
  br <- 1 - exp(-base(er) * exp(pi)); oth <- 1 - exp(-base.oth * exp(0.0698252 * ((age / 10)^2 - 34.23391957)))
  all <- 1 - (1 - br) * (1 - oth)
  step <- function(x) diff(c(0, x))
  list(br = cumsum(step(br) / (step(br) + step(oth)) * step(all)), all = all)
}
cases <- data.frame(er = c(1, 1, 0, 0, 1), age = c(60, 35, 50, 80, 72), size = c(20, 45, 30, 12, 8), nodes = c(0, 6, 2, 0, 1),
                    grade = c(2, 3, 3, 1, 2.13))
cases$pi <- with(cases, index(er, age, size, nodes, grade))
one <- lapply(seq_len(nrow(cases)), function(i) with(cases[i, ], { r <- risks(er, age, pi); list(br = r$br[c(5, 10, 15)], all = r$all[c(5, 10, 15)]) }))
# gbsg holds recurrence alone in survival; lung-free check of O/E, slope and C: its times as if they were deaths
g <- transform(gbsg, er1 = as.numeric(er >= 10), months = pmin(rfstime / (365.25 / 12), 60))
g$died <- as.integer(g$status == 1 & g$rfstime / (365.25 / 12) <= 60)
g$pi <- with(g, index(er1, age, size, nodes, grade))
h <- function(b, y) approx(0:15, c(0, b), y)$y
g$h <- with(g, ifelse(er1 == 1, h(base(1), months / 12), h(base(0), months / 12)) * exp(pi))
p <- glm(died ~ pi, offset = log(h) - pi, family = poisson, data = g[g$h > 0, ], control = list(epsilon = 1e-14, maxit = 100))
m <- coxph(Surv(months, died) ~ pi, g, control = tight)
k <- concordance(Surv(months, died) ~ pi, g, reverse = TRUE)
write(toJSON(list(software = list(R = R.version.string, survival = as.character(packageVersion("survival"))),
  pi = cases$pi, risks = one, observed = sum(g$died), expected = sum(g$h), poisson = unname(coef(p)), poisson_var = unname(vcov(p)),
  slope = c(unname(coef(m)), sqrt(vcov(m)[1, 1])), c = c(unname(k$concordance), sqrt(k$var))),
  digits = 15, auto_unbox = TRUE, pretty = TRUE), "predict.json")
