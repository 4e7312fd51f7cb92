"""Folders of saved files, on disks and in the buckets of `s3://` and `gs://`.

A folder is whole or not there. On a disk it is filled under another name and renamed. In a bucket
nothing can be renamed, but an object appears at once: the file that describes the others is put
there last, and a folder without it is none.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

from ..counting.saved_file import Folder
from ..errors import InputError
from ..readers.remote.location import Location
from ..readers.remote.path import RemotePath
from ..readers.remote.registry import writable_store_of
from ..system.atomic_file import write_file
from ..system.unfinished import is_taken

A = TypeVar("A")
B = TypeVar("B")

_AT_ONCE = 8  # requests that wait for a bucket
_BLOCK = 4 << 20  # bytes of a file that are in memory at a time


def as_folder(location: Location) -> Folder:
    """Return a location as a folder to write to; InputError if it cannot be one."""
    if isinstance(location, RemotePath):
        writable_store_of(location.url)
        return RemotePath(location.url.rstrip("/"), location.tmp)
    if isinstance(location, Path):
        return location
    raise InputError(f"{location} is no directory: expected one on a disk, in s3:// or in gs://")


def is_there(folder: Folder, description: str) -> bool:
    """Return whether something has this name; in a bucket, whether it is there as a whole.

    Input: `description`, the name of the file that describes the others.
    """
    return has_file(folder / description) if isinstance(folder, RemotePath) else is_taken(folder)


def has_file(path: Folder) -> bool:
    """Return whether a file has this name."""
    return path.exists() if isinstance(path, RemotePath) else is_taken(path)


def names_in(folder: Folder) -> list[str]:
    """Return the names of what is in a folder, in order; none if there is no such folder."""
    if isinstance(folder, RemotePath):
        return sorted({name.split("/")[0] for name in folder.store.list(folder.url) or ()})
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def write_small(path: Folder, content: bytes) -> None:
    """Write a small file as a whole, in the place of one that is there."""
    if isinstance(path, RemotePath):
        writable_store_of(path.url).put(path.url, lambda: [content])
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from error
    write_file(path, content)


def at_once(folder: Folder, call: Callable[[A], B], items: Iterable[A]) -> list[B]:
    """Return ``call(item)`` for each item; if a folder is in a bucket, some calls overlap."""
    if not isinstance(folder, RemotePath):
        return list(map(call, items))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        try:
            return list(pool.map(call, items))
        finally:
            pool.shutdown(cancel_futures=True)


@contextmanager
def on_disk(folder: Folder, description: str) -> Iterator[Path]:
    """Yield the name of a folder to be written as a whole within the block.

    It is that of the folder itself if that is on a disk, and else one in a temporary directory,
    whose files are put into the bucket at the end of the block. If another process has done so
    meanwhile, its files stay.
    """
    if not isinstance(folder, RemotePath):
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="collapse-stats-", dir=folder.tmp) as temporary:
        written = Path(temporary) / folder.name
        yield written
        if is_there(folder, description):
            return
        last = written / description
        files = [path for path in sorted(written.rglob("*")) if path.is_file() and path != last]
        for some in (files, [last]):
            at_once(folder, partial(_put, folder, written), some)


def _put(folder: RemotePath, written: Path, path: Path) -> None:
    """Put a file into a bucket, below a folder as it is below another."""

    def blocks() -> Iterator[bytes]:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                yield block

    to = folder / path.relative_to(written).as_posix()
    writable_store_of(to.url).put(to.url, blocks)
