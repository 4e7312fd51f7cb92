"""A memory budget, and how much of it is in use as the system measures it."""

import contextlib
import ctypes
import mmap
import os
import sys
from functools import cache
from typing import Any

LIBRARIES = 80 * 10**6
"""Bytes that the interpreter and the libraries take, beside every budget."""
_SPARE = 26 * 10**6  # bytes of them for what no stage plans: stacks of threads, holes in the heap
_STATM = 256  # bytes, more than the line of numbers has
_MUCH = 4  # a budget of which more than a share of this is in use is short


class Budget(int):
    """The bytes that a call may use, beside what the process held when the budget was made.

    What counts is what the system says is resident: arrays, what libraries keep, and the pages of
    mapped files. So every stage asks for the same account, and nothing that an earlier one holds
    is forgotten. `LIBRARIES` are free, because most are loaded when they are first needed.
    """

    _free: int

    def __new__(cls, size: int) -> "Budget":
        """Make a budget of `size` bytes, from now on."""
        made = super().__new__(cls, size)
        made._free = max(LIBRARIES - _SPARE, resident() or 0)
        return made

    def used(self, otherwise: int = 0) -> int:
        """Return the bytes in use now; `otherwise` where the system does not say it."""
        now = resident()
        return otherwise if now is None else max(0, now - self._free)

    @property
    def is_short(self) -> bool:
        """Whether so much is in use that what allocators keep may matter."""
        return _MUCH * self.used() > self

    def settle(self) -> None:
        """Give back what allocators keep, if the budget is short."""
        if self.is_short:
            give_back()


def resident() -> int | None:
    """Bytes of this process that are in memory now, pages of files included; None if not known."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        # Not by a file object: each call into the system may wait for other threads.
        descriptor = os.open("/proc/self/statm", os.O_RDONLY)
        try:
            return int(os.read(descriptor, _STATM).split()[1]) * mmap.PAGESIZE
        finally:
            os.close(descriptor)
    return None


def give_back() -> None:
    """Return to the system what allocators keep of memory that is not in use any more."""
    arrow = sys.modules.get("pyarrow")
    if arrow is not None:
        arrow.default_memory_pool().release_unused()
    trim = _malloc_trim()
    if trim is not None:
        trim(0)


@cache
def _malloc_trim() -> Any:
    """The function of the GNU C library; None with another library."""
    with contextlib.suppress(AttributeError, OSError, TypeError):
        trim = ctypes.CDLL(None).malloc_trim
        trim.argtypes = (ctypes.c_size_t,)
        return trim
    return None
