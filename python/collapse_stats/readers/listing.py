"""The files that a corpus consists of, and what its directories hold besides."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import overload

from ..errors import InputError
from .directory.reasons import LeftOut, Reason, grouped, some, summary
from .registry import registry
from .remote.location import Location, Name, as_location


class Files(Sequence[Location]):
    """The files to read, in order.

    Attributes
    ----------
    names
        The files to read.
    left_out
        What lies in the directories and is not read, and why.
    doubtful
        Those of the files that were found in a directory and may turn out to be metadata when they
        are opened; True if one JSON object is metadata whatever it holds, because it lies beside
        shards.
    unreadable
        Path -> error of folders that cannot be listed, and of shards that are missing.
    notes
        Sentences about what else is doubtful.
    """

    def __init__(self) -> None:
        self.names: list[Name] = []
        self.left_out: list[LeftOut] = []
        self.doubtful: dict[Name, bool] = {}
        self.unreadable: dict[str, str] = {}
        self.notes: list[str] = []

    def __len__(self) -> int:
        return len(self.names)

    @overload
    def __getitem__(self, index: int) -> Location: ...
    @overload
    def __getitem__(self, index: slice) -> list[Location]: ...
    def __getitem__(self, index: int | slice) -> Location | list[Location]:
        if isinstance(index, slice):
            return list(map(as_location, self.names[index]))
        return as_location(self.names[index])

    def leave_out(self, paths: Iterable[Name], reason: Reason) -> None:
        """Note that some files or folders are not read."""
        self.left_out += (LeftOut(path, reason) for path in paths)

    @property
    def skipped(self) -> list[Name]:
        """What is left out though somebody may take it for a part of the corpus."""
        return [path for path, reason in self.left_out if not reason.is_expected]

    def warnings(self) -> list[str]:
        """Return a sentence about what is left out, and one about each other doubt."""
        return [*self.left_out_warning(), *self.doubts()]

    def left_out_warning(self) -> list[str]:
        """Return a sentence about what is left out, if there is something unexpected."""
        left_out = [each for each in self.left_out if not each.reason.is_expected]
        return [f"left out: {summary(left_out)}"] if left_out else []

    def doubts(self) -> list[str]:
        """Return a sentence about each other doubt."""
        return self._given_twice() + self.notes

    def turned_out_metadata(self, name: Name) -> None:
        """Note that a doubtful file describes others."""
        is_rows = str(name).endswith((".arrow", ".feather"))
        self.leave_out([name], Reason.CACHE if is_rows else Reason.METADATA)

    def _given_twice(self) -> list[str]:
        if len(set(self.names)) == len(self.names):
            return []
        twice = [str(name) for name, times in Counter(self.names).items() if times > 1]
        return [f"files given more than once and counted each time: {len(twice):,} ({some(twice)})"]


def nothing_in(name: str, left_out: Sequence[LeftOut]) -> InputError:
    """Return the error for a directory or prefix without a file to read."""
    reasons = grouped(left_out).keys()
    if not reasons - {Reason.HIDDEN, Reason.STORE}:
        return InputError(f"{name}: no file in this directory. Read are: {registry().known}")
    if reasons & {Reason.NOT_INCLUDED, Reason.EXCLUDED}:
        advice = ": change --include or --exclude"
    elif Reason.BROKEN in reasons:
        advice = ": the files that the links lead to are gone; fetch them again"
    elif Reason.UNKNOWN in reasons:
        advice = (
            f". Read are: {registry().known}. Files of other names are given by a pattern, and "
            f"what they hold by --input-format: '{name}/**/part-*' --input-format jsonl"
        )
    else:
        advice = ": give a file by its own path to read it all the same"
    return InputError(f"{name}: nothing to read here, only {summary(left_out)}{advice}")
