"""The monitor's thread: its work is waited for and never dropped, and no process hangs."""

import gc
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter

import numpy as np
import pytest

import collapse_stats as cs
from collapse_stats.errors import GpuError
from collapse_stats.monitor import background, buffers
from collapse_stats.monitor import monitor as monitor_module
from collapse_stats.monitor.contents import Contents
from collapse_stats.monitor.packing import Update
from collapse_stats.monitor.update_args import HostArguments
from collapse_stats.monitor.worker import Worker

LIMIT = 60  # seconds that a process may take at most


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(monitor_module, "_BLOCK_TOKENS", 10)


def threads():
    return [t for t in threading.enumerate() if t.name.startswith("collapse-stats-monitor")]


def test_calls_are_made_in_order_and_none_is_dropped():
    made = []
    worker = Worker(2)
    for number in range(50):
        worker.submit(made.append, number)
    assert worker.run(lambda: [*made]) == [*range(50)]


def test_a_full_queue_is_waited_for():
    gate = threading.Event()
    worker = Worker(2)
    for _ in range(2):
        worker.submit(gate.wait)
    third = threading.Thread(target=worker.submit, args=(gate.wait,))
    third.start()
    third.join(0.2)
    assert third.is_alive()  # it waits until a call is finished
    gate.set()
    third.join(LIMIT)
    assert not third.is_alive()


def test_a_run_returns_the_result_or_raises_the_error():
    worker = Worker(1)
    assert worker.run(int, "7") == 7
    with pytest.raises(ValueError, match="no number"):
        worker.run(int, "no number")
    assert worker.run(int, "8") == 8


def test_all_errors_of_earlier_updates_are_reported(monkeypatch):
    """Only the documents of a wrong update are dropped."""
    monitor = cs.CollapseMonitor(10, 2)
    monkeypatch.setattr(HostArguments, "surely_valid", lambda self, vocab_size: True)
    for ids in ([1, 2], [3, 11], [4, 5, 6], [12]):
        monitor._background._updates.append(Update(np_arguments(ids), len(ids)))
    with pytest.raises(ValueError, match="token id 11 at position 1") as raised:
        monitor.compute()
    assert [note.split(" is ")[0] for note in raised.value.__notes__] == [
        "another update failed as well: token id 12 at position 0"
    ]
    assert monitor.compute()["tokens"] == 5


def np_arguments(ids):
    return HostArguments(np.array(ids), None, None, None, None, None, None)


@pytest.mark.parametrize("error", [MemoryError("short"), RuntimeError("a defect")])
def test_no_update_is_lost_whatever_fails(monkeypatch, error):
    monitor, expected = (cs.CollapseMonitor(10, 2, figures="all") for _ in range(2))
    pack, failing = HostArguments.pack, True

    def sometimes(self, vocab_size):
        if failing and self.tokens.flat[0] == 3:
            raise error
        return pack(self, vocab_size)

    monkeypatch.setattr(HostArguments, "surely_valid", lambda self, vocab_size: True)
    monkeypatch.setattr(HostArguments, "pack", sometimes)
    for ids in ([1, 2], [3, 4, 5], [6]):
        monitor.update(ids)
    for _ in range(2):
        with pytest.raises(type(error)):
            monitor.compute()
    failing = False
    for ids in ([1, 2], [6], [3, 4, 5]):
        expected.update(ids)
    assert monitor.compute() == expected.compute()


@pytest.mark.parametrize("failing_call", range(1, 6))
def test_a_block_that_fails_half_way_is_counted_once(monkeypatch, failing_call):
    """It is larger than what the counter counts at a time."""
    rows = np.random.default_rng(0).integers(0, 10, (40, 50))
    expected, found = (cs.CollapseMonitor(10, 2, window=None, figures="all") for _ in range(2))
    counter = found._background._contents.counter
    counter._enough = 500
    count, calls = type(counter._backend).count, 0

    def sometimes(self, *arguments):
        nonlocal calls
        calls += 1
        if calls == failing_call:
            raise GpuError("the GPU failed")
        return count(self, *arguments)

    for monitor in (expected, found):
        monitor.update(rows[:3])
    expected.update(rows[3:])
    monkeypatch.setattr(type(counter._backend), "count", sometimes)
    with pytest.raises(GpuError):  # noqa: PT012  # by the call that finds the error
        found.update(rows[3:])
        found.compute()
    assert found.compute() == expected.compute()
    assert found.compute()["documents"] == 40


def test_an_unknown_gpu_loses_no_block(monkeypatch):
    monitor = cs.CollapseMonitor(10, 2)

    def unknown():
        raise RuntimeError("no driver")

    with monkeypatch.context() as patch:
        patch.setattr(type(monitor.backend), "on_gpu", True)
        patch.setattr(background, "current_gpu", unknown)
        for _ in range(3):
            with pytest.raises(RuntimeError, match="no driver"):
                monitor.update(np.arange(10))
    assert monitor.compute()["tokens"] == 30


def gated(monkeypatch, gate):
    """Let the monitor's thread wait before it counts anything."""
    add = Contents.add
    monkeypatch.setattr(Contents, "add", lambda *args: (gate.wait(LIMIT), add(*args))[1])


def test_update_does_not_wait_while_the_queue_has_room(monkeypatch):
    gate = threading.Event()
    gated(monkeypatch, gate)
    monitor = cs.CollapseMonitor(10, 2)
    for _ in range(monitor_module._WAITING_BLOCKS):
        monitor.update(np.arange(10))
    gate.set()
    assert monitor.compute()["tokens"] == 10 * monitor_module._WAITING_BLOCKS


def test_waiting_blocks_do_not_share_memory(monkeypatch):
    monkeypatch.setattr(buffers, "_SMALLEST", 1)
    rng = np.random.default_rng(0)
    documents = rng.integers(0, 10, (6 * monitor_module._WAITING_BLOCKS, 5)).tolist()
    gate = threading.Event()
    gated(monkeypatch, gate)
    monitor = cs.CollapseMonitor(10, 2)
    for number, document in enumerate(documents):
        monitor.update(document, logprobs=np.full(5, -1.0), mask=np.ones(5))
        if number == len(documents) // 3:
            gate.set()  # from here on, buffers are used again
    table = monitor.snapshot().table
    counted = dict(
        zip(map(tuple, table.tokens().T.tolist()), table.counts[0].tolist(), strict=True)
    )
    assert counted == Counter(tuple([*d, -1][i : i + 2]) for d in documents for i in range(5))
    assert monitor.compute()["perplexity"] == pytest.approx(np.e, rel=1e-4)


def test_several_threads_may_update():
    """As the replicas of torch's DataParallel do."""
    monitor = cs.CollapseMonitor(1000, 1)
    rows = np.arange(8 * 200 * 5).reshape(8, 200, 5) % 1000

    def update(mine):
        for row in mine:
            monitor.update(row, mask=np.ones(5))

    workers = [threading.Thread(target=update, args=(mine,)) for mine in rows]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(LIMIT)
    table = monitor.snapshot().table
    assert table.counts[0].tolist() == [8] * 1000


def test_the_thread_ends_with_the_monitor():
    before = {*threads()}
    monitor = cs.CollapseMonitor(10, 2)
    assert not {*threads()} - before  # none is started before it has work
    monitor.update(np.arange(10))
    monitor.compute()
    (thread,) = {*threads()} - before
    del monitor
    gc.collect()
    thread.join(LIMIT)
    assert not thread.is_alive()


SCRIPT = """
import os, signal, sys, time
import numpy as np
import collapse_stats as cs
from collapse_stats.monitor import monitor as module
signal.signal(signal.SIGINT, signal.default_int_handler)  # background processes ignore it
module._BLOCK_TOKENS = 1000
monitors = [cs.CollapseMonitor(1000, 4, window=window) for window in (None, 5000)]
tokens = np.random.default_rng(0).integers(0, 1000, 10_000)
try:
    for step in range(10**9):
        for monitor in monitors:
            monitor.update(tokens)
        if step == 20:
            print("running", flush=True)
            {end}
finally:
    print("left", flush=True)
"""


@pytest.mark.parametrize(
    ("end", "code", "message"),
    [
        ("raise RuntimeError('of the loop')", 1, "RuntimeError: of the loop"),
        ("sys.exit(3)", 3, ""),
        ("os.kill(os.getpid(), signal.SIGINT)", -signal.SIGINT, "KeyboardInterrupt"),
    ],
)
def test_the_process_exits_however_the_loop_ends(end, code, message):
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(end=end)],
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    assert result.stdout.split() == ["running", "left"]
    assert result.returncode == code
    assert message in result.stderr
    assert result.stderr.count("Traceback") <= 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_process_starts_its_own_thread():
    monitor = cs.CollapseMonitor(10, 2)
    monitor.update(np.arange(10))
    monitor.compute()
    child = os.fork()
    if child == 0:
        monitor.update(np.arange(10))
        os._exit(0 if monitor.compute()["tokens"] == 20 else 1)
    deadline = time.monotonic() + LIMIT
    done, status = 0, None
    while not done and time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        time.sleep(0.01)
    if not done:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    assert done
    assert os.waitstatus_to_exitcode(status) == 0
    assert monitor.compute()["tokens"] == 10
