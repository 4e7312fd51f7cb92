"""The beginnings of many small files, read by several threads at once.

As in `columns`, nothing is counted here; the compiled module does what Python does slowly.
"""

import os
from collections.abc import Sequence

from ..system.file_state import FileState

_THREADS = 8  # they mostly wait for the system, or for a disk


def read_heads(names: Sequence[str], most: int) -> list[tuple[FileState, bytes] | None]:
    """Return the first `most` bytes of each file, and its state before they were read.

    None stands for an empty file, for one that is no regular file, and for one that cannot be read;
    without the compiled module it stands for every file. The caller reads these one by one.
    """
    try:
        from .._native import read_file_heads
    except ImportError:
        return [None] * len(names)
    found = read_file_heads([_encoded(name) for name in names], most, _THREADS)
    return [None if each is None else (FileState(*each[:3]), each[3]) for each in found]


def _encoded(name: str) -> bytes:
    try:
        return os.fsencode(name)
    except UnicodeEncodeError:  # no file has such a name
        return b""
