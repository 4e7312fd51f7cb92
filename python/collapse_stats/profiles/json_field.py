"""Values of a JSON document, each with its place in it, and checks that name the place."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

LARGEST = (1 << 63) - 1  # of the numbers in a manifest

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Field:
    """A value that was read from JSON. Every check raises ValueError, which names its place.

    Attributes
    ----------
    place
        Such as ``parts[3].rows``; empty for the whole document.
    """

    value: Any
    place: str = ""

    def __getitem__(self, key: str) -> "Field":
        """Return the member of an object."""
        if not isinstance(self.value, dict):
            raise self._refused("an object")
        place = f"{self.place}.{key}" if self.place else key
        if key not in self.value:
            raise ValueError(f"expected {place}, got no such field")
        return Field(self.value[key], place)

    def added(self, key: str) -> "Field":
        """Return a member that older files of the same format may lack, which is then null."""
        is_there = not isinstance(self.value, dict) or key in self.value
        return self[key] if is_there else Field(None, f"{self.place}.{key}")

    def items(self) -> "Iterator[Field]":
        """Yield the items of a list."""
        if not isinstance(self.value, list):
            raise self._refused("a list")
        for number, value in enumerate(self.value):
            yield Field(value, f"{self.place}[{number}]")

    def number(self, least: int = 0, most: int = LARGEST) -> int:
        """Return a whole number."""
        is_whole = isinstance(self.value, int) and not isinstance(self.value, bool)
        if not is_whole or not least <= self.value <= most:
            raise self._refused(f"a whole number from {least:,} to {most:,}")
        return int(self.value)

    def real(self) -> float:
        """Return a finite number that is not negative."""
        is_number = isinstance(self.value, int | float) and not isinstance(self.value, bool)
        if not is_number or not 0 <= self.value <= LARGEST:
            raise self._refused("a number from 0 on")
        return float(self.value)

    def flag(self) -> bool:
        """Return true or false."""
        if not isinstance(self.value, bool):
            raise self._refused("true or false")
        return self.value

    def text(self) -> str:
        """Return a text."""
        if not isinstance(self.value, str):
            raise self._refused("a text")
        return self.value

    def one_of(self, choices: Collection[str]) -> str:
        """Return a text that is one of a few."""
        text = self.text()
        if text not in choices:
            raise self._refused(f"one of {', '.join(choices)}")
        return text

    def sha256(self) -> str:
        """Return a SHA-256 as 64 hexadecimal digits."""
        if not isinstance(self.value, str) or not _SHA256.fullmatch(self.value):
            raise self._refused("a SHA-256 of 64 hexadecimal digits")
        return self.value

    @property
    def is_null(self) -> bool:
        """Whether the value is null, which stands for what is not known."""
        return self.value is None

    def expect(self, value: object) -> None:
        """Check that this is a certain value."""
        if self.value != value or type(self.value) is not type(value):
            raise self._refused(f"{value!r}, which the other files say")

    def _refused(self, expected: str) -> ValueError:
        got = repr(self.value)
        got = got if len(got) <= 60 else f"{got[:57]}..."
        return ValueError(f"expected {self.place or 'the whole'} to be {expected}, got {got}")
