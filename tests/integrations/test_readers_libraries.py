"""Files written by the frameworks' own libraries; tests are skipped where a library is missing.

`make test-integrations` installs the libraries except mosaicml-streaming, which needs an older
huggingface_hub than `datasets` and therefore an environment of its own.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from reader_helpers import documents

from collapse_stats.readers.discover import discover
from collapse_stats.readers.open import open_file
from collapse_stats.readers.options import ReadOptions

RNG = np.random.default_rng(5)
ROWS = [RNG.integers(0, 50000, RNG.integers(1, 300)).tolist() for _ in range(200)]
TEXTS = [f"text {i} " + "né 😀 " * (i % 7) for i in range(200)]
CHATS = [
    [{"role": "user", "content": text}, {"role": "assistant", "content": "ok"}] for text in TEXTS
]


def read(folder: Path, **options: Any) -> list[Any]:
    readers = [open_file(path, ReadOptions(**options)) for path in discover([folder])]
    return [document for reader in readers for document in documents(reader)]


def test_datasets(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    saved = datasets.Dataset.from_dict({"text": TEXTS, "input_ids": ROWS, "messages": CHATS})
    saved.save_to_disk(str(tmp_path / "a"), num_shards=3)
    datasets.DatasetDict({"train": saved}).save_to_disk(str(tmp_path / "b"))
    (tmp_path / "c").mkdir()
    saved.to_parquet(str(tmp_path / "c" / "a.parquet"))
    saved.to_json(str(tmp_path / "c" / "b.jsonl"))
    assert read(tmp_path / "a") == TEXTS
    assert read(tmp_path / "b", ids_key="input_ids") == ROWS
    assert read(tmp_path / "c") == TEXTS * 2
    assert read(tmp_path / "c", ids_key="input_ids") == ROWS * 2
    for folder, times in (("a", 1), ("b", 1), ("c", 2)):
        assert read(tmp_path / folder, part="user") == TEXTS * times


@pytest.mark.parametrize("width", [2, 4])
def test_datatrove(tmp_path: Path, width: int) -> None:
    tokens = pytest.importorskip("datatrove.pipeline.tokens.tokenizer")
    io = pytest.importorskip("datatrove.io")
    out = tokens.TokenizedFile(
        io.get_datafolder(str(tmp_path)),
        "000_shard.ds",
        token_size=width,
        save_final_metadata=True,
        tokenizer_name_or_path="gpt2",
    )
    for row in ROWS:
        out.write(row, None)
    out.close()
    (reader,) = [open_file(path) for path in discover([tmp_path])]
    assert (reader.format, reader.dtype) == ("datatrove", f"uint{8 * width}")
    assert documents(reader) == ROWS


@pytest.mark.parametrize("compression", [None, "zstd", "gz"])
def test_streaming(tmp_path: Path, compression: str | None) -> None:
    streaming = pytest.importorskip("streaming")
    columns = {"id": "int", "text": "str", "tokens": "ndarray:int32", "any": "ndarray"}
    options = {"columns": columns, "compression": compression, "size_limit": 40_000}
    with streaming.MDSWriter(out=str(tmp_path / "a"), **options) as out:
        for i, (text, row) in enumerate(zip(TEXTS, ROWS, strict=True)):
            any_row = np.array(row, dtype=np.uint16)
            out.write({"id": i, "text": text, "tokens": np.array(row, np.int32), "any": any_row})
    assert len(discover([tmp_path])) > 2
    assert read(tmp_path) == TEXTS
    assert read(tmp_path, ids_key="tokens") == ROWS
    assert read(tmp_path, ids_key="any") == ROWS


@pytest.mark.parametrize("loader", ["TokensLoader", "PyTreeLoader"])
def test_litdata(tmp_path: Path, loader: str) -> None:
    writer = pytest.importorskip("litdata.streaming.writer")
    loaders = pytest.importorskip("litdata.streaming.item_loader")
    torch = pytest.importorskip("torch")
    item_loader = getattr(loaders, loader)()
    out = writer.BinaryWriter(str(tmp_path), chunk_bytes=40_000, item_loader=item_loader)
    for i, row in enumerate(ROWS):
        ids = torch.tensor(row, dtype=torch.int32)
        out[i] = ids if loader == "TokensLoader" else {"input_ids": ids, "n": i}
    out.done()
    out.merge(1)
    files = discover([tmp_path])
    assert len(files) > 2
    by_number = sorted(files, key=lambda path: int(path.stem.split("-")[-1]))
    readers = [open_file(path) for path in by_number]
    assert {reader.format for reader in readers} == {"litdata"}
    assert [document for reader in readers for document in documents(reader)] == ROWS
