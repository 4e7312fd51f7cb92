"""A tokenized corpus: how it is loaded, kept and split into halves and groups."""
