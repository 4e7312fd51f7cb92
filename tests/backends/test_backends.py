"""Every backend, against the oracle and against the other backends."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from corpora import CASES, Corpus, chunk, documents, zipf_tokens
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracles import (
    check_joint_spectra,
    check_spectra,
    check_table,
    key_range,
    mask_pairs,
    per_label,
    rows_of,
    windows,
)

from collapse_stats.backends.base import Backend
from collapse_stats.backends.selection import backends, select
from collapse_stats.errors import LayoutMismatchError
from collapse_stats.ngrams.chunk import Chunk
from collapse_stats.ngrams.layout import Layout
from collapse_stats.ngrams.spectrum import Masks
from collapse_stats.ngrams.table import NgramTable


@pytest.fixture(params=CASES)
def corpus(request: pytest.FixtureRequest) -> Corpus:
    return CASES[request.param]()


def masks_of(backend: Backend, layout: Layout) -> list[Masks]:
    """Return pairs of masks of every kind; fewer for the emulated GPU, which is slow."""
    return mask_pairs(layout.labels)[: 2 if backend.name == "cuda" else None]


def test_count(backend: Backend, corpus: Corpus) -> None:
    layout, chunks = corpus
    check_table(backend.count(chunks, layout), layout, chunks)


def test_spectra_of_chunks_and_of_a_table(backend: Backend, corpus: Corpus) -> None:
    layout, chunks = corpus
    masks = masks_of(backend, layout)
    check_spectra(
        backend.spectra(chunks, layout, masks), layout.max_order, layout.labels, chunks, masks
    )
    table = backend.count(chunks, layout)
    check_spectra(
        backend.joint_spectra([[table]], masks), layout.max_order, layout.labels, chunks, masks
    )


def test_tables_of_stretches_concatenate_to_the_whole(backend: Backend, corpus: Corpus) -> None:
    layout, chunks = corpus
    whole = backend.count(chunks, layout)
    cuts = sorted({0, 1, layout.key_ranges // 3, layout.key_ranges - 1, layout.key_ranges})
    stretches = list(itertools.pairwise(cuts))
    tables = [backend.count(chunks, layout, stretch) for stretch in stretches]
    assert NgramTable.concatenate(layout, tables) == whole
    assert len(backend.count(chunks, layout, (cuts[1], cuts[1]))) == 0

    for chosen in (slice(None), slice(0, 1), slice(1, -1)):
        if stretches[chosen]:
            counted = backend.count_in_stretches(chunks, layout, stretches[chosen])
            assert list(counted) == tables[chosen]

    distinct = {window for window, _ in windows(chunks, layout.max_order)}
    key_ranges = [key_range(window, layout.vocab_size, layout.max_order) for window in distinct]
    for table, (first, last) in zip(tables, stretches, strict=True):
        assert len(table) == sum(first <= number < last for number in key_ranges)


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
    tables = [backend.count([part], layout) for part in other]
    merged = backend.merge([backend.count(chunks, layout), NgramTable.empty(layout), *tables])
    check_table(merged, layout, [*chunks, *other])


@pytest.mark.parametrize("labels", [(1, 1), (2, 2), (1, 2), (2, 1)])
def test_joint_spectra_of_two_tables(
    backend: Backend, corpus: Corpus, labels: tuple[int, int]
) -> None:
    layout = replace(corpus[0], labels=labels[0])
    other_layout = replace(layout, labels=labels[1])
    chunks = [replace(part, label=part.label % np.uint8(labels[0])) for part in corpus[1]]
    tokens = zipf_tokens(400, min(layout.vocab_size, 60), seed=5)
    other = [documents(other_layout, tokens, 12, seed=6)]
    check_joint_spectra(backend, (layout, chunks), (other_layout, other))


def test_every_backend_gives_the_same_bytes(backend: Backend, corpus: Corpus) -> None:
    layout, chunks = corpus
    table, reference = (each.count(chunks, layout) for each in (backend, select("numpy")))
    for mine, other in ((table.keys, reference.keys), (table.counts, reference.counts)):
        assert mine.dtype == other.dtype
        assert mine.shape == other.shape
        assert mine.tobytes() == other.tobytes()


def test_occurrences_are_the_windows_long_enough(backend: Backend, corpus: Corpus) -> None:
    layout, chunks = corpus
    every = (1 << layout.labels) - 1
    joint_spectra = backend.spectra(chunks, layout, [(every, 0)])
    for order in range(1, layout.max_order + 1):
        long_enough = sum(
            np.clip(part.limit - order + 1 - part.start, 0, part.stop - part.start).sum()
            for part in chunks
        )
        for spectra in (joint_spectra.ngrams, joint_spectra.contexts):
            assert spectra[order][every, 0].first.occurrences == long_enough


@pytest.mark.parametrize("size", [31, 32, 33, 4095, 4096, 4097])
def test_sizes_around_blocks(backend: Backend, size: int) -> None:
    layout = Layout(100, 5)
    chunks = [chunk(zipf_tokens(size, 100), [(0, size)])]
    check_table(backend.count(chunks, layout), layout, chunks)


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
        check_table(backend.count([replace(expected, tokens=same)], layout), layout, [expected])


def test_a_hundred_thousand_tiny_documents(backend: Backend) -> None:
    layout = Layout(1000, 4, 2)
    tokens = zipf_tokens(300_000, 1000)
    cuts = np.arange(0, 300_001, 3)
    label = (np.arange(100_000) % 2).astype(np.uint8)
    chunks = [Chunk.of_documents(tokens, cuts[:-1], cuts[1:], label)]
    table = backend.count(chunks, layout)
    expected = per_label(windows(chunks, 4), 2)
    assert len(table) == len(expected)
    assert table.counts.sum(axis=1).tolist() == [150_000, 150_000]
    masks = [(1, 2)]
    check_spectra(
        backend.spectra(chunks, layout, masks), layout.max_order, layout.labels, chunks, masks
    )


def test_one_token_repeated_millions_of_times(backend: Backend) -> None:
    number = 10_000_000 if backend.name == "native" else 1_000_000
    tokens = np.zeros(number, dtype=np.uint16)
    chunks = [chunk(tokens, [(0, number)], dtype="uint16")]
    joint_spectra = backend.spectra(chunks, Layout(50_000, 5), [(1, 0)])
    for order in range(1, 6):
        assert rows_of(joint_spectra.ngrams[order][1, 0]) == [(number - order + 1, 0, 1)]


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
        tables = [NgramTable.empty(layout), NgramTable.empty(other)]
        for call in (
            lambda tables=tables: backend.merge(tables),
            lambda tables=tables: backend.joint_spectra([tables], [(1, 2)]),
            lambda tables=tables: backend.joint_spectra([[table] for table in tables], [(1, 0)]),
        ):
            with pytest.raises(LayoutMismatchError, match="expected a table of Layout"):
                call()


def test_no_tables_are_an_error(backend: Backend) -> None:
    with pytest.raises(ValueError, match="merge needs at least one table, got none"):
        backend.merge([])
    with pytest.raises(ValueError, match="at least one stretch of key ranges, got none"):
        backend.joint_spectra([], [(1, 0)])


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


@settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # the fixture has no state
)
@given(random_corpus=corpora(), data=st.data())
def test_chunking_and_merge_order_change_nothing(
    backend: Backend, random_corpus: Corpus, data: st.DataObject
) -> None:
    layout, chunks = random_corpus
    if backend.name == "native":
        backend = select("native", threads=data.draw(st.integers(1, 8)))
    masks = masks_of(backend, layout)
    table = backend.count(chunks, layout)
    check_table(table, layout, chunks)
    check_spectra(
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
    assert backend.count(pieces, layout) == table
    tables = [backend.count([piece], layout) for piece in pieces]
    assert backend.merge([NgramTable.empty(layout), *tables]) == table
    cut = data.draw(st.integers(0, layout.key_ranges))
    halves = [backend.count(pieces, layout, part) for part in ((0, cut), (cut, layout.key_ranges))]
    assert NgramTable.concatenate(layout, halves) == table


def test_a_build_without_cuda_names_the_remedy() -> None:
    from collapse_stats import _cuda

    if "built without CUDA" not in backends()[0].detail:
        pytest.skip(f"built with CUDA: {backends()[0].detail}")
    steps = (_cuda.gpus, _cuda.current_gpu, _cuda.architectures, _cuda.check_device)
    for step in (*steps, lambda: _cuda.plane_words(3)):
        with pytest.raises(RuntimeError, match="reinstall with COLLAPSE_CUDA=ON and nvcc on the P"):
            step()
