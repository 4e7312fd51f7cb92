"""What a file holds and what would go wrong with it, from a pass over it or over its beginning."""

import os
from dataclasses import dataclass, field, replace

import numpy as np

from ..tokenizers import Tokenizer
from .base import Batch, IntegerArray, Reader
from .file_reader import FileReader
from .open import open_file
from .options import ReadOptions
from .remote.location import as_location
from .remote.path import RemotePath

# Ids that mark nothing but a document's end or beginning, and whose: beyond the ordinary ones.
MARKS = {
    50256: ("GPT-2", 50257),
    50279: ("OLMo", 50304),
    100257: ("cl100k_base", 100277),
    128000: ("Llama 3", 128256),
    128001: ("Llama 3", 128256),
    151643: ("Qwen", 151936),
    199999: ("o200k_base", 200019),
}
_NEARLY_ALL, _ENOUGH = 0.95, 8  # of the documents; so many of them
_LOW = 4  # ids of <s>, </s>, <pad>, <unk> in many vocabularies
_TOKENIZED = 4 << 20  # characters, when a file is sampled


@dataclass(frozen=True, slots=True)
class Inspection:
    """Facts of one input.

    Attributes
    ----------
    path, format, evidence, dtype
        What was detected and why; dtype None for text.
    tokens
        Tokens in documents, None for text without a tokenizer; an estimate when sampled.
    documents
        Number of documents; an estimate when sampled.
    max_id
        Largest id seen, boundary ids included; None when there is none.
    vocab_size
        Of the tokenizer or of the options, None when unknown.
    implied_vocab_size
        The smallest vocabulary that holds the largest id seen.
    vocabulary
        Whose vocabulary the boundary ids seen are of, when it is large enough.
    boundary_ids
        Boundary id -> how often it was seen: that in use, or those that look like one.
    sampled
        Share of the file that was looked at, None for all of it.
    warnings
        What was skipped, repaired or doubtful, and what would go wrong.
    """

    path: str
    format: str
    evidence: str
    dtype: str | None
    tokens: int | None
    documents: int
    max_id: int | None
    vocab_size: int | None
    implied_vocab_size: int | None = None
    vocabulary: str | None = None
    boundary_ids: dict[int, int] = field(default_factory=dict)
    sampled: float | None = None
    warnings: list[str] = field(default_factory=list)


def inspect_reader(
    reader: Reader, options: ReadOptions, tokenizer: Tokenizer | None, budget: int | None = None
) -> Inspection:
    """Facts of a reader's source, from about `budget` bytes of it, from all of it when None."""
    seen = _Seen(reader.eot, tokenizer, budget)
    read = 0
    for batch in reader.batches():
        seen.add(batch)
        read += batch.bytes_read
        if budget is not None and read >= budget:
            break
    scale = reader.size / read if 0 < read < reader.size else 1.0
    looked_at = seen.share / scale
    counts_tokens = reader.kind == "ids" or tokenizer is not None
    vocab_size = options.vocab_size
    if reader.kind == "text":
        vocab_size = tokenizer.vocab_size if tokenizer else None
    if reader.eot is None:  # an id like those of a smaller vocabulary is an ordinary one here
        seen.marks = {i: n for i, n in seen.marks.items() if MARKS[i][1] > (seen.high or 0)}
    holds = [MARKS[mark] for mark in seen.marks if mark in MARKS]
    return Inspection(
        path=reader.path,
        format=reader.format,
        evidence=reader.evidence,
        dtype=reader.dtype,
        tokens=round(seen.tokens * scale) if counts_tokens else None,
        documents=round(seen.documents * scale),
        max_id=seen.high,
        vocab_size=vocab_size,
        implied_vocab_size=None if seen.high is None else max(seen.high, 0) + 1,
        vocabulary=next((name for name, size in holds if size > (seen.high or 0)), None),
        boundary_ids=seen.marks if reader.kind == "ids" else {},
        sampled=round(looked_at, 4) if looked_at < 1 else None,
        warnings=[*reader.warnings, *_doubts(reader, seen, vocab_size)],
    )


class _Seen:
    """What was seen of a source so far."""

    def __init__(self, eot: int | None, tokenizer: Tokenizer | None, budget: int | None) -> None:
        self._eot, self._tokenizer, self._budget = eot, tokenizer, budget
        self.tokens = self.documents = self.empty = self._size = self._looked = 0
        self.low: int | None = None
        self.high: int | None = None
        self.marks: dict[int, int] = {}
        self.ends: tuple[int, int] | None = None  # the first and the last id
        self.firsts: dict[int, int] = {}
        self.lasts: dict[int, int] = {}

    @property
    def share(self) -> float:
        """Share of what was read that was also looked at."""
        return self._looked / self._size if self._size else 1.0

    def add(self, batch: Batch) -> None:
        self.documents += batch.documents
        if batch.tokens is None:
            self._add_texts(batch.texts or [])
            return
        length = batch.stop - batch.start
        self.tokens += int(length.sum())
        self.empty += int((length == 0).sum())
        tokens = batch.tokens
        self._size += tokens.nbytes
        if not len(tokens):
            return
        self.ends = (self.ends[0] if self.ends else int(tokens[0]), int(tokens[-1]))
        for at, counts in (
            (batch.start[length > 0], self.firsts),
            (batch.stop[length > 0] - 1, self.lasts),
        ):
            _count(tokens[at[:10_000]], counts)
        if self._budget is not None:
            tokens = tokens[: max(1, self._budget // tokens.itemsize)]
        self._looked += tokens.nbytes
        self._extremes(tokens)
        marks = MARKS if self._eot is None else (self._eot,)
        for mark in marks:
            times = int(np.count_nonzero(tokens == mark))
            if times or self._eot is not None:
                self.marks[mark] = self.marks.get(mark, 0) + times

    def _add_texts(self, texts: list[str]) -> None:
        self.empty += sum(not text for text in texts)
        size = sum(map(len, texts))
        self._size += size
        if self._tokenizer is None:
            self._looked += size
            return
        looked = tokens = 0
        for text in texts:
            if self._budget is not None and looked >= _TOKENIZED:
                break
            piece = text[: _TOKENIZED if self._budget is not None else None]
            ids: IntegerArray = np.asarray(self._tokenizer.encode(piece))
            looked += len(piece)
            tokens += len(ids)
            if len(ids):
                self._extremes(ids)
        self._looked += looked
        self.tokens += round(tokens * size / looked) if looked else 0

    def _extremes(self, ids: IntegerArray) -> None:
        low, high = int(ids.min()), int(ids.max())
        self.low = low if self.low is None else min(low, self.low)
        self.high = high if self.high is None else max(high, self.high)


def _count(ids: IntegerArray, counts: dict[int, int]) -> None:
    if len(counts) < 1000:
        found, times = np.unique(ids, return_counts=True)
        for i, n in zip(found.tolist(), times.tolist(), strict=True):
            counts[i] = counts.get(i, 0) + n


def _doubts(reader: Reader, seen: _Seen, vocab_size: int | None) -> list[str]:
    """What would go wrong when the source is counted as it was read."""
    said = []
    if seen.low is not None and seen.low < 0:
        said.append(f"ids must be 0 or more, the smallest is {seen.low:,}")
    if seen.high is not None and vocab_size is not None and seen.high >= vocab_size:
        said.append(
            f"the largest id, {seen.high:,}, is outside the vocabulary of {vocab_size:,} ids"
        )
    if isinstance(reader, FileReader) and reader.is_stream and reader.eot is not None and seen.ends:
        if not seen.marks.get(reader.eot):
            said.append(
                f"the boundary id {reader.eot:,} was not seen: all of it is one document"
                if seen.documents < 2
                else f"the boundary id {reader.eot:,} was not seen where it was looked for"
            )
        elif reader.eot not in seen.ends:
            said.append(
                f"neither begins nor ends with the boundary id {reader.eot}: a document cut across "
                "files is counted as two, without the few windows over the cut"
            )
    if reader.kind == "ids" and reader.eot is None:
        said += _unused_marks(seen)
    if seen.empty:
        said.append(f"documents of no tokens or characters seen: {seen.empty:,}")
    return [f"{reader.path}: {doubt}" for doubt in said]


def _unused_marks(seen: _Seen) -> list[str]:
    """Ids that look like boundaries and would be counted as tokens."""
    for counts, verb in ((seen.lasts, "end"), (seen.firsts, "begin")):
        total = sum(counts.values())
        mark, times = max(counts.items(), key=lambda item: item[1], default=(0, 0))
        telling = verb == "end" or mark in MARKS or mark < _LOW  # a template begins alike as well
        if telling and total >= _ENOUGH and times >= _NEARLY_ALL * total:
            seen.marks.setdefault(mark, times)
            return [
                f"{times:,} of {total:,} documents looked at {verb} with the id {mark}, which is "
                f"counted as a token: if it only marks where documents {verb}, say --eot {mark}"
            ]
    if seen.marks:
        mark = max(seen.marks, key=lambda one: seen.marks[one])
        return [
            f"id {mark} ({MARKS[mark][0]}) was seen {seen.marks[mark]:,} times and is counted as a "
            f"token: if it marks where documents end, say --eot {mark}"
        ]
    return []


def inspect(
    path: "str | os.PathLike[str] | RemotePath",
    options: ReadOptions | None = None,
    tokenizer: Tokenizer | None = None,
    budget: int | None = None,
) -> Inspection:
    """Facts of one file; texts are tokenized only with a tokenizer.

    With a `budget`, about so many bytes of the file are read and the rest is estimated from them.
    """
    options, path = options or ReadOptions(), as_location(path)
    if isinstance(path, RemotePath):
        path = replace(path, glimpse=budget)
    return inspect_reader(open_file(path, options), options, tokenizer, budget)
