"""Signals end the command at any moment: in one line, with its code, with nothing left behind."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import collapse_stats

COMMAND = [sys.executable, "-m", "collapse_stats"]


def start(*arguments: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Started from a shell in the background, this test ignores the signal, and so would it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)]
)
def test_nothing_is_left_of_a_profile(tmp_path: Path, number: signal.Signals, code: int) -> None:
    text = " ".join(map(str, range(100_000)))
    path = tmp_path / "a.jsonl"
    path.write_text((json.dumps({"text": text}) + "\n") * 150)
    hidden = ".p.collapse-stats-*"
    with start("profile", path, "-o", tmp_path / "p", "--max-order", 8) as process:
        while process.poll() is None and not list(tmp_path.glob(hidden)):
            time.sleep(0.002)
        time.sleep(0.05)
        assert process.poll() is None
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (code, "")
    assert "Traceback" not in err
    assert [each.name for each in tmp_path.iterdir()] == ["a.jsonl"]


def test_ctrl_c_at_any_moment_of_the_start() -> None:
    """From the first line of the package on; before, the interpreter itself is starting."""
    first = (
        "import signal, sys, threading, time, os\n"
        "sys.argv, sys.orig_argv = ['collapse-stats', '--help'], ['python']\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "delay = float(os.environ['DELAY'])\n"
        "def strike():\n"
        "    while signal.getsignal(signal.SIGINT) is signal.default_int_handler: pass\n"
        "    time.sleep(delay); os.kill(os.getpid(), signal.SIGINT)\n"
        "threading.Thread(target=strike, daemon=True).start()\n"
        "from collapse_stats.cli import main; main()\n"
    )
    codes = set()
    for delay in (0.005, 0.03, 0.08, 0.15, 0.3, 0.5, 0.8):
        done = subprocess.run(
            [sys.executable, "-c", first],
            env={"DELAY": str(delay), "PYTHONPATH": str(Path(collapse_stats.__file__).parents[1])},
            capture_output=True,
            text=True,
        )
        assert "Traceback" not in done.stderr, (delay, done.stderr)
        assert done.returncode in (0, 130), (delay, done.stderr)
        codes.add(done.returncode)
    assert 130 in codes


def test_other_programs_keep_their_signals() -> None:
    code = (
        "import signal, collapse_stats, collapse_stats.cli;"
        "print(signal.getsignal(signal.SIGINT) is signal.default_int_handler,"
        "signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True True\n"
