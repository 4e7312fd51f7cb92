"""Formulas over a series: one figure at the steps of a run, in order."""
