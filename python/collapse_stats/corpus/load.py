"""Reads a source into a `Corpus`."""

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from operator import itemgetter

import numpy as np
import numpy.typing as npt

from ..backends.options import CountOptions
from ..errors import InputError
from ..ngrams.chunk import Int64Array
from ..ngrams.ids import implied_vocab_size
from ..readers.alike import joined as joined_warnings
from ..readers.alike import keys_apart
from ..readers.bad_files import BadFiles
from ..readers.base import Reader
from ..readers.file_reader import FileReader
from ..readers.options import ReadOptions
from ..readers.remote.location import is_url
from ..readers.remote.path import kept
from ..system.budget import Budget
from ..system.memory import is_mapped, release_pages
from ..system.spill import Spill
from ..system.wording import are
from ..tokenizers import Tokenizer, load
from .bounds import Bounds, joined
from .corpus import Corpus, Segment, TokenizerIdentity
from .document_keys import DocumentKeys
from .encoding import EncodedSplits, encoded, narrowed
from .lanes import MEMORY as LANE
from .opened import Opened
from .pipeline import Limit, Pack, TooLongForLaneError, read_packed
from .provenance.declaration import Declaration
from .provenance.sources import SourceTally
from .source import open_source
from .source_fields import repeated_sources
from .vocabulary import Counterpart, Vocabulary, vocabulary_of_ids, vocabulary_of_text

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done and how much there is in all."""

SEGMENT_TOKENS = 1 << 22  # small batches are joined into segments of at least this many tokens,
SEGMENT_DOCUMENTS = 1 << 20  # or documents
_READ_AHEAD = 256 << 20  # most bytes that are read before they can be stored
_FEWEST, _FEWEST_SEGMENTS = 1 << 18, 64  # tokens of a segment where there is little memory
_LEFT = 100 * 10**6  # bytes that tokens leave to counting beside its share
_MIN_LONGEST = 16 << 20  # bytes that a line may have, however small the memory


def read_corpus(
    source: object,
    *,
    reading: ReadOptions | None = None,
    counting: CountOptions | None = None,
    name: str | None = None,
    share: int = 1,
    beside: Counterpart | None = None,
    declared: Declaration | None = None,
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
    beside
        A profile that the corpus is to be compared with. Text is tokenized as its text was, and
        ids get its vocabulary, unless the options say otherwise.
    declared
        What is declared of the sources. If given, whole files have a digest, and a warning names
        those that are there twice.

    Raises
    ------
    InputError
        The source cannot be read as the options say. With ``skip_bad``, a bad file among several
        is a warning instead, and its error is in the corpus' sources.
    """
    reading, counting = reading or ReadOptions(), counting or CountOptions()
    most = counting.memory_bytes // share // LANE - 1  # one more than there are threads is open
    lanes = min(counting.threads or os.cpu_count() or 1, most)
    call = partial(_read, source, reading, counting, name, share, beside, declared, progress)
    try:
        return call(lanes)
    except TooLongForLaneError:
        return call(0)


def _read(
    source: object,
    reading: ReadOptions,
    counting: CountOptions,
    name: str | None,
    share: int,
    beside: Counterpart | None,
    declared: Declaration | None,
    progress: Progress | None,
    lanes: int,
) -> Corpus:
    """Read a corpus, with so many threads for lanes; see `read_corpus`."""
    memory = counting.memory_bytes // share
    # A line is held three times: as bytes, as text and as what is parsed from it.
    reading = replace(reading, longest=min(reading.longest, max(_MIN_LONGEST, memory // 4)))
    read_ahead = min(memory // 8, _READ_AHEAD)
    threads = counting.threads or os.cpu_count() or 1
    opened = open_source(source, reading, counting.tmp, read_ahead // 2, threads)
    is_text = opened.kind == "text"
    tokenizer = _tokenizer(reading.tokenizer, is_text, beside)
    vocabulary, pack = _packing(tokenizer, is_text, reading.vocab_size, beside)
    # Of little memory, counting and samples need more than what half of it leaves to them.
    little = min(counting.memory_bytes // 3, _LEFT)
    store = TokenStore(memory - little // share, counting.tmp, counting.memory_bytes)
    bad_files, limit = opened.bad_files, Limit(reading.limit_documents)
    room = read_ahead // 3 if is_text else read_ahead  # text is held as bytes, text and ids
    packed = read_packed(opened, bad_files, pack, counting.threads, room, limit, lanes)
    with SourceTally(declared, reading, counting.threads) as tally:
        with closing(packed) as parts:
            largest = _store_all(parts, store, opened, tally, progress)
        opened.finish(limit.last if limit.is_reached else None)
        readers = opened.readers
        if not reading.is_unit:
            bad_files.raise_if_all(len(readers) + len(bad_files.at_open))
        sources = tally.sources(readers, bad_files)
    corpus = Corpus(
        name=name or opened.name,
        vocab_size=vocabulary.size or _implied(largest, beside),
        tokenizer=_identity(tokenizer, is_text),
        segments=store.segments(bad_files.dropped),
        sources=sources,
        boundaries=_boundaries(readers, reading, is_text),
        warnings=[
            *_limited(limit, reading),
            *opened.warnings(),
            *bad_files.messages(),
            *_copied(readers, counting.tmp),
            *kept(reader.location for reader in readers if is_url(reader.path)),
            *(tokenizer.warnings if tokenizer and is_text else ()),
            *_of_readers(readers, bad_files, reading),
            *tally.warnings(sources),
        ],
        group_key=opened.group_key,
        is_part=opened.is_part,
        paths=opened.paths,
    )
    if not corpus.tokens and not reading.is_unit:
        raise _empty(corpus)
    return corpus


def _of_readers(
    readers: Sequence[Reader], bad_files: BadFiles, reading: ReadOptions
) -> Iterator[str]:
    """Warnings of the files' readers, alike ones joined, and about what their fields are."""
    yield from keys_apart(_keys(readers, bad_files))
    yield from joined_warnings(
        (reader.path, text) for reader in readers for text in reader.warnings
    )
    yield from repeated_sources(readers, reading)


def _keys(readers: Iterable[Reader], bad_files: BadFiles) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The files with documents, and the keys that they are read under."""
    empty = {*bad_files.empty}
    for reader in readers:
        if isinstance(reader, FileReader) and reader.reads and reader.path not in empty:
            yield reader.path, reader.reads.names


def _packing(
    tokenizer: Tokenizer | None, is_text: bool, vocab_size: int | None, beside: Counterpart | None
) -> tuple[Vocabulary, Pack]:
    """The vocabulary of a corpus, and how its splits become ids of it."""
    if tokenizer and is_text:
        return vocabulary_of_text(tokenizer, vocab_size), partial(encoded, tokenizer)
    vocabulary = vocabulary_of_ids(tokenizer, vocab_size, beside)
    return vocabulary, partial(narrowed, vocabulary)


def _implied(largest: int, beside: Counterpart | None) -> int:
    return max(implied_vocab_size(largest), beside.vocab_size if beside else 0)


def _empty(corpus: Corpus) -> InputError:
    """The error for a corpus without a token, which no figure can be given of."""
    what = "its documents are all empty" if corpus.documents else "it holds no document"
    why = f" ({'; '.join(corpus.warnings[:3])})" if corpus.warnings else ""
    paths = [source.path for source in corpus.sources]
    name = paths[0] if len(paths) == 1 and not paths[0].startswith("(") else corpus.name
    return InputError(f"{name} has nothing to count: {what}{why}: give another source")


@dataclass(slots=True)
class _Small:
    """Small segments of a lane, to be joined into one."""

    segments: list[Segment] = field(default_factory=list)
    tokens: int = 0
    documents: int = 0


class TokenStore:
    """Token arrays, in memory up to a limit in bytes and in an unnamed temporary file beyond it.

    Arrays mapped from a file stay as they are, because they take no memory. Others go to the file
    as well while more than half of the `budget` is in use, whatever for.
    """

    def __init__(
        self,
        limit: int,
        tmp: str | os.PathLike[str] | None = None,
        budget: Budget | None = None,
    ) -> None:
        self._limit = limit
        self._budget = budget
        self._segment = max(_FEWEST, min(SEGMENT_TOKENS, limit // _FEWEST_SEGMENTS))  # tokens
        self._spill = Spill(tmp)
        self._bytes = 0  # in memory
        self._share = 0.0
        self._small: dict[int, _Small] = {}  # by lane
        self._segments: list[tuple[int, Segment]] = []  # with the lane of each

    def append(
        self,
        tokens: npt.NDArray[np.integer],
        start: Int64Array,
        stop: Int64Array,
        keys: DocumentKeys,
        share: float = 0.0,
        lane: int = 0,
    ) -> None:
        """Add packed tokens with the bounds and the keys of their documents.

        Parameters
        ----------
        share
            How much of the source (0 to 1) has been read, these tokens included; 0 if unknown.
        lane
            Tokens of a lower number precede these, whenever they are added.
        """
        self._share = share
        segment = Segment(tokens, Bounds.of(start, stop), keys)
        if is_mapped(tokens):
            self.join(lane)
            self._segments.append((lane, self._stored(segment)))
            release_pages(tokens)  # those read when boundaries were searched
            return
        small = self._small.setdefault(lane, _Small())
        small.segments.append(segment)
        small.tokens += len(tokens)
        small.documents += len(start)
        if small.tokens >= self._segment or small.documents >= SEGMENT_DOCUMENTS:
            self.join(lane)

    def join(self, lane: int) -> None:
        """Make one segment of what was added last of a lane."""
        small = self._small.pop(lane, None)
        if small is None:
            return
        sizes = [len(segment.tokens) for segment in small.segments]
        bounds = joined([segment.bounds for segment in small.segments], sizes)
        keys = DocumentKeys.joined([segment.keys for segment in small.segments])
        tokens = np.concatenate([segment.tokens for segment in small.segments])
        small.segments.clear()
        self._segments.append((lane, self._stored(Segment(tokens, bounds, keys))))

    def segments(self, dropped: Sequence[tuple[int, int]] = ()) -> list[Segment]:
        """All segments, by lanes, and in the order in which the tokens of each were added.

        Documents whose numbers lie in one of the ranges `dropped` are left out; their tokens lie
        between documents.
        """
        for lane in [*self._small]:
            self.join(lane)
        segments = [segment for _, segment in sorted(self._segments, key=itemgetter(0))]
        if not dropped:
            return segments
        kept, first = [], 0
        for segment in segments:
            keep = np.ones(len(segment.bounds), dtype=bool)
            for begin, end in dropped:
                keep[max(begin - first, 0) : max(end - first, 0)] = False
            bounds, keys = segment.bounds.only(keep), segment.keys.only(keep)
            kept.append(Segment(segment.tokens, bounds, keys))
            first += len(keep)
        return kept

    def _stored(self, segment: Segment) -> Segment:
        """The segment, with what is not in a file yet moved to one if there is no room for it."""
        of_bounds, of_keys = segment.bounds.arrays, segment.keys.arrays
        arrays = [segment.tokens, *of_bounds, *of_keys]
        inside = [array for array in arrays if not is_mapped(array)]
        size = sum(array.nbytes for array in inside)
        is_short = self._budget is not None and 2 * self._budget.used() > self._budget
        if not inside or (self._bytes + size <= self._limit and not is_short):
            self._bytes += size
            return segment
        written = self._bytes + self._spill.bytes + size
        expected = int(written / self._share) - self._bytes if self._share > 0 else 0
        moved = self._spill.put(inside, expected)
        tokens = segment.tokens if is_mapped(segment.tokens) else moved.pop(0)
        bounds = segment.bounds.moved(moved[: len(of_bounds)])
        return Segment(tokens, bounds, segment.keys.moved(moved[len(of_bounds) :]))


def _limited(limit: Limit, reading: ReadOptions) -> list[str]:
    """A warning that not all of the corpus was read."""
    if not limit.is_reached:
        return []
    assert reading.limit_documents is not None  # it was reached
    return [f"only the first {are(reading.limit_documents, 'document')} read (--limit-documents)"]


def _tokenizer(spec: str | None, is_text: bool, beside: Counterpart | None) -> Tokenizer | None:
    """The tokenizer of a corpus: the one that encodes its text, or that its ids come from."""
    if is_text:
        usual = beside.tokenizer.spec if beside else "builtin"
        return load(usual if spec is None else spec)
    return None if spec in (None, "none") else load(str(spec))


def _store_all(
    parts: Iterable[EncodedSplits],
    store: TokenStore,
    opened: Opened,
    tally: SourceTally,
    progress: Progress | None,
) -> int:
    """Store and tally the parts of a source, and return the largest id (-1 if unknown)."""
    size = sum(reader.size for reader in opened.readers)
    done, largest = 0, -1
    for part in parts:
        done += part.bytes_read
        largest = max(largest, part.largest)
        if not part.results:
            store.join(part.lane)
            continue
        tally.add(part)
        keys, read = opened.keys(part.results), done / size if size else 0.0
        store.append(part.tokens, part.start, part.stop, keys, read, part.lane)
        if progress:
            progress("reading", done, size)
    return largest


def _copied(readers: Iterable[Reader], tmp: str | os.PathLike[str] | None) -> list[str]:
    """A warning about remote files that are copied to the disk, because they are mapped."""
    sizes = [reader.size for reader in readers if reader.maps_file and is_url(reader.path)]
    if not sizes:
        return []
    return [
        f"{sum(sizes):,} bytes of remote ids are kept in unnamed files in "
        f"{tmp or tempfile.gettempdir()} while they are counted (files: {len(sizes):,})"
    ]


def _identity(tokenizer: Tokenizer | None, is_text: bool) -> TokenizerIdentity:
    if tokenizer is None:
        return TokenizerIdentity("none", None)
    library = tokenizer.library if is_text else None
    return TokenizerIdentity(tokenizer.spec, tokenizer.sha256, library)


def _boundaries(readers: Iterable[Reader], reading: ReadOptions, is_text: bool) -> str:
    if is_text:
        return "each line is a document" if reading.doc_per_line else "each text is a document"
    marks = sorted({reader.eot for reader in readers if reader.eot is not None})
    if marks:
        return f"id {' or '.join(map(str, marks))} ends a document and is not counted"
    return "each row, item or file is a document"
