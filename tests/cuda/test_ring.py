"""Uploads through pinned memory that backends, threads and GPUs share, also after failures."""

import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from corpora import chunk
from fake_cupy import OutOfMemoryError
from gpu_fixtures import two_gpus
from played_gpu import skip_without_played_gpu

from collapse_stats.backends.cuda import device as _device
from collapse_stats.backends.cuda import ring as _ring
from collapse_stats.backends.cuda.device import CupyMemory
from collapse_stats.backends.selection import select
from collapse_stats.errors import GpuError
from collapse_stats.ngrams.layout import Layout


@pytest.fixture
def cupy(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(_device, "DIRECT_BYTES", 0)
    return two_gpus(monkeypatch)


def uploaded(cupy: Any, parts: list[np.ndarray]) -> np.ndarray:
    return CupyMemory().download(CupyMemory().upload(parts))


def values(seed: int, size: int = 3000) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 2**63, size)


def test_what_is_uploaded_is_there_when_the_callers_stream_comes_to_it(cupy: Any) -> None:
    parts = [values(1), values(2, 1), values(3, 500)]
    array = CupyMemory().upload(parts)
    for part in parts:
        part[:] = 0  # it has been read
    assert (
        CupyMemory().download(array) == np.concatenate([values(1), values(2, 1), values(3, 500)])
    ).all()


def test_there_is_one_ring_for_all_backends_and_gpus(cupy: Any) -> None:
    for gpu in (0, 1, 0, 1):
        with cupy.cuda.Device(gpu):
            assert (uploaded(cupy, [values(gpu)]) == values(gpu)).all()
    assert cupy.machine.pinned == 3
    assert len(_ring._ring._threads._threads) <= _ring.COPY_THREADS  # type: ignore[union-attr]


def test_a_buffer_on_the_bus_to_one_gpu_is_not_filled_for_another(cupy: Any) -> None:
    with cupy.cuda.Device(1):
        there = CupyMemory().upload([values(1, 300)])
    here = CupyMemory().upload([values(2, 300)])
    assert (CupyMemory().download(here) == values(2, 300)).all()
    with cupy.cuda.Device(1):
        assert (CupyMemory().download(there) == values(1, 300)).all()


def test_memory_that_is_used_again_is_written_after_its_last_use(cupy: Any) -> None:
    """The ring's stream waits for the caller's earlier work on the same memory."""
    order: list[str] = []
    cupy.cuda.get_current_stream().put(lambda: order.append("caller"))
    memcpy = cupy.cuda.runtime.memcpyAsync

    def noted(*arguments: Any) -> None:
        memcpy(*arguments)
        cupy.machine.stream(arguments[-1]).put(lambda: order.append("copy"))

    cupy.cuda.runtime.memcpyAsync = noted
    uploaded(cupy, [values(1, 10)])
    assert order == ["caller", "copy"]


def test_two_threads_at_once(cupy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    fill = _ring.Ring._fill
    inside = threading.Lock()

    def slow(self: Any, buffer: np.ndarray, block: np.ndarray) -> None:
        assert inside.acquire(blocking=False), "two callers have the ring"
        time.sleep(0.001)
        fill(self, buffer, block)
        time.sleep(0.001)
        inside.release()

    monkeypatch.setattr(_ring.Ring, "_fill", slow)
    layout = Layout(50, 3)
    parts = [chunk(np.arange(900) ** 2 % (40 + seed), [(0, 900)]) for seed in range(4)]
    expected = [select("numpy").count([part], layout) for part in parts]
    found: dict[int, Any] = {}

    def counting(number: int) -> None:
        with cupy.cuda.Device(number % 2):
            try:
                found[number] = cupy.backend().count([parts[number]], layout)
            except BaseException as error:
                found[number] = error

    threads = [threading.Thread(target=counting, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[number] for number in range(4)] == expected
    assert cupy.machine.pinned == 3


@pytest.mark.parametrize("failing", [1, 2, 3, 4, 6])
@pytest.mark.parametrize("what", ["memcpy", "event"])
def test_after_a_failure_nothing_is_on_its_way(cupy: Any, failing: int, what: str) -> None:
    calls = 0

    def fail(name: str) -> None:
        nonlocal calls
        calls += name == "memcpy"
        if name == what and calls == failing:
            raise OutOfMemoryError("in the middle")

    cupy.machine.fail = fail
    record = _ring.Ring._event

    def behind(self: Any, stream: Any) -> Any:
        fail("event")
        return record(self, stream)

    memory = CupyMemory()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_ring.Ring, "_event", behind)
        with pytest.raises(OutOfMemoryError):
            memory.upload([values(1)])
    cupy.machine.fail = lambda what: None
    ring = _ring._ring
    assert ring is not None
    assert all(stream.idle for stream in ring._streams.values())
    for seed in range(5):
        assert (uploaded(cupy, [values(seed)]) == values(seed)).all()


def test_threads_that_fill_a_buffer_are_waited_for_when_one_fails(
    cupy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    late: list[int] = []
    copyto = np.copyto

    def copy(target: np.ndarray, source: np.ndarray) -> None:
        if target.ctypes.data == _ring._ring._buffers[0].ctypes.data:  # type: ignore[union-attr]
            raise MemoryError("the file under the map is gone")
        time.sleep(0.05)
        copyto(target, source)
        late.append(1)

    with monkeypatch.context() as patch:
        patch.setattr(_ring.np, "copyto", copy)
        with pytest.raises(MemoryError, match="under the map"):
            CupyMemory().upload([values(1, 100)])
        assert len(late) == _ring.COPY_THREADS - 1
    assert (uploaded(cupy, [values(2)]) == values(2)).all()


def test_closing_waits_for_the_bus_and_lets_go(cupy: Any) -> None:
    array = CupyMemory().upload([values(1, 100)])
    ring = _ring._ring
    assert ring is not None
    threads = list(ring._threads._threads)  # type: ignore[union-attr]
    assert len(threads) > 0
    ring.close()
    assert not any(thread.is_alive() for thread in threads)
    assert (ring._buffers, ring._streams, ring._threads) == ([], {}, None)
    assert (array.view(np.ndarray) == values(1, 100)).all()
    ring.close()
    assert (uploaded(cupy, [values(2)]) == values(2)).all()  # by an exit handler that runs later


def test_closing_says_nothing_of_a_gpu_that_failed(cupy: Any) -> None:
    CupyMemory().upload([values(1, 100)])
    ring = _ring._ring
    assert ring is not None

    def fail(what: str) -> None:
        raise RuntimeError("cudaErrorIllegalAddress")

    cupy.machine.fail = fail
    ring.close()
    assert not ring._buffers


CHILD = """
import os, sys, threading, time
sys.path[:0] = [{tests!r}]
import numpy as np
import pytest
from gpu_fixtures import two_gpus
from played_gpu import skip_without_played_gpu
from collapse_stats.backends.cuda import device as _device, ring as _ring
from collapse_stats.errors import GpuError

patch = pytest.MonkeyPatch()
cupy = two_gpus(patch)
patch.setattr(_ring.atexit, "register", __import__("atexit").register)
_device.DIRECT_BYTES = 0
memory = _device.CupyMemory()
memory.upload([np.arange(1000)])
{then}
"""


def run(then: str) -> subprocess.CompletedProcess[str]:
    skip_without_played_gpu()
    code = CHILD.format(tests=str(Path(__file__).parents[1] / "helpers"), then=then)
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )


def test_a_process_that_uploaded_ends_quietly() -> None:
    done = run("print('end')")
    assert (done.returncode, done.stdout, done.stderr) == (0, "end\n", "")


def test_a_forked_child_says_what_is_wrong_and_does_not_hang() -> None:
    """This holds although a thread of the parent is using the ring at that moment."""
    done = run("""
ring = _ring._ring
taken = threading.Event()
def hold():
    with ring._lock, _ring._made:
        taken.set()
        time.sleep(3)
threading.Thread(target=hold, daemon=True).start()
taken.wait()
child = os.fork()
if not child:
    for call in (lambda: memory.upload([np.arange(1000)]), lambda: ring.copy([], 0),
                 cupy.backend().check):
        try:
            call()
        except GpuError as error:
            print(error)
    sys.exit(0)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
""")
    lines = done.stdout.splitlines()
    assert len(lines) == 4
    assert all("was forked from process" in line and "spawn" in line for line in lines[:3])
    assert (lines[3], done.stderr) == ("0", "")


def test_a_forked_child_is_told_of_its_parent(cupy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    uploaded(cupy, [values(1)])
    from collapse_stats.system import gpu

    monkeypatch.setattr(gpu, "_process", 1)
    with pytest.raises(GpuError, match=r"forked from process 1, .* count with backend='native'"):
        uploaded(cupy, [values(1)])
