"""Arrays that another thread writes to while the core reads them: an error or some count."""

import os
import random
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from watched import Watched

import collapse_stats as cs
from collapse_stats import _native
from collapse_stats.backends.native import NativeBackend
from collapse_stats.ngrams.chunk import Chunk
from collapse_stats.ngrams.layout import Layout
from collapse_stats.ngrams.spectrum import HALVES
from collapse_stats.ngrams.table import NgramTable

SOAK = os.environ.get("COLLAPSE_STATS_EXAMPLES") == "soak"
SECONDS = 60.0 if SOAK else 1.0  # of each test
TOKENS = 300_000


def while_changing(arrays: list[np.ndarray], work: Callable[[], Any], seconds: float) -> list[str]:
    """Do some work again and again while a thread writes noise into arrays; return the errors."""
    stop, errors = threading.Event(), set()
    noises = [
        np.random.default_rng(seed).integers(0, 256, array.nbytes, dtype=np.uint8).view(array.dtype)
        for seed, array in enumerate(arrays)
    ]
    wholes = [array.copy() for array in arrays]

    def write() -> None:
        draw = random.Random(0)
        while not stop.is_set():
            for array, noise, whole in zip(arrays, noises, wholes, strict=True):
                flat = array.reshape(-1)
                first = draw.randrange(flat.size)
                size = draw.choice([1, 100, flat.size])
                flat[first : first + size] = noise.reshape(-1)[first : first + size]
                flat[first : first + size] = whole.reshape(-1)[first : first + size]

    writer = threading.Thread(target=write)
    writer.start()
    timer = threading.Timer(seconds, stop.set)
    timer.start()
    try:
        while not stop.is_set():
            try:
                work()
            except (ValueError, cs.CollapseStatsError) as error:
                errors.add(str(error)[:60])
    finally:
        stop.set()
        writer.join()
        timer.cancel()
    return sorted(errors)


def spans(documents: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    edges = np.linspace(0, TOKENS, documents + 1).astype(np.int64)
    return edges[:-1].copy(), edges[1:].copy(), np.arange(documents, dtype=np.uint8) % 2


def count(dtype: str, vocab_size: int, max_order: int, changes: str, seconds: float) -> list[str]:
    """Count an array whose ids or bounds change."""
    ids = np.random.default_rng(0).integers(0, min(vocab_size, 127), TOKENS).astype(dtype)
    start, stop, label = spans(500)
    layout, backend = Layout(vocab_size, max_order, 2), NativeBackend(2)
    chunk = Chunk(ids, start, stop, stop, label)
    changed = {"ids": [ids], "bounds": [start, stop, label], "all": [ids, start, stop, label]}

    def work() -> None:
        table = backend.count([chunk], layout)
        backend.joint_spectra([[table]], HALVES)
        backend.spectra([chunk], layout, HALVES)

    return while_changing(changed[changes], work, seconds)


def join(words: int, seconds: float) -> list[str]:
    """Merge and join tables whose keys change."""
    layout = Layout(50_000 if words == 1 else 2**20, 4 if words == 1 else 5, 1)
    backend = NativeBackend(2)
    tables = []
    for seed in range(3):
        ids = np.random.default_rng(seed).integers(0, 300, TOKENS // 3).astype(np.uint32)
        chunk = Chunk.of_documents(ids, np.array([0]), np.array([len(ids)]))
        table = backend.count([chunk], layout)
        tables.append(NgramTable(layout, table.keys.copy(), table.counts.copy()))

    def work() -> None:
        backend.merge(tables)
        masks = [(1, 2)]
        scan = _native.JointScan(layout.vocab_size, layout.max_order, [1, 1], masks, 2)
        scan.add([(table.keys, table.counts) for table in tables[:2]])
        scan.spectra()
        _native.unpack(layout.vocab_size, layout.max_order, tables[0].keys)

    return while_changing([array for t in tables for array in (t.keys, t.counts)], work, seconds)


def public(seconds: float) -> list[str]:
    """What callers use: ids, lengths, masks and log-probabilities that change."""
    ids = np.random.default_rng(0).integers(0, 100, TOKENS)
    lengths = np.full(1000, TOKENS // 1000)
    mask = np.ones(TOKENS, dtype=np.uint8)
    logprobs = np.full(TOKENS, -1.0, dtype=np.float32)

    def work() -> None:
        cs.spectra(ids, vocab_size=1000, max_order=3, lengths=lengths)
        counter = cs.NgramCounter(1000, 3)
        counter.update(ids, lengths=lengths, mask=mask)
        counter.profile()
        monitor = cs.CollapseMonitor(1000, 2)
        monitor.update(ids, mask, lengths=lengths, logprobs=logprobs)
        monitor.compute()
        cs.metrics.mattr(ids, lengths, window=50)

    return while_changing([ids, lengths, mask, logprobs], work, seconds)


COUNTED = [
    ("u2", 50_257, 5),
    ("u2", 65_536, 2),
    ("u4", 100_000, 5),
    ("i8", 300_000, 3),
    ("i4", 2**31, 4),
    ("i1", 200, 3),
    ("u2", 50_257, 1),
    ("i4", 1_000, 1),
]


@pytest.mark.parametrize("changes", ["ids", "bounds", "all"])
@pytest.mark.parametrize(("dtype", "vocab_size", "max_order"), COUNTED)
def test_counting_an_array_that_changes(
    dtype: str, vocab_size: int, max_order: int, changes: str
) -> None:
    with Watched() as server:
        outcome = server.call(count, dtype, vocab_size, max_order, changes, SECONDS)
    assert not outcome.fault


@pytest.mark.parametrize("words", [1, 2])
def test_joining_tables_that_change(words: int) -> None:
    with Watched() as server:
        assert not server.call(join, words, SECONDS).fault


def test_public_functions_with_arrays_that_change() -> None:
    with Watched() as server:
        assert not server.call(public, SECONDS).fault
