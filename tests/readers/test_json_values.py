"""JSON written in every way that is JSON, compared with what `json.loads` makes of it."""

import contextlib
import gzip
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reader_helpers import documents

from collapse_stats.errors import InputError
from collapse_stats.readers.formats import jsonl
from collapse_stats.readers.open import open_file
from collapse_stats.readers.options import ReadOptions

BOM = "\ufeff"


def read(data: bytes | str, name: str = "a.json", **options: Any) -> tuple[list[Any], list[str]]:
    """Return the documents of a file's content, and the warnings without the file's name."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data)
        reader = open_file(path, ReadOptions(**options))
        found = documents(reader)
        return found, [warning.removeprefix(f"{path}: ") for warning in reader.warnings]


def blocks_of(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Let files be read in blocks of so many bytes, also those that are small."""
    monkeypatch.setattr(jsonl, "BATCH_BYTES", size)
    monkeypatch.setattr(jsonl, "_PROBED_BYTES", size)


texts = st.one_of(
    st.text(max_size=5),
    st.sampled_from(["\ud83d", "\x00", '"', "\\", "\\u0041", "[", "]}", "😀", "a\u2028b", BOM]),
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**30), 10**30),
    st.sampled_from([0.5, -1e300, float("inf"), float("-inf"), float("nan")]),
    texts,
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=2), inner, max_size=2)
    ),
    max_leaves=5,
)
others = st.dictionaries(
    st.text(max_size=3).filter(lambda key: key not in KEYS), values, max_size=2
)
KEYS = {name for keys in ReadOptions().keys for name in keys}


@st.composite
def written(draw: Any, value: Any, space: st.SearchStrategy[str]) -> str:
    """The source of a value with any spaces and any escapes."""

    def text(value: str) -> str:
        out = []
        for character in value:
            plain = json.dumps(character, ensure_ascii=False)[1:-1]
            code = "".join(
                f"\\u{unit:04x}"
                for unit in memoryview(character.encode("utf-16-le", "surrogatepass")).cast("H")
            )
            is_half = 0xD800 <= ord(character) < 0xE000
            out.append(code if is_half or draw(st.integers(0, 3)) == 0 else plain)
        return f'"{"".join(out)}"'

    def source(value: Any) -> str:
        if isinstance(value, str):
            return text(value)
        if isinstance(value, list | dict):
            items = (
                [source(item) for item in value]
                if isinstance(value, list)
                else [f"{text(k)}{draw(space)}:{draw(space)}{source(v)}" for k, v in value.items()]
            )
            begin, end = "[]" if isinstance(value, list) else "{}"
            joined = ",".join(f"{draw(space)}{item}{draw(space)}" for item in items)
            return f"{begin}{joined or draw(space)}{end}"
        return json.dumps(value)

    return source(value)


records = st.builds(lambda text, rest: {**rest, "text": text}, texts, others)
spaces = st.sampled_from(["", "", " ", "\n", "\r\n", "\t", "\n\n  "])
SIZES = [3, 4, 5, 8, 30, 1 << 19]


@pytest.mark.parametrize("size", SIZES)
@given(data=st.data())
@settings(max_examples=15)
def test_arrays_in_blocks_of_any_size(size: int, data: Any) -> None:
    """One array or several, with any spaces, cut into blocks at any byte."""
    arrays = data.draw(st.lists(st.lists(records, min_size=1, max_size=3), min_size=1, max_size=3))
    space = data.draw(st.one_of(spaces, st.just(BOM)))
    source = data.draw(spaces) + space.join(data.draw(written(each, spaces)) for each in arrays)
    expected = [record["text"] for each in arrays for record in each]
    with pytest.MonkeyPatch.context() as monkeypatch:
        blocks_of(monkeypatch, size)
        assert read(source + data.draw(spaces)) == (expected, [])
        assert read(BOM + source) == (expected, [])


@pytest.mark.parametrize("size", SIZES)
@given(data=st.data())
@settings(max_examples=15)
def test_objects_of_several_lines(size: int, data: Any) -> None:
    objects = data.draw(st.lists(records, min_size=1, max_size=4))
    lines = st.sampled_from(["\n", "\n  ", "\r\n\t"])
    source = "\n".join(data.draw(written(each, lines)) for each in objects)
    expected = [record["text"] for record in objects]
    with pytest.MonkeyPatch.context() as monkeypatch:
        blocks_of(monkeypatch, size)
        assert read(source, "a.jsonl") == (expected, [])
    pretty = "\n".join(json.dumps(each, indent=2) for each in objects)
    assert read(pretty)[0] == expected


@pytest.mark.parametrize("small", [0, 1 << 30], ids=["Arrow", "Python"])
@given(data=st.data())
@settings(max_examples=40)
def test_lines(small: int, data: Any) -> None:
    """Objects one a line, or several on one; spaces, marks and blank lines between them."""
    space = st.sampled_from(["", " ", "\t"])
    lines = []
    expected = []
    for _ in range(data.draw(st.integers(1, 5))):
        on_line = data.draw(st.lists(records, max_size=3))
        mark = data.draw(st.sampled_from(["", "", BOM]))
        sources = [mark + data.draw(written(each, space)) for each in on_line]
        lines.append(data.draw(space).join(sources) + data.draw(space))
        expected += [each["text"] for each in on_line]
    source = data.draw(st.sampled_from(["\n", "\r\n"])).join(lines)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(jsonl, "_SMALL", small)
        assert read(source, "a.jsonl") == (expected, [])


def documents_of(line: bytes) -> list[str]:
    """The reference for a line that holds anything: its documents, none if it is bad."""
    try:
        record = json.loads(line.decode("utf-8", "replace"))
    except ValueError:
        return []
    value = record.get("text") if isinstance(record, dict) else None
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list) or not all(isinstance(item, str | None) for item in value):
        return []
    return [item for item in value if item is not None]


WEIRD = [
    '{"text": "a", "text": "b"}',
    '{"text": 1, "text": "b"}',
    '{"text": "a", "text": null}',
    '{"text": "a", "x": NaN, "y": -Infinity}',
    '{"text": NaN}',
    '{"text": ["a", "b"]}',
    '{"text": ["a", null]}',
    '{"text": []}',
    '{"text": {"a": 1}}',
    '{"text": null}',
    '{"text": 5}',
    '{"text": true}',
    '{"text": "2024-01-01", "x": 1e400}',
    '{"text": "\\ud83d"}',
    '{"text": "\\ud83d\\ude00 \\ude00"}',
    '{"text": "a\\u0000b"}',
    '{"text": "tab\there"}',
    '{"text": "a\\q"}',
    '{"text": "a",}',
    '{text: "a"}',
    "{'text': 'a'}",
    '{"text": "a"} // why',
    '{"text": "a" "x": 1}',
    '{"Text": "a"}',
    '{"text ": "a"}',
    '{"x": {"text": "no"}}',
    '{"x": [{"text": "no"}], "text": "a"}',
    '{"text": "a", "x": 123456789012345678901234567890, "y": 01}',
    '{"text": "a", "x": 123456789012345678901234567890}',
    '["text", "a"]',
    '"text"',
    "7",
    "null",
    "",
    "  ",
    "{}",
    '{"text": "a"',
    '{"text": "a',
    '"text": "a"}',
    '{"text": "a"}}',
    '{"text": "a"}]',
    '{"text": "a"},',
    '{"text": "\u2028"}',
    '{"text": "caf\udce9"}',
    "{" * 2000,
    '{"text": "a", "x": ' + "[" * 100 + "]" * 100 + "}",
]


@given(lines=st.lists(st.sampled_from(WEIRD), min_size=1, max_size=5), newline=st.booleans())
@settings(max_examples=100)
def test_lines_that_hold_anything(lines: list[str], newline: bool) -> None:
    """Every line is read as `json.loads` reads it, whatever is beside it in its block."""
    encoded = [b'{"text": "first"}', *(line.encode("utf-8", "surrogateescape") for line in lines)]
    source = b"\n".join(encoded) + b"\n" * newline
    expected = [text for line in encoded for text in documents_of(line)]
    results = []
    for small in (0, 1 << 30):
        with pytest.MonkeyPatch.context() as monkeypatch:
            monkeypatch.setattr(jsonl, "_SMALL", small)
            results.append(read(source, "a.jsonl"))
    assert results[0] == results[1]
    assert results[0][0] == expected


def ids_of(line: str) -> list[list[int]]:
    """The reference: lists of integers of 64 bits."""
    try:
        record = json.loads(line)
    except ValueError:
        return []
    value = record.get("input_ids")
    rows = value if isinstance(value, list) and value and isinstance(value[0], list) else [value]
    good = all(
        isinstance(row, list) and all(type(i) is int and -(2**63) <= i < 2**63 for i in row)
        for row in rows
    )
    return rows if good else []


IDS = [
    '{"input_ids": [1, 2, 3]}',
    '{"input_ids": []}',
    '{"input_ids": null}',
    '{"input_ids": [1, null]}',
    '{"input_ids": [1, 2.0]}',
    '{"input_ids": [1, 2e0]}',
    '{"input_ids": [-0]}',
    '{"input_ids": [1, true]}',
    '{"input_ids": [true]}',
    '{"input_ids": [1, "2"]}',
    '{"input_ids": ["1"]}',
    '{"input_ids": [9223372036854775807]}',
    '{"input_ids": [9223372036854775808]}',
    '{"input_ids": [123456789012345678901234567890]}',
    '{"input_ids": [[1, 2], [3]]}',
    '{"input_ids": [[1, 2], [3, 4]]}',
    '{"input_ids": [[], [1]]}',
    '{"input_ids": [[1], 2]}',
    '{"input_ids": [1, [2]]}',
    '{"input_ids": {"a": 1}}',
    '{"input_ids": [{"a": 1}]}',
    '{"input_ids": 5}',
    '{"input_ids": [01]}',
    '{"input_ids": [1, 2], "input_ids": [3]}',
    '{"other": [1, 2]}',
]


@given(lines=st.lists(st.sampled_from(IDS), max_size=5))
@settings(max_examples=100)
def test_lines_of_ids_that_hold_anything(lines: list[str]) -> None:
    source = "\n".join(['{"input_ids": [7, 8]}', *lines])
    expected = [row for line in source.split("\n") for row in ids_of(line)]
    results = []
    for small in (0, 1 << 30):
        with pytest.MonkeyPatch.context() as monkeypatch:
            monkeypatch.setattr(jsonl, "_SMALL", small)
            results.append(read(source, "a.jsonl"))
    assert results[0] == results[1]
    assert results[0][0] == expected


LAYOUTS = {
    "lines": "".join(f"{json.dumps({'text': text, 'n': i})}\n" for i, text in enumerate("aé😀")),
    "array": json.dumps([{"text": text, "n": i} for i, text in enumerate("aé😀")]),
    "array of lines": '[\n{"text": "a"},\n{"text": "é"},\n{"text": "😀"}\n]\n',
    "pretty array": json.dumps([{"text": text} for text in "aé😀"], indent=2, ensure_ascii=False),
    "pretty": "\n".join(json.dumps({"text": text, "n": 1.5}, indent=2) for text in "aé😀"),
    "one line": "".join(json.dumps({"text": text}) for text in "aé😀"),
    "numbers": json.dumps([{"n": -12.5e3, "text": text, "t": True} for text in "aé😀"]),
}


@pytest.mark.parametrize("size", [3, 8, 1 << 19])
@pytest.mark.parametrize("source", LAYOUTS.values(), ids=LAYOUTS)
def test_files_that_are_cut(source: str, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut at any byte, a file gives its first documents, or an error: never anything else."""
    blocks_of(monkeypatch, size)
    data = source.encode()
    assert read(data)[0] == ["a", "é", "😀"]
    for cut in range(len(data)):
        found = []
        with contextlib.suppress(InputError):
            found = read(data[:cut])[0]
        assert found == ["a", "é", "😀"][: len(found)]


@pytest.mark.parametrize(
    "source",
    [
        '[{"text": "a"}, {"text": ]',
        '[{"text": "a"} {"text": "b"}',
        '[{"text": "a"}, x]',
        '[{"text": "a"}]]',
        '[{"text": "a"}], ',
        '[{"text": "a"}] and more',
        "[" * 5000,
        '[{"text": "a", "x": ' + "[" * 100_000,
        '{\n"text": "a",\n"x": ' + "[" * 100_000,
        '{\n"text": "a"\n}\n{\n"text": \n}',
    ],
)
def test_arrays_that_are_not_json(source: str) -> None:
    with pytest.raises(InputError, match="is not JSON"):
        read(source)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('{bad\n{bad\n{"text": "a"}\n', ["a"]),
        ('{"text": "a",\n{"text": "b"}\n', ["b"]),
        ('{"text": "a\n{"text": "b"}\n', ["b"]),
        ('{"text"\n{"text": "b"}\n', ["b"]),
        ('{"text": "a"} x\n{"text": "b"}\n', ["b"]),
        ('{"text":\n"b"}\n', ["b"]),
        ('{\n\n"text": "b"}\n{"text": "c"}', ["b", "c"]),
        ('{"x": {\n}, "text": "b"}{"text": "c"}', ["b", "c"]),
        ('{"x": [\n{}], "text": "b"}', ["b"]),
    ],
)
def test_whether_objects_are_one_a_line(source: str, expected: list[str]) -> None:
    """A first line that is cut is a bad line; one that goes on in the next is none."""
    assert read(source, "a.jsonl")[0] == expected


@pytest.mark.parametrize("size", SIZES)
def test_arrays_that_are_documents(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """An array of turns is a chat, and one of integers a list of ids; others hold documents."""
    blocks_of(monkeypatch, size)
    turns = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
    more = [{"from": "human", "value": "Bye"}, {"from": "gpt", "value": "See you"}]
    lines = f"{json.dumps(turns)}\n{json.dumps(more)}\n"
    assert read(lines)[0] == ["Hi\n\nHello", "Bye\n\nSee you"]
    assert read(lines, part="assistant")[0] == ["Hello", "See you"]
    assert read(json.dumps(turns, indent=2))[0] == ["Hi\n\nHello"]
    assert read(json.dumps([turns, more]))[0] == ["Hi\n\nHello", "Bye\n\nSee you"]
    assert read(json.dumps(turns), text_key="content")[0] == ["Hi", "Hello"]
    assert read("[1, 2, 3]\n[4]\n[]\n")[0] == [[1, 2, 3], [4], []]
    assert read("[[1, 2, 3], [4], []]")[0] == [[1, 2, 3], [4], []]
    assert read('["a", "b"]\n["c"]')[0] == ["a", "b", "c"]
    assert read('"a"\n"b"', "a.jsonl")[0] == ["a", "b"]
    mails = [{"from": "a@example.org", "text": "x"}, {"from": "b@example.org", "text": "y"}]
    assert read(json.dumps(mails))[0] == ["x", "y"]


def test_compressed_arrays_are_read_in_parts(tmp_path: Path) -> None:
    """However well an array is compressed, no more than a few blocks of it are held at once."""
    path = tmp_path / "a.json.gz"
    path.write_bytes(gzip.compress(json.dumps([{"text": "a" * 1000}] * 5000).encode()))
    parts = [batch.documents for batch in open_file(path).batches()]
    assert sum(parts) == 5000
    assert max(parts) < 1200
