"""Byte-pair tokenizers, which `tiktoken` runs."""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..ngrams.chunk import Int64Array
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
    separator = encoding._special_tokens.get(_SEPARATOR)

    def ids_of(text: str) -> npt.ArrayLike:
        try:
            return encoding.encode_to_numpy(text, disallowed_special=())
        except UnicodeEncodeError:  # a ValueError, too, which `Tokenizer.encode` handles
            raise
        except ValueError:
            # A published pattern that backtracks fails on a very long run of white space, so such
            # runs are cut. This changes no text without one.
            pieces = re.split(r"(\s{10000})", text)
            parts = [encoding.encode_to_numpy(piece, disallowed_special=()) for piece in pieces]
            return np.concatenate(parts)

    def ids_of_all(texts: Sequence[str]) -> tuple[Ids, Int64Array] | None:
        # A single call runs without the GIL; threads that take it again after each short text need
        # 1.5 times as long. Texts on either side of a special token are split independently.
        joined = _SEPARATOR.join(texts)
        if separator is None or joined.count(_SEPARATOR) >= len(texts):
            return None  # there is no separator, or one of the texts contains it
        try:
            ids = encoding.encode_to_numpy(
                joined, allowed_special={_SEPARATOR}, disallowed_special=()
            )
        except ValueError:
            return None
        separators = np.flatnonzero(ids == separator)
        ends = np.append(separators, len(ids)) - np.arange(len(texts))
        return np.delete(ids, separators), ends

    def bytes_of(ids: Sequence[int]) -> bytes:
        return b"".join(
            _bytes_of_token(encoding, int(i)) if i < vocab_size else UNKNOWN for i in ids
        )

    return Tokenizer(spec, vocab_size, _identity(encoding, special), ids_of, bytes_of, ids_of_all)


def _bytes_of_token(encoding: "tiktoken.Encoding", token: int) -> bytes:
    try:
        return encoding.decode_single_token_bytes(token)
    except (KeyError, OverflowError):  # a gap in the vocabulary
        return UNKNOWN


def _identity(encoding: "tiktoken.Encoding", special: Mapping[str, int]) -> str:
    """sha256 of the splitting pattern, the special tokens, and the ranks as 'base64 rank' lines."""
    digest = hashlib.sha256(encoding._pat_str.encode() + b"\n")
    for name, i in sorted(special.items(), key=lambda item: item[1]):
        digest.update(b"%s %d\n" % (name.encode(), i))
    for token, rank in sorted(encoding._mergeable_ranks.items(), key=lambda item: item[1]):
        digest.update(b"%s %d\n" % (base64.b64encode(token), rank))
    return digest.hexdigest()
