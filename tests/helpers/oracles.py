"""The results that the product must give, from `collections.Counter` over tuples of tokens.

It shares no code with the product: n-grams are taken from the tokens order by order, and keys are
packed with Python's unbounded integers, following the rules in docs.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from collapse_stats.backends.base import Backend
from collapse_stats.ngrams.chunk import Chunk
from collapse_stats.ngrams.layout import Layout
from collapse_stats.ngrams.spectrum import JointSpectra, JointSpectrum, Masks
from collapse_stats.ngrams.table import NgramTable

Ngram = tuple[int, ...]
Counts = tuple[int, ...]  # one per label
Joint = list[tuple[int, int, int]]  # (a, b, types), ascending


def ngrams(chunks: Iterable[Chunk], order: int) -> Iterator[tuple[Ngram, int]]:
    """Yield every n-gram that begins in a span and ends in its document, with the span's label."""
    for tokens, start, stop, limit, label in _spans(chunks):
        for i in range(start, min(stop, limit - order + 1)):
            yield tuple(tokens[i : i + order]), label


def windows(chunks: Iterable[Chunk], max_order: int) -> Iterator[tuple[Ngram, int]]:
    """Yield every window (`max_order` tokens, cut at the document's end) with its label."""
    for tokens, start, stop, limit, label in _spans(chunks):
        for i in range(start, stop):
            yield tuple(tokens[i : min(i + max_order, limit)]), label


def per_label(labelled: Iterable[tuple[Ngram, int]], labels: int) -> dict[Ngram, Counts]:
    """Return how often each n-gram was seen under each label."""
    counter = Counter(labelled)
    grams = {gram for gram, _ in counter}
    return {gram: tuple(counter[gram, label] for label in range(labels)) for gram in grams}


def joint_spectrum(counts: Iterable[Counts], masks: tuple[int, int]) -> Joint:
    """Return the number of entries by their counts (a, b) under two masks, without (0, 0)."""
    pairs = Counter((_under(entry, masks[0]), _under(entry, masks[1])) for entry in counts)
    return sorted((a, b, types) for (a, b), types in pairs.items() if (a, b) != (0, 0))


def ngram_counts(chunks: Sequence[Chunk], order: int, labels: int) -> list[Counts]:
    """Return the counts of every n-gram."""
    return list(per_label(ngrams(chunks, order), labels).values())


def context_counts(chunks: Sequence[Chunk], order: int, labels: int) -> list[Counts]:
    """Return how often each (n-1)-gram begins an n-gram."""
    contexts = ((gram[:-1], label) for gram, label in ngrams(chunks, order))
    return list(per_label(contexts, labels).values())


def key(window: Ngram, vocab_size: int, max_order: int) -> int:
    """Return a window's key: codes t + 1 (0 past the end) with the leading bigram mixed."""
    bits = len(f"{vocab_size:b}")
    codes = [token + 1 for token in window] + [0] * (max_order - len(window))
    head, tail = codes[:2], codes[2:]
    packed = 0
    for code in head:
        packed = packed * 2**bits + code
    shift = bits if max_order > 1 else -(-bits // 2)
    packed = (packed ^ packed // 2**shift) * 0x9E3779B97F4A7C15 % 2 ** (bits * len(head))
    for code in tail:
        packed = packed * 2**bits + code
    return packed


def key_range(window: Ngram, vocab_size: int, max_order: int) -> int:
    """Return a window's key range: the top 10 bits of its key, or those of its leading bigram."""
    bits = len(f"{vocab_size:b}")
    key_range_bits = min(10, bits * min(max_order, 2))
    return key(window, vocab_size, max_order) // 2 ** (bits * max_order - key_range_bits)


def mask_pairs(labels: int) -> list[Masks]:
    """Return pairs of masks: all labels, one against the others, equal masks, and none."""
    every = (1 << labels) - 1
    return [(every, 0), (1, every - 1), (every, 1), (0, every), (every, every), (0, 0)]


def check_table(table: NgramTable, layout: Layout, chunks: list[Chunk]) -> None:
    """Check that rows, their order and their representation are exactly the oracle's."""
    expected = per_label(windows(chunks, layout.max_order), layout.labels)
    rows = sorted((key(w, layout.vocab_size, layout.max_order), n) for w, n in expected.items())
    assert table.layout == layout
    assert table.keys.dtype == table.counts.dtype == np.uint64
    assert table.keys.flags.c_contiguous
    assert table.counts.flags.c_contiguous
    assert table.keys.shape == (layout.words, len(rows))
    assert table.counts.shape == (layout.labels, len(rows))
    words = [list(column) for column in zip(*table.keys.tolist(), strict=True)]
    assert [sum(w << 64 * i for i, w in enumerate(column[::-1])) for column in words] == [
        row[0] for row in rows
    ]
    assert list(zip(*table.counts.tolist(), strict=True)) == [row[1] for row in rows]


def check_spectra(
    joint_spectra: JointSpectra,
    max_order: int,
    labels: int,
    chunks: list[Chunk],
    masks: Sequence[Masks],
) -> None:
    """Check that the spectra of every order and pair of masks are the oracle's."""
    orders = list(range(1, max_order + 1))
    assert sorted(joint_spectra.ngrams) == sorted(joint_spectra.contexts) == orders
    for order in orders:
        grams = ngram_counts(chunks, order, labels)
        contexts = context_counts(chunks, order, labels)
        assert set(joint_spectra.ngrams[order]) == set(joint_spectra.contexts[order]) == set(masks)
        for pair in masks:
            assert rows_of(joint_spectra.ngrams[order][pair]) == joint_spectrum(grams, pair)
            assert rows_of(joint_spectra.contexts[order][pair]) == joint_spectrum(contexts, pair)


def check_joint_spectra(
    backend: Backend, first: tuple[Layout, list[Chunk]], second: tuple[Layout, list[Chunk]]
) -> None:
    """Check that the spectra of two tables are those of one corpus of both, with more labels."""
    layout, labels = first[0], first[0].labels
    both = first[1] + [replace(part, label=part.label + np.uint8(labels)) for part in second[1]]
    total = labels + second[0].labels
    every, every_first = (1 << total) - 1, (1 << labels) - 1
    masks = [(every_first, every - every_first), (1, 1 << labels), (every, 0)]
    tables = [backend.count(chunks, layout) for layout, chunks in (first, second)]
    joint_spectra = backend.joint_spectra([tables], masks)
    check_spectra(joint_spectra, layout.max_order, total, both, masks)
    edges = [0, 1, layout.key_ranges // 3, layout.key_ranges // 2, layout.key_ranges]
    aligned = ([table.slice(*stretch) for table in tables] for stretch in pairwise(edges))
    assert backend.joint_spectra(aligned, masks) == joint_spectra


def rows_of(spectrum: JointSpectrum) -> list[tuple[int, int, int]]:
    """Return the rows (a, b, types) of a joint spectrum."""
    columns = (spectrum.a, spectrum.b, spectrum.types)
    assert all(column.dtype == np.uint64 for column in columns)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def _spans(chunks: Iterable[Chunk]) -> Iterator[tuple[list[int], int, int, int, int]]:
    for chunk in chunks:
        tokens = chunk.tokens.tolist()
        for start, stop, limit, label in zip(
            chunk.start.tolist(),
            chunk.stop.tolist(),
            chunk.limit.tolist(),
            chunk.label.tolist(),
            strict=True,
        ):
            yield tokens, start, stop, limit, label


def _under(counts: Counts, mask: int) -> int:
    return sum(count for label, count in enumerate(counts) if mask & 1 << label)
