"""When is it collapse: a word for a comparison, from matched samples of whole documents."""

from concurrent.futures import Executor, ThreadPoolExecutor
from functools import reduce

from ..groups import group_of, half_of
from ..sample import Sample, within
from .histograms import added, tallied
from .ngrams import Windows, distinct_documents, occurrences
from .novelty import Estimate, Novelty, columns_for, drawn_from, novelty
from .repetition import repeated_share
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

PIECES = 4  # of the windows: counted by threads, and each small enough to be sorted fast
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
    with ThreadPoolExecutor(PIECES) as pool:
        repeated = pool.map(repeated_share, (one, other))
        orders = _orders(one, other, max_order, pool)
        return Evidence(
            orders,
            tokens=(len(one.tokens), len(other.tokens)),
            documents=(len(one), len(other)),
            distinct_documents=(distinct_documents(one), distinct_documents(other)),
            largest_share=max(_largest_share(one), _largest_share(other)),
            repeated=(next(repeated), next(repeated)),
        )


def _orders(one: Sample, other: Sample, max_order: int, pool: Executor) -> dict[int, Novelty]:
    """Novelty of each order; none where a half has too few n-grams."""
    windows = Windows.of(one, other, max_order)
    seen = {order: occurrences(one, other, order) for order in range(1, windows.max_order + 1)}
    seen = {order: found for order, found in seen.items() if drawn_from(found) > 0}
    columns = {order: columns_for(found) for order, found in seen.items()}
    pieces = pool.map(lambda n: tallied(windows.piece(n, PIECES), columns), range(PIECES))
    whole = reduce(added, pieces)
    return {order: novelty(whole[order], found, order) for order, found in seen.items()}


def _largest_share(sample: Sample) -> float:
    """The largest share of its half that one document is; 0 without text."""
    half = half_of(group_of(sample.hash))
    sizes = [sample.length[half == number] for number in (0, 1)]
    return max((float(size.max() / size.sum()) for size in sizes if size.sum()), default=0.0)
