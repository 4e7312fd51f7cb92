"""The group key: documents of one value share a half and a group, in every format of records."""

import io
import json
import tarfile
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import record_files
import shard_writers

from collapse_stats.backends.options import CountOptions
from collapse_stats.corpus.corpus import Corpus
from collapse_stats.corpus.load import read_corpus
from collapse_stats.corpus.split import ordinal_hash
from collapse_stats.errors import InputError
from collapse_stats.readers.options import ReadOptions

COUNTING = CountOptions(memory=500 * 10**6)
ROWS = 200


def digest(value: Any) -> int:
    data = str(value).encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(data, digest_size=8).digest(), "little")


def read(source: Any, **options: Any) -> Corpus:
    reading = ReadOptions(**({"tokenizer": "bytes", "group_key": "episode"} | options))
    return read_corpus(source, reading=reading, counting=COUNTING)


def keys(corpus: Corpus) -> list[int]:
    return [
        key
        for segment in corpus.segments
        for hashes in segment.keys.pieces()
        for key in hashes.known_key.tolist()
    ]


def groups(corpus: Corpus) -> list[int]:
    return [
        order % 16
        for segment in corpus.segments
        for hashes in segment.keys.pieces()
        for order in hashes.order.tolist()
    ]


def expected(values: list[Any]) -> list[int]:
    """The keys of documents that are one a row."""
    by_row = ordinal_hash(np.arange(len(values))).tolist()
    return [
        row if value is None else digest(value) for value, row in zip(values, by_row, strict=True)
    ]


def csv(folder: Path, records: list[dict[str, Any]]) -> Path:
    pd.DataFrame(records).to_csv(folder / "a.csv", index=False)
    return folder / "a.csv"


def archive(folder: Path, records: list[dict[str, Any]], apart: bool = False) -> Path:
    """An archive whose texts are in the objects, or `apart` from them in files of their own."""
    with tarfile.open(folder / "a.tar", "w") as tar:
        for number, record in enumerate(records):
            rest = {key: value for key, value in record.items() if key != "text" or not apart}
            files = {"json": json.dumps(rest)} | ({"txt": record["text"]} if apart else {})
            for ending, content in files.items():
                info = tarfile.TarInfo(f"{number:05}.{ending}")
                info.size = len(content.encode())
                tar.addfile(info, io.BytesIO(content.encode()))
    return folder / "a.tar"


def archive_of_texts(folder: Path, records: list[dict[str, Any]]) -> Path:
    return archive(folder, records, apart=True)


WAYS = [*record_files.WAYS, csv, archive, archive_of_texts]
VALUES: dict[str, Any] = {
    "texts": lambda row: f"episode {row % 7}",
    "integers": lambda row: row % 7 - 3,
    "unicode": lambda row: "čau " * (row % 3) + "日",
}


@pytest.mark.parametrize("length", [10, 1000])  # JSON lines are parsed by Python, and by Arrow
@pytest.mark.parametrize("kind", VALUES)
@pytest.mark.parametrize("write", WAYS)
def test_documents_of_one_value_have_one_key(tmp_path, write, kind, length):
    values = [VALUES[kind](row) for row in range(ROWS)]
    records = [{"text": f"{row} " * length, "episode": value} for row, value in enumerate(values)]
    corpus = read(write(tmp_path, records))
    assert keys(corpus) == expected(values)
    assert groups(corpus) == [key % 16 for key in keys(corpus)]
    assert not corpus.warnings
    assert corpus.block is None
    sample = corpus.sample(10**6)
    assert sorted(set(sample.key.tolist())) == sorted(set(map(digest, values)))
    assert sample.keys == len(set(values))


@pytest.mark.parametrize("write", [way for way in WAYS if way is not record_files.pandas_frame])
def test_a_null_makes_a_document_its_own_key(tmp_path, write):
    values = [None if row % 5 == 1 else f"e{row % 3}" for row in range(ROWS)]
    records = [{"text": f"text {row}", "episode": value} for row, value in enumerate(values)]
    if write in (record_files.json_lines, record_files.in_memory):
        for record in records[6:20:5]:
            del record["episode"]
    corpus = read(write(tmp_path, records))
    assert keys(corpus) == expected(values)
    (warning,) = corpus.warnings
    assert (
        "documents without a value of the group key, each of which counts by itself: 40" in warning
    )


def test_data_frames_with_missing_values():
    values = [None if row % 5 == 1 else f"e{row % 3}" for row in range(ROWS)]
    frame = pd.DataFrame({"text": [f"text {row}" for row in range(ROWS)], "episode": values})
    assert keys(read(frame)) == expected(values)
    frame["episode"] = pd.array([None, *[7] * (ROWS - 1)], dtype="Int64")
    assert keys(read(frame)) == expected([None, *[7] * (ROWS - 1)])


@pytest.mark.parametrize("write", record_files.WAYS)
def test_dots_lead_into_objects(tmp_path, write):
    records = [{"text": f"t {row}", "meta": {"at": {"site": row % 4}}} for row in range(ROWS)]
    corpus = read(write(tmp_path, records), group_key="meta.at.site")
    assert keys(corpus) == expected([row % 4 for row in range(ROWS)])


def test_rows_of_ids_with_masks_and_several_documents(tmp_path):
    records = [
        {"input_ids": [row, 1, 2, 3], "attention_mask": [1, 1, 0, 1], "episode": row % 9}
        for row in range(ROWS)
    ]
    wanted = [digest(row % 9) for row in range(ROWS) for _ in range(2)]
    table = pa.Table.from_pylist(records)
    pq.write_table(table, tmp_path / "a.parquet")
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, records)))
    batch = {name: [record[name] for record in records] for name in records[0]}
    for source in (records, table, tmp_path / "a.parquet", tmp_path / "a.jsonl", batch, [batch]):
        assert keys(read(source, tokenizer=None, vocab_size=1000)) == wanted
    cut = read(tmp_path / "a.parquet", tokenizer=None, vocab_size=1000, eot=1)
    assert keys(cut) == [digest(row % 9) for row in range(ROWS) for _ in range(1 + (row != 1))]


def test_several_texts_of_a_record_and_chats():
    records = [{"completions": [f"a {row}", f"b {row}"], "episode": row} for row in range(ROWS)]
    assert keys(read(records)) == [digest(row) for row in range(ROWS) for _ in range(2)]
    chats = [
        {"messages": [{"role": "user", "content": f"hi {row}"}], "episode": row // 2}
        for row in range(ROWS)
    ]
    assert keys(read(chats)) == [digest(row // 2) for row in range(ROWS)]
    batch = {
        "text": [f"t {row}" for row in range(ROWS)],
        "episode": [row % 3 for row in range(ROWS)],
    }
    assert keys(read(batch)) == [digest(row % 3) for row in range(ROWS)]


def test_the_key_may_be_the_text_itself(tmp_path):
    records = [{"text": f"answer {row % 10} " * 60} for row in range(ROWS)]
    for write in WAYS[:-1]:
        corpus = read(write(tmp_path, records), group_key="text")
        assert keys(corpus) == [digest(record["text"]) for record in records]


@pytest.mark.parametrize("write", record_files.WAYS)
def test_a_field_that_is_missing_is_named_with_those_there_are(tmp_path, write):
    records = [{"text": f"t {row}", "epsode": row, "site": "x"} for row in range(ROWS)]
    with pytest.raises(InputError) as error:
        read(write(tmp_path, records))
    message = str(error.value)
    assert "expected the group key 'episode'" in message
    assert "epsode" in message
    assert "site" in message
    assert "did you mean 'epsode'" in message


@pytest.mark.parametrize("value", [1.5, True, ["a"], {"a": 1}])
@pytest.mark.parametrize("write", [*record_files.WAYS, archive])
def test_only_texts_and_integers_are_keys(tmp_path, write, value):
    records = [{"text": f"t {row}", "episode": value} for row in range(ROWS)]
    with pytest.raises(
        InputError, match=r"the group key 'episode' must hold text or integers, got"
    ):
        read(write(tmp_path, records))


def test_a_bad_value_is_named_with_its_file(tmp_path):
    lines = [{"text": f"t {row}", "episode": 1.5 if row == 150 else row} for row in range(ROWS)]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, lines)))
    with pytest.raises(InputError, match=r"a\.jsonl: the group key .* got float \(line 151\)"):
        read(tmp_path / "a.jsonl")


def test_values_that_are_not_utf8_are_repaired(tmp_path):
    line = b'{"text": "%s", "episode": "caf\xe9"}\n' % (b"x" * 500)
    (tmp_path / "a.jsonl").write_bytes(line * ROWS)
    corpus = read(tmp_path / "a.jsonl")
    assert keys(corpus) == [digest("caf\ufffd")] * ROWS
    (tmp_path / "a.jsonl").write_text('{"text": "x", "episode": "\\ud800"}\n' * ROWS)
    assert keys(read(tmp_path / "a.jsonl")) == [digest("\ud800")] * ROWS


@pytest.mark.parametrize("name", ["a.txt", "a.npy", "a.bin", "a.mds", "b.tar"])
def test_documents_without_fields_are_refused(tmp_path, name):
    path = tmp_path / name
    if name == "a.npy":
        np.save(path, np.arange(9))
    elif name == "a.mds":
        shard_writers.mds(path, {"text": ("str", [b"one"])})
    elif name == "b.tar":
        with tarfile.open(path, "w") as tar:
            (tmp_path / "1.txt").write_text("text")
            tar.add(tmp_path / "1.txt", "1.txt")
    else:
        path.write_bytes(b"some text")
    with pytest.raises(
        InputError, match="--group-key episode names a field of records, and this is"
    ):
        read(path)


def test_data_without_fields_is_refused():
    for source in (["a text", "another"], [[1, 2], [3]], np.arange(9)):
        with pytest.raises(InputError, match="--group-key episode names a field of records"):
            read(source)
    with pytest.raises(InputError, match="root is the directory"):
        read([{"text": "a", "episode": 1}], root="somewhere")


FILES = [record_files.json_lines, record_files.json_array, record_files.parquet, csv]


@pytest.mark.parametrize("write", FILES)
def test_fields_that_look_like_sources_are_mentioned(tmp_path, write):
    records = [
        {"text": f"text {row}", "id": row, "url": f"u/{row}", "Episode": f"e{row // 4}"}
        for row in range(ROWS)
    ]
    path = write(tmp_path, records)
    (warning,) = read(path, group_key=None).warnings
    assert "the field 'Episode' of a." in warning
    assert "has 50 values in the first 200 documents" in warning
    assert "say --group-key Episode" in warning
    assert not read(path, group_key="Episode").warnings


@pytest.mark.parametrize(
    "values",
    [
        [f"u/{row}" for row in range(ROWS)],  # each document has its own
        ["the same"] * ROWS,
        [None] * ROWS,
        [[row // 4] for row in range(ROWS)],
        [row / 8 for row in range(ROWS)],
    ],
)
def test_fields_that_are_no_sources_are_not_mentioned(tmp_path, values):
    records = [{"text": f"t {row}", "prompt_id": value} for row, value in enumerate(values)]
    for write in FILES[:3]:
        assert not read(write(tmp_path, records), group_key=None).warnings
    few = [{"text": "t", "prompt_id": 1}, {"text": "t", "prompt_id": 2}] * 5
    assert not read(record_files.json_lines(tmp_path, few), group_key=None).warnings
    prompts = [{"prompt": f"p {row // 4}"} for row in range(ROWS)]
    path = record_files.json_lines(tmp_path, prompts)
    assert not read(path, group_key=None, text_key="prompt").warnings
