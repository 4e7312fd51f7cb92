"""The check of arguments that must be whole numbers."""

from operator import index
from typing import Any


def whole(name: str, value: Any, what: str, least: int = 1) -> int:
    """Return a whole number as an int.

    Raises
    ------
    TypeError
        for anything but an integer, also for True and 2.0.
    ValueError
        below `least`.
    """
    message = f"{name} must be {what}, at least {least}, got {value!r}"
    try:
        number = index(value)
    except TypeError:
        raise TypeError(f"{message}: give a whole number") from None
    if isinstance(value, bool):
        raise TypeError(f"{message}: give a whole number")
    if number < least:
        raise ValueError(message)
    return number
