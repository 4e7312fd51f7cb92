"""The base of readers of text files, which use what was read of a small file when it was opened."""

from hashlib import sha256

from ..errors import InputError
from .base import BATCH_BYTES
from .file_reader import FileReader
from .head import Head
from .options import ReadOptions
from .remote.location import Location, Name, as_location
from .splits import SplittableReader
from .stream import UTF8_BOM, lines_between, read_plain, unpacked
from .streams.encoding import fault_of


class SmallFileReader(SplittableReader, FileReader):
    """A reader that keeps what was read to find the format, when that is the whole file.

    Attributes
    ----------
    content
        The unpacked content of a small file until `_content` returns it, else empty.
    """

    compressible = True
    label = "also with .gz, .zst, .bz2 or .xz"
    reads_forward = True
    looks = True

    def __init__(self, name: Name, options: ReadOptions, evidence: str, head: Head) -> None:
        # Not by FileReader: no Path is made and no status asked of a hundred thousand small files.
        self.path = str(name)
        self.evidence = evidence
        self.size = head.size
        self._name = name
        self.first_row, self._places = options.first_row, options.places
        self.longest = options.longest
        self._packed = head.compression is not None
        self._undigested = head.data if head.is_whole else None
        self._sha256 = ""
        if self._packed:
            self._take_digest()
        self.unpacks = self._packed and not head.complete
        self._plain = 0 if self._packed else head.size  # bytes of content, 0 when unknown
        self.content = b""
        fault = fault_of(head.content)
        if fault:
            raise InputError(f"{name} {'holds' if self._packed else 'is'} {fault}")
        if head.complete and len(head.content) <= options.longest:
            self.content = head.content.removeprefix(UTF8_BOM)
            self._plain = len(head.content)

    @classmethod
    def create(
        cls, name: Name, options: ReadOptions, evidence: str, head: Head
    ) -> "SmallFileReader":
        """Return a reader of a file that makes use of its `head`."""
        return cls(name, options, evidence, head)

    @property
    def location(self) -> Location:
        """The file itself."""
        return as_location(self._name)

    @property
    def has_lines_as_rows(self) -> bool:
        """Whether each line is a row, whatever it holds."""
        return False

    @property
    def places(self) -> int:
        """The bytes, if each line is a row and the file is not compressed."""
        return self.size if self.has_lines_as_rows and not self._packed else 0

    def rows_between(self, first: int, last: int) -> int:
        """Return how many lines begin there, which takes a look at the bytes."""
        return lines_between(self.location, first, last)

    @property
    def sha256(self) -> str:
        """The SHA-256 of all bytes of the file; "" when more of the file is needed for it."""
        self._take_digest()
        return self._sha256

    def _take_digest(self) -> None:
        if self._undigested is not None:
            self._sha256 = sha256(self._undigested).hexdigest()
            self._undigested = None

    def forget(self) -> None:
        """Drop the content that is kept, to save memory; the file is read again."""
        self._take_digest()
        self.content = b""

    def _content(self) -> bytes:
        """The unpacked content, which is not kept any longer."""
        content = self.content
        self.forget()  # the digest is taken here, in the thread that reads
        if content:
            self.state = None  # what was read at once needs no second look
            return content
        if self._packed:
            return unpacked(self.location, BATCH_BYTES, self.longest)
        return read_plain(self.location, self.size, self.longest)
