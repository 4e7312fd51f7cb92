"""Formulas that read the tokens of documents in order."""
