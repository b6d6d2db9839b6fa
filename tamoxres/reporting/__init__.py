"""The report: a plan is put to the cohorts on disk, and the answers become a page, a document and tables."""
