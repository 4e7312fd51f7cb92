"""Byte-pair tokenizers: `tiktoken` says what their ids are, and `gigatoken` finds them fast."""

import hashlib
from binascii import b2a_base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from itertools import chain
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np

from ..ngrams.chunk import Int64Array
from .fast_encoder import apart, of_lines
from .texts import Texts, as_list
from .tokenizer import UNKNOWN, Ids, Tokenizer

if TYPE_CHECKING:
    import tiktoken

_SEPARATOR = "<|endoftext|>"  # a special token of every published vocabulary


def of_ranks(
    spec: str, ranks: Mapping[bytes, int], pattern: str, special: Mapping[str, int] | None = None
) -> Tokenizer:
    """Make a byte-pair tokenizer from mergeable ranks.

    Parameters
    ----------
    spec
        Name of the tokenizer.
    ranks
        Id of each token by its bytes, below 2**32 - 1; pairs with low ids are merged first.
    pattern
        Regular expression that splits text before pairs are merged.
    special
        Ids of special tokens by name.
    """
    import tiktoken

    special = dict(special or {})
    vocab_size = max([*ranks.values(), *special.values()]) + 1
    encoding = tiktoken.Encoding(
        spec,
        pat_str=pattern,
        mergeable_ranks=dict(ranks),
        special_tokens={_SEPARATOR: vocab_size} | special,
    )
    return of_encoding(spec, encoding, vocab_size, special)


def of_encoding(
    spec: str, encoding: "tiktoken.Encoding", vocab_size: int, special: Mapping[str, int]
) -> Tokenizer:
    """Make a tokenizer of one of tiktoken's, given the ids of its special tokens by name."""
    slow = _Encoder(encoding)
    lines = _lines(encoding._mergeable_ranks)
    fast, warnings = of_lines(lines, encoding._pat_str, vocab_size, slow.ids_of)

    def bytes_of(ids: Sequence[int]) -> bytes:
        return b"".join(
            _bytes_of_token(encoding, int(i)) if i < vocab_size else UNKNOWN for i in ids
        )

    return Tokenizer(
        spec,
        vocab_size,
        _identity(encoding._pat_str, special, lines),
        fast.library if fast else f"tiktoken {metadata.version('tiktoken')}",
        slow.ids_of,
        bytes_of,
        slow.ids_of_all if fast is None else fast.ids_of_all,
        tuple(f"tokenizer {spec}: {line}" for line in warnings),
        keeps_bytes=True,
    )


@dataclass(frozen=True, slots=True)
class _Encoder:
    """Ids of texts, by one of tiktoken's encodings."""

    encoding: "tiktoken.Encoding"

    def ids_of(self, text: str) -> Ids:
        """Return the ids of a text; UnicodeEncodeError for one with half a surrogate pair."""
        encoding = self.encoding
        try:
            return encoding.encode_to_numpy(text, disallowed_special=())
        except UnicodeEncodeError:  # a ValueError, too, which `Tokenizer.encode` handles
            raise
        except ValueError:
            # Its patterns fail on very long runs of white space, which `regex` splits.
            import regex

            pieces = regex.findall(encoding._pat_str, text)
            ids = [encoding._encode_single_piece(piece) for piece in pieces]
            return np.fromiter(chain.from_iterable(ids), dtype=np.uint32)

    def ids_of_all(self, texts: Texts) -> tuple[Ids, Int64Array, Int64Array] | None:
        """Return the ids of texts, and where those of each start and stop.

        A single call runs without the GIL; threads that take it again after each short text need
        1.5 times as long. Texts on either side of a special token are split independently.
        """
        separator = self.encoding._special_tokens.get(_SEPARATOR)
        texts = as_list(texts)
        together = _SEPARATOR.join([*texts, ""])
        if separator is None or together.count(_SEPARATOR) > len(texts):
            return None  # there is no separator, or one of the texts contains it
        try:
            ids = self.encoding.encode_to_numpy(
                together, allowed_special={_SEPARATOR}, disallowed_special=()
            )
        except UnicodeEncodeError:
            raise
        except ValueError:
            return None
        return apart(ids, separator)


def _bytes_of_token(encoding: "tiktoken.Encoding", token: int) -> bytes:
    try:
        return encoding.decode_single_token_bytes(token)
    except (KeyError, OverflowError):  # a gap in the vocabulary
        return UNKNOWN


def _lines(ranks: Mapping[bytes, int]) -> bytes:
    """Ranks as the lines of a ``.tiktoken`` file: 'base64 rank'."""
    ordered = sorted(ranks.items(), key=itemgetter(1))
    return b"".join([b"%b %d\n" % (b2a_base64(token, newline=False), i) for token, i in ordered])


def _identity(pattern: str, special: Mapping[str, int], lines: bytes) -> str:
    """sha256 of the splitting pattern, the special tokens, and the lines of the ranks."""
    digest = hashlib.sha256(pattern.encode() + b"\n")
    for name, i in sorted(special.items(), key=itemgetter(1)):
        digest.update(b"%s %d\n" % (name.encode(), i))
    digest.update(lines)
    return digest.hexdigest()
