"""Tokenizers: conversion of text to token ids and back, and the identity of a vocabulary."""

import base64
import gzip
import hashlib
import os
import re
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from .errors import InputError
from .ngrams.chunk import Int64Array
from .ngrams.ids import id_dtype

if TYPE_CHECKING:
    import tiktoken

TokenArray = npt.NDArray[np.uint16] | npt.NDArray[np.uint32]
_Ids = npt.NDArray[np.integer]

# Words with a preceding punctuation mark or space, groups of up to three digits, punctuation, and
# white space. Runs of white space are bounded because a regular expression with a lookahead keeps a
# state for each character it may give back, and collapsed text can contain a million spaces.
SPLIT_PATTERN = (
    r"[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s{0,128}[\r\n]+|\s{1,128}(?!\S)|\s"
)

# A `.tiktoken` file does not contain its splitting pattern. These are the patterns of OpenAI's
# files, by the sha256 of the file.
_R50K = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s"
_CL100K = (
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"
    r"|\s++$|\s*[\r\n]|\s+(?!\S)|\s"
)
_UPPER, _LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_SUFFIX = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
_O200K = (
    rf"[^\r\n\p{{L}}\p{{N}}]?{_UPPER}*{_LOWER}+{_SUFFIX}"
    rf"|[^\r\n\p{{L}}\p{{N}}]?{_UPPER}+{_LOWER}*{_SUFFIX}"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_PUBLISHED_PATTERNS = {
    "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930": _R50K,
    "94b5ca7dff4d00767bc256fdd1b27e5b17361d7b8a5f968547f9f23eb70d2069": _R50K,  # p50k_base
    "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7": _CL100K,
    "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d": _O200K,
}

_SEPARATOR = "<|endoftext|>"  # a special token of every published vocabulary

_DOWNLOAD_TIMEOUT = 60.0  # seconds for a vocabulary, which has a few MB

_KNOWN = "'bytes', 'builtin', 'tiktoken:NAME', 'file:PATH' (.tiktoken or tokenizer.json)"


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
    """

    spec: str
    vocab_size: int
    sha256: str
    _ids_of: Callable[[str], npt.ArrayLike] = field(repr=False, compare=False)
    _bytes_of: Callable[[Sequence[int]], bytes] = field(repr=False, compare=False)
    _ids_of_all: Callable[[Sequence[str]], "tuple[_Ids, Int64Array] | None"] = field(
        default=lambda texts: None, repr=False, compare=False
    )

    def encode(self, text: str) -> TokenArray:
        """Return the token ids of a text, ``(T,)``, uint16 if `vocab_size` is at most 65,536.

        Larger vocabularies give uint32. Names of special tokens are encoded as ordinary text. Half
        a surrogate pair, which UTF-8 cannot represent, becomes U+FFFD.

        >>> load("bytes").encode("né").tolist()
        [110, 195, 169]
        """
        try:
            ids = self._ids_of(text)
        except UnicodeEncodeError:
            ids = self._ids_of(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
        return self._narrow(ids)

    def encode_all(self, texts: Sequence[str]) -> tuple[TokenArray, Int64Array]:
        """Return the concatenated token ids of several texts, ``(T,)``, and where each text ends.

        The ids are those of `encode`; the ends, ``(D,)`` int64, are positions in them.

        >>> load("bytes").encode_all(["ab", "", "c"])
        (array([97, 98, 99], dtype=uint16), array([2, 2, 3]))
        """
        joint = self._ids_of_all(texts) if len(texts) > 1 else None
        if joint is not None:
            ids, ends = joint
            return self._narrow(ids), ends
        encoded = [self.encode(text) for text in texts]
        ends = np.cumsum([len(ids) for ids in encoded], dtype=np.int64)
        return self._narrow(np.concatenate([*encoded, self._narrow(())])), ends

    def _narrow(self, ids: npt.ArrayLike) -> TokenArray:
        """Convert ids to uint16 if the vocabulary is small enough, else to uint32."""
        return np.asarray(ids, dtype=id_dtype(self.vocab_size))

    def decode(self, ids: Sequence[int]) -> str:
        r"""Return the text of ids; invalid UTF-8 appears as ``\xe0``, unknown ids as U+FFFD."""
        return self._bytes_of(ids).decode("utf-8", errors="backslashreplace")


def load(spec: str) -> Tokenizer:
    """Load the tokenizer named ``bytes``, ``builtin``, ``tiktoken:NAME`` or ``file:PATH``.

    Raises
    ------
    ValueError
        When `spec` is none of these.
    InputError
        When the tokenizer's file cannot be downloaded or read.
    """
    kind, _, name = spec.partition(":")
    if spec == "bytes":
        return _bytes_tokenizer()
    if spec == "builtin":
        return _builtin()
    if kind == "tiktoken" and name:
        return _published(spec, name)
    if kind == "file" and name:
        return _from_file(spec, Path(name).expanduser())
    if spec == "none":
        raise ValueError(
            "'none' is not a tokenizer: it means that the input holds token ids already. "
            f"To read text, use {_KNOWN}"
        )
    raise ValueError(f"tokenizer must be {_KNOWN}, got {spec!r}")


def of_ranks(
    spec: str, ranks: Mapping[bytes, int], pattern: str, special: Mapping[str, int] | None = None
) -> Tokenizer:
    """Make a byte-pair tokenizer from mergeable ranks.

    Parameters
    ----------
    spec
        Name of the tokenizer.
    ranks
        Id of each token by its bytes; pairs with low ids are merged first.
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
    return _of_encoding(spec, encoding, vocab_size, special)


def ranks_in(lines: bytes, path: str) -> dict[bytes, int]:
    """Parse the lines of a ``.tiktoken`` file ('base64 rank') into mergeable ranks."""
    ranks: dict[bytes, int] = {}
    for number, line in enumerate(lines.splitlines(), 1):
        if not line:
            continue
        try:
            token, rank = line.split()
            ranks[base64.b64decode(token, validate=True)] = int(rank)
        except ValueError as error:
            raise InputError(
                f"{path}: line {number} must be a token in base64 and its rank, got "
                f"{line[:60]!r}: is this a .tiktoken file?"
            ) from error
    missing = [value for value in range(256) if bytes([value]) not in ranks]
    if missing:
        raise InputError(
            f"{path}: all 256 single bytes must have a rank, {len(missing)} have none (the first "
            f"is byte {missing[0]}): the file is truncated or not a byte-level vocabulary"
        )
    if len(set(ranks.values())) != len(ranks):
        raise InputError(f"{path}: ranks must be different, got the same rank twice")
    return ranks


def _bytes_tokenizer() -> Tokenizer:
    def ids_of(text: str) -> npt.ArrayLike:
        return np.frombuffer(text.encode("utf-8"), dtype=np.uint8)

    def bytes_of(ids: Sequence[int]) -> bytes:
        return b"".join(bytes([i]) if 0 <= i < 256 else b"\xef\xbf\xbd" for i in ids)

    return Tokenizer("bytes", 256, hashlib.sha256(b"bytes").hexdigest(), ids_of, bytes_of)


@cache
def _builtin() -> Tokenizer:
    packed = resources.files(__package__).joinpath("data", "builtin.tiktoken.gz").read_bytes()
    return of_ranks("builtin", ranks_in(gzip.decompress(packed), "builtin"), SPLIT_PATTERN)


def _published(spec: str, name: str) -> Tokenizer:
    import tiktoken

    known = tiktoken.list_encoding_names()
    if name not in known:
        raise ValueError(f"tiktoken:NAME must be one of {', '.join(known)}, got {name!r}")
    try:
        encoding = _with_timeout(lambda: tiktoken.get_encoding(name))
    except (OSError, ValueError) as error:  # requests raises OSErrors; a wrong hash is a ValueError
        raise InputError(_not_downloaded(spec, error)) from error
    return _of_encoding(spec, encoding, encoding.n_vocab, encoding._special_tokens)


def _with_timeout(load: "Callable[[], tiktoken.Encoding]") -> "tiktoken.Encoding":
    """Return `load()`; raise TimeoutError after `_DOWNLOAD_TIMEOUT` seconds.

    tiktoken downloads without a timeout, and waits forever on a network that drops packets. After
    a timeout the call stays in a thread that ends with the process.
    """
    result: Future[tiktoken.Encoding] = Future()

    def run() -> None:
        try:
            result.set_result(load())
        except BaseException as error:
            result.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    try:
        return result.result(_DOWNLOAD_TIMEOUT)
    except TimeoutError as error:
        raise TimeoutError(f"no answer within {_DOWNLOAD_TIMEOUT:g} seconds") from error


def _not_downloaded(spec: str, error: Exception) -> str:
    # tiktoken reads these variables, in this order, and has this default.
    cache = os.environ.get("TIKTOKEN_CACHE_DIR", os.environ.get("DATA_GYM_CACHE_DIR"))
    place = "not set; the default is " + str(Path(tempfile.gettempdir()) / "data-gym-cache")
    if cache is not None:
        place = f"now {cache}" if cache else "now empty, which means no cache"
    reason = f": {error}" if isinstance(error, TimeoutError) else ""
    url = getattr(getattr(error, "request", None), "url", None)
    name = f" under the name {hashlib.sha1(url.encode()).hexdigest()}" if url else ""
    return (
        f"tokenizer {spec}: {url or 'its vocabulary file'} could not be downloaded "
        f"({type(error).__name__}{reason}). Put that file{name} into a folder and set "
        f"TIKTOKEN_CACHE_DIR to it ({place}), or use --tokenizer file:PATH, or a tokenizer that "
        "needs no download: builtin, bytes"
    )


def _from_file(spec: str, path: Path) -> Tokenizer:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"tokenizer {spec}: cannot read {path} ({error.strerror}): give the path of a "
            ".tiktoken file or of a tokenizer.json"
        ) from error
    if path.suffix == ".tiktoken":
        pattern = _PUBLISHED_PATTERNS.get(hashlib.sha256(data).hexdigest(), SPLIT_PATTERN)
        return of_ranks(spec, ranks_in(data, str(path)), pattern)
    if path.suffix == ".json":
        return _hugging_face(spec, path, data)
    raise InputError(
        f"tokenizer {spec}: the file must end in .tiktoken or .json (a Hugging Face "
        f"tokenizer.json), got {path.name!r}"
    )


def _hugging_face(spec: str, path: Path, data: bytes) -> Tokenizer:
    try:
        import tokenizers
    except ImportError as error:
        raise InputError(
            f"tokenizer {spec}: reading a tokenizer.json needs the package 'tokenizers', which is "
            "not installed: pip install 'collapse-stats[tokenizers]'"
        ) from error
    try:
        model = tokenizers.Tokenizer.from_buffer(data)
    except Exception as error:  # the library raises bare Exception
        raise InputError(f"{path} is not a Hugging Face tokenizer.json: {error}") from error
    model.encode_special_tokens = True  # names of special tokens are text
    model.no_truncation()
    model.no_padding()
    vocabulary = model.get_vocab(with_added_tokens=True)

    def ids_of(text: str) -> npt.ArrayLike:
        text.encode()  # a lone surrogate raises the error that `encode` handles
        return np.asarray(model.encode(text, add_special_tokens=False).ids, dtype=np.uint32)

    def bytes_of(ids: Sequence[int]) -> bytes:
        text: str = model.decode([int(i) for i in ids], skip_special_tokens=False)
        return text.encode()

    return Tokenizer(
        spec,
        max(vocabulary.values(), default=0) + 1,
        hashlib.sha256(data).hexdigest(),
        ids_of,
        bytes_of,
    )


def _of_encoding(
    spec: str, encoding: "tiktoken.Encoding", vocab_size: int, special: Mapping[str, int]
) -> Tokenizer:
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

    def ids_of_all(texts: Sequence[str]) -> tuple[_Ids, Int64Array] | None:
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
            _bytes_of_token(encoding, int(i)) if i < vocab_size else "\ufffd".encode() for i in ids
        )

    return Tokenizer(spec, vocab_size, _identity(encoding, special), ids_of, bytes_of, ids_of_all)


def _bytes_of_token(encoding: "tiktoken.Encoding", token: int) -> bytes:
    try:
        return encoding.decode_single_token_bytes(token)
    except (KeyError, OverflowError):  # a gap in the vocabulary
        return "\ufffd".encode()


def _identity(encoding: "tiktoken.Encoding", special: Mapping[str, int]) -> str:
    """sha256 of the splitting pattern, the special tokens, and the ranks as 'base64 rank' lines."""
    digest = hashlib.sha256(encoding._pat_str.encode() + b"\n")
    for name, i in sorted(special.items(), key=lambda item: item[1]):
        digest.update(b"%s %d\n" % (name.encode(), i))
    for token, rank in sorted(encoding._mergeable_ranks.items(), key=lambda item: item[1]):
        digest.update(b"%s %d\n" % (base64.b64encode(token), rank))
    return digest.hexdigest()
