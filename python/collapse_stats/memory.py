"""How much memory may be used."""

import contextlib
import mmap
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


def budget(memory: int | str | None) -> int:
    """Bytes that `memory` stands for: a number, a size like ``"8GB"``, or half of what is free."""
    if memory is None:
        return available() // 2
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
    return size


def available() -> int:
    """Bytes of memory free now: what the system says, and what the control group leaves."""
    free = _system_free()
    group = Path("/sys/fs/cgroup")
    with contextlib.suppress(OSError, ValueError):  # no limit set, or no control groups here
        limit = int((group / "memory.max").read_text())
        free = min(free, limit - int((group / "memory.current").read_text()))
    return max(free, 64 * 10**6)


class TooLittleMemoryError(MemoryError):
    """The budget is smaller than the least that would do."""

    def __init__(self, memory: int, least: int, otherwise: str = "") -> None:
        enough = f"{-(-least // 10**6)}MB"
        super().__init__(
            f"memory is {max(0, memory):,} bytes, and this needs {least:,}: give at least {enough} "
            f"(memory={enough!r}, --memory {enough})" + (f", {otherwise}" if otherwise else "")
        )
        self.least = least


def mapped(array: npt.NDArray[Any]) -> "np.memmap[Any, Any] | None":
    """The read-only map of a file that an array views, if it does."""
    base: Any = array
    while isinstance(base, np.ndarray):
        if (
            isinstance(base, np.memmap)
            and base.mode == "r"
            and not isinstance(base.base, np.ndarray)
        ):
            return base
        base = base.base
    return None


def forget(array: npt.NDArray[Any]) -> None:
    """Take the pages of a mapped file that an array views out of this process's memory.

    They stay in the system's cache as long as there is room; what is in no file is left alone.
    """
    whole = mapped(array)
    if whole is None or not array.nbytes or not hasattr(mmap, "MADV_DONTNEED"):
        return
    file: mmap.mmap = whole._mmap  # type: ignore[attr-defined]
    origin = np.frombuffer(file, dtype=np.uint8).ctypes.data
    first = array.ctypes.data - origin
    begin = first // mmap.PAGESIZE * mmap.PAGESIZE
    file.madvise(mmap.MADV_DONTNEED, begin, first + array.nbytes - begin)


def _system_free() -> int:
    with contextlib.suppress(OSError):
        found = re.search(r"MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text())
        if found:
            return int(found.group(1)) * 1024
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
