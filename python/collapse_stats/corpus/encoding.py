"""Splits of readers to packed token ids: text is tokenized, ids are made 16 or 32 bits wide."""

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..ngrams.chunk import Int64Array
from ..ngrams.ids import bound, first_outside, id_dtype, implied_vocab_size, largest
from ..ngrams.layout import MAX_VOCAB_SIZE
from ..readers.base import Batch, Reader
from ..readers.repairs import Repairs
from ..readers.rows import Rows
from ..readers.splits import Split
from ..system.memory import is_mapped, release_pages
from ..tokenizers import TokenArray, Tokenizer
from ..tokenizers.texts import Texts, as_list, together
from .vocabulary import Vocabulary

_NO_TOKENS = np.empty(0, dtype=np.uint16)
_NO_BOUNDS = np.empty(0, dtype=np.int64)

Splits = Sequence[tuple[Reader, Split]]


class BadDocumentError(InputError):
    """A document of a file cannot be counted.

    Its number in the file is known only to who knows how many documents are in the splits before.
    """

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: a document{problem}")
        self._path, self._problem = path, problem

    def numbered(self, number: int) -> InputError:
        """Return the error to raise for the document with this number; the first has 1."""
        return InputError(f"{self._path}: document {number:,}{self._problem}")


@dataclass(slots=True)
class SplitResult:
    """The outcome of reading one split.

    Attributes
    ----------
    documents
        How many documents are kept of the split, the first ones.
    error
        None unless it failed.
    rows
        As in a `Batch`, of all documents of the split.
    first_row
        The row of the source that `rows` counts from, which is known once the splits before it are
        read.
    """

    reader: Reader
    documents: int = 0
    bytes_read: int = 0
    repairs: Repairs | None = None
    error: Exception | None = None
    rows: Rows | None = None
    first_row: int = 0

    @classmethod
    def of(cls, reader: Reader, batch: Batch, error: Exception | None = None) -> "SplitResult":
        """Return the outcome of reading a batch."""
        return cls(reader, batch.documents, batch.bytes_read, batch.repairs, error, batch.rows)


@dataclass(slots=True)
class EncodedSplits:
    """Documents of some splits in their order, with tokens of the narrowest type.

    Attributes
    ----------
    tokens, start, stop
        As in a `Batch`.
    largest
        The largest id, including boundary ids; -1 when there is none, or it was not measured.
    results
        One for each split.
    lane
        Number of the lane; all documents of a lane precede those of the next.
    """

    tokens: npt.NDArray[np.integer]
    start: Int64Array
    stop: Int64Array
    largest: int
    results: list[SplitResult]
    lane: int = 0

    @classmethod
    def nothing(cls) -> "EncodedSplits":
        """Return the result of no splits."""
        return cls(_NO_TOKENS, _NO_BOUNDS, _NO_BOUNDS, -1, [])

    @classmethod
    def failed(cls, reader: Reader, error: Exception) -> "EncodedSplits":
        """Return the result, without documents, of a split of `reader` that failed."""
        results = [SplitResult(reader, error=error)]
        return cls(_NO_TOKENS, _NO_BOUNDS, _NO_BOUNDS, -1, results)

    @property
    def bytes_read(self) -> int:
        """Bytes of the sources that these documents come from."""
        return sum(result.bytes_read for result in self.results)

    def drop(self, readers: Container[Reader]) -> None:
        """Remove everything that comes from these readers."""
        kept = [result.reader not in readers for result in self.results]
        if all(kept):
            return
        documents = np.repeat(kept, [result.documents for result in self.results])
        self.start, self.stop = self.start[documents], self.stop[documents]
        self.results = [result for result, keep in zip(self.results, kept, strict=True) if keep]
        self.largest = self.largest if self.results else -1

    def keep(self, documents: int) -> None:
        """Remove all documents after the first `documents`, and what was found behind them."""
        self.start, self.stop = self.start[:documents], self.stop[:documents]
        self.tokens = self.tokens[: int(self.stop[-1]) if documents else 0]
        if self.largest >= 0:
            self.largest = int(self.tokens.max(initial=0))
        kept = []
        for result in self.results:
            if documents <= 0:
                break
            kept.append(replace(result, documents=min(result.documents, documents)))
            documents -= result.documents
        self.results = kept


def encoded(tokenizer: Tokenizer, splits: Splits) -> list[EncodedSplits]:
    """Read splits of text, tokenize them and pack them into one result."""
    results: list[SplitResult] = []
    parts: list[Texts] = []
    for reader, split in splits:
        if results and results[-1].reader is reader and results[-1].error is not None:
            continue
        try:
            batch = split.read()
        except Exception as error:
            results.append(SplitResult(reader, error=error))
            continue
        results.append(SplitResult.of(reader, batch))
        parts.append(batch.texts or ())
    texts = together(parts)
    try:
        try:
            ids, start, stop = tokenizer.encode_all(texts)
        except InputError:
            ids, start, stop = _encoded_apart(tokenizer, as_list(texts), results)
    except Exception as error:
        return [EncodedSplits.failed(splits[0][0], error)]
    return [EncodedSplits(ids, start, stop, -1, results)]


def _encoded_apart(
    tokenizer: Tokenizer, texts: Sequence[str], results: list[SplitResult]
) -> tuple[TokenArray, Int64Array, Int64Array]:
    """Tokenize text by text, and leave out what follows a text that fails in its file.

    The results are changed: they get the error, and the number of documents before it.
    """
    texts_left = iter(texts)
    tokens: list[TokenArray] = []
    failed: set[Reader] = set()
    for result in results:
        own = list(islice(texts_left, result.documents))
        if result.reader in failed:
            result.documents = 0
            continue
        for number, text in enumerate(own):
            try:
                tokens.append(tokenizer.encode(text))
            except InputError as error:
                result.documents = number
                result.error = BadDocumentError(result.reader.path, f": {error}")
                failed.add(result.reader)
                break
    bounds = np.cumsum([0, *map(len, tokens)], dtype=np.int64)
    return np.concatenate([tokenizer.encode(""), *tokens]), bounds[:-1], bounds[1:]


def narrowed(vocabulary: Vocabulary, splits: Splits) -> list[EncodedSplits]:
    """Read splits of ids, check these, and make them 16 or 32 bits wide unless they are mapped.

    The largest id is found if the size of the vocabulary is not known.
    """
    return [_narrowed(vocabulary, reader, split) for reader, split in splits]


def _narrowed(vocabulary: Vocabulary, reader: Reader, split: Split) -> EncodedSplits:
    try:
        batch = split.read()
        if batch.tokens is None or not batch.tokens.size:
            return _of_ids(reader, batch, _NO_TOKENS, -1)
        checked = _checked(vocabulary, reader, batch, batch.tokens)
        release_pages(batch.tokens)  # those that were looked at, of a mapped file
        return checked
    except Exception as error:
        return EncodedSplits.failed(reader, error)


def _checked(
    vocabulary: Vocabulary, reader: Reader, batch: Batch, tokens: npt.NDArray[np.integer]
) -> EncodedSplits:
    """Return a batch without the documents from the first on that has an id which cannot be."""
    limit = vocabulary.size or MAX_VOCAB_SIZE
    narrow = tokens.dtype.itemsize > 2 and not is_mapped(tokens)
    if _fits(tokens.dtype, vocabulary):
        return _of_ids(reader, batch, tokens.astype(id_dtype(limit)) if narrow else tokens, -1)
    high, error = largest(tokens), None
    if high >= bound(tokens, limit):
        place = first_outside(tokens, batch.start, batch.stop, limit)
        if place is not None:
            document, at = place
            token = int(tokens[batch.start[document] + at])
            error = BadDocumentError(reader.path, vocabulary.problem(token, at, reader))
            batch.start, batch.stop = batch.start[:document], batch.stop[:document]
        high = largest(tokens, limit)  # ids between documents may be anything
    return _of_ids(
        reader, batch, tokens.astype(id_dtype(high + 1)) if narrow else tokens, high, error
    )


def _fits(dtype: np.dtype[np.integer], vocabulary: Vocabulary) -> bool:
    """Whether all ids of a type are in a vocabulary, or in the smallest that ids may imply."""
    most = np.iinfo(dtype).max
    return dtype.kind == "u" and most < (vocabulary.size or implied_vocab_size(-1))


def _of_ids(
    reader: Reader,
    batch: Batch,
    tokens: npt.NDArray[np.integer],
    high: int,
    error: Exception | None = None,
) -> EncodedSplits:
    results = [SplitResult.of(reader, batch, error)]
    return EncodedSplits(tokens, batch.start, batch.stop, high, results)
