"""From which step on a figure is worse than at the first, at a rate of false alarms that holds."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..numeric.special_functions import FloatArray
from .checked_series import numbers

__all__ = ["Onset", "holm", "onset", "spent_alpha"]

Worse = Literal["up", "down"]
"""The direction in which a figure is worse."""


@dataclass(frozen=True, slots=True)
class Onset:
    """Since when a figure is worse.

    Attributes
    ----------
    place
        The first step from which every later one is past the limit; None if the last one is not.
    p
        Chance, 0..1, that a series without a change has an onset anywhere that is as clear; below
        alpha exactly when there is one.
    """

    place: int | None
    p: float


def onset(
    values: object,
    errors: object,
    worse: str,
    *,
    reference: Sequence[float] | None = None,
    alpha: float = 0.01,
    every_step: bool = False,
) -> Onset | None:
    """First step from which every later step is significantly worse than a reference.

    Step g is past the limit if z_g = (y_g - y_ref) / sqrt(SE_g^2 + SE_ref^2), with the sign of the
    worse direction, is above z(1 - a). Looked at once, at the end, a is alpha over the number of
    steps that are tested (Bonferroni). Looked at after every step, a is `spent_alpha` of this look:
    as an onset needs the last step past the limit, each look has a false alarm in at most this
    share of series, and all looks together in at most alpha of them.

    Parameters
    ----------
    values, errors
        ``(G,)``: a figure at each step, in order, and its standard errors.
    worse
        ``"up"`` or ``"down"``.
    reference
        Value and standard error that the steps are compared with; None: those of the first step.
    alpha
        Chance of a false alarm in a whole series, 0 < alpha < 1.
    every_step
        Whether the series has been looked at after each of its steps, for an alarm.

    Returns
    -------
    Onset or None
        None when there is no step to test.

    Raises
    ------
    ValueError
        When an argument is none of these, or an error is negative.

    >>> onset([0, 0, 9, 9], [1, 1, 1, 1], "up").place
    2
    """
    if worse not in ("up", "down"):
        raise ValueError(f"worse must be 'up' or 'down', got {worse!r}")
    _check_alpha(alpha)
    y, error = numbers("values", values), numbers("errors", errors)
    pair = None if reference is None else numbers("reference", reference)
    if len(y) != len(error) or (pair is not None and len(pair) != 2):
        raise ValueError(
            "there must be an error for each value, and for the reference, got "
            f"{len(y)} values, {len(error)} errors and the reference {reference}"
        )
    if np.any(error < 0) or (pair is not None and pair[1] < 0):
        raise ValueError("errors must be 0 or more, got a negative one")
    begin = 1 if pair is None else 0
    if len(y) <= begin:
        return None
    value, own_error = (y[0], error[0]) if pair is None else pair
    change = (y[begin:] - value) * (1 if worse == "up" else -1)
    chances = _chances(change, np.hypot(error[begin:], own_error))
    tested = len(chances)
    limit = spent_alpha(alpha, tested) if every_step else alpha / tested
    last_within = np.flatnonzero(chances >= limit)
    first = int(last_within[-1]) + 1 if len(last_within) else 0
    p = min(1.0, float(chances[-1]) * (alpha / limit))
    return Onset(begin + first if first < tested else None, p)


def spent_alpha(alpha: float, look: int) -> float:
    """The part of alpha that look 1, 2, 3 ... may spend: alpha 6 / (pi^2 look^2), in all alpha.

    >>> round(spent_alpha(0.01, 1), 6)
    0.006079
    """
    _check_alpha(alpha)
    if look < 1:
        raise ValueError(f"look must be 1 or more, got {look}")
    return alpha * 6 / math.pi**2 / float(min(look, 10**100)) ** 2


def holm(p_values: object, alpha: float = 0.01) -> list[bool]:
    """Which of several hypotheses are rejected, one of them falsely at most in a share alpha.

    The k-th smallest of F p-values is rejected if it and all smaller ones are below
    alpha / (F - k + 1) (Holm 1979).

    >>> holm([0.001, 0.5, 0.004])
    [True, False, True]
    """
    _check_alpha(alpha)
    p = numbers("p_values", p_values)
    order = np.argsort(p, kind="stable")
    below = p[order] < alpha / np.arange(len(p), 0, -1)
    rejected = np.zeros(len(p), dtype=bool)
    rejected[order] = np.logical_and.accumulate(below)
    return [bool(one) for one in rejected]


def _check_alpha(alpha: float) -> None:
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must lie between 0 and 1, both excluded, got {alpha}")


def _chances(change: FloatArray, error: FloatArray) -> FloatArray:
    """Chance of each change, or a larger one, if there is none but chance."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        z = np.where(change == 0, 0.0, change / error)
    return np.array([math.erfc(each / math.sqrt(2)) / 2 for each in z.tolist()])
