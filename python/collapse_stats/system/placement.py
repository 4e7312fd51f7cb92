"""Where an array lies, on the host or on which GPU, and views of it there.

Arrays of other libraries say it by DLPack (``__dlpack_device__``), or lie on an NVIDIA GPU and have
``__cuda_array_interface__`` alone. Where both are there DLPack is believed: what a GPU of another
maker holds may have the other as well.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from .gpu import cupy_module, select_gpu, use_gpu

_HOST = (1, 3, 11)  # kDLCPU, kDLCUDAHost and kDLROCMHost: the last two are pinned
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
    """Whether an array lies in the memory of an NVIDIA GPU, or in memory shared with one.

    Raises TypeError for one that lies on a device of another kind.
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
            f"arrays must lie in CPU memory or on an NVIDIA GPU, got one on {where}: pass a copy "
            "in CPU memory, such as tokens.cpu()"
        )
    return False


def gpu_of(array: Any) -> int | None:
    """Number of the GPU that one of CuPy's arrays lies on; None for those on the host."""
    return int(array.__dlpack_device__()[1]) if is_on_gpu(array) else None


def array_module(array: object) -> Any:
    """CuPy for arrays on a GPU, else NumPy: what they have in common is used."""
    return cupy_module() if is_on_gpu(array) else np


def as_device_array(array: Any) -> Any:
    """CuPy's view of what lies on a GPU, ready in the order of CuPy's current stream there.

    Nothing waits for it on the host.
    """
    cupy = cupy_module()
    with use_gpu():
        if _kind(array) is not None:  # CuPy tells the owner its stream, of the GPU of the array
            return cupy.from_dlpack(array)
        return _by_interface(cupy, array)


def place_with_tokens(name: str, array: Any, tokens: Any) -> Any:
    """A mask, say, where the tokens lie: brought there from the host, or to it.

    Raises ValueError when it is on another GPU than they are.
    """
    gpu = gpu_of(tokens)
    if gpu is None:
        return np.asarray(to_host(array))
    if not is_on_gpu(array):
        with select_gpu(gpu):
            return cupy_module().asarray(np.asarray(array))
    view = as_device_array(array)
    if gpu_of(view) != gpu:
        raise ValueError(
            f"{name} must lie where the tokens do, on GPU {gpu}, got GPU {gpu_of(view)}: pass "
            f"{name}.to(tokens.device)"
        )
    return view


def to_host(array: Any) -> Any:
    """The array, copied from the GPU where it lies there."""
    if not is_on_gpu(array):
        return array
    view = as_device_array(array)
    with use_gpu(gpu_of(view)):
        return cupy_module().asnumpy(view)


def host_view(array: Any) -> npt.NDArray[Any] | None:
    """NumPy's view of memory that a CPU can read; None of a GPU's own memory.

    Of memory that is managed by CUDA its owner is asked, who waits until it is ready.
    """
    kind = None if type(array) is np.ndarray else _kind(array)
    if not is_on_gpu(array):
        by_dlpack = kind is not None and not isinstance(array, np.ndarray)
        return np.from_dlpack(array) if by_dlpack else np.asarray(array)
    if kind != _MANAGED:
        return None
    try:
        return np.from_dlpack(_ForCpu(array))
    except TypeError:  # it knows no `dl_device`
        return None


def _kind(array: Any) -> int | None:
    """Type of the device by DLPack; None if the array does not say, being on several, say."""
    device = getattr(array, "__dlpack_device__", None)
    if device is None:
        return None
    try:
        return int(device()[0])
    except BufferError:
        return None


class _ForCpu:
    """What lies in managed memory, as an array of the host."""

    def __init__(self, array: Any) -> None:
        self._array = array

    def __dlpack_device__(self) -> tuple[int, int]:
        return _HOST[0], 0

    def __dlpack__(self, **_: Any) -> Any:
        return self._array.__dlpack__(dl_device=self.__dlpack_device__())


class _Described:
    """An array by its description; `owner` keeps the memory."""

    def __init__(self, owner: Any, description: dict[str, Any]) -> None:
        self.owner = owner
        self.__cuda_array_interface__ = description


def _by_interface(cupy: Any, array: Any) -> Any:
    """View by ``__cuda_array_interface__``, whose `stream` is waited for on the GPU.

    CuPy would have the host wait for it, and copy what lies on another GPU than the current one.
    """
    description = dict(array.__cuda_array_interface__)
    stream = description.pop("stream", None)
    address = description["data"][0]
    if stream == 0:
        raise ValueError(
            "__cuda_array_interface__ must name its stream by a handle, 1 for the default stream, "
            "2 for that of the thread, or None, got 0, which may be either of two: give it as a "
            "CuPy array or by DLPack"
        )
    runtime = cupy.cuda.runtime
    with select_gpu(int(runtime.pointerGetAttributes(address).device) if address else None):
        view = cupy.asarray(_Described(array, description))
        if stream is not None:  # 1 and 2 are handles that CUDA knows
            event = cupy.cuda.Event(disable_timing=True)
            runtime.eventRecord(event.ptr, stream)
            cupy.cuda.get_current_stream().wait_event(event)
    return view
