"""Files that another process rewrites, cuts short or appends to while the command reads them."""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from shard_writers import mds, mds_array, megatron

SOAK = os.environ.get("COLLAPSE_STATS_EXAMPLES") == "soak"
REPEATS = 60 if SOAK else 1
SECONDS = 2.0  # after so many, most of the command is done
IDS = 3_000_000
VOCAB_SIZE = 20_000


def ids(seed: int = 0, number: int = IDS) -> np.ndarray:
    skewed = np.random.default_rng(seed).zipf(1.3, number) - 1
    return np.minimum(skewed, VOCAB_SIZE - 1).astype(np.uint16)


def rows(number: int) -> list[list[int]]:
    return [part.tolist() for part in np.array_split(ids()[: number * 50], number)]


def flat(path: Path) -> Path:
    ids().tofile(path.with_suffix(".bin"))
    return path.with_suffix(".bin")


def npy(path: Path) -> Path:
    np.save(path.with_suffix(".npy"), ids())
    return path.with_suffix(".npy")


def megatron_pair(path: Path) -> Path:
    return megatron(path.with_suffix(".bin"), [[row] for row in rows(20_000)])


def mds_shard(path: Path) -> Path:
    values = [mds_array(row, "uint16") for row in rows(20_000)]
    return mds(path.with_suffix(".mds"), {"tokens": ("ndarray:uint16", values)})


def parquet(path: Path) -> Path:
    table = pa.table({"input_ids": rows(20_000)})
    pq.write_table(table, path.with_suffix(".parquet"), row_group_size=2_000)
    return path.with_suffix(".parquet")


def arrow(path: Path) -> Path:
    table = pa.table({"text": [f"some words of row {i} " * 9 for i in range(60_000)]})
    with pa.ipc.new_stream(str(path.with_suffix(".arrow")), table.schema) as writer:
        writer.write_table(table, max_chunksize=500)
    return path.with_suffix(".arrow")


def json_lines(path: Path) -> Path:
    lines = [json.dumps({"text": f"some words of row {i} " * 9}) for i in range(60_000)]
    path.with_suffix(".jsonl").write_text("\n".join(lines) + "\n")
    return path.with_suffix(".jsonl")


FORMATS = [flat, npy, megatron_pair, mds_shard, parquet, arrow, json_lines]


def rewrite(path: Path) -> None:
    """Write large numbers over a stretch of the file, again and again."""
    noise = np.random.default_rng().integers(0, 1 << 32, 1 << 16, dtype=np.uint32).tobytes()
    with path.open("r+b") as file:
        size = path.stat().st_size
        file.seek(int(np.random.default_rng().integers(0, size)))
        file.write(noise[: size - file.tell()])


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(path.read_bytes()[:4096])


def show(path: Path) -> subprocess.Popen[str]:
    is_flat = path.suffix == ".bin" and not path.with_suffix(".idx").exists()
    return subprocess.Popen(
        [sys.executable, "-m", "collapse_stats", "show", path, "--json", "--tmp", path.parent]
        + (["--dtype", "u16"] if is_flat else []),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("change", [rewrite, cut, append])
@pytest.mark.parametrize("build", FORMATS)
def test_a_file_that_changes_is_counted_or_named(
    tmp_path: Path, build: Callable[[Path], Path], change: Callable[[Path], None]
) -> None:
    path = build(tmp_path / "corpus")
    files = {*tmp_path.iterdir()}
    content = path.read_bytes()
    draw = random.Random(0)
    for _ in range(REPEATS):
        path.write_bytes(content)
        with show(path) as process:
            time.sleep(draw.uniform(0, SECONDS))
            while process.poll() is None:
                change(path)
                time.sleep(0.003)
            out, error = process.communicate(timeout=120)
        assert process.returncode in (0, 2), (process.returncode, error[-2000:])
        assert "Traceback" not in error, error[-2000:]
        assert (process.returncode == 0) == bool(out)
        assert process.returncode == 0 or path.stem in error, error
        assert {*tmp_path.iterdir()} == files, "something was left behind"
