"""The check of a series: numbers in the order of its steps."""

import numpy as np

from ...system.arguments import as_array
from ..numeric.special_functions import FloatArray

MOST_STEPS = 4096
"""Steps of the longest series that is taken, since each step is compared with each."""
_LARGEST = 1e100


def numbers(name: str, values: object) -> FloatArray:
    """Return a series as floats ``(G,)``.

    Raises
    ------
    TypeError
        When they are no real numbers.
    ValueError
        When there are too many, or one is not finite.
    """
    array = as_array(name, values)
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{name} must be real numbers, got an array of {array.dtype}")
    if array.ndim != 1 or len(array) > MOST_STEPS:
        raise ValueError(
            f"{name} must be one number for each of at most {MOST_STEPS:,} steps, got an array "
            f"of shape {array.shape}"
        )
    floats = array.astype(np.float64)
    if not np.all(np.abs(floats) <= _LARGEST):
        raise ValueError(f"{name} must be finite numbers (at most {_LARGEST:g}), got {floats}")
    return floats


def places(steps: object, number: int) -> FloatArray:
    """Return the places ``(G,)`` of so many steps; those of None are 0, 1, 2 ...

    Raises
    ------
    ValueError
        When there is not one for each step, or they do not ascend.
    """
    if steps is None:
        return np.arange(number, dtype=np.float64)
    x = numbers("steps", steps)
    if len(x) != number:
        raise ValueError(f"steps must be one number for each of {number} values, got {len(x)}")
    if np.any(np.diff(x) <= 0):
        raise ValueError(f"steps must ascend, got {x.tolist()}: give them in the order of the run")
    return x
