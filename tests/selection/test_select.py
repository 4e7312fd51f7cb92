"""`cs.select` on made text: what it chooses, what it says, and what it refuses."""

import numpy as np
import pytest
from ordered_text import VOCAB, chain

import collapse_stats as cs
from collapse_stats.backends import ngram_set

OPTIONS = {"vocab_size": VOCAB, "max_order": 5}


@pytest.fixture(scope="module")
def human() -> cs.Profile:
    return cs.profile(chain(1, 900), name="human", **OPTIONS)


@pytest.fixture(scope="module")
def reference() -> cs.Profile:
    return cs.profile(chain(2, 100), name="gen0", **OPTIONS)


def repeating(seed: int, number: int) -> list[np.ndarray]:
    """Documents that are made of few different pieces, as those of a collapsed model are."""
    pieces = chain(seed, 12, 20)
    rng = np.random.default_rng(seed)
    return [np.concatenate([pieces[i] for i in rng.integers(0, 12, 3)]) for _ in range(number)]


@pytest.fixture(scope="module")
def candidates() -> list[np.ndarray]:
    rng = np.random.default_rng(7)
    noise = [rng.integers(0, VOCAB, 60) for _ in range(50)]
    return [*repeating(8, 300), *chain(9, 200), *noise, *chain(10, 20, 10)]


@pytest.mark.parametrize("method", ["greedy", "one-pass"])
def test_what_is_new_and_has_an_order_is_chosen(human, reference, candidates, method):
    found = cs.select(
        candidates, 9000, against=[reference], baseline=human, method=method, **OPTIONS
    )
    kept = found.candidates.kept
    assert 8800 <= found.tokens <= 9000
    assert found.tokens == sum(len(d) for d, keep in zip(candidates, kept, strict=True) if keep)
    assert kept[300:500].sum() > 0.9 * kept.sum()  # of the varied text
    assert not kept[500:].any()  # noise, and what is too short
    reasons = found.candidates.reasons
    assert reasons["order gain too low"] == 50 or method == "one-pass"
    assert reasons["too short"] == 20
    assert np.isnan(found.candidates.order_gain[550:]).all()
    assert found.human is None
    assert found.human_share == 0


def test_the_effect_is_that_on_the_half_that_had_no_part(human, reference):
    draw = [*repeating(8, 300), *chain(9, 200)]
    found = cs.select(draw, 9000, against=[reference], baseline=human, **OPTIONS)
    random, selected = found.effect
    assert random.candidate.name == "random"
    assert random.candidate.tokens <= 9000
    assert selected.candidate.tokens == found.tokens
    assert selected.baseline.name == "human B"
    halves = half_of_rows(900)
    of_b = [document for document, half in zip(chain(1, 900), halves, strict=True) if half]
    assert selected.baseline.tokens == sum(map(len, of_b))
    assert selected.baseline.distinct(3) == len(
        {g for document in of_b for g in trigrams(document)}
    )
    for order in (2, 4):  # not those that it was chosen by
        ratio = selected.size_matched_distinct_ratio(order)
        assert ratio > random.size_matched_distinct_ratio(order)


def test_noise_would_be_chosen_first_without_the_gate(reference, candidates):
    found = cs.select(candidates, 3500, against=[reference], gate=None, **OPTIONS)
    assert found.candidates.kept[500:550].mean() == 1
    assert found.effect is None
    assert found.gate_limits == {}


def test_novelty_is_the_worth_of_the_distinct_ngrams(human, reference):
    documents = chain(11, 5)
    found = cs.select(documents, 200, against=[reference], baseline=human, **OPTIONS).candidates
    known = {gram for d in chain(2, 100) for gram in trigrams(d)}
    counts: dict[tuple[int, ...], int] = {}
    for document, half in zip(chain(1, 900), half_of_rows(900), strict=True):
        for gram in trigrams(document) if half == 0 else ():
            counts[gram] = counts.get(gram, 0) + 1
    for document, novelty in zip(documents, found.novelty, strict=True):
        worth = sum(
            (0.25 if gram in known else 1.0)
            * (1 + np.log2(1 + 8 / counts[gram]) if gram in counts else 1.0)
            for gram in {*trigrams(document)}
        )
        assert novelty == pytest.approx(worth / len(document), abs=0.01)  # weights are rounded


def trigrams(document: np.ndarray) -> list[tuple[int, ...]]:
    values = document.tolist()
    return list(zip(values, values[1:], values[2:], strict=False))


def half_of_rows(number: int) -> list[int]:
    """The halves of rows, computed with Python's integers; see docs/halves.md."""
    halves, low64 = [], 2**64 - 1
    for row in range(number):
        x = (row * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019) & low64
        x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & low64
        x = (x ^ x >> 27) * 0x94D049BB133111EB & low64
        halves.append((x ^ x >> 31) % 16 // 8)
    return halves


def test_human_text_gets_its_share(human, reference, candidates):
    fresh = chain(12, 80)
    found = cs.select(
        candidates,
        6000,
        against=[reference],
        baseline=human,
        human=fresh,
        human_share=0.25,
        **OPTIONS,
    )
    assert abs(found.human.kept_tokens - 1500) < 60  # to within a document
    assert found.human_share == pytest.approx(found.human.kept_tokens / found.tokens)
    assert found.candidates.kept_tokens <= 4500
    assert [each.candidate.name for each in found.effect] == [
        "random",
        "selected",
        "selected + human",
    ]
    assert found.effect[2].candidate.tokens == found.tokens
    assert "25 % of it human text" in repr(found)


def test_a_share_without_enough_text_is_refused_with_the_numbers(human, reference, candidates):
    with pytest.raises(cs.InputError, match=r"0\.5 of 6,000 tokens is 3,000 .* has 600 in"):
        cs.select(
            candidates,
            6000,
            against=[reference],
            baseline=human,
            human=chain(12, 10),
            human_share=0.5,
            **OPTIONS,
        )


def test_human_text_of_the_baseline_is_noticed(human, reference, candidates):
    found = cs.select(
        candidates,
        6000,
        against=[reference],
        baseline=human,
        human=chain(1, 900)[:60],
        human_share=0.25,
        **OPTIONS,
    )
    (warning,) = found.warnings
    assert "25 of 25 are in the baseline human as well" in warning


def test_a_budget_below_every_document_is_refused(reference):
    with pytest.raises(cs.InputError, match=r"budget is 50 tokens, and the shortest .* has 60"):
        cs.select(chain(3, 9), 50, against=[reference], gate=None, **OPTIONS)


def test_a_baseline_without_a_sample_is_refused():
    bare = cs.profile(chain(2, 80), sample_tokens=0, name="bare", **OPTIONS)
    with pytest.raises(cs.InputError, match="bare was made without a sample"):
        cs.select(chain(3, 9), 100, baseline=bare, **OPTIONS)


@pytest.mark.parametrize("method", ["greedy", "one-pass"])
def test_without_the_compiled_module_the_same_is_chosen(
    human, reference, candidates, method, monkeypatch
):
    def choose() -> cs.SelectedDocuments:
        found = cs.select(
            candidates, 4000, against=[reference], baseline=human, method=method, **OPTIONS
        )
        return found.candidates

    first = choose()
    monkeypatch.setattr(ngram_set, "compiled", lambda: None)
    second = choose()
    assert np.array_equal(first.kept, second.kept)
    assert np.array_equal(first.novelty, second.novelty)
    assert np.array_equal(first.copy, second.copy, equal_nan=True)


def test_a_budget_over_the_pool_keeps_everything(human, reference):
    documents = chain(13, 30)
    found = cs.select(documents, "1M", against=[reference], baseline=human, **OPTIONS)
    assert found.candidates.kept.all()
    (warning,) = found.warnings
    assert "the budget is 1,000,000 tokens, and the candidates have 1,800" in warning


@pytest.mark.parametrize("method", ["greedy", "one-pass"])
def test_if_everything_is_noise_the_quantiles_are_said(human, reference, method):
    rng = np.random.default_rng(14)
    noise = [rng.integers(0, VOCAB, 60) for _ in range(40)]
    with pytest.raises(cs.InputError) as caught:
        cs.select(noise, 500, against=[reference], baseline=human, method=method, **OPTIONS)
    message = str(caught.value)
    assert "40 documents with too low an order gain" in message
    assert "bits a token (5 % to 95 %), median" in message
    assert "--gate none" in message


def test_ids_of_another_meaning_are_refused(human, tmp_path):
    other = cs.profile(["a text of words", "another text"] * 40, max_order=5)
    with pytest.raises(cs.LayoutMismatchError):
        cs.select(chain(1, 9), 100, against=[other], baseline=other, **OPTIONS, tokenizer="none")
    wide = cs.profile(chain(1, 9), vocab_size=VOCAB + 1, max_order=5)
    with pytest.raises(cs.LayoutMismatchError):
        cs.select(chain(1, 9), 100, against=[wide], baseline=human, **OPTIONS)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({}, cs.InputError, "needs a human baseline"),
        ({"gate": None, "human": []}, cs.InputError, "human without human_share"),
        ({"gate": None, "human_share": 0.1}, cs.InputError, "human_share without human"),
        ({"gate": "perplexity"}, ValueError, "gate must be 'order' or None"),
        ({"gate": None, "method": "best"}, ValueError, "method must be one of greedy, one-pass"),
        ({"gate": None, "order": 1}, ValueError, "order must be 2 or more"),
        ({"gate": None, "budget": "12 pages"}, ValueError, "a number of tokens such as 200M"),
        ({"gate": None, "budget": 0}, ValueError, "at least 1 token"),
        ({"gate": None, "human_share": 1.0}, ValueError, "between 0 and 1"),
        ({"gate": None, "against": "gen0"}, TypeError, "against must be a list"),
        ({"gate": None, "seed": -1}, ValueError, "seed must be"),
    ],
)
def test_wrong_options_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        cs.select(chain(1, 3), **{"budget": 100, **options}, **OPTIONS)


def test_profiles_must_have_what_is_needed(human):
    bare = cs.profile(chain(2, 80), table=False, name="bare", **OPTIONS)
    with pytest.raises(cs.InputError, match="bare has no table of n-grams"):
        cs.select(chain(3, 9), 100, against=[bare], gate=None, **OPTIONS)
    plain = cs.profile(chain(2, 80), halves=False, name="plain", **OPTIONS)
    with pytest.raises(cs.InputError, match="plain was made without halves"):
        cs.select(chain(3, 9), 100, baseline=plain, **OPTIONS)
    with pytest.raises(cs.InputError, match="has n-grams up to order 5"):
        cs.select(chain(3, 9), 100, baseline=human, order=6, **OPTIONS)


def test_too_little_memory_is_said_before_anything_is_chosen(human, reference):
    with pytest.raises(MemoryError, match=r"give at least .* a smaller budget: n-grams are kept"):
        cs.select(
            chain(3, 900), 54_000, against=[reference], baseline=human, memory=1_500_000, **OPTIONS
        )


def test_a_selection_shows_itself(human, reference, candidates):
    pandas = pytest.importorskip("pandas")
    found = cs.select(candidates, 3000, against=[reference], baseline=human, **OPTIONS)
    text = found.summary(width=80)
    assert max(map(len, text.splitlines())) <= 80
    assert "as varied as human text?" in text
    frame = found.to_frame()
    assert isinstance(frame, pandas.DataFrame)
    assert [*frame.columns] == [
        "path",
        "ordinal",
        "tokens",
        "novelty",
        "order_gain",
        "copy",
        "kept",
        "why",
    ]
    assert frame["kept"].sum() == found.documents
    content = found.to_dict()
    assert content["candidates"]["reasons"] == found.candidates.reasons
    assert "<table" in found._repr_html_()
    assert list(found.candidates.ordinals.values()) == [
        np.flatnonzero(found.candidates.kept).tolist()
    ]
