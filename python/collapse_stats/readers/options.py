"""What the user says about files that the files do not say themselves."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

import numpy as np

Kind = Literal["text", "ids"]


Dtype = Literal["u8", "u16", "u32", "u64"]


ChatTurns = Literal["assistant", "user", "all"]


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
    part: ChatTurns | None = None
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
