"""Splits of readers, read and tokenized in threads, in the order of the corpus.

The calling thread goes from split to split and does what cannot be done in parallel: it
decompresses gzip and Zstandard and finds the ends of lines. The other threads open small files,
parse and tokenize. Arrow, tiktoken and `tokenizers` release the GIL meanwhile, so threads are
enough.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Container, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import chain

from ..errors import InputError
from ..readers.bad_files import BadFiles
from ..readers.base import Batch, Reader
from ..readers.file_reader import FileReader
from ..readers.records.group_key import GroupKeyError
from ..readers.splits import Split, SplittableReader, splits_of
from .encoding import BadDocumentError, EncodedSplits, Splits
from .ordered_calls import Call, in_order

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


def read_packed(
    readers: Iterable[Reader],
    unreadable: BadFiles,
    pack: Pack,
    threads: int | None,
    memory: int,
    limit: Limit | None = None,
) -> Generator[EncodedSplits, None, None]:
    """Yield the documents in the order of the corpus, using about `memory` bytes.

    A reader that fails is not read further. It is recorded in `unreadable` if that is forgiving;
    otherwise its exception is raised. Readers are taken from the iterable when their turn comes.
    Reading ends at the `limit`.
    """
    limit = limit or Limit()
    documents: defaultdict[Reader, int] = defaultdict(int)
    found: defaultdict[Reader, int] = defaultdict(int)  # documents behind the limit included
    rows: defaultdict[Reader, int] = defaultdict(int)
    bad: set[Reader] = set()
    begun: list[Reader] = []
    with (
        closing(_calls(_splits(readers, bad, begun), pack)) as calls,
        closing(in_order(calls, threads or os.cpu_count() or 1, memory)) as results,
    ):
        for packed in chain.from_iterable(results):
            if bad:  # threads may have read beyond the place where a reader failed
                packed.drop(bad)
            for result in packed.results:
                found[result.reader] += result.documents
                result.first_row = rows[result.reader]
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
                    error = _change(reader) or error
                    if not (unreadable.forgiving and isinstance(error, (InputError, OSError))):
                        raise error
                    unreadable.add(reader.path, error, documents[reader])
                    bad.add(reader)
                elif result.repairs and isinstance(reader, SplittableReader):
                    reader.add_repairs(result.repairs)
            yield packed
            if limit.is_reached:
                break
    first = 0
    for reader in documents if limit.is_reached else begun:
        count = documents[reader]
        wrong = _change(reader)
        if wrong is None and reader.left_out > found[reader]:
            wrong = _mostly_bad(reader, found[reader])
        if wrong is not None:
            unreadable.drop(reader.path, wrong, first, first + count)
        first += count
    if not limit.is_reached and any(found.values()):
        none = (reader for reader in begun if not (found[reader] or reader.left_out))
        unreadable.empty += (reader.path for reader in none if reader not in bad)


def _change(reader: Reader) -> InputError | None:
    """The error for a file that was written to while it was read, None for others."""
    return reader.change() if isinstance(reader, FileReader) else None


def _mostly_bad(reader: Reader, documents: int) -> InputError:
    """The error for a source of which more than half has no document: it was read wrongly."""
    return InputError(
        f"{reader.path}: {reader.left_out:,} of its lines or rows have no document, and only "
        f"{documents:,} documents were read: it is damaged, or --text-key or --ids-key must name "
        f"another key ({'; '.join(reader.warnings).removeprefix(reader.path + ': ')})"
    )


def _splits(
    readers: Iterable[Reader], bad: Container[Reader], begun: list[Reader]
) -> Iterator[tuple[Reader, Split]]:
    """Yield the splits of all readers, skipping the rest of a reader once it is in `bad`.

    Readers are appended to `begun` when their turn comes. If going to the next split fails, one
    more split raises the exception, so that it is reported in its turn.
    """
    for reader in readers:
        begun.append(reader)
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
