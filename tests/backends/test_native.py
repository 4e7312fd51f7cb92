"""Properties of the native backend only: threads, pieces, and errors of the compiled module."""

import itertools
import os
from dataclasses import replace

import numpy as np
import pytest
from corpora import chunk, documents, zipf_tokens
from oracles import check_joint_spectra, check_spectra, check_table, mask_pairs, rows_of

from collapse_stats.backends.selection import select
from collapse_stats.ngrams.chunk import Chunk
from collapse_stats.ngrams.layout import Layout
from collapse_stats.ngrams.table import NgramTable

if os.environ.get("COLLAPSE_STATS_PURE"):
    pytest.skip("COLLAPSE_STATS_PURE is set: no compiled module", allow_module_level=True)

from collapse_stats._native import Counter, merge


def test_joins_tables_of_four_labels() -> None:
    layout = Layout(300, 4, 4)
    parts = [documents(layout, zipf_tokens(800, 300, seed), 30, seed) for seed in (3, 4)]
    check_joint_spectra(select("native"), (layout, parts[:1]), (layout, parts[1:]))


def crowded(layout: Layout, number: int, seed: int) -> Chunk:
    """Return windows that begin with the same bigram, which fill many blocks of one key range."""
    rng = np.random.default_rng(seed)
    tokens = np.concatenate(
        [np.full((number, 1), 2), np.full((number, 1), 5), rng.zipf(1.3, (number, 3)) % 300], axis=1
    )
    ends = np.where(rng.random(number) < 0.3, rng.integers(1, 6, number), 5).tolist()
    spans = [(5 * i, 5 * i + 1, 5 * i + end) for i, end in enumerate(ends)]
    return chunk(tokens.ravel(), spans, rng.integers(0, layout.labels, number).tolist())


MANY_ROWS = {
    "one_word": Layout(4000, 5, 2),
    "two_words": Layout(200_000, 5, 1),
    "four_labels": Layout(4000, 4, 4),
    "bigrams": Layout(300, 2, 2),
    "unigrams": Layout(300, 1, 4),
}


@pytest.mark.parametrize("layout", MANY_ROWS.values(), ids=MANY_ROWS)
@pytest.mark.parametrize("number", [2047, 2049, 15_000])
def test_rows_of_many_blocks(layout: Layout, number: int) -> None:
    parts = [crowded(layout, number, seed) for seed in (1, 2)]
    masks = mask_pairs(layout.labels)
    reference, backend = select("numpy"), select("native", 2)
    table = reference.count(parts, layout)
    joint_spectra = backend.joint_spectra([[table]], masks)
    check_spectra(joint_spectra, layout.max_order, layout.labels, parts, masks)
    check_joint_spectra(backend, (layout, parts[:1]), (layout, parts[1:]))


@pytest.mark.parametrize("labels", [4, 8])
def test_few_and_many_of_every_label(labels: int) -> None:
    layout = Layout(40, 4, labels)
    tokens = zipf_tokens(6000, 40, labels)
    parts = [documents(layout, tokens, 200, seed) for seed in (1, 2)]
    masks = mask_pairs(labels)
    joint_spectra = select("native", 2).spectra(parts, layout, masks)
    check_spectra(joint_spectra, layout.max_order, labels, parts, masks)


@pytest.mark.parametrize("layout", MANY_ROWS.values(), ids=MANY_ROWS)
@pytest.mark.parametrize("number", [2, 3, 4, 7])
def test_merges_any_number_of_tables(layout: Layout, number: int) -> None:
    reference, backend = select("numpy"), select("native", 2)
    parts = [crowded(layout, 20_000 // (seed + 1), seed) for seed in range(number)]
    tables = [reference.count([part], layout) for part in parts]
    whole = backend.merge(tables)
    check_table(whole, layout, parts)
    rows = len(whole)
    assert backend.merge(tables[::-1]) == whole
    cuts = [
        min(rows, cut) for cut in (0, 1, rows // 3 + 1, rows // 3 + 6, rows)
    ]  # at uneven distances
    pieces = [whole.rows(*cut) for cut in itertools.pairwise(cuts)]
    assert backend.merge([pieces[i % 4] for i in (2, 0, 3, 1)]) == whole
    sides = [
        NgramTable(layout, whole.keys[:, i::2].copy(), whole.counts[:, i::2].copy()) for i in (0, 1)
    ]
    assert backend.merge([*sides, NgramTable.empty(layout)]) == whole


def native_counter(layout: Layout, threads: int = 1, piece_windows: int = 1 << 20) -> Counter:
    return Counter(
        layout.vocab_size,
        layout.max_order,
        layout.labels,
        threads,
        0,
        layout.key_ranges,
        piece_windows,
    )


def add(counter: Counter, part: Chunk) -> None:
    counter.add(part.tokens, part.start, part.stop, part.limit, part.label)


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
@pytest.mark.parametrize("piece_windows", [1, 31, 299, 300, 301, 2999, 3000, 3001])
def test_pieces_and_threads_change_nothing(threads: int, piece_windows: int) -> None:
    layout = Layout(20, 5, 2)
    part = documents(layout, zipf_tokens(3000, 20), 40)
    counter = native_counter(layout, threads, piece_windows)
    add(counter, part)
    check_table(NgramTable(layout, *counter.table()), layout, [part])


# Records have 64 bits and a tail of 0, 1, 2, 4 or 8 bytes, and are sorted as one or two words.
TAILS = {
    "none": Layout(65_535, 4, 4),
    "one_byte": Layout(65_535, 5, 4),
    "two_bytes": Layout(200_000, 5, 4),
    "four_bytes": Layout(65_535, 6, 4),
    "eight_bytes": Layout(65_535, 8, 4),
    "no_mixed_bits_below_the_key_range": Layout(15, 20, 4),
}


def cut_into_documents(tokens: np.ndarray, length: int, labels: int) -> Chunk:
    cuts = [*range(0, len(tokens), length), len(tokens)]
    spans = list(itertools.pairwise(cuts))
    return chunk(tokens, spans, [i % labels for i in range(len(spans))])


def repetitive_tokens(name: str, size: int) -> np.ndarray:
    """Return streams with repeated windows, ties, or few key ranges."""
    rng = np.random.default_rng(3)
    text = zipf_tokens(150, 12).astype(np.int64)
    return {
        "one": np.full(size, 7),
        "two": np.arange(size) % 2,
        "text_repeated": np.resize(text, size),
        "text_with_padding": np.where(np.arange(size) % 400 < 300, 3, rng.integers(0, 9, size)),
        "few_ids": zipf_tokens(size, 4).astype(np.int64),
    }[name]


@pytest.mark.parametrize("layout", TAILS.values(), ids=TAILS)
@pytest.mark.parametrize("stream", ["one", "two", "text_repeated", "text_with_padding", "few_ids"])
def test_every_record_format_counts_repetitive_text(layout: Layout, stream: str) -> None:
    tokens = repetitive_tokens(stream, 5000)
    parts = [cut_into_documents(tokens, 700, 4), cut_into_documents(tokens[:900], 9, 3)]
    masks = [*mask_pairs(4), (3, 12), (5, 10), (1, 2)]
    for threads in (1, 2):
        backend = select("native", threads)
        check_table(backend.count(parts, layout), layout, parts)
        check_spectra(
            backend.spectra(parts, layout, masks), layout.max_order, layout.labels, parts, masks
        )


@pytest.mark.parametrize("layout", TAILS.values(), ids=TAILS)
@pytest.mark.parametrize(
    "number", [1, 31, 32, 33, 63, 64, 65, 127, 128, 129, 1023, 1024, 1025, 2049, 6000]
)
@pytest.mark.parametrize("distinct", [1, 3, 1 << 40])
def test_any_number_of_records_in_one_key_range(layout: Layout, number: int, distinct: int) -> None:
    rng = np.random.default_rng(number)
    third = rng.integers(0, min(distinct, layout.vocab_size), number)
    tokens = np.stack([np.full(number, 2), np.full(number, 5), third], axis=1).ravel()
    spans = [
        (3 * i, 3 * i + 1, 3 * i + 3) for i in range(number)
    ]  # one window of three tokens each
    part = chunk(tokens, spans, rng.integers(0, 4, number).tolist())
    backend = select("native", 2)
    check_table(backend.count([part], layout), layout, [part])
    masks = [(15, 0), (3, 12)]
    check_spectra(
        backend.spectra([part], layout, masks), layout.max_order, layout.labels, [part], masks
    )


@pytest.mark.parametrize("threads", [1, 8])
def test_many_tiny_chunks(threads: int) -> None:
    layout = Layout(300, 5, 2)
    parts = [documents(layout, zipf_tokens(10, 300, seed), 3, seed) for seed in range(400)]
    counter = native_counter(layout, threads)
    for part in parts:
        add(counter, part)
    check_table(NgramTable(layout, *counter.table()), layout, parts)


def test_passes_over_a_long_stretch_give_the_whole() -> None:
    layout = Layout(50_000, 5, 2)
    part = documents(layout, zipf_tokens(60_000, 50_000), 500)
    backend = select("native", 2)
    whole = backend.count([part], layout)
    edges = [0, 1, 5, 300, 1000, 1024]
    tables = [backend.count([part], layout, stretch) for stretch in itertools.pairwise(edges)]
    assert NgramTable.concatenate(layout, tables) == whole
    assert whole == select("numpy").count([part], layout)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("max_order", [1, 2, 5, 8])
def test_rows_leave_the_counter_stretch_by_stretch(max_order: int, threads: int) -> None:
    layout = Layout(50_000, max_order, 2)
    tokens = zipf_tokens(60_000, 50_000)
    tokens[20_000:40_000] = 7  # more than a thread's share, in one key range, mostly repeats
    part = documents(layout, tokens, 500)
    counter = native_counter(layout, threads)
    whole = select("native", threads).count([part], layout)
    for _ in range(2):  # the counter is empty after the last stretch
        add(counter, part)
        tables = [
            NgramTable(layout, *counter.table(*stretch))
            for stretch in ((0, 1), (1, 600), (600, 9999))
        ]
        assert NgramTable.concatenate(layout, tables) == whole
        assert len(NgramTable(layout, *counter.table(0, 600))) == 0
    add(counter, part)
    counter.table(1, 600)
    left = NgramTable(layout, *counter.table())
    assert left == NgramTable.concatenate(layout, [tables[0], tables[2]])
    check_table(whole, layout, [part])


def test_a_negative_id_of_a_narrow_type_is_rejected() -> None:
    part = chunk([1, -1, 2], [(0, 3)], dtype="int8")
    with pytest.raises(ValueError, match="token id -1 at position 1"):
        add(native_counter(Layout(255, 2)), part)


def test_counter_is_empty_after_a_result() -> None:
    layout = Layout(20, 2)
    part = chunk([1, 2, 3], [(0, 3)])
    counter = native_counter(layout)
    for _ in range(2):
        add(counter, part)
        check_table(NgramTable(layout, *counter.table()), layout, [part])
        add(counter, part)
        ngrams, _ = counter.spectra([(1, 0)])
        assert [column.tolist() for column in ngrams[1][0]] == [[1], [0], [3]]


def test_adds_nothing_of_a_bad_chunk() -> None:
    layout = Layout(20, 2)
    counter = native_counter(layout, threads=2, piece_windows=10)
    tokens = np.zeros(1000, dtype=np.uint8)
    tokens[[640, 800]] = 20
    with pytest.raises(ValueError, match="position 640"):  # the first one, whatever the threads do
        add(counter, chunk(tokens, [(0, 1000)]))
    assert counter.table()[0].shape == (1, 0)


@pytest.mark.parametrize(
    ("spans", "labels", "message"),
    [
        ([(-1, 2)], [0], "got start -1, stop 2, limit 2 in span 0"),
        ([(0, 1), (2, 1)], [0, 0], "got start 2, stop 1, limit 1 in span 1"),
        ([(0, 3, 2)], [0], "got start 0, stop 3, limit 2 in span 0"),
        ([(0, 4)], [0], r"limit <= 3 .* got start 0, stop 4, limit 4 in span 0"),
        ([(0, 1), (1, 3)], [0, 2], "labels must be below 2, got 2 in span 1"),
    ],
)
def test_rejects_spans_outside_the_tokens(
    spans: list[tuple[int, ...]], labels: list[int], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        add(native_counter(Layout(20, 2, 2)), chunk([1, 2, 3], spans, labels))


@pytest.mark.parametrize("wrong", [0, 511, 512, 1799])
@pytest.mark.parametrize("edge", [-1, -(2**63), 2**63 - 1])
def test_finds_the_one_bad_span_among_many(wrong: int, edge: int) -> None:
    part = chunk(np.zeros(1800, dtype=np.uint8), [(i, i + 1) for i in range(1800)])
    counter = native_counter(Layout(20, 2))
    for bound in (part.start, part.stop, part.limit):
        right = bound[wrong]
        bound[wrong] = edge
        with pytest.raises(ValueError, match=f"in span {wrong}$"):
            add(counter, part)
        bound[wrong] = right
    add(counter, part)
    assert counter.table()[1].sum() == 1800


def test_rejects_arrays_of_different_lengths() -> None:
    part = chunk([1, 2, 3], [(0, 1), (1, 2)])
    with pytest.raises(ValueError, match="one entry per span each, got 2, 2, 2 and 1"):
        add(native_counter(Layout(20, 2)), replace(part, label=part.label[:1]))


@pytest.mark.parametrize("dtype", ["float64", "bool", "complex64", "U1"])
def test_rejects_tokens_that_are_not_integers(dtype: str) -> None:
    with pytest.raises(TypeError, match="tokens must be integers"):
        add(native_counter(Layout(20, 2)), chunk([1, 0, 1], [(0, 3)], dtype=dtype))


def test_rejects_a_table_that_is_not_ascending() -> None:
    backend = select("native")
    layout = Layout(20, 2)
    for keys in ([[5, 3]], [[5, 5]]):
        table = NgramTable(
            layout, np.array(keys, dtype=np.uint64), np.ones((1, 2), dtype=np.uint64)
        )
        with pytest.raises(ValueError, match="strictly ascending"):
            backend.merge([table])
        with pytest.raises(ValueError, match="strictly ascending"):
            backend.joint_spectra([[table]], [(1, 0)])


@pytest.mark.parametrize("layout", [Layout(4000, 5), Layout(200_000, 5)])
def test_rejects_a_table_that_descends_anywhere(layout: Layout) -> None:
    backend = select("native", 2)
    table = select("numpy").count([crowded(layout, 9000, 0)], layout)
    for row in (1, 4096, len(table) - 1):
        keys = table.keys.copy()
        keys[:, row] = keys[:, row - 1]
        broken = NgramTable(layout, keys, table.counts)
        with pytest.raises(ValueError, match=rf"row {row} is not above the row before"):
            backend.merge([table, broken])
        with pytest.raises(ValueError, match=rf"row {row} is not above the row before"):
            backend.joint_spectra([[broken, table]], [(1, 2)])


def test_rejects_arrays_that_are_no_table() -> None:
    keys, counts = np.zeros((1, 4), dtype=np.uint64), np.ones((1, 4), dtype=np.uint64)
    for wrong in ((keys[:, ::2], counts[:, :2]), (keys[0], counts), (keys, counts[[0, 0]])):
        with pytest.raises(ValueError, match=r"must be \(1, R\), each column contiguous"):
            merge(20, 2, 1, [wrong], 1)
    with pytest.raises(ValueError, match="as many counts as keys, got 3 and 4"):
        merge(20, 2, 1, [(keys, counts[:, :3])], 1)


def test_rejects_masks_of_unknown_labels() -> None:
    with pytest.raises(ValueError, match=r"masks must be below 2\*\*labels = 4, got \(4, 0\)"):
        select("native").spectra([], Layout(20, 2, 2), [(4, 0)])


def test_counts_above_32_bits_are_kept() -> None:
    layout = Layout(20, 2)
    table = select("native").count([chunk([1, 2], [(0, 2)])], layout)
    large = NgramTable(layout, table.keys, table.counts * np.uint64(2**40))
    merged = select("native").merge([large, large])
    joint_spectra = select("native").joint_spectra([[merged]], [(1, 0)])
    assert rows_of(joint_spectra.ngrams[1][1, 0]) == [(2**41, 0, 2)]
    assert rows_of(joint_spectra.ngrams[2][1, 0]) == [(2**41, 0, 1)]
