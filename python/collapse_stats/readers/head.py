"""The beginning of a file, read once when it is opened; of a small file, this is all of it."""

import os
from hashlib import sha256
from typing import NamedTuple

from .remote.location import Location, Name
from .remote.path import RemotePath
from .stream import compression_of

_BYTES = 1 << 16
_EDGE = 1 << 20  # bytes at either end of a file that its digest covers


class Head(NamedTuple):
    """The first 64 KiB of a file, and its size in bytes (0 when unknown)."""

    data: bytes
    size: int

    @property
    def whole(self) -> bool:
        """Whether `data` is the whole file."""
        return len(self.data) == self.size

    @property
    def compression(self) -> str | None:
        """``gzip``, ``zstd`` or None."""
        return compression_of(self.data)

    @property
    def digest(self) -> str:
        """The digest as by `digest_of`, "" when more of the file is needed for it."""
        return _digest(self.size, self.data, self.data) if self.whole else ""


def head_of(path: Name) -> Head:
    """Read the beginning of a file."""
    if isinstance(path, RemotePath):
        with path.open() as file:
            return Head(file.read(_BYTES), path.stat().st_size)
    descriptor = os.open(path, os.O_RDONLY)  # a file object would take half as long again
    try:
        size = os.fstat(descriptor).st_size
        # No more than the file has: allocating and shrinking 64 KiB takes longer than all the rest.
        return Head(os.read(descriptor, min(size or _BYTES, _BYTES)), size)
    finally:
        os.close(descriptor)


def digest_of(path: Location) -> str:
    """Return the sha256 of a file's size and its first and last MiB, "" if the file is gone.

    It distinguishes files without reading all of them.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            first = file.read(_EDGE)
            file.seek(max(0, size - _EDGE))
            return _digest(size, first, file.read(_EDGE))
    except FileNotFoundError:
        return ""


def _digest(size: int, first: bytes, last: bytes) -> str:
    return sha256(b"%d" % size + first + last).hexdigest()
