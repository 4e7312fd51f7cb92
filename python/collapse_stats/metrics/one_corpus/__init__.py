"""Metrics of the spectrum of one corpus."""
