"""Counting a corpus within a memory budget, and the n-gram tables that result."""
