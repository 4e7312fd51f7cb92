"""The verdict: its figures against their definitions, its rule case by case, and real text."""

import math
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from collapse_stats.corpus.sample import Sample
from collapse_stats.corpus.split import GROUPS, group_of, ordinal_hash
from collapse_stats.uncertainty.estimate import Estimate
from collapse_stats.verdict.constants import Constants
from collapse_stats.verdict.evidence import Evidence
from collapse_stats.verdict.measure import evidence
from collapse_stats.verdict.novelty import Novelty
from collapse_stats.verdict.repetition import repeated_share
from collapse_stats.verdict.rule import (
    CANNOT_TELL,
    COLLAPSE,
    DRIFT,
    LABELS,
    LOSS_OF_TAIL,
    WITHIN_FLOOR,
    judge,
)

Documents = list[list[int]]


def sample(documents: Documents, first: int = 0) -> Sample:
    """The sample that a corpus of these documents keeps."""
    hashes = ordinal_hash(np.arange(first, first + len(documents)))
    order = np.argsort(hashes)
    length = np.array([len(documents[i]) for i in order], dtype=np.int64)
    packed = [token for i in order for token in documents[i]]
    return Sample(hashes[order], length, np.array(packed, dtype=np.uint32))


def text(rng: np.random.Generator, number: int, kinds: int, length: int = 60) -> Documents:
    """Documents of Zipf-distributed tokens, each about a topic that repeats a little."""
    weights = 1 / (np.arange(kinds) + 2.7)
    found = []
    for _ in range(number):
        topic = rng.integers(0, kinds, 5)
        tokens = rng.choice(kinds, size=length, p=weights / weights.sum())
        about = rng.random(length) < 0.2
        tokens[about] = rng.choice(topic, size=int(about.sum()))
        found.append(tokens.tolist())
    return found


# --- an oracle: the definitions, on Counters and exact fractions ---------------------------------


def counters(documents: Documents, order: int) -> list[Counter[tuple[int, ...]]]:
    """n-grams of each of the 16 groups."""
    groups = group_of(ordinal_hash(np.arange(len(documents))))
    found: list[Counter[tuple[int, ...]]] = [Counter() for _ in range(GROUPS)]
    for group, document in zip(groups.tolist(), documents, strict=True):
        found[group].update(
            tuple(document[i : i + order]) for i in range(len(document) - order + 1)
        )
    return found


def unseen(x: Counter[tuple[int, ...]], y: Counter[tuple[int, ...]], m: int) -> Fraction:
    size = y.total()
    missed = sum(
        count * Fraction(math.comb(size - y[ngram], m), math.comb(size, m))
        for ngram, count in x.items()
    )
    return Fraction(missed) / x.total()


def log_odds(p: Fraction) -> float:
    return math.log(p / (1 - p))


def expected(baseline: Documents, candidate: Documents, order: int) -> dict[str, float]:
    """Every figure of `Novelty`, by deleting groups and counting again."""
    groups = counters(baseline, order) + counters(candidate, order)
    parts = [range(8 * part, 8 * part + 8) for part in range(4)]
    sizes = [group.total() for group in groups]
    m = min(sum(sizes[g] for g in part) - max(sizes[g] for g in part) for part in parts)

    def figures(without: int | None) -> dict[str, float]:
        a, b, c, d = (
            sum((groups[g] for g in part if g != without), Counter[tuple[int, ...]]())
            for part in parts
        )
        floor = (unseen(a, b, m) + unseen(b, a, m)) / 2
        own = (unseen(c, d, m) + unseen(d, c, m)) / 2
        lost = (unseen(a, d, m) + unseen(b, c, m)) / 2
        new = (unseen(c, b, m) + unseen(d, a, m)) / 2
        odds = {
            "tail": log_odds(own) - log_odds(floor),
            "drift": (log_odds(lost) + log_odds(new) - log_odds(floor) - log_odds(own)) / 2,
            "gain": log_odds(new) - log_odds(floor),
            "missing": log_odds(lost) - log_odds(floor),
        }
        return {
            "floor": float(floor), "own": float(own), "lost": float(lost), "new": float(new), **odds
        }  # fmt: skip

    whole = figures(None)
    for name in ("tail", "drift", "gain", "missing"):
        variance = 0.0
        for side in (range(16), range(16, 32)):
            deleted = [figures(group)[name] for group in side if sizes[group]]
            mean = sum(deleted) / len(deleted)
            variance += (len(deleted) - 1) / len(deleted) * sum((x - mean) ** 2 for x in deleted)
        whole[f"{name} error"] = math.sqrt(variance)
    return whole


@pytest.mark.parametrize(("order", "kinds"), [(1, 80), (2, 25), (3, 12)])
def test_novelty_is_what_its_definition_says(order: int, kinds: int) -> None:
    rng = np.random.default_rng(3)
    baseline, candidate = text(rng, 45, kinds, 14), text(rng, 50, kinds - 4, 12)
    found = evidence(sample(baseline), sample(candidate))
    assert found.tokens == (588, 600)  # the larger side is cut by whole documents
    for last in np.argsort(ordinal_hash(np.arange(45)))[42:]:
        baseline[last] = []
    for name, value in expected(baseline, candidate, order).items():
        field, _, error = name.partition(" ")
        got = getattr(found.orders[order], field)
        if isinstance(got, Estimate):
            got = got.error if error else got.value
        assert got == pytest.approx(value, rel=1e-9, abs=1e-12), name


def test_ids_of_any_size_give_the_same_figures() -> None:
    rng = np.random.default_rng(5)
    one, other = text(rng, 60, 300), text(rng, 60, 300)
    spread = np.random.default_rng(0).choice(2**32 - 1, 300, replace=False).tolist()
    wide = [[[spread[t] for t in document] for document in side] for side in (one, other)]
    plain = evidence(sample(one), sample(other)).orders
    found = evidence(sample(wide[0]), sample(wide[1])).orders
    assert list(found) == [1, 2, 3, 4]  # five ids of 32 bits are more than a key holds
    for order, same in found.items():
        novelty = plain[order]
        assert (same.floor, same.own, same.lost, same.new) == pytest.approx(
            (novelty.floor, novelty.own, novelty.lost, novelty.new), rel=1e-12
        )
        assert same.drift.error == pytest.approx(novelty.drift.error, rel=1e-9)


def repeated(documents: Documents, span: int, block_size: int) -> float:
    """The definition: tokens marked one by one."""
    shares = []
    for document in filter(None, documents):
        marked: set[int] = set()
        for begin in range(0, len(document), block_size):
            block = document[begin : begin + block_size]
            last: dict[tuple[int, ...], int] = {}
            again = []
            for i in range(len(block) - span + 1):
                stretch = tuple(block[i : i + span])
                again.append(
                    stretch in last and not in_short_run(block, i, span, i - last[stretch])
                )
                if again[i] and i - last[stretch] <= span:
                    marked.update(range(begin + i, begin + i + span))
                last[stretch] = i
            for i in range(len(again) - span):
                if all(again[i : i + span + 1]):
                    marked.update(range(begin + i, begin + i + 2 * span))
        shares.append(len(marked) / len(document))
    return sum(shares) / len(shares)


def in_short_run(block: list[int], place: int, span: int, distance: int) -> bool:
    """Whether a span repeats the one before it, in a run of less than 128 equal tokens."""
    first, last = place, place + span
    while first > 0 and block[first - 1] == block[place]:
        first -= 1
    while last < len(block) and block[last] == block[place]:
        last += 1
    return distance == 1 and last - first < 128


def looping(rng: np.random.Generator, length: int) -> list[int]:
    """A document half of which says one to forty tokens over and over."""
    document = rng.integers(0, 50, length)
    loop = rng.integers(0, 5, rng.integers(1, 40))
    half = document[length // 3 : length // 3 + length // 2]
    half[:] = np.resize(loop, len(half))
    return document.tolist()  # type: ignore[no-any-return]


def test_repeated_share() -> None:
    assert repeated_share(Sample.empty(), 1000) == 0.0
    assert repeated_share(sample([[], []]), 1000) == 0.0
    assert repeated_share(sample([[1, 2] * 12]), 1000) == 0.0
    assert repeated_share(sample([[1, 2] * 13, []]), 1000) == pytest.approx(24 / 26)
    assert repeated_share(sample([list(range(60)), list(range(60))]), 1000) == 0.0  # each alone
    mean = repeated_share(sample([[1, 2] * 15, [2] * 10]), 1000)
    assert mean == pytest.approx(28 / 30 / 2)


@pytest.mark.parametrize(
    ("between", "length", "counts"),
    [(0, 24, True), (1, 24, False), (100, 47, False), (100, 48, True)],
)
def test_what_repeats_at_a_distance_must_be_longer(between: int, length: int, counts: bool) -> None:
    said = list(range(length))
    document = [*said, *range(1000, 1000 + between), *said]
    expected = length / len(document) if counts else 0.0
    assert repeated_share(sample([document]), 2000) == pytest.approx(expected)


@pytest.mark.parametrize("vocab_size", [256, 1000])
@pytest.mark.parametrize(("length", "counts"), [(79, False), (127, False), (128, True)])
def test_drawn_lines_are_no_loops(vocab_size: int, length: int, counts: bool) -> None:
    line = [9] * length
    document = [*range(100), *line, *range(100, 150), *line, *range(150, 200)]
    expected = 2 * (length - 1) / len(document) if counts else 0.0
    assert repeated_share(sample([document]), vocab_size) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize(("vocab_size", "times"), [(50_000, 1), (513, 1), (512, 2), (256, 2)])
def test_repeated_share_of_any_length(vocab_size: int, times: int) -> None:
    rng = np.random.default_rng(0)
    sizes = (0, 1, 23, 24, 25, 47, 48, 49, 50, 95, 96, 97, 150, 300, 1023, 1024, 1025, 1080, 5000)
    documents = [looping(rng, size) for size in sizes]
    expected = repeated(documents, 24 * times, 1024 * times)
    assert expected > 0.1
    assert repeated_share(sample(documents), vocab_size) == pytest.approx(expected, rel=1e-12)


def test_distinct_documents() -> None:
    assert (Sample.empty().distinct, Sample.empty().duplicates) == (0, None)
    copies = sample([[1, 2], [3], [1, 2], [], []])
    assert (copies.filled, copies.distinct) == (3, 2)  # empty documents are no copies
    assert copies.duplicates == pytest.approx(1 / 3)
    assert (sample([[], []]).distinct, sample([[], []]).duplicates) == (0, None)


# --- the rule ------------------------------------------------------------------------------------


SMALL = (80_000, 80_000)  # tokens of both sides


def given(
    tails: list[float],
    *,
    drift: float = 0.0,
    gain: float = 0.5,
    error: float = 0.02,
    floor: float = 0.4,
    repeated: float = 0.0,
    documents: int = 500,
    distinct: int = 500,
    tokens: tuple[int, int] = (100_000, 100_000),
    largest_share: float = 0.01,
) -> Evidence:
    orders = {
        n: Novelty(
            n, floor, floor, floor, floor,
            Estimate(tail, error), Estimate(drift, error), Estimate(gain, error),
            Estimate(2 * drift + tail - gain, error),
        )
        for n, tail in enumerate(tails, start=1)
    }  # fmt: skip
    return Evidence(
        orders,
        tokens,
        (documents, documents),
        (documents, distinct),
        largest_share,
        (0.0, repeated),
    )


@pytest.mark.parametrize(
    ("found", "label"),
    [
        (given([0.0, 0.0, 0.0], gain=0.0), WITHIN_FLOOR),
        (given([0.1, -0.1, 0.0], error=0.05), WITHIN_FLOOR),
        (given([0.1, -0.1, 0.0], error=0.1), WITHIN_FLOOR),  # 25 % is not excluded, but half is
        (given([0.1, -0.1, 0.0], error=0.1, documents=99, distinct=99), CANNOT_TELL),
        (given([0.1, -0.1, 0.0], error=0.1, tokens=SMALL), CANNOT_TELL),
        (given([0.31, -0.31, 0.0], error=0.1), DRIFT),
        (given([0.0, 0.0, 0.0], error=0.34), WITHIN_FLOOR),
        (given([0.0, 0.0, 0.0], error=0.35), CANNOT_TELL),
        (given([-0.62, -0.62, -0.62], gain=0.0, error=0.2), CANNOT_TELL),  # likely thinner
        (given([0.0, 0.0, 0.0], drift=0.1), DRIFT),
        (given([0.1, 0.1, 0.1]), DRIFT),  # richer
        (given([-0.5, -0.5, -0.5]), DRIFT),  # thinner, but it brings something new
        (given([-3.0, -3.0, -3.0], gain=2.0), DRIFT),
        (given([-0.5, -0.5, -0.5], gain=0.0), LOSS_OF_TAIL),  # it only takes away
        (given([-0.5, -0.5, -0.5], gain=0.16), LOSS_OF_TAIL),  # within errors of a quarter
        (given([-0.5, -0.5, -0.5], gain=0.17), DRIFT),
        (given([-0.15, -0.15, -0.15], gain=0.0), DRIFT),  # too little to matter
        (given([-0.5, 0.0, -0.5], gain=0.0), LOSS_OF_TAIL),  # two orders of three
        (given([-0.5, 0.1, -0.5], gain=0.0), DRIFT),  # one of the lowest is thicker
        (given([-0.5, -0.5, 0.3], gain=0.0), LOSS_OF_TAIL),  # short sequences are mixed anew
        (given([-0.5, 0.0, 0.0], gain=0.0), DRIFT),  # one order only
        (given([-1.0, -1.7, -1.9], gain=0.0), LOSS_OF_TAIL),
        (given([-0.5, -1.9, -1.9], gain=0.0), COLLAPSE),
        (given([-2.4, -3.9, -5.2], gain=0.0, drift=5.0), COLLAPSE),  # narrow: much is missing
        (given([-2.4, -3.9, -5.2], gain=0.5, drift=5.0), DRIFT),
        (given([-1.5, -1.5, -1.5], gain=0.0, drift=1.8), DRIFT),  # not far enough
        (given([-6.0, -6.0, -6.0], gain=0.5), LOSS_OF_TAIL),  # some is new
        (given([-6.0, -6.0, -6.0], gain=1.1), DRIFT),
        (given([-0.9, -0.9, -0.9], repeated=0.1), LOSS_OF_TAIL),
        (given([-1.0, -1.0, -1.0], repeated=0.1), COLLAPSE),  # both kinds of evidence
        (given([0.0, 0.0, 0.0], repeated=0.2), LOSS_OF_TAIL),
        (given([0.0, 0.0, 0.0], repeated=0.5), COLLAPSE),
        (given([0.0], repeated=0.2), LOSS_OF_TAIL),
        (given([0.0, 0.0, 0.0], distinct=360), WITHIN_FLOOR),  # 28 % are copies
        (given([0.0, 0.0, 0.0], distinct=350), LOSS_OF_TAIL),
        (given([0.0], distinct=100), COLLAPSE),
        (given([-20.0, -20.0, -20.0], distinct=1), COLLAPSE),
        (given([0.0]), CANNOT_TELL),
        (given([0.0, 0.0, 0.0], error=0.2, tokens=SMALL), CANNOT_TELL),
        (given([-1.1, -1.1, -1.1], gain=0.0, error=0.2), LOSS_OF_TAIL),  # imprecise, but sure
        (given([-0.9, -0.9, -0.9], gain=0.0, error=0.2), CANNOT_TELL),
        (given([0.0, 0.0, 0.0], drift=0.7, error=0.2), DRIFT),
        (given([-1.0, -1.0, -1.0], floor=0.0004), CANNOT_TELL),
        (given([-1.0, -1.0, -1.0], floor=0.99), CANNOT_TELL),
        (given([0.0, 0.0, 0.0], drift=-0.5), CANNOT_TELL),  # shared documents
        (given([-0.5, -0.5, -0.5], drift=-0.5), LOSS_OF_TAIL),  # trained on the baseline
        (given([-2.0, -2.0, -2.0], drift=-0.5), COLLAPSE),
        (given([-1.0, -1.0, -1.0], documents=29, distinct=29), CANNOT_TELL),
        (given([-1.0, -1.0, -1.0], tokens=(170, 100)), CANNOT_TELL),
        (given([-1.0, -1.0, -1.0], tokens=(0, 0)), CANNOT_TELL),
        (given([-1.0, -1.0, -1.0], largest_share=0.3), CANNOT_TELL),
    ],
)
def test_rule(found: Evidence, label: str) -> None:
    verdict = judge(found, Constants())
    assert verdict.label == label
    assert verdict.reasons
    assert all(reason and reason == reason.strip() for reason in verdict.reasons)


def test_the_lowest_orders_that_can_be_measured_decide() -> None:
    """Those of bytes are higher than those of words."""
    orders = dict(given([0.0, -0.5, -0.5, -0.5, 9.0], gain=0.0).orders)
    orders[1] = replace(orders[1], floor=0.0001)
    found = replace(given([]), orders=orders)
    verdict = judge(found, Constants())
    assert verdict.label == LOSS_OF_TAIL
    assert [novelty.order for novelty in verdict.working()] == [2, 3, 4]
    assert "at orders 2, 3 and 4" in verdict.reasons[0]


def test_more_loss_never_reads_as_less() -> None:
    for gain in (0.0, 0.3):
        labels = [
            judge(given([-loss, -loss, -loss], gain=gain), Constants()).label
            for loss in np.arange(0, 4, 0.05)
        ]
        severity = [LABELS.index(label) for label in labels]
        assert severity == sorted(severity)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (given([-0.5] * 3, gain=0.3), "also brings what the baseline lacks"),
        (given([-0.5] * 3, gain=0.0, drift=0.6), "also lacks much of what the baseline says"),
        (given([-0.15] * 3, gain=0.0, drift=0.05), "to be called a loss of tail"),
        (given([-7.0, -7.0, 0.0], gain=2.0), "are less than 0.01 and less than 0.01 times"),
        (given([0.3] * 3), "rare words and phrases are not fewer"),
    ],
)
def test_the_reason_of_a_drift_says_what_was_found(found: Evidence, expected: str) -> None:
    verdict = judge(found, Constants())
    assert verdict.label == DRIFT
    assert expected in verdict.reasons[0]


def test_a_baseline_of_copies_is_called_so() -> None:
    found = replace(given([0.0] * 3), distinct_documents=(1, 500))
    reason = judge(found, Constants()).reasons[0]
    assert reason.startswith("the 500 documents of the baseline are copies of only 1, and 30")


def test_copies_count_beside_the_copies_of_the_baseline() -> None:
    found = replace(given([0.0] * 3), distinct_documents=(375, 1))  # a quarter, and nearly all
    assert judge(found, Constants()).label == COLLAPSE


def test_which_changes_are_ruled_out_is_said() -> None:
    """Two orders rule out a change of 0.4 in log odds: the bounds are 0.4, 0.3 and 0.5."""
    verdict = judge(given([0.1, 0.0, -0.2], error=0.15), Constants())
    assert verdict.label == WITHIN_FLOOR
    assert "lower by more than 33 %, or higher by more than 49 %, are ruled" in verdict.reasons[0]


def test_copies_and_repetition_are_said() -> None:
    verdict = judge(given([0.0] * 3, distinct=400, repeated=0.2), Constants())
    assert verdict.reasons == (
        "on average 20 % of a document repeats itself (baseline: 0 %)",
        "20 % of the documents are exact copies of another one (baseline: 0 %)",
    )


@pytest.mark.parametrize(
    ("found", "advice"),
    [
        (
            given([0.0] * 3, error=0.3, tokens=SMALL),
            "about 4.0 times as many documents would do (2,000 on",
        ),
        (
            given([0.05] * 3, error=0.14, tokens=SMALL),
            "about 2.0 times as many documents would do (981 on each",
        ),
        (
            given([0.2495] * 3, error=0.1, tokens=SMALL),
            "more than 100 times as many documents would be needed",
        ),
        (given([0.0]), "count more orders (--max-order 5) or provide more text"),
    ],
)
def test_what_would_do_is_said(found: Evidence, advice: str) -> None:
    verdict = judge(found, Constants())
    assert verdict.label == CANNOT_TELL
    assert advice in verdict.reasons[0]


# --- sources whose truth is known ----------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_two_samples_of_one_source_are_not_told_apart(seed: int) -> None:
    rng = np.random.default_rng(seed)
    one, other = text(rng, 600, 3000), text(rng, 1500, 3000)  # of unequal size
    verdict = judge(evidence(sample(one), sample(other)), Constants())
    assert verdict.label == WITHIN_FLOOR
    assert verdict.evidence is not None
    for novelty in verdict.working():
        assert abs(novelty.tail.value) < 4 * novelty.tail.error
        assert abs(novelty.drift.value) < 4 * novelty.drift.error


def test_a_source_that_forgets_its_rare_tokens_loses_its_tail() -> None:
    rng = np.random.default_rng(7)
    human = text(rng, 600, 3000)
    labels = [
        judge(evidence(sample(human), sample(text(rng, 600, kinds))), Constants()).label
        for kinds in (3000, 1500, 100)
    ]
    assert labels == [WITHIN_FLOOR, LOSS_OF_TAIL, COLLAPSE]


def test_thinner_sources_have_thinner_tails() -> None:
    rng = np.random.default_rng(9)
    human = text(rng, 400, 3000)
    tails = [
        evidence(sample(human), sample(text(rng, 400, kinds))).orders[1].tail.value
        for kinds in (3000, 1500, 700, 300)
    ]
    assert all(after < before for before, after in pairwise(tails))


def test_few_documents_say_nothing() -> None:
    rng = np.random.default_rng(1)
    few = sample(text(rng, 20, 3000))
    verdict = judge(evidence(few, few), Constants())
    assert verdict.label == CANNOT_TELL
    assert "the baseline has only 20 distinct documents" in verdict.reasons[0]
    empty = judge(evidence(Sample.empty(), few), Constants())
    assert (empty.label, empty.reasons) == (CANNOT_TELL, ("one side has no text",))
