"""Units of readers, read and tokenized in threads, in the order of the corpus.

One thread goes from unit to unit and does what only one can do: it opens large files, unpacks
gzip and Zstandard, and cuts at lines. The others parse and tokenize. Arrow, tiktoken and
`tokenizers` let go of Python's lock while they do.
"""

import os
from collections import deque
from collections.abc import Callable, Container, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from .chunk import Int64Array
from .errors import InputError
from .keys import MAX_VOCAB_SIZE
from .memory import is_mapped
from .readers import Batch, Divided, Reader, Tally, Unit, Unreadable, units_of
from .tokenizers import Tokenizer

T = TypeVar("T")
Call = tuple[int, Callable[[], T]]
"""Work with the bytes of memory it takes until its result is taken."""

_CALLS_AHEAD = 8  # for each thread
_CALL_BYTES = 1 << 19  # small units are read by one call up to so many bytes,
_CALL_UNITS = 256  # or so many units
_NO_TOKENS = np.empty(0, dtype=np.uint16)


@dataclass(frozen=True, slots=True)
class Packed:
    """Documents of one unit as `Batch` has them, of text too as tokens, in the narrowest type.

    `largest` is the largest id there is, boundary ids among them, -1 when there is none.
    """

    tokens: npt.NDArray[np.integer]
    start: Int64Array
    stop: Int64Array
    largest: int
    bytes_read: int
    notes: Tally | None


Outcome = tuple[Reader, Packed | Exception]
"""What a unit of a reader gave."""


def read_packed(
    readers: Sequence[Reader],
    unreadable: Unreadable,
    pack: Callable[[Reader, Batch], Packed],
    threads: int | None,
    memory: int,
) -> Generator[list[Packed], None, None]:
    """Documents in the order of the corpus, some units at a time; about `memory` bytes are held.

    A reader that fails ends there, and is noted in `unreadable` when that is forgiving.
    """
    documents = dict.fromkeys(readers, 0)
    bad: set[Reader] = set()
    calls = _calls(_units(readers, bad), pack)
    with closing(in_order(calls, threads or os.cpu_count() or 1, memory)) as results:
        for outcomes in results:
            kept: list[Packed] = []
            for reader, found in outcomes:
                if reader in bad:
                    continue  # threads were ahead of the place where it is bad
                if isinstance(found, Exception):
                    if not (unreadable.forgiving and isinstance(found, (InputError, OSError))):
                        raise found
                    bad.add(reader)
                    unreadable.add(reader.path, found, documents[reader])
                    continue
                if isinstance(reader, Divided) and found.notes is not None:
                    reader.note(found.notes)
                documents[reader] += len(found.start)
                kept.append(found)
            yield kept


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


def encoded(tokenizer: Tokenizer, _: Reader, batch: Batch) -> Packed:
    """A batch of texts as tokens."""
    coded = [tokenizer.encode(text) for text in batch.texts or ()]
    stop = np.cumsum([0, *map(len, coded)], dtype=np.int64)
    tokens: npt.NDArray[np.integer] = np.concatenate([*coded, _NO_TOKENS])
    return Packed(tokens, stop[:-1], stop[1:], -1, batch.bytes_read, batch.notes)


def narrowed(measured: bool, reader: Reader, batch: Batch) -> Packed:
    """A batch of ids: of a mapped file as they are, others as 16 or 32 bits.

    Input: whether the largest is to be known.
    """
    tokens: npt.NDArray[np.integer] = _NO_TOKENS if batch.tokens is None else batch.tokens
    narrow = tokens.dtype.itemsize > 2 and not is_mapped(tokens)
    low, high = 0, -1
    if tokens.size and (narrow or measured):
        low, high = int(tokens.min()), int(tokens.max())
    if narrow:
        if low < 0 or high >= MAX_VOCAB_SIZE:
            raise InputError(
                f"{reader.path}: token ids must lie between 0 and 2**32 - 1, "
                f"got {low if low < 0 else high}"
            )
        tokens = tokens.astype(np.uint16 if high < 2**16 else np.uint32)
    return Packed(tokens, batch.start, batch.stop, high, batch.bytes_read, batch.notes)


def _units(readers: Iterable[Reader], bad: Container[Reader]) -> Iterator[tuple[Reader, Unit]]:
    """Units of all readers.

    What goes wrong between units is raised by one more unit, so that it is told in its turn.
    """
    for reader in readers:
        try:
            for unit in units_of(reader):
                yield reader, unit
                if reader in bad:
                    break
        except Exception as error:
            yield reader, Unit(0, partial(_fail, error))


def _fail(error: Exception) -> Batch:
    raise error


def _calls(
    units: Iterable[tuple[Reader, Unit]], pack: Callable[[Reader, Batch], Packed]
) -> Iterator[Call[list[Outcome]]]:
    """Calls that read units, one large one or several small ones each."""
    group: list[tuple[Reader, Unit]] = []
    size = 0
    for reader, unit in units:
        if group and (size + unit.size > _CALL_BYTES or len(group) == _CALL_UNITS):
            yield size, partial(_outcomes, group, pack)
            group, size = [], 0
        group.append((reader, unit))
        size += unit.size
    if group:
        yield size, partial(_outcomes, group, pack)


def _outcomes(
    units: Iterable[tuple[Reader, Unit]], pack: Callable[[Reader, Batch], Packed]
) -> list[Outcome]:
    found: list[Outcome] = []
    for reader, unit in units:
        try:
            found.append((reader, pack(reader, unit.read())))
        except Exception as error:
            found.append((reader, error))
    return found
