"""Sums of buckets and the places of kept n-grams, compiled and in NumPy, against dictionaries."""

from collections import Counter

import ngram_sample_oracle as oracle
import numpy as np
import pytest

from collapse_stats.backends import ngram_buckets
from collapse_stats.backends.columns import compiled
from collapse_stats.ngrams.chunk import Chunk
from collapse_stats.ngrams.ngram_hash import BUCKETS, bucket_of, buckets, hash_of, is_kept

VOCAB = 50
ORDERS = 4


@pytest.fixture(params=["compiled", "numpy"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "numpy":
        monkeypatch.setattr(ngram_buckets, "compiled", lambda: None)
    elif compiled() is None:
        pytest.skip("the compiled module is not installed")
    return str(request.param)


def added(chunk: Chunk, vocab_size: int, one_of: int, threads: int = 2):
    sums = [np.zeros((2, buckets(vocab_size, n)), np.int64) for n in range(1, ORDERS + 1)]
    kept = ngram_buckets.add_to_buckets(chunk, vocab_size, one_of, sums, threads)
    return sums, kept


def as_counters(sums: np.ndarray) -> tuple[Counter[int], ...]:
    return tuple(
        Counter(dict(zip(np.flatnonzero(row).tolist(), row[row > 0].tolist(), strict=True)))
        for row in sums
    )


def documents(seed: int = 0) -> list[list[int]]:
    rng = np.random.default_rng(seed)
    lengths = [0, 1, 2, 3, *rng.integers(0, 300, 40).tolist(), 5000]
    return [(rng.zipf(1.3, n) % VOCAB).tolist() for n in lengths]


def as_chunk(texts: list[list[int]], dtype: type = np.uint16, gap: int = 0) -> Chunk:
    """Documents with `gap` tokens between them that are in none."""
    start, tokens = [], []
    for text in texts:
        start.append(len(tokens))
        tokens += [*text, *[0] * gap]
    begins = np.array(start)
    ends = begins + np.array([len(text) for text in texts])
    return Chunk.of_documents(np.array(tokens, dtype), begins, ends)


def test_the_hash_is_that_of_the_documents():
    rng = np.random.default_rng(1)
    for order in range(1, 9):
        ids = rng.integers(0, 2**32, (order, 200))
        found = bucket_of(hash_of(ids)).tolist()
        assert found == [oracle.bucket(tuple(gram)) for gram in ids.T.tolist()]


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.int64, np.uint8])
@pytest.mark.parametrize("gap", [0, 3])
def test_sums_are_those_of_dictionaries(way, dtype, gap):
    texts = documents()
    sums, kept = added(as_chunk(texts, dtype, gap), VOCAB, 8)
    followed, last = oracle.counts(texts, 1)
    assert as_counters(sums[0]) == (
        Counter({gram[0]: count for gram, count in followed.items()}),
        Counter({gram[0]: count for gram, count in last.items()}),
    )
    assert not len(kept[0])
    for order in range(2, ORDERS + 1):
        assert as_counters(sums[order - 1]) == oracle.sums(texts, order)


def test_places_are_those_of_kept_ngrams_in_order(way):
    texts = documents(3)
    chunk = as_chunk(texts, gap=1)
    _, kept = added(chunk, VOCAB, 4)
    for order in range(2, ORDERS + 1):
        expected = [
            int(start) + i
            for start, text in zip(chunk.start, texts, strict=True)
            for i in range(len(text) - order + 1)
            if oracle.bucket(tuple(text[i : i + order])) % 4 == 0
        ]
        assert kept[order - 1].tolist() == expected


def test_windows_of_a_block_reach_into_the_next_one(way):
    text = documents(5)[-1]
    edges = np.arange(0, 5001, 1000)
    limit = np.full(5, 5000)
    label = np.zeros(5, np.uint8)
    blocks = Chunk(np.array(text, np.uint16), edges[:-1], edges[1:], limit, label)
    for cut, whole in zip(
        added(blocks, VOCAB, 4)[0], added(as_chunk([text]), VOCAB, 4)[0], strict=True
    ):
        assert np.array_equal(cut, whole)


def test_pieces_add_up(way):
    texts = documents(7)
    chunk = as_chunk(texts)
    whole, _ = added(chunk, VOCAB, 4)
    sums = [np.zeros_like(each) for each in whole]
    for piece in chunk.pieces(100):
        ngram_buckets.add_to_buckets(piece, VOCAB, 4, sums, 1)
    assert all(np.array_equal(*pair) for pair in zip(sums, whole, strict=True))


def test_tokens_of_a_very_large_vocabulary_are_sampled(way):
    rng = np.random.default_rng(2)
    texts = [rng.integers(0, 2**21, 500).tolist()]
    sums, kept = added(as_chunk(texts, np.uint32), 2**21, 4)
    assert sums[0].shape == (2, BUCKETS)
    assert as_counters(sums[0]) == oracle.sums(texts, 1)
    tokens = np.array(texts)
    assert kept[0].tolist() == np.flatnonzero(is_kept(bucket_of(hash_of(tokens)), 4)).tolist()


@pytest.mark.parametrize("bad", [VOCAB, -1])
def test_an_id_outside_the_vocabulary_is_named(way, bad):
    tokens = np.array([1, 2, bad, 3], np.int32)
    chunk = Chunk.of_documents(tokens, np.array([0]), np.array([4]))
    with pytest.raises(ValueError, match=f"token id {bad} at position 2 is outside"):
        added(chunk, VOCAB, 4)


def test_spans_outside_the_tokens_are_refused(way):
    chunk = Chunk.of_documents(np.zeros(4, np.uint16), np.array([2]), np.array([9]))
    with pytest.raises(ValueError, match="span 0 must have"):
        added(chunk, VOCAB, 4)


@pytest.mark.skipif(compiled() is None, reason="the compiled module is not installed")
def test_sums_of_another_size_are_refused():
    chunk = as_chunk([[1, 2, 3]])
    sums = [np.zeros((2, VOCAB), np.int64), np.zeros((2, 7), np.int64)]
    with pytest.raises(ValueError, match="the sums of order 2 have another size"):
        ngram_buckets.add_to_buckets(chunk, VOCAB, 4, sums, 1)
