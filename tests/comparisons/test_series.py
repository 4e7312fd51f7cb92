"""Several comparisons with a side in common: the same figures, with each side counted once."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from collapse_stats.backends.base import Backend
from collapse_stats.backends.options import CountOptions
from collapse_stats.backends.selection import select
from collapse_stats.comparisons.build import compare_corpora
from collapse_stats.comparisons.comparison import Comparison
from collapse_stats.comparisons.side import Side, compare_series, compare_sides, tables_fit
from collapse_stats.corpus.corpus import Corpus
from collapse_stats.corpus.load import read_corpus
from collapse_stats.readers.options import ReadOptions
from collapse_stats.report import make_report

DOCUMENTS, ORDER = 80, 2


class Calls:
    """The native backend, with a record of the operations that it was asked for."""

    on_gpu = False

    def __init__(self, on_gpu: bool = False) -> None:
        self.on_gpu = on_gpu
        self.names: list[str] = []
        self._backend = select("native")

    def __getattr__(self, name: str) -> Any:
        operation = getattr(self._backend, name)
        if name not in ("count", "spectra", "joint_spectra"):
            return operation

        def recorded(*arguments: Any, **keywords: Any) -> Any:
            self.names.append(name)
            return operation(*arguments, **keywords)

        return recorded

    def taken(self) -> list[str]:
        """The operations since the last call of this."""
        names, self.names = sorted(self.names), []
        return names


def corpus(seed: int, types: int = 50, documents: int = DOCUMENTS) -> Corpus:
    """Documents of equal length, so that all matched samples have the same documents."""
    rng = np.random.default_rng(seed)
    p = 1 / np.arange(1, types + 1)
    tokens = rng.choice(types, size=(documents, 40), p=p / p.sum())
    tokens[0, 0] = types - 1  # so that the vocabulary follows from `types`
    return read_corpus(
        tokens, reading=ReadOptions(), counting=CountOptions(), name=f"seed {seed}", share=4
    )


def options(backend: Any, memory: int = 10**9) -> CountOptions:
    counting = CountOptions(max_order=ORDER, memory=memory)
    vars(counting)["selected_backend"] = backend  # where cached_property looks for it
    return counting


def pairwise(corpora: list[Corpus]) -> list[Comparison]:
    counting = options(select("native"))
    pairs = [(0, at) for at in range(1, len(corpora))] + [(1, at) for at in range(2, len(corpora))]
    return [compare_corpora(corpora[a], corpora[b], counting=counting) for a, b in pairs]


def report(comparisons: Iterable[Comparison]) -> Any:
    comparisons = list(comparisons)
    number = (len(comparisons) + 1) // 2
    profiles = [comparisons[0].baseline, *(each.candidate for each in comparisons[:number])]
    return make_report(profiles, comparisons, backend="native")


def assert_same(found: list[Comparison], expected: list[Comparison]) -> None:
    for one, other in zip(found, expected, strict=True):
        assert one.joint_spectra == other.joint_spectra
        for side, other_side in ((one.baseline, other.baseline), (one.candidate, other.candidate)):
            assert (side.name, side.layout) == (other_side.name, other_side.layout)
            assert side.joint_spectra == other_side.joint_spectra
            assert side.table is None
    assert report(found) == report(expected)


def test_each_side_of_a_series_is_counted_once() -> None:
    corpora, backend = [corpus(seed) for seed in range(5)], Calls()
    found = compare_series(corpora[0], corpora[1:], options(backend))
    assert backend.taken() == 5 * ["count"] + 7 * ["joint_spectra"]
    assert_same(found, pairwise(corpora))


def test_one_candidate_is_counted_in_one_pass() -> None:
    corpora, backend = [corpus(seed) for seed in range(2)], Calls()
    found = compare_series(corpora[0], corpora[1:], options(backend))
    assert backend.taken() == ["spectra"]
    assert_same(found, pairwise(corpora))


@pytest.mark.parametrize("why", ["too little memory", "vocabularies differ", "on a GPU"])
def test_a_series_without_tables_gives_the_same(why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    types = (50, 70_000, 60) if why == "vocabularies differ" else (50, 50, 50)
    corpora = [corpus(seed, size) for seed, size in enumerate(types)]
    backend = Calls(on_gpu=why == "on a GPU")
    counting = options(backend)
    assert tables_fit(corpora, counting, backend) == (why == "too little memory")  # type: ignore[arg-type]
    if why == "too little memory":
        monkeypatch.setattr("collapse_stats.comparisons.side.tables_fit", lambda *_: False)
    found = compare_series(corpora[0], corpora[1:], counting)
    assert backend.taken() == 3 * ["spectra"]
    expected = pairwise(corpora)
    assert [each.candidate.vocab_size for each in found] == [
        each.candidate.vocab_size for each in expected
    ]
    if why != "on a GPU":
        assert_same(found, expected)


def test_tables_are_kept_only_where_three_of_them_fit() -> None:
    backend: Backend = select("native")
    corpora = [corpus(seed) for seed in range(3)]
    large = corpus(3, documents=20 * DOCUMENTS)
    layout_row = 8 * (1 + 2)  # a key of one word, two counts
    most = 10**9
    while tables_fit(corpora, replace(options(backend), memory=most), backend):
        most -= 1_000_000
    most += 1_000_000
    added = large.tokens - corpora[2].tokens
    enough = most + added * (layout_row + 4 * layout_row) + large.resident_bytes
    with_large = [*corpora[:2], large]
    assert not tables_fit(with_large, replace(options(backend), memory=most), backend)
    assert tables_fit(with_large, replace(options(backend), memory=enough), backend)


def test_samples_of_a_series_are_recounted_once() -> None:
    """A pair of halves takes three calls; each comparison has two, and each corpus one."""
    corpora, backend = [corpus(seed) for seed in range(4)], Calls()
    found = compare_series(corpora[0], corpora[1:], options(backend))
    backend.taken()
    result = report(found)
    comparisons = len(found)
    assert comparisons == 5
    assert backend.taken() == 3 * (2 * comparisons + len(corpora)) * ["spectra"]
    assert result == report(pairwise(corpora))


def test_profiles_of_a_series_share_their_samples() -> None:
    counting = options(select("native"))
    baseline = Side(corpus(0), counting)
    found = [compare_sides(baseline, Side(corpus(seed, 70_000), counting)) for seed in (1, 2)]
    assert found[0].baseline.vocab_size == found[1].baseline.vocab_size >= 70_000
    assert baseline.corpus.vocab_size < 70_000
    assert found[0].baseline.sample is found[1].baseline.sample
    assert found[0].baseline.recounted is found[1].baseline.recounted
    first, second = (each.matched for each in found)
    assert first is not None
    assert second is not None
    assert first.sides[0] is second.sides[0]
    assert first.sides[1] is not second.sides[1]
