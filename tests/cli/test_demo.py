"""The demo's recursion is real: each property is checked by counting tuples in Python."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from collapse_stats.demo.recursion import NgramSampler, generate, generations, human_documents


def zipf_documents(documents=60, length=50, vocabulary=300, seed=1):
    """Documents of a Markov chain with a heavy tail, so that n-grams repeat and rare ones exist."""
    rng = np.random.default_rng(seed)
    weights = 1 / np.arange(1, vocabulary + 1)
    steps = rng.choice(vocabulary, size=(documents, length), p=weights / weights.sum())
    steps[:, 1::2] = (steps[:, 0::2] * 7 + steps[:, 1::2] % 3) % vocabulary
    return [row.astype(np.uint16) for row in steps]


def ngrams(documents, order):
    return Counter(
        tuple(document[i : i + order].tolist())
        for document in documents
        for i in range(len(document) - order + 1)
    )


def sizes(documents):
    return np.array([len(document) for document in documents], dtype=np.int64)


def sampled(documents, order, seed=0, backoff=0.1, lengths=None):
    model = NgramSampler.estimate(documents, order)
    lengths = sizes(documents) if lengths is None else np.asarray(lengths, dtype=np.int64)
    return generate(model, lengths, np.random.default_rng(seed), backoff=backoff)


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


def test_lengths_are_those_asked_for():
    documents = [d[: 3 + i % 40] for i, d in enumerate(zipf_documents())]
    documents.insert(5, np.empty(0, dtype=np.uint16))
    for corpus in generations(documents, 2, fresh=0.2):
        assert [len(d) for d in corpus] == [len(d) for d in documents]
        assert all(d.dtype == np.uint16 for d in corpus)


def test_the_seed_decides_everything():
    documents = zipf_documents()
    runs = [
        [np.concatenate(c).tolist() for c in generations(documents, 2, fresh=0.1, seed=seed)]
        for seed in (7, 7, 8)
    ]
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]


def test_each_generation_learns_from_the_one_before():
    """A token lost once stays lost, and there is loss in every generation."""
    human = zipf_documents(documents=200, vocabulary=2000)
    seen = [set(ngrams(c, 1)) for c in [human, *generations(human, 5)]]
    assert all(after < before for before, after in pairwise(seen))


def test_distinct_triples_fall_and_fresh_text_slows_it():
    human = zipf_documents(documents=400, vocabulary=1000)
    distinct = {
        fresh: [len(ngrams(c, 3)) for c in [human, *generations(human, 5, fresh=fresh)]]
        for fresh in (0.0, 0.3)
    }
    assert all(after < before for before, after in pairwise(distinct[0.0]))
    assert distinct[0.3][5] > 1.1 * distinct[0.0][5]


def test_fresh_documents_are_human_ones_in_their_place():
    human = zipf_documents(documents=200)
    kept = [
        {i for i, (a, b) in enumerate(zip(human, c, strict=True)) if np.array_equal(a, b)}
        for c in generations(human, 2, fresh=0.25)
    ]
    assert [len(places) for places in kept] == [50, 50]  # documents of one length
    assert kept[0] != kept[1]
    assert all(
        np.array_equal(a, b) for a, b in zip(human, next(generations(human, fresh=1)), strict=True)
    )


def test_unigram_recursion_follows_its_closed_forms():
    """E V = V - sum (1-p)^n after one generation; E sum p^2 = 1 - (1-1/n)^m (1-S0) after m."""
    rng = np.random.default_rng(2)
    human = [(rng.pareto(1.2, 100) % 50).astype(np.uint8) for _ in range(3)]
    n = 300
    p = np.array(list(ngrams(human, 1).values())) / n
    runs, depth = 200, 4
    distinct, simpson = np.empty(runs), np.empty((runs, depth))
    for run in range(runs):
        for m, corpus in enumerate(generations(human, depth, order=1, seed=run)):
            counts = np.array(list(ngrams(corpus, 1).values()))
            simpson[run, m] = ((counts / n) ** 2).sum()
            if m == 0:
                distinct[run] = len(counts)
    lost = (1 - p) ** n
    # Being seen is negatively associated between types, so Var V <= sum q(1-q). Five deviations.
    bound = 5 * ((lost * (1 - lost)).sum() / runs) ** 0.5
    assert abs(distinct.mean() - (len(p) - lost.sum())) < bound
    for m in range(1, depth + 1):
        expected = 1 - (1 - 1 / n) ** m * (1 - (p**2).sum())
        error = simpson[:, m - 1].std(ddof=1) / runs**0.5
        assert abs(simpson[:, m - 1].mean() - expected) < 5 * error


def test_nothing_to_learn_from():
    assert list(generations([], 2)) == [[], []]
    empty = np.empty(0, dtype=np.uint16)
    assert [len(d) for d in next(generations([empty, empty]))] == [0, 0]
    with pytest.raises(ValueError, match="at least one token"):
        sampled([empty], 2, lengths=[3])


@pytest.mark.parametrize(
    ("argument", "value"), [("fresh", 1.5), ("backoff", -0.1), ("order", 0), ("order", 17)]
)
def test_bad_arguments_are_named(argument, value):
    with pytest.raises(ValueError, match=argument):
        next(generations(zipf_documents(), **{argument: value}))


def test_human_documents_are_real_text_without_repeats():
    documents = human_documents()
    assert len(documents) > 500
    assert sum(map(len, documents)) > 1_500_000
    assert len(set(documents)) == len(documents)
    text = "\n".join(documents)
    for piece in (
        "Heap queue algorithm",  # the docstring of a module
        "Transform bottom-up.",  # a comment
        "Assert statements are a convenient way",  # a topic
    ):
        assert piece in text
