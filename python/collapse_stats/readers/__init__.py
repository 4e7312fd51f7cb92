"""Corpora in: files and arrays as batches of whole documents.

What a file is is told by its first bytes, then by what lies beside it, then by its name; a file
without a header is never guessed at.
"""

import os
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..tokenizers import Tokenizer
from .batch import Batch, Kind, Reader, ReadOptions
from .detect import detect
from .discover import Files, discover
from .flat import FlatReader
from .inspection import Inspection, inspect_reader
from .jsonl import JsonLinesReader
from .memory import open_memory
from .npy import NpyReader
from .parquet import ParquetReader
from .text import TextReader

__all__ = [
    "Batch",
    "Files",
    "Inspection",
    "Kind",
    "ReadOptions",
    "Reader",
    "discover",
    "inspect",
    "open_file",
    "open_memory",
]

_READERS: dict[str, Any] = {
    "flat": FlatReader,
    "jsonl": JsonLinesReader,
    "npy": NpyReader,
    "parquet": ParquetReader,
    "text": TextReader,
}


def open_file(path: "str | os.PathLike[str]", options: ReadOptions | None = None) -> Reader:
    """Reader of one file.

    Raises
    ------
    InputError
        The file cannot be read, is of no known format, or lacks what `options` ask for.
    """
    path = Path(path)
    try:
        detected = detect(path)
        reader: Reader = _READERS[detected.format](
            path, options or ReadOptions(), detected.evidence
        )
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
    return reader


def inspect(
    path: "str | os.PathLike[str]",
    options: ReadOptions | None = None,
    tokenizer: Tokenizer | None = None,
) -> Inspection:
    """Facts of one file, from a whole pass over it; texts are tokenized only with a tokenizer."""
    options = options or ReadOptions()
    return inspect_reader(open_file(path, options), options, tokenizer)
