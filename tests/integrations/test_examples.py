"""Every example runs and prints figures."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
NEEDS = {
    "plain_loop": ["torch"],
    "torchmetrics_metric": ["torch", "torchmetrics"],
    "huggingface_trainer": ["torch", "transformers", "accelerate"],
    "lightning_trainer": ["torch", "lightning"],
    "trl_grpo": ["torch", "trl"],
    "distributed_ranks": ["torch"],
    "engine_outputs": [],
    "recursive_training": ["torch"],
    "narrowing_policy": [],
}
SHORTER = {
    "recursive_training": "--generations=1 --steps=20 --rows=128 --fresh=0.1 --threads=1".split(),
    "narrowing_policy": ["--steps=16", "--rate=8"],
}


def test_every_example_is_listed():
    with_tests = {"datatrove_step"}  # of their own
    assert {path.stem for path in EXAMPLES.glob("*.py")} == {*NEEDS, *with_tests}


@pytest.mark.parametrize("name", NEEDS)
def test_an_example_runs(name):
    missing = [module for module in NEEDS[name] if find_spec(module) is None]
    if missing:
        pytest.skip(f"{', '.join(missing)} not installed: make test-integrations")
    result = subprocess.run(
        [sys.executable, EXAMPLES / f"{name}.py", *SHORTER.get(name, [])],
        capture_output=True,
        text=True,
        timeout=280,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )
    assert result.returncode == 0, result.stderr[-2000:]
    assert "entropy" in result.stdout or len(result.stdout.split()) >= 4
