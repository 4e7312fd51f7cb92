"""A source divided into parts that threads may read at the same time."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import NamedTuple

from .base import Batch, Reader
from .repairs import Repairs


class Split(NamedTuple):
    """Some of a source's documents, which any thread may read.

    Attributes
    ----------
    size
        About how many bytes of memory reading it takes.
    read
        Reads it. What was skipped or repaired is in the batch's notes and nowhere else, so that
        nothing tells in which order units were read.
    """

    size: int
    read: Callable[[], Batch]


class SplittableReader(ABC):
    """A reader that says how its source is divided."""

    path: str
    digest: str = ""
    """Of a small file, which was seen as a whole when it was opened."""

    _repairs: Repairs | None = None  # of a hundred thousand files few have anything to tell

    @property
    def warnings(self) -> list[str]:
        """What was skipped or repaired by the pass so far."""
        return self._repairs.messages(self.path) if self._repairs else []

    @abstractmethod
    def splits(self) -> Iterator[Split]:
        """Units in the order of the source; what only one thread can do is done between them."""

    def note(self, notes: Repairs) -> None:
        """Add the notes of a unit's batch to the warnings; units must come in their order."""
        self._repairs = self._repairs or Repairs()
        self._repairs.include(notes)

    def batches(self) -> Iterator[Batch]:
        """Documents in the order of the source, a unit at a time."""
        self._repairs = None
        for split in self.splits():
            batch = split.read()
            if batch.notes:
                self.note(batch.notes)
            yield batch


def splits_of(reader: Reader) -> Iterator[Split]:
    """Units of any reader: one that is not divided reads them itself, one after the other."""
    if isinstance(reader, SplittableReader):
        yield from reader.splits()
        return
    for batch in reader.batches():
        yield Split(batch.nbytes, lambda batch=batch: batch)  # type: ignore[misc]
