"""Numbers for people; None is a dash."""

from collections.abc import Sequence

from .grid import DASH

_UNITS = ((1e12, "T"), (1e9, "G"), (1e6, "M"))


def count(value: float | None) -> str:
    """Format a count: ``1,234,567``; from ten million on with four digits, ``12.35 M``."""
    if value is None:
        return DASH
    for size, unit in _UNITS:
        if value >= 10 * size or (value >= size and size > 1e6):
            return f"{value / size:.4g} {unit}"
    return f"{value:,.0f}"


def size_of(value: int) -> str:
    """Format a number of bytes: ``12.4 MB``, in powers of ten."""
    for size, unit in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if value >= size:
            return f"{value / size:.1f} {unit}"
    return f"{value:,} bytes"


def fixed(value: float | None, digits: int = 3) -> str:
    """Format a number with some decimals: ``0.104``."""
    return DASH if value is None else f"{value:.{digits}f}"


def percent(value: float | None) -> str:
    """Format a share 0..1 in percent: ``43.2``; the sign is in the heading."""
    return DASH if value is None else f"{100 * value:.1f}"


def with_error(value: float | None, error: float | None, digits: int, factor: float = 1) -> str:
    """Format a number times `factor` with two standard errors: ``0.95 ±0.02``."""
    if value is None:
        return DASH
    text = fixed(factor * value, digits)
    return text if error is None else f"{text} ±{fixed(2 * factor * error, digits)}"


def column(values: Sequence[float | None]) -> tuple[str, list[str]]:
    """Choose one unit for a column of counts, and format them: ``M`` and ``1.20``."""
    largest = max((value for value in values if value is not None), default=0)
    if largest < 1e4:
        return "", [count(value) for value in values]
    size, unit = next((unit for unit in _UNITS[:2] if largest >= 10 * unit[0]), _UNITS[2])
    digits = 3 if largest < size else 2 if largest < 100 * size else 1
    return unit, [fixed(None if value is None else value / size, digits) for value in values]
