"""A tokenized corpus that backends can read as often as they need."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from .chunk import Chunk, Int64Array
from .groups import BLOCKS, MIN_DOCUMENTS, group_of, half_of, ordinal_hash
from .sample import Sample, within

MIN_BLOCK = 256  # tokens: shorter blocks would put a phrase's windows into both halves


@dataclass(frozen=True, slots=True)
class Source:
    """One input: where it was, what it was read as, its size in bytes and a digest of its ends.

    `error` says why it could not be read, or not to its end.
    """

    path: str
    format: str
    bytes: int
    digest: str
    error: str | None = None


@dataclass(frozen=True, slots=True)
class TokenizerIdentity:
    """What makes token ids of two corpora comparable."""

    spec: str
    sha256: str | None  # None for ids whose tokenizer was not named

    def may_equal(self, other: "TokenizerIdentity") -> bool:
        """Whether ids may mean the same: nothing is known of one side, or both are one."""
        return None in (self.sha256, other.sha256) or self.sha256 == other.sha256


@dataclass(frozen=True, slots=True)
class Segment:
    """Packed tokens (in memory or mapped from a file) and the bounds of the documents in them."""

    tokens: npt.NDArray[np.integer]
    start: Int64Array
    stop: Int64Array


@dataclass(slots=True)
class Corpus:
    """Tokens of a corpus with its documents, and what is known of where they come from."""

    name: str
    vocab_size: int
    tokenizer: TokenizerIdentity
    segments: list[Segment]
    sources: tuple[Source, ...] = ()
    boundaries: str = "each item is a document"
    warnings: list[str] = field(default_factory=list)

    @property
    def tokens(self) -> int:
        """Tokens that lie in documents."""
        return sum(int((segment.stop - segment.start).sum()) for segment in self.segments)

    @property
    def documents(self) -> int:
        """Documents, empty ones included."""
        return sum(len(segment.start) for segment in self.segments)

    @property
    def block(self) -> int | None:
        """Tokens per block when there are too few documents for halves of documents, else None."""
        filled = sum(int((s.stop > s.start).sum()) for s in self.segments)
        return None if filled >= MIN_DOCUMENTS else max(MIN_BLOCK, -(-self.tokens // BLOCKS))

    def chunks(self, first_label: int = 0, halves: bool = True) -> Iterator[Chunk]:
        """Chunks of all tokens; label `first_label` for half A (or everything), the next for B."""
        for segment, start, stop, limit, hashes in self._spans():
            half = half_of(group_of(hashes)) if halves else np.zeros(len(start), dtype=np.uint8)
            yield Chunk(segment.tokens, start, stop, limit, half + np.uint8(first_label))

    def sample(self, budget: int) -> Sample:
        """Documents (or blocks) in hash order up to `budget` tokens."""
        spans = [
            (number, start, stop, hashes)
            for number, (_, start, stop, _, hashes) in enumerate(self._spans())
        ]
        if not spans or budget <= 0:
            return Sample.empty()
        home = np.concatenate([np.full(len(start), number) for number, start, _, _ in spans])
        start = np.concatenate([start for _, start, _, _ in spans])
        stop = np.concatenate([stop for _, _, stop, _ in spans])
        hashes = np.concatenate([hashes for _, _, _, hashes in spans])
        order = np.argsort(hashes)
        if not len(order):
            return Sample.empty()
        order = order[: within((stop - start)[order], budget)]
        pieces = [self.segments[home[i]].tokens[start[i] : stop[i]] for i in order]
        return Sample(
            hashes[order], (stop - start)[order], np.concatenate(pieces).astype(np.uint32)
        )

    def _spans(
        self,
    ) -> Iterator[tuple[Segment, Int64Array, Int64Array, Int64Array, npt.NDArray[np.uint64]]]:
        """Per segment: the spans' start, stop, limit and hash."""
        block = self.block
        before = 0
        for segment in self.segments:
            start, stop, limit = segment.start, segment.stop, segment.stop
            if block is not None:
                start, stop, limit = _blocks(start, stop, block)
            ordinals = np.arange(before, before + len(start))
            before += len(start)
            yield segment, start, stop, limit, ordinal_hash(ordinals)


def _blocks(
    start: Int64Array, stop: Int64Array, block: int
) -> tuple[Int64Array, Int64Array, Int64Array]:
    number = -(-(stop - start) // block)
    home = np.repeat(np.arange(len(start)), number)
    first = np.cumsum(number) - number
    begin = start[home] + (np.arange(len(home)) - first[home]) * block
    limit = stop[home]
    return begin, np.minimum(begin + block, limit), limit
