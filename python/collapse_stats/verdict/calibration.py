"""Limits of the rule from how much human corpora of one kind differ from each other."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from statistics import median

from .constants import Constants
from .evidence import Evidence
from .orders import window, works
from .reasons import problem
from .rule import loss_of_tail

MOVABLE = (
    "near", "far", "far_with_repetition", "repetition", "heavy_repetition", "copies",
    "heavy_copies",
)  # fmt: skip
"""The constants that a calibration may change. It only makes them larger."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a human candidate shows against a human baseline, and is no loss therefore.

    Attributes
    ----------
    near
        Its loss of tail, a difference of log odds; 0 if it does not only take away.
    repetition, copies
        Its excess, a share, and two standard errors; 0 if the excess is below the builtin limit.
    """

    near: float
    repetition: float
    copies: float


def shown(pair: Evidence, constants: Constants) -> Shown:
    """Return what a pair of human corpora shows.

    The loss of tail is the median over the orders that work. The standard errors of shares are the
    largest that shares of so many documents can have, sqrt(p (1 - p) / D), since none was measured.
    """
    if problem(pair, constants):
        return Shown(0.0, 0.0, 0.0)
    near = 0.0
    if loss_of_tail(pair, constants) is not None:
        orders = window(pair.orders, constants)
        near = -median(each.tail.value for each in orders if works(each, constants))
    return Shown(
        near,
        _excess(pair.repeated, pair.documents, constants.repetition),
        _excess(pair.duplicates, pair.documents, constants.copies),
    )


def calibrated(pairs: Iterable[Shown], constants: Constants | None = None) -> Constants:
    """Return constants with which the rule finds no loss between these human corpora.

    `near`, `repetition` and `copies` become the largest that a pair shows. The limits of a collapse
    are never below those of a loss. No limit gets smaller: that a few corpora stay far below one
    does not say that the next one does.
    """
    constants = constants or Constants()
    pairs = list(pairs)
    near = max([constants.near, *(pair.near for pair in pairs)])
    repetition = max([constants.repetition, *(pair.repetition for pair in pairs)])
    copies = max([constants.copies, *(pair.copies for pair in pairs)])
    return replace(
        constants,
        near=near,
        far=max(constants.far, near),
        far_with_repetition=max(constants.far_with_repetition, near),
        repetition=repetition,
        heavy_repetition=max(constants.heavy_repetition, repetition),
        copies=copies,
        heavy_copies=max(constants.heavy_copies, copies),
    )


def _excess(shares: tuple[float, float], documents: tuple[int, int], limit: float) -> float:
    """How much larger the second share may be than the first; 0 below the limit."""
    baseline, candidate = shares
    if candidate - baseline < limit:
        return 0.0
    variance = sum(p * (1 - p) / number for p, number in zip(shares, documents, strict=True))
    return candidate - baseline + 2 * math.sqrt(variance)
