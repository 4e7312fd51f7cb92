"""A tokenized corpus, which backends can read any number of times."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ..ngrams.chunk import Chunk, Int64Array
from ..ngrams.layout import MAX_KEY_BITS
from ..system.memory import is_mapped, release_pages
from .sample import Sample, within
from .split import BLOCKS, MIN_DOCUMENTS_FOR_HALVES, group_of, half_of, ordinal_hash

PIECE_WINDOWS = 1 << 23  # most windows of a chunk, which bounds how much of a file is in memory
_SPANS = 1 << 20  # most spans handled at a time
MIN_BLOCK = 256  # tokens; with shorter blocks, windows of one phrase would be in both halves


@dataclass(frozen=True, slots=True)
class Source:
    """An input: its path, the format it was read as, its size in bytes and a digest of its ends.

    `error` says why it could not be read completely; None if it was.
    """

    path: str
    format: str
    bytes: int
    digest: str
    error: str | None = None


@dataclass(frozen=True, slots=True)
class TokenizerIdentity:
    """The tokenizer that gives token ids their meaning, by which corpora can be compared.

    `library` is what encoded the text, such as ``gigatoken 0.10.0``, if there was one to encode.
    """

    spec: str
    sha256: str | None  # None for ids whose tokenizer was not named
    library: str | None = field(default=None, compare=False)

    def __str__(self) -> str:
        """Return the name, with the beginning of the hash for a file, which may change."""
        return f"{self.spec} ({self.sha256[:8]})" if self.sha256 and self._is_file else self.spec

    @property
    def _is_file(self) -> bool:
        return self.spec.startswith("file:")

    @property
    def change(self) -> str:
        """Say why this name may stand for two vocabularies, in a clause of a message."""
        if self._is_file:
            return "that file has changed"
        return f"{self.spec} is another vocabulary in another version of collapse-stats"

    def may_equal(self, other: "TokenizerIdentity") -> bool:
        """Return whether ids may mean the same: tokenizers are equal, or one is unknown."""
        return None in (self.sha256, other.sha256) or self.sha256 == other.sha256


@dataclass(frozen=True, slots=True)
class Segment:
    """Packed tokens and the bounds of their documents, in memory or mapped from a file."""

    tokens: npt.NDArray[np.integer]
    start: Int64Array
    stop: Int64Array


@dataclass(slots=True)
class Corpus:
    """The tokens and documents of a corpus, and where they come from."""

    name: str
    vocab_size: int
    tokenizer: TokenizerIdentity
    segments: list[Segment]
    sources: tuple[Source, ...] = ()
    boundaries: str = "each item is a document"
    warnings: list[str] = field(default_factory=list)

    @property
    def tokens(self) -> int:
        """Number of tokens in documents."""
        return sum(int((stop - start).sum()) for _, start, stop in self._bounds())

    @property
    def documents(self) -> int:
        """Number of documents, including empty ones."""
        return sum(len(segment.start) for segment in self.segments)

    @property
    def empty_documents(self) -> int:
        """Number of documents that hold no token."""
        return sum(int((stop <= start).sum()) for _, start, stop in self._bounds())

    @property
    def block(self) -> int | None:
        """Tokens per block if there are too few documents for halves of documents, else None."""
        return (
            None
            if self.documents - self.empty_documents >= MIN_DOCUMENTS_FOR_HALVES
            else max(MIN_BLOCK, -(-self.tokens // BLOCKS))
        )

    @property
    def resident_bytes(self) -> int:
        """Bytes of memory in use: arrays in memory, and what is read at once of mapped arrays."""
        in_memory, mapped = 0, 0
        for segment in self.segments:
            tokens = segment.tokens[: PIECE_WINDOWS + MAX_KEY_BITS]
            read_at_once = (tokens, segment.start[:_SPANS], segment.stop[:_SPANS])
            mapped = max(mapped, sum(array.nbytes for array in read_at_once if is_mapped(array)))
            arrays = (segment.tokens, segment.start, segment.stop)
            in_memory += sum(array.nbytes for array in arrays if not is_mapped(array))
        return in_memory + mapped

    def chunks(self, first_label: int = 0, halves: bool = True) -> Iterator[Chunk]:
        """Yield all tokens, with label `first_label` for half A or everything, the next for half B.

        A chunk's memory is released when the next chunk is requested.
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
        """Return the first documents (or blocks) in hash order that fit into `budget` tokens."""
        kept: list[npt.NDArray[np.uint64]] = []  # hash, segment, start, stop of the best so far
        for number, start, stop, _, hashes in self._spans():
            columns = hashes, np.full(len(start), number), start, stop
            # Each is converted by itself, since NumPy promotes uint64 and int64 to float64.
            kept.append(np.stack([column.astype(np.uint64) for column in columns]))
            if budget <= 0:
                return Sample.empty()
            best = np.concatenate(kept, axis=1)
            best = best[:, np.argsort(best[0])]
            kept = [best[:, : within((best[3] - best[2]).astype(np.int64), budget)]]
        if not kept or not kept[0].shape[1]:
            return Sample.empty()
        tokens: list[npt.NDArray[np.uint32]] = []
        for number, (_, segment, start, stop) in enumerate(kept[0].T.tolist()):
            segment_tokens = self.segments[segment].tokens
            tokens.append(segment_tokens[start:stop].astype(np.uint32))
            if number % 64 == 0:
                release_pages(segment_tokens)
        length = (kept[0][3] - kept[0][2]).astype(np.int64)
        return Sample(kept[0][0], length, np.concatenate(tokens))

    def _spans(
        self,
    ) -> Iterator[tuple[int, Int64Array, Int64Array, Int64Array, npt.NDArray[np.uint64]]]:
        """Yield, for some spans at a time, the segment's number and start, stop, limit and hash."""
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
        """Yield, for some documents at a time, the segment's number and start and stop."""
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
    """Cut documents into blocks; return start, stop and limit of each block."""
    number = -(-(stop - start) // block)
    document = np.repeat(np.arange(len(start)), number)
    first = np.cumsum(number) - number
    begin = start[document] + (np.arange(len(document)) - first[document]) * block
    limit = stop[document]
    return begin, np.minimum(begin + block, limit), limit
