"""Speed of recursions of an n-gram model, with and without the figures of each generation.

COLLAPSE_STATS_BENCH_TOKENS=1_000_000 pytest benchmarks/bench_simulation.py

Tokens a second are those of all generations together.
"""

import numpy as np
import pytest
import workloads
from measure import size, timed
from pytest_benchmark.fixture import BenchmarkFixture

import collapse_stats as cs
from collapse_stats.simulation.recursion import generations
from collapse_stats.simulation.rules import Rules
from collapse_stats.simulation.text import Text

DOCUMENT = 1000  # tokens
GENERATIONS = 10


@pytest.fixture(scope="module")
def documents() -> list[workloads.Tokens]:
    """Return twice as much text as a generation has, since half of it is the baseline."""
    tokens = workloads.text_tokens(round(2.2 * size()))
    return np.array_split(tokens, max(len(tokens) // DOCUMENT, 128))


@pytest.mark.parametrize(
    "rules",
    [Rules(), Rules(temperature=0.8, top_p=0.95), Rules(keep="accumulate")],
    ids=["replace", "top-p", "accumulate"],
)
def test_write(
    benchmark: BenchmarkFixture, documents: list[workloads.Tokens], rules: Rules
) -> None:
    """The texts alone: a model is estimated and sampled for each."""
    learned = Text.of(documents).part(0, size())

    def written() -> list[Text]:
        return [*generations(learned, GENERATIONS, rules, vocab_size=workloads.text_vocab_size())]

    texts = timed(benchmark, written, GENERATIONS * size())
    assert [len(text.tokens) for text in texts] == [size()] * GENERATIONS


def test_simulate(benchmark: BenchmarkFixture, documents: list[workloads.Tokens]) -> None:
    """All of `cs.simulate`, with the figures and the verdict of each generation."""

    def simulated() -> list[str]:
        simulation = cs.simulate(
            documents, GENERATIONS, tokens=size(), vocab_size=workloads.text_vocab_size()
        )
        assert simulation.figure("distinct", 1).shape == (1, GENERATIONS)
        return [comparison.verdict for comparison in simulation.comparisons[0]]

    assert len(timed(benchmark, simulated, GENERATIONS * size())) == GENERATIONS
