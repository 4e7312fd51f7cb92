"""Names for what is not finished yet, and what ended processes left behind under such names.

A file or directory is made under a hidden name next to its final one: nobody can guess it, it
never exists before, and no link of that name is followed. Whoever fills it holds a lock on it,
which the operating system releases however the process ends. So what has such a name and no lock
was left by a killed process, and the next writer removes it.
"""

import errno
import fcntl
import os
import secrets
import shutil
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

_MARK = ".collapse-stats-"  # .NAME.collapse-stats-XXXXXXXX
_KEPT = 40  # characters of the final name in the hidden one, which may be as long as names can be
DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def make_locked(path: Path, make: Callable[[Path], int]) -> tuple[Path, int]:
    """Make something under a hidden name next to `path`; return the name, and its lock.

    Parameters
    ----------
    make
        Makes it, and returns a file descriptor of it, which becomes the lock. It raises
        FileExistsError when something has that name.
    """
    while True:
        hidden = path.with_name(f".{path.name[:_KEPT]}{_MARK}{secrets.token_hex(4)}")
        try:
            lock = make(hidden)
        except (FileExistsError, FileNotFoundError):
            if not path.parent.is_dir():
                raise
            continue  # another process has the name, or removed it before it was locked
        try:
            with suppress(OSError):  # a file system without locks: what is abandoned stays
                fcntl.flock(lock, fcntl.LOCK_EX)
            if os.fstat(lock).st_nlink > 0 and hidden.exists():
                return hidden, lock
        except BaseException:  # a signal
            os.close(lock)
            with suppress(OSError):
                _remove_if_unlocked(hidden)
            raise
        os.close(lock)


def is_taken(path: Path) -> bool:
    """Return whether something has this name, be it a link that leads nowhere."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def remove_abandoned(parent: Path) -> None:
    """Remove the unfinished files and directories that ended processes left in `parent`."""
    with suppress(OSError):
        for hidden in parent.glob(f".*{_MARK}????????"):
            with suppress(OSError):  # locked by another process, or already removed
                _remove_if_unlocked(hidden)


def _remove_if_unlocked(hidden: Path) -> None:
    lock = os.open(hidden, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        kind = os.fstat(lock).st_mode
        if stat.S_ISDIR(kind):
            shutil.rmtree(hidden)
        elif stat.S_ISREG(kind):
            hidden.unlink()
    finally:
        os.close(lock)
