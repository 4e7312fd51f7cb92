"""The limits of the verdict's rule."""

import math
from dataclasses import dataclass, field, fields
from typing import Any


def _limit(value: float, meaning: str) -> Any:
    return field(default=value, metadata={"meaning": meaning})


@dataclass(frozen=True, slots=True)
class Constants:
    """Limits of the rule of docs/verdict.md, which says where each comes from.

    `near`, `far`, `far_with_repetition` and `equivalent...` are differences of log odds; `MEANINGS`
    says what each limit is. `calibration.calibrated` widens some by a user's own human corpora.
    """

    sigmas: float = _limit(3.0, "Number of standard errors that makes a change significant.")
    precision: float = _limit(0.15, "Largest standard error of `tail` at which an order works.")
    sure: float = _limit(
        5.0, "An order also works if its `tail` is more than this number of standard errors."
    )
    floor_low: float = _limit(0.0005, "Smallest floor of an order that is used.")
    floor_high: float = _limit(0.985, "Largest floor of an order that is used.")
    orders: int = _limit(3, "Number of orders that are used at most.")
    documents: int = _limit(30, "Least number of distinct documents of the baseline.")
    document_share: float = _limit(0.25, "Largest share of its half that one document may make up.")
    size_ratio: float = _limit(1.6, "Largest ratio of the sides' tokens after matching.")
    gain_of_tail: float = _limit(
        0.25,
        "Share of the loss of tail that a gain may surely have: above it, text brings something "
        "new.",
    )
    gain_likely: float = _limit(0.5, "The same for the gain as it was measured, without its error.")
    exchange_of_tail: float = _limit(
        0.4,
        "Share of the loss of tail that gain and `missing` may have together: above it at every "
        "order, text is exchanged for other text.",
    )
    gain_at_most: float = _limit(
        1.0, "Gain that no loss of tail excuses, at any order: above it, text is another kind."
    )
    gain_of_far: float = _limit(
        0.4, "Largest gain, at every order, of a loss of tail that is a collapse."
    )
    near: float = _limit(0.20, "Loss of tail that counts.")
    far: float = _limit(math.log(6), "Loss of tail at two orders that is a collapse.")
    far_with_repetition: float = _limit(
        math.log(2.5),
        "Loss of tail at every order that is a collapse where documents repeat themselves as well.",
    )
    repetition: float = _limit(
        0.07, "Excess of the repeated share of documents that is a loss of tail."
    )
    heavy_repetition: float = _limit(
        0.35, "Excess of the repeated share of documents that is a collapse."
    )
    copies: float = _limit(
        0.30, "Excess share of documents that copy another one that is a loss of tail."
    )
    heavy_copies: float = _limit(
        0.80, "Excess share of documents that copy another one that is a collapse."
    )
    reported_copies: float = _limit(
        0.10, "Excess share of documents that copy another one that is among the reasons."
    )
    equivalent: float = _limit(0.25, "Change of the tail that `within floor` must rule out.")
    equivalent_varied: float = _limit(
        math.log(2),
        "The same for text that varies much from document to document, if it is large.",
    )
    large_documents: int = _limit(100, "Least documents of a side, after matching, that is large.")
    large_tokens: int = _limit(90_000, "Least tokens of a side, after matching, that is large.")


MEANINGS: dict[str, str] = {limit.name: limit.metadata["meaning"] for limit in fields(Constants)}
"""What each limit is, by its name."""
