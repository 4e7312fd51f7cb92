"""Formulas over the joint spectrum of two corpora."""
