"""Readers of text, JSON lines and memory, discovery and inspection, against independent code."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reader_helpers import documents, split_at, write, write_lines

from collapse_stats.errors import InputError
from collapse_stats.readers.discover import discover
from collapse_stats.readers.formats import jsonl as jsonl_module
from collapse_stats.readers.formats import text as text_module
from collapse_stats.readers.in_memory.open import open_memory
from collapse_stats.readers.inspect import inspect
from collapse_stats.readers.open import open_file
from collapse_stats.readers.options import ReadOptions
from collapse_stats.tokenizers import load

ON_A_PATH = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


# --- JSON lines ---------------------------------------------------------------------------------

TEXTS = ["The cat sat.", "", "naïve 日本 😀", 'quoted "\\ \u2028 \t', "a\nb\n", "x" * 5000]


@pytest.mark.parametrize("ending", [".jsonl", ".ndjson", ".json", ".jsonl.gz", ".jsonl.zst", ".gz"])
def test_jsonl_text(tmp_path: Path, ending: str) -> None:
    path = write_lines(tmp_path / f"a{ending}", [{"id": i, "text": t} for i, t in enumerate(TEXTS)])
    reader = open_file(path)
    assert (reader.format, reader.kind, reader.dtype) == ("jsonl", "text", None)
    assert documents(reader) == TEXTS
    assert documents(reader) == TEXTS  # a file can be read again
    assert reader.warnings == []


@ON_A_PATH
@given(st.lists(st.lists(st.integers(0, 9), max_size=5)), st.sampled_from([None, 3]))
def test_jsonl_ids(tmp_path: Path, rows: list[list[int]], eot: int | None) -> None:
    path = write_lines(tmp_path / "a.jsonl", [{"input_ids": row} for row in rows])
    expected = [part for row in rows for part in (split_at(row, eot) or [[]])]
    assert documents(open_file(path, ReadOptions(ids_key="input_ids", eot=eot))) == expected


@pytest.mark.parametrize("size", [1, 16, 1 << 12])
@pytest.mark.parametrize("ending", [".jsonl", ".jsonl.gz"])
def test_jsonl_blocks_do_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, ending: str
) -> None:
    path = write_lines(tmp_path / f"a{ending}", [{"text": text} for text in TEXTS * 3])
    monkeypatch.setattr(jsonl_module, "BATCH_BYTES", size)
    reader = open_file(path)
    assert len(list(reader.batches())) > 1
    assert documents(reader) == TEXTS * 3


TWO = '{"text": "a"} {"text": "b"}'  # files joined without the end of a line between them


@ON_A_PATH
@given(st.data())
def test_jsonl_lines_are_taken_as_json_takes_them(tmp_path: Path, data: st.DataObject) -> None:
    value = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats()
    record = st.dictionaries(st.sampled_from(["text", "b", "c"]), value | st.lists(value))
    good = st.text().map(lambda text: json.dumps({"b": [{}], "text": text}, ensure_ascii=False))
    raw = st.sampled_from(["{", "{}", TWO, '{"text":"\\ud800"}', " ", "1"])
    lines = data.draw(st.lists(good | record.map(json.dumps) | raw))
    lines = [
        '{"text": "first"}',
        *(line for line in lines if "\n" not in line and "\r" not in line),
    ]
    expected = []
    for line in lines:
        if line == TWO:
            expected += ["a", "b"]
            continue
        try:
            found = json.loads(line)
        except ValueError:
            continue
        text = found.get("text") if isinstance(found, dict) else None
        texts = text if isinstance(text, list) else [text]
        present = [each for each in texts if each is not None and each == each]  # not NaN
        if all(isinstance(each, str) for each in present):
            expected += present
    path = tmp_path / "a.jsonl"
    path.write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))
    assert documents(open_file(path)) == expected


def test_jsonl_reports_bad_lines_and_uses_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    lines = [
        b'{"text": "one"}',
        b'{"text": "two"',
        b"",
        b'{"other": 1}',
        b'{"text": 7}',
        b'{"text": "f\xffour"}',
        b'{"text": null}',
    ]
    path.write_bytes(b"\n".join(lines))
    reader = open_file(path)
    assert documents(reader) == ["one", "f\ufffdour"]
    bad, without, replaced = reader.warnings
    assert "bad lines skipped: 1 (first: line 2:" in bad
    assert "lines without a document skipped: 3 (first: line 4: no 'text')" in without
    assert "1 " in replaced
    assert "line 6" in replaced
    documents(reader)
    assert len(reader.warnings) == 3  # of the last pass only


def test_jsonl_ids_that_are_not_ids(tmp_path: Path) -> None:
    rows: list[Any] = [[1], [1.5], [True], "12", [None], [2**63], [[1]], [2, -1]]
    path = write_lines(tmp_path / "a.jsonl", [{"tokens": row} for row in rows])
    reader = open_file(path)
    assert documents(reader) == [[1], [1], [2, -1]]  # [[1]] is a batch of one
    assert "lines without a document skipped: 5 " in reader.warnings[0]


def test_jsonl_keys(tmp_path: Path) -> None:
    record = {"content": "c", "text": "t", "body": "b", "tokens": [1], "mine": [2]}
    path = write_lines(tmp_path / "a.jsonl", [record])
    assert documents(open_file(path)) == ["t"]
    assert documents(open_file(path, ReadOptions(text_key="body"))) == ["b"]
    assert documents(open_file(path, ReadOptions(ids_key="mine"))) == [[2]]
    with pytest.raises(
        InputError, match=r"key 'nope'.*body \(text\), .*mine \(a list of numbers\)"
    ):
        open_file(path, ReadOptions(text_key="nope"))


def test_jsonl_that_is_not(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"not JSON lines.*line 1.*one a line"):
        open_file(write(tmp_path / "a.json", b'"text": "a"\n'))
    assert documents(open_file(write(tmp_path / "empty.jsonl", b""))) == []
    bom = write(tmp_path / "bom.jsonl", b'\xef\xbb\xbf{"text": "a"}\r\n')
    assert documents(open_file(bom)) == ["a"]
    with pytest.raises(InputError, match="UTF-16"):
        open_file(write(tmp_path / "b.jsonl", '{"text": "a"}'.encode("utf-16")))


@pytest.mark.parametrize("ending", [".gz", ".zst"])
@pytest.mark.parametrize("kept", [0.5, 0.999])
def test_truncated_compression(tmp_path: Path, ending: str, kept: float) -> None:
    rng = np.random.default_rng(1)
    records = [{"text": rng.bytes(300).hex()} for _ in range(20_000)]
    path = write_lines(tmp_path / f"a.jsonl{ending}", records)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])
    with pytest.raises(InputError, match=r"a\.jsonl.*cut short; [\d,]+ bytes of content"):
        documents(open_file(path))


def test_zstandard_windows(tmp_path: Path) -> None:
    zstandard = pytest.importorskip("zstandard")
    data = b"".join(b'{"text": "%d"}\n' % i for i in range(1000))
    for window_log in (27, 28):
        parameters = zstandard.ZstdCompressionParameters(
            window_log=window_log, write_content_size=0
        )
        stream = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
        path = tmp_path / f"{window_log}.jsonl.zst"
        path.write_bytes(stream.compress(data) + stream.flush())
    assert len(documents(open_file(tmp_path / "27.jsonl.zst"))) == 1000
    with pytest.raises(InputError, match=r"at most 128 MiB.*--long=31"):
        open_file(tmp_path / "28.jsonl.zst")


# --- text ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("ending", [".txt", ".md", ".txt.gz", ".txt.zst"])
def test_text(tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "Übung\r\n\nzwei\u2028drei\n"
    path = write(tmp_path / f"a{ending}", b"\xef\xbb\xbf" + text.encode())
    assert documents(open_file(path)) == [text]
    for size in (5, 1 << 20):
        monkeypatch.setattr(text_module, "BATCH_BYTES", size)
        lines = documents(open_file(path, ReadOptions(doc_per_line=True)))
        assert lines == ["Übung", "", "zwei\u2028drei"]
    assert documents(open_file(write(tmp_path / "empty.txt", b""))) == [""]


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_json_lines_that_are_named_text_are_doubted(tmp_path: Path, ending: str) -> None:
    line = b'{"text": "one"}\n'
    reader = open_file(write(tmp_path / f"a.txt{ending}", line * 3))
    assert documents(reader) == ['{"text": "one"}\n' * 3]
    assert "begins with a JSON object, which is counted as text" in reader.warnings[0]
    for content in (b'{"text": ', b"{a}\n", b"{" * 9999 + b"\n", b" " + line, b'["a"]\n'):
        assert open_file(write(tmp_path / f"b.txt{ending}", content)).warnings == []


def test_text_that_is_not_utf8(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", b"caf\xe9 \xef\xbf\xbd ok \xff")
    reader = open_file(path)
    assert documents(reader) == ["caf\ufffd \ufffd ok \ufffd"]
    assert "not UTF-8 replaced by U+FFFD: 2 " in reader.warnings[0]


# --- in memory ----------------------------------------------------------------------------------


def test_memory_arrays() -> None:
    array = np.arange(6, dtype=np.int32)
    for source in (array, array.tolist(), array.astype(np.uint8)):
        assert documents(open_memory(source, ReadOptions())) == [[0, 1, 2, 3, 4, 5]]
    assert documents(open_memory(array.reshape(2, 3), ReadOptions())) == [[0, 1, 2], [3, 4, 5]]
    assert documents(open_memory(array, ReadOptions(eot=2))) == [[0, 1], [3, 4, 5]]
    assert documents(open_memory(array[::2], ReadOptions())) == [[0, 2, 4]]
    assert documents(open_memory(np.empty(0, int), ReadOptions())) == [[]]
    view = next(open_memory(array, ReadOptions()).batches()).tokens
    assert np.shares_memory(view, array)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        (["a", "", "b"], ["a", "", "b"]),
        ([{"text": "a", "n": 1}, {"content": "b"}], ["a", "b"]),
        ([{"input_ids": [1, 2]}, {"tokens": np.array([3])}], [[1, 2], [3]]),
        ([np.array([1], np.uint8), [], np.array([[2, 3], [4, 5]])], [[1], [], [2, 3], [4, 5]]),
        ([], []),
        (np.array(["a", "b"]), ["a", "b"]),
    ],
)
def test_memory_iterables(items: Any, expected: list[Any]) -> None:
    reader = open_memory(items, ReadOptions())
    assert documents(reader) == expected
    assert documents(reader) == expected
    once = open_memory(iter(items), ReadOptions())
    assert documents(once) == expected
    with pytest.raises(InputError, match="once"):
        documents(once)


@pytest.mark.parametrize(
    "source", ["text", {"body": "a"}, 7, np.zeros(3), [1.5], [{"body": "a"}], [b"a"]]
)
def test_memory_refusals(source: Any) -> None:
    with pytest.raises((TypeError, InputError)):
        documents(open_memory(source, ReadOptions()))


def test_memory_mixed_items() -> None:
    with pytest.raises(TypeError, match=r"item 1 .*list of numbers, not text"):
        documents(open_memory(["a", [1]], ReadOptions()))


# --- discovery and inspection -------------------------------------------------------------------


def test_discover(tmp_path: Path) -> None:
    names = ["b.txt", "a/z.jsonl.gz", "a/y.parquet", "a.md", ".hidden.txt", ".git/x.txt"]
    names += ["c.txt~", "d.txt.tmp", "e.unknown", "a/dataset_info.json"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    (tmp_path / "broken.txt").symlink_to(tmp_path / "nowhere")
    (tmp_path / "old.profile").mkdir()
    for name in ("manifest.json", "spectra.parquet", "part-00000.parquet"):
        (tmp_path / "old.profile" / name).write_text("{}")
    files = discover([tmp_path])
    assert [str(file.relative_to(tmp_path)) for file in files] == [
        "a/y.parquet",
        "a/z.jsonl.gz",
    ]
    assert [(Path(path).name, reason.name) for path, reason in files.left_out] == [
        (".git", "HIDDEN"),
        (".hidden.txt", "HIDDEN"),
        ("a.md", "BESIDE"),
        ("dataset_info.json", "DESCRIBES"),
        ("loop", "AGAIN"),
        ("b.txt", "BESIDE"),
        ("broken.txt", "BROKEN"),
        ("c.txt~", "TEMPORARY"),
        ("d.txt.tmp", "TEMPORARY"),
        ("e.unknown", "UNKNOWN"),
        ("old.profile", "PROFILE"),
    ]
    # A file given by its own path is left to open_file.
    assert list(discover([tmp_path / "e.unknown"])) == [tmp_path / "e.unknown"]
    with pytest.raises(InputError, match="no such file"):
        discover([tmp_path / "nope"])
    with pytest.raises(InputError, match="expected s3://"):
        discover(["ftp://host/a.jsonl"])
    (tmp_path / "void").mkdir()
    with pytest.raises(InputError, match="no file in this directory"):
        discover([tmp_path / "void"])
    (tmp_path / "void" / "a.unknown").write_bytes(b"")
    with pytest.raises(InputError, match=r"only 1 of no known format \(a\.unknown\)"):
        discover([tmp_path / "void"])


def test_discover_patterns(tmp_path: Path) -> None:
    for name in ("a.bin", "a.idx", "b[1].bin", "c/d.bin", "c/e.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")

    def found(pattern: str) -> list[str]:
        return [str(path.relative_to(tmp_path)) for path in discover([tmp_path / pattern])]

    assert found("*.bin") == ["a.bin", "b[1].bin"]
    assert found("a.*") == ["a.bin"]  # its index describes it
    assert found("b[1].bin") == ["b[1].bin"]  # an existing file is not a pattern
    assert found("**/*.bin") == ["a.bin", "b[1].bin", "c/d.bin"]
    assert found("?") == ["c/d.bin"]  # as if the folder had been named
    assert found("c/e*") == ["c/e.txt"]
    assert found("c/*") == ["c/d.bin"]
    assert found("a.idx") == ["a.idx"]
    with pytest.raises(InputError, match="no file matches"):
        found("*.parquet")


def test_a_pattern_of_folders_gives_no_file_twice(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    for name in ("x.txt", "a/y.txt", "a/b/z.txt", "a/b/.h.txt"):
        (tmp_path / name).write_bytes(b"x")
    names = [path.name for path in discover([f"{tmp_path}/**"])]
    assert sorted(names) == ["x.txt", "y.txt", "z.txt"]


def test_discover_leaves_out_what_describes_shards(tmp_path: Path) -> None:
    names = ["m.bin", "m.idx", "o.npy", "o.csv.gz", "d.ds", "d.ds.index", "d.ds.metadata"]
    names += ["s.mds", "s.mds.zstd", "t.mds.zstd", "index.json", "state.json", "lone.idx"]
    for name in names:
        (tmp_path / name).write_bytes(b"")
    files = discover([tmp_path])
    assert [path.name for path in files] == ["d.ds", "m.bin", "o.npy", "s.mds", "t.mds.zstd"]
    assert [Path(name).name for name in files.skipped] == ["lone.idx", "s.mds.zstd"]


def test_inspect(tmp_path: Path) -> None:
    path = write(tmp_path / "a.bin", struct.pack("<6H", 5, 6, 9, 9, 7, 9))
    found = inspect(path, ReadOptions(dtype="u16", eot=9))
    assert (found.tokens, found.documents, found.max_id, found.boundary_ids) == (3, 2, 9, {9: 3})
    assert (found.format, found.dtype, found.vocab_size) == ("flat", "uint16", None)
    assert found.warnings == []
    cut = write(tmp_path / "cut.bin", struct.pack("<5H", 5, 6, 9, 9, 7))
    assert "cut across files" in inspect(cut, ReadOptions(dtype="u16", eot=9)).warnings[0]
    lines = write_lines(tmp_path / "a.jsonl", [{"text": "né"}, {"text": ""}])
    assert (inspect(lines).tokens, inspect(lines).documents, inspect(lines).max_id) == (
        None,
        2,
        None,
    )
    found = inspect(lines, tokenizer=load("bytes"))
    assert (found.tokens, found.max_id, found.vocab_size) == (3, 0xC3, 256)
    np.save(tmp_path / "a.npy", np.array([[1, -2], [3, 4]]))
    found = inspect(tmp_path / "a.npy", ReadOptions(vocab_size=4))
    assert "smallest is -2" in found.warnings[0]
    assert "largest id, 4" in found.warnings[1]
