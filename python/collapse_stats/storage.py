"""A profile on disk: a directory of one JSON manifest and Parquet files that any tool reads.

manifest.json      what was counted and how; totals; the list of parts
spectra.parquet    kind (ngram, context), order, count_a, count_b, types
part-00000.parquet t1..tN (null past a document's end), count_a, count_b; rows in canonical order
sample.parquet     hash, tokens: whole documents in hash order

It is written beside its final name and renamed, so a killed run leaves no half profile.
"""

import errno
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .corpus import Source, TokenizerIdentity
from .counting import HALVES, WHOLE
from .errors import InputError
from .keys import Layout, UInt64Array, changes, pack
from .profile import Profile
from .run import Run
from .sample import Sample
from .spectrum import JointSpectrum, Masks, Tables
from .version import __version__

if TYPE_CHECKING:
    import pyarrow as pa

SCHEMA = "collapse-stats.profile/1"
PART_ROWS = 1 << 22


def write(profile: Profile, path: Path) -> None:
    """Write the profile to a new directory, at once or not at all."""
    with new_directory(path) as folder:
        parts = _write_parts(profile.run, folder) if profile.table else None
        _write(folder / "spectra.parquet", _spectra_columns(profile.tables))
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
                "windows": {str(n): profile.windows(n) for n in profile.tables.ngrams},
                "distinct": {str(n): profile.distinct(n) for n in profile.tables.ngrams},
            },
            "tokenizer": asdict(profile.tokenizer),
            "boundaries": profile.boundaries,
            "halved_by": profile.halved_by,
            "sources": [asdict(source) for source in profile.sources],
            "warnings": list(profile.warnings),
            "parts": parts,
        }
        (folder / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")


def is_profile(path: str | os.PathLike[str]) -> bool:
    """Whether a path names a saved profile."""
    return (Path(path) / "manifest.json").is_file()


def read(path: Path) -> Profile:
    """Profile saved in a directory; its table is read when it is first needed."""
    manifest = _manifest(path)
    try:
        kept = manifest["layout"]
        layout = Layout(kept["vocab_size"], kept["max_order"], 2 if kept["halves"] else 1)
        profile = Profile(
            name=manifest["name"],
            layout=layout,
            tables=_read_tables(path, layout),
            documents=manifest["totals"]["documents"],
            sample=_read_sample(path),
            tokenizer=TokenizerIdentity(**manifest["tokenizer"]),
            sources=tuple(Source(**source) for source in manifest["sources"]),
            boundaries=manifest["boundaries"],
            halved_by=manifest["halved_by"],
            warnings=tuple(manifest["warnings"]),
            table=None if manifest["parts"] is None else lambda: _read_run(path, layout, manifest),
        )
        windows = {str(n): profile.windows(n) for n in profile.tables.ngrams}
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(path, f"its manifest or spectra cannot be understood ({error})") from error
    if windows != manifest["totals"]["windows"]:
        raise _damaged(path, "the totals of its spectra are not those of its manifest")
    for part in manifest["parts"] or ():
        if not (path / part["file"]).is_file():
            raise _damaged(path, f"{part['file']} is missing")
    return profile


@contextmanager
def new_directory(path: Path) -> Iterator[Path]:
    """A folder to fill, which takes its final name when the block ends without an error."""
    if path.exists():
        raise InputError(f"{path} exists: remove it, or choose another name")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from error
    try:
        yield folder
        folder.chmod(0o755)
        folder.rename(path)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EFBIG):
            raise InputError(f"cannot write {path}: {os.strerror(error.errno)}") from error
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write_parts(run: Run, folder: Path) -> list[dict[str, Any]]:
    starts = range(0, len(run), PART_ROWS)

    def one(number: int) -> dict[str, Any]:
        first = starts[number]
        rows = np.arange(first, min(first + PART_ROWS, len(run)))
        name = f"part-{number:05d}.parquet"
        counts = run.counts[:, rows]
        columns: dict[str, Any] = {}
        for position, ids in enumerate(run.tokens(rows)):
            columns[f"t{position + 1}"] = (ids.astype(np.uint32), ids < 0)
        for label, values in enumerate(counts):
            columns[_count_name(label, run.layout.labels)] = values
        _write(folder / name, columns)
        return {"file": name, "rows": len(rows), "windows": int(counts.sum())}

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(one, range(len(starts))))


def _count_name(label: int, labels: int) -> str:
    return "count" if labels == 1 else f"count_{'ab'[label]}"


def _write(path: Path, columns: dict[str, Any]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrays = {
        name: pa.array(values[0], mask=values[1]) if isinstance(values, tuple) else pa.array(values)
        for name, values in columns.items()
    }
    split = [name for name in arrays if name.startswith("t") and name[1:].isdigit()]
    pq.write_table(
        pa.table(arrays),
        path,
        compression="zstd",
        compression_level=1,
        use_dictionary=[name for name in arrays if name not in split],
        column_encoding=dict.fromkeys(split, "BYTE_STREAM_SPLIT"),
        write_statistics=False,
    )


def _write_sample(sample: Sample, folder: Path) -> None:
    import pyarrow as pa

    offsets = np.concatenate([[0], np.cumsum(sample.length)]).astype(np.int32)
    tokens = pa.ListArray.from_arrays(pa.array(offsets), pa.array(sample.tokens))
    _write(folder / "sample.parquet", {"hash": sample.hash, "tokens": tokens})


def _spectra_columns(tables: Tables) -> dict[str, Any]:
    kinds: list[str] = []
    columns: dict[str, list[npt.NDArray[np.unsignedinteger]]] = {
        "order": [],
        "count_a": [],
        "count_b": [],
        "types": [],
    }
    for kind, found in (("ngram", tables.ngrams), ("context", tables.contexts)):
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
        raise _damaged(path, f"its manifest cannot be read ({error})") from error
    if schema != SCHEMA:
        raise InputError(
            f"{path} has format {schema!r}, this version reads {SCHEMA!r}: "
            "use the version of collapse-stats that wrote it, or a newer one"
        )
    return manifest  # type: ignore[no-any-return]


def _read_tables(path: Path, layout: Layout) -> Tables:
    table = _read(path, "spectra.parquet")
    kind = np.asarray(table["kind"].to_pylist())
    order, a, b, types = (_column(table, name) for name in ("order", "count_a", "count_b", "types"))
    masks: Masks = HALVES[0] if layout.labels == 2 else WHOLE[0]

    def found(name: str) -> dict[int, dict[Masks, JointSpectrum]]:
        chosen = {n: (kind == name) & (order == n) for n in range(1, layout.max_order + 1)}
        return {
            n: {masks: JointSpectrum.from_rows(a[rows], b[rows], types[rows])}
            for n, rows in chosen.items()
        }

    return Tables(found("ngram"), found("context"))


def _read_sample(path: Path) -> Sample:
    table = _read(path, "sample.parquet").combine_chunks()
    lists = table["tokens"].combine_chunks()
    length = np.diff(lists.offsets.to_numpy()).astype(np.int64)
    return Sample(_column(table, "hash"), length, lists.values.to_numpy())


def _read_run(path: Path, layout: Layout, manifest: dict[str, Any]) -> Run:
    parts = manifest["parts"]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(lambda part: _read_part(path, part, layout), parts))
    run = Run.concatenate(layout, found)
    if run.windows != manifest["totals"]["windows"]["1"] or not changes(run.keys).all():
        raise _damaged(path, "the rows of its table are not those its manifest counts, in order")
    return run


def _read_part(path: Path, part: dict[str, Any], layout: Layout) -> Run:
    table = _read(path, part["file"])
    if table.num_rows != part["rows"]:
        raise _damaged(path, f"{part['file']} has {table.num_rows:,} rows, not {part['rows']:,}")
    codes = np.empty((layout.max_order, table.num_rows), dtype=np.uint64)
    for position in range(layout.max_order):
        column = table[f"t{position + 1}"]
        codes[position] = column.cast("uint64").fill_null(2**64 - 1).to_numpy() + np.uint64(1)
    counts = [_column(table, _count_name(n, layout.labels)) for n in range(layout.labels)]
    keys = pack(layout, codes)
    if not _ascending(keys):
        raise _damaged(path, f"the rows of {part['file']} are out of order")
    return Run(layout, keys, np.stack(counts))


def _ascending(keys: UInt64Array) -> bool:
    above = keys[0, 1:] > keys[0, :-1]
    if len(keys) == 2:
        above |= (keys[0, 1:] == keys[0, :-1]) & (keys[1, 1:] > keys[1, :-1])
    return bool(above.all())


def _read(path: Path, name: str) -> "pa.Table":
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_table(path / name, memory_map=True)
    except (OSError, pa.ArrowException) as error:
        raise _damaged(path, f"{name} cannot be read ({error})") from error


def _column(table: "pa.Table", name: str) -> npt.NDArray[np.uint64]:
    return table[name].cast("uint64").to_numpy()  # type: ignore[no-any-return]


def _damaged(path: Path, why: str) -> InputError:
    return InputError(f"profile {path} is damaged: {why}; make it again or restore a copy")
