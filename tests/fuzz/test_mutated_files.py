"""Damaged files of every format through the command: a result or one line, and nothing else."""

import gzip
import json
import os
import random
import tarfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shard_writers as shards
from click.testing import CliRunner
from watched import Watched

from collapse_stats.cli import program

SOAK = os.environ.get("COLLAPSE_STATS_EXAMPLES") == "soak"
FILES = 2000 if SOAK else 12  # of each format
ROWS = [[1, 2, 300], [4], [50, 6, 7, 8]] * 20
TEXTS = [f"the words of text {i}, and two more" for i in range(40)]


def lines(path: Path) -> Path:
    records = [{"text": text, "n": {"a": [1, None]}} for text in TEXTS]
    data = "\n".join(map(json.dumps, records)).encode()
    return shards.packed_as(path, data)


def parquet(path: Path, **options: object) -> Path:
    columns = {"input_ids": ROWS[:40], "text": TEXTS, "lang": pa.array(["en"] * 40)}
    pq.write_table(pa.table(columns), path, row_group_size=10, **options)
    return path


def arrow(path: Path, new: Callable[..., pa.ipc.RecordBatchStreamWriter]) -> Path:
    table = pa.table({"text": TEXTS, "tokens": ROWS[:40]})
    with new(str(path), table.schema) as out:
        out.write_table(table, max_chunksize=7)
    return path


def mds(path: Path) -> Path:
    values = [shards.mds_array(row, "uint16") for row in ROWS]
    return shards.mds(path, {"tokens": ("ndarray:uint16", values)})


def litdata(path: Path) -> Path:
    columns = {"tokens": ("no_header_numpy:5", [shards.pack(row, "<u2") for row in ROWS])}
    return shards.litdata(path, columns, compression=None)


def csv(path: Path) -> Path:
    path.write_text("id,text\n" + "".join(f'{i},"{text}"\n' for i, text in enumerate(TEXTS)))
    return path


def archive(path: Path) -> Path:
    with tarfile.open(path, "w") as out:
        for number, text in enumerate(TEXTS):
            member = tarfile.TarInfo(f"{number:04}.txt")
            member.size = len(text)
            out.addfile(member, BytesIO(text.encode()))
    return path


def text(path: Path) -> Path:
    return shards.packed_as(path, "\n".join(TEXTS).encode())


def array(path: Path) -> Path:
    np.save(path, np.arange(240, dtype=np.uint16).reshape(60, 4))
    return path


def flat(path: Path) -> Path:
    np.arange(300, dtype=np.uint16).tofile(path)
    return path


FORMATS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "jsonl": (lines, "a.jsonl"),
    "jsonl gzip": (lines, "a.jsonl.gz"),
    "jsonl zstd": (lines, "a.jsonl.zst"),
    "json array": (lambda p: (p.write_text(json.dumps(TEXTS)), p)[1], "a.json"),
    "parquet": (parquet, "a.parquet"),
    "parquet zstd": (lambda p: parquet(p, compression="zstd"), "a.parquet"),
    "parquet plain": (lambda p: parquet(p, use_dictionary=False, compression=None), "a.parquet"),
    "arrow file": (lambda p: arrow(p, pa.ipc.new_file), "a.arrow"),
    "arrow stream": (lambda p: arrow(p, pa.ipc.new_stream), "a.arrow"),
    "csv": (csv, "a.csv"),
    "archive": (archive, "a.tar"),
    "text": (text, "a.txt"),
    "text gzip": (text, "a.txt.gz"),
    "npy": (array, "a.npy"),
    "flat": (flat, "a.bin"),
    "llm.c": (lambda p: shards.llmc(p, list(range(300))), "a.bin"),
    "megatron": (lambda p: shards.megatron(p, [[row] for row in ROWS]), "a.bin"),
    "datatrove": (lambda p: shards.datatrove(p, ROWS), "a.ds"),
    "olmo": (lambda p: shards.olmo(p, ROWS), "a.npy"),
    "mds": (mds, "a.mds"),
    "mds gzip": (mds, "a.mds.gz"),
    "litdata": (litdata, "chunk-0-0.bin"),
}


def mutated(data: bytes, draw: random.Random) -> bytes:
    """The data with some small or large changes."""
    out = bytearray(data)
    for _ in range(draw.choice([1, 1, 2, 5])):
        if not out:
            break
        at = draw.choice([draw.randrange(len(out)), draw.randrange(min(64, len(out)))])
        size = draw.choice([1, 2, 4, 8, 100])
        kind = draw.randrange(7)
        if kind == 0:
            out[at] ^= 1 << draw.randrange(8)
        elif kind == 1:
            out[at : at + size] = bytes([draw.choice([0, 255])]) * len(out[at : at + size])
        elif kind == 2:
            del out[at:]
        elif kind == 3:
            del out[at : at + size]
        elif kind == 4:
            out[at:at] = draw.randbytes(size)
        elif kind == 5:
            out[at:at] = out[max(0, at - size) : at] * draw.choice([1, 50])
        else:
            out[at : at + size] = draw.randbytes(len(out[at : at + size]))
    if draw.random() < 0.05:
        return gzip.compress(bytes(out))
    return bytes(out)


def run(name: str, seed: int, folder: Path) -> str:
    """Damage a file of a format and count it; return why that was not as it must be."""
    draw = random.Random(f"{name} {seed}")
    make, file = FORMATS[name]
    path = make(folder / file)
    damaged = draw.choice(sorted(p for p in folder.rglob("*") if p.is_file()))
    damaged.write_bytes(mutated(damaged.read_bytes(), draw))
    command = draw.choice(["show", "show", "inspect"])
    options = [[], ["--dtype", "u16"], ["--part", "all"], ["--doc-per-line"], ["--eot", "0"]]
    arguments = [command, str(draw.choice([path, folder])), *draw.choice(options)]
    counting = ["--memory", "300MB", "--max-order", "2"] if command == "show" else []
    result = CliRunner().invoke(program, [*arguments, *counting])
    for left in folder.iterdir():
        left.unlink()
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        return f"{arguments}: {result.exception!r}"
    if result.exit_code not in (0, 2) or "Traceback" in result.output:
        return f"{arguments}: exit {result.exit_code}: {result.output[-500:]}"
    return ""


@pytest.fixture(scope="module")
def server() -> Iterator[Watched]:
    with Watched() as watched:
        yield watched


@pytest.mark.parametrize("name", FORMATS)
def test_a_damaged_file_is_counted_or_refused(name: str, server: Watched, tmp_path: Path) -> None:
    faults = []
    for seed in range(FILES):
        outcome = server.call(run, name, seed, tmp_path)
        if outcome.fault or outcome.value:
            faults.append(f"seed {seed}: {outcome.fault or outcome.value}")
    assert not faults, "\n".join(faults)
