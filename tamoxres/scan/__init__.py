"""The gene screen: one Cox model a gene, for all the genes of an expression matrix, however large."""
