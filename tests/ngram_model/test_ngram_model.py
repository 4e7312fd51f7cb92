"""Models of n-grams against values worked out elsewhere, and against the definition."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kneser_ney import END, KneserNey

import collapse_stats as cs
from collapse_stats.backends.selection import select
from collapse_stats.corpus.sample import Sample
from collapse_stats.ngram_model import model as model_module

TOY = [[0, 1, 0, 2], [0, 1, 2], [2, 0, 1, 0, 1]]


def profiled(documents, vocab_size, max_order, **options):
    arrays = [np.array(document, dtype=np.int64) for document in documents]
    return cs.profile(arrays, vocab_size=vocab_size, max_order=max_order, **options)


def model_of(documents, order, vocab_size):
    return cs.NgramModel.from_profile(profiled(documents, vocab_size, order), order)


def packed(documents):
    lengths = np.array([len(document) for document in documents])
    return np.array([token for document in documents for token in document]), lengths


def perplexities(model, documents):
    of_tokens, of_ends = model.log2_probabilities(*packed(documents))
    return [2 ** -np.mean(bits) for bits in (np.append(of_tokens, of_ends), of_tokens)]


def congruential_documents():
    """100 documents of 40 tokens from a linear congruential generator."""
    x, tokens = 12345, []
    for _ in range(4000):
        x = (1103515245 * x + 12345) % 2**31
        tokens.append(int(60 * ((x >> 8) / 2**23) ** 3))
    assert tokens[:12] == [16, 1, 18, 0, 8, 7, 13, 3, 1, 3, 33, 0]
    assert sum(tokens) == 58_628
    return [tokens[i : i + 40] for i in range(0, 4000, 40)]


def test_three_short_documents():
    model = model_of(TOY, 3, 4)
    assert model.discounts[1] == pytest.approx((1 / 3, 0, 3), abs=1e-12)
    assert model.discounts[2] == pytest.approx((0.6, 1.1, 3), abs=1e-12)
    assert model.discounts[3] == (0.5, 1, 1.5)
    assert model.fallback == (3,)
    of_tokens, of_ends = model.log2_probabilities(*packed([[0, 1, 3], [2]]))
    expected = [0.379753, 0.596667, 0.042222, 0.213086]
    np.testing.assert_allclose(2**of_tokens, expected, atol=1e-6)
    np.testing.assert_allclose(2**of_ends, [0.362963, 0.252840], atol=1e-6)
    assert perplexities(model, [[0, 1, 3], [2]]) == pytest.approx([4.181452, 4.706169], abs=1e-6)


def test_numbers_of_a_congruential_generator():
    documents = congruential_documents()
    model = model_of(documents[:80], 3, 64)
    assert model.fallback == (1,)
    assert model.discounts[2] == pytest.approx((0.619574, 1.336722, 1.876122), abs=1e-6)
    assert model.discounts[3] == pytest.approx((0.857143, 1.321247, 1.747253), abs=1e-6)
    assert perplexities(model, documents[80:]) == pytest.approx([38.334139, 38.025417], abs=1e-6)
    longer = model_of(documents[:80], 5, 64)
    assert longer.fallback == (1, 5)
    assert perplexities(longer, documents[80:])[0] == pytest.approx(38.827310, abs=1e-6)


small_documents = st.integers(1, 6).flatmap(
    lambda vocab_size: st.tuples(
        st.just(vocab_size),
        st.lists(st.lists(st.integers(0, vocab_size - 1), max_size=12), min_size=1, max_size=12),
        st.lists(st.lists(st.integers(0, vocab_size + 1), max_size=8), min_size=1, max_size=4),
        st.integers(1, 5),
    )
)


@given(small_documents)
@settings(max_examples=300, deadline=None)
def test_any_text_has_the_probabilities_of_the_definition(drawn):
    seen, documents, text, order = drawn
    vocab_size = seen + 2  # so that two ids are never seen
    longest = max(map(len, documents))
    if not longest:
        return
    profile = profiled(documents, vocab_size, max(order, 2))
    if longest + 2 < order:
        with pytest.raises(cs.CollapseStatsError, match=f"order {order} needs a document of"):
            cs.NgramModel.from_profile(profile, order)
        return
    model = cs.NgramModel.from_profile(profile, order)
    oracle = KneserNey(documents, order, vocab_size)
    assert model.fallback == oracle.fallback
    assert model.discounts == {n: tuple(map(float, d)) for n, d in oracle.discounts.items()}
    expected = [oracle.log2_probabilities(document) for document in text]
    of_tokens, of_ends = model.log2_probabilities(*packed(text))
    assert np.isfinite([*of_tokens, *of_ends]).all()
    np.testing.assert_allclose(of_tokens, [x for bits in expected for x in bits[:-1]], rtol=1e-11)
    np.testing.assert_allclose(of_ends, [bits[-1] for bits in expected], rtol=1e-11)


@given(small_documents)
@settings(max_examples=200, deadline=None)
def test_models_of_both_backends_are_equal_bit_for_bit(drawn):
    vocab_size, documents, _, order = drawn
    if not max(map(len, documents)) or max(map(len, documents)) + 2 < order:
        return
    profile = profiled(documents, vocab_size + 2, max(order, 2))
    one, other = (
        cs.NgramModel.from_profile(replace(profile, backend=select(name)), order)
        for name in ("auto", "numpy")
    )
    assert one.discounts == other.discounts
    assert one.fallback == other.fallback
    text = [[], [vocab_size], *documents, *(document[::-1] for document in documents)]
    for of_one, of_other in zip(
        *(m.log2_probabilities(*packed(text)) for m in (one, other)), strict=True
    ):
        np.testing.assert_array_equal(of_one, of_other)
    np.testing.assert_array_equal(one._weights.probability, other._weights.probability)


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_probabilities_add_up_to_one(order):
    documents = congruential_documents()[:30]
    model = model_of(documents, order, 64)
    contexts = [[], [0], [0, 1], [63], [0, 63, 1], documents[0][:2], documents[1][-4:], [5] * 6]
    for context in contexts:
        of_next = [model.log2_probabilities([*context, i])[0][-1] for i in range(64)]
        of_end = model.log2_probabilities(np.array(context, dtype=np.int64))[1][0]
        assert math.fsum(2 ** np.array([*of_next, of_end])) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("backend", ["native", "numpy"])
def test_table_sample_and_merged_halves_give_one_model(backend):
    documents = [*congruential_documents(), [], [7]]
    options = {"backend": backend, "max_order": 4, "vocab_size": 64}
    whole = profiled(documents, **options)
    sampled = profiled(documents, **options, table=False)
    added = profiled(documents[:41], **options) + profiled(documents[41:], **options)
    models = [cs.NgramModel.from_profile(each, 4) for each in (whole, sampled, added)]
    probabilities = [model.log2_probabilities(*packed(documents)) for model in models]
    for model, (of_tokens, of_ends) in zip(models, probabilities, strict=True):
        assert model.discounts == models[0].discounts
        assert model.tokens == 4001
        np.testing.assert_array_equal(of_tokens, probabilities[0][0])
        np.testing.assert_array_equal(of_ends, probabilities[0][1])


def test_a_table_of_longer_windows_gives_the_same_model():
    documents = congruential_documents()
    three, five = (profiled(documents, 64, longest) for longest in (3, 5))
    for order in (1, 2, 3):
        short, long = (cs.NgramModel.from_profile(each, order) for each in (three, five))
        assert short.discounts == long.discounts
        np.testing.assert_array_equal(
            *(m.log2_probabilities(documents[3])[0] for m in (short, long))
        )


def test_a_table_of_order_1_knows_its_documents():
    model = model_of([*TOY, []], 1, 4)
    oracle = KneserNey(TOY, 1, 4)
    of_tokens, of_ends = model.log2_probabilities([0, 3])
    np.testing.assert_allclose([*of_tokens, *of_ends], oracle.log2_probabilities([0, 3]))
    counter = cs.NgramCounter(vocab_size=4, max_order=1)
    counter.update(np.array(TOY[0]))
    with pytest.raises(cs.CollapseStatsError, match="max_order=2"):
        cs.NgramModel.from_profile(counter.profile(), 1)


DEGENERATE = {
    "one token": [[0]],
    "one token repeated": [[0] * 50],
    "two tokens in turn": [[0, 1] * 40],
    "copies": [[3, 1, 2, 0]] * 100,
    "documents of one token": [[i % 5] for i in range(70)],
    "all different": [list(range(i, i + 5)) for i in range(0, 50, 5)],
}


@pytest.mark.parametrize("documents", DEGENERATE.values(), ids=DEGENERATE)
@pytest.mark.parametrize("order", [1, 2, 3])
def test_degenerate_text_is_finite_and_its_fallback_is_named(documents, order):
    model = model_of(documents, order, 64)
    oracle = KneserNey(documents, order, 64)
    assert model.fallback == oracle.fallback
    assert order in model.fallback
    of_tokens, of_ends = model.log2_probabilities([0, 0, 1, 63, 2])
    np.testing.assert_allclose([*of_tokens, *of_ends], oracle.log2_probabilities([0, 0, 1, 63, 2]))
    assert len(model.warnings) == len(model.fallback)
    assert all(str(n) in text for n, text in zip(model.fallback, model.warnings, strict=True))


def test_doubled_text_is_the_same_text_to_order_1():
    once, twice = (model_of(TOY * times, 1, 4) for times in (1, 2))
    assert once.fallback == twice.fallback == (1,)
    # Every count is 3 or more, so that the discount is halved against the counts.
    assert once.log2_probabilities([3])[0] - twice.log2_probabilities([3])[0] == pytest.approx(1)


@pytest.mark.parametrize("longest", [1, 3, 7])
def test_long_documents_may_be_cut_where_they_are_looked_up(monkeypatch, longest):
    documents = congruential_documents()
    model = model_of(documents, 4, 64)
    whole = model.log2_probabilities(documents[5])
    monkeypatch.setattr(model_module, "LONGEST", longest)
    np.testing.assert_array_equal(model.log2_probabilities(documents[5])[0], whole[0])
    np.testing.assert_array_equal(model.log2_probabilities(documents[5])[1], whole[1])


def test_shapes_of_what_is_given():
    model = model_of(TOY, 3, 4)
    of_tokens, of_ends = model.log2_probabilities(np.array([[0, 1], [2, 0]], dtype=np.uint8))
    again = model.log2_probabilities([0, 1, 2, 0], lengths=[2, 2])
    np.testing.assert_array_equal(of_tokens, again[0])
    np.testing.assert_array_equal(of_ends, again[1])
    of_tokens, of_ends = model.log2_probabilities([], lengths=[0])
    assert len(of_tokens) == 0
    assert of_ends == pytest.approx(KneserNey(TOY, 3, 4).log2_probabilities([])[-1])


def test_a_large_vocabulary_takes_no_memory_of_its_size():
    model = cs.NgramModel.from_profile(profiled([[2**31, 5, 2**31]], 2**32 - 1, 2), 2)
    oracle = KneserNey([[2**31, 5, 2**31]], 2, 2**32 - 1)
    text = [2**31, 5, 2**32 - 2]
    of_tokens, of_ends = model.log2_probabilities(text)
    np.testing.assert_allclose([*of_tokens, *of_ends], oracle.log2_probabilities(text))


def test_the_perplexity_of_a_text_and_of_a_profile(tmp_path):
    documents = congruential_documents()
    model = model_of(documents[:80], 3, 64)
    held_out = profiled([*documents[80:], []], 64, 3)
    for source in (held_out, [np.array(document) for document in documents[80:]]):
        assert model.perplexity(source) == pytest.approx(38.334139, abs=1e-6)
        assert model.perplexity(source, ends=False) == pytest.approx(38.025417, abs=1e-6)
    text = tmp_path / "text.txt"
    text.write_text("a rose is a rose is a rose\n" * 3)
    learned = cs.NgramModel.from_profile(cs.profile(text, max_order=3))
    assert 1 < learned.perplexity(text) < 2


def test_models_of_equal_size_are_made_from_samples():
    profile = profiled(congruential_documents(), 64, 3)
    model = cs.NgramModel.from_profile(profile, tokens=1000)
    assert model.tokens == 1000
    first = profile.sample.documents()[:25]
    oracle = KneserNey([document.tolist() for document in first], 3, 64)
    assert model.discounts == {n: tuple(map(float, d)) for n, d in oracle.discounts.items()}


def test_what_cannot_be_done_is_refused():
    profile = profiled(TOY, 4, 3)
    with pytest.raises(ValueError, match="order must be between 1 and 3"):
        cs.NgramModel.from_profile(profile, 4)
    with pytest.raises(ValueError, match="tokens must be at least 1"):
        cs.NgramModel.from_profile(profile, tokens=0)
    model = cs.NgramModel.from_profile(profile)
    with pytest.raises(ValueError, match="token id 4 at position 1 is outside the vocabulary"):
        model.log2_probabilities([0, 4])
    with pytest.raises(TypeError, match="tokens must be integers"):
        model.log2_probabilities([0.5])
    with pytest.raises(cs.LayoutMismatchError, match="token ids"):
        model.perplexity(profiled(TOY, 7, 3))
    without = profiled(TOY, 4, 3, table=False, sample_tokens=0)
    assert without.sample.tokens.size == Sample.empty().tokens.size
    with pytest.raises(cs.CollapseStatsError, match="neither: make it again without --no-table"):
        cs.NgramModel.from_profile(without)
    with pytest.raises(cs.CollapseStatsError, match="no sample"):
        cs.NgramModel.from_profile(profiled(TOY, 4, 3, sample_tokens=0), tokens=5)
    with pytest.raises(cs.CollapseStatsError, match="has no sample"):
        model.perplexity(without)


def test_the_begin_is_never_written_and_the_end_is():
    oracle = KneserNey(TOY, 3, 4)
    assert oracle.probability(END, (0, 1)) > 0
    assert model_of(TOY, 3, 4).log2_probabilities([0, 1])[1][0] == pytest.approx(
        oracle.log2_probabilities([0, 1])[-1]
    )


def test_bits_per_byte_are_those_of_the_text():
    texts = [f"the {n} né cats sat on {n * n} mats" for n in range(90)]
    for name in ("builtin", "bytes"):
        model = cs.NgramModel.from_profile(cs.profile(texts[:60], tokenizer=name), 3)
        fresh = cs.profile(texts[60:], tokenizer=name)
        for ends in (True, False):
            number = fresh.tokens + 30 * ends
            bits = number * math.log2(model.perplexity(texts[60:], ends=ends))
            expected = bits / sum(len(text.encode()) for text in texts[60:])
            assert model.bits_per_byte(texts[60:], ends=ends) == pytest.approx(expected)
            assert model.bits_per_byte(fresh, ends=ends) == pytest.approx(expected)
    of_ids = model_of(TOY, 2, 4)
    assert of_ids.bits_per_byte(profiled(TOY, 4, 2)) is None
