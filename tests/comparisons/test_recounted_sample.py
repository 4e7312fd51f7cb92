"""Samples that are recounted once at each size, with their tokens numbered anew."""

import copy
import gc
import pickle
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import collapse_stats as cs
from collapse_stats.backends.selection import select
from collapse_stats.corpus.sample import Sample
from collapse_stats.corpus.split import group_of, half_of, ordinal_hash
from collapse_stats.ngrams.layout import Layout
from collapse_stats.uncertainty.recounted_sample import (
    RecountedSample,
    RecountedSamples,
    in_own_vocabulary,
)

VOCAB = 3_000_000
DOCUMENTS = 90


def sample(seed: int = 0, vocab: int = VOCAB) -> Sample:
    """Documents of a few ids that lie far apart, in the order of their hashes."""
    rng = np.random.default_rng(seed)
    ids = rng.choice(vocab, 40, replace=False)
    hashes = np.sort(ordinal_hash(np.arange(DOCUMENTS)))
    length = rng.integers(0, 30, DOCUMENTS)
    return Sample(hashes, length, rng.choice(ids, int(length.sum())).astype(np.uint32))


def grams(documents: list[np.ndarray], n: int) -> Counter:
    return Counter(tuple(d[i : i + n].tolist()) for d in documents for i in range(len(d) - n + 1))


@pytest.mark.parametrize("backend", ["native", "numpy"])
@pytest.mark.parametrize("vocab", [VOCAB, 1 << 25], ids=["looked up", "too large to look up"])
def test_recounts_are_those_of_a_counter(backend: str, vocab: int) -> None:
    one = sample(vocab=vocab)
    recounted = RecountedSample(one, Layout(vocab, 2, 4), select(backend))
    assert recounted.steps == 17
    found = recounted.recounts()
    assert recounted.steps == 0
    assert found is recounted.recounts()
    group = group_of(one.hash)
    for each in found:
        for n in (1, 2):
            counts = [
                grams(
                    [
                        document
                        for document, g in zip(one.documents(), group, strict=True)
                        if half_of(g) == half and (half, g) != each.left_out
                    ],
                    n,
                )
                for half in (0, 1)
            ]
            names = sorted({*counts[0], *counts[1]})
            expected = cs.JointSpectrum.from_counts(*([c[x] for x in names] for c in counts))
            assert each.ngrams[n] == expected


def test_tokens_are_numbered_alike_in_all_samples() -> None:
    samples = [sample(1), sample(2)]
    renamed, layout = in_own_vocabulary(samples, Layout(VOCAB, 3, 4))
    every = sorted({*samples[0].tokens.tolist(), *samples[1].tokens.tolist()})
    assert layout == Layout(len(every), 3, 4)
    for one, other in zip(samples, renamed, strict=True):
        assert [every[token] for token in other.tokens.tolist()] == one.tokens.tolist()
        assert np.array_equal(one.hash, other.hash)
        assert np.array_equal(one.length, other.length)
    assert in_own_vocabulary([Sample.empty()], Layout(VOCAB, 3))[1].vocab_size == 1


def test_ids_outside_the_vocabulary_are_left_to_the_backend() -> None:
    one = replace(sample(), tokens=sample().tokens | np.uint32(1 << 22))
    with pytest.raises(ValueError, match="outside the vocabulary"):
        RecountedSample(one, Layout(VOCAB, 2, 4), select("native")).recounts()


def test_a_size_is_kept_as_long_as_it_is_used() -> None:
    backend, layout = select("native"), Layout(VOCAB, 2, 4)
    sizes = RecountedSamples(sample())
    part: Any = sizes.first(50, layout, backend)
    assert sizes.first(50, replace(layout, vocab_size=VOCAB + 1), backend) is part
    assert len(part.sample) == 50
    assert sizes.first(40, layout, backend) is not part
    assert sizes.first(50, replace(layout, max_order=3), backend) is not part
    part.recounts()
    assert sizes.first(50, layout, backend).steps == 0
    del part
    gc.collect()
    assert sizes.first(50, layout, backend).steps > 0


def test_copies_of_a_profile_share_recounts_of_one_sample() -> None:
    profile = cs.profile([[1, 2, 3]] * 70, vocab_size=9, max_order=1)
    assert replace(profile, name="copy").recounted is profile.recounted
    other = replace(profile, sample=sample())
    assert other.recounted is not profile.recounted
    assert other.recounted.sample is other.sample


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])
def test_copies_are_counted_anew(copied: Any) -> None:
    rng = np.random.default_rng(7)
    sides = [[rng.integers(0, 30, 20) for _ in range(70)] for _ in range(2)]
    diff = cs.compare(*sides, vocab_size=30, max_order=2)
    interval = diff.interval("js", 1)
    assert copied(diff).interval("js", 1) == interval
    assert copied(diff.baseline).interval("entropy", 1) == diff.baseline.interval("entropy", 1)
