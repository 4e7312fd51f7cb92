"""Reading in threads: the order of the corpus whatever the threads and units, and clean ends."""

import gzip
import hashlib
import json
import random
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reader_helpers import split_at, write, write_lines

from collapse_stats.backends.options import CountOptions
from collapse_stats.corpus.corpus import Corpus
from collapse_stats.corpus.load import read_corpus
from collapse_stats.errors import InputError
from collapse_stats.readers import boundaries as documents_module
from collapse_stats.readers.in_memory.open import open_memory
from collapse_stats.readers.open import open_files
from collapse_stats.readers.options import ReadOptions
from collapse_stats.system.ordered_calls import in_order
from collapse_stats.tokenizers.texts import as_list

READERS_OF_TEXT = ("jsonl", "text", "parquet", "arrow")
THREADS = [1, 2, 3, 8]
BYTES = ReadOptions(tokenizer="bytes")


def counting(threads: int, memory: int = 10**8) -> CountOptions:
    return CountOptions(threads=threads, memory=memory)


def texts(seed: int, number: int = 40) -> list[str]:
    rng = random.Random(seed)
    words = ["the", "cat", "sat\n", "naïve", "日本", "", "😀"]
    return [" ".join(rng.choices(words, k=rng.randrange(60))) for _ in range(number)]


def documents(corpus: Corpus) -> list[list[int]]:
    return [
        segment.tokens[start:stop].tolist()
        for segment in corpus.segments
        for start, stop in zip(segment.start.tolist(), segment.stop.tolist(), strict=True)
    ]


def as_bytes(written: list[str]) -> list[list[int]]:
    """What the tokenizer `bytes` makes of texts."""
    return [list(text.encode()) for text in written]


def write_parquet(path: Path, values: list[Any], group: int, name: str = "text") -> Path:
    pq.write_table(pa.table({name: values}), path, row_group_size=group)
    return path


def write_arrow(path: Path, values: list[str], batch: int) -> Path:
    table = pa.table({"text": values})
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table, max_chunksize=batch)
    return path


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Path], list[str]]:
    """Files of every format of text, and their documents in order."""
    folder = tmp_path_factory.mktemp("mixed")
    expected: list[str] = []
    for i, ending in enumerate((".jsonl", ".jsonl.gz", ".jsonl.zst")):
        write_lines(folder / f"a{i}{ending}", [{"text": text} for text in texts(i)])
        expected += texts(i)
    write_arrow(folder / "b.arrow", texts(3), 7)
    write_parquet(folder / "c.parquet", texts(4), 6)
    expected += texts(3) + texts(4)
    for i, text in enumerate(texts(5, 300)):
        ending = ".txt.gz" if i % 50 == 0 else ".txt"
        write(folder / f"d{i:03}{ending}", text.encode())
    write_lines(folder / "e.jsonl", [{"text": text} for text in texts(6)])
    return sorted(folder.iterdir()), expected + texts(5, 300) + texts(6)


@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.parametrize("size", [1, 300, None])
def test_neither_threads_nor_units_change_a_corpus_of_text(
    mixed: tuple[list[Path], list[str]],
    threads: int,
    size: int | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    paths, expected = mixed
    for name in READERS_OF_TEXT if size else ():
        monkeypatch.setattr(f"collapse_stats.readers.formats.{name}.BATCH_BYTES", size)
    monkeypatch.setattr("collapse_stats.corpus.pipeline._CALL_BYTES", size or 1 << 19)
    found = read_corpus(paths, reading=BYTES, counting=counting(threads))
    assert documents(found) == as_bytes(expected)


@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.parametrize("memory", [8, 10**8])
def test_lines_as_documents_and_notes_come_in_order(
    tmp_path: Path, threads: int, memory: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collapse_stats.readers.formats.text.BATCH_BYTES", 50)
    lines = [f"line {i} \udcff"[: 7 + i % 3] for i in range(500)]
    path = tmp_path / "a.txt"
    path.write_bytes("\n".join(lines).encode("utf-8", "surrogateescape"))
    reading = replace(BYTES, doc_per_line=True)
    found = read_corpus(path, reading=reading, counting=counting(threads, memory))
    assert documents(found) == as_bytes([line.replace("\udcff", "\ufffd") for line in lines])
    replaced = sum(line.count("\udcff") for line in lines)
    (warning,) = found.warnings
    assert f"replaced by U+FFFD: {replaced:,} (first: in the lines from " in warning
    first = 1 + next(i for i, line in enumerate(lines) if "\udcff" in line)
    begin = int(warning.split("lines from ")[1].split()[0])
    assert begin <= first < begin + 10


@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.parametrize("ending", [".parquet", ".jsonl", ".npy", ".bin"])
def test_neither_threads_nor_units_change_a_corpus_of_ids(
    tmp_path: Path, threads: int, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(7)
    rows = [rng.integers(0, 70_000, rng.integers(1, 30)).tolist() for _ in range(300)]
    monkeypatch.setattr("collapse_stats.readers.formats.jsonl.BATCH_BYTES", 200)
    monkeypatch.setattr("collapse_stats.readers.formats.parquet._GROUP_BYTES", 400)
    monkeypatch.setattr("collapse_stats.readers.boundaries.BATCH_TOKENS", 64)
    for name, part in (("a", rows[:200]), ("b", rows[200:])):
        path = tmp_path / (name + ending)
        stream = np.array([i for row in part for i in (*row, 99)], dtype=np.uint32)
        if ending == ".parquet":
            write_parquet(path, part, 9 if name == "a" else 100, "input_ids")
        elif ending == ".jsonl":
            write_lines(path, [{"input_ids": row} for row in part])
        elif ending == ".npy":
            np.save(path, stream)
        else:
            stream.tofile(path)
    expected = [piece for row in rows for piece in split_at(row, 99)]
    reading = ReadOptions(eot=99, dtype="u32")
    found = read_corpus(tmp_path, reading=reading, counting=counting(threads))
    assert documents(found) == expected
    assert found.vocab_size == 2**17 - 1  # as large as the largest id asks for


@given(st.lists(st.integers(0, 3), max_size=60), st.integers(1, 70), st.sampled_from([None, 0, 3]))
def test_stretches_of_a_stream_have_its_documents(
    ids: list[int], stretch: int, eot: int | None
) -> None:
    before = documents_module.BATCH_TOKENS
    documents_module.BATCH_TOKENS = stretch  # type: ignore[misc]
    try:
        array = np.array(ids, dtype=np.uint16)
        reader = open_memory(array, ReadOptions(eot=eot))
        found, tokens = [], 0
        for batch in reader.batches():
            assert batch.tokens is not None
            tokens += len(batch.tokens)
            bounds = zip(batch.start.tolist(), batch.stop.tolist(), strict=True)
            found += [batch.tokens[start:stop].tolist() for start, stop in bounds]
    finally:
        documents_module.BATCH_TOKENS = before  # type: ignore[misc]
    assert [document for document in found if document] == split_at(ids, eot)
    assert tokens == len(ids)  # each is looked at once


@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.parametrize("call_bytes", [1, 10_000, 1 << 19])
def test_what_lies_behind_a_bad_place_is_not_counted(
    tmp_path: Path, threads: int, call_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collapse_stats.corpus.pipeline._CALL_BYTES", call_bytes)
    monkeypatch.setattr("collapse_stats.readers.formats.parquet.BATCH_BYTES", 1 << 12)
    write_lines(tmp_path / "a.jsonl", [{"text": "a"}] * 3)
    values = [random.Random(i).randbytes(40).hex() for i in range(2000)]
    path = tmp_path / "b.parquet"
    pq.write_table(
        pa.table({"text": values}),
        path,
        row_group_size=20,
        compression="zstd",
        use_dictionary=False,
    )
    chunk = pq.ParquetFile(path).metadata.row_group(50).column(0)
    content = bytearray(path.read_bytes())
    begin = chunk.data_page_offset
    content[begin : begin + chunk.total_compressed_size] = bytes(chunk.total_compressed_size)
    path.write_bytes(bytes(content))
    (tmp_path / "c.jsonl.gz").write_bytes(gzip.compress(b'{"text": "c"}\n' * 50)[:-9])
    write_lines(tmp_path / "d.jsonl", [{"text": "d"}] * 4)

    skipping = replace(BYTES, skip_bad=True)
    found = read_corpus(tmp_path, reading=skipping, counting=counting(threads))
    read = documents(found)
    assert read[:1003] == as_bytes(["a"] * 3 + values[:1000])
    assert read[-4:] == as_bytes(["d"] * 4)
    assert set(map(bytes, map(bytearray, read[1003:-4]))) <= {b"c"}
    bad, cut = (source.error for source in found.sources if source.error)
    assert "b.parquet: reading failed after 1,000 of 2,000 rows" in str(bad)
    assert str(bad).endswith("(1,000 documents before it are counted)")
    assert "c.jsonl.gz: the gzip data is cut short" in str(cut)
    with pytest.raises(InputError, match=r"b\.parquet: reading failed after 1,000"):
        read_corpus([tmp_path / "a.jsonl", path], reading=BYTES, counting=counting(threads))
    assert no_thread_is_left()


def no_thread_is_left() -> bool:
    return not [one for one in threading.enumerate() if one.name.startswith("collapse-stats_")]


@pytest.mark.parametrize("threads", THREADS)
def test_results_come_in_order_and_few_calls_are_under_way(threads: int) -> None:
    lock = threading.Lock()
    under_way, most = 0, 0

    def call(number: int) -> int:
        time.sleep(random.Random(number).random() / 1000)
        return number

    def calls() -> Any:
        nonlocal under_way, most
        for number in range(200):
            with lock:
                under_way += 7
                most = max(most, under_way)
            yield 7, partial(call, number)

    found = []
    for number in in_order(calls(), threads, 50):
        found.append(number)
        with lock:
            under_way -= 7
    assert found == list(range(200))
    assert most <= 50 + 7  # and one that waits for room
    assert list(in_order([(1000, partial(call, i)) for i in range(5)], threads, 10)) == [*range(5)]
    assert list(in_order(iter(()), threads, 10)) == []
    assert no_thread_is_left()


@pytest.mark.parametrize("threads", THREADS)
def test_an_error_waits_for_its_turn_and_ends_the_threads(threads: int) -> None:
    begun = []

    def call(number: int) -> int:
        begun.append(number)
        if number == 5:
            raise InputError("five")
        time.sleep(0.002)
        return number

    results = in_order(((1, partial(call, i)) for i in range(10_000)), threads, 10**6)
    found = []
    with pytest.raises(InputError, match="five"):
        found.extend(results)
    assert found == [0, 1, 2, 3, 4]
    assert len(begun) < 10_000
    assert no_thread_is_left()


def test_an_abandoned_pool_ends() -> None:
    results = in_order(((1, partial(int, i)) for i in range(10_000)), 4, 100)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    results.close()
    assert no_thread_is_left()


INTERRUPTED = """
    import os, signal, sys, threading
    from collapse_stats.backends.options import CountOptions
    from collapse_stats.corpus.load import read_corpus
    from collapse_stats.readers.options import ReadOptions
    signal.signal(signal.SIGINT, signal.default_int_handler)  # what runs in the background has none
    def progress(what, done, total):
        os.kill(os.getpid(), signal.SIGINT)
    try:
        read_corpus(sys.argv[1], reading=ReadOptions(tokenizer="bytes"), progress=progress,
                    counting=CountOptions(threads=4, memory=10**8, tmp=sys.argv[2]))
    except KeyboardInterrupt:
        print(threading.active_count())
"""


def test_an_interrupt_ends_every_thread(tmp_path: Path) -> None:
    folder, tmp = tmp_path / "corpus", tmp_path / "tmp"
    folder.mkdir()
    tmp.mkdir()
    for i in range(3):
        write_lines(folder / f"{i}.jsonl.gz", [{"text": "word " * 100}] * 20_000)
    code = [sys.executable, "-c", textwrap.dedent(INTERRUPTED), str(folder), str(tmp)]
    result = subprocess.run(code, capture_output=True, text=True, timeout=60, check=False)
    assert (result.stdout.strip(), result.returncode) == ("1", 0), result.stderr
    assert list(tmp.iterdir()) == []


def test_many_small_files_are_read_as_one_by_one(tmp_path: Path) -> None:
    for i in range(1000):
        (tmp_path / f"{i:04}.json").write_text(json.dumps({"text": f"text {i}"}))
    found = read_corpus(tmp_path, reading=BYTES, counting=counting(2))
    assert documents(found) == as_bytes([f"text {i}" for i in range(1000)])
    assert len(found.sources) == 1000
    assert len(found.segments) == 1


@pytest.mark.parametrize("ending", [".txt", ".jsonl", ".txt.gz", ".jsonl.gz"])
def test_small_files_are_held_while_there_is_room_and_until_they_are_read(
    tmp_path: Path, ending: str
) -> None:
    def content(text: str) -> bytes:
        return (json.dumps({"text": text}) if ".jsonl" in ending else text).encode()

    def write_all(text: str) -> list[str]:
        return [str(write(tmp_path / f"{i}{ending}", content(text))) for i in range(5)]

    paths = write_all("old")
    size = len(content("old"))
    for room, held in ((0, 0), (3 * size - 1, 2), (3 * size, 3), (10**6, 5)):
        write_all("old")
        readers, _ = open_files(paths, ReadOptions(), room=room)
        write_all("new")
        texts = [as_list(batch.texts or []) for reader in readers for batch in reader.batches()]
        assert texts == [["old"]] * held + [["new"]] * (5 - held)
        texts = [as_list(batch.texts or []) for reader in readers for batch in reader.batches()]
        assert texts == [["new"]] * 5


@pytest.mark.parametrize("size", [0, 1, 65536, 65537, 1 << 20, 2 << 20, (2 << 20) + 1, 5 << 20])
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_digests_tell_size_and_ends_however_they_are_made(
    tmp_path: Path, size: int, ending: str
) -> None:
    data = random.Random(size).randbytes(size).hex().encode()[:size]
    path = tmp_path / f"a.txt{ending}"
    path.write_bytes(gzip.compress(data) if ending else data)
    data = path.read_bytes()
    (tmp_path / "b.txt").write_bytes(b"b")  # since a file without a byte is not counted alone
    paths = [path, tmp_path / "b.txt"]
    source, _ = read_corpus(paths, reading=BYTES, counting=counting(1)).sources
    edge = 1 << 20
    if len(data) > 2 * edge:
        data = str(len(data)).encode() + data[:edge] + data[-edge:]
    assert source.digest == hashlib.sha256(data).hexdigest()
