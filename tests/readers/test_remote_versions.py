"""Objects that change while they are read: every byte is of one version, or there is an error."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shard_writers as shards
from reader_helpers import documents
from remote_servers import Web, s3, web

import collapse_stats as cs
from collapse_stats.errors import InputError
from collapse_stats.readers.inspect import inspect
from collapse_stats.readers.open import open_file
from collapse_stats.readers.options import ReadOptions
from collapse_stats.readers.remote import file as file_module
from collapse_stats.readers.remote import items as items_module
from collapse_stats.readers.remote import registry as store_registry
from collapse_stats.readers.remote import store as store_module
from collapse_stats.readers.remote.path import RemotePath

STREAM = ReadOptions(dtype="u16", eot=0)
WEAK = 'W/"{}"'
CHANGED = "changed while it was read"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Without pauses, with small blocks, and without stores and credentials of other tests."""
    monkeypatch.setattr(store_module.time, "sleep", lambda seconds: None)
    monkeypatch.setattr(file_module, "FIRST", 1 << 12)
    monkeypatch.setattr(file_module, "MOST", 1 << 14)
    monkeypatch.setattr(file_module, "_AHEAD_FROM", 1 << 13)
    monkeypatch.setattr(items_module, "_BLOCK", 1 << 14)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    store_registry._store.cache_clear()
    yield
    store_registry._store.cache_clear()


@pytest.fixture
def server() -> Iterator[Web]:
    with web() as state:
        yield state


class Changing(dict[str, bytes]):
    """One object, of which the first requests get one version, as many the next, and so on."""

    def __init__(self, path: str, versions: list[bytes], calls: int) -> None:
        super().__init__({path: versions[0]})
        self.versions, self.calls, self.asked = versions, calls, 0

    def __getitem__(self, path: str) -> bytes:
        self.asked += 1
        return self.versions[min((self.asked - 1) // self.calls, len(self.versions) - 1)]


def corpus(folder: Path, letter: str) -> Path:
    """A file of each kind; of all letters they are as long."""
    folder.mkdir()
    texts = [f"{letter} {i:05} " + letter * 30 for i in range(3000)]
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    (folder / "a.jsonl").write_text(lines)
    (folder / "a.txt").write_text("\n".join(texts))
    options = {"compression": "none", "use_dictionary": False}
    pq.write_table(pa.table({"text": texts}), folder / "a.parquet", row_group_size=500, **options)
    ids = np.full((3000, 20), ord(letter), dtype="<u2")
    (folder / "a.bin").write_bytes(ids.tobytes())
    np.save(folder / "a.npy", ids)
    shards.llmc(folder / "llmc.bin", [50256, *ids.reshape(-1).tolist(), 50256, 1])
    return folder


FILES = ("a.jsonl", "a.txt", "a.parquet", "a.bin", "a.npy", "llmc.bin")


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("name", FILES)
def test_versions_are_never_mixed(server: Web, tmp_path: Path, name: str, ranges: bool) -> None:
    """However many requests see the first version: whether the server names versions or not."""
    a, b = (corpus(tmp_path / letter, letter) / name for letter in "ab")
    whole = [documents(open_file(path, STREAM)) for path in (a, b)]
    contents = [path.read_bytes() for path in (a, b)]
    assert len(contents[0]) == len(contents[1]) > 50_000
    server.ranges = ranges
    outcomes = []
    for etag in (None, WEAK, '"{}"'):
        for first in (1, 2, 3, 4, 6, 9):
            server.etag, server.objects = etag, Changing(f"/{name}", contents * 2, first)
            try:
                found = documents(open_file(f"{server.url}/{name}", STREAM))
            except InputError as error:
                assert CHANGED in str(error)  # noqa: PT017
                outcomes.append("refused")
            else:
                assert found in whole
                outcomes.append("whole")
    assert outcomes.count("whole") >= 6  # of one answer
    assert "refused" in outcomes or not ranges


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("etag", [None, WEAK])
def test_one_answer_is_kept_and_said(
    server: Web, tmp_path: Path, ranges: bool, etag: str | None
) -> None:
    here = corpus(tmp_path / "a", "a") / "a.parquet"
    server.objects["/a.parquet"] = here.read_bytes()
    server.ranges, server.etag = ranges, etag
    url, tmp = f"{server.url}/a.parquet", tmp_path / "tmp"
    tmp.mkdir()
    found = cs.profile(url, tokenizer="bytes", backend="numpy", max_order=2, tmp=tmp)
    assert found.spectrum(2) == cs.profile(here, tokenizer="bytes", max_order=2).spectrum(2)
    assert "the server names no version of" in found.warnings[0]
    assert [wanted for _, wanted in server.asked if wanted not in (None, "bytes=0-0")] == []
    if ranges:  # else each question whether it exists is answered with all of it
        assert server.given < 1.1 * here.stat().st_size
    assert list(tmp.iterdir()) == []
    assert any("names no version" in text for text in inspect(url).warnings)


def test_broken_connections_of_what_has_no_version(server: Web, tmp_path: Path) -> None:
    a, b = (corpus(tmp_path / letter, letter) / "a.jsonl" for letter in "ab")
    server.etag, server.drop, server.drops = None, 60_000, 3
    server.objects["/a.jsonl"] = a.read_bytes()
    url = f"{server.url}/a.jsonl"
    assert documents(open_file(url)) == documents(open_file(a))
    assert server.drops == 0
    with RemotePath(url).open() as file:
        server.drops = 1
        file.read(10_000)
        server.objects["/a.jsonl"] = b.read_bytes()
        with pytest.raises(InputError, match=CHANGED):
            file.read()


@pytest.mark.parametrize(
    ("etag", "age", "by_ranges"),
    [
        ('"{}"', None, True),
        ('"{}"', -60.0, True),
        (None, 3600.0, True),
        (WEAK, 3600.0, True),
        (None, -60.0, False),  # it may be modified again within the same second
        (WEAK, -60.0, False),
        (WEAK, None, False),
        (None, None, False),
    ],
)
def test_what_is_a_version(
    server: Web, tmp_path: Path, etag: str | None, age: float | None, by_ranges: bool
) -> None:
    here = corpus(tmp_path / "a", "a") / "a.jsonl"
    server.objects["/a.jsonl"] = here.read_bytes()
    server.etag, server.modified = etag, None if age is None else time.time() - age
    assert documents(open_file(f"{server.url}/a.jsonl")) == documents(open_file(here))
    ranges = [wanted for _, wanted in server.asked if wanted not in (None, "bytes=0-0")]
    conditions = [condition for condition in server.conditions if condition]
    assert (ranges != []) == (conditions != []) == by_ranges


@pytest.mark.parametrize("ranges", [True, False])
def test_an_object_that_changes_between_looking_and_reading(
    server: Web, tmp_path: Path, ranges: bool
) -> None:
    a, b = (corpus(tmp_path / letter, letter) / "a.npy" for letter in "ab")
    server.objects["/a.npy"], server.ranges = a.read_bytes(), ranges
    reader = open_file(f"{server.url}/a.npy")
    server.objects["/a.npy"] = b.read_bytes()
    with pytest.raises(InputError, match=CHANGED):
        documents(reader)


def test_a_folder_without_room(server: Web, tmp_path: Path) -> None:
    server.objects["/a.txt"], server.etag = b"text", None
    with pytest.raises(InputError, match=r"a\.txt: .*no-such-folder.*temporary files"):
        cs.profile(f"{server.url}/a.txt", tokenizer="bytes", tmp=tmp_path / "no-such-folder")


def test_an_object_of_a_bucket_that_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("moto", reason="moto is not installed: it plays the S3 server")
    a, b = (corpus(tmp_path / letter, letter) for letter in "ab")
    with s3() as (endpoint, put):
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "us")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "us")
        put(a)
        read = file_module.RemoteFile.read
        reads = 0

        def change_then_read(self: Any, size: int | None = -1) -> bytes:
            nonlocal reads
            reads += 1
            if reads == 2:  # the first is of its beginning
                put(b)
            return read(self, size)

        monkeypatch.setattr(file_module.RemoteFile, "read", change_then_read)
        with pytest.raises(InputError, match=CHANGED):
            cs.profile("s3://corpora/a.jsonl", tokenizer="bytes", backend="numpy", max_order=2)
        assert reads >= 2
