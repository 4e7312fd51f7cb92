"""Limits of the rule from a user's own human corpora."""

from collections.abc import Sequence
from dataclasses import replace

from .constants import Constants
from .evidence import Evidence
from .orders import window, works
from .rule import loss_of_tail

MARGIN = 0.02  # by which limits of shares lie above what human text has


def calibrated(pairs: Sequence[Evidence], constants: Constants | None = None) -> Constants:
    """Widen the limits of the rule until it finds no loss between human corpora.

    `near` becomes the largest loss of tail among the pairs that bring nothing new; the limits of a
    collapse are never below it. The limits of repetition and copies become the largest excess of
    the pairs plus a margin. No limit gets narrower.

    Parameters
    ----------
    pairs
        Evidence of human corpora against each other.

    Raises
    ------
    ValueError
        When no pair has two orders that could be measured precisely enough.
    """
    constants = constants or Constants()
    measured = [pair for pair in pairs if len(_errors(pair, constants)) >= 2]
    if not measured:
        raise ValueError(
            "human corpora must be large enough for two orders to be measured against each other, "
            f"got {len(pairs)} comparisons in which they are not: provide more documents"
        )
    near, repetition, copies = constants.near, constants.repetition, constants.copies
    for pair in measured:
        repetition = max(repetition, pair.more_repetition + MARGIN)
        copies = max(copies, pair.more_copies + MARGIN)
        loss = loss_of_tail(pair, constants)
        if loss is not None:
            near = max(near, -loss + 2 * max(_errors(pair, constants)))
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


def _errors(pair: Evidence, constants: Constants) -> list[float]:
    return [
        novelty.tail.error
        for novelty in window(pair.orders, constants)
        if works(novelty, constants)
    ]
