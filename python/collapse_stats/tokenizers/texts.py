"""Texts on their way to a tokenizer: a list, or an Arrow array that no list was made of."""

from collections.abc import Sequence
from typing import Any, Protocol


class ArrowTexts(Protocol):
    """An Arrow array of strings, of which none is null, and all of whose bytes are UTF-8."""

    nbytes: int

    def __len__(self) -> int:
        """Return the number of texts."""

    def to_pylist(self) -> list[str]:
        """Return the texts as Python's strings."""

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

        array: ArrowTexts = pa.concat_arrays([part.cast(pa.string()) for part in arrays])
        return array
    return [text for part in filled for text in as_list(part)]


def joined(texts: Texts, separator: str) -> bytes:
    """Return texts as UTF-8 with a separator between them.

    Raises
    ------
    UnicodeEncodeError
        A string has half a surrogate pair.
    """
    room = _MOST_OF_ONE_ARRAY - len(texts) * len(separator)
    if isinstance(texts, Sequence) or size_of(texts) > room:
        return separator.join(as_list(texts)).encode()
    import pyarrow as pa
    import pyarrow.compute as pc

    ends = pa.array([0, len(texts)], pa.int32())
    whole = pa.ListArray.from_arrays(ends, texts.cast(pa.string()))
    data: bytes = pc.binary_join(whole, separator)[0].as_buffer().to_pybytes()
    return data
