"""Texts on their way to a tokenizer: a list, or an Arrow array that no list was made of."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np


class ArrowTexts(Protocol):
    """An Arrow array of strings, of which none is null, and all of whose bytes are UTF-8."""

    nbytes: int

    def __len__(self) -> int:
        """Return the number of texts."""

    def to_pylist(self) -> list[str]:
        """Return the texts as Python's strings."""

    @property
    def type(self) -> Any:
        """Return the type of the strings."""

    def cast(self, kind: Any) -> Any:
        """Return the texts as another type of strings."""


Texts = Sequence[str] | ArrowTexts

_MOST_OF_ONE_ARRAY = (1 << 31) - 1  # bytes of text, whose ends have 32 bits


def as_list(texts: Texts) -> list[str]:
    """Return texts as Python's strings."""
    return list(texts) if isinstance(texts, Sequence) else texts.to_pylist()


def size_of(texts: Texts) -> int:
    """Return about how many bytes texts take."""
    return sum(map(len, texts)) if isinstance(texts, Sequence) else texts.nbytes


def together(parts: Sequence[Texts]) -> Texts:
    """Return the texts of all parts in their order, as an array if every part is one."""
    filled = [part for part in parts if len(part)]
    if len(filled) == 1:
        return filled[0]
    arrays = [part for part in filled if not isinstance(part, Sequence)]
    if len(arrays) == len(filled) > 0 and sum(map(size_of, arrays)) < _MOST_OF_ONE_ARRAY:
        import pyarrow as pa

        array: ArrowTexts = pa.concat_arrays(list(map(_with_short_ends, arrays)))
        return array
    return [text for part in filled for text in as_list(part)]


def joined(texts: Texts, separator: str) -> bytes:
    """Return texts as UTF-8, each followed by a separator.

    Raises
    ------
    UnicodeEncodeError
        A string has half a surrogate pair.
    """
    room = _MOST_OF_ONE_ARRAY - len(texts) * len(separator)
    if isinstance(texts, Sequence) or size_of(texts) > room:
        return separator.join([*as_list(texts), ""]).encode()
    import pyarrow as pa
    import pyarrow.compute as pc

    # Not pa.array and pa.scalar, which import pandas when they are called first.
    ends = pa.Array.from_buffers(pa.int32(), 2, [None, _bounds(len(texts))])
    whole = pa.ListArray.from_arrays(ends, _with_short_ends(texts))
    between = separator.encode()
    scalar = pa.StringArray.from_buffers(1, _bounds(len(between)), pa.py_buffer(between))[0]
    return b"".join((pc.binary_join(whole, scalar)[0].as_buffer(), between if len(texts) else b""))


def _bounds(size: int) -> Any:
    """Where the only item of an Arrow array begins and ends."""
    import pyarrow as pa

    return pa.py_buffer(np.array([0, size], dtype=np.int32))


def _with_short_ends(texts: ArrowTexts) -> Any:
    """The texts as strings whose ends have 32 bits, which are joined faster."""
    import pyarrow as pa

    return texts if texts.type == pa.string() else texts.cast(pa.string())
