"""What readers are asked for and what they hand out: batches of whole documents."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

Int64Array = npt.NDArray[np.int64]
IntegerArray = npt.NDArray[np.integer]

Kind = Literal["text", "ids"]
Dtype = Literal["u16", "u32"]

BATCH_BYTES = 16 << 20  # of text, or of a file's rows, in a batch; a longer document stays whole
BATCH_TOKENS = 16 << 20

TEXT_KEYS = ("text", "content")
IDS_KEYS = ("input_ids", "tokens")


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What a file does not say of itself.

    Parameters
    ----------
    text_key, ids_key
        Column or JSON key of the text, or of the token ids; by default the first there is of
        ``text``, ``content``, ``input_ids``, ``tokens``. At most one may be given.
    dtype
        Item of a headerless file of ids.
    eot
        Id that marks a document's end (or start): documents are split at it, it is in none.
    vocab_size
        Ids lie in ``0 <= id < vocab_size``.
    doc_per_line
        Whether each line of a text file is a document, rather than the file.
    """

    text_key: str | None = None
    ids_key: str | None = None
    dtype: Dtype | None = None
    eot: int | None = None
    vocab_size: int | None = None
    doc_per_line: bool = False

    def __post_init__(self) -> None:
        if self.text_key is not None and self.ids_key is not None:
            raise ValueError(
                f"text_key or ids_key may be given, got both ({self.text_key!r}, {self.ids_key!r})"
            )
        if self.dtype not in (None, "u16", "u32"):
            raise ValueError(f"dtype must be 'u16' or 'u32', got {self.dtype!r}")
        if self.eot is not None and self.eot < 0:
            raise ValueError(f"eot must be a token id, 0 or more, got {self.eot}")

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys to look for, best first."""
        if self.text_key is not None:
            return (self.text_key,)
        if self.ids_key is not None:
            return (self.ids_key,)
        return TEXT_KEYS + IDS_KEYS

    def kind_of(self, key: str) -> Kind:
        """Whether the values under a key of `keys` are texts or ids."""
        return (
            "ids" if key == self.ids_key or (self.text_key is None and key in IDS_KEYS) else "text"
        )


@dataclass(slots=True)
class Batch:
    """Some whole documents, as texts or as packed token ids.

    Attributes
    ----------
    texts
        One text per document, or None when the source holds ids.
    tokens
        ``(T,)`` ids, or None when it holds text. A view of the file where its layout allows.
    start, stop
        ``(D,)`` int64: document i is ``tokens[start[i]:stop[i]]``, ascending and disjoint; boundary
        ids lie between documents. Empty documents have ``start == stop``. ``(0,)`` with texts.
    bytes_read
        Bytes of the source this batch stands for, for progress.
    """

    texts: list[str] | None
    tokens: IntegerArray | None
    start: Int64Array
    stop: Int64Array
    bytes_read: int

    @classmethod
    def of_texts(cls, texts: list[str], bytes_read: int) -> "Batch":
        """Batch of documents of text."""
        none = np.empty(0, dtype=np.int64)
        return cls(texts, None, none, none, bytes_read)

    @classmethod
    def of_tokens(
        cls, tokens: IntegerArray, start: Int64Array, stop: Int64Array, bytes_read: int
    ) -> "Batch":
        """Batch of documents ``tokens[start[i]:stop[i]]``."""
        return cls(None, tokens, start, stop, bytes_read)

    @property
    def documents(self) -> int:
        """Number of documents."""
        return len(self.start) if self.texts is None else len(self.texts)


class Reader(Protocol):
    """One source of documents. `batches` may be called again for another pass over a file."""

    @property
    def path(self) -> str:
        """Where the documents come from."""

    @property
    def format(self) -> str:
        """Name of the format."""

    @property
    def evidence(self) -> str:
        """Why the source was taken for that."""

    @property
    def size(self) -> int:
        """Bytes on disk, or in memory; 0 when unknown."""

    @property
    def kind(self) -> Kind:
        """Whether batches hold texts or ids."""

    @property
    def dtype(self) -> str | None:
        """Integer type of the ids in the source, such as ``uint16``; None for text."""

    @property
    def warnings(self) -> list[str]:
        """What was skipped or repaired by the pass so far; complete when the pass is."""

    def batches(self) -> Iterator[Batch]:
        """Documents in the order of the source, in batches of bounded size."""
