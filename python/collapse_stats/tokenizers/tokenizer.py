"""A tokenizer, whichever library does the work."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..ngrams.chunk import Int64Array
from ..ngrams.ids import id_dtype
from .texts import Texts, as_list

TokenArray = npt.NDArray[np.uint16] | npt.NDArray[np.uint32]
Ids = npt.NDArray[np.integer]
T = TypeVar("T")
R = TypeVar("R")

UNKNOWN = "\ufffd".encode()  # the text of an id that no token has


@dataclass(frozen=True, slots=True)
class Tokenizer:
    """A vocabulary and the rule that splits text into its tokens. Safe to use from many threads.

    Attributes
    ----------
    spec
        The name it was loaded by; see `load`.
    vocab_size
        Ids are in ``0 <= id < vocab_size``, special tokens included.
    sha256
        Hash of the vocabulary and its splitting rule. Corpora whose tokenizers have different
        hashes cannot be compared.
    library
        The library that encodes many texts, and its version. What the ids are does not depend on
        it.
    warnings
        What a reader of figures must know of the tokenizer, in sentences.
    keeps_bytes
        Whether the bytes of the tokens of a text, one after the other, are its UTF-8 bytes.
    """

    spec: str
    vocab_size: int
    sha256: str
    library: str
    _ids_of: Callable[[str], npt.ArrayLike] = field(repr=False, compare=False)
    _bytes_of: Callable[[Sequence[int]], bytes] = field(repr=False, compare=False)
    _ids_of_all: Callable[[Texts], tuple[Ids, Int64Array, Int64Array] | None] = field(
        default=lambda texts: None, repr=False, compare=False
    )
    warnings: tuple[str, ...] = ()
    keeps_bytes: bool = False

    def encode(self, text: str) -> TokenArray:
        """Return the token ids of a text, ``(T,)``, uint16 if `vocab_size` is at most 65,536.

        Larger vocabularies give uint32. Names of special tokens are encoded as ordinary text. Half
        a surrogate pair, which UTF-8 cannot represent, becomes U+FFFD.

        >>> load("bytes").encode("né").tolist()
        [110, 195, 169]

        Raises
        ------
        InputError
            The tokenizer fails on this text, such as one without a token for unknown characters.
        """
        return self._narrow(self._try(self._ids_of_any, text))

    def encode_all(self, texts: Texts) -> tuple[TokenArray, Int64Array, Int64Array]:
        """Return the token ids of several texts, and where those of each text start and stop.

        Input: a list of strings, or an Arrow array of them without nulls. Output: ids ``(T,)``, and
        positions in them, ``(D,)`` int64. The ids of each text are those of `encode`; one more id,
        which means nothing, may follow each text.

        >>> load("bytes").encode_all(["ab", "", "c"])
        (array([97, 98, 99], dtype=uint16), array([0, 2, 2]), array([2, 2, 3]))

        Raises
        ------
        InputError
            As `encode`.
        """
        found = self._try(self._ids_of_any_all, texts) if len(texts) else None
        if found is not None:
            ids, start, stop = found
            return self._narrow(ids), start, stop
        encoded = [self.encode(text) for text in as_list(texts)]
        stop = np.cumsum([len(ids) for ids in encoded], dtype=np.int64)
        return np.concatenate([*encoded, self._narrow(())]), np.append(0, stop)[: len(stop)], stop

    def decode(self, ids: Sequence[int]) -> str:
        r"""Return the text of ids; invalid UTF-8 appears as ``\xe0``, unknown ids as U+FFFD."""
        return self._bytes_of(ids).decode("utf-8", errors="backslashreplace")

    def bytes_of(self, token: int) -> bytes:
        """Return the bytes of one token by itself."""
        return self._bytes_of([token])

    def _ids_of_any(self, text: str) -> npt.ArrayLike:
        try:
            return self._ids_of(text)
        except UnicodeEncodeError:
            return self._ids_of(_without_halves(text))

    def _ids_of_any_all(self, texts: Texts) -> tuple[Ids, Int64Array, Int64Array] | None:
        try:
            return self._ids_of_all(texts)
        except UnicodeEncodeError:
            return self._ids_of_all([_without_halves(text) for text in as_list(texts)])

    def _try(self, encode: Callable[[T], R], of: T) -> R:
        """Return ``encode(of)``; whatever the library raises becomes an InputError."""
        try:
            return encode(of)
        except BaseException as error:
            if not is_failure(error):
                raise
            raise InputError(
                f"tokenizer {self.spec} fails on this text ({error}): {_remedy(str(error))}"
            ) from error

    def _narrow(self, ids: npt.ArrayLike) -> TokenArray:
        """Convert ids to uint16 if the vocabulary is small enough, else to uint32."""
        return np.asarray(ids, dtype=id_dtype(self.vocab_size))


def _without_halves(text: str) -> str:
    """A text with U+FFFD for each half of a surrogate pair."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def is_failure(error: BaseException) -> bool:
    """Whether a library failed, rather than that there is no memory, or that the user stops.

    Libraries written in Rust raise ``PanicException``, which is no `Exception`.
    """
    if type(error).__name__ == "PanicException":
        return True
    return isinstance(error, Exception) and not isinstance(error, MemoryError)


def _remedy(error: str) -> str:
    if "unk" in error.lower():
        return (
            "its vocabulary lacks a part of the text, and the token that would stand for it; add "
            "that token to the vocabulary, or use another tokenizer"
        )
    return "use another tokenizer, or mend this one's file"
