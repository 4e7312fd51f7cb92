"""The names of tokenizers, and what each of them loads."""

import gzip
import hashlib
from collections.abc import Sequence
from contextlib import suppress
from functools import cache, lru_cache
from importlib import resources
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..ngrams.chunk import Int64Array
from .byte_pairs import of_ranks
from .hugging_face import of_json
from .published import published
from .splitting import CL100K
from .texts import Texts, as_list
from .tiktoken_file import of_lines, ranks_in
from .tokenizer import UNKNOWN, Ids, Tokenizer

_KNOWN = "'bytes', 'builtin', 'tiktoken:NAME', 'file:PATH' (.tiktoken or tokenizer.json)"
_JSON = "tokenizer.json"
_WANTED = f"give the path of a .tiktoken file, of a {_JSON}, or of a folder with one"


def load(spec: str) -> Tokenizer:
    """Load the tokenizer named ``bytes``, ``builtin``, ``tiktoken:NAME`` or ``file:PATH``.

    The path is that of a ``.tiktoken`` file, of a ``tokenizer.json``, or of a folder with one.

    Raises
    ------
    ValueError
        When `spec` is none of these.
    InputError
        When the tokenizer's file cannot be downloaded or read, or is none.
    """
    kind, _, name = spec.partition(":")
    if spec == "bytes":
        return _bytes_tokenizer()
    if spec == "builtin":
        return _builtin()
    if kind == "tiktoken" and name:
        return published(spec, name)
    if kind == "file" and name:
        return _of_file(spec, _found(spec, name))
    if spec == "none":
        raise ValueError(
            "'none' is not a tokenizer: it means that the input holds token ids already. "
            f"To read text, use {_KNOWN}"
        )
    raise ValueError(f"tokenizer must be {_KNOWN}, got {spec!r}")


def _bytes_tokenizer() -> Tokenizer:
    def ids_of(text: str) -> Ids:
        return np.frombuffer(text.encode("utf-8"), dtype=np.uint8)

    def ids_of_all(texts: Texts) -> tuple[Ids, Int64Array, Int64Array]:
        listed = [text.encode("utf-8") for text in as_list(texts)]
        bounds = np.cumsum([0, *map(len, listed)], dtype=np.int64)
        return np.frombuffer(b"".join(listed), dtype=np.uint8), bounds[:-1], bounds[1:]

    def bytes_of(ids: Sequence[int]) -> bytes:
        return b"".join(bytes([i]) if 0 <= i < 256 else UNKNOWN for i in ids)

    identity = hashlib.sha256(b"bytes").hexdigest()
    return Tokenizer(
        "bytes", 256, identity, "Python", ids_of, bytes_of, ids_of_all, keeps_bytes=True
    )


@cache
def _builtin() -> Tokenizer:
    packed = resources.files("collapse_stats").joinpath("data", "builtin.tiktoken.gz").read_bytes()
    return of_ranks("builtin", ranks_in(gzip.decompress(packed), "builtin"), CL100K)


def _found(spec: str, name: str) -> Path:
    """Return the path of a tokenizer's file; InputError when it cannot be one."""
    path = Path(name)
    with suppress(RuntimeError):  # there is no such user: then the file is missing, too
        path = path.expanduser()
    try:
        if path.is_dir() and (path / _JSON).exists():
            path = path / _JSON
        if path.exists() and not path.is_file():
            what = f"a folder without a {_JSON}" if path.is_dir() else "no regular file"
            raise InputError(f"tokenizer {spec}: {path} is {what}: {_WANTED}")
    except OSError as error:
        raise _unreadable(spec, path, error) from error
    if path.suffix not in (".tiktoken", ".json"):
        raise InputError(
            f"tokenizer {spec}: the file must end in .tiktoken or .json (a Hugging Face "
            f"{_JSON}), got {path.name!r}"
        )
    return path


def _of_file(spec: str, path: Path) -> Tokenizer:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _unreadable(spec, path, error) from error
    return _of_data(spec, path, data)


@lru_cache(maxsize=2)  # n-grams are spelled order by order, and both sides may have one tokenizer
def _of_data(spec: str, path: Path, data: bytes) -> Tokenizer:
    return (of_lines if path.suffix == ".tiktoken" else of_json)(spec, path, data)


def _unreadable(spec: str, path: Path, error: OSError) -> InputError:
    return InputError(f"tokenizer {spec}: cannot read {path} ({error.strerror}): {_WANTED}")
