"""Sets of weighted n-grams, compiled and in NumPy, against dictionaries of Python."""

import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collapse_stats.backends import ngram_set as ways
from collapse_stats.backends.ngram_set import MOST_WEIGHT, NgramSet, keys_of, ngram_set

WAYS = ["numpy"] if os.environ.get("COLLAPSE_STATS_PURE") else ["native", "numpy"]
Documents = list[list[int]]
DOCUMENTS = st.lists(st.lists(st.integers(0, 4), max_size=12), max_size=8)


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Use the compiled module or NumPy."""
    if request.param == "numpy":
        monkeypatch.setattr(ways, "compiled", lambda: None)
    else:
        assert ways.compiled() is not None
    return request.param


def packed(documents: Documents) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Documents with a token between them that belongs to none."""
    tokens = np.array([t for document in documents for t in [*document, 9]], dtype=np.uint32)
    stop = np.cumsum([len(document) + 1 for document in documents], dtype=np.int64) - 1
    return tokens, stop - np.array([len(each) for each in documents], dtype=np.int64), stop


def ngrams(document: list[int], order: int) -> list[tuple[int, ...]]:
    return [tuple(document[at : at + order]) for at in range(len(document) - order + 1)]


def keys(some: list[tuple[int, ...]], bits: int) -> np.ndarray:
    return keys_of(np.array(some, dtype=np.uint64).T + np.uint64(1), bits)


class Oracle:
    """The same with a dictionary and two sets."""

    def __init__(self, order: int, weight: int) -> None:
        self.order, self.weight = order, weight
        self.weights: dict[tuple[int, ...], int] = {}
        self.settled: set[tuple[int, ...]] = set()
        self.newly: set[tuple[int, ...]] = set()

    def sums(self, documents: Documents) -> tuple[list[int], list[int]]:
        covered = self.settled | self.newly
        each = [set(ngrams(document, self.order)) for document in documents]
        weigh = [
            [(self.weights.get(gram, self.weight), gram in covered) for gram in some]
            for some in each
        ]
        return (
            [sum(weight for weight, _ in some) for some in weigh],
            [sum(weight for weight, is_covered in some if not is_covered) for some in weigh],
        )

    def cover(self, documents: Documents) -> None:
        for document in documents:
            for gram in ngrams(document, self.order):
                self.weights.setdefault(gram, self.weight)
                self.newly.add(gram)

    def shared(self, document: list[int], span: int) -> int:
        return sum(
            all(gram in self.weights for gram in ngrams(document[at : at + span], self.order))
            for at in range(len(document) - span + 1)
        )


def sums_of(ngrams_: NgramSet, documents: Documents) -> tuple[list[int], list[int]]:
    all_, left = ngrams_.sums(*packed(documents))
    return all_.tolist(), left.tolist()


@given(first=DOCUMENTS, second=DOCUMENTS, third=DOCUMENTS, order=st.integers(1, 4))
@pytest.mark.parametrize("bits", [4, 33])  # 33: n-grams do not fit into a key
def test_a_set_is_what_a_dictionary_is(bits, first, second, third, order):
    for name in WAYS:
        compiled = ways.compiled if name == "native" else lambda: None
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ways, "compiled", compiled)
            check(bits, first, second, third, order)


def check(bits: int, first: Documents, second: Documents, third: Documents, order: int) -> None:
    found, oracle = ngram_set(order, bits, 7, threads=2), Oracle(order, 7)
    known = sorted({gram for document in first for gram in ngrams(document, order)})
    if known:
        weights = np.arange(1, len(known) + 1, dtype=np.uint16)
        found.put(keys(known, bits), weights)
        oracle.weights = dict(zip(known, weights.tolist(), strict=True))
        assert found.get(keys(known, bits)).tolist() == weights.tolist()
    everything = first + second + third
    assert sums_of(found, everything) == oracle.sums(everything)
    assert [found.get(keys([(8,) * order], bits)).tolist()] == [[0]]
    found.cover(*packed(second))
    oracle.cover(second)
    assert sums_of(found, everything) == oracle.sums(everything)
    found.settle()
    oracle.settled, oracle.newly = oracle.newly, set()
    found.cover(*packed(third))
    oracle.cover(third)
    assert sums_of(found, everything) == oracle.sums(everything)
    found.uncover()
    oracle.newly = set()
    assert sums_of(found, everything) == oracle.sums(everything)
    assert len(found) == len(oracle.weights)
    for span in (order, order + 2):
        shared = found.shared(*packed(everything), span).tolist()
        assert shared == [oracle.shared(document, span) for document in everything]


def test_a_set_grows_and_keeps_everything(way):
    found = ngram_set(2, 16)
    rng = np.random.default_rng(0)
    documents = [rng.integers(0, 60_000, 400).tolist() for _ in range(40)]
    for document in documents[:30]:
        found.cover(*packed([document]))
    known = {gram for document in documents[:30] for gram in ngrams(document, 2)}
    assert len(found) == len(known)
    worth, left = sums_of(found, documents)
    assert left[:30] == [0] * 30
    assert worth == [len(set(ngrams(document, 2))) for document in documents]
    assert left[30:] == [len(set(ngrams(document, 2)) - known) for document in documents[30:]]


def test_threads_make_no_difference(way):
    rng = np.random.default_rng(1)
    documents = [rng.zipf(1.5, rng.integers(0, 200)).clip(0, 999).tolist() for _ in range(700)]
    found = []
    for threads in (1, 2, 5):
        some = ngram_set(3, 10, MOST_WEIGHT, threads=threads)
        some.cover(*packed(documents[:100]))
        found.append((*sums_of(some, documents), some.shared(*packed(documents), 8).tolist()))
    assert found[0] == found[1] == found[2]


@pytest.mark.skipif(WAYS == ["numpy"], reason="there is no compiled module")
@pytest.mark.parametrize(("start", "stop"), [([0], [4]), ([-1], [2]), ([2], [1]), ([0, 1], [1])])
def test_documents_outside_of_the_tokens_are_refused(start, stop):
    some = ways.compiled().NgramSet(2, 8, 1, 0, 1)
    with pytest.raises(ValueError, match="documents must"):
        some.sums(np.zeros(3, np.uint32), np.array(start), np.array(stop))
