"""Pinned memory that uploads go through: one ring of buffers a process.

Pinned memory is the system's, not one GPU's, and there is only so much of it: so all backends, all
threads and all GPUs of a process share it. Streams and events are a GPU's own.
"""

import atexit
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from ...system.gpu import check_not_forked

RING_BYTES = 1 << 26  # of each of three buffers
BUFFERS = 3
COPY_THREADS = 4  # one core alone does not keep the bus busy
_AT_EXIT = 5.0  # seconds that the end of the process waits for a thread that copies

_made = Lock()
_ring: "Ring | None" = None


def of_process(cupy: Any) -> "Ring":
    """The ring of this process, made when it is first asked for."""
    global _ring
    check_not_forked()  # before a lock that a thread of the parent may have held when it forked
    with _made:
        if _ring is None:
            _ring = Ring(cupy)
            atexit.register(_ring.close)
        return _ring


class Ring:
    """Three pinned buffers in turn: one is filled while another is on the bus.

    The copies are in the order of a stream of their own for each GPU, so that they go on beside
    kernels; the caller's stream waits for the last one. One caller at a time has the ring.
    """

    def __init__(self, cupy: Any) -> None:
        self._cupy = cupy
        self._process = os.getpid()
        self._lock = Lock()
        self._buffers: list[npt.NDArray[np.uint8]] = []
        self._sent: list[Any] = [None] * BUFFERS  # events behind what is on the bus, of any GPU
        self._turn = 0
        self._streams: dict[int, Any] = {}  # by the number of the GPU
        self._threads: ThreadPoolExecutor | None = None

    def copy(self, parts: Sequence[npt.NDArray[Any]], target: int) -> None:
        """Copy host arrays to `target` on the current GPU, one after the other.

        Returns when the arrays are read. If it fails, nothing is on its way when it raises.
        """
        check_not_forked()
        with self._lock:
            caller, stream = self._cupy.cuda.get_current_stream(), self._stream()
            stream.wait_event(self._behind(caller))  # what used this memory before
            try:
                for block in _blocks(parts):
                    self._send(block, target, stream)
                    target += len(block)
            except BaseException:  # the caller lets go of the memory that is being written
                with suppress(Exception):  # a GPU that failed has nothing on its way
                    stream.synchronize()
                raise
            caller.wait_event(self._behind(stream))

    def close(self) -> None:
        """Let everything go, at the end of the process."""
        if self._process != os.getpid() or not self._lock.acquire(timeout=_AT_EXIT):
            return  # a forked child owns none of it; or a thread that nobody waits for copies still
        try:
            for gpu, stream in self._streams.items():
                with suppress(Exception), self._cupy.cuda.Device(gpu):
                    stream.synchronize()
            if self._threads is not None:
                self._threads.shutdown()
            self._threads = None
            self._sent = [None] * BUFFERS
            self._streams.clear()
            self._buffers.clear()
        finally:
            self._lock.release()

    def _send(self, block: npt.NDArray[np.uint8], target: int, stream: Any) -> None:
        if not self._buffers:
            self._buffers = [self._pinned() for _ in range(BUFFERS)]
        turn = self._turn
        if self._sent[turn] is not None:
            self._sent[turn].synchronize()
            self._sent[turn] = None  # the buffer is nobody's, whatever fails from here on
        self._turn = (turn + 1) % BUFFERS
        buffer, runtime = self._buffers[turn], self._cupy.cuda.runtime
        self._fill(buffer, block)
        runtime.memcpyAsync(
            target, buffer.ctypes.data, len(block), runtime.memcpyHostToDevice, stream.ptr
        )
        self._sent[turn] = self._behind(stream)

    def _stream(self) -> Any:
        """The ring's stream on the current GPU."""
        cuda = self._cupy.cuda
        gpu = int(cuda.runtime.getDevice())
        if gpu not in self._streams:
            self._streams[gpu] = cuda.Stream(non_blocking=True)
        return self._streams[gpu]

    def _behind(self, stream: Any) -> Any:
        """An event of the current GPU behind what is in a stream of it."""
        return stream.record(self._cupy.cuda.Event(disable_timing=True))

    def _pinned(self) -> npt.NDArray[np.uint8]:
        cuda = self._cupy.cuda
        memory = cuda.PinnedMemory(RING_BYTES, cuda.runtime.hostAllocPortable)  # for every GPU
        return np.frombuffer(cuda.PinnedMemoryPointer(memory, 0), np.uint8, RING_BYTES)

    def _fill(self, buffer: npt.NDArray[np.uint8], block: npt.NDArray[np.uint8]) -> None:
        if self._threads is None:
            self._threads = ThreadPoolExecutor(COPY_THREADS, "collapse-stats-upload")
        edges = np.linspace(0, len(block), COPY_THREADS + 1).astype(int).tolist()
        shares = [slice(edges[i], edges[i + 1]) for i in range(COPY_THREADS)]
        copies = [self._threads.submit(np.copyto, buffer[share], block[share]) for share in shares]
        try:
            for copied in copies:
                copied.result()
        finally:
            wait(copies)  # one that failed leaves the others at work in the buffer


def _blocks(parts: Sequence[npt.NDArray[Any]]) -> Iterator[npt.NDArray[np.uint8]]:
    """The bytes of the parts, at most a buffer at a time."""
    for part in parts:
        data = np.ascontiguousarray(part).view(np.uint8)
        for begin in range(0, len(data), RING_BYTES):
            yield data[begin : begin + RING_BYTES]
