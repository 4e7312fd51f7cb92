"""The monitor's thread: it is waited for, never dropped from, and hangs nothing."""

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
    lane = Worker(2)
    for number in range(50):
        lane.submit(made.append, number)
    lane.flush()
    assert made == [*range(50)]


def test_a_full_queue_is_waited_for():
    gate = threading.Event()
    lane = Worker(2)
    for _ in range(2):
        lane.submit(gate.wait)
    third = threading.Thread(target=lane.submit, args=(gate.wait,))
    third.start()
    third.join(0.2)
    assert third.is_alive()  # it waits for room
    gate.set()
    third.join(LIMIT)
    assert not third.is_alive()
    lane.flush()


def test_what_a_call_raises_is_raised_by_the_next():
    lane, made, gate = Worker(3), [], threading.Event()
    lane.submit(gate.wait)
    lane.submit(int, "no number")
    lane.submit(made.append, 1)
    gate.set()
    with pytest.raises(ValueError, match="no number"):
        lane.flush()
    assert made == [1]
    lane.flush()  # said once


def test_the_call_that_tells_of_an_error_is_made():
    lane, made, gate = Worker(1), [], threading.Event()
    lane.submit(lambda: (gate.wait(), int("no number")))
    threading.Timer(0.05, gate.set).start()
    with pytest.raises(ValueError, match="no number"):
        lane.submit(made.append, 1)
    lane.flush()
    assert made == [1]


def test_update_waits_for_nothing_while_there_is_room(monkeypatch):
    gate = threading.Event()
    take = cs.CollapseMonitor._add_block

    def slow(self, *arrived):
        gate.wait(LIMIT)
        take(self, *arrived)

    monkeypatch.setattr(cs.CollapseMonitor, "_add_block", slow)
    monitor = cs.CollapseMonitor(10, 2)
    for _ in range(monitor_module._WAITING_BLOCKS):
        monitor.update(np.arange(10))
    gate.set()
    assert monitor.compute()["tokens"] == 10 * monitor_module._WAITING_BLOCKS


def test_blocks_that_wait_do_not_share_memory(monkeypatch):
    rng = np.random.default_rng(0)
    documents = rng.integers(0, 10, (6 * monitor_module._WAITING_BLOCKS, 5)).tolist()
    gate, take = threading.Event(), cs.CollapseMonitor._add_block
    monkeypatch.setattr(
        cs.CollapseMonitor, "_add_block", lambda *given: (gate.wait(LIMIT), take(*given))
    )
    monitor = cs.CollapseMonitor(10, 2)
    for at, document in enumerate(documents):
        monitor.update(document, logprobs=np.full(5, -1.0), mask=np.ones(5))
        if at == len(documents) // 3:
            gate.set()  # from here on memory is used again
    found = monitor.snapshot().table
    counted = dict(
        zip(map(tuple, found.tokens().T.tolist()), found.counts[0].tolist(), strict=True)
    )
    assert counted == Counter(tuple([*d, -1][i : i + 2]) for d in documents for i in range(5))
    assert monitor.compute()["perplexity"] == pytest.approx(np.e, rel=1e-4)


def test_the_thread_ends_with_the_monitor():
    before = {*threads()}
    monitor = cs.CollapseMonitor(10, 2)
    assert not {*threads()} - before  # none as long as nothing is to be done
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
signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background has none
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
    ("end", "code", "said"),
    [
        ("raise RuntimeError('of the loop')", 1, "RuntimeError: of the loop"),
        ("sys.exit(3)", 3, ""),
        ("os.kill(os.getpid(), signal.SIGINT)", -signal.SIGINT, "KeyboardInterrupt"),
    ],
)
def test_a_loop_that_ends_leaves_no_process_behind(end, code, said):
    found = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(end=end)],
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    assert found.stdout.split() == ["running", "left"]
    assert found.returncode == code
    assert said in found.stderr
    assert found.stderr.count("Traceback") <= 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_a_forked_process_goes_on_with_its_own_thread():
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
