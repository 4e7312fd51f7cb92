"""Memory budgets, free memory and memory-mapped files."""

import contextlib
import ctypes
import mmap
import os
import re
import time
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from . import file_state
from .budget import Budget
from .file_state import FileState

_PROBED = 8 << 20  # bytes
_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


def budget(memory: int | str | None) -> Budget:
    """Make a budget of a number, a size like ``"8GB"``, or None (half of what is free)."""
    if isinstance(memory, Budget):
        return memory
    if memory is None:
        return Budget(available() // 2)
    if isinstance(memory, int):
        size = memory
    else:
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(i?)B?\s*", memory, re.IGNORECASE)
        if match is None:
            raise ValueError(f"memory must be a size such as 8GB or 512MiB, got {memory!r}")
        number, unit, binary = match.groups()
        base = _UNITS[unit.upper()]
        if binary:
            base = 1024 ** (len(str(base)) // 3)
        size = int(float(number) * base)
    if size <= 0:
        raise ValueError(f"memory must be positive, got {memory!r}")
    return Budget(size)


def available() -> int:
    """Bytes of memory that are free now in the system and under the control group's limit."""
    free = _system_free()
    group = Path("/sys/fs/cgroup")
    with contextlib.suppress(OSError, ValueError):  # no limit or no control groups
        limit = int((group / "memory.max").read_text())
        free = min(free, limit - int((group / "memory.current").read_text()))
    return max(free, 64 * 10**6)


def seconds_a_fresh_byte() -> float:
    """CPU seconds that the system takes now for a byte of memory that was not in use, measured.

    It clears pages, and on a virtual machine may have to find them first: 0.1 to 3 s a GiB.
    """
    with mmap.mmap(-1, _PROBED) as memory:
        if hasattr(mmap, "MADV_HUGEPAGE"):
            with contextlib.suppress(OSError):  # the kernel has no huge pages
                memory.madvise(mmap.MADV_HUGEPAGE)
        pages = np.frombuffer(memory, dtype=np.uint8)[:: mmap.PAGESIZE]
        begin = time.thread_time()
        pages[:] = 1
        seconds = time.thread_time() - begin
        del pages
    return seconds / _PROBED


class TooLittleMemoryError(MemoryError):
    """The memory budget is smaller than the smallest that works.

    What it says is enough is a tenth more: later stages of a command may need a little more than
    the one that failed.
    """

    def __init__(self, memory: int, least: int, otherwise: str = "") -> None:
        enough = f"{-(-11 * least // 10**7)}MB"
        super().__init__(
            f"memory is {max(0, memory):,} bytes, and this needs {least:,}: give at least {enough} "
            f"(memory={enough!r}, --memory {enough})" + (f", {otherwise}" if otherwise else "")
        )
        self.least, self.otherwise = least, otherwise


class MappedBytes:
    """Bytes of a file mapped for reading, which ``np.asarray`` can view and keep mapped.

    Parameters
    ----------
    buffer
        What holds the map: it has an `address` and a length.
    path, state
        The file, if others may write to it.
    """

    def __init__(self, buffer: Any, path: str = "", state: FileState | None = None) -> None:
        self._buffer, self._path, self._state = buffer, path, state
        self.__array_interface__ = {
            "data": (buffer.address, True),
            "shape": (len(buffer),),
            "typestr": "|u1",
            "version": 3,
        }

    def change(self) -> InputError | None:
        """Return the error to raise if the file is no longer what was mapped, else None."""
        if self._state is None:
            return None
        change = file_state.change(self._path, self._state)
        if change is None and not getattr(self._buffer, "is_whole", True):
            return InputError(
                f"{self._path}: could not be read to its end: its disk failed, or it was cut short "
                "while it was read: check the disk, and fetch or write the file again"
            )
        return change


def is_mapped(array: npt.NDArray[Any]) -> bool:
    """Whether an array views a file mapped for reading, so that keeping it uses no memory."""
    base = _base(array)
    return isinstance(base, MappedBytes) or (isinstance(base, np.memmap) and base.mode == "r")


def check_unchanged(array: npt.NDArray[Any]) -> None:
    """Raise InputError if an array views a mapped file that has been written to since."""
    base = _base(array)
    if isinstance(base, MappedBytes) and (error := base.change()):
        raise error


def _base(array: Any) -> Any:
    """What owns the memory of an array."""
    while isinstance(array, np.ndarray):
        if isinstance(array, np.memmap) and not isinstance(array.base, np.ndarray):
            break
        array = array.base
    return array


def release_pages(array: npt.NDArray[Any]) -> None:
    """Release this process's pages of the mapped file that an array views.

    The system's page cache may keep them. Arrays that are not mapped from a file are unaffected.
    """
    if not array.nbytes or not is_mapped(array) or not hasattr(mmap, "MADV_DONTNEED"):
        return
    address = array.ctypes.data
    begin = address // mmap.PAGESIZE * mmap.PAGESIZE
    _madvise()(begin, address + array.nbytes - begin, mmap.MADV_DONTNEED)


@cache
def _madvise() -> Any:
    """The system's function, since Arrow's maps have no method for it."""
    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    return madvise


def _system_free() -> int:
    with contextlib.suppress(OSError):
        match = re.search(r"MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text())
        if match:
            return int(match.group(1)) * 1024
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
