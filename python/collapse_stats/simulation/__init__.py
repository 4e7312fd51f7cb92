"""Recursions of a small model on its own text, and how much fresh text would hold them."""
