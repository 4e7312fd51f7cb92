"""Values as Python has them: columns and arrays of objects as lists, missing values as None."""

from typing import Any

import numpy as np


def as_list(value: Any) -> Any:
    """Return a column of a table, or an array of objects, as a list, and anything else as it is.

    `datasets` and pandas give the texts and the turns of a row in such arrays. A missing value, of
    which pandas has several kinds, is None.
    """
    if isinstance(value, dict):
        return list(value.values()) if _is_column(value) else value
    if isinstance(value, str | list):
        return value
    if isinstance(value, np.ndarray):
        return [as_list(item) for item in value] if value.dtype.kind in "OUT" else value
    for convert in ("to_pylist", "to_list"):  # of Arrow; of pandas and Polars
        if hasattr(value, convert):
            return [as_list(item) for item in getattr(value, convert)()]
    return None if is_missing(value) else value


def _is_column(value: dict[Any, Any]) -> bool:
    """Whether a dictionary is a column as pandas writes it to JSON: ``{"0": "a", "1": "b"}``."""
    return bool(value) and all(isinstance(key, str) and key.isdecimal() for key in value)


def is_missing(value: Any) -> bool:
    """Return whether a value is None, NaN, or pandas' sign for a missing value."""
    if isinstance(value, float):
        return value != value
    return value is None or type(value).__name__ == "NAType"
