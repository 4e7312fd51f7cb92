"""A profile on disk: a directory with a JSON manifest and Parquet files that any tool can read.

manifest.json      what was counted and how; totals; size and digest of the other files
spectra.parquet    kind (ngram, context), order, counts by label, types
sample.parquet     hash, tokens, key (if documents share keys): whole documents in hash order
part-00000.parquet the table, see `counting.parquet_part`
buckets.parquet    a sample of n-grams in its place, see `saved_ngram_sample`

The directory is written under a temporary name and then renamed, so that a killed process leaves no
incomplete profile. Every file is checked when it is read: what its digest and the manifest say is
compared with its content, before a figure is taken from it. docs/profile-format.md has the details.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from ..backends.base import Backend
from ..corpus.sample import Sample
from ..counting.ngram_sample import NgramSample
from ..counting.parquet_part import Part
from ..counting.part_writer import PartWriter, part_name
from ..counting.saved_file import Folder, SavedFile, damaged
from ..counting.table import TableInMemory, TableSource, read_aligned
from ..counting.table_on_disk import TableOnDisk
from ..errors import InputError
from ..ngrams.chunk import Int64Array
from ..ngrams.layout import Layout
from ..ngrams.spectrum import HALVES, NO_HALVES, Masks
from ..ngrams.table import NgramTable
from ..readers.directory.names import MANIFEST, SAMPLE, SPECTRA, is_folder_of_profile
from ..readers.remote.location import expanded
from ..readers.remote.path import RemotePath
from ..readers.remote.shown import shown
from ..system.atomic_directory import new_directory
from ..system.memory import TooLittleMemoryError, budget
from ..system.unfinished import is_taken
from .columns import (
    sample_from_parquet,
    sample_to_parquet,
    spectra_from_parquet,
    spectra_to_parquet,
)
from .consistency import check_contexts, check_sample, check_totals
from .data import ProfileData
from .folders import on_disk
from .manifest import Manifest, chosen, counted, read_manifest, says_it_is_a_profile
from .saved_ngram_sample import SavedNgramSample

P = TypeVar("P", bound=ProfileData)


def write(profile: ProfileData, path: Path) -> None:
    """Write the profile to a new directory, at once or not at all."""
    if profile.ngram_sample is not None:
        sample = profile.ngram_sample
        tables = {n: _stretches(table) for n, table in sample.tables.items()}
        write_sampled(profile, sample.one_of, sample.sums, tables, budget(None), path)
        return
    parts: list[Part] | None = None
    with new_directory(path, lambda: _share_written(parts, profile.layout)) as folder:
        if profile.table is not None:
            with PartWriter(folder, budget(None)) as writer:
                parts = writer.parts
                for table in _stretches(profile.table):
                    writer.add(table)
        _finish(profile, parts, folder)


def _stretches(source: TableSource) -> Iterator[NgramTable]:
    return (table for (table,) in read_aligned([source]))


def write_sampled(
    bare: ProfileData,
    one_of: int,
    sums: Mapping[int, Int64Array],
    tables: Mapping[int, Iterable[NgramTable]],
    memory: int,
    path: Path,
) -> None:
    """Write a profile with a sample of its n-grams, whose tables come in stretches.

    Input: what a `NgramSample` has, and the memory that may be used.
    """
    with new_directory(path) as folder:
        saved = SavedNgramSample.write(folder, one_of, sums, tables, memory)
        sample = NgramSample(bare.vocab_size, one_of, sums, saved.tables(folder, bare.layout))
        _finish(replace(bare, ngram_sample=sample), None, folder, saved)


def write_counted(
    bare: P,
    tables: Iterable[NgramTable],
    backend: Backend,
    masks: Sequence[Masks],
    memory: int,
    path: Path,
) -> P:
    """Write a profile whose table comes in stretches, count its spectra meanwhile, and read it.

    Input: tables over ascending, disjoint stretches of key ranges. Each is dropped once it is
    written. Writing uses `writer_bytes` of the memory.
    """
    parts: list[Part] | None = None
    with new_directory(path, lambda: _share_written(parts, bare.layout)) as folder:
        with PartWriter(folder, memory) as writer:
            parts = writer.parts
            joint_spectra = backend.joint_spectra(
                ([table] for table in writer.written(tables)), masks
            )
        _finish(replace(bare, joint_spectra=joint_spectra), parts, folder)
    return read(path, type(bare))


def write_joined(profile: ProfileData, tables: Sequence[TableOnDisk] | None, path: Folder) -> None:
    """Write a profile whose table is that of several on disk, which are not read.

    Their files become files of the profile as well, without a copy where the file system allows.

    Input: tables of ascending, disjoint stretches of key ranges; None writes no table.
    """
    with on_disk(path, MANIFEST) as local, new_directory(local) as folder:
        parts: list[Part] | None = None
        if tables is not None:
            there = [(table.path, part) for table in tables for part in table.parts]
            parts = [
                replace(part, file=part.file.place(source, folder, part_name(number)))
                for number, (source, part) in enumerate(there)
            ]
        _finish(profile, parts, folder)


def _share_written(parts: list[Part] | None, layout: Layout) -> float:
    """Return the share of the key ranges that the parts written so far cover."""
    return (parts[-1].last_key_range + 1) / layout.key_ranges if parts else 0.0


def is_profile(path: str | os.PathLike[str] | RemotePath) -> bool:
    """Return whether a path is that of a saved profile; profiles are not read from URLs.

    A profile that has lost a file is still one.
    """
    if isinstance(path, RemotePath):
        return False
    folder = Path(expanded(os.fspath(path)))
    with suppress(OSError, ValueError):  # a text instead of a path
        there = {name for name in (MANIFEST, SPECTRA, SAMPLE) if is_taken(folder / name)}
        return is_folder_of_profile(there) or (
            SAMPLE in there and says_it_is_a_profile(folder)  # its spectra are missing
        )
    return False


def read(path: Folder, kind: type[P]) -> P:
    """Return the profile saved in a directory, as a `kind`; its table is read when first needed.

    Raises
    ------
    InputError
        The directory is no profile, a file of it is damaged, or it has another format. What is
        wrong with a part of the table is found when that is read.
    """
    if not (path / MANIFEST).exists() and not is_profile(path):
        if not path.exists():
            raise InputError(f"no such profile: {shown(path)}")
        raise InputError(f"{path} is no profile: it has no {MANIFEST}")
    manifest = read_manifest(path)
    layout, parts = manifest.layout, manifest.parts
    for part in parts or ():
        part.file.check_size(path)
    spectra, sample = manifest.spectra.read(path), manifest.sample.read(path)
    with _blaming(path, SPECTRA):
        joint_spectra = spectra_from_parquet(spectra, layout, counted(manifest, parts))
    saved = manifest.ngram_sample
    ngram_sample = None if saved is None else saved.read(path, layout)
    with _blaming(path, MANIFEST):
        check_totals(manifest, joint_spectra, ngram_sample)
    if ngram_sample is None:
        with _blaming(path, SPECTRA):
            check_contexts(manifest, joint_spectra)
    how = chosen(manifest.sample_budget, manifest.halves_rule, manifest.group_key)
    with _blaming(path, SAMPLE):
        documents_of_sample = sample_from_parquet(sample, layout, how)
    with _blaming(path, MANIFEST):
        check_sample(manifest, documents_of_sample)
    return kind(
        name=manifest.name,
        layout=layout,
        joint_spectra=joint_spectra,
        documents=manifest.documents,
        empty_documents=manifest.empty_documents,
        sample=documents_of_sample,
        tokenizer=manifest.tokenizer,
        sources=manifest.sources,
        boundaries=manifest.boundaries,
        halved_by=manifest.halved_by,
        halves_rule=manifest.halves_rule,
        group_key=manifest.group_key,
        sample_tokens=manifest.sample_budget,
        warnings=manifest.warnings,
        table=None if parts is None else TableOnDisk(path, layout, parts),
        ngram_sample=ngram_sample,
    )


def read_sample(path: Folder, manifest: Manifest) -> Sample:
    """Return the sample of the profile saved in a directory; InputError if it is damaged."""
    how = chosen(manifest.sample_budget, manifest.halves_rule, manifest.group_key)
    content = manifest.sample.read(path)
    with _blaming(path, SAMPLE):
        return sample_from_parquet(content, manifest.layout, how)


@contextmanager
def _blaming(path: Folder, name: str) -> Iterator[None]:
    """Let a ValueError say that a file of the profile is damaged."""
    try:
        yield
    except ValueError as error:
        raise damaged(path, name, str(error)) from error


def _finish(
    profile: ProfileData,
    parts: list[Part] | None,
    folder: Path,
    ngram_sample: SavedNgramSample | None = None,
) -> None:
    """Write all files but the parts and the sample of n-grams."""
    layout, sample = profile.layout, profile.sample
    how = chosen(profile.sample_tokens, profile.halves_rule, profile.group_key)
    spectra = spectra_to_parquet(profile.joint_spectra, layout, counted(profile, parts))
    Manifest(
        name=profile.name,
        layout=layout,
        documents=profile.documents,
        empty_documents=profile.empty_documents,
        windows={n: profile.windows(n) for n in range(1, profile.max_order + 1)},
        distinct={n: profile.distinct(n) for n in range(1, profile.max_order + 1)},
        tokenizer=profile.tokenizer,
        boundaries=profile.boundaries,
        halved_by=profile.halved_by,
        halves_rule=profile.halves_rule,
        group_key=profile.group_key,
        sources=profile.sources,
        warnings=profile.warnings,
        spectra=SavedFile.write(folder, SPECTRA, spectra),
        sample=SavedFile.write(folder, SAMPLE, sample_to_parquet(sample, layout, how)),
        sample_documents=len(sample),
        sample_tokens=len(sample.tokens),
        sample_budget=profile.sample_tokens,
        parts=parts,
        ngram_sample=ngram_sample,
    ).write(folder)


def with_table(
    bare: P,
    tables: Iterable[NgramTable],
    backend: Backend,
    save_to: Path | None,
    memory: int,
    resident_bytes: int,
    enough: int,
) -> P:
    """Return a profile with a table that comes in stretches, and with the table's spectra.

    Parameters
    ----------
    tables
        Tables over ascending, disjoint stretches of key ranges.
    save_to
        Directory to write the profile to; None to keep the table in memory.
    memory, resident_bytes
        Bytes that may be used in all, and how many of them are in use already.
    enough
        Bytes that are certainly enough to keep the table in memory, for the error message.
    """
    masks = HALVES if bare.layout.labels == 2 else NO_HALVES
    if save_to is not None:
        return write_counted(bare, tables, backend, masks, memory, save_to)
    stretches: list[NgramTable] = []
    for table in tables:
        stretches.append(table)
        resident_bytes += 2 * table.nbytes  # concatenation copies it
        if len(stretches) > 1 and resident_bytes > memory:
            raise TooLittleMemoryError(
                memory, enough, "or write the profile as it is counted (collapse-stats profile -o)"
            )
    whole = NgramTable.concatenate(bare.layout, stretches)
    stretches.clear()
    joint_spectra = backend.joint_spectra([[whole]], masks)
    return replace(bare, joint_spectra=joint_spectra, table=TableInMemory(whole))
