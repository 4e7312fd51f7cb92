"""A profile on disk: a directory with a JSON manifest and Parquet files that any tool can read.

manifest.json      what was counted and how; totals; the list of parts
spectra.parquet    kind (ngram, context), order, count_a, count_b, types
part-00000.parquet the table, see `counting.parquet_part`
sample.parquet     hash, tokens, key (if documents share keys): whole documents in hash order

The directory is written under a temporary name and then renamed, so that a killed process leaves no
incomplete profile.
"""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from ..backends.base import Backend
from ..corpus.corpus import Source, TokenizerIdentity
from ..corpus.sample import Sample
from ..counting.parquet_part import Part, damaged
from ..counting.part_writer import PartWriter
from ..counting.table import TableInMemory, read_aligned
from ..counting.table_on_disk import TableOnDisk
from ..errors import InputError
from ..ngrams.layout import Layout
from ..ngrams.spectrum import HALVES, NO_HALVES, JointSpectra, JointSpectrum, Masks
from ..ngrams.table import NgramTable
from ..readers.remote.location import expanded
from ..readers.remote.path import RemotePath
from ..readers.remote.shown import shown
from ..system.atomic_directory import new_directory
from ..system.memory import TooLittleMemoryError, budget
from ..version import __version__
from .data import ProfileData
from .parquet_columns import column, integers, read_columns, write_columns

SCHEMA = "collapse-stats.profile/1"
P = TypeVar("P", bound=ProfileData)


def write(profile: ProfileData, path: Path) -> None:
    """Write the profile to a new directory, at once or not at all."""
    parts: list[Part] | None = None
    with new_directory(path, lambda: _share_written(parts, profile.layout)) as folder:
        if profile.table is not None:
            with PartWriter(folder, budget(None)) as writer:
                parts = writer.parts
                for (table,) in read_aligned([profile.table]):
                    writer.add(table)
        _finish(profile, parts, folder)


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


def _share_written(parts: list[Part] | None, layout: Layout) -> float:
    """Return the share of the key ranges that the parts written so far cover."""
    return (parts[-1]["last_shard"] + 1) / layout.key_ranges if parts else 0.0


def is_profile(path: str | os.PathLike[str] | RemotePath) -> bool:
    """Return whether a path is that of a saved profile; profiles are not read from URLs."""
    if isinstance(path, RemotePath):
        return False
    try:
        return (Path(expanded(os.fspath(path))) / "manifest.json").is_file()
    except (OSError, ValueError):  # a text instead of a path
        return False


def read(path: Path, kind: type[P]) -> P:
    """Return the profile saved in a directory, as a `kind`; its table is read when first needed."""
    manifest = _manifest(path)
    try:
        saved_layout, parts = manifest["layout"], manifest["parts"]
        layout = Layout(
            saved_layout["vocab_size"],
            saved_layout["max_order"],
            2 if saved_layout["halves"] else 1,
        )
        profile = kind(
            name=manifest["name"],
            layout=layout,
            joint_spectra=_read_joint_spectra(path, layout),
            documents=manifest["totals"]["documents"],
            empty_documents=manifest["totals"].get("empty_documents"),  # older ones lack it
            sample=_read_sample(path),
            tokenizer=TokenizerIdentity(**manifest["tokenizer"]),
            sources=tuple(Source(**source) for source in manifest["sources"]),
            boundaries=manifest["boundaries"],
            halved_by=manifest["halved_by"],
            halves_rule=manifest["halves_rule"],
            group_key=manifest["group_key"],
            sample_tokens=manifest["sample_tokens"],
            warnings=tuple(manifest["warnings"]),
            table=None if parts is None else TableOnDisk(path, layout, parts),
        )
        windows = {str(n): profile.windows(n) for n in profile.joint_spectra.ngrams}
        stored = sum(part["windows"] for part in parts) if parts is not None else windows["1"]
    except (KeyError, TypeError, ValueError) as error:
        raise damaged(path, f"its manifest or spectra cannot be understood ({error})") from error
    if windows != manifest["totals"]["windows"] or stored != windows["1"]:
        raise damaged(path, "the totals of its spectra and parts are not those of its manifest")
    for part in parts or ():
        if not (path / part["file"]).is_file():
            raise damaged(path, f"{part['file']} is missing")
    return profile


def _finish(profile: ProfileData, parts: list[Part] | None, folder: Path) -> None:
    """Write all files but the parts."""
    write_columns(folder / "spectra.parquet", _spectra_columns(profile.joint_spectra))
    _write_sample(profile.sample, folder)
    manifest = {
        "schema": SCHEMA,
        "tool": {"name": "collapse-stats", "version": __version__},
        "name": profile.name,
        "layout": {
            "vocab_size": profile.vocab_size,
            "max_order": profile.max_order,
            "halves": profile.layout.labels == 2,
        },
        "totals": {
            "documents": profile.documents,
            "empty_documents": profile.empty_documents,
            "windows": {str(n): profile.windows(n) for n in profile.joint_spectra.ngrams},
            "distinct": {str(n): profile.distinct(n) for n in profile.joint_spectra.ngrams},
        },
        "tokenizer": asdict(profile.tokenizer),
        "boundaries": profile.boundaries,
        "halved_by": profile.halved_by,
        "halves_rule": profile.halves_rule,
        "group_key": profile.group_key,
        "sample_tokens": profile.sample_tokens,
        "sources": [asdict(source) for source in profile.sources],
        "warnings": list(profile.warnings),
        "parts": parts,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")


def _write_sample(sample: Sample, folder: Path) -> None:
    import pyarrow as pa

    offsets = np.concatenate([[0], np.cumsum(sample.length)]).astype(np.int32)
    tokens = pa.ListArray.from_arrays(pa.array(offsets), pa.array(sample.tokens))
    keys = {} if sample.key is None else {"key": sample.key}
    write_columns(folder / "sample.parquet", {"hash": sample.hash, "tokens": tokens, **keys})


def _spectra_columns(joint_spectra: JointSpectra) -> dict[str, Any]:
    kinds: list[str] = []
    columns: dict[str, list[npt.NDArray[np.unsignedinteger]]] = {
        "order": [],
        "count_a": [],
        "count_b": [],
        "types": [],
    }
    for kind, spectra in (("ngram", joint_spectra.ngrams), ("context", joint_spectra.contexts)):
        for order, pairs in spectra.items():
            (joint,) = pairs.values()
            kinds += [kind] * len(joint.types)
            columns["order"].append(np.full(len(joint.types), order, dtype=np.uint8))
            columns["count_a"].append(joint.a)
            columns["count_b"].append(joint.b)
            columns["types"].append(joint.types)
    return {"kind": kinds} | {name: np.concatenate(parts) for name, parts in columns.items()}


def _manifest(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise InputError(f"no such profile: {shown(path)}")
    if not is_profile(path):
        raise InputError(f"{path} is no profile: it has no manifest.json")
    try:
        manifest = json.loads((path / "manifest.json").read_text())
        schema = manifest["schema"]
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise damaged(path, f"its manifest cannot be read ({error})") from error
    if schema != SCHEMA:
        raise InputError(
            f"{path} has format {schema!r}, this version reads {SCHEMA!r}: "
            "use the version of collapse-stats that wrote it, or a newer one"
        )
    return manifest  # type: ignore[no-any-return]


def _read_joint_spectra(path: Path, layout: Layout) -> JointSpectra:
    columns = read_columns(path, "spectra.parquet")
    kind = np.asarray(columns["kind"].to_pylist())
    order, a, b, types = (
        column(columns, name) for name in ("order", "count_a", "count_b", "types")
    )
    masks: Masks = HALVES[0] if layout.labels == 2 else NO_HALVES[0]

    def of_kind(name: str) -> dict[int, dict[Masks, JointSpectrum]]:
        rows_of = {n: (kind == name) & (order == n) for n in range(1, layout.max_order + 1)}
        return {
            n: {masks: JointSpectrum.from_rows(a[rows], b[rows], types[rows])}
            for n, rows in rows_of.items()
        }

    return JointSpectra(of_kind("ngram"), of_kind("context"))


def _read_sample(path: Path) -> Sample:
    columns = read_columns(path, "sample.parquet").combine_chunks()
    lists = columns["tokens"].combine_chunks()
    length = np.diff(integers(lists.offsets)).astype(np.int64)
    tokens = integers(lists.values).astype(np.uint32, copy=False)
    key = column(columns, "key") if "key" in columns.column_names else None
    return Sample(column(columns, "hash"), length, tokens, key)


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
