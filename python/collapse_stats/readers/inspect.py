"""Inspect a file, or its beginning: what it holds and what would go wrong with it."""

import json
import os
import sys
from dataclasses import dataclass, field, replace

import numpy as np

from ..errors import InputError
from ..tokenizers import Tokenizer
from ..tokenizers.texts import as_list
from .base import Batch, IntegerArray, Reader
from .file_reader import FileReader
from .open import open_file
from .options import ReadOptions
from .remote.location import as_location
from .remote.path import RemotePath, kept
from .stream import line_blocks

# Ids that only mark where documents end or begin -> whose they are, and the vocabulary size. They
# are larger than any ordinary id of that vocabulary.
MARKS = {
    50256: ("GPT-2", 50257),
    50279: ("OLMo", 50304),
    100257: ("cl100k_base", 100277),
    128000: ("Llama 3", 128256),
    128001: ("Llama 3", 128256),
    151643: ("Qwen", 151936),
    199999: ("o200k_base", 200019),
}
_NEARLY_ALL, _ENOUGH = 0.95, 8  # share of the documents, and the least number of documents
_LOW = 4  # ids of <s>, </s>, <pad>, <unk> in many vocabularies
_FIRST_LINE = 1 << 16  # bytes in which the first line is looked for
_TOKENIZED = 4 << 20  # characters tokenized at most when a file is sampled


@dataclass(frozen=True, slots=True)
class Inspection:
    """The facts found in one input.

    Attributes
    ----------
    path, format, evidence, dtype
        The file, its format, the reason for that, and the type of its ids (None for text).
    bytes
        Size of the file.
    reads
        What is read of it.
    tokens
        Tokens in documents, None for text without a tokenizer; an estimate when sampled.
    documents
        Number of documents; an estimate when sampled.
    max_id
        Largest id seen, boundary ids included; None when no id was seen.
    vocab_size
        Vocabulary size of the tokenizer or of the options, None when unknown.
    implied_vocab_size
        Size of the smallest vocabulary with the largest id seen, None when no id was seen.
    vocabulary
        Whose vocabulary the boundary ids belong to, None when unknown or too small for the ids.
    boundary_ids
        Boundary id -> how often it was seen: the one in use, or those that look like one.
    sampled
        Share of the file that was inspected, None when it was all of it.
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
    bytes: int = 0
    reads: "Reads | None" = None


@dataclass(frozen=True, slots=True)
class Reads:
    """What is read of a file.

    Attributes
    ----------
    keys
        The keys or columns that are read; empty if the format has no names.
    holds
        ``text``, ``chat`` or ``ids``.
    document
        What becomes a document, such as ``each row``.
    mask
        The key of the mask of ids that is honoured, None if there is none.
    not_read
        Other keys or columns, as far as they are known.
    """

    keys: tuple[str, ...]
    holds: str
    document: str
    mask: str | None = None
    not_read: tuple[str, ...] = ()


def inspect_reader(
    reader: Reader, options: ReadOptions, tokenizer: Tokenizer | None, budget: int | None = None
) -> Inspection:
    """Return the facts of a reader's source from about `budget` bytes of it (None: from all)."""
    seen = _Seen(reader.eot, tokenizer, budget)
    read = 0
    for batch in reader.batches():
        seen.add(batch)
        read += batch.bytes_read
        is_enough = budget is not None and read >= budget
        if is_enough or seen.documents >= (options.limit_documents or sys.maxsize):
            break
    scale = reader.size / read if 0 < read < reader.size else 1.0
    share = seen.share / scale
    counts_tokens = reader.kind == "ids" or tokenizer is not None
    vocab_size = options.vocab_size
    if reader.kind == "text":
        vocab_size = tokenizer.vocab_size if tokenizer else None
    if reader.eot is None:  # in a larger vocabulary, such an id is an ordinary token
        seen.marks = {i: n for i, n in seen.marks.items() if MARKS[i][1] > (seen.high or 0)}
    vocabularies = [MARKS[mark] for mark in seen.marks if mark in MARKS]
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
        vocabulary=next((name for name, size in vocabularies if size > (seen.high or 0)), None),
        boundary_ids=seen.marks if reader.kind == "ids" else {},
        sampled=round(share, 4) if share < 1 else None,
        warnings=[*reader.warnings, *_doubts(reader, seen, vocab_size)],
        bytes=reader.size,
        reads=_reads(reader),
    )


def _reads(reader: Reader) -> Reads | None:
    if not isinstance(reader, FileReader):
        return None
    if reader.reads is None:
        return Reads((), reader.kind, reader.document)
    keys, mask = reader.reads.names, reader.reads.mask
    read = {key.split(".")[0] for key in (*keys, *([mask] if mask else []))}.union(keys)
    return Reads(
        keys=keys,
        holds="chat" if reader.reads.chat else reader.kind,
        document=reader.document,
        mask=mask,
        not_read=tuple(name for name in reader.names or _first_keys(reader) if name not in read),
    )


def _first_keys(reader: FileReader) -> tuple[str, ...]:
    """The keys of the first line of a file of JSON lines."""
    try:
        for block, _ in line_blocks(reader.location, _FIRST_LINE, _FIRST_LINE):
            record = json.loads(block.split(b"\n")[0])
            return tuple(record) if isinstance(record, dict) else ()
    except (OSError, InputError, ValueError, RecursionError):
        pass
    return ()


class _Seen:
    """What has been seen of a source so far."""

    def __init__(self, eot: int | None, tokenizer: Tokenizer | None, budget: int | None) -> None:
        self._eot, self._tokenizer, self._budget = eot, tokenizer, budget
        self.tokens = self.documents = self.empty = self._size = self._inspected = 0
        self.low: int | None = None
        self.high: int | None = None
        self.marks: dict[int, int] = {}
        self.ends: tuple[int, int] | None = None  # the first and the last id
        self.firsts: dict[int, int] = {}
        self.lasts: dict[int, int] = {}

    @property
    def share(self) -> float:
        """Share of what was read that was also inspected."""
        return self._inspected / self._size if self._size else 1.0

    def add(self, batch: Batch) -> None:
        self.documents += batch.documents
        if batch.tokens is None:
            self._add_texts(as_list(batch.texts or []))
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
        self._inspected += tokens.nbytes
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
            self._inspected += size
            return
        inspected = tokens = 0
        for text in texts:
            if self._budget is not None and inspected >= _TOKENIZED:
                break
            piece = text[: _TOKENIZED if self._budget is not None else None]
            ids: IntegerArray = np.asarray(self._tokenizer.encode(piece))
            inspected += len(piece)
            tokens += len(ids)
            if len(ids):
                self._extremes(ids)
        self._inspected += inspected
        self.tokens += round(tokens * size / inspected) if inspected else 0

    def _extremes(self, ids: IntegerArray) -> None:
        low, high = int(ids.min()), int(ids.max())
        self.low = low if self.low is None else min(low, self.low)
        self.high = high if self.high is None else max(high, self.high)


def _count(ids: IntegerArray, counts: dict[int, int]) -> None:
    if len(counts) < 1000:
        distinct, times = np.unique(ids, return_counts=True)
        for i, n in zip(distinct.tolist(), times.tolist(), strict=True):
            counts[i] = counts.get(i, 0) + n


def _doubts(reader: Reader, seen: _Seen, vocab_size: int | None) -> list[str]:
    """Warnings of what would go wrong if the source were counted as it was read."""
    warnings = []
    if seen.low is not None and seen.low < 0:
        warnings.append(f"ids must be 0 or more, the smallest is {seen.low:,}")
    if seen.high is not None and vocab_size is not None and seen.high >= vocab_size:
        warnings.append(
            f"the largest id, {seen.high:,}, is outside the vocabulary of {vocab_size:,} ids"
        )
    if isinstance(reader, FileReader) and reader.is_stream and reader.eot is not None and seen.ends:
        if not seen.marks.get(reader.eot):
            warnings.append(
                f"the boundary id {reader.eot:,} was not seen: all of it is one document"
                if seen.documents < 2
                else f"the boundary id {reader.eot:,} was not seen in the part that was read"
            )
        elif reader.eot not in seen.ends:
            warnings.append(
                f"neither begins nor ends with the boundary id {reader.eot}: a document cut across "
                "files is counted as two, without the few windows over the cut"
            )
    if reader.kind == "ids" and reader.eot is None:
        warnings += _unused_marks(seen)
    if reader.left_out > seen.documents:
        warnings.append(
            f"{reader.left_out:,} lines or rows have no document, and only {seen.documents:,} have "
            "one: such a file is refused; name another key with --text-key or --ids-key"
        )
    elif not seen.documents:
        warnings.append("there is no document in it")
    if seen.empty:
        warnings.append(f"documents of no tokens or characters seen: {seen.empty:,}")
    return [f"{reader.path}: {doubt}" for doubt in warnings]


def _unused_marks(seen: _Seen) -> list[str]:
    """A warning of an id that looks like a boundary and would be counted as a token."""
    for counts, verb in ((seen.lasts, "end"), (seen.firsts, "begin")):
        total = sum(counts.values())
        mark, times = max(counts.items(), key=lambda item: item[1], default=(0, 0))
        # Documents may begin alike for another reason, such as a template.
        is_mark = verb == "end" or mark in MARKS or mark < _LOW
        if is_mark and total >= _ENOUGH and times >= _NEARLY_ALL * total:
            seen.marks.setdefault(mark, times)
            return [
                f"{times:,} of {total:,} inspected documents {verb} with the id {mark}, which is "
                f"counted as a token: if it only marks where documents {verb}, say --eot {mark}"
            ]
    if seen.marks:
        mark = max(seen.marks, key=seen.marks.__getitem__)
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
    """Return the facts of one file; texts are tokenized only when a tokenizer is given.

    With a `budget`, about that many bytes are read and the figures of the file are estimated.
    """
    options, path = options or ReadOptions(), as_location(path)
    if isinstance(path, RemotePath):
        path = replace(path, glimpse=budget)
    found = inspect_reader(open_file(path, options), options, tokenizer, budget)
    return replace(found, warnings=[*kept([path]), *found.warnings])
