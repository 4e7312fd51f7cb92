"""Measures how fast this machine counts, and how fast it copies memory."""

import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from statistics import median

import numpy as np
import numpy.typing as npt

from ..errors import CollapseStatsError
from ..ngrams.chunk import Chunk
from ..ngrams.layout import Layout
from .base import Backend
from .selection import select

COPY_BYTES = 1 << 28  # much larger than any cache
RESIDENT = "cuda, resident"  # the cuda backend with tokens that are on the GPU already
ROUNDS = 3
PATIENCE = 2.0  # seconds of calls after which no further one is made


@dataclass(frozen=True, slots=True)
class Timing:
    """Time that one backend takes to count the spectra of orders 1 to `max_order`.

    Attributes
    ----------
    seconds
        Median of `ROUNDS` calls after a first one, which is not counted; of fewer if they are slow.
    tokens_per_second
        Tokens divided by `seconds`.
    share_of_bandwidth
        Bytes that must be moved, divided by the bytes that the machine can copy in the same time.
        Every token is read once, and every record of ``ceil((key bits) / 8)`` bytes is written once
        and read once.
    """

    backend: str
    max_order: int
    seconds: float
    tokens_per_second: float
    share_of_bandwidth: float


def copy_bandwidth(threads: int | None = None) -> float:
    """Bytes read and written per second by a large copy with all threads; the best of five."""
    number = threads or os.cpu_count() or 1
    source = np.ones(COPY_BYTES, dtype=np.uint8)
    target = np.zeros_like(source)
    edges = np.linspace(0, COPY_BYTES, number + 1).astype(int).tolist()
    best = float("inf")
    with ThreadPoolExecutor(number) as pool:
        for _ in range(5):
            begin = time.perf_counter()
            list(pool.map(lambda i: _copy(source, target, edges[i], edges[i + 1]), range(number)))
            best = min(best, time.perf_counter() - begin)
    return 2 * COPY_BYTES / best


def device_bandwidth() -> float:
    """Bytes read and written per second by a large copy on the GPU; the best of five."""
    import cupy

    source = cupy.ones(COPY_BYTES, dtype=cupy.uint8)
    target = cupy.zeros_like(source)
    begin, end = cupy.cuda.Event(), cupy.cuda.Event()
    best = float("inf")
    for _ in range(5):
        begin.record(cupy.cuda.get_current_stream())
        cupy.copyto(target, source)
        end.record(cupy.cuda.get_current_stream())
        end.synchronize()
        best = min(best, cupy.cuda.get_elapsed_time(begin, end) / 1e3)
    return 2 * COPY_BYTES / best


def time_counting(
    tokens: npt.NDArray[np.integer],
    vocab_size: int,
    backends: Sequence[str],
    *,
    max_order: int,
    bandwidth: float,
    on_gpu: float | None = None,
    threads: int | None = None,
) -> Iterator[Timing]:
    """Time every backend with every order from 1 to `max_order`, on one document of `tokens`.

    Parameters
    ----------
    backends
        Names; `RESIDENT` is cuda without the upload of the tokens.
    bandwidth, on_gpu
        Bytes copied per second by the CPU and by the GPU; None if there is no GPU.

    Raises
    ------
    CollapseStatsError
        Two backends do not give the same spectra.
    """
    chunk = Chunk.of_documents(tokens, np.array([0]), np.array([len(tokens)]))
    for order in range(1, max_order + 1):
        layout = Layout(vocab_size, order)
        answers = []
        for name in backends:
            backend = select("cuda" if name == RESIDENT else name, threads)
            placed = _resident(chunk) if name == RESIDENT else chunk
            seconds, answer = _median(backend, placed, layout)
            answers.append(answer)
            moved = len(tokens) * (tokens.dtype.itemsize + 2 * -(-layout.key_bits // 8))
            copied = seconds * ((on_gpu if name in ("cuda", RESIDENT) else None) or bandwidth)
            yield Timing(name, order, seconds, len(tokens) / seconds, moved / copied)
        if any(answer != answers[0] for answer in answers):
            raise CollapseStatsError(
                f"{' and '.join(backends)} must give one answer, but differ at order "
                f"{order}: please report this with the corpus"
            )


def _resident(chunk: Chunk) -> Chunk:
    """The chunk with its tokens copied to the GPU."""
    import cupy

    return replace(chunk, tokens=cupy.asarray(chunk.tokens))


def _median(backend: Backend, chunk: Chunk, layout: Layout) -> tuple[float, object]:
    """Median time in seconds of counting the chunk, and the spectra."""
    times: list[float] = []
    while len(times) <= ROUNDS and sum(times) < PATIENCE:
        begin = time.perf_counter()
        answer = backend.spectra([chunk], layout, [(1, 0)])
        times.append(time.perf_counter() - begin)
    return median(times[1:] or times), answer


def _copy(
    source: npt.NDArray[np.uint8], target: npt.NDArray[np.uint8], begin: int, end: int
) -> None:
    np.copyto(target[begin:end], source[begin:end])
