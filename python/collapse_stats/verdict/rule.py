"""From figures to a word: the rule, its constants, and the reasons it gives."""

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
"""From harmless to bad; `CANNOT_TELL` is none of them."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the rule looks at: samples of two corpora, matched in size by whole documents.

    Attributes
    ----------
    orders
        Novelty by order, as far as it could be measured.
    tokens, documents, distinct_documents
        Of baseline and candidate after matching.
    largest_share
        The largest document's share of its half, on either side.
    repeated
        Share of a document that repeats what it said before, mean over documents, of both sides.
    """

    orders: Mapping[int, Novelty]
    tokens: tuple[int, int]
    documents: tuple[int, int]
    distinct_documents: tuple[int, int]
    largest_share: float
    repeated: tuple[float, float]

    @property
    def duplicates(self) -> tuple[float, float]:
        """Share of documents that copy another one exactly, of both sides."""
        one, other = (
            1 - distinct / max(total, 1)
            for distinct, total in zip(self.distinct_documents, self.documents, strict=True)
        )
        return one, other


@dataclass(frozen=True, slots=True)
class Constants:
    """What the rule compares with. `near`, `far` and `far_lost` are differences of log odds.

    They were chosen on English text; `Constants.of_human` takes the last three from a user's own
    human corpora.
    """

    sigmas: float = 3.0  # standard errors that count as a change
    precision: float = 0.15  # largest standard error of an order that is used
    floor_low: float = 0.02  # an order's floor, for it to be used
    floor_high: float = 0.97
    documents: int = 30  # fewest distinct documents of a side
    document_share: float = 0.25  # of its half that one document may be
    size_ratio: float = 1.6
    nested: float = 0.05  # gain up to which the candidate adds nothing new
    near: float = 0.20  # what neighbouring human sources differ by
    far: float = 1.25  # what any two human sources differ by
    far_lost: float = math.log(2.5)  # beyond it at every order: collapse
    repetition: float = 0.07  # excess share of a document that repeats what it said before
    heavy_repetition: float = 0.40
    duplicates: float = 0.10  # excess share of exact duplicates worth saying
    equivalent: float = 0.25  # a change that is excluded, for `within floor`

    def of_human(self, pairs: Sequence[Evidence]) -> "Constants":
        """Constants whose three limits are what a user's own human corpora differ by.

        Parameters
        ----------
        pairs
            Evidence of human corpora against a human baseline: of each the median over its orders
            of the difference of log odds, and two standard errors more; the largest counts.

        Raises
        ------
        ValueError
            when no pair has two orders that could be measured well enough.
        """
        most = max((difference for pair in pairs if (difference := self._differs(pair))), default=0)
        if most <= 0:
            raise ValueError(
                "human corpora must be large enough for two orders to be measured against the "
                f"baseline, got {len(pairs)} that are not: give more documents"
            )
        return Constants(
            **{**asdict(self), "near": most, "far": most, "far_lost": max(most, self.far_lost)}
        )

    def _differs(self, pair: Evidence) -> float | None:
        tails = [novelty.tail for novelty in _working(pair, self)]
        if len(tails) < 2:
            return None
        return abs(median(t.value for t in tails)) + 2 * median(t.error for t in tails)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A word for how a candidate differs from its baseline, and why it was chosen."""

    label: str
    reasons: tuple[str, ...]
    evidence: Evidence | None = None
    constants: Constants = field(default_factory=Constants)

    def working(self) -> list[Novelty]:
        """The orders that the rule used."""
        return [] if self.evidence is None else _working(self.evidence, self.constants)


def judge(evidence: Evidence, constants: Constants) -> Verdict:
    """The rule of docs/verdict.md."""
    label, reasons = _judge(evidence, constants)
    return Verdict(label, (*_remarks(evidence, constants), *reasons), evidence, constants)


def _judge(e: Evidence, c: Constants) -> tuple[str, list[str]]:
    void = _void(e, c)
    if void:
        return CANNOT_TELL, [void]
    repetition = e.repeated[1] - e.repeated[0]
    if repetition >= c.heavy_repetition:
        return COLLAPSE, ["degenerate repetition"]
    orders = _working(e, c)
    if len(orders) < 2:
        if repetition >= c.repetition:
            return LOSS_OF_TAIL, ["repetition inside documents"]
        return CANNOT_TELL, [
            "fewer than two orders could be measured well enough: give more documents"
        ]
    tails = [n.tail for n in orders]
    shared = any(n.drift.value < -c.sigmas * n.drift.error for n in orders)
    nested = not shared and all(n.gain.value <= c.nested for n in orders[-2:])
    middle = median(tail.value for tail in tails)
    thinner = all(tail.value < -c.sigmas * tail.error for tail in tails)
    if all(tail.high < -c.far_lost for tail in tails):
        least = math.exp(max(tail.value for tail in tails))
        return COLLAPSE, [f"odds of something new down to x{least:.2f} or less at every order"]
    if thinner and ((nested and middle < -c.near) or middle < -c.far):
        why = "nothing new instead" if nested else "beyond what human sources differ by"
        return LOSS_OF_TAIL, [f"odds of something new x{math.exp(middle):.2f}, {why}"]
    if repetition >= c.repetition:
        return LOSS_OF_TAIL, ["repetition inside documents"]
    if shared:
        return CANNOT_TELL, ["baseline and candidate share documents: compare disjoint ones"]
    moved = any(
        n.drift.value > c.sigmas * n.drift.error or abs(n.tail.value) > c.sigmas * n.tail.error
        for n in orders
    )
    if moved:
        return DRIFT, (
            [f"thinner tail (odds x{math.exp(middle):.2f}), but human genres differ as much"]
            if thinner
            else ["another distribution, not a thinner one"]
        )
    if sum(abs(tail.value) + 2 * tail.error < c.equivalent for tail in tails) >= 2:
        return WITHIN_FLOOR, ["as close as the baseline is to itself"]
    return CANNOT_TELL, [
        "no change seen, but one of 25 % could not have been excluded: give more documents"
    ]


def _void(e: Evidence, c: Constants) -> str | None:
    """Why nothing can be said, with the remedy."""
    if min(e.tokens) == 0:
        return "one side has no text"
    fewest = min(e.distinct_documents)
    if fewest < c.documents:
        return f"{fewest} distinct documents on one side, {c.documents} are needed: give more"
    if max(e.tokens) > c.size_ratio * min(e.tokens):
        return (
            f"{e.tokens[0]:,} and {e.tokens[1]:,} tokens after matching whole documents: give the "
            "smaller side more, or shorter documents"
        )
    if e.largest_share > c.document_share:
        return f"one document is {e.largest_share:.0%} of its half: cut or leave out long documents"
    return None


def _working(e: Evidence, c: Constants) -> list[Novelty]:
    return [
        n
        for _, n in sorted(e.orders.items())
        if c.floor_low <= n.floor <= c.floor_high and n.tail.error <= c.precision
    ]


def _remarks(e: Evidence, c: Constants) -> list[str]:
    """What a reader wants to know whatever the rule says."""
    found = []
    if e.repeated[1] - e.repeated[0] >= c.repetition:
        found.append(
            f"{e.repeated[1]:.0%} of a document repeats what it said before "
            f"(baseline {e.repeated[0]:.0%})"
        )
    if e.duplicates[1] - e.duplicates[0] >= c.duplicates:
        found.append(
            f"{e.duplicates[1]:.0%} of documents are exact duplicates "
            f"(baseline {e.duplicates[0]:.0%})"
        )
    return found
