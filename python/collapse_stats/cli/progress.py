"""Progress bars on stderr if it is a terminal; nothing otherwise."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any

import click

from ..readers.remote.shown import without_secrets
from ..report.grid import printable

if TYPE_CHECKING:
    import rich.progress


class Reporter:
    """Shows progress bars and warnings on stderr while a ``with`` block runs."""

    def __init__(self) -> None:
        self._bars: rich.progress.Progress | None = None

    def __enter__(self) -> "Reporter":
        if sys.stderr is not None and sys.stderr.isatty():
            self._bars = _bars()
            self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bars is not None:
            self._bars.stop()

    @contextmanager
    def task(self, what: str, size: int = 0, unit: str = "") -> "Iterator[Task]":
        """Show a bar for work of `size` units until the ``with`` block ends."""
        if self._bars is None:
            yield Task(None, None, size)
            return
        number = self._bars.add_task(
            printable(without_secrets(what)), total=size or None, unit=unit
        )
        try:
            yield Task(self._bars, number, size)
        finally:
            self._bars.remove_task(number)

    def warn(self, message: str) -> None:
        """Print a warning."""
        self.note(f"warning: {message}")

    def note(self, message: str) -> None:
        """Print a message in one line."""
        line = printable(without_secrets(" ".join(message.split())))
        if self._bars is not None:
            self._bars.console.print(line, markup=False, highlight=False, soft_wrap=True)
        else:
            click.echo(line, err=True)


class Task:
    """One bar; it can be called as the `Progress` of the library."""

    def __init__(self, bars: "rich.progress.Progress | None", number: Any, size: int) -> None:
        self._bars, self._number, self._size = bars, number, size

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show how much is done; if the task has a size of its own, in units of that."""
        if self._bars is None:
            return
        if self._size:
            done, total = self._size * done // max(total, 1), self._size
        self._bars.update(self._number, completed=done, total=total or None)


def _bars() -> "rich.progress.Progress":
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        ProgressColumn,
        SpinnerColumn,
        Task,
        TextColumn,
        TimeElapsedColumn,
    )
    from rich.text import Text

    class Pace(ProgressColumn):
        """Millions of units per second, and the time left."""

        def render(self, task: Task) -> Text:
            speed, unit, left = task.speed, task.fields.get("unit"), task.time_remaining
            parts = [f"{speed / 1e6:,.1f} {unit}/s"] if speed and unit else []
            parts += [f"{timedelta(seconds=int(left))} left"] if left else []
            return Text(", ".join(parts), style="dim")

    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        TimeElapsedColumn(),
        Pace(),
        console=Console(stderr=True),
        transient=True,
    )
