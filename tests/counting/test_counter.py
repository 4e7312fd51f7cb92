"""Counting arrays in one call, and batch by batch."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import collapse_stats as cs

BACKENDS = [info.name for info in cs.backends() if info.usable]


def spectrum_of(documents, n):
    counted = Counter(tuple(d[i : i + n]) for d in documents for i in range(len(d) - n + 1))
    return cs.Spectrum.from_counts(list(counted.values()))


documents_strategy = st.lists(st.lists(st.integers(0, 5), max_size=12), max_size=12)


@given(documents_strategy, st.sampled_from(BACKENDS))
@settings(deadline=None)
def test_spectra_of_packed_documents(documents, backend):
    flat = np.array([t for d in documents for t in d], dtype=np.uint8)
    spectra = cs.spectra(
        flat, vocab_size=6, max_order=3, lengths=[len(d) for d in documents], backend=backend
    )
    assert spectra == {n: spectrum_of(documents, n) for n in (1, 2, 3)}


@given(documents_strategy, st.lists(st.integers(0, 12), max_size=4), st.booleans())
@settings(deadline=None)
def test_batches_and_their_merging_do_not_matter(documents, cuts, halves):
    whole = cs.NgramCounter(6, 3, halves=halves)
    for document in documents:
        whole.update(np.array(document, dtype=np.int64))
    batches = cs.NgramCounter(6, 3, halves=halves)
    edges = sorted({0, len(documents), *(c for c in cuts if c < len(documents))})
    for first, last in pairwise(edges):
        part = documents[first:last]
        flat = np.array([t for d in part for t in d], dtype=np.uint16)
        batches.update(flat, lengths=[len(d) for d in part])
        batches.profile()  # counting continues afterwards
    assert batches.profile().run == whole.profile().run
    for n in (1, 2, 3):
        assert whole.profile().spectrum(n) == spectrum_of(documents, n)


def test_merge_and_reset():
    first, second = cs.NgramCounter(10, 2), cs.NgramCounter(10, 2)
    first.update([1, 2, 3])
    second.update([[1, 2, 9], [4, 5, 6]])
    first.merge(second)
    profile = first.profile()
    assert (profile.tokens, profile.documents, profile.distinct(2)) == (9, 3, 5)
    first.reset()
    assert first.profile().tokens == 0
    with pytest.raises(cs.LayoutMismatchError, match="one layout"):
        first.merge(cs.NgramCounter(10, 3))


def test_a_profile_is_added_as_what_it_was_counted_from():
    first, second, both = (cs.NgramCounter(10, 2) for _ in range(3))
    for counter in (first, both):
        counter.update([1, 2, 3])
    for counter in (second, both):
        counter.update([[1, 2, 9], [4, 5, 6]])
    second.merge(first.profile())
    assert second.profile().run == both.profile().run
    assert second.profile().documents == both.profile().documents
    with pytest.raises(cs.LayoutMismatchError, match="one layout"):
        second.merge(cs.NgramCounter(10, 3).profile())


def test_masked_positions_end_documents_and_may_hold_anything():
    counter = cs.NgramCounter(10, 2)
    counter.update([[1, 2, -100], [3, 4, 5]], mask=[[1, 1, 0], [1, 1, 1]])
    assert counter.profile().spectrum(2) == cs.Spectrum.from_counts([1, 1, 1])


def test_the_callers_memory_may_be_used_again():
    counter = cs.NgramCounter(10, 1)
    batch = np.array([1, 1, 1], dtype=np.uint16)
    counter.update(batch)
    batch[:] = 7
    assert counter.profile().top(1) == [((1,), 3)]


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_id_outside_the_vocabulary_is_named_and_nothing_added(backend):
    for wrong in (10, -1):
        counter = cs.NgramCounter(10, 2, backend=backend)
        with pytest.raises(ValueError, match=f"token id {wrong} at position 1 is outside"):
            counter.update(np.array([3, wrong]))
        assert counter.profile().tokens == 0
        with pytest.raises(ValueError, match=f"token id {wrong} at position 1 is outside"):
            cs.spectra(np.array([3, wrong]), vocab_size=10, backend=backend)


def test_a_backend_asked_for_is_never_replaced():
    with pytest.raises(
        ValueError, match=r"backend must be one of auto, cuda, native, numpy, got 'gpu'"
    ):
        cs.NgramCounter(10, backend="gpu")
