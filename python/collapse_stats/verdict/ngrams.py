"""N-grams of the documents of two samples, counted per group of documents."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from ..groups import GROUPS, group_of
from ..sample import Sample

COLUMNS = 2 * GROUPS  # the baseline's groups, then the candidate's
_COLUMN_BITS = 5
_TYPES = 1 << 15  # counted at a time, so that a table of every group stays in cache

Keys = npt.NDArray[np.uint64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Windows:
    """The next tokens from each position of two samples, and the group of their document.

    Attributes
    ----------
    keys
        ``(W,)``, in any order: `max_order` codes of `bits` bits, first token on top, then the
        group. A token is coded from 1; 0 is past the document's end.
    """

    keys: Keys
    bits: int
    max_order: int

    @classmethod
    def of(cls, baseline: Sample, candidate: Sample, max_order: int) -> "Windows":
        """Windows of `max_order` tokens, or of as many as fit 64 bits.

        Three do up to 524,287 different tokens, two up to 536 million.
        """
        tokens, bits = _coded(np.concatenate([baseline.tokens, candidate.tokens]))
        max_order = min(max_order, (64 - _COLUMN_BITS) // bits)
        length = np.concatenate([baseline.length, candidate.length])
        keys = tokens.copy()
        for order in range(1, max_order):
            keys <<= np.uint64(bits)
            keys[:-order] |= tokens[order:]
        end = np.cumsum(length)
        for left in range(1, max_order):  # windows that begin so many tokens before the end
            codes = ((1 << bits * left) - 1) << bits * (max_order - left)
            keys[(end - left)[length >= left]] &= np.uint64(codes)
        keys <<= np.uint64(_COLUMN_BITS)
        keys |= np.repeat(columns(baseline, candidate), length)
        return cls(keys, bits, max_order)

    def piece(self, number: int, pieces: int) -> "Windows":
        """One of 2, 4, 8 ... pieces; windows that begin with the same token are in the same."""
        shift = self.bits * (self.max_order - 1) + _COLUMN_BITS
        chosen = self.keys & np.uint64(pieces - 1 << shift) == np.uint64(number << shift)
        return Windows(self.keys[chosen], self.bits, self.max_order)


@dataclass(frozen=True, slots=True, eq=False)
class GroupCounts:
    """How often each n-gram of two samples occurs in each group of their documents.

    Attributes
    ----------
    alone
        ``(32,)`` occurrences, per group, of n-grams that no other group has: nothing else need be
        known of them, and they are most. Groups 0..15 are the baseline's, 16..31 the candidate's.
    type, group, count
        ``(E,)``: for each other n-gram (numbered 0..types - 1) and each group that has it, how
        often it does.
    types
        Distinct n-grams of more than one group.
    """

    alone: Ints
    type: Ints
    group: Ints
    count: Ints
    types: int


def columns(baseline: Sample, candidate: Sample) -> npt.NDArray[np.uint8]:
    """Group ``(D,)`` 0..31 of the documents of both samples."""
    return np.concatenate([group_of(baseline.hash), group_of(candidate.hash) + np.uint8(GROUPS)])


def occurrences(baseline: Sample, candidate: Sample, order: int) -> Ints:
    """N-grams ``(32,)`` of each group."""
    length = np.concatenate([baseline.length, candidate.length])
    inside = np.maximum(length - (order - 1), 0)
    found = np.bincount(columns(baseline, candidate), inside, COLUMNS)
    return found.astype(np.int64)


def group_counts(windows: Windows) -> Iterator[GroupCounts]:
    """Counts of orders 1..max_order, one after the other; one sort serves them all."""
    keys = np.sort(windows.keys)
    group = (keys & np.uint64(COLUMNS - 1)).astype(np.uint8)
    differs = keys.copy()
    differs[1:] ^= keys[:-1]  # of the first window all codes do: they are not 0
    for order in range(1, windows.max_order + 1):
        shift = windows.bits * (windows.max_order - order) + _COLUMN_BITS
        inside = keys & np.uint64((1 << windows.bits) - 1 << shift) != 0
        new = differs >= np.uint64(1 << shift)
        yield _counted(group[inside], new[inside])


def _counted(group: npt.NDArray[np.uint8], new: npt.NDArray[np.bool_]) -> GroupCounts:
    """Counts of n-grams that lie together, from their `group` and where a `new` one begins."""
    number = np.cumsum(new) - 1
    moved = np.flatnonzero((group[1:] != group[:-1]) & ~new[1:]) + 1
    shared = np.zeros(int(new.sum()), dtype=bool)
    shared[number[moved]] = True
    kept = shared[number]
    alone = np.bincount(group, minlength=COLUMNS) - np.bincount(group[kept], minlength=COLUMNS)

    cells = (np.cumsum(shared) - 1)[number[kept]] * COLUMNS + group[kept]
    types = int(shared.sum())
    edges = np.searchsorted(cells, np.arange(0, types + _TYPES, _TYPES) * COLUMNS)
    found, counts = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for block, (begin, end) in enumerate(pairwise(edges.tolist())):
        count = np.bincount(cells[begin:end] - block * _TYPES * COLUMNS)
        at = np.flatnonzero(count)
        found.append(at + block * _TYPES * COLUMNS)
        counts.append(count[at])
    cell = np.concatenate(found)
    return GroupCounts(alone, cell // COLUMNS, cell % COLUMNS, np.concatenate(counts), types)


def _coded(tokens: npt.NDArray[np.uint32]) -> tuple[Keys, int]:
    """Codes from 1 and their bits; ids that three to a key do not fit are numbered anew."""
    bits = (int(tokens.max(initial=0)) + 1).bit_length()
    if 3 * bits + _COLUMN_BITS <= 64:
        return tokens.astype(np.uint64) + np.uint64(1), bits
    seen, rank = np.unique(tokens, return_inverse=True)
    return rank.astype(np.uint64) + np.uint64(1), len(seen).bit_length()


def distinct_documents(sample: Sample) -> int:
    """Documents that are not an exact copy of another one, counting one of each."""
    content = sample.tokens.tobytes()
    end = (np.cumsum(sample.length) * sample.tokens.itemsize).tolist()
    return len({content[a:b] for a, b in zip([0, *end], end, strict=False)})
