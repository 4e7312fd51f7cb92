"""The beginnings of many small files, read ahead by several threads.

As in `columns`, nothing is counted here; the compiled module does what Python does slowly.
"""

import os
from collections.abc import Iterator, Sequence

from ..system.file_state import FileState

_TOGETHER = 256  # files that are read at a time: 16 MiB of 64 KiB each, while as many are in use
_THREADS = 8  # they mostly wait for the system, or for a disk


def read_heads(names: Sequence[str], most: int) -> Iterator[tuple[FileState, bytes] | None]:
    """Yield the first `most` bytes of each file, and its state before they were read.

    None stands for an empty file, for one that is no regular file, and for one that cannot be read;
    without the compiled module it stands for every file. The caller reads these one by one.
    """
    try:
        from .._native import HeadReader
    except ImportError:
        yield from [None] * len(names)
        return
    ahead = HeadReader([_encoded(name) for name in names], most, _TOGETHER, _THREADS)
    while found := ahead.next():
        yield from found


def _encoded(name: str) -> bytes:
    try:
        return os.fsencode(name)
    except UnicodeEncodeError:  # no file has such a name
        return b""
