"""Runs calls in another process, so that a crash or a hang of one is seen and ends no test run."""

import multiprocessing
import re
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from collapse_stats.errors import CollapseStatsError

PACKAGE = "collapse_stats"
CORE = re.compile(r"\b(counter|scan|_native)\.\w+\(")  # what the C++ core raises, it means
SECONDS = 40.0  # of one call: a hang


@dataclass(frozen=True)
class Outcome:
    """What a call did: a `value`, or an error; `crash` if it ended or blocked its process."""

    value: Any = None
    error: str = ""
    message: str = ""
    traceback: str = ""
    crash: str = ""

    @property
    def fault(self) -> str:
        """Why this is a fault of the package, "" if it is none.

        An error must be meant: one of the package's classes, or a ValueError, TypeError, OSError or
        MemoryError that the package itself raised, with a sentence.
        """
        if self.crash:
            return self.crash
        if not self.error:
            return ""
        if self.error == "meant" and " " in self.message:
            return ""
        return f"{self.error}: {self.message}\n{self.traceback}"


class Watched:
    """Calls ``function(*args)`` in one process after the other; use it in a ``with``."""

    def __init__(self) -> None:
        self._process: Any = None
        self._pipe: Any = None

    def __enter__(self) -> "Watched":
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def call(self, function: Callable[..., Any], *args: Any) -> Outcome:
        """Return what a function of a module does with picklable arguments."""
        if self._process is None:
            self._start()
        self._pipe.send((function, args))
        try:
            if not self._pipe.poll(SECONDS):
                self._end()
                return Outcome(crash=f"no answer within {SECONDS:.0f} s")
            outcome: Outcome = self._pipe.recv()
        except (EOFError, ConnectionError):
            self._process.join()
            code = self._process.exitcode
            self._end()
            return Outcome(crash=f"the process ended with {code}")
        return outcome

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
        self._process.start()
        theirs.close()

    def _end(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._pipe.close()
        self._process = None


def _serve(pipe: Connection) -> None:
    while True:
        try:
            function, args = pipe.recv()
        except EOFError:
            return
        pipe.send(outcome_of(function, args))


def outcome_of(function: Callable[..., Any], args: tuple[Any, ...]) -> Outcome:
    """Call the function here, and say what it did."""
    try:
        return Outcome(value=function(*args))
    except Exception as error:
        kind = "meant" if is_meant(error) else type(error).__name__
        lines = traceback.format_exception(error)
        return Outcome(error=kind, message=str(error), traceback="".join(lines[-6:]))


def is_meant(error: Exception) -> bool:
    """Whether the package raised this error on purpose.

    That is so if the innermost frame of Python is the package's, and stands at a ``raise``; or if
    the error is one of its classes. What NumPy or a binding raises comes out of a call instead.
    """
    if isinstance(error, CollapseStatsError):
        return True
    if not isinstance(error, ValueError | TypeError | OSError | MemoryError | KeyError):
        return False
    frames = traceback.extract_tb(error.__traceback__)
    if not frames or PACKAGE not in frames[-1].filename:
        return False
    line = frames[-1].line or ""
    is_of_core = CORE.search(line) is not None and "incompatible" not in str(error)
    return line.startswith("raise") or is_of_core
