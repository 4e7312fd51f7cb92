"""One module per format: how its files are recognized and how their documents are read.

`readers.registry` finds the modules here, and in them every `FileReader` that sets a `format`.
"""
