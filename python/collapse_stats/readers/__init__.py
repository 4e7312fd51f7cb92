"""Corpora in: files, directories, URLs and arrays, read as batches of whole documents."""
