"""Numerical functions that several formulas share."""
