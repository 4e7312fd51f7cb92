"""Sixteen generations of a real model: where divergence begins, and how rare tokens go."""

import io
import json
import os
from itertools import pairwise
from pathlib import Path

import pytest

import collapse_stats as cs

GENERATIONS, TEXTS = 16, 4000
DATA = Path(os.environ.get("COLLAPSE_STATS_DATA", Path(__file__).parents[3] / "shared" / "data"))
FILE = DATA / "gens_gemma3_wikitext2_ratio50.jsonl.zst"


@pytest.fixture(scope="module")
def run() -> cs.Trajectory:
    """The model's half of each generation, against the human half."""
    if not FILE.exists():
        pytest.skip(f"no {FILE}: set COLLAPSE_STATS_DATA to the folder of real corpora")
    zstandard = pytest.importorskip("zstandard", reason="the file is compressed with zstd")
    texts: dict[str, list[dict[str, str]]] = {}
    reader = zstandard.ZstdDecompressor(max_window_size=1 << 27)
    with FILE.open("rb") as file, reader.stream_reader(file) as stream:
        for line in io.TextIOWrapper(stream, "utf-8"):
            row = json.loads(line)
            if row["pos"] >= TEXTS or row["gen"] == 0:
                part = "human" if row["pos"] < TEXTS else str(row["gen"])
                texts.setdefault(part, []).append({"text": row["text"]})
    generations = [texts[str(number)] for number in range(GENERATIONS)]
    return cs.trajectory(texts["human"], generations, max_order=2)


@pytest.mark.slow
def test_a_model_that_learns_from_itself(run: cs.Trajectory) -> None:
    js = run.figure("js", 2)
    assert js.onset() == run.onsets()["js", 2] == 3
    first, second = js.values[:2]
    assert first is not None
    assert second is not None
    assert (
        second < first
    )  # generation 1 is nearer to the human text: generation 0 is off its topics
    trend = js.trend()
    assert trend is not None
    assert trend.p < 1e-9
    assert trend.low is not None
    assert trend.low > 0

    moved = [value for value in run.moved("js", 2).values if value is not None]
    assert len(moved) == 15
    assert moved[0] > 0.03
    assert max(map(abs, moved[4:])) < 0.01  # it has collapsed, and hardly moves any more

    rare = run.shrinkage().bands[0]
    kept = [value for value in rare.retained if value is not None]
    assert all(one > other for one, other in pairwise(kept))
    assert rare.fit is not None
    assert 1 < rare.fit.half_life < 5
    assert 0 <= rare.fit.limit < 0.1
    assert run.reading.label == "collapsing"
