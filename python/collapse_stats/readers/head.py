"""The beginning of a file, read once when it is opened; of a small file, this is all of it."""

import os
from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import repeat
from pathlib import Path
from typing import NamedTuple

from ..backends.file_heads import read_heads
from ..errors import InputError
from ..system.file_state import FileState, state_of
from .base import BATCH_BYTES
from .remote.location import Location, Name, as_location
from .stream import compression_of, read_blocks, unpacked_head
from .streams.pipe import Pipe

_BYTES = 1 << 16
_UNPACKED = 1 << 13  # bytes of content with a line that tell what a large file is
_EDGE = 1 << 20  # bytes at either end of a file that its digest covers
_UNSIZED = 16 << 20  # most bytes of a file that says it has none, as those below /proc do

Beginning = tuple[FileState, bytes]
"""The state of a file, and its first 64 KiB or all of it."""


class Head(NamedTuple):
    """The beginning of a file.

    Attributes
    ----------
    data
        Its first 64 KiB.
    size
        Its size in bytes, 0 when unknown.
    compression
        ``gzip``, ``zstd``, ``bzip2``, ``xz`` or None, by its first bytes.
    content
        The beginning of its content: `data`, or what was unpacked of it; empty if that is damaged.
    complete
        Whether `content` is all of the content.
    state
        What tells whether the file is written to while it is read; None for what is no local file.
    """

    data: bytes
    size: int
    compression: str | None
    content: bytes
    complete: bool
    state: FileState | None = None

    @property
    def is_whole(self) -> bool:
        """Whether `data` is all of the file."""
        return len(self.data) == self.size


def beginnings(names: Sequence[Name]) -> Iterator[Beginning | None]:
    """Return what is read first of each file; None of those that `head_of` must read itself.

    Small files are read many at a time, because Python takes longer for each than the system does.
    """
    local = [name for name in names if isinstance(name, str)]
    return read_heads(local, _BYTES) if 1 < len(local) == len(names) else repeat(None, len(names))


def head_of(path: Name, beginning: Beginning | None = None) -> Head:
    """Read the beginning of a file, unless it is given as one of `beginnings`."""
    state: FileState | None
    if beginning is not None:
        state, data = beginning
        size = state[0]
    elif isinstance(path, str):
        state, data, size = _read(path)
    else:
        state = None
        with path.open() as file:
            data = file.read(_BYTES)
            size = path.stat().st_size
    compression = compression_of(data)
    if compression is None:
        return Head(data, size, None, data, len(data) == size, state)
    return _packed(path, data, size, compression)._replace(state=state)


def _read(path: str) -> tuple[FileState | None, bytes, int]:
    """The state of a local file, its first bytes, and its size."""
    # A file object takes half as long again. Not to block is for special files below /proc.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        status = os.fstat(descriptor)
        size = status.st_size
        # No more than the file has: allocating and shrinking 64 KiB takes longer than the rest.
        data = os.read(descriptor, min(size or _BYTES, _BYTES))
        if not size:
            data, size = _unsized(path, descriptor, data)
        return state_of(status), data, size
    except BlockingIOError as error:
        raise InputError(f"{path}: it has no end, the system waits for more of it") from error
    finally:
        os.close(descriptor)


def _packed(path: Name, data: bytes, size: int, compression: str) -> Head:
    """The beginning of a compressed file, given its first bytes."""
    whole = len(data) == size
    content, complete = unpacked_head(data, compression, None if whole else _UNPACKED, BATCH_BYTES)
    if not content and not whole:  # a block of bzip2 may be longer than this
        content = _first_block(path)
    return Head(data, size, compression, content, complete and whole)


def _unsized(path: str, descriptor: int, data: bytes) -> tuple[bytes, int]:
    """All bytes of a file that says it has none, given the first of them, and their number."""
    parts = [data]
    held = len(data)
    while part := os.read(descriptor, _BYTES) if data else b"":
        parts.append(part)
        held += len(part)
        if held > _UNSIZED:
            raise InputError(
                f"{path}: the system does not say how long this is, and it has more than "
                f"{_UNSIZED >> 20} MiB: copy it to a file"
            )
    return b"".join(parts), held


def _first_block(path: Name) -> bytes:
    """The beginning of the content of a compressed file; empty if it is damaged."""
    try:
        return next((block for block, _ in read_blocks(as_location(path), _BYTES)), b"")
    except InputError:
        return b""


def digest_of(path: Location) -> str:
    """Return the SHA-256 of a file of up to 2 MiB, and "" if the file is gone.

    That of a larger one is of its size and its first and last MiB: this distinguishes files without
    reading all of them. What is no regular file has none either.
    """
    if isinstance(path, Pipe) or (isinstance(path, Path) and not path.is_file()):
        return ""  # a pipe is read once, or would be waited for
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(0)
            if size <= 2 * _EDGE:
                return sha256(file.read(size)).hexdigest()
            digest = sha256(b"%d" % size)
            digest.update(file.read(_EDGE))
            file.seek(size - _EDGE)
            digest.update(file.read(_EDGE))
            return digest.hexdigest()
    except FileNotFoundError:
        return ""
