"""Perplexity by band of baseline frequency equals that from sums of Python's fractions."""

import json
import math
from collections import Counter, defaultdict
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import collapse_stats as cs
from collapse_stats.monitor import monitor as monitor_module
from collapse_stats.monitor.surprisal import UNIT

VOCAB = 300
PRECISION = UNIT  # nats: rounding changes each surprisal by at most half of it


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(monitor_module, "_BLOCK_TOKENS", 200)


@pytest.fixture(scope="module")
def human():
    rng = np.random.default_rng(0)
    return [np.minimum(rng.zipf(1.5, 20), VOCAB - 60) for _ in range(100)]


@pytest.fixture(scope="module")
def baseline(human):
    return cs.profile(human, vocab_size=VOCAB, max_order=1)


def band(count):
    for low, high, name in (
        (0, 0, "seen-never"),
        (1, 1, "seen-once"),
        (2, 2, "seen-twice"),
        (3, 4, "seen-3-4"),
        (5, 8, "seen-5-8"),
        (9, 16, "seen-9-16"),
        (17, 32, "seen-17-32"),
        (33, 64, "seen-33-64"),
    ):
        if low <= count <= high:
            return name
    return "seen-65-up"


def expected(human, tokens, logprobs):
    """Perplexity by band: the exponential of the mean of -log p."""
    counts = Counter(int(t) for d in human for t in d)
    logprobs_by_name = defaultdict(list)
    for token, logprob in zip(tokens, logprobs, strict=True):
        if not math.isnan(logprob):
            for name in ("perplexity", f"perplexity/{band(counts[int(token)])}"):
                logprobs_by_name[name].append(Fraction(float(logprob)))
    return {name: math.exp(-sum(values) / len(values)) for name, values in logprobs_by_name.items()}


def perplexities(monitor):
    return {name: v for name, v in monitor.compute().items() if name.startswith("perplexity")}


def stream(seed, number):
    rng = np.random.default_rng(seed)
    tokens = rng.integers(0, VOCAB, (number, 25))
    logprobs = -rng.exponential(3, tokens.shape).astype(np.float32)
    logprobs[:, 0] = np.nan
    return tokens, logprobs


@pytest.mark.parametrize("window", [None, 10_000])
def test_perplexity_by_band(human, baseline, window):
    monitor = cs.CollapseMonitor(VOCAB, 1, figures="all", baseline=baseline, window=window)
    tokens, logprobs = stream(1, 80)
    for first in range(0, 80, 4):
        monitor.update(tokens[first : first + 4], logprobs=logprobs[first : first + 4])
    actual = perplexities(monitor)
    reference = expected(human, tokens.ravel(), logprobs.ravel())
    assert len(reference) == 10
    assert actual == pytest.approx(reference, rel=PRECISION)
    assert {*actual} <= {*monitor.names}


def test_documents_that_leave_the_window_are_subtracted_exactly(baseline):
    tokens, logprobs = stream(2, 80)
    rolling = cs.CollapseMonitor(VOCAB, 1, figures="all", baseline=baseline, window=300)
    for row, row_logprobs in zip(tokens, logprobs, strict=True):
        rolling.update(row, logprobs=row_logprobs)
    fresh = cs.CollapseMonitor(VOCAB, 1, figures="all", baseline=baseline, window=300)
    fresh.update(tokens[-12:], logprobs=logprobs[-12:])
    assert rolling.compute() == fresh.compute()


@given(st.lists(st.integers(0, 3), min_size=40, max_size=40))
def test_ranks_add_up_exactly(homes):
    tokens, logprobs = stream(3, 40)
    whole = cs.CollapseMonitor(VOCAB, 1, figures="all", window=None)
    whole.update(tokens, logprobs=logprobs)
    ranks = [cs.CollapseMonitor(VOCAB, 1, figures="all", window=None) for _ in range(4)]
    for row, row_logprobs, home in zip(tokens, logprobs, homes, strict=True):
        ranks[home].update(row, logprobs=row_logprobs)
    for rank in ranks[1:]:
        ranks[0].merge(rank)
    assert ranks[0].compute() == whole.compute()


def test_masked_positions_and_missing_predictions_do_not_count():
    monitor = cs.CollapseMonitor(VOCAB, 1, figures="all")
    nan = math.nan
    monitor.update([[1, 2, 3], [4, 5, 5]], mask=[[1, 1, 0], [1, 1, 1]],
                   logprobs=[[nan, -1.0, -50.0], [nan, -2.0, -3.0]])  # fmt: skip
    monitor.update([1, 2, 3])  # without log-probabilities
    assert monitor.compute()["perplexity"] == pytest.approx(math.exp(2), rel=PRECISION)


def test_without_predictions_perplexity_is_absent():
    monitor = cs.CollapseMonitor(VOCAB, 1, figures="all")
    monitor.update([1, 2], logprobs=[math.nan, math.nan])
    assert perplexities(monitor) == {}


@pytest.mark.parametrize("none", [-math.inf, -9999.0, float(np.finfo(np.float32).min), -709.0])
def test_tokens_of_probability_zero_are_counted_apart(human, baseline, none):
    for window in (None, 100):
        monitor = cs.CollapseMonitor(VOCAB, 1, figures="all", baseline=baseline, window=window)
        monitor.update([1, VOCAB - 1, 1], logprobs=[-1.0, none, -3.0])
        values = monitor.compute()
        assert values["impossible_tokens"] == 1
        assert values["perplexity"] == pytest.approx(math.exp(2), rel=PRECISION)
        assert values["perplexity/seen-65-up"] == pytest.approx(math.exp(2), rel=PRECISION)
        assert "perplexity/seen-never" not in values
        json.dumps(values, allow_nan=False)


def test_a_tiny_probability_is_a_probability():
    monitor = cs.CollapseMonitor(VOCAB, 1, figures="all")
    monitor.update([1, 2], logprobs=[-700.0, -100.0])
    values = monitor.compute()
    assert values["impossible_tokens"] == 0
    assert values["perplexity"] == pytest.approx(math.exp(400), rel=1e-4)


def test_probabilities_instead_of_log_probabilities_raise():
    monitor = cs.CollapseMonitor(VOCAB, 1, figures="all")
    with pytest.raises(ValueError, match=r"at most 0, got 0.5 at position 1: give log_softmax"):
        monitor.update([1, 2], logprobs=[0.0, 0.5])
    with pytest.raises(ValueError, match=r"tokens' shape \(2,\), got \(1,\): give NaN"):
        monitor.update([1, 2], logprobs=[-1.0])
    assert monitor.compute()["tokens"] == 0


def test_half_precision_log_probabilities_may_be_slightly_above_0():
    monitor = cs.CollapseMonitor(VOCAB, 1, figures="all")
    monitor.update([1, 2], logprobs=np.array([-1.5, 0.001], np.float16))
    assert monitor.compute()["perplexity"] == pytest.approx(math.exp(0.75), rel=1e-3)
