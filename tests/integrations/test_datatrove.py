"""The example of datatrove, on two workers: the same profile as that of one process."""

import json
import os
import random
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import collapse_stats as cs

EXAMPLE = Path(__file__).parents[2] / "examples" / "datatrove_step.py"
OPTIONS = ["--tokenizer", "bytes", "--max-order", "3", "--sample-tokens", "9k", "--memory", "400MB"]

pytestmark = pytest.mark.skipif(
    find_spec("datatrove") is None, reason="datatrove is not installed: make test-integrations"
)


def write_corpus(folder: Path) -> Path:
    folder.mkdir()
    rng = random.Random(4)
    words = ["".join(rng.choices("abcdefgh", k=rng.randint(1, 6))) for _ in range(300)]
    for number in range(7):
        lines = [json.dumps({"text": " ".join(rng.choices(words, k=40))}) for _ in range(150)]
        (folder / f"{number}.jsonl").write_text("\n".join(lines) + "\n")
    return folder


def test_two_workers_count_merge_and_finish(tmp_path):
    corpus = write_corpus(tmp_path / "corpus")
    paths = [corpus, "-o", tmp_path / "found", "--work-dir", tmp_path / "work"]
    result = subprocess.run(
        [sys.executable, EXAMPLE, *paths, "--unit-tokens", "6k", *OPTIONS],
        cwd=tmp_path,
        env=os.environ | {"HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    for task, units in enumerate([2, 2, 2, 1]):  # of seven, each by the task that it belongs to
        mine = [tmp_path / "work" / "map" / f"u{unit:06d}" for unit in range(task, 7, 4)]
        assert len(mine) == units
        assert all(unit.is_dir() for unit in mine)
    assert {path.name for path in (tmp_path / "work" / "reduce").iterdir()} == {"0-of-2", "1-of-2"}
    found = cs.load(tmp_path / "found")
    whole = cs.profile(corpus, tokenizer="bytes", max_order=3, sample_tokens=9000, memory="400MB")
    assert found.run == whole.run
    assert found.joint_spectra == whole.joint_spectra
    assert found.sample.tokens.tolist() == whole.sample.tokens.tolist()
    assert found.sources == whole.sources
