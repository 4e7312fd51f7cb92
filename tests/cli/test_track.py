"""A run's steps as a series, in the formats that trainers write."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

import collapse_stats as cs
from collapse_stats.cli.group import program
from collapse_stats.cli.steps import steps
from collapse_stats.errors import InputError

WORDS = [f"word{n}" for n in range(400)]


def texts(vocabulary: int, seed: int, number: int = 80) -> list[str]:
    rng = np.random.default_rng(seed)
    return [" ".join(WORDS[n] for n in rng.integers(0, vocabulary, 40)) for _ in range(number)]


def records(written: list[str]) -> list[dict[str, str]]:
    return [{"text": text} for text in written]


def trl(folder: Path, step: int, written: list[str]) -> None:
    """As ``GRPOTrainer`` logs completions."""
    folder.mkdir(parents=True, exist_ok=True)
    table = pa.table(
        {
            "step": [step] * len(written),
            "prompt": ["a prompt"] * len(written),
            "completion": written,
        }
    )
    pq.write_table(table, folder / f"completions_{step:05d}.parquet")


def verl(folder: Path, step: int, written: list[str]) -> None:
    """As verl dumps rollouts (``trainer.rollout_data_dir``): the fields of the reward come last."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        {
            "input": f"user\nquestion {number // 4}\nassistant\n",
            "output": text,
            "gts": str(number),
            "score": number % 2 / 1,
            "step": step,
            "acc": bool(number % 2),
            "pred": None if number % 3 else "an answer that is longer than the output " * 9,
        }
        for number, text in enumerate(written)
    ]
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    (folder / f"{step}.jsonl").write_text("\n".join(lines) + "\n")


def openrlhf(folder: Path, step: int, written: list[str]) -> None:
    """As OpenRLHF's ``batch_inference`` writes what a step generated, and its rewards."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        {"input": f"<|user|>\nquestion {number // 4}" * 5, "output": text, "reward": -0.5}
        for number, text in enumerate(written)
    ]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / f"iter{step}_generate.jsonl").write_text(text)


def numbered(folder: Path, step: int, written: list[str]) -> None:
    """A directory for each checkpoint, with samples in it."""
    (folder / f"checkpoint-{step}").mkdir(parents=True)
    rows = "".join(json.dumps({"text": text}) + "\n" for text in written)
    (folder / f"checkpoint-{step}" / "samples.jsonl").write_text(rows)


def tracked(*arguments: object) -> dict:
    result = CliRunner().invoke(program, ["track", *map(str, arguments), "--json"])
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


@pytest.mark.parametrize("written_by", [trl, verl, openrlhf, numbered])
def test_steps_are_compared_with_the_first(tmp_path, written_by):
    run = {9: texts(400, 0), 10: texts(60, 1), 100: texts(10, 2)}
    for step, written in run.items():
        written_by(tmp_path, step, written)
    report = tracked(tmp_path, "--tokenizer", "bytes", "--max-order", 2)
    found = report["comparisons"]
    assert [one["baseline"] for one in found] == [report["corpora"][0]["name"]] * 2
    assert "9" in report["corpora"][0]["name"]
    assert "100" in found[1]["candidate"]
    for one, step in zip(found, (10, 100), strict=True):
        expected = cs.compare(records(run[9]), records(run[step]), tokenizer="bytes", max_order=2)
        assert one["orders"]["2"]["js_bits"] == expected.js(2)
        assert one["verdict"] == expected.verdict
    entropies = [c["orders"]["2"]["entropy_bits"]["plugin"] for c in report["corpora"]]
    assert entropies == sorted(entropies, reverse=True)


def test_a_baseline_may_be_text_or_a_profile(tmp_path):
    human = texts(400, 5)
    (tmp_path / "human.jsonl").write_text("".join(json.dumps({"text": t}) + "\n" for t in human))
    for step in (1, 2):
        trl(tmp_path / "run" / "completions", step, texts(400 // step, step))
    cs.profile(records(human), tokenizer="bytes", max_order=2).save(tmp_path / "human.profile")
    options = ("--tokenizer", "bytes", "--max-order", 2)
    of_text = tracked(tmp_path / "run", "--baseline", tmp_path / "human.jsonl", *options)
    of_profile = tracked(tmp_path / "run", "--baseline", tmp_path / "human.profile")
    for one, other in zip(of_text["comparisons"], of_profile["comparisons"], strict=True):
        assert one["orders"] == other["orders"]
    first, second = "step 1", "step 2"
    for report in (of_text, of_profile):
        sides = [(c["baseline"], c["candidate"]) for c in report["comparisons"]]
        assert sides == [("human", first), ("human", second), (first, second)]


def test_every_kth_step(tmp_path):
    for step in range(5):
        verl(tmp_path, step, texts(50, step))
    report = tracked(tmp_path, "--every", 2, "--tokenizer", "bytes", "--max-order", 1)
    assert [corpus["name"] for corpus in report["corpora"]] == ["step 0", "step 2", "step 4"]


def test_a_table_for_people(tmp_path):
    for step in (1, 2):
        verl(tmp_path, step, texts(50, step))
    result = CliRunner().invoke(program, ["track", str(tmp_path), "--max-order", "2"])
    assert result.exit_code == 0
    assert "verdict" in result.stdout


def test_what_is_no_series_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(InputError, match="no file or directory with the number of a step"):
        steps(tmp_path)
    verl(tmp_path, 3, texts(50, 0))
    result = CliRunner().invoke(program, ["track", str(tmp_path)])
    assert isinstance(result.exception, SystemExit)
    assert "must have two steps or more to be compared, got 1" in result.stderr
    numbered(tmp_path, 3, texts(50, 0))
    with pytest.raises(InputError, match=r"one file or directory for each step, got 3.jsonl and"):
        steps(tmp_path)


CARD = "# Model card\nThis model was trained."


def checkpoint(folder: Path, step: int, files: dict[str, str]) -> None:
    """What a trainer writes for each step, with some more files."""
    path = folder / f"checkpoint-{step}"
    path.mkdir(parents=True)
    usual = {
        "README.md": CARD,
        "config.json": '{"vocab_size": 5}',
        "generation_config.json": "{}",
        "merges.txt": "#version: 0.2",
        "model.safetensors": "weights",
        "optimizer.pt": "state",
        "special_tokens_map.json": "{}",
        "tokenizer.json": '{"model": {"vocab": {}}}',
        "trainer_state.json": '{"log_history": [{"loss": 1.0}]}',
        "vocab.json": '{"text": 1, "completion": 2}',
    }
    for name, content in (usual | files).items():
        (path / name).write_text(content)


def lines(records: list[dict[str, object]]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


BYTES = ("--tokenizer", "bytes", "--max-order", 1, "--backend", "numpy")


@pytest.mark.parametrize("key", ["text", "completion", "output", "content", "response"])
def test_samples_in_checkpoints_are_read_whatever_their_key(tmp_path, key):
    written = {step: texts(50, step, 8) for step in (5, 10, 100)}
    for step, samples in written.items():
        records = [{"prompt": "a prompt", "step": step, key: text} for text in samples]
        checkpoint(tmp_path, step, {"samples.jsonl": lines(records)})
    report = tracked(tmp_path, *BYTES)
    assert [corpus["name"] for corpus in report["corpora"]] == [f"step {step}" for step in written]
    for corpus, samples in zip(report["corpora"], written.values(), strict=True):
        if key != "content":  # a column of its own, beside the prompt
            assert corpus["tokens"] == sum(map(len, samples))
        assert corpus["documents"] == 8
        assert any("README.md" in warning for warning in corpus["warnings"])


def test_samples_of_text_in_checkpoints(tmp_path):
    for step in (1, 2):
        checkpoint(tmp_path, step, {"samples.txt": "x" * step, "more.txt": "y"})
    report = tracked(tmp_path, *BYTES)
    assert [corpus["tokens"] for corpus in report["corpora"]] == [2, 3]


@pytest.mark.parametrize("name", ["samples.jsonl", "samples.txt"])
def test_samples_beside_all_that_a_trainer_saves(tmp_path, name):
    torch = b"PK\x03\x04" + bytes(100)
    for step in (10, 20):
        numbered(tmp_path, step, texts(400, step))
        folder = tmp_path / f"checkpoint-{step}"
        if name == "samples.txt":
            (folder / "samples.jsonl").unlink()
            (folder / name).write_text("\n".join(texts(400, step)))
        for state in ("training_args.bin", "optimizer.bin", "pytorch_model-00001-of-00002.bin"):
            (folder / state).write_bytes(torch)
        for state in ("scheduler.pt", "rng_state.pth", "model.safetensors", "tokenizer.model"):
            (folder / state).write_bytes(torch)
        for about in ("trainer_state.json", "config.json", "model.safetensors.index.json"):
            (folder / about).write_text("{}")
        for about in ("README.md", "vocab.txt", "merges.txt", "chat_template.jinja"):
            (folder / about).write_text("about")
    (tmp_path / "training_args.bin").write_bytes(torch)
    result = CliRunner().invoke(program, ["track", str(tmp_path), "--json", "--doc-per-line"])
    assert result.exit_code == 0, result.stderr
    assert [each["documents"] for each in json.loads(result.stdout)["corpora"]] == [80, 80]
    (line,) = result.stderr.splitlines()
    assert "6 metadata (config.json, model.safetensors.index.json, optimizer.bin, ...)" in line


def test_what_has_no_number_is_left_out_with_a_warning(tmp_path):
    for step in (10, 20):
        numbered(tmp_path, step, texts(400, step))
    (tmp_path / "README.md").write_text("about")
    (tmp_path / "all_results.json").write_text("{}")
    (tmp_path / "runs").mkdir()
    result = CliRunner().invoke(program, ["track", str(tmp_path), "--json"])
    assert result.exit_code == 0
    assert result.stderr == ""
    numbered(tmp_path / "more", 30, texts(400, 30))
    (tmp_path / "more" / "checkpoint-30").rename(tmp_path / "final")
    (tmp_path / "best.jsonl").write_text('{"text": "a"}\n')
    result = CliRunner().invoke(program, ["track", str(tmp_path), "--json"])
    assert result.exit_code == 0
    assert [each["name"] for each in json.loads(result.stdout)["corpora"]] == [
        "step 10",
        "step 20",
    ]
    message = "left out, without the number of a step in its name: best.jsonl, final\n"
    assert result.stderr == f"warning: {message}"


def test_steps_without_samples_are_refused(tmp_path):
    for step in (1, 2):
        checkpoint(tmp_path, step, {})
    result = CliRunner().invoke(program, ["track", str(tmp_path)])
    assert result.exit_code == 2
    assert "checkpoint-1: nothing to read here" in result.stderr
    checkpoint(tmp_path, 3, {"samples.jsonl": lines([{"text": "a"}])})
    result = CliRunner().invoke(program, ["track", str(tmp_path)])
    assert result.exit_code == 2
    assert "checkpoint-1: nothing to read here" in result.stderr


def test_all_steps_are_read_by_the_key_of_the_first(tmp_path):
    checkpoint(tmp_path, 1, {"samples.jsonl": lines([{"text": "a", "content": "bcd"}])})
    checkpoint(tmp_path, 2, {"samples.jsonl": lines([{"content": "bcd"}])})
    result = CliRunner().invoke(program, ["track", str(tmp_path)])
    assert result.exit_code == 2
    assert "checkpoint-2" in result.stderr
    assert "'text'" in result.stderr
    report = tracked(tmp_path, "--text-key", "content", *BYTES)
    assert [corpus["tokens"] for corpus in report["corpora"]] == [3, 3]


def test_completions_beside_checkpoints_of_the_model(tmp_path):
    for step in (10, 20):
        checkpoint(tmp_path, step, {})
        trl(tmp_path / "completions", step, [f"text {step}"] * 3)
    (tmp_path / "README.md").write_text(CARD)
    report = tracked(tmp_path, *BYTES)
    assert [corpus["name"] for corpus in report["corpora"]] == [
        "step 10",
        "step 20",
    ]
    assert [corpus["tokens"] for corpus in report["corpora"]] == [21, 21]


def test_rollouts_beside_checkpoints_of_the_model(tmp_path):
    for step in (1, 2):
        checkpoint(tmp_path, step, {})
        verl(tmp_path, step, ["x" * step] * 3)
    (tmp_path / "tmp-checkpoint-3").mkdir()
    (tmp_path / "README-2.md").write_text(CARD)
    report = tracked(tmp_path, *BYTES)
    assert [corpus["tokens"] for corpus in report["corpora"]] == [3, 6]
    checkpoint(tmp_path, 7, {"samples.jsonl": lines([{"text": "a"}])})
    checkpoint(tmp_path, 8, {"samples.jsonl": lines([{"text": "a"}])})
    for step in (1, 2):
        (tmp_path / f"checkpoint-{step}" / "config.json").rename(tmp_path / f"config-{step}.old")
    result = CliRunner().invoke(program, ["track", str(tmp_path)])
    assert result.exit_code == 2


def test_options_for_the_baseline_alone(tmp_path):
    for step in (1, 2):
        verl(tmp_path / "run", step, ["x" * step] * 3)
    human = tmp_path / "human.jsonl"
    human.write_text(lines([{"body": "human", "output": "no"}] * 4))
    options = ("--baseline", human, "--for-baseline", "text-key=body", *BYTES)
    report = tracked(tmp_path / "run", *options)
    assert [corpus["tokens"] for corpus in report["corpora"]] == [20, 3, 6]
    result = CliRunner().invoke(
        program, ["track", str(tmp_path / "run"), "--for-baseline", "text-key=body"]
    )
    assert result.exit_code == 2
    assert "--for-baseline needs a --baseline" in result.stderr


def test_the_baseline_may_be_a_url(tmp_path):
    for step in (1, 2):
        verl(tmp_path, step, ["x" * step] * 3)
    result = CliRunner().invoke(
        program, ["track", str(tmp_path), "--baseline", "https://host.invalid/human.jsonl"]
    )
    assert result.exit_code == 2
    assert "https://host.invalid/human.jsonl" in result.stderr
    assert "does not exist" not in result.stderr
