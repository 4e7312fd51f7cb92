"""Measuring what the verdict's rule looks at."""

from concurrent.futures import ThreadPoolExecutor

from ..backends.selection import select
from ..corpus.sample import Sample
from ..ngrams.layout import Layout
from ..uncertainty.matched_samples import MatchedSamples
from .novelty import novelty
from .repetition import repeated_share
from .rule import (
    Evidence,
)

MAX_ORDER = 3  # at the size of a sample, longer n-grams are new in any fresh text


def evidence(baseline: Sample, candidate: Sample) -> Evidence:
    """What the rule looks at, of two samples of one vocabulary."""
    ids = (int(side.tokens.max(initial=0)) for side in (baseline, candidate))
    layout = Layout(max(ids) + 1, MAX_ORDER)
    return measured(MatchedSamples.of(baseline, candidate, layout, select()))


def measured(matched: MatchedSamples) -> Evidence:
    """What the rule looks at, of samples matched in size."""
    one, other = matched.baseline, matched.candidate
    with ThreadPoolExecutor(2) as pool:
        repeated = pool.map(repeated_share, (one, other))
        found = {n: novelty(matched, n) for n in range(1, MAX_ORDER + 1)}
        return Evidence(
            orders={n: figures for n, figures in found.items() if figures is not None},
            tokens=matched.tokens,
            documents=matched.documents,
            distinct_documents=(one.distinct, other.distinct),
            largest_share=max(_largest_share(one), _largest_share(other)),
            repeated=(next(repeated), next(repeated)),
        )


def _largest_share(sample: Sample) -> float:
    """The largest share of its half that one document is; 0 without text."""
    sizes = [sample.length[sample.half == number] for number in (0, 1)]
    return max((float(size.max() / size.sum()) for size in sizes if size.sum()), default=0.0)
