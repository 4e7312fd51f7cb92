"""The fast way from texts to ids: the library gigatoken, which remembers the ids of words.

The libraries that define a vocabulary, tiktoken and `tokenizers`, say what the ids are. Whenever an
encoder is made, a page of difficult text must have the same ids both ways.
"""

import resource
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from importlib import metadata
from importlib.util import find_spec
from typing import Any

import numpy as np
import numpy.typing as npt

from ..ngrams.chunk import Int64Array
from ..system.budget import give_back, resident
from .splitting import CL100K, O200K, R50K
from .texts import Texts, joined
from .tokenizer import Ids, is_failure

# A special token that is put behind each text. No two of its occurrences can overlap.
SEPARATOR = "<|a text of collapse-stats ends here|>"

_SCHEMES = {R50K: "gpt2", CL100K: "gpt4", O200K: "o200k"}  # the library's names of patterns
_ROOM = 32 << 20  # bytes that the words which an encoder remembers may take
_WORTH_MAKING = 10  # times the seconds of making an encoder, which are a tenth of its work then
_CHECKED_EVERY = 1 << 20  # bytes of text; random letters add ten bytes to the memory for each
_IN_CALLER = 2 << 20  # most bytes of text that the library never divides among threads of its own

_DIFFICULT = """The cat's mat, THEY'LL say: I'Ve; don’t 'S 'T 'd's ſ'ſ K'K

  12345678 1,234.5٣٤٥ ½Ⅸ   \t\tdef f(x):\r
        return x**2  # été e\u0301\r\n\r
 \u00a0\u3000\u2003end \n \n  日本語と漢字、한국어 русский العربية हिन्दी ไทย ελληνικά ǅʰᵃ
 👨\u200d👩\u200d👧 𝓐𝔞
\u200b\ufeff\u0085\u2028\0\x1c\x7f <|endoftext|> <|im_start|>https://a.b/c?d=e&f=%20 {'k': [1, 2]}
===>>>___--- !!!\n\t??"""


class FastEncoder:
    """Ids of many texts in one call, which does not hold Python's lock. Safe in many threads.

    Attributes
    ----------
    library
        The library's name and version.
    """

    def __init__(self, make: Callable[[], Any], separator: int) -> None:
        """Make an encoder.

        Parameters
        ----------
        make
            Returns the library's tokenizer, which has `SEPARATOR` as a special token.
        separator
            The id of `SEPARATOR`, which no other token has.
        """
        self.library = f"gigatoken {metadata.version('gigatoken')}"
        self._make = make
        self._separator = separator
        self._lock = threading.Lock()
        self._unchecked = self._returned = self._held = 0
        self._seconds = self._enough = 0.0
        self._renew()

    def ids_of_all(self, texts: Texts) -> tuple[Ids, Int64Array, Int64Array] | None:
        """Return ids, and where those of each text start and stop; one more id follows each text.

        None means that a text contains `SEPARATOR`. UnicodeEncodeError is raised for half a
        surrogate pair.
        """
        data = joined(texts, SEPARATOR)
        if data.count(SEPARATOR.encode()) > len(texts):
            return None
        begin = time.thread_time()
        ids = self._ids_of(data)
        self._account(len(data), ids.nbytes, time.thread_time() - begin)
        return apart(ids, self._separator)

    def _ids_of(self, data: bytes) -> npt.NDArray[np.uint32]:
        """Ids of one text, in the calling thread.

        This way of encoding lets other threads run meanwhile, and needs no further library.
        ``parallel`` lets several callers encode at a time. Long texts it would divide among threads
        of the library, which are more than were asked for and are lost in a fork: they go one by
        one.
        """
        from gigatoken.gigatoken_rs import BytesSource, PadTruncate

        row: npt.NDArray[np.uint32]
        row, _ = self._encoder.encode_batch_padded(
            BytesSource(data), PadTruncate(0), parallel=len(data) <= _IN_CALLER
        )
        return row.reshape(-1)

    def _account(self, size: int, returned: int, seconds: float) -> None:
        """Take a new encoder, which remembers nothing yet, when this one may have grown too large.

        The library does not say how much its words take. What the process has grown by is theirs,
        or it is the ids that were returned, if those are still in memory. So growth beyond the ids
        is always too much, and other growth when making an encoder costs little beside its work.
        """
        with self._lock:
            self._unchecked += size
            self._returned += returned
            self._seconds += seconds
            if self._unchecked < _CHECKED_EVERY:
                return
            self._unchecked = 0
            grown = _held() - self._held
            if grown - self._returned > _ROOM or (grown > _ROOM and self._seconds > self._enough):
                self._renew()

    def _renew(self) -> None:
        begin = time.thread_time()
        self._encoder = self._make()
        give_back()  # else what the old one leaves in the heaps of several threads adds up
        self._enough = _WORTH_MAKING * (time.thread_time() - begin)
        self._held, self._returned, self._seconds = _held(), 0, 0.0


def _held() -> int:
    """Bytes of this process in memory; the most that there ever were, where now is not known."""
    now = resident()
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss if now is None else now


Made = tuple[FastEncoder | None, tuple[str, ...]]
"""An encoder, None where the library has none, and what a reader of figures must know."""


def apart(ids: Ids, separator: int) -> tuple[Ids, Int64Array, Int64Array]:
    """Return ids, and where those before each separator start and stop."""
    stop = np.flatnonzero(ids == separator)
    return ids, np.append(0, stop + 1)[: len(stop)], stop


def of_lines(lines: bytes, pattern: str, separator: int, expected: Callable[[str], Ids]) -> Made:
    """Return the encoder of a byte-pair vocabulary.

    Parameters
    ----------
    lines
        The ranks, as in a ``.tiktoken`` file.
    pattern
        Regular expression that splits text before pairs are merged.
    separator
        An id that no token has.
    expected
        Gives the ids that a text must have.
    """
    scheme = _SCHEMES.get(pattern)
    if scheme is None:
        return None, ()
    return _checked(partial(_read_lines, lines, scheme, separator), separator, expected)


def of_json(data: str, separator: int, expected: Callable[[str], Ids]) -> Made:
    """Return the encoder of a ``tokenizer.json`` in which `SEPARATOR` is a token."""
    return _checked(partial(_read_json, data), separator, expected)


def _read_lines(lines: bytes, scheme: str, separator: int) -> Any:
    from gigatoken.gigatoken_rs import BPETokenizer

    with tempfile.NamedTemporaryFile(suffix=".tiktoken") as file:  # the library reads only files
        file.write(lines)
        file.flush()
        return BPETokenizer.from_tiktoken(file.name, scheme, {SEPARATOR: separator})


def _read_json(data: str) -> Any:
    from gigatoken.gigatoken_rs import load_hf_json

    return load_hf_json(data)


def _checked(make: Callable[[], Any], separator: int, expected: Callable[[str], Ids]) -> Made:
    """The encoder, if the library has one and it gives the ids that are expected."""
    if find_spec("gigatoken") is None:
        return None, ()
    texts = [_DIFFICULT, "", _DIFFICULT[::-1]]
    try:
        encoder = FastEncoder(make, separator)
        found = encoder.ids_of_all(texts)
    except BaseException as error:
        if not is_failure(error):
            raise
        return None, ()
    if found is None:
        return None, ()
    ids, start, stop = found
    for text, first, last in zip(texts, start.tolist(), stop.tolist(), strict=True):
        if not np.array_equal(ids[first:last], expected(text)):
            return None, (f"{encoder.library} gives other ids for some texts, and is not used",)
    return encoder, ()
