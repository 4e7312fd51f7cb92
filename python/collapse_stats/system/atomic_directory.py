"""Write a directory completely or not at all."""

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import InputError
from .unfinished import DISK_FULL, is_taken, make_locked, remove_abandoned

_DENIED = (errno.EACCES, errno.EROFS, errno.EPERM)
_TAKEN = (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR)


@contextmanager
def new_directory(path: Path, share: Callable[[], float] = lambda: 1.0) -> Iterator[Path]:
    """Yield a folder to fill, which is renamed to `path` if the block ends without an error.

    Parameters
    ----------
    path
        Final name of the directory.
    share
        Returns the share (0..1) of the directory that is written, to estimate the space needed
        when the disk is full.

    Raises
    ------
    InputError
        When `path` exists or cannot be written, or when the disk is full; the message then says
        how much space is needed.
    """
    try:
        if is_taken(path):
            raise InputError(f"{path} exists: remove it, or choose another name")
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_abandoned(path.parent)
        folder, lock = make_locked(path, _make_folder)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from error
    try:
        yield folder
        folder.rename(path)
    except OSError as error:
        if error.errno in DISK_FULL:
            raise InputError(_disk_full_message(path, folder, share())) from error
        if error.errno in _DENIED:
            raise InputError(f"cannot write {path}: {os.strerror(error.errno)}") from error
        if error.errno in _TAKEN and is_taken(path):
            raise InputError(
                f"{path} exists now: another process wrote it in the meantime; choose another name"
            ) from error
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _make_folder(hidden: Path) -> int:
    """Make a folder with the permissions that the process gives to all its folders."""
    try:
        hidden.mkdir()
        return os.open(hidden, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except (KeyboardInterrupt, SystemExit):  # a signal between the two
        with suppress(OSError):
            hidden.rmdir()
        raise


def _disk_full_message(path: Path, folder: Path, share: float) -> str:
    written = sum(file.stat().st_size for file in folder.iterdir())
    needed = f"about {written / share:,.0f}" if 0 < share < 1 else f"more than {written:,}"
    with suppress(OSError):
        free = shutil.disk_usage(folder).free
        return (
            f"no room for {path}: {needed} bytes are needed, {written + free:,} were free: make "
            "room, or choose another disk"
        )
    return f"no room for {path}: {needed} bytes are needed: make room, or choose another disk"
