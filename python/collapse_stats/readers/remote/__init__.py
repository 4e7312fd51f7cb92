"""Corpora that lie elsewhere: ``s3://``, ``gs://``, ``hf://`` and ``https://``.

An object is read by ranges, a few of which are fetched ahead, each again and again with pauses when
that fails in passing; no object is ever whole in memory.

* ``s3://`` and ``gs://`` through `pyarrow.fs`, which every installation has;
* ``https://`` and ``http://`` through `requests`, which tiktoken needs anyway: fsspec's HTTP files
  take nothing up again where a connection broke;
* ``hf://`` through `huggingface_hub`, which lists and finds files; they are read by ``https://``.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from .items import Items, LazyItems
from .place import RemotePath, is_url, named, place

__all__ = [
    "Items",
    "LazyItems",
    "Location",
    "Name",
    "RemotePath",
    "at_once",
    "is_url",
    "named",
    "place",
]

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
