# Exports where each human gene starts (positions.csv), and former or other names of genes (aliases.csv), from the SQLite
# file of Bioconductor's org.Hs.eg.db, beside this script. Running it again gives the same bytes.
# Usage: Rscript export.R     (Debian: apt install r-bioc-org.hs.eg.db; made with org.Hs.eg.db 3.16.0, R 4.2.2)
script <- sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE))
packages <- c("org.Hs.eg.db", "RSQLite", "DBI")
told <- sapply(packages, function(name) paste(name, packageVersion(name)))
file <- system.file("extdata", "org.Hs.eg.sqlite", package = "org.Hs.eg.db")
db <- DBI::dbConnect(RSQLite::SQLite(), file, flags = RSQLite::SQLITE_RO)
ask <- function(sql) DBI::dbGetQuery(db, sql)

# The metadata name UCSC and a day, but no genome build; the lengths of the chromosomes are those of GRCh38 (hg38).
dates <- ask("SELECT name, value FROM metadata WHERE name IN ('EGSOURCEDATE', 'GPSOURCENAME', 'GPSOURCEDATE')")
lengths <- ask("SELECT chromosome, length FROM chrlengths WHERE chromosome IN ('1', '2', 'X')")
stopifnot(identical(lengths$length[order(lengths$chromosome)], c(248956422L, 242193529L, 156040895L)))

# Starts on the antisense strand are negative. Alternate loci and patches (6_GL000250v2_alt, ...) are left out.
located <- ask("SELECT DISTINCT symbol AS gene, seqname AS chromosome, ABS(start_location) AS position
                FROM gene_info JOIN chromosome_locations USING (_id)")
located$chromosome[located$chromosome == "M"] <- "MT"
located <- located[located$chromosome %in% c(1:22, "X", "Y", "MT"), ]

# Pseudo-autosomal genes stand on X; a gene on two other chromosomes has no one place, and is left out.
where <- tapply(located$chromosome, located$gene, function(found) paste(sort(unique(found)), collapse = " "))
both <- names(where)[where == "X Y"]
several <- names(where)[grepl(" ", where) & where != "X Y"]
located <- located[!(located$gene %in% both & located$chromosome == "Y") & !located$gene %in% several, ]

# Of several transcripts, the smallest start. The radix method sorts by bytes, as the C locale does.
located <- located[order(located$gene, located$position, method = "radix"), ]
positions <- located[!duplicated(located$gene), ]
positions$position <- sprintf("%d", positions$position)  # 100000, not 1e+05
spread <- tapply(located$position, located$gene, function(starts) max(starts) - min(starts))

# An alias is kept if, whatever its case, it names one gene, which has a place, and is nobody's official symbol; and if it
# is spelt as symbols of human genes are (capitals, digits, hyphens, orf), which spares descriptions in many words. NA, an
# alias of XK, is what unnamed probes are called.
named <- ask("SELECT DISTINCT _id, symbol AS gene, alias_symbol AS alias FROM alias JOIN gene_info USING (_id)")
official <- toupper(ask("SELECT symbol FROM gene_info")$symbol)
named$key <- toupper(named$alias)
genes <- tapply(named$`_id`, named$key, function(ids) length(unique(ids)))
clear <- genes[named$key] == 1 & !named$key %in% c(official, "NA") & named$gene %in% positions$gene
aliases <- named[clear & grepl("^[A-Z]([A-Z0-9-]|orf)*$", named$alias), c("alias", "gene", "key")]
aliases <- aliases[order(aliases$alias, method = "radix"), ]
aliases <- aliases[!duplicated(aliases$key), c("alias", "gene")]

stopifnot(!anyDuplicated(toupper(positions$gene)), !grepl("[,\"\r\n]", c(positions$gene, aliases$alias)))
write_lines <- function(table, name) {
  out <- file(file.path(dirname(script), name), "wb")  # binary: lines end with LF everywhere
  writeLines(c(paste(names(table), collapse = ","), do.call(paste, c(table, sep = ","))), out)
  close(out)
}
write_lines(positions, "positions.csv")
write_lines(aliases, "aliases.csv")

cat(R.version.string, told, paste(dates$name, dates$value), sep = "\n")
cat(nrow(positions), "genes;", nrow(aliases), "aliases;", length(both), "genes on X and Y, told as X\n")
cat(length(several), "genes on several chromosomes left out:", several, fill = 120)
cat(sum(spread > 3e6), "genes with starts more than 3 Mb apart, the smallest told\n")
invisible(DBI::dbDisconnect(db))
