"""Numerical functions that several metrics use."""
