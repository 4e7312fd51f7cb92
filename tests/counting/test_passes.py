"""How many passes are made where memory is ample: as many as take the least time."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import collapse_stats as cs
from collapse_stats.backends.selection import select
from collapse_stats.counting import passes as passes_module
from collapse_stats.counting.passes import TableUse, passes
from collapse_stats.ngrams.layout import Layout
from collapse_stats.system.memory import seconds_a_fresh_byte

LAYOUT = Layout(32_767, 5)
AMPLE = 10**12


def number(monkeypatch: pytest.MonkeyPatch, windows: int, rate: float, **use: Any) -> int:
    """Passes over `windows` when the system takes `rate` seconds for a fresh byte."""
    monkeypatch.setattr(passes_module, "seconds_a_fresh_byte", lambda: rate)
    backend = use.pop("backend", select("native"))
    stretches = passes(list, windows, LAYOUT, backend, AMPLE, use.get("use", TableUse.spectra))
    assert stretches[0][0] == 0
    assert stretches[-1][1] == LAYOUT.key_ranges
    assert all(last == first for (_, last), (first, _) in pairwise(stretches))
    return len(stretches)


@pytest.fixture
def fresh() -> Any:
    """The native backend, without memory of earlier calls."""
    native = pytest.importorskip("collapse_stats._native")
    native.release_idle_memory()
    assert native.idle_memory() == 0
    return native


def test_more_passes_where_fresh_memory_is_dear(
    fresh: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [number(monkeypatch, 50_000_000, rate) for rate in (0.0, 1e-10, 1e-9, 4e-9, 1e-6)]
    assert found == sorted(found)
    assert found[0] == 1
    assert found[-1] == 4


def test_passes_that_do_not_pay(fresh: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert number(monkeypatch, 1_000_000, 1e-6) == 1  # little memory
    assert number(monkeypatch, 50_000_000, 1e-6, backend=select("numpy")) == 1
    assert number(monkeypatch, 50_000_000, 1e-6, use=TableUse.kept) == 1


def test_memory_of_earlier_calls_is_not_fresh(fresh: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = np.random.default_rng(1).integers(0, 30_000, 8_000_000, dtype=np.uint16)
    monkeypatch.setattr(passes_module, "seconds_a_fresh_byte", lambda: 1e-6)
    in_passes = cs.spectra(tokens, vocab_size=32_767)
    monkeypatch.setattr(passes_module, "seconds_a_fresh_byte", lambda: 0.0)
    fresh.release_idle_memory()
    assert cs.spectra(tokens, vocab_size=32_767) == in_passes
    kept = fresh.idle_memory()
    assert kept > 40 << 20
    assert select("native").fresh_bytes(kept) == 0
    assert select("native").fresh_bytes(kept + 1) == 1
    assert number(monkeypatch, kept // 20, 1e-6) == 1


def test_the_time_of_fresh_memory_is_measured() -> None:
    found = [seconds_a_fresh_byte() for _ in range(5)]
    assert all(1e-12 < seconds < 1e-6 for seconds in found)
