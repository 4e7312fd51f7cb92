"""Measure the evidence for a verdict."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import numpy.typing as npt

from ..backends.base import Backend
from ..backends.selection import select
from ..corpus.sample import Sample
from ..ngrams.layout import MAX_KEY_BITS, Layout
from ..uncertainty.matched_samples import MatchedSamples
from ..uncertainty.recounted_sample import RecountedSamples
from .constants import Constants
from .evidence import Evidence
from .novelty import Novelty, novelty
from .orders import window
from .repetition import repeated_share

MAX_ORDER = 5  # which bytes need; words and subwords are judged by lower orders


def evidence(baseline: Sample, candidate: Sample) -> Evidence:
    """Match two samples of one vocabulary in size and measure the evidence."""
    return measured(_matched(RecountedSamples(baseline), RecountedSamples(candidate), select()))


def both_ways(
    one: RecountedSamples, other: RecountedSamples, backend: Backend
) -> tuple[Evidence, Evidence]:
    """Measure the evidence of two samples with the first as the baseline, and with the second."""
    there, back = _matched(one, other, backend), _matched(other, one, backend)
    return measured(there), measured(back)  # both are kept, since they share recounts


def _matched(
    baseline: RecountedSamples, candidate: RecountedSamples, backend: Backend
) -> MatchedSamples:
    ids = (int(side.sample.tokens.max(initial=0)) for side in (baseline, candidate))
    vocab_size = max(ids) + 1
    longest = MAX_KEY_BITS // Layout(vocab_size, 1).code_bits
    layout = Layout(vocab_size, min(MAX_ORDER, longest))
    return MatchedSamples.between(baseline, candidate, layout, backend)


def measured(matched: MatchedSamples) -> Evidence:
    """Measure the evidence from samples that are matched in size."""
    baseline, candidate = matched.baseline, matched.candidate
    repetition = partial(repeated_share, vocab_size=matched.layout.vocab_size)
    with ThreadPoolExecutor(2) as pool:
        repeated = pool.map(repetition, (baseline, candidate))
        return Evidence(
            orders=_novelties(matched),
            tokens=matched.tokens,
            documents=(baseline.filled, candidate.filled),
            distinct_documents=(baseline.distinct, candidate.distinct),
            largest_share=max(_largest_share(baseline), _largest_share(candidate)),
            repeated=(next(repeated), next(repeated)),
        )


def _novelties(matched: MatchedSamples) -> dict[int, Novelty]:
    """Novelty of each order from 1 on, until there are enough that fresh text can be judged by."""
    constants = Constants()
    found: dict[int, Novelty] = {}
    for n in range(1, min(matched.layout.max_order, MAX_ORDER) + 1):
        figures = novelty(matched, n)
        if figures is not None:
            found[n] = figures
        if len(window(found, constants)) == constants.orders:
            break
    return found


def _largest_share(sample: Sample) -> float:
    """Largest share of its half that the documents of one key make up; 0 without text."""
    sizes = [sample.length[sample.half == number] for number in (0, 1)]
    if sample.key is not None:
        keys = [sample.key[sample.half == number] for number in (0, 1)]
        sizes = [_sums(*half) for half in zip(keys, sizes, strict=True)]
    return max((float(size.max() / size.sum()) for size in sizes if size.sum()), default=0.0)


def _sums(key: npt.NDArray[np.uint64], length: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """The tokens ``(K,)`` of each of the different keys."""
    number = np.unique(key, return_inverse=True)[1]
    return np.bincount(number, length).astype(np.float64)
