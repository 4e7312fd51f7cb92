"""Which row of which file each document of a segment is, in as few bytes as that takes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..ngrams.chunk import Int64Array
from ..ngrams.layout import BoolArray
from ..readers.rows import Rows
from ..system.memory import is_mapped, release_pages
from .bounds import PIECE, Lengths, narrow
from .split import UInt64Array, hash_in_group, row_hash

_ONE_ROW_EACH = np.ones(1, dtype=np.uint8)


class Hashes(NamedTuple):
    """Hashes of some documents.

    Attributes
    ----------
    order
        ``(D,)``: the order of samples follows from their high bits, and the group from the low.
    key
        ``(D,)``: the same for documents that share a half and a group; None if none of them do.
    """

    order: UInt64Array
    key: UInt64Array | None

    @property
    def known_key(self) -> UInt64Array:
        """The keys, which are the hashes where each document has its own."""
        return self.order if self.key is None else self.key


class Stretch(NamedTuple):
    """Documents that follow each other in one file.

    Attributes
    ----------
    seed
        That of the file, by its path; see `corpus.split`.
    first
        Row of the file that `rows` counts from.
    documents
        How many documents there are; the first of those that `rows` tells of.
    rows
        The rows of the documents; None if each row is just one document.
    """

    seed: int
    first: int
    documents: int
    rows: Rows | None


@dataclass(frozen=True, slots=True)
class DocumentKeys:
    """The files and the rows of documents, and the hashes of their group keys.

    Attributes
    ----------
    seed, first, number
        ``(S,)`` of stretches of documents of one file: the seed of the file, the row of the first
        document, and the number of documents.
    step
        ``(D,)``: rows from the document before, in its stretch; 0 for a document of the same row.
    group
        ``(D,)``: hashes of the values of the group key, 0 where there is none; None without a
        group key.
    """

    seed: UInt64Array
    first: Int64Array
    number: Int64Array
    step: Lengths
    group: UInt64Array | None = None

    @classmethod
    def of(cls, stretches: Iterable[Stretch], grouped: bool = False) -> "DocumentKeys":
        """Return the keys of the documents of stretches, with group keys if they are `grouped`."""
        filled = [stretch for stretch in stretches if stretch.documents]
        first = [
            each.first + (int(each.rows.of_document[0]) if each.rows else 0) for each in filled
        ]
        number = np.array([each.documents for each in filled], dtype=np.int64)
        return cls(
            np.array([each.seed for each in filled], dtype=np.uint64),
            np.array(first, dtype=np.int64),
            number,
            _steps(filled, int(number.sum())),
            np.concatenate([np.empty(0, np.uint64), *map(_group, filled)]) if grouped else None,
        )

    @classmethod
    def joined(cls, parts: "list[DocumentKeys]") -> "DocumentKeys":
        """Return the keys of the documents of parts that are put one after the other."""
        if len(parts) == 1:
            return parts[0]
        groups = [part.group for part in parts if part.group is not None]
        seed = np.concatenate([part.seed for part in parts])
        first = np.concatenate([part.first for part in parts])
        number = np.concatenate([part.number for part in parts])
        step = _joined_steps([part.step for part in parts])
        if len(number) and _are_one_row_each(step):
            goes_on = (seed[1:] == seed[:-1]) & (first[1:] == first[:-1] + number[:-1])
            begin = np.flatnonzero(np.concatenate([[True], ~goes_on]))
            seed, first, number = seed[begin], first[begin], np.add.reduceat(number, begin)
        return cls(seed, first, number, step, np.concatenate(groups) if groups else None)

    def __len__(self) -> int:
        return len(self.step)

    @property
    def arrays(self) -> list[npt.NDArray[Any]]:
        """Those of the arrays with a value for each document that take memory."""
        arrays = [self.step] if self.step.strides != (0,) else []
        return arrays if self.group is None else [*arrays, self.group]

    def moved(self, arrays: list[npt.NDArray[Any]]) -> "DocumentKeys":
        """Return the same keys with other copies of the `arrays`, in their order."""
        copies = iter(arrays)
        step = self.step if self.step.strides == (0,) else next(copies)
        group = None if self.group is None else next(copies)
        return DocumentKeys(self.seed, self.first, self.number, step, group)

    @property
    def nbytes(self) -> int:
        """Bytes of memory that the keys take while they are kept."""
        in_memory = sum(array.nbytes for array in self.arrays if not is_mapped(array))
        return in_memory + self.seed.nbytes + self.first.nbytes + self.number.nbytes

    def only(self, keep: BoolArray) -> "DocumentKeys":
        """Return the keys of the documents that are kept ``(D,)``."""
        if keep.all():
            return self
        rows = np.concatenate([np.empty(0, np.int64), *(row for _, row, _ in self._pieces())])
        stretch = np.repeat(np.arange(len(self.number)), self.number)[keep]
        rows, number = rows[keep], np.bincount(stretch, minlength=len(self.number))
        begin = (np.cumsum(number) - number)[number > 0]
        step = np.diff(rows, prepend=0)
        step[begin] = 1
        return DocumentKeys(
            self.seed[number > 0],
            rows[begin],
            number[number > 0],
            narrow(step),
            None if self.group is None else self.group[keep],
        )

    def rows(self) -> tuple[UInt64Array, Int64Array]:
        """Return the seed of the file, and the row in it, of each document ``(D,)``."""
        seeds, rows = [np.empty(0, np.uint64)], [np.empty(0, np.int64)]
        for seed, row, _ in self._pieces():
            seeds.append(np.broadcast_to(seed, row.shape))
            rows.append(row)
        return np.concatenate(seeds), np.concatenate(rows)

    def pieces(self) -> Iterator[Hashes]:
        """Yield the hashes of some documents at a time, of as many as `Bounds.pieces`."""
        done = 0
        for seed, row, place in self._pieces():
            of_row = row_hash(seed, row)
            last = done + len(row)
            order, key = of_row, of_row
            if self.group is not None:
                own = self.group[done:last]
                key = np.where(own != 0, own, of_row)
                release_pages(own)
            if place is not None:  # of documents of one row, each has another place in the order
                order = np.where(place > 0, row_hash(of_row, place), of_row)
            done = last
            yield Hashes(order, None) if key is order else Hashes(hash_in_group(order, key), key)

    def _pieces(self) -> Iterator[tuple[UInt64Array, Int64Array, Int64Array | None]]:
        """Yield for some documents the seeds of the files, the rows, and the places in the rows.

        There is one seed if all are of one file, and the places are None where each is 0.
        """
        end = np.cumsum(self.number)
        row = place = 0  # of the document before
        for first in range(0, len(self), PIECE):
            last = min(first + PIECE, len(self))
            begin, stop = np.searchsorted(end, [first, last - 1], side="right").tolist()
            some = slice(begin, stop + 1)
            begins = end[some] - self.number[some]
            inside = np.maximum(begins, first) - first
            number = np.minimum(end[some], last) - first - inside
            seed, places = self.seed[some], None
            if _are_one_row_each(self.step):
                rows = np.arange(first, last)
                base = self.first[some] - begins
                rows += base if len(base) == 1 else np.repeat(base, number)
            else:
                step = self.step[first:last].astype(np.int64)
                is_new = begins >= first  # whether the stretch begins in this piece
                step[inside[is_new]] = 1
                walked = np.cumsum(step)
                base = np.where(is_new, self.first[some] - walked[inside], row)
                rows = walked + np.repeat(base, number)
                places = _places(step, place)
                row, place = int(rows[-1]), int(places[-1]) if places is not None else 0
                release_pages(self.step)
            yield seed if len(seed) == 1 else np.repeat(seed, number), rows, places


def _are_one_row_each(step: Lengths) -> bool:
    return step.strides == (0,) and bool(step[0] == 1)


def _places(step: Int64Array, before: int) -> Int64Array | None:
    """The place of each document in its row, where the one before the first has place `before`."""
    if step.all():
        return None
    at = np.arange(len(step))
    begin = np.maximum.accumulate(np.where(step > 0, at, -1 - before))
    return at - begin


def _steps(stretches: list[Stretch], documents: int) -> Lengths:
    if all(each.rows is None for each in stretches):
        return np.broadcast_to(_ONE_ROW_EACH[0], (documents,))
    steps = [
        np.ones(each.documents, dtype=np.int64)
        if each.rows is None
        else np.concatenate([[1], np.diff(each.rows.of_document[: each.documents])])
        for each in stretches
    ]
    return narrow(np.concatenate(steps))


def _joined_steps(steps: list[Lengths]) -> Lengths:
    """Steps one after the other, as a view of one of them if all are equal."""
    filled = [step for step in steps if len(step)]
    if filled and all(step.strides == (0,) and step[0] == filled[0][0] for step in filled):
        return np.broadcast_to(filled[0][0], (sum(map(len, filled)),))
    widest = np.result_type(np.uint8, *(step.dtype for step in filled))
    return np.concatenate([np.empty(0, dtype=widest), *filled])


def _group(stretch: Stretch) -> UInt64Array:
    """The hashes of the group keys of a stretch, 0 where there are none."""
    rows = stretch.rows
    if rows is None or rows.keys is None:
        return np.zeros(stretch.documents, dtype=np.uint64)
    return rows.keys[: stretch.documents]
