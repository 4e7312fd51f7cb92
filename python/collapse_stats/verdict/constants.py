"""The limits of the verdict's rule."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Constants:
    """Limits of the rule of docs/verdict.md, which says where each comes from.

    `near`, `far`, `far_with_repetition` and `gain_*` are differences of log odds or shares of them;
    `calibration.calibrated` widens some limits by a user's own human corpora.

    Attributes
    ----------
    sigmas
        Number of standard errors that makes a change significant.
    precision
        Largest standard error of `tail` at which an order works.
    sure
        An order also works if its `tail` is more than this number of standard errors.
    floor_low, floor_high
        Smallest and largest floor of an order that is used.
    orders
        Number of orders that are used at most.
    documents
        Least number of distinct documents of the baseline.
    document_share
        Largest share of its half that one document may make up.
    size_ratio
        Largest ratio of the sides' tokens after matching.
    gain_of_tail
        Share of the loss of tail that a gain may surely have: above it, text brings something new.
    gain_likely
        The same for the gain as it was measured, without its error.
    exchange_of_tail
        Share of the loss of tail that gain and `missing` may have together: above it at every
        order, text is exchanged for other text.
    near
        Loss of tail that counts.
    far
        Loss of tail at two orders that is a collapse.
    far_with_repetition
        Loss of tail at every order that is a collapse where documents repeat themselves as well.
    repetition, heavy_repetition
        Excess of the repeated share of documents that is a loss of tail, and a collapse.
    copies, heavy_copies
        Excess share of documents that copy another one that is a loss of tail, and a collapse.
    reported_copies
        The same, from which on it is among the reasons.
    equivalent
        Change of the tail that must be ruled out for `within floor`.
    equivalent_varied
        The same for text that varies much from document to document, if it is large.
    large_documents, large_tokens
        Least documents and tokens of a side, after matching, that is large.
    """

    sigmas: float = 3.0
    precision: float = 0.15
    sure: float = 5.0
    floor_low: float = 0.0005
    floor_high: float = 0.985
    orders: int = 3
    documents: int = 30
    document_share: float = 0.25
    size_ratio: float = 1.6
    gain_of_tail: float = 0.25
    gain_likely: float = 0.5
    exchange_of_tail: float = 0.4
    near: float = 0.20
    far: float = math.log(6)
    far_with_repetition: float = math.log(2.5)
    repetition: float = 0.07
    heavy_repetition: float = 0.35
    copies: float = 0.30
    heavy_copies: float = 0.80
    reported_copies: float = 0.10
    equivalent: float = 0.25
    equivalent_varied: float = math.log(2)
    large_documents: int = 100
    large_tokens: int = 90_000
