"""Every backend against the oracle, and against each other."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import context_counts, joint_spectrum, key, ngram_counts, per_label, shard, windows

from collapse_stats._native import Counter
from collapse_stats.backends import Backend, select
from collapse_stats.chunk import Chunk
from collapse_stats.errors import LayoutMismatchError
from collapse_stats.keys import Layout
from collapse_stats.run import Run
from collapse_stats.spectrum import JointSpectrum, Masks, Tables

Corpus = tuple[Layout, list[Chunk]]
CASES: dict[str, Callable[[], Corpus]] = {}


def case(build: Callable[[], Corpus]) -> Callable[[], Corpus]:
    """Adds a corpus that every backend must count."""
    CASES[build.__name__] = build
    return build


def chunk(
    tokens: Sequence[int] | np.ndarray,
    bounds: Sequence[tuple[int, ...]],
    labels: Sequence[int] | None = None,
    dtype: str = "uint32",
) -> Chunk:
    """Chunk with spans (start, stop) or (start, stop, limit)."""
    start, stop, limit = (
        np.array([span[min(i, len(span) - 1)] for span in bounds], dtype=np.int64) for i in range(3)
    )
    label = np.zeros(len(bounds)) if labels is None else np.array(labels)
    return Chunk(np.asarray(tokens, dtype=dtype), start, stop, limit, label.astype(np.uint8))


def zipf_tokens(size: int, vocab_size: int, seed: int = 0) -> np.ndarray:
    """Text-like tokens: a few frequent, many rare, the largest id among them."""
    tokens = np.random.default_rng(seed).zipf(1.3, size).clip(1, vocab_size).astype(np.uint64) - 1
    tokens[size // 2 : size // 2 + 1] = vocab_size - 1
    return tokens


def documents(layout: Layout, tokens: np.ndarray, number: int, seed: int = 1) -> Chunk:
    """Chunk of `number` documents of random lengths, some empty, with random labels."""
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
    layout = Layout(2**32, 2, 4)  # a mixed bigram of 66 bits and nothing below it
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
    layout = Layout(30, 1, 2)  # 5 bits: mixing splits them 3 to 2
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
    tokens[[0, 100, 101, 299]] = 2**31  # not ids, and in no document
    return Layout(50, 5, 2), [chunk(tokens, [(1, 100), (102, 200), (250, 299)], [0, 1, 1])]


@case
def spans_in_any_order() -> Corpus:
    return Layout(50, 3, 2), [chunk(zipf_tokens(300, 50), [(200, 300), (0, 150)], [0, 1])]


@case
def several_chunks() -> Corpus:
    layout = Layout(400, 4, 4)
    parts = [documents(layout, zipf_tokens(500, 400, seed), 20, seed) for seed in range(5)]
    return layout, [parts[0], chunk([], []), *parts[1:]]


@pytest.fixture(params=CASES)
def corpus(request: pytest.FixtureRequest) -> Corpus:
    return CASES[request.param]()


def mask_pairs(labels: int) -> list[Masks]:
    """Everything, one label against the others, the same twice, and nothing."""
    every = (1 << labels) - 1
    return [(every, 0), (1, every - 1), (every, 1), (0, every), (every, every), (0, 0)]


def check_run(run: Run, layout: Layout, chunks: list[Chunk]) -> None:
    """Rows, their order and their representation are exactly what the oracle says."""
    expected = per_label(windows(chunks, layout.max_order), layout.labels)
    rows = sorted((key(w, layout.vocab_size, layout.max_order), n) for w, n in expected.items())
    assert run.layout == layout
    assert run.keys.dtype == run.counts.dtype == np.uint64
    assert run.keys.flags.c_contiguous
    assert run.counts.flags.c_contiguous
    assert run.keys.shape == (layout.words, len(rows))
    assert run.counts.shape == (layout.labels, len(rows))
    words = [list(column) for column in zip(*run.keys.tolist(), strict=True)]
    assert [sum(w << 64 * i for i, w in enumerate(column[::-1])) for column in words] == [
        row[0] for row in rows
    ]
    assert list(zip(*run.counts.tolist(), strict=True)) == [row[1] for row in rows]


def check_tables(
    tables: Tables, max_order: int, labels: int, chunks: list[Chunk], masks: Sequence[Masks]
) -> None:
    """Spectra of every order and pair of masks are what the oracle says."""
    orders = list(range(1, max_order + 1))
    assert sorted(tables.ngrams) == sorted(tables.contexts) == orders
    for order in orders:
        grams = ngram_counts(chunks, order, labels)
        contexts = context_counts(chunks, order, labels)
        assert set(tables.ngrams[order]) == set(tables.contexts[order]) == set(masks)
        for pair in masks:
            assert rows_of(tables.ngrams[order][pair]) == joint_spectrum(grams, pair)
            assert rows_of(tables.contexts[order][pair]) == joint_spectrum(contexts, pair)


def rows_of(spectrum: JointSpectrum) -> list[tuple[int, int, int]]:
    columns = (spectrum.a, spectrum.b, spectrum.types)
    assert all(column.dtype == np.uint64 for column in columns)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def test_count(backend: Backend, corpus: Corpus) -> None:
    layout, chunks = corpus
    check_run(backend.count(chunks, layout), layout, chunks)


def test_spectra_of_chunks_and_of_a_run(backend: Backend, corpus: Corpus) -> None:
    layout, chunks = corpus
    masks = mask_pairs(layout.labels)
    check_tables(
        backend.spectra(chunks, layout, masks), layout.max_order, layout.labels, chunks, masks
    )
    run = backend.count(chunks, layout)
    check_tables(
        backend.spectra(run, layout, masks), layout.max_order, layout.labels, chunks, masks
    )


def test_shard_ranges_concatenate_to_the_whole_run(backend: Backend, corpus: Corpus) -> None:
    layout, chunks = corpus
    whole = backend.count(chunks, layout)
    cuts = sorted({0, 1, layout.shards // 3, layout.shards - 1, layout.shards})
    parts = [backend.count(chunks, layout, between) for between in itertools.pairwise(cuts)]
    assert Run.concatenate(layout, parts) == whole
    assert len(backend.count(chunks, layout, (cuts[1], cuts[1]))) == 0

    distinct = {window for window, _ in windows(chunks, layout.max_order)}
    shards = [shard(window, layout.vocab_size, layout.max_order) for window in distinct]
    for part, (first, last) in zip(parts, itertools.pairwise(cuts), strict=True):
        assert len(part) == sum(first <= number < last for number in shards)


def test_merge(backend: Backend, corpus: Corpus) -> None:
    layout, chunks = corpus
    other = CASES["several_chunks"]()[1]
    other = [
        replace(
            part,
            tokens=part.tokens.astype(np.uint64) % np.uint64(layout.vocab_size),
            label=part.label % layout.labels,
        )
        for part in other
    ]
    runs = [backend.count([part], layout) for part in other]
    merged = backend.merge([backend.count(chunks, layout), Run.empty(layout), *runs])
    check_run(merged, layout, [*chunks, *other])


@pytest.mark.parametrize("labels", [(1, 1), (2, 2), (1, 2), (2, 1)])
def test_joint_spectra_of_two_runs(
    backend: Backend, corpus: Corpus, labels: tuple[int, int]
) -> None:
    layout = replace(corpus[0], labels=labels[0])
    other_layout = replace(layout, labels=labels[1])
    chunks = [replace(part, label=part.label % np.uint8(labels[0])) for part in corpus[1]]
    tokens = zipf_tokens(400, min(layout.vocab_size, 60), seed=5)
    other = [documents(other_layout, tokens, 12, seed=6)]
    check_joint_spectra(backend, (layout, chunks), (other_layout, other))


def check_joint_spectra(backend: Backend, first: Corpus, second: Corpus) -> None:
    """Joint spectra of two runs are those of one corpus whose second half has labels of its own."""
    layout, labels = first[0], first[0].labels
    both = first[1] + [replace(part, label=part.label + np.uint8(labels)) for part in second[1]]
    total = labels + second[0].labels
    every, every_first = (1 << total) - 1, (1 << labels) - 1
    masks = [(every_first, every - every_first), (1, 1 << labels), (every, 0)]
    runs = [backend.count(chunks, layout) for layout, chunks in (first, second)]
    tables = backend.joint_spectra(*runs, masks)
    check_tables(tables, layout.max_order, total, both, masks)


def test_every_backend_gives_the_same_bytes(corpus: Corpus) -> None:
    layout, chunks = corpus
    native, reference = (select(name).count(chunks, layout) for name in ("native", "numpy"))
    for mine, other in ((native.keys, reference.keys), (native.counts, reference.counts)):
        assert mine.dtype == other.dtype
        assert mine.shape == other.shape
        assert mine.tobytes() == other.tobytes()


def test_occurrences_are_the_windows_long_enough(backend: Backend, corpus: Corpus) -> None:
    layout, chunks = corpus
    every = (1 << layout.labels) - 1
    tables = backend.spectra(chunks, layout, [(every, 0)])
    for order in range(1, layout.max_order + 1):
        long_enough = sum(
            np.clip(part.limit - order + 1 - part.start, 0, part.stop - part.start).sum()
            for part in chunks
        )
        for spectra in (tables.ngrams, tables.contexts):
            assert spectra[order][every, 0].first.occurrences == long_enough


@pytest.mark.parametrize("size", [31, 32, 33, 4095, 4096, 4097])
def test_sizes_around_blocks(backend: Backend, size: int) -> None:
    layout = Layout(100, 5)
    chunks = [chunk(zipf_tokens(size, 100), [(0, size)])]
    check_run(backend.count(chunks, layout), layout, chunks)


@pytest.mark.parametrize("dtype", [f"{sign}int{bits}" for sign in "u " for bits in (8, 16, 32, 64)])
def test_integer_types(backend: Backend, dtype: str) -> None:
    dtype = dtype.strip()
    layout = Layout(128, 3, 2)
    expected = documents(layout, zipf_tokens(1000, 128), 20)
    tokens = expected.tokens.astype(dtype)
    swapped = tokens.astype(tokens.dtype.newbyteorder())
    strided = np.repeat(tokens, 3)[::3]
    backwards = tokens[::-1].copy()[::-1]
    for same in (tokens, swapped, strided, backwards):
        check_run(backend.count([replace(expected, tokens=same)], layout), layout, [expected])


def test_a_hundred_thousand_tiny_documents(backend: Backend) -> None:
    layout = Layout(1000, 4, 2)
    tokens = zipf_tokens(300_000, 1000)
    cuts = np.arange(0, 300_001, 3)
    label = (np.arange(100_000) % 2).astype(np.uint8)
    chunks = [Chunk.of_documents(tokens, cuts[:-1], cuts[1:], label)]
    run = backend.count(chunks, layout)
    expected = per_label(windows(chunks, 4), 2)
    assert len(run) == len(expected)
    assert run.counts.sum(axis=1).tolist() == [150_000, 150_000]
    masks = [(1, 2)]
    check_tables(
        backend.spectra(chunks, layout, masks), layout.max_order, layout.labels, chunks, masks
    )


def test_one_token_repeated_millions_of_times(backend: Backend) -> None:
    number = 10_000_000 if backend.name == "native" else 1_000_000
    tokens = np.zeros(number, dtype=np.uint16)
    chunks = [chunk(tokens, [(0, number)], dtype="uint16")]
    tables = backend.spectra(chunks, Layout(50_000, 5), [(1, 0)])
    for order in range(1, 6):
        assert rows_of(tables.ngrams[order][1, 0]) == [(number - order + 1, 0, 1)]


@pytest.mark.parametrize(("token", "shown"), [(300, "300"), (2**40, "1099511627776"), (-1, "-1")])
def test_an_id_outside_the_vocabulary_is_named(backend: Backend, token: int, shown: str) -> None:
    tokens = np.arange(100)
    tokens[57] = token
    bad = chunk(tokens, [(0, 50), (50, 100)], dtype="int64")
    with pytest.raises(
        ValueError, match=f"token id {shown} at position 57 .* of 300: give the right"
    ):
        backend.count([bad], Layout(300, 3))
    with pytest.raises(ValueError, match=f"token id {shown} at position 57 "):
        backend.spectra([bad], Layout(300, 3), [(1, 0)])


def test_the_vocabulary_is_shown_with_thousands_separators(backend: Backend) -> None:
    with pytest.raises(ValueError, match=r"token id 2000000 at position 1 .* of 1,234,567: give"):
        backend.count([chunk([0, 2_000_000], [(0, 2)])], Layout(1_234_567, 2))


def test_an_id_only_windows_reach_into_is_checked(backend: Backend) -> None:
    reached = chunk([1, 2, 77, 1], [(0, 2, 4)])
    with pytest.raises(ValueError, match="token id 77 at position 2"):
        backend.count([reached], Layout(10, 3))


def test_layouts_must_match(backend: Backend) -> None:
    layout = Layout(10, 3)
    for other in (Layout(11, 3), Layout(10, 2)):
        with pytest.raises(LayoutMismatchError):
            backend.merge([Run.empty(layout), Run.empty(other)])
        with pytest.raises(LayoutMismatchError):
            backend.joint_spectra(Run.empty(layout), Run.empty(other), [(1, 2)])


@st.composite
def corpora(draw: st.DrawFn) -> Corpus:
    """Small corpora of any layout: documents cut into labelled blocks, in several chunks."""
    vocab_size = draw(st.sampled_from([1, 2, 3, 7, 300, 50_000, 200_000, 2**32]))
    largest = 128 // vocab_size.bit_length()
    layout = Layout(
        vocab_size, draw(st.integers(1, min(largest, 9))), draw(st.sampled_from([1, 2, 4]))
    )
    ids = st.integers(0, min(vocab_size - 1, 3)) | st.integers(0, vocab_size - 1)
    chunks = []
    for _ in range(draw(st.integers(0, 3))):
        tokens: list[int] = []
        spans: list[tuple[int, ...]] = []
        for document in draw(st.lists(st.lists(ids, max_size=20), max_size=6)):
            begin, end = len(tokens), len(tokens) + len(document)
            cuts = draw(st.lists(st.integers(begin, end), max_size=2))
            spans += [(*block, end) for block in itertools.pairwise(sorted([begin, *cuts, end]))]
            tokens += document
        labels = [draw(st.integers(0, layout.labels - 1)) for _ in spans]
        chunks.append(chunk(tokens, spans, labels))
    return layout, chunks


@settings(max_examples=80, deadline=None)
@given(corpora(), st.data())
@pytest.mark.parametrize("name", ["native", "numpy"])
def test_chunking_and_merge_order_change_nothing(
    name: str, corpus: Corpus, data: st.DataObject
) -> None:
    layout, chunks = corpus
    backend = select(name, threads=data.draw(st.integers(1, 8)))
    masks = mask_pairs(layout.labels)
    run = backend.count(chunks, layout)
    check_run(run, layout, chunks)
    check_tables(
        backend.spectra(chunks, layout, masks), layout.max_order, layout.labels, chunks, masks
    )

    pieces = [
        replace(part, start=part.start[i : i + n], stop=part.stop[i : i + n],
                limit=part.limit[i : i + n], label=part.label[i : i + n])
        for part in chunks
        for n in [data.draw(st.integers(1, 4))]
        for i in range(0, len(part.start), n)
    ]  # fmt: skip
    pieces = data.draw(st.permutations(pieces))
    assert backend.count(pieces, layout) == run
    runs = [backend.count([piece], layout) for piece in pieces]
    assert backend.merge([Run.empty(layout), *runs]) == run
    cut = data.draw(st.integers(0, layout.shards))
    halves = [backend.count(pieces, layout, part) for part in ((0, cut), (cut, layout.shards))]
    assert Run.concatenate(layout, halves) == run


def test_native_joins_runs_of_four_labels() -> None:
    layout = Layout(300, 4, 4)
    parts = [documents(layout, zipf_tokens(800, 300, seed), 30, seed) for seed in (3, 4)]
    check_joint_spectra(select("native"), (layout, parts[:1]), (layout, parts[1:]))


def native_counter(layout: Layout, threads: int = 1, piece_windows: int = 1 << 20) -> Counter:
    return Counter(
        layout.vocab_size, layout.max_order, layout.labels, threads, 0, layout.shards, piece_windows
    )


def add(counter: Counter, part: Chunk) -> None:
    counter.add(part.tokens, part.start, part.stop, part.limit, part.label)


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
@pytest.mark.parametrize("piece_windows", [1, 31, 299, 300, 301, 2999, 3000, 3001])
def test_native_pieces_and_threads_change_nothing(threads: int, piece_windows: int) -> None:
    layout = Layout(20, 5, 2)
    part = documents(layout, zipf_tokens(3000, 20), 40)
    counter = native_counter(layout, threads, piece_windows)
    add(counter, part)
    check_run(Run(layout, *counter.run()), layout, [part])


def test_native_counter_is_empty_after_a_result() -> None:
    layout = Layout(20, 2)
    part = chunk([1, 2, 3], [(0, 3)])
    counter = native_counter(layout)
    for _ in range(2):
        add(counter, part)
        check_run(Run(layout, *counter.run()), layout, [part])
        add(counter, part)
        ngrams, _ = counter.tables([(1, 0)])
        assert [column.tolist() for column in ngrams[1][0]] == [[1], [0], [3]]


def test_native_takes_in_nothing_of_a_bad_chunk() -> None:
    layout = Layout(20, 2)
    counter = native_counter(layout, threads=2, piece_windows=10)
    tokens = np.zeros(1000, dtype=np.uint8)
    tokens[[640, 800]] = 20
    with pytest.raises(ValueError, match="position 640"):  # the first one, whatever the timing
        add(counter, chunk(tokens, [(0, 1000)]))
    assert counter.run()[0].shape == (1, 0)


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
def test_native_refuses_spans_outside_the_tokens(
    spans: list[tuple[int, ...]], labels: list[int], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        add(native_counter(Layout(20, 2, 2)), chunk([1, 2, 3], spans, labels))


def test_native_refuses_arrays_of_different_lengths() -> None:
    part = chunk([1, 2, 3], [(0, 1), (1, 2)])
    with pytest.raises(ValueError, match="one entry per span each, got 2, 2, 2 and 1"):
        add(native_counter(Layout(20, 2)), replace(part, label=part.label[:1]))


@pytest.mark.parametrize("dtype", ["float64", "bool", "complex64", "U1"])
def test_native_refuses_tokens_that_are_not_integers(dtype: str) -> None:
    with pytest.raises(TypeError, match="tokens must be integers"):
        add(native_counter(Layout(20, 2)), chunk([1, 0, 1], [(0, 3)], dtype=dtype))


def test_native_refuses_a_run_that_is_not_ascending() -> None:
    backend = select("native")
    layout = Layout(20, 2)
    for keys in ([[5, 3]], [[5, 5]]):
        run = Run(layout, np.array(keys, dtype=np.uint64), np.ones((1, 2), dtype=np.uint64))
        with pytest.raises(ValueError, match="strictly ascending"):
            backend.merge([run])
        with pytest.raises(ValueError, match="strictly ascending"):
            backend.spectra(run, layout, [(1, 0)])


def test_native_refuses_masks_of_labels_that_are_not_there() -> None:
    with pytest.raises(ValueError, match=r"masks must be below 2\*\*labels = 4, got \(4, 0\)"):
        select("native").spectra([], Layout(20, 2, 2), [(4, 0)])


def test_native_counts_above_32_bits_are_kept() -> None:
    layout = Layout(20, 2)
    run = select("native").count([chunk([1, 2], [(0, 2)])], layout)
    large = Run(layout, run.keys, run.counts * np.uint64(2**40))
    tables = select("native").spectra(select("native").merge([large, large]), layout, [(1, 0)])
    assert rows_of(tables.ngrams[1][1, 0]) == [(2**41, 0, 2)]
    assert rows_of(tables.ngrams[2][1, 0]) == [(2**41, 0, 1)]
