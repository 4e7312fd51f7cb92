"""The cuda backend with little memory, and its special cases, on an emulated GPU."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from corpora import CASES, Corpus, chunk, documents, zipf_tokens
from emulation import NumpyMemory, emulated_backend
from oracles import check_joint_spectra, check_spectra, check_table, rows_of

from collapse_stats.backends.cuda import records as _cuda_records
from collapse_stats.backends.cuda.device import Gpu
from collapse_stats.backends.cuda.pieces import pieces
from collapse_stats.backends.cuda.tally import DeviceTally
from collapse_stats.ngrams.chunk import Chunk
from collapse_stats.ngrams.layout import Layout

SMALL = [case for case in CASES if case != "order_of_128"]
MEMORY = [60_000, 300_000]  # bytes: some corpora need many passes, some only a few


@pytest.fixture(params=SMALL)
def corpus(request: pytest.FixtureRequest) -> Corpus:
    return CASES[request.param]()


@pytest.mark.parametrize("memory", MEMORY)
def test_tables_that_do_not_fit_at_once(corpus: Corpus, memory: int) -> None:
    layout, chunks = corpus
    backend = emulated_backend(memory)
    check_table(backend.count(chunks, layout), layout, chunks)
    part = backend.count(chunks, layout, (layout.key_ranges // 3, layout.key_ranges))
    assert part == emulated_backend().count(chunks, layout).slice(
        layout.key_ranges // 3, layout.key_ranges
    )


def test_spectra_by_sorting(corpus: Corpus) -> None:
    layout, chunks = corpus
    masks = [(1, (1 << layout.labels) - 2)]
    joint_spectra = emulated_backend(by_sorting=True).spectra(chunks, layout, masks)
    check_spectra(joint_spectra, layout.max_order, layout.labels, chunks, masks)


@pytest.mark.parametrize("memory", MEMORY)
def test_spectra_that_do_not_fit_at_once(corpus: Corpus, memory: int) -> None:
    layout, chunks = corpus
    masks = [(1, (1 << layout.labels) - 2)]
    joint_spectra = emulated_backend(memory).spectra(chunks, layout, masks)
    check_spectra(joint_spectra, layout.max_order, layout.labels, chunks, masks)


@pytest.mark.parametrize("size", [10, 39])
@pytest.mark.parametrize(
    "layout", [Layout(2**16 - 1, 8), Layout(2**18 - 1, 7, 4), Layout(2**21 - 1, 6, 4)], ids=str
)
def test_few_windows_whose_records_take_128_bits(layout: Layout, size: int) -> None:
    tokens = np.random.default_rng(size).integers(0, layout.vocab_size, size).astype(np.uint32)
    chunks = [documents(layout, tokens, 2)]
    masks = [(1, 0)]
    joint_spectra = emulated_backend().spectra(chunks, layout, masks)
    check_spectra(joint_spectra, layout.max_order, layout.labels, chunks, masks)


def test_room_for_what_is_tallied_is_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tally already has room for windows that are left to be counted by sorting."""
    layout = Layout(50_000, 5)
    chunks = [chunk(np.zeros(20_000), [(0, 20_000)], dtype="uint16")]
    reserve, windows = DeviceTally.reserve, []
    monkeypatch.setattr(
        DeviceTally, "reserve", lambda tally, n: (windows.append(n), reserve(tally, n))[1]
    )
    emulated_backend().spectra(chunks, layout, [(1, 0)])
    assert sum(windows) == 20_000


def test_records_that_do_not_fit_beside_their_tokens() -> None:
    layout = Layout(300, 3, 2)
    chunks = [documents(layout, zipf_tokens(20_000, 300).astype(np.uint16), 30)]
    masks = [(1, 2)]
    taken = []
    backend = emulated_backend(220_000)
    sorted_records = _cuda_records._sort

    def noted(*arguments, **options):
        taken.append(arguments[3])
        return sorted_records(*arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_cuda_records, "_sort", noted)
        joint_spectra = backend.spectra(chunks, layout, masks)
    check_spectra(joint_spectra, layout.max_order, layout.labels, chunks, masks)
    assert len(taken) > 4  # stretches of key ranges, of tokens that stay on the GPU
    assert sum(taken) >= 20_000


def test_a_key_range_that_does_not_fit_is_counted_into_rows() -> None:
    number = 20_000
    chunks = [chunk(np.zeros(number), [(0, number)], dtype="uint16")]
    joint_spectra = emulated_backend(200_000).spectra(chunks, Layout(50_000, 5), [(1, 0)])
    for order in range(1, 6):
        assert rows_of(joint_spectra.ngrams[order][1, 0]) == [(number - order + 1, 0, 1)]


def test_tables_larger_than_the_gpu_are_merged_and_joined() -> None:
    layout = Layout(2000, 4, 2)
    sets = [[documents(layout, zipf_tokens(3000, 2000, seed), 9, seed)] for seed in range(3)]
    backend, small = emulated_backend(), emulated_backend(100_000)
    tables = [backend.count(chunks, layout) for chunks in sets]
    assert 4 * sum(table.keys.nbytes + table.counts.nbytes for table in tables) > 100_000
    check_table(small.merge(tables), layout, [part for chunks in sets for part in chunks])
    check_joint_spectra(small, (layout, sets[0]), (layout, sets[1]))


def test_a_key_range_of_rows_that_does_not_fit_says_what_to_do() -> None:
    layout = Layout(2, 1)
    backend = emulated_backend()
    table = backend.count([chunk([0, 1, 1], [(0, 3)])], layout)
    with pytest.raises(MemoryError, match="may use 10 bytes: free device memory"):
        emulated_backend(10).merge([table, table])


@pytest.mark.parametrize(
    ("spans", "words"),
    [
        ([(0, 5), (4, 8)], "must not overlap, got 0 to 5 and 4 to 8"),
        ([(4, 8), (0, 5)], "must not overlap"),
        ([(0, 5, 9), (5, 8, 10)], "one limit, got 9 for the one from 0 and 10 for the next"),
        ([(0, 5, 11)], "span 0 must have 0 <= start <= stop <= limit <= 10, got 0, 5, 11"),
    ],
)
def test_spans_that_break_the_rules(spans: list[tuple[int, ...]], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        emulated_backend().count([chunk(range(10), spans)], Layout(10, 3))


def test_positions_of_wrong_ids_are_those_of_the_chunk() -> None:
    good = chunk(range(50), [(0, 50)])
    tokens = np.arange(1000) % 50
    tokens[777] = 60
    bad = chunk(tokens, [(0, 500), (500, 1000)])
    for memory in (None, 40_000):  # one piece, and several
        backend = emulated_backend(memory)
        with pytest.raises(ValueError, match="token id 60 at position 777 is outside"):
            backend.spectra([good, bad], Layout(50, 3), [(1, 0)])


def test_pieces_hold_every_window_once() -> None:
    layout = Layout(50, 4, 2)
    parts = [documents(layout, zipf_tokens(size, 50, size), 7, size) for size in (0, 3, 90, 200)]
    parts += [replace(parts[2], tokens=parts[2].tokens.astype(np.uint8))]
    whole = [(w, p.label[s]) for p in parts for s, w in windows_of(p)]
    for most in (1, 7, 64, 1000):
        cut = list(pieces(parts, layout, most))
        chunks = [Chunk(np.concatenate(p.parts), p.start, p.stop, p.limit, p.label) for p in cut]
        assert sorted(whole) == sorted((w, c.label[s]) for c in chunks for s, w in windows_of(c))
        lengths = sum(piece.windows(layout) for piece in cut)
        expected = np.zeros((4, 2), dtype=int)
        for window, label in whole:
            expected[: len(window), label] += 1
        assert (lengths == expected).all()
        for piece, c in zip(cut, chunks, strict=True):
            assert piece.size <= most + 3 or len(piece.parts) == 1
            at = int(np.argmax(c.tokens)) if len(c.tokens) else 0
            assert any(
                piece.position(at) < len(p.tokens) and p.tokens[piece.position(at)] == c.tokens[at]
                for p in parts
            )


def windows_of(part: Chunk) -> list[tuple[int, tuple[int, ...]]]:
    return [
        (span, tuple(part.tokens[i : min(i + 4, part.limit[span])].tolist()))
        for span in range(len(part.start))
        for i in range(part.start[span], part.stop[span])
    ]


def test_many_small_chunks_are_brought_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    layout = Layout(100, 3)
    chunks = [chunk(zipf_tokens(20, 100, seed), [(0, 20)]) for seed in range(200)]
    brought = []
    upload = NumpyMemory.upload
    monkeypatch.setattr(
        NumpyMemory, "upload", lambda self, parts: brought.append(1) or upload(self, parts)
    )
    table = emulated_backend().count(chunks, layout)
    check_table(table, layout, chunks)
    assert len(brought) < 20


def test_lost_windows_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    backend = emulated_backend(by_sorting=True)
    core = backend._core

    class Losing:
        def __getattr__(self, name):
            return getattr(core, name)

        def tally_records(self, stream, records, number, *others):
            core.tally_records(stream, records, number - 1, *others)

    backend._core = Losing()
    with pytest.raises(RuntimeError, match="counted 99 1-grams and there are 100: please report"):
        backend.spectra([chunk(range(100), [(0, 100)])], Layout(100, 3), [(1, 0)])


def test_more_pairs_of_masks_than_a_tally_takes_say_what_to_do() -> None:
    masks = list(itertools.product(range(5), range(5)))
    with pytest.raises(ValueError, match="1 to 16 pairs, got 25: make several calls"):
        emulated_backend().spectra([chunk([1], [(0, 1)])], Layout(30, 2, 4), masks)


def test_memory_is_returned() -> None:
    """An operation keeps no memory after it ends."""
    import gc
    import weakref

    alive: list[weakref.ref[np.ndarray]] = []

    class Watched(NumpyMemory):
        def empty(self, shape, dtype=np.uint8):
            array = super().empty(shape, dtype)
            alive.append(weakref.ref(array))
            return array

    backend = emulated_backend()
    backend._memory = Watched()
    with backend._operation() as gpu:
        assert isinstance(gpu, Gpu)
    layout = Layout(100, 3, 2)
    chunks = [documents(layout, zipf_tokens(500, 100), 9)]
    backend.spectra(chunks, layout, [(1, 2)])
    backend.count(chunks, layout)
    gc.collect()
    assert len(alive) > 5
    assert not [reference for reference in alive if reference() is not None]
