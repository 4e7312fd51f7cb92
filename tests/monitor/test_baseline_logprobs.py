"""The floor of perplexities: the baseline as the same model scored it, against sums by hand."""

import math
import pickle
from collections import Counter

import numpy as np
import pytest

import collapse_stats as cs
from collapse_stats.monitor.surprisal import UNIT

VOCAB = 300
BANDS = ("seen-never", "seen-once", "seen-twice", "seen-3-4", "seen-5-8", "seen-9-16",
         "seen-17-32", "seen-33-64", "seen-65-up")  # fmt: skip
LOWS = (1, 2, 3, 5, 9, 17, 33, 65)


def profiled(**options):
    rng = np.random.default_rng(0)
    documents = [np.minimum(rng.zipf(1.5, 20), VOCAB - 1) for _ in range(120)]
    return cs.profile(documents, vocab_size=VOCAB, max_order=1, **options)


@pytest.fixture(scope="module")
def baseline():
    return profiled()


@pytest.fixture(scope="module")
def logprobs(baseline):
    scores = -np.random.default_rng(1).exponential(3, len(baseline.sample.tokens))
    scores[::20] = math.nan
    return scores


def by_hand(documents, logprobs):
    """Perplexity by how often the other documents have the token."""
    counts = Counter(token for document in documents for token in document)
    scores = iter(logprobs)
    found = {}
    for document in documents:
        own = Counter(document)
        for token in document:
            elsewhere = counts[token] - own[token]
            name = BANDS[sum(elsewhere >= low for low in LOWS)]
            score = next(scores, math.nan)
            if not math.isnan(score):
                for key in ("floor/perplexity", f"floor/perplexity/{name}"):
                    found.setdefault(key, []).append(score)
    return {key: math.exp(-math.fsum(scores) / len(scores)) for key, scores in found.items()}


def floors(monitor):
    return {key: value for key, value in monitor.floors().items() if "perplexity" in key}


def monitor_of(baseline, **options):
    return cs.CollapseMonitor(VOCAB, 1, baseline, figures="all", **options)


@pytest.mark.parametrize("number", [None, 1000])
def test_the_floor_is_that_of_the_sample_by_its_other_documents(baseline, logprobs, number):
    scores = logprobs[:number]
    monitor = monitor_of(baseline, baseline_logprobs=scores)
    documents = [document.tolist() for document in baseline.sample.documents()]
    expected = by_hand(documents, scores)
    assert floors(monitor) == pytest.approx(expected, rel=UNIT)
    assert {*expected} == {"floor/perplexity", *(f"floor/perplexity/{name}" for name in BANDS)}
    assert {*expected} <= {*monitor.names}


def test_documents_of_one_key_are_one_source():
    rows = [{"input_ids": [n % 7, 50 + n // 2], "source": str(n // 2)} for n in range(200)]
    baseline = cs.profile(rows, vocab_size=VOCAB, max_order=1, group_key="source")
    monitor = monitor_of(baseline, baseline_logprobs=np.full(400, -2.0))
    # Ids from 50 on occur in two documents each, which are of one source.
    found = floors(monitor)
    assert found["floor/perplexity/seen-never"] == pytest.approx(math.exp(2), rel=UNIT)
    assert "floor/perplexity/seen-once" not in found


def test_a_run_of_baseline_text_is_at_the_floor():
    """Text of the same source under the same model, token by token scored by frequency."""
    rng = np.random.default_rng(5)
    documents = [np.minimum(rng.zipf(1.3, 30), VOCAB - 1) for _ in range(3000)]
    scores = np.log(np.bincount(np.concatenate(documents), minlength=VOCAB) + 1.0) - 12
    baseline = cs.profile(documents[::2], vocab_size=VOCAB, max_order=1)
    monitor = monitor_of(baseline, baseline_logprobs=scores[baseline.sample.tokens])
    fresh = np.concatenate(documents[1::2])
    monitor.update(fresh, lengths=[30] * 1500, logprobs=scores[fresh])
    figures, floor = monitor.compute(), floors(monitor)
    for name in ("", "/seen-5-8", "/seen-17-32", "/seen-65-up"):
        if f"perplexity{name}" in figures and f"floor/perplexity{name}" in floor:
            assert figures[f"perplexity{name}"] == pytest.approx(
                floor[f"floor/perplexity{name}"], rel=0.15
            )
    assert "perplexity/seen-65-up" in figures


def test_only_chosen_figures_have_floors(baseline, logprobs):
    monitor = cs.CollapseMonitor(VOCAB, 1, baseline, baseline_logprobs=logprobs)
    assert {*floors(monitor)} == {"floor/perplexity", "floor/perplexity/seen-5-8"}
    assert floors(cs.CollapseMonitor(VOCAB, 1, baseline)) == {}


def test_a_changed_model_has_another_floor(baseline, logprobs):
    monitor = monitor_of(baseline, baseline_logprobs=logprobs)
    before = floors(monitor)
    monitor.set_baseline_logprobs(2 * logprobs)
    after = floors(monitor)
    assert after.keys() == before.keys()
    assert all(after[key] == pytest.approx(before[key] ** 2, rel=4 * UNIT) for key in before)


def test_the_floor_is_in_states_copies_and_merges(baseline, logprobs):
    monitor = monitor_of(baseline, baseline_logprobs=logprobs)
    monitor.update([1, 2, 3], logprobs=[-1.0, -2.0, -3.0])
    expected, state = floors(monitor), monitor.state_dict()
    assert expected
    restored, merged = monitor_of(baseline), monitor_of(baseline)
    restored.load_state_dict(state)
    merged.merge(state)
    copied = pickle.loads(pickle.dumps(monitor))
    for other in (restored, merged, copied):
        assert floors(other) == expected
        assert other.compute()["perplexity"] == pytest.approx(math.exp(2), rel=UNIT)
    monitor.reset()
    assert floors(monitor) == expected
    of_its_own = monitor_of(baseline, baseline_logprobs=3 * logprobs)
    before = floors(of_its_own)
    of_its_own.merge(state)
    assert floors(of_its_own) == before
    without = cs.CollapseMonitor(VOCAB, 1, figures="all")
    without.load_state_dict(state)
    assert floors(without) == {}


def test_a_damaged_state_changes_nothing(baseline, logprobs):
    monitor = monitor_of(baseline, baseline_logprobs=logprobs)
    before, state = floors(monitor), monitor.state_dict()
    for damaged in (np.zeros((3, 5), np.int64), np.zeros(3, np.int64), "none"):
        with pytest.raises(ValueError, match="baseline_surprisals must be"):
            monitor.load_state_dict(state | {"baseline_surprisals": damaged})
    assert floors(monitor) == before


def test_what_cannot_be_a_floor_is_refused(baseline, logprobs):
    with pytest.raises(ValueError, match="need a baseline, and this monitor has none"):
        cs.CollapseMonitor(VOCAB, 1, baseline_logprobs=logprobs)
    monitor = monitor_of(baseline)
    with pytest.raises(ValueError, match=r"2,400 tokens of its sample.*got shape \(2401,\)"):
        monitor.set_baseline_logprobs(np.append(logprobs, -1))
    with pytest.raises(ValueError, match="got shape"):
        monitor.set_baseline_logprobs(logprobs.reshape(2, -1))
    with pytest.raises(ValueError, match=r"at most 0, got 0\.5 at position 1"):
        monitor.set_baseline_logprobs([-1.0, 0.5])
    with pytest.raises(TypeError, match="must be numbers"):
        monitor.set_baseline_logprobs(["a"])
    assert floors(monitor) == {}
