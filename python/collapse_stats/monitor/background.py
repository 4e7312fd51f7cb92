"""The contents of a monitor, and the thread that counts them."""

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Concatenate, ParamSpec, TypeVar

from ..backends.base import Backend
from ..system.gpu import current_gpu, select_gpu
from .buffers import Buffers
from .contents import Contents
from .packing import Update
from .worker import Worker

Result = TypeVar("Result")
Given = ParamSpec("Given")


class Background:
    """Contents that only the thread of a `Worker` uses, so that no interrupt leaves them half done.

    The caller's thread does no more than append updates, in one step each.

    Attributes
    ----------
    buffers
        Memory for the updates, which the thread gives back.

    Parameters
    ----------
    block
        So many positions are handed to the thread at once.
    waiting
        The most blocks that wait for the thread.
    """

    def __init__(self, contents: Contents, backend: Backend, block: int, waiting: int) -> None:
        self.buffers = Buffers()
        self._contents, self._backend, self._block = contents, backend, block
        self._worker = Worker(waiting)
        self._updates: deque[Update] = deque()  # for the thread
        self._positions = 0  # of them; too few after an interrupt, which only delays the work
        self._errors: deque[Exception] = deque()  # of the thread, to be raised

    def add(self, update: Update) -> None:
        """Append an update; raise the errors of earlier ones."""
        self._updates.append(update)
        self._positions += update.positions
        if self._positions >= self._block:
            gpu, self._positions = self._gpu(), 0
            self._worker.submit(self._count, gpu)
        self._raise_errors()

    def when_counted(
        self,
        function: Callable[Concatenate[Contents, Given], Result],
        *arguments: Given.args,
        **keywords: Given.kwargs,
    ) -> Result:
        """Make a call with the contents, once they have every update, and return its result."""

        def call(gpu: int | None) -> Result:
            self._count(gpu)
            self._raise_errors()
            with select_gpu(gpu):
                return function(self._contents, *arguments, **keywords)

        return self._worker.run(call, self._gpu())

    def replace(self, make: Callable[[], Contents]) -> None:
        """Forget the contents and every update, and take other contents."""

        def take() -> None:
            self._contents = make()
            self._updates.clear()
            self._errors.clear()

        self._worker.run(take)

    def _gpu(self) -> int | None:
        """Return the GPU that is current in the caller's thread, for the thread to use."""
        return current_gpu() if self._backend.on_gpu else None

    def _count(self, gpu: int | None) -> None:
        try:
            self._errors.extend(self._contents.add(self._updates, self.buffers, gpu))
        except Exception as error:
            self._errors.append(error)

    def _raise_errors(self) -> None:
        """Raise the first error that the thread met; its notes have the others."""
        if not self._errors:
            return
        errors: list[Exception] = []
        with suppress(IndexError):
            while self._errors:
                errors.append(self._errors.popleft())
        if errors:
            for error in errors[1:]:
                errors[0].add_note(f"another update failed as well: {error}")
            raise errors[0]
