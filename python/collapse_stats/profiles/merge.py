"""Merging the profiles of several corpora into one."""

import os
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from ..backends.base import Backend
from ..corpus.provenance.sources import counted_twice, without_counted_twice
from ..corpus.sample import merge_samples
from ..counting.part_writer import writer_bytes
from ..counting.table import FEWEST, ROW_BYTES, read_aligned
from ..errors import LayoutMismatchError
from ..system.budget import Budget
from .data import ProfileData
from .sampled import SampleSum, check_shares, with_sample
from .storage import read, with_table
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

    Its counts, halves and sample are those of one profile of all these documents, in whatever order
    they are given. With `save_to`, the profile is written to that directory, its table while it is
    being merged.

    Raises
    ------
    LayoutMismatchError
        The profiles have different layouts, tokenizers or ways to divide documents into halves.
    """
    check_shares(profiles)
    profiles = in_one_vocabulary(profiles)
    first = profiles[0]
    for other in profiles[1:]:
        if (other.layout, other.tokenizer.sha256) != (first.layout, first.tokenizer.sha256):
            raise LayoutMismatchError(
                "profiles must have one layout and tokenizer to be merged: "
                f"{first.name} has {first.layout} and {first.tokenizer}, "
                f"{other.name} has {other.layout} and {other.tokenizer}"
            )
    bare = _bare(profiles, name)
    if first.ngram_sample is not None:
        samples = SampleSum()
        for profile in profiles:
            samples.add(profile)
        tables = samples.tables(backend, memory)
        return with_sample(bare, samples.one_of, samples.sums, tables, memory, save_to)
    tables_of = [profile.known_table for profile in profiles]
    writing = 0 if save_to is None else writer_bytes(memory)
    merged = (backend.merge(tables) for tables in read_aligned(tables_of, memory, writing))
    rows = sum(table.rows for table in tables_of)
    resident_bytes = sum(table.resident_bytes for table in tables_of)
    return with_table(
        bare,
        merged,
        backend,
        save_to,
        memory,
        resident_bytes,
        resident_bytes + 2 * ROW_BYTES * rows,
    )


def _bare(profiles: Sequence[P], name: str | None) -> P:
    """The merged profile without what is counted."""
    halved_by = _halved_by(profiles)
    sources = tuple(source for profile in profiles for source in profile.sources)
    sample_tokens = _sample_tokens(profiles)
    return replace(
        profiles[0],
        name=name or " + ".join(profile.name for profile in profiles),
        documents=sum(profile.documents for profile in profiles),
        empty_documents=_sum([profile.empty_documents for profile in profiles]),
        sample=merge_samples([profile.sample for profile in profiles], sample_tokens),
        sample_tokens=sample_tokens,
        halved_by=halved_by,
        sources=sources,
        warnings=tuple(
            dict.fromkeys(
                [
                    *(w for profile in profiles for w in without_counted_twice(profile.warnings)),
                    *counted_twice(sources),
                ]
            )
        ),
    )


def merge_in_tree(
    loads: Sequence[Callable[[], P]],
    backend: Backend,
    memory: int,
    *,
    name: str,
    save_to: Path,
    tmp: str | os.PathLike[str] | None = None,
) -> P:
    """Merge any number of profiles into one, as many at a time as the memory has room for.

    They may take half of what reading and writing leave; the rest is for the rows being merged.
    Where there are more, groups of them are merged to a temporary directory, and those in turn.

    Parameters
    ----------
    loads
        Return the profiles, each when its turn comes.
    tmp
        Folder for what is temporary; None is the system's.

    Raises
    ------
    LayoutMismatchError
        As by `merge`.
    """
    writing, made = writer_bytes(memory), 0
    folder: Path | None = None
    with ExitStack() as stack:
        while True:
            groups: list[Callable[[], P]] = []
            group: list[P] = []
            for load in loads:
                profile = load()
                used = memory.used() if isinstance(memory, Budget) else 0
                room = memory - writing - used - _shared(profile)
                if len(group) >= FEWEST and sum(map(_held, [*group, profile])) > room // 2:
                    if folder is None:
                        temporary = tempfile.TemporaryDirectory(prefix="collapse-stats-", dir=tmp)
                        folder = Path(stack.enter_context(temporary))
                    path = folder / str(made)
                    made += 1
                    some = f"{group[0].name} +{len(group) - 1}"
                    merge(group, backend, memory, name=some, save_to=path)
                    groups.append(partial(read, path, type(profile)))
                    group.clear()
                    backend.give_back()
                group.append(profile)
            if not groups:
                return merge(group, backend, memory, name=name, save_to=save_to)
            loads = [*groups, *(partial(_same, each) for each in group)]


def _shared(profile: ProfileData) -> int:
    """Bytes that reading the tables of several profiles takes once for all."""
    return 0 if profile.ngram_sample is not None else profile.known_table.shared_bytes


def _held(profile: ProfileData) -> int:
    """Bytes that reading the table of a profile takes, beside what all of them share."""
    if profile.ngram_sample is not None:
        return 0  # samples of n-grams are read from the disk when their turn comes
    table = profile.known_table
    return table.resident_bytes - table.shared_bytes


def _same(profile: P) -> P:
    return profile


def _halved_by(profiles: Sequence[ProfileData]) -> str:
    """What the halves of all profiles consist of, if documents have one rule in all of them."""
    first = profiles[0]
    for other in profiles[1:]:
        if (other.halves_rule, other.group_key) != (first.halves_rule, first.group_key):
            raise LayoutMismatchError(
                "profiles must divide documents into halves by one rule to be merged: "
                f"{first.name} does it by {first.division}, {other.name} by {other.division}: make "
                "both again with one --group-key"
            )
        if other.is_halved_by_documents != first.is_halved_by_documents:
            blocks, documents = sorted((first, other), key=lambda each: each.is_halved_by_documents)
            raise LayoutMismatchError(
                f"the halves of {blocks.name}, which has few documents, consist of "
                f"{blocks.halved_by}, those of {documents.name} of documents: to merge them, make "
                f"{blocks.name} again as a part of the whole corpus, with --root, or profile both "
                "as one corpus"
            )
    different = {profile.halved_by for profile in profiles}
    if len(different) == 1:
        return first.halved_by
    largest = max(int("".join(filter(str.isdigit, halved_by))) for halved_by in different)
    return f"blocks of up to {largest} tokens"


def _sample_tokens(profiles: Sequence[ProfileData]) -> int:
    """Tokens of the sample of all documents: no more than are known of each profile's documents.

    A profile whose sample has all of its documents sets no limit.
    """
    limits = [each.sample_tokens for each in profiles if not each.has_whole_sample]
    return min(limits) if limits else max(each.sample_tokens for each in profiles)


def _sum(numbers: Sequence[int | None]) -> int | None:
    """Return the sum of numbers, None if one of them is not known."""
    known = [number for number in numbers if number is not None]
    return sum(known) if len(known) == len(numbers) else None
