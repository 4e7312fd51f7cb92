"""Files of text and of lines, of which opening a small one has seen all."""

from .batch import ReadOptions
from .head import Head
from .remote import Name, place
from .stream import UTF8_BOM, read_plain
from .units import Divided


class SeenReader(Divided):
    """A reader that makes use of what was seen when its file was found to be what it is.

    Attributes
    ----------
    content
        What a small file that is not compressed holds, until it is read; else nothing. Who opens
        many files lets go of it.
    """

    def __init__(self, name: Name, options: ReadOptions, evidence: str, head: Head) -> None:
        self.path = str(name)
        self.evidence = evidence
        self.size = head.size
        self.digest = head.digest
        self._name = name
        self._longest = options.longest
        self._plain = 0 if head.compression else head.size  # of content, 0 when nobody knows
        seen = head.whole and 0 < self._plain <= options.longest
        self.content = head.data.removeprefix(UTF8_BOM) if seen else b""

    def _content(self) -> bytes:
        content, self.content = self.content, b""
        return content or read_plain(place(self._name), self.size, self._longest)
