"""Columns of every Arrow type that holds texts or ids, compared with Python lists."""

import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from record_files import read, write_arrow_file, write_arrow_stream, write_parquet

from collapse_stats.errors import InputError

UTF8 = (pa.string(), pa.large_string(), pa.string_view())
BYTES = (pa.binary(), pa.large_binary(), pa.binary_view())
FILES = (write_parquet, write_arrow_stream, write_arrow_file)


def text_of(value: bytes | None) -> str | None:
    """The reference: UTF-8, each invalid stretch replaced by U+FFFD."""
    return None if value is None else value.decode("utf-8", errors="replace")


def array_of(values: list[bytes | None], kind: pa.DataType) -> pa.Array:
    """An array of text or bytes, which may be invalid UTF-8 although the type says text."""
    as_bytes = dict(zip(UTF8, BYTES, strict=True)).get(kind, kind)
    return pa.array(values, as_bytes).view(kind)


def plain(values: list[bytes | None], kind: pa.DataType) -> pa.Array:
    return array_of(values, kind)


def dictionary(index: pa.DataType) -> Callable[..., pa.Array]:
    def encode(values: list[bytes | None], kind: pa.DataType) -> pa.Array:
        words = list(dict.fromkeys(value for value in values if value is not None))
        at = [None if value is None else words.index(value) for value in values]
        return pa.DictionaryArray.from_arrays(pa.array(at, index), array_of(words, kind))

    return encode


def run_end_encoded(values: list[bytes | None], kind: pa.DataType) -> pa.Array:
    ends = [i for i in range(1, len(values) + 1) if i == len(values) or values[i] != values[i - 1]]
    runs = array_of([values[end - 1] for end in ends], kind)
    return pa.RunEndEncodedArray.from_arrays(pa.array(ends, pa.int32()), runs)


class Named(pa.ExtensionType):  # type: ignore[misc]
    """An extension type that the product knows nothing of."""

    def __init__(self, storage: pa.DataType) -> None:
        super().__init__(storage, "test.named")

    def __arrow_ext_serialize__(self) -> bytes:
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, storage: pa.DataType, _: bytes) -> "Named":
        return cls(storage)


def extension(values: list[bytes | None], kind: pa.DataType) -> pa.Array:
    return pa.ExtensionArray.from_storage(Named(kind), array_of(values, kind))


@pytest.fixture(autouse=True)
def _named() -> Iterator[None]:
    pa.register_extension_type(Named(pa.string()))
    yield
    pa.unregister_extension_type("test.named")


ENCODINGS = {
    "plain": plain,
    "dictionary-int8": dictionary(pa.int8()),
    "dictionary-uint32": dictionary(pa.uint32()),
    "runs": run_end_encoded,
    "extension": extension,
}

# Long texts lie in other buffers of a view than short ones.
valid = st.one_of(
    st.text(max_size=4).map(str.encode),
    st.sampled_from([b"", "long enough to lie elsewhere é".encode()]),
)
invalid = st.sampled_from(
    [b"caf\xe9", b"\xff\xfe", b"a\xf0\x9f\x98", b"long enough to lie \x80 apart"]
)


def values_for(encode: Any) -> st.SearchStrategy[bytes | None]:
    """Values that Arrow can encode: it makes no runs of invalid UTF-8."""
    return (
        st.one_of(valid, st.none())
        if encode is run_end_encoded
        else st.one_of(valid, invalid, st.none())
    )


def tables(column: Any) -> Iterator[tuple[pa.Table, slice]]:
    """The column as a table, in chunks, and as slices, each with the rows that it holds."""
    rows, middle = len(column), len(column) // 2
    yield pa.table({"text": column}), slice(None)
    chunks = pa.chunked_array([column.slice(0, middle), column.slice(middle)])
    yield pa.table({"text": chunks}), slice(None)
    yield pa.table({"id": range(rows), "text": column}).slice(middle), slice(middle, None)
    yield pa.table({"id": range(rows), "text": column}).slice(0, middle), slice(0, middle)


def written(write: Callable[[Path, pa.Table], Path], table: pa.Table, **options: Any) -> list[Any]:
    """The documents of a table that was written; of the table where Arrow cannot write it."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            path = write(Path(folder), table)
            if write is write_parquet:
                pq.read_table(path)
        except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
            # Parquet has no runs, and Arrow reads no dictionaries of invalid UTF-8 from it.
            return read(table, **options)
        return read(path, **options)


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS)
@pytest.mark.parametrize("kind", [*UTF8, *BYTES], ids=str)
@given(data=st.data())
@settings(max_examples=8)
def test_texts(encode: Any, kind: pa.DataType, data: Any) -> None:
    values = data.draw(st.lists(values_for(encode), min_size=1, max_size=8))
    column = encode(values, kind)
    for table, rows in tables(column):
        expected = [text_of(value) for value in values[rows] if value is not None]
        assert read(table) == expected
        for batch in table.to_batches():
            assert read(batch) == read(pa.Table.from_batches([batch]))
        for write in FILES:
            assert written(write, table) == expected
    expected = [text_of(value) for value in values if value is not None]
    assert read(column) == read(pa.chunked_array([column])) == expected


def in_lists(column: pa.Array, ends: list[int], kind: str) -> pa.Array:
    starts = [0, *ends[:-1]]
    if kind.endswith("view"):
        of, offset = {
            "list_view": (pa.ListViewArray, pa.int32()),
            "large_list_view": (pa.LargeListViewArray, pa.int64()),
        }[kind]
        sizes = [b - a for a, b in zip(starts, ends, strict=True)]
        return of.from_arrays(pa.array(starts, offset), pa.array(sizes, offset), column)
    if kind == "fixed_size_list":
        return pa.FixedSizeListArray.from_arrays(column, 2)
    of, offset = {
        "list": (pa.ListArray, pa.int32()),
        "large_list": (pa.LargeListArray, pa.int64()),
    }[kind]
    return of.from_arrays(pa.array([0, *ends], offset), column)


LISTS = ("list", "large_list", "list_view", "large_list_view", "fixed_size_list")


@st.composite
def rows_of(draw: Any, items: Any, kind: str) -> tuple[list[Any], list[int]]:
    """Items, and where the lists of them end; those of a fixed size have two items."""
    if kind == "fixed_size_list":
        count = draw(st.integers(1, 4))
        return draw(st.lists(items, min_size=2 * count, max_size=2 * count)), [
            2 * i + 2 for i in range(count)
        ]
    lengths = draw(st.lists(st.integers(0, 3), min_size=1, max_size=5))
    ends = [sum(lengths[: i + 1]) for i in range(len(lengths))]
    return draw(st.lists(items, min_size=ends[-1], max_size=ends[-1])), ends


def split(values: list[Any], ends: list[int]) -> list[list[Any]]:
    return [values[a:b] for a, b in zip([0, *ends[:-1]], ends, strict=True)]


@pytest.mark.parametrize("list_kind", LISTS)
@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS)
@pytest.mark.parametrize("kind", [*UTF8, pa.binary_view()], ids=str)
@given(data=st.data())
@settings(max_examples=4)
def test_lists_of_texts(list_kind: str, encode: Any, kind: pa.DataType, data: Any) -> None:
    """Each text of a list is a document."""
    values, ends = data.draw(rows_of(values_for(encode), list_kind))
    if not values:
        return
    lists = in_lists(encode(values, kind), ends, list_kind)
    for table, rows in tables(lists):
        expected = [
            text_of(value)
            for texts in split(values, ends)[rows]
            for value in texts
            if value is not None
        ]
        assert read(table) == expected
        for write in FILES:
            assert written(write, table) == expected


def test_one_column_of_json() -> None:
    """A column of the JSON type holds what its JSON says, and not the source of the JSON."""
    values = ["hi", ["a", "b"], {"x": 1}, None, 'say "x"', [{"type": "text", "text": "piece"}], 7]
    sources = pa.array([json.dumps(value) for value in values])
    column = pa.ExtensionArray.from_storage(pa.json_(pa.string()), sources)
    expected = ["hi", "a", "b", 'say "x"', "piece"]
    table = pa.table({"text": column})
    assert read(table) == expected
    for write in FILES:
        assert written(write, table) == expected


INTEGERS = [pa.int8(), pa.uint8(), pa.int16(), pa.uint16(), pa.int32(), pa.uint32(), pa.int64()]
INTEGERS.append(pa.uint64())


def ids_of(rows: list[list[int | None] | None]) -> list[list[int]]:
    """The reference: rows that are null or have a null in them are left out."""
    return [row for row in rows if row is not None and None not in row]  # type: ignore[misc]


@pytest.mark.parametrize("list_kind", LISTS)
@pytest.mark.parametrize("kind", INTEGERS, ids=str)
@given(data=st.data())
@settings(max_examples=6)
def test_ids(list_kind: str, kind: pa.DataType, data: Any) -> None:
    ids = (
        st.one_of(st.integers(0, 127), st.none())
        if data.draw(st.booleans())
        else st.integers(0, 127)
    )
    values, ends = data.draw(rows_of(ids, list_kind))
    lists = in_lists(pa.array(values, kind), ends, list_kind)
    for table, rows in tables(lists):
        expected = ids_of(split(values, ends)[rows])
        assert read(table, ids_key="text") == expected
        for write in FILES:
            assert written(write, table, ids_key="text") == expected
    assert read(lists) == read(pa.chunked_array([lists])) == ids_of(split(values, ends))


@pytest.mark.parametrize("list_kind", LISTS)
@given(data=st.data())
@settings(max_examples=6)
def test_rows_of_ids(list_kind: str, data: Any) -> None:
    """Each list of ids in a list of them is a document."""
    ids, ends = data.draw(rows_of(st.integers(0, 127), list_kind))
    inner = in_lists(pa.array(ids, pa.int32()), ends, list_kind)
    if len(inner) < 2:
        return
    lists = pa.ListArray.from_arrays(pa.array([0, 1, len(inner)], pa.int32()), inner)
    table = pa.table({"input_ids": lists})
    expected = split(ids, ends)
    assert read(table) == expected
    for write in FILES:
        assert written(write, table) == expected


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS)
@pytest.mark.parametrize("kind", [pa.string(), pa.string_view(), pa.binary()], ids=str)
@given(data=st.data())
@settings(max_examples=8)
def test_texts_inside_of_structs(encode: Any, kind: pa.DataType, data: Any) -> None:
    """Each of the structs may be null; the rows where one is have no document."""
    values = data.draw(st.lists(values_for(encode), min_size=1, max_size=8))
    column, there = encode(values, kind), [value is not None for value in values]
    for name in "cb":
        nulls = data.draw(st.lists(st.booleans(), min_size=len(values), max_size=len(values)))
        there = [was and not null for was, null in zip(there, nulls, strict=True)]
        column = pa.StructArray.from_arrays([column], [name], mask=pa.array(nulls))
    whole = pa.table({"a": column})
    middle = len(values) // 2
    for table, rows in ((whole, slice(None)), (whole.slice(middle), slice(middle, None))):
        pairs = list(zip(values, there, strict=True))[rows]
        expected = [text_of(value) for value, is_there in pairs if is_there]
        assert read(table, text_key="a.b.c") == expected
        for write in FILES:
            assert written(write, table, text_key="a.b.c") == expected


def test_keys_that_lead_through_lists() -> None:
    """A number is a place in a list, counted from its end if negative; a name is of all items."""
    choices = [
        [{"message": {"content": "a"}}, {"message": {"content": "b"}}],
        [{"message": {"content": "c"}}],
    ]
    table = pa.table({"response": [{"choices": each} for each in choices]})
    for key, expected in (
        ("response.choices.0.message.content", ["a", "c"]),
        ("response.choices.-1.message.content", ["b", "c"]),
        ("response.choices.1.message.content", ["b"]),
        ("response.choices.message.content", ["a", "b", "c"]),
    ):
        assert read(table, text_key=key) == expected
        assert read(table.to_pylist(), text_key=key) == expected
        for write in FILES:
            assert written(write, table, text_key=key) == expected
    with pytest.raises(InputError, match=r"expected the key 'response\.choice\.0'"):
        read(table, text_key="response.choice.0")
