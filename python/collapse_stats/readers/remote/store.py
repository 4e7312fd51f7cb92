"""The interface of stores of objects, and repeated attempts to read from one."""

import random
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from ...errors import InputError
from .shown import shown

T = TypeVar("T")

PAUSES = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)  # seconds between attempts, varied at random by half


class TransientError(OSError):
    """A failure that may pass: try again after at least `wait` seconds."""

    def __init__(self, what: str, wait: float = 0.0) -> None:
        super().__init__(what)
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Found:
    """An object that exists: its size in bytes, None if unknown."""

    size: int | None


class Source(Protocol):
    """The bytes of one object.

    Attributes
    ----------
    size
        In bytes, None if unknown.
    version
        What the server names it by, which is another for other bytes; None if there is no such.
    ranges
        Whether several ranges may be read at once, in any order.
    """

    size: int | None
    version: str | None
    ranges: bool

    def read(self, begin: int, size: int) -> bytes:
        """Read at most `size` bytes from `begin` on, none only at the end; or TransientError."""

    def close(self) -> None:
        """Close the connection."""


class Store(Protocol):
    """Objects of one bucket, host or hub. Every method may raise TransientError."""

    def find(self, url: str) -> Found | None:
        """Return the object of this name, None if there is none."""

    def list(self, url: str) -> Mapping[str, int] | None:
        """Return sizes of the objects below a prefix by relative name, None if it has no list."""

    def open(self, url: str) -> Source:
        """Open an object; FileNotFoundError if there is none."""


class WritableStore(Store, Protocol):
    """A store that objects can be written to."""

    def put(self, url: str, blocks: Callable[[], Iterable[bytes]]) -> None:
        """Write an object, which is there with all of its bytes or not at all.

        Input: `blocks`, which gives the bytes, again if an attempt fails.
        """


class _Persistent:
    """A store that repeats the requests to another one after passing failures."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(self, url: str) -> Found | None:
        return persistently(lambda: self._store.find(url), url, "asking for it failed")

    def list(self, url: str) -> Mapping[str, int] | None:
        return persistently(lambda: self._store.list(url), url, "listing it failed")

    def open(self, url: str) -> Source:
        return persistently(lambda: self._store.open(url), url, "opening it failed")


class _PersistentWritable(_Persistent):
    """The same of a store that can be written to."""

    _store: WritableStore

    def put(self, url: str, blocks: Callable[[], Iterable[bytes]]) -> None:
        persistently(lambda: self._store.put(url, blocks), url, "writing it failed")


def persistently(call: Callable[[], T], url: str, what: str) -> T:
    """Return the result of a call, repeated after passing failures; InputError after too many."""
    for pause in (*PAUSES, None):
        try:
            return call()
        except TransientError as error:
            if pause is None:
                raise InputError(
                    f"{shown(url)}: {what}, {len(PAUSES) + 1} times in a row ({error}): try again "
                    "later, or download it first"
                ) from error
            time.sleep(max(error.wait, pause * random.uniform(0.5, 1.5)))
    raise AssertionError("the last attempt returns or raises")
