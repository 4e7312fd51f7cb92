"""A file of a saved profile, with its size and digest, by which damage is found."""

import errno
import hashlib
import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import InputError
from ..ngrams.layout import Layout
from ..readers.remote.path import RemotePath

Folder = Path | RemotePath
"""A folder on a disk, or the beginning of the names of objects in a bucket."""

LAYOUT_KEY = b"collapse_stats.layout"  # in the metadata of each Parquet file: its `layout_text`


@dataclass(frozen=True, slots=True)
class SavedFile:
    """What the manifest says of a file: its name, its size in bytes and its SHA-256 in hex."""

    name: str
    size: int
    sha256: str

    @classmethod
    def write(cls, folder: Path, name: str, data: memoryview) -> "SavedFile":
        """Write a file and return what the manifest is to say of it."""
        (folder / name).write_bytes(data)
        return cls(name, len(data), hashlib.sha256(data).hexdigest())

    def place(self, source: Folder, folder: Path, name: str) -> "SavedFile":
        """Put this file of the folder `source` into another under a name, and return it there.

        It is linked, or copied where that is not possible, such as from one disk to another.
        """
        if isinstance(source, RemotePath):
            (folder / name).write_bytes(self.read(source))
            return replace(self, name=name)
        try:
            os.link(source / self.name, folder / name)
        except OSError:
            shutil.copyfile(source / self.name, folder / name)
        return replace(self, name=name)

    def check_size(self, folder: Folder) -> None:
        """Raise InputError if the file is not there, or has another size; it is not read."""
        try:
            size = (folder / self.name).stat().st_size
        except OSError as error:
            raise unreadable(folder, self.name, error) from error
        if size != self.size:
            raise damaged(folder, self.name, f"expected {self.size:,} bytes, got {size:,}")

    def read(self, folder: Folder) -> bytes:
        """Return the content of the file; InputError if it is not what was written."""
        try:
            data = (folder / self.name).read_bytes()
        except OSError as error:
            raise unreadable(folder, self.name, error) from error
        if len(data) != self.size:
            raise damaged(folder, self.name, f"expected {self.size:,} bytes, got {len(data):,}")
        found = hashlib.sha256(data).hexdigest()
        if found != self.sha256:
            raise damaged(
                folder,
                self.name,
                f"expected content with the SHA-256 {self.sha256[:16]}..., got {found[:16]}...",
            )
        return data


def unreadable(folder: Folder, name: str, error: OSError) -> InputError:
    """Return the error to raise for a file of a saved profile that cannot be opened."""
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return damaged(folder, name, "it is missing")
    return InputError(f"profile {folder}: {name} cannot be read: {error.strerror}")


def damaged(folder: Folder, name: str, why: str) -> InputError:
    """Return the error to raise for a file of a saved profile that was changed or cut off."""
    return InputError(
        f"profile {folder} is damaged: {name}: {why}; restore this file from a copy, or count again"
    )


def layout_text(layout: Layout) -> str:
    """Return a layout as the files of a profile name it.

    >>> layout_text(Layout(50257, 5, 2))
    'vocab_size=50257 max_order=5 labels=2'
    """
    return f"vocab_size={layout.vocab_size} max_order={layout.max_order} labels={layout.labels}"
