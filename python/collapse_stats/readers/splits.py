"""Splits: parts of a source that several threads can read at the same time."""

from abc import abstractmethod
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from .base import Batch, Reader
from .options import MAX_DOCUMENT
from .repairs import Repairs


class Split(NamedTuple):
    """Some documents of a source, which any thread may read.

    Attributes
    ----------
    size
        Approximate bytes of memory that reading the split takes.
    read
        Reads the split. Repairs are counted in the batch and nowhere else, so that the order in
        which splits are read makes no difference.
    """

    size: int
    read: Callable[[], Batch]


class SplittableReader(Reader):
    """A reader whose source is divided into splits."""

    longest: int = MAX_DOCUMENT
    """Most bytes that a line, a row or a text may have."""

    _repairs: Repairs | None = None  # created when needed: few of a hundred thousand files have any

    @property
    def warnings(self) -> list[str]:
        """What the pass has skipped or repaired so far."""
        return self._repairs.messages(self.path) if self._repairs else []

    @property
    def left_out(self) -> int:
        """Lines or rows without a document in the pass so far."""
        return self._repairs.left_out if self._repairs else 0

    @abstractmethod
    def splits(self) -> Iterator[Split]:
        """Yield splits in the order of the source; work for one thread is done between them."""

    def add_repairs(self, repairs: Repairs) -> None:
        """Add the repairs of a split's batch to the warnings; to be called in the splits' order."""
        self._repairs = self._repairs or Repairs()
        self._repairs.include(repairs)

    def batches(self) -> Iterator[Batch]:
        """Yield the documents in the order of the source, a batch for each split."""
        self._repairs = None
        for split in self.splits():
            batch = split.read()
            if batch.repairs:
                self.add_repairs(batch.repairs)
            yield batch


LINE = 96
"""Bytes that a line takes beside its own: of a text in Python, and of bounds."""

PARSED = 8
"""How many bytes a byte of JSON may take once it is parsed."""


def splits_of(reader: Reader) -> Iterator[Split]:
    """Yield the splits of any reader; without splits of its own, batches that are already read."""
    if isinstance(reader, SplittableReader):
        return reader.splits()
    return (Split(batch.nbytes, partial(_same, batch)) for batch in reader.batches())


def _same(batch: Batch) -> Batch:
    return batch
