"""When is it collapse: a word for a comparison, from matched samples of whole documents."""

from ..groups import group_of, half_of
from ..sample import Sample, within
from .ngrams import distinct_documents, group_counts, repeated_share
from .novelty import Estimate, Novelty, novelty
from .rule import (
    CANNOT_TELL,
    COLLAPSE,
    DRIFT,
    LABELS,
    LOSS_OF_TAIL,
    WITHIN_FLOOR,
    Constants,
    Evidence,
    Verdict,
    judge,
)

MAX_ORDER = 3  # at the size of a sample, longer n-grams are new in any fresh text

__all__ = [
    "CANNOT_TELL",
    "COLLAPSE",
    "DRIFT",
    "LABELS",
    "LOSS_OF_TAIL",
    "WITHIN_FLOOR",
    "Constants",
    "Estimate",
    "Evidence",
    "Novelty",
    "Verdict",
    "evidence",
    "judge",
]


def evidence(baseline: Sample, candidate: Sample, max_order: int = MAX_ORDER) -> Evidence:
    """What the rule looks at, after cutting the larger sample to the tokens of the smaller.

    Whole documents are left out, the last in hash order first, so that the n-th documents of both
    sides stay together.
    """
    limit = min(len(baseline.tokens), len(candidate.tokens))
    one, other = (side.first(within(side.length, limit)) for side in (baseline, candidate))
    orders: dict[int, Novelty] = {}
    if limit > 0:
        for order, counts in enumerate(group_counts(one, other, max_order), start=1):
            found = novelty(counts, order)
            if found is not None:
                orders[order] = found
    return Evidence(
        orders,
        tokens=(len(one.tokens), len(other.tokens)),
        documents=(len(one), len(other)),
        distinct_documents=(distinct_documents(one), distinct_documents(other)),
        largest_share=max(_largest_share(one), _largest_share(other)),
        repeated=(repeated_share(one), repeated_share(other)),
    )


def _largest_share(sample: Sample) -> float:
    """The largest share of its half that one document is; 0 without text."""
    half = half_of(group_of(sample.hash))
    sizes = [sample.length[half == number] for number in (0, 1)]
    return max((float(size.max() / size.sum()) for size in sizes if size.sum()), default=0.0)
