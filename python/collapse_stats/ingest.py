"""Readers and a tokenizer in, a `Corpus` out."""

import errno
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from .chunk import Int64Array
from .corpus import Corpus, Segment, Source, TokenizerIdentity
from .errors import InputError
from .keys import MAX_VOCAB_SIZE
from .memory import forget, is_mapped
from .parallel import encoded, narrowed, read_packed
from .readers import (
    Reader,
    ReadOptions,
    Unreadable,
    discover,
    open_files,
    open_memory,
)
from .tokenizers import Tokenizer, load

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done and how much there is."""

SEGMENT_TOKENS = 1 << 22  # small batches are packed until a segment has so many
_AHEAD = 256 << 20  # bytes that may be read ahead of what is kept
_EDGE = 1 << 20  # bytes at either end of a file that its digest covers


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
    readers, unreadable, found = _open(source, options, skip_bad)
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
    ahead = min(memory // 8, _AHEAD)
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
        warnings=found + unreadable.messages() + warnings,
    )


class TokenStore:
    """Token arrays kept in memory up to a limit, and in an unnamed temporary file beyond it.

    Arrays mapped from a file are kept as they are: the file is their store. The temporary file has
    no name, so nothing is left behind however the process ends.
    """

    def __init__(self, limit: int, tmp: str | os.PathLike[str] | None = None) -> None:
        self._limit = limit
        self._tmp = tmp
        self._file: IO[bytes] | None = None
        self._bytes = 0
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
            forget(tokens)  # what was looked at for boundaries
            return
        self._open.append(Segment(tokens, start, stop))
        self._open_tokens += len(tokens)
        if self._open_tokens >= SEGMENT_TOKENS:
            self._pack()

    def segments(self) -> list[Segment]:
        """Everything appended, in order; the store takes no more after this."""
        self._pack()
        if self._file is not None:
            self._file.close()  # the maps keep what they need of it
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
        if self._bytes + tokens.nbytes > self._limit and tokens.nbytes:
            tokens = self._spill(tokens)
        else:
            self._bytes += tokens.nbytes
        self._segments.append(Segment(tokens, start, stop))

    def _spill(self, tokens: npt.NDArray[np.integer]) -> npt.NDArray[np.integer]:
        if self._file is None:
            self._file = tempfile.TemporaryFile(dir=self._tmp, prefix="collapse-stats-")  # noqa: SIM115
        offset = self._file.seek(0, os.SEEK_END)
        try:
            tokens.tofile(self._file)
            self._file.flush()
        except OSError as error:
            raise InputError(self._no_room(offset + tokens.nbytes, error)) from error
        return np.memmap(self._file, tokens.dtype, "r", offset, tokens.shape)

    def _no_room(self, spilled: int, error: OSError) -> str:
        needed = f"more than {spilled:,}"
        if self._share > 0:
            needed = f"about {(self._bytes + spilled) / self._share - self._bytes:,.0f}"
        why = os.strerror(error.errno or errno.ENOSPC)
        return (
            f"no room for tokens in {self._tmp or tempfile.gettempdir()} ({why}): {needed} bytes "
            "are needed there: give more memory, or another folder for temporary files"
        )


def _open(
    source: object, options: ReadOptions, skip_bad: bool
) -> tuple[list[Reader], Unreadable, list[str]]:
    paths: Sequence[str | os.PathLike[str]] | None = None
    if isinstance(source, str | os.PathLike):
        paths = [source]
    elif isinstance(source, list | tuple) and source:
        if all(isinstance(item, os.PathLike) for item in source):
            paths = source
        elif all(isinstance(item, str) and Path(item).exists() for item in source):
            paths = source  # a list of strings that all name files; texts come as an iterable
    if paths is None:
        return [open_memory(source, options)], Unreadable(), []
    files = discover(paths)
    return *open_files(files, options, skip_bad), _skipped(files.skipped)


def _skipped(paths: Sequence[Path]) -> list[str]:
    if not paths:
        return []
    names = ", ".join(path.name for path in paths[:3]) + (", ..." if len(paths) > 3 else "")
    return [f"files skipped, of no known format or copies: {len(paths):,} ({names})"]


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
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        return path.name or str(path)
    if isinstance(source, list | tuple) and source and isinstance(source[0], str | os.PathLike):
        return f"{Path(source[0]).name} +{len(source) - 1}" if len(source) > 1 else _name(source[0])
    return "in memory"


def _sources(readers: Iterable[Reader], unreadable: Unreadable) -> tuple[Source, ...]:
    """The inputs in order, after them those that could not be opened."""
    errors = dict(unreadable.errors)
    read = [_source(reader, errors.pop(reader.path, None)) for reader in readers]
    return (*read, *(Source(path, "", 0, "", error) for path, error in errors.items()))


def _source(reader: Reader, error: str | None) -> Source:
    digest = _digest(reader.path) if reader.format != "memory" else ""
    return Source(reader.path, reader.format, reader.size, digest, error)


def _digest(path: str) -> str:
    """sha256 of a file's size and its first and last MiB: cheap, and tells files apart."""
    with open(path, "rb") as file:  # noqa: PTH123 - a Path would take longer than the file
        size = os.fstat(file.fileno()).st_size
        digest = hashlib.sha256(str(size).encode())
        first = file.read(min(size, _EDGE))
        digest.update(first)
        if size > _EDGE:
            file.seek(size - _EDGE)
            first = file.read(_EDGE)
        digest.update(first)
    return digest.hexdigest()


def _boundaries(readers: Iterable[Reader], options: ReadOptions, text: bool) -> str:
    if text:
        return "each line is a document" if options.doc_per_line else "each text is a document"
    marks = sorted({reader.eot for reader in readers if reader.eot is not None})
    if marks:
        return f"id {' or '.join(map(str, marks))} ends a document and is not counted"
    return "each row, item or file is a document"
