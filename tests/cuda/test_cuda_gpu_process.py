"""The cuda backend beside other code in a process: contexts, GPUs, streams, forks, full memory."""

import subprocess
import sys
import threading
from typing import Any

import numpy as np
import pytest
from conftest import gpu_backend
from corpora import chunk, zipf_tokens

import collapse_stats as cs
from collapse_stats.backends.cuda.backend import CudaBackend
from collapse_stats.backends.selection import select
from collapse_stats.errors import GpuMemoryError
from collapse_stats.ngrams.layout import Layout

pytestmark = pytest.mark.gpu

TOKENS = zipf_tokens(200_000, 1000).astype(np.int64)
LARGE = np.tile(TOKENS, 20)  # is uploaded through the pinned buffers


@pytest.fixture(autouse=True)
def cupy() -> Any:
    gpu_backend()
    return pytest.importorskip("cupy")


@pytest.fixture
def second(cupy: Any) -> Any:
    if cupy.cuda.runtime.getDeviceCount() < 2:
        pytest.skip("there is one GPU")
    return cupy.cuda.Device(1)


def expected(tokens: np.ndarray = TOKENS) -> Any:
    return cs.spectra(tokens, vocab_size=1000, max_order=3, backend="native")


def counted(tokens: object) -> Any:
    return cs.spectra(tokens, vocab_size=1000, max_order=3, backend="cuda")


def run(code: str) -> str:
    """Return what a new process prints; it must succeed without messages."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_selecting_makes_no_context() -> None:
    assert run("""
import ctypes
import collapse_stats as cs
from collapse_stats.backends import select

assert select("auto").name == select("cuda").name == "cuda"
cs.NgramCounter(10, 2), cs.CollapseMonitor(10, 2), cs.CollapseMonitor(10, 2, window=None)
cuda = ctypes.CDLL("libcuda.so.1")
number, flags = ctypes.c_int(), ctypes.c_uint()
assert cuda.cuDeviceGetCount(ctypes.byref(number)) == 0

def active():
    states = [ctypes.c_int() for _ in range(number.value)]
    for device, state in enumerate(states):
        cuda.cuDevicePrimaryCtxGetState(device, ctypes.byref(flags), ctypes.byref(state))
    return [state.value for state in states]

print(active() == [0] * number.value)
cs.spectra([1, 2], vocab_size=5, backend="cuda")
print(active() == [1] + [0] * (number.value - 1))
""").split() == ["True", "True"]


def test_a_process_that_uploaded_ends_quietly_and_its_forks_are_told() -> None:
    output = run("""
import os
import numpy as np
import collapse_stats as cs

tokens = np.arange(4_000_000) % 50
cs.spectra(tokens, vocab_size=50, max_order=2, backend="cuda")
if not os.fork():
    try:
        cs.spectra(tokens, vocab_size=50, backend="cuda")
    except cs.BackendError as error:
        print(error)
else:
    os.wait()
""")
    assert "was forked from process" in output


def test_tokens_on_another_gpu(cupy: Any, second: Any) -> None:
    with second:
        array = cupy.asarray(TOKENS)
    assert counted(array) == expected()
    assert cupy.cuda.runtime.getDevice() == 0
    counter = cs.NgramCounter(1000, 3, backend="cuda")
    counter.update(array)
    counter.update(cupy.asarray(TOKENS))
    counter.update(TOKENS)
    assert counter.profile().tokens == 3 * len(TOKENS)
    with pytest.raises(ValueError, match="mask must be where the tokens are, on GPU 1, got GPU 0"):
        counter.update(array, mask=cupy.ones(len(TOKENS), dtype=bool))


def test_torch_tensors_on_another_gpu(second: Any) -> None:
    torch = pytest.importorskip("torch")
    assert counted(torch.from_numpy(TOKENS).to("cuda:1")) == expected()


def test_host_tokens_go_to_the_current_gpu_of_the_thread(cupy: Any, second: Any) -> None:
    with second:
        before = cupy.cuda.runtime.memGetInfo()[0]
        monitor = cs.CollapseMonitor(1000, 3, backend="cuda", window=None)
        monitor.update(LARGE)
        assert counted(LARGE) == expected(LARGE)
        monitor.compute()
        assert cupy.get_default_memory_pool().total_bytes() > 0
        assert before > cupy.cuda.runtime.memGetInfo()[0]


@pytest.mark.parametrize("stream", [1, 2, "own", None])
def test_streams_of_the_array_interface(cupy: Any, stream: Any) -> None:
    own = cupy.cuda.Stream(non_blocking=True)
    writer = {1: cupy.cuda.Stream.null, 2: cupy.cuda.Stream.ptds}.get(stream, own)
    source = cupy.asarray(TOKENS)
    cupy.cuda.Device().synchronize()
    with writer:
        array = cupy.zeros(len(TOKENS), dtype=np.int64)
        for _ in range(200):
            array += 1  # still running when the tokens are read
        array[:] = source
    if stream is None:
        writer.synchronize()

    class OnlyInterface:
        def __init__(self) -> None:
            self.array = array
            self.__cuda_array_interface__ = {
                **array.__cuda_array_interface__,
                "stream": own.ptr if stream == "own" else stream,
            }

    with cupy.cuda.Stream(non_blocking=True):
        assert counted(OnlyInterface()) == expected()


def test_memory_that_both_can_read(cupy: Any) -> None:
    allocator = cupy.cuda.get_allocator()
    cupy.cuda.set_allocator(cupy.cuda.malloc_managed)
    try:
        managed = cupy.asarray(TOKENS)
    finally:
        cupy.cuda.set_allocator(allocator)
    assert managed.__dlpack_device__()[0] == 13
    assert counted(managed) == expected()
    assert cs.spectra(managed, vocab_size=1000, max_order=3, backend="native") == expected()


def test_pinned_tensors_of_torch() -> None:
    torch = pytest.importorskip("torch")
    pinned = torch.from_numpy(TOKENS).pin_memory()
    assert counted(pinned) == expected()
    assert cs.spectra(pinned, vocab_size=1000, max_order=3, backend="native") == expected()


def test_two_threads_at_once(cupy: Any) -> None:
    layout = Layout(1000, 3)
    parts = [chunk((LARGE + seed) % 1000, [(0, len(LARGE))]) for seed in range(2)]
    answers: dict[int, Any] = {}

    def counting(number: int) -> None:
        with cupy.cuda.Stream(non_blocking=True):
            answers[number] = [CudaBackend().count([parts[number]], layout) for _ in range(5)]

    threads = [threading.Thread(target=counting, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, part in enumerate(parts):
        assert answers[number] == [select("native").count([part], layout)] * 5


def test_a_full_gpu_is_an_error_and_can_be_used_again(cupy: Any) -> None:
    pool = cupy.get_default_memory_pool()
    pool.free_all_blocks()
    backend, layout = CudaBackend(1 << 33), Layout(1000, 5)
    part = chunk(LARGE, [(0, len(LARGE))])
    pool.set_limit(size=1 << 25)
    try:
        with pytest.raises(GpuMemoryError, match="counting may take 8,589,934,592 bytes of it"):
            backend.spectra([part], layout, [(1, 0)])
    finally:
        pool.set_limit(size=0)
    assert backend.spectra([part], layout, [(1, 0)]) == select("native").spectra(
        [part], layout, [(1, 0)]
    )
