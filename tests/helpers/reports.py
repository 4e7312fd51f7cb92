"""Reports of small corpora, for tests of what is drawn from them."""

from collections.abc import Sequence
from copy import deepcopy
from functools import cache
from typing import Any

import numpy as np

import collapse_stats as cs
from collapse_stats.report import add_rare_perplexity

VOCAB = 1500


def documents(seed: int, ids: int, number: int = 150, copies: int = 0) -> list[np.ndarray]:
    """Documents of ids with Zipf's frequencies; some of them twice."""
    rng = np.random.default_rng(seed)
    share = 1 / np.arange(1, ids + 1)
    docs = [
        rng.choice(ids, size=int(length), p=share / share.sum())
        for length in rng.integers(20, 100, number)
    ]
    return [*docs, *docs[:copies]]


def profile(name: str, seed: int, ids: int, number: int = 150, copies: int = 0) -> cs.Profile:
    docs = documents(seed, ids, number, copies)
    return cs.profile(docs, vocab_size=VOCAB, max_order=4, name=name)


def narrowing(names: Sequence[str], examples: bool = True, rare: bool = False) -> dict[str, Any]:
    """A report of candidates each of which has fewer ids than the one before."""
    return deepcopy(_narrowing(tuple(names), examples, rare))


@cache
def _narrowing(names: tuple[str, ...], examples: bool, rare: bool) -> dict[str, Any]:
    ids = np.geomspace(1200, 60, len(names)).astype(int)
    candidates = [
        profile(name, i + 2, n) for i, (name, n) in enumerate(zip(names, ids, strict=True))
    ]
    human = profile("human", 1, 1200)
    comparisons = cs.compare_each(human, candidates)
    report = comparisons.to_dict()
    if rare:
        add_rare_perplexity(report, comparisons)
    if examples:
        for figures in report["comparisons"][: len(names)]:
            figures |= given_ngrams([" of the", "\\xe0\\xa4", "a\nb"])
    return report


def given_ngrams(texts: list[str | list[int]], order: int = 2) -> dict[str, Any]:
    """What `--examples` adds to a comparison, with n-grams of a test's own."""
    return {
        "lost": [{"order": order, "ngram": text, "count": 9 - i} for i, text in enumerate(texts)],
        "inflated": [
            {"order": order, "ngram": text, "count": 90 - i, "baseline_count": i}
            for i, text in enumerate(texts)
        ],
    }


def of_one(name: str = "human") -> dict[str, Any]:
    return profile(name, 1, 1200).to_dict()


def of_nothing() -> dict[str, Any]:
    """A report in which hardly a figure can be given."""
    sides = [
        cs.profile([np.array([1, 2, i])], vocab_size=VOCAB, name=name)
        for i, name in enumerate(("a", "b"))
    ]
    return cs.compare(*sides).to_dict()
