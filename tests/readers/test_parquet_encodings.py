"""Parquet text in every encoding that writers choose, also one that changes inside a column."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from record_files import read

from collapse_stats.readers.open import open_file
from collapse_stats.readers.splits import SplittableReader
from collapse_stats.tokenizers.texts import as_list

ENCODINGS = ("PLAIN", "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY", "RLE_DICTIONARY")
TEXTS = [f"text {i % 700} of {'many ' * (i % 5)}" for i in range(30_000)]


@pytest.mark.parametrize("version", ["1.0", "2.0"])
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("group", [500, 30_000])  # read whole, and in parts
@pytest.mark.parametrize("chat", [False, True])
def test_encodings(tmp_path: Path, encoding: str, version: str, group: int, chat: bool) -> None:
    columns = {"text": TEXTS}
    if chat:
        columns = {"prompt": [text[:6] for text in TEXTS], "completion": TEXTS}
    plain = encoding != "RLE_DICTIONARY"
    pq.write_table(
        pa.table(columns),
        tmp_path / "a.parquet",
        row_group_size=group,
        data_page_version=version,
        use_dictionary=not plain,
        column_encoding=dict.fromkeys(columns, encoding) if plain else None,
    )
    options = {"part": "assistant"} if chat else {}
    assert read(tmp_path / "a.parquet", **options) == TEXTS


def test_an_encoding_that_changes_inside_a_column(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As parquet-mr writes it: distinct values first, and deltas when there are too many."""

    class Changing(pq.ParquetFile):  # type: ignore[misc]
        def __init__(self, *args: Any, read_dictionary: list[str], **options: Any) -> None:
            super().__init__(*args, read_dictionary=read_dictionary, **options)
            self._fails = bool(read_dictionary)

        def iter_batches(self, *args: Any, **options: Any) -> Iterator[pa.RecordBatch]:
            for number, batch in enumerate(super().iter_batches(*args, **options)):
                if number == 2 and self._fails:
                    raise OSError("Not yet implemented: DecodeArrow of DictAccumulator")
                yield batch

    pq.write_table(pa.table({"text": TEXTS}), tmp_path / "a.parquet")
    monkeypatch.setattr(pq, "ParquetFile", Changing)
    assert read(tmp_path / "a.parquet") == TEXTS


def test_long_texts_that_are_all_in_a_dictionary(tmp_path: Path) -> None:
    """They are read row by row, because Arrow would copy a dictionary that holds all of them."""
    texts = [None if i % 7 == 3 else f"{i % 5} " * 50_000 for i in range(40)]
    texts += [f"text {i} " * 20_000 for i in range(60)]
    path = tmp_path / "books.parquet"
    pq.write_table(pa.table({"text": texts}), path, compression="zstd")
    group = pq.ParquetFile(path).metadata.row_group(0)
    assert group.total_byte_size > group.num_rows << 16
    reader = open_file(path)
    assert isinstance(reader, SplittableReader)
    read = [as_list(split.read().texts or ()) for split in reader.splits()]
    assert [text for some in read for text in some] == [text for text in texts if text]
    assert max(map(len, read)) == 1
