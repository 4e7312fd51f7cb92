"""A directory that is there as a whole or not at all, and what became of one that was killed.

It is filled under a hidden name beside its final one, and renamed. Whoever fills it holds a lock on
it, which the system lets go however the process ends: a hidden directory that nobody holds was left
by a process that was killed, and the next that writes there removes it.
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
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_REFUSED = (errno.EACCES, errno.EROFS, errno.EPERM)


@contextmanager
def new_directory(path: Path, share: Callable[[], float] = lambda: 1.0) -> Iterator[Path]:
    """A folder to fill, which takes its final name when the block ends without an error.

    Input: `share` tells how much of it (0..1) is written, for the error of a full disk.

    Raises
    ------
    InputError
        when `path` exists or cannot be written; when the disk is full, with what was needed.
    """
    if path.exists():
        raise InputError(f"{path} exists: remove it, or choose another name")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_abandoned(path.parent)
        folder, lock = _locked(path)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from error
    try:
        yield folder
        folder.chmod(0o755)
        folder.rename(path)
    except OSError as error:
        if error.errno in _FULL:
            raise InputError(_no_room(path, folder, share())) from error
        if error.errno in _REFUSED:
            raise InputError(f"cannot write {path}: {os.strerror(error.errno)}") from error
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def remove_abandoned(parent: Path) -> None:
    """Remove what processes that are no more left unfinished in a directory."""
    with suppress(OSError):
        for folder in parent.glob(f".*{_MARK}????????"):
            with suppress(OSError):  # held by another process, or gone
                lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(folder)
                finally:
                    os.close(lock)


def _locked(path: Path) -> tuple[Path, int]:
    """A new hidden directory and the lock on it."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=f".{path.name}{_MARK}", dir=path.parent))
        try:
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:  # another process took it for abandoned before it was locked
            continue
        with suppress(OSError):  # a file system without locks: nothing will be removed there
            fcntl.flock(lock, fcntl.LOCK_EX)
        if os.fstat(lock).st_nlink > 0 and folder.exists():
            return folder, lock
        os.close(lock)


def _no_room(path: Path, folder: Path, share: float) -> str:
    written = sum(file.stat().st_size for file in folder.iterdir())
    needed = f"about {written / share:,.0f}" if 0 < share < 1 else f"more than {written:,}"
    with suppress(OSError):
        free = shutil.disk_usage(folder).free
        return (
            f"no room for {path}: {needed} bytes are needed, {written + free:,} were free: make "
            "room, or choose another disk"
        )
    return f"no room for {path}: {needed} bytes are needed: make room, or choose another disk"
