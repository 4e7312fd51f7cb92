"""What can be said of one n-gram order: whether it works, and what it shows."""

import math
from collections.abc import Iterable, Mapping

from .constants import Constants
from .novelty import Novelty

LEAST_GAIN = 0.05  # a gain in log odds that means nothing, however small the loss of tail


def window(orders: Mapping[int, Novelty], constants: Constants) -> list[Novelty]:
    """Return the lowest orders that fresh text can be judged by.

    At lower ones no fresh text has anything new, and at higher ones nearly everything is new.
    """
    usable = [
        novelty
        for _, novelty in sorted(orders.items())
        if constants.floor_low <= novelty.floor <= constants.floor_high
    ]
    return usable[: constants.orders]


def works(novelty: Novelty, constants: Constants) -> bool:
    """Whether `tail` was measured precisely enough: for a small change, or for the one found."""
    tail = novelty.tail
    return tail.error <= constants.precision or abs(tail.value) > constants.sure * tail.error


def is_thinner(novelty: Novelty, constants: Constants) -> bool:
    """Whether the candidate's own tail is significantly thinner."""
    return novelty.tail.value < -constants.sigmas * novelty.tail.error


def is_thicker(novelty: Novelty, constants: Constants) -> bool:
    """Whether the candidate's own tail is significantly thicker."""
    return novelty.tail.value > constants.sigmas * novelty.tail.error


def brings_nothing(novelty: Novelty, constants: Constants) -> bool:
    """Whether the candidate's gain is small against what its tail has lost."""
    loss, gain = max(-novelty.tail.value, 0.0), novelty.gain
    if gain.low > constants.gain_of_tail * loss:
        return False
    likely = max(constants.gain_likely * loss, LEAST_GAIN)
    return not works(novelty, constants) or gain.value <= likely


def exchanges_little(novelty: Novelty, constants: Constants) -> bool:
    """Whether little was exchanged between the sides against what the candidate's tail has lost."""
    exchanged = novelty.gain.value + novelty.missing.value
    return exchanged <= -constants.exchange_of_tail * novelty.tail.value


def is_another(novelty: Novelty, constants: Constants) -> bool:
    """Whether the candidate surely comes from another distribution."""
    return novelty.drift.value > constants.sigmas * novelty.drift.error


def largest_change(orders: Iterable[Novelty]) -> float:
    """Return the change of `tail` beyond which two orders rule out all, infinite for one order."""
    bounds = sorted(abs(novelty.tail.value) + 2 * novelty.tail.error for novelty in orders)
    return bounds[1] if len(bounds) > 1 else math.inf


def share_documents(orders: Iterable[Novelty], constants: Constants) -> bool:
    """Whether the sides are closer to each other than to themselves, so that they share text."""
    return any(novelty.drift.value < -constants.sigmas * novelty.drift.error for novelty in orders)
