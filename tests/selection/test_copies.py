"""Near-copies, of the reference and of documents that were chosen."""

import numpy as np
import pytest

import collapse_stats as cs

VOCAB = 5000
RNG = np.random.default_rng(8)
TEXTS = [RNG.integers(0, VOCAB, 60) for _ in range(6)]


def changed(text: np.ndarray, every: int) -> np.ndarray:
    """The text with another token now and then."""
    other = text.copy()
    other[::every] = (other[::every] + 1) % VOCAB
    return other


def reasons(draw: list[np.ndarray], against: list[cs.Profile], **options: object) -> list[str]:
    found = cs.select(
        draw, 10_000, against=against, gate=None, vocab_size=VOCAB, **options
    ).candidates
    return found.to_arrow()["why"].to_pylist()


@pytest.mark.parametrize("max_order", [5, 8])
def test_near_copies_of_the_reference_are_dropped(max_order):
    reference = cs.profile(TEXTS[:3], vocab_size=VOCAB, max_order=max_order)
    draw = [TEXTS[0], changed(TEXTS[1], 30), changed(TEXTS[2], 9), TEXTS[3]]
    assert reasons(draw, [reference]) == ["near-copy", "near-copy", "chosen", "chosen"]


@pytest.mark.parametrize("method", ["greedy", "one-pass"])
def test_near_copies_of_chosen_documents_are_dropped(method):
    draw = [TEXTS[4], changed(TEXTS[4], 30), TEXTS[5], TEXTS[5]]
    found = cs.select(draw, 10_000, gate=None, vocab_size=VOCAB, method=method).candidates
    assert found.kept.tolist() == [True, False, True, False]
    copy = brute_force(changed(TEXTS[4], 30), TEXTS[4])
    assert found.copy[1] == pytest.approx(copy)
    assert copy > 0.5


def brute_force(document: np.ndarray, other: np.ndarray) -> float:
    def stretches(text: np.ndarray) -> list[bytes]:
        return [text[at : at + 8].tobytes() for at in range(len(text) - 7)]

    known = set(stretches(other))
    return float(np.mean([stretch in known for stretch in stretches(document)]))


def test_a_reference_of_short_ngrams_says_nothing_of_copies():
    reference = cs.profile(TEXTS[:1], vocab_size=VOCAB, max_order=3)
    found = cs.select([TEXTS[0], TEXTS[1]], 60, against=[reference], gate=None, vocab_size=VOCAB)
    assert any("near-copies of the reference are not looked for" in w for w in found.warnings)
    assert found.candidates.kept.tolist() == [False, True]
