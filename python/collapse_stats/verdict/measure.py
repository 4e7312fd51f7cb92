"""Measure the evidence for a verdict."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from ..backends.selection import select
from ..corpus.sample import Sample
from ..ngrams.layout import Layout
from ..uncertainty.matched_samples import MatchedSamples
from .novelty import novelty
from .repetition import repeated_share
from .rule import Evidence

MAX_ORDER = 3  # in samples, nearly all longer n-grams of any fresh text are new


def evidence(baseline: Sample, candidate: Sample) -> Evidence:
    """Match two samples of one vocabulary in size and measure the evidence."""
    ids = (int(side.tokens.max(initial=0)) for side in (baseline, candidate))
    layout = Layout(max(ids) + 1, MAX_ORDER)
    return measured(MatchedSamples.of(baseline, candidate, layout, select()))


def measured(matched: MatchedSamples) -> Evidence:
    """Measure the evidence from samples that are matched in size."""
    baseline, candidate = matched.baseline, matched.candidate
    with ThreadPoolExecutor(2) as pool:
        repeated = pool.map(repeated_share, (baseline, candidate))
        novelties = {n: novelty(matched, n) for n in range(1, MAX_ORDER + 1)}
        return Evidence(
            orders={n: figures for n, figures in novelties.items() if figures is not None},
            tokens=matched.tokens,
            documents=(baseline.filled, candidate.filled),
            distinct_documents=(baseline.distinct, candidate.distinct),
            largest_share=max(_largest_share(baseline), _largest_share(candidate)),
            repeated=(next(repeated), next(repeated)),
        )


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
