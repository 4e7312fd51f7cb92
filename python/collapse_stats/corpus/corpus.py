"""A tokenized corpus, which backends can read any number of times."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ..ngrams.chunk import Chunk, Int64Array
from ..ngrams.layout import MAX_KEY_BITS
from ..system.memory import check_unchanged, is_mapped, release_pages
from .bounds import BYTES, PIECE, Bounds
from .document_keys import DocumentKeys, Hashes
from .sample import Sample
from .sampling import sample_of
from .split import BLOCKS, MIN_DOCUMENTS_FOR_HALVES, UInt64Array, group_of, half_of, row_hash

PIECE_WINDOWS = 1 << 22  # most windows of a chunk, which bounds how much of a file is in memory
_LOOKED_AT = 1 << 10  # documents whose keys are counted at a time
MIN_BLOCK = 256  # tokens; with shorter blocks, windows of one phrase would be in both halves


@dataclass(frozen=True, slots=True)
class Source:
    """An input: its path, the format it was read as, its size in bytes and a digest of its ends.

    Attributes
    ----------
    error
        Why it could not be read completely; None if it was.
    origin
        Who or what wrote it, as declared: ``human``, ``synthetic``, ``mixed`` or ``unknown``.
    sha256
        SHA-256 of all its bytes, in hex; None if that was not computed.
    text_bytes
        Bytes of its text in UTF-8; None for ids, or if that was not counted.
    tokens, documents
        How many were counted of it; None if that is not known.
    generator, generation
        The model that wrote it, and its number in a chain of models; None if nobody said.
    license
        The license of the text, as declared.
    """

    path: str
    format: str
    bytes: int
    digest: str
    error: str | None = None
    origin: str = "unknown"
    sha256: str | None = None
    text_bytes: int | None = None
    tokens: int | None = None
    documents: int | None = None
    generator: str | None = None
    generation: int | None = None
    license: str | None = None


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
    """Packed tokens with the bounds and keys of their documents, in memory or mapped."""

    tokens: npt.NDArray[np.integer]
    bounds: Bounds
    keys: DocumentKeys

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
    """The tokens and documents of a corpus, and where they come from.

    Attributes
    ----------
    group_key
        The field whose documents of one value share a half and a group; None if there is none.
    is_part
        Whether this is a part of a corpus, so that the whole has more documents.
    paths
        The files by the seeds in the keys of their documents; several of one seed are not told
        apart.
    """

    name: str
    vocab_size: int
    tokenizer: TokenizerIdentity
    segments: list[Segment]
    sources: tuple[Source, ...] = ()
    boundaries: str = "each item is a document"
    warnings: list[str] = field(default_factory=list)
    group_key: str | None = None
    is_part: bool = False
    paths: dict[int, tuple[str, ...]] = field(default_factory=dict)

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
        """Tokens per block if there are too few documents for halves of documents, else None.

        Documents of one row count as one. A part of a corpus, and documents with a group key, are
        never cut.
        """
        if self.group_key is not None or self.is_part or self._has_keys(MIN_DOCUMENTS_FOR_HALVES):
            return None
        return max(MIN_BLOCK, -(-self.tokens // BLOCKS))

    def _has_keys(self, enough: int) -> bool:
        """Whether the documents that hold a token have that many keys."""
        found: set[int] = set()
        for _, start, stop, hashes in self._documents():
            filled = hashes.known_key[stop > start]
            for first in range(0, len(filled), _LOOKED_AT):
                found.update(filled[first : first + _LOOKED_AT].tolist())
                if len(found) >= enough:
                    return True
        return False

    @property
    def resident_bytes(self) -> int:
        """Bytes of memory that the corpus takes, with those `read_at_once`."""
        in_memory = self.read_at_once
        for segment in self.segments:
            in_memory += segment.bounds.nbytes + segment.keys.nbytes
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

        A chunk's memory is released when the next chunk is requested. Raises InputError at the end
        if a mapped file was written to meanwhile.
        """
        for number, start, stop, limit, hashes in self._spans():
            label = np.full(len(start), first_label, dtype=np.uint8)
            if halves:
                label += half_of(group_of(hashes.order))
            whole = Chunk(self.segments[number].tokens, start, stop, limit, label)
            for chunk in whole.pieces(PIECE_WINDOWS):
                yield chunk
                release_pages(chunk.tokens)
        self._check_unchanged()

    def sample(self, budget: int) -> Sample:
        """Return the first documents (or blocks) in hash order that fit into `budget` tokens.

        Raises InputError if a mapped file was written to meanwhile.
        """
        tokens = [segment.tokens for segment in self.segments]

        def spans() -> Iterator[tuple[int, Int64Array, Int64Array, Hashes]]:
            for number, start, stop, _, hashes in self._spans():
                yield number, start, stop, hashes

        sample = sample_of(tokens, spans, budget)
        self._check_unchanged()
        return sample

    def _check_unchanged(self) -> None:
        """Raise InputError if a file that is mapped was written to since it was opened."""
        for segment in self.segments:
            check_unchanged(segment.tokens)

    def _spans(self) -> Iterator[tuple[int, Int64Array, Int64Array, Int64Array, Hashes]]:
        """Yield, for some spans at a time, the segment's number, start, stop, limit and hashes."""
        block = self.block
        for number, start, stop, hashes in self._documents():
            if block is None:
                yield number, start, stop, stop, hashes
            else:
                yield number, *_blocks(start, stop, hashes.order, block)

    def _documents(self) -> Iterator[tuple[int, Int64Array, Int64Array, Hashes]]:
        """Yield, for some documents at a time, the segment's number, start, stop and hashes."""
        for number, segment in enumerate(self.segments):
            pieces = zip(segment.bounds.pieces(), segment.keys.pieces(), strict=True)
            for (start, stop), hashes in pieces:
                yield number, start, stop, hashes


def _blocks(
    start: Int64Array, stop: Int64Array, hashes: UInt64Array, block: int
) -> tuple[Int64Array, Int64Array, Int64Array, Hashes]:
    """Cut documents into blocks; return start, stop, limit and hashes of each block.

    The hash of a block is that of its place in a file whose seed is the document's hash.
    """
    number = -(-(stop - start) // block)
    document = np.repeat(np.arange(len(start)), number)
    place = np.arange(len(document)) - (np.cumsum(number) - number)[document]
    begin = start[document] + place * block
    limit = stop[document]
    of_blocks = Hashes(row_hash(hashes[document], place), None)
    return begin, np.minimum(begin + block, limit), limit, of_blocks
