"""Why a file of a directory is not read."""

from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

from ..remote.location import Name, as_location

_NAMED = 3  # names that a message gives for each reason


class Reason(Enum):
    """Why a file is left out: in words for one file, and for several."""

    DOCUMENTATION = "documentation", "documentation"
    BESIDE = "text or table beside shards", "texts or tables beside shards"
    METADATA = "metadata", "metadata"
    CACHE = "cache of datasets", "caches of datasets"
    UNLISTED = "not in state.json", "not in state.json"
    COPY = "packed copy of a file that is read", "packed copies of files that are read"
    AGAIN = "link to what is read already", "links to what is read already"
    REVISION = "other revision in the cache", "other revisions in the cache"
    BROKEN = "link to nothing", "links to nothing"
    SPECIAL = "pipe, socket or device", "pipes, sockets or devices"
    TEMPORARY = "temporary or unfinished", "temporary or unfinished"
    PROFILE = "saved profile", "saved profiles"
    UNKNOWN = "of no known format", "of no known format"
    NOT_INCLUDED = "not in --include", "not in --include"
    EXCLUDED = "in --exclude", "in --exclude"
    HIDDEN = "hidden", "hidden"
    STORE = "part of the cache", "parts of the cache"
    DESCRIBES = "belongs to files that are read", "belong to files that are read"

    @property
    def of_one(self) -> str:
        """The reason why one file is left out."""
        return self.value[0]

    @property
    def of_several(self) -> str:
        """The same for several files, to be put behind their number."""
        return self.value[1]

    @property
    def is_expected(self) -> bool:
        """Whether nobody would take such files for a part of the corpus: no warning names them."""
        return self in (Reason.HIDDEN, Reason.STORE, Reason.DESCRIBES)


class LeftOut(NamedTuple):
    """A file or a folder that is not read, and why."""

    path: Name
    reason: Reason


def grouped(left_out: Iterable[LeftOut]) -> dict[Reason, list[str]]:
    """Return the names of what is left out for each reason, in the order of `Reason`."""
    groups: dict[Reason, list[str]] = {reason: [] for reason in Reason}
    for path, reason in sorted(left_out, key=lambda each: str(each.path)):
        groups[reason].append(as_location(path).name)
    return {reason: names for reason, names in groups.items() if names}


def summary(left_out: Iterable[LeftOut]) -> str:
    """Return ``2 documentation (README.md, LICENSE.txt), 1 link to nothing (a.parquet)``."""
    return ", ".join(
        f"{len(names):,} {reason.of_one if len(names) == 1 else reason.of_several} ({some(names)})"
        for reason, names in grouped(left_out).items()
    )


def some(names: Iterable[str], most: int = _NAMED) -> str:
    """Return the first of some names, each once, long ones cut in the middle."""
    different = list(dict.fromkeys(names))
    shown = [name if len(name) <= 40 else f"{name[:20]}...{name[-17:]}" for name in different]
    return ", ".join(shown[:most]) + (", ..." if len(different) > most else "")
