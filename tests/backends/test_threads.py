"""Every operation of the native backend with more threads than there are CPUs.

`make sanitize` runs this with the sanitizers, so there is work for all threads.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import numpy as np
import pytest
from corpora import documents, zipf_tokens

from collapse_stats.backends.selection import select
from collapse_stats.ngrams.chunk import Chunk
from collapse_stats.ngrams.layout import Layout
from collapse_stats.ngrams.spectrum import Masks
from collapse_stats.ngrams.table import NgramTable

if os.environ.get("COLLAPSE_STATS_PURE"):
    pytest.skip("COLLAPSE_STATS_PURE is set: no compiled module", allow_module_level=True)

from collapse_stats._native import Counter

LAYOUTS = {
    "one_word": Layout(5000, 4, 2),
    "tail_of_a_byte": Layout(60_000, 5, 2),
    "two_words": Layout(60_000, 8, 2),
    "order_1": Layout(5000, 1, 2),
}
HALVES: list[Masks] = [(1, 2)]
TOKENS = 40_000


def chunks(layout: Layout) -> list[Chunk]:
    text = zipf_tokens(TOKENS, 5000)
    repeated = np.resize(text[:50], TOKENS // 2)
    return [documents(layout, text, 90), documents(layout, repeated, 400)]


@pytest.mark.parametrize("threads", [4, 8])
@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_every_operation(layout: Layout, threads: int) -> None:
    backend, reference = select("native", threads), select("numpy")
    parts = chunks(layout)
    table = backend.count(parts, layout)
    assert table == reference.count(parts, layout)

    expected = reference.joint_spectra([[table]], HALVES)
    edges = [0, layout.key_ranges // 3, layout.key_ranges // 2, layout.key_ranges]
    for passes in (None, list(pairwise(edges))):
        assert backend.spectra(parts, layout, HALVES, passes) == expected
    assert backend.joint_spectra([[table]], HALVES) == expected

    merged = backend.merge([table, backend.count(parts[:1], layout)])
    assert merged == reference.merge([table, reference.count(parts[:1], layout)])
    pairs: list[Masks] = [(3, 12), (1, 8)]
    tables = [table, merged]
    aligned = [[table.slice(*stretch) for table in tables] for stretch in pairwise(edges)]
    assert backend.joint_spectra(aligned, pairs) == reference.joint_spectra([tables], pairs)


@pytest.mark.parametrize("piece_windows", [1000, 1 << 20])
def test_pieces_that_threads_share(piece_windows: int) -> None:
    layout = LAYOUTS["tail_of_a_byte"]
    counter = Counter(layout.vocab_size, 5, 2, 6, 0, layout.key_ranges, piece_windows)
    for part in chunks(layout):
        counter.add(part.tokens, part.start, part.stop, part.limit, part.label)
    assert NgramTable(layout, *counter.table()) == select("numpy").count(chunks(layout), layout)


def test_counters_at_once_share_the_memory_that_is_kept() -> None:
    layout = LAYOUTS["one_word"]
    expected = select("numpy").count(chunks(layout), layout)

    def count(_: int) -> bool:
        return select("native", 4).count(chunks(layout), layout) == expected

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(count, range(8)))


def test_a_pass_asks_for_the_masks_of_the_one_before() -> None:
    counter = Counter(5000, 4, 2, 4, 0, 100)
    counter.next_pass([(1, 2)], 100, 1024)
    with pytest.raises(ValueError, match="masks must be the same in every pass"):
        counter.spectra([(3, 0)])
    with pytest.raises(ValueError, match="key ranges must lie within"):
        counter.next_pass([(1, 2)], 100, 1025)
