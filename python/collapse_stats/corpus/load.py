"""Reads a source into a `Corpus`."""

import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial

import numpy as np
import numpy.typing as npt

from ..backends.options import CountOptions
from ..errors import InputError
from ..ngrams.chunk import Int64Array
from ..ngrams.layout import MAX_VOCAB_SIZE
from ..readers.bad_files import BadFiles
from ..readers.base import Reader
from ..readers.discover import discover
from ..readers.file_reader import FileReader
from ..readers.head import digest_of
from ..readers.in_memory.open import open_memory
from ..readers.open import open_files
from ..readers.options import ReadOptions
from ..readers.remote.location import Name, as_location, at_once, is_url
from ..readers.remote.path import RemotePath
from ..readers.splits import SplittableReader
from ..system.memory import is_mapped, release_pages
from ..system.spill import Spill
from ..tokenizers import Tokenizer, load
from .corpus import Corpus, Segment, Source, TokenizerIdentity
from .encoding import EncodedSplits, encoded, narrowed
from .pipeline import read_packed

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done and how much there is in all."""

SEGMENT_TOKENS = 1 << 22  # small batches are joined into segments of at least this many tokens
_READ_AHEAD = 256 << 20  # most bytes that are read before they can be stored
_MIN_LONGEST = 16 << 20  # bytes that a line may have, however small the memory


def read_corpus(
    source: object,
    *,
    reading: ReadOptions | None = None,
    counting: CountOptions | None = None,
    name: str | None = None,
    share: int = 1,
    progress: Progress | None = None,
) -> Corpus:
    """Read, tokenize and keep the tokens of a corpus.

    Parameters
    ----------
    source
        A path, several paths, an array of ids, or an iterable of arrays, strings or dicts.
    share
        Tokens may take ``1 / share`` of the memory; further tokens go to an unnamed file in
        ``counting.tmp``. Commands that keep several corpora at once divide by their number.

    Raises
    ------
    InputError
        The source cannot be read as the options say. With ``skip_bad``, a bad file among several
        is a warning instead, and its error is in the corpus' sources.
    """
    reading, counting = reading or ReadOptions(), counting or CountOptions()
    memory = counting.memory_bytes // share
    # A line is held three times: as bytes, as text and as what is parsed from it.
    reading = replace(reading, longest=min(reading.longest, max(_MIN_LONGEST, memory // 4)))
    read_ahead = min(memory // 8, _READ_AHEAD)
    readers, bad_files, skipped = _open(source, reading, counting.tmp, read_ahead // 2)
    is_text = _is_text(readers)
    tokenizer = _tokenizer(reading.tokenizer, is_text)
    vocab_size = reading.vocab_size or (tokenizer.vocab_size if tokenizer else None)
    if tokenizer and is_text:
        pack = partial(encoded, tokenizer)
    else:
        pack = partial(narrowed, not vocab_size)  # the largest id is needed when no size is known
    store = TokenStore(memory, counting.tmp)
    with closing(read_packed(readers, bad_files, pack, counting.threads, read_ahead)) as parts:
        largest = _store_all(parts, store, sum(reader.size for reader in readers), progress)
    bad_files.raise_if_all(len(readers) + len(bad_files.at_open))
    segments = store.segments(bad_files.dropped)
    warnings = [warning for reader in readers for warning in reader.warnings]
    corpus = Corpus(
        name=name or _name(source),
        vocab_size=vocab_size or _vocabulary(largest),
        tokenizer=_identity(tokenizer),
        segments=segments,
        sources=_sources(readers, bad_files),
        boundaries=_boundaries(readers, reading, is_text),
        warnings=skipped + bad_files.messages() + _copied(readers, counting.tmp) + warnings,
    )
    if not corpus.tokens:
        raise _empty(corpus)
    return corpus


def _empty(corpus: Corpus) -> InputError:
    """The error for a corpus without a token, which no figure can be given of."""
    what = "its documents are all empty" if corpus.documents else "it holds no document"
    why = f" ({'; '.join(corpus.warnings[:3])})" if corpus.warnings else ""
    paths = [source.path for source in corpus.sources]
    name = paths[0] if len(paths) == 1 and not paths[0].startswith("(") else corpus.name
    return InputError(f"{name} has nothing to count: {what}{why}: give another source")


class TokenStore:
    """Token arrays, in memory up to a limit in bytes and in an unnamed temporary file beyond it.

    Arrays mapped from a file stay as they are, because they take no memory.
    """

    def __init__(self, limit: int, tmp: str | os.PathLike[str] | None = None) -> None:
        self._limit = limit
        self._spill = Spill(tmp)
        self._bytes = 0  # in memory
        self._share = 0.0
        self._small: list[Segment] = []  # to be joined into one segment
        self._small_tokens = 0
        self._segments: list[Segment] = []

    def append(
        self,
        tokens: npt.NDArray[np.integer],
        start: Int64Array,
        stop: Int64Array,
        share: float = 0.0,
    ) -> None:
        """Add packed tokens and the bounds of their documents.

        Parameters
        ----------
        share
            How much of the source (0 to 1) has been read, these tokens included; 0 if unknown.
        """
        self._share = share
        if is_mapped(tokens):
            self._pack()
            self._segments.append(Segment(tokens, start, stop))
            release_pages(tokens)  # those read when boundaries were searched
            return
        self._small.append(Segment(tokens, start, stop))
        self._small_tokens += len(tokens)
        if self._small_tokens >= SEGMENT_TOKENS:
            self._pack()

    def segments(self, dropped: Sequence[tuple[int, int]] = ()) -> list[Segment]:
        """All segments, in the order in which their tokens were added.

        Documents whose numbers lie in one of the ranges `dropped` are left out; their tokens lie
        between documents.
        """
        self._pack()
        if not dropped:
            return self._segments
        kept, first = [], 0
        for segment in self._segments:
            keep = np.ones(len(segment.start), dtype=bool)
            for begin, end in dropped:
                keep[max(begin - first, 0) : max(end - first, 0)] = False
            kept.append(Segment(segment.tokens, segment.start[keep], segment.stop[keep]))
            first += len(keep)
        return kept

    def _pack(self) -> None:
        if not self._small:
            return
        sizes = np.array([len(segment.tokens) for segment in self._small], dtype=np.int64)
        offsets = np.cumsum(sizes) - sizes
        tokens = np.concatenate([segment.tokens for segment in self._small])
        start = np.concatenate([s.start + o for s, o in zip(self._small, offsets, strict=True)])
        stop = np.concatenate([s.stop + o for s, o in zip(self._small, offsets, strict=True)])
        self._small.clear()
        self._small_tokens = 0
        size = tokens.nbytes + start.nbytes + stop.nbytes
        if self._bytes + size > self._limit:
            written = self._bytes + self._spill.bytes + size
            expected = int(written / self._share) - self._bytes if self._share > 0 else 0
            tokens, start, stop = self._spill.put((tokens, start, stop), expected)
        else:
            self._bytes += size
        self._segments.append(Segment(tokens, start, stop))


def _open(
    source: object, reading: ReadOptions, tmp: str | os.PathLike[str] | None, room: int
) -> tuple[list[Reader], BadFiles, list[str]]:
    """Readers of a source, its bad files, and warnings about the files that are not read.

    Small files are kept in memory up to `room` bytes, so that they are opened only once.
    """
    paths = _paths(source)
    if paths is None:
        return [open_memory(source, reading)], BadFiles(), []
    files = discover(paths, tmp)
    readers, bad_files = open_files(files.names, reading, room)
    return readers, bad_files, _skipped(files.skipped)


def _paths(source: object) -> Sequence[str | os.PathLike[str] | RemotePath] | None:
    """The paths that a source consists of, or None when it holds the data itself."""
    if isinstance(source, str | os.PathLike | RemotePath):
        return [source]
    if isinstance(source, list | tuple) and source:
        if all(isinstance(item, os.PathLike | RemotePath) for item in source):
            return source
        # A list of strings is a list of paths only if each of them exists; else it holds texts.
        if all(isinstance(item, str) and _exists(item) for item in source):
            return source
    return None


def _exists(name: str) -> bool:
    return is_url(name) or os.path.exists(name)  # noqa: PTH110 - a Path raises for long texts


def _is_text(readers: Sequence[Reader]) -> bool:
    """Whether the readers give text rather than token ids; InputError when they give both."""
    kinds = {reader.kind for reader in readers}
    if len(kinds) > 1:
        examples = [next(r.path for r in readers if r.kind == kind) for kind in ("text", "ids")]
        raise InputError(
            f"a corpus must be all text or all token ids, got both ({examples[0]} is text, "
            f"{examples[1]} has ids): give them as two corpora"
        )
    return kinds == {"text"}


def _tokenizer(spec: str | None, is_text: bool) -> Tokenizer | None:
    """The tokenizer of a corpus: the one that encodes its text, or that its ids come from."""
    if is_text:
        return load(spec or "builtin")
    return None if spec in (None, "none") else load(str(spec))


def _store_all(
    parts: Iterable[EncodedSplits], store: TokenStore, size: int, progress: Progress | None
) -> int:
    """Store the parts of a source of `size` bytes, and return the largest id (-1 if unknown)."""
    done, largest = 0, -1
    for part in parts:
        done += part.bytes_read
        largest = max(largest, part.largest)
        store.append(part.tokens, part.start, part.stop, done / size if size else 0.0)
        if progress:
            progress("reading", done, size)
    return largest


def _copied(readers: Iterable[Reader], tmp: str | os.PathLike[str] | None) -> list[str]:
    """A warning about remote files that are copied to the disk, because they are mapped."""
    sizes = [
        reader.size
        for reader in readers
        if isinstance(reader, FileReader) and reader.maps_file and is_url(reader.path)
    ]
    if not sizes:
        return []
    return [
        f"{sum(sizes):,} bytes of remote ids are kept in unnamed files in "
        f"{tmp or tempfile.gettempdir()} while they are counted (files: {len(sizes):,})"
    ]


def _skipped(files: Sequence[Name]) -> list[str]:
    """A warning about the files of a directory that are not read."""
    if not files:
        return []
    names = [as_location(file).name for file in files[:3]] + ["..."] * (len(files) > 3)
    return [f"files skipped, of no known format or copies: {len(files):,} ({', '.join(names)})"]


def _vocabulary(largest: int) -> int:
    """Size of a vocabulary that holds every id, for when none is given.

    It is rounded up to a whole number of bits (at least 16), so that two corpora of one unnamed
    tokenizer, whose largest ids differ by chance, can be compared.
    """
    return min(max(2**16, 1 << (largest + 1).bit_length()) - 1, MAX_VOCAB_SIZE)


def _identity(tokenizer: Tokenizer | None) -> TokenizerIdentity:
    if tokenizer is None:
        return TokenizerIdentity("none", None)
    return TokenizerIdentity(tokenizer.spec, tokenizer.sha256)


def _name(source: object) -> str:
    if isinstance(source, str | os.PathLike | RemotePath):
        path = as_location(source)
        return path.name or str(path)
    first = source[0] if isinstance(source, list | tuple) and source else None
    if isinstance(source, list | tuple) and isinstance(first, str | os.PathLike | RemotePath):
        return f"{as_location(first).name} +{len(source) - 1}" if len(source) > 1 else _name(first)
    return "in memory"


def _sources(readers: Sequence[Reader], bad_files: BadFiles) -> tuple[Source, ...]:
    """The inputs in order, followed by those that could not be opened."""
    errors = dict(bad_files.errors)
    digests = {
        reader.path: reader.digest
        for reader in readers
        if isinstance(reader, SplittableReader) and reader.digest
    }
    undigested = [
        as_location(reader.path)
        for reader in readers
        if reader.format != "memory" and reader.path not in digests
    ]
    digests |= zip(map(str, undigested), at_once(digest_of, undigested), strict=True)
    opened = [
        Source(
            reader.path,
            reader.format,
            reader.size,
            digests.get(reader.path, ""),
            errors.pop(reader.path, None),
        )
        for reader in readers
    ]
    return (*opened, *(Source(path, "", 0, "", error) for path, error in errors.items()))


def _boundaries(readers: Iterable[Reader], reading: ReadOptions, is_text: bool) -> str:
    if is_text:
        return "each line is a document" if reading.doc_per_line else "each text is a document"
    marks = sorted({reader.eot for reader in readers if reader.eot is not None})
    if marks:
        return f"id {' or '.join(map(str, marks))} ends a document and is not counted"
    return "each row, item or file is a document"
