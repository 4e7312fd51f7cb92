"""One file for each format: how it is recognized and how its documents are read."""
