"""Plain text: each file is a document, or each line."""

import json
from collections.abc import Iterator
from functools import partial

import numpy as np

from ...errors import InputError
from ...tokenizers.texts import Texts
from ..base import BATCH_BYTES, Batch
from ..file_reader import TEXT
from ..head import Head
from ..options import Kind, ReadOptions
from ..records.arrow_columns import long_text
from ..remote.location import Name
from ..repairs import Repairs
from ..small_file import SmallFileReader
from ..splits import LINE, Split
from ..stream import NOT_UTF8, decode, line_blocks, unpacked

_FEW = 16  # stretches that are not UTF-8 and may stand in a text, however short
_MOST_LINES = 1 << 16  # of a split: empty ones take more in Python than in the file
_SHARE = 4  # text has less than one of them in so many characters


class TextReader(SmallFileReader):
    """Documents of a UTF-8 text file, compressed or not.

    The file is one document, however long. With ``doc_per_line`` each line is a document, without
    its ``\\n`` or ``\\r\\n``; an empty line is one too.
    """

    format = "text"
    order = 30
    extensions = (".txt", ".text", ".md")
    rank = TEXT
    unit = "file"
    kind: Kind = "text"
    dtype = None
    eot = None

    def __init__(self, name: Name, options: ReadOptions, evidence: str, head: Head) -> None:
        super().__init__(name, options, evidence, head)
        self._per_line = options.doc_per_line
        if head.content.startswith(b"{") and _is_object(head.content.partition(b"\n")[0]):
            self.doubt = "it begins with a JSON object, which is counted as text: if it is JSON "
            self.doubt += "lines, name it .jsonl"

    @property
    def warnings(self) -> list[str]:
        """What was replaced so far, and a doubt about what the file is."""
        return [*([f"{self.path}: {self.doubt}"] if self.doubt else []), *super().warnings]

    @property
    def document(self) -> str:
        """The file or a line."""
        return "each line" if self._per_line else "each file"

    @property
    def has_lines_as_rows(self) -> bool:
        """Whether each line is a document."""
        return self._per_line

    def splits(self) -> Iterator[Split]:
        """Yield the file, or blocks of its lines, to be decoded."""
        if not self._per_line and not self._plain:
            data = unpacked(self.location, BATCH_BYTES, self.longest)
            yield Split(len(data), lambda: self._document(data))
        elif not self._per_line:
            yield Split(self._plain, self._whole)
        elif 0 < self._plain <= BATCH_BYTES and self._places is None:
            yield Split(self._plain, lambda: self._lines(self._content(), 1, self.size))
        else:
            line = 1 + self.first_row
            blocks = line_blocks(self.location, BATCH_BYTES, self.longest, self._places)
            for block, bytes_read in blocks:
                for part, lines in _parts(block):
                    size = len(part) + LINE * lines
                    yield Split(size, partial(self._lines, part, line, bytes_read))
                    line, bytes_read = line + lines, 0

    def _whole(self) -> Batch:
        return self._document(self._content())

    def _document(self, data: bytes) -> Batch:
        texts: Texts | None = long_text(data)
        try:
            texts = [data.decode()] if texts is None else texts
        except UnicodeDecodeError:
            repairs = Repairs()
            return Batch.of_texts([self._text(data, "this document", repairs)], self.size, repairs)
        return Batch.of_texts(texts, self.size)

    def _lines(self, block: bytes, line: int, bytes_read: int) -> Batch:
        repairs = Repairs()
        lines = self._text(block, f"in the lines from {line} on", repairs).split("\n")
        if not block or block.endswith(b"\n"):
            lines.pop()
        return Batch.of_texts([text.removesuffix("\r") for text in lines], bytes_read, repairs)

    def _text(self, data: bytes, place: str, repairs: Repairs) -> str:
        """The text of some bytes, most of which must be UTF-8."""
        text, replaced = decode(data)
        if replaced > _FEW and replaced * _SHARE > len(text):
            raise InputError(
                f"{self.path} is not UTF-8 text ({replaced:,} stretches of {place} are not): if it "
                "is text, convert it from its encoding, such as with iconv -f CP1251 -t UTF-8"
            )
        if replaced:
            repairs.add(NOT_UTF8, place, replaced)
        return text


def _parts(block: bytes) -> Iterator[tuple[bytes, int]]:
    """Yield parts of a block that have `_MOST_LINES` at most, each with their number."""
    lines = block.count(b"\n")
    if lines <= _MOST_LINES:
        yield block, lines
        return
    begin = 0
    ends = np.flatnonzero(np.frombuffer(block, dtype=np.uint8) == ord("\n")) + 1
    for end in ends[_MOST_LINES - 1 :: _MOST_LINES].tolist():
        yield block[begin:end], _MOST_LINES
        begin = end
    if begin < len(block):
        yield block[begin:], lines % _MOST_LINES


def _is_object(line: bytes) -> bool:
    """Whether a line is a JSON object."""
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False
