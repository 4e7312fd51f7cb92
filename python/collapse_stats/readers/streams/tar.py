"""The files in tar archives, read from front to back; nothing is ever written to the disk."""

import io
import tarfile
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any, NamedTuple

from ...errors import InputError
from ..stream import check_length

_MOST_HEADER = 1 << 20  # bytes of the headers of one file, long names and attributes included


class Member(NamedTuple):
    """A file in an archive.

    Attributes
    ----------
    name
        Its path in the archive.
    content
        Gives its bytes, until the next member is asked for; None if it is a link or a device, or
        stored with holes.
    """

    name: str
    content: Callable[[], bytes] | None


class Archive:
    """The files in an archive, or in several that follow each other.

    Attributes
    ----------
    is_complete
        Whether all ends that have been reached so far were marked as such.
    """

    def __init__(self, path: object, blocks: Iterable[tuple[bytes, int]], longest: int) -> None:
        self.is_complete = True
        self._path, self._longest = path, longest
        self._source = _Source(blocks)
        self._last = ""  # the name of the last file or folder

    @property
    def bytes_read(self) -> int:
        """Bytes of the packed or plain archive that have been read so far."""
        return self._source.bytes_read

    def __iter__(self) -> Iterator[Member]:
        """Yield the files.

        Raises
        ------
        InputError
            The archive is damaged or cut short. The files before that place have been yielded.
        """
        while True:
            archive = self._guarded(
                partial(tarfile.TarFile, fileobj=self._source, errors="replace")
            )
            found = archive.next() if archive.members else None
            while found is not None:
                self._last = found.name
                if not found.isdir():
                    yield self._member(found)
                archive.members.clear()  # where the module keeps every member
                found = self._guarded(archive.next)
            self._check_end()
            if not self._source.skip_zeros():
                return

    def _member(self, found: tarfile.TarInfo) -> Member:
        if found.size < 0:
            raise self._damaged(f"{found.name} has {found.size:,} bytes")
        is_plain = found.isreg() and not found.issparse()
        return Member(found.name, partial(self._content, found) if is_plain else None)

    def _content(self, found: tarfile.TarInfo) -> bytes:
        what = f"{found.name}, a file in the archive,"
        check_length(self._path, found.size, self._longest, found.offset_data, what, "unpack it")
        self._source.seek(found.offset_data)
        data = self._source.take(found.size)
        if len(data) < found.size:
            raise self._cut_short()
        return data

    def _guarded(self, step: Callable[[], Any]) -> Any:
        """The result of a step of the module, which may read the headers of one file."""
        self._source.allowed = _MOST_HEADER
        try:
            return step()
        except InputError:
            raise
        except Exception as error:  # the module raises errors of many types for damaged headers
            if self._source.at_end and self._source.tell():
                raise self._cut_short() from error
            raise self._damaged(str(error) or type(error).__name__) from error

    def _check_end(self) -> None:
        """Raise InputError unless reading has stopped at the mark of the end, or without one."""
        last = self._source.last
        if last and len(last) < tarfile.BLOCKSIZE:
            raise self._cut_short()
        if last.strip(b"\0"):
            raise self._damaged("what follows is not the header of a file")
        self.is_complete = self.is_complete and bool(last)

    def _cut_short(self) -> InputError:
        return InputError(
            f"{self._path} is cut short: it ends at byte {self._source.tell():,} of its content, "
            f"{self._place}: fetch or write it again"
        )

    def _damaged(self, what: str) -> InputError:
        return InputError(
            f"{self._path} is damaged at byte {self._source.tell():,} of its content, "
            f"{self._place}: {what}: fetch or write it again"
        )

    @property
    def _place(self) -> str:
        return f"in or after {self._last}" if self._last else "where a tar archive should begin"


class _Source(io.RawIOBase):
    """The content of an archive as a file that is only read forward.

    Attributes
    ----------
    last
        What the last `read` returned.
    allowed
        Bytes that `read` may return until this is set again: headers say how long they are.
    at_end
        Whether all has been read.
    """

    def __init__(self, blocks: Iterable[tuple[bytes, int]]) -> None:
        super().__init__()
        self.last = b""
        self.allowed = 0
        self.bytes_read = 0
        self.at_end = False
        self._blocks = iter(blocks)
        self._block, self._begin = b"", 0  # what has been fetched, and how much of it is read
        self._at = 0

    def tell(self) -> int:
        """Return the position of the next byte."""
        return self._at

    def seek(self, position: int, whence: int = io.SEEK_SET) -> int:
        """Go forward to a position, or to the end if that is before it."""
        if position < self._at:
            raise ValueError(f"goes back to byte {position:,}")
        for _ in self._parts(position - self._at):
            pass
        return self._at

    def read(self, size: int = -1) -> bytes:
        """Return `size` bytes of headers, fewer only at the end."""
        self.allowed -= size
        if size < 0 or self.allowed < 0:
            raise ValueError("a header that is too long")
        self.last = self.take(size)
        return self.last

    def take(self, size: int) -> bytes:
        """Return `size` bytes, fewer only at the end."""
        return b"".join(self._parts(size))

    def skip_zeros(self) -> bool:
        """Go forward to the next block that is not all zeros; False if there is none."""
        while block := self.take(tarfile.BLOCKSIZE):
            if block.strip(b"\0"):
                self._block, self._begin = block + self._block[self._begin :], 0
                self._at -= len(block)
                return True
        return False

    def _parts(self, size: int) -> Iterator[bytes]:
        while size > 0:
            part = self._block[self._begin : self._begin + size]
            if not part:
                self._block, bytes_read = next(self._blocks, (b"", 0))
                self._begin = 0
                self.bytes_read += bytes_read
                if not self._block:
                    self.at_end = True
                    return
                continue
            self._begin += len(part)
            self._at += len(part)
            size -= len(part)
            yield part
