"""The rule that turns measurements into a verdict, its constants, and the reasons it gives."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median

from .novelty import Novelty

WITHIN_FLOOR = "within floor"
DRIFT = "drift"
LOSS_OF_TAIL = "loss of tail"
COLLAPSE = "collapse"
CANNOT_TELL = "cannot tell"
LABELS = (WITHIN_FLOOR, DRIFT, LOSS_OF_TAIL, COLLAPSE)
"""Verdicts from harmless to severe; `CANNOT_TELL` has no place in this order."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Measurements that the rule uses, of two samples matched in size by whole documents.

    Pairs hold the value of the baseline and that of the candidate.

    Attributes
    ----------
    orders
        Novelty by n-gram order, for the orders at which it could be measured.
    tokens, documents, distinct_documents
        Sizes of the two samples after matching. Empty documents are not counted.
    largest_share
        Largest share of its half that a single document, or those of one group key, make up, over
        both sides (0..1).
    repeated
        Share of a document that repeats earlier parts of it, averaged over documents (0..1).
    """

    orders: Mapping[int, Novelty]
    tokens: tuple[int, int]
    documents: tuple[int, int]
    distinct_documents: tuple[int, int]
    largest_share: float
    repeated: tuple[float, float]

    @property
    def duplicates(self) -> tuple[float, float]:
        """Share of documents that copy another document exactly (0..1), for each side."""
        baseline, candidate = (
            1 - distinct / max(total, 1)
            for distinct, total in zip(self.distinct_documents, self.documents, strict=True)
        )
        return baseline, candidate


@dataclass(frozen=True, slots=True)
class Constants:
    """Thresholds of the rule. `near`, `far` and `far_lost` are differences of log odds.

    The defaults were chosen on English text; `Constants.of_human` derives `near`, `far` and
    `far_lost` from a user's own human corpora.
    """

    sigmas: float = 3.0  # number of standard errors that makes a change significant
    precision: float = 0.15  # largest standard error of `tail` for an order to be used
    floor_low: float = 0.02  # smallest floor for an order to be used
    floor_high: float = 0.97  # largest floor for an order to be used
    documents: int = 30  # minimum number of distinct documents on each side
    document_share: float = 0.25  # largest share of its half that one document may make up
    size_ratio: float = 1.6  # largest ratio of the sides' tokens after matching
    nested: float = 0.05  # largest `gain` at which the candidate adds nothing new
    near: float = 0.20  # typical difference between similar human sources
    far: float = 1.25  # largest difference between any two human sources
    far_lost: float = math.log(2.5)  # a larger loss at every order is a collapse
    repetition: float = 0.07  # excess of the repeated share that counts as a loss
    heavy_repetition: float = 0.40  # excess of the repeated share that counts as a collapse
    duplicates: float = 0.10  # excess share of exact duplicates that is reported
    equivalent: float = 0.25  # change that must be ruled out for `within floor`

    def of_human(self, pairs: Sequence[Evidence]) -> "Constants":
        """Replace the three limits by the differences between a user's own human corpora.

        The difference of a pair is the absolute median of `tail` over its orders plus two median
        standard errors; the largest difference becomes the limit.

        Parameters
        ----------
        pairs
            Evidence of human corpora against a human baseline.

        Raises
        ------
        ValueError
            When no pair has two orders that could be measured precisely enough.
        """
        differences = [self._difference(pair) for pair in pairs]
        largest = max((value for value in differences if value), default=0.0)
        if largest <= 0:
            raise ValueError(
                "human corpora must be large enough for two orders to be measured against the "
                f"baseline, got {len(pairs)} that are not: provide more documents"
            )
        far_lost = max(largest, self.far_lost)
        return Constants(**{**asdict(self), "near": largest, "far": largest, "far_lost": far_lost})

    def _difference(self, pair: Evidence) -> float | None:
        tails = [novelty.tail for novelty in _usable_orders(pair, self)]
        if len(tails) < 2:
            return None
        return abs(median(tail.value for tail in tails)) + 2 * median(tail.error for tail in tails)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a candidate differs from its baseline, as a label with reasons."""

    label: str
    reasons: tuple[str, ...]
    evidence: Evidence | None = None
    constants: Constants = field(default_factory=Constants)

    def working(self) -> list[Novelty]:
        """The orders that the rule used."""
        return [] if self.evidence is None else _usable_orders(self.evidence, self.constants)


def judge(evidence: Evidence, constants: Constants) -> Verdict:
    """Apply the rule of docs/verdict.md."""
    label, reason = _decide(evidence, constants)
    return Verdict(label, (*_remarks(evidence, constants), reason), evidence, constants)


def _decide(evidence: Evidence, constants: Constants) -> tuple[str, str]:
    """The label and its main reason: the first condition of docs/verdict.md that holds."""
    problem = _problem(evidence, constants)
    if problem:
        return CANNOT_TELL, problem
    repetition = evidence.repeated[1] - evidence.repeated[0]
    if repetition >= constants.heavy_repetition:
        return COLLAPSE, "degenerate repetition inside documents"
    orders = _usable_orders(evidence, constants)
    if len(orders) >= 2:
        lost = _loss_of_novelty(orders, constants)
        if lost:
            return lost
    if repetition >= constants.repetition:
        return LOSS_OF_TAIL, "more repetition inside documents than in the baseline"
    if len(orders) < 2:
        return CANNOT_TELL, (
            "fewer than two n-gram orders could be measured precisely enough: provide more "
            "documents"
        )
    return _difference_without_loss(orders, constants)


def _loss_of_novelty(orders: Sequence[Novelty], constants: Constants) -> tuple[str, str] | None:
    """Collapse or loss of tail, if the candidate's own text is that much less novel."""
    tails = [novelty.tail for novelty in orders]
    if all(tail.high < -constants.far_lost for tail in tails):
        ratio = math.exp(max(tail.value for tail in tails))
        return COLLAPSE, (
            f"the odds that an n-gram of fresh text is new are at most {ratio:.2f} times the "
            "baseline's at every order"
        )
    middle = median(tail.value for tail in tails)
    adds_nothing = not _share_documents(orders, constants) and all(
        novelty.gain.value <= constants.nested for novelty in orders[-2:]
    )
    far = middle < -constants.far or (adds_nothing and middle < -constants.near)
    if not far or not _is_thinner(orders, constants):
        return None
    why = (
        "the candidate adds nothing that the baseline lacks"
        if adds_nothing
        else "human sources differ by less"
    )
    return LOSS_OF_TAIL, (
        f"the odds that an n-gram of fresh text is new are {math.exp(middle):.2f} times the "
        f"baseline's, and {why}"
    )


def _difference_without_loss(orders: Sequence[Novelty], constants: Constants) -> tuple[str, str]:
    """The verdict on two sides of which neither repetition nor a loss of novelty was found."""
    tails = [novelty.tail for novelty in orders]
    if _share_documents(orders, constants):
        return CANNOT_TELL, (
            "baseline and candidate share documents: compare corpora without common documents"
        )
    if _is_thinner(orders, constants):
        ratio = math.exp(median(tail.value for tail in tails))
        return DRIFT, (
            f"the tail is thinner (odds of a new n-gram {ratio:.2f} times the baseline's), but "
            "human genres differ as much"
        )
    if any(
        novelty.drift.value > constants.sigmas * novelty.drift.error
        or abs(novelty.tail.value) > constants.sigmas * novelty.tail.error
        for novelty in orders
    ):
        return DRIFT, "the distribution differs, but its tail is not thinner"
    if sum(abs(tail.value) + 2 * tail.error < constants.equivalent for tail in tails) >= 2:
        return WITHIN_FLOOR, (
            "the candidate is as close to the baseline as the baseline's halves are to each other"
        )
    return CANNOT_TELL, (
        f"no change was detected, but a {_percent(constants.equivalent)} change cannot be ruled "
        "out: provide more documents"
    )


def _problem(evidence: Evidence, constants: Constants) -> str | None:
    """Why the samples allow no verdict at all, with the remedy; None when they do."""
    if min(evidence.tokens) == 0:
        return "one side has no text"
    fewest = min(evidence.distinct_documents)
    if fewest < constants.documents:
        return (
            f"one side has only {fewest} distinct documents, and {constants.documents} are "
            "needed: provide more documents"
        )
    if max(evidence.tokens) > constants.size_ratio * min(evidence.tokens):
        baseline, candidate = evidence.tokens
        return (
            f"the sides have {baseline:,} and {candidate:,} tokens after matching by whole "
            "documents: provide more or shorter documents for the smaller side"
        )
    if evidence.largest_share > constants.document_share:
        return (
            f"one document, or those of one row or group key, makes up "
            f"{_percent(evidence.largest_share)} of its half: split or remove long documents"
        )
    return None


def _usable_orders(evidence: Evidence, constants: Constants) -> list[Novelty]:
    """The orders that were measured precisely enough and whose floor is not extreme."""
    return [
        novelty
        for _, novelty in sorted(evidence.orders.items())
        if constants.floor_low <= novelty.floor <= constants.floor_high
        and novelty.tail.error <= constants.precision
    ]


def _share_documents(orders: Sequence[Novelty], constants: Constants) -> bool:
    """Whether the sides are closer to each other than to themselves, so that they share text."""
    return any(novelty.drift.value < -constants.sigmas * novelty.drift.error for novelty in orders)


def _is_thinner(orders: Sequence[Novelty], constants: Constants) -> bool:
    """Whether the candidate's tail is significantly thinner at every order."""
    return all(novelty.tail.value < -constants.sigmas * novelty.tail.error for novelty in orders)


def _remarks(evidence: Evidence, constants: Constants) -> list[str]:
    """Repetition and duplicates above the baseline's, which are reported with every verdict."""
    remarks = []
    baseline, candidate = evidence.repeated
    if candidate - baseline >= constants.repetition:
        remarks.append(
            f"on average {_percent(candidate)} of a document repeats itself "
            f"(baseline: {_percent(baseline)})"
        )
    baseline, candidate = evidence.duplicates
    if candidate - baseline >= constants.duplicates:
        remarks.append(
            f"{_percent(candidate)} of the documents are exact duplicates "
            f"(baseline: {_percent(baseline)})"
        )
    return remarks


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
