"""How fast a figure approaches a limit, and which."""

from dataclasses import dataclass

import numpy as np

from ..numeric.special_functions import FloatArray
from .checked_series import numbers, places

__all__ = ["HalfLife", "half_life"]

_FEWEST = 6  # steps; three numbers are fitted
_TOLERANCE = 0.1
_SHORTEST = 0.3  # of the mean distance of two steps
_GRID = 400


@dataclass(frozen=True, slots=True)
class HalfLife:
    """An exponential approach to a limit.

    Attributes
    ----------
    half_life
        Steps in which the distance from the limit halves, in the unit of the steps.
    limit
        What the figure approaches.
    start
        What it is at the first step, by the fit.
    rms
        Root of the mean square that the figure is off the fit.
    """

    half_life: float
    limit: float
    start: float
    rms: float


def half_life(
    values: object, steps: object = None, *, least: float | None = None
) -> HalfLife | None:
    """Least squares fit of y = limit + (start - limit) 2^(-(x - x_0) / half_life).

    The half-life is sought between 0.3 of the mean distance of two steps and the length of the
    series; limit and start then follow. None with fewer than 6 steps, where the fit is off by a
    tenth of abs(start - limit) or more, or where the best half-life lies at an end of the range: no
    halving is seen, or all is over at the second step.

    Parameters
    ----------
    values
        ``(G,)``: a figure at each step, in order.
    steps
        ``(G,)``: the number of each step, ascending; 0, 1, 2 ... by default.
    least
        The least that the limit can be, such as 0 for a share.

    Raises
    ------
    ValueError
        When the steps do not ascend, or `least` is not finite.

    >>> round(half_life([8, 4, 2, 1, 0.5, 0.25]).half_life, 3)
    1.0
    """
    y = numbers("values", values)
    x = places(steps, len(y))
    lowest = -np.inf if least is None else float(numbers("least", [least])[0])
    if len(y) < _FEWEST:
        return None
    unit = float(x[-1] - x[0]) / (len(x) - 1)
    scale = float(np.max(np.abs(y))) or 1.0
    x, y, lowest = (x - x[0]) / unit, y / scale, lowest / scale
    grid = np.geomspace(_SHORTEST, len(x) - 1, _GRID)
    best = int(np.argmin(_fitted(x, y, grid, lowest)[2]))
    if best in (0, _GRID - 1):
        return None
    finer = np.geomspace(grid[best - 1], grid[best + 1], _GRID)
    limits, starts, squares = _fitted(x, y, finer, lowest)
    best = int(np.argmin(squares))
    limit, start = float(limits[best]), float(starts[best])
    rms = float(np.sqrt(squares[best]))
    if rms >= _TOLERANCE * abs(start - limit):
        return None
    return HalfLife(float(finer[best]) * unit, limit * scale, start * scale, rms * scale)


def _fitted(
    x: FloatArray, y: FloatArray, half_lives: FloatArray, lowest: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return limits, starts and mean squares ``(H,)`` of the best fit with each half-life."""
    decay = 2.0 ** (-x / half_lives[:, np.newaxis])
    centred = decay - decay.mean(axis=1, keepdims=True)
    height = centred @ y / np.sum(centred**2, axis=1)
    limit = y.mean() - height * decay.mean(axis=1)
    below = limit < lowest
    limit[below] = lowest
    height[below] = decay[below] @ (y - lowest) / np.sum(decay[below] ** 2, axis=1)
    off = limit[:, np.newaxis] + height[:, np.newaxis] * decay - y
    return limit, limit + height, np.mean(off**2, axis=1)
