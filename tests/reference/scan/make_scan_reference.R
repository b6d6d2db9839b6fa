# R's answers for tests/test_scan_gene_sets.py: limma's competitive gene set test.
# Usage: Rscript make_scan_reference.R OUT.json   (needs limma, jsonlite; Debian: r-bioc-limma r-cran-jsonlite)
suppressMessages({library(limma); library(jsonlite)})
z <- 1.5 * sin(1.3 * (1:60)) + 0.2 * cos(1:60); z[1:6] <- z[1:6] + 1
index <- list(first = 1:6, spread = seq(5, 60, 5), two = c(7, 40))
one <- function(i, r) { a <- cameraPR(z, list(s = i), use.ranks = FALSE, inter.gene.cor = r, sort = FALSE); list(p = a$PValue, direction = a$Direction) }
y <- outer(1:5, 1:30, function(g, i) sin(g * i) + 0.6 * cos(i / 3)); design <- cbind(1, (1:30) %% 2, (1:30) / 30)
ref <- list(software = list(R = R.version.string, limma = as.character(packageVersion("limma"))),
  tests = lapply(index, function(i) lapply(list(none = 0, small = 0.01, large = 0.2), function(r) one(i, r))),
  correlation = interGeneCorrelation(y, design)$correlation)
write_json(ref, commandArgs(TRUE)[1], auto_unbox = TRUE, digits = NA, pretty = TRUE)
