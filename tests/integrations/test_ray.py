"""`engine="ray"` on a local cluster of two CPUs: the same as without units, whoever is killed.

Ray runs in processes of its own, because its warnings and threads are not those of the tests.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

import collapse_stats as cs

pytestmark = pytest.mark.skipif(
    find_spec("ray") is None, reason="Ray is not installed: pip install 'collapse-stats[ray]'"
)
OPTIONS = {"tokenizer": "bytes", "max_order": 3, "sample_tokens": 9000, "memory": "400MB"}
SCRIPT = """
import json, sys
import ray
import collapse_stats as cs

corpus, work, options = sys.argv[1:]
ray.init(num_cpus=2, include_dashboard=False, object_store_memory=100_000_000)
profile = cs.profile(
    corpus, work_dir=work, unit_tokens=6000, engine="ray", progress=print, **json.loads(options)
)
print("tokens", profile.tokens)
"""


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ray") / "corpus"
    folder.mkdir()
    rng = random.Random(4)
    words = ["".join(rng.choices("abcdefgh", k=rng.randint(1, 6))) for _ in range(300)]
    for number in range(7):
        lines = [json.dumps({"text": " ".join(rng.choices(words, k=40))}) for _ in range(150)]
        (folder / f"{number}.jsonl").write_text("\n".join(lines) + "\n")
    cs.profile(folder, **OPTIONS).save(folder.parent / "whole")
    return folder


@pytest.fixture
def start(corpus, tmp_path):
    """Start the script; the work directory is ``work``."""
    (tmp_path / "script.py").write_text(SCRIPT)
    quiet = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled", "HOME": str(tmp_path)}
    command = [sys.executable, "script.py", corpus, tmp_path / "work", json.dumps(OPTIONS)]

    def begin() -> subprocess.Popen[str]:
        return subprocess.Popen(
            list(map(str, command)),
            cwd=tmp_path,
            env=os.environ | quiet,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    return begin


def is_whole(corpus: Path, work: Path) -> bool:
    """Whether the files are those of one process, but for how the table is cut into parts."""
    whole, found = corpus.parent / "whole", work / "profile"
    same = all(
        (whole / name).read_bytes() == (found / name).read_bytes()
        for name in ("spectra.parquet", "sample.parquet")
    )
    return same and cs.load(whole).run == cs.load(found).run


def units(work: Path) -> int:
    return len([*(work / "map").glob("u*")])


def wait_for(what, process: subprocess.Popen[str]) -> bool:
    """Wait until something is true, or the process has ended."""
    end = time.monotonic() + 90
    while time.monotonic() < end and process.poll() is None:
        if what():
            return True
        time.sleep(0.005)
    return False


def workers(driver: int) -> list[int]:
    """Processes that count a unit now, below a driver."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if folder.joinpath("cmdline").read_bytes().startswith(b"ray::_count"):
                raylet = folder.joinpath("stat").read_text().rsplit(")", 1)[1].split()[1]
                above = Path("/proc", raylet, "stat").read_text().rsplit(")", 1)[1].split()[1]
                found += [int(folder.name)] if int(above) == driver else []
        except OSError:  # it has ended
            continue
    return found


def kill_first(numbers: list[int]) -> bool:
    for number in numbers[:1]:
        os.kill(number, signal.SIGKILL)
    return bool(numbers)


@pytest.mark.slow
def test_tasks_are_the_corpus_although_a_worker_is_killed(corpus, start, tmp_path):
    with start() as process:
        killed = wait_for(lambda: kill_first(workers(process.pid)), process)
        output, _ = process.communicate(timeout=120)
    assert killed, output
    assert process.returncode == 0, output
    assert "counting 7 7" in output
    assert is_whole(corpus, tmp_path / "work")


@pytest.mark.slow
def test_a_driver_that_is_killed_and_started_again(corpus, start, tmp_path):
    with start() as process:
        begun = wait_for(lambda: units(tmp_path / "work") >= 2, process)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
    assert begun
    assert not (tmp_path / "work" / "profile").exists()
    with start() as process:
        output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output
    assert is_whole(corpus, tmp_path / "work")


@pytest.mark.slow
def test_the_error_of_a_task_is_that_of_the_unit(start, corpus, tmp_path):
    with start() as process:
        assert wait_for(lambda: (tmp_path / "work" / "plan.json").exists(), process)
        (tmp_path / "work" / "map").mkdir(exist_ok=True)
        (tmp_path / "work" / "map" / "u000006").mkdir(exist_ok=True)
        output, _ = process.communicate(timeout=120)
    assert process.returncode != 0
    assert "InputError" in output
    assert "u000006" in output
