"""Interchangeable counters: the same operations, with the same integers as results.

Every backend turns tokens into n-gram tables and spectra, and never computes a logarithm. Backends
share their interface and the checks of its arguments, nothing else, so that each can be tested
against the others.
"""

from .base import Backend
from .selection import BackendInfo, backends, select

__all__ = ["Backend", "BackendInfo", "backends", "select"]
