"""Columns of tables and arrays of objects as lists."""

from typing import Any

import numpy as np


def as_list(value: Any) -> Any:
    """Return a column of a table, or an array of objects, as a list, and anything else as it is.

    `datasets` and pandas give the texts and the turns of a row in such arrays.
    """
    if isinstance(value, str | list | dict):
        return value
    if isinstance(value, np.ndarray):
        return [as_list(item) for item in value] if value.dtype.kind in "OUT" else value
    for convert in ("to_pylist", "to_list"):  # of Arrow; of pandas and Polars
        if hasattr(value, convert):
            return getattr(value, convert)()
    return value
