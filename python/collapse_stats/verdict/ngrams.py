"""N-grams of the documents of a sample, counted per group of documents."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..groups import GROUPS, group_of
from ..sample import Sample

Ids = npt.NDArray[np.uint64]
COLUMNS = 2 * GROUPS  # the baseline's groups, then the candidate's
BLOCK = 512  # tokens: longer documents repeat themselves by their length alone
_COLUMN_BITS = np.uint64(5)


@dataclass(frozen=True, slots=True, eq=False)
class GroupCounts:
    """How often each n-gram of two samples occurs in each group of their documents.

    Attributes
    ----------
    alone
        ``(32,)`` occurrences, per group, of n-grams that no other group has: nothing else need be
        known of them, and they are most. Groups 0..15 are the baseline's, 16..31 the candidate's.
    shared
        Per group: numbers ``(E,)`` of its other n-grams, 0..types - 1, and how often ``(E,)`` each
        occurs there.
    types
        Distinct n-grams of more than one group.
    """

    alone: npt.NDArray[np.float64]
    shared: list[tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]]
    types: int


def group_counts(baseline: Sample, candidate: Sample, max_order: int) -> Iterator[GroupCounts]:
    """Counts of orders 1..max_order, one after the other."""
    tokens = np.concatenate([baseline.tokens, candidate.tokens]).astype(np.uint64)
    length = np.concatenate([baseline.length, candidate.length])
    group = np.concatenate([group_of(baseline.hash), group_of(candidate.hash) + np.uint8(GROUPS)])
    end = np.repeat(np.cumsum(length), length)
    group = np.repeat(group, length)
    for at, ids in _windows(tokens, end, max_order, spare=int(_COLUMN_BITS)):
        packed = np.sort(ids << _COLUMN_BITS | group[at])
        first = np.flatnonzero(_changes(packed))
        count = np.diff(np.append(first, len(packed))).astype(np.float64)
        packed = packed[first]
        column = (packed & np.uint64(COLUMNS - 1)).astype(np.uint8)
        new = _changes(packed >> _COLUMN_BITS)
        alone = new & np.append(new[1:], True)
        kept = np.flatnonzero(~alone)
        number = np.cumsum(new[kept]) - 1
        order = np.argsort(column[kept], kind="stable")
        edges = np.searchsorted(column[kept][order], np.arange(1, COLUMNS))
        yield GroupCounts(
            np.bincount(column[alone], count[alone], minlength=COLUMNS).astype(np.float64),
            list(
                zip(
                    np.split(number[order], edges),
                    np.split(count[kept][order], edges),
                    strict=True,
                )
            ),
            int(new[kept].sum()),
        )


def repeated_share(sample: Sample, order: int = 5) -> float:
    """Share of n-grams that occurred before in their own document (blocks of up to 512 tokens).

    0 when no document has an n-gram of this order.
    """
    blocks = -(-sample.length // BLOCK)
    home = np.repeat(np.arange(len(sample)), blocks)
    first = np.cumsum(blocks) - blocks
    begin = (np.cumsum(sample.length) - sample.length)[home] + BLOCK * (
        np.arange(len(home)) - first[home]
    )
    end = np.minimum(begin + BLOCK, np.cumsum(sample.length)[home])
    size = end - begin
    number = np.repeat(np.arange(len(size)), size)
    spare = len(size).bit_length()
    *_, (at, ids) = _windows(sample.tokens.astype(np.uint64), end[number], order, spare)
    if not len(ids):
        return 0.0
    packed = np.sort(ids << np.uint64(spare) | number[at].astype(np.uint64))
    return 1.0 - float(_changes(packed).sum()) / len(packed)


def distinct_documents(sample: Sample) -> int:
    """Documents that are not an exact copy of another one, counting one of each."""
    return len({document.tobytes() for document in sample.documents()})


def _windows(
    tokens: Ids, end: npt.NDArray[np.int64], max_order: int, spare: int
) -> Iterator[tuple[npt.NDArray[np.intp], Ids]]:
    """Per order: where its n-grams begin, and a number for each, equal for equal n-grams.

    Numbers leave `spare` bits free above. They are the packed ids as long as these fit, and ranks
    of what came before where they do not.
    """
    at = np.arange(len(tokens))
    tokens, token_bits = _narrowed(tokens)
    ids, bits = tokens, token_bits
    for order in range(1, max_order + 1):
        if order > 1:
            inside = at + order <= end[at]
            at, ids = at[inside], ids[inside]
            if bits + token_bits + spare > 64:
                ids, bits = _ranked(ids)
            ids = ids << np.uint64(token_bits) | tokens[at + order - 1]
            bits += token_bits
        if bits + spare > 64:
            ids, bits = _ranked(ids)
        yield at, ids


def _narrowed(tokens: Ids) -> tuple[Ids, int]:
    bits = int(tokens.max(initial=0)).bit_length()
    return (tokens, max(bits, 1)) if bits <= 20 else _ranked(tokens)


def _ranked(ids: Ids) -> tuple[Ids, int]:
    seen, rank = np.unique(ids, return_inverse=True)
    return rank.astype(np.uint64), max(len(seen).bit_length(), 1)


def _changes(ascending: Ids) -> npt.NDArray[np.bool_]:
    new = np.ones(len(ascending), dtype=bool)
    np.not_equal(ascending[1:], ascending[:-1], out=new[1:])
    return new
