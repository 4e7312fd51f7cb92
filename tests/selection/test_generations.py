"""Choosing among the generations of a model, with noise among them, judged by human text."""

import numpy as np
import pytest
from reader_helpers import real_data
from selection_tables import BUDGET, CANDIDATES, NOISE, documents_of, noise
from verdict_data import rows

import collapse_stats as cs
from collapse_stats.verdict.rule import LABELS


@pytest.fixture(scope="module")
def sides() -> tuple[cs.Profile, cs.Profile, list[np.ndarray]]:
    """The human text, generation 0, and the candidates with 900 noise documents at the end."""
    human, generations = [], {}
    for row in rows(real_data("gens_gemma3_wikitext2_ratio50.jsonl.zst")):
        if row["kind"] == "human" and row["gen"] == 0:
            human.append(row["text"])
        elif row["kind"] != "human" and row["gen"] <= max(CANDIDATES):
            generations.setdefault(row["gen"], []).append(row["text"])
    pool = [each for number in CANDIDATES for each in documents_of(generations[number])]
    baseline = cs.profile(human, name="human")
    for some in noise(documents_of(human), baseline.vocab_size).values():
        pool += some
    return baseline, cs.profile(generations[0], name="gen0"), pool


@pytest.mark.parametrize("method", ["greedy", "one-pass"])
def test_the_choice_is_as_varied_as_human_text_and_holds_no_noise(sides, method):
    baseline, reference, pool = sides
    found = cs.select(
        pool,
        BUDGET,
        against=[reference],
        baseline=baseline,
        method=method,
        vocab_size=baseline.vocab_size,
    )
    assert 0.98 * BUDGET <= found.tokens <= BUDGET
    assert found.candidates.kept[-3 * NOISE :].sum() <= 9
    random, selected = found.effect
    ratio = {order: selected.size_matched_distinct_ratio(order) for order in (2, 3, 4)}
    assert ratio[3] >= 0.95
    assert min(ratio[2], ratio[4]) >= 0.85
    assert random.size_matched_distinct_ratio(3) < 0.7
    assert random.verdict == "loss of tail"
    assert LABELS.index(selected.verdict) < LABELS.index(random.verdict)


def test_without_the_gate_all_noise_is_chosen(sides):
    baseline, reference, pool = sides
    found = cs.select(pool, BUDGET, against=[reference], gate=None, vocab_size=baseline.vocab_size)
    assert found.candidates.kept[-3 * NOISE :].all()
