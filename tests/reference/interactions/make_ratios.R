# Ratios of published strata, with errors from intervals or from an interaction P, and events that a ratio needs.
# Rscript make_ratios.R writes ratios.json beside itself; base R and jsonlite.
library(jsonlite)
z <- qnorm(0.975)
strata <- list(
  de_placido_2003 = list(c(1.33, 0.70, 2.51), c(0.73, 0.47, 1.14)),
  stal_2000 = list(c(1.1, 0.41, 3.2), c(0.62, 0.42, 0.93)),
  stal_2003 = list(c(0.72, 0.34, 1.53), c(0.44, 0.25, 0.79)),
  bostner_2013 = list(c(0.86, 0.31, 2.38), c(0.29, 0.18, 0.49)),
  rasmussen_2008 = list(c(0.62, 0.37, 1.03), c(0.72, 0.59, 0.87)),
  chia_2012 = list(c(0.80, 0.50, 1.29), c(0.52, 0.32, 0.86))
)
width <- function(x) (log(x[3]) - log(x[2])) / (2 * z)
from_strata <- lapply(strata, function(s) {
  d <- log(s[[1]][1]) - log(s[[2]][1])
  se <- sqrt(width(s[[1]])^2 + width(s[[2]])^2)
  list(log = d, se = se, low = exp(d - z * se), high = exp(d + z * se), p = 2 * pnorm(-abs(d / se)))
})
points <- list(beelen_2014_p70s6k = c(1.02, 0.24, 0.004), kruger_2018 = c(1.37, 0.23, 0.02))
from_points <- lapply(points, function(x) {
  d <- log(x[1]) - log(x[2])
  se <- abs(d) / -qnorm(x[3] / 2)
  list(log = d, se = se, low = exp(d - z * se), high = exp(d + z * se))
})
asked <- expand.grid(ratio = c(0.5, 1.2, 1.5, 2), altered = c(0.05, 0.2, 0.5), treated = c(0.4, 0.5), power = c(0.8, 0.9))
asked$events <- with(asked, ceiling(((z + qnorm(power)) / log(ratio))^2 /
  (altered * (1 - altered) * treated * (1 - treated))))
write_json(
  list(R = R.version.string, jsonlite = as.character(packageVersion("jsonlite")), from_strata = from_strata,
       from_points = from_points, events = asked),
  "ratios.json", digits = NA, auto_unbox = TRUE, pretty = TRUE
)
