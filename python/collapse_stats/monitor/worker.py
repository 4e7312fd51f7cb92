"""A thread that works beside the training loop, with a bounded queue of calls."""

import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any


class Worker:
    """A thread that makes calls one after the other.

    No call is ever dropped: while more than `waiting` calls are unfinished, `submit` waits for the
    oldest. An exception raised by a call is raised again by a later `submit` or `flush`.

    The thread starts with the first call and ends when the worker is deleted. When the interpreter
    exits, the thread first finishes the calls in the queue. A forked process starts its own thread.
    """

    def __init__(self, waiting: int) -> None:
        self._waiting = waiting
        self._process = os.getpid()
        self._executor: ThreadPoolExecutor | None = None
        self._calls: deque[Future[None]] = deque()

    def submit(self, call: Callable[..., None], *arguments: Any) -> None:
        """Append a call to the queue. If this raises an earlier error, the call is made anyway."""
        if self._process != os.getpid():
            self._restart_after_fork()
        if self._executor is None:
            self._executor = ThreadPoolExecutor(1, thread_name_prefix="collapse-stats-monitor")
        self._calls.append(self._executor.submit(call, *arguments))
        while self._calls and (self._calls[0].done() or len(self._calls) > self._waiting):
            self._calls.popleft().result()

    def flush(self) -> None:
        """Wait until all calls are finished, and raise the exception of the first that failed."""
        if self._process != os.getpid():
            self._restart_after_fork()
        calls = [self._calls.popleft() for _ in range(len(self._calls))]
        errors = [error for call in calls if (error := call.exception()) is not None]
        if errors:
            raise errors[0]

    def drop(self) -> None:
        """Cancel the calls that have not started, and discard the exceptions of the others."""
        if self._process != os.getpid():
            self._restart_after_fork()
        for call in self._calls:
            call.cancel()
        wait([call for call in self._calls if not call.cancelled()])
        self._calls.clear()

    def _restart_after_fork(self) -> None:
        """Forget the thread and the calls, which belong to the parent process."""
        self._process, self._executor, self._calls = os.getpid(), None, deque()
