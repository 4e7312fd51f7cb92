"""A resumed run gives the figures of a run without a break, or says why it cannot."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed: make test-integrations")
pytest.importorskip("transformers", reason="transformers is not installed: make test-integrations")
pytest.importorskip("accelerate", reason="accelerate is not installed: make test-integrations")

from test_huggingface import StopAt, series, trainer_of

import collapse_stats as cs
from collapse_stats.integrations.callbacks import Log

LIMIT = 250  # seconds


def test_the_state_is_that_of_the_checkpoint_resumed_from(tmp_path):
    """Not one that lies in the new output folder, from another run."""
    without_break, _ = trainer_of(tmp_path / "without break", save_steps=3)
    without_break.train()
    halted, _ = trainer_of(tmp_path / "halted", save_steps=3, callbacks=[StopAt(3)])
    halted.train()
    other, _ = trainer_of(tmp_path / "new", save_steps=3, per_device_train_batch_size=1)
    other.train()
    resumed, _ = trainer_of(tmp_path / "new", save_steps=3)
    resumed.train(resume_from_checkpoint=str(tmp_path / "halted" / "checkpoint-3"))
    assert series(resumed)[6] == series(without_break)[6]


def test_a_search_keeps_the_states_of_its_trials_apart(tmp_path, monkeypatch):
    trainer, _ = trainer_of(tmp_path, save_steps=3)
    trainer.hp_search_backend, trainer.hp_name = "a backend", lambda trial: trial["name"]
    trainer._hp_search_setup = lambda trial: setattr(trainer, "_trial", trial)
    trainer._report_to_hp_search = lambda *arguments: None
    monkeypatch.setattr("transformers.integrations.hp_params", lambda trial: trial)
    for name in ("a", "b"):
        trainer.train(trial={"name": name})
        folder = tmp_path / name / "checkpoint-3"
        assert (folder / "collapse-monitor-0.pt").exists()
        assert (folder / "trainer_state.json").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def monitor_of(first, last, window):
    monitor = cs.CollapseMonitor(50, 2, window=window, figures="all")
    for number in range(first, last):
        monitor.update([number % 50, number * 7 % 50, number * 3 % 50], logprobs=[-1.0] * 3)
    return monitor


@pytest.mark.parametrize("window", [None, 600])
@pytest.mark.parametrize("ranks", [4, 2, 1])
def test_states_of_ranks_are_shared_out(ranks, window):
    """Together the ranks hold what they held before."""
    saved = [Log(monitor_of(r * 10, r * 10 + 10, window), 1).state() for r in range(4)]
    whole = monitor_of(0, 0, window)
    for rank in range(ranks):
        log = Log(cs.CollapseMonitor(50, 2, window=window, figures="all"), 1)
        log.load(saved, rank, ranks)
        whole.merge(log.monitor)
        again = Log(cs.CollapseMonitor(50, 2, window=window, figures="all"), 1)
        again.load([log.state()], 0, 1)  # a later checkpoint of fewer ranks
        assert again.monitor.compute() == log.monitor.compute()
        assert again.monitor.window == (None if window is None else window * 4 // ranks)
        again.restart()
        assert again.monitor.window == window
    assert whole.compute() == monitor_of(0, 40, window).compute()


@pytest.mark.parametrize("ranks", [3, 8])
def test_states_that_cannot_be_shared_out_are_refused(ranks):
    saved = [Log(monitor_of(r, r + 1, 100), 1).state() for r in range(4)]
    log = Log(monitor_of(0, 5, 100), 1)
    before = log.monitor.compute()
    with pytest.raises(cs.LayoutMismatchError, match=f"monitors of 4 ranks can be .* got {ranks}:"):
        log.load(saved, 0, ranks)
    assert log.monitor.compute() == before


RANK = f"""
import json, sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_huggingface import StopAt, series, trainer_of

folder, stop, resume = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
trainer, monitor = trainer_of(folder, steps=6, every=1, save_steps=3, callbacks=[StopAt(stop)])
trainer.train(resume_from_checkpoint=resume or None)
rank, ranks = trainer.args.process_index, trainer.args.world_size
own = monitor.compute()["tokens"]
(folder / f"{{rank}}.json").write_text(json.dumps([ranks, own, series(trainer)]))
"""


def run_on(ranks, folder, stop=6, resume=""):
    """Train on several ranks over gloo, and return what each has found."""
    folder.mkdir(exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = []
    for rank in range(ranks):
        own = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": ranks, "LOCAL_WORLD_SIZE": ranks}
        own |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "OMP_NUM_THREADS": 1}
        environment = {**os.environ, **{name: str(value) for name, value in own.items()}}
        command = [sys.executable, "-c", RANK, folder, str(stop), str(resume)]
        started.append(subprocess.Popen(command, env=environment, stderr=subprocess.PIPE))
    try:
        errors = [process.communicate(timeout=LIMIT)[1].decode() for process in started]
    finally:
        for process in started:
            process.kill()
            process.wait()
    if any(process.returncode for process in started):
        return errors
    return [json.loads((folder / f"{rank}.json").read_text()) for rank in range(ranks)]


def test_two_ranks_are_resumed_on_two_and_refused_on_three(tmp_path):
    without_break = run_on(2, tmp_path / "without break")
    run_on(2, tmp_path / "halted", stop=3)
    checkpoint = tmp_path / "halted" / "checkpoint-3"
    resumed = run_on(2, tmp_path / "resumed", resume=checkpoint)
    assert [ranks for ranks, _, _ in resumed] == [2, 2]
    assert resumed[0][1] != resumed[1][1]  # each rank has its own tokens
    assert resumed == without_break
    figures = resumed[0][2]["6"]
    assert figures["collapse/tokens"] == resumed[0][1] + resumed[1][1]
    errors = run_on(3, tmp_path / "refused", resume=checkpoint)
    assert any("can be resumed on as many ranks" in error for error in errors)
