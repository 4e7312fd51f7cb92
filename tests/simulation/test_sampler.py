"""The n-gram model writes what it has read: checked by counting tuples in Python."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from chains import ngrams, zipf_documents

from collapse_stats.simulation.exact import RandomNumbers
from collapse_stats.simulation.sampler import NgramSampler
from collapse_stats.simulation.text import Text


def sampled(documents, order, seed=0, backoff=0.1, lengths=None, **options):
    text = Text.of(documents)
    lengths = text.lengths if lengths is None else np.asarray(lengths, dtype=np.int64)
    model = NgramSampler.estimate(text, order, **options)
    return model.write(lengths, RandomNumbers(f"test {seed}"), backoff=backoff).documents()


def in_a_ring(documents):
    """Every document runs into the first tokens of another: nothing stands only at an end."""
    heads = documents[1:] + documents[:1]
    return [np.concatenate([d, head[:4]]) for d, head in zip(documents, heads, strict=True)]


@pytest.mark.parametrize("order", [2, 3, 4])
def test_without_backoff_only_ngrams_that_were_read_are_written(order):
    documents = in_a_ring(zipf_documents())
    written = sampled(documents, order, backoff=0.0)
    assert set(ngrams(written, order)) <= set(ngrams(documents, order))


def test_with_backoff_every_pair_was_read_and_some_triples_were_not():
    documents = in_a_ring(zipf_documents())
    written = sampled(documents, 4, backoff=0.3)
    assert set(ngrams(written, 2)) <= set(ngrams(documents, 2))
    assert set(ngrams(written, 3)) - set(ngrams(documents, 3))


def test_documents_start_as_documents_do():
    documents = zipf_documents()
    starts = {tuple(document[:3].tolist()) for document in documents}
    written = sampled(documents, 4, backoff=0.0, lengths=[3] * 500)
    assert {tuple(document.tolist()) for document in written} <= starts


def test_any_document_may_be_the_one_started_like():
    """A document's start does not depend on what stands before it in the corpus."""
    documents = [np.array([i, 30 + i, 60 + i]) for i in range(20)]
    written = sampled(documents, 4, backoff=0.0, lengths=[1] * 1000)
    assert {int(document[0]) for document in written} == set(range(20))  # missed: 20 e^-50


def test_a_context_that_only_ends_documents_backs_off():
    written = sampled([np.array([1, 2, 3])], 3, backoff=0.0, lengths=[2000])[0].tolist()
    assert written[:3] == [1, 2, 3]
    pairs = set(pairwise(written))
    assert {b for a, b in pairs if a == 3} == {1, 2, 3}  # 3 is followed by anything
    assert {b for a, b in pairs if a == 1} == {2}
    assert {b for a, b in pairs if a == 2} == {3}


def test_it_backs_off_no_further_than_it_must():
    documents = [np.array([5, 1, 2]), np.array([6, 2, 7])]  # (1, 2) is read on nowhere, (2,) is
    pairs = pairwise(sampled(documents, 3, backoff=0.0, lengths=[2000])[0].tolist())
    assert {b for a, b in pairs if a == 2} == {7}


def chi_square(observed, expected):
    return sum((observed.get(key, 0) - e) ** 2 / e for key, e in expected.items())


def test_tokens_of_an_order_1_model_follow_the_counts():
    documents = [*zipf_documents(vocabulary=40), np.full(60, 50), np.full(30, 51)]
    counts = ngrams(documents, 1)
    total = sum(counts.values())
    draws = 200_000
    observed = ngrams(sampled(documents, 1, lengths=[200] * (draws // 200)), 1)
    assert set(observed) <= set(counts)
    statistic = chi_square(observed, {key: draws * c / total for key, c in counts.items()})
    # Pearson's statistic of a multinomial: mean k, variance 2k for k degrees of freedom, up to
    # (sum of 1/p) / draws, here below 0.3 of it. Six standard deviations.
    k = len(counts) - 1
    assert sum(total / c for c in counts.values()) / draws < 0.3 * 2 * k
    assert abs(statistic - k) < 6 * (2.6 * k) ** 0.5


def test_tokens_of_an_order_2_model_follow_the_counts_after_each_token():
    rng = np.random.default_rng(4)
    documents = [np.sort(rng.integers(0, 6, (200, 2)) ** 2 // 5).ravel() for _ in range(20)]
    pairs = ngrams(documents, 2)
    followed = Counter(a for a, _ in pairs.elements())
    written = ngrams(sampled(documents, 2, lengths=[500] * 200), 2)
    met = Counter(a for a, _ in written.elements())
    assert set(written) <= set(pairs)
    expected = {(a, b): met[a] * c / followed[a] for (a, b), c in pairs.items()}
    # Given how often each token was met, what follows is multinomial: as above.
    k = len(pairs) - len(followed)
    assert abs(chi_square(written, expected) - k) < 6 * (2.6 * k) ** 0.5


def test_nothing_to_learn_from():
    empty = np.empty(0, dtype=np.uint16)
    assert sampled([empty, empty], 3)[0].tolist() == []
    with pytest.raises(ValueError, match="at least one token"):
        sampled([empty], 2, lengths=[3])


def follows(documents, order):
    """Context of order - 1 tokens -> how often each token follows it."""
    found = {}
    for ngram, count in ngrams(documents, order).items():
        found.setdefault(ngram[:-1], Counter())[ngram[-1]] += count
    return found


def changed(counts, temperature, top_p):
    """Probabilities of tokens after temperature and top-p, by their definition."""
    weights = {token: count ** (1 / temperature) for token, count in counts.items()}
    total = sum(weights.values())
    kept, before = {}, 0.0
    for token, weight in sorted(weights.items(), key=lambda each: (-each[1], each[0])):
        if before < top_p:
            kept[token] = weight
        before += weight / total
    return {token: weight / sum(kept.values()) for token, weight in kept.items()}


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize(
    ("temperature", "top_p"), [(0.5, 1), (0.8, 1), (1.5, 1), (1, 0.71), (0.8, 0.9), (1.5, 0.52)]
)
def test_tokens_follow_the_changed_probabilities(order, temperature, top_p):
    rng = np.random.default_rng(4)
    documents = in_a_ring([np.sort(rng.integers(0, 6, (200, 2)) ** 2 // 5).ravel() for _ in "abcd"])
    written = sampled(
        documents, order, backoff=0.0, lengths=[500] * 100, temperature=temperature, top_p=top_p
    )
    read, wrote = follows(documents, order), follows(written, order)
    assert set(wrote) <= set(read)
    statistic = freedom = variance = 0.0
    for context, counts in wrote.items():
        expected = changed(read[context], temperature, top_p)
        assert set(counts) <= set(expected)
        met = counts.total()
        statistic += chi_square(counts, {key: met * p for key, p in expected.items()})
        k = len(expected) - 1
        freedom += k
        variance += 2 * k + sum(1 / p for p in expected.values()) / met
    # Pearson's statistic of multinomials: mean k, variance near 2k. Five standard deviations.
    assert abs(statistic - freedom) < 5 * max(variance, 1.0) ** 0.5


def test_of_equal_tokens_the_smaller_ids_are_kept():
    documents = [np.array([3, 1, 2, 0])]
    assert {int(t) for t in sampled(documents, 1, lengths=[200], top_p=0.5)[0]} == {0, 1}


def test_a_low_temperature_leaves_the_most_frequent_token():
    documents = [np.array([5, 5, 5, 4, 4, 2])]
    assert {int(t) for t in sampled(documents, 1, lengths=[500], temperature=0.01)[0]} == {5}


def test_a_wide_vocabulary_is_sorted_as_well():
    """Ids of more than 16 bits are sorted by two digits."""
    wide = [document.astype(np.uint32) * 70_001 for document in zipf_documents()]
    narrow = sampled(zipf_documents(), 4)
    assert [d.tolist() for d in sampled(wide, 4)] == [
        (d.astype(int) * 70_001).tolist() for d in narrow
    ]
