"""Readers of files: one file, or all the files of a corpus."""

import os
from collections.abc import Sequence
from functools import partial
from typing import Any

from ..errors import InputError
from .bad_files import BadFiles
from .base import Reader
from .detect import detect
from .formats.arrow import ArrowReader
from .formats.datatrove import DatatroveReader
from .formats.flat import FlatReader
from .formats.jsonl import JsonLinesReader
from .formats.litdata import LitDataReader
from .formats.llmc import LlmcReader
from .formats.mds import MdsReader
from .formats.megatron import MegatronReader
from .formats.npy import NpyReader
from .formats.olmo import OlmoReader
from .formats.parquet import ParquetReader
from .formats.small_file import SmallFileReader
from .formats.text import TextReader
from .head import head_of
from .options import ReadOptions
from .remote.location import Name, as_location, at_once, named
from .remote.path import RemotePath

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
        return reader(as_location(name), options, detected.evidence)  # type: ignore[no-any-return]
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {error.strerror or error}") from error


def open_files(
    names: Sequence[Name], options: ReadOptions, skip_bad: bool = False, room: int = 0
) -> tuple[list[Reader], BadFiles]:
    """Readers of the files of one corpus, and with `skip_bad` which of them are bad.

    Who reads them adds those that turn out to be bad later. A file that is alone is not forgiven.
    What small files hold is kept up to `room` bytes, so that these are not opened again.

    Raises
    ------
    InputError
        A file cannot be opened; with `skip_bad`, not one can.
    """
    unreadable = BadFiles(skip_bad and len(names) > 1)
    readers: list[Reader] = []
    attempt = _opened if unreadable.forgiving else open_file
    for name, opened in zip(names, at_once(partial(attempt, options=options), names), strict=True):
        if isinstance(opened, InputError):
            unreadable.at_open.append(name)
            unreadable.errors[str(name)] = str(opened)
            continue
        if isinstance(opened, SmallFileReader):
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
