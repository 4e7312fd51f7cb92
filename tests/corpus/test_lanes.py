"""Several compressed files are read at a time, with the answer of reading one after the other."""

import gzip
import json
import random
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pyarrow as pa
import pytest

from collapse_stats.backends.options import CountOptions
from collapse_stats.corpus import lanes as lanes_module
from collapse_stats.corpus import load as load_module
from collapse_stats.corpus.corpus import Corpus
from collapse_stats.corpus.lanes import side_by_side
from collapse_stats.corpus.load import read_corpus
from collapse_stats.errors import InputError
from collapse_stats.readers.options import ReadOptions

FILES, TEXTS = 12, 150
ROOM = 4 << 30  # bytes, enough for several lanes
BYTES = ReadOptions(tokenizer="bytes")
Writing = tuple[Path, list[list[str]]]


def texts_of(number: int) -> list[str]:
    """Texts that take more than 64 KiB when they are packed."""
    rng = random.Random(number)
    return [rng.randbytes(rng.randrange(1200)).hex() for _ in range(TEXTS)]


def packed(lines: list[str], ending: str) -> bytes:
    data = "".join(json.dumps({"text": text}) + "\n" for text in lines).encode()
    if ending == ".zst":
        return bytes(pa.Codec("zstd").compress(data, asbytes=True))
    return gzip.compress(data)


def write(folder: Path, number: int, lines: list[str], ending: str = ".gz") -> Path:
    path = folder / f"{number:02}.jsonl{ending}"
    path.write_bytes(packed(lines, ending))
    return path


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Writing:
    folder = tmp_path_factory.mktemp("lanes")
    texts = [texts_of(number) for number in range(FILES)]
    for number, lines in enumerate(texts):
        path = write(folder, number, lines, ".zst" if number % 3 == 0 else ".gz")
        assert path.stat().st_size > 1 << 16
    return folder, texts


def counting(threads: int = 3, memory: int = ROOM) -> CountOptions:
    return CountOptions(threads=threads, memory=memory)


def documents(corpus: Corpus) -> list[bytes]:
    return [
        bytes(segment.tokens[start:stop].astype("u1"))
        for segment in corpus.segments
        for start, stop in zip(segment.start.tolist(), segment.stop.tolist(), strict=True)
    ]


def as_bytes(texts: list[list[str]]) -> list[bytes]:
    return [text.encode() for lines in texts for text in lines]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many lanes were made each time."""
    numbers: list[int] = []
    real = lanes_module.side_by_side

    def noted(lanes: Iterator[object], *others: object) -> object:
        listed = list(lanes)
        numbers.append(len(listed))
        return real(listed, *others)  # type: ignore[arg-type]

    monkeypatch.setattr("collapse_stats.corpus.pipeline.side_by_side", noted)
    return numbers


@pytest.mark.parametrize("threads", [2, 3, 8])
def test_lanes_do_not_change_a_corpus(written: Writing, threads: int, made: list[int]) -> None:
    folder, texts = written
    found = read_corpus(folder, reading=BYTES, counting=counting(threads))
    assert documents(found) == as_bytes(texts)
    assert len(made) == 1
    assert made[0] > 2
    assert [Path(source.path).name[:2] for source in found.sources] == [
        f"{number:02}" for number in range(FILES)
    ]


@pytest.mark.parametrize(
    ("threads", "memory", "limit"), [(1, ROOM, None), (3, 10**8, None), (3, ROOM, 200)]
)
def test_one_file_is_read_at_a_time_where_there_is_no_room_or_no_need(
    written: Writing, threads: int, memory: int, limit: int | None, made: list[int]
) -> None:
    folder, texts = written
    reading = ReadOptions(tokenizer="bytes", limit_documents=limit)
    found = read_corpus(folder, reading=reading, counting=counting(threads, memory))
    assert documents(found) == as_bytes(texts)[:limit]
    assert made == []


def test_a_file_that_is_most_of_the_corpus_does_not_get_a_lane(
    tmp_path: Path, made: list[int]
) -> None:
    texts = [texts_of(0) * 8, texts_of(1), texts_of(2), texts_of(3), texts_of(4)]
    for number, lines in enumerate(texts):
        rng = random.Random(number)  # not the same twice, which would be packed to almost nothing
        lines[:] = [rng.randbytes(600).hex() for _ in lines]
        write(tmp_path, number, lines)
    assert documents(read_corpus(tmp_path, reading=BYTES, counting=counting())) == as_bytes(texts)
    assert made == []


def test_files_between_others_keep_their_place(tmp_path: Path, made: list[int]) -> None:
    texts = [texts_of(number) for number in range(14)]
    for number, lines in enumerate(texts):
        path = write(tmp_path, number, lines)
        if number in (0, 6, 13):
            path.unlink()
            (tmp_path / f"{number:02}.jsonl").write_bytes(gzip.decompress(packed(lines, ".gz")))
    found = read_corpus(tmp_path, reading=BYTES, counting=counting())
    assert documents(found) == as_bytes(texts)
    assert len(made) == 2


def test_the_first_bad_file_of_the_corpus_is_the_one_that_is_named(
    tmp_path: Path, made: list[int]
) -> None:
    paths = [write(tmp_path, number, texts_of(number)) for number in range(FILES)]
    for number in (3, 9, 10):
        data = paths[number].read_bytes()
        paths[number].write_bytes(data[: -9 if number == 3 else len(data) // 2])
    for _ in range(5):
        with pytest.raises(InputError, match=r"03\.jsonl\.gz: the gzip data is cut short"):
            read_corpus(tmp_path, reading=BYTES, counting=counting())
    assert len(made) == 5
    reading = ReadOptions(tokenizer="bytes", skip_bad=True)
    found = read_corpus(tmp_path, reading=reading, counting=counting())
    bad = [Path(source.path).name[:2] for source in found.sources if source.error]
    assert bad == ["03", "09", "10"]
    named = [warning for warning in found.warnings if warning.startswith("not read: ")]
    assert [Path(warning.split(":")[1]).name[:2] for warning in named] == bad
    alone = read_corpus(tmp_path, reading=reading, counting=counting(1))
    assert documents(found) == documents(alone)
    assert found.warnings == alone.warnings


def test_a_file_of_which_most_lines_are_bad_is_left_out_wherever_it_lies(tmp_path: Path) -> None:
    texts = [texts_of(number) for number in range(FILES)]
    for number, lines in enumerate(texts):
        write(tmp_path, number, lines)
    data = gzip.decompress(packed(texts[7], ".gz")) + b'{"other": 1}\n' * (2 * TEXTS)
    (tmp_path / "07.jsonl.gz").write_bytes(gzip.compress(data))
    reading = ReadOptions(tokenizer="bytes", skip_bad=True)
    found = read_corpus(tmp_path, reading=reading, counting=counting())
    assert documents(found) == as_bytes(texts[:7] + texts[8:])


def test_a_line_that_is_too_long_for_a_lane_is_read_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes_module, "LONGEST", 200_000)
    texts = [texts_of(number) for number in range(FILES)]
    texts[5][7] = "word " * 120_000
    for number, lines in enumerate(texts):
        write(tmp_path, number, lines)
    begun: list[object] = []
    real = load_module._read

    def noted(*arguments: object) -> Corpus:
        begun.append(arguments[-1])
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(load_module, "_read", noted)
    found = read_corpus(tmp_path, reading=BYTES, counting=counting())
    assert documents(found) == as_bytes(texts)
    assert begun == [3, 0]  # threads for lanes, first with some and then without
    reading = ReadOptions(tokenizer="bytes", longest=400_000, skip_bad=True)
    found = read_corpus(tmp_path, reading=reading, counting=counting())
    (error,) = (source.error for source in found.sources if source.error)
    assert "a line may have 400,000 bytes at most" in error


def test_results_of_a_lane_come_in_order_and_those_of_others_between() -> None:
    running = set()
    lock = threading.Lock()

    def call(lane: int, number: int) -> tuple[int, int]:
        with lock:
            assert lane not in running
            running.add(lane)
        time.sleep(random.Random(lane * 100 + number).random() / 1000)
        with lock:
            running.remove(lane)
        return lane, number

    def calls(lane: int) -> Iterator[object]:
        yield from ((1, partial(call, lane, number)) for number in range(5 + lane % 3))

    found = list(side_by_side(map(calls, range(20)), 4, lambda result: False))  # type: ignore[arg-type]
    for lane in range(20):
        expected = [(lane, number) for number in range(5 + lane % 3)]
        assert [result for number, result in found if number == lane] == [*expected, None]
    assert [number for number, _ in found] != sorted(number for number, _ in found)


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
                    counting=CountOptions(threads=3, memory=4 << 30))
    except KeyboardInterrupt:
        files = [name for name in os.listdir("/proc/self/fd")
                 if os.path.realpath("/proc/self/fd/" + name).endswith(".jsonl.gz")]
        print(threading.active_count(), len(files))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="open files are listed by Linux")
def test_an_interrupt_ends_every_thread_and_closes_every_file(tmp_path: Path) -> None:
    for number in range(8):
        write(tmp_path, number, texts_of(number) * 20)
    code = [sys.executable, "-c", textwrap.dedent(INTERRUPTED), str(tmp_path)]
    result = subprocess.run(code, capture_output=True, text=True, timeout=60, check=False)
    assert (result.stdout.strip(), result.returncode) == ("1 0", 0), result.stderr
