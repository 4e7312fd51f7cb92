"""Uploads through pinned memory: one ring of buffers per process.

Pinned memory is a scarce resource of the system, not of one GPU, so all backends, threads and GPUs
of a process share one ring. Streams and events belong to a single GPU.
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

RING_BYTES = 1 << 26  # of each buffer
BUFFERS = 3
COPY_THREADS = 4  # a single core cannot keep the bus busy
_AT_EXIT = 5.0  # seconds to wait for a copying thread when the process ends

_made = Lock()
_ring: "Ring | None" = None


def of_process(cupy: Any) -> "Ring":
    """Return the ring of this process, which is created by the first call."""
    global _ring
    # First, because a thread of the parent may have held the lock when it forked.
    check_not_forked()
    with _made:
        if _ring is None:
            _ring = Ring(cupy)
            atexit.register(_ring.close)
        return _ring


class Ring:
    """Pinned buffers used in turn: one is filled while another is being sent.

    Copies are queued in a separate stream for each GPU, so that they run beside kernels; the
    caller's stream waits for the last copy. Only one caller at a time uses the ring.
    """

    def __init__(self, cupy: Any) -> None:
        self._cupy = cupy
        self._process = os.getpid()
        self._lock = Lock()
        self._buffers: list[npt.NDArray[np.uint8]] = []
        self._sent: list[Any] = [None] * BUFFERS  # events after the copy from each buffer
        self._turn = 0
        self._streams: dict[int, Any] = {}  # by GPU number
        self._threads: ThreadPoolExecutor | None = None

    def copy(self, parts: Sequence[npt.NDArray[Any]], target: int) -> None:
        """Copy host arrays, one after the other, to address `target` on the current GPU.

        Returns once the arrays have been read. If it raises, no copy is still under way.
        """
        check_not_forked()
        with self._lock:
            caller, stream = self._cupy.cuda.get_current_stream(), self._stream()
            stream.wait_event(self._event(caller))  # earlier work may still use this memory
            try:
                for block in _blocks(parts):
                    self._send(block, target, stream)
                    target += len(block)
            except BaseException:  # the caller will free the memory that is being written
                with suppress(Exception):  # a GPU that failed copies nothing any more
                    stream.synchronize()
                raise
            caller.wait_event(self._event(stream))

    def close(self) -> None:
        """Release everything at the end of the process."""
        if self._process != os.getpid() or not self._lock.acquire(timeout=_AT_EXIT):
            return  # a forked child owns none of it, or a daemon thread is still copying
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
            self._sent[turn] = None  # the buffer is free, whatever fails from here on
        self._turn = (turn + 1) % BUFFERS
        buffer, runtime = self._buffers[turn], self._cupy.cuda.runtime
        self._fill(buffer, block)
        runtime.memcpyAsync(
            target, buffer.ctypes.data, len(block), runtime.memcpyHostToDevice, stream.ptr
        )
        self._sent[turn] = self._event(stream)

    def _stream(self) -> Any:
        """Return the ring's stream on the current GPU."""
        cuda = self._cupy.cuda
        gpu = int(cuda.runtime.getDevice())
        if gpu not in self._streams:
            self._streams[gpu] = cuda.Stream(non_blocking=True)
        return self._streams[gpu]

    def _event(self, stream: Any) -> Any:
        """Record an event of the current GPU after all work queued in one of its streams."""
        return stream.record(self._cupy.cuda.Event(disable_timing=True))

    def _pinned(self) -> npt.NDArray[np.uint8]:
        cuda = self._cupy.cuda
        memory = cuda.PinnedMemory(RING_BYTES, cuda.runtime.hostAllocPortable)  # for all GPUs
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
            wait(copies)  # if one fails, the others may still write to the buffer


def _blocks(parts: Sequence[npt.NDArray[Any]]) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield the bytes of the parts, at most `RING_BYTES` at a time."""
    for part in parts:
        data = np.ascontiguousarray(part).view(np.uint8)
        for begin in range(0, len(data), RING_BYTES):
            yield data[begin : begin + RING_BYTES]
