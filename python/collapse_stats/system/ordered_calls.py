"""Calls made ahead in threads, whose results come in the order of the calls."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
Call = tuple[int, Callable[[], T]]
"""A call, with the bytes of memory in use from its start until its result is taken."""

_CALLS_AHEAD = 8  # per thread


def in_order(calls: Iterable[Call[T]], threads: int, memory: int) -> Generator[T, None, None]:
    """Yield the results of the calls in their order, making some of them ahead in threads.

    Calls in progress use at most `memory` bytes together, unless a single one needs more. The
    iterable is advanced by the caller's thread while the calls are running.

    An exception in a call is raised when the call's turn has come. Then, and when the generator is
    closed, calls that have not begun are cancelled, and running ones are waited for.
    """
    in_progress: deque[tuple[int, Future[T]]] = deque()
    used = 0
    pool = ThreadPoolExecutor(threads, "collapse-stats")
    try:
        for size, call in calls:
            while in_progress and (
                used + size > memory or len(in_progress) >= _CALLS_AHEAD * threads
            ):
                released, future = in_progress.popleft()
                used -= released
                yield future.result()
            in_progress.append((size, pool.submit(call)))
            used += size
        while in_progress:
            yield in_progress.popleft()[1].result()
    finally:
        pool.shutdown(cancel_futures=True)
