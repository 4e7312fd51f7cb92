"""`profile --work-dir` as processes: arrays, tasks that run twice, and a process that is killed."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

import collapse_stats as cs
from collapse_stats.cli import program

ROOT = Path(__file__).parents[2]
SLURM = ROOT / "examples" / "slurm" / "submit.sh"
COMMAND = [sys.executable, "-m", "collapse_stats", "profile"]
OPTIONS = ["--tokenizer", "bytes", "--max-order", "3", "--sample-tokens", "9k", "--memory", "400MB"]
UNITS = ["--unit-tokens", "6k"]
FILES = 7


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("command") / "corpus"
    folder.mkdir()
    rng = random.Random(4)
    words = ["".join(rng.choices("abcdefgh", k=rng.randint(1, 6))) for _ in range(300)]
    for number in range(FILES):
        lines = [json.dumps({"text": " ".join(rng.choices(words, k=40))}) for _ in range(150)]
        (folder / f"{number}.jsonl").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="module")
def whole(corpus):
    path = corpus.parent / "whole"
    run(corpus, "-o", path)
    return contents(path)


def contents(path: Path) -> dict[str, object]:
    """All files of a profile, and its manifest without its warnings and its digest."""
    files: dict[str, object] = {
        each.name: each.read_bytes() for each in path.iterdir() if each.name != "manifest.json"
    }
    manifest = json.loads((path / "manifest.json").read_text())
    return files | {"manifest": {k: v for k, v in manifest.items() if k not in ("sha256",)}}


def is_whole(path: Path, whole: dict[str, object], corpus: Path) -> bool:
    """Whether a profile is that of one process, but for how its table is cut into parts."""
    found = contents(path)
    same = all(found[name] == whole[name] for name in ("spectra.parquet", "sample.parquet"))
    return same and cs.load(path).run == cs.load(corpus.parent / "whole").run


def run(*arguments: object, exit_code: int = 0) -> str:
    command = ["profile", *map(str, arguments), *OPTIONS]
    result = CliRunner().invoke(program, command)
    assert result.exit_code == exit_code, result.output
    return result.output


def in_units(corpus: Path, tmp_path: Path, *more: object, exit_code: int = 0) -> str:
    output, work = tmp_path / "whole", tmp_path / "work"
    return run(corpus, "-o", output, "--work-dir", work, *UNITS, *more, exit_code=exit_code)


def test_one_process_counts_all_and_finishes(corpus, whole, tmp_path):
    assert "7 units counted, 0 were there" in in_units(corpus, tmp_path)
    assert contents(tmp_path / "whole") == whole


def test_an_array_with_a_task_that_runs_twice(corpus, whole, tmp_path):
    outputs = [in_units(corpus, tmp_path, "--task", f"{task}/3") for task in (2, 0, 2, 1)]
    assert "2 units counted, 0 were there, 5 of 7 left" in outputs[0]
    assert "0 units counted, 2 were there, 2 of 7 left" in outputs[2]
    assert not (tmp_path / "whole").exists()
    for part in (1, 0):
        assert f"part {part} of 2 of the key space is merged" in in_units(
            corpus, tmp_path, "--reduce", f"{part}/2"
        )
    in_units(corpus, tmp_path, "--finish")
    assert is_whole(tmp_path / "whole", whole, corpus)
    in_units(corpus, tmp_path, "--task", "0/3")  # a straggler, after all is done


def test_processes_that_run_the_same_units_at_once(corpus, whole, tmp_path):
    command = [*COMMAND, corpus, "-o", tmp_path / "whole", "--work-dir", tmp_path / "work"]
    running = [subprocess.Popen([*command, *UNITS, *OPTIONS, "--task", "0/1"]) for _ in range(2)]
    assert [process.wait(120) for process in running] == [0, 0]
    in_units(corpus, tmp_path, "--finish")
    assert contents(tmp_path / "whole") == whole


def test_a_process_that_is_killed_and_started_again(corpus, whole, tmp_path):
    command = [*COMMAND, corpus, "-o", tmp_path / "whole", "--work-dir", tmp_path / "work"]
    kills = 0
    for units in (1, 3, 6):
        with subprocess.Popen([*command, *UNITS, *OPTIONS]) as process:
            end = time.monotonic() + 60
            while len([*(tmp_path / "work" / "map").glob("u*")]) < units:
                assert time.monotonic() < end
                if process.poll() is not None:
                    break
                time.sleep(0.002)
            process.send_signal(signal.SIGKILL)
            kills += process.wait() == -signal.SIGKILL
    assert kills
    if not (tmp_path / "whole").exists():  # the last one may have been faster than the signal
        in_units(corpus, tmp_path)
    assert contents(tmp_path / "whole") == whole
    assert not [*(tmp_path / "work" / "map").glob(".*")]  # what the killed ones left


@pytest.fixture
def sbatch(tmp_path):
    """A command that runs the tasks of an array one after the other, the first of them twice."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "sbatch").write_text(
        f"#!{sys.executable}\n"
        "import os, subprocess, sys\n"
        "options = [each for each in sys.argv[1:] if each.startswith('--')]\n"
        "at = next(i for i, each in enumerate(sys.argv) if each.endswith('step.sh'))\n"
        "mine = dict(each.partition('=')[::2] for each in sys.argv[1:at])\n"
        "last = int(mine.get('--array', '0-0').split('-')[1])\n"
        "for task in [0, *range(last + 1)] if '--array' in mine else [0]:\n"
        "    ids = {'SLURM_ARRAY_TASK_ID': task, 'SLURM_ARRAY_TASK_COUNT': last + 1}\n"
        "    environment = os.environ | {name: str(value) for name, value in ids.items()}\n"
        "    subprocess.run(sys.argv[at:], env=environment, check=True, stdout=sys.stderr)\n"
        "print('17;cluster')\n"
    )
    (folder / "sbatch").chmod(0o755)
    return {
        **os.environ,
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
        "COLLAPSE_STATS": f"{sys.executable} -m collapse_stats",
        "TASKS": "2",
        "REDUCES": "2",
    }


def test_the_example_of_slurm(corpus, whole, tmp_path, sbatch):
    command = [SLURM, corpus, "-o", tmp_path / "whole", "--work-dir", tmp_path / "work"]
    result = subprocess.run(
        [*command, *UNITS, *OPTIONS], env=sbatch, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert is_whole(tmp_path / "whole", whole, corpus)
    assert "4 units counted" in result.stderr
    assert "0 units counted, 4 were there" in result.stderr


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--task", "3/3"], "expected I/N with 0 <= I < N, such as 0/8, got '3/3'"),
        (["--task", "0/2", "--finish"], "expected one of --task, --reduce and --finish"),
        (["--unit-tokens", "many"], "expected a number such as 500k or 2M"),
        (["--limit-documents", "5"], "--limit-documents takes the first documents"),
        (["--finish"], "7 of the 7 units are missing"),
    ],
)
def test_what_cannot_be_is_refused(corpus, tmp_path, more, message):
    assert message in " ".join(in_units(corpus, tmp_path, *more, exit_code=2).split())


def test_units_need_a_work_directory(corpus, tmp_path):
    output = run(corpus, "-o", tmp_path / "whole", "--task", "0/2", exit_code=2)
    assert "give a --work-dir" in output


def test_a_bad_file_fails_its_unit_unless_it_is_accepted(tmp_path):
    folder = tmp_path / "corpus"
    folder.mkdir()
    for name in "abc":
        lines = [json.dumps({"text": f"{name} {n} words"}) for n in range(80)]
        (folder / f"{name}.jsonl").write_text("\n".join(lines))
    (folder / "b.parquet").write_bytes(b"PAR1 cut off")
    output, work = tmp_path / "out", tmp_path / "work"
    options = [folder, "-o", output, "--work-dir", work]
    assert "unit u000000: " in run(*options, exit_code=2)
    assert not output.exists()
    assert "not read: " in run(*options, "--skip-bad")
    assert json.loads((output / "manifest.json").read_text())["totals"]["documents"] == 240


def test_the_command_and_python_share_a_work_directory(corpus, whole, tmp_path):
    options = {"tokenizer": "bytes", "max_order": 3, "sample_tokens": 9000, "memory": "400MB"}
    cs.profile(corpus, work_dir=tmp_path / "work", unit_tokens=6000, **options)
    assert "0 units counted, 7 were there" in in_units(corpus, tmp_path)
    assert contents(tmp_path / "whole") == whole
