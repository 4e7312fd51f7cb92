"""Readers of what Python holds: arrays, data frames, and iterables of documents."""
