"""How many bytes the rows of Arrow data take once dictionaries, runs and views are resolved.

A few bytes of a file may stand for gigabytes: of equal rows, only the number is stored.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from .arrow_types import is_list, is_text

Sizes = npt.NDArray[np.float64]

_VALUE = 8.0  # bytes that are taken for a number, and for the bounds of a text or a list
_NESTED = 32.0  # bytes that a value of a struct or a list of structs takes in Python besides


def slices(rows: Any, size: int, path: object, longest: int) -> Iterator[Any]:
    """Yield a record batch in slices that take about `size` bytes each, once they are decoded.

    Raises
    ------
    InputError
        A row takes more than `longest` bytes.
    """
    ends = np.cumsum(sum((_sizes(column) for column in rows.columns), np.zeros(len(rows))))
    first = 0
    while first < len(rows):
        before = float(ends[first - 1]) if first else 0.0
        last = max(first + 1, int(np.searchsorted(ends, before + size, side="right")))
        if last == first + 1 and ends[first] - before > longest + _VALUE:
            raise too_long(path, ends[first] - before, longest)
        yield rows.slice(first, last - first)
        first = last


def too_long(path: object, bytes_: float, longest: int) -> InputError:
    """Return the error for a row that takes too many bytes."""
    return InputError(
        f"{path}: a row takes {int(bytes_):,} bytes in memory, and {longest:,} are allowed: break "
        f"it up, or give {-(-int(bytes_) // longest):,} times the memory if that is why"
    )


def decoded_bytes(rows: Any) -> int:
    """Return the bytes that a record batch takes once it is decoded."""
    return int(sum(float(_sizes(column).sum()) for column in rows.columns))


def _sizes(array: Any) -> Sizes:
    """The bytes of each value ``(D,)``."""
    import pyarrow as pa
    import pyarrow.types as types

    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        return _sizes(array.storage)
    if types.is_dictionary(kind):
        known = np.append(_sizes(array.dictionary), 0.0)
        indices = array.indices.fill_null(len(known) - 1) if array.null_count else array.indices
        return np.asarray(known[_numbers(indices)] + _VALUE)
    if types.is_run_end_encoded(kind):
        ends = np.clip(_numbers(array.run_ends).astype(np.int64) - array.offset, 0, len(array))
        return np.repeat(_sizes(array.values)[: len(ends)], np.diff(ends, prepend=0))
    if is_text(kind):
        return _lengths_of_texts(array) + _VALUE
    if is_list(kind):
        return _of_lists(array)
    if types.is_struct(kind):
        fields = (_sizes(field) for field in array.flatten())
        return np.asarray(sum(fields, np.full(len(array), _NESTED)))
    return np.full(len(array), _VALUE)


def _lengths_of_texts(array: Any) -> Sizes:
    import pyarrow.types as types

    if any(
        hasattr(types, name) and getattr(types, name)(array.type)
        for name in ("is_string_view", "is_binary_view")
    ):  # each view begins with its length
        views = np.frombuffer(array.buffers()[1] or b"", dtype="<i4")[::4]
        return views[array.offset : array.offset + len(array)].astype(np.float64)
    wide = types.is_large_string(array.type) or types.is_large_binary(array.type)
    offsets = np.frombuffer(array.buffers()[1] or b"", dtype="<i8" if wide else "<i4")
    return np.diff(offsets[array.offset : array.offset + len(array) + 1]).astype(np.float64)


def _of_lists(array: Any) -> Sizes:
    import pyarrow.compute as pc
    import pyarrow.types as types

    counts = pc.fill_null(pc.list_value_length(array), 0)
    if types.is_primitive(array.type.value_type):  # not an array of as many sizes
        return _numbers(counts).astype(np.float64) * _VALUE + _VALUE
    if types.is_fixed_size_list(array.type):
        width, count = array.type.list_size, len(array)
        items = _sizes(array.values)[array.offset * width : (array.offset + count) * width]
        return np.asarray(items.reshape(count, width).sum(axis=1) + _VALUE)
    ends = np.concatenate([[0.0], np.cumsum(_sizes(array.values))])
    offsets = _numbers(array.offsets).astype(np.int64)
    if types.is_list(array.type) or types.is_large_list(array.type):
        begin, end = offsets[:-1], offsets[1:]
    else:  # views may overlap
        begin = offsets[: len(array)]
        end = begin + _numbers(array.sizes).astype(np.int64)[: len(array)]
    sizes: Sizes = ends[end] - ends[begin] + _VALUE
    return sizes


def _numbers(array: Any) -> npt.NDArray[np.integer]:
    numbers: npt.NDArray[np.integer] = array.to_numpy(zero_copy_only=False)
    return numbers
