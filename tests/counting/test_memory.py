"""The bounds that `memory=` promises, as measured by the operating system."""

import re
import resource
import signal
import subprocess
import sys
import textwrap
import threading
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import collapse_stats as cs
from collapse_stats.backends.options import CountOptions
from collapse_stats.backends.selection import select
from collapse_stats.corpus.load import TokenStore, read_corpus
from collapse_stats.counting import part_writer
from collapse_stats.counting.parquet_part import Part
from collapse_stats.counting.passes import TableUse, passes
from collapse_stats.counting.saved_file import SavedFile
from collapse_stats.errors import InputError
from collapse_stats.ngrams.chunk import Chunk
from collapse_stats.ngrams.layout import Layout
from collapse_stats.ngrams.table import NgramTable
from collapse_stats.profiles.build import profile_corpus
from collapse_stats.profiles.merge import merge
from collapse_stats.readers.options import ReadOptions
from collapse_stats.system.atomic_directory import new_directory
from collapse_stats.system.budget import LIBRARIES
from collapse_stats.system.memory import TooLittleMemoryError, is_mapped, release_pages
from collapse_stats.system.unfinished import remove_abandoned

VOCAB = 1000


def child(code: str, *arguments: object, **options: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def output_of(code: str, *arguments: object, **options: object) -> str:
    process = child(code, *arguments, **options)
    out, errors = process.communicate()
    assert process.returncode == 0, errors
    return out


def stream(path: Path, tokens: int, vocab_size: int = VOCAB) -> Path:
    """Write a file of rare and frequent tokens, most of whose n-grams are new."""
    rng = np.random.default_rng(1)
    with path.open("wb") as file:
        for _ in range(0, tokens, 1 << 20):
            part = (vocab_size * rng.random(min(tokens, 1 << 20)) ** 2).astype(np.uint16)
            part.tofile(file)
    return path


def corpus_of(path: Path):
    return read_corpus(path, reading=ReadOptions(dtype="u16", vocab_size=VOCAB))


PEAK = """
    import re, sys
    from pathlib import Path
    import numpy as np
    import collapse_stats as cs
    def peak():  # not ru_maxrss, which a process inherits from its parent
        return 1024 * int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""

COUNT_AND_SHOW_PEAK = (
    PEAK
    + """
    path, memory, backend, order = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    small = Path(path).with_name("small.bin")
    small.write_bytes(bytes(8))
    cs.profile(small, dtype="u16", vocab_size=9, backend=backend)  # loads the libraries
    before = peak()
    profile = cs.profile(path, dtype="u16", vocab_size=1000, max_order=order, table=False,
                       memory=memory, backend=backend, threads=2)
    print(peak(), before, *(profile.distinct(n) for n in range(1, order + 1)))
"""
)


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from Linux")
@pytest.mark.parametrize(
    ("backend", "tokens", "order", "memory"),
    [
        ("native", 60 << 20, 12, 96 << 20),  # 16 bytes a record: ten times more
        ("numpy", 16 << 20, 5, 230 << 20),  # of 300 MiB
    ],
)
def test_peak_memory_stays_within_the_budget(tmp_path, backend, tokens, order, memory):
    if not next(info for info in cs.backends() if info.name == backend).usable:
        pytest.skip(f"{backend} is not usable here")
    path = stream(tmp_path / "tokens.bin", tokens)
    found = output_of(COUNT_AND_SHOW_PEAK, path, memory, backend, order).split()
    peak, before, *bounded = map(int, found)
    assert peak <= 1.1 * memory + max(before, LIBRARIES)
    one_pass = output_of(COUNT_AND_SHOW_PEAK, path, 4 << 30, backend, order).split()
    peak, before, *whole = map(int, one_pass)
    assert bounded == whole
    assert peak - before > memory


COUNT_A_TABLE_AND_SHOW_PEAK = (
    PEAK
    + """
    options = dict(dtype="u16", vocab_size=1000, max_order=8, backend="native", threads=2)
    small = Path(sys.argv[1]).with_name("small.bin")
    small.write_bytes(bytes(8))
    cs.profile(small, **options)
    before = peak()
    profile = cs.profile(sys.argv[1], memory=4 << 30, **options)
    print(peak() - before, profile.run.nbytes)
"""
)


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from Linux")
def test_a_table_in_memory_is_there_once(tmp_path):
    if not next(info for info in cs.backends() if info.name == "native").usable:
        pytest.skip("native is not usable here")
    path = stream(tmp_path / "tokens.bin", 8 << 20)
    peak, table = map(int, output_of(COUNT_A_TABLE_AND_SHOW_PEAK, path).split())
    assert table > 200 << 20
    assert table < peak < 2 * table


def test_only_a_table_that_is_written_is_counted_in_stretches(tmp_path, backend, monkeypatch):
    corpus = corpus_of(stream(tmp_path / "tokens.bin", 1 << 16))
    called = []
    for name in ("count", "count_in_stretches", "spectra"):
        real = getattr(type(backend), name)

        def noted(self, source, *others, _name=name, _real=real):
            if not isinstance(source, NgramTable):
                called.append(_name)
            return _real(self, source, *others)

        monkeypatch.setattr(type(backend), name, noted)
    options = {"counting": CountOptions(max_order=3, memory=10**9), "backend": backend}
    profile_corpus(corpus, **options)
    profile_corpus(corpus, table=False, **options)
    assert called == ["count", "spectra"]
    called.clear()
    profile_corpus(corpus, save_to=tmp_path / "p", **options)
    assert called[0] == "count_in_stretches"
    assert set(called[1:]) <= {"count"}  # by which a backend may implement the other


@pytest.mark.parametrize(("memory", "most"), [(1, 4), (10**9, 6), (10**12, 66)])
def test_parts_that_wait_are_bounded_on_many_cpus(tmp_path, monkeypatch, memory, most):
    monkeypatch.setattr("os.cpu_count", lambda: 64)
    monkeypatch.setattr(part_writer, "PART_ROWS", 2)
    writing, highest = 0, 0
    lock = threading.Lock()

    def add(number):
        nonlocal writing, highest
        with lock:
            writing += number
            highest = max(highest, writing)

    def write(folder, name, table):
        add(1)
        time.sleep(0.002)
        add(-1)
        return Part(SavedFile(name, 0, ""), len(table), 0, 0, 0)

    monkeypatch.setattr(part_writer, "write_part", write)
    chunk = Chunk.of_documents(np.arange(600, dtype=np.uint16), np.array([0]), np.array([600]))
    table = select("numpy").count([chunk], Layout(VOCAB, 2))
    with part_writer.PartWriter(tmp_path, memory) as writer:
        for begin in range(0, len(table), 10):
            writer.add(table.rows(begin, begin + 10))
            assert len(writer._waiting) <= most
    assert sum(part.rows for part in writer.parts) == len(table)
    assert 1 < highest <= most - 2
    assert part_writer.writer_bytes(memory) <= max(64 << 20, memory // 8)


UPDATE_AND_SHOW_PEAK = (
    PEAK
    + """
    path, memory, order = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    cs.NgramCounter(9, order, backend="native", halves=True).profile()
    np.fromfile(path, np.uint16, 1 << 16).reshape(-1, 16)
    before = peak()
    counter = cs.NgramCounter(1000, order, backend="native", halves=True, threads=2, memory=memory)
    with open(path, "rb") as file:
        while len(batch := np.fromfile(file, np.uint16, 1 << 16)):
            counter.update(batch.reshape(-1, 16))
    profile = counter.profile()
    print(peak() - before, *(profile.distinct(n) for n in range(1, order + 1)), profile.documents)
"""
)


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from Linux")
def test_a_counter_stays_within_its_budget(tmp_path):
    if not next(info for info in cs.backends() if info.name == "native").usable:
        pytest.skip("native is not usable here")
    path = stream(tmp_path / "tokens.bin", 12 << 20)
    memory = 64 << 20
    peak, *bounded = map(int, output_of(UPDATE_AND_SHOW_PEAK, path, memory, 8).split())
    assert peak <= memory
    whole, *expected = map(int, output_of(UPDATE_AND_SHOW_PEAK, path, 4 << 30, 8).split())
    assert bounded == expected
    assert whole > 10 * memory


@pytest.mark.parametrize("use", TableUse)
def test_the_least_memory_named_is_enough(tmp_path, backend, use):
    corpus = corpus_of(stream(tmp_path / "tokens.bin", 1 << 18))
    layout = Layout(VOCAB, 5, 2)
    with pytest.raises(TooLittleMemoryError, match=r"give at least \d+MB") as error:
        passes(corpus.chunks, corpus.tokens, layout, backend, 1000, use, corpus.resident_bytes)
    least = error.value.least
    assert least < 2**30
    stretches = passes(
        corpus.chunks, corpus.tokens, layout, backend, least, use, corpus.resident_bytes
    )
    assert stretches[0][0] == 0
    assert stretches[-1][1] == layout.key_ranges
    assert all(a[1] == b[0] for a, b in pairwise(stretches))
    assert len(passes(corpus.chunks, corpus.tokens, layout, backend, 1 << 40, use)) == 1
    if use is not TableUse.kept:  # for `kept` it is only an upper bound
        with pytest.raises(TooLittleMemoryError):
            passes(
                corpus.chunks, corpus.tokens, layout, backend, least - 1, use, corpus.resident_bytes
            )


def test_a_table_that_is_written_needs_the_rows_of_some_key_ranges(tmp_path, backend, monkeypatch):
    corpus = corpus_of(stream(tmp_path / "tokens.bin", 1 << 22))
    layout = Layout(VOCAB, 5, 2)
    monkeypatch.setattr(
        type(backend), "needs", lambda self, layout, key_ranges, rows: (0, 8 + 56 * rows)
    )
    resident_bytes = 10**6
    memory = resident_bytes + part_writer.writer_bytes(0) + 16 * corpus.tokens
    arguments = corpus.chunks, corpus.tokens, layout, backend, memory
    number = len(passes(*arguments, TableUse.written, resident_bytes))
    if backend.fewest_key_ranges < layout.key_ranges:
        assert number == 1
    else:  # 56 bytes of a row, and 24 of a row being written
        assert number > corpus.tokens * (8 + 56 + 24) / (16 * corpus.tokens)


def test_an_error_of_memory_names_what_is_enough(tmp_path):
    path = stream(tmp_path / "tokens.bin", 1 << 20)
    options = {"dtype": "u16", "vocab_size": VOCAB, "max_order": 3}
    for call in (
        lambda memory: cs.profile(path, memory=memory, **options),
        lambda memory: cs.profile(path, memory=memory, table=False, **options),
        lambda memory: cs.compare(path, path, memory=memory, **options),
    ):
        with pytest.raises(MemoryError, match="memory is 1,000 bytes, and this needs") as error:
            call(1000)
        enough = re.search(r"memory='(\d+MB)'", str(error.value)).group(1)
        call(enough)


def test_repeated_text_needs_no_memory(backend):
    if backend.name != "native":
        pytest.skip("only the native backend squeezes")
    chunk = Chunk.of_documents(
        np.full(1 << 20, 7, dtype=np.uint16), np.array([0]), np.array([1 << 20])
    )
    layout = Layout(VOCAB, 5)
    memory = backend.needs(layout, layout.key_ranges, rows=False)[0] + 200_000
    passes(lambda: [chunk], chunk.windows, layout, backend, memory, TableUse.spectra)


def test_merging_names_what_is_enough(tmp_path):
    corpus = corpus_of(stream(tmp_path / "tokens.bin", 1 << 16))
    backend = select()
    saved = [
        profile_corpus(
            corpus,
            counting=CountOptions(max_order=3, memory=10**9),
            backend=backend,
            save_to=tmp_path / f"p{i}",
        )
        for i in (0, 1)
    ]
    with pytest.raises(TooLittleMemoryError) as error:
        merge(saved, backend, 1000, save_to=tmp_path / "both")
    assert not (tmp_path / "both").exists()
    least = error.value.least
    merged = merge(saved, backend, least, save_to=tmp_path / "both")
    assert merged.joint_spectra == merge(saved, backend, 10**9).joint_spectra


def test_the_table_of_a_profile_in_memory_is_bounded(tmp_path, monkeypatch):
    corpus = corpus_of(stream(tmp_path / "tokens.bin", 1 << 18))
    backend = select()
    monkeypatch.setattr(type(backend), "needs", lambda self, layout, key_ranges, rows: (0, 16))
    counting = CountOptions(max_order=5, memory=corpus.resident_bytes + 4_000_000)
    with pytest.raises(TooLittleMemoryError, match="profile -o"):
        profile_corpus(corpus, counting=counting, backend=backend)


def test_forgotten_pages_are_read_again(tmp_path):
    path = stream(tmp_path / "tokens.bin", 1 << 16)
    tokens = np.memmap(path, dtype=np.uint16, mode="r")
    before = tokens.copy()
    release_pages(tokens[1000:50_000])
    assert np.array_equal(tokens, before)
    assert is_mapped(tokens[5:10])
    private = np.memmap(path, dtype=np.uint16, mode="c")
    private[:] = 3
    release_pages(private)  # the changes to it are in no file
    assert (private == 3).all()
    assert not is_mapped(private)
    assert not is_mapped(np.arange(3))


HOLD = """
    import sys, time
    from pathlib import Path
    from collapse_stats.system.atomic_directory import new_directory
    with new_directory(Path(sys.argv[1])) as folder:
        (folder / "part").write_text("half")
        print(folder, flush=True)
        time.sleep(60)
"""


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_holds_is_not(tmp_path):
    killed, living = (child(HOLD, tmp_path / name) for name in ("killed", "living"))
    left, held = (Path(p.stdout.readline().strip()) for p in (killed, living))
    try:
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        assert left.exists()
        other = tmp_path / ".hidden.collapse"  # belongs to another program
        other.mkdir()
        with new_directory(tmp_path / "next") as folder:
            assert not left.exists()
            remove_abandoned(tmp_path)
            assert held.exists()
            assert folder.exists()
        assert sorted(tmp_path.iterdir()) == sorted([other, held, tmp_path / "next"])
        living.send_signal(signal.SIGINT)  # Ctrl-C
        living.wait()
        assert not held.exists()
    finally:
        for process in (killed, living):
            process.kill()
            process.communicate()


def test_the_command_cleans_up_when_it_starts(tmp_path):
    text = tmp_path / "corpus.jsonl"
    text.write_text('{"text": "one two three"}\n' * 200)
    process = child(HOLD, tmp_path / "killed")
    left = Path(process.stdout.readline().strip())
    process.kill()
    process.communicate()
    assert left.exists()
    command = [sys.executable, "-m", "collapse_stats", "profile", str(text), "-o"]
    subprocess.run([*command, str(tmp_path / "p")], check=True, capture_output=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["corpus.jsonl", "p"]


def test_processes_that_write_and_clean_at_once_do_not_disturb_each_other(tmp_path):
    code = """
        import sys
        from pathlib import Path
        from collapse_stats.system.atomic_directory import new_directory
        for i in range(40):
            with new_directory(Path(sys.argv[1]) / f"{sys.argv[2]}-{i}") as folder:
                (folder / "part").write_text("whole")
    """
    writers = [child(code, tmp_path, name) for name in "abcd"]
    for writer in writers:
        _, errors = writer.communicate()
        assert writer.returncode == 0, errors
    written = list(tmp_path.iterdir())
    assert len(written) == 160
    assert all((folder / "part").read_text() == "whole" for folder in written)


def limit_file_size(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


FULL = """
    import sys
    from collapse_stats.cli import main
    sys.argv[0] = "collapse-stats"
    main()
"""


def test_a_full_disk_says_how_much_the_profile_needed(tmp_path):
    path = stream(tmp_path / "tokens.bin", 1 << 20)
    command = [FULL, "profile", path, "--dtype", "u16", "--vocab-size", VOCAB, "-o"]
    whole = child(*command, tmp_path / "whole")
    whole.communicate()
    assert whole.returncode == 0
    size = sum(file.stat().st_size for file in (tmp_path / "whole").iterdir())

    process = child(*command, tmp_path / "cut", preexec_fn=lambda: limit_file_size(200_000))
    _, errors = process.communicate()
    assert process.returncode == 2
    assert "no room for" in errors
    assert "bytes are needed" in errors
    assert sorted(p.name for p in tmp_path.iterdir()) == ["tokens.bin", "whole"]
    assert size > 200_000


def test_the_need_for_room_is_estimated_from_what_is_written(tmp_path):
    def fill():
        with new_directory(tmp_path / "p", lambda: 0.25) as folder:
            (folder / "part").write_bytes(bytes(1000))
            raise OSError(28, "No space left on device")

    with pytest.raises(InputError, match="about 4,000 bytes are needed"):
        fill()
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_says_how_much_the_tokens_needed(tmp_path):
    code = """
        import numpy as np, sys
        from collapse_stats.errors import InputError
        from collapse_stats.corpus.load import TokenStore
        store = TokenStore(0, sys.argv[1])
        tokens = np.zeros(1 << 22, dtype=np.uint16)
        ends = np.array([0]), np.array([1 << 22])
        store.append(tokens, *ends, 0.25)
        try:
            store.append(tokens, *ends, 0.5)
        except InputError as error:
            print(error)
    """
    message = output_of(code, tmp_path, preexec_fn=lambda: limit_file_size(12 << 20))
    about = int(re.search(r"about ([\d,]+) bytes are needed there", message)[1].replace(",", ""))
    assert 0 <= about - 4 * (8 << 20) < 1000  # tokens, and bounds of two documents
    assert list(tmp_path.iterdir()) == []


def test_spilled_tokens_leave_no_file(tmp_path):
    store = TokenStore(0, tmp_path)
    tokens = np.arange(1 << 22, dtype=np.uint32)
    store.append(tokens, np.array([0]), np.array([1 << 22]))
    (segment,) = store.segments()
    assert np.array_equal(segment.tokens, tokens)
    assert all(is_mapped(array) for array in (segment.tokens, *segment.bounds.arrays))
    assert list(tmp_path.iterdir()) == []
