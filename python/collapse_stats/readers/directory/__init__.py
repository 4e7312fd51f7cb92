"""Which files of a directory belong to a corpus: one set of rules for local and remote ones."""
