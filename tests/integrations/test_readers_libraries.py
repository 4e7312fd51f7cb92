"""Files written by the frameworks' own libraries; tests are skipped where a library is missing.

`make test-integrations` installs the libraries except mosaicml-streaming, which needs an older
huggingface_hub than `datasets` and therefore an environment of its own.
"""

import json
import shutil
import subprocess
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from reader_helpers import documents

import collapse_stats as cs
from collapse_stats.errors import InputError
from collapse_stats.readers.discover import discover
from collapse_stats.readers.in_memory.open import open_memory
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


def in_memory(source: Any, **options: Any) -> list[Any]:
    return documents(open_memory(source, ReadOptions(**options)))


def counted(source: Any, **options: Any) -> tuple[int, int]:
    """The documents of a corpus, and its bytes of text."""
    profile = cs.profile(source, tokenizer="bytes", **options)
    return profile.documents, profile.tokens


def size_of(texts: list[str]) -> tuple[int, int]:
    return len(texts), sum(len(text.encode()) for text in texts)


# A user may answer in pieces, and a model may call tools; rows may lack a text.
MIXED = [
    [
        {"role": "user", "content": "q é"},
        {"role": "assistant", "content": [{"type": "text", "text": "a"}, {"type": "image"}]},
    ],
    [{"role": "user", "content": "q2"}, {"role": "assistant", "content": "a2"}],
]
MIXED_TEXTS, MIXED_ANSWERS = ["q é\n\na", "q2\n\na2"], ["a", "a2"]
TOOLS = [
    [
        {"role": "user", "content": f"q{i}"},
        {
            "role": "assistant",
            "tool_calls": [
                {"type": "function", "function": {"name": "f", "arguments": {f"a{i}": i}}}
            ],
        },
        {"role": "tool", "name": "f", "content": "r"},
        {"role": "assistant", "content": f"a{i}"},
    ]
    for i in range(3)
]
TOOL_TEXTS, TOOL_ANSWERS = [f"q{i}\n\nr\n\na{i}" for i in range(3)], [f"a{i}" for i in range(3)]
GAPS = [text if i % 5 else None for i, text in enumerate(TEXTS)]
THERE = [text for text in GAPS if text is not None]


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


# --- datasets -----------------------------------------------------------------------------------


def written_by_datasets(folder: Path, dataset: Any) -> list[Path]:
    """The dataset saved, as Parquet and as JSON lines, each in a folder of its own."""
    folders = [folder / name for name in ("saved", "parquet", "json")]
    dataset.save_to_disk(str(folders[0]))
    dataset.to_parquet(str(folders[1] / "a.parquet"))
    dataset.to_json(str(folders[2] / "a.jsonl"))
    return folders


@pytest.mark.parametrize(
    ("chats", "texts", "answers"),
    [(MIXED, MIXED_TEXTS, MIXED_ANSWERS), (TOOLS, TOOL_TEXTS, TOOL_ANSWERS)],
    ids=["mixed", "tools"],
)
def test_datasets_with_columns_of_json(
    tmp_path: Path, chats: Any, texts: list[str], answers: list[str]
) -> None:
    datasets = pytest.importorskip("datasets", "4.8")
    dataset = datasets.Dataset.from_dict({"messages": chats}, on_mixed_types="use_json")
    assert "Json" in str(dataset.features)
    for folder in written_by_datasets(tmp_path, dataset):
        assert read(folder) == texts
        assert read(folder, part="assistant") == answers
        assert counted(str(folder)) == size_of(texts)
    for source in (dataset, dataset.to_iterable_dataset(), dataset[:], list(dataset)):
        assert in_memory(source) == texts
        assert in_memory(source, part="assistant") == answers


def test_datasets_with_sequences_of_dictionaries(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    turn = {"from": datasets.Value("string"), "value": datasets.Value("string")}
    features = datasets.Features({"conversations": datasets.Sequence(turn)})
    rows = [{"from": ["human", "gpt"], "value": [text, "ok"]} for text in TEXTS]
    dataset = datasets.Dataset.from_dict({"conversations": rows}, features=features)
    texts = [f"{text}\n\nok" for text in TEXTS]
    for folder in written_by_datasets(tmp_path, dataset):
        assert read(folder) == texts
        assert read(folder, part="user") == TEXTS
    for source in (dataset, dataset.to_iterable_dataset(), dataset[:]):
        assert in_memory(source) == texts
        assert in_memory(source, part="user") == TEXTS


def test_datasets_in_memory() -> None:
    datasets = pytest.importorskip("datasets")
    dataset = datasets.Dataset.from_dict({"text": GAPS, "n": list(range(len(GAPS)))})
    streamed = dataset.to_iterable_dataset()
    for form in (None, "numpy", "pandas", "arrow"):
        assert in_memory(dataset.with_format(form)) == THERE
        assert in_memory(dataset.with_format(form)[:]) == THERE
        assert in_memory(streamed.with_format(form)) == THERE
        assert in_memory(dataset.with_format(form).iter(7)) == THERE
    assert in_memory(dataset.shuffle(seed=1)) == [t for t in dataset.shuffle(seed=1)["text"] if t]
    assert in_memory(dataset.select([1, 3])) == [GAPS[1], GAPS[3]]
    assert in_memory(dataset["text"]) == THERE
    loud = dataset.with_transform(lambda rows: {"text": [f"{text}!" for text in rows["text"]]})
    assert in_memory(loud) == [f"{text}!" for text in GAPS]
    assert counted(datasets.DatasetDict({"train": dataset})) == size_of(THERE)
    both = datasets.DatasetDict({"train": dataset, "test": dataset})
    with pytest.raises(InputError, match=r"splits 'train', 'test': give one of them"):
        cs.profile(both)
    padded = {"text": ["no"] * 2, "input_ids": [[1, 2, 0], [3, 4, 5]]}
    ids = datasets.Dataset.from_dict({**padded, "attention_mask": [[1, 1, 0], [1, 1, 1]]})
    for form in ("numpy", "torch"):
        if form == "torch":
            pytest.importorskip("torch")
        ids.set_format(form, columns=["input_ids", "attention_mask"])
        assert in_memory(ids) == in_memory(ids[:]) == in_memory(list(ids)) == [[1, 2], [3, 4, 5]]


def test_datasets_as_csv(tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    texts = [*TEXTS, 'with "quotes", commas\nand lines']
    datasets.Dataset.from_dict({"text": texts}).to_csv(str(tmp_path / "a.csv"))
    assert read(tmp_path) == texts


def test_cache_of_datasets(tmp_path: Path) -> None:
    """A cache holds the data, what maps made of it, and the indices of sorts and filters."""
    datasets = pytest.importorskip("datasets")
    (tmp_path / "a.jsonl").write_text("".join(json.dumps({"text": t}) + "\n" for t in TEXTS))
    cache = tmp_path / "cache"
    loaded = datasets.load_dataset(
        "json", data_files=str(tmp_path / "a.jsonl"), cache_dir=str(cache), split="train"
    )
    loaded.map(lambda row: {"text": row["text"].upper()}).sort("text")
    loaded.filter(lambda row: len(row["text"]) > 10)
    assert len(list(cache.rglob("cache-*.arrow"))) >= 3
    assert counted(str(cache)) == size_of(TEXTS)
    data = next(path.parent for path in cache.rglob("*-train.arrow"))
    assert read(data) == TEXTS
    saved = tmp_path / "saved"
    loaded.save_to_disk(str(saved))
    again = datasets.load_from_disk(str(saved))
    again.map(lambda row: {"text": row["text"].upper()})
    again.sort("text")
    assert list(saved.glob("cache-*.arrow"))
    assert read(saved) == TEXTS


# --- Polars, DuckDB, pandas ---------------------------------------------------------------------


def test_polars(tmp_path: Path) -> None:
    pl = pytest.importorskip("polars")
    plain = pl.DataFrame({"id": range(len(GAPS)), "text": GAPS})
    frames = [
        plain,
        plain.with_columns(pl.col("text").cast(pl.Categorical)),
        plain.with_columns(pl.col("text").cast(pl.Enum(list(dict.fromkeys(THERE))))),
    ]
    writers: dict[str, Callable[[Any, Path], Any]] = {
        "a.parquet": lambda frame, path: frame.write_parquet(path),
        "b.parquet": lambda frame, path: frame.lazy().sink_parquet(path),
        "a.arrow": lambda frame, path: frame.write_ipc(path),
        "b.arrow": lambda frame, path: frame.write_ipc(path, compression="zstd"),
        "c.arrow": lambda frame, path: frame.write_ipc_stream(path),
        "d.arrow": lambda frame, path: frame.write_ipc(path, compat_level=pl.CompatLevel.oldest()),
        "a.jsonl": lambda frame, path: frame.write_ndjson(path),
        "b.json": lambda frame, path: frame.write_json(path),
    }
    for number, frame in enumerate(frames):
        assert in_memory(frame) == in_memory(frame.lazy()) == in_memory(frame["text"]) == THERE
        for name, write in writers.items():
            folder = tmp_path / f"{number}-{name}"
            folder.mkdir()
            write(frame, folder / name)
            assert read(folder) == THERE, name
    chats = pl.DataFrame({"messages": CHATS})
    texts = [f"{text}\n\nok" for text in TEXTS]
    roles = pl.List(pl.Struct({"role": pl.Categorical, "content": pl.String}))
    for number, frame in enumerate((chats, chats.cast({"messages": roles}))):
        for name, write in writers.items():
            folder = tmp_path / f"chats-{number}-{name}"
            folder.mkdir()
            write(frame, folder / name)
            assert read(folder) == texts, name
            assert read(folder, part="user") == TEXTS, name


@pytest.mark.parametrize("separator", [",", "\t"])
def test_polars_csv(tmp_path: Path, separator: str) -> None:
    pl = pytest.importorskip("polars")
    texts = [*filter(None, TEXTS), 'with "quotes", commas,\ttabs\nand lines']
    frame = pl.DataFrame({"id": range(len(texts)), "text": texts})
    frame.write_csv(tmp_path / ("a.csv" if separator == "," else "a.tsv"), separator=separator)
    assert read(tmp_path) == texts


def test_duckdb(tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    connection = duckdb.connect()
    rows = json.dumps(
        [
            {"id": i, "text": text, "messages": chat}
            for i, (text, chat) in enumerate(zip(TEXTS, CHATS, strict=True))
        ]
    )
    (tmp_path / "rows.json").write_text(rows)
    connection.execute(f"CREATE TABLE t AS SELECT * FROM read_json('{tmp_path / 'rows.json'}')")
    assert in_memory(connection.sql("SELECT * FROM t ORDER BY id")) == TEXTS
    texts = [f"{text}\n\nok" for text in TEXTS]
    endings = {
        "a.parquet": "(FORMAT parquet)",
        "b.parquet": "(FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 2048)",
        "c.parquet": "(FORMAT parquet, PARQUET_VERSION v2)",
        "a.json": "(FORMAT json)",
        "b.json": "(FORMAT json, ARRAY true)",
        "a.json.gz": "(FORMAT json)",
    }
    columns = {
        "messages": texts,
        "to_json(messages) AS messages": texts,
        "list_transform(messages, lambda x: to_json(x)) AS messages": texts,
        "text": TEXTS,
        "to_json(text) AS text": TEXTS,
    }
    for number, (column, expected) in enumerate(columns.items()):
        for name, options in endings.items():
            folder = tmp_path / f"{number}-{name}"
            folder.mkdir()
            query = f"SELECT {column} FROM (SELECT * FROM t ORDER BY id)"
            connection.execute(f"COPY ({query}) TO '{folder / name}' {options}")
            assert read(folder) == expected, (column, name)
            if expected is texts:
                assert read(folder, part="user") == TEXTS, (column, name)
    for name in ("a.csv", "b.csv.gz"):
        folder = tmp_path / f"csv-{name}"
        folder.mkdir()
        for column, expected in (("text", TEXTS), ("to_json(messages) AS messages", texts)):
            connection.execute(
                f"COPY (SELECT id, {column} FROM t ORDER BY id) TO '{folder / name}'"
            )
            assert read(folder) == expected, (column, name)


def test_pandas(tmp_path: Path) -> None:
    pd = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow.feather")
    frame = pd.DataFrame({"id": range(len(GAPS)), "text": GAPS})
    chats = pd.DataFrame({"messages": CHATS})
    writers: dict[str, tuple[Callable[[Any, Path], Any], dict[str, str]]] = {
        "a.parquet": (lambda frame, path: frame.to_parquet(path), {}),
        "a.feather": (lambda frame, path: frame.to_feather(path), {}),
        "a.jsonl": (lambda frame, path: frame.to_json(path, orient="records", lines=True), {}),
        "a.jsonl.gz": (lambda frame, path: frame.to_json(path, orient="records", lines=True), {}),
        "b.json": (lambda frame, path: frame.to_json(path, orient="records"), {}),
        "c.json": (lambda frame, path: frame.to_json(path, orient="records", indent=2), {}),
        "d.json": (lambda frame, path: frame.to_json(path, orient="table"), {"text_key": "data."}),
        "e.json": (lambda frame, path: frame.to_json(path), {}),
    }
    for name, (write, options) in writers.items():
        for column, source, expected in (
            ("text", frame, THERE),
            ("text", frame.astype({"text": "category"}), THERE),
            ("messages", chats, [f"{text}\n\nok" for text in TEXTS]),
        ):
            folder = tmp_path / name / f"{column}-{len(list(tmp_path.rglob('*')))}"
            folder.mkdir(parents=True)
            write(source, folder / name)
            named = {key: value + column for key, value in options.items()}
            assert read(folder, **named) == expected, name
            assert in_memory(source) == expected


@pytest.mark.parametrize(
    "name", ["a.csv", "a.tsv", "a.csv.gz", "a.csv.bz2", "a.csv.xz", "a.csv.zst"]
)
def test_pandas_csv(tmp_path: Path, name: str) -> None:
    pd = pytest.importorskip("pandas")
    if name.endswith(".zst"):
        pytest.importorskip("zstandard")
    texts = [*filter(None, TEXTS), 'with "quotes", commas,\ttabs\nand lines']
    frame = pd.DataFrame({"id": range(len(texts)), "text": texts})
    frame.to_csv(tmp_path / name, sep="\t" if ".tsv" in name else ",", index=False)
    assert read(tmp_path) == texts
    frame.to_csv(tmp_path / name, sep="\t" if ".tsv" in name else ",")  # with its index
    assert read(tmp_path) == texts


# --- compression --------------------------------------------------------------------------------


def test_pzstd(tmp_path: Path) -> None:
    """Several frames, each after a skippable one that has its size."""
    data = "".join(json.dumps({"text": text * 2000}) + "\n" for text in TEXTS).encode()
    (tmp_path / "a.jsonl").write_bytes(data)
    packed = tmp_path / "packed" / "a.jsonl.zst"
    packed.parent.mkdir()
    if tool := shutil.which("pzstd"):
        command = [tool, "-q", "-p", "4", str(tmp_path / "a.jsonl"), "-o", str(packed)]
        subprocess.run(command, check=True, capture_output=True)
    else:
        zstandard = pytest.importorskip("zstandard")
        step = len(data) // 4 + 1
        frames = [zstandard.compress(data[at : at + step]) for at in range(0, len(data), step)]
        sizes = [b"\x50\x2a\x4d\x18\x04\0\0\0" + len(f).to_bytes(4, "little") for f in frames]
        packed.write_bytes(b"".join(a + b for a, b in zip(sizes, frames, strict=True)))
    assert packed.read_bytes()[:4] == b"\x50\x2a\x4d\x18"
    texts = [text * 2000 for text in TEXTS]
    assert read(packed.parent) == texts
    assert counted(str(packed)) == size_of(texts)


# --- datatrove, LitData, tokenizers -------------------------------------------------------------


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_documents_of_datatrove(tmp_path: Path, form: str) -> None:
    data = pytest.importorskip("datatrove.data")
    writer = pytest.importorskip(f"datatrove.pipeline.writers.{form}")
    kind = {"jsonl": "JsonlWriter", "parquet": "ParquetWriter"}[form]
    found = [data.Document(text=t, id=str(i), metadata={"n": i}) for i, t in enumerate(TEXTS)]
    with getattr(writer, kind)(str(tmp_path)) as out:
        for document in found:
            out.write(document)
    assert read(tmp_path) == TEXTS
    assert counted(str(tmp_path)) == size_of(TEXTS)


def written_by_litdata(folder: Path, items: list[Any]) -> None:
    writer = pytest.importorskip("litdata.streaming.writer")
    folder.mkdir()
    out = writer.BinaryWriter(str(folder), chunk_size=len(items))
    for i, item in enumerate(items):
        out[i] = item
    out.done()
    out.merge(1)


def test_records_of_litdata(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    written_by_litdata(tmp_path / "texts", list(TEXTS))
    written_by_litdata(tmp_path / "records", [{"text": text, "n": 1} for text in TEXTS])
    written_by_litdata(tmp_path / "chats", [{"messages": chat} for chat in CHATS])
    assert read(tmp_path / "texts") == read(tmp_path / "records") == TEXTS
    assert read(tmp_path / "chats", part="user") == TEXTS
    masks = [[int(i % 3 > 0) for i in range(len(row))] for row in ROWS]
    expected = [
        stretch for row, mask in zip(ROWS, masks, strict=True) for stretch in kept(row, mask)
    ]
    for number, kind in enumerate((torch.int64, torch.uint8, torch.bool)):
        items = [
            {"input_ids": torch.tensor(row), "attention_mask": torch.tensor(mask, dtype=kind)}
            for row, mask in zip(ROWS, masks, strict=True)
        ]
        written_by_litdata(tmp_path / f"torch-{number}", items)
        assert read(tmp_path / f"torch-{number}") == expected
        arrays = [{key: value.numpy() for key, value in item.items()} for item in items]
        written_by_litdata(tmp_path / f"numpy-{number}", arrays)
        assert read(tmp_path / f"numpy-{number}") == expected
        assert in_memory(items) == in_memory(arrays) == expected


def kept(row: list[int], mask: list[int]) -> list[list[int]]:
    """The stretches of ids where the mask is 1, or one empty document."""
    stretches: list[list[int]] = [[]]
    for token, on in zip(row, mask, strict=True):
        if on:
            stretches[-1].append(token)
        else:
            stretches.append([])
    return [stretch for stretch in stretches if stretch] or [[]]


def test_batches_of_tokenizers() -> None:
    transformers = pytest.importorskip("transformers")
    tokenizers = pytest.importorskip("tokenizers")
    vocabulary = {"[UNK]": 0, "[PAD]": 1, "a": 2, "b": 3, "c": 4}
    model = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, unk_token="[UNK]"))
    model.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenize = transformers.PreTrainedTokenizerFast(
        tokenizer_object=model, unk_token="[UNK]", pad_token="[PAD]"
    )
    texts, expected = ["a b", "a b c d"], [[2, 3], [2, 3, 4, 0]]
    tensors = ["np", "pt"] if find_spec("torch") else ["np"]
    for side in ("left", "right"):
        tokenize.padding_side = side
        assert in_memory(tokenize(texts, padding=True)) == expected
        assert in_memory(tokenize(texts)) == expected
        assert in_memory(tokenize(texts[0])) == expected[:1]
        assert in_memory([tokenize(text) for text in texts]) == expected
        for kind in tensors:
            batch = tokenize(texts, padding=True, return_tensors=kind)
            assert in_memory(batch) == in_memory([batch]) == expected
            assert in_memory({"input_ids": batch["input_ids"]})[1] == expected[1]
