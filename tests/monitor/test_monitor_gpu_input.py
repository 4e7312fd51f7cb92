"""Tokens on a GPU emulated with NumPy: `update` waits for nothing, the worker copies them."""

import sys
import threading
from contextlib import contextmanager
from types import SimpleNamespace

import numpy as np
import pytest
from emulation import fake_cupy, on_device

import collapse_stats as cs
from collapse_stats.monitor import monitor as monitor_module


@pytest.fixture
def cupy(monkeypatch):
    """An emulated GPU with CuPy; reading from it in the caller's thread fails the test."""
    module = fake_cupy()
    caller = threading.current_thread()
    read, waited = module.asnumpy, []

    def asnumpy(array):
        assert threading.current_thread() is not caller, "update waits for the GPU"
        assert waited, "the copy on the GPU may not be finished"
        return read(array)

    @contextmanager
    def stream(non_blocking):
        assert non_blocking
        yield SimpleNamespace(wait_event=waited.append)
        waited.clear()

    module.asnumpy = asnumpy
    module.cuda.Stream = stream
    monkeypatch.setitem(sys.modules, "cupy", module)
    monkeypatch.setattr(monitor_module, "_BLOCK_TOKENS", 50)
    return module


def test_tokens_on_a_gpu_and_on_the_host_give_equal_figures(cupy):
    rng = np.random.default_rng(0)
    host_monitor, gpu_monitor = (cs.CollapseMonitor(10, 3, window=300) for _ in range(2))
    for number in range(30):
        tokens = rng.integers(0, 10, (3, 8))
        mask = rng.integers(0, 4, (3, 8)) > 0
        tokens[~mask] = -100
        logprobs = -rng.random((3, 8)).astype(np.float32)
        host_monitor.update(tokens, mask, logprobs=logprobs)
        if number % 5 == 4:  # host tokens in between
            gpu_monitor.update(tokens, mask, logprobs=logprobs)
        else:
            device = on_device(tokens)
            gpu_monitor.update(
                device,
                on_device(mask) if number % 2 else mask,
                logprobs=on_device(logprobs) if number % 3 else logprobs,
            )
            device[:] = 0  # update has copied it
    assert gpu_monitor.compute() == host_monitor.compute()


def test_packed_tokens_on_a_gpu(cupy):
    monitor = cs.CollapseMonitor(10, 2)
    monitor.update(on_device([[1, 2, 3, 4, 5]]), cu_seqlens=on_device([0, 2, 5]))
    monitor.update(on_device([1, 2, 3, 4, 5]), lengths=on_device([2, 3]))
    monitor.update(on_device([[1, 2, 3, 4, 5]]), begins=on_device([[1, 0, 1, 0, 0]]))
    figures = monitor.compute()
    assert (figures["tokens"], figures["documents"]) == (15, 6)


def test_an_out_of_range_id_is_reported_later_and_only_its_batch_dropped(cupy):
    monitor = cs.CollapseMonitor(10, 2)
    monitor.update(on_device([1, 2, 3]))
    monitor.update(on_device([1, 10]))
    monitor.update(on_device([4, 5]))
    with pytest.raises(ValueError, match="token id 10 at position 1 is outside the vocabulary"):
        monitor.compute()
    assert monitor.compute()["tokens"] == 5


def test_tokens_that_are_not_integers_raise_at_once(cupy):
    with pytest.raises(TypeError, match="integers of 8 to 64 bits, got float64"):
        cs.CollapseMonitor(10, 2).update(on_device([0.5]))


def test_the_error_without_cupy_gives_the_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    with pytest.raises(TypeError, match=r"which is not installed: .* or pass tokens.cpu\(\)"):
        cs.CollapseMonitor(10, 2).update(on_device([1, 2]))


class TorchTensor:
    """The methods of a CUDA tensor of torch that the monitor calls; each call is logged."""

    def __init__(self, array, log):
        self.array, self._log = array, log

    def __dlpack_device__(self):
        return (2, 0)

    def detach(self):
        self._log.append("detach")
        return self

    def float(self):
        self._log.append("float")
        return TorchTensor(self.array.astype(np.float32), self._log)

    def clone(self):
        self._log.append("clone")
        return TorchTensor(self.array.copy(), self._log)


def test_torch_tensors_are_copied_by_torch(cupy, monkeypatch):
    log = []
    from_dlpack = cupy.from_dlpack
    monkeypatch.setattr(cupy, "from_dlpack", lambda t: from_dlpack(on_device(t.array)))
    monkeypatch.setattr(TorchTensor, "__dlpack__", lambda self: None, raising=False)
    tokens = TorchTensor(np.array([1, 2]), log)
    monitor = cs.CollapseMonitor(10, 2)
    monitor.update(tokens, logprobs=TorchTensor(np.array([-1.0, -3.0]), log))
    tokens.array[:] = 7
    assert log == ["detach", "clone", "detach", "float", "clone"]
    assert monitor.compute()["perplexity"] == pytest.approx(np.exp(2))
