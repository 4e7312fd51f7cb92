"""The body of an object, of which all who read it get one and the same version."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import IO
from weakref import finalize

from ...errors import InputError
from .shown import shown
from .store import Source, TransientError

_PIECE = 1 << 20


class Body:
    """One version of the object of a URL, however often it is opened.

    The version that the server names when the object is first opened must be named each time. Of an
    object without a version, one answer is kept in an unnamed file, from which all is read.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._seen: tuple[int | None, str | None] | None = None
        self._kept: KeptBody | None = None

    def __reduce__(self) -> tuple[type["Body"], tuple[()]]:
        """Send one to another process that has opened nothing yet."""
        return Body, ()

    @property
    def is_kept(self) -> bool:
        """Whether the object has no version, so that it is kept in a file."""
        return self._kept is not None

    def open(
        self, url: str, ask: Callable[[], Source], tmp: str | os.PathLike[str] | None
    ) -> Source:
        """Open the object; InputError if it has changed since it was first opened.

        Parameters
        ----------
        ask
            Requests it.
        tmp
            Folder for the unnamed file; None is the system's.
        """
        if self._kept is not None:
            return self._kept
        source = ask()
        with self._lock:
            if source.version is None:
                self._kept = self._kept or KeptBody(url, source, tmp)
                return self._kept
            found = source.size, source.version
            self._seen = self._seen or found
            if found == self._seen:
                return source
        source.close()
        raise changed(url)


class KeptBody:
    """The bytes of one answer, kept in an unnamed file as they are fetched.

    If the connection breaks, the object is requested again, and what came before is compared with
    the new answer: so the bytes are those of one version in any case.
    """

    ranges = False

    def __init__(self, url: str, answer: Source, tmp: str | os.PathLike[str] | None) -> None:
        self.size, self.version = answer.size, answer.version
        self._url, self._answer = url, answer
        self._folder = Path(tmp or tempfile.gettempdir())
        try:
            self._file = tempfile.TemporaryFile(dir=tmp, prefix="collapse-stats-")  # noqa: SIM115
        except OSError as error:
            raise self._no_room(error) from error
        finalize(self, _close, self._file, answer)
        self._lock = Lock()
        self._end = 0  # bytes in the file
        self._at = 0  # of the answer, which is behind the end after the connection broke
        self._is_whole = False

    def read(self, begin: int, size: int) -> bytes:
        """Read bytes from `begin` on, and fetch the object as far as that."""
        with self._lock:
            while self._end < begin + size and not self._is_whole:
                self._fetch()
        return os.pread(self._file.fileno(), size, begin)

    def close(self) -> None:
        """Do nothing: others read on from the file."""

    def _fetch(self) -> None:
        try:
            piece = self._answer.read(self._at, _PIECE)
        except TransientError:
            self._at = 0
            raise
        known = os.pread(self._file.fileno(), len(piece), self._at)
        if piece[: len(known)] != known or (not piece and self._at < self._end):
            raise changed(self._url)
        self._keep(piece[len(known) :])
        self._at += len(piece)
        if not piece or self._at == self.size:
            self._is_whole = True
            self._answer.close()

    def _keep(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            try:
                written = os.pwrite(self._file.fileno(), view, self._end)
            except OSError as error:
                raise self._no_room(error) from error
            view, self._end = view[written:], self._end + written

    def _no_room(self, error: OSError) -> InputError:
        return InputError(
            f"{shown(self._url)}: cannot be kept in {self._folder} ({error.strerror}), as is done "
            "when its server names no version of it: give another folder for temporary files, or "
            "download it first"
        )


def _close(file: IO[bytes], answer: Source) -> None:
    file.close()
    answer.close()


def changed(url: str) -> InputError:
    """Return the error to raise for an object that is another one than before."""
    return InputError(f"{shown(url)}: it has changed while it was read; read it again")
