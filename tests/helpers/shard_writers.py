"""Write shards in the formats of training frameworks, independently of the readers."""

import gzip
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

Rows = list[list[int]]

MEGATRON_CODES = {"u1": 1, "i1": 2, "<i2": 3, "<i4": 4, "<i8": 5, "<u2": 8}
MDS_CODES = {"uint8": 8, "uint16": 16, "int32": 33, "uint32": 32, "int64": 65}
# positions in LitData's tables of types
LITDATA_CODES = {
    ("no_header_tensor", "<i4"): 16,
    ("no_header_tensor", "<i8"): 18,
    ("no_header_tensor", "<u2"): 20,
    ("no_header_numpy", "<u2"): 5,
    ("no_header_numpy", "<i8"): 3,
}


def pack(ids: list[int], item: str) -> bytes:
    return np.array(ids, dtype=item).tobytes()


def packed_as(path: Path, data: bytes) -> Path:
    if path.suffix == ".gz":
        data = gzip.compress(data)
    elif path.suffix in (".zst", ".zstd") or path.name.endswith(".zstd.bin"):
        data = pa.Codec("zstd").compress(data, asbytes=True)
    path.write_bytes(data)
    return path


def megatron(path: Path, documents: list[Rows], item: str = "<u2", modes: bool = False) -> Path:
    """Write a .bin file and its index; each document is a list of sequences."""
    sequences = [sequence for document in documents for sequence in document]
    data = b"".join(pack(sequence, item) for sequence in sequences)
    width = np.dtype(item).itemsize
    bounds, offsets, at = [0], [], 0
    for document in documents:
        bounds.append(bounds[-1] + len(document))
    for sequence in sequences:
        offsets.append(at)
        at += width * len(sequence)
    index = b"MMIDIDX\0\0" + struct.pack(
        "<QBQQ", 1, MEGATRON_CODES[item], len(sequences), len(bounds)
    )
    index += struct.pack(f"<{len(sequences)}i", *map(len, sequences))
    index += struct.pack(f"<{len(offsets)}q", *offsets) + struct.pack(f"<{len(bounds)}q", *bounds)
    path.with_suffix(".idx").write_bytes(index + b"\1" * (len(sequences) if modes else 0))
    path.write_bytes(data)
    return path


def llmc(path: Path, ids: list[int], wide: bool = False) -> Path:
    magic, version, item = (20240801, 7, "<u4") if wide else (20240520, 1, "<u2")
    header = struct.pack("<3i", magic, version, len(ids)).ljust(1024, b"\0")
    path.write_bytes(header + pack(ids, item))
    return path


def olmo(path: Path, rows: Rows, item: str = "<u4") -> Path:
    path.write_bytes(pack([i for row in rows for i in row], item))
    lines, at = [], 0
    for number, row in enumerate(rows):
        lines.append(f'{at},{at + len(row)},"id, {number}",source.jsonl.gz,{number}\r\n')
        at += len(row)
    path.with_name(f"{path.stem}.csv.gz").write_bytes(gzip.compress("".join(lines).encode()))
    return path


def datatrove(path: Path, rows: Rows, item: str = "<u2") -> Path:
    path.write_bytes(pack([i for row in rows for i in row], item))
    ends = np.cumsum([len(row) for row in rows], dtype=np.int64).tolist()
    Path(f"{path}.index").write_bytes(struct.pack(f"<{len(ends)}Q", *ends))
    width, total = np.dtype(item).itemsize, sum(map(len, rows))
    Path(f"{path}.metadata").write_text(f"gpt2|{width}\n{total}\n{total} T")
    return path


def sample_shard(samples: list[bytes], between: bytes = b"") -> bytes:
    """Return a shard of MDS or LitData: u32 n, u32 offsets, `between`, samples."""
    at = 8 + 4 * len(samples) + len(between)
    offsets = [at]
    for sample in samples:
        at += len(sample)
        offsets.append(at)
    table = struct.pack(f"<{len(samples) + 2}I", len(samples), *offsets)
    return table + between + b"".join(samples)


def mds(
    path: Path, columns: dict[str, tuple[str, list[bytes]]], sizes: dict[str, int] | None = None
) -> Path:
    """Write a shard of columns, by name: encoding and encoded values; `sizes` has fixed ones."""
    sizes = sizes or {}
    names = sorted(columns)
    config = {
        "column_encodings": [columns[name][0] for name in names],
        "column_names": names,
        "column_sizes": [sizes.get(name) for name in names],
        "compression": None,
        "format": "mds",
        "hashes": [],
        "size_limit": 1 << 26,
        "version": 2,
    }
    samples = []
    for values in zip(*(columns[name][1] for name in names), strict=True):
        variable = [len(v) for name, v in zip(names, values, strict=True) if name not in sizes]
        samples.append(struct.pack(f"<{len(variable)}I", *variable) + b"".join(values))
    return packed_as(path, sample_shard(samples, json.dumps(config, sort_keys=True).encode()))


def mds_array(ids: list[int], dtype: str, tells_item: bool = False, fixed: bool = False) -> bytes:
    """Return an array as MDS encodes it: type and shape first, unless the column fixes them."""
    data = np.array(ids, dtype=dtype).tobytes()
    if not fixed:
        code, form = next(
            (i, form) for i, form in enumerate("BHIQ") if len(ids) < 1 << 8 * struct.calcsize(form)
        )
        data = bytes([1 << 2 | code]) + struct.pack(f"<{form}", len(ids)) + data
    return (bytes([MDS_CODES[dtype]]) if tells_item else b"") + data


def litdata(
    path: Path,
    columns: dict[str, tuple[str, list[bytes]]],
    *,
    loader: str = "PyTreeLoader",
    compression: str | None = None,
    **config: Any,
) -> Path:
    """Write a chunk and its index; a single column named "" has items that are not dicts."""
    items = []
    for values in zip(*(values for _, values in columns.values()), strict=True):
        head = struct.pack(f"<{len(values)}I", *map(len, values))
        items.append((b"" if loader == "TokensLoader" else head) + b"".join(values))
    leaf: dict[str, Any] = {"type": None, "context": None, "children_spec": []}
    names = list(columns)
    spec = leaf
    if names != [""]:
        spec = {
            "type": "builtins.dict",
            "context": json.dumps(names),
            "children_spec": [leaf] * len(names),
        }
    index = {
        "chunks": [{"chunk_bytes": 1, "chunk_size": len(items), "filename": path.name}],
        "config": {
            "compression": compression,
            "data_format": [form for form, _ in columns.values()],
            "data_spec": json.dumps([1, spec]),
            "item_loader": loader,
            **config,
        },
    }
    (path.parent / "index.json").write_text(json.dumps(index))
    return packed_as(path, sample_shard(items))


def litdata_rows(path: Path, table: pa.Table, stream: bool = False) -> Path:
    """Write a chunk of LitData that keeps its items as Arrow data, and its index."""
    litdata(path, {name: ("json", [b""] * len(table)) for name in table.column_names})
    sink = pa.BufferOutputStream()
    new = pa.ipc.new_stream if stream else pa.ipc.new_file
    with new(sink, table.schema) as out:
        out.write_table(table, max_chunksize=2)
    rows = sink.getvalue().to_pybytes()
    end = struct.pack("<I8s", len(rows), b"LDARW01\0")
    path.write_bytes(sample_shard([b""] * len(table)) + rows + end)
    return path
