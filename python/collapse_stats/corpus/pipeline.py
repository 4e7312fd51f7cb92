"""Units of readers, read and tokenized in threads, in the order of the corpus.

One thread goes from unit to unit and does what only one can do: it unpacks gzip and Zstandard and
cuts at the ends of lines. The others open small files, parse and tokenize. Arrow, tiktoken and
`tokenizers` let go of Python's lock while they do, so that threads are enough.
"""

import os
from collections import deque
from collections.abc import Callable, Container, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..ngrams.chunk import Int64Array
from ..ngrams.layout import MAX_VOCAB_SIZE
from ..readers.bad_files import BadFiles
from ..readers.base import Batch, Reader
from ..readers.repairs import Repairs
from ..readers.splits import Split, SplittableReader, splits_of
from ..system.memory import is_mapped
from ..tokenizers import Tokenizer

T = TypeVar("T")
Call = tuple[int, Callable[[], T]]
"""Work with the bytes of memory it takes until its result is taken."""

_CALLS_AHEAD = 8  # for each thread
_CALL_BYTES = 1 << 19  # small units are read by one call up to so many bytes,
_CALL_UNITS = 256  # or so many units
_NO_TOKENS = np.empty(0, dtype=np.uint16)
_NO_BOUNDS = np.empty(0, dtype=np.int64)


@dataclass(slots=True)
class SplitResult:
    """What one unit gave; `error` says why it gave nothing."""

    reader: Reader
    documents: int = 0
    bytes_read: int = 0
    notes: Repairs | None = None
    error: Exception | None = None


@dataclass(slots=True)
class EncodedSplits:
    """Documents of some units in their order, with tokens of the narrowest type.

    Attributes
    ----------
    tokens, start, stop
        As in a `Batch`.
    largest
        The largest id, boundary ids among them; -1 when there is none, or nobody asked.
    parts
        One for each unit.
    """

    tokens: npt.NDArray[np.integer]
    start: Int64Array
    stop: Int64Array
    largest: int
    parts: list[SplitResult]

    @property
    def bytes_read(self) -> int:
        """Bytes of the sources that these documents stand for."""
        return sum(part.bytes_read for part in self.parts)

    def drop(self, readers: Container[Reader]) -> None:
        """Leave out what is of some readers."""
        kept = [part.reader not in readers for part in self.parts]
        if all(kept):
            return
        documents = np.repeat(kept, [part.documents for part in self.parts])
        self.start, self.stop = self.start[documents], self.stop[documents]
        self.parts = [part for part, keep in zip(self.parts, kept, strict=True) if keep]
        self.largest = self.largest if self.parts else -1


Splits = Sequence[tuple[Reader, Split]]
Pack = Callable[[Splits], list[EncodedSplits]]
"""Reads units; it raises nothing, what goes wrong is in the parts."""


def read_packed(
    readers: Sequence[Reader],
    unreadable: BadFiles,
    pack: Pack,
    threads: int | None,
    memory: int,
) -> Generator[EncodedSplits, None, None]:
    """Documents in the order of the corpus, some units at a time; about `memory` bytes are held.

    A reader that fails ends there, and is noted in `unreadable` when that is forgiving.
    """
    documents = dict.fromkeys(readers, 0)
    bad: set[Reader] = set()
    number = threads or os.cpu_count() or 1
    with (
        closing(_calls(_splits(readers, bad), pack)) as calls,
        closing(in_order(calls, number, memory)) as results,
    ):
        for packed in chain.from_iterable(results):
            if bad:  # threads had read on behind the place where it is bad
                packed.drop(bad)
            for part in packed.parts:
                reader, error = part.reader, part.error
                documents[reader] += part.documents
                if error is not None:
                    if not (unreadable.forgiving and isinstance(error, (InputError, OSError))):
                        raise error
                    unreadable.add(reader.path, error, documents[reader])
                    bad.add(reader)
                elif part.notes and isinstance(reader, SplittableReader):
                    reader.add_repairs(part.notes)
            yield packed


def in_order(calls: Iterable[Call[T]], threads: int, memory: int) -> Generator[T, None, None]:
    """Results of the calls, in their order; some are made ahead, in threads.

    Calls under way take `memory` bytes in all, or there is but one. The iterable is gone through
    by the caller's thread, while the calls are made.

    What a call raises is raised when its turn has come. Then, and when the generator is closed,
    calls that have not begun are dropped, and those that have are waited for.
    """
    under_way: deque[tuple[int, Future[T]]] = deque()
    held = 0
    pool = ThreadPoolExecutor(threads, "collapse-stats")
    try:
        for size, call in calls:
            while under_way and (held + size > memory or len(under_way) >= _CALLS_AHEAD * threads):
                done, future = under_way.popleft()
                held -= done
                yield future.result()
            under_way.append((size, pool.submit(call)))
            held += size
        while under_way:
            yield under_way.popleft()[1].result()
    finally:
        pool.shutdown(cancel_futures=True)


def encoded(tokenizer: Tokenizer, splits: Splits) -> list[EncodedSplits]:
    """Units of text: read, tokenized and packed into one."""
    parts: list[SplitResult] = []
    texts: list[str] = []
    for reader, split in splits:
        if parts and parts[-1].reader is reader and parts[-1].error is not None:
            continue
        try:
            batch = split.read()
        except Exception as error:
            parts.append(SplitResult(reader, error=error))
            continue
        parts.append(SplitResult(reader, batch.documents, batch.bytes_read, batch.repairs))
        texts += batch.texts or ()
    try:
        ids, stop = tokenizer.encode_all(texts)
    except Exception as error:
        return [
            EncodedSplits(
                _NO_TOKENS, _NO_BOUNDS, _NO_BOUNDS, -1, [SplitResult(splits[0][0], error=error)]
            )
        ]
    bounds = np.append(0, stop)
    return [EncodedSplits(ids, bounds[:-1], bounds[1:], -1, parts)]


def narrowed(measured: bool, splits: Splits) -> list[EncodedSplits]:
    """Units of ids: read, and made 16 or 32 bits wide when they are not in a mapped file.

    Input: whether the largest is to be known.
    """
    return [_narrowed(measured, reader, split) for reader, split in splits]


def _narrowed(measured: bool, reader: Reader, split: Split) -> EncodedSplits:
    try:
        batch = split.read()
        tokens, largest = _narrow(batch.tokens, measured, reader.path)
    except Exception as error:
        return EncodedSplits(
            _NO_TOKENS, _NO_BOUNDS, _NO_BOUNDS, -1, [SplitResult(reader, error=error)]
        )
    part = SplitResult(reader, len(batch.start), batch.bytes_read, batch.repairs)
    return EncodedSplits(tokens, batch.start, batch.stop, largest, [part])


def _narrow(
    tokens: npt.NDArray[np.integer] | None, measured: bool, path: str
) -> tuple[npt.NDArray[np.integer], int]:
    if tokens is None or not tokens.size:
        return _NO_TOKENS, -1
    narrow = tokens.dtype.itemsize > 2 and not is_mapped(tokens)
    if not (narrow or measured):
        return tokens, -1
    low, high = int(tokens.min()), int(tokens.max())
    if not narrow:
        return tokens, high
    if low < 0 or high >= MAX_VOCAB_SIZE:
        raise InputError(
            f"{path}: token ids must lie between 0 and 2**32 - 1, got {low if low < 0 else high}"
        )
    return tokens.astype(np.uint16 if high < 2**16 else np.uint32), high


def _splits(readers: Iterable[Reader], bad: Container[Reader]) -> Iterator[tuple[Reader, Split]]:
    """Units of all readers.

    What goes wrong between units is raised by one more unit, so that it is told in its turn.
    """
    for reader in readers:
        try:
            for split in splits_of(reader):
                yield reader, split
                if reader in bad:
                    break
        except Exception as error:
            yield reader, Split(0, partial(_fail, error))


def _fail(error: Exception) -> Batch:
    raise error


def _calls(
    splits: Iterable[tuple[Reader, Split]], pack: Pack
) -> Generator[Call[list[EncodedSplits]], None, None]:
    """Calls that read units, one large one or several small ones each."""
    group: list[tuple[Reader, Split]] = []
    size = 0
    for reader, split in splits:
        if group and (size + split.size > _CALL_BYTES or len(group) == _CALL_UNITS):
            yield size, partial(pack, group)
            group, size = [], 0
        group.append((reader, split))
        size += split.size
    if group:
        yield size, partial(pack, group)
