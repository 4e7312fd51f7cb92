"""Standard input and named pipes, as paths of files that can be read once."""

import io
import os
import stat
import sys
import time
from pathlib import Path
from typing import Any

from ...errors import InputError
from ..remote.path import Status

STANDARD_INPUT = "-"
_PATIENCE = 3.0  # seconds until a pipe that nobody writes to is given up
_PAUSE = 0.02  # seconds between two looks at it
_spent: Any = None  # the standard input that was read last


class Pipe:
    """A source of bytes that can be read once, with the methods of a path that readers use.

    What is read of it to find its format is kept, so that it can be read again from its beginning,
    until `read_on` says that the next reading is the last.
    """

    def __init__(self, name: str) -> None:
        self._path = name
        self._source: Any = None
        self._kept = bytearray()
        self._keeps = True
        self._is_read = False
        self._ended = False

    def __fspath__(self) -> str:
        return self._path

    def __str__(self) -> str:
        return "standard input" if self._path == STANDARD_INPUT else self._path

    def __repr__(self) -> str:
        return f"Pipe({self._path!r})"

    @property
    def name(self) -> str:
        """Last part of the path; "standard input" has no extension."""
        return Path(str(self)).name

    @property
    def parts(self) -> tuple[str, ...]:
        """The whole path: its last part, such as of ``/dev/fd/63``, is no name."""
        return (str(self),)

    @property
    def stem(self) -> str:
        """The same as of `pathlib.Path`."""
        return Path(self.name).stem

    @property
    def suffix(self) -> str:
        """The same as of `pathlib.Path`."""
        return Path(self.name).suffix

    def with_name(self, name: str) -> Path:
        """Return the path of a file beside it; of standard input, one that does not exist."""
        if self._path == STANDARD_INPUT:
            return Path(os.devnull) / name
        return Path(self._path).with_name(name)

    def resolve(self) -> "Pipe":
        """Return the path itself."""
        return self

    def exists(self) -> bool:
        """Return True: it is there."""
        return True

    def is_file(self) -> bool:
        """Return True: it is read like a file."""
        return True

    def stat(self) -> Status:
        """Return the size if all of it has been read and kept, else 0."""
        return Status(len(self._kept) if self._ended and self._keeps else 0)

    def open(self, mode: str = "rb") -> "PipeFile":
        """Open it at its beginning.

        Raises
        ------
        InputError
            It has been read already, or there is nothing to read from.
        """
        assert mode == "rb"
        if self._is_read:
            raise InputError(f"{self} can be read only once, and has been: save it to a file first")
        if self._source is None:
            self._source, first = _opened(self._path, str(self))
            self._kept += first
        self._is_read = not self._keeps
        return PipeFile(self)

    def read_on(self) -> None:
        """Keep no more of what is read: the file that is opened next is the last."""
        self._keeps = False

    def _read(self, at: int, size: int) -> bytes:
        """The bytes at a position that is not beyond what has been read; fewer only at the end."""
        data = bytes(self._kept[at : at + size])
        if len(data) < size and not self._ended:
            more = self._source.read(size - len(data))
            self._ended = len(data) + len(more) < size
            if self._ended:
                self._close()
            self._kept = self._kept + more if self._keeps else bytearray()
            data += more
        return data

    def _close(self) -> None:
        """Close a named pipe; standard input stays open."""
        if self._path != STANDARD_INPUT:
            self._source.close()


class PipeFile(io.BufferedIOBase):
    """A pipe that is being read; what is kept of it can be read again."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe
        self._at = 0

    def readable(self) -> bool:
        """Return True: it can be read."""
        return True

    def tell(self) -> int:
        """Return the position of the next byte."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go back to a position of which the bytes are kept."""
        if whence != io.SEEK_SET or offset > len(self._pipe._kept):
            raise io.UnsupportedOperation(f"{self._pipe} can only be read from front to back")
        self._at = offset
        return offset

    def read(self, size: int | None = -1) -> bytes:
        """Return `size` bytes, fewer only at the end."""
        assert size is not None
        assert size >= 0
        data = self._pipe._read(self._at, size)
        self._at += len(data)
        return data

    def close(self) -> None:
        """Close a pipe that is not to be read again."""
        if not self.closed and not self._pipe._keeps:
            self._pipe._close()
        super().close()


def pipe_of(path: object) -> Pipe | None:
    """Return the pipe that a path stands for, None if it stands for something else."""
    if isinstance(path, Pipe):
        return path
    if not isinstance(path, str | os.PathLike):
        return None
    name = os.fspath(path)
    if path == STANDARD_INPUT:
        return Pipe(name)
    try:
        return Pipe(name) if stat.S_ISFIFO(os.stat(name).st_mode) else None  # noqa: PTH116 - a str
    except (OSError, ValueError):
        return None


def _opened(pipe: str, name: str) -> tuple[Any, bytes]:
    """A file that gives the bytes of a pipe, and those that have been read to see if there are any.

    InputError if nothing will come.
    """
    if pipe == STANDARD_INPUT:
        return standard_input(), b""
    descriptor = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)  # else this waits for a writer
    first = b""
    deadline = time.monotonic() + _PATIENCE
    try:
        while not (first := os.read(descriptor, 1)):
            if time.monotonic() > deadline:
                os.close(descriptor)
                raise InputError(f"{name} is a pipe into which nobody writes")
            time.sleep(_PAUSE)
    except BlockingIOError:
        pass  # somebody is about to write
    os.set_blocking(descriptor, True)
    return os.fdopen(descriptor, "rb"), first


def standard_input() -> Any:
    """Return standard input, a binary file, to be read by the caller and nobody else.

    Raises
    ------
    InputError
        It has been given before, or there is nothing to read from.
    """
    global _spent
    source = getattr(sys.stdin, "buffer", None)
    if source is None or source.closed:
        raise InputError("standard input is closed: give the path of a file")
    if source is _spent:
        raise InputError("standard input can be read only once: - may be given once")
    if source.isatty():
        raise InputError("standard input is a terminal: pipe a corpus into it, or give a path")
    _spent = source
    return source
