"""Formulas over the spectrum of one corpus."""
