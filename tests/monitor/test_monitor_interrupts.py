"""Ctrl-C at any moment leaves a monitor whose figures are right."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest

import collapse_stats as cs
from collapse_stats.monitor import buffers
from collapse_stats.monitor import monitor as monitor_module

PACKAGE = str(Path(cs.__file__).parent) + os.sep
RNG = np.random.default_rng(0)
ROWS = RNG.integers(0, 10, (4, 2, 6))
MORE = RNG.integers(0, 10, (3, 6))
OPTIONS = {"figures": "all", "window": 100}


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(monitor_module, "_BLOCK_TOKENS", 20)
    monkeypatch.setattr(buffers, "_SMALLEST", 1)


class Interrupt:
    """Raises KeyboardInterrupt before a given line of the package that this thread executes."""

    def __init__(self, at):
        self.at, self.lines = at, 0

    def __enter__(self):
        sys.settrace(self._trace)
        return self

    def __exit__(self, *error):
        sys.settrace(None)

    def _trace(self, frame, event, argument):
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        if event == "line":
            self.lines += 1
            if self.lines == self.at:
                sys.settrace(None)
                raise KeyboardInterrupt
        return self._trace


def filled(extra=(), **options):
    monitor = cs.CollapseMonitor(10, 3, **OPTIONS | options)
    for rows in (*ROWS, *extra):
        monitor.update(rows, logprobs=np.full(rows.shape, -1.0), groups=[0] * len(rows))
    return monitor


def updated(monitor):
    monitor.update(MORE, logprobs=np.full(MORE.shape, -1.0), groups=[0] * len(MORE))


def merged(monitor):
    monitor.merge(filled())


OPERATIONS = {
    "update": (updated, [[], [MORE]]),
    "compute": (lambda monitor: monitor.compute(), [[]]),
    "floors": (lambda monitor: monitor.floors(), [[]]),
    "state_dict": (lambda monitor: monitor.state_dict(), [[]]),
    "snapshot": (lambda monitor: monitor.snapshot(), [[]]),
    "settle": (lambda monitor: monitor.settle(), [[]]),
}


def everything(monitor):
    """All that figures are computed from."""
    state = monitor.state_dict()
    return {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in state.items()}


def interrupted(operation, **options):
    """Yield monitors whose operation was interrupted before its first line, its second, and so on.

    How many lines there are depends on what the monitor's thread has finished.
    """
    at = 0
    while True:
        at += 1
        monitor = filled(**options)
        try:
            with Interrupt(at):
                operation(monitor)
        except KeyboardInterrupt:
            yield monitor
        else:
            assert at > 10
            return


@pytest.mark.parametrize("window", [100, None])
@pytest.mark.parametrize("name", OPERATIONS)
def test_an_interrupt_before_any_line(name, window):
    """An interrupted update has added its documents or not; nothing else has any effect."""
    operation, outcomes = OPERATIONS[name]
    possible = [everything(filled(extra, window=window)) for extra in outcomes]
    after = [filled([*extra, MORE], window=window) for extra in outcomes]
    for monitor in interrupted(operation, window=window):
        found = possible.index(everything(monitor))
        updated(monitor)  # it goes on as if nothing had been
        assert everything(monitor) == everything(after[found])
    assert monitor.compute() == after[found].compute()


@pytest.mark.parametrize("name", ["reset", "load_state_dict", "merge"])
def test_an_interrupted_change_is_made_or_not(name):
    state = filled([MORE]).state_dict()
    operation = {
        "reset": lambda monitor: monitor.reset(),
        "load_state_dict": lambda monitor: monitor.load_state_dict(state),
        "merge": lambda monitor: monitor.merge(state),
    }[name]
    changed = filled()
    operation(changed)
    possible = [everything(filled()), everything(changed)]
    assert possible[0] != possible[1]
    for monitor in interrupted(operation):
        found = possible.index(everything(monitor))
        assert monitor.compute() == (filled(), changed)[found].compute()
