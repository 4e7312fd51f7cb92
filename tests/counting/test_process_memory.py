"""The promise of ``--memory``: a command's resident memory is at most that and 80 MB.

Each case is a process of its own, whose peak the operating system says. Inputs are made so that
what is counted, the bounds of documents, samples or unpacked data would not fit.
"""

import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest

import collapse_stats as cs

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from Linux")

MB = 10**6
BESIDE = 80 * MB  # what the interpreter and the libraries may take

RUN = """
import re, sys
from pathlib import Path
from collapse_stats.cli import main
sys.argv = ["collapse-stats", *sys.argv[1:]]
try:
    main()
finally:
    peak = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]
    print("PEAK", 1024 * int(peak), file=sys.stderr)
"""


def run(*arguments: object) -> tuple[int, int, str]:
    """Exit code, peak in bytes and what was said on stderr, of a command in its own process."""
    process = subprocess.run(
        [sys.executable, "-c", RUN, *map(str, arguments), "--threads", "2"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
        check=False,
        timeout=300,
    )
    said, _, peak = process.stderr.rpartition("PEAK ")
    return process.returncode, int(peak), said


def documents(path: Path, number: int, length: int) -> Path:
    """Write documents of random ids that end with id 0."""
    rng = np.random.default_rng(number + length)
    rows = rng.integers(1, 30_000, (number, length + 1), dtype=np.uint16)
    rows[:, -1] = 0
    rows.tofile(path)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpora")
    documents(folder / "long.bin", 8_000, 1000)
    documents(folder / "other.bin", 3_000, 1000)
    documents(folder / "short.bin", 2_000_000, 1)
    np.tile(np.array([5, 6, 7, 8, 9, 0], dtype=np.uint16), 4_000_000).tofile(folder / "equal.bin")
    (folder / "one.bin").write_bytes(bytes(40 * MB))
    return folder


IDS = ("--dtype", "u16", "--eot", "0")


@pytest.mark.parametrize(
    ("command", "megabytes"),
    [
        (("show", "long.bin", *IDS), 110),
        (("show", "short.bin", *IDS), 220),
        (("show", "equal.bin", *IDS), 170),
        (("show", "one.bin", "--dtype", "u16"), 150),
        (("compare", "long.bin", "other.bin", *IDS), 150),
    ],
    ids=[
        "show",
        "show_one_token_documents",
        "show_equal_documents",
        "show_one_document",
        "compare",
    ],
)
def test_a_command_stays_within_its_memory(folder, command, megabytes):
    arguments = [folder / part if part.endswith(".bin") else part for part in command]
    code, peak, said = run(*arguments, "--memory", f"{megabytes}MB")
    assert code == 0, said
    assert peak <= megabytes * MB + BESIDE


@pytest.mark.parametrize("share", ["1/16", "1/64"])
def test_a_sample_of_ngrams_is_taken_and_shown_within_the_memory(folder, tmp_path, share):
    made = tmp_path / "made"
    taken = ("--sample-ngrams", share, "--memory", "260MB", "--tmp", tmp_path)
    code, peak, said = run("profile", folder / "long.bin", "-o", made, *IDS, *taken)
    assert code == 0, said
    assert peak <= 260 * MB + BESIDE, said
    code, peak, said = run("show", made, "--memory", "260MB")
    assert code == 0, said
    assert peak <= 260 * MB + BESIDE, said


def test_a_saved_profile_is_shown_within_the_memory(folder, tmp_path):
    saved = tmp_path / "profile"
    code, peak, said = run("profile", folder / "other.bin", *IDS, "-o", saved, "--memory", "200MB")
    assert code == 0, said
    assert peak <= 280 * MB
    code, peak, said = run("show", saved, "--memory", "110MB")
    assert code == 0, said
    assert peak <= 190 * MB


def test_a_hundred_profiles_are_merged_within_the_memory(tmp_path):
    """Their tables are 4 MB each while they are read, and are merged in a tree."""
    rng = np.random.default_rng(1)
    pairs, saved = [], []
    for number in range(100):
        rows = rng.integers(0, 30_000, (800, 100), dtype=np.uint16)
        pairs.append(np.unique(rows[:, :-1].astype(np.int64) * 30_000 + rows[:, 1:]))
        saved.append(tmp_path / f"{number}.profile")
        options = {"max_order": 2, "vocab_size": 30_000, "memory": "400MB", "threads": 1}
        cs.profile(rows, **options).save(saved[-1])
    tmp = tmp_path / "tmp"
    tmp.mkdir()
    output = tmp_path / "whole"
    code, peak, said = run("merge", *saved, "-o", output, "--memory", "400MB", "--tmp", tmp)
    assert code == 0, said
    assert peak <= 400 * MB + BESIDE
    assert not [*tmp.iterdir()]
    whole = cs.load(output)
    assert (whole.documents, whole.tokens) == (80_000, 8_000_000)
    assert whole.distinct(2) == len(np.unique(np.concatenate(pairs)))


def zstd(path: Path, content: bytes) -> Path:
    import pyarrow as pa

    path.write_bytes(pa.Codec("zstd").compress(content, asbytes=True))
    return path


def mds(text: bytes) -> bytes:
    """A shard with one sample."""
    columns = {"column_names": ["text"], "column_encodings": ["str"], "column_sizes": [None]}
    config = json.dumps(columns).encode()
    begin = 12 + len(config)
    head = np.array([1, begin, begin + 4 + len(text)], dtype="<u4").tobytes()
    return head + config + np.array([len(text)], dtype="<u4").tobytes() + text


def equal_rows(path: Path) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = pa.DictionaryArray.from_arrays(np.zeros(4000, dtype=np.int32), ["x" * 250_000])
    pq.write_table(pa.table({"text": rows}), path, compression="zstd")
    return path


def packed_batch(path: Path) -> Path:
    import pyarrow as pa

    batch = pa.record_batch({"text": ["x" * 50_000_000] * 8})
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    with pa.ipc.new_file(path, batch.schema, options=options) as file:
        file.write_batch(batch)
    return path


def archive(path: Path) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        member = tarfile.TarInfo("a.txt")
        member.size = 400 * MB
        tar.addfile(member, io.BytesIO(bytes(member.size)))
    return path


REFUSED = {
    "shard.mds.zst": lambda path: zstd(path, mds(b"x" * (400 * MB))),
    "text.txt.zst": lambda path: zstd(path, b"word " * (80 * MB)),
    "line.jsonl.zst": lambda path: zstd(path, b'{"text": "' + b"word " * (80 * MB) + b'"}\n'),
    "batch.arrow": packed_batch,
    "archive.tar.gz": archive,
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_few_bytes_that_become_many_are_refused(tmp_path, name):
    path = REFUSED[name](tmp_path / name)
    assert path.stat().st_size < MB
    code, peak, said = run("show", path, "--memory", "150MB", "--tokenizer", "bytes")
    assert code == 2
    assert "memory" in said
    assert "at most" in said or "are allowed" in said
    assert peak <= 230 * MB


def test_equal_rows_of_a_table_are_read_some_at_a_time(tmp_path):
    path = equal_rows(tmp_path / "rows.parquet")  # a gigabyte of text in a few bytes
    assert path.stat().st_size < MB
    limit = ("--limit-documents", 300)
    code, peak, said = run(
        "show", path, "--memory", "200MB", "--tokenizer", "bytes", "--max-order", 2, *limit
    )
    assert code == 0, said
    assert peak <= 280 * MB


def test_empty_lines_take_hardly_any_memory(tmp_path):
    path = zstd(tmp_path / "lines.txt.zst", b"word\n" * 100 + b"\n" * (3 * MB))
    arguments = ("--doc-per-line", "--tokenizer", "bytes", "--max-order", 1)
    code, peak, said = run("show", path, "--memory", "170MB", *arguments)
    assert code == 0, said
    assert peak <= 250 * MB


def test_too_little_memory_names_what_is_enough(folder):
    code, peak, said = run("show", folder / "other.bin", *IDS, "--memory", "10MB")
    assert code == 2
    enough = said.rpartition("--memory ")[2].split()[0].rstrip(")")
    code, peak, said = run("show", folder / "other.bin", *IDS, "--memory", enough)
    assert code == 0, said
    assert peak <= int(enough.removesuffix("MB")) * MB + BESIDE
