"""Splits of readers, read and tokenized in threads.

The calling thread goes from split to split and does what cannot be done in parallel: it finds the
ends of lines, and unpacks a compressed file. The other threads open small files, parse and
tokenize. Of several compressed files, each thread reads some from front to back (`lanes`). Arrow,
tokenizers and what unpacks release the GIL meanwhile, so threads are enough.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import TypeGuard

from ..errors import InputError
from ..readers.bad_files import BadFiles
from ..readers.base import Batch, Reader
from ..readers.records.group_key import GroupKeyError
from ..readers.splits import Split, SplittableReader, splits_of
from ..readers.stream import TooLongError
from ..system.ordered_calls import Call, in_order
from .encoding import BadDocumentError, EncodedSplits, Splits
from .lanes import Lanes, divided, side_by_side

_CALL_BYTES = 1 << 19  # small splits are read in one call, up to this many bytes
_CALL_SPLITS = 256  # and up to this many splits


@dataclass(slots=True)
class Limit:
    """How many documents are still to be read of a corpus; None is all of them.

    Attributes
    ----------
    is_reached
        Whether there was something behind the last document that was asked for.
    last
        The reader of that document.
    """

    left: int | None = None
    is_reached: bool = False
    last: Reader | None = None

    def cut(self, part: EncodedSplits) -> None:
        """Remove what lies behind the limit."""
        if self.left is None:
            return
        if len(part.start) > self.left or (self.left == 0 and part.results):
            self.is_reached = True
            part.keep(self.left)
        self.left -= len(part.start)
        if part.results:
            self.last = part.results[-1].reader


Pack = Callable[[Splits], list[EncodedSplits]]
"""Reads splits. It raises no exceptions: the results say what went wrong."""


class TooLongForLaneError(Exception):
    """A line or text is too long for a lane: the corpus must be read without lanes."""


def read_packed(
    readers: Iterable[Reader],
    unreadable: BadFiles,
    pack: Pack,
    threads: int | None,
    memory: int,
    limit: Limit | None = None,
    lanes: int = 0,
) -> Generator[EncodedSplits, None, None]:
    """Yield the documents of a corpus, using about `memory` bytes, and those of lanes besides.

    Where the corpus is divided into lanes, documents of as many as there are threads for `lanes`
    come at a time, those of each in the order of the corpus. A part without results ends a lane.

    A reader that fails is not read further. It is recorded in `unreadable` if that is forgiving;
    otherwise its exception is raised. Readers are taken from the iterable when their turn comes.
    Reading ends at the `limit`, and then there is only one lane.

    Raises
    ------
    TooLongForLaneError
        The corpus must be read without lanes.
    """
    limit = limit or Limit()
    documents: defaultdict[Reader, int] = defaultdict(int)
    found: defaultdict[Reader, int] = defaultdict(int)  # documents behind the limit included
    rows: dict[Reader, int] = {}
    reading = _Reading(pack, threads or os.cpu_count() or 1, memory, unreadable.forgiving)
    with closing(reading.parts(readers, lanes if limit.left is None else 0)) as parts:
        for packed in parts:
            if reading.bad:  # threads may have read beyond the place where a reader failed
                packed.drop(reading.bad)
            for result in packed.results:
                found[result.reader] += result.documents
                result.first_row = rows.setdefault(result.reader, result.reader.first_row)
                rows[result.reader] += result.rows.number if result.rows else result.documents
            limit.cut(packed)
            for result in packed.results:
                reader, error = result.reader, result.error
                documents[reader] += result.documents
                if error is not None:
                    if isinstance(error, BadDocumentError):
                        error = error.numbered(documents[reader] + 1)
                    elif isinstance(error, GroupKeyError):
                        error = error.in_file(reader.path)
                    error = reader.change() or error
                    if not reading.forgives(error):
                        raise error
                    unreadable.add(reader.path, error, documents[reader])
                    reading.bad.add(reader)
                elif result.repairs and isinstance(reader, SplittableReader):
                    reader.add_repairs(result.repairs)
            yield packed
            if limit.is_reached:
                break
    unreadable.sort(reader.path for reader in reading.begun)
    first = 0
    for reader in documents if limit.is_reached else reading.begun:
        count = documents[reader]
        wrong = reader.change()
        if wrong is None and reader.left_out > found[reader]:
            wrong = _mostly_bad(reader, found[reader])
        if wrong is not None:
            unreadable.drop(reader.path, wrong, first, first + count)
        first += count
    if not limit.is_reached and any(found.values()):
        none = (reader for reader in reading.begun if not (found[reader] or reader.left_out))
        unreadable.empty += (reader.path for reader in none if reader not in reading.bad)


def _mostly_bad(reader: Reader, documents: int) -> InputError:
    """The error for a source of which more than half has no document: it was read wrongly."""
    return InputError(
        f"{reader.path}: {reader.left_out:,} of its lines or rows have no document, and only "
        f"{documents:,} documents were read: it is damaged, or --text-key or --ids-key must name "
        f"another key ({'; '.join(reader.warnings).removeprefix(reader.path + ': ')})"
    )


class _Reading:
    """What readers give, before it is looked at what went wrong.

    Attributes
    ----------
    begun
        The readers whose turn has come, in the order of the corpus.
    bad
        Those that are not to be read further.
    """

    def __init__(self, pack: Pack, threads: int, memory: int, forgiving: bool) -> None:
        self.begun: list[Reader] = []
        self.bad: set[Reader] = set()
        self._pack, self._threads, self._memory = pack, threads, memory
        self._forgiving = forgiving

    def forgives(self, error: Exception) -> TypeGuard[InputError | OSError]:
        """Whether this error ends only the reading of one reader."""
        return self._forgiving and isinstance(error, (InputError, OSError))

    def parts(
        self, readers: Iterable[Reader], threads: int
    ) -> Generator[EncodedSplits, None, None]:
        """Yield parts of the corpus, each with the number of its lane; `threads` are for lanes."""
        lane = 0
        for some in divided(readers, threads) if threads > 1 else [readers]:
            if isinstance(some, Lanes):
                self.begun += chain.from_iterable(some)
                yield from self._side_by_side(some, threads, lane)
                lane += len(some)
            else:
                yield from self._in_order(some, lane)
                lane += 1

    def _in_order(
        self, readers: Iterable[Reader], lane: int
    ) -> Generator[EncodedSplits, None, None]:
        with (
            closing(_calls(self._splits(self._begun_in_turn(readers)), self._pack)) as calls,
            closing(in_order(calls, self._threads, self._memory)) as results,
        ):
            for part in chain.from_iterable(results):
                part.lane = lane
                yield part

    def _begun_in_turn(self, readers: Iterable[Reader]) -> Iterator[Reader]:
        for reader in readers:
            self.begun.append(reader)
            yield reader

    def _side_by_side(
        self, lanes: Lanes, threads: int, first: int
    ) -> Generator[EncodedSplits, None, None]:
        """Yield parts of lanes, of which the first has this number."""
        calls = (_calls(self._splits(lane), self._pack_in_lane) for lane in lanes)
        with closing(side_by_side(calls, threads, self._any_is_fatal)) as results:
            for number, parts in results:
                for part in [EncodedSplits.nothing()] if parts is None else parts:
                    part.lane = first + number
                    yield part

    def _pack_in_lane(self, splits: Splits) -> list[EncodedSplits]:
        parts = self._pack(splits)
        for result in chain.from_iterable(part.results for part in parts):
            if isinstance(result.error, TooLongError):
                result.error = TooLongForLaneError(str(result.error))
        return parts

    def _any_is_fatal(self, parts: list[EncodedSplits] | None) -> bool:
        results = chain.from_iterable(part.results for part in parts or ())
        errors = (result.error for result in results if result.error is not None)
        return not all(map(self.forgives, errors))

    def _splits(self, readers: Iterable[Reader]) -> Iterator[tuple[Reader, Split]]:
        """Yield the splits of all readers, skipping the rest of a reader once it is bad.

        If going to the next split fails, one more split raises the exception, so that it is
        reported in its turn.
        """
        for reader in readers:
            try:
                for split in splits_of(reader):
                    yield reader, split
                    if reader in self.bad:
                        break
            except Exception as error:
                yield reader, Split(0, partial(_fail, error))


def _fail(error: Exception) -> Batch:
    raise error


def _calls(
    splits: Iterable[tuple[Reader, Split]], pack: Pack
) -> Generator[Call[list[EncodedSplits]], None, None]:
    """Yield calls that each read one large split or several small ones."""
    group: list[tuple[Reader, Split]] = []
    size = 0
    for reader, split in splits:
        if group and (size + split.size > _CALL_BYTES or len(group) == _CALL_SPLITS):
            yield size, partial(pack, group)
            group, size = [], 0
        group.append((reader, split))
        size += split.size
    if group:
        yield size, partial(pack, group)
