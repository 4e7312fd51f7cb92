"""How much memory may be used."""

import contextlib
import os
import re
from pathlib import Path

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


def _system_free() -> int:
    with contextlib.suppress(OSError):
        found = re.search(r"MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text())
        if found:
            return int(found.group(1)) * 1024
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
