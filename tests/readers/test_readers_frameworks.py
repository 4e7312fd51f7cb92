"""Readers of frameworks' shards, against shards written with struct."""

import gzip
import json
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import shard_writers as shards
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reader_helpers import documents, split_at, write

from collapse_stats.errors import InputError
from collapse_stats.readers import boundaries as boundaries_module
from collapse_stats.readers.formats import sample_shards as samples_module
from collapse_stats.readers.open import open_file
from collapse_stats.readers.options import ReadOptions
from collapse_stats.system.memory import is_mapped

ON_A_PATH = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
ROWS = st.lists(st.lists(st.sampled_from([0, 1, 7, 200]), max_size=6), max_size=8)
EOT = st.sampled_from([None, 7])
SMALL = st.sampled_from([1, 3, 1000])


def cut(rows: list[list[int]], eot: int | None) -> list[list[int]]:
    """Rows cut at the boundary id; each gives at least one document."""
    if eot is None:
        return rows
    return [part for row in rows for part in (split_at(row, eot) or [[]])]


def check_views(path: Path, options: ReadOptions, expected: list[Any], batch: int) -> None:
    """Check the documents, the size of batches, and that nothing was copied."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(boundaries_module, "BATCH_TOKENS", batch)
        reader = open_file(path, options)
        assert documents(reader) == expected
        for part in reader.batches():
            assert part.tokens is not None
            assert is_mapped(part.tokens) or not len(part.tokens)
            assert part.tokens.dtype.name == reader.dtype


# --- Megatron -----------------------------------------------------------------------------------


@ON_A_PATH
@given(st.lists(ROWS, max_size=5), st.sampled_from([*shards.MEGATRON_CODES]), EOT, SMALL)
def test_megatron(tmp_path: Path, found: Any, item: str, eot: int | None, batch: int) -> None:
    found = [[[i % 100 for i in row] for row in document] for document in found]
    path = shards.megatron(tmp_path / "a.bin", found, item)
    rows = [[i for sequence in document for i in sequence] for document in found]
    check_views(path, ReadOptions(eot=eot), cut(rows, eot), batch)
    check_views(path.with_suffix(".idx"), ReadOptions(), rows, batch)


def test_megatron_says_what_it_is(tmp_path: Path) -> None:
    path = shards.megatron(tmp_path / "a.bin", [[[1, 2], [3]], [], [[4]]], modes=True)
    reader = open_file(path)
    assert (reader.format, reader.dtype, reader.path) == ("megatron", "uint16", str(path))
    assert reader.evidence == "a.idx beside it"
    assert "MMIDIDX" in open_file(path.with_suffix(".idx")).evidence
    assert documents(reader) == [[1, 2, 3], [], [4]]


def poke(at: int, data: bytes) -> Callable[[bytes], bytes]:
    return lambda index: index[:at] + data + index[at + len(data) :]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (poke(17, b"\6"), "float"),
        (poke(17, b"\7"), "float"),
        (poke(17, b"\x0b"), "unknown item code 11"),
        (poke(9, b"\2"), "version 1"),
        (lambda _: b"TNTIDX\0\0" + bytes(40), "TNTIDX"),
        (lambda _: b"something else that is long enough", "MMIDIDX"),
        (lambda index: index[:20], "20 bytes"),
        (lambda index: index[:-1], "expected 94 bytes .* got 93"),
        (lambda index: index + b"\0", "expected 94 bytes .* got 95"),
        (poke(18, b"\xff" * 8), "expected .* bytes for 18,446,744,073,709,551,615"),
        (poke(86, b"\4"), "end at 3, the number of sequences, got 4"),
        (poke(78, b"\4"), "begin at 0 and never fall"),
        (poke(70, b"\1"), "begin at 0 and never fall"),
        (poke(34, b"\xff\xff\xff\xff"), "sequence 0 has length -1.*byte 34"),
        (poke(34, b"\xff\xff\xff\x7f"), "sequence 0 has offset 0 and ends past the file"),
        (poke(46, b"\xff" * 8), "sequence 0 has offset -1 outside the file .byte 46"),
        (poke(54, b"\x40"), "sequence 1 has offset 64 outside the file .byte 54"),
        (poke(54, b"\x05"), "offset 5 inside of an id"),
        (poke(54, b"\x06"), "sequence 1 has offset 6, which does not follow"),
        (poke(62, b"\x02"), "sequence 2 has offset 2, which does not follow"),
    ],
)
def test_megatron_refusals(tmp_path: Path, change: Any, sentence: str) -> None:
    path = shards.megatron(tmp_path / "a.bin", [[[1, 2], [3]], [[4]]])
    index = path.with_suffix(".idx")  # lengths from byte 34 on, offsets from 46, bounds from 70
    index.write_bytes(change(index.read_bytes()))
    with pytest.raises(InputError, match=sentence):
        documents(open_file(path))


@pytest.mark.parametrize("documents_", [[[[1, 2], [3]], [[4]]], [[[1]]], []])
def test_megatron_with_more_ids_than_its_index_lists(tmp_path: Path, documents_: Any) -> None:
    path = shards.megatron(tmp_path / "a.bin", documents_)
    listed = path.stat().st_size
    path.write_bytes(path.read_bytes() + b"\7\0" * 441)
    message = rf"a\.idx lists {listed // 2} uint16 ids, which is {listed} bytes, got {listed + 882}"
    for one in (path, path.with_suffix(".idx")):
        with pytest.raises(InputError, match=message):
            documents(open_file(one))


def test_megatron_with_ids_between_its_documents(tmp_path: Path) -> None:
    path = shards.megatron(tmp_path / "a.bin", [[[1, 2]], [[3]]])
    index = path.with_suffix(".idx")
    path.write_bytes(path.read_bytes()[:4] + b"\7\0" * 5 + path.read_bytes()[4:])
    at = 34 + 4 * 2 + 8  # the offset of the second sequence
    content = index.read_bytes()
    index.write_bytes(content[:at] + struct.pack("<q", 14) + content[at + 8 :])
    with pytest.raises(InputError, match="lists 3 uint16 ids, which is 6 bytes, got 16"):
        documents(open_file(path))


LONGER: dict[str, Callable[[Path], Path]] = {
    "llm.c": lambda folder: shards.llmc(folder / "a.bin", [1, 2, 3]),
    "olmo": lambda folder: shards.olmo(folder / "a.npy", [[1, 2, 3], [4, 5]]),
    "datatrove": lambda folder: shards.datatrove(folder / "a.ds", [[1, 2, 3], [4, 5]]),
    "mds": lambda folder: shards.mds(
        folder / "a.mds", {"tokens": ("ndarray:int32", [shards.mds_array([1, 2], "int32")] * 3)}
    ),
    "npy": lambda folder: _saved(folder / "a.npy", np.arange(5)),
    "npy of rows": lambda folder: _saved(folder / "a.npy", np.arange(6).reshape(3, 2)),
}


def _saved(path: Path, array: Any) -> Path:
    np.save(path, array)
    return path


@pytest.mark.parametrize("name", LONGER)
@pytest.mark.parametrize("more", [4, 400])
def test_files_with_more_than_their_index_or_header_accounts_for(
    tmp_path: Path, name: str, more: int
) -> None:
    path = LONGER[name](tmp_path)
    assert documents(open_file(path))
    content = path.read_bytes()
    path.write_bytes(content + b"\7\0" * (more // 2))
    with pytest.raises(InputError, match=re.escape(path.name)):
        documents(open_file(path))
    path.write_bytes(content[:-4])
    with pytest.raises(InputError, match=re.escape(path.name)):
        documents(open_file(path))


@pytest.mark.parametrize("write_shard", [shards.olmo, shards.datatrove])
def test_twice_or_half_as_many_ids_as_the_index_lists(tmp_path: Path, write_shard: Any) -> None:
    rows = [[300 + i, 1000 + i, 7] for i in range(200)]
    path = write_shard(tmp_path / f"a.{'npy' if write_shard is shards.olmo else 'ds'}", rows, "<u2")
    assert documents(open_file(path)) == rows
    path.write_bytes(2 * path.read_bytes())
    with pytest.raises(InputError, match="look half as wide: one of the two is of another file"):
        open_file(path)
    write_shard(path, rows, "<u4")
    assert documents(open_file(path)) == rows
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError, match="look twice as wide: one of the two is of another file"):
        open_file(path)


@pytest.mark.parametrize("ending", [".gz", ".zst"])
def test_compressed_shards_with_more_than_their_samples(tmp_path: Path, ending: str) -> None:
    plain = LONGER["mds"](tmp_path).read_bytes()
    path = shards.packed_as(tmp_path / f"b.mds{ending}", plain)
    assert len(documents(open_file(path))) == 3
    shards.packed_as(path, plain + b"more")
    with pytest.raises(InputError, match="more follows its 3 samples"):
        documents(open_file(path))


@pytest.mark.parametrize("loader", ["PyTreeLoader", "TokensLoader"])
def test_litdata_chunks_with_more_than_their_items(tmp_path: Path, loader: str) -> None:
    rows = [[1, 2, 3], [4, 5]]
    form = {"0": ("no_header_tensor:16", [shards.pack(row, "<i4") for row in rows])}
    path = shards.litdata(tmp_path / "chunk-0-0.bin", form, loader=loader)
    assert documents(open_file(path)) == rows
    path.write_bytes(path.read_bytes() + b"more")
    with pytest.raises(InputError, match="2 samples end at byte"):
        documents(open_file(path))


def test_olmo_with_ids_that_are_in_no_row(tmp_path: Path) -> None:
    path = shards.olmo(tmp_path / "a.npy", [[1, 2], [3], [4, 5]])
    sidecar = tmp_path / "a.csv.gz"
    lines = gzip.decompress(sidecar.read_bytes()).splitlines(keepends=True)
    sidecar.write_bytes(gzip.compress(lines[0] + lines[2]))
    with pytest.raises(InputError, match=r"got 3,5 after 2 in row 2"):
        open_file(path)


def test_megatron_needs_both(tmp_path: Path) -> None:
    path = shards.megatron(tmp_path / "a.bin", [[[1]]])
    path.write_bytes(b"\1\0\2")
    with pytest.raises(InputError, match="multiple of 2"):
        open_file(path)
    path.unlink()
    with pytest.raises(InputError, match=r"expected a\.bin beside"):
        open_file(path.with_suffix(".idx"))


# --- llm.c --------------------------------------------------------------------------------------


@ON_A_PATH
@given(st.lists(st.sampled_from([5, 7, 50256, 128000])), st.booleans(), EOT, SMALL)
def test_llmc(tmp_path: Path, ids: list[int], wide: bool, eot: int | None, batch: int) -> None:
    ids = [i if wide else i % 65536 for i in ids]
    path = shards.llmc(tmp_path / "a.bin", ids, wide)
    mark = eot or (128000 if wide else 50256)
    check_views(path, ReadOptions(eot=eot), split_at(ids, mark), batch)
    reader = open_file(path, ReadOptions(eot=eot))
    assert (reader.format, reader.eot) == ("llm.c", mark)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (struct.pack("<3i", 20240520, 1, 4).ljust(1024, b"\0") + b"\0" * 6, "4 uint16 ids.*1,030"),
        (struct.pack("<3i", 20240801, 7, 1).ljust(1024, b"\0"), "1 uint32 ids"),
        (struct.pack("<3i", 20240520, 1, -1).ljust(1024, b"\0"), "-1 uint16 ids"),
        (struct.pack("<3i", 20240520, 7, 0).ljust(1024, b"\0"), "expected version 1 .* got 7"),
        (struct.pack("<3i", 20240520, 1, 0), "1,024 bytes, got 12"),
        (struct.pack("<i", 20240520), "1,024 bytes, got 4"),
        (struct.pack("<2i", 20240522, 1), "evaluation file"),
        (struct.pack("<2i", 20240326, 1), "a model|llm.c model"),
        (struct.pack("<2i", 20240327, 1), "optimizer state"),
        (struct.pack("<2i", 20240328, 1), "tokenizer"),
        (struct.pack("<2i", 20240527, 1), "model state"),
        (struct.pack("<2i", 20240803, 1), "llm.c model"),
    ],
)
def test_llmc_refusals(tmp_path: Path, data: bytes, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        open_file(write(tmp_path / "a.bin", data))


# --- OLMo and datatrove -------------------------------------------------------------------------


@ON_A_PATH
@given(ROWS, st.sampled_from(["u1", "<u2", "<u4", "<u8"]), EOT, SMALL)
def test_olmo(tmp_path: Path, rows: Any, item: str, eot: int | None, batch: int) -> None:
    path = shards.olmo(tmp_path / "a.npy", rows, item)
    options = ReadOptions(eot=eot)
    if not sum(map(len, rows)):  # the width is unknown and makes no difference
        assert documents(open_file(path, options)) == cut(rows, eot)
        return
    check_views(path, options, cut(rows, eot), batch)


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ("0,2\n2,5\n", "5 ids that a.csv.gz tells of, got 8 bytes"),
        ("0,2\n1,4\n", "got 1,4 after 2 in row 2"),
        ("0,2\n3,2\n", "got 3,2 after 2 in row 2"),
        ("-1,2\n", "got -1,2 after 0 in row 1"),
        ("start,end\n0,4\n", "rows of start,end"),
        ("0\n4\n", "rows of start,end"),
        ("0,9223372036854775807\n", "more than a.npy has bytes"),
        ("0,99999999999999999999\n", "rows of start,end"),
        ("0,0\n" * 1_200_000, "more than a.npy has bytes"),
        ("", "0 ids that a.csv.gz tells of, got 8 bytes"),
    ],
)
def test_olmo_refusals(tmp_path: Path, lines: str, sentence: str) -> None:
    (tmp_path / "a.npy").write_bytes(bytes(8))
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(lines.encode()))
    with pytest.raises(InputError, match=sentence):
        open_file(tmp_path / "a.npy")


def test_olmo_sidecar_cut_short_and_contradicted(tmp_path: Path) -> None:
    path = shards.olmo(tmp_path / "a.npy", [[1, 2], [3]])
    reader = open_file(path, ReadOptions(dtype="u16"))
    assert documents(reader) == [[1, 2], [3]]
    assert "--dtype u16 is not used" in reader.warnings[0]
    sidecar = tmp_path / "a.csv.gz"
    sidecar.write_bytes(sidecar.read_bytes()[:-12])
    with pytest.raises(InputError, match=r"a\.csv\.gz: cannot be read"):
        open_file(path)


@ON_A_PATH
@given(ROWS, st.sampled_from(["<u2", "<u4"]), EOT, SMALL)
def test_datatrove(tmp_path: Path, rows: Any, item: str, eot: int | None, batch: int) -> None:
    path = shards.datatrove(tmp_path / "a.ds", rows, item)
    reader = open_file(path)
    assert (reader.format, reader.dtype) == ("datatrove", np.dtype(item).name)
    check_views(path, ReadOptions(eot=eot), cut(rows, eot), batch)


def test_datatrove_refusals(tmp_path: Path) -> None:
    path = shards.datatrove(tmp_path / "a.ds", [[1, 2], [3, 4]])
    index = tmp_path / "a.ds.index"
    good = index.read_bytes()
    reader = open_file(path, ReadOptions(dtype="u32"))
    assert documents(reader) == [[1, 2], [3, 4]]
    assert "--dtype u32 is not used" in reader.warnings[0]
    for data, sentence in (
        (good[:-1], "multiple of 8"),
        (good[:8] + struct.pack("<Q", 3), "3 ids that a.ds.index ends at, got 8 bytes"),
        (good[:8] + struct.pack("<Q", 1 << 63), "ids that a.ds.index ends at"),
        (good[:8] + struct.pack("<Q", 2), "says that ids have 2 bytes"),
        (struct.pack("<2Q", 5, 4), "never fall and are at most 4, got 4 at byte 8"),
        (struct.pack("<3Q", 1, 1 << 63, 4), "at byte 8"),
    ):
        index.write_bytes(data)
        with pytest.raises(InputError, match=sentence):
            documents(open_file(path))
    index.unlink()
    with pytest.raises(InputError, match="--dtype"):
        open_file(path)
    assert documents(open_file(path, ReadOptions(dtype="u16"))) == [[1, 2, 3, 4]]


# --- MDS ----------------------------------------------------------------------------------------

FULL_ROWS = st.lists(st.lists(st.integers(0, 250), min_size=1, max_size=300), max_size=8)
ENDINGS = st.sampled_from([".mds", ".mds.zstd", ".mds.gz"])


@ON_A_PATH
@given(FULL_ROWS, st.sampled_from([*shards.MDS_CODES]), st.booleans(), ENDINGS, EOT, SMALL)
def test_mds_ids(
    tmp_path: Path, rows: Any, item: str, dynamic: bool, ending: str, eot: int | None, batch: int
) -> None:
    values = [shards.mds_array(row, item, tells_item=dynamic) for row in rows]
    columns = {
        "a_number": ("int32", [bytes(4) for _ in rows]),
        "id": ("str", [str(i).encode() for i in range(len(rows))]),
        "tokens": ("ndarray" if dynamic else f"ndarray:{item}", values),
        "z": ("bytes", [b"zz" for _ in rows]),
    }
    path = shards.mds(tmp_path / f"shard.00000{ending}", columns, {"a_number": 4})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(samples_module, "BATCH_BYTES", batch)
        reader = open_file(path, ReadOptions(eot=eot))
        assert (reader.format, reader.kind) == ("mds", "ids")
        assert documents(reader) == cut(rows, eot)
        assert documents(reader) == cut(rows, eot)


@pytest.mark.parametrize("ending", [".mds", ".mds.zstd", ".mds.gz"])
def test_mds_text_and_fixed_arrays(tmp_path: Path, ending: str) -> None:
    texts = ["The cat", "", "né \U0001f600"]
    columns = {
        "text": ("str", [text.encode() for text in texts[:2]] + [b"n\xff"]),
        "tokens": (
            "ndarray:uint16:2",
            [shards.mds_array(row, "uint16", fixed=True) for row in ([1, 2], [3, 4], [5, 6])],
        ),
        "raw": ("bytes", [np.array([i, 9]).tobytes() for i in range(3)]),
        "sharp": ("ndarray:int32:2,2", [bytes(16)] * 3),
        "bad": ("pkl", [b"x"] * 3),
    }
    path = shards.mds(tmp_path / f"a{ending}", columns, {"tokens": 4, "sharp": 16})
    reader = open_file(path)
    assert documents(reader) == ["The cat", "", "n\ufffd"]
    assert "not UTF-8" in reader.warnings[0]
    assert documents(open_file(path, ReadOptions(ids_key="tokens"))) == [[1, 2], [3, 4], [5, 6]]
    raw = open_file(path, ReadOptions(ids_key="raw", dtype="u64"))
    assert documents(raw) == [[0, 9], [1, 9], [2, 9]]
    for key, sentence in (("raw", "--dtype"), ("sharp", "one dimension"), ("bad", "pickle")):
        with pytest.raises(InputError, match=sentence):
            open_file(path, ReadOptions(ids_key=key))
    with pytest.raises(InputError, match=r"'raw' must hold text"):
        open_file(path, ReadOptions(text_key="raw"))
    with pytest.raises(InputError, match=r"'no'.*bad \(pkl\), raw \(bytes\)"):
        open_file(path, ReadOptions(text_key="no"))


def test_mds_columns_of_json(tmp_path: Path) -> None:
    chat = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "né"}]
    values: dict[str, list[Any]] = {
        "chat": [chat, chat[:1], None],
        "list": ["a", ["b", "c"], {"text": "d"}],
        "nested": [{"a": {"b": "x"}}, {"a": None}, {"a": {"b": "y"}}],
        "ids": [[1, 2], [], [[3], [4, 5]]],
        "mask": [[1, 0], [], [[1], [0, 1]]],
    }
    columns = {
        name: ("json", [json.dumps(value).encode() for value in column])
        for name, column in values.items()
    }
    columns["broken"] = ("json", [b"[1", b'"good"', b""])
    columns["array"] = ("ndarray:uint8", [shards.mds_array([1], "uint8")] * 3)
    path = shards.mds(tmp_path / "a.mds", columns)
    for options, expected in (
        ({"text_key": "chat"}, ["Hi\n\nné", "Hi"]),
        ({"text_key": "chat", "part": "assistant"}, ["né", ""]),
        ({"text_key": "list"}, ["a", "b", "c"]),
        ({"text_key": "nested.a.b"}, ["x", "y"]),
        ({"text_key": "broken"}, ["good"]),
        ({"ids_key": "ids"}, [[1, 2], [], [3], [4, 5]]),
        ({"ids_key": "ids", "mask_key": "mask"}, [[1], [], [3], [5]]),
    ):
        assert documents(open_file(path, ReadOptions(**options))) == expected, options  # type: ignore[arg-type]
    with pytest.raises(InputError, match="both JSON, got json and ndarray:uint8"):
        open_file(path, ReadOptions(ids_key="ids", mask_key="array"))


def test_mds_two_dimensions_are_refused(tmp_path: Path) -> None:
    array = bytes([2 << 2, 1, 2]) + bytes(8)
    path = shards.mds(tmp_path / "a.mds", {"tokens": ("ndarray:int32", [array])})
    with pytest.raises(InputError, match="one dimension in column 'tokens', got 2 in sample 0"):
        documents(open_file(path))


def test_mds_lies(tmp_path: Path) -> None:
    path = shards.mds(tmp_path / "a.mds", {"text": ("str", [b"abc", b"defg"])})
    good = path.read_bytes()
    first, second, end = struct.unpack("<3I", good[4:16])
    for change, sentence in (
        (poke(0, b"\xff\xff\xff\xff"), "bytes expected"),
        (poke(4, struct.pack("<I", 3)), "offset 0 .byte 4. is 3, out of order"),
        (poke(8, struct.pack("<I", end + 1)), "offset 2 .byte 12."),
        (poke(12, struct.pack("<I", end + 1)), "samples end at byte"),
        (poke(8, struct.pack("<I", first + 1)), "sample 0 is shorter than its columns"),
        (poke(first, struct.pack("<I", 4)), "sample 0 does not end where its columns do"),
        (poke(second, b"\xff" * 4), "sample 1 does not end where its columns do"),
        (poke(16, b"[" * (first - 16)), "JSON description of its columns at byte 16"),
        (poke(16, b"[]".ljust(first - 16)), "names, encodings and sizes of columns"),
    ):
        path.write_bytes(change(good))
        with pytest.raises(InputError, match=sentence):
            documents(open_file(path))


# --- LitData ------------------------------------------------------------------------------------


@ON_A_PATH
@given(ROWS, st.sampled_from([*shards.LITDATA_CODES]), st.booleans(), st.booleans(), EOT)
def test_litdata_ids(
    tmp_path: Path, rows: Any, form: Any, packed: bool, tokens_loader: bool, eot: int | None
) -> None:
    kind, item = form
    name = "chunk-0-0.zstd.bin" if packed else "chunk-0-0.bin"
    columns = {
        "" if tokens_loader else "input_ids": (
            f"{kind}:{shards.LITDATA_CODES[form]}",
            [shards.pack(row, item) for row in rows],
        )
    }
    if not tokens_loader:
        columns["n"] = ("int", [b"\1" * 8 for _ in rows])
    loader = "TokensLoader" if tokens_loader else "PyTreeLoader"
    compression = "zstd" if packed else None
    path = shards.litdata(tmp_path / name, columns, loader=loader, compression=compression)
    reader = open_file(path, ReadOptions(eot=eot))
    assert (reader.format, reader.kind, reader.dtype) == ("litdata", "ids", np.dtype(item).name)
    assert documents(reader) == cut(rows, eot)


def test_litdata_tokens_are_views(tmp_path: Path) -> None:
    rows = [[1, 2], [3]]
    form = {"": ("no_header_tensor:16", [shards.pack(row, "<i4") for row in rows])}
    path = shards.litdata(tmp_path / "chunk-0-0.bin", form, loader="TokensLoader")
    (batch,) = open_file(path).batches()
    assert batch.tokens is not None
    assert is_mapped(batch.tokens)


def test_litdata_text_and_refusals(tmp_path: Path) -> None:
    path = tmp_path / "chunk-0-0.bin"
    columns = {"n": ("int", [bytes(8)]), "text": ("str", [b"a text"]), "p": ("pickle", [b"x"])}
    shards.litdata(path, columns)
    assert documents(open_file(path)) == ["a text"]
    with pytest.raises(InputError, match=r"'no'.*n \(int\), text \(str\)"):
        open_file(path, ReadOptions(ids_key="no"))
    with pytest.raises(InputError, match="pickle"):
        open_file(path, ReadOptions(ids_key="p"))
    for config, sentence in (
        ({"encryption": {"algorithm": "fernet"}}, "encrypted"),
        ({"compression_level": "batch", "compression": "zstd"}, "compressed as a whole"),
    ):
        shards.litdata(path, columns, **config)
        with pytest.raises(InputError, match=sentence):
            open_file(path)
    shards.litdata(path, {"": ("str", [b""])})
    (tmp_path / "index.json").write_text("[" * 100_000)
    with pytest.raises(InputError, match="--dtype"):  # no chunk of that index, so a headerless file
        open_file(path)


@pytest.mark.parametrize("stream", [True, False])
def test_litdata_rows_of_arrow(tmp_path: Path, stream: bool) -> None:
    """Texts and nested values, which LitData now keeps as Arrow data behind a table of offsets."""
    turns = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "né"}]
    ids = {"input_ids": [[1, 2], [3]], "attention_mask": [[1, 0], [1]]}
    for number, (columns, expected) in enumerate(
        (
            ({"text": ["a", "né", None], "n": [1, 2, 3]}, ["a", "né"]),
            ({"messages": [turns, turns[:1]]}, ["Hi\n\nné", "Hi"]),
            (ids, [[1], [3]]),
        )
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = shards.litdata_rows(folder / "chunk-0-0.bin", pa.table(columns), stream)
        reader = open_file(path)
        assert (reader.format, reader.evidence[-10:]) == ("litdata", "Arrow rows")
        assert documents(reader) == expected
        assert documents(reader) == expected
        data = path.read_bytes()
        for cut in range(0, len(data), 7):
            path.write_bytes(data[:cut])
            with pytest.raises(InputError):
                documents(open_file(path))
        path.write_bytes(data[:-12] + (len(data) * 2).to_bytes(4, "little") + data[-8:])
        with pytest.raises(InputError):
            documents(open_file(path))


# --- Arrow --------------------------------------------------------------------------------------


def save(path: Path, table: pa.Table, stream: bool, rows: int = 2) -> Path:
    new = pa.ipc.new_stream if stream else pa.ipc.new_file
    with new(str(path), table.schema) as out:
        out.write_table(table, max_chunksize=rows)
    return path


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    "kind",
    [
        pa.list_(pa.int8()),
        pa.list_(pa.uint64()),
        pa.large_list(pa.int32()),
        pa.list_view(pa.uint16()),
        pa.large_list_view(pa.int64()),
    ],
)
def test_arrow_ids(tmp_path: Path, kind: Any, stream: bool) -> None:
    rows = [[1, 2, 3], [], None, [4], [5, None], [6, 2]]
    path = save(tmp_path / "a.arrow", pa.table({"input_ids": pa.array(rows, kind)}), stream)
    reader = open_file(path)
    assert (reader.format, reader.dtype) == ("arrow", str(kind.value_type))
    assert documents(reader) == [[1, 2, 3], [], [4], [6, 2]]
    assert "rows with null ids skipped: 2" in reader.warnings[0]
    assert documents(open_file(path, ReadOptions(eot=2))) == [[1], [3], [], [4], [6]]


@pytest.mark.parametrize("stream", [True, False])
def test_arrow_text(tmp_path: Path, stream: bool) -> None:
    texts = ["a", "", None, "né", "x" * 1000]
    path = save(tmp_path / "a.arrow", pa.table({"n": range(5), "text": texts}), stream)
    (tmp_path / "state.json").write_text("{}")
    reader = open_file(path)
    assert documents(reader) == ["a", "", "né", "x" * 1000]
    assert ("state.json" in reader.evidence) == stream
    assert "null texts skipped: 1" in reader.warnings[0]
    with pytest.raises(InputError, match=r"'no', this file has n \(int64\), text \(string\)"):
        open_file(path, ReadOptions(text_key="no"))


def test_fixed_size_lists_in_arrow(tmp_path: Path) -> None:
    column = pa.array([[1, 2], None, [3, 4]], pa.list_(pa.int16(), 2))
    path = save(tmp_path / "a.arrow", pa.table({"tokens": column}), stream=True)
    assert documents(open_file(path)) == [[1, 2], [3, 4]]


def test_text_that_is_not_utf8_in_arrow(tmp_path: Path) -> None:
    bad = pa.array([b"good", b"caf\xe9", None])
    for column in (bad, bad.view(pa.string())):
        path = save(tmp_path / "a.arrow", pa.table({"text": column}), stream=True)
        reader = open_file(path)
        assert documents(reader) == ["good", "caf\ufffd"]
        assert any("not UTF-8" in warning for warning in reader.warnings)


def test_save_to_disk_directories_read_what_they_name(tmp_path: Path) -> None:
    from collapse_stats.readers.discover import discover

    table = pa.table({"text": ["a"]})
    for name in ("data-00000-of-00001.arrow", "cache-1234.arrow"):
        save(tmp_path / name, table, stream=True)
    state = {"_data_files": [{"filename": "data-00000-of-00001.arrow"}]}
    (tmp_path / "state.json").write_text(json.dumps(state))
    (tmp_path / "dataset_info.json").write_text("{}")
    files = discover([tmp_path])
    assert [path.name for path in files] == ["data-00000-of-00001.arrow"]
    assert [Path(name).name for name in files.skipped] == ["cache-1234.arrow"]
