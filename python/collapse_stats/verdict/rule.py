"""The rule that turns measurements into a verdict: the first condition that holds decides."""

from dataclasses import dataclass, field
from statistics import median

from . import reasons
from .constants import Constants
from .evidence import Evidence
from .novelty import Novelty
from .orders import (
    brings_nothing,
    exchanges_little,
    is_another,
    is_thicker,
    is_thinner,
    largest_change,
    share_documents,
    window,
    works,
)

WITHIN_FLOOR = "within floor"
DRIFT = "drift"
LOSS_OF_TAIL = "loss of tail"
COLLAPSE = "collapse"
CANNOT_TELL = "cannot tell"
LABELS = (WITHIN_FLOOR, DRIFT, LOSS_OF_TAIL, COLLAPSE)
"""Verdicts from harmless to severe; `CANNOT_TELL` has no place in this order."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a candidate differs from its baseline, as a label with reasons."""

    label: str
    reasons: tuple[str, ...]
    evidence: Evidence | None = None
    constants: Constants = field(default_factory=Constants)

    def working(self) -> list[Novelty]:
        """The orders that the rule used."""
        return [] if self.evidence is None else _working(self.evidence, self.constants)


def judge(evidence: Evidence, constants: Constants) -> Verdict:
    """Apply the rule of docs/verdict.md."""
    label, reason = _decide(evidence, constants)
    remarks = [text for text in reasons.remarks(evidence, constants) if text not in reason]
    return Verdict(label, (reason, *remarks), evidence, constants)


def loss_of_tail(evidence: Evidence, constants: Constants) -> float | None:
    """Return the median `tail` plus two errors of a candidate that only takes away, else None.

    Its tail is significantly thinner at two orders. Neither of the two lowest orders has a thicker
    tail or says something new. At one of the thinner orders little was exchanged for other text,
    unless the tail is far thinner and nothing is new at any order: then it is so narrow that much
    is missing.
    """
    orders = _working(evidence, constants)
    lowest = window(evidence.orders, constants)[:2]
    thinner = [novelty for novelty in orders if is_thinner(novelty, constants)]
    if len(thinner) < 2 or any(is_thicker(novelty, constants) for novelty in lowest):
        return None
    takes_away = share_documents(orders, constants) or (
        all(brings_nothing(novelty, constants) for novelty in lowest)
        and all(novelty.gain.low <= constants.gain_at_most for novelty in orders)
        and (
            any(exchanges_little(novelty, constants) for novelty in thinner)
            or _is_far_thinner(orders, constants)
        )
    )
    return median(novelty.tail.high for novelty in orders) if takes_away else None


def _is_far_thinner(orders: list[Novelty], constants: Constants) -> bool:
    """Whether the tail is far thinner at two orders, and nothing is new at any."""
    highs = sorted(novelty.tail.high for novelty in orders)
    return highs[1] < -constants.far and (
        all(novelty.gain.low <= constants.gain_of_far for novelty in orders)
        or share_documents(orders, constants)
    )


def _working(evidence: Evidence, constants: Constants) -> list[Novelty]:
    return [novelty for novelty in window(evidence.orders, constants) if works(novelty, constants)]


def _decide(evidence: Evidence, constants: Constants) -> tuple[str, str]:
    """The label and its main reason: the first condition of docs/verdict.md that holds."""
    problem = reasons.problem(evidence, constants)
    if problem:
        return CANNOT_TELL, problem
    new = 1 - evidence.duplicates[0]  # the share of documents that can become copies
    if evidence.more_copies >= max(constants.heavy_copies * new, constants.copies):
        return COLLAPSE, reasons.copies(evidence)
    if evidence.more_repetition >= constants.heavy_repetition:
        return COLLAPSE, reasons.repetition(evidence)
    orders = _working(evidence, constants)
    lost = _lost(evidence, orders, constants)
    if lost:
        return lost
    if evidence.more_repetition >= constants.repetition:
        return LOSS_OF_TAIL, reasons.repetition(evidence)
    if evidence.more_copies >= constants.copies:
        return LOSS_OF_TAIL, reasons.copies(evidence)
    return _difference_without_loss(evidence, orders, constants)


def _lost(
    evidence: Evidence, orders: list[Novelty], constants: Constants
) -> tuple[str, str] | None:
    """Collapse or loss of tail, if the candidate's own text is that much less novel."""
    highs = sorted(novelty.tail.high for novelty in orders)
    if (
        len(highs) >= 2
        and evidence.more_repetition >= constants.repetition
        and highs[-1] < -constants.far_with_repetition
    ):
        return COLLAPSE, f"{reasons.repetition(evidence)}, and {reasons.odds(orders)}"
    middle = loss_of_tail(evidence, constants)
    if middle is None or middle >= -constants.near:
        return None
    label = COLLAPSE if _is_far_thinner(orders, constants) else LOSS_OF_TAIL
    return label, reasons.takes_away(orders, shared=share_documents(orders, constants))


def _difference_without_loss(
    evidence: Evidence, orders: list[Novelty], constants: Constants
) -> tuple[str, str]:
    """The verdict on two sides of which neither repetition nor a loss of novelty was found."""
    usable = window(evidence.orders, constants)
    if share_documents(orders, constants):
        return CANNOT_TELL, reasons.SHARED
    changed = [
        novelty
        for novelty in orders
        if is_thinner(novelty, constants) or is_thicker(novelty, constants)
    ]
    if changed or any(is_another(novelty, constants) for novelty in usable):
        thinner = [novelty for novelty in orders if is_thinner(novelty, constants)]
        return DRIFT, reasons.differs(thinner, usable)
    if largest_change(orders) < constants.equivalent:
        return WITHIN_FLOOR, reasons.WITHIN
    if _is_large(evidence, constants) and not any(
        is_thinner(novelty, constants) or is_thicker(novelty, constants) for novelty in usable
    ):
        largest = largest_change(usable)
        if largest < constants.equivalent_varied:
            return WITHIN_FLOOR, reasons.within_varied(largest)
    if len(orders) < 2:
        return CANNOT_TELL, reasons.too_imprecise(evidence, usable, constants)
    return CANNOT_TELL, reasons.undecided(evidence, orders, constants)


def _is_large(evidence: Evidence, constants: Constants) -> bool:
    return (
        min(evidence.documents) >= constants.large_documents
        and min(evidence.tokens) >= constants.large_tokens
    )
