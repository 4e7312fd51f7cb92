"""Whether a file was written to while it was read."""

import os
import stat
from pathlib import Path
from typing import NamedTuple

from ..errors import InputError


class FileState(NamedTuple):
    """What the system says of a regular file, which changes when it is written to.

    Attributes
    ----------
    size
        Bytes of the file.
    changed_ns
        When it was written to last, in nanoseconds.
    inode
        Which file has the name.
    """

    size: int
    changed_ns: int
    inode: int

    @classmethod
    def of(cls, status: os.stat_result) -> "FileState | None":
        """Return the state of a file, None if it is none that stays as it is, such as a pipe."""
        if not stat.S_ISREG(status.st_mode):
            return None
        return cls(status.st_size, status.st_mtime_ns, status.st_ino)

    def change(self, path: str | os.PathLike[str]) -> InputError | None:
        """Return the error to raise if the file has been written to since, else None.

        A file that was removed stays as it is for those who have opened it.
        """
        try:
            now = FileState.of(Path(path).stat())
        except FileNotFoundError:
            return None
        except OSError as error:
            return InputError(f"{path}: cannot be read any longer: {error.strerror or error}")
        if now == self:
            return None
        sizes = f"it had {self.size:,} bytes"
        if now is not None and now.size != self.size:
            sizes += f", and has {now.size:,} now"
        return InputError(
            f"{path}: changed while it was read ({sizes}): count again when it is no longer "
            "written to, or count a copy"
        )
