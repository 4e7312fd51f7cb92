"""Errors and verdicts between samples of one human text, where every difference is 0.

The text is the documentation that Python carries; the whole calibration, on more text and up to
1e7 tokens, is `tools/verdict_calibration.py`.
"""

from collections import Counter

import numpy as np
import numpy.typing as npt
import pytest

from collapse_stats.corpus.sample import Sample, within
from collapse_stats.corpus.split import ordinal_hash
from collapse_stats.simulation.human_text import human_documents
from collapse_stats.tokenizers import load
from collapse_stats.verdict.constants import Constants
from collapse_stats.verdict.measure import evidence
from collapse_stats.verdict.rule import CANNOT_TELL, DRIFT, WITHIN_FLOOR, Verdict, judge

Documents = list[npt.NDArray[np.uint32]]
DOCUMENT = 200  # tokens


@pytest.fixture(scope="module")
def documents() -> Documents:
    tokenizer = load("builtin")
    found = []
    for text in human_documents():
        ids = np.asarray(tokenizer.encode(text), dtype=np.uint32)
        found += [ids[i : i + DOCUMENT] for i in range(0, len(ids), DOCUMENT)]
    return found


def sample(documents: Documents, tokens: int) -> Sample:
    """The sample of a corpus of the first of the documents, up to so many tokens."""
    length = np.array([len(document) for document in documents], dtype=np.int64)
    kept = within(length, tokens)
    hashes = ordinal_hash(np.arange(kept))
    order = np.argsort(hashes)
    return Sample(
        hashes[order], length[:kept][order], np.concatenate([documents[i] for i in order])
    )


def dealt(documents: Documents, sizes: tuple[int, int], seed: int) -> Verdict:
    """The verdict of two corpora of these sizes, of the same documents dealt at random."""
    order = np.random.default_rng(seed).permutation(len(documents))
    cut = len(order) * sizes[0] // sum(sizes)
    one, other = ([documents[i] for i in part] for part in (order[:cut], order[cut:]))
    return judge(evidence(sample(one, sizes[0]), sample(other, sizes[1])), Constants())


@pytest.mark.parametrize(
    ("sizes", "trials", "within_floor"),
    [
        ((10_000, 10_000), 30, 0.0),  # 50 documents: too few to exclude a change of 25 %
        ((100_000, 100_000), 25, 0.9),
        ((300_000, 300_000), 6, 0.9),
        ((400_000, 40_000), 25, 0.6),
    ],
)
def test_two_samples_of_one_source(
    documents: Documents, sizes: tuple[int, int], trials: int, within_floor: float
) -> None:
    verdicts = [dealt(documents, sizes, seed) for seed in range(trials)]
    labels = Counter(verdict.label for verdict in verdicts)
    assert set(labels) <= {WITHIN_FLOOR, CANNOT_TELL, DRIFT}  # never a loss
    assert labels[DRIFT] <= 1
    assert labels[WITHIN_FLOOR] >= within_floor * trials


def test_standard_errors_are_those_of_the_truth(documents: Documents) -> None:
    tails = [
        novelty.tail
        for seed in range(30)
        for novelty in dealt(documents, (50_000, 50_000), seed).working()
    ]
    assert np.mean([tail.low <= 0 <= tail.high for tail in tails]) >= 0.9
    assert 0.5 < np.std([tail.value / tail.error for tail in tails]) < 1.2
