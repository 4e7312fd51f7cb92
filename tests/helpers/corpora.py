"""Small corpora that every backend must count, edge cases first."""

import itertools
from collections.abc import Callable, Sequence

import numpy as np

from collapse_stats.ngrams.chunk import Chunk
from collapse_stats.ngrams.layout import Layout

Corpus = tuple[Layout, list[Chunk]]
CASES: dict[str, Callable[[], Corpus]] = {}


def case(build: Callable[[], Corpus]) -> Callable[[], Corpus]:
    """Register a corpus that every backend must count."""
    CASES[build.__name__] = build
    return build


def chunk(
    tokens: Sequence[int] | np.ndarray,
    bounds: Sequence[tuple[int, ...]],
    labels: Sequence[int] | None = None,
    dtype: str = "uint32",
) -> Chunk:
    """Return a chunk with spans (start, stop) or (start, stop, limit)."""
    start, stop, limit = (
        np.array([span[min(i, len(span) - 1)] for span in bounds], dtype=np.int64) for i in range(3)
    )
    label = np.zeros(len(bounds)) if labels is None else np.array(labels)
    return Chunk(np.asarray(tokens, dtype=dtype), start, stop, limit, label.astype(np.uint8))


def zipf_tokens(size: int, vocab_size: int, seed: int = 0) -> np.ndarray:
    """Return text-like tokens: few frequent ones, many rare ones, and the largest id."""
    tokens = np.random.default_rng(seed).zipf(1.3, size).clip(1, vocab_size).astype(np.uint64) - 1
    tokens[size // 2 : size // 2 + 1] = vocab_size - 1
    return tokens


def documents(layout: Layout, tokens: np.ndarray, number: int, seed: int = 1) -> Chunk:
    """Return a chunk of documents of random lengths, some of them empty, with random labels."""
    rng = np.random.default_rng(seed)
    cuts = [0, *sorted(rng.integers(0, len(tokens) + 1, number - 1).tolist()), len(tokens)]
    labels = rng.integers(0, layout.labels, number).tolist()
    return chunk(tokens, list(itertools.pairwise(cuts)), labels, tokens.dtype.name)


@case
def no_chunks() -> Corpus:
    return Layout(10, 3, 2), []


@case
def empty_chunk() -> Corpus:
    return Layout(10, 3, 2), [chunk([], [])]


@case
def empty_spans() -> Corpus:
    return Layout(10, 3, 2), [chunk([1, 2, 3], [(0, 0), (1, 1, 2), (3, 3)], [0, 1, 1])]


@case
def shorter_than_the_order() -> Corpus:
    return Layout(10, 5), [chunk([1, 2, 3, 1, 2, 9], [(0, 1), (1, 3), (3, 6)])]


@case
def one_token_repeated() -> Corpus:
    return Layout(50_000, 5, 2), [chunk([7] * 5000, [(0, 10), (10, 4999), (4999, 5000)], [0, 1, 0])]


@case
def two_alternating() -> Corpus:
    return Layout(50_000, 5, 2), [chunk([7, 8] * 3000, [(0, 999), (999, 6000)], [1, 0])]


@case
def one_document() -> Corpus:
    return Layout(300, 4), [chunk(zipf_tokens(5000, 300), [(0, 5000)])]


@case
def small_vocabulary() -> Corpus:
    layout = Layout(20, 5, 2)
    return layout, [documents(layout, zipf_tokens(3000, 20), 40)]


@case
def ids_of_16_bits() -> Corpus:
    layout = Layout(50_257, 5, 2)
    return layout, [documents(layout, zipf_tokens(4000, 50_257), 100)]


@case
def key_of_64_bits() -> Corpus:
    layout = Layout(2**16 - 1, 4, 4)
    return layout, [documents(layout, zipf_tokens(2000, 2**16 - 1), 30)]


@case
def key_of_72_bits() -> Corpus:
    layout = Layout(200_000, 4, 2)
    return layout, [documents(layout, zipf_tokens(2000, 200_000), 30)]


@case
def key_of_128_bits_with_labels() -> Corpus:
    layout = Layout(2**16 - 1, 8, 4)
    return layout, [documents(layout, zipf_tokens(2000, 2**16 - 1), 30)]


@case
def ids_of_32_bits() -> Corpus:
    layout = Layout(2**32, 3, 2)
    return layout, [documents(layout, zipf_tokens(2000, 2**32), 30)]


@case
def ids_of_32_bits_in_pairs() -> Corpus:
    layout = Layout(2**32, 2, 4)  # the key consists of a mixed bigram of 66 bits
    return layout, [documents(layout, zipf_tokens(2000, 2**32), 30)]


@case
def vocabulary_of_one() -> Corpus:
    layout = Layout(1, 5, 2)
    return layout, [documents(layout, zipf_tokens(500, 1), 50)]


@case
def order_of_128() -> Corpus:
    layout = Layout(1, 128, 4)
    return layout, [documents(layout, zipf_tokens(700, 1), 9)]


@case
def vocabulary_of_two() -> Corpus:
    layout = Layout(2, 6, 4)
    return layout, [documents(layout, zipf_tokens(500, 2), 50)]


@case
def unigrams_only() -> Corpus:
    layout = Layout(30, 1, 2)  # 5 bits, which mixing splits into 3 and 2
    return layout, [documents(layout, zipf_tokens(1000, 30), 30)]


@case
def unigrams_of_32_bits() -> Corpus:
    layout = Layout(2**32, 1, 4)
    return layout, [documents(layout, zipf_tokens(1000, 2**32), 30)]


@case
def bigrams_only() -> Corpus:
    layout = Layout(1000, 2, 4)
    return layout, [documents(layout, zipf_tokens(1000, 1000), 30)]


@case
def blocks() -> Corpus:
    spans = [(0, 100, 500), (100, 230, 500), (230, 500, 500), (500, 503, 600), (503, 600, 600)]
    return Layout(50, 5, 2), [chunk(zipf_tokens(600, 50), spans, [0, 1, 0, 1, 0])]


@case
def gaps_between_spans() -> Corpus:
    tokens = zipf_tokens(300, 50)
    tokens[[0, 100, 101, 299]] = 2**31  # not token ids, outside all documents
    return Layout(50, 5, 2), [chunk(tokens, [(1, 100), (102, 200), (250, 299)], [0, 1, 1])]


@case
def spans_in_any_order() -> Corpus:
    return Layout(50, 3, 2), [chunk(zipf_tokens(300, 50), [(200, 300), (0, 150)], [0, 1])]


@case
def several_chunks() -> Corpus:
    layout = Layout(400, 4, 4)
    parts = [documents(layout, zipf_tokens(500, 400, seed), 20, seed) for seed in range(5)]
    return layout, [parts[0], chunk([], []), *parts[1:]]
