"""A thread that works beside the training loop.

An interrupt (Ctrl-C) reaches the main thread only. So whatever must not be left half done is a call
that a worker makes: the main thread waits for it, and an interrupt ends the waiting, not the call.
"""

import os
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Generic, TypeVar, cast

Result = TypeVar("Result")


class Call(Generic[Result]):
    """A call that a worker makes, which any thread may wait for, more than once."""

    def __init__(self, function: Callable[..., Result], *arguments: Any) -> None:
        self._call: partial[Result] | None = partial(function, *arguments)
        self._result: Result | None = None
        self._error: BaseException | None = None
        self._made = threading.Lock()  # held until the call has been made
        self._made.acquire()
        self.is_made = False

    def make(self) -> None:
        """Make the call, for the first and only time; this never raises."""
        call, self._call = self._call, None  # the call may refer to the owner of the worker
        try:
            self._result = cast("partial[Result]", call)()
        except BaseException as error:
            self._error = error
        self.is_made = True
        self._made.release()

    def wait(self) -> None:
        """Wait until the call has been made."""
        if not self.is_made:
            self._made.acquire()
            self._made.release()

    def result(self) -> Result:
        """Wait, and return what the call returned or raise what it raised."""
        self.wait()
        if self._error is not None:
            raise self._error
        return cast(Result, self._result)


class Worker:
    """A thread that makes calls, one at a time.

    No call is ever dropped, and no call is made twice, at whatever moment the thread that hands it
    over is interrupted: it is handed over either completely or not at all. After an interrupt while
    the thread is started, there may be two threads; they take turns, and a call may then be made
    before an earlier one.

    The thread starts with the first call and ends when the worker is deleted. When the interpreter
    exits, the thread first makes the calls that wait. A forked process starts its own thread, and
    forgets the calls that wait in its parent.
    """

    def __init__(self, waiting: int) -> None:
        self._waiting = waiting
        self._start()

    def submit(self, function: Callable[..., None], *arguments: Any) -> None:
        """Hand over a call; while more than `waiting` of them are unfinished, wait for the oldest.

        The function must not raise, because nobody asks for its result.
        """
        call = Call(function, *arguments)
        self._hand_over(call)
        self._submitted.append(call)
        while len(self._submitted) > self._waiting:
            self._submitted[0].wait()
            self._forget_finished()
        self._forget_finished()

    def run(self, function: Callable[..., Result], *arguments: Any) -> Result:
        """Hand over a call, wait for it, and return its result or raise its error."""
        call = Call(function, *arguments)
        self._hand_over(call)
        return call.result()

    def _hand_over(self, call: Call[Any]) -> None:
        if self._process != os.getpid():
            self._start()
        self._executor.submit(_make, self._turn, call)

    def _forget_finished(self) -> None:
        while self._submitted and self._submitted[0].is_made:
            self._submitted.popleft()

    def _start(self) -> None:
        self._process = os.getpid()
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="collapse-stats-monitor")
        self._turn = threading.Lock()  # of the thread whose call is being made
        self._submitted: deque[Call[None]] = deque()


def _make(turn: threading.Lock, call: Call[Any]) -> None:
    with turn:
        call.make()
