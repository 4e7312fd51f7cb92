"""Helpers of the reader tests: read a whole reader, write small corpora."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from collapse_stats.readers.base import Reader
from collapse_stats.readers.options import ReadOptions
from collapse_stats.tokenizers.texts import as_list

U16, U32 = ReadOptions(dtype="u16"), ReadOptions(dtype="u32")


def documents(reader: Reader) -> list[Any]:
    """Return all documents as texts or lists of ints, checking the rules of every batch."""
    all_documents: list[Any] = []
    bytes_read = 0
    for batch in reader.batches():
        bytes_read += batch.bytes_read
        if batch.texts is not None:
            assert batch.tokens is None
            all_documents += as_list(batch.texts)
            continue
        assert batch.tokens is not None
        assert (batch.start <= batch.stop).all()
        assert (batch.stop[:-1] <= batch.start[1:]).all()
        assert batch.stop.max(initial=0) <= len(batch.tokens)
        bounds = zip(batch.start.tolist(), batch.stop.tolist(), strict=True)
        all_documents += [batch.tokens[start:stop].tolist() for start, stop in bounds]
        assert batch.documents == len(batch.start)
    in_memory = reader.path in ("(iterable)", "(tables)")
    assert bytes_read == reader.size or in_memory or not all_documents
    return all_documents


def write(path: Path, data: bytes) -> Path:
    """Write a file, compressed according to its name."""
    if path.suffix == ".gz":
        data = gzip.compress(data)
    elif path.suffix == ".zst":
        data = pa.Codec("zstd").compress(data, asbytes=True)
    path.write_bytes(data)
    return path


def write_lines(path: Path, records: list[Any]) -> Path:
    return write(path, "".join(json.dumps(record) + "\n" for record in records).encode())


def split_at(ids: list[int], eot: int | None) -> list[list[int]]:
    """Return the non-empty stretches between `eot` ids, found token by token."""
    stretches: list[list[int]] = [[]]
    for i in ids:
        if i == eot:
            stretches.append([])
        else:
            stretches[-1].append(i)
    return [stretch for stretch in stretches if stretch]


def real_data(name: str) -> Path:
    """Return a file or folder of real data; skip the test where it is not there."""
    named = os.environ.get("COLLAPSE_STATS_DATA")
    folder = Path(named) if named else Path(__file__).parents[3] / "shared" / "data"
    if not (folder / name).exists():
        pytest.skip(f"no {folder / name}: set COLLAPSE_STATS_DATA to the folder of real data")
    return folder / name


def fixtures() -> Path:
    """Return the folder of shards written by training frameworks; skip the test without it."""
    return real_data("fixtures/expected.json").parent


def cases() -> Path:
    """Return the folder of inputs that were once read wrongly; skip the test without it."""
    return real_data("cases")
