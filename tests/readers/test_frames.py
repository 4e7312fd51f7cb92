"""Tables of every library, given to Python's functions, compared with what they were made of."""

import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from reader_helpers import documents
from record_files import read

import collapse_stats as cs
from collapse_stats.errors import InputError
from collapse_stats.readers.in_memory.open import open_memory
from collapse_stats.readers.options import ReadOptions

pd: Any = pytest.importorskip("pandas")
pl: Any = pytest.importorskip("polars")
duckdb: Any = pytest.importorskip("duckdb")

TEXTS = ["a b", "né 😀", None, "", "a text that is too long to lie in a view", "a b"]
THERE = [text for text in TEXTS if text is not None]
CHAT = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
MIXED = [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}, CHAT[1]]

PANDAS_TYPES = [
    object,
    "str",
    "category",
    "string",
    pd.ArrowDtype(pa.string()),
    pd.ArrowDtype(pa.large_string()),
    pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string())),
]


@pytest.mark.parametrize("kind", PANDAS_TYPES, ids=str)
def test_pandas(kind: Any) -> None:
    frame = pd.DataFrame(
        {"id": range(6), "text": pd.Series(TEXTS, dtype=kind), "x": [object()] * 6}
    )
    column = frame["text"]
    assert read(frame) == read(column) == THERE
    assert read(frame[1:]) == read(column[1:]) == THERE[1:]
    assert read(frame[::-1]) == THERE[::-1]
    assert read(frame.set_index("id").sample(frac=1, random_state=0).sort_index()) == THERE
    assert read(frame, text_key="text") == THERE
    with pytest.raises(
        InputError, match=r"expected the key 'txt', it has id .*: did you mean 'text'"
    ):
        read(frame, text_key="txt")


POLARS_TYPES = [pl.String, pl.Categorical, pl.Enum(list(dict.fromkeys(THERE))), pl.Binary]


@pytest.mark.parametrize("kind", POLARS_TYPES, ids=str)
def test_polars(kind: Any) -> None:
    frame = pl.DataFrame({"id": range(6), "text": TEXTS}).with_columns(pl.col("text").cast(kind))
    assert read(frame) == read(frame["text"]) == read(frame.lazy()) == THERE
    assert read(frame[1:]) == read(frame["text"][1:]) == THERE[1:]
    assert read(frame.reverse()) == THERE[::-1]
    assert read(pl.concat([frame[:2], frame[2:]], rechunk=False)) == THERE
    assert read(frame.lazy().filter(pl.col("id") > 0)) == THERE[1:]
    in_lists = frame.drop_nulls().group_by("id", maintain_order=True).agg("text")
    assert read(in_lists) == THERE


def test_a_lazy_frame_computes_only_what_is_read() -> None:
    def fail(values: Any) -> Any:
        raise AssertionError(values)

    frame = pl.LazyFrame({"text": ["a"], "x": [1]})
    other = pl.col("x").map_batches(fail, return_dtype=pl.Int64)
    assert read(frame.with_columns(other)) == ["a"]


def test_arrow() -> None:
    table = pa.table({"id": range(6), "text": TEXTS})
    assert read(table) == read(table.to_batches()[0]) == read(table["text"]) == THERE
    assert read(table["text"].chunk(0)) == read(table.to_batches()) == THERE


def test_streams_are_read_once() -> None:
    table = pa.table({"text": TEXTS})
    tables = [table, pd.DataFrame({"text": ["b"]}), pl.DataFrame({"text": ["c"]})]
    for stream, expected in (
        (pa.RecordBatchReader.from_batches(table.schema, table.to_batches(2)), THERE),
        (iter(tables), [*THERE, "b", "c"]),
        (({"text": text} for text in THERE), THERE),
    ):
        reader = open_memory(stream, ReadOptions())
        assert documents(reader) == expected
        with pytest.raises(InputError, match="read once"):
            documents(reader)
    reader = open_memory(tables, ReadOptions())
    assert documents(reader) == documents(reader) == [*THERE, "b", "c"]


def test_series_of_tables() -> None:
    """Each of the tables may have its documents in another column, and of another type."""
    tables = [
        pd.DataFrame({"text": ["a"], "id": [1]}),
        pl.DataFrame({"content": ["b"]}),
        pa.table({"messages": [CHAT]}),
        pd.DataFrame({"messages": [MIXED, None]}),
        pd.DataFrame({"text": [["c", "d"]]}),
    ]
    expected = ["a", "b", "Hi\n\nHello", "Hi\n\nHello", "c", "d"]
    assert read(tables) == read(iter(tables)) == read(tuple(tables)) == expected
    chunks = pd.read_csv(io.StringIO("text\na\nb\nc\n"), chunksize=2)
    assert read(chunks) == ["a", "b", "c"]
    assert read(pl.DataFrame({"text": ["a", "b", "c"]}).iter_slices(2)) == ["a", "b", "c"]
    assert read([pd.Series([1, 2]), pd.Series([3])]) == [[1, 2], [3]]
    with pytest.raises(InputError, match="text in the first table and ids in table 2"):
        cs.profile([tables[0], pa.table({"input_ids": [[1]]})])
    with pytest.raises(InputError, match="expected tables only, got a str"):
        cs.profile([tables[0], "b"])
    with pytest.raises(InputError, match=r"table 2: .*it has other"):
        cs.profile([tables[0], pl.DataFrame({"other": ["b"]})])


def relation(setting: str, query: str) -> Any:
    connection = duckdb.connect()
    for each in filter(None, setting.split(";")):
        connection.execute(f"SET {each}")
    return connection.sql(query)


LONG = "a text that is too long to lie in a view"


@pytest.mark.parametrize(
    "setting",
    [
        "",
        "produce_arrow_string_view=true",
        "arrow_lossless_conversion=true",
        "produce_arrow_string_view=true;arrow_lossless_conversion=true",
        "arrow_output_list_view=true",
        "arrow_large_buffer_size=true",
    ],
)
def test_duckdb(setting: str) -> None:
    for query, expected in (
        (f"SELECT unnest(['a', NULL, '{LONG}']) AS text, uuid() AS u", ["a", LONG]),
        (f"SELECT unnest(['a', '{LONG}'])::ENUM('a', '{LONG}') AS text", ["a", LONG]),
        (f"SELECT ['a', '{LONG}'] AS text UNION ALL SELECT [NULL, 'b']", ["a", LONG, "b"]),
        ("SELECT [1, 2] AS input_ids UNION ALL SELECT [3]", [[1, 2], [3]]),
        ("SELECT [1, 2] AS input_ids, [true, false] AS attention_mask", [[1]]),
        ("SELECT [{'role': 'user', 'content': 'Hi'}] AS messages", ["Hi"]),
        ("""SELECT '[{"from": "gpt", "value": ["Hi"]}]'::JSON AS conversations""", ["Hi"]),
        (f"SELECT {{'a': {{'b': '{LONG}'}}}} AS x", [LONG]),
    ):
        key = {"text_key": "x.a.b"} if query.endswith("AS x") else {}
        assert read(relation(setting, query), **key) == expected, query


def test_nested_and_categorical_chats() -> None:
    kinds = {"role": pl.Categorical, "content": pl.String}
    frame = pl.DataFrame({"messages": [CHAT]}, schema={"messages": pl.List(pl.Struct(kinds))})
    assert read(frame) == ["Hi\n\nHello"]
    assert read(frame, part="assistant") == ["Hello"]
    for missing in (float("nan"), None, pd.NA):
        frame = pd.DataFrame({"messages": [MIXED, missing, CHAT]})
        assert read(frame) == ["Hi\n\nHello"] * 2
        assert read(pd.DataFrame({"text": ["a", missing, "b"]})) == ["a", "b"]
        assert read(pd.DataFrame({"input_ids": [[1, 2], missing, [3]]})) == [[1, 2], [3]]


def test_columns_in_a_dictionary() -> None:
    """A dictionary of columns is a batch of records, whatever holds the columns."""
    columns: list[Callable[[list[Any]], Any]] = [list, pd.Series, pl.Series, pa.array]
    columns.append(lambda values: np.array(values, dtype=object))
    for column in columns:
        assert read({"text": column(TEXTS)}) == THERE
        assert read({"text": column(["a", "b"])}) == ["a", "b"]
        assert read({"messages": column([CHAT, CHAT])}) == ["Hi\n\nHello"] * 2
        ids = {"input_ids": column([[1, 2], [3]]), "attention_mask": column([[1, 0], [1]])}
        assert read(ids) == [[1], [3]]
    assert read({"text": np.array(["a", "b"])}) == ["a", "b"]
    assert read({"messages": [{"from": ["human"], "value": ["Hi"]}] * 2}) == ["Hi"] * 2
    assert read({"messages": ['[{"role": "user", "content": "Hi"}]'] * 2}) == ["Hi"] * 2
    arrays = np.array([np.array(CHAT, dtype=object)] * 2)
    assert read({"messages": arrays}) == ["Hi\n\nHello"] * 2


def test_nulls_among_texts() -> None:
    assert read(TEXTS) == read(iter([None, *TEXTS])) == read([{"text": TEXTS}]) == THERE
    assert read(["a", float("nan"), pd.NA, "b"]) == ["a", "b"]
    reader = open_memory([{"text": TEXTS}], ReadOptions())
    assert documents(reader) == THERE
    assert reader.warnings == ["in memory: null texts skipped: 1 (first: item 0)"]


@pytest.mark.parametrize(
    ("frame", "sentence"),
    [
        (pd.DataFrame([["a", "b"]], columns=["text", "text"]), "expected one column 'text'"),
        (pd.DataFrame([["a", "b"]]), r"it has 0 \(str\), 1 \(str\)"),
        (pd.DataFrame({"text": [1, 2]}), r"it has text \(int64\)"),
        (pd.DataFrame({"text": []}), "it has text"),
        (pd.DataFrame(), "it has none"),
        (pl.DataFrame({"text": [1.5]}), r"it has text \(double\)"),
        (pl.LazyFrame({"txt": ["a"]}), "it has txt"),
        (pa.table({"text": pa.array([None, None])}), "have no document"),
        (pl.Series([1, None, 3]), "null ids"),
        (pd.Series(["a", None, None]), "no document"),
        (pl.DataFrame({"input_ids": [[1, -1]]}), "-1"),
    ],
)
def test_tables_that_hold_no_documents(frame: Any, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        cs.profile(frame)


@pytest.mark.parametrize(
    "source",
    [
        pd.DataFrame({"text": ["a"]}).groupby("text"),
        pd.DataFrame({"text": ["a"]}).itertuples(),
        pd.DataFrame({"text": ["a"]}).iterrows(),
        pl.DataFrame({"text": ["a"]}).iter_rows(),
        7,
        object(),
        b"text",
        [b"text"],
        [1.5, 2.5],
        np.array([1.5]),
        [("a", 1)],
    ],
    ids=lambda source: type(source).__name__,
)
def test_what_is_neither_a_table_nor_documents(source: Any) -> None:
    with pytest.raises(TypeError):
        cs.profile(source)
