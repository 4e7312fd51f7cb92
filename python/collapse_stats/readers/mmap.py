"""Arrays of the fixed-width items in a file, mapped into memory."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from ..backends.mapping import map_file
from .base import IntegerArray
from .remote.items import Items, LazyItems
from .remote.location import Location
from .remote.path import RemotePath


def items(
    path: Location,
    item: npt.DTypeLike,
    offset: int,
    shape: tuple[int, ...],
) -> Items:
    """Return an array of a file's items from byte `offset` on, or `LazyItems` of a remote file.

    `LazyItems` fetch each slice when it is taken, into an unnamed file that is mapped.
    """
    if isinstance(path, RemotePath):
        return LazyItems(path, item, offset, shape)
    return mapped(path, item, offset, math.prod(shape)).reshape(shape)


def mapped(
    path: Location, item: npt.DTypeLike, offset: int = 0, count: int | None = None
) -> IntegerArray:
    """Return `count` items (None: all) from byte `offset` on, as a read-only map.

    Unlike `numpy.memmap`, the map does not keep its file open: a corpus of a few thousand shards
    would run out of file descriptors.
    """
    kind, count = _kind_and_count(path, item, offset, count)
    if count <= 0:
        return np.empty(0, dtype=kind)
    if isinstance(path, RemotePath):
        return LazyItems(path, kind, offset, (count,))[:]
    end = offset + count * kind.itemsize
    return np.asarray(map_file(str(path), end))[offset:].view(kind)


def loaded(
    path: Location, item: npt.DTypeLike, offset: int = 0, count: int | None = None
) -> IntegerArray:
    """Return the same items in memory, where they do not change once they are checked."""
    kind, count = _kind_and_count(path, item, offset, count)
    if count <= 0 or isinstance(path, RemotePath):
        return mapped(path, kind, offset, count)
    with path.open("rb") as file:
        file.seek(offset)
        found = np.fromfile(file, kind, count)
    if len(found) < count:
        raise OSError(f"expected {count:,} items from byte {offset:,} on, got {len(found):,}")
    return found


def _kind_and_count(
    path: Location, item: npt.DTypeLike, offset: int, count: int | None
) -> tuple[np.dtype[Any], int]:
    kind: np.dtype[Any] = np.dtype(item)
    return kind, (path.stat().st_size - offset) // kind.itemsize if count is None else count
