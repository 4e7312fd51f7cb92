"""Open readers of files: of one file, or of all the files of a corpus."""

import os
from collections.abc import Sequence
from functools import partial
from typing import get_args

from ..errors import InputError
from .bad_files import BadFiles
from .base import Reader
from .detect import detect, is_named
from .file_reader import FileReader
from .head import head_of
from .options import InputFormat, ReadOptions
from .remote.location import Name, as_name, at_once
from .remote.path import RemotePath
from .small_file import SmallFileReader
from .streams.pipe import Pipe


def open_file(
    path: "str | os.PathLike[str] | RemotePath", options: ReadOptions | None = None
) -> FileReader:
    """Return a reader of one file.

    Raises
    ------
    InputError
        The file cannot be read, is of no known format, or lacks what `options` ask for.
    """
    name, options = as_name(path), options or ReadOptions()
    try:
        if isinstance(name, Pipe):
            return _open_pipe(name, options)
        return _open(name, options)
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {error.strerror or error}") from error


def _open(name: Name, options: ReadOptions) -> FileReader:
    head = head_of(name)
    if isinstance(name, Pipe) and not head.data:
        raise InputError(f"{name}: nothing came through it")
    reader, evidence = detect(name, head, options.input_format)
    if options.part and not reader.reads_chats:
        raise InputError(
            f"{name}: --part chooses turns of a chat in JSON lines, Parquet or Arrow, this is "
            f"{reader.format} ({evidence}): leave the option out"
        )
    if isinstance(name, Pipe) and not reader.reads_forward:
        raise InputError(
            f"{name} holds {reader.format} ({evidence}), which is not read from front to back: "
            "save it to a file, and give its path"
        )
    return reader.create(name, options, evidence, head)


def _open_pipe(pipe: Pipe, options: ReadOptions) -> FileReader:
    """A reader of standard input or a named pipe."""
    if options.input_format is None and not is_named(pipe):
        raise InputError(
            f"{pipe}: say what it holds with --input-format: {', '.join(get_args(InputFormat))}"
        )
    reader = _open(pipe, options)
    pipe.read_on()
    return reader


def open_files(
    names: Sequence[Name], options: ReadOptions, room: int = 0
) -> tuple[list[Reader], BadFiles]:
    """Return readers of the files of one corpus, and the files that could not be opened.

    With ``options.skip_bad``, a file that cannot be opened is noted in the `BadFiles`, to which the
    caller adds files that turn out to be bad later. The error of a file that is alone is raised.
    The content of small files is kept, up to `room` bytes in all, so that they are opened once.

    Raises
    ------
    InputError
        A file cannot be opened; with ``options.skip_bad``, none of them can.
    """
    bad_files = BadFiles(options.skip_bad and len(names) > 1)
    readers: list[Reader] = []
    attempt = partial(_open_or_error if bad_files.forgiving else open_file, options=options)
    for name, reader in zip(names, at_once(attempt, names), strict=True):
        if isinstance(reader, InputError):
            bad_files.at_open.append(name)
            bad_files.errors[str(name)] = str(reader)
            continue
        if isinstance(reader, SmallFileReader):
            room -= len(reader.content)
            if room < 0:
                reader.content = b""
        readers.append(reader)
    if not readers:
        bad_files.raise_if_all(len(bad_files.errors))
    return readers, bad_files


def _open_or_error(name: Name, options: ReadOptions) -> FileReader | InputError:
    try:
        return open_file(name, options)
    except InputError as error:
        return error
