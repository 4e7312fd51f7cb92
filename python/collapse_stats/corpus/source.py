"""Whether a source in Python is paths of files or the data itself."""

import os
import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from itertools import chain
from typing import Any

from ..errors import InputError
from ..readers.detect import extension_of
from ..readers.discover import MissingPathError
from ..readers.options import ReadOptions
from ..readers.registry import registry
from ..readers.remote.path import RemotePath
from .opened import Opened, Paths

_EXAMINED = 1000  # strings of a list; texts may be many
_LONGEST, _LONGEST_NAME = 4096, 255  # characters of a path, and of a name in it
_STARTS = ("~/", "./", "../", "s3://", "gs://", "gcs://", "hf://")


def open_source(
    source: Any,
    reading: ReadOptions,
    tmp: str | os.PathLike[str] | None,
    room: int,
    threads: int,
) -> Opened:
    """Open the files that a source names, or the data that it is, in so many threads.

    Small files are kept in memory up to `room` bytes; ids of remote ones in unnamed files in `tmp`.
    """
    source = _listed(source)
    paths = paths_of(source)
    if paths is None:
        return Opened.in_memory(source, reading)
    try:
        return Opened.of_paths(paths, reading, tmp, room, threads)
    except MissingPathError as error:
        if not (isinstance(source, list | tuple) and all(isinstance(x, str) for x in source)):
            raise
        raise InputError(
            f"{error}. All strings of a list are paths if one of them looks like a path: give "
            "texts like these as [{'text': ...}, ...]"
        ) from error


def _listed(source: Any) -> Any:
    """The items of a set or an iterator as a list if they may be paths, else the source."""
    if hasattr(source, "readline"):
        raise TypeError(
            "expected paths or data, got an open file: give its path, or for texts a list of them"
        )
    if isinstance(source, AbstractSet):
        alike = sorted(source, key=str)  # the order of a set differs from run to run
        return alike if alike and paths_of(alike[:1]) else source
    if not isinstance(source, Iterator) or hasattr(source, "__arrow_c_stream__"):
        return source
    first = next(source, None)
    items = source if first is None else chain([first], source)
    is_path = isinstance(first, str | os.PathLike) and paths_of([first]) is not None
    return list(items) if is_path else items


def paths_of(source: Any) -> Paths | None:
    """Return the paths that a source consists of, or None when it holds the data itself.

    A string is a path. A list of strings is a list of paths if one of them is certainly a path, or
    if some look like one and none is clearly a text: a mistyped path is then an error, and not a
    text to be counted.
    """
    if isinstance(source, str | os.PathLike | RemotePath):
        return [source]
    if not isinstance(source, list | tuple) or not source:
        return None
    if any(isinstance(item, os.PathLike | RemotePath) for item in source):
        others = [x for x in source if not isinstance(x, str | os.PathLike | RemotePath)]
        if others:
            raise TypeError(
                f"expected a list of paths, got {type(others[0]).__name__} among them: give the "
                "data and the files as two corpora"
            )
        return source
    if not all(isinstance(item, str) for item in source):
        return None
    first = source[:_EXAMINED]
    if any(map(_is_path, first)):
        return source
    looks_so = any("/" in item and _is_word(item) for item in first)
    return source if looks_so and not any(map(_is_text, first)) else None


def _is_path(item: str) -> bool:
    """Whether a string is certainly meant as a path: it exists, or nobody would write it so."""
    if not 0 < len(item) <= _LONGEST or "\0" in item or "\n" in item:
        return False
    if len(item) > _LONGEST_NAME and "/" not in item:
        return False
    try:
        exists = os.path.lexists(item)
    except (OSError, ValueError):
        return False
    return exists or (
        _is_word(item) and (item.startswith(_STARTS) or extension_of(item) in registry().extensions)
    )


def _is_text(item: str) -> bool:
    """Whether a string is clearly a text: it has spaces, and no separator of folders."""
    return len(item) > _LONGEST or "\n" in item or (not _is_word(item) and "/" not in item)


def _is_word(item: str) -> bool:
    """Whether a string has no spaces."""
    return len(item) <= _LONGEST and re.search(r"\s", item) is None
