"""A GPU emulated on the CPU: its memory is NumPy's; `played_gpu` chooses how steps are run."""

from collections.abc import Sequence
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import numpy as np
from played_gpu import WatchedSteps, watched_gpu

from collapse_stats.backends.cuda.backend import CudaBackend

MEMORY = 1 << 28  # bytes that the GPU appears to have


class NumpyMemory:
    """`Memory` whose device memory is the host's. Undefined contents are filled with garbage."""

    xp = np
    stream = 0

    def free(self) -> int:
        return MEMORY

    def empty(self, shape: int | tuple[int, ...], dtype: Any = np.uint8) -> np.ndarray:
        array = np.empty(shape, dtype)
        array.view(np.uint8).fill(0xA5)
        return array

    def zeros(self, shape: int | tuple[int, ...], dtype: Any) -> np.ndarray:
        return np.zeros(shape, dtype)

    def address(self, array: np.ndarray) -> int:
        assert array.flags.c_contiguous
        steps = watched_gpu()
        if isinstance(steps, WatchedSteps):
            steps.note(array)
        return array.ctypes.data

    def upload(self, parts: Sequence[np.ndarray]) -> np.ndarray:
        assert len({part.dtype for part in parts}) == 1
        return np.concatenate(parts)

    def download(self, array: np.ndarray) -> np.ndarray:
        return array.copy()


def emulated_backend(device_memory: int | None = None, **options: Any) -> CudaBackend:
    """Return the cuda backend on the emulated GPU."""
    return CudaBackend(device_memory, core=watched_gpu(), memory=NumpyMemory(), **options)


class DeviceArray(np.ndarray):
    """An array on the emulated GPU: NumPy functions that would copy it to the host fail."""

    def __dlpack_device__(self) -> tuple[int, int]:
        return 2, 0  # kDLCUDA

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        return {**self.__array_interface__, "version": 3, "stream": 1}

    def __array__(self, *arguments: Any, **options: Any) -> np.ndarray:
        raise TypeError("implicit conversion to a NumPy array is not allowed")


def on_device(array: Any) -> DeviceArray:
    return np.array(array).view(DeviceArray)


def fake_cupy() -> Any:
    """Return the parts of CuPy that the product uses; `calls` records how tokens came in."""
    calls: list[str] = []
    event = SimpleNamespace(done=True, synchronize=lambda: None)
    stream = SimpleNamespace(
        ptr=0, record=lambda event_=None: event, wait_event=lambda event_: None
    )

    def from_dlpack(array: Any) -> DeviceArray:
        calls.append("dlpack")
        return array.view(DeviceArray)

    def asarray(array: Any) -> DeviceArray:
        if isinstance(array, np.ndarray):
            return array.view(DeviceArray)
        calls.append("cuda_array_interface")
        return array.owner.array.view(DeviceArray)

    def asnumpy(array: DeviceArray) -> np.ndarray:
        assert isinstance(array, DeviceArray)
        return array.view(np.ndarray).copy()

    return SimpleNamespace(
        ndarray=DeviceArray,
        calls=calls,
        from_dlpack=from_dlpack,
        asarray=asarray,
        asnumpy=asnumpy,
        ascontiguousarray=lambda array: np.ascontiguousarray(array).view(DeviceArray),
        zeros=lambda *args, **options: np.zeros(*args, **options).view(DeviceArray),
        cuda=SimpleNamespace(
            get_current_stream=lambda: stream,
            Device=lambda number: nullcontext(),
            Event=lambda disable_timing: SimpleNamespace(ptr=0),
            runtime=SimpleNamespace(
                getDevice=lambda: 0,
                pointerGetAttributes=lambda address: SimpleNamespace(device=0),
                eventRecord=lambda event_, stream_: None,
            ),
        ),
    )
