"""Merging the profiles of several corpora into one."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from ..backends.base import Backend
from ..corpus.sample import DEFAULT_TOKENS, merge_samples
from ..counting.part_writer import writer_bytes
from ..counting.table import ROW_BYTES, read_aligned
from ..errors import LayoutMismatchError
from .data import ProfileData
from .storage import with_table
from .vocabulary import in_one_vocabulary

P = TypeVar("P", bound=ProfileData)


def merge(
    profiles: Sequence[P],
    backend: Backend,
    memory: int,
    *,
    name: str | None = None,
    save_to: Path | None = None,
) -> P:
    """Return one profile of several corpora, using `memory` bytes.

    With `save_to`, the profile is written to that directory, its table while it is being merged.
    """
    profiles = in_one_vocabulary(profiles)
    first = profiles[0]
    for other in profiles[1:]:
        if (other.layout, other.tokenizer.sha256) != (first.layout, first.tokenizer.sha256):
            raise LayoutMismatchError(
                "profiles must have one layout and tokenizer to be merged: "
                f"{first.name} has {first.layout} and {first.tokenizer}, "
                f"{other.name} has {other.layout} and {other.tokenizer}"
            )
    sources = [profile.known_table for profile in profiles]
    writing = 0 if save_to is None else writer_bytes(memory)
    merged = (backend.merge(tables) for tables in read_aligned(sources, memory, writing))
    sample_tokens = max(DEFAULT_TOKENS, *(len(profile.sample.tokens) for profile in profiles))
    bare = replace(
        first,
        name=name or " + ".join(profile.name for profile in profiles),
        documents=sum(profile.documents for profile in profiles),
        empty_documents=_sum([profile.empty_documents for profile in profiles]),
        sample=merge_samples([profile.sample for profile in profiles], sample_tokens),
        sources=tuple(source for profile in profiles for source in profile.sources),
        warnings=tuple(dict.fromkeys(w for profile in profiles for w in profile.warnings)),
    )
    rows = sum(source.rows for source in sources)
    resident_bytes = sum(source.resident_bytes for source in sources)
    return with_table(
        bare,
        merged,
        backend,
        save_to,
        memory,
        resident_bytes,
        resident_bytes + 2 * ROW_BYTES * rows,
    )


def _sum(numbers: Sequence[int | None]) -> int | None:
    """Return the sum of numbers, None if one of them is not known."""
    known = [number for number in numbers if number is not None]
    return sum(known) if len(known) == len(numbers) else None
