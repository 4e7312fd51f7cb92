"""What only the native backend promises: threads, pieces, and errors of the compiled module."""

import os
from dataclasses import replace

import numpy as np
import pytest
from corpora import chunk, documents, zipf_tokens
from oracles import check_joint_spectra, check_run, rows_of

from collapse_stats.backends import select
from collapse_stats.chunk import Chunk
from collapse_stats.keys import Layout
from collapse_stats.run import Run

if os.environ.get("COLLAPSE_STATS_PURE"):
    pytest.skip("COLLAPSE_STATS_PURE is set: no compiled module", allow_module_level=True)

from collapse_stats._native import Counter


def test_joins_runs_of_four_labels() -> None:
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
def test_pieces_and_threads_change_nothing(threads: int, piece_windows: int) -> None:
    layout = Layout(20, 5, 2)
    part = documents(layout, zipf_tokens(3000, 20), 40)
    counter = native_counter(layout, threads, piece_windows)
    add(counter, part)
    check_run(Run(layout, *counter.run()), layout, [part])


def test_counter_is_empty_after_a_result() -> None:
    layout = Layout(20, 2)
    part = chunk([1, 2, 3], [(0, 3)])
    counter = native_counter(layout)
    for _ in range(2):
        add(counter, part)
        check_run(Run(layout, *counter.run()), layout, [part])
        add(counter, part)
        ngrams, _ = counter.tables([(1, 0)])
        assert [column.tolist() for column in ngrams[1][0]] == [[1], [0], [3]]


def test_takes_in_nothing_of_a_bad_chunk() -> None:
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
def test_refuses_spans_outside_the_tokens(
    spans: list[tuple[int, ...]], labels: list[int], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        add(native_counter(Layout(20, 2, 2)), chunk([1, 2, 3], spans, labels))


def test_refuses_arrays_of_different_lengths() -> None:
    part = chunk([1, 2, 3], [(0, 1), (1, 2)])
    with pytest.raises(ValueError, match="one entry per span each, got 2, 2, 2 and 1"):
        add(native_counter(Layout(20, 2)), replace(part, label=part.label[:1]))


@pytest.mark.parametrize("dtype", ["float64", "bool", "complex64", "U1"])
def test_refuses_tokens_that_are_not_integers(dtype: str) -> None:
    with pytest.raises(TypeError, match="tokens must be integers"):
        add(native_counter(Layout(20, 2)), chunk([1, 0, 1], [(0, 3)], dtype=dtype))


def test_refuses_a_run_that_is_not_ascending() -> None:
    backend = select("native")
    layout = Layout(20, 2)
    for keys in ([[5, 3]], [[5, 5]]):
        run = Run(layout, np.array(keys, dtype=np.uint64), np.ones((1, 2), dtype=np.uint64))
        with pytest.raises(ValueError, match="strictly ascending"):
            backend.merge([run])
        with pytest.raises(ValueError, match="strictly ascending"):
            backend.spectra(run, layout, [(1, 0)])


def test_refuses_masks_of_labels_that_are_not_there() -> None:
    with pytest.raises(ValueError, match=r"masks must be below 2\*\*labels = 4, got \(4, 0\)"):
        select("native").spectra([], Layout(20, 2, 2), [(4, 0)])


def test_counts_above_32_bits_are_kept() -> None:
    layout = Layout(20, 2)
    run = select("native").count([chunk([1, 2], [(0, 2)])], layout)
    large = Run(layout, run.keys, run.counts * np.uint64(2**40))
    tables = select("native").spectra(select("native").merge([large, large]), layout, [(1, 0)])
    assert rows_of(tables.ngrams[1][1, 0]) == [(2**41, 0, 2)]
    assert rows_of(tables.ngrams[2][1, 0]) == [(2**41, 0, 1)]
