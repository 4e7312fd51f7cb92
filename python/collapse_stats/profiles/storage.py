"""A profile on disk: a directory of one JSON manifest and Parquet files that any tool reads.

manifest.json      what was counted and how; totals; the list of parts
spectra.parquet    kind (ngram, context), order, count_a, count_b, types
part-00000.parquet the table, see `parts`
sample.parquet     hash, tokens: whole documents in hash order

It is written beside its final name and renamed (`unfinished`): a killed run leaves no half profile.
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
from ..counting.parquet_table import (
    Part,
    PartWriter,
    TableOnDisk,
    column,
    damaged,
    integers,
    read_columns,
    write_columns,
)
from ..counting.passes import HALVES, NO_HALVES
from ..counting.table import TableInMemory, read_aligned
from ..errors import InputError
from ..ngrams.layout import Layout
from ..ngrams.spectrum import JointSpectra, JointSpectrum, Masks
from ..ngrams.table import NgramTable
from ..readers.remote.path import RemotePath
from ..system.atomic_directory import new_directory
from ..system.memory import TooLittleMemoryError, budget
from ..version import __version__
from .data import ProfileData

SCHEMA = "collapse-stats.profile/1"
P = TypeVar("P", bound=ProfileData)


def write(profile: ProfileData, path: Path) -> None:
    """Write the profile to a new directory, at once or not at all."""
    parts: list[Part] | None = None
    with new_directory(path, lambda: _share(parts, profile.layout)) as folder:
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
    """Write a profile whose table comes range after range; its spectra are counted on the way.

    Input: tables over ascending, disjoint stretches of key ranges. Each is dropped when it is
    written. Of `memory`, writing takes `writer_bytes`.
    """
    parts: list[Part] | None = None
    with new_directory(path, lambda: _share(parts, bare.layout)) as folder:
        with PartWriter(folder, memory) as writer:
            parts = writer.parts
            joint_spectra = backend.joint_spectra(
                ([table] for table in writer.passing(tables)), masks
            )
        _finish(replace(bare, joint_spectra=joint_spectra), parts, folder)
    return read(path, type(bare))


def _share(parts: list[Part] | None, layout: Layout) -> float:
    """How much of a table these parts, as far as they are written, are."""
    return (parts[-1]["last_shard"] + 1) / layout.key_ranges if parts else 0.0


def is_profile(path: str | os.PathLike[str] | RemotePath) -> bool:
    """Whether a path names a saved profile; they are read from here, not by URLs."""
    return not isinstance(path, RemotePath) and (Path(path) / "manifest.json").is_file()


def read(path: Path, kind: type[P]) -> P:
    """The profile saved in a directory, as a `kind`; its table is read when it is first needed."""
    manifest = _manifest(path)
    try:
        kept, parts = manifest["layout"], manifest["parts"]
        layout = Layout(kept["vocab_size"], kept["max_order"], 2 if kept["halves"] else 1)
        profile = kind(
            name=manifest["name"],
            layout=layout,
            joint_spectra=_read_joint_spectra(path, layout),
            documents=manifest["totals"]["documents"],
            sample=_read_sample(path),
            tokenizer=TokenizerIdentity(**manifest["tokenizer"]),
            sources=tuple(Source(**source) for source in manifest["sources"]),
            boundaries=manifest["boundaries"],
            halved_by=manifest["halved_by"],
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
    """Write everything but the parts."""
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
            "windows": {str(n): profile.windows(n) for n in profile.joint_spectra.ngrams},
            "distinct": {str(n): profile.distinct(n) for n in profile.joint_spectra.ngrams},
        },
        "tokenizer": asdict(profile.tokenizer),
        "boundaries": profile.boundaries,
        "halved_by": profile.halved_by,
        "sources": [asdict(source) for source in profile.sources],
        "warnings": list(profile.warnings),
        "parts": parts,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")


def _write_sample(sample: Sample, folder: Path) -> None:
    import pyarrow as pa

    offsets = np.concatenate([[0], np.cumsum(sample.length)]).astype(np.int32)
    tokens = pa.ListArray.from_arrays(pa.array(offsets), pa.array(sample.tokens))
    write_columns(folder / "sample.parquet", {"hash": sample.hash, "tokens": tokens})


def _spectra_columns(joint_spectra: JointSpectra) -> dict[str, Any]:
    kinds: list[str] = []
    columns: dict[str, list[npt.NDArray[np.unsignedinteger]]] = {
        "order": [],
        "count_a": [],
        "count_b": [],
        "types": [],
    }
    for kind, found in (("ngram", joint_spectra.ngrams), ("context", joint_spectra.contexts)):
        for order, pairs in found.items():
            (joint,) = pairs.values()
            kinds += [kind] * len(joint.types)
            columns["order"].append(np.full(len(joint.types), order, dtype=np.uint8))
            columns["count_a"].append(joint.a)
            columns["count_b"].append(joint.b)
            columns["types"].append(joint.types)
    return {"kind": kinds} | {name: np.concatenate(parts) for name, parts in columns.items()}


def _manifest(path: Path) -> dict[str, Any]:
    if not path.exists():
        raise InputError(f"no such profile: {path}")
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

    def found(name: str) -> dict[int, dict[Masks, JointSpectrum]]:
        chosen = {n: (kind == name) & (order == n) for n in range(1, layout.max_order + 1)}
        return {
            n: {masks: JointSpectrum.from_rows(a[rows], b[rows], types[rows])}
            for n, rows in chosen.items()
        }

    return JointSpectra(found("ngram"), found("context"))


def _read_sample(path: Path) -> Sample:
    columns = read_columns(path, "sample.parquet").combine_chunks()
    lists = columns["tokens"].combine_chunks()
    length = np.diff(integers(lists.offsets)).astype(np.int64)
    return Sample(
        column(columns, "hash"), length, integers(lists.values).astype(np.uint32, copy=False)
    )


def with_table(
    bare: P,
    tables: Iterable[NgramTable],
    backend: Backend,
    save_to: Path | None,
    memory: int,
    resident_bytes: int,
    enough: int,
) -> P:
    """The profile with its table, which comes range after range, and the spectra of it.

    Input: of `memory`, `resident_bytes` bytes are taken; `enough` would be enough for a table in
    memory.
    """
    masks = HALVES if bare.layout.labels == 2 else NO_HALVES
    if save_to is not None:
        return write_counted(bare, tables, backend, masks, memory, save_to)
    ranges: list[NgramTable] = []
    for table in tables:
        ranges.append(table)
        resident_bytes += 2 * table.nbytes  # they are there twice while they are joined
        if len(ranges) > 1 and resident_bytes > memory:
            raise TooLittleMemoryError(
                memory, enough, "or write the profile as it is counted (collapse-stats profile -o)"
            )
    whole = NgramTable.concatenate(bare.layout, ranges)
    ranges.clear()
    found = backend.spectra(whole, bare.layout, masks)
    return replace(bare, joint_spectra=found, table=TableInMemory(whole))
