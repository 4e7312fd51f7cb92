"""Special paths of the native backend: order 1, tiny documents, key ranges shared by threads."""

import itertools
import os

import numpy as np
import pytest
from corpora import chunk, documents, zipf_tokens
from oracles import check_spectra, check_table, mask_pairs

from collapse_stats.backends.selection import select
from collapse_stats.ngrams.chunk import Chunk
from collapse_stats.ngrams.layout import Layout
from collapse_stats.ngrams.table import NgramTable

if os.environ.get("COLLAPSE_STATS_PURE"):
    pytest.skip("COLLAPSE_STATS_PURE is set: no compiled module", allow_module_level=True)

from collapse_stats._native import Counter

THREADS = (1, 2, 3, 8)


@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.parametrize("labels", [1, 2, 4])
@pytest.mark.parametrize("vocab_size", [1, 2, 255, 1 << 18, (1 << 18) + 1])
def test_order_1(vocab_size: int, labels: int, threads: int) -> None:
    layout = Layout(vocab_size, 1, labels)
    parts = [documents(layout, zipf_tokens(n, vocab_size, n), 40, n) for n in (3000, 7, 1)]
    backend = select("native", threads)
    masks = mask_pairs(labels)
    check_table(backend.count(parts, layout), layout, parts)
    check_spectra(backend.spectra(parts, layout, masks), 1, labels, parts, masks)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint64", "int8", "int16", "int32", "int64"])
def test_order_1_of_every_type(dtype: str) -> None:
    layout = Layout(120, 1, 2)
    parts = [documents(layout, zipf_tokens(999, 120).astype(dtype), 9)]
    check_table(select("native", 2).count(parts, layout), layout, parts)


def test_order_1_of_a_stretch_of_key_ranges() -> None:
    layout = Layout(3000, 1, 2)
    part = documents(layout, zipf_tokens(5000, 3000), 20)
    backend = select("native", 2)
    whole = backend.count([part], layout)
    tables = [
        backend.count([part], layout, key_ranges)
        for key_ranges in itertools.pairwise([0, 0, 1, 500, 1024])
    ]
    assert NgramTable.concatenate(layout, tables) == whole


def test_order_1_takes_in_nothing_of_a_bad_chunk_and_is_empty_after_a_result() -> None:
    layout = Layout(20, 1)
    counter = Counter(layout.vocab_size, 1, 1, 2, 0, layout.key_ranges, 10)

    def add(part: Chunk) -> None:
        counter.add(part.tokens, part.start, part.stop, part.limit, part.label)

    good = chunk([1, 2, 1], [(0, 3)])
    bad = np.zeros(1000, dtype=np.uint8)
    bad[[640, 800]] = 20
    for _ in range(2):
        with pytest.raises(ValueError, match="token id 20 at position 640"):
            add(chunk(bad, [(0, 1000)]))
        add(good)
        check_table(NgramTable(layout, *counter.table()), layout, [good])
    assert counter.table()[0].shape == (1, 0)


@pytest.mark.parametrize("layout", [Layout(300, 5, 2), Layout(300, 2), Layout(65_535, 8, 4)])
@pytest.mark.parametrize("longest", [1, 2, 4, 9, 12])
def test_tiny_documents(layout: Layout, longest: int) -> None:
    rng = np.random.default_rng(longest)
    ends = np.cumsum(rng.integers(0, longest + 1, 600)).tolist()
    labels = rng.integers(0, layout.labels, len(ends) - 1).tolist()
    spans = list(itertools.pairwise(ends))
    part = chunk(zipf_tokens(ends[-1], 30), spans, labels)
    masks = mask_pairs(layout.labels)
    for threads in THREADS:
        backend = select("native", threads)
        check_table(backend.count([part], layout), layout, [part])
        joint_spectra = backend.spectra([part], layout, masks)
        check_spectra(joint_spectra, layout.max_order, layout.labels, [part], masks)


def giant_key_range(layout: Layout, windows: int) -> Chunk:
    """Return windows that begin with one bigram, some of them frequent, followed by text."""
    rng = np.random.default_rng(windows)
    order = layout.max_order
    tokens = rng.integers(0, min(layout.vocab_size, 1000), (windows, order))
    tokens[:, 0], tokens[:, 1] = 7, 3
    tokens[::5, 2:] = tokens[0, 2:]
    text = zipf_tokens(2000, layout.vocab_size)
    spans = [(order * i, order * i + 1, order * i + order) for i in range(windows)]
    spans.append((order * windows, order * windows + len(text)))
    labels = rng.integers(0, layout.labels, len(spans)).tolist()
    return chunk(np.concatenate([tokens.ravel(), text]), spans, labels)


@pytest.mark.parametrize("layout", [Layout(65_535, 3, 2), Layout(65_535, 6, 2)])
def test_threads_share_a_giant_key_range(layout: Layout) -> None:
    part = giant_key_range(layout, 200_000)  # so large that several threads share it
    masks = [(1, 2)]
    table = select("native", 2).count([part], layout)
    check_table(table, layout, [part])
    joint_spectra = select("native").joint_spectra([[table]], masks)
    for threads in THREADS:
        assert select("native", threads).count([part], layout) == table
        assert select("native", threads).spectra([part], layout, masks) == joint_spectra


def test_a_giant_key_range_of_the_longest_keys() -> None:
    layout = Layout(65_535, 8, 4)  # so long that a record leaves no room for its place
    part = giant_key_range(layout, 300_000)
    table = select("numpy").count([part], layout)
    for threads in (1, 3):
        assert select("native", threads).count([part], layout) == table
