"""A side without a token, and a file most of whose lines have no document, are errors."""

import json
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from reader_helpers import write, write_lines
from record_files import write_arrow_stream

import collapse_stats as cs
from collapse_stats.cli.group import program
from collapse_stats.errors import InputError

BYTES = ("--tokenizer", "bytes", "--backend", "numpy")


def run(*args: object, code: int) -> Result:
    result = CliRunner().invoke(program, [str(arg) for arg in args])
    assert result.exit_code == code, (result.stdout, result.stderr, result.exception)
    return result


def last_line(result: Result) -> str:
    return result.stderr.strip().splitlines()[-1]


NOTHING: dict[str, tuple[str, Any]] = {
    "empty file": ("a.jsonl", b""),
    "blank lines": ("a.jsonl", b"\n \n\n"),
    "empty array": ("a.json", b"[]"),
    "empty objects": ("a.jsonl", b"{}\n{}\n"),
    "null texts": ("a.jsonl", [{"text": None}] * 3),
    "empty texts": ("a.jsonl", [{"text": ""}] * 3),
    "empty lists of texts": ("a.jsonl", [{"text": []}] * 3),
    "numbers": ("a.jsonl", [{"text": 1}] * 3),
    "lists of numbers": ("a.jsonl", [{"text": [1, 2]}] * 3),
    "objects": ("a.jsonl", [{"text": {"a": 1}}] * 3),
    "not JSON": ("a.jsonl", b"some words\nand more\n"),
    "no turns": ("a.jsonl", [{"messages": []}] * 3),
    "texts that are no chat": ("a.jsonl", [{"messages": "hi"}] * 3),
    "lists that are no chat": ("a.jsonl", [{"messages": ["hi", "yo"]}] * 3),
    "turns without roles": ("a.jsonl", [{"messages": [{"content": "hi"}]}] * 3),
    "turns without words": ("a.jsonl", [{"messages": [{"role": "user", "content": None}]}] * 3),
    "empty ids": ("a.jsonl", [{"input_ids": []}] * 3),
    "null ids": ("a.jsonl", [{"input_ids": [None]}] * 3),
    "fractions": ("a.jsonl", [{"input_ids": [0.5]}] * 3),
    "masked": ("a.jsonl", [{"input_ids": [1], "attention_mask": [0]}] * 3),
    "masks of another length": ("a.jsonl", [{"input_ids": [1], "attention_mask": [1, 1]}] * 3),
    "null column": ("a.parquet", pa.table({"text": pa.nulls(3)})),
    "null strings": ("a.parquet", pa.table({"text": pa.nulls(3, pa.string())})),
    "no rows": ("a.parquet", pa.table({"text": pa.nulls(0, pa.string())})),
    "null lists": ("a.parquet", pa.table({"input_ids": pa.nulls(3, pa.list_(pa.int32()))})),
    "null chats": ("a.arrow", pa.table({"messages": pa.nulls(3)})),
    "empty lists": ("a.arrow", pa.table({"text": [[], []]})),
    "JSON objects": ("a.arrow", pa.table({"text": pa.array(['{"a": 1}'] * 2, pa.json_())})),
    "damaged JSON": ("a.arrow", pa.table({"text": pa.array(['"a'] * 2, pa.json_())})),
}


def written(folder: Path, name: str, content: Any) -> Path:
    if isinstance(content, bytes):
        return write(folder / name, content)
    if isinstance(content, list):
        return write_lines(folder / name, content)
    if name.endswith(".parquet"):
        pq.write_table(content, folder / name)
        return folder / name
    return write_arrow_stream(folder, content)


@pytest.mark.parametrize(("name", "content"), NOTHING.values(), ids=NOTHING)
def test_a_side_without_a_token(name: str, content: Any, tmp_path: Path) -> None:
    path = written(tmp_path, name, content)
    with pytest.raises(InputError, match=rf"{re.escape(name)}.*: .*[a-z]"):
        cs.profile(str(path), tokenizer=None if "ids" in str(content)[:40] else "bytes")
    good = write_lines(tmp_path / "good.jsonl", [{"text": "one two three"}] * 9)
    for args in (
        ("profile", path, "-o", tmp_path / "out.profile"),
        ("show", path),
        ("compare", good, path, "--fail-on", "js_1 > 2"),
        ("compare", path, good, "--fail-on", "js_1 > 2"),
        ("compare", good, path, "--skip-bad", "--fail-on", "js_1 > 2"),
    ):
        result = run(*args, *BYTES, code=2)
        assert last_line(result).startswith("collapse-stats: error: ")
        assert name in last_line(result)
        assert "Traceback" not in result.output
    assert not (tmp_path / "out.profile").exists()


def mostly_bad(folder: Path, bad: int, good: int, kind: str) -> Path:
    """A file of some lines or rows without a document, the others with one."""
    texts = [None] * bad + ["a b c"] * good
    if kind == "parquet":
        pq.write_table(pa.table({"text": pa.array(texts, pa.string())}), folder / "bad.parquet")
        return folder / "bad.parquet"
    if kind == "arrow":
        return write_arrow_stream(folder, pa.table({"text": pa.array(texts, pa.string())}))
    if kind == "array":
        return write(folder / "bad.json", json.dumps([{"text": text} for text in texts]).encode())
    lines = ["{bad" if text is None else json.dumps({"text": text}) for text in texts]
    return write(folder / "bad.jsonl", "\n".join(lines).encode())


KINDS = ["lines", "array", "parquet", "arrow"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_is_mostly_bad(kind: str, tmp_path: Path) -> None:
    for bad, good in ((5, 5), (4, 6), (0, 10)):
        path = mostly_bad(tmp_path, bad, good, kind)
        assert cs.profile(str(path), tokenizer="bytes").documents == good
        assert run("show", path, *BYTES, code=0)
    path = mostly_bad(tmp_path, 6, 5, kind)
    with pytest.raises(InputError, match="6 of its lines or rows have no document, and only 5"):
        cs.profile(str(path), tokenizer="bytes")
    result = run("compare", path, path, "--fail-on", "js_1 > 2", *BYTES, code=2)
    assert "6 of its lines or rows have no document" in last_line(result)
    assert path.name in last_line(result)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_is_mostly_bad_among_others(kind: str, tmp_path: Path) -> None:
    """It is left out as a whole, and listed; the others are counted with all their documents."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    bad = mostly_bad(folder, 6, 5, kind)
    first, last = ["first one", "é"], ["the last"] * 3
    write_lines(folder / "a-first.jsonl", [{"text": text} for text in first])
    write_lines(folder / "z-last.jsonl", [{"text": text} for text in last])
    expected = sum(len(text.encode()) for text in first + last)
    corpus = cs.profile(str(folder), tokenizer="bytes", skip_bad=True)
    assert (corpus.documents, corpus.tokens) == (5, expected)
    alone = [str(folder / "a-first.jsonl"), str(folder / "z-last.jsonl")]
    assert corpus.top(2) == cs.profile(alone, tokenizer="bytes").top(2)
    with pytest.raises(InputError, match="6 of its lines"):
        cs.profile(str(folder), tokenizer="bytes")
    for flags, code in ((("--skip-bad",), 0), ((), 2)):
        result = run("show", folder, "--json", *flags, *BYTES, code=code)
        report = json.loads(result.stdout)["corpora"][0]
        assert report["documents"] == 5
        assert report["tokens"] == expected
        assert [each["path"] for each in report["unreadable"]] == [str(bad)]
        assert "none of it is counted" in report["unreadable"][0]["error"]


@pytest.mark.parametrize("flags", [(), ("--skip-bad",)])
def test_only_bad_files(flags: tuple[str, ...], tmp_path: Path) -> None:
    """A side that is left empty is an error all the same."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    mostly_bad(folder, 6, 5, "lines")
    mostly_bad(folder, 3, 1, "parquet")
    good = write_lines(tmp_path / "good.jsonl", [{"text": "one two three"}] * 9)
    for args in (("show", folder), ("compare", good, folder, "--fail-on", "js_1 > 2")):
        result = run(*args, *flags, *BYTES, code=2)
        assert last_line(result).startswith("collapse-stats: error: ")
    with pytest.raises(InputError):
        cs.profile(str(folder), tokenizer="bytes", skip_bad=bool(flags))


@pytest.mark.parametrize(
    "source",
    [
        [],
        iter([]),
        [""],
        ["", ""],
        {},
        [{}],
        [{"text": None}],
        [{"text": None}, {"text": None}, {"text": "a"}],
        [None],
        [None, None, "a"],
        {"input_ids": []},
        {"input_ids": [[]]},
        [[]],
        pa.table({"text": pa.nulls(2, pa.string())}),
        {"messages": []},
        [{"messages": []}],
    ],
)
def test_nothing_in_memory(source: Any) -> None:
    with pytest.raises(InputError):
        cs.profile(source, tokenizer="bytes")
    with pytest.raises(InputError):
        cs.compare(["a good text", "and another"], source, tokenizer="bytes")


@pytest.mark.parametrize("threads", [1, 4])
def test_files_without_a_document_beside_others_are_named(tmp_path: Path, threads: int) -> None:
    for name in ("a", "d", "g"):
        write_lines(tmp_path / f"{name}.jsonl", [{"text": "one"}] * 2)
    pq.write_table(pa.table({"text": pa.nulls(0, pa.string())}), tmp_path / "b.parquet")
    write(tmp_path / "c.jsonl", b"")
    write(tmp_path / "e.jsonl", b'{"text": null}\n')
    write(tmp_path / "f.jsonl", b"{bad\n" * 3)
    write(tmp_path / "z.json", b"[]")
    result = run("show", tmp_path, *BYTES, "--json", "--threads", threads, code=2)
    (corpus,) = json.loads(result.stdout)["corpora"]
    assert corpus["documents"] == 6
    assert "files without a document: 3 (b.parquet, c.jsonl, z.json)" in corpus["warnings"]
    assert {Path(each["path"]).name for each in corpus["unreadable"]} == {"e.jsonl", "f.jsonl"}
    result = run("show", tmp_path, *BYTES, "--limit-documents", 2, code=0)
    assert "without a document" not in result.stderr
