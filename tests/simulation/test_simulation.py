"""`cs.simulate` and `cs.fresh_share_needed` on text, against counts in Python."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from chains import ngrams, zipf_documents

import collapse_stats as cs
from collapse_stats.corpus.load import read_corpus
from collapse_stats.simulation.human_text import human_documents
from collapse_stats.simulation.material import PIECE, Material
from collapse_stats.tokenizers import load


@pytest.fixture(scope="module")
def documents():
    return zipf_documents(documents=600, length=60, vocabulary=1000)


@pytest.fixture(scope="module")
def manuals():
    tokenizer = load("builtin")
    return [tokenizer.encode(text) for text in human_documents()]


@pytest.fixture(scope="module")
def of_many_types():
    documents = zipf_documents(documents=600, length=60, vocabulary=20_000)
    return cs.profile(documents, vocab_size=20_000, table=False)


def as_tuples(documents):
    return {tuple(document.tolist()) for document in documents}


def test_the_sides_have_no_document_in_common(documents):
    simulation = cs.simulate(documents, 2, fresh=0.3, vocab_size=1000)
    material = simulation.material
    sides = [text.documents() for text in (material.baseline, material.learned, material.reserve)]
    everything = as_tuples(documents)
    found = [as_tuples(side) for side in sides]
    cut = 3  # the last documents of sides, and the first of the reserve
    assert sum(len(side - everything) for side in found) <= cut
    assert not found[0] & found[1]
    assert not found[0] & found[2]
    assert not found[1] & found[2]
    assert len(material.learned.tokens) == len(material.baseline.tokens) == simulation.tokens
    halves = 600 * 60 / 2
    assert halves * 0.8 < len(material.learned.tokens) + len(material.reserve.tokens) < halves * 1.2


def test_figures_are_those_of_the_texts(documents):
    simulation = cs.simulate(documents, 3, runs=2, vocab_size=1000, tokens=9000)
    found = simulation.figure("distinct", 2)
    assert found.shape == (2, 3)
    for run in range(2):
        for generation in range(1, 4):
            written = simulation.documents(generation, run)
            assert found[run, generation - 1] == len(ngrams(written, 2))
            assert sum(map(len, written)) == 9000
    assert simulation.documents(1, 0)[0].tolist() != simulation.documents(1, 1)[0].tolist()
    kl = simulation.figure("kl", 1)
    other = cs.compare(
        simulation.material.baseline.documents(), simulation.documents(3, 1), vocab_size=1000
    )
    assert kl[1, 2] == pytest.approx(other.kl(1))
    assert simulation.comparisons[1][2].verdict == other.verdict


def test_the_same_arguments_give_the_same_texts(documents):
    first, again, other = (
        cs.simulate(documents, 2, fresh=0.1, vocab_size=1000, seed=seed) for seed in (3, 3, 4)
    )
    for generation in (0, 1, 2):
        texts = [np.concatenate(s.documents(generation)).tolist() for s in (first, again, other)]
        assert texts[0] == texts[1]
        assert (texts[0] == texts[2]) == (generation == 0)


def test_a_profile_is_as_good_as_its_documents(documents, tmp_path):
    profile = cs.profile(documents, vocab_size=1000, max_order=3, table=False)
    profile.save(tmp_path / "a.profile")
    texts = [
        np.concatenate(cs.simulate(source, 2, vocab_size=1000, tokens=5000).documents(2)).tolist()
        for source in (documents, profile, tmp_path / "a.profile")
    ]
    assert texts[0] == texts[1] == texts[2]


def test_long_documents_are_cut_and_their_pieces_stay_on_one_side():
    books = [np.full(PIECE + 100, i) for i in range(80)]
    material = Material.of(read_corpus(books), 40_000, 1, 0.0)
    assert max(material.learned.lengths) == PIECE
    sides = [{*text.tokens.tolist()} for text in (material.baseline, material.learned)]
    assert not sides[0] & sides[1]
    assert len(sides[1]) > 20  # pieces of many books, and not whole ones
    corpus = material.baseline_corpus()
    (segment,) = corpus.segments
    ids = [int(document[0]) for document in material.baseline.documents()]
    keys = np.concatenate([hashes.known_key for hashes in segment.keys.pieces()]).tolist()
    assert len({*zip(ids, keys, strict=True)}) == len({*ids}) == len({*keys})


@pytest.mark.parametrize("human", ["fresh", "fixed", "replay"])
@pytest.mark.parametrize("fresh", [0.0, 0.1])
def test_as_many_tokens_are_left_of_real_text_as_expected(manuals, human, fresh):
    """Must hold: within 3 % at generation 10, for a model of 4-grams."""
    simulation = cs.simulate(manuals, 10, fresh=fresh, human=human, tokens=120_000, runs=2)
    types = simulation.figure("distinct", 1).mean(axis=0)
    np.testing.assert_allclose(types, simulation.expected_types, rtol=0.03)
    assert types[-1] < 0.9 * types[0]


def test_the_closed_form_says_it_of_the_spectrum(manuals):
    """By the spectrum alone, as `fresh_share_needed` does: for replayed text."""
    simulation = cs.simulate(manuals, 10, fresh=0.1, human="replay", tokens=120_000)
    counts = np.bincount(simulation.material.learned.tokens)
    spectrum = cs.Spectrum.from_counts(counts)
    expected = cs.metrics.surviving_types(spectrum, 120_000, 10, 0.1)
    assert simulation.figure("distinct", 1)[0, -1] == pytest.approx(expected, rel=0.03)


def test_rules_without_a_closed_form_have_no_expectation(documents):
    for options in ({"temperature": 0.9}, {"top_p": 0.9}, {"noise": 0.1}, {"keep": "accumulate"}):
        assert cs.simulate(documents, 1, vocab_size=1000, **options).expected_types is None


def test_it_shows_itself(documents):
    simulation = cs.simulate(documents, 2, fresh=0.1, runs=2, vocab_size=1000)
    assert repr(simulation).startswith("<Simulation of in memory: 2 generations, ")
    assert "2 runs, 10 % fresh human text, replace>" in repr(simulation)
    text = simulation.summary(80)
    assert max(map(len, text.splitlines())) <= 80
    assert "10 % of each generation is human text that no generation had" in text
    report = simulation.to_dict()
    assert json.loads(json.dumps(report)) == report
    of_two = report["simulations"][0]["generations"][1]["figures"]["distinct_1"]
    assert of_two["runs"] == simulation.figure("distinct", 1)[:, 1].tolist()
    assert of_two["mean"] == pytest.approx(np.mean(of_two["runs"]))
    assert of_two["sd"] == pytest.approx(np.std(of_two["runs"], ddof=1))
    frame = simulation.to_frame()
    assert len(frame) == 4
    assert "<table" in simulation._repr_html_()


def bisected(profile, generation, keep, tokens=None):
    """The share by going up in small steps."""
    spectrum = profile.spectrum(1)
    draws = tokens or spectrum.occurrences
    wanted = keep * cs.metrics.surviving_types(spectrum, draws, 1)
    steps = np.linspace(0, 1, 2001)
    left = [cs.metrics.surviving_types(spectrum, draws, generation, a) for a in steps.tolist()]
    return steps[np.flatnonzero(np.array(left) >= wanted)[0]]


@pytest.mark.parametrize(("generation", "keep"), [(10, 0.9), (10, 0.7), (3, 0.95), (50, 0.5)])
def test_the_share_needed_is_the_smallest_that_does(of_many_types, generation, keep):
    profile = of_many_types
    share = cs.fresh_share_needed(profile, generation, keep)
    assert share == pytest.approx(bisected(profile, generation, keep), abs=1 / 2000)
    larger = cs.fresh_share_needed(profile, generation, keep, tokens=10 * profile.tokens)
    assert larger == pytest.approx(
        bisected(profile, generation, keep, 10 * profile.tokens), abs=5e-4
    )
    assert larger < share


def test_shares_at_the_ends(of_many_types):
    profile = of_many_types
    assert cs.fresh_share_needed(profile, 1, 1.0) == 0
    assert cs.fresh_share_needed(profile, 10, 1e-9) == 0
    assert cs.fresh_share_needed(profile, 10, 1.0) == pytest.approx(1, abs=1e-6)
    empty = cs.NgramCounter(10, 2).profile()
    assert cs.fresh_share_needed(empty) is None
    for keep in (0, 1.1, float("nan")):
        with pytest.raises(ValueError, match="keep must be a share above 0 and at most 1"):
            cs.fresh_share_needed(profile, 10, keep)
    with pytest.raises(ValueError, match="draws must be"):
        cs.fresh_share_needed(profile, tokens=0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fresh": 1.5}, "fresh must be a share between 0 and 1, got 1.5"),
        ({"fresh": 0.5, "tokens": 15_000}, "and only .* are there: take fewer tokens"),
        ({"tokens": 10**6}, r"generations of 1,000,000 tokens take as many in the half"),
        ({"tokens": 0}, "tokens must be at least 1, got 0"),
        ({"temperature": 0}, "temperature must be above 0"),
        ({"top_p": 0}, "top_p must be above 0 and at most 1, got 0"),
        ({"noise": 2}, "noise must be a share between 0 and 1, got 2"),
        ({"order": 0}, "order must be between 1 and 16, got 0"),
        ({"runs": 0}, "runs must be between 1 and 1,000, got 0"),
        ({"generations": 0}, "generations must be between 1 and 1,000, got 0"),
        ({"human": "new"}, "human must be one of fresh, fixed, replay, got 'new'"),
        ({"keep": "all"}, "keep must be one of replace, accumulate, accumulate-human, got 'all'"),
    ],
)
def test_bad_arguments_are_said_with_the_numbers(documents, options, message):
    with pytest.raises(ValueError, match=message):
        cs.simulate(documents, **options)


def test_too_few_documents_are_said_with_their_number():
    for number in (1, 63):
        with pytest.raises(ValueError, match=f"needs 64 documents or more, .* has {number}:"):
            cs.simulate(zipf_documents(documents=number))
    cs.simulate(zipf_documents(documents=64), 1)


def test_a_profile_without_a_sample_cannot_be_simulated(documents):
    profile = cs.profile(documents, sample_tokens=0)
    with pytest.raises(cs.CollapseStatsError, match="keeps no sample: give the corpus itself"):
        cs.simulate(profile)


DATA = Path(os.environ.get("COLLAPSE_STATS_DATA", Path(__file__).parents[3] / "shared" / "data"))


@pytest.mark.skipif(not DATA.is_dir(), reason="the human corpora are not there")
def test_as_many_tokens_are_left_of_speech_as_expected():
    simulation = cs.simulate(
        DATA / "human_podcasts_pre2022.jsonl.zst", 10, fresh=0.05, limit_documents=200
    )
    types = simulation.figure("distinct", 1)[0]
    np.testing.assert_allclose(types, simulation.expected_types, rtol=0.03)
