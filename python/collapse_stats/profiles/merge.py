"""Profiles of several corpora added into one."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from ..backends.base import Backend
from ..corpus.sample import DEFAULT_TOKENS, merge_samples
from ..counting.parquet_table import writer_bytes
from ..counting.table import ROW_BYTES, read_aligned
from ..errors import LayoutMismatchError
from .data import ProfileData, check_comparable
from .storage import with_table

P = TypeVar("P", bound=ProfileData)


def merge(
    profiles: Sequence[P],
    backend: Backend,
    memory: int,
    *,
    name: str | None = None,
    save_to: Path | None = None,
) -> P:
    """Profile of several corpora; with `save_to`, its table is written as it is merged."""
    first = profiles[0]
    for other in profiles[1:]:
        check_comparable(first, other)
        if (other.layout, other.tokenizer) != (first.layout, first.tokenizer):
            raise LayoutMismatchError(
                "profiles must have one layout and tokenizer to be merged: "
                f"{first.name} has {first.layout} and {first.tokenizer.spec}, "
                f"{other.name} has {other.layout} and {other.tokenizer.spec}"
            )
    given = [one.known_table for one in profiles]
    writing = 0 if save_to is None else writer_bytes(memory)
    merged = (backend.merge(tables) for tables in read_aligned(given, memory, writing))
    sample_tokens = max(DEFAULT_TOKENS, *(len(one.sample.tokens) for one in profiles))
    bare = replace(
        first,
        name=name or " + ".join(one.name for one in profiles),
        documents=sum(one.documents for one in profiles),
        sample=merge_samples([one.sample for one in profiles], sample_tokens),
        sources=tuple(source for one in profiles for source in one.sources),
        warnings=tuple(dict.fromkeys(w for one in profiles for w in one.warnings)),
    )
    rows = sum(table.rows for table in given)
    resident_bytes = sum(table.resident_bytes for table in given)
    return with_table(
        bare,
        merged,
        backend,
        save_to,
        memory,
        resident_bytes,
        resident_bytes + 2 * ROW_BYTES * rows,
    )
