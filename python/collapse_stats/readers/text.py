"""Plain text: each file a document, or each line."""

from collections.abc import Iterator

from .batch import BATCH_BYTES, Batch, Kind, ReadOptions
from .remote import Location
from .stream import decode, line_blocks, read_all
from .tally import Tally


class TextReader:
    """Documents of a UTF-8 text file, ``.gz`` and ``.zst`` too.

    The file is one document, however long; with ``doc_per_line`` each line is one, without its
    ``\\n`` or ``\\r\\n``, an empty line too.
    """

    format = "text"
    kind: Kind = "text"
    dtype = None
    eot = None

    def __init__(self, path: Location, options: ReadOptions, evidence: str) -> None:
        self.path = str(path)
        self.evidence = evidence
        self.size = path.stat().st_size
        self._path = path
        self._per_line = options.doc_per_line
        self._longest = options.longest
        self._tally = Tally()

    @property
    def warnings(self) -> list[str]:
        """Bytes replaced in the pass so far."""
        return self._tally.messages(self.path)

    def batches(self) -> Iterator[Batch]:
        """One document, or about 16 MiB of lines a batch."""
        self._tally.clear()
        if not self._per_line:
            data = read_all(self._path, BATCH_BYTES, self._longest)
            yield Batch.of_texts([self._text(data, "this document")], self.size)
            return
        line = 1
        for block, bytes_read in line_blocks(self._path, BATCH_BYTES, self._longest):
            lines = self._text(block, f"in the lines from {line} on").split("\n")
            if block.endswith(b"\n"):
                lines.pop()
            line += len(lines)
            yield Batch.of_texts([text.removesuffix("\r") for text in lines], bytes_read)

    def _text(self, data: bytes, place: str) -> str:
        text, replaced = decode(data)
        if replaced:
            self._tally.add("stretches that are not UTF-8 replaced by U+FFFD", place, replaced)
        return text
