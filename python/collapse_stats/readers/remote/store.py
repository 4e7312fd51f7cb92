"""What keeps objects, and reading one of them again and again until it works."""

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from ...errors import InputError

T = TypeVar("T")

PAUSES = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)  # seconds between attempts, a half more or less


class TransientError(OSError):
    """What may work when it is tried again, after `wait` seconds at least."""

    def __init__(self, what: str, wait: float = 0.0) -> None:
        super().__init__(what)
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Found:
    """An object there is: its size (None when nobody knows) and what tells this version of it."""

    size: int | None
    version: str | None = None


class Source(Protocol):
    """Bytes of one object."""

    size: int | None
    ranges: bool  # several may be read at once, in any order

    def read(self, begin: int, size: int) -> bytes:
        """Some bytes from `begin` on, at most `size`, none only at the end; or TransientError."""

    def close(self) -> None:
        """Let the connection go."""


class Store(Protocol):
    """Objects of one bucket, host or hub. Any of these may raise TransientError."""

    def find(self, url: str) -> Found | None:
        """The object of this name, None when there is none."""

    def list(self, url: str) -> Mapping[str, int] | None:
        """Sizes of the objects below a prefix by what follows it; None when it cannot be listed."""

    def open(self, url: str) -> Source:
        """The bytes of an object; FileNotFoundError when there is none."""


class _Persistent:
    """A store that asks another one again when asking fails in passing."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def find(self, url: str) -> Found | None:
        return persistently(lambda: self._store.find(url), url, "asking for it failed")

    def list(self, url: str) -> Mapping[str, int] | None:
        return persistently(lambda: self._store.list(url), url, "listing it failed")

    def open(self, url: str) -> Source:
        return persistently(lambda: self._store.open(url), url, "opening it failed")


def persistently(call: Callable[[], T], url: str, what: str) -> T:
    """What a call returns, in the end; InputError when it fails in passing too often."""
    for pause in (*PAUSES, None):
        try:
            return call()
        except TransientError as error:
            if pause is None:
                raise InputError(
                    f"{url}: {what}, {len(PAUSES) + 1} times in a row ({error}): try again later, "
                    "or copy it here first"
                ) from error
            time.sleep(max(error.wait, pause * random.uniform(0.5, 1.5)))
    raise AssertionError("the last attempt returns or raises")
