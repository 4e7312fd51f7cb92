"""Files of text and of lines, of which opening a small one has seen all."""

from ..base import BATCH_BYTES
from ..head import Head
from ..options import ReadOptions
from ..remote.location import Location, Name, as_location
from ..splits import SplittableReader
from ..stream import UTF8_BOM, read_plain, unpacked, unpacked_head


class SmallFileReader(SplittableReader):
    """A reader that makes use of what was seen when its file was found to be what it is.

    Attributes
    ----------
    content
        What a small file holds, unpacked, until it is read; else nothing. Who opens many files lets
        go of it.
    """

    def __init__(self, name: Name, options: ReadOptions, evidence: str, head: Head) -> None:
        self.path = str(name)
        self.evidence = evidence
        self.size = head.size
        self.digest = head.digest
        self._name = name
        self._longest = options.longest
        self._packed = head.compression is not None
        self._plain = 0 if self._packed else head.size  # of content, 0 when nobody knows
        self.content = b""
        if head.whole and self._packed:
            self.content = unpacked_head(head.data, head.compression, BATCH_BYTES)
            self._plain = len(self.content)
        elif head.whole and head.size <= options.longest:
            self.content = head.data.removeprefix(UTF8_BOM)

    @property
    def _path(self) -> Location:
        return as_location(self._name)

    def _content(self) -> bytes:
        content, self.content = self.content, b""
        if content:
            return content
        if self._packed:
            return unpacked(self._path, BATCH_BYTES, self._longest)
        return read_plain(self._path, self.size, self._longest)
