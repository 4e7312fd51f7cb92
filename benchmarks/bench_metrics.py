"""Speed of the figures of counted spectra, and of a comparison from the samples of two profiles.

COLLAPSE_STATS_BENCH_TOKENS=2_000_000 pytest benchmarks/bench_metrics.py
"""

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import workloads
from measure import size, timed
from pytest_benchmark.fixture import BenchmarkFixture

import collapse_stats as cs
from collapse_stats import metrics
from collapse_stats.metrics.figures import CORPUS_FIGURES, FLOORED_FIGURES
from collapse_stats.report.figures import comparison_figures


@pytest.fixture(scope="module")
def spectrum() -> cs.Spectrum:
    """A spectrum as 5e11 tokens have it: 180,000 different counts."""
    count = np.unique((1e11 / np.arange(1, 400_000) ** 1.2).astype(np.uint64))
    return cs.Spectrum.from_pairs(count, np.maximum(1, 3e8 / count**1.8).astype(np.uint64))


CALLS: dict[str, Callable[[cs.Spectrum], object]] = {
    **{
        figure.key: figure.formula
        for figure in CORPUS_FIGURES.values()
        if not (figure.needs_contexts or figure.estimators)
    },
    **{name: partial(metrics.entropy, estimator=name) for name in metrics.ESTIMATORS},
    "hdd": metrics.hdd,
    "zipf_fit": metrics.zipf_fit,
    "growth_curve": metrics.growth_curve,
    "size_at_coverage": partial(metrics.size_at_coverage, target=0.5),
}


@pytest.mark.parametrize("figure", CALLS)
def test_of_a_spectrum(benchmark: BenchmarkFixture, spectrum: cs.Spectrum, figure: str) -> None:
    """Each figure of a report, and the slowest other functions."""
    assert len(spectrum.count) > 100_000
    value = timed(benchmark, lambda: CALLS[figure](spectrum), spectrum.occurrences)
    assert value is not None


@pytest.mark.parametrize("figure", FLOORED_FIGURES)
def test_of_a_joint_spectrum(
    benchmark: BenchmarkFixture, spectrum: cs.Spectrum, figure: str
) -> None:
    """Each divergence, of a joint spectrum of 200,000 rows, as two very large corpora have it."""
    rng = np.random.default_rng(0)
    a = np.resize(spectrum.count, 200_000)
    b = rng.poisson(np.minimum(a, 10**12) * rng.choice([0.3, 1, 2], len(a))).astype(np.uint64)
    joint = cs.JointSpectrum.from_rows(a, b, np.ones(len(a), dtype=np.uint64))
    value = timed(benchmark, lambda: FLOORED_FIGURES[figure].value(joint), int(a.sum()))
    assert value is not None
    assert value >= 0


def test_comparison_without_tables(benchmark: BenchmarkFixture) -> None:
    """A whole comparison of two profiles without tables: floors, errors and the verdict."""
    tokens = workloads.text_tokens(2 * size()).reshape(2, -1)
    documents = max(size() // 1000, 1)
    sides = [
        cs.profile(
            np.array_split(half, documents), vocab_size=workloads.text_vocab_size(), table=False
        )
        for half in tokens
    ]
    report = timed(benchmark, lambda: comparison_figures(cs.compare(*sides)), 2 * size())
    assert report["measured"]["text"] == "samples"
    assert report["orders"]["1"]["intervals"]["js_bits"]["error"] > 0
