"""CSV and TSV: rows are documents as Python's csv module reads them."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reader_helpers import documents, write

import collapse_stats as cs
from collapse_stats.errors import InputError
from collapse_stats.readers.formats import csv as csv_module
from collapse_stats.readers.open import open_file
from collapse_stats.readers.options import ReadOptions

MANY = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
FIELDS = st.text(alphabet="ab ,;\t|\"'\n\r\\é界", max_size=12)
ENDS = st.sampled_from(["\n", "\r\n"])
BLOCKS = st.sampled_from([1, 3, 7, 64, 1 << 19])  # bytes that are read at a time


def written(rows: list[list[Any]], **options: Any) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, **options).writerows(rows)
    return out.getvalue().encode()


@MANY
@given(
    st.lists(st.tuples(FIELDS, FIELDS, FIELDS), min_size=1, max_size=12),
    ENDS,
    BLOCKS,
    st.booleans(),
)
def test_any_table_that_is_quoted(
    tmp_path: Path, rows: list[tuple[str, str, str]], end: str, block: int, mark: bool
) -> None:
    """Quoted fields hold anything, and an empty one is an empty document."""
    table = [["id", "text", "more"], *map(list, rows)]
    data = written(table, lineterminator=end, quoting=csv.QUOTE_ALL)
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xef\xbb\xbf" * mark + data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_module, "BATCH_BYTES", block)
        assert documents(open_file(path)) == [text for _, text, _ in rows]


@MANY
@given(
    # What it writes of a carriage return that is not quoted ends a row.
    st.lists(
        st.tuples(FIELDS.filter(lambda field: "\r" not in field), FIELDS), min_size=1, max_size=12
    ),
    ENDS,
    BLOCKS,
    st.sampled_from(",;\t|"),
)
def test_any_table_as_csv_writes_it(
    tmp_path: Path, rows: list[tuple[str, str]], end: str, block: int, delimiter: str
) -> None:
    """Fields are quoted where they must be; an empty field is null and left out."""
    table = [["id", "text"], *([str(i), text] for i, (text, _) in enumerate(rows))]
    path = tmp_path / "a.csv"
    path.write_bytes(written(table, lineterminator=end, delimiter=delimiter))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_module, "BATCH_BYTES", block)
        reader = open_file(path)
        assert documents(reader) == [text for text, _ in rows if text]
    empty = sum(not text for text, _ in rows)
    assert [f"null texts skipped: {empty} " in warning for warning in reader.warnings] == (
        [True] if empty else []
    )


PLAIN = st.text(alphabet='ab" é界', max_size=8).filter(lambda field: not field.startswith('"'))


@MANY
@given(st.lists(st.lists(PLAIN, min_size=1, max_size=4), min_size=3, max_size=20), BLOCKS)
def test_rows_of_another_length_are_left_out(
    tmp_path: Path, rows: list[list[str]], block: int
) -> None:
    """Quotation marks within a field that is not quoted are part of it."""
    lines = ["n,text", *(",".join(row) for row in rows)]
    path = tmp_path / "a.csv"
    path.write_text("\n".join(lines))
    parsed = [row for row in csv.reader(lines[1:]) if row]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(csv_module, "BATCH_BYTES", block)
        reader = open_file(path)
        assert documents(reader) == [row[1] for row in parsed if len(row) == 2 and row[1]]
    bad = [row for row in parsed if len(row) != 2]
    found = [line for line in reader.warnings if "more or fewer fields than the first" in line]
    assert bool(bad) == bool(found)
    if bad:
        first = 2 + next(i for i, line in enumerate(lines[1:]) if line and line.count(",") != 1)
        assert f": {len(bad):,} (first: line {first}: {len(bad[0])}, not 2)" in found[0]


@MANY
@given(st.lists(st.none() | FIELDS.filter(lambda field: "\r" not in field), min_size=1))
def test_what_pandas_writes(tmp_path: Path, texts: list[str | None]) -> None:
    """pandas writes None and an empty text as an empty field, and reads it as NaN."""
    path = tmp_path / "a.csv"
    pd.DataFrame({"text": pd.Series(texts, dtype=object), "n": range(len(texts))}).to_csv(path)
    assert documents(open_file(path)) == [text for text in texts if text]


def test_values_are_texts(tmp_path: Path) -> None:
    values = ["007", "NA", "null", "NaN", "1e5", "True", "2024-01-01", " padded "]
    path = write(tmp_path / "a.csv", "".join(f"{value}\n" for value in ["text", *values]).encode())
    assert documents(open_file(path)) == values


def test_columns(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", b" id , text ,body\n1,one,uno\n2,two,due\n")
    assert documents(open_file(path)) == ["one", "two"]
    assert documents(open_file(path, ReadOptions(text_key="body"))) == ["uno", "due"]
    with pytest.raises(InputError, match=r"'bdy'.*did you mean 'body'"):
        open_file(path, ReadOptions(text_key="bdy"))
    path = write(tmp_path / "b.csv", b"Hello there,1\nYou too,2\n")
    with pytest.raises(InputError, match=r"Hello there.*the first row must hold the names"):
        open_file(path)


def test_columns_of_one_name(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", b"n,n,text\n1,2,one\n")
    assert documents(open_file(path)) == ["one"]
    path = write(tmp_path / "a.csv", b"text,text\none,two\n")
    with pytest.raises(InputError, match=r"expected one column 'text', this file has several"):
        open_file(path)


@pytest.mark.parametrize(
    ("name", "content", "separated"),
    [
        ("a.csv", "id;text, raw;text\n1;a, b;one\n2;c, d;t,wo\n", "by ;"),
        ("a.csv", "id\ttext\n1\tone\n2\tt,wo\n", "by tabs"),
        ("a.csv", "id|text\n1|one\n2|t,wo\n", "by |"),
        ("a.csv", "sep=;\r\nid;text\r\n1;one\r\n2;t,wo\r\n", "by ;"),
        ("a.csv", '"sep=|"\nid|text\n1|one\n2|t,wo\n', "by |"),
        ("a.tsv", "id\ttext\n1\tone\n2\tt,wo\n", "by tabs"),
        ("a.tsv", "text\none\nt,wo\n", "by tabs"),
        ("a.csv", 'text,n\none,1\n"t,wo",2\n', None),
        ("a.csv", 'text,"a;b;c"\none,1\n"t,wo",2\n', None),
        ("a.csv", 'text\none\n"t,wo"\n', None),
    ],
)
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_delimiters(
    tmp_path: Path, name: str, content: str, separated: str | None, ending: str
) -> None:
    reader = open_file(write(tmp_path / (name + ending), content.encode()))
    assert documents(reader) == ["one", "t,wo"]
    assert ("fields separated" in reader.evidence) == (separated is not None)
    assert (separated or "") in reader.evidence


@pytest.mark.parametrize("above", ["\n", "\n\n\n", "\r\n\r\n", "\ufeff\n", "sep=,\n\n", "\n" * 30])
def test_empty_lines_above_the_names_of_the_columns(tmp_path: Path, above: str) -> None:
    path = write(tmp_path / "a.csv", f'{above}"te\nxt",text\n1,one\n2,two\n'.encode())
    assert documents(open_file(path)) == ["one", "two"]


def test_ids_and_chats_as_json(tmp_path: Path) -> None:
    rows = [[1, 2, 3], [], [70_000]]
    table = [["n", "input_ids"], *([i, json.dumps(row)] for i, row in enumerate(rows))]
    path = write(tmp_path / "a.csv", written([*table, [3, "x"], [4, ""]]))
    reader = open_file(path, ReadOptions(ids_key="input_ids"))
    assert documents(reader) == rows
    assert "2 (first: " in reader.warnings[0]
    with pytest.raises(InputError, match="--ids-key"):
        open_file(path)
    masked = written([["input_ids", "attention_mask"], ["[5, 6, 0]", "[1, 1, 0]"]])
    path = write(tmp_path / "c.csv", masked)
    assert documents(open_file(path, ReadOptions(ids_key="input_ids"))) == [[5, 6]]
    turns = [{"role": "user", "content": "ask"}, {"role": "assistant", "content": 'say "it"'}]
    path = write(tmp_path / "b.csv", written([["messages"], [json.dumps(turns)]]))
    assert documents(open_file(path)) == ['ask\n\nsay "it"']
    assert documents(open_file(path, ReadOptions(part="assistant"))) == ['say "it"']


@pytest.mark.parametrize("row", ['2,"two', '2,two\n3,"three\n4,four', '"2'])
def test_a_quotation_mark_that_is_not_closed(tmp_path: Path, row: str) -> None:
    """Everything behind it would silently be part of one field, or of a row that is left out."""
    content = "n,text\n1,one\n" + row + "\n9,nine\n" * 1000
    line = 3 + row[: row.index('"')].count("\n")
    path = write(tmp_path / "a.csv", content.encode())
    with pytest.raises(InputError, match=rf"a\.csv: the row that begins in line {line} opens"):
        documents(open_file(path))


def test_bytes_that_are_not_utf_8(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", b"text,n\ncaf\xe9,1\nb\xff,2,bad\nok,3\n")
    reader = open_file(path)
    assert documents(reader) == ["caf\ufffd", "ok"]
    assert any("not UTF-8 replaced by U+FFFD: 2 " in warning for warning in reader.warnings)
    assert any("(first: line 3: 3, not 2)" in warning for warning in reader.warnings)


def test_a_row_may_be_long_and_not_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = "word \n" * 400_000
    path = write(tmp_path / "a.csv", written([["text", "n"], ["a", 1], [long, 2], ["b", 3]]))
    assert documents(open_file(path)) == ["a", long, "b"]
    with pytest.raises(InputError, match=r"a row may have 1,048,576 bytes.* begins at byte 13 of"):
        documents(open_file(path, ReadOptions(longest=1 << 20)))


@pytest.mark.parametrize("content", ["", "text\n", "text,n\n", "\n\n", "text\n\n\n", "\ufefftext"])
def test_tables_without_rows(tmp_path: Path, content: str) -> None:
    assert documents(open_file(write(tmp_path / "a.csv", content.encode()))) == []


def test_large_tables_are_read_in_threads(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    texts = [
        " ".join(rng.choice(["one", "two", '"three"', "fo,ur", "\n"], 40)) for _ in range(9000)
    ]
    table = written([["n", "text"], *enumerate(texts)])
    assert len(table) > 3 * csv_module.BATCH_BYTES
    for name in ("a.csv", "a.csv.gz", "a.csv.zst"):
        path = write(tmp_path / name, table)
        assert documents(open_file(path)) == texts
        found = cs.profile(path, tokenizer="bytes", backend="numpy", threads=3)
        assert (found.documents, found.tokens) == (9000, sum(len(text.encode()) for text in texts))
