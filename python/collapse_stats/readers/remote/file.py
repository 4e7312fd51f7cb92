"""A remote file that is fetched as it is read, and a little ahead."""

import io
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from ...errors import InputError
from .shown import shown
from .store import Source, persistently

FIRST = 1 << 16  # bytes of a block fetched at a new position; blocks double while reading goes on
MOST = 8 << 20  # bytes of the largest block
AHEAD = 3  # blocks fetched ahead while one is read
_AHEAD_FROM = 1 << 20  # size of a block from which on blocks are fetched ahead


class RemoteFile(io.BufferedIOBase):
    """The bytes of an object, seekable; at most four blocks of 8 MiB are in memory."""

    def __init__(self, url: str, source: Source) -> None:
        self._url, self._source = shown(url), source
        self._at = 0
        self._begin, self._block = 0, b""
        self._step = FIRST
        self._ahead: deque[tuple[int, int, Future[bytes]]] = deque()  # begin, end
        self._pool: ThreadPoolExecutor | None = None

    def readable(self) -> bool:
        """Return True: it can be read."""
        return True

    def seekable(self) -> bool:
        """Return True: it can be read from any position."""
        return True

    def tell(self) -> int:
        """Return the position of the next byte."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position; nothing is fetched."""
        if whence == io.SEEK_END:
            offset += self._known_size()
        self._at = offset + (self._at if whence == io.SEEK_CUR else 0)
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        """Read `size` bytes, fewer only at the end."""
        if size is None or size < 0:
            size = self._known_size() - self._at
        parts: list[bytes] = []
        while size > 0:
            if not self._begin <= self._at < self._begin + len(self._block):
                self._load(size)
            first = self._at - self._begin
            part = self._block[first : first + size]
            if not part:
                break
            parts.append(part)
            self._at += len(part)
            size -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def read1(self, size: int = -1) -> bytes:
        """Read `size` bytes, like `read`."""
        return self.read(size)

    def close(self) -> None:
        """Stop fetching."""
        if not self.closed:
            if self._pool is not None:
                self._pool.shutdown(cancel_futures=True)
            self._source.close()
            self._block = b""
        super().close()

    def _known_size(self) -> int:
        if self._source.size is None:
            raise InputError(
                f"{self._url}: the server does not tell how long this is, so it cannot be read "
                "from its end: download it first"
            )
        return self._source.size

    def _load(self, wanted: int) -> None:
        """Make the block that begins at the current position the current block."""
        sequential = self._at == self._begin + len(self._block) and self._block
        self._step = min(2 * self._step, MOST) if sequential else FIRST
        if self._ahead and self._ahead[0][0] == self._at:
            block = self._ahead.popleft()[2].result()
        else:
            self._forget_ahead()
            block = self._fetch(self._at, min(max(self._step, wanted), MOST))
        self._begin, self._block = self._at, block
        if sequential and self._step >= _AHEAD_FROM and self._source.ranges:
            self._fetch_ahead()

    def _fetch_ahead(self) -> None:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(AHEAD)
        begin = self._ahead[-1][1] if self._ahead else self._begin + len(self._block)
        while len(self._ahead) < AHEAD and begin < self._known_size():
            block = self._pool.submit(self._fetch, begin, self._step)
            self._ahead.append((begin, begin + self._step, block))
            begin += self._step

    def _forget_ahead(self) -> None:
        for _, _, future in self._ahead:
            future.cancel()
        self._ahead.clear()

    def _fetch(self, begin: int, size: int) -> bytes:
        """Fetch `size` bytes from a position on, fewer only at the end."""
        total = self._source.size
        if total is not None:
            size = min(size, total - begin)
        parts: list[bytes] = []
        while size > 0:
            read = partial(self._source.read, begin, size)
            part = persistently(read, self._url, f"reading it failed at byte {begin:,}")
            if not part and total is not None:
                raise InputError(
                    f"{self._url}: it ends at byte {begin:,} and should have {total:,}: it has "
                    "changed while it was read; read it again"
                )
            if not part:
                break
            parts.append(part)
            begin, size = begin + len(part), size - len(part)
        return b"".join(parts)
