"""Pieces of one source as documents: their source is what halves, errors and verdicts count."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

import collapse_stats as cs
from collapse_stats.cli import program

VOCAB, OWN = 3000, 40


def episode(rng: np.random.Generator) -> list[list[int]]:
    """Twenty pieces of a source that has words of its own, as a podcast has a topic."""
    own = rng.integers(500, VOCAB, OWN)
    pieces = []
    for _ in range(20):
        common = np.minimum(rng.zipf(1.3, 60), VOCAB) - 1
        pieces.append(np.where(rng.random(60) < 0.4, rng.choice(own, 60), common).tolist())
    return pieces


def corpus(seed: int, episodes: int = 100) -> list[dict]:
    rng = np.random.default_rng(seed)
    return [
        {"input_ids": piece, "episode": f"{seed}/{number}"}
        for number in range(episodes)
        for piece in episode(rng)
    ]


def compared(first, second, **options):
    return cs.compare(first, second, vocab_size=VOCAB, max_order=2, **options)


def test_two_halves_of_one_source_are_no_drift():
    """Halves of pieces have text of the same episodes, which two corpora never have."""
    first, second = corpus(1), corpus(2)
    by_row, by_episode = compared(first, second), compared(first, second, group_key="episode")
    assert by_row.verdict == "drift"
    assert by_episode.verdict in ("within floor", "cannot tell")
    rows, episodes = by_row.excess("js", 1), by_episode.excess("js", 1)
    assert rows.low > 0
    assert episodes.low < 0 < episodes.high
    assert episodes.error > 2 * rows.error  # 100 sources say less than 2,000 documents seem to


@pytest.mark.parametrize("episodes", [1, 3, 20, 63])
def test_few_sources_are_no_ground_for_a_verdict(episodes):
    diff = compared(corpus(1, episodes), corpus(2), group_key="episode")
    assert diff.verdict == "cannot tell"
    values = "1 value" if episodes == 1 else f"{episodes} values"
    (reason,) = diff.reasons
    assert f"{20 * episodes:,} documents have only {values} of the group key 'episode'" in reason
    assert "64 are needed" in reason
    assert any("too few for floors and standard errors" in warning for warning in diff.warnings)
    assert (diff.interval("js", 1) is None) == (episodes < 30)
    assert (diff.baseline.interval("entropy", 1) is None) == (episodes < 30)


def test_one_large_source_is_no_ground_for_a_verdict():
    first = corpus(1)
    for record in first[:600]:
        record["episode"] = "1/0"
    diff = compared(first, corpus(2), group_key="episode")
    assert diff.verdict == "cannot tell"
    assert "those of one row or group key, makes up" in diff.reasons[0]


def test_documents_of_one_prompt_share_a_half_in_both_corpora():
    """Answers in another order, and several to each prompt."""
    prompts = [f"prompt {n}" for n in range(80)]
    first = [{"text": f"answer to {p}", "prompt": p} for p in prompts]
    second = [{"text": f"other {p} {n}", "prompt": p} for p in reversed(prompts) for n in range(3)]
    halves = {}
    for records in (first, second):
        profile = cs.profile(records, group_key="prompt", tokenizer="bytes")
        texts = (bytes(tokens.tolist()).decode() for tokens in profile.sample.documents())
        for text, half in zip(texts, profile.sample.half.tolist(), strict=True):
            halves.setdefault("prompt " + text.split("prompt ")[1].split()[0], set()).add(half)
    assert len(halves) == 80
    assert all(len(half) == 1 for half in halves.values())


def run(*arguments: object, exit_code: int = 0) -> str:
    result = CliRunner().invoke(program, [str(each) for each in arguments])
    assert result.exit_code == exit_code, result.output
    return result.output if exit_code else result.stdout


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("group_keys")
    for name, seed in (("a", 1), ("b", 2)):
        pq.write_table(pa.Table.from_pylist(corpus(seed)), folder / f"{name}.parquet")
    return folder


def test_the_command_line(files, tmp_path):
    options = ["--vocab-size", VOCAB, "--max-order", 2]
    key = ["--group-key", "episode"]
    a, b = files / "a.parquet", files / "b.parquet"
    report = json.loads(run("compare", a, b, *options, *key, "--json"))
    assert report["comparisons"][0]["verdict"] in ("within floor", "cannot tell")
    assert [each["group_key"] for each in report["corpora"]] == ["episode", "episode"]
    assert json.loads(run("show", a, *options, "--json"))["corpora"][0]["group_key"] is None
    run("profile", a, "-o", tmp_path / "a.profile", *options, *key)
    manifest = json.loads((tmp_path / "a.profile" / "manifest.json").read_text())
    assert manifest["group_key"] == "episode"
    assert manifest["halves_rule"] == "file and row 1"
    assert "group_key" in run("show", tmp_path / "a.profile", "--json")
    same = json.loads(run("compare", tmp_path / "a.profile", b, *key, "--json"))
    assert same["comparisons"][0]["verdict"] == report["comparisons"][0]["verdict"]
    other = run("compare", tmp_path / "a.profile", b)
    assert "follow from the group key 'episode'" in " ".join(other.split())
    sides = run("compare", a, b, *options, "--for-candidates", "group-key=episode")
    assert "follow from file and row" in " ".join(sides.split())
    run("profile", b, "-o", tmp_path / "b.profile", *options)
    refused = run(
        "merge", tmp_path / "a.profile", tmp_path / "b.profile", "-o", tmp_path / "m", exit_code=2
    )
    assert "by one rule to be merged" in refused
    message = run("show", tmp_path / "a.profile", "--group-key", "site", exit_code=2)
    assert "--group-key is for a corpus" in message
    missing = run("show", a, *options, "--group-key", "site", exit_code=2)
    assert "expected the group key 'site', this file has input_ids" in missing


def test_the_steps_of_a_run(files, tmp_path):
    for step in (1, 2):
        (tmp_path / f"step_{step}.parquet").symlink_to(files / f"{'ab'[step - 1]}.parquet")
    options = ["--vocab-size", VOCAB, "--max-order", 2, "--group-key", "episode", "--json"]
    report = json.loads(run("track", tmp_path, *options))
    assert [each["group_key"] for each in report["corpora"]] == ["episode", "episode"]
