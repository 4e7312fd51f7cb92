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
from collapse_stats.monitor import monitor as monitor_module
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
    worker.flush()
    assert made == [*range(50)]


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
    worker.flush()


def test_an_exception_of_a_call_is_raised_by_the_next():
    worker, made, gate = Worker(3), [], threading.Event()
    worker.submit(gate.wait)
    worker.submit(int, "no number")
    worker.submit(made.append, 1)
    gate.set()
    with pytest.raises(ValueError, match="no number"):
        worker.flush()
    assert made == [1]
    worker.flush()  # raised once


def test_a_submit_that_raises_an_earlier_error_makes_its_own_call():
    worker, made, gate = Worker(1), [], threading.Event()
    worker.submit(lambda: (gate.wait(), int("no number")))
    threading.Timer(0.05, gate.set).start()
    with pytest.raises(ValueError, match="no number"):
        worker.submit(made.append, 1)
    worker.flush()
    assert made == [1]


def test_update_does_not_wait_while_the_queue_has_room(monkeypatch):
    gate = threading.Event()
    add_block = cs.CollapseMonitor._add_block

    def slow(self, *arguments):
        gate.wait(LIMIT)
        add_block(self, *arguments)

    monkeypatch.setattr(cs.CollapseMonitor, "_add_block", slow)
    monitor = cs.CollapseMonitor(10, 2)
    for _ in range(monitor_module._WAITING_BLOCKS):
        monitor.update(np.arange(10))
    gate.set()
    assert monitor.compute()["tokens"] == 10 * monitor_module._WAITING_BLOCKS


def test_waiting_blocks_do_not_share_memory(monkeypatch):
    rng = np.random.default_rng(0)
    documents = rng.integers(0, 10, (6 * monitor_module._WAITING_BLOCKS, 5)).tolist()
    gate, add_block = threading.Event(), cs.CollapseMonitor._add_block
    monkeypatch.setattr(
        cs.CollapseMonitor, "_add_block", lambda *args: (gate.wait(LIMIT), add_block(*args))
    )
    monitor = cs.CollapseMonitor(10, 2)
    for number, document in enumerate(documents):
        monitor.update(document, logprobs=np.full(5, -1.0), mask=np.ones(5))
        if number == len(documents) // 3:
            gate.set()  # from here on, arenas are used again
    table = monitor.snapshot().table
    counted = dict(
        zip(map(tuple, table.tokens().T.tolist()), table.counts[0].tolist(), strict=True)
    )
    assert counted == Counter(tuple([*d, -1][i : i + 2]) for d in documents for i in range(5))
    assert monitor.compute()["perplexity"] == pytest.approx(np.e, rel=1e-4)


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
