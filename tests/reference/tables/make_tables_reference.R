# Quartiles and standardised mean differences of GBSG by hormone treatment, written out in base R.
# Run in this folder: Rscript make_tables_reference.R
library(survival)
library(jsonlite)
g <- survival::gbsg
smd_number <- function(x, y) abs(mean(x) - mean(y)) / sqrt((var(x) + var(y)) / 2)
smd_levels <- function(x, y) {  # Yang and Dalton 2012
  levels <- sort(unique(c(x, y)))
  p <- sapply(levels, function(l) mean(x == l))[-1]
  q <- sapply(levels, function(l) mean(y == l))[-1]
  s <- matrix(0, length(p), length(p))
  for (k in seq_along(p)) for (l in seq_along(p))
    s[k, l] <- if (k == l) (p[k] * (1 - p[k]) + q[k] * (1 - q[k])) / 2 else -(p[k] * p[l] + q[k] * q[l]) / 2
  sqrt(as.numeric(t(p - q) %*% solve(s) %*% (p - q)))
}
yes <- g[g$hormon == 1, ]; no <- g[g$hormon == 0, ]
quartiles <- function(x) unname(quantile(x, c(.5, .25, .75)))
out <- list(
  versions = list(R = paste(R.version$major, R.version$minor, sep = "."), survival = as.character(packageVersion("survival"))),
  age = list(no = quartiles(no$age), yes = quartiles(yes$age), smd = smd_number(no$age, yes$age)),
  size = list(no = quartiles(no$size), yes = quartiles(yes$size), smd = smd_number(no$size, yes$size)),
  grade = list(no = as.vector(table(no$grade)), yes = as.vector(table(yes$grade)), smd = smd_levels(no$grade, yes$grade)),
  meno = list(no = as.vector(table(no$meno)), yes = as.vector(table(yes$meno)), smd = smd_levels(no$meno, yes$meno))
)
write(toJSON(out, auto_unbox = TRUE, digits = NA, pretty = TRUE), "tables.json")
