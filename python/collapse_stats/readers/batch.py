"""What readers are asked for and what they hand out: batches of whole documents."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from .tally import Tally

Int64Array = npt.NDArray[np.int64]
IntegerArray = npt.NDArray[np.integer]

Kind = Literal["text", "ids"]
Dtype = Literal["u8", "u16", "u32", "u64"]
Part = Literal["assistant", "user", "all"]

BATCH_BYTES = 1 << 19  # of text in a batch: what a thread tokenizes at a time; documents are whole
BATCH_TOKENS = 16 << 20
MAX_DOCUMENT = 1 << 30  # bytes of a line, or of a text that is one document

TEXT_KEYS = ("text", "content")
IDS_KEYS = ("input_ids", "tokens")
CHAT_KEYS = (("messages",), ("conversations",), ("prompt", "completion"))

_KEYS = (*((key,) for key in TEXT_KEYS + IDS_KEYS), *CHAT_KEYS)

ITEMS: dict[Dtype, np.dtype[np.integer]] = {
    "u8": np.dtype("<u1"),
    "u16": np.dtype("<u2"),
    "u32": np.dtype("<u4"),
    "u64": np.dtype("<u8"),
}


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What a file does not say of itself.

    Parameters
    ----------
    text_key, ids_key
        Column or JSON key of the text (or chat), or of the token ids; by default the first there is
        of ``text``, ``content``, ``input_ids``, ``tokens``, ``messages``, ``conversations``,
        ``prompt`` with ``completion``. At most one may be given.
    dtype
        Item of a headerless file of ids.
    eot
        Id that marks a document's end (or start): documents are split at it, it is in none. By
        default that of the format, if it has one.
    vocab_size
        Ids lie in ``0 <= id < vocab_size``.
    doc_per_line
        Whether each line of a text file is a document, rather than the file.
    longest
        Bytes of the longest line, or text that is a document, to be held in memory.
    part
        Whose turns of a chat to read; given, only chats are looked for. By default all of them.
    """

    text_key: str | None = None
    ids_key: str | None = None
    dtype: Dtype | None = None
    eot: int | None = None
    vocab_size: int | None = None
    doc_per_line: bool = False
    part: Part | None = None
    longest: int = MAX_DOCUMENT

    def __post_init__(self) -> None:
        if self.text_key is not None and self.ids_key is not None:
            raise ValueError(
                f"text_key or ids_key may be given, got both ({self.text_key!r}, {self.ids_key!r})"
            )
        if self.part not in (None, "assistant", "user", "all"):
            raise ValueError(f"part must be 'assistant', 'user' or 'all', got {self.part!r}")
        if self.part is not None and self.ids_key is not None:
            raise ValueError("part chooses turns of a chat, which is text; got ids_key as well")
        if self.dtype is not None and self.dtype not in ITEMS:
            raise ValueError(f"dtype must be one of {', '.join(ITEMS)}, got {self.dtype!r}")
        if self.eot is not None and self.eot < 0:
            raise ValueError(f"eot must be a token id, 0 or more, got {self.eot}")

    @property
    def keys(self) -> tuple[tuple[str, ...], ...]:
        """Keys to look for, best first; two together are a chat in two parts."""
        if self.text_key is not None:
            return ((self.text_key,),)
        if self.ids_key is not None:
            return ((self.ids_key,),)
        return CHAT_KEYS if self.part else _KEYS

    @property
    def wanted(self) -> str:
        """The keys to look for, to be read by people."""
        return " or ".join(" with ".join(map(repr, keys)) for keys in self.keys)

    def find(self, names: Collection[str]) -> tuple[str, ...] | None:
        """The best keys that are all among `names`."""
        return next((keys for keys in self.keys if all(map(names.__contains__, keys))), None)

    def kind_of(self, key: str) -> Kind:
        """Whether the values under a key of `keys` are texts (or chats) or ids."""
        return (
            "ids" if key == self.ids_key or (self.text_key is None and key in IDS_KEYS) else "text"
        )


def listed(names: Iterable[str], most: int = 20) -> str:
    """Names for a message: the first of them, each cut where it gets long."""
    kept = [name if len(name) <= 80 else f"{name[:77]}..." for name in islice(names, most + 1)]
    return ", ".join(kept[:most]) + (", ..." if len(kept) > most else "") or "none"


_NONE = np.empty(0, dtype=np.int64)


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
    notes
        What was skipped or repaired, None when nothing can have been.
    """

    texts: list[str] | None
    tokens: IntegerArray | None
    start: Int64Array
    stop: Int64Array
    bytes_read: int
    notes: Tally | None = None

    @classmethod
    def of_texts(cls, texts: list[str], bytes_read: int, notes: Tally | None = None) -> "Batch":
        """Batch of documents of text."""
        return cls(texts, None, _NONE, _NONE, bytes_read, notes)

    @classmethod
    def of_tokens(
        cls,
        tokens: IntegerArray,
        start: Int64Array,
        stop: Int64Array,
        bytes_read: int,
        notes: Tally | None = None,
    ) -> "Batch":
        """Batch of documents ``tokens[start[i]:stop[i]]``."""
        return cls(None, tokens, start, stop, bytes_read, notes)

    @property
    def documents(self) -> int:
        """Number of documents."""
        return len(self.start) if self.texts is None else len(self.texts)

    @property
    def nbytes(self) -> int:
        """About how many bytes of memory the documents take."""
        if self.tokens is not None:
            return self.tokens.nbytes + self.start.nbytes + self.stop.nbytes
        return sum(map(len, self.texts or []))


class Reader(Protocol):
    """One source of documents. `batches` may be called again for another pass over a file.

    One whose documents threads may read at the same time is `Divided` as well.
    """

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
    def eot(self) -> int | None:
        """Id that documents are split at, None when only the format's own bounds count."""

    @property
    def warnings(self) -> list[str]:
        """What was skipped or repaired by the pass so far; complete when the pass is."""

    def batches(self) -> Iterator[Batch]:
        """Documents in the order of the source, in batches of bounded size."""
