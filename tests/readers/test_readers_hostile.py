"""Damaged and malicious files give documents or an error of one line, and nothing else."""

import gzip
import json
import random
import struct
import subprocess
import sys
import tracemalloc
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shard_writers as shards
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reader_helpers import U16, documents, write, write_lines

from collapse_stats.backends.base import Backend
from collapse_stats.backends.options import CountOptions
from collapse_stats.corpus.load import read_corpus
from collapse_stats.errors import InputError
from collapse_stats.profiles.build import profile_corpus
from collapse_stats.readers.open import open_file
from collapse_stats.readers.options import MAX_DOCUMENT, ReadOptions

FUZZ = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
ROWS = [[1, 2, 300], [4], [50, 6, 7, 8]]
SPARSE = 300  # files of more bytes are cut and changed at so many places only
COUNTING = CountOptions(max_order=2, memory=10**9)


def made_mds(folder: Path, ending: str = ".mds") -> Path:
    values = [shards.mds_array(row, "uint16") for row in ROWS]
    return shards.mds(folder / f"a{ending}", {"tokens": ("ndarray:uint16", values)})


def made_litdata(folder: Path, name: str = "chunk-0-0.bin") -> Path:
    columns = {"tokens": ("no_header_numpy:5", [shards.pack(row, "<u2") for row in ROWS])}
    return shards.litdata(folder / name, columns, compression="zstd" if "zstd" in name else None)


def made_arrow(folder: Path, stream: bool) -> Path:
    table = pa.table({"tokens": ROWS})
    new = pa.ipc.new_stream if stream else pa.ipc.new_file
    with new(str(folder / "a.arrow"), table.schema) as out:
        out.write_table(table)
    return folder / "a.arrow"


def made_parquet(folder: Path) -> Path:
    pq.write_table(pa.table({"tokens": ROWS}), folder / "a.parquet")
    return folder / "a.parquet"


def made_npy(folder: Path) -> Path:
    np.save(folder / "a.npy", np.arange(12, dtype=np.uint16).reshape(3, 4))
    return folder / "a.npy"


def made_lines(folder: Path, ending: str) -> Path:
    return write_lines(folder / f"a.jsonl{ending}", [{"tokens": row, "n": {}} for row in ROWS])


# name -> writer of a shard, and the ending of the file to damage
MAKERS: dict[str, tuple[Callable[[Path], Path], str]] = {
    "megatron index": (lambda f: shards.megatron(f / "a.bin", [ROWS, ROWS[:1]]), ".idx"),
    "megatron data": (lambda f: shards.megatron(f / "a.bin", [ROWS, ROWS[:1]]), ""),
    "llm.c": (lambda f: shards.llmc(f / "a.bin", [1, 2, 50256, 4]), ""),
    "olmo sidecar": (lambda f: shards.olmo(f / "a.npy", ROWS), ".csv.gz"),
    "olmo data": (lambda f: shards.olmo(f / "a.npy", ROWS), ""),
    "datatrove index": (lambda f: shards.datatrove(f / "a.ds", ROWS), ".ds.index"),
    "datatrove metadata": (lambda f: shards.datatrove(f / "a.ds", ROWS), ".ds.metadata"),
    "datatrove data": (lambda f: shards.datatrove(f / "a.ds", ROWS), ""),
    "mds": (made_mds, ""),
    "mds zstd": (lambda f: made_mds(f, ".mds.zstd"), ""),
    "mds gzip": (lambda f: made_mds(f, ".mds.gz"), ""),
    "litdata": (made_litdata, ""),
    "litdata zstd": (lambda f: made_litdata(f, "chunk-0-0.zstd.bin"), ""),
    "litdata index": (made_litdata, "index.json"),
    "arrow stream": (lambda f: made_arrow(f, True), ""),
    "arrow file": (lambda f: made_arrow(f, False), ""),
    "parquet": (made_parquet, ""),
    "npy": (made_npy, ""),
    "jsonl": (lambda f: made_lines(f, ""), ""),
    "jsonl gzip": (lambda f: made_lines(f, ".gz"), ""),
    "jsonl zstd": (lambda f: made_lines(f, ".zst"), ""),
}


def made(folder: Path, name: str) -> tuple[Path, Path]:
    """The shard to open, and that of its files to damage."""
    maker, ending = MAKERS[name]
    path = maker(folder)
    if not ending:
        return path, path
    return path, path.with_name(ending if ending == "index.json" else f"{path.stem}{ending}")


def answer_or_line(path: Path, options: ReadOptions | None = None) -> None:
    """Read the whole file: this gives documents, or an InputError of one line that names a file."""
    try:
        documents(open_file(path, options))
    except InputError as error:
        message = str(error)
        assert str(path.parent) in message
        assert len(message) < 5000


@pytest.mark.parametrize("name", MAKERS)
def test_cut_at_every_byte(tmp_path: Path, name: str) -> None:
    path, damaged = made(tmp_path, name)
    data = damaged.read_bytes()
    whole = documents(open_file(path))
    for kept in range(0, len(data), -(-len(data) // SPARSE)):
        damaged.write_bytes(data[:kept])
        answer_or_line(path)
    damaged.write_bytes(data)
    assert documents(open_file(path)) == whole


@pytest.mark.parametrize("name", MAKERS)
def test_changed_bytes(tmp_path: Path, name: str) -> None:
    path, damaged = made(tmp_path, name)
    data = damaged.read_bytes()
    rng = random.Random(name)
    places = range(len(data)) if len(data) < SPARSE else rng.sample(range(len(data)), SPARSE)
    for place in places:
        changed = bytearray(data)
        changed[place] = rng.choice([0, 1, 0x7F, 0x80, 0xFF, changed[place] ^ 1])
        damaged.write_bytes(changed)
        answer_or_line(path)


@pytest.mark.parametrize("name", MAKERS)
@FUZZ
@given(st.data())
def test_any_bytes_behind_a_good_beginning(tmp_path: Path, name: str, data: st.DataObject) -> None:
    path, damaged = made(tmp_path, name)
    good = damaged.read_bytes()
    kept = data.draw(st.integers(0, min(len(good), 64)))
    word = st.sampled_from([0, 1, 2, 8, 255, 2**31 - 1, 2**31, 2**32 - 1])
    words = st.lists(word, max_size=24).map(lambda found: struct.pack(f"<{len(found)}I", *found))
    damaged.write_bytes(good[:kept] + data.draw(words | st.binary(max_size=64)))
    answer_or_line(path)


@pytest.mark.parametrize("name", MAKERS)
def test_what_is_read_of_damaged_files_is_in_bounds_for_the_core(tmp_path: Path, name: str) -> None:
    """The compiled core gets arrays and bounds from readers, which must be consistent."""
    path, damaged = made(tmp_path, name)
    data = damaged.read_bytes()
    rng = random.Random(name)
    for _ in range(60):
        changed = bytearray(data)
        changed[rng.randrange(len(data))] = rng.choice([0, 1, 0x7F, 0x80, 0xFF])
        damaged.write_bytes(changed)
        try:
            batches = list(open_file(path).batches())
        except InputError:
            continue
        for batch in batches:
            if batch.tokens is not None:
                edges = np.column_stack([batch.start, batch.stop]).reshape(-1)
                assert (np.diff(edges) >= 0).all()
                assert not len(edges) or (edges[0] >= 0 and edges[-1] <= len(batch.tokens))


@pytest.mark.parametrize("name", MAKERS)
def test_what_is_read_of_damaged_files_is_counted(
    tmp_path: Path, backend: Backend, name: str
) -> None:
    """`make asan` runs this with a sanitizer that checks every access of the core."""
    path, damaged = made(tmp_path, name)
    data = damaged.read_bytes()
    rng = random.Random(name)
    counted = 0
    for number in range(30):
        changed = bytearray(data)
        if number:
            changed[rng.randrange(len(data))] = rng.choice([0, 1, 0x7F, 0x80, 0xFF])
        damaged.write_bytes(changed)
        options = ReadOptions(eot=rng.choice([None, 4]))
        try:
            read = documents(open_file(path, options))
            corpus = read_corpus(path, reading=options, counting=COUNTING, share=10)
        except InputError:
            continue
        # Copied to the heap, where the sanitizer knows the end of the array.
        corpus.segments = [
            replace(segment, tokens=segment.tokens.copy()) for segment in corpus.segments
        ]
        found = profile_corpus(corpus, counting=COUNTING, backend=backend)
        assert found.documents == len(read)
        for n in (1, 2):
            grams = Counter(tuple(ids[i : i + n]) for ids in read for i in range(len(ids) - n + 1))
            assert (found.windows(n), found.distinct(n)) == (grams.total(), len(grams))
        counted += 1
    assert counted


def test_offsets_of_an_arrow_column_that_lie(tmp_path: Path) -> None:
    """Offsets past the values would read past the end of the buffer."""
    path = made_arrow(tmp_path, stream=True)
    data = path.read_bytes()
    offsets = struct.pack("<4i", 0, 3, 4, 8)
    assert data.count(offsets) == 1
    for lie in ((0, 3, 4, 1 << 30), (0, 3, 2, 8), (-5, 3, 4, 8), (0, 1 << 30, 4, 8)):
        path.write_bytes(data.replace(offsets, struct.pack("<4i", *lie)))
        with pytest.raises(InputError, match="damaged"):
            documents(open_file(path))


def test_names_and_texts_of_an_arrow_chat_that_are_not_utf8(tmp_path: Path) -> None:
    table = pa.table({"messages": [[{"role": "user", "content": "text here"}]]})
    path = tmp_path / "a.arrow"
    with pa.ipc.new_stream(str(path), table.schema) as out:
        out.write_table(table)
    data = path.read_bytes()
    path.write_bytes(data.replace(b"text here", b"text\xff\xfeere"))
    reader = open_file(path)
    assert documents(reader) == ["text\ufffd\ufffdere"]
    assert "not UTF-8 replaced by U+FFFD: 2 " in reader.warnings[0]
    path.write_bytes(data.replace(b"content", b"\xff" * 7))
    with pytest.raises(InputError, match="damaged"):
        documents(open_file(path))


def peak_of(function: Callable[[], Any]) -> tuple[Any, int]:
    """The result of a call, or its InputError, and the peak of Python's memory during it."""
    tracemalloc.start()
    try:
        found: Any = function()
    except InputError as error:
        found = error
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return found, peak


@pytest.mark.parametrize("ending", [".gz", ".zst"])
@pytest.mark.parametrize("name", ["a.txt", "a.jsonl"])
def test_bombs_stop_where_a_document_may_not_be_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, ending: str
) -> None:
    monkeypatch.setattr("collapse_stats.readers.formats.text.BATCH_BYTES", 1 << 16)
    monkeypatch.setattr("collapse_stats.readers.formats.jsonl.BATCH_BYTES", 1 << 16)
    path = write(tmp_path / (name + ending), b'{"text": "' + b"a" * (64 << 20))
    short = ReadOptions(longest=1 << 20)
    found, peak = peak_of(lambda: documents(open_file(path, short)))
    assert isinstance(found, InputError)
    assert "1,048,576 bytes at most" in str(found)
    assert peak < 16 << 20


def test_a_bomb_of_short_lines_streams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collapse_stats.readers.formats.jsonl.BATCH_BYTES", 1 << 16)
    path = write(tmp_path / "a.jsonl.gz", b'{"text": "a"}\n' * 2_000_000)

    def number() -> int:
        return sum(batch.documents for batch in open_file(path).batches())

    found, peak = peak_of(number)
    assert found == 2_000_000
    assert peak < 16 << 20


def test_bombs_in_sidecars_and_shards(tmp_path: Path) -> None:
    zeros = gzip.compress(bytes(64 << 20))
    (tmp_path / "o.npy").write_bytes(bytes(8))
    (tmp_path / "o.csv.gz").write_bytes(zeros)
    (tmp_path / "a.mds.gz").write_bytes(zeros)
    (tmp_path / "b.mds.gz").write_bytes(gzip.compress(b"\xff" * 8 + bytes(1 << 20)))
    for name in ("o.npy", "a.mds.gz", "b.mds.gz"):
        found, peak = peak_of(lambda name=name: documents(open_file(tmp_path / name)))
        assert isinstance(found, InputError)
        assert peak < 64 << 20


def test_a_long_line_may_be_read_and_a_longer_one_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MAX_DOCUMENT == 1 << 30
    text = "word " * 1_000_000
    path = write_lines(tmp_path / "a.jsonl", [{"text": "a"}, {"text": text}, {"text": "b"}])
    assert documents(open_file(path)) == ["a", text, "b"]
    monkeypatch.setattr("collapse_stats.readers.formats.jsonl.BATCH_BYTES", 1 << 16)
    with pytest.raises(InputError, match="begins at byte 14 of the content"):
        documents(open_file(path, ReadOptions(longest=4 << 20)))


@pytest.mark.parametrize(
    "beginning", [b'{"text": "', b'{"input_ids": [', b'{"text": "a"}\n{"n": "']
)
def test_a_line_of_a_gigabyte_with_little_memory(tmp_path: Path, beginning: bytes) -> None:
    path = tmp_path / "a.jsonl.zst"
    with pa.CompressedOutputStream(str(path), "zstd") as out:
        out.write(beginning)
        for _ in range(1000):
            out.write(b"1," * (1 << 19))
    code = (
        "import re, sys, collapse_stats as cs\n"
        "from pathlib import Path\n"
        "from collapse_stats.errors import InputError\n"
        "try: cs.profile(sys.argv[1], tokenizer=sys.argv[2], memory='200MB', backend='numpy')\n"
        "except InputError as error: print(error)\n"
        "print(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1])"
    )
    kind = "none" if b"ids" in beginning else "bytes"
    done = subprocess.run(
        [sys.executable, "-c", code, path, kind], capture_output=True, text=True, timeout=120
    )
    line, kilobytes = done.stdout.splitlines()
    assert f"{path}: a line may have 25,000,000 bytes at most, the one that begins at" in line
    assert int(kilobytes) < 400_000


@pytest.mark.parametrize("depth", [100, 10_000, 1_000_000])
@pytest.mark.parametrize("key", ["text", "n"])
def test_deeply_nested_json(tmp_path: Path, depth: int, key: str) -> None:
    nested = '{"a": ' + "[" * depth + "]" * depth + f', "{key}": "x"}}'
    lines = ['{"text": "one"}', nested.replace('"a"', f'"{key}"', 1), nested, '{"text": "two"}']
    path = write(tmp_path / "a.jsonl", "\n".join(lines).encode())
    found = documents(open_file(path))
    assert (found[0], found[-1]) == ("one", "two")


def test_nuls_surrogates_and_controls(tmp_path: Path) -> None:
    texts = ["a\0b", "\ud800", "\udfff\ud800 x", "\u2028\x85\x0b", "\ufffe", "\U0010ffff", ""]
    path = write_lines(tmp_path / "a.jsonl", [{"text": text} for text in texts])
    assert documents(open_file(path)) == texts
    raw = write(tmp_path / "b.jsonl", b'{"text": "a\0b"}\n{"text": "ok"}\n\0\0\0\n')
    reader = open_file(raw)
    assert documents(reader) == ["ok"]
    assert "bad lines skipped: 2" in reader.warnings[0]
    assert documents(open_file(write(tmp_path / "c.txt", b"\0\0"))) == ["\0\0"]


def test_keys_without_end_are_listed_with_one(tmp_path: Path) -> None:
    record = {f"key{i}" * 100: i for i in range(1000)}
    path = write_lines(tmp_path / "a.jsonl", [record])
    with pytest.raises(InputError, match=r"\.\.\.: name one") as raised:
        open_file(path)
    assert len(str(raised.value)) < 3000


class Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("exploded"),)


@pytest.mark.parametrize("name", ["a.pkl", "a.npy", "a.bin", "a.jsonl", "a.ds", "a.mds", "a.arrow"])
@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_pickles_are_never_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, protocol: int
) -> None:
    import pickle

    monkeypatch.chdir(tmp_path)
    if name == "a.npy":
        np.save(tmp_path / name, np.array([Bomb()], dtype=object), allow_pickle=True)
    else:
        (tmp_path / name).write_bytes(pickle.dumps(Bomb(), protocol))
    answer_or_line(tmp_path / name, U16)
    assert not (tmp_path / "exploded").exists()


def test_an_index_of_no_shards_is_nothing(tmp_path: Path) -> None:
    """A file beside a headerless file that is not an index of it makes no difference."""
    path = write(tmp_path / "a.bin", struct.pack("<2H", 1, 2))
    for content in ("[]", "{}", '{"chunks": 1, "config": {}}', '{"shards": []}', "\0"):
        (tmp_path / "index.json").write_text(content)
        assert open_file(path, U16).format == "flat"
    chunks = {"chunks": [{"filename": "a.bin"}, 7], "config": {"data_format": 3}}
    (tmp_path / "index.json").write_text(json.dumps(chunks))
    with pytest.raises(InputError, match="data_format"):
        open_file(path, U16)
