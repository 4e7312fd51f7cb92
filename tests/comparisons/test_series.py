"""Several comparisons with a side in common: the same figures, from less counting."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

import collapse_stats as cs
from collapse_stats.backends.options import CountOptions
from collapse_stats.backends.selection import select
from collapse_stats.comparisons.build import compare_corpora
from collapse_stats.comparisons.comparison import Comparison
from collapse_stats.comparisons.side import Side, compare_each, compare_series, compare_sides
from collapse_stats.comparisons.trajectory.build import trajectory_of
from collapse_stats.corpus.corpus import Corpus
from collapse_stats.corpus.load import read_corpus
from collapse_stats.counting.passes import passes
from collapse_stats.readers.options import ReadOptions
from collapse_stats.report import make_report
from collapse_stats.system.memory import TooLittleMemoryError

DOCUMENTS, ORDER = 80, 2


class Calls:
    """The native backend, with a record of the operations that it was asked for."""

    def __init__(self, on_gpu: bool = False) -> None:
        self.on_gpu = on_gpu
        self.names: list[str] = []
        self.windows = 0  # that were counted
        self._backend = select("native")

    def __getattr__(self, name: str) -> Any:
        operation = getattr(self._backend, name)
        if name not in ("count", "spectra", "joint_spectra"):
            return operation

        def recorded(chunks: Any, *arguments: Any, **keywords: Any) -> Any:
            self.names.append(name)
            if name == "spectra":
                self.windows += sum(int(chunk.windows) for chunk in chunks)
            return operation(chunks, *arguments, **keywords)

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


def test_each_candidate_is_counted_once() -> None:
    """Calls count the baseline and candidates 1, 2, 3; then the baseline, 1, 4, 5; and so on."""
    corpora, backend = [corpus(seed) for seed in range(8)], Calls()
    steps: list[tuple[str, int, int]] = []
    found = compare_series(
        corpora[0], corpora[1:], options(backend), lambda *step: steps.append(step)
    )
    expected = {0: 3, 1: 3} | dict.fromkeys(range(2, 8), 1)
    assert backend.taken() == 3 * ["spectra"]
    assert backend.windows == sum(corpora[at].tokens * times for at, times in expected.items())
    assert steps == [("counting", done, 13) for done in (5, 9, 13)]
    assert_same(found, pairwise(corpora))


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_few_candidates_are_counted_at_once(number: int) -> None:
    corpora, backend = [corpus(seed) for seed in range(1 + number)], Calls()
    found = compare_series(corpora[0], corpora[1:], options(backend))
    assert backend.taken() == (1 + (number > 3)) * ["spectra"]
    assert_same(found, pairwise(corpora))


def test_vocabularies_may_differ() -> None:
    corpora = [corpus(seed, size) for seed, size in enumerate((50, 70_000, 60, 300_000))]
    found, expected = (
        compare_series(corpora[0], corpora[1:], options(select("native"))),
        pairwise(corpora),
    )
    assert len({each.candidate.vocab_size for each in found}) > 1
    assert_same(found, expected)


@pytest.mark.parametrize("why", ["too little memory", "on a GPU"])
def test_where_four_sides_do_not_fit_pairs_are_counted(
    why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpora = [corpus(seed) for seed in range(4)]
    backend = Calls(on_gpu=why == "on a GPU")
    if why == "too little memory":

        def plan(chunks: Any, windows: int, *others: Any) -> Any:
            if windows > 2 * corpora[0].tokens:
                raise TooLittleMemoryError(1, 2)
            return passes(chunks, windows, *others)

        monkeypatch.setattr("collapse_stats.comparisons.side.passes", plan)
    found = compare_series(corpora[0], corpora[1:], options(backend))
    assert backend.taken() == 5 * ["spectra"]
    backend.on_gpu = False  # the samples are recounted by any thread
    assert_same(found, pairwise(corpora))


def test_too_little_memory_for_a_pair_is_an_error() -> None:
    with pytest.raises(TooLittleMemoryError):
        compare_series(corpus(0), [corpus(1), corpus(2)], options(select("native"), 1000))


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


def test_a_trajectory_recounts_each_step_once() -> None:
    """Three calls for a pair of halves: two pairs a comparison, and one for each corpus."""
    corpora, backend = [corpus(seed) for seed in range(5)], Calls()
    found = list(compare_each(corpora[0], corpora[1:], options(backend)))
    backend.taken()
    run = trajectory_of(found, None, 10**9)
    assert backend.taken() == []  # the samples do
    profiles = [found[0].baseline, *(each.candidate for each in found)]
    make_report(profiles, found, backend="native", trajectory=run)
    comparisons = len(found) + len(run.successive)
    assert comparisons == 7
    assert backend.taken() == 3 * (2 * comparisons + len(corpora)) * ["spectra"]
    run.figure("js", 1), run.moved("js", 2), run.shrinkage()
    assert backend.taken() == []


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


def test_each_candidate_is_compared_with_the_baseline_three_at_a_time() -> None:
    corpora, backend = [corpus(seed) for seed in range(6)], Calls()
    taken: list[int] = []

    def candidates() -> Iterable[Corpus]:
        for at in range(1, len(corpora)):
            taken.append(at)
            yield corpora[at]

    found = compare_each(corpora[0], candidates(), options(backend))
    first = next(found)
    assert taken == [1, 2, 3]
    every = [first, *found]
    assert backend.taken() == 2 * ["spectra"]
    assert_same(every, pairwise(corpora)[: len(every)])


@pytest.mark.parametrize("saved", [None, 0, 2], ids=["corpora", "baseline", "candidate"])
def test_compare_each_is_compare_of_each(saved: int | None) -> None:
    rng = np.random.default_rng(3)
    sides: list[Any] = [[rng.integers(0, 30, 20) for _ in range(70)] for _ in range(5)]
    if saved is not None:
        sides[saved] = cs.profile(sides[saved], vocab_size=30, max_order=2)
    found = cs.compare_each(sides[0], sides[1:], vocab_size=30, max_order=2)
    assert len(found) == 4
    for comparison, candidate in zip(found, sides[1:], strict=True):
        expected = cs.compare(sides[0], candidate, vocab_size=30, max_order=2)
        if isinstance(candidate, cs.Profile) or saved != 2:
            assert comparison.js(2) == expected.js(2)
            assert comparison.interval("js", 1) == expected.interval("js", 1)
        assert comparison.verdict == expected.verdict


def test_a_single_path_is_not_several_candidates() -> None:
    with pytest.raises(TypeError, match="give it in a list"):
        cs.compare_each("human.jsonl", "generation.jsonl")
