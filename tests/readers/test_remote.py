"""Corpora by URL, from servers on localhost: they read like local files, despite failures."""

import gzip
import json
import os
import sys
import tracemalloc
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shard_writers as shards
from click.testing import CliRunner, Result
from reader_helpers import documents, write, write_lines
from remote_servers import Web, google, hub, s3, web

import collapse_stats as cs
from collapse_stats.backends.options import CountOptions
from collapse_stats.cli.group import program
from collapse_stats.corpus.corpus import Corpus
from collapse_stats.corpus.load import read_corpus
from collapse_stats.errors import InputError
from collapse_stats.readers.discover import discover
from collapse_stats.readers.inspect import inspect
from collapse_stats.readers.open import open_file
from collapse_stats.readers.options import ReadOptions
from collapse_stats.readers.remote import file as file_module
from collapse_stats.readers.remote import items as items_module
from collapse_stats.readers.remote import registry as store_registry
from collapse_stats.readers.remote import store as store_module
from collapse_stats.readers.remote.location import is_url
from collapse_stats.readers.remote.path import RemotePath
from collapse_stats.system.memory import is_mapped
from collapse_stats.tokenizers.texts import as_list

ROWS = [[1, 2, 300], [4], [50, 6, 7, 8], list(range(2000))]
TEXTS = [f"text {i} " + "né 😀 " * (i % 7) for i in range(5000)]
STREAM = ReadOptions(dtype="u16", eot=0)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[float]]:
    """Without pauses, with small blocks, and without stores and credentials of other tests."""
    pauses: list[float] = []
    monkeypatch.setattr(store_module.time, "sleep", pauses.append)
    monkeypatch.setattr(file_module, "FIRST", 1 << 12)
    monkeypatch.setattr(file_module, "MOST", 1 << 15)
    monkeypatch.setattr(file_module, "_AHEAD_FROM", 1 << 13)
    monkeypatch.setattr(items_module, "_BLOCK", 1 << 14)
    for name in [name for name in os.environ if name.startswith(("AWS_", "HF_", "GOOGLE_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    store_registry._store.cache_clear()
    yield pauses
    store_registry._store.cache_clear()


@pytest.fixture
def pauses(_quick: list[float]) -> list[float]:
    return _quick


@pytest.fixture
def server() -> Iterator[Web]:
    with web() as state:
        yield state


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """One file of each format, with the files that describe it."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    records = [{"text": text, "n": {}} for text in TEXTS]
    for ending in ("", ".gz", ".zst"):
        write_lines(folder / f"lines.jsonl{ending}", records)
    write(folder / "plain.txt", "\n".join(TEXTS).encode())
    table = pa.table({"text": TEXTS})
    pq.write_table(table, folder / "a.parquet", row_group_size=700)
    for name, new in (("stream.arrow", pa.ipc.new_stream), ("file.arrow", pa.ipc.new_file)):
        with new(str(folder / name), table.schema) as out:
            out.write_table(table, max_chunksize=500)
    ids = np.random.default_rng(1).integers(0, 50, (900, 40)).astype("<u2")
    np.save(folder / "one.npy", ids.reshape(-1))
    np.save(folder / "two.npy", ids)
    np.save(folder / "fortran.npy", np.asfortranarray(ids))
    (folder / "flat.bin").write_bytes(ids.tobytes())
    shards.llmc(folder / "llmc.bin", [50256, *ids.reshape(-1).tolist(), 50256, 1])
    shards.megatron(folder / "mega.bin", [[row] for row in ids.tolist()])
    shards.olmo(folder / "olmo.npy", ids.tolist())
    shards.datatrove(folder / "trove.ds", ids.tolist())
    arrays = [shards.mds_array(row, "uint16") for row in ROWS]
    for ending in (".mds", ".mds.zstd"):
        shards.mds(folder / f"shard{ending}", {"tokens": ("ndarray:uint16", arrays)})
    packed = [shards.pack(row, "<u2") for row in ROWS]
    shards.litdata(folder / "chunk-0-0.bin", {"tokens": ("no_header_numpy:5", packed)})
    return folder


FILES = (
    "lines.jsonl lines.jsonl.gz lines.jsonl.zst plain.txt a.parquet stream.arrow file.arrow "
    "one.npy two.npy fortran.npy flat.bin llmc.bin mega.bin olmo.npy trove.ds shard.mds "
    "shard.mds.zstd chunk-0-0.bin"
).split()


def serve(server: Web, folder: Path) -> None:
    files = [path for path in folder.rglob("*") if path.is_file()]
    server.objects |= {f"/{p.relative_to(folder).as_posix()}": p.read_bytes() for p in files}


def spans(corpus: Corpus) -> list[list[int]]:
    return [
        segment.tokens[start:stop].tolist()
        for segment in corpus.segments
        for start, stop in zip(segment.start.tolist(), segment.stop.tolist(), strict=True)
    ]


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("name", FILES)
def test_the_web_reads_as_here(server: Web, corpus: Path, name: str, ranges: bool) -> None:
    serve(server, corpus)
    server.ranges = ranges
    reader, here = open_file(f"{server.url}/{name}", STREAM), open_file(corpus / name, STREAM)
    assert documents(reader) == documents(here) != []
    assert (reader.format, reader.size, reader.kind) == (here.format, here.size, here.kind)
    assert reader.evidence == here.evidence


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("ranges", [True, False])
def test_connections_that_break(
    server: Web, corpus: Path, name: str, ranges: bool, pauses: list[float]
) -> None:
    serve(server, corpus)
    expected = documents(open_file(corpus / name, STREAM))
    server.ranges, server.drop, server.drops = ranges, 1000, 5
    server.busy = [503, 429]
    assert documents(open_file(f"{server.url}/{name}", STREAM)) == expected
    assert server.busy == []
    assert len(pauses) >= 2
    if len(server.objects[f"/{name}"]) > 10_000:
        assert server.drops == 0


def test_what_never_works_is_one_line_with_the_object_and_the_offset(
    server: Web, pauses: list[float]
) -> None:
    server.objects["/a.jsonl"] = b'{"text": "a"}\n' * 10_000
    url = f"{server.url}/a.jsonl"
    reader = open_file(url)
    server.busy = [503] * 100
    with pytest.raises(InputError, match=rf"^{url}: opening it failed, 7 times in a row .503"):
        documents(reader)
    assert len(pauses) == 6
    assert sum(store_module.PAUSES) / 2 <= sum(pauses) <= sum(store_module.PAUSES) * 1.5
    server.busy.clear()
    server.drop, server.drops = 0, 1000
    with pytest.raises(InputError, match=rf"{url}: reading it failed at byte \d+, 7 times in a"):
        documents(reader)


def test_what_there_is_not_and_what_is_not_allowed(server: Web) -> None:
    with pytest.raises(InputError, match="no such object"):
        discover([f"{server.url}/a.jsonl"])
    with pytest.raises(InputError, match="404 Not Found"):
        open_file(f"{server.url}/a.jsonl")
    for code in (401, 403):
        server.busy = [code]
        with pytest.raises(InputError, match=rf"access denied \({code}.*tried without credentials"):
            open_file(f"{server.url}/a.jsonl")
    server.busy = [400]
    with pytest.raises(InputError, match="the server says 400"):
        open_file(f"{server.url}/a.jsonl")
    with pytest.raises(InputError, match=r"there is no host nowhere\.invalid"):
        open_file("http://nowhere.invalid/a.jsonl")


def test_a_server_asks_to_wait(server: Web, pauses: list[float]) -> None:
    server.objects["/a.txt"] = b"text"
    server.busy, server.wait = [429], 30
    assert documents(open_file(f"{server.url}/a.txt")) == ["text"]
    assert 30 in pauses


@pytest.mark.parametrize("ranges", [True, False])
@pytest.mark.parametrize("lie", [1000, -1000])
def test_a_length_that_is_wrong(server: Web, ranges: bool, lie: int) -> None:
    lines = b'{"text": "some words"}\n' * 2000
    server.objects = {"/a.jsonl.gz": gzip.compress(lines + os.urandom(9000)), "/b.jsonl": lines}
    server.ranges, server.lie = ranges, lie
    for name in ("a.jsonl.gz", "b.jsonl"):
        url = f"{server.url}/{name}"
        try:
            found = documents(open_file(url))
        except InputError as error:
            assert url in str(error)  # noqa: PT017
            assert "byte" in str(error)  # noqa: PT017
        else:  # the server gave a smaller size, and everything up to it was read
            assert lie < 0
            assert len(found) in range(1900, 2000)


def test_a_server_that_tells_no_length(server: Web, corpus: Path) -> None:
    serve(server, corpus)
    server.ranges = server.lengths = False
    for name in ("lines.jsonl", "lines.jsonl.gz", "plain.txt"):
        expected = documents(open_file(corpus / name))
        found = [
            as_list(batch.texts or []) for batch in open_file(f"{server.url}/{name}").batches()
        ]
        assert [text for texts in found for text in texts or []] == expected
    with pytest.raises(InputError, match="does not tell how long"):
        open_file(f"{server.url}/a.parquet")


def test_an_object_that_changes_while_it_is_read(server: Web) -> None:
    for ranges in (True, False):
        server.ranges = ranges
        server.objects["/a.txt"] = b"first " * 50_000
        with RemotePath(f"{server.url}/a.txt").open() as file:
            file.read(10)
            server.objects["/a.txt"] = b"other " * 50_000
            if not ranges:  # then the whole old content is in one answer
                file.seek(0)
                file._block = b""  # type: ignore[attr-defined]
            with pytest.raises(InputError, match="changed while it was read"):
                file.read()


def test_memory_is_bounded_whatever_the_size(
    server: Web, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("collapse_stats.readers.formats.jsonl.BATCH_BYTES", 1 << 18)
    monkeypatch.setattr("collapse_stats.readers.formats.parquet.BATCH_BYTES", 1 << 18)
    monkeypatch.setattr(file_module, "MOST", 1 << 20)
    line = json.dumps({"text": "word " * 200}).encode() + b"\n"
    whole = line * ((32 << 20) // len(line))
    packed = gzip.compress(whole, 1)
    table = pa.table({"text": ["word " * 200 + str(i) for i in range(30_000)]})
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=30_000, use_dictionary=False)
    server.objects = {"/a.jsonl": whole, "/b.jsonl.gz": packed}
    server.objects["/c.parquet"] = (tmp_path / "a.parquet").read_bytes()
    for name in server.objects:
        reader = open_file(server.url + name)
        tracemalloc.start()
        number = sum(batch.documents for batch in reader.batches())
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert number == (30_000 if "parquet" in name else len(whole) // len(line))
        assert peak < 16 << 20, name


def test_ids_lie_in_unnamed_files_and_are_fetched_once(
    server: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(items_module, "_BLOCK", 1 << 20)
    monkeypatch.setattr(file_module, "MOST", 1 << 20)
    ids = np.random.default_rng(2).integers(1, 1000, 4_000_000).astype("<u2")
    server.objects["/a.bin"] = ids.tobytes()
    url = f"{server.url}/a.bin"
    tmp = tmp_path / "tmp"
    tmp.mkdir()
    (path,) = discover([url], tmp)
    (batch,) = open_file(path, ReadOptions(dtype="u16")).batches()
    assert batch.tokens is not None
    assert is_mapped(batch.tokens)
    assert np.array_equal(batch.tokens, ids)
    assert list(tmp.iterdir()) == []
    assert server.given < 1.2 * ids.nbytes
    found = cs.profile(url, dtype="u16", backend="numpy", tmp=tmp, max_order=2)
    assert found.tokens == len(ids)
    assert f"8,000,000 bytes of remote ids are kept in unnamed files in {tmp}" in found.warnings[0]
    here = tmp_path / "a.bin"
    here.write_bytes(ids.tobytes())
    local = cs.profile(here, dtype="u16", backend="numpy", max_order=2)
    assert found.sources[0].digest == local.sources[0].digest
    assert found.spectrum(2) == local.spectrum(2)


def test_a_look_at_ids_fetches_what_is_looked_at(server: Web) -> None:
    ids = np.random.default_rng(2).integers(1, 1000, 4_000_000).astype("<u2")
    server.objects["/a.bin"] = ids.tobytes()
    facts = inspect(f"{server.url}/a.bin", ReadOptions(dtype="u16"), budget=100_000)
    assert (facts.tokens, facts.documents) == (4_000_000, 1)
    assert facts.max_id == ids[:50_000].max()
    assert server.given < 0.2 * ids.nbytes


@pytest.mark.parametrize("threads", [1, 8])
def test_threads_read_objects_in_the_order_of_the_corpus(
    server: Web, corpus: Path, monkeypatch: pytest.MonkeyPatch, threads: int
) -> None:
    monkeypatch.setattr("collapse_stats.readers.boundaries.BATCH_TOKENS", 1 << 11)
    monkeypatch.setattr("collapse_stats.readers.formats.npy.BATCH_TOKENS", 1 << 11)
    monkeypatch.setattr("collapse_stats.corpus.pipeline._CALL_BYTES", 1)
    serve(server, corpus)
    server.drop, server.drops = 1000, 5
    for names in (["flat.bin", "one.npy", "two.npy"], ["lines.jsonl", "a.parquet", "file.arrow"]):
        reading = STREAM if "flat.bin" in names else ReadOptions(tokenizer="bytes")
        remote, local = (
            read_corpus(
                [f"{where}/{name}" for name in names],
                reading=reading,
                counting=CountOptions(threads=threads),
            )
            for where in (server.url, corpus)
        )
        assert spans(remote) == spans(local) != []
        assert [source.digest for source in remote.sources] == [
            source.digest for source in local.sources
        ]


def test_bad_objects_among_good_ones_are_said_in_order(server: Web) -> None:
    lines = b'{"text": "some words"}\n' * 2000
    cut = gzip.compress(lines + os.urandom(4500).hex().encode())[:-4000]
    server.objects = {"/a.jsonl": lines, "/b.jsonl.gz": cut, "/c.txt": b"c", "/d.jsonl.gz": cut}
    urls = [server.url + name for name in server.objects]
    counting = CountOptions(threads=8)
    skipping = ReadOptions(tokenizer="bytes", skip_bad=True)
    found = read_corpus(urls, reading=skipping, counting=counting)
    bad = [source.path for source in found.sources if source.error]
    assert bad == [urls[1], urls[3]]
    assert [warning.split()[2] for warning in found.warnings] == [f"{url}:" for url in bad]
    assert all("documents before it are counted" in warning for warning in found.warnings)
    with pytest.raises(InputError, match=rf"^{urls[1]}"):
        read_corpus(urls, reading=ReadOptions(tokenizer="bytes"), counting=counting)


def test_names() -> None:
    path = RemotePath("https://host/a%20b/c.npy?token=1/2")
    assert (path.name, path.stem, path.suffix) == ("c.npy", "c", ".npy")
    assert path.parts == ("https://host", "a b", "c.npy")
    assert path.with_name("c.csv.gz").url == "https://host/a%20b/c.csv.gz?token=1/2"
    path = RemotePath("s3://bucket/a?b/c#d.npy")
    assert path.name == "c#d.npy"
    assert str(path.with_name("x")) == "s3://bucket/a?b/x"
    assert is_url("s3://bucket")
    for text in ("s3://", "see https://host for more", "ftp://host/a", "a://b", "https:///a"):
        assert not is_url(text)


# --- S3 -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bucket_server() -> Iterator[Any]:
    pytest.importorskip("moto", reason="moto is not installed: it plays the S3 server")
    with s3() as found:
        yield found


@pytest.fixture
def bucket(bucket_server: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that puts a folder into the emptied bucket ``s3://corpora``."""
    endpoint, put = bucket_server
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    put(None)
    return put


@pytest.mark.parametrize("name", FILES)
def test_buckets_read_as_here(bucket: Any, corpus: Path, name: str) -> None:
    bucket(corpus)
    (path,) = discover([f"s3://corpora/{name}"])
    assert documents(open_file(path, STREAM)) == documents(open_file(corpus / name, STREAM))


def found_in(paths: Any, base: str) -> list[str]:
    return [str(path).removeprefix(base).lstrip("/") for path in paths]


def check_same(here: Path, pattern: str = "") -> None:
    """A bucket gives the same files as the folder that it was made from."""
    local = discover([f"{here}/{pattern}" if pattern else here])
    remote = discover([f"s3://corpora/{pattern}" if pattern else "s3://corpora"])
    assert found_in(remote, "s3://corpora") == found_in(local, str(here)) != []
    assert found_in(remote.skipped, "s3://corpora") == found_in(local.skipped, str(here))


def test_prefixes_and_patterns_hold_what_folders_do(bucket: Any, tmp_path: Path) -> None:
    here = tmp_path / "tree"
    names = (
        "b.txt a.md a/z.jsonl.gz a/y.parquet a/.hidden.txt .git/x.txt .x.txt q/r.md e.unknown "
        "a/f.unknown c.txt.tmp d.txt~ ~$f.txt a/deep/er/q.txt shards/a.bin shards/a.idx "
        "shards/s.mds shards/s.mds.zstd p.profile/manifest.json p.profile/spectra.parquet "
        "p.profile/inside/x.txt saved/state.json saved/data-0.arrow saved/cache-1.arrow "
        "saved/dataset_info.json"
    ).split()
    for name in names:
        path = here / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    state = {"_data_files": [{"filename": "data-0.arrow"}]}
    (here / "saved" / "state.json").write_text(json.dumps(state))
    bucket(here)
    for pattern in ("", "*.txt", "a", "a*", "*/*.md", "**/*.txt", "a/**", "[ab]*", "?.txt", "s*"):
        check_same(here, pattern)
    for missing in ("nothing", "*.nothing", "a/nothing/*"):
        with pytest.raises(InputError, match=r"no such object|no object matches"):
            discover([f"s3://corpora/{missing}"])
    with pytest.raises(InputError, match="no such object"):
        discover(["s3://no-such-bucket/a"])
    with pytest.raises(InputError, match=r"only 1 saved profile \(p\.profile\)"):
        discover(["s3://corpora/p.profile"])
    (tmp_path / "only").mkdir()
    (tmp_path / "only" / "e.unknown").write_bytes(b"x")
    bucket(tmp_path / "only")
    with pytest.raises(InputError, match=r"only 1 of no known format \(e\.unknown\)"):
        discover(["s3://corpora"])


def test_what_is_left_out_of_prefixes_is_left_out_of_folders(bucket: Any, tmp_path: Path) -> None:
    here = tmp_path / "tree"
    names = (
        "README.md data/a.parquet data/b.parquet data/notes.txt config.json other.json "
        "test/a.parquet _temporary/half.parquet x.incomplete/half.parquet part.parquet.incomplete"
    ).split()
    for name in names:
        path = here / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    (here / "other.json").write_text('{"made": 2024}')
    bucket(here)
    for options in (
        {},
        {"include": "data"},
        {"include": ("*.md", "test/**")},
        {"exclude": ("data/b*", "te?t")},
        {"include": "*.parquet", "exclude": "data/a.*"},
    ):
        reading = ReadOptions(**options)
        for pattern in ("", "*", "data", "data/*", "*/*.parquet", "data/a.parquet"):
            places = (f"{at}/{pattern}".rstrip("/") for at in (here, "s3://corpora"))
            try:
                local, remote = (discover([place], None, reading) for place in places)
            except InputError as error:
                assert "change --include or --exclude" in str(error)  # noqa: PT017
                with pytest.raises(InputError, match="change --include or --exclude"):
                    discover([f"s3://corpora/{pattern}".rstrip("/")], None, reading)
                continue
            assert found_in(remote, "s3://corpora") == found_in(local, str(here))
            assert [(found_in([path], "s3://corpora"), why) for path, why in remote.left_out] == [
                (found_in([path], str(here)), why) for path, why in local.left_out
            ]
            assert [*remote.doubtful.values()] == [*local.doubtful.values()]
    assert found_in(discover(["s3://corpora"]), "s3://corpora") == [
        "data/a.parquet",
        "data/b.parquet",
        "other.json",
        "test/a.parquet",
    ]


def run(*args: object, code: int = 0) -> Result:
    result = CliRunner().invoke(program, [str(arg) for arg in args])
    assert result.exit_code == code, (result.stdout, result.stderr, result.exception)
    return result


def test_every_command_takes_urls(bucket: Any, tmp_path: Path) -> None:
    for number, name in enumerate(("human", "gen")):
        (tmp_path / "in" / name).mkdir(parents=True)
        for part in (0, 1):
            rows = [{"text": f"{name} {i * part + number} words"} for i in range(80)]
            write_lines(tmp_path / "in" / name / f"{part}.jsonl", rows)
    bucket(tmp_path / "in")
    common = ("--backend", "numpy", "--tokenizer", "bytes", "--max-order", 2)
    here, there = tmp_path / "in", "s3://corpora"

    def figures(*command: object) -> Any:
        return json.loads(run(*command, "--json", *common).stdout)

    assert figures("show", f"{there}/human") == figures("show", here / "human")
    sides = [f"{there}/human", f"{there}/gen"]
    assert figures("compare", *sides) == figures("compare", here / "human", here / "gen")
    run("profile", f"{there}/human", "-o", tmp_path / "p", *common)
    assert cs.load(tmp_path / "p").tokens == cs.profile(here / "human", tokenizer="bytes").tokens
    assert figures("compare", tmp_path / "p", f"{there}/gen")
    inputs = json.loads(run("inspect", there, "--json").stdout)["inputs"]
    assert [item["path"] for item in inputs] == [
        f"{there}/{name}/{part}.jsonl" for name in ("gen", "human") for part in (0, 1)
    ]
    page = run("inspect", there).stdout
    assert "4 files, " in page
    assert "in s3://corpora\n" in page
    assert "\ngen/0.jsonl " in page
    listed = tmp_path / "list"
    listed.write_text(f"{there}/human/0.jsonl\n{there}/human/1.jsonl\n")
    assert figures("show", "--files-from", listed)["corpora"][0]["tokens"] > 1000
    assert cs.compare(sides[0], sides[1], tokenizer="bytes", backend="numpy").kl(1) is not None


def test_credentials(bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "a.txt", b"text")
    bucket(tmp_path)
    url = "s3://corpora/a.txt"
    assert documents(open_file(url)) == ["text"]
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    store_registry._store.cache_clear()
    with pytest.raises(InputError, match=r"denied; tried .*role.*, and without credentials"):
        open_file(url)
    (tmp_path / "home" / ".aws").mkdir(parents=True)
    (tmp_path / "home" / ".aws" / "credentials").write_text("[other]\n")
    with pytest.raises(InputError, match=r"the profile 'default' of .*/\.aws/credentials"):
        open_file(url)
    bucket(tmp_path, public=True)
    assert documents(open_file(url)) == ["text"]


@pytest.mark.parametrize("name", ["lines.jsonl", "a.parquet", "flat.bin"])
def test_buckets_that_fail_in_passing(
    bucket: Any, bucket_server: Any, corpus: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    bucket(corpus)
    expected = documents(open_file(corpus / name, STREAM))
    with web() as between:
        between.upstream = bucket_server[0]
        monkeypatch.setenv("AWS_ENDPOINT_URL", between.url)
        between.busy = [503] * 5
        between.drop, between.drops = 1000, 5
        assert documents(open_file(f"s3://corpora/{name}", STREAM)) == expected
        assert (between.busy, between.drops) == ([], 0)


def test_a_bucket_that_never_works(
    bucket: Any, bucket_server: Any, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket(corpus)
    monkeypatch.setattr(store_module, "PAUSES", (0.0,))  # the library pauses by itself
    with web() as between:
        between.upstream = bucket_server[0]
        monkeypatch.setenv("AWS_ENDPOINT_URL", between.url)
        reader = open_file("s3://corpora/lines.jsonl")
        between.drop, between.drops = 0, 10**6
        with pytest.raises(InputError, match=r"s3://corpora/lines\.jsonl: reading it failed at b"):
            documents(reader)


# --- Google's storage ---------------------------------------------------------------------------


def test_google_storage_reads_as_here(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_module, "FIRST", 1 << 16)  # Arrow's requests are slow
    (corpus / "below").mkdir()
    (corpus / "lines.jsonl").rename(corpus / "below" / "lines.jsonl")
    files = "below/lines.jsonl", "lines.jsonl.zst", "file.arrow", "flat.bin", "trove.ds"
    with google("corpora", corpus) as endpoint:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", endpoint)
        for name in files:
            (path,) = discover([f"gs://corpora/{name}"])
            there = open_file(path, STREAM)
            assert documents(there) == documents(open_file(corpus / name, STREAM)), name
        for pattern in ("", "/below", "/*.npy", "/**/*.jsonl"):
            local, remote = (discover([f"{at}{pattern}"]) for at in (corpus, "gs://corpora"))
            assert found_in(remote, "gs://corpora") == found_in(local, str(corpus)) != []
        assert read_corpus("gs://corpora/below").documents == len(TEXTS)
        for missing in ("corpora/nothing", "no-such-bucket/a"):
            with pytest.raises(InputError, match="no such object"):
                discover([f"gs://{missing}"])


# --- the hub ------------------------------------------------------------------------------------


def test_the_hub(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("huggingface_hub")
    names = ("lines.jsonl.gz", "a.parquet")
    files = {f"data/{name}": (corpus / name).read_bytes() for name in names}
    files["README.md"] = b"read me"
    with ExitStack() as stack:
        server = stack.enter_context(hub("owner/name", files))
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        base = "hf://datasets/owner/name"
        found = discover([base])
        assert found_in(found, base) == sorted(files)[1:]
        assert found_in(found.skipped, base) == ["README.md"]
        for pattern in (f"{base}/data", f"{base}/data/*", f"{base}@main/data/*"):
            paths = discover([pattern])
            assert [path.name for path in paths] == sorted(names)
            for path in paths:
                assert documents(open_file(path)) == TEXTS
        with pytest.raises(InputError, match="no such object"):
            discover([f"{base}/nothing"])
        server.busy = [401]
        store_registry._store.cache_clear()
        with pytest.raises(InputError, match="no token, for there is none"):
            open_file(f"{base}/data/a.parquet")


def test_the_hub_without_its_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(InputError, match=r"collapse-stats\[remote\]"):
        open_file("hf://datasets/owner/name/a.parquet")
