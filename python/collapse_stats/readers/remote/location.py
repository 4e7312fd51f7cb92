"""Where a file is: a path on this machine, or a URL."""

import os
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from .path import RemotePath

_URL = re.compile(r"(s3|gs|gcs|hf|https?)://[^\s/]\S*", re.IGNORECASE)


def is_url(path: object) -> bool:
    """Whether this is a URL of an object or a prefix, and no name of a local file."""
    return isinstance(path, RemotePath) or (
        isinstance(path, str) and _URL.fullmatch(path) is not None and not Path(path).exists()
    )


def as_name(path: "str | os.PathLike[str] | RemotePath") -> "str | RemotePath":
    """The name of a path, or what a URL is the name of."""
    if isinstance(path, RemotePath):
        return path
    return RemotePath(path) if isinstance(path, str) and is_url(path) else os.fspath(path)


def as_location(path: "str | os.PathLike[str] | RemotePath") -> "Path | RemotePath":
    """The path that a string is the name of."""
    if isinstance(path, Path):
        return path
    name = as_name(path)
    return name if isinstance(name, RemotePath) else Path(name)


A = TypeVar("A")


B = TypeVar("B")


Location = Path | RemotePath
"""Where a file is."""


Name = str | RemotePath
"""The same of files of which there may be a hundred thousand: a `Path` is made when needed."""


_AT_ONCE = 16  # questions about objects that lie elsewhere: each is a wait


def at_once(call: Callable[[A], B], items: Sequence[A]) -> Iterator[B]:
    """What a call gives for each item in turn; of URLs, several are asked for at a time."""
    if not any(map(is_url, items)):
        yield from map(call, items)
        return
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        try:
            yield from pool.map(call, items)
        finally:
            pool.shutdown(cancel_futures=True)
