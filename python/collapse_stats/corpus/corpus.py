"""A tokenized corpus that backends can read as often as they need."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ..ngrams.chunk import Chunk, Int64Array
from ..ngrams.layout import MAX_KEY_BITS
from ..system.memory import is_mapped, release_pages
from .sample import Sample, within
from .split import BLOCKS, MIN_DOCUMENTS_FOR_HALVES, group_of, half_of, ordinal_hash

PIECE_WINDOWS = 1 << 23  # of a chunk: bounds how much of a file is in memory at a time
_SPANS = 1 << 20  # spans worked on at a time
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
    """Packed tokens and the bounds of the documents in them, in memory or mapped from a file."""

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
        return sum(int((stop - start).sum()) for _, start, stop in self._bounds())

    @property
    def documents(self) -> int:
        """Documents, empty ones included."""
        return sum(len(segment.start) for segment in self.segments)

    @property
    def block(self) -> int | None:
        """Tokens per block when there are too few documents for halves of documents, else None."""
        filled = sum(int((stop > start).sum()) for _, start, stop in self._bounds())
        return (
            None
            if filled >= MIN_DOCUMENTS_FOR_HALVES
            else max(MIN_BLOCK, -(-self.tokens // BLOCKS))
        )

    @property
    def resident_bytes(self) -> int:
        """Bytes of memory that the corpus takes.

        Of tokens and bounds of documents that are in a file, what is looked at at a time.
        """
        kept, looked_at = 0, 0
        for segment in self.segments:
            tokens = segment.tokens[: PIECE_WINDOWS + MAX_KEY_BITS]
            start, stop = segment.start[:_SPANS], segment.stop[:_SPANS]
            looked_at = max(looked_at, sum(x.nbytes for x in (tokens, start, stop) if is_mapped(x)))
            arrays = (segment.tokens, segment.start, segment.stop)
            kept += sum(array.nbytes for array in arrays if not is_mapped(array))
        return kept + looked_at

    def chunks(self, first_label: int = 0, halves: bool = True) -> Iterator[Chunk]:
        """Chunks of all tokens; label `first_label` for half A (or everything), the next for B.

        A chunk must be done with when the next is asked for: its part of a file is let go then.
        """
        for number, start, stop, limit, hashes in self._spans():
            half = half_of(group_of(hashes)) if halves else np.zeros(len(start), dtype=np.uint8)
            whole = Chunk(
                self.segments[number].tokens, start, stop, limit, half + np.uint8(first_label)
            )
            for chunk in whole.pieces(PIECE_WINDOWS):
                yield chunk
                release_pages(chunk.tokens)

    def sample(self, budget: int) -> Sample:
        """Documents (or blocks) in hash order up to `budget` tokens."""
        kept: list[npt.NDArray[np.uint64]] = []  # hash, segment, start, stop of the best so far
        for number, start, stop, _, hashes in self._spans():
            home = np.full(len(start), number)
            columns = (
                hashes,
                home,
                start,
                stop,
            )  # made uint64 one by one: together they are floats
            kept.append(np.stack([column.astype(np.uint64) for column in columns]))
            if budget <= 0:
                return Sample.empty()
            best = np.concatenate(kept, axis=1)
            best = best[:, np.argsort(best[0])]
            kept = [best[:, : within((best[3] - best[2]).astype(np.int64), budget)]]
        if not kept or not kept[0].shape[1]:
            return Sample.empty()
        tokens: list[npt.NDArray[np.uint32]] = []
        for number, (_, home, start, stop) in enumerate(kept[0].T.tolist()):
            read = self.segments[home].tokens
            tokens.append(read[start:stop].astype(np.uint32))
            if number % 64 == 0:
                release_pages(read)
        length = (kept[0][3] - kept[0][2]).astype(np.int64)
        return Sample(kept[0][0], length, np.concatenate(tokens))

    def _spans(
        self,
    ) -> Iterator[tuple[int, Int64Array, Int64Array, Int64Array, npt.NDArray[np.uint64]]]:
        """Of each segment, part by part: its number, the spans' start, stop, limit and hash."""
        block = self.block
        before = 0
        for number, start, stop in self._bounds():
            limit = stop
            if block is not None:
                start, stop, limit = _blocks(start, stop, block)
            ordinals = np.arange(before, before + len(start))
            before += len(start)
            yield number, start, stop, limit, ordinal_hash(ordinals)

    def _bounds(self) -> Iterator[tuple[int, Int64Array, Int64Array]]:
        """Of each segment, part by part: its number, the documents' start and stop."""
        for number, segment in enumerate(self.segments):
            for first in range(0, len(segment.start), _SPANS):
                part = slice(first, first + _SPANS)
                start, stop = segment.start[part], segment.stop[part]
                yield number, start, stop
                release_pages(start)
                release_pages(stop)


def _blocks(
    start: Int64Array, stop: Int64Array, block: int
) -> tuple[Int64Array, Int64Array, Int64Array]:
    number = -(-(stop - start) // block)
    home = np.repeat(np.arange(len(start)), number)
    first = np.cumsum(number) - number
    begin = start[home] + (np.arange(len(home)) - first[home]) * block
    limit = stop[home]
    return begin, np.minimum(begin + block, limit), limit
