"""Whether a file was written to while it was read."""

import os
import stat
from pathlib import Path

from ..errors import InputError

FileState = tuple[int, int, int]
"""What the system says of a regular file: its size in bytes, when it was written to last, in
nanoseconds, and its inode. It is a plain tuple because garbage collection passes over those, and
a hundred thousand may be kept."""


def state_of(status: os.stat_result) -> FileState | None:
    """Return the state of a file, None if it is none that stays as it is, such as a pipe."""
    if not stat.S_ISREG(status.st_mode):
        return None
    return status.st_size, status.st_mtime_ns, status.st_ino


def change(path: str | os.PathLike[str], before: FileState) -> InputError | None:
    """Return the error to raise if a file has been written to since a state, else None.

    A file that was removed stays as it is for those who have opened it.
    """
    try:
        now = state_of(Path(path).stat())
    except FileNotFoundError:
        return None
    except OSError as error:
        return InputError(f"{path}: cannot be read any longer: {error.strerror or error}")
    if now == before:
        return None
    sizes = f"it had {before[0]:,} bytes"
    if now is not None and now[0] != before[0]:
        sizes += f", and has {now[0]:,} now"
    return InputError(
        f"{path}: changed while it was read ({sizes}): count again when it is no longer "
        "written to, or count a copy"
    )
