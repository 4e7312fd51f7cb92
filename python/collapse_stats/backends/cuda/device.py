"""The memory of a GPU: the interface that the steps need, and CuPy's implementation of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from . import ring as _ring

Array = Any  # of CuPy; in tests, which emulate the GPU on the CPU, of NumPy
Core = Any  # the module `_cuda`, in tests `_cuda_emulated`

DIRECT_BYTES = 1 << 20  # smaller uploads do not use the ring of pinned buffers


class Memory(Protocol):
    """Arrays on the device. Work is queued in `stream`; methods wait only where they say so."""

    xp: Any
    """The array module; only what NumPy and CuPy have in common is used."""

    @property
    def stream(self) -> int:
        """Address of the caller's current stream."""

    def free(self) -> int:
        """Return the number of bytes that can be allocated now."""

    def empty(self, shape: int | tuple[int, ...], dtype: npt.DTypeLike = np.uint8) -> Array:
        """Return an array with undefined contents."""

    def zeros(self, shape: int | tuple[int, ...], dtype: npt.DTypeLike) -> Array:
        """Return an array of zeros."""

    def address(self, array: Array) -> int:
        """Return the address of a contiguous array."""

    def upload(self, parts: Sequence[npt.NDArray[Any]]) -> Array:
        """Return one device array of concatenated host arrays. Waits until they are read."""

    def download(self, array: Array) -> npt.NDArray[Any]:
        """Return a copy on the host. Waits for it."""


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU as an operation uses it.

    Attributes
    ----------
    core
        The steps of csrc/cuda/api.hpp.
    memory
        The memory that the steps work on.
    budget
        Bytes of memory that the operation may take.
    by_sorting
        Whether all spectra are counted by sorting, which is slower and serves to check the others.
    """

    core: Core
    memory: Memory
    budget: int
    by_sorting: bool = False


class CupyMemory:
    """The current GPU's memory, from CuPy's pool, in the order of CuPy's current stream.

    See `Memory`.
    """

    def __init__(self) -> None:
        import cupy

        self.xp = cupy

    @property
    def stream(self) -> int:
        """See `Memory.stream`."""
        address: int = self.xp.cuda.get_current_stream().ptr
        return address

    def free(self) -> int:
        """Bytes that are free on the GPU or unused in the pool, within the limit of the pool."""
        unused, _ = self.xp.cuda.runtime.memGetInfo()
        pool = self.xp.get_default_memory_pool()
        free = int(unused) + int(pool.free_bytes())
        limit = int(pool.get_limit())
        return min(free, limit - int(pool.used_bytes())) if limit else free

    def empty(self, shape: int | tuple[int, ...], dtype: npt.DTypeLike = np.uint8) -> Array:
        """See `Memory.empty`."""
        return self.xp.empty(shape, dtype)

    def zeros(self, shape: int | tuple[int, ...], dtype: npt.DTypeLike) -> Array:
        """See `Memory.zeros`."""
        return self.xp.zeros(shape, dtype)

    def address(self, array: Array) -> int:
        """See `Memory.address`."""
        return int(array.data.ptr)

    def upload(self, parts: Sequence[npt.NDArray[Any]]) -> Array:
        """See `Memory.upload`; large arrays go through pinned buffers."""
        size = sum(part.nbytes for part in parts)
        if size < DIRECT_BYTES:
            return self.xp.asarray(parts[0] if len(parts) == 1 else np.concatenate(parts))
        array = self.xp.empty(sum(map(len, parts)), parts[0].dtype)
        _ring.of_process(self.xp).copy(parts, self.address(array))
        return array

    def download(self, array: Array) -> npt.NDArray[Any]:
        """See `Memory.download`."""
        host: npt.NDArray[Any] = self.xp.asnumpy(array)
        return host
