"""Patterns of paths: those of ``--include`` and ``--exclude``, and those of URLs."""

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from itertools import takewhile

from ...errors import InputError
from .reasons import Reason

Parts = tuple[str, ...]
"""A path below a directory, as its parts."""

_MAGIC = re.compile(r"\[[^]]*\]|[*?.]")


class Patterns:
    """Which files ``--include`` and ``--exclude`` leave.

    A pattern without a slash matches the name of a file or of a folder at any depth; one with a
    slash the path below the directory, where ``*`` stands for one part and ``**`` for any number of
    folders. A folder that matches stands for all that lies in it.
    """

    def __init__(self, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> None:
        self._include = [_Pattern("include", pattern) for pattern in include]
        self._exclude = [_Pattern("exclude", pattern) for pattern in exclude]

    def __bool__(self) -> bool:
        """Whether there are patterns."""
        return bool(self._include or self._exclude)

    def reason(self, parts: Parts) -> Reason | None:
        """Return why the patterns leave a file out, None if they do not."""
        # All of them are asked, so that those that match nothing are known.
        included = [pattern.matches(parts) for pattern in self._include]
        if included and not any(included):
            return Reason.NOT_INCLUDED
        excluded = [pattern.matches(parts) for pattern in self._exclude]
        return Reason.EXCLUDED if any(excluded) else None

    def names(self, parts: Parts, exactly: bool = False) -> bool:
        """Whether an ``--include`` says of this file more than its folder: ``*.md``, ``README*``.

        Such a file is read whatever lies beside it, like one that is given by its own path. With
        `exactly`, the pattern must have the whole name of the file.
        """
        return any(
            (each.name == parts[-1] if exactly else says_names(each.name)) and each.matches(parts)
            for each in self._include
        )

    def warnings(self) -> list[str]:
        """Return a sentence for each pattern that matched nothing so far."""
        return [
            f"--{each.option} {each.pattern}: no file matches this pattern"
            for each in (*self._include, *self._exclude)
            if not each.has_matched
        ]


class _Pattern:
    def __init__(self, option: str, pattern: str) -> None:
        self.option, self.pattern = option, pattern
        self._parts = [part for part in pattern.strip("/").split("/") if part not in ("", ".")]
        if not self._parts or ".." in self._parts:
            raise InputError(
                f"--{option} {pattern!r}: expected a pattern of names or of paths below the "
                "directory, such as '*.parquet' or 'train/**'"
            )
        self._anywhere = len(self._parts) == 1 and "/" not in pattern.rstrip("/")
        self.name = self._parts[-1]
        self.has_matched = False

    def matches(self, parts: Parts) -> bool:
        if self._anywhere:
            found = any(fnmatchcase(part, self._parts[0]) for part in parts)
        else:
            found = any(matches(parts[:end], self._parts) for end in range(1, len(parts) + 1))
        self.has_matched |= found
        return found


def says_names(part: str) -> bool:
    """Whether a part of a pattern tells names apart, unlike ``*`` and ``**``."""
    return bool(_MAGIC.sub("", part))


def matches(parts: Parts, pattern: Sequence[str]) -> bool:
    """Whether a path matches as by `glob.glob`: ``*`` does not match a hidden name."""
    if not pattern:
        return not parts
    if list(pattern) == ["**"]:
        return not any(map(is_hidden, parts))
    if pattern[0] == "**":
        return any(matches(parts[n:], pattern[1:]) for n in _into(parts))
    return (
        bool(parts)
        and (not is_hidden(parts[0]) or pattern[0].startswith("."))
        and fnmatchcase(parts[0], pattern[0])
        and matches(parts[1:], pattern[1:])
    )


def is_hidden(name: str) -> bool:
    """Whether a file or folder of this name is hidden."""
    return name.startswith(".")


def _into(parts: Parts) -> Iterator[int]:
    """The numbers of leading folders that ``**`` may stand for, none of them hidden."""
    return takewhile(lambda n: not any(map(is_hidden, parts[:n])), range(len(parts)))
