"""How fast this machine counts, beside how fast it copies memory."""

import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from statistics import median

import numpy as np
import numpy.typing as npt

from ..backends.base import Backend
from ..backends.selection import select
from ..errors import CollapseStatsError
from ..ngrams.chunk import Chunk
from ..ngrams.layout import Layout
from ..tokenizers import load
from .recursion import human_documents

COPY_BYTES = 1 << 28  # far beyond any cache
RESIDENT = "cuda, resident"  # the cuda backend with tokens that lie on the GPU already
ROUNDS = 3
PATIENCE = 2.0  # seconds after which a slow call is not repeated


@dataclass(frozen=True, slots=True)
class Timing:
    """Spectra of orders 1..max_order by one backend.

    Attributes
    ----------
    seconds
        Median of `ROUNDS` calls after one that warms up; of fewer when they are slow.
    tokens_per_second
        Tokens over `seconds`.
    share_of_bandwidth
        Bytes that must move over the bytes the machine would copy in that time: every token is read
        once, every record of ``ceil((key bits) / 8)`` bytes written once and read once.
    """

    backend: str
    max_order: int
    seconds: float
    tokens_per_second: float
    share_of_bandwidth: float


def embedded_tokens(number: int) -> tuple[npt.NDArray[np.uint16], int]:
    """Tokens of real text that is everywhere, and the size of their vocabulary.

    It is the demo's text; beyond its length it repeats with the ids permuted anew each time, which
    keeps it as diverse as new text.
    """
    tokenizer = load("builtin")
    text = np.concatenate([tokenizer.encode(document) for document in human_documents()])
    parts = [text]
    rng = np.random.default_rng(0)
    while len(text) * len(parts) < number:
        parts.append(rng.permutation(tokenizer.vocab_size).astype(np.uint16)[text])
    return np.concatenate(parts)[:number], tokenizer.vocab_size


def copy_bandwidth(threads: int | None = None) -> float:
    """Bytes read and written per second by a large copy on all threads, the best of five."""
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
    """Bytes read and written per second by a large copy on the GPU, the best of five."""
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
    """Time every backend on every ``max_order`` up to the one given, one document of `tokens`.

    Parameters
    ----------
    backends
        Names; `RESIDENT` stands for cuda without the upload of the tokens.
    bandwidth, on_gpu
        Bytes copied per second by the CPU and, if it is asked for, by the GPU.

    Raises
    ------
    CollapseStatsError
        when two backends do not give the same spectra.
    """
    chunk = Chunk.of_documents(tokens, np.array([0]), np.array([len(tokens)]))
    for order in range(1, max_order + 1):
        layout = Layout(vocab_size, order)
        answers = []
        for name in backends:
            backend = select("cuda" if name == RESIDENT else name, threads)
            part = _resident(chunk) if name == RESIDENT else chunk
            seconds, answer = _median(backend, part, layout)
            answers.append(answer)
            must_move = tokens.dtype.itemsize + 2 * -(-layout.key_bits // 8)
            copied = seconds * ((on_gpu if name in ("cuda", RESIDENT) else None) or bandwidth)
            yield Timing(
                name,
                order,
                seconds,
                len(tokens) / seconds,
                len(tokens) * must_move / copied,
            )
        if any(answer != answers[0] for answer in answers):
            raise CollapseStatsError(
                f"{' and '.join(backends)} must give one answer and differ at order {order}: "
                "please report this with the corpus"
            )


def _resident(chunk: Chunk) -> Chunk:
    import cupy

    return replace(chunk, tokens=cupy.asarray(chunk.tokens))


def _median(backend: Backend, chunk: Chunk, layout: Layout) -> tuple[float, object]:
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
