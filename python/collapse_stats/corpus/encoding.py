"""Splits of readers to packed token ids: text is tokenized, ids are made 16 or 32 bits wide."""

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..ngrams.chunk import Int64Array
from ..ngrams.ids import id_dtype
from ..ngrams.layout import MAX_VOCAB_SIZE
from ..readers.base import Reader
from ..readers.repairs import Repairs
from ..readers.splits import Split
from ..system.memory import is_mapped
from ..tokenizers import Tokenizer

_NO_TOKENS = np.empty(0, dtype=np.uint16)
_NO_BOUNDS = np.empty(0, dtype=np.int64)

Splits = Sequence[tuple[Reader, Split]]


@dataclass(slots=True)
class SplitResult:
    """The outcome of reading one split; `error` is None unless it failed."""

    reader: Reader
    documents: int = 0
    bytes_read: int = 0
    repairs: Repairs | None = None
    error: Exception | None = None


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
    """

    tokens: npt.NDArray[np.integer]
    start: Int64Array
    stop: Int64Array
    largest: int
    results: list[SplitResult]

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
    texts: list[str] = []
    for reader, split in splits:
        if results and results[-1].reader is reader and results[-1].error is not None:
            continue
        try:
            batch = split.read()
        except Exception as error:
            results.append(SplitResult(reader, error=error))
            continue
        results.append(SplitResult(reader, batch.documents, batch.bytes_read, batch.repairs))
        texts += batch.texts or ()
    try:
        ids, stop = tokenizer.encode_all(texts)
    except Exception as error:
        return [EncodedSplits.failed(splits[0][0], error)]
    bounds = np.append(0, stop)
    return [EncodedSplits(ids, bounds[:-1], bounds[1:], -1, results)]


def narrowed(measured: bool, splits: Splits) -> list[EncodedSplits]:
    """Read splits of ids, and make ids 16 or 32 bits wide unless they are in a mapped file.

    Input: `measured`, whether to find the largest id.
    """
    return [_narrowed(measured, reader, split) for reader, split in splits]


def _narrowed(measured: bool, reader: Reader, split: Split) -> EncodedSplits:
    try:
        batch = split.read()
        tokens, largest = _narrow(batch.tokens, measured, reader.path)
    except Exception as error:
        return EncodedSplits.failed(reader, error)
    result = SplitResult(reader, len(batch.start), batch.bytes_read, batch.repairs)
    return EncodedSplits(tokens, batch.start, batch.stop, largest, [result])


def _narrow(
    tokens: npt.NDArray[np.integer] | None, measured: bool, path: str
) -> tuple[npt.NDArray[np.integer], int]:
    """Return the tokens in a narrow type, and the largest id (-1 if it was not needed)."""
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
    return tokens.astype(id_dtype(high + 1)), high
