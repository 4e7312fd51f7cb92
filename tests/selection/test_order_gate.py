"""The gate against noise: on made text, and on human text of three kinds."""

import re
from itertools import islice

import numpy as np
import pytest
from ordered_text import VOCAB, chain
from reader_helpers import real_data
from verdict_data import rows

import collapse_stats as cs
from collapse_stats.backends.options import CountOptions
from collapse_stats.selection.order_gate import OrderGate
from collapse_stats.selection.pool import Packed
from collapse_stats.selection.shuffling import shuffled


def packed(documents: list[np.ndarray]) -> Packed:
    length = np.array([len(document) for document in documents])
    stop = np.cumsum(length)
    return Packed(np.concatenate(documents).astype(np.uint32), stop - length, stop)


def gate_of(documents: list, least: int = 20, **options: object) -> OrderGate:
    baseline = cs.profile(documents, **options)
    return OrderGate.of(baseline, least, 0, CountOptions())


@pytest.fixture(scope="module")
def gate() -> OrderGate:
    return gate_of(chain(1, 600), vocab_size=VOCAB, max_order=3)


def test_text_passes_and_noise_does_not(gate):
    rng = np.random.default_rng(2)
    fresh = chain(3, 300)
    noise = [rng.integers(0, VOCAB, 60) for _ in range(300)]
    mixed = [rng.permutation(document) for document in fresh]
    passed = [
        float(np.mean(gate.gains(packed(some)) >= gate.limits(np.full(300, 60))))
        for some in (fresh, noise, mixed)
    ]
    assert passed[0] > 0.98
    assert max(passed[1:]) <= 0.01


def test_an_order_gain_is_the_difference_of_two_averages(gate):
    documents = [*chain(4, 3, 25), np.empty(0, dtype=np.int64)]
    found = gate.gains(packed(documents))
    for document, gain in zip(documents[:3], found, strict=False):
        mixed = shuffled(document.astype(np.uint32), np.array([25]), gate.seed)
        of_text, _ = gate.model.log2_probabilities(document)
        of_mixed, _ = gate.model.log2_probabilities(mixed)
        assert gain == pytest.approx(of_text.mean() - of_mixed.mean())
    assert found[3] == 0


def test_a_shuffle_keeps_the_tokens_and_does_not_depend_on_the_place():
    rng = np.random.default_rng(5)
    documents = [rng.integers(0, 50, size) for size in (0, 1, 40, 300, 7)]
    length = np.array([len(document) for document in documents])
    tokens = np.concatenate(documents).astype(np.uint32)
    together = np.split(shuffled(tokens, length, 3), np.cumsum(length)[:-1])
    for document, mixed in zip(documents, together, strict=True):
        alone = shuffled(document.astype(np.uint32), np.array([len(document)]), 3)
        assert np.array_equal(alone, mixed)
        assert sorted(mixed.tolist()) == sorted(document.tolist())
    other = np.split(shuffled(tokens, length, 4), np.cumsum(length)[:-1])
    assert not np.array_equal(together[3], other[3])


def test_a_shuffle_is_the_same_everywhere():
    # By the hashes of the places, computed with Python's integers.
    tokens, seed, low64 = list(range(10, 30)), 7, 2**64 - 1

    def row_hash(seed: int, row: int) -> int:
        x = (row * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019 + seed) & low64
        x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & low64
        x = (x ^ x >> 27) * 0x94D049BB133111EB & low64
        return x ^ x >> 31

    own = row_hash(seed, sum(tokens))
    by_hash = sorted(range(20), key=lambda place: row_hash(own, place))
    found = shuffled(np.array(tokens, np.uint32), np.array([20]), seed)
    assert found.tolist() == [tokens[place] for place in by_hash]


def test_a_long_document_is_shuffled_by_parts():
    tokens = np.arange((1 << 20) + 5, dtype=np.uint32)
    found = shuffled(tokens, np.array([len(tokens)]), 0)
    assert set(found[1 << 20 :].tolist()) == set(range(1 << 20, (1 << 20) + 5))
    assert np.array_equal(np.sort(found), tokens)


def test_too_little_human_text_is_said_with_numbers():
    with pytest.raises(cs.InputError, match=r"needs 200 pieces of 20 tokens .* has [\d,]+ tokens"):
        gate_of(chain(1, 70), vocab_size=VOCAB, max_order=3)


def english() -> list[str]:
    file = real_data("gens_gemma3_wikitext2_ratio50.jsonl.zst")
    return [row["text"] for row in islice(rows(file), 8000) if row["kind"] == "human"]


def german() -> list[str]:
    return [row["text"] for row in rows(real_data("human_novels_de.jsonl.zst"))]


def code() -> list[str]:
    """The blocks of code in the proposals for Python."""
    found = []
    for row in rows(real_data("human_peps.jsonl.zst")):
        found += re.findall(r"(?:^|\n)::?\n+((?:(?:    |\t).*\n|\n)+)", row["text"])
        found += re.findall(r"::\n\n((?:(?:    |\t).*\n|\n)+)", row["text"])
    return [text for text in dict.fromkeys(found) if len(text) > 120]


@pytest.mark.parametrize("kind", [english, german, code])
def test_human_text_passes(kind):
    texts = kind()
    pieces = [text[at : at + 600] for text in texts for at in range(0, min(len(text), 3000), 600)]
    baseline = cs.profile(pieces[::2], max_order=3)
    gate = OrderGate.of(baseline, 20, 0, CountOptions())
    held_out = [each for each in documents_of(pieces[1::2]) if len(each) >= 20]
    length = np.array([len(each) for each in held_out])
    passed = gate.gains(packed(held_out)) >= gate.limits(length)
    assert passed.mean() >= 0.95
    if kind is code:
        return  # its human limit lies within the noise where 48,000 tokens are all that there is
    rng = np.random.default_rng(0)
    mixed = packed([rng.permutation(each) for each in held_out])
    assert (gate.gains(mixed) >= gate.limits(length)).mean() <= 0.01


def documents_of(texts: list[str]) -> list[np.ndarray]:
    profile = cs.profile(texts, max_order=1, table=False, sample_tokens=10**8)
    return profile.sample.documents()
