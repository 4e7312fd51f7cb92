"""Memory of a GPU through CuPy: whose it is, how it is reached, and how tokens get there."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Array = Any  # of CuPy, or of NumPy where the CPU plays the GPU
Core = Any  # the module `_cuda`, or in tests `_cuda_emulated`

RING_BYTES = 1 << 26  # of each of three buffers
DIRECT_BYTES = 1 << 20  # uploads below it do without the ring
COPY_THREADS = 4  # one core alone does not keep the bus busy


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
    """CuPy's pool and current stream."""

    def __init__(self) -> None:
        import cupy

        self.xp = cupy
        self._ring: _Ring | None = None

    @property
    def stream(self) -> int:
        """Address of the caller's current stream."""
        address: int = self.xp.cuda.get_current_stream().ptr
        return address

    def free(self) -> int:
        """Bytes that the GPU has free and that the pool holds unused."""
        unused, _ = self.xp.cuda.runtime.memGetInfo()
        return int(unused) + int(self.xp.get_default_memory_pool().free_bytes())

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
        if self._ring is None:
            self._ring = _Ring(self.xp)
        self._ring.copy(parts, self.address(array))
        return array

    def download(self, array: Array) -> npt.NDArray[Any]:
        """A copy on the host. Waits for it."""
        host: npt.NDArray[Any] = self.xp.asnumpy(array)
        return host


class _Ring:
    """Three pinned buffers in turn: one is filled while another is on the bus.

    The copies are in the order of a stream of their own, so that they go on beside kernels; the
    caller's stream waits for the last one.
    """

    def __init__(self, cupy: Any) -> None:
        self._cuda = cupy.cuda
        self._stream = cupy.cuda.Stream(non_blocking=True)
        self._buffers = [
            np.frombuffer(cupy.cuda.alloc_pinned_memory(RING_BYTES), np.uint8, RING_BYTES)
            for _ in range(3)
        ]
        self._sent = [self._stream.record() for _ in self._buffers]
        self._turn = 0
        self._threads = ThreadPoolExecutor(COPY_THREADS)

    def copy(self, parts: Sequence[npt.NDArray[Any]], target: int) -> None:
        """Copy host arrays to `target`, one after the other."""
        caller = self._cuda.get_current_stream()
        self._stream.wait_event(caller.record())  # what used this memory before is not done yet
        for block in _blocks(parts):
            buffer, sent = self._buffers[self._turn], self._sent[self._turn]
            sent.synchronize()
            self._fill(buffer, block)
            self._cuda.runtime.memcpyAsync(
                target,
                buffer.ctypes.data,
                len(block),
                self._cuda.runtime.memcpyHostToDevice,
                self._stream.ptr,
            )
            sent.record(self._stream)
            target += len(block)
            self._turn = (self._turn + 1) % len(self._buffers)
        caller.wait_event(self._stream.record())

    def _fill(self, buffer: npt.NDArray[np.uint8], block: npt.NDArray[np.uint8]) -> None:
        edges = np.linspace(0, len(block), COPY_THREADS + 1).astype(int).tolist()
        shares = [slice(edges[i], edges[i + 1]) for i in range(COPY_THREADS)]
        list(self._threads.map(lambda share: np.copyto(buffer[share], block[share]), shares))


def _blocks(parts: Sequence[npt.NDArray[Any]]) -> Iterator[npt.NDArray[np.uint8]]:
    """The bytes of the parts, at most a buffer at a time."""
    for part in parts:
        data = np.ascontiguousarray(part).view(np.uint8)
        for begin in range(0, len(data), RING_BYTES):
            yield data[begin : begin + RING_BYTES]
