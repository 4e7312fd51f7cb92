"""Counting with each instruction set of this processor, chosen before the process starts.

`tests/native/check_kernels.cpp` tests the sorts and the marking kernels one by one.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

if os.environ.get("COLLAPSE_STATS_PURE"):
    pytest.skip("COLLAPSE_STATS_PURE is set: no compiled module", allow_module_level=True)

from collapse_stats import _native

CHOICE = "COLLAPSE_STATS_INSTRUCTION_SET"
ROOT = Path(__file__).parents[2]


def run(chosen: str, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        env=os.environ | {CHOICE: chosen},
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize("chosen", _native.instruction_sets()[:-1])  # others use the widest
def test_every_narrower_instruction_set_counts_right(chosen: str) -> None:
    selection = "long_stretch or text_repeated or few_ids or every_operation or 2049"
    files = ("tests/backends/test_native.py", "tests/backends/test_threads.py")
    done = run(chosen, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files, "-k", selection)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("chosen", _native.instruction_sets())
def test_the_instruction_set_in_use_is_reported(chosen: str) -> None:
    done = run(chosen, "-m", "collapse_stats", "backends")
    assert done.returncode == 0, done.stderr
    assert f", {chosen}" in done.stdout


def test_the_widest_is_the_default() -> None:
    done = run("", "-c", "from collapse_stats import _native; print(_native.instruction_set())")
    assert done.stdout.strip() == _native.instruction_sets()[-1]


def test_an_unknown_instruction_set_is_rejected() -> None:
    done = run("avx1024", "-m", "collapse_stats", "backends")
    assert done.returncode == 2
    assert f"{CHOICE} must be one of portable" in done.stderr
    assert "got avx1024" in done.stderr
