"""Readers and a tokenizer in, a `Corpus` out."""

import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..ngrams.chunk import Int64Array
from ..ngrams.layout import MAX_VOCAB_SIZE
from ..readers.bad_files import BadFiles
from ..readers.base import Reader
from ..readers.discover import discover
from ..readers.file_reader import FileReader
from ..readers.head import digest_of
from ..readers.in_memory import open_memory
from ..readers.open import open_files
from ..readers.options import ReadOptions
from ..readers.remote.location import Name, as_location, at_once, is_url
from ..readers.remote.path import RemotePath
from ..readers.splits import SplittableReader
from ..system.memory import is_mapped, release_pages
from ..system.spill import Spill
from ..tokenizers import Tokenizer, load
from .corpus import Corpus, Segment, Source, TokenizerIdentity
from .pipeline import encoded, narrowed, read_packed

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done and how much there is."""

SEGMENT_TOKENS = 1 << 22  # small batches are packed until a segment has so many
_AHEAD = 256 << 20  # bytes that may be read ahead of what is kept
_SHORTEST = 16 << 20  # bytes that a line may have, however little memory there is


def read_corpus(
    source: object,
    *,
    tokenizer: str | None = None,
    options: ReadOptions | None = None,
    name: str | None = None,
    threads: int | None = None,
    memory: int,
    tmp: str | os.PathLike[str] | None = None,
    skip_bad: bool = False,
    progress: Progress | None = None,
) -> Corpus:
    """Read, tokenize and keep the tokens of a corpus.

    Parameters
    ----------
    source
        A path, several paths, an array of ids, or an iterable of arrays, strings or dicts.
    tokenizer
        Specification as in `tokenizers.load`; None means `builtin` for text, `none` for ids.
    memory
        Bytes of tokens to keep in memory; what is beyond goes to an unnamed file in `tmp`.
    skip_bad
        Whether to go on without a bad file among many, which then is in the warnings, and its
        error in the sources.

    Raises
    ------
    InputError
        when something cannot be read as what it should be.
    """
    options = options or ReadOptions()
    # A line is there as bytes, as text and as what is parsed of it.
    options = replace(options, longest=min(options.longest, max(_SHORTEST, memory // 4)))
    ahead = min(memory // 8, _AHEAD)
    readers, unreadable, found = _open(source, options, skip_bad, tmp, ahead // 2)
    kinds = {reader.kind for reader in readers}
    if len(kinds) > 1:
        examples = [next(r.path for r in readers if r.kind == kind) for kind in ("text", "ids")]
        raise InputError(
            f"a corpus must be all text or all token ids, got both ({examples[0]} is text, "
            f"{examples[1]} has ids): give them as two corpora"
        )
    text = kinds == {"text"}
    if not text and tokenizer not in (None, "none"):
        coder: Tokenizer | None = load(str(tokenizer))  # the ids' meaning, as the user states it
    else:
        coder = load(tokenizer or "builtin") if text else None
    known = options.vocab_size or (coder.vocab_size if coder else None)
    store = TokenStore(memory, tmp)
    total = sum(reader.size for reader in readers)
    done = 0
    largest = -1
    pack = partial(encoded, coder) if coder and text else partial(narrowed, not known)
    with closing(read_packed(readers, unreadable, pack, threads, ahead)) as parts:
        for packed in parts:
            done += packed.bytes_read
            largest = max(largest, packed.largest)
            share = done / total if total else 0.0
            store.append(packed.tokens, packed.start, packed.stop, share)
            if progress:
                progress("reading", done, total)
    unreadable.raise_if_all(len(readers) + len(unreadable.at_open))
    segments = store.segments()
    warnings = [warning for reader in readers for warning in reader.warnings]
    return Corpus(
        name=name or _name(source),
        vocab_size=known or _vocabulary(largest),
        tokenizer=_identity(coder),
        segments=segments,
        sources=_sources(readers, unreadable),
        boundaries=_boundaries(readers, options, text),
        warnings=found + unreadable.messages() + _fetched(readers, tmp) + warnings,
    )


class TokenStore:
    """Token arrays kept in memory up to a limit, and in an unnamed temporary file beyond it.

    Arrays mapped from a file are kept as they are: the file is their store.
    """

    def __init__(self, limit: int, tmp: str | os.PathLike[str] | None = None) -> None:
        self._limit = limit
        self._spill = Spill(tmp)
        self._bytes = 0  # in memory
        self._share = 0.0
        self._open: list[Segment] = []  # small ones, to be packed into one
        self._open_tokens = 0
        self._segments: list[Segment] = []

    def append(
        self,
        tokens: npt.NDArray[np.integer],
        start: Int64Array,
        stop: Int64Array,
        share: float = 0.0,
    ) -> None:
        """Add packed tokens and the bounds of their documents.

        Input: `share` of the source (0..1) that has been read with these, 0 if nobody knows.
        """
        self._share = share
        if is_mapped(tokens):
            self._pack()
            self._segments.append(Segment(tokens, start, stop))
            release_pages(tokens)  # what was looked at for boundaries
            return
        self._open.append(Segment(tokens, start, stop))
        self._open_tokens += len(tokens)
        if self._open_tokens >= SEGMENT_TOKENS:
            self._pack()

    def segments(self) -> list[Segment]:
        """Everything appended, in order."""
        self._pack()
        return self._segments

    def _pack(self) -> None:
        if not self._open:
            return
        sizes = np.array([len(segment.tokens) for segment in self._open], dtype=np.int64)
        offsets = np.cumsum(sizes) - sizes
        tokens = np.concatenate([segment.tokens for segment in self._open])
        start = np.concatenate([s.start + o for s, o in zip(self._open, offsets, strict=True)])
        stop = np.concatenate([s.stop + o for s, o in zip(self._open, offsets, strict=True)])
        self._open.clear()
        self._open_tokens = 0
        size = tokens.nbytes + start.nbytes + stop.nbytes
        if self._bytes + size > self._limit:
            written = self._bytes + self._spill.bytes + size
            whole = int(written / self._share) - self._bytes if self._share > 0 else 0
            tokens, start, stop = self._spill.put((tokens, start, stop), whole)
        else:
            self._bytes += size
        self._segments.append(Segment(tokens, start, stop))


def _open(
    source: object,
    options: ReadOptions,
    skip_bad: bool,
    tmp: str | os.PathLike[str] | None,
    room: int,
) -> tuple[list[Reader], BadFiles, list[str]]:
    paths: Sequence[str | os.PathLike[str] | RemotePath] | None = None
    if isinstance(source, str | os.PathLike | RemotePath):
        paths = [source]
    elif isinstance(source, list | tuple) and source:
        if all(isinstance(item, os.PathLike | RemotePath) for item in source):
            paths = source
        elif all(isinstance(item, str) and _is_there(item) for item in source):
            paths = source  # a list of strings that all name files; texts come as an iterable
    if paths is None:
        return [open_memory(source, options)], BadFiles(), []
    files = discover(paths, tmp)
    return *open_files(files.names, options, skip_bad, room), _skipped(files.skipped)


def _fetched(readers: Iterable[Reader], tmp: str | os.PathLike[str] | None) -> list[str]:
    """Says what was copied to the disk: ids that lie elsewhere and are mapped."""
    sizes = [
        one.size
        for one in readers
        if isinstance(one, FileReader) and one.maps_file and is_url(one.path)
    ]
    if not sizes:
        return []
    return [
        f"{sum(sizes):,} bytes of ids from elsewhere lie in unnamed files in "
        f"{tmp or tempfile.gettempdir()} while they are counted (files: {len(sizes):,})"
    ]


def _is_there(name: str) -> bool:
    return is_url(name) or os.path.exists(name)  # noqa: PTH110 - a Path raises for long texts


def _skipped(found: Sequence[Name]) -> list[str]:
    if not found:
        return []
    names = ", ".join(as_location(one).name for one in found[:3]) + (
        ", ..." if len(found) > 3 else ""
    )
    return [f"files skipped, of no known format or copies: {len(found):,} ({names})"]


def _vocabulary(largest: int) -> int:
    """A vocabulary that holds every id, when none is given.

    Rounded up to a full number of code bits (at least 16), so that two corpora of one unnamed
    tokenizer, whose largest ids differ by chance, still compare.
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
    one = source[0] if isinstance(source, list | tuple) and source else None
    if isinstance(source, list | tuple) and isinstance(one, str | os.PathLike | RemotePath):
        return f"{as_location(one).name} +{len(source) - 1}" if len(source) > 1 else _name(one)
    return "in memory"


def _sources(readers: Iterable[Reader], unreadable: BadFiles) -> tuple[Source, ...]:
    """The inputs in order, after them those that could not be opened."""
    errors = dict(unreadable.errors)
    readers = list(readers)
    digests = {
        one.path: one.digest for one in readers if isinstance(one, SplittableReader) and one.digest
    }
    others = [
        as_location(one.path)
        for one in readers
        if one.format != "memory" and one.path not in digests
    ]
    digests |= zip(map(str, others), at_once(digest_of, others), strict=True)
    read = [
        Source(
            one.path, one.format, one.size, digests.get(one.path, ""), errors.pop(one.path, None)
        )
        for one in readers
    ]
    return (*read, *(Source(path, "", 0, "", error) for path, error in errors.items()))


def _boundaries(readers: Iterable[Reader], options: ReadOptions, text: bool) -> str:
    if text:
        return "each line is a document" if options.doc_per_line else "each text is a document"
    marks = sorted({reader.eot for reader in readers if reader.eot is not None})
    if marks:
        return f"id {' or '.join(map(str, marks))} ends a document and is not counted"
    return "each row, item or file is a document"
