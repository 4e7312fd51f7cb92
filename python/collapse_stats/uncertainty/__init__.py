"""Noise floors and standard errors: what chance alone does to a figure."""
