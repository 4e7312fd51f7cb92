"""Commands killed with SIGKILL while they write, and full disks: all of a result, or nothing.

COLLAPSE_STATS_KILLS=200 kills them so often in all; by default they are killed a few times.
"""

import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

KILLS = -(-int(os.environ.get("COLLAPSE_STATS_KILLS", "12")) // 6)  # of each command in each test
OPTIONS = ("--tokenizer", "bytes", "--backend", "numpy", "--max-order", "3")

# Runs the command and kills it at its n-th step: before it opens, renames or removes something
# beside the result, or in the middle of a call that writes. Without a step it counts them.
AT_STEP = """
import os, signal, sys
folder, last, _ = sys.argv[1], int(sys.argv[2]), sys.argv.pop(0)
del sys.argv[1:2]
step = 0

def take(kill=lambda: os.kill(os.getpid(), signal.SIGKILL)):
    global step
    step += 1
    if step == last:
        kill()

def watch(event, args):
    if event in EVENTS and any(folder in os.fsdecode(a) for a in args if isinstance(a, PATH)):
        take()

EVENTS = ("open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "shutil.rmtree")
PATH = (str, bytes, os.PathLike)
write = os.write

def halved(file, data):
    if file > 2:
        take(lambda: (write(file, data[: len(data) // 2]), os.kill(os.getpid(), signal.SIGKILL)))
    return write(file, data)

from collapse_stats.cli import main
os.write = halved
sys.addaudithook(watch)
try:
    main()
finally:
    print("steps", step, file=sys.stderr)
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two corpora, and their profiles."""
    folder = tmp_path_factory.mktemp("place")
    rng = random.Random(1)
    for name in ("a", "b"):
        words = [str(rng.randrange(5000)) for _ in range(40_000)]
        lines = [json.dumps({"text": " ".join(words[i : i + 200])}) for i in range(0, 40_000, 200)]
        (folder / f"{name}.jsonl").write_text("\n".join(lines))
        done = run("profile", folder / f"{name}.jsonl", "-o", folder / f"{name}.profile", *OPTIONS)
        assert done.returncode == 0, done.stderr
    return folder


def run(*arguments: object, **options: object) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "collapse_stats", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, **options)  # type: ignore[call-overload,no-any-return]


def command_of(name: str, place: Path, output: Path) -> list[str]:
    inputs = {
        "profile": [place / "a.jsonl", *OPTIONS],
        "merge": [place / "a.profile", place / "b.profile"],
        "compare": [place / "a.profile", place / "b.profile", "--json"],
    }[name]
    return [name, *map(str, inputs), "-o", str(output)]


def content(path: Path) -> dict[str, bytes]:
    """The files of a result, a directory or a file; all of them if it is complete."""
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return {file.name: file.read_bytes() for file in files}


def whole_result(name: str, place: Path, folder: Path) -> dict[str, bytes]:
    done = run(*command_of(name, place, folder / "out"))
    assert done.returncode == 0, done.stderr
    return content(folder / "out")


COMMANDS = ["profile", "merge", "compare"]


@pytest.mark.parametrize("name", COMMANDS)
def test_killed_at_every_step(place: Path, tmp_path: Path, name: str) -> None:
    whole = tmp_path / "whole"
    whole.mkdir()
    command = [sys.executable, "-c", AT_STEP]
    counted = subprocess.run(
        [*command, whole, "0", *command_of(name, place, whole / "out")],
        capture_output=True,
        text=True,
        check=True,
    )
    steps = int(counted.stderr.rpartition("steps ")[2])
    assert steps >= 3
    expected, folder = content(whole / "out"), tmp_path / "target"
    folder.mkdir()
    rng = random.Random(KILLS)
    for number in range(KILLS):
        step = 1 + number if KILLS >= steps > number else rng.randint(1, steps)
        done = subprocess.run(
            [*command, folder, str(step), *command_of(name, place, folder / "out")],
            capture_output=True,
        )
        assert done.returncode == -signal.SIGKILL
        goes_on_after(name, place, folder, expected)


@pytest.mark.parametrize("name", COMMANDS)
def test_killed_at_any_time_of_writing(place: Path, tmp_path: Path, name: str) -> None:
    begin = time.monotonic()
    expected = whole_result(name, place, tmp_path)
    longest = time.monotonic() - begin
    folder = tmp_path / "target"
    folder.mkdir()
    rng = random.Random(KILLS)
    for _ in range(KILLS):
        with subprocess.Popen(
            [sys.executable, "-m", "collapse_stats", *command_of(name, place, folder / "out")],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            while process.poll() is None and not any(folder.iterdir()):
                pass
            time.sleep(rng.choice([0, 1e-4, 1e-3, 0.01, 0.1]) * rng.random() * longest)
            process.kill()
        goes_on_after(name, place, folder, expected)


def goes_on_after(name: str, place: Path, folder: Path, expected: dict[str, bytes]) -> None:
    """Nothing half written has the name of the result; the next command makes it, and cleans up."""
    output = folder / "out"
    if output.exists():
        assert content(output) == expected
        shutil.rmtree(output) if output.is_dir() else output.unlink()
    assert all(each.name.startswith(".out.") for each in folder.iterdir())
    done = run(*command_of(name, place, output))
    assert done.returncode == 0, done.stderr
    assert [each.name for each in folder.iterdir()] == ["out"]
    assert content(output) == expected
    shutil.rmtree(output) if output.is_dir() else output.unlink()


# --- full disks ---------------------------------------------------------------------------------


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """A disk of 300 kB; skipped where none can be made."""
    folder = tmp_path / "disk"
    folder.mkdir()
    size = 300 << 10
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("a disk can be mounted by root only")
    try:
        yield folder, size
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_full_disk(place: Path, disk: tuple[Path, int], tmp_path: Path, name: str) -> None:
    folder, size = disk
    expected = whole_result(name, place, tmp_path)
    needed = sum(map(len, expected.values()))
    outcomes = set()
    for room in (0, 4096, needed // 2, needed - 1, size):
        taken = max(0, size - room) // 4096 * 4096
        (folder / "taken").write_bytes(bytes(taken))
        done = run(*command_of(name, place, folder / "out"))
        outcomes.add(done.returncode)
        if done.returncode:
            assert "Traceback" not in done.stderr
            assert str(folder / "out") in done.stderr
            assert [each.name for each in folder.iterdir()] == ["taken"]
        else:
            assert content(folder / "out") == expected
            shutil.rmtree(folder / "out") if name != "compare" else (folder / "out").unlink()
    assert 2 in outcomes


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("size", [0, 100, 3000])
def test_files_that_may_not_be_as_long(place: Path, tmp_path: Path, name: str, size: int) -> None:
    """The same where the system limits the size of files instead."""

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    folder = tmp_path / "target"
    folder.mkdir()
    done = run(*command_of(name, place, folder / "out"), preexec_fn=limit)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert str(folder / "out") in done.stderr
    assert not list(folder.iterdir())
