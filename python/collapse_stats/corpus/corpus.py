"""A tokenized corpus, which backends can read any number of times."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ..ngrams.chunk import Chunk, Int64Array
from ..ngrams.layout import MAX_KEY_BITS
from ..system.memory import is_mapped, release_pages
from .bounds import BYTES, PIECE, Bounds
from .sample import Sample
from .sampling import sample_of
from .split import BLOCKS, MIN_DOCUMENTS_FOR_HALVES, group_of, half_of, ordinal_hash

PIECE_WINDOWS = 1 << 22  # most windows of a chunk, which bounds how much of a file is in memory
MIN_BLOCK = 256  # tokens; with shorter blocks, windows of one phrase would be in both halves


@dataclass(frozen=True, slots=True)
class Source:
    """An input: its path, the format it was read as, its size in bytes and a digest of its ends.

    Attributes
    ----------
    error
        Why it could not be read completely; None if it was.
    origin
        Who or what wrote it, as declared; None if nobody said.
    sha256
        SHA-256 of all its bytes, in hex; None if that was not computed.
    text_bytes
        Bytes of its text in UTF-8; None for ids, or if that was not counted.
    """

    path: str
    format: str
    bytes: int
    digest: str
    error: str | None = None
    origin: str | None = None
    sha256: str | None = None
    text_bytes: int | None = None


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
    bounds: Bounds

    @property
    def start(self) -> Int64Array:
        """Where each document begins ``(D,)``."""
        return self.bounds.both()[0]

    @property
    def stop(self) -> Int64Array:
        """Where each document ends ``(D,)``."""
        return self.bounds.both()[1]


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
        return sum(segment.bounds.tokens for segment in self.segments)

    @property
    def documents(self) -> int:
        """Number of documents, including empty ones."""
        return sum(len(segment.bounds) for segment in self.segments)

    @property
    def empty_documents(self) -> int:
        """Number of documents that hold no token."""
        return sum(segment.bounds.empty for segment in self.segments)

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
        """Bytes of memory that the corpus takes, with those `read_at_once`."""
        in_memory = self.read_at_once
        for segment in self.segments:
            in_memory += segment.bounds.nbytes
            in_memory += 0 if is_mapped(segment.tokens) else segment.tokens.nbytes
        return in_memory

    @property
    def read_at_once(self) -> int:
        """Bytes of memory that are taken while the corpus is read: of mapped tokens, and bounds."""
        mapped = documents = 0
        for segment in self.segments:
            tokens = segment.tokens[: PIECE_WINDOWS + MAX_KEY_BITS]
            mapped = max(mapped, tokens.nbytes if is_mapped(tokens) else 0)
            documents = max(documents, len(segment.bounds))
        return mapped + BYTES * min(documents, PIECE)

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
        tokens = [segment.tokens for segment in self.segments]

        def spans() -> Iterator[tuple[int, Int64Array, Int64Array, npt.NDArray[np.uint64]]]:
            for number, start, stop, _, hashes in self._spans():
                yield number, start, stop, hashes

        return sample_of(tokens, spans, budget)

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
            for start, stop in segment.bounds.pieces():
                yield number, start, stop


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
