"""Whether a series gets worse, has settled, or recovers."""

from statistics import median

import numpy as np

from .checked_series import numbers, places
from .onset import Worse
from .trend import theil_sen

__all__ = ["series_state", "settled_value"]

_FEWEST = 5  # steps, of which a slope has an interval


def series_state(values: object, errors: object, worse: Worse, steps: object = None) -> str | None:
    """What becomes of a series: ``"worsening"``, ``"settled"`` or ``"recovering"``.

    The last half of the steps says it, and at least five. If the 95 % interval of their Theil-Sen
    slope lies on one side of 0, the series worsens or recovers. If it contains 0, and the last step
    is within two standard errors of the one before, the series has settled. Else, and with fewer
    than five steps, None: it cannot be said.

    Parameters
    ----------
    values, errors
        ``(G,)``: a figure at each step, in order, and its standard errors.
    worse
        ``"up"`` or ``"down"``: the direction in which the figure is worse.
    steps
        ``(G,)``: the number of each step, ascending; 0, 1, 2 ... by default.

    Raises
    ------
    ValueError
        When the steps do not ascend, or `worse` is neither.

    >>> series_state([5, 4, 3, 2, 1], [0.1] * 5, "down")
    'worsening'
    """
    if worse not in ("up", "down"):
        raise ValueError(f"worse must be 'up' or 'down', got {worse!r}")
    y, error = numbers("values", values), numbers("errors", errors)
    x = places(steps, len(y))
    if len(error) != len(y):
        raise ValueError(f"there must be an error for each of {len(y)} values, got {len(error)}")
    begin = _begin_of_last_half(len(y))
    found = theil_sen(y[begin:], x[begin:])
    if found is None or found.low is None or found.high is None:
        return None
    if found.low > 0 or found.high < 0:
        return "worsening" if (found.low > 0) == (worse == "up") else "recovering"
    moved = abs(float(y[-1] - y[-2]))
    return "settled" if moved <= 2 * float(np.hypot(error[-1], error[-2])) else None


def settled_value(values: object) -> float | None:
    """The median of the steps that `series_state` looks at: where a settled series stays.

    None with fewer than five steps.

    >>> settled_value([9, 1, 1, 1, 1, 2])
    1.0
    """
    y = numbers("values", values)
    return median(y[_begin_of_last_half(len(y)) :].tolist()) if len(y) >= _FEWEST else None


def _begin_of_last_half(number: int) -> int:
    return max(number - max(_FEWEST, (number + 1) // 2), 0)
