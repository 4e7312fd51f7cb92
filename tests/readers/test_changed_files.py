"""Files that are written to between the time they are opened and the end of counting."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from reader_helpers import write_lines
from shard_writers import datatrove, llmc, megatron

from collapse_stats.backends.options import CountOptions
from collapse_stats.backends.selection import select
from collapse_stats.corpus.corpus import Corpus
from collapse_stats.corpus.load import read_corpus
from collapse_stats.errors import InputError
from collapse_stats.ngrams.layout import Layout
from collapse_stats.profiles.build import profile_corpus
from collapse_stats.readers.open import open_file
from collapse_stats.readers.options import ReadOptions
from collapse_stats.system import file_state
from collapse_stats.system.file_state import FileState, state_of

IDS = list(range(5000)) * 100
COUNTING = CountOptions(max_order=2, memory="1GB")
native = pytest.mark.skipif("COLLAPSE_STATS_PURE" in os.environ, reason="only the core is guarded")


def npy(path: Path) -> Path:
    np.save(path.with_suffix(".npy"), np.array(IDS, dtype=np.uint16))
    return path.with_suffix(".npy")


MAPPED: list[Callable[[Path], Path]] = [
    npy,
    lambda path: llmc(path.with_suffix(".bin"), IDS),
    lambda path: megatron(path.with_suffix(".bin"), [[IDS[:1000]] * 300]),
    lambda path: datatrove(path.with_suffix(".ds"), [IDS[:1000]] * 300),
]


def wait_for_the_clock(path: Path) -> None:
    """Wait until a change would get another time, as files that are older than this have."""
    while time.time_ns() - path.stat().st_mtime_ns < 20_000_000:
        time.sleep(0.002)


def mapped(path: Path) -> Corpus:
    corpus = read_corpus(path, counting=COUNTING)
    wait_for_the_clock(path)
    return corpus


def cut(path: Path) -> None:
    os.truncate(path, 5000)


def overwrite(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(2000)
        file.write(b"\xff" * 400_000)


def replace(path: Path) -> None:
    path.with_suffix(".new").write_bytes(path.read_bytes())
    path.with_suffix(".new").rename(path)


@native
@pytest.mark.parametrize("change", [cut, overwrite, replace])
@pytest.mark.parametrize("make", MAPPED)
def test_a_mapped_file_that_changes_before_it_is_counted(
    tmp_path: Path, make: Callable[[Path], Path], change: Callable[[Path], None]
) -> None:
    path = make(tmp_path / "corpus")
    corpus = mapped(path)
    change(path)
    with pytest.raises(InputError, match=f"{path}: changed while it was read"):
        profile_corpus(corpus, counting=COUNTING)
    with pytest.raises(InputError, match=f"{path}: changed while it was read"):
        corpus.sample(1000)


@pytest.mark.parametrize("change", [overwrite, replace])
@pytest.mark.parametrize("backend", ["native", "numpy"])
def test_a_change_while_it_is_counted_is_noticed_at_the_end(
    tmp_path: Path, change: Callable[[Path], None], backend: str
) -> None:
    if backend == "native" and "COLLAPSE_STATS_PURE" in os.environ:
        pytest.skip("COLLAPSE_STATS_PURE is set: there is no compiled module to test")
    path = npy(tmp_path / "corpus")
    corpus = mapped(path)

    def chunks():
        for chunk in corpus.chunks():
            change(path)
            yield chunk

    with pytest.raises(InputError, match=f"{path}: changed while it was read"):
        select(backend).count(chunks(), Layout(corpus.vocab_size, 2, 2))


def test_a_mapped_file_that_is_removed_can_be_counted(tmp_path: Path) -> None:
    path = npy(tmp_path / "corpus")
    expected = profile_corpus(mapped(path), counting=COUNTING).spectrum(2)
    corpus = mapped(path)
    path.unlink()
    assert profile_corpus(corpus, counting=COUNTING).spectrum(2) == expected


def grow_on_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the file grow after its reader has been opened."""
    whole = file_state.change

    def change(name: str, before: FileState) -> InputError | None:
        with path.open("ab") as file:
            file.write(b"{}\n")
        return whole(name, before)

    monkeypatch.setattr(file_state, "change", change)


def json_lines(path: Path) -> Path:
    return write_lines(path.with_suffix(".jsonl"), [{"text": "some words " * 50}] * 1000)


def packed(path: Path) -> Path:
    return write_lines(
        path.with_suffix(".jsonl.gz"), [{"text": f"words {i}"} for i in range(99999)]
    )


def arrow(path: Path) -> Path:
    table = pa.table({"text": ["some words"] * 1000})
    with pa.ipc.new_file(str(path.with_suffix(".arrow")), table.schema) as out:
        out.write_table(table)
    return path.with_suffix(".arrow")


@pytest.mark.parametrize("make", [json_lines, packed, arrow])
def test_a_file_that_grows_while_it_is_read(
    tmp_path: Path, make: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make(tmp_path / "corpus")
    wait_for_the_clock(path)
    grow_on_read(path, monkeypatch)
    with pytest.raises(InputError, match=f"{path}: changed while it was read .*has .* now"):
        read_corpus(path, counting=COUNTING)


def test_of_several_files_only_the_one_that_grows_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "corpus"
    folder.mkdir()
    steady, growing = json_lines(folder / "a"), json_lines(folder / "b")
    wait_for_the_clock(growing)
    grow_on_read(growing, monkeypatch)
    corpus = read_corpus(folder, reading=ReadOptions(skip_bad=True), counting=COUNTING)
    assert corpus.documents == 1000
    assert [source.path for source in corpus.sources if source.error] == [str(growing)]
    assert any(str(growing) in warning for warning in corpus.warnings)
    assert steady.exists()


@pytest.mark.parametrize("ending", [".bin", ".idx"])
def test_an_index_that_changes_is_named(
    tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = megatron(tmp_path / "a.bin", [[IDS[:1000]] * 3])
    assert read_corpus(path.with_suffix(ending), counting=COUNTING).tokens == 3000
    index = path.with_suffix(".idx")
    wait_for_the_clock(index)
    grow_on_read(index, monkeypatch)
    with pytest.raises(InputError, match=f"{index}: changed while it was read"):
        read_corpus(path.with_suffix(ending), counting=COUNTING)


def test_what_is_no_regular_file_has_no_state(tmp_path: Path) -> None:
    assert state_of(Path(os.devnull).stat()) is None
    path = json_lines(tmp_path / "a")
    reader = open_file(path)
    assert reader.change() is None
    path.unlink()
    assert reader.change() is None


@native
def test_what_a_file_loses_reads_as_zeros_and_is_known(tmp_path: Path) -> None:
    from collapse_stats.backends.mapping import map_file

    path = tmp_path / "ids"
    path.write_bytes(b"\1" * (1 << 20))
    maps = [map_file(path, 1 << 20) for _ in range(3)]
    first, second = np.asarray(maps[0]), np.asarray(maps[1])
    os.truncate(path, 1 << 12)
    assert first[0] == 1
    assert not first[-1]
    assert not second[1 << 13 :].any()
    os.truncate(path, 1 << 20)
    for mapping in maps:
        error = mapping.change()
        assert error is not None
        assert str(path) in str(error)


@native
@pytest.mark.parametrize("handler", ["faulthandler.enable()", ""])
def test_other_bus_errors_still_end_the_process(tmp_path: Path, handler: str) -> None:
    import signal
    import subprocess
    import sys

    path = tmp_path / "ids"
    path.write_bytes(b"\1" * 8192)
    program = f"""
import faulthandler, mmap, os
import numpy as np
from collapse_stats.backends.mapping import map_file
{handler}
mine = np.asarray(map_file({str(path)!r}, 8192))
with open({str(path)!r}, "rb") as file:
    theirs = mmap.mmap(file.fileno(), 8192, access=mmap.ACCESS_READ)
os.truncate({str(path)!r}, 0)
assert not mine.any()
theirs[5000]
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert done.returncode == -signal.SIGBUS, done.stderr
    assert (b"Fatal Python error: Bus error" in done.stderr) == bool(handler)
