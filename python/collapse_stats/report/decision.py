"""Which figure a verdict comes from, with its interval and its floor."""

import math
from collections.abc import Sequence
from typing import Literal

from ..uncertainty.estimate import Estimate
from ..verdict import reasons
from ..verdict.novelty import Novelty
from ..verdict.orders import is_another, is_thicker, is_thinner, window
from ..verdict.rule import DRIFT, Verdict
from .json_object import Json

USUAL_ORDER = 2  # whose figures are shown if the verdict can come from them
FIGURES = ("novelty_odds", "distance_odds", "repeated_text", "duplicate_documents")


def decided_by(verdict: Verdict) -> Json | None:
    """Return the figure, its order, value, interval and floor; None when nothing was measured.

    The interval (``low``, ``high``) is of two standard errors. Repetition and copies have none.
    """
    evidence, constants = verdict.evidence, verdict.constants
    if evidence is None:
        return None
    for figure, pair, reason in (
        ("repeated_text", evidence.repeated, reasons.repetition(evidence)),
        ("duplicate_documents", evidence.duplicates, reasons.copies(evidence)),
    ):
        if verdict.reasons[0] == reason:
            floor, value = pair
            return _figure(figure, None, value, None, None, floor)
    usable, working = window(evidence.orders, constants), verdict.working()
    changed = [n for n in working if is_thinner(n, constants) or is_thicker(n, constants)]
    if verdict.label == DRIFT and not changed:
        return _odds("drift", [n for n in usable if is_another(n, constants)])
    return _odds("tail", changed or working or usable)


def _odds(name: Literal["tail", "drift"], orders: Sequence[Novelty]) -> Json | None:
    """The odds at the usual order, or at the lowest."""
    if not orders:
        return None
    novelty = next((each for each in orders if each.order == USUAL_ORDER), orders[0])
    difference: Estimate = getattr(novelty, name)
    value, low, high = map(math.exp, (difference.value, difference.low, difference.high))
    figure = "novelty_odds" if name == "tail" else "distance_odds"
    return _figure(figure, novelty.order, value, low, high, 1.0)


def _figure(
    figure: str,
    order: int | None,
    value: float,
    low: float | None,
    high: float | None,
    floor: float,
) -> Json:
    return {
        "figure": figure,
        "order": order,
        "value": value,
        "low": low,
        "high": high,
        "floor": floor,
    }
