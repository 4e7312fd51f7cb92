"""Each document is known by its row in its file, in every format, whatever the rows before it hold.

The documents say their own rows: texts begin with the number, and lists of ids with an id.
"""

import gzip
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shard_writers as shards

from collapse_stats.backends.options import CountOptions
from collapse_stats.corpus.load import read_corpus
from collapse_stats.readers.options import ReadOptions

WORD = 2**64
FILLER = " and so on and so forth" * 20
EOT = 99_999


def splitmix(row: int) -> int:
    x = (row * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019) % WORD
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 % WORD
    x = (x ^ x >> 27) * 0x94D049BB133111EB % WORD
    return x ^ x >> 31


def check(source: Any, documents: int, threads: int = 2, **options: Any) -> None:
    """Assert that the keys of all documents are those of the rows that they say themselves."""
    counting = CountOptions(memory=500 * 10**6, threads=threads)
    corpus = read_corpus(source, reading=ReadOptions(**options), counting=counting)
    assert corpus.documents == documents
    said, keys = [], []
    for segment in corpus.segments:
        keys += [key for hashes in segment.keys.pieces() for key in hashes.known_key.tolist()]
        for start, stop in zip(segment.start, segment.stop, strict=True):
            tokens = segment.tokens[start:stop]
            is_text = options.get("tokenizer") == "bytes"
            said.append(int(bytes(tokens.tolist()).split()[0] if is_text else tokens[0]))
    assert keys == list(map(splitmix, said))


def text(row: int) -> str:
    return f"{row} is my row{FILLER}"


ROWS = 3000  # of some 500 bytes, so that there are several splits
BAD = {5, 700, 701, 702, 2400, ROWS - 1}
TEXT = {"tokenizer": "bytes"}


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_lines_of_json(tmp_path, name, threads):
    lines = [json.dumps({"text": text(row)}) for row in range(ROWS)]
    for row, bad in zip(sorted(BAD), ['{"bad', "", "  ", '{"other": 1}', '{"text": null}', "{}"]):  # noqa: B905
        lines[row] = bad
    lines[10] = json.dumps({"text": [text(10), None, text(10)]})
    lines[2000] = json.dumps({"text": text(2000)}) * 2
    data = "\n".join(lines).encode()
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    check(tmp_path / name, ROWS - len(BAD) + 2, threads, **TEXT)


def test_values_of_json(tmp_path):
    values = [{"text": None if row in BAD else text(row)} for row in range(ROWS)]
    values[3] = {"text": [text(3), text(3)]}
    (tmp_path / "a.json").write_text(json.dumps(values, indent=1))
    check(tmp_path / "a.json", ROWS - len(BAD) + 1, **TEXT)


def test_rows_of_csv(tmp_path):
    rows = [f'{row},"{text(row)}\n, with a line more"' for row in range(ROWS)]
    for row in BAD:
        rows[row] = f"{row},one,too many" if row % 2 else f"{row},"
    rows[20] = '"' + "x" * 9 + f'","{text(20)}"\n'  # an empty line is no row
    for head in ("id,text\n", "\n\nid,text\n", "sep=,\nid,text\n"):
        (tmp_path / "a.csv").write_text(head + "\n".join(rows))
        check(tmp_path / "a.csv", ROWS - len(BAD), **TEXT)


@pytest.mark.parametrize("group", [50, 3000])
def test_rows_of_parquet_and_arrow(tmp_path, group):
    texts = [None if row in BAD else text(row) for row in range(ROWS)]
    table = pa.table({"text": texts})
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=group)
    with pa.ipc.new_stream(str(tmp_path / "a.arrow"), table.schema) as out:
        out.write_table(table, max_chunksize=group)
    for source in (tmp_path / "a.parquet", tmp_path / "a.arrow", table, pl.from_arrow(table)):
        check(source, ROWS - len(BAD), **TEXT)
    check(pd.DataFrame({"text": texts}), ROWS - len(BAD), **TEXT)
    nested = pa.table({"a": [{"text": each} for each in texts]})
    pq.write_table(nested, tmp_path / "b.parquet", row_group_size=group)
    check(tmp_path / "b.parquet", ROWS - len(BAD), text_key="a.text", **TEXT)


def test_lines_and_files_of_text(tmp_path):
    (tmp_path / "a.txt").write_text("\n".join(map(text, range(ROWS))))
    check(tmp_path / "a.txt", ROWS, doc_per_line=True, **TEXT)
    (tmp_path / "b.txt").write_text(text(0))
    check(tmp_path / "b.txt", 1, **TEXT)


def test_samples_of_an_archive(tmp_path):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for row in range(ROWS):
            content = {"other": 1} if row in BAD else {"text": text(row)}
            for name, data in ((f"{row:05}.jpg", b"x"), (f"{row:05}.json", json.dumps(content))):
                info = tarfile.TarInfo(name)
                data = data.encode() if isinstance(data, str) else data
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
    (tmp_path / "a.tar").write_bytes(out.getvalue())
    check(tmp_path / "a.tar", ROWS - len(BAD), **TEXT)


def ids(row: int, length: int = 3) -> list[int]:
    return [row, *range(100, 100 + length)]


def pieces(row: int) -> tuple[list[int], list[int], int]:
    """A row of ids, a mask that cuts it, and the documents that are left: each begins with it."""
    if row % 3:
        return ids(row), [1, 1, 1, 1], 1
    return [row, 5, 6, row, 7, row], [1, 1, 0, 1, 0, 1], 3


IDS = {"vocab_size": 100_000}


def test_rows_of_ids_that_a_mask_cuts(tmp_path):
    rows = [pieces(row) for row in range(ROWS)]
    records = [{"input_ids": row, "attention_mask": mask} for row, mask, _ in rows]
    for row in BAD:
        records[row] = {"input_ids": None, "attention_mask": None}
    documents = sum(count for at, (_, _, count) in enumerate(rows) if at not in BAD)
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, records)))
    table = pa.Table.from_pylist(records)
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=501)
    for source in (tmp_path / "a.jsonl", tmp_path / "a.parquet", records, table):
        check(source, documents, **IDS)
    batches = [
        {name: [record[name] for record in records[at : at + 7]] for name in records[0]}
        for at in range(6, 692, 7)
    ]
    for batch in batches:  # which begin to count at row 6
        batch["input_ids"] = [
            [i - 6 if i == row[0] else i for i in row] for row in batch["input_ids"]
        ]
    in_batches = sum(count for _, _, count in rows[6:692])
    check(batches, in_batches, **IDS)
    whole = {name: [each for batch in batches for each in batch[name]] for name in batches[0]}
    check(whole, in_batches, **IDS)


@pytest.mark.parametrize("in_file", [True, False])
def test_rows_that_boundary_ids_cut_count_as_their_documents(tmp_path, in_file):
    documents = iter(range(10**6))
    rows = []
    for row in range(2000):
        several = [[next(documents), 5, EOT] for _ in range(1 + row % 4)]
        rows.append([i for each in several for i in each])
        if in_file and row % 50 == 7:
            rows.append(None)
            next(documents)  # a row without a document counts as one
    table = pa.table({"input_ids": rows})
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=77)
    good = sum(len(row) // 3 for row in rows if row)
    check(tmp_path / "a.parquet" if in_file else table, good, eot=EOT, **IDS)


def test_streams_of_ids(tmp_path, monkeypatch):
    monkeypatch.setattr("collapse_stats.readers.boundaries.BATCH_TOKENS", 1000)
    stream = [i for row in range(5000) for i in [*ids(row, row % 5), EOT, EOT]]
    np.save(tmp_path / "a.npy", np.array(stream, dtype=np.uint32))
    check(tmp_path / "a.npy", 5000, eot=EOT, **IDS)
    np.array(stream, dtype="<u4").tofile(tmp_path / "a.bin")
    check(tmp_path / "a.bin", 5000, eot=EOT, dtype="u32", **IDS)
    check(np.array(stream), 5000, eot=EOT, **IDS)


def test_arrays_of_rows(tmp_path, monkeypatch):
    monkeypatch.setattr("collapse_stats.readers.formats.npy.BATCH_TOKENS", 1000)
    rows = np.array([ids(row) for row in range(5000)], dtype=np.uint32)
    np.save(tmp_path / "a.npy", rows)
    for source in (tmp_path / "a.npy", rows, list(rows), rows.tolist(), {"input_ids": rows}):
        check(source, 5000, **IDS)


def _megatron(folder: Path, rows: list[list[int]]) -> Path:
    return shards.megatron(folder / "a.bin", [[row] for row in rows], item="<i4")


def _mds(folder: Path, rows: list[list[int]]) -> Path:
    data = [shards.mds_array(row, "uint32") for row in rows]
    return shards.mds(folder / "a.mds", {"tokens": ("ndarray:uint32", data)})


def _litdata(folder: Path, rows: list[list[int]]) -> Path:
    data = [np.array(row, dtype="<i8").tobytes() for row in rows]
    return shards.litdata(folder / "chunk-0-0.bin", {"input_ids": ("no_header_tensor:17", data)})


@pytest.mark.parametrize(
    "written",
    [
        _megatron,
        _mds,
        _litdata,
        lambda folder, rows: shards.olmo(folder / "a.npy", rows),
        lambda folder, rows: shards.datatrove(folder / "a.ds", rows, item="<u4"),
    ],
)
def test_shards_with_an_index(tmp_path, monkeypatch, written: Callable[[Path, Any], Path]):
    monkeypatch.setattr("collapse_stats.readers.boundaries.BATCH_TOKENS", 1000)
    monkeypatch.setattr("collapse_stats.readers.formats.sample_shards.BATCH_BYTES", 2000)
    check(written(tmp_path, [ids(row, row % 7) for row in range(2000)]), 2000, **IDS)


def test_samples_of_json_without_a_document(tmp_path, monkeypatch):
    monkeypatch.setattr("collapse_stats.readers.formats.sample_shards.BATCH_BYTES", 2000)
    values = [json.dumps({"a": None if row in BAD else text(row)}).encode() for row in range(ROWS)]
    shard = shards.mds(tmp_path / "a.mds", {"x": ("json", values)})
    check(shard, ROWS - len(BAD), text_key="x.a", **TEXT)


def test_items_and_tables_in_memory():
    records = [{"text": text(row)} for row in range(ROWS)]
    for row in BAD:
        records[row] = {"other": 1} if row % 2 else {"text": None}
    records[8] = {"text": [text(8), None, text(8)], "n": 1}
    check(records, ROWS - len(BAD) + 1, **TEXT)
    check(iter(records), ROWS - len(BAD) + 1, **TEXT)
    texts = [None if row % 9 == 4 else text(row) for row in range(90)]
    check({"text": texts}, 80, **TEXT)  # a batch, whose texts are rows
    columns = ({"text": texts[at : at + 7], "n": [1] * 7} for at in range(0, 84, 7))
    check(columns, sum(each is not None for each in texts[:84]), **TEXT)
    answers = [{"text": [text(row)] * 3, "prompt": "?"} for row in range(90)]
    check(answers, 270, **TEXT)
    tables = [pa.table({"text": [text(row) for row in range(at, at + 50)]}) for at in (0, 50, 100)]
    check(tables, 150, **TEXT)
    check(
        [pa.table({"text": [None, text(1), text(2)]}), pa.table({"text": [None, text(4)]})],
        3,
        **TEXT,
    )


def test_rows_after_the_limit_and_bad_files(tmp_path):
    lines = [json.dumps({"text": text(row)}) for row in range(ROWS)]
    lines[3] = "{}"
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    check(tmp_path / "a.jsonl", 1700, limit_documents=1700, **TEXT)
