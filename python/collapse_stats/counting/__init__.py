"""Counting a corpus within a memory budget, and the tables of n-grams that result."""
