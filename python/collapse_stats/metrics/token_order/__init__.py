"""Metrics of token ids in their order."""
