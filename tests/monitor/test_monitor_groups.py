"""Diversity within the answers to one prompt equals that of Python's sets."""

import math
from collections import Counter
from itertools import combinations
from statistics import fmean

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import collapse_stats as cs
from collapse_stats.monitor.groups import FLOOR_GROUPS

VOCAB = 6
answers_strategy = st.lists(st.lists(st.integers(0, VOCAB - 1), max_size=7), min_size=2, max_size=6)
groups_strategy = st.lists(answers_strategy, min_size=1, max_size=5)


def ngrams(document, n):
    """Its n-grams; a document shorter than n is one n-gram."""
    if len(document) < n:
        return [tuple(document)] if document else []
    return [tuple(document[i : i + n]) for i in range(len(document) - n + 1)]


def clusters(sets):
    """Sizes of the connected components of sets that contain half of the other's elements."""
    joined = [{i} for i in range(len(sets))]
    for i, j in combinations(range(len(sets)), 2):
        smaller = min(len(sets[i]), len(sets[j]))
        shared = len(sets[i] & sets[j])
        if (2 * shared >= smaller) if smaller else (len(sets[i]) == len(sets[j])):
            both = joined[i] | joined[j]
            for member in both:
                joined[member] = both
    return [len(component) for component in {frozenset(component) for component in joined}]


def expected(group, n):
    grams = [ngrams(document, n) for document in group]
    sets = [set(each) for each in grams]
    windows = sum(map(len, grams))
    share = [size / len(group) for size in clusters(sets)]
    overlap = [len(a & b) / len(a | b) if a | b else 1.0 for a, b in combinations(sets, 2)]
    return {
        f"distinct_ratio/{n}": len(set().union(*sets)) / windows if windows else 0.0,
        "copies": 1 - len(set(map(tuple, group))) / len(group),
        "overlap": fmean(overlap),
        "effective": math.exp(-sum(p * math.log(p) for p in share)),
    }


def means(groups, n, kind="group"):
    rows = [expected(group, n) for group in groups]
    return {f"{kind}_{key}": fmean(row[key] for row in rows) for key in rows[0]}


def update(monitor, groups, names=None):
    documents = [document for group in groups for document in group]
    ids = [name for name, group in zip(names or range(len(groups)), groups, strict=True)
           for _ in group]  # fmt: skip
    monitor.update(
        [token for document in documents for token in document],
        lengths=[len(document) for document in documents],
        groups=ids,
    )


def of_groups(monitor, kind="group"):
    return {k: v for k, v in monitor.compute().items() if k.startswith(kind)}


@given(groups_strategy, st.integers(1, 4), st.sampled_from([VOCAB, 200_000, 5_000_000]))
def test_figures_equal_those_of_sets(groups, order, vocab_size):
    monitor = cs.CollapseMonitor(vocab_size, order, figures="all")
    update(monitor, groups)
    assert of_groups(monitor) == pytest.approx(means(groups, min(order, 3)))


@given(groups_strategy, st.randoms())
def test_the_order_of_documents_and_the_names_of_groups_do_not_matter(groups, random):
    together, apart, mixed = (cs.CollapseMonitor(VOCAB, 3) for _ in range(3))
    update(together, groups)
    for group in reversed(groups):
        update(apart, [group], ["a prompt"])
    documents = [(f"prompt {number}", d) for number, group in enumerate(groups) for d in group]
    random.shuffle(documents)
    mixed.update(
        [token for _, document in documents for token in document],
        lengths=[len(document) for _, document in documents],
        groups=[name for name, _ in documents],
    )
    assert of_groups(together) == pytest.approx(of_groups(apart))
    assert of_groups(together) == pytest.approx(of_groups(mixed))


def test_known_groups():
    monitor = cs.CollapseMonitor(10, 3)
    monitor.update([[1, 2, 3, 4]] * 4, groups=[5, 5, 5, 5])
    assert of_groups(monitor) == {
        "group_distinct_ratio/3": 0.25,
        "group_copies": 0.75,
        "group_overlap": 1.0,
        "group_effective": 1.0,
    }
    monitor.reset()
    monitor.update(np.arange(8).reshape(2, 4), groups=[5, 5])
    assert of_groups(monitor) == {
        "group_distinct_ratio/3": 1.0,
        "group_copies": 0.0,
        "group_overlap": 0.0,
        "group_effective": 2.0,
    }


def random_groups(number, size, seed=0, length=8, tokens=VOCAB):
    rng = np.random.default_rng(seed)
    return [[rng.integers(0, tokens, length).tolist() for _ in range(size)] for _ in range(number)]


def test_between_groups_one_answer_of_each_is_compared():
    groups = random_groups(11, 3)
    monitor = cs.CollapseMonitor(VOCAB, 3, figures="all")
    for first in range(0, 11, 2):
        update(monitor, groups[first : first + 2])
    firsts = [group[0] for group in groups]
    made = [firsts[at : at + 3] for at in (0, 3, 6)]
    assert of_groups(monitor, "between") == pytest.approx(means(made, 3, "between"))


def test_the_floor_is_that_of_the_first_groups_or_of_human_answers():
    first, later = random_groups(FLOOR_GROUPS, 4), random_groups(40, 4, seed=1, tokens=2)
    monitor = cs.CollapseMonitor(VOCAB, 3)
    update(monitor, first[:10])
    update(monitor, first[10:])
    update(monitor, later)
    floors = {f"floor/{k}": v for k, v in means(first, 3).items()}
    assert monitor.floors() == pytest.approx(floors)
    human = [*random_groups(5, 6, seed=2), *random_groups(3, 3, seed=3)]
    documents = [document for group in human for document in group]
    monitor.set_group_floor(
        np.concatenate(documents),
        lengths=[len(document) for document in documents],
        groups=[number for number, group in enumerate(human) for _ in group],
    )
    of_four = [group[:4] for group in human if len(group) >= 4]
    floors = {f"floor/{k}": v for k, v in means(of_four, 3).items()}
    assert monitor.floors() == pytest.approx(floors)


def test_a_window_holds_the_newest_groups():
    groups = random_groups(20, 2)  # 16 tokens each
    monitor = cs.CollapseMonitor(VOCAB, 3, window=50)
    for group in groups:
        update(monitor, [group])
    assert of_groups(monitor) == pytest.approx(means(groups[-3:], 3))


def test_masked_and_packed_answers():
    """A hole in an answer ends an n-gram; the parts are still one answer."""
    whole, masked = (cs.CollapseMonitor(20, 2) for _ in range(2))
    rows = np.array([[1, 2, 3, 4, 0], [1, 2, 9, 3, 4], [5, 6, 7, 0, 0]])
    masked.update(rows, mask=[[1, 1, 1, 1, 0], [1, 1, 0, 1, 1], [1, 1, 1, 0, 0]], groups=[0, 0, 1])
    sets = [{(1, 2), (2, 3), (3, 4)}, {(1, 2), (3, 4)}]
    assert of_groups(masked)["group_overlap"] == len(sets[0] & sets[1]) / len(sets[0] | sets[1])
    assert of_groups(masked)["group_effective"] == 1
    begins = np.array([[1, 0, 0, 1, 0, 0]])
    whole.update([[1, 2, 3, 1, 2, 4]], begins=begins, groups=["a", "a"])
    assert of_groups(whole)["group_overlap"] == 1 / 3


def test_a_state_has_the_groups():
    groups = random_groups(30, 3)
    without_break, halted = (cs.CollapseMonitor(VOCAB, 3, figures="all") for _ in range(2))
    update(without_break, groups)
    update(halted, groups[:17])
    resumed = cs.CollapseMonitor(VOCAB, 3, figures="all")
    resumed.load_state_dict(halted.state_dict())
    update(resumed, groups[17:])
    assert resumed.compute() == without_break.compute()
    assert Counter(resumed.names)["between_overlap"] == 1


@pytest.mark.parametrize(
    ("groups", "error", "message"),
    [
        ([1], ValueError, r"one id for each of the 2 documents, got shape \(1,\)"),
        ([[1, 2]], ValueError, "one id for each of the 2 documents"),
        ([0.5, 1.5], TypeError, "groups must be whole numbers or texts, got float64"),
    ],
)
def test_bad_groups_are_refused(groups, error, message):
    monitor = cs.CollapseMonitor(10, 2)
    with pytest.raises(error, match=message):
        monitor.update([[1, 2], [3, 4]], groups=groups)
    assert monitor.compute()["tokens"] == 0
