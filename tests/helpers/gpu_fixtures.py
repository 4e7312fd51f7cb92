"""A machine with two GPUs emulated by NumPy, and the cuda backend on it."""

import sys
from typing import Any

import pytest
from fake_cupy import Steps, fake_cupy
from played_gpu import skip_without_played_gpu

from collapse_stats.backends.cuda import ring as _ring
from collapse_stats.backends.cuda.backend import CudaBackend
from collapse_stats.backends.cuda.device import CupyMemory
from collapse_stats.system import gpu


def two_gpus(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the machine's CuPy, whose `backend` makes cuda backends, and let `select` use it."""
    skip_without_played_gpu()
    from collapse_stats import _cuda_emulated

    cupy = fake_cupy(2)
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    monkeypatch.setattr(gpu, "_process", None)
    monkeypatch.setattr(_ring, "_ring", None)
    monkeypatch.setattr(_ring.atexit, "register", lambda call: call)
    monkeypatch.setattr(_ring, "RING_BYTES", 1 << 10)

    def backend(device_memory: int | None = None) -> CudaBackend:
        core = Steps(_cuda_emulated, cupy.machine)
        return CudaBackend(device_memory, core=core, memory=CupyMemory())

    cupy.backend = backend
    for module in ("profiles.counter", "counting.spectra", "backends.options", "monitor.monitor"):
        name = f"collapse_stats.{module}"
        __import__(name)
        monkeypatch.setattr(
            sys.modules[name],
            "select",
            lambda name="auto", threads=None, device_memory=None: backend(),
        )
    return cupy
