"""Masks of token ids in every format, compared with a loop over the positions."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from record_files import read, write_arrow_file, write_arrow_stream, write_parquet
from shard_writers import litdata, mds, mds_array

import collapse_stats as cs
from collapse_stats.errors import InputError
from collapse_stats.readers.formats import jsonl

Row = list[int]
Mask = list[Any] | None


def documents_of(row: Row, mask: Mask, eot: int | None) -> list[Row]:
    """The reference: the stretches of ids that are kept and are not `eot`, or one empty document.

    A mask that is null masks nothing; a row whose mask has another length is left out.
    """
    if mask is not None and len(mask) != len(row):
        return []
    stretches: list[Row] = [[]]
    for position, token in enumerate(row):
        kept = mask is None or mask[position]
        if kept and token != eot:
            stretches[-1].append(token)
        else:
            stretches.append([])
    return [stretch for stretch in stretches if stretch] or [[]]


EOT = 7
ids = st.lists(st.integers(0, EOT), max_size=8)


@st.composite
def padded_rows(draw: Any) -> list[tuple[Row, list[int]]]:
    """Rows with padding to their left or right, or with any mask."""
    rows = []
    for row in draw(st.lists(ids, min_size=1, max_size=5)):
        pads = [0] * draw(st.integers(0, 3))
        kept = [1] * len(row)
        side = draw(st.sampled_from(["left", "right", "any"]))
        if side == "left":
            rows.append((pads + row, pads + kept))
        elif side == "right":
            rows.append((row + pads, kept + pads))
        else:
            rows.append(
                (row, draw(st.lists(st.integers(0, 2), min_size=len(row), max_size=len(row))))
            )
    return rows


MASK = "attention_mask"


def records_of(rows: list[Row], masks: list[Mask]) -> list[dict[str, Any]]:
    return [{"input_ids": row, MASK: mask} for row, mask in zip(rows, masks, strict=True)]


def as_json_lines(folder: Path, rows: list[Row], masks: list[Mask]) -> Path:
    path = folder / "a.jsonl"
    path.write_text("\n".join(map(json.dumps, records_of(rows, masks))))
    return path


def as_json_array(folder: Path, rows: list[Row], masks: list[Mask]) -> Path:
    path = folder / "a.json"
    path.write_text(json.dumps(records_of(rows, masks)))
    return path


def table_of(rows: list[Row], masks: list[Mask], list_: Any = pa.list_) -> pa.Table:
    flags = [flag for mask in masks for flag in mask or []]
    item = pa.bool_() if bool in map(type, flags) else pa.int8()
    ids = pa.array(rows, list_(pa.int32()))
    return pa.table({"input_ids": ids, MASK: pa.array(masks, list_(item))})


def written_by(write: Callable[[Path, pa.Table], Path], list_: Any) -> Callable[..., Path]:
    return lambda folder, rows, masks: write(folder, table_of(rows, masks, list_))


def as_table(_: Path, rows: list[Row], masks: list[Mask]) -> pa.Table:
    return table_of(rows, masks, pa.large_list)


def as_views(_: Path, rows: list[Row], masks: list[Mask]) -> pa.Table:
    return table_of(rows, masks, pa.list_view)


def as_records(_: Path, rows: list[Row], masks: list[Mask]) -> Any:
    return records_of(rows, masks)


def as_arrays(_: Path, rows: list[Row], masks: list[Mask]) -> Any:
    arrays = [None if mask is None else np.array(mask, dtype=np.float32) for mask in masks]
    return records_of([np.array(row, dtype=np.uint16) for row in rows], arrays)


class OnlyDlpack:
    """A tensor that NumPy cannot view but by DLPack."""

    def __init__(self, values: list[Any], dtype: Any) -> None:
        self._array = np.array(values, dtype=dtype)

    def __dlpack__(self, **options: Any) -> Any:
        return self._array.__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self._array.__dlpack_device__()

    def __len__(self) -> int:
        return len(self._array)


def as_tensors(_: Path, rows: list[Row], masks: list[Mask]) -> Any:
    tensors = [None if mask is None else OnlyDlpack(mask, np.bool_) for mask in masks]
    return records_of([OnlyDlpack(row, np.int64) for row in rows], tensors)


def as_polars(_: Path, rows: list[Row], masks: list[Mask]) -> Any:
    return pytest.importorskip("polars").from_arrow(table_of(rows, masks))


def as_pandas(_: Path, rows: list[Row], masks: list[Mask]) -> Any:
    return pytest.importorskip("pandas").DataFrame(records_of(rows, masks))


WAYS = {
    "lines": as_json_lines,
    "array": as_json_array,
    "parquet": written_by(write_parquet, pa.list_),
    "stream": written_by(write_arrow_stream, pa.large_list),
    "file": written_by(write_arrow_file, pa.list_),
    "views": written_by(write_arrow_file, pa.large_list_view),
    "table": as_table,
    "table of views": as_views,
    "records": as_records,
    "arrays": as_arrays,
    "tensors": as_tensors,
    "polars": as_polars,
    "pandas": as_pandas,
}


@pytest.mark.parametrize("small", [0, 1 << 30], ids=["by Arrow", "by Python"])
@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@given(data=st.data())
@settings(max_examples=12)
def test_masks(way: Any, small: int, data: Any) -> None:
    """Padding on both sides, holes, true and false, null masks, masks of another length, --eot."""
    found = data.draw(padded_rows())
    rows = [row for row, _ in found]
    masks: list[Mask] = [list(mask) for _, mask in found]
    kind = data.draw(st.sampled_from([bool, int]))
    masks = [[kind(flag > 0) for flag in mask or []] for mask in masks]
    for i in range(len(masks)):
        change = data.draw(st.sampled_from(["", "", "null", "longer"]))
        masks[i] = None if change == "null" else (masks[i] or []) + [kind(1)] * (change == "longer")
    eot = data.draw(st.sampled_from([None, EOT]))
    expected = [
        document
        for row, mask in zip(rows, masks, strict=True)
        for document in documents_of(row, mask, eot)
    ]
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(jsonl, "_SMALL", small)
        assert read(way(Path(folder), rows, masks), eot=eot) == expected


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_records_without_a_mask(way: Any, tmp_path: Path) -> None:
    """A column of nulls is no mask."""
    assert read(way(tmp_path, [[1, 2], [3]], [None, None])) == [[1, 2], [3]]


def test_the_first_mask_comes_late(tmp_path: Path) -> None:
    """A mask is honoured although the records that the keys were chosen by have none."""
    records = [{"input_ids": [1, 2]}] * 500 + [{"input_ids": [3, 4], MASK: [1, 0]}] * 2000
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(map(json.dumps, records)))
    expected = [[1, 2]] * 500 + [[3]] * 2000
    assert read(path) == read(records) == read(iter(records)) == expected
    path = tmp_path / "a.json"
    path.write_text(json.dumps(records))
    assert read(path) == expected


def test_packed_sequences_are_numbered(tmp_path: Path) -> None:
    """Masks that number the sequences of a row keep all that is not 0."""
    rows, masks = [[5, 6, 7, 8, 9, 0]], [[1, 1, 2, 2, 3, 0]]
    for way in (as_json_lines, as_table, as_records, as_polars, as_pandas):
        assert read(way(tmp_path, rows, masks)) == [[5, 6, 7, 8, 9]]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "mask",
    [0.5, [[1, 1], [1, 1]], "no", {"a": 1}, [0.0, -1e4], ["1", "0"], [1, "0"], [None, 1]],
    ids=str,
)
def test_what_is_no_mask_is_not_ignored(mask: Any, tmp_path: Path) -> None:
    """Padding is never counted because its mask was not understood: the rows are left out."""
    records = [{"input_ids": [1, 2], MASK: mask}] * 3
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(map(json.dumps, records)))
    sources = [str(path), records]
    try:
        table = pa.Table.from_pylist(records)
    except pa.ArrowException:
        pass
    else:
        sources += [table, str(write_parquet(tmp_path, table))]
    for source in sources:
        with pytest.raises(InputError):
            cs.profile(source)


def test_a_mask_by_its_name(tmp_path: Path) -> None:
    records = [{"input_ids": [1, 2, 3], MASK: [1, 1, 0], "m": {"loss": [0, 1, 1]}}] * 2
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(map(json.dumps, records)))
    table = pa.Table.from_pylist(records)
    sources = [path, records, table, write_parquet(tmp_path, table)]
    for small in (0, 1 << 30):
        with pytest.MonkeyPatch.context() as monkeypatch:
            monkeypatch.setattr(jsonl, "_SMALL", small)
            for source in sources:
                assert read(source) == [[1, 2]] * 2
                assert read(source, mask_key="m.loss") == [[2, 3]] * 2
                with pytest.raises(InputError, match=r"expected the mask 'm\.lost'"):
                    read(source, mask_key="m.lost")


def test_a_mask_is_of_ids(tmp_path: Path) -> None:
    """Who names a mask wants the ids that it belongs to, also where there are texts."""
    records = [{"text": "no", "input_ids": [1, 2], "loss_mask": [0, 1]}]
    table = pa.Table.from_pylist(records)
    for source in (records, table, write_parquet(tmp_path, table)):
        assert read(source, mask_key="loss_mask") == [[2]]
        assert read(source) == ["no"]
    with pytest.raises(InputError, match="input_ids, tokens"):
        read([{"text": "no", "loss_mask": [0, 1]}], mask_key="loss_mask")
    for other in ({"text_key": "text"}, {"part": "user"}):
        with pytest.raises(ValueError, match="mask_key belongs to token ids"):
            read(records, mask_key="loss_mask", **other)


@given(data=st.data())
@settings(max_examples=40)
def test_batches_of_tokenizers(data: Any) -> None:
    """A mapping of lists of lists, of arrays of two dimensions, or of tensors."""
    width = data.draw(st.integers(1, 5))
    row = st.lists(st.integers(0, EOT), min_size=width, max_size=width)
    rows = data.draw(st.lists(row, min_size=1, max_size=4))
    flags = st.lists(st.integers(0, 1), min_size=width, max_size=width)
    masks = data.draw(st.lists(flags, min_size=len(rows), max_size=len(rows)))
    eot = data.draw(st.sampled_from([None, EOT]))
    expected = [
        document
        for row, mask in zip(rows, masks, strict=True)
        for document in documents_of(row, mask, eot)
    ]
    whole = [document for row in rows for document in documents_of(row, None, eot)]
    for kind in (list, np.array, lambda values: OnlyDlpack(values, np.int32)):
        batch = {"input_ids": kind(rows), "token_type_ids": kind(masks), MASK: kind(masks)}
        assert read(batch, eot=eot) == expected
        assert read([batch, batch], eot=eot) == expected * 2
        assert read(iter([batch]), eot=eot) == expected
        assert read({"input_ids": kind(rows)}, eot=eot) == whole


@pytest.mark.parametrize("kind", ["mds", "mds any", "mds fixed", "litdata"])
@given(data=st.data())
@settings(max_examples=12)
def test_shards_of_samples(kind: str, data: Any) -> None:
    found = data.draw(padded_rows())
    if kind == "mds fixed":
        found = [(row[:2], mask[:2]) for row, mask in found if len(row) >= 2] or [([1, 2], [1, 0])]
    eot = data.draw(st.sampled_from([None, EOT]))
    expected = [document for row, mask in found for document in documents_of(row, mask, eot)]
    rows, masks = [row for row, _ in found], [mask for _, mask in found]
    with tempfile.TemporaryDirectory() as folder:
        if kind == "litdata":
            form = "no_header_tensor:16", [np.array(row, "<i4").tobytes() for row in rows]
            flags = "no_header_tensor:18", [np.array(mask, "<i8").tobytes() for mask in masks]
            path = litdata(Path(folder) / "chunk-0-0.bin", {"input_ids": form, MASK: flags})
        else:
            tells, fixed = kind == "mds any", kind == "mds fixed"
            form = "ndarray" if tells else "ndarray:int32:2" if fixed else "ndarray:int32"
            ids = [mds_array(row, "int32", tells, fixed) for row in rows]
            on = [mds_array(mask, "uint8") for mask in masks]
            columns = {"input_ids": (form, ids), MASK: ("ndarray:uint8", on)}
            sizes = {"input_ids": 8} if fixed else {}
            path = mds(Path(folder) / "shard.00000.mds", columns, sizes)
        assert read(path, eot=eot) == expected
