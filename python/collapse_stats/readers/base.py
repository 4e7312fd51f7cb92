"""The base class of readers, and the batches of whole documents that they yield."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..tokenizers.texts import Texts, size_of
from .options import Kind
from .remote.location import Location
from .repairs import Repairs
from .rows import Rows

Int64Array = npt.NDArray[np.int64]
IntegerArray = npt.NDArray[np.integer]


BATCH_BYTES = 1 << 19  # of text in a batch, which one thread tokenizes; documents are whole
BATCH_TOKENS = 2 << 20  # ids in a batch, whose documents may be as many


def listed(names: Iterable[str], most: int = 20) -> str:
    """Return the first names for a message, long ones cut."""
    kept = [name if len(name) <= 80 else f"{name[:77]}..." for name in islice(names, most + 1)]
    return ", ".join(kept[:most]) + (", ..." if len(kept) > most else "") or "none"


_NONE = np.empty(0, dtype=np.int64)


@dataclass(slots=True)
class Batch:
    """Some whole documents, as texts or as packed token ids.

    Attributes
    ----------
    texts
        One text per document, in a list or in an Arrow array without nulls, whose UTF-8 is valid;
        None when the source holds ids.
    tokens
        ``(T,)`` ids, or None when the source holds text. A view of the file where its layout
        allows.
    start, stop
        ``(D,)`` int64: document i is ``tokens[start[i]:stop[i]]``, ascending and disjoint; boundary
        ids lie between documents. Empty documents have ``start == stop``. ``(0,)`` with texts.
    bytes_read
        Bytes of the source that the batch accounts for, to show progress.
    repairs
        What was skipped or repaired in the batch, None when the format needs no repairs.
    rows
        Which rows of the source the documents come from; None if each row is just one document.
    """

    texts: Texts | None
    tokens: IntegerArray | None
    start: Int64Array
    stop: Int64Array
    bytes_read: int
    repairs: Repairs | None = None
    rows: Rows | None = None

    @classmethod
    def of_texts(
        cls,
        texts: Texts,
        bytes_read: int,
        repairs: Repairs | None = None,
        rows: Rows | None = None,
    ) -> "Batch":
        """Return a batch of texts, each a document."""
        return cls(texts, None, _NONE, _NONE, bytes_read, repairs, rows)

    @classmethod
    def of_tokens(
        cls,
        tokens: IntegerArray,
        start: Int64Array,
        stop: Int64Array,
        bytes_read: int,
        repairs: Repairs | None = None,
        rows: Rows | None = None,
    ) -> "Batch":
        """Return a batch of the documents ``tokens[start[i]:stop[i]]``."""
        return cls(None, tokens, start, stop, bytes_read, repairs, rows)

    @property
    def documents(self) -> int:
        """Number of documents."""
        return len(self.start) if self.texts is None else len(self.texts)

    @property
    def nbytes(self) -> int:
        """Approximate size of the documents in memory, in bytes."""
        if self.tokens is not None:
            return self.tokens.nbytes + self.start.nbytes + self.stop.nbytes
        return size_of(self.texts or [])


class Reader(ABC):
    """One source of documents. `batches` may be called again for another pass over a file.

    A reader that is a `SplittableReader` as well can be read by several threads at a time.
    """

    format: ClassVar[str]
    """Name of the format."""

    path: str
    """Where the documents come from."""

    evidence: str
    """Why the source was taken to be of this format."""

    size: int
    """Bytes on disk, or in memory; 0 when unknown."""

    kind: Kind
    """Whether batches hold texts or ids."""

    dtype: str | None
    """Integer type of the ids in the source, such as ``uint16``; None for text."""

    eot: int | None
    """Id that documents are split at, None when only the format separates documents."""

    first_row: int = 0
    """Rows of the source before those that are read."""

    doubt: str = ""
    """Why the ids may not be what they were taken for; "" if nothing suggests it."""

    unpacks: bool = False
    """Whether going from split to split takes long because data is unpacked."""

    maps_file: ClassVar[bool] = False
    """Whether ids are views of the file, which is mapped into memory."""

    @property
    def location(self) -> Location | None:
        """The file, whose `path` may hide credentials of a URL; None if there is none."""
        return None

    @property
    def sha256(self) -> str:
        """The SHA-256 of all bytes of a file that was read at once, else empty."""
        return ""

    @property
    def warnings(self) -> list[str]:
        """What the pass has skipped or repaired so far; complete when the pass is."""
        return []

    @property
    def left_out(self) -> int:
        """Lines, rows or items without a document in the pass so far."""
        return 0

    def change(self) -> InputError | None:
        """Return the error to raise if the source was written to since it was opened, else None."""
        return None

    @abstractmethod
    def batches(self) -> Iterator[Batch]:
        """Yield the documents in the order of the source, in batches of bounded size."""
