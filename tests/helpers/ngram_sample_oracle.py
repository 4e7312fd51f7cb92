"""A sample of n-grams by the rule in docs/metrics.md, from dictionaries and Python's integers."""

from collections import Counter
from collections.abc import Sequence

_U64 = (1 << 64) - 1
BUCKETS = 1 << 20

Ngram = tuple[int, ...]


def bucket(ngram: Ngram) -> int:
    """Return the bucket of an n-gram."""
    h = 0
    for token in ngram:
        h = (h * 0x9E3779B97F4A7C15 + token + 1) & _U64
    h ^= h >> 30
    h = h * 0xBF58476D1CE4E5B9 & _U64
    h ^= h >> 27
    h = h * 0x94D049BB133111EB & _U64
    h ^= h >> 31
    return h >> 44


def counts(documents: Sequence[Sequence[int]], order: int) -> tuple[Counter[Ngram], Counter[Ngram]]:
    """Return how often each n-gram is followed by a token, and how often it ends its document."""
    followed: Counter[Ngram] = Counter()
    last: Counter[Ngram] = Counter()
    for document in documents:
        grams = [tuple(document[i : i + order]) for i in range(len(document) - order + 1)]
        followed.update(grams[:-1])
        last.update(grams[-1:])
    return followed, last


def kept(
    documents: Sequence[Sequence[int]], order: int, one_of: int
) -> dict[Ngram, tuple[int, int]]:
    """Return the kept n-grams with their two counts."""
    followed, last = counts(documents, order)
    return {
        gram: (followed[gram], last[gram])
        for gram in followed.keys() | last.keys()
        if bucket(gram) % one_of == 0
    }


def sums(documents: Sequence[Sequence[int]], order: int) -> tuple[Counter[int], Counter[int]]:
    """Return the sums of all buckets: of n-grams that are followed, and of those at the end."""
    found: tuple[Counter[int], Counter[int]] = Counter(), Counter()
    for label, of_label in enumerate(counts(documents, order)):
        for gram, count in of_label.items():
            found[label][bucket(gram)] += count
    return found
