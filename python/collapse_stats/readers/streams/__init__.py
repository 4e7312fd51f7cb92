"""Bytes that can only be read from front to back: compressed data, and pipes."""
