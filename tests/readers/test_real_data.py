"""Findings that real text must give: recursively trained generations, halves of one source."""

import json
import os
import random
from collections.abc import Iterator
from io import TextIOWrapper
from itertools import pairwise
from pathlib import Path

import pytest

import collapse_stats as cs
from collapse_stats.metrics.figures import FLOORED_FIGURES

DATA = Path(os.environ.get("COLLAPSE_STATS_DATA", Path(__file__).parents[3] / "shared" / "data"))


def records(name: str) -> Iterator[dict]:
    zstandard = pytest.importorskip("zstandard", reason="zstandard is in the 'test' extra")
    path = DATA / name
    if not path.is_file():
        pytest.skip(f"no {path}: set COLLAPSE_STATS_DATA to the folder of real corpora")
    with path.open("rb") as file:
        lines = zstandard.ZstdDecompressor(max_window_size=2**27).stream_reader(file)
        yield from map(json.loads, TextIOWrapper(lines, "utf-8"))


def test_generations_trained_on_their_own_output_collapse():
    generations: dict[int, list[str]] = {}
    for record in records("gens_gemma3_wikitext2_ratio50.jsonl.zst"):
        if record["kind"] != "human":
            generations.setdefault(record["gen"], []).append(record["text"])
    assert sorted(generations) == list(range(16))
    first = cs.profile(iter(generations[0]), max_order=4)
    entropy, distinct = [], []
    for texts in generations.values():
        diff = cs.compare(first, iter(texts))
        entropy.append(diff.candidate.entropy(2))
        distinct.append(diff.size_matched_distinct_ratio(4))
    # From the first to the last; generation 1 is still as rich as generation 0.
    assert entropy[0] > 14
    assert entropy[15] < 5
    assert distinct[0] == pytest.approx(1, abs=1e-4)  # halves differ by a few tokens
    assert distinct[15] < 0.07
    assert all(later < earlier for earlier, later in pairwise(distinct[1:]))
    assert all(figure < entropy[0] for figure in entropy[2:])


def test_rare_tokens_are_lost_from_generation_to_generation():
    generations: dict[int, list[str]] = {}
    human: list[str] = []
    for record in records("gens_gemma3_wikitext2_ratio50.jsonl.zst"):
        if record["kind"] != "human":
            generations.setdefault(record["gen"], []).append(record["text"])
        elif record["gen"] == 0:
            human.append(record["text"])
    baseline = cs.profile(iter(human), max_order=3, table=False)
    excesses: dict[str, list[float]] = {"5-8": [], "9-64": []}
    for generation in (1, 2, 3, 5, 8, 10, 15):
        candidate = cs.profile(iter(generations[generation]), max_order=3, table=False)
        result = cs.rare_perplexity(baseline, candidate)
        for name, values in excesses.items():
            excess = result.band(name).excess_bits
            assert excess.low > 1
            values.append(excess.value)
    for values in excesses.values():
        assert all(later > earlier for earlier, later in pairwise(values))


@pytest.mark.parametrize("seed", [1, 2])
def test_halves_of_one_source_stay_at_their_floor(seed):
    texts = [record["text"] for record in records("human_podcasts_pre2022.jsonl.zst")]
    random.Random(seed).shuffle(texts)
    middle = len(texts) // 2
    diff = cs.compare(iter(texts[:middle]), iter(texts[middle:]))
    for order in range(1, 6):
        for name in FLOORED_FIGURES:
            figure, floor = diff.figure(name, order), diff.floor(name, order)
            assert figure <= 1.1 * floor, (name, order, figure, floor)
    # Rare longer n-grams are the boilerplate of a show, so that a few documents decide.
    for order in range(1, 4):
        for band in diff.retention(order):
            assert band.retained >= 0.9 * band.floor, (order, band)
