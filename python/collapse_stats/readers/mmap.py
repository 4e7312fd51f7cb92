"""Arrays of the fixed-width items in a file, mapped into memory."""

import math

import numpy as np
import numpy.typing as npt

from ..system.memory import MappedBytes
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
    import pyarrow as pa

    kind = np.dtype(item)
    if count is None:
        count = (path.stat().st_size - offset) // kind.itemsize
    if count <= 0:
        return np.empty(0, dtype=kind)
    if isinstance(path, RemotePath):
        return LazyItems(path, kind, offset, (count,))[:]
    size = count * kind.itemsize
    with pa.memory_map(str(path)) as file:
        file.seek(offset)
        buffer = file.read_buffer(size)
    if len(buffer) < size:
        raise OSError(f"expected {size:,} bytes from byte {offset:,} on, got {len(buffer):,}")
    return np.asarray(MappedBytes(buffer)).view(kind)
