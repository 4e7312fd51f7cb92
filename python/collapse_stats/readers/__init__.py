"""Corpora in: files and arrays as batches of whole documents.

What a file is is told by its first bytes, then by what lies beside it, then by its name; a file
without a header is never guessed at.
"""

import os
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from ..errors import InputError
from ..tokenizers import Tokenizer
from .batch import Batch, Dtype, Kind, Part, Reader, ReadOptions
from .datatrove import DatatroveReader
from .detect import detect
from .discover import discover
from .flat import FlatReader
from .folder import Files
from .head import digest_of, head_of
from .inspection import Inspection, inspect_reader
from .ipc import ArrowReader
from .jsonl import JsonLinesReader
from .litdata import LitDataReader
from .llmc import LlmcReader
from .mapping import MAPPED
from .mds import MdsReader
from .megatron import MegatronReader
from .memory import open_memory
from .npy import NpyReader
from .olmo import OlmoReader
from .parquet import ParquetReader
from .remote import Location, Name, RemotePath, at_once, is_url, named, place
from .seen import SeenReader
from .tally import Tally
from .text import TextReader
from .units import Divided, Unit, units_of
from .unreadable import Unreadable

__all__ = [
    "MAPPED",
    "Batch",
    "Divided",
    "Dtype",
    "Files",
    "Inspection",
    "Kind",
    "Location",
    "Name",
    "Part",
    "ReadOptions",
    "Reader",
    "RemotePath",
    "Tally",
    "Unit",
    "Unreadable",
    "at_once",
    "digest_of",
    "discover",
    "inspect",
    "is_url",
    "open_file",
    "open_files",
    "open_memory",
    "place",
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
_OF_SMALL_FILES = ("jsonl", "text")  # readers that make use of what was seen already
_WITH_CHATS = ("arrow", "jsonl", "parquet")


def open_file(
    path: "str | os.PathLike[str] | RemotePath", options: ReadOptions | None = None
) -> Reader:
    """Reader of one file.

    Raises
    ------
    InputError
        The file cannot be read, is of no known format, or lacks what `options` ask for.
    """
    name, options = named(path), options or ReadOptions()
    try:
        head = head_of(name)
        detected = detect(name, head.data)
        if options.part and detected.format not in _WITH_CHATS:
            raise InputError(
                f"{name}: --part chooses turns of a chat in JSON lines, Parquet or Arrow, this is "
                f"{detected.format} ({detected.evidence}): leave the option out"
            )
        reader = _READERS[detected.format]
        if detected.format in _OF_SMALL_FILES:
            return reader(name, options, detected.evidence, head)  # type: ignore[no-any-return]
        return reader(place(name), options, detected.evidence)  # type: ignore[no-any-return]
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {error.strerror or error}") from error


def open_files(
    names: Sequence[Name], options: ReadOptions, skip_bad: bool = False, room: int = 0
) -> tuple[list[Reader], Unreadable]:
    """Readers of the files of one corpus, and with `skip_bad` which of them are bad.

    Who reads them adds those that turn out to be bad later. A file that is alone is not forgiven.
    What small files hold is kept up to `room` bytes, so that these are not opened again.

    Raises
    ------
    InputError
        A file cannot be opened; with `skip_bad`, not one can.
    """
    unreadable = Unreadable(skip_bad and len(names) > 1)
    readers: list[Reader] = []
    attempt = _opened if unreadable.forgiving else open_file
    for name, opened in zip(names, at_once(partial(attempt, options=options), names), strict=True):
        if isinstance(opened, InputError):
            unreadable.at_open.append(name)
            unreadable.errors[str(name)] = str(opened)
            continue
        if isinstance(opened, SeenReader):
            room -= len(opened.content)
            if room < 0:
                opened.content = b""
        readers.append(opened)
    if not readers:
        unreadable.raise_if_all(len(unreadable.errors))
    return readers, unreadable


def _opened(name: Name, options: ReadOptions) -> Reader | InputError:
    try:
        return open_file(name, options)
    except InputError as error:
        return error


def inspect(
    path: "str | os.PathLike[str] | RemotePath",
    options: ReadOptions | None = None,
    tokenizer: Tokenizer | None = None,
    budget: int | None = None,
) -> Inspection:
    """Facts of one file; texts are tokenized only with a tokenizer.

    With a `budget`, about so many bytes of the file are read and the rest is estimated from them.
    """
    options, path = options or ReadOptions(), place(path)
    if isinstance(path, RemotePath):
        path = replace(path, glimpse=budget)
    return inspect_reader(open_file(path, options), options, tokenizer, budget)
