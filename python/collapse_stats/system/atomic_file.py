"""Write a file completely or not at all, and never through a link."""

import os
import stat
from contextlib import suppress
from functools import partial
from pathlib import Path

from ..errors import InputError
from .unfinished import make_locked, remove_abandoned

_STREAMS = ("/dev/stdout", "/dev/stderr", "/dev/fd/", "/proc/")  # links to what a process has open


def check_can_write(path: Path) -> None:
    """Raise InputError if a file cannot be written, as far as that can be known beforehand."""
    try:
        kind = _kind(path)
        if stat.S_ISDIR(kind):
            raise InputError(f"cannot write {path}: it is a directory, expected the name of a file")
        if _is_in_place(path, kind):
            return
        if not stat.S_ISDIR(path.parent.stat().st_mode):
            raise InputError(f"cannot write {path}: {path.parent} is not a directory")
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from error
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise InputError(f"cannot write {path}: no permission to write to {path.parent}")


def write_file(path: Path, data: bytes) -> None:
    """Write a file that gets its name when it is complete.

    A file of that name is replaced, and its permissions stay; a link is replaced, and what it
    leads to stays as it is. Devices, pipes, and names such as ``/dev/stdout`` are written to.

    Raises
    ------
    InputError
        The file cannot be written, or the disk is full. What was there before is there still.
    """
    try:
        kind = _kind(path)
        if _is_in_place(path, kind):
            _write_in_place(path, data)
        else:
            remove_abandoned(path.parent)
            _replace(path, data, stat.S_IMODE(kind) if stat.S_ISREG(kind) else None)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from error


def _kind(path: Path) -> int:
    """The kind and permissions of what has this name, without following links; 0 for nothing."""
    try:
        return path.lstat().st_mode
    except FileNotFoundError:
        return 0


def _is_in_place(path: Path, kind: int) -> bool:
    """Whether a name stands for something that takes bytes but cannot be replaced."""
    is_stream = str(path.absolute()).startswith(_STREAMS)
    return is_stream or not (kind == 0 or stat.S_ISREG(kind) or stat.S_ISLNK(kind))


def _write_in_place(path: Path, data: bytes) -> None:
    is_stream = str(path.absolute()).startswith(_STREAMS)
    flags = os.O_WRONLY | os.O_APPEND | os.O_NOCTTY | (0 if is_stream else os.O_NOFOLLOW)
    with os.fdopen(os.open(path, flags), "wb", buffering=0) as file:
        _write_all(file.fileno(), data)


def _replace(path: Path, data: bytes, mode: int | None) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    # A new file has the permissions that the process gives to all its files.
    make = partial(os.open, flags=flags, mode=0o666 if mode is None else mode & 0o600)
    hidden, lock = make_locked(path, make)
    try:
        if mode is not None:
            os.fchmod(lock, mode)
        _write_all(lock, data)
        hidden.replace(path)
    finally:
        with suppress(OSError):
            hidden.unlink(missing_ok=True)
        os.close(lock)


def _write_all(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]
