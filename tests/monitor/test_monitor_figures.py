"""Which figures a monitor returns, and those of repetition, copies and floors."""

import json

import numpy as np
import pytest

import collapse_stats as cs
from collapse_stats.monitor import figures as figures_module

VOCAB = 50


@pytest.fixture(scope="module")
def human():
    rng = np.random.default_rng(0)
    return cs.profile(list(rng.zipf(1.4, (300, 60)) % VOCAB), vocab_size=VOCAB, max_order=4)


def filled(human=None, **options):
    monitor = cs.CollapseMonitor(VOCAB, 4, baseline=human, **options)
    rng = np.random.default_rng(1)
    rows = rng.zipf(1.4, (160, 60)) % VOCAB
    rows[:40] = rows[0]
    rows[40:80, 30:] = rows[40:80, :30]
    monitor.update(rows, logprobs=np.full(rows.shape, -2.0), groups=np.arange(160) // 8)
    return monitor


def test_about_a_dozen_figures_by_default(human):
    figures = filled(human).compute()
    expected = {
        "tokens", "documents", "entropy_bits/2", "distinct_ratio/3",
        "size_matched_distinct_ratio/3", "js_bits/2", "retention/1/seen-once", "novelty/2",
        "repetition", "copies", "perplexity", "perplexity/seen-5-8", "impossible_tokens",
        "group_distinct_ratio/3", "group_copies", "group_overlap", "group_effective",
    }  # fmt: skip
    assert {*filled(human).names} == expected
    assert figures.keys() >= expected - {"retention/1/seen-once", "perplexity/seen-5-8"}
    assert {*cs.CollapseMonitor(VOCAB, 2).names} <= {
        *cs.CollapseMonitor(VOCAB, 2, figures="all").names
    }
    assert "distinct_ratio/2" in cs.CollapseMonitor(VOCAB, 2).names
    json.dumps(figures, allow_nan=False)


def test_all_figures_and_a_list_have_the_same_values(human):
    every = filled(human, figures="all")
    figures = every.compute()
    assert len(every.names) > 130
    assert filled(human).compute() == {k: figures[k] for k in filled(human).names if k in figures}
    chosen = ["kl_bits/1", "coverage/4", "floor/js_bits/2", "tokens"]
    few = filled(human, figures=chosen)
    assert [*few.compute()] == chosen
    assert few.compute() == {key: figures[key] for key in chosen}
    assert filled(human, figures=iter(chosen)).names == tuple(chosen)


def test_floors_are_those_of_the_chosen_figures(human):
    every = filled(human, figures="all").compute()
    floors = filled(human).floors()
    assert floors.keys() >= {
        "floor/js_bits/2",
        "floor/novelty/2",
        "floor/copies",
        "floor/repetition",
    }
    assert floors == {key: every[key] for key in floors}
    assert {name.removeprefix("floor/") for name in floors} <= {*filled(human).names}


@pytest.mark.parametrize(
    ("figures", "message"),
    [
        ("js_bits/2", "give \\['js_bits/2'\\] for a single key"),
        (["js_bits/2"], "needs a baseline"),
        (["entropy_bits/5"], "of orders 1 to 4, got 'entropy_bits/5' .did you mean 'entropy_bits/"),
        (["entropy"], "got 'entropy'"),
    ],
)
def test_unknown_figures_are_refused(figures, message):
    with pytest.raises(ValueError, match=message):
        cs.CollapseMonitor(VOCAB, 4, figures=figures)


def repeated(document):
    """The share of tokens in a span of 24 that occurred before."""
    covered = [False] * len(document)
    for at in range(len(document) - 23):
        if any(document[b : b + 24] == document[at : at + 24] for b in range(at)):
            covered[at : at + 24] = [True] * 24
    return sum(covered) / len(document)


def test_repetition_and_copies(human, monkeypatch):
    monitor = filled(human)
    documents = np.split(monitor.snapshot().newest.ids, 160)
    texts = [document.tolist() for document in documents]
    figures = monitor.compute()
    assert figures["repetition"] == pytest.approx(np.mean([repeated(text) for text in texts]))
    assert figures["repetition"] > 0.1
    assert figures["copies"] == pytest.approx(1 - len({tuple(text) for text in texts}) / 160)
    monkeypatch.setattr(figures_module, "REPETITION_TOKENS", 60 * 100)
    few = filled().compute()["repetition"]
    assert few == pytest.approx(np.mean([repeated(text) for text in texts[60:]]))


def test_half_of_a_batch_that_is_copies_is_seen(human):
    """Other figures hardly move when documents are said twice."""
    rng = np.random.default_rng(5)
    rows = rng.zipf(1.4, (100, 60)) % VOCAB
    plain, doubled = (cs.CollapseMonitor(VOCAB, 4, baseline=human) for _ in range(2))
    plain.update(rows)
    doubled.update(np.concatenate([rows[:50], rows[:50]]))
    assert plain.compute()["copies"] == 0
    assert doubled.compute()["copies"] == 0.5


@pytest.mark.parametrize(
    "arguments",
    [
        {"window": 25.5}, {"window": float("nan")}, {"window": float("inf")}, {"window": True},
        {"window": "100"}, {"max_order": 2.0}, {"vocab_size": 50.0}, {"vocab_size": True},
    ],
)  # fmt: skip
def test_fractions_are_refused(arguments):
    with pytest.raises(TypeError, match="give a whole number"):
        cs.CollapseMonitor(**{"vocab_size": VOCAB} | arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        {"lengths": [1.5, 1.5]},
        {"lengths": [2.0, 1.0]},
        {"cu_seqlens": [0.0, 1.5, 3.0]},
        {"pad": 1.5},
    ],
)
def test_fractional_lengths_are_refused(arguments):
    monitor = cs.CollapseMonitor(VOCAB, 2)
    with pytest.raises(TypeError, match="whole number"):
        monitor.update([1, 2, 3], **arguments)
    assert monitor.compute()["tokens"] == 0


TOKENS = np.array([[1, 2, 3], [4, 5, 6]])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"mask": np.ones((3, 2))}, "mask must have the tokens' shape"),
        ({"mask": np.ones(6)}, "mask must have the tokens' shape"),
        ({"begins": np.ones((3, 2))}, "begins must have the tokens' shape"),
        ({"logprobs": np.full((3, 2), -1.0)}, "logprobs must have the tokens' shape"),
        ({"mask": [[0, 0, -np.inf], [0, 0, 0]]}, "got -inf: give a mask of booleans"),
        ({"mask": [[0, 0, -10000], [0, 0, 0]]}, "got -10000.0: give a mask of booleans"),
        ({"mask": np.zeros((2, 3))}, "got 0.0 everywhere"),
        ({"mask": [[1, 1, np.nan], [1, 1, 1]]}, "got nan: give a mask of booleans"),
    ],
)
def test_masks_of_another_meaning_or_shape_are_refused(arguments, message):
    monitor = cs.CollapseMonitor(VOCAB, 2)
    with pytest.raises(ValueError, match=message):
        monitor.update(TOKENS, **arguments)
    monitor.update(TOKENS, mask=np.zeros((2, 3), bool))
    assert monitor.compute()["tokens"] == 0


def test_a_bad_state_changes_nothing():
    monitor = filled()
    before, state = monitor.compute(), monitor.state_dict()
    bad = [
        {k: v for k, v in state.items() if k != "length"},
        state | {"ids": state["ids"] + VOCAB},
        state | {"ids": state["ids"].astype(float)},
        state | {"length": state["length"][1:]},
        state | {"ordinal": state["ordinal"][1:]},
        state | {"surprisal": state["surprisal"][1:]},
        state | {"surprisal_sums": state["surprisal_sums"][:, 1:]},
        state | {"seen": None},
        state | {"within_values": state["within_values"][1:]},
    ]
    for each in bad:
        with pytest.raises(ValueError, match=r"the state's .* must be"):
            monitor.load_state_dict(each)
        assert monitor.compute() == before


@pytest.mark.parametrize("window", [None, 10_000])
def test_a_state_shares_no_memory_with_the_monitor(window):
    monitor = filled(window=window, figures="all")
    before = monitor.compute()
    for value in monitor.state_dict().values():
        if isinstance(value, np.ndarray):
            value[...] = 1
    monitor.update([0])
    monitor.update([[0]] * 2, groups=[0, 0])
    state = monitor.state_dict()
    assert monitor.compute()["distinct_ratio/3"] == before["distinct_ratio/3"]
    assert state["ids"].max() > 1


def test_a_state_of_another_tokenizer_is_refused():
    of_bytes = cs.CollapseMonitor(tokenizer="bytes")
    of_bytes.update([1, 2, 3])
    state = of_bytes.state_dict()
    json.dumps({k: v for k, v in state.items() if not isinstance(v, np.ndarray)})
    other = cs.CollapseMonitor(256, tokenizer=type(of_bytes.tokenizer)("file:other.json", "0" * 64))
    for take in (other.load_state_dict, other.merge):
        with pytest.raises(cs.LayoutMismatchError, match=r"tokenizer file:other.json.*of bytes"):
            take(state)
    unnamed = cs.CollapseMonitor(256)
    unnamed.load_state_dict(state)
    assert unnamed.compute()["tokens"] == 3
