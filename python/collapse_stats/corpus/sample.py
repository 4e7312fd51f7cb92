"""Whole documents kept with a profile, to be counted again for matched sizes and intervals."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ..ngrams.chunk import Chunk, UInt8Array
from ..ngrams.layout import BoolArray
from .split import group_of, half_of

DEFAULT_TOKENS = 2_000_000


@dataclass(frozen=True, eq=False)
class Sample:
    """Documents (blocks, in a corpus of few documents) in the order of their hash.

    Because of this order, a smaller sample is a prefix of a larger one.

    Attributes
    ----------
    hash
        ``(D,)`` uint64, ascending: `split.ordinal_hash` of the ordinals.
    length
        ``(D,)`` int64: number of tokens of each document.
    tokens
        ``(T,)`` uint32: the documents' tokens, packed.
    """

    hash: npt.NDArray[np.uint64]
    length: npt.NDArray[np.int64]
    tokens: npt.NDArray[np.uint32]

    @classmethod
    def empty(cls) -> "Sample":
        """Return a sample without documents."""
        return cls(np.empty(0, np.uint64), np.empty(0, np.int64), np.empty(0, np.uint32))

    def __len__(self) -> int:
        return len(self.length)

    @property
    def half(self) -> UInt8Array:
        """Half ``(D,)``, 0 (A) or 1 (B), of each document."""
        return half_of(group_of(self.hash))

    def first(self, number: int) -> "Sample":
        """Return the sample of the first `number` documents."""
        if number >= len(self):
            return self
        length = self.length[:number]
        return Sample(self.hash[:number], length, self.tokens[: int(length.sum())])

    @property
    def filled(self) -> int:
        """Number of documents that hold a token."""
        return int(np.count_nonzero(self.length))

    @cached_property
    def distinct(self) -> int:
        """Number of different documents that hold a token: exact copies count once."""
        content = self.tokens.tobytes()
        end = (np.cumsum(self.length) * self.tokens.itemsize).tolist()
        documents = {content[begin:stop] for begin, stop in zip([0, *end], end, strict=False)}
        return len(documents - {b""})

    @property
    def duplicates(self) -> float | None:
        """Share of the filled documents that repeat an earlier one exactly; None without any."""
        return 1 - self.distinct / self.filled if self.filled else None

    def chunk(self, label: UInt8Array | None = None, chosen: BoolArray | None = None) -> Chunk:
        """Return the documents, or those that are `chosen` ``(D,)``, as a chunk.

        Parameters
        ----------
        label
            ``(D,)`` uint8: label of each document; by default its half.
        """
        label = self.half if label is None else label
        stop = np.cumsum(self.length)
        start = stop - self.length
        if chosen is not None:
            start, stop, label = start[chosen], stop[chosen], label[chosen]
        return Chunk.of_documents(self.tokens, start, stop, label)

    def documents(self) -> list[npt.NDArray[np.uint32]]:
        """Return the documents, each as an array of token ids."""
        return np.split(self.tokens, np.cumsum(self.length)[:-1]) if len(self) else []


def within(length: npt.NDArray[np.int64], budget: int) -> int:
    """Return how many of the first documents have at most `budget` tokens together.

    A positive budget admits at least one document, if there is one.
    """
    number = int(np.searchsorted(np.cumsum(length), budget, side="right"))
    return min(max(number, 1), len(length)) if budget > 0 else 0


def merge_samples(samples: Sequence[Sample], budget: int) -> Sample:
    """Return the sample, of `budget` tokens, of a corpus that consists of all these documents."""
    keyed = [
        (int(key), number, document)
        for number, sample in enumerate(samples)
        for key, document in zip(sample.hash, sample.documents(), strict=True)
    ]
    keyed.sort(key=lambda entry: entry[:2])
    length = np.array([len(document) for _, _, document in keyed], dtype=np.int64)
    kept = keyed[: within(length, budget)] if keyed else []
    if not kept:
        return Sample.empty()
    return Sample(
        np.array([key for key, _, _ in kept], dtype=np.uint64),
        length[: len(kept)],
        np.concatenate([document for _, _, document in kept]),
    )
