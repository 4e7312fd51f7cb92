"""Speed of merging and joining n-gram tables, in memory and saved, and of comparing corpora.

COLLAPSE_STATS_BENCH_TOKENS=50_000_000 pytest benchmarks/bench_tables.py
"""

from pathlib import Path

import pytest
import workloads
from measure import size, timed
from pytest_benchmark.fixture import BenchmarkFixture

import collapse_stats as cs
from collapse_stats.backends.base import Backend
from collapse_stats.backends.selection import select
from collapse_stats.comparisons.build import compare_profiles
from collapse_stats.ngrams.layout import Layout
from collapse_stats.ngrams.table import NgramTable
from collapse_stats.profiles.merge import merge
from collapse_stats.system.memory import budget
from collapse_stats.uncertainty.halves import MASKS

MAX_ORDER = 5


@pytest.fixture(scope="module")
def backend() -> Backend:
    return select()


@pytest.fixture(scope="module")
def tables(backend: Backend) -> list[NgramTable]:
    """Two tables with halves: of the first and of the second half of the tokens."""
    layout = Layout(workloads.text_vocab_size(), MAX_ORDER, 2)
    tokens = workloads.text_tokens(2 * size())
    return [
        backend.count([workloads.chunk(part, 1000, 2)], layout)
        for part in (tokens[: size()], tokens[size() :])
    ]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("profiles")
    tokens = workloads.text_tokens(2 * size())
    paths = []
    for number, part in enumerate((tokens[: size()], tokens[size() :])):
        paths.append(folder / f"p{number}")
        vocab_size = workloads.text_vocab_size()
        cs.profile(part, vocab_size=vocab_size, max_order=MAX_ORDER).save(paths[-1])
    return paths


def test_merge(benchmark: BenchmarkFixture, backend: Backend, tables: list[NgramTable]) -> None:
    merged = timed(benchmark, lambda: backend.merge(tables), 2 * size())
    assert merged.windows == sum(table.windows for table in tables) == 2 * size()
    assert max(map(len, tables)) < len(merged) < sum(map(len, tables))


def test_joint_spectra(
    benchmark: BenchmarkFixture, backend: Backend, tables: list[NgramTable]
) -> None:
    """Count every joint spectrum that a comparison needs: whole, floors, opposite halves."""
    joint_spectra = timed(benchmark, lambda: backend.joint_spectra([tables], MASKS), 2 * size())
    merged = backend.joint_spectra([[backend.merge(tables)]], [(1, 2), (3, 0)])
    for order in range(1, MAX_ORDER + 1):
        joint = joint_spectra.ngrams[order][MASKS[0]]
        assert joint.total == merged.ngrams[order][3, 0].first


def test_merge_of_saved_profiles(
    benchmark: BenchmarkFixture, backend: Backend, saved: list[Path], tmp_path: Path
) -> None:
    """Do what `collapse-stats merge` does: merge saved profiles into a new one."""
    calls = 0

    def call() -> cs.Profile:
        nonlocal calls
        calls += 1
        profiles = [cs.load(path) for path in saved]
        return merge(profiles, backend, budget(None), save_to=tmp_path / f"merged{calls}")

    merged = timed(benchmark, call, 2 * size())
    assert merged.tokens == 2 * size()


def test_compare_of_saved_profiles(
    benchmark: BenchmarkFixture, backend: Backend, saved: list[Path]
) -> None:
    """Do what `collapse-stats compare` does with two saved profiles: every joint spectrum."""

    def call() -> cs.Comparison:
        first, second = (cs.load(path) for path in saved)
        return compare_profiles(first, second, backend, budget(None))

    comparison = timed(benchmark, call, 2 * size())
    joint = comparison.joint_spectrum(1)
    assert joint.first == comparison.baseline.spectrum(1)
    assert joint.second == comparison.candidate.spectrum(1)


def test_compare_of_corpora(benchmark: BenchmarkFixture) -> None:
    """Compare two corpora in memory in one labelled pass: halves and every joint spectrum."""
    tokens = workloads.text_tokens(2 * size())
    sides = [tokens[: size()], tokens[size() :]]
    vocab_size = workloads.text_vocab_size()
    comparison = timed(
        benchmark,
        lambda: cs.compare(*sides, vocab_size=vocab_size, max_order=MAX_ORDER),
        2 * size(),
    )
    assert [comparison.baseline.tokens, comparison.candidate.tokens] == [size(), size()]
    assert comparison.joint_spectrum(MAX_ORDER).first == comparison.baseline.spectrum(MAX_ORDER)
