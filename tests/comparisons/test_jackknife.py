"""Standard errors: counts without a group against a Counter, and whether intervals cover."""

import math
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import collapse_stats as cs
from collapse_stats.backends.selection import select
from collapse_stats.corpus.sample import Sample
from collapse_stats.corpus.split import group_of, half_of, ordinal_hash
from collapse_stats.metrics.figures import (
    COMPARISON_FIGURES,
    CORPUS_FIGURES_WITH_ERRORS,
    FLOORED_FIGURES,
)
from collapse_stats.ngrams.layout import Layout
from collapse_stats.report import make_report
from collapse_stats.uncertainty.jackknife import HalfSample, recounts, variance
from collapse_stats.uncertainty.matched_samples import MatchedSamples

VOCAB = 2000
REPEATS = 40
KINDS = 1 / np.arange(1, VOCAB + 1)
SHARES = KINDS / KINDS.sum()


def text(number: int, seed: int) -> list[np.ndarray]:
    """Documents that depend on a subject: half of each is drawn from 30 tokens of its own.

    Their lengths differ, but so many documents always have as many tokens: a figure is one of a
    size, and so is its error.
    """
    rng = np.random.default_rng(seed)
    found = []
    for length in rng.permutation(np.linspace(20, 120, number).astype(int)):
        own = rng.choice(VOCAB, 30, p=SHARES)
        common = rng.choice(VOCAB, length, p=SHARES)
        found.append(np.where(rng.random(length) < 0.5, rng.choice(own, length), common))
    return found


def looped(documents: list[np.ndarray], seed: int = 0) -> list[np.ndarray]:
    """A third of the documents repeat their first six tokens from the middle on."""
    chosen = np.random.default_rng(seed).random(len(documents)) < 1 / 3
    return [
        np.append(d[: len(d) // 2], np.resize(d[:6], len(d) - len(d) // 2)) if loops else d
        for d, loops in zip(documents, chosen, strict=True)
    ]


def sample_of(documents: list[np.ndarray]) -> Sample:
    order = np.argsort(ordinal_hash(np.arange(len(documents))))
    return Sample(
        ordinal_hash(np.arange(len(documents)))[order],
        np.array([len(documents[at]) for at in order], dtype=np.int64),
        np.concatenate([documents[at] for at in order]).astype(np.uint32),
    )


def counted(documents: list[np.ndarray], keep: np.ndarray, n: int) -> Counter:
    return Counter(
        tuple(d[i : i + n].tolist())
        for d, kept in zip(documents, keep, strict=True)
        if kept
        for i in range(len(d) - n + 1)
    )


@pytest.mark.parametrize("backend", ["native", "numpy"])
@pytest.mark.parametrize("other", [(90, 1), (70, 2)], ids=["its other half", "another text"])
def test_counts_without_a_group_are_those_of_a_counter(
    backend: str, other: tuple[int, int]
) -> None:
    if not next(info for info in cs.backends() if info.name == backend).usable:
        pytest.skip(f"{backend} is not usable here")
    sides = text(90, 1), text(*other)
    halves = HalfSample.of(sample_of(sides[0]), 0), HalfSample.of(sample_of(sides[1]), 1)
    found = list(recounts(halves, Layout(VOCAB, 2), select(backend)))
    assert found[0].left_out is None
    assert len({one.left_out for one in found}) == len(found) == 17
    groups = [group_of(ordinal_hash(np.arange(len(side)))) for side in sides]
    for one in found:
        for n in (1, 2):
            kept = [half_of(g) == at for at, g in enumerate(groups)]
            if one.left_out is not None:
                at, group = one.left_out
                kept[at] &= groups[at] != group
            counts = [counted(d, k, n) for d, k in zip(sides, kept, strict=True)]
            grams = sorted({*counts[0], *counts[1]})
            expected = cs.JointSpectrum.from_counts(*([c[g] for g in grams] for c in counts))
            assert one.ngrams[n] == expected


def test_variance_of_a_mean_is_that_of_the_textbook() -> None:
    x = np.random.default_rng(0).normal(size=12)
    without = np.array([np.delete(x, i).mean() for i in range(12)])[:, np.newaxis]
    found = variance(np.array([x.mean()]), without, np.full(12, 1 / 12))
    assert found[0] == pytest.approx(x.var(ddof=1) / 12, rel=1e-12)


def test_variance_does_not_take_size_for_a_change() -> None:
    """A figure a + c/N of groups of unequal size N_j: nothing but size makes it move."""
    size = np.array([10, 20, 15, 60, 5, 30.0])
    total = size.sum()
    figure = lambda n: 3 + 50 / n  # noqa: E731
    without = figure(total - size)[:, np.newaxis]
    assert variance(np.array([figure(total)]), without, size / total)[0] < 1e-24


@pytest.fixture(scope="module")
def repeated() -> dict[tuple[str, int], np.ndarray]:
    """Values and errors ``(2, R)`` of every figure from R corpora of one source."""
    rows: dict[tuple[str, int], list[tuple[float, float]]] = {}
    for seed in range(REPEATS):
        one, other = text(130, seed), looped(text(130, 1000 + seed), seed)
        first = cs.profile(one, vocab_size=VOCAB, max_order=2, table=False)
        second = cs.profile(other, vocab_size=VOCAB, max_order=2, table=False)
        diff = cs.compare(first, second)
        for n in (1, 2):
            intervals = {name: first.interval(name, n) for name in CORPUS_FIGURES_WITH_ERRORS}
            intervals |= {name: diff.interval(name, n) for name in COMPARISON_FIGURES}
            intervals |= {f"excess {name}": diff.excess(name, n) for name in COMPARISON_FIGURES}
            for name, interval in intervals.items():
                if interval is not None:
                    rows.setdefault((name, n), []).append((interval.value, interval.error))
    return {key: np.array(found).T for key, found in rows.items() if len(found) == REPEATS}


def test_intervals_cover_at_about_their_nominal_rate(repeated: dict) -> None:
    """Two standard errors cover what a corpus of that size is expected to show.

    Nominal is 0.94, and a share of 40 has a standard error of 0.04: no figure may be three below.
    Errors of divergences are overstated, which the jackknife is known for.
    """
    assert len(repeated) >= 40
    shares, ratios = [], []
    for value, error in repeated.values():
        spread = value.std(ddof=1)
        shares.append(float(np.mean(np.abs(value - value.mean()) < 2 * error)))
        ratios.append(math.sqrt(np.mean(error**2)) / spread)
    assert min(shares) >= 0.82
    assert 0.92 <= np.mean(shares) <= 0.995
    assert min(ratios) > 0.7
    assert max(ratios) < 2
    assert 0.9 < np.median(ratios) < 1.4


def test_intervals_of_a_part_hold_for_the_whole() -> None:
    """Entropies of the corpus, with the error of its sample scaled; ratios of the sample."""
    documents = text(600, 3)
    whole = cs.profile(documents, vocab_size=VOCAB, max_order=2, table=False)
    part = cs.profile(documents, vocab_size=VOCAB, max_order=2, table=False, sample_tokens=9000)
    size = len(part.sample.tokens)
    alone = cs.profile(
        _kept(documents, len(part.sample)), vocab_size=VOCAB, max_order=2, table=False
    )
    for n in (1, 2):
        for name, figure in CORPUS_FIGURES_WITH_ERRORS.items():
            found, own = part.interval(name, n), alone.interval(name, n)
            if own is None or found is None:
                assert name == "conditional_entropy"
                continue
            if figure.error == "sample":
                assert (found.value, found.error, found.tokens) == (own.value, own.error, size)
            else:
                tokens = whole.windows(n)
                assert found.tokens == tokens
                assert found.error == pytest.approx(own.error * math.sqrt(size / tokens))
        assert part.interval("entropy", n).value == whole.entropy(n)


def _kept(documents: list[np.ndarray], number: int) -> list[np.ndarray]:
    """The documents, all but the first so many in hash order made empty."""
    order = np.argsort(ordinal_hash(np.arange(len(documents))))
    kept = {int(at) for at in order[:number]}
    return [d if at in kept else d[:0] for at, d in enumerate(documents)]


def test_values_are_those_of_the_comparison() -> None:
    diff = cs.compare(text(200, 5), looped(text(200, 6)), vocab_size=VOCAB, max_order=2)
    for n in (1, 2):
        for name in FLOORED_FIGURES:
            # The samples are cut to the tokens of the smaller side: nearly all of it.
            assert diff.interval(name, n).value == pytest.approx(diff.figure(name, n), rel=0.05)
            excess = diff.figure(name, n) - diff.floor(name, n)
            assert diff.excess(name, n).value == pytest.approx(excess, abs=0.03)
        assert diff.interval("retained", n).value == pytest.approx(
            diff.retention(n)[0].retained, rel=0.05
        )


def test_no_interval_without_documents_enough() -> None:
    documents = text(100, 7)
    few = cs.profile(text(20, 8), vocab_size=VOCAB, max_order=1)
    bare = cs.profile(documents, vocab_size=VOCAB, max_order=1, sample_tokens=0)
    empty = cs.NgramCounter(VOCAB, 1, halves=True).profile()
    short = cs.profile(documents, vocab_size=VOCAB, max_order=1, sample_tokens=1000)
    assert 0 < len(short.sample) < 30
    whole = cs.profile(documents, vocab_size=VOCAB, max_order=1)
    for side in (few, bare, empty, short):
        assert side.interval("entropy", 1) is None
        assert cs.compare(whole, side).interval("js", 1) is None
        assert cs.compare(whole, side).excess("js", 1) is None
    assert whole.interval("entropy", 1) is not None
    with pytest.raises(ValueError, match="figure must be one of entropy, "):
        whole.interval("js", 1)
    with pytest.raises(ValueError, match="figure must be one of kl, "):
        cs.compare(whole, whole).interval("entropy", 1)
    with pytest.raises(ValueError, match="order must be between 1 and 1"):
        whole.interval("entropy", 2)


def test_matched_samples_are_of_whole_documents() -> None:
    one, other = sample_of(text(100, 1)), sample_of(text(40, 2))
    matched = MatchedSamples.of(one, other, Layout(VOCAB, 2), select())
    assert matched.tokens[0] <= matched.tokens[1] == len(other.tokens)
    assert matched.tokens[0] + int(one.length[matched.documents[0]]) > matched.tokens[1]
    assert np.array_equal(matched.baseline.tokens, one.tokens[: matched.tokens[0]])


class CountingBackend:
    """The NumPy backend, with a record of its calls."""

    on_gpu = False

    def __init__(self) -> None:
        self.calls = 0

    def spectra(self, *arguments: Any) -> Any:
        self.calls += 1
        return select("numpy").spectra(*arguments)


@pytest.mark.parametrize("candidate_documents", [100, 60], ids=["one size", "sizes apart"])
def test_resampling_counts_what_a_report_needs_and_says_how_far_it_is(candidate_documents):
    sides = [
        cs.profile(text(number, seed), vocab_size=VOCAB, max_order=2, backend="numpy")
        for number, seed in ((100, 1), (candidate_documents + 10, 2))
    ]
    backends = [CountingBackend() for _ in range(2)]
    at_once, as_needed = (replace(cs.compare(*sides), backend=backend) for backend in backends)
    steps: list[tuple[str, int, int]] = []
    at_once.resample(lambda *step: steps.append(step))
    calls = backends[0].calls
    reports = [
        make_report(sides, [comparison], backend="numpy") for comparison in (at_once, as_needed)
    ]
    assert calls == backends[0].calls == backends[1].calls > 0
    assert reports[0] == reports[1]
    assert as_needed.interval("js", 1) == at_once.interval("js", 1) is not None
    total = steps[0][2]
    assert steps == [("recounting samples", done, total) for done in range(1, total + 1)]
    at_once.resample(lambda *step: pytest.fail("counted twice"))
    assert backends[0].calls == calls


def test_resampling_a_profile_is_what_its_intervals_need() -> None:
    made = cs.profile(text(100, 1), vocab_size=VOCAB, max_order=2, backend="numpy")
    backends = [CountingBackend() for _ in range(2)]
    at_once, as_needed = (replace(made, backend=backend) for backend in backends)
    steps: list[tuple[str, int, int]] = []
    at_once.resample(lambda *step: steps.append(step))
    assert steps == [("recounting samples", done, 17) for done in range(1, 18)]
    for n in (1, 2):
        for name in CORPUS_FIGURES_WITH_ERRORS:
            assert at_once.interval(name, n) == as_needed.interval(name, n)
    assert backends[0].calls == backends[1].calls > 0


def test_progress_of_a_report_is_that_of_all_its_samples() -> None:
    base, *others = (
        cs.profile(text(100, seed), vocab_size=VOCAB, max_order=1, backend="numpy")
        for seed in range(3)
    )
    comparisons = [cs.compare(base, other) for other in others]
    steps: list[tuple[int, int]] = []
    profiles = [base, *others]
    make_report(
        profiles, comparisons, backend="numpy", progress=lambda _, *step: steps.append(step)
    )
    shares = [done / total for done, total in steps]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
