"""Locations of files: local paths, URLs and pipes, and their names as strings."""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from ..streams.pipe import STANDARD_INPUT, Pipe
from .path import RemotePath

_URL = re.compile(r"(s3|gs|gcs|hf|https?)://[^\s/]\S*", re.IGNORECASE)


def is_url(path: object) -> bool:
    """Return whether this is a URL of an object or a prefix, and not the name of a local file."""
    return isinstance(path, RemotePath) or (
        isinstance(path, str)
        and "://" in path  # first, for a hundred thousand files
        and _URL.fullmatch(path) is not None
        and not _exists(path)
    )


def expanded(name: str) -> str:
    """Return a path with the home directory for ``~``, unless a file has that name."""
    if name[:1] != "~" or _exists(name):
        return name
    try:
        return os.fspath(Path(name).expanduser())
    except RuntimeError:  # no such user
        return name


def _exists(name: str) -> bool:
    try:
        return os.path.lexists(name)
    except (OSError, ValueError):  # too long for a path, or with a NUL in it: a text
        return False


def as_name(path: "str | os.PathLike[str] | RemotePath") -> "str | RemotePath | Pipe":
    """Return a local path as a string, a URL as a `RemotePath`, and ``-`` as a `Pipe`."""
    if isinstance(path, str):  # first, for a hundred thousand files
        if path == STANDARD_INPUT:
            return Pipe(path)
        if is_url(path):
            return RemotePath(path)
    elif isinstance(path, RemotePath | Pipe):
        return path
    return expanded(os.fspath(path))


def as_location(path: "str | os.PathLike[str] | RemotePath") -> "Path | RemotePath | Pipe":
    """Return a local path as a `Path`, a URL as a `RemotePath`, and ``-`` as a `Pipe`."""
    if isinstance(path, Path) and path.parts[:1] != ("~",):
        return path
    name = as_name(path)
    return Path(name) if isinstance(name, str) else name


A = TypeVar("A")


B = TypeVar("B")


Location = Path | RemotePath | Pipe
"""A file, with the methods of a path."""


Name = str | RemotePath | Pipe
"""A file by its name: of a hundred thousand local files, a `Path` is made only when needed."""


_AT_ONCE = 16  # concurrent requests about remote objects, which mostly wait for the network


def at_once(call: Callable[[A], B], items: Sequence[A]) -> Iterator[B]:
    """Yield ``call(item)`` for each item, in order; with URLs among them, some calls overlap."""
    if not any(map(is_url, items)):
        yield from map(call, items)
        return
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        try:
            yield from pool.map(call, items)
        finally:
            pool.shutdown(cancel_futures=True)
