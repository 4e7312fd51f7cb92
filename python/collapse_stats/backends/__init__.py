"""Interchangeable counters: the same four operations, the same integers.

Every backend turns tokens into tables and spectra and never computes a logarithm. They share
nothing but this interface, so that each can be tested against the others.
"""

from .base import Backend
from .selection import BackendInfo, backends, select

__all__ = ["Backend", "BackendInfo", "backends", "select"]
