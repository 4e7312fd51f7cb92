"""The greedy choice and one pass, against every choice there is."""

from itertools import chain, combinations, pairwise

import numpy as np
import pytest

import collapse_stats as cs

MANY = 300


def instance(seed: int) -> tuple[list[np.ndarray], list[np.ndarray], int]:
    """Up to ten short documents, a reference, and a budget."""
    rng = np.random.default_rng(seed)
    draw = [rng.integers(0, 4, rng.integers(2, 8)) for _ in range(rng.integers(2, 11))]
    reference = [rng.integers(0, 4, 12)]
    total = sum(map(len, draw))
    return draw, reference, int(rng.integers(max(map(len, draw)), total + 1))


def pairs(document: np.ndarray) -> set[tuple[int, int]]:
    values = document.tolist()
    return set(pairwise(values))


def worth(documents: list[np.ndarray], reference: list[np.ndarray]) -> float:
    """The weights of the distinct bigrams: 1, or 1/4 of those that the reference has."""
    known = set(chain.from_iterable(map(pairs, reference)))
    return sum(0.25 if pair in known else 1.0 for pair in set().union(*map(pairs, documents)))


def chosen(draw: list, reference: list, budget: int, method: str = "greedy") -> list[int]:
    of_reference = cs.profile(reference, vocab_size=4, max_order=2)
    found = cs.select(
        draw,
        budget,
        against=[of_reference],
        order=2,
        gate=None,
        min_tokens=1,
        method=method,
        vocab_size=4,
    )
    return np.flatnonzero(found.candidates.kept).tolist()


def best(draw: list, reference: list, budget: int) -> float:
    numbers = range(len(draw))
    every = chain.from_iterable(combinations(numbers, n) for n in range(len(draw) + 1))
    return max(
        worth([draw[i] for i in some], reference)
        for some in every
        if sum(len(draw[i]) for i in some) <= budget
    )


@pytest.mark.parametrize("method", ["greedy", "one-pass"])
def test_a_choice_keeps_to_the_budget_and_is_good(method):
    shares = []
    for seed in range(MANY):
        draw, reference, budget = instance(seed)
        picked = chosen(draw, reference, budget, method)
        assert sum(len(draw[i]) for i in picked) <= budget
        shares.append(worth([draw[i] for i in picked], reference) / best(draw, reference, budget))
    if method == "greedy":
        assert min(shares) >= (1 - 1 / np.e) / 2
    assert np.mean(shares) > 0.85


def test_one_document_that_is_worth_more_than_all_small_ones_is_taken():
    small, large = np.array([0, 1]), np.arange(20)
    reference = [np.array([3, 3])]
    found = cs.select(
        [small, large],
        20,
        against=[cs.profile(reference, vocab_size=32, max_order=2)],
        order=2,
        gate=None,
        min_tokens=1,
        vocab_size=32,
    )
    # A token of the first brings 1/2, one of the second 19/20; and the second alone fills the 20.
    assert found.candidates.kept.tolist() == [False, True]
    # Now the small one comes first, for a token of it brings more: but then the large one is out.
    dense = np.concatenate([np.arange(20, 26), [3, 3]])
    found = cs.select(
        [dense, np.tile(np.arange(20), 2)],
        40,
        against=[cs.profile(reference, vocab_size=32, max_order=2)],
        order=2,
        gate=None,
        min_tokens=1,
        vocab_size=32,
    )
    assert found.candidates.kept.tolist() == [False, True]


def test_the_order_of_the_pool_makes_no_difference_up_to_ties():
    rng = np.random.default_rng(5)
    draw = [rng.integers(0, 300, rng.integers(5, 40)) for _ in range(60)]
    reference = [np.arange(300)]
    order = rng.permutation(len(draw))
    first = chosen_ids(draw, reference)
    second = chosen_ids([draw[i] for i in order], reference)
    assert {draw[i].tobytes() for i in first} == {draw[order[i]].tobytes() for i in second}


def chosen_ids(draw: list, reference: list) -> list[int]:
    found = cs.select(
        draw,
        400,
        against=[cs.profile(reference, vocab_size=300, max_order=2)],
        order=2,
        gate=None,
        min_tokens=1,
        vocab_size=300,
    )
    return np.flatnonzero(found.candidates.kept).tolist()


@pytest.mark.parametrize("method", ["greedy", "one-pass"])
def test_threads_make_no_difference(method):
    rng = np.random.default_rng(6)
    draw = [rng.zipf(1.4, rng.integers(5, 90)).clip(0, 499) for _ in range(900)]
    found = [
        cs.select(
            draw,
            9000,
            order=2,
            gate=None,
            min_tokens=8,
            vocab_size=500,
            threads=threads,
            method=method,
        )
        for threads in (1, 2, 7)
    ]
    for other in found[1:]:
        assert np.array_equal(found[0].candidates.kept, other.candidates.kept)
        assert found[0].thresholds == other.thresholds
