"""One thread that works beside the training loop, with a bounded queue."""

import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any


class Worker:
    """Calls made one after the other, on another thread.

    While more than `waiting` calls have not been made, `submit` waits for the oldest: nothing is
    ever dropped. What a call raises is raised by a `submit` or `flush` that comes later. The thread
    starts with the first call, ends when the lane is no longer used, and at the interpreter's end
    finishes what waits; after a fork the child starts its own.
    """

    def __init__(self, waiting: int) -> None:
        self._waiting = waiting
        self._process = os.getpid()
        self._executor: ThreadPoolExecutor | None = None
        self._calls: deque[Future[None]] = deque()

    def submit(self, call: Callable[..., None], *arguments: Any) -> None:
        """Have `call` made after those before it."""
        if self._process != os.getpid():
            self._left_by_parent()
        if self._executor is None:
            self._executor = ThreadPoolExecutor(1, thread_name_prefix="collapse-stats-monitor")
        self._calls.append(self._executor.submit(call, *arguments))
        while self._calls and (self._calls[0].done() or len(self._calls) > self._waiting):
            self._calls.popleft().result()

    def flush(self) -> None:
        """Wait until every call is made; raises what the first that failed raised."""
        if self._process != os.getpid():
            self._left_by_parent()
        calls = [self._calls.popleft() for _ in range(len(self._calls))]
        errors = [error for call in calls if (error := call.exception()) is not None]
        if errors:
            raise errors[0]

    def drop(self) -> None:
        """Forget the calls that were not made yet, and what others raised."""
        if self._process != os.getpid():
            self._left_by_parent()
        for call in self._calls:
            call.cancel()
        wait([call for call in self._calls if not call.cancelled()])
        self._calls.clear()

    def _left_by_parent(self) -> None:
        """After a fork: the thread stayed with the parent, and so did what it had to do."""
        self._process, self._executor, self._calls = os.getpid(), None, deque()
