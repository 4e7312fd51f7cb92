"""Perplexity of rare tokens against its definition, its errors, and what it says of generations."""

import json
from collections import Counter

import numpy as np
import pytest
from kneser_ney import KneserNey

import collapse_stats as cs
from collapse_stats.backends.selection import select
from collapse_stats.ngram_model.rare_tokens import rotation as rotation_module
from collapse_stats.ngram_model.rare_tokens.bands import BANDS, HEADLINES
from collapse_stats.ngram_model.rare_tokens.excess import _variances
from collapse_stats.ngram_model.rare_tokens.parts import PARTS, Part, PartModel
from collapse_stats.ngram_model.rare_tokens.rare_perplexity import BaselineModels
from collapse_stats.ngrams.layout import Layout
from collapse_stats.simulation.human_text import human_documents
from collapse_stats.simulation.recursion import generations
from collapse_stats.simulation.rules import Rules
from collapse_stats.simulation.text import Text
from collapse_stats.tokenizers import load

LOWS = (1, 2, 3, 5, 9, 65)


def profiled(documents, vocab_size, max_order=3, **options):
    arrays = [np.asarray(document, dtype=np.int64) for document in documents]
    return cs.profile(arrays, vocab_size=vocab_size, max_order=max_order, table=False, **options)


def drawn(number, seed, length=12, vocab_size=60, skew=3):
    """Documents of independent skewed tokens, each followed by its successor half of the time."""
    rng = np.random.default_rng(seed)
    documents = []
    for size in rng.integers(1, 2 * length, number):
        document = (vocab_size * rng.random(size) ** skew).astype(np.int64)
        follows = np.flatnonzero(rng.random(size - 1) < 0.5) + 1
        document[follows] = (document[follows - 1] + 1) % vocab_size
        documents.append(document)
    return documents


def parts_of(profile):
    """Documents by part, in the order of the sample, from the hashes that the profile keeps."""
    pairs = zip(profile.sample.hash.tolist(), profile.sample.documents(), strict=True)
    by_part = {number: [] for number in range(3)}
    for hashed, document in pairs:
        if len(document):
            by_part[hashed % 16 % 3].append(document.tolist())
    return by_part


def first(documents, tokens):
    ends = np.cumsum([len(document) for document in documents])
    return documents[: max(int(np.searchsorted(ends, tokens, side="right")), 1)]


def band_of(count):
    names = ("never", "1", "2", "3-4", "5-8", "9-64", "65+")
    return names[sum(count >= low for low in LOWS)]


def by_definition(baseline, candidate, order, vocab_size):
    """Bits, numbers and unknown places of each band for both models, from the text alone."""
    sides = parts_of(baseline), parts_of(candidate)
    rows = []  # band, token, rotation, bits of floor and candidate, whether each is unknown
    for rotation in range(3):
        of_bands, of_models, of_text = ((rotation + step) % 3 for step in range(3))
        counts = Counter(token for document in sides[0][of_bands] for token in document)
        seen = [side[of_models] for side in sides]
        own, other = (sum(map(len, documents)) for documents in seen)
        while own > other:
            own = own * 9 // 10
        seen[0] = first(seen[0], own)
        seen[1] = first(seen[1], sum(map(len, seen[0])))
        models = [KneserNey(documents, order, vocab_size) for documents in seen]
        known = [{token for document in documents for token in document} for documents in seen]
        for document in sides[0][of_text]:
            bits = zip(*(model.log2_probabilities(document) for model in models), strict=True)
            names = [*(band_of(counts[token]) for token in document), "end"]
            for name, token, (floor, own) in zip(names, [*document, None], bits, strict=True):
                unknown = [token is not None and token not in each for each in known]
                rows.append((name, (token, rotation), -floor, -own, *unknown))
                if token is not None:
                    rows.append(("all", *rows[-1][1:]))
    return rows


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_every_figure_is_that_of_the_definition(order):
    baseline = profiled([*drawn(200, 1), []], 64, 4)
    candidate = profiled(drawn(150, 2, skew=4), 64, 4)
    result = cs.rare_perplexity(baseline, candidate, order)
    rows = by_definition(baseline, candidate, order, 64)
    assert [band.band for band in result.bands] == list(BANDS)
    for band in result.bands:
        own = [row for row in rows if row[0] == band.band]
        assert band.tokens == len(own)
        if not own:
            assert band.reason == "the text has no such token"
            continue
        types = {token: [row for row in own if row[1] == token] for token in {r[1] for r in own}}
        assert band.types == len(types)
        for column, perplexity, per_type, unknown in (
            (2, band.floor, band.type_floor, band.floor_unknown),
            (3, band.perplexity, band.type_perplexity, band.unknown),
        ):
            assert unknown == pytest.approx(np.mean([row[column + 2] for row in own]))
            if unknown > 0.9:
                assert perplexity is per_type is None
                continue
            assert perplexity == pytest.approx(2 ** np.mean([row[column] for row in own]))
            means = [np.mean([row[column] for row in rows]) for rows in types.values()]
            assert per_type == pytest.approx(2 ** np.mean(means))
        if band.excess_bits is not None:
            difference = np.mean([row[3] - row[2] for row in own])
            assert band.excess_bits.value == pytest.approx(difference)
            assert band.excess_bits.error > 0
    assert sum(band.tokens for band in result.bands[:7]) == baseline.tokens
    assert result.band("all").tokens == baseline.tokens
    assert result.band("end").tokens == 200


def test_models_of_a_baseline_serve_every_candidate(monkeypatch):
    made = []
    monkeypatch.setattr(
        rotation_module,
        "PartModel",
        lambda part, *others: made.append(part.name) or PartModel(part, *others),
    )
    baseline = profiled(drawn(200, 1), 64, name="human")
    candidates = [profiled(drawn(200 + 40 * seed, seed), 64) for seed in range(2, 6)]
    shared = BaselineModels(baseline)
    found = [shared.rare_perplexity(each) for each in candidates]
    assert len(made) == 3 + 3 * 4
    assert sum(name.endswith(" human") for name in made) == 3
    assert found == [cs.rare_perplexity(baseline, each) for each in candidates]
    assert shared.rare_perplexity(profiled(drawn(100, 9), 64)) == cs.rare_perplexity(
        baseline, profiled(drawn(100, 9), 64)
    )


def test_bytes_are_those_of_the_text():
    """Every token of the sample is in the text once, so all of its bytes are counted."""
    texts = [text for text in human_documents() if text][:400]
    texts = [text[:600] for text in texts]
    for name in ("builtin", "bytes"):
        one, two = (cs.profile(texts[i::2], tokenizer=name, table=False) for i in (0, 1))
        result = cs.rare_perplexity(one, two)
        whole, end = result.band("all"), result.band("end")
        assert whole.bytes == sum(len(text.encode()) for text in texts[::2])
        assert sum(band.bytes for band in result.bands[:7]) == whole.bytes
        bits = whole.tokens * np.log2(whole.perplexity)
        assert whole.bits_per_byte == pytest.approx(bits / whole.bytes)
        bits = whole.tokens * np.log2(whole.floor)
        assert whole.floor_bits_per_byte == pytest.approx(bits / whole.bytes)
        assert (end.bytes, end.bits_per_byte, end.floor_bits_per_byte) == (0, None, None)


def test_bytes_of_ids_are_not_known_and_that_is_said():
    result = cs.rare_perplexity(profiled(drawn(200, 1), 64), profiled(drawn(200, 2), 64))
    assert all(band.bytes is band.bits_per_byte is None for band in result.bands)
    assert "no bits per byte: the tokenizer of the token ids was not named" in result.warnings


def test_a_model_without_a_group_is_that_of_the_other_documents():
    profile = profiled(drawn(120, 5), 64)
    for number in range(PARTS):
        part = Part.of("human", profile.sample, number)
        model = PartModel(part, Layout(64, 3), select("numpy"))
        for group, weights in enumerate(model.without_each_group()):
            documents = part.sample.documents()
            kept = [d.tolist() for d, g in zip(documents, part.group, strict=True) if g != group]
            oracle = KneserNey(kept, 3, 64)
            assert weights.discounts == tuple(
                tuple(map(float, oracle.discounts[n])) for n in (1, 2, 3)
            )
            assert weights.fallback == oracle.fallback


def test_a_comparison_has_it_too():
    one, two = profiled(drawn(100, 1), 64), profiled(drawn(100, 2), 64)
    assert cs.compare(one, two).rare_perplexity(2) == cs.rare_perplexity(one, two, 2)


def test_a_model_of_few_documents_of_a_part_has_all_of_its_groups():
    profile = profiled(drawn(200, 5), 64)
    part = Part.of("human", profile.sample, 0)
    cut = part.first(int(part.sample.length[0]))
    assert len(cut.sample) == 1
    assert cut.groups == part.groups
    model = PartModel(cut, Layout(64, 2), select("numpy"))
    without = list(model.without_each_group())
    assert len(without) == part.groups
    for group, weights in enumerate(without):
        if group != cut.group[0]:
            np.testing.assert_array_equal(weights.probability, model.weights.probability)
        else:  # nothing is left, so that all ids and the end are alike
            begin = model.index.symbols.begin
            np.testing.assert_allclose(np.delete(weights.probability, begin), 1 / 65)


def test_backends_agree():
    sides = [
        [profiled(drawn(200, seed), 64, backend=name) for seed in (1, 2)]
        for name in ("native", "numpy")
    ]
    first, second = (cs.rare_perplexity(*pair).to_dict() for pair in sides)
    assert first == second


def test_what_two_factors_share_is_counted_once():
    """Means of tables of independent rows and columns that interact, whose variance is known."""
    rng = np.random.default_rng(0)
    rows, columns, tables = 6, 5, 4000
    values = rng.normal(size=(rows, 1, tables)) + 0.5 * rng.normal(size=(1, columns, tables))
    values = values + 2 * rng.normal(size=(rows, columns, tables))

    def without_each(table):
        """The mean over the first axis, and those without each of its places."""
        without = (np.delete(table, place, axis=0).mean(axis=0) for place in range(len(table)))
        return [table.mean(axis=0), *without]

    without = [without_each(each) for each in without_each(values)]
    shares = [np.full(rows, 1 / rows), np.full(columns, 1 / columns)]
    single, joint = _variances(np.array(without), shares, 0)
    true = 1 / rows + 0.25 / columns + 4 / (rows * columns)
    assert np.var(values.mean(axis=(0, 1))) == pytest.approx(true, rel=0.1)
    assert np.mean(single - joint) == pytest.approx(true, rel=0.05)
    assert np.mean(single) == pytest.approx(true + 4 / (rows * columns), rel=0.05)


@pytest.fixture(scope="module")
def human():
    tokenizer = load("builtin")
    return [np.asarray(tokenizer.encode(text)) for text in human_documents()], tokenizer.vocab_size


def test_text_of_one_source_is_within_two_errors_of_the_floor(human):
    documents, vocab_size = human
    pieces = [d[i : i + 150] for d in documents for i in range(0, len(d), 150)]
    rng = np.random.default_rng(0)
    found = {name: [] for name in BANDS}
    for _ in range(24):
        dealt = rng.permutation(len(pieces))[:800]
        first, second = (
            profiled([pieces[i] for i in side], vocab_size) for side in (dealt[::2], dealt[1::2])
        )
        for band in cs.rare_perplexity(first, second).bands:
            found[band.band].append((band.excess_bits.value, band.excess_bits.error))
    within = []
    for pairs in found.values():
        excess, error = np.array(pairs).T
        within += (np.abs(excess) <= 2 * error).tolist()
        assert np.sqrt(np.mean(error**2)) < 2.5 * excess.std()  # errors are not merely large
    assert 0.9 <= np.mean(within) < 1


def test_generations_of_a_model_lose_rare_tokens(human):
    """The first ones mix the words of many documents, so that they begin below the floor."""
    documents, vocab_size = human
    baseline = profiled(documents[::2], vocab_size)
    excesses = []
    for written in generations(Text.of(documents[1::2]), 5, Rules()):
        result = cs.rare_perplexity(baseline, profiled(written.documents(), vocab_size))
        excesses.append([result.band(name).excess_bits for name in HEADLINES])
    for of_band in zip(*excesses, strict=True):
        values = [excess.value for excess in of_band]
        assert values == sorted(values)
        assert of_band[-1].low > max(0, of_band[0].high)


def test_a_candidate_that_knows_nothing_has_no_perplexity():
    baseline = profiled(drawn(300, 1), 64)
    result = cs.rare_perplexity(baseline, profiled([[0, 1, 0]] * 300, 64))
    rare = result.band("9-64")
    assert rare.unknown > 0.9
    assert rare.perplexity is rare.type_perplexity is rare.excess_bits is None
    assert rare.floor > 1
    assert "candidate's model has never seen more than 90% of these tokens" in rare.reason
    assert any("band 9-64" in warning for warning in result.warnings)
    assert any("order 1 and 2 and 3" in warning for warning in result.warnings)
    assert result.fallback == (1, 2, 3)
    kept = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert kept["smoothing"] == "modified-kneser-ney"
    assert kept["order"] == 3
    assert kept["headline_bands"] == ["5-8", "9-64"]
    assert [band["band"] for band in kept["bands"]] == list(BANDS)
    assert next(band for band in kept["bands"] if band["band"] == "9-64")["excess_bits"] is None
    assert set(kept["bands"][-1]["excess_bits"]) == {"value", "error"}


def test_sizes_are_matched():
    baseline = profiled(drawn(300, 1), 64)
    small = profiled(drawn(100, 2), 64)
    one, other = cs.rare_perplexity(baseline, small), cs.rare_perplexity(small, baseline)
    for result, tokens in ((one, small.tokens), (other, small.tokens)):
        floor, own = result.model_tokens
        assert abs(floor - own) < 30
        assert 0.75 * tokens < 3 * own < 1.15 * tokens


def test_few_documents_have_no_figures_but_a_reason():
    many = profiled(drawn(100, 1), 64)
    for few in (profiled(drawn(40, 2), 64), profiled([np.concatenate(drawn(100, 2))], 64)):
        for sides in ((many, few), (few, many)):
            result = cs.rare_perplexity(*sides)
            assert result.bands == ()
            assert result.band("5-8") is None
            assert "64 documents or more" in result.warnings[0]
            json.dumps(result.to_dict())


def test_what_cannot_be_done_is_refused():
    one, two = profiled(drawn(100, 1), 64), profiled(drawn(100, 2), 64)
    with pytest.raises(ValueError, match="order must be between 1 and 3"):
        cs.rare_perplexity(one, two, 4)
    with pytest.raises(cs.LayoutMismatchError):
        cs.rare_perplexity(one, profiled(drawn(100, 2), 65))
    with pytest.raises(ValueError, match="band must be one of never, 1, 2"):
        cs.rare_perplexity(one, two).band("7")
    short = [profiled([[i % 7] for i in range(100)], 64, 5) for _ in range(2)]
    with pytest.raises(cs.CollapseStatsError, match="order 5 needs a document of 3 tokens"):
        cs.rare_perplexity(*short, 5)
