"""Memory of a GPU through CuPy: whose it is, and how it is reached."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from . import ring as _ring

Array = Any  # of CuPy, or of NumPy where the CPU plays the GPU
Core = Any  # the module `_cuda`, or in tests `_cuda_emulated`

DIRECT_BYTES = 1 << 20  # uploads below it do without the ring


class Memory(Protocol):
    """Arrays on the device. Everything is in the order of `stream` unless it says that it waits."""

    xp: Any
    """The array module: what NumPy and CuPy have in common."""

    @property
    def stream(self) -> int:
        """Address of the caller's current stream."""

    def free(self) -> int:
        """Bytes that can be had now."""

    def empty(self, shape: int | tuple[int, ...], dtype: npt.DTypeLike = np.uint8) -> Array:
        """Array that begins undefined."""

    def zeros(self, shape: int | tuple[int, ...], dtype: npt.DTypeLike) -> Array:
        """Array that begins as zeros."""

    def address(self, array: Array) -> int:
        """Where a contiguous array begins."""

    def upload(self, parts: Sequence[npt.NDArray[Any]]) -> Array:
        """One array of host arrays of one type, one after the other. Waits until they are read."""

    def download(self, array: Array) -> npt.NDArray[Any]:
        """A copy on the host. Waits for it."""


@dataclass(frozen=True, slots=True)
class Gpu:
    """What an operation works with.

    Attributes
    ----------
    core
        The steps of csrc/cuda/api.hpp.
    memory
        What they work on.
    budget
        Bytes of it that the operation may take.
    by_sorting
        Whether all spectra are counted by sorting: slower, and what the others are checked by.
    """

    core: Core
    memory: Memory
    budget: int
    by_sorting: bool = False


class CupyMemory:
    """CuPy's pool and current stream, of the GPU that is current."""

    def __init__(self) -> None:
        import cupy

        self.xp = cupy

    @property
    def stream(self) -> int:
        """Address of the caller's current stream."""
        address: int = self.xp.cuda.get_current_stream().ptr
        return address

    def free(self) -> int:
        """Bytes that the GPU has free and that the pool holds unused, as far as it may grow."""
        unused, _ = self.xp.cuda.runtime.memGetInfo()
        pool = self.xp.get_default_memory_pool()
        free = int(unused) + int(pool.free_bytes())
        limit = int(pool.get_limit())
        return min(free, limit - int(pool.used_bytes())) if limit else free

    def empty(self, shape: int | tuple[int, ...], dtype: npt.DTypeLike = np.uint8) -> Array:
        """Array that begins undefined."""
        return self.xp.empty(shape, dtype)

    def zeros(self, shape: int | tuple[int, ...], dtype: npt.DTypeLike) -> Array:
        """Array that begins as zeros."""
        return self.xp.zeros(shape, dtype)

    def address(self, array: Array) -> int:
        """Where a contiguous array begins."""
        return int(array.data.ptr)

    def upload(self, parts: Sequence[npt.NDArray[Any]]) -> Array:
        """One array of host arrays: small ones at once, large ones through pinned buffers."""
        size = sum(part.nbytes for part in parts)
        if size < DIRECT_BYTES:
            return self.xp.asarray(parts[0] if len(parts) == 1 else np.concatenate(parts))
        array = self.xp.empty(sum(map(len, parts)), parts[0].dtype)
        _ring.of_process(self.xp).copy(parts, self.address(array))
        return array

    def download(self, array: Array) -> npt.NDArray[Any]:
        """A copy on the host. Waits for it."""
        host: npt.NDArray[Any] = self.xp.asnumpy(array)
        return host
