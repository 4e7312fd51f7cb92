"""Readers of Parquet, headerless and NumPy files against struct, numpy.save, pyarrow.parquet."""

import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reader_helpers import U16, U32, documents, split_at, write

from collapse_stats.corpus.load import read_corpus
from collapse_stats.errors import InputError
from collapse_stats.readers import boundaries as boundaries_module
from collapse_stats.readers.discover import discover
from collapse_stats.readers.formats import parquet as parquet_module
from collapse_stats.readers.open import open_file
from collapse_stats.readers.options import ReadOptions
from collapse_stats.system.memory import is_mapped

ON_A_PATH = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


# --- Parquet ------------------------------------------------------------------------------------

INTEGERS = [pa.int8(), pa.uint8(), pa.int16(), pa.uint16(), pa.int32(), pa.uint32()]
INTEGERS += [pa.int64(), pa.uint64()]
ROWS = [[1, 2, 3], [], [4], [5, 6]]


@pytest.mark.parametrize("item", INTEGERS)
@pytest.mark.parametrize("kind", [pa.list_, pa.large_list])
def test_parquet_lists(tmp_path: Path, kind: Callable[..., Any], item: Any) -> None:
    column = pa.array([*ROWS, None, [7, None], [8], [None, 9], [10]], kind(item))
    pq.write_table(pa.table({"input_ids": column}), tmp_path / "a.parquet", row_group_size=3)
    reader = open_file(tmp_path / "a.parquet")
    assert (reader.format, reader.kind, reader.dtype) == ("parquet", "ids", str(item))
    assert documents(reader) == [*ROWS, [8], [10]]
    assert "rows with null ids skipped: 3" in reader.warnings[0]
    assert documents(open_file(tmp_path / "a.parquet", ReadOptions(eot=2)))[:2] == [[1], [3]]


def test_parquet_fixed_size_lists(tmp_path: Path) -> None:
    column = pa.array([[1, 2], None, [3, 4]], pa.list_(pa.uint16(), 2))
    try:
        pq.write_table(pa.table({"tokens": column}), tmp_path / "a.parquet")
    except pa.ArrowNotImplementedError as error:
        pytest.skip(f"this Arrow cannot write them: {error}")
    assert documents(open_file(tmp_path / "a.parquet")) == [[1, 2], [3, 4]]


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int8(), pa.string())]
)
def test_parquet_text(tmp_path: Path, kind: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["a", "", None, "é" * 100, "a"] * 50
    pq.write_table(
        pa.table({"text": pa.array(texts, kind)}), tmp_path / "a.parquet", row_group_size=99
    )
    monkeypatch.setattr(parquet_module, "BATCH_BYTES", 200)
    reader = open_file(tmp_path / "a.parquet")
    assert documents(reader) == [text for text in texts if text is not None]
    assert len(list(reader.batches())) > 3
    assert "null texts skipped: 50" in reader.warnings[0]


def test_parquet_refusals(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"body": ["x"], "n": [1], "f": [[1.5]]}), path)
    with pytest.raises(InputError, match=r"input_ids, .*body \(string\), n \(int64\)"):
        open_file(path)
    with pytest.raises(InputError, match=r"'n' must hold text, got int64"):
        open_file(path, ReadOptions(text_key="n"))
    with pytest.raises(InputError, match=r"'f' must hold lists of integers"):
        open_file(path, ReadOptions(ids_key="f"))
    assert documents(open_file(path, ReadOptions(text_key="body"))) == ["x"]
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match="cut short or damaged"):
        open_file(path, ReadOptions(text_key="body"))
    with pytest.raises(InputError, match="not PAR1"):
        open_file(write(tmp_path / "b.parquet", b"hello"))


def test_parquet_damaged_inside(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    bytes_of = random.Random(0).randbytes
    table = pa.table({"text": [bytes_of(50).hex() for _ in range(5000)]})
    pq.write_table(table, path, compression="zstd", use_dictionary=False)
    data = bytearray(path.read_bytes())
    data[1000:3000] = b"\0" * 2000
    path.write_bytes(data)
    with pytest.raises(InputError, match="reading failed after 0 of 5,000 rows"):
        documents(open_file(path))


# --- headerless files ---------------------------------------------------------------------------


@ON_A_PATH
@given(
    st.lists(st.sampled_from([0, 1, 7, 7, 65535])),
    st.sampled_from(["u16", "u32"]),
    st.sampled_from([None, 7]),
    st.sampled_from([1, 2, 3, 1000]),
)
def test_flat(tmp_path: Path, ids: list[int], dtype: Any, eot: int | None, batch: int) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(struct.pack(f"<{len(ids)}{'H' if dtype == 'u16' else 'I'}", *ids))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(boundaries_module, "BATCH_TOKENS", batch)
        reader = open_file(path, ReadOptions(dtype=dtype, eot=eot))
        assert documents(reader) == split_at(ids, eot)
        for part in reader.batches():
            longest = (part.stop - part.start).max(initial=0)
            assert part.tokens is not None
            assert eot is None or len(part.tokens) <= batch + longest + 1
            assert is_mapped(part.tokens)  # nothing was copied


def test_flat_says_how_wide_its_ids_seem(tmp_path: Path) -> None:
    ids = np.random.default_rng(2).integers(0, 50257, 1000)
    narrow = write(tmp_path / "narrow.bin", ids.astype("<u2").tobytes())
    wide = write(tmp_path / "wide.bin", (ids + 70_000).astype("<u4").tobytes())
    with pytest.raises(InputError, match=r"looks like u16 .*--dtype u16"):
        open_file(narrow)
    with pytest.raises(InputError, match=r"looks like u32 .*--dtype u32"):
        open_file(wide)
    assert any("probably written as u32" in warning for warning in open_file(wide, U16).warnings)
    assert any("probably written as u16" in warning for warning in open_file(narrow, U32).warnings)
    small = write(tmp_path / "small.bin", ids.astype("<u4").tobytes())
    assert any("every second u16 is 0" in warning for warning in open_file(small, U16).warnings)
    for path, options in (
        (narrow, ReadOptions(dtype="u16", eot=0)),
        (wide, ReadOptions(dtype="u32", eot=0)),
    ):
        assert open_file(path, options).warnings == []
    assert "one document" in open_file(narrow, U16).warnings[0]


def test_flat_refusals(tmp_path: Path) -> None:
    path = write(tmp_path / "a.bin", b"\1\0\2")
    for options in (U16, U32):
        with pytest.raises(InputError, match=r"multiple of [24] bytes, got 3"):
            open_file(path, options)
    with pytest.raises(InputError, match="odd"):
        open_file(path)
    path.write_bytes(struct.pack("<3H", 4, 9, 10))
    assert documents(open_file(path, ReadOptions(dtype="u16", vocab_size=11))) == [[4, 9, 10]]
    with pytest.raises(InputError, match=r"a\.bin: document 1, token 3: the id 10 .* of 10 ids"):
        read_corpus(path, reading=ReadOptions(dtype="u16", vocab_size=10))


@pytest.mark.parametrize(
    ("name", "data", "beside", "sentence"),
    [
        ("model.bin", b"PK\x03\x04", None, "zip archive"),
        ("a.pt", b"PK\x03\x04", None, "zip archive"),
        ("a.pkl", b"\x80\x04\x95", None, "pickle"),
        ("a.arrow", b"hello", None, "not ARROW1"),
        ("a.tar", b"x".ljust(257, b"\0") + b"ustar\0", None, "a.tar is cut short"),
        ("a.mds", b"", None, "4 bytes expected, got 0"),
        ("a.dat", b"a,b\n", None, r"cannot tell.*\.parquet; \.jsonl"),
        ("a.jsonl.gz", b'{"text": "a"}', None, "not gzip data"),
        ("a.bin.gz", b"\x1f\x8b\x08\0", None, "unpack it"),
    ],
)
def test_foreign_files_are_named(
    tmp_path: Path, name: str, data: bytes, beside: str | None, sentence: str
) -> None:
    (tmp_path / name).write_bytes(data)
    if beside:
        (tmp_path / beside).write_bytes(b"")
    with pytest.raises(InputError, match=sentence):
        open_file(tmp_path / name, U16)


# --- .npy ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["u1", "<u2", ">u2", "<i4", "<u4", "<i8"])
def test_npy(tmp_path: Path, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    array = np.random.default_rng(3).integers(0, 9, (7, 5)).astype(dtype)
    monkeypatch.setattr("collapse_stats.readers.formats.npy.BATCH_TOKENS", 12)
    np.save(tmp_path / "rows.npy", array)
    np.save(tmp_path / "columns.npy", np.asfortranarray(array))
    np.save(tmp_path / "stream.npy", array.reshape(-1))
    assert documents(open_file(tmp_path / "rows.npy")) == array.tolist()
    assert documents(open_file(tmp_path / "columns.npy")) == array.tolist()
    parts = [part for row in array.tolist() for part in (split_at(row, 3) or [[]])]
    assert documents(open_file(tmp_path / "rows.npy", ReadOptions(eot=3))) == parts
    stream = open_file(tmp_path / "stream.npy", ReadOptions(eot=3))
    assert documents(stream) == split_at(array.reshape(-1).tolist(), 3)
    assert all(
        batch.tokens.dtype.isnative for batch in stream.batches() if batch.tokens is not None
    )
    assert stream.dtype == array.dtype.name


def test_npy_refusals(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    for array in (np.array([{}], dtype=object), np.zeros(3), np.zeros((1, 1, 1), int), np.array(1)):
        np.save(path, array, allow_pickle=True)
        with pytest.raises(InputError, match=r"integers|numbers"):
            open_file(path)
    np.save(path, np.arange(1000))
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InputError, match="not a whole"):
        open_file(path)
    path.write_bytes(struct.pack("<3H", 1, 2, 3))  # no header: a flat file, which needs --dtype
    with pytest.raises(InputError, match="--dtype"):
        open_file(path)
    assert documents(open_file(path, U16)) == [[1, 2, 3]]


def test_more_shards_than_files_may_be_open(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    for number in range(100):
        write(tmp_path / f"{number}.bin", struct.pack("<2H", number, 7))
        np.save(tmp_path / f"{number}.npy", np.array([number, 7], dtype=np.uint16))
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
    try:
        readers = [open_file(path, U16) for path in discover([tmp_path])]
        kept = [batch.tokens for reader in readers for batch in reader.batches()]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert sorted(tokens.tolist()[0] for tokens in kept if tokens is not None) == sorted(
        [*range(100), *range(100)]
    )


def test_what_is_mapped(tmp_path: Path) -> None:
    path = write(tmp_path / "a.bin", struct.pack("<4H", 1, 2, 3, 4))
    (batch,) = open_file(path, U16).batches()
    assert batch.tokens is not None
    assert is_mapped(batch.tokens[1:3])
    assert is_mapped(np.memmap(path, dtype="<u2", mode="r")[1:])
    assert not is_mapped(batch.tokens.copy())
    assert not is_mapped(batch.tokens.astype(np.uint32))
    assert not is_mapped(np.memmap(path, dtype="<u2", mode="r") + 1)
    path.unlink()  # the map outlives the name of the file
    assert batch.tokens.tolist() == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<u2', 'fortran_order': False, 'shape': (0, 9223372036854775807)}",
        "{'descr': '<u2', 'fortran_order': False, 'shape': (9223372036854775807, 0)}",
        "{'descr': '<u2', 'fortran_order': False, 'shape': (4611686018427387904, 4)}",
        "{'descr': '<u2', 'fortran_order': False, 'shape': (-1,)}",
        "{'descr': '|O', 'fortran_order': False, 'shape': (1,)}",
        "{'descr': [('a', '<u2')], 'fortran_order': False, 'shape': (1,)}",
        "{'descr': '<u2'}",
        "__import__('os').abort()",
        "(" * 5000,
        "",
    ],
)
def test_npy_headers_that_lie(tmp_path: Path, header: str) -> None:
    data = b"\x93NUMPY\x01\0" + struct.pack("<H", len(header)) + header.encode() + bytes(4)
    path = write(tmp_path / "a.npy", data)
    with pytest.raises(InputError, match=str(path)):
        open_file(path)
