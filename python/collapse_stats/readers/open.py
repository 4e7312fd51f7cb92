"""Open readers of files: of one file, or of all the files of a corpus."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from itertools import chain, islice
from types import MappingProxyType
from typing import NamedTuple, get_args

from ..errors import InputError
from ..system.ordered_calls import Call, in_order
from .bad_files import BadFiles
from .base import BATCH_BYTES, Reader
from .detect import detect, is_named
from .directory.metadata import is_metadata
from .file_reader import FileReader
from .head import Beginning, Head, beginnings, head_of
from .options import InputFormat, ReadOptions
from .records.group_key import no_records
from .remote.location import Name, as_name, at_once, is_url
from .remote.path import RemotePath
from .small_file import SmallFileReader
from .stream import COMPRESSIONS
from .streams.pipe import Pipe

_PACKED = tuple(COMPRESSIONS)
_IN_TURN = 4  # compressed files that a thread opens one after the other
_AHEAD = 16 << 20  # bytes that files which are opened ahead may take

NONE_DOUBTFUL: Mapping[Name, bool] = MappingProxyType({})


def open_file(
    path: "str | os.PathLike[str] | RemotePath", options: ReadOptions | None = None
) -> FileReader:
    """Return a reader of one file.

    Raises
    ------
    InputError
        The file cannot be read, is of no known format, or lacks what `options` ask for.
    """
    return _opened(as_name(path), options or ReadOptions())


def _opened(name: Name, options: ReadOptions, beginning: Beginning | None = None) -> FileReader:
    """A reader of a file, of which the `beginning` may have been read already."""
    try:
        if isinstance(name, Pipe):
            return _open_pipe(name, options)
        return _open(name, options, head_of(name, beginning))
    except OSError as error:
        raise InputError(f"{name}: cannot be read: {error.strerror or error}") from error


def _open(name: Name, options: ReadOptions, head: Head) -> FileReader:
    """A reader of a file that begins with this `head`."""
    reader, evidence = detect(name, head, options.input_format)
    if options.part and not reader.reads_chats:
        raise InputError(
            f"{name}: --part chooses turns of a chat in JSON lines, Parquet or Arrow, this is "
            f"{reader.format} ({evidence}): leave the option out"
        )
    if options.group_key and not reader.has_fields:
        raise no_records(name, options.group_key, f"{reader.format} ({evidence})")
    if isinstance(name, Pipe) and not reader.reads_forward:
        raise InputError(
            f"{name} holds {reader.format} ({evidence}), which is not read from front to back: "
            "save it to a file, and give its path"
        )
    opened = reader.create(name, options, evidence, head)
    opened.watch(name, head)
    return opened


def _open_pipe(pipe: Pipe, options: ReadOptions) -> FileReader:
    """A reader of standard input or a named pipe."""
    if options.input_format is None and not is_named(pipe):
        raise InputError(
            f"{pipe}: say what it holds with --input-format: {', '.join(get_args(InputFormat))}"
        )
    head = head_of(pipe)
    if not head.data:
        raise InputError(f"{pipe}: nothing came through it")
    reader = _open(pipe, options, head)
    pipe.read_on()
    return reader


def open_files(
    names: Sequence[Name],
    options: ReadOptions,
    room: int = 0,
    doubtful: Mapping[Name, bool] = NONE_DOUBTFUL,
    threads: int = 1,
) -> tuple[list[Reader], BadFiles]:
    """Return readers of the files of one corpus, and the files that could not be opened.

    With ``options.skip_bad``, a file that cannot be opened is noted in the `BadFiles`, to which the
    caller adds files that turn out to be bad later. The error of a file that is alone is raised,
    unless it is a unit of a corpus.
    The content of small files is kept, up to `room` bytes in all, so that they are opened once.
    `doubtful` is that of `Files`.

    Raises
    ------
    InputError
        A file cannot be opened; with ``options.skip_bad``, none of them can.
    """
    bad_files = BadFiles(options.skip_bad and (len(names) > 1 or options.is_unit))
    readers: list[Reader] = []
    of_metadata: InputError | None = None
    for name, reader in open_each(names, options, doubtful, threads):
        if isinstance(reader, Metadata):
            bad_files.metadata.append(name)
            of_metadata = of_metadata or reader.error
        elif isinstance(reader, InputError):
            if not bad_files.forgiving:
                raise reader
            bad_files.at_open.append(name)
            bad_files.errors[str(name)] = str(reader)
        else:
            if isinstance(reader, SmallFileReader):
                room -= len(reader.content)
                if room < 0:
                    reader.forget()
            readers.append(reader)
    if not readers and not options.is_unit:
        bad_files.raise_if_all(len(bad_files.errors))
        if of_metadata is not None:
            raise of_metadata
    return readers, bad_files


class Metadata(NamedTuple):
    """A file that describes others, and the error of reading it as data."""

    error: InputError


def open_each(
    names: Sequence[Name],
    options: ReadOptions,
    doubtful: Mapping[Name, bool] = NONE_DOUBTFUL,
    threads: int = 1,
) -> Iterator[tuple[Name, FileReader | InputError | Metadata]]:
    """Yield each file with its reader or its error, or as metadata if it is `doubtful` and is.

    Compressed files are opened in so many threads, because their beginnings are unpacked.
    """
    attempt = partial(_open_or_error, options)
    if any(map(is_url, names)):
        opened = at_once(attempt, names)
    elif threads > 1 and _are_packed(names):
        opened = _in_threads(attempt, names, threads)
    else:
        opened = map(attempt, names, beginnings(names))
    if not doubtful:
        yield from zip(names, opened, strict=True)
        return
    for name, reader in zip(names, opened, strict=True):
        if name in doubtful:
            is_error = isinstance(reader, InputError)
            if (is_error or doubtful[name]) and is_metadata(name, options, doubtful[name]):
                error = reader if isinstance(reader, InputError) else _described(name)
                yield name, Metadata(error)
                continue
        yield name, reader


def _are_packed(names: Sequence[Name]) -> bool:
    """Whether these are local files, some of them compressed; a pipe may wait for its writer."""
    local = [name for name in names if isinstance(name, str)]
    return len(local) == len(names) and any(name.endswith(_PACKED) for name in local)


def _in_threads(
    attempt: Callable[[Name, Beginning | None], FileReader | InputError],
    names: Sequence[Name],
    threads: int,
) -> Iterator[FileReader | InputError]:
    heads = beginnings(names)
    groups = (names[first : first + _IN_TURN] for first in range(0, len(names), _IN_TURN))
    in_turn = (map(attempt, some, [*islice(heads, len(some))]) for some in groups)
    calls: Iterator[Call[list[FileReader | InputError]]] = (
        (_IN_TURN * BATCH_BYTES, partial(list, some)) for some in in_turn
    )
    with closing(in_order(calls, threads, _AHEAD)) as results:
        yield from chain.from_iterable(results)


def _described(name: Name) -> InputError:
    return InputError(f"{name}: one JSON object, which describes the shards beside it")


def _open_or_error(
    options: ReadOptions, name: Name, beginning: Beginning | None = None
) -> FileReader | InputError:
    try:
        return _opened(name, options, beginning)
    except InputError as error:
        return error
