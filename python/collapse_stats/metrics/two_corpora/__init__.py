"""Metrics of the joint spectrum of two corpora."""
