"""Counting by partition on an emulated GPU, against the oracle.

The emulation has tiny sizes, so that a few thousand tokens take many tiles, bins and buckets, and
some buckets are heavy.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
import oracles
import pytest
from corpora import CASES, chunk, documents, zipf_tokens
from played_gpu import played_gpu, small_sizes

from collapse_stats.backends.cuda.partition import HeavyWindows, _passes, add_partitioned
from collapse_stats.ngrams.chunk import Chunk
from collapse_stats.ngrams.layout import Layout
from collapse_stats.ngrams.spectrum import JointSpectra, JointSpectrum, Masks

pytest.importorskip("collapse_stats._cuda_emulated")
cuda = played_gpu()

GARBAGE = 0xA5


class NumpyMemory:
    """Device memory of the emulated GPU, with undefined contents as on a GPU."""

    stream = 0

    def empty(self, shape, dtype=np.uint8):
        words = -(-int(np.prod(shape)) * np.dtype(dtype).itemsize // 8) + 1
        return np.full(8 * words, GARBAGE, np.uint8)[: words * 8 - 8].view(dtype)

    def zeros(self, shape, dtype):
        return np.zeros(shape, dtype)

    def address(self, array):
        return array.ctypes.data

    def upload(self, parts):
        return np.concatenate(parts)

    def download(self, array):
        return array.copy()


@dataclass
class EmulatedGpu:
    budget: int = 1 << 30
    core = cuda
    memory = NumpyMemory()


class WrongIdError(Exception):
    """The error for an id outside the vocabulary, with chunk and position."""


def refuse(index: int, position: int) -> NoReturn:
    raise WrongIdError(index, position)


@dataclass
class Resident:
    """A chunk on the device, which owns the memory that `tokens` points to."""

    tokens: object
    held: list[np.ndarray]


def resident(part: Chunk, layout: Layout) -> Resident:
    order = np.argsort(part.start, kind="stable")
    spans = [
        np.ascontiguousarray(column[order])
        for column in (part.start, part.stop, part.limit, part.label)
    ]
    ids = np.ascontiguousarray(part.tokens)
    bits = (layout.labels - 1).bit_length()
    planes = np.full((2 + bits) * cuda.plane_words(ids.size), 0xA5, np.uint64)
    addresses = [column.ctypes.data for column in spans]
    cuda.make_planes(0, *addresses, len(order), ids.size, bits, planes.ctypes.data)
    tokens = cuda.Tokens(
        ids.ctypes.data, ids.dtype.kind, ids.itemsize, ids.size, planes.ctypes.data, bits
    )
    return Resident(tokens, [ids, planes])


def partitioned(
    layout: Layout,
    chunks: Sequence[Chunk],
    masks: Sequence[Masks],
    budget: int = 1 << 30,
    max_cells: int | None = 0,
) -> tuple[JointSpectra, list[HeavyWindows]]:
    """Return the joint spectra by partition, and of heavy windows by sorting."""
    own = cuda.Layout(layout.vocab_size, layout.max_order, layout.labels)
    parts = [resident(part, layout) for part in chunks]
    capacity = cuda.tally_capacity(own, masks, sum(part.tokens.size for part in chunks))
    words = cuda.Tally(own, masks, capacity, 0).words
    memory = np.zeros(words, np.uint64)
    tally = cuda.Tally(own, masks, capacity, memory.ctypes.data)
    tokens = [part.tokens for part in parts]
    heavy = add_partitioned(EmulatedGpu(budget), own, tokens, tally, refuse, max_cells)
    for windows in heavy:
        add_sorted(own, layout, tokens, tally, windows)
    cuda.finish_tally(0, tally)
    listed = int(memory[0])
    ngrams, contexts = cuda.to_joint_spectra(
        tally, listed, memory[4 : 4 + 4 * listed].reshape(-1, 4)
    )
    return JointSpectra(_by_order(ngrams, masks), _by_order(contexts, masks)), heavy


def add_sorted(own, layout: Layout, tokens, tally, windows: HeavyWindows) -> None:
    """Add the heavy windows by sorting."""
    size = cuda.record_bytes(own)
    records, other = (np.full(size * windows.number, GARBAGE, np.uint8) for _ in range(2))
    made = np.array([0, 2**64 - 1], np.uint64)
    for part in tokens:
        cuda.make_records(
            0,
            own,
            part,
            0,
            layout.key_ranges,
            windows.orders[0],
            -1,
            records.ctypes.data,
            made.ctypes.data,
            windows.flags.ctypes.data,
            windows.orders[0],
            windows.bits,
        )
    number = int(made[0])
    assert number == windows.number
    workspace = np.zeros(1, np.uint64)
    nbytes = cuda.sort_bytes(own, number)
    where = cuda.sort_records(
        0, own, records.ctypes.data, other.ctypes.data, number, workspace.ctypes.data, nbytes
    )
    sums = np.full(cuda.label_sums_words(own, number), GARBAGE, np.uint64)
    nbytes = cuda.label_sums_bytes(own, number)
    workspace = np.zeros(nbytes + 1, np.uint8)
    cuda.make_label_sums(0, own, where, number, sums.ctypes.data, workspace.ctypes.data, nbytes)
    cuda.tally_records(0, where, number, sums.ctypes.data, tally, *windows.orders)


def _by_order(joint_spectra, masks):
    return {
        order: {pair: JointSpectrum(*columns) for pair, columns in zip(masks, by_pair, strict=True)}
        for order, by_pair in joint_spectra.items()
    }


def check(layout: Layout, chunks: list[Chunk], **options) -> list[HeavyWindows]:
    """Compare with the oracle and return the heavy windows."""
    masks = oracles.mask_pairs(layout.labels)
    joint_spectra, heavy = partitioned(layout, chunks, masks, **options)
    if layout.max_order > 1 and layout.vocab_size > 1 << 22:  # not counted by token
        for order in range(1, layout.max_order + 1):
            for pair in masks:
                if order > 1:
                    counts = oracles.ngram_counts(chunks, order, layout.labels)
                    rows = oracles.rows_of(joint_spectra.ngrams[order][pair])
                    assert rows == oracles.joint_spectrum(counts, pair)
                if order > 2:
                    counts = oracles.context_counts(chunks, order, layout.labels)
                    rows = oracles.rows_of(joint_spectra.contexts[order][pair])
                    assert rows == oracles.joint_spectrum(counts, pair)
    else:
        oracles.check_spectra(joint_spectra, layout.max_order, layout.labels, chunks, masks)
    return heavy


@pytest.fixture(autouse=True)
def _one_seed():
    yield
    cuda.emulate(0)


def supported(name: str) -> bool:
    layout, _ = CASES[name]()
    own = cuda.Layout(layout.vocab_size, layout.max_order, layout.labels)
    return bool(cuda.partition_supports(own, oracles.mask_pairs(layout.labels)))


@pytest.mark.parametrize("name", [name for name in CASES if supported(name)])
@pytest.mark.parametrize("max_cells", [0, None])
def test_every_corpus(name, max_cells):
    check(*CASES[name](), max_cells=max_cells)


def test_labels_that_do_not_fit_are_not_supported():
    assert [name for name in CASES if not supported(name)] == [
        "key_of_128_bits_with_labels",
        "order_of_128",
    ]


@pytest.mark.parametrize("seed", range(1, 6))
def test_order_of_threads_does_not_matter(seed):
    cuda.emulate(seed)
    layout = Layout(3000, 5, 2)
    check(layout, [documents(layout, zipf_tokens(2500, 3000, seed), 40, seed)])


@pytest.mark.parametrize("labels", [1, 2, 4])
@pytest.mark.parametrize("max_order", [1, 2, 3, 4, 5, 8])
def test_orders_and_labels(labels, max_order):
    layout = Layout(5000, max_order, labels)
    check(layout, [documents(layout, zipf_tokens(2000, 5000), 30)])


@pytest.mark.parametrize("bits", [1, 2, 3, 5, 8, 11, 16, 17, 21, 22, 24, 31, 32])
@pytest.mark.parametrize("max_order", [1, 3, 4])
def test_widths_of_codes(bits, max_order):
    layout = Layout(2**bits - 1, max_order, 2 if bits < 32 or max_order < 4 else 1)
    check(layout, [documents(layout, zipf_tokens(1200, 2**bits - 1), 20)])


@small_sizes
@pytest.mark.parametrize(("budget", "at_least"), [(1 << 30, 2), (32_000, 6), (16_000, 10), (0, 0)])
def test_passes(budget, at_least, monkeypatch):
    layout = Layout(2000, 4, 2)
    chunks = [documents(layout, zipf_tokens(1500, 2000, seed), 20, seed) for seed in range(2)]
    taken = []
    tally_buckets = cuda.tally_buckets
    monkeypatch.setattr(cuda, "tally_buckets", lambda *a: (taken.append(a), tally_buckets(*a)))
    check(layout, chunks, budget=budget)
    assert len(taken) >= at_least
    assert at_least or not taken


@pytest.mark.parametrize(
    ("room", "most_bins", "passes"),
    [
        (100, 8, [(0, 6)]),
        (100, 2, [(0, 2), (2, 4), (4, 6)]),
        (9, 8, [(0, 1), (2, 5), (5, 6)]),
        (5, 8, [(0, 1), (2, 4), (4, 5)]),
        (0, 8, []),
    ],
)
def test_passes_take_as_many_bins_as_fit(room, most_bins, passes):
    assert list(_passes(np.array([5, 10, 0, 4, 5, 8], np.uint64), room, most_bins)) == passes


def test_tiny_documents():
    layout = Layout(100, 4, 2)
    check(layout, [documents(layout, zipf_tokens(1500, 100), 900)])


@small_sizes
def test_padding():
    layout = Layout(50_000, 5, 2)
    tokens = zipf_tokens(3000, 50_000)
    tokens[1000:1900] = 0
    ((orders, number),) = [
        (left.orders, left.number) for left in check(layout, [documents(layout, tokens, 10)])
    ]
    assert orders == (3, 5)
    assert number > 800


@small_sizes
def test_all_buckets_are_heavy():
    layout = Layout(50_000, 5, 1)
    heavy = check(layout, [chunk([7] * 3000, [(0, 3000)])])
    assert [(left.orders, left.number) for left in heavy] == [((2, 2), 2999), ((3, 5), 2998)]


@small_sizes
def test_one_order_of_a_bucket_of_some_length_is_counted_by_a_block():
    layout = Layout(50_000, 5, 1)
    (left,) = check(layout, [chunk([7] * 1400, [(0, 1400)])])
    assert (left.orders, left.number) == ((3, 5), 1398)


@small_sizes
@pytest.mark.parametrize("labels", [1, 2, 4])
@pytest.mark.parametrize("share", [0.1, 0.3, 0.9])
def test_collapsed_text(share, labels):
    """One bigram is a large part of the text, which must not be counted by a single block."""
    layout = Layout(50_000, 5, labels)
    rng = np.random.default_rng(5)
    tokens = rng.integers(0, 50_000, 8000).astype(np.uint32)
    at = np.flatnonzero(rng.random(4000) < share) * 2
    tokens[at], tokens[at + 1] = 7, 8
    heavy = check(layout, [documents(layout, tokens, 50)])
    assert {left.orders for left in heavy} <= {(2, 2), (3, 5)}
    assert ((2, 2) in {left.orders for left in heavy}) == (share * 4000 > 1500)


@small_sizes
def test_buckets_of_too_many_bigrams_are_left_out():
    """There are as many buckets as possible, and most have no room for all bigrams."""
    layout = Layout(50_000, 2, 1)
    tokens = np.random.default_rng(3).integers(0, 50_000, 60_000).astype(np.uint32)
    (left,) = check(layout, [chunk(tokens, [(0, 60_000)])])
    assert left.orders == (2, 2)
    assert 30_000 < left.number < 60_000


@small_sizes
def test_few_buckets_are_heavy():
    layout = Layout(10_000, 5, 1)
    tokens = np.random.default_rng(3).integers(0, 10_000, 4000).astype(np.uint32)
    tokens[1000:1300] = 5
    (left,) = check(layout, [chunk(tokens, [(0, 4000)])])
    assert 290 < left.number < 500


def test_nothing_is_heavy_without_repeats():
    layout = Layout(10_000, 5, 1)
    tokens = np.random.default_rng(3).integers(0, 10_000, 4000).astype(np.uint32)
    assert check(layout, [chunk(tokens, [(0, 4000)])]) == []


@pytest.mark.parametrize("size", [1, 2, 15, 16, 17, 63, 64, 65, 127, 128, 129, 255, 256, 257])
def test_sizes_around_tiles(size):
    layout = Layout(50, 3, 2)
    check(layout, [documents(layout, zipf_tokens(size, 50), 3)])


@pytest.mark.parametrize("dtype", ["uint8", "int8", "uint16", "int16", "int32", "uint64", "int64"])
def test_types_of_ids(dtype):
    layout = Layout(100, 3, 2)
    check(layout, [documents(layout, zipf_tokens(700, 100).astype(dtype), 10)])


@pytest.mark.parametrize("position", [0, 150, 299])
def test_an_id_outside_the_vocabulary_is_rejected(position):
    tokens = zipf_tokens(300, 50).astype(np.int64)
    tokens[position] = -1 if position else 50
    right = chunk(zipf_tokens(300, 50), [(0, 300)])
    with pytest.raises(WrongIdError) as error:
        partitioned(Layout(50, 3), [right, chunk(tokens, [(0, 300)], dtype="int64")], [(1, 0)])
    assert error.value.args == (1, position)


def test_an_id_that_only_ends_windows_is_rejected():
    tokens = zipf_tokens(300, 50).astype(np.int64)
    tokens[104] = 51
    with pytest.raises(WrongIdError) as error:
        partitioned(Layout(50, 5), [chunk(tokens, [(0, 101, 300)], dtype="int64")], [(1, 0)])
    assert error.value.args == (0, 104)


def test_a_layout_that_does_not_fit_is_rejected():
    with pytest.raises(ValueError, match="do not fit into a partition's records"):
        cuda.Partition(cuda.Layout(2**32, 3, 2), 3, 3, 1000)
