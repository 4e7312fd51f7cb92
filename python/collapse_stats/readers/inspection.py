"""What a file holds, from one pass over it."""

from dataclasses import dataclass, field

import numpy as np

from ..tokenizers import Tokenizer
from .batch import Batch, IntegerArray, Reader, ReadOptions


@dataclass(frozen=True, slots=True)
class Inspection:
    """Facts of one input.

    Attributes
    ----------
    path, format, evidence, dtype
        What was detected and why; dtype None for text.
    tokens
        Tokens in documents, None for text without a tokenizer.
    documents
        Number of documents.
    max_id
        Largest id in the file, boundary ids included; None when there is none.
    vocab_size
        Of the tokenizer or of the options, None when unknown.
    boundary_ids
        Boundary id -> how often it occurs.
    warnings
        What was skipped, repaired or doubtful.
    """

    path: str
    format: str
    evidence: str
    dtype: str | None
    tokens: int | None
    documents: int
    max_id: int | None
    vocab_size: int | None
    boundary_ids: dict[int, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def inspect_reader(reader: Reader, options: ReadOptions, tokenizer: Tokenizer | None) -> Inspection:
    """Facts of a reader's source: reads all of it."""
    counts_tokens = reader.kind == "ids" or tokenizer is not None
    vocab_size = options.vocab_size
    if reader.kind == "text":
        vocab_size = tokenizer.vocab_size if tokenizer else None
    tokens = documents = boundaries = 0
    extremes: list[int] = []
    ends: list[int] = []
    for batch in reader.batches():
        documents += batch.documents
        if not counts_tokens:
            continue
        for ids in _ids(batch, tokenizer):
            tokens += len(ids)
            if len(ids):
                extremes = [min([*extremes, int(ids.min())]), max([*extremes, int(ids.max())])]
        if batch.tokens is not None:
            inside = int((batch.stop - batch.start).sum())
            boundaries += len(batch.tokens) - inside
            tokens += inside - len(batch.tokens)
            ends = [*ends, *batch.tokens[[0, -1]].tolist()] if len(batch.tokens) else ends
            ends = [ends[0], ends[-1]] if ends else ends
    warnings = list(reader.warnings)
    if extremes and extremes[0] < 0:
        warnings.append(f"{reader.path}: ids must be 0 or more, the smallest is {extremes[0]:,}")
    if extremes and vocab_size is not None and extremes[1] >= vocab_size:
        warnings.append(
            f"{reader.path}: the largest id, {extremes[1]:,}, is outside the vocabulary of "
            f"{vocab_size:,} ids"
        )
    if reader.format == "flat" and options.eot is not None and ends and options.eot not in ends:
        warnings.append(
            f"{reader.path}: neither begins nor ends with the boundary id {options.eot}: "
            "a document cut across files is counted as two, without the few windows over the cut"
        )
    has_boundary = reader.kind == "ids" and options.eot is not None
    return Inspection(
        path=reader.path,
        format=reader.format,
        evidence=reader.evidence,
        dtype=reader.dtype,
        tokens=tokens if counts_tokens else None,
        documents=documents,
        max_id=extremes[1] if extremes else None,
        vocab_size=vocab_size,
        boundary_ids={options.eot: boundaries} if has_boundary and options.eot is not None else {},
        warnings=warnings,
    )


def _ids(batch: Batch, tokenizer: Tokenizer | None) -> "list[IntegerArray]":
    if batch.tokens is not None:
        return [batch.tokens]
    if tokenizer is None or batch.texts is None:
        return []
    return [np.asarray(tokenizer.encode(text)) for text in batch.texts]
