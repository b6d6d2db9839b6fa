# Exports the Rotterdam series from R's survival package, unchanged, as rotterdam.csv beside this script.
# Usage: Rscript export.R     (Debian: apt install r-cran-survival; made with survival 3.5-3, R 4.2.2)
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
library(survival)
write.csv(rotterdam, file.path(dirname(script), "rotterdam.csv"), row.names = FALSE)
