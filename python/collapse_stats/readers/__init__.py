"""Corpora in: files and arrays as batches of whole documents.

What a file is is told by its first bytes, then by what lies beside it, then by its name; a file
without a header is never guessed at.
"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..tokenizers import Tokenizer
from .batch import Batch, Dtype, Kind, Part, Reader, ReadOptions
from .datatrove import DatatroveReader
from .detect import detect
from .discover import Files, discover
from .flat import FlatReader
from .inspection import Inspection, inspect_reader
from .ipc import ArrowReader
from .jsonl import JsonLinesReader
from .litdata import LitDataReader
from .llmc import LlmcReader
from .mds import MdsReader
from .megatron import MegatronReader
from .memory import open_memory
from .npy import NpyReader
from .olmo import OlmoReader
from .parquet import ParquetReader
from .tally import Tally
from .text import TextReader
from .units import Divided, Unit, units_of
from .unreadable import Unreadable

__all__ = [
    "Batch",
    "Divided",
    "Dtype",
    "Files",
    "Inspection",
    "Kind",
    "Part",
    "ReadOptions",
    "Reader",
    "Tally",
    "Unit",
    "Unreadable",
    "discover",
    "inspect",
    "open_file",
    "open_files",
    "open_memory",
    "units_of",
]

_READERS: dict[str, Any] = {
    "arrow": ArrowReader,
    "datatrove": DatatroveReader,
    "flat": FlatReader,
    "jsonl": JsonLinesReader,
    "litdata": LitDataReader,
    "llm.c": LlmcReader,
    "mds": MdsReader,
    "megatron": MegatronReader,
    "npy": NpyReader,
    "olmo": OlmoReader,
    "parquet": ParquetReader,
    "text": TextReader,
}
_COMPRESSED = ("jsonl", "text")  # readers to be told whether their file is
_WITH_CHATS = ("arrow", "jsonl", "parquet")


def open_file(path: "str | os.PathLike[str]", options: ReadOptions | None = None) -> Reader:
    """Reader of one file.

    Raises
    ------
    InputError
        The file cannot be read, is of no known format, or lacks what `options` ask for.
    """
    path = path if isinstance(path, Path) else Path(path)
    options = options or ReadOptions()
    try:
        detected = detect(path)
        if options.part and detected.format not in _WITH_CHATS:
            raise InputError(
                f"{path}: --part chooses turns of a chat in JSON lines, Parquet or Arrow, this is "
                f"{detected.format} ({detected.evidence}): leave the option out"
            )
        told = (detected.compression,) if detected.format in _COMPRESSED else ()
        reader: Reader = _READERS[detected.format](path, options, detected.evidence, *told)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
    return reader


def open_files(
    paths: Sequence[Path], options: ReadOptions, skip_bad: bool = False
) -> tuple[list[Reader], Unreadable]:
    """Readers of the files of one corpus, and with `skip_bad` which of them are bad.

    Who reads them adds those that turn out to be bad later. A file that is alone is not forgiven.

    Raises
    ------
    InputError
        A file cannot be opened; with `skip_bad`, not one can.
    """
    unreadable = Unreadable(skip_bad and len(paths) > 1)
    readers: list[Reader] = []
    for path in paths:
        try:
            readers.append(open_file(path, options))
        except InputError as error:
            if not unreadable.forgiving:
                raise
            unreadable.at_open.append(path)
            unreadable.errors[str(path)] = str(error)
    if not readers:
        unreadable.raise_if_all(len(unreadable.errors))
    return readers, unreadable


def inspect(
    path: "str | os.PathLike[str]",
    options: ReadOptions | None = None,
    tokenizer: Tokenizer | None = None,
    budget: int | None = None,
) -> Inspection:
    """Facts of one file; texts are tokenized only with a tokenizer.

    With a `budget`, about so many bytes of the file are read and the rest is estimated from them.
    """
    options = options or ReadOptions()
    return inspect_reader(open_file(path, options), options, tokenizer, budget)
