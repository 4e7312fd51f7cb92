"""Find out whether an array is on the host or on a GPU, and view or copy it there.

Arrays of other libraries report their device by DLPack (``__dlpack_device__``), or are on an NVIDIA
GPU and have only ``__cuda_array_interface__``. DLPack decides where an array has both, because
arrays on GPUs of other vendors may have ``__cuda_array_interface__`` as well.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from .arguments import as_array
from .gpu import cupy_module, select_gpu, use_gpu

_HOST = (1, 3, 11)  # kDLCPU, kDLCUDAHost and kDLROCMHost; the last two are pinned memory
_CUDA, _MANAGED = 2, 13  # kDLCUDA, kDLCUDAManaged
_ELSEWHERE = {
    4: "an OpenCL device",
    7: "a Vulkan device",
    8: "a Metal device",
    10: "a ROCm GPU",
    14: "a oneAPI device",
    15: "a WebGPU device",
}


def is_on_gpu(array: object) -> bool:
    """Whether an array is in the memory of an NVIDIA GPU, or in memory managed by CUDA.

    Raises TypeError for an array on a device of another kind.
    """
    if type(array) is np.ndarray:
        return False
    kind = _kind(array)
    if kind is None:
        return hasattr(array, "__cuda_array_interface__")
    if kind in (_CUDA, _MANAGED):
        return True
    if kind not in _HOST:
        where = _ELSEWHERE.get(kind, f"a device of DLPack type {kind}")
        raise TypeError(
            f"arrays must be in CPU memory or on an NVIDIA GPU, got one on {where}: pass a copy "
            "in CPU memory, such as tokens.cpu()"
        )
    return False


def gpu_of(array: Any) -> int | None:
    """Number of the GPU that a CuPy array is on; None for an array on the host."""
    return int(array.__dlpack_device__()[1]) if is_on_gpu(array) else None


def array_module(array: object) -> Any:
    """The module `cupy` for an array on a GPU, `numpy` for one on the host."""
    return cupy_module() if is_on_gpu(array) else np


def as_device_array(array: Any) -> Any:
    """View an array on a GPU as a CuPy array, valid for work on CuPy's current stream there.

    The host does not wait for the array to be ready.
    """
    cupy = cupy_module()
    with use_gpu():
        if _kind(array) is not None:  # CuPy passes its stream on the array's GPU to the owner
            return cupy.from_dlpack(array)
        return _by_interface(cupy, array)


def place_with_tokens(name: str, array: Any, tokens: Any) -> Any:
    """Return an array that belongs to the tokens, such as a mask, on the tokens' device.

    It is copied from the host to the tokens' GPU, or from a GPU to the host, where necessary.
    Raises ValueError when it is on a GPU other than theirs.
    """
    gpu = gpu_of(tokens)
    if gpu is None:
        return as_array(name, to_host(array))
    if not is_on_gpu(array):
        with select_gpu(gpu):
            return cupy_module().asarray(np.asarray(array))
    view = as_device_array(array)
    if gpu_of(view) != gpu:
        raise ValueError(
            f"{name} must be where the tokens are, on GPU {gpu}, got GPU {gpu_of(view)}: pass "
            f"{name}.to(tokens.device)"
        )
    return view


def to_host(array: Any) -> Any:
    """Copy an array from a GPU to the host; return one that is on the host unchanged."""
    if not is_on_gpu(array):
        return array
    view = as_device_array(array)
    with use_gpu(gpu_of(view)):
        return cupy_module().asnumpy(view)


def host_view(array: Any) -> npt.NDArray[Any] | None:
    """View memory that the CPU can read as a NumPy array; None for a GPU's own memory.

    Managed memory is requested from the library that owns it, which waits until it is ready.
    """
    kind = None if type(array) is np.ndarray else _kind(array)
    if not is_on_gpu(array):
        by_dlpack = kind is not None and not isinstance(array, np.ndarray)
        return np.from_dlpack(array) if by_dlpack else as_array("tokens", array)
    if kind != _MANAGED:
        return None
    try:
        return np.from_dlpack(_ManagedOnHost(array))
    except TypeError:  # the owner does not support `dl_device`
        return None


def _kind(array: Any) -> int | None:
    """DLPack device type; None if an array does not report one, as when it is on several."""
    device = getattr(array, "__dlpack_device__", None)
    if device is None:
        return None
    try:
        return int(device()[0])
    except BufferError:
        return None


class _ManagedOnHost:
    """An array in managed memory, presented to NumPy as an array on the host."""

    def __init__(self, array: Any) -> None:
        self._array = array

    def __dlpack_device__(self) -> tuple[int, int]:
        return _HOST[0], 0

    def __dlpack__(self, **_: Any) -> Any:
        return self._array.__dlpack__(dl_device=self.__dlpack_device__())


class _Described:
    """An array given by its ``__cuda_array_interface__``; `owner` keeps its memory alive."""

    def __init__(self, owner: Any, description: dict[str, Any]) -> None:
        self.owner = owner
        self.__cuda_array_interface__ = description


def _by_interface(cupy: Any, array: Any) -> Any:
    """View an array by ``__cuda_array_interface__``; the GPU waits for the array's stream.

    ``cupy.asarray`` alone would make the host wait, and would copy an array on another GPU.
    """
    description = dict(array.__cuda_array_interface__)
    stream = description.pop("stream", None)
    address = description["data"][0]
    if stream == 0:
        raise ValueError(
            "__cuda_array_interface__ must give its stream as a handle, as 1 for the default "
            "stream, as 2 for the per-thread one, or as None, got 0, which is ambiguous: pass a "
            "CuPy array or one with DLPack"
        )
    runtime = cupy.cuda.runtime
    with select_gpu(int(runtime.pointerGetAttributes(address).device) if address else None):
        view = cupy.asarray(_Described(array, description))
        if stream is not None:  # CUDA accepts 1 and 2 as handles
            event = cupy.cuda.Event(disable_timing=True)
            runtime.eventRecord(event.ptr, stream)
            cupy.cuda.get_current_stream().wait_event(event)
    return view
