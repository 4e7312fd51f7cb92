"""Arrow columns of text or of lists of ids: shared by Parquet and JSON lines."""

from typing import Any

import numpy as np

from .batch import Int64Array, IntegerArray


def is_text(kind: Any) -> bool:
    """Whether a column of this Arrow type holds text."""
    import pyarrow.types as types

    if types.is_dictionary(kind):  # a pandas category
        kind = kind.value_type
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def item_of_list(kind: Any) -> Any:
    """Arrow type of the items of a column of lists, None when it holds no lists."""
    import pyarrow.types as types

    lists = (types.is_list, types.is_large_list, types.is_fixed_size_list)
    return kind.value_type if any(test(kind) for test in lists) else None


def ids_of(array: Any) -> tuple[IntegerArray, Int64Array, int]:
    """Packed ids of an Arrow array of lists, the length of each row, and how many were left out.

    Rows are left out when they are null or have a null among their ids.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = len(array)
    array = array.drop_null()
    values = array.flatten()
    lengths = _lengths(array)
    if values.null_count:
        at = np.flatnonzero(pc.is_null(values).to_numpy(zero_copy_only=False))
        good = np.ones(len(array), dtype=bool)
        good[np.searchsorted(np.cumsum(lengths), at, side="right")] = False
        array = array.filter(pa.array(good))
        values, lengths = array.flatten(), _lengths(array)
    return values.to_numpy(zero_copy_only=False), lengths, rows - len(array)


def _lengths(array: Any) -> Int64Array:
    import pyarrow.compute as pc

    lengths: Any = pc.list_value_length(array)
    as_int64: Int64Array = lengths.to_numpy(zero_copy_only=False).astype(np.int64)
    return as_int64
