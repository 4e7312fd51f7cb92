"""The steps of the emulated GPU, against the oracle."""

import itertools
import zlib
from collections.abc import Iterator
from dataclasses import replace

import cuda_driver as device
import numpy as np
import pytest
from corpora import CASES, Corpus, chunk, documents, zipf_tokens
from cuda_driver import cuda
from oracles import check_spectra, check_table, mask_pairs, rows_of, windows

from collapse_stats.ngrams.chunk import Chunk
from collapse_stats.ngrams.layout import Layout
from collapse_stats.ngrams.spectrum import JointSpectra, JointSpectrum
from collapse_stats.ngrams.table import NgramTable

TILE = 2048  # places of a block that makes records, marks rows or looks for labels


@pytest.fixture(autouse=True)
def order_of_threads(request: pytest.FixtureRequest) -> Iterator[None]:
    """Run the threads of each test in an order that depends on its name only."""
    cuda.emulate(zlib.crc32(request.node.name.encode()))
    yield
    cuda.emulate(0)


def number_of_windows(chunks: list[Chunk]) -> int:
    return sum(int((part.stop - part.start).sum()) for part in chunks)


def fits(layout: Layout) -> bool:
    return layout.key_bits + (layout.labels - 1).bit_length() <= 128


def count(corpus: Corpus) -> NgramTable:
    """Return the table of all labels, counted label by label if the labels do not fit."""
    layout, chunks = corpus
    if fits(layout):
        return device.table_of(device.sorted_records(chunks, layout))
    unlabelled = Layout(layout.vocab_size, layout.max_order)
    bits = (layout.labels - 1).bit_length()
    whole = NgramTable.empty(layout)
    for label in range(layout.labels):
        part = device.table_of(
            device.sorted_records(chunks, unlabelled, label=label, label_bits=bits)
        )
        whole = device.merge(layout, whole, part, (0, label))
    return whole


def tally(corpus: Corpus, masks: list[tuple[int, int]]) -> JointSpectra:
    layout, chunks = corpus
    made = device.Tally(layout, masks, number_of_windows(chunks))
    made.add(device.sorted_records(chunks, layout))
    return made.joint_spectra()


def check(corpus: Corpus, masks: list[tuple[int, int]] | None = None) -> None:
    """Check table and spectra, the latter from records and from rows."""
    layout, chunks = corpus
    every = (1 << layout.labels) - 1
    masks = [(every, 0), (1, every - 1)] if masks is None else masks
    table = count(corpus)
    check_table(table, layout, chunks)
    of_rows = device.Tally(layout, masks, number_of_windows(chunks))
    of_rows.add_table(table)
    joint_spectra = of_rows.joint_spectra()
    if fits(layout):
        assert tally(corpus, masks) == joint_spectra
    if layout.max_order > 1 and layout.vocab_size > 1 << 22:
        joint_spectra = with_unigrams(corpus, masks, joint_spectra)
    check_spectra(joint_spectra, layout.max_order, layout.labels, chunks, masks)


def with_unigrams(
    corpus: Corpus, masks: list[tuple[int, int]], joint_spectra: JointSpectra
) -> JointSpectra:
    """Add order 1 and the contexts of order 2, which large vocabularies count separately."""
    layout, chunks = corpus
    unigrams = Layout(layout.vocab_size, 1, layout.labels)
    by_token = []
    for least in (1, 2):
        made = device.Tally(unigrams, masks, number_of_windows(chunks))
        made.add(device.sorted_records(chunks, unigrams, min_length=least))
        by_token.append(made.joint_spectra())
    for order, kind in (
        (1, joint_spectra.ngrams),
        (1, joint_spectra.contexts),
        (2, joint_spectra.contexts),
    ):
        assert all(spectrum.types.size == 0 for spectrum in kind[order].values())
    return JointSpectra(
        {**joint_spectra.ngrams, 1: by_token[0].ngrams[1]},
        {**joint_spectra.contexts, 1: by_token[0].contexts[1], 2: by_token[1].ngrams[1]},
    )


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("name", CASES)
def test_counts_what_every_backend_counts(name: str, seed: int) -> None:
    cuda.emulate(seed)
    corpus = CASES[name]()
    masks = mask_pairs(corpus[0].labels)  # 256 tables of cells per pair of masks take 512 MiB
    check(corpus, masks[:3] if corpus[0].max_order < 100 else masks[1:2])


LAYOUTS = {
    "8_bytes": Layout(50, 5),
    "8_bytes_two_labels": Layout(50, 5, 2),
    "8_bytes_four_labels": Layout(50, 5, 4),
    "8_bytes_full": Layout(2**15, 4),
    "16_bytes_keys_of_one_word": Layout(2**16 - 1, 4, 2),
    "16_bytes": Layout(50_257, 5),
    "16_bytes_two_labels": Layout(50_257, 5, 2),
    "16_bytes_four_labels": Layout(200_000, 7, 4),
    "keys_of_128_bits": Layout(2**16 - 1, 8),
    "unigrams": Layout(50, 1, 4),
    "bigrams": Layout(50_257, 2, 2),
}


def tokens_of(stream: str, size: int) -> np.ndarray:
    rng = np.random.default_rng(5)
    return {
        "text": zipf_tokens(size, 50).astype(np.int64),
        "one": np.full(size, 7),
        "padding": np.where(np.arange(size) % 700 < 500, 3, rng.integers(0, 9, size)),
        "distinct": rng.permutation(size) % 50,
    }[stream]


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("size", [1, 63, 64, 65, TILE - 1, TILE, TILE + 1])
def test_sizes_around_tiles(layout: Layout, size: int) -> None:
    check((layout, [documents(layout, tokens_of("text", size), 1 + size // 50)]))


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("stream", ["one", "padding", "distinct"])
def test_repetition_over_several_tiles(layout: Layout, stream: str) -> None:
    tokens = tokens_of(stream, 3 * TILE + 5)
    cuts = [0, 10, TILE - 3, TILE, 2 * TILE + 1, len(tokens)]
    labels = [i % layout.labels for i in range(5)]
    check((layout, [chunk(tokens, list(itertools.pairwise(cuts)), labels)]))


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16", "int32", "uint64", "int64"])
def test_every_type_of_token(dtype: str) -> None:
    layout = Layout(100, 3, 2)
    check((layout, [documents(layout, zipf_tokens(300, 100).astype(dtype), 7)]))


def test_more_pairs_than_fit_in_front() -> None:
    layout = Layout(50, 5, 4)
    pairs = [(first, second) for first in (1, 3, 5, 15) for second in (0, 2, 12, 15)]
    check((layout, [documents(layout, zipf_tokens(700, 50), 9)]), pairs)


def test_eight_labels_of_two_tables() -> None:
    layout = Layout(50, 4, 4)
    first, second = ([documents(layout, zipf_tokens(700, 50, s), 9, s)] for s in (1, 2))
    joined = device.merge(layout, count((layout, first)), count((layout, second)), (0, 4), 8)
    masks = [(15, 240), (1, 16), (255, 0)]
    made = device.Tally(layout, masks, 1400, labels=8)
    made.add_table(joined)
    shifted = [replace(part, label=part.label + np.uint8(4)) for part in second]
    check_spectra(made.joint_spectra(), 4, 8, first + shifted, masks)


@pytest.mark.parametrize("sizes", [(0, 0), (0, 300), (300, 0), (3000, 40), (40, 3000), (900, 5000)])
@pytest.mark.parametrize(
    "layout", [Layout(50, 3), Layout(50, 3, 2), Layout(50_257, 5, 2)], ids=["one", "two", "wide"]
)
def test_merging_adds_counts(layout: Layout, sizes: tuple[int, int]) -> None:
    parts = [documents(layout, zipf_tokens(size, 50, size), 5, 3) for size in sizes]
    tables = [count((layout, [part])) for part in parts]
    check_table(device.merge(layout, *tables), layout, parts)


def test_merging_keeps_the_halves_of_both() -> None:
    layout, both = Layout(50, 3, 2), Layout(50, 3, 4)
    parts = [documents(layout, zipf_tokens(900, 50, seed), 5, seed) for seed in (1, 2)]
    tables = [count((layout, [part])) for part in parts]
    shifted = replace(parts[1], label=parts[1].label + np.uint8(2))
    check_table(device.merge(both, *tables, (0, 2)), both, [parts[0], shifted])


@pytest.mark.parametrize("key_ranges", [1, 3, 16])
def test_key_ranges_add(key_ranges: int) -> None:
    layout = Layout(300, 4, 2)
    chunks = [documents(layout, zipf_tokens(2500, 300, seed), 30, seed) for seed in (1, 2)]
    masks = mask_pairs(2)
    edges = np.linspace(0, layout.key_ranges, key_ranges + 1).astype(int).tolist()
    made = device.Tally(layout, masks, 5000)
    tables = []
    for bounds in itertools.pairwise(edges):
        part = device.sorted_records(chunks, layout, key_ranges=bounds)
        made.add(part)
        tables.append(device.table_of(part))
    check_table(NgramTable.concatenate(layout, tables), layout, chunks)
    check_spectra(made.joint_spectra(), 4, 2, chunks, masks)


@pytest.mark.parametrize("layout", [LAYOUTS["8_bytes_two_labels"], LAYOUTS["unigrams"]], ids=str)
@pytest.mark.parametrize("cut", [1, 2, 3, 4])
def test_ranges_of_orders_add(layout: Layout, cut: int) -> None:
    chunks = [documents(layout, zipf_tokens(1500, 50), 200)]
    masks = mask_pairs(layout.labels)
    sorted_ = device.sorted_records(chunks, layout)
    made = device.Tally(layout, masks, 1500)
    made.add(sorted_, 1, cut)
    made.add(sorted_, cut + 1, layout.max_order)
    check_spectra(made.joint_spectra(), layout.max_order, layout.labels, chunks, masks)


def test_a_range_of_orders_has_its_ngrams_and_their_contexts() -> None:
    layout = Layout(50, 5, 2)
    chunks = [documents(layout, zipf_tokens(1500, 50), 200)]
    whole = tally((layout, chunks), [(1, 2)])
    made = device.Tally(layout, [(1, 2)], 1500)
    made.add(device.sorted_records(chunks, layout), 3, 4)
    partial = made.joint_spectra()
    for order in range(1, 6):
        assert (partial.ngrams[order] == whole.ngrams[order]) == (order in (3, 4))
        assert (partial.contexts[order] == whole.contexts[order]) == (order in (4, 5))
        assert order in (3, 4) or partial.ngrams[order][1, 2] == JointSpectrum.from_rows([], [], [])


def test_counts_that_no_table_holds_are_listed() -> None:
    layout = Layout(3, 2, 2)
    table = NgramTable(
        layout,
        device.table_of(device.sorted_records([chunk([0, 1, 2], [(0, 3)])], layout)).keys,
        np.array([[2**40, 2**18, 1], [0, 2**18 - 1, 512]], dtype=np.uint64),
    )
    masks = [(1, 0), (1, 2), (3, 0)]
    windows_ = int(table.counts.sum())
    made = device.Tally(layout, masks, windows_, capacity=100)
    made.add_table(table)
    joint_spectra = made.joint_spectra()
    a, b = table.counts.tolist()
    assert rows_of(joint_spectra.ngrams[1][1, 2]) == sorted(zip(a, b, [1, 1, 1], strict=True))
    assert rows_of(joint_spectra.ngrams[1][3, 0]) == sorted(
        (x + y, 0, 1) for x, y in zip(a, b, strict=True)
    )
    assert rows_of(joint_spectra.contexts[1][3, 0]) == [(windows_, 0, 1)]


def test_a_list_that_overflows_is_an_error() -> None:
    layout = Layout(50, 3)
    chunks = [documents(layout, zipf_tokens(900, 50), 5)]
    made = device.Tally(layout, [(1, 0)], 900, capacity=7)
    made.add(device.sorted_records(chunks, layout))
    with pytest.raises(RuntimeError, match=r"at most 7 entries, got [0-9]+: use the tally"):
        made.joint_spectra()


@pytest.mark.parametrize("stream", ["text", "one", "padding", "distinct"])
def test_the_capacity_asked_for_is_enough(stream: str) -> None:
    layout = Layout(50, 3, 2)
    tokens = tokens_of(stream, 3000)
    chunks = [documents(layout, tokens, 400)]
    made = device.Tally(layout, [(3, 0), (1, 2), (3, 3)], 3000)
    made.add(device.sorted_records(chunks, layout))
    made.joint_spectra()
    assert int(made.memory[0]) <= made.capacity


def test_refuses_more_masks_than_a_tally_takes() -> None:
    with pytest.raises(ValueError, match="takes 1 to 16 pairs of masks, got 17"):
        device.Tally(Layout(50, 3), [(1, 0)] * 17, 10)
    with pytest.raises(ValueError, match=r"masks must be below 2\*\*labels = 2, got \(2, 0\)"):
        device.Tally(Layout(50, 3), [(2, 0)], 10)


def test_refuses_records_wider_than_128_bits() -> None:
    with pytest.raises(ValueError, match="keys of 128 bits and labels of 1 bits"):
        device.sorted_records([], Layout(2**16 - 1, 8, 2))


@pytest.mark.parametrize("least", [1, 2, 3, 5, 9])
def test_leaves_out_windows_that_are_too_short(least: int) -> None:
    layout = Layout(50, 3)
    chunks = [documents(layout, zipf_tokens(900, 50), 200)]
    _, number, _ = device.make_records(chunks, layout, min_length=least)
    longest = windows(chunks, max(least, layout.max_order))
    assert number == sum(len(window) >= least for window, _ in longest)


@pytest.mark.parametrize(("dtype", "wrong"), [("int32", -1), ("uint32", 50), ("uint64", 2**63)])
def test_reports_the_first_id_outside_the_vocabulary(dtype: str, wrong: int) -> None:
    layout = Layout(50, 3)
    tokens = zipf_tokens(5000, 50).astype(dtype)
    tokens[[3000, 4000]] = wrong
    cuts = [(0, 2900), (3100, 3990), (3990, 3999, 4500)]  # the last window reaches beyond its span
    assert device.make_records([chunk(tokens, cuts, dtype=dtype)], layout)[2] == 4000
    assert device.make_records([chunk(tokens, cuts[:2], dtype=dtype)], layout)[2] == 2**64 - 1
