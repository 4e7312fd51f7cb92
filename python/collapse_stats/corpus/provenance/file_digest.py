"""SHA-256 of all bytes of files, in threads of their own while the files are read."""

from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from threading import Event
from types import TracebackType

from ...readers.remote.location import Location
from ...readers.streams.pipe import Pipe

_THREADS = 4  # most threads; one takes in more bytes a second than several tokenize
_BLOCK = 1 << 20  # bytes read at a time


def sha256_of(path: Location, stop: Event | None = None) -> str | None:
    """Return the SHA-256 of all bytes of a file, in hex.

    None for what is no file or is gone, and when `stop` is set meanwhile.
    """
    if isinstance(path, Pipe) or (isinstance(path, Path) and not path.is_file()):
        return None  # a pipe is read once
    digest, block = sha256(), memoryview(bytearray(_BLOCK))
    with suppress(FileNotFoundError), path.open("rb") as file:
        while size := file.readinto(block):
            if stop is not None and stop.is_set():
                return None
            digest.update(block[:size])
        return digest.hexdigest()
    return None


class FileDigests:
    """The digests of files, each computed from when the file's turn comes in reading.

    Then its bytes are in memory already, or soon will be: the system keeps what was read.
    """

    def __init__(self, threads: int) -> None:
        self._pool = ThreadPoolExecutor(min(threads, _THREADS), "collapse-stats-digest")
        self._begun: dict[str, Future[str | None]] = {}
        self._stop = Event()

    def __enter__(self) -> "FileDigests":
        """Return the digests."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the threads, at once if files are still being read."""
        self._stop.set()
        self._pool.shutdown(cancel_futures=True)

    def begin(self, name: str, path: Location) -> None:
        """Compute the digest of a file, unless that was begun."""
        if name not in self._begun:
            self._begun[name] = self._pool.submit(sha256_of, path, self._stop)

    def result(self, name: str, path: Location) -> str | None:
        """Return the digest of a file, when it is there."""
        self.begin(name, path)
        return self._begun[name].result()
