"""Write a directory completely or not at all, and remove what a killed process left behind.

The directory is filled under a hidden name next to its final name, and then renamed. The process
that fills it holds a lock on it, which the operating system releases however the process ends. So a
hidden directory without a lock was left by a killed process, and the next writer removes it.
"""

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import InputError

_MARK = ".collapse-stats-"  # .NAME.collapse-stats-XXXXXXXX
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_DENIED = (errno.EACCES, errno.EROFS, errno.EPERM)


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
    if path.exists():
        raise InputError(f"{path} exists: remove it, or choose another name")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_abandoned(path.parent)
        folder, lock = _make_locked_folder(path)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from error
    try:
        yield folder
        folder.chmod(0o755)
        folder.rename(path)
    except OSError as error:
        if error.errno in _DISK_FULL:
            raise InputError(_disk_full_message(path, folder, share())) from error
        if error.errno in _DENIED:
            raise InputError(f"cannot write {path}: {os.strerror(error.errno)}") from error
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def remove_abandoned(parent: Path) -> None:
    """Remove the unfinished directories that ended processes left in `parent`."""
    with suppress(OSError):
        for folder in parent.glob(f".*{_MARK}????????"):
            with suppress(OSError):  # locked by another process, or already removed
                lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(folder)
                finally:
                    os.close(lock)


def _make_locked_folder(path: Path) -> tuple[Path, int]:
    """Create a hidden directory next to `path`; return it and its lock (a file descriptor)."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=f".{path.name}{_MARK}", dir=path.parent))
        try:
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:  # another process removed it before it was locked
            continue
        with suppress(OSError):  # a file system without locks: abandoned directories stay
            fcntl.flock(lock, fcntl.LOCK_EX)
        if os.fstat(lock).st_nlink > 0 and folder.exists():
            return folder, lock
        os.close(lock)


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
