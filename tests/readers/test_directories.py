"""Which files of a directory are counted, which are left out, and that this is always said."""

import io
import json
import os
import socket
import sys
import tarfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from reader_helpers import write, write_lines
from shard_writers import litdata, mds

import collapse_stats as cs
from collapse_stats.cli.group import program
from collapse_stats.errors import InputError

Written = dict[str, Any]
"""Path of a file -> its texts, its bytes, or what makes it."""


def parquet(path: Path, texts: list[str]) -> None:
    pq.write_table(pa.table({"text": texts}), path)


def arrow(path: Path, texts: list[str]) -> None:
    stream(path, pa.table({"text": texts}))


def stream(path: Path, table: pa.Table) -> None:
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table)


def lines(path: Path, texts: list[str]) -> None:
    write_lines(path, [{"text": text} for text in texts])


WRITERS: dict[str, Callable[[Path, list[str]], Any]] = {
    ".parquet": parquet,
    ".arrow": arrow,
    ".jsonl": lines,
}


def make(folder: Path, files: Written) -> Path:
    """Write files; a list is texts in the format that the name says."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, list):
            WRITERS[path.suffix](path, content)
        elif isinstance(content, dict):
            path.write_text(json.dumps(content))
        elif isinstance(content, bytes | str):
            write(path, content.encode() if isinstance(content, str) else content)
        else:
            content(path)
    return folder


def shown(*arguments: object, code: int = 0) -> tuple[dict[str, Any], str]:
    """The corpus in the report of ``show``, and stderr."""
    given = ["show", *map(str, arguments), "--json", "--max-order", "1", "--backend", "numpy"]
    result = CliRunner().invoke(program, given)
    assert result.exit_code == code, (result.stdout, result.stderr)
    return (json.loads(result.stdout)["corpora"][0] if result.stdout else {}), result.stderr


def left_out(*arguments: object) -> dict[str, str]:
    """Name -> reason of what ``inspect`` says is left out."""
    result = CliRunner().invoke(program, ["inspect", *map(str, arguments), "--json"])
    assert result.exit_code == 0, (result.stdout, result.stderr)
    return {
        Path(each["path"]).name: each["reason"] for each in json.loads(result.stdout)["left_out"]
    }


def check(path: object, texts: list[str], reasons: dict[str, str], *options: str) -> None:
    """Check what is counted, and what is left out and said on stderr, in the report and inspect."""
    corpus, stderr = shown(path, "--tokenizer", "bytes", *options)
    assert corpus["documents"] == len(texts)
    assert corpus["tokens"] == sum(len(text.encode()) for text in texts)
    assert left_out(path, *options) == reasons
    expected = {n: r for n, r in reasons.items() if r not in EXPECTED}
    sentences = [each for each in corpus["warnings"] if each.startswith("left out: ")]
    assert len(sentences) == bool(expected)
    for sentence in sentences:
        assert f"warning: {sentence}\n" in stderr
        for reason, times in Counter(expected.values()).items():
            if times == 1:
                assert f"1 {reason} (" in sentence
        assert sum(name in sentence for name in expected) >= min(3, len(expected))


EXPECTED = ("hidden", "belongs to files that are read", "part of the cache")
CARD = "# Dataset card\nBoilerplate words."


# --- what lies beside shards ---------------------------------------------------------------------


def test_a_repository_of_the_hub(tmp_path: Path) -> None:
    files: Written = {
        "data/train-00000-of-00001.parquet": ["one two", "three"],
        "README.md": CARD,
        "LICENSE.txt": "mit",
        ".gitattributes": "x",
        "notes/of/the-makers.md": "notes",
        "dataset_infos.json": {"default": {"features": {}}},
        "logo.png": b"\x89PNG",
    }
    reasons = {
        "README.md": "documentation",
        "LICENSE.txt": "documentation",
        ".gitattributes": "hidden",
        "the-makers.md": "text or table beside shards",
        "dataset_infos.json": "belongs to files that are read",
        "logo.png": "of no known format",
    }
    check(make(tmp_path, files), ["one two", "three"], reasons)
    # A pattern that tells no names apart stands for the directories; other files are as given.
    check(tmp_path / "*", ["one two", "three"], {k: v for k, v in reasons.items() if k[0] != "."})
    both, _ = shown(tmp_path / "data", tmp_path / "README.md", "--tokenizer", "bytes")
    assert both["tokens"] == len("one twothree") + len(CARD)


@pytest.mark.parametrize("ending", [".jsonl", ".arrow", ".parquet"])
def test_texts_and_single_objects_beside_shards(tmp_path: Path, ending: str) -> None:
    files: Written = {
        f"a{ending}": ["one", "two"],
        "big.txt": "a text " * 1000,
        "merges.txt": "#version: 0.2\na b",
        "config.json": {"vocab_size": 5},
        "stats.json": {"documents": 2, "tokens": 9},
        "trainer_state.json": {"log_history": []},
        "tokenizer.json": {"model": {}},
        "of-it.json": b'{\n  "tokens": 9,\n  "output": 3\n}\n',
    }
    check(
        make(tmp_path, files),
        ["one", "two"],
        {
            "big.txt": "text or table beside shards",
            "merges.txt": "documentation",
            **dict.fromkeys(
                ("config.json", "stats.json", "trainer_state.json", "tokenizer.json", "of-it.json"),
                "metadata",
            ),
        },
    )


def test_tables_beside_shards(tmp_path: Path) -> None:
    table = b"text,label\none,1\ntwo,2\n"
    files: Written = {"a.csv": table, "README.md": CARD, "about-it.json": {"made": 2024}}
    reasons = {"README.md": "documentation", "about-it.json": "metadata"}
    check(make(tmp_path, files), ["one", "two"], reasons)
    make(tmp_path, {"train.parquet": ["three"]})
    check(tmp_path, ["three"], reasons | {"a.csv": "text or table beside shards"})


def test_beside_ids(tmp_path: Path) -> None:
    np.arange(6, dtype="<u2").tofile(tmp_path / "train.bin")
    make(tmp_path, {"README.md": CARD, "meta-of-it.json": {"vocab": 5}, "tokenizer.json": {"a": 1}})
    corpus, _ = shown(tmp_path, "--dtype", "u16")
    assert (corpus["tokens"], corpus["documents"]) == (6, 1)
    assert left_out(tmp_path, "--dtype", "u16") == {
        "README.md": "documentation",
        "meta-of-it.json": "metadata",
        "tokenizer.json": "metadata",
    }


def test_an_object_with_a_text_is_a_document_unless_shards_of_another_format_are_there(
    tmp_path: Path,
) -> None:
    documents: Written = {f"{i}.json": {"text": f"text {i}"} for i in range(3)}
    texts = [f"text {i}" for i in range(3)]
    check(make(tmp_path / "a", documents), texts, {})
    make(tmp_path / "a", {"README.md": CARD, "about.json": {"made": 2024}})
    reasons = {"README.md": "documentation", "about.json": "metadata"}
    check(tmp_path / "a", texts, reasons)
    check(make(tmp_path / "a", {"more.jsonl": ["x", "yy"]}), [*texts, "x", "yy"], reasons)
    make(tmp_path / "a", {"shard.parquet": ["x", "yy"]})
    reasons |= dict.fromkeys(documents, "metadata")
    check(tmp_path / "a", ["x", "yy", "x", "yy"], reasons)


def test_what_json_says_of_texts(tmp_path: Path) -> None:
    texts = {f"{i}.txt": f"text {i}" for i in range(3)}
    files: Written = {f"{i}.json": {"url": "u"} for i in range(3)}
    reasons = dict.fromkeys(files, "metadata")
    check(make(tmp_path / "a", texts | files), list(texts.values()), reasons)
    make(tmp_path / "a", {"2.json": {"text": "text of an object", "url": "u"}})
    reasons = {"0.json": "metadata", "1.json": "metadata"}
    reasons |= dict.fromkeys(texts, "text or table beside shards")
    check(tmp_path / "a", ["text of an object"], reasons)


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".csv.gz"])
def test_what_tables_say_of_texts(tmp_path: Path, ending: str) -> None:
    texts = {f"{i}.txt": f"text {i}" for i in range(3)}
    comma = "\t" if ending == ".tsv" else ","
    about = f"id{comma}title{comma}file\n1{comma}a{comma}1.txt\n"
    files: Written = {f"metadata{ending}": about, "about.json": {"made": 2024}}
    reasons = {f"metadata{ending}": "metadata", "about.json": "metadata"}
    check(make(tmp_path, texts | files), list(texts.values()), reasons)
    make(tmp_path, {f"train{ending}": f"id{comma}text\n1{comma}of a table\n"})
    _, stderr = shown(tmp_path, "--tokenizer", "bytes", code=2)
    assert f"metadata{ending}: expected a document under one of the usual keys" in stderr
    reasons = {"about.json": "metadata", f"metadata{ending}": "in --exclude"}
    reasons |= dict.fromkeys(texts, "text or table beside shards")
    check(tmp_path, ["of a table"], reasons, "--exclude", "metadata*")
    check(
        tmp_path,
        ["a"],
        {"about.json": "metadata", f"train{ending}": "in --exclude"}
        | dict.fromkeys(texts, "text or table beside shards"),
        *("--text-key", "title", "--exclude", "train*"),
    )


def test_files_of_other_names_are_read_by_a_pattern(tmp_path: Path) -> None:
    line = b'{"text": "one two"}\n'
    make(tmp_path, {"AA/wiki_00": line, "AB/wiki_00": line, "_SUCCESS": b""})
    _, stderr = shown(tmp_path, code=2)
    assert f"'{tmp_path}/**/part-*' --input-format jsonl" in stderr
    corpus, _ = shown(f"{tmp_path}/**/wiki_*", "--input-format", "jsonl", "--tokenizer", "bytes")
    assert (corpus["documents"], corpus["tokens"]) == (2, 14)


# --- directories of text -------------------------------------------------------------------------


def test_documentation_of_texts(tmp_path: Path) -> None:
    files: Written = {
        "a.txt": "some text",
        "sub/history.txt": "of a country",
        "sub/license to kill.md": "a novel",
        "README.md": CARD,
        "sub/README_zh-CN.md": CARD,
        "LICENSE-MIT.txt": "mit",
        "requirements.txt": "numpy",
        "LICENSE": "mit",
    }
    texts = ["some text", "of a country", "a novel"]
    reasons = dict.fromkeys(
        ("README.md", "README_zh-CN.md", "LICENSE-MIT.txt", "requirements.txt"), "documentation"
    )
    check(make(tmp_path, files), texts, reasons | {"LICENSE": "of no known format"})


def test_a_corpus_of_documentation(tmp_path: Path) -> None:
    files: Written = {f"owner{i}/README.md": f"read me {i}" for i in range(3)}
    check(make(tmp_path, files), [f"read me {i}" for i in range(3)], {})
    _, stderr = shown(tmp_path, "--tokenizer", "bytes")
    assert stderr == "warning: only documentation is here, and is counted (README.md)\n"
    make(tmp_path, {"model.safetensors": b"weights"})  # a model's card
    _, stderr = shown(tmp_path, "--tokenizer", "bytes", code=2)
    assert "nothing to read here, only 3 documentation (README.md)" in stderr
    check(
        tmp_path,
        [f"read me {i}" for i in range(3)],
        {"model.safetensors": "of no known format"},
        "--include",
        "README.md",
    )


def test_a_checkpoint_without_samples_holds_no_corpus(tmp_path: Path) -> None:
    files: Written = {
        "README.md": CARD,
        "vocab.txt": "a",
        "config.json": {"text": "a text"},
        "vocab.json": {"text": 1},
        "model.safetensors": b"x",
    }
    _, stderr = shown(make(tmp_path, files), code=2)
    assert "2 documentation (README.md, vocab.txt), 2 metadata (config.json, vocab.json)" in stderr


# --- Hugging Face --------------------------------------------------------------------------------


def test_caches_of_datasets(tmp_path: Path) -> None:
    row_numbers = pa.table({"indices": pa.array([1, 0], pa.uint64())})
    files: Written = {
        "json-train.arrow": ["one", "two"],
        "json-test.arrow": ["three"],
        "cache-563f9bc9611a9b3e.arrow": ["ONE", "TWO"],
        "cache-563f9bc9611a9b3e_00001_of_00004.arrow": ["ONE", "TWO"],
        "cache-c605887247283805.arrow": lambda path: stream(path, row_numbers),
        "sorted.arrow": lambda path: stream(path, row_numbers),
        "dataset_info.json": {},
        "d78d_builder.lock": b"",
        "x.incomplete/json-train.arrow": ["half"],
    }
    reasons = {name: "cache of datasets" for name in files if name.startswith(("cache", "sorted"))}
    reasons |= {
        "dataset_info.json": "belongs to files that are read",
        "d78d_builder.lock": "temporary or unfinished",
        "x.incomplete": "temporary or unfinished",
    }
    check(make(tmp_path, files), ["three", "one", "two"], reasons)


def test_packed_copies_of_what_is_read(tmp_path: Path) -> None:
    files: Written = {
        "a.jsonl": ["one", "two"],
        "a.jsonl.gz": b'{"text": "ONE"}\n',
        "b.jsonl.zst": b'{"text": "three"}\n',
        "c.txt.d/a.jsonl.gz": b'{"text": "four"}\n',
    }
    copy = {"a.jsonl.gz": "packed copy of a file that is read"}
    check(make(tmp_path, files), ["one", "two", "three", "four"], copy)


def test_a_cache_may_be_all_that_there_is(tmp_path: Path) -> None:
    check(make(tmp_path / "a", {"cache-1.arrow": ["one"]}), ["one"], {})
    _, stderr = shown(make(tmp_path / "a", {"cache-2.arrow": ["ONE"]}), code=2)
    assert "only 2 caches of datasets (cache-1.arrow, cache-2.arrow)" in stderr
    files: Written = {"cache-1.arrow": ["ONE"], "train.parquet": ["one"]}
    check(make(tmp_path / "b", files), ["one"], {"cache-1.arrow": "cache of datasets"})


def saved_to_disk(folder: Path, shards: dict[str, list[str]], lost: str = "") -> None:
    listed = [{"filename": name} for name in shards]
    make(folder, {**shards, "state.json": {"_data_files": listed}, "dataset_info.json": {}})
    if lost:
        (folder / lost).unlink()


def test_all_splits_of_a_dataset_dict_and_no_less_than_all_shards(tmp_path: Path) -> None:
    saved_to_disk(tmp_path / "train", {"data-0.arrow": ["one"], "data-1.arrow": ["two"]})
    saved_to_disk(tmp_path / "test", {"data-0.arrow": ["three"]})
    make(tmp_path, {"dataset_dict.json": {"splits": ["train", "test"]}})
    make(tmp_path, {"train/old.arrow": ["old"]})
    own = dict.fromkeys(("dataset_dict.json", "state.json", "dataset_info.json"), EXPECTED[1])
    check(tmp_path, ["three", "one", "two"], own | {"old.arrow": "not in state.json"})
    saved_to_disk(
        tmp_path / "test", {"data-0.arrow": ["three"], "data-1.arrow": []}, "data-1.arrow"
    )
    corpus, stderr = shown(tmp_path, "--tokenizer", "bytes", code=2)
    assert corpus["tokens"] == len("threeonetwo")
    assert "test/data-1.arrow: state.json lists this shard, but it is not there" in stderr
    with pytest.raises(InputError, match=r"state\.json lists this shard"):
        cs.profile(tmp_path, tokenizer="bytes")


def hub_cache(repository: Path, revisions: dict[str, dict[str, str]], current: str) -> Path:
    """A repository in the cache of `huggingface_hub`: revision -> name -> blob."""
    make(repository, {"refs/main": current})
    for revision, files in revisions.items():
        for name, blob in files.items():
            path = repository / "snapshots" / revision / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.symlink_to(os.path.relpath(repository / "blobs" / blob, path.parent))
    return repository


def test_the_cache_of_the_hub_has_one_revision(tmp_path: Path) -> None:
    parquet(make(tmp_path, {"datasets--a--b/blobs/e3": CARD}) / "datasets--a--b/blobs/e1", ["one"])
    parquet(tmp_path / "datasets--a--b/blobs/e2", ["two"])
    old = {"data/a.parquet": "e1", "README.md": "e3"}
    new = old | {"data/b.parquet": "e2", "data/copy.parquet": "e2"}
    repository = hub_cache(tmp_path / "datasets--a--b", {"rev1": old, "rev2": new}, "rev2")
    own = dict.fromkeys(("blobs", "refs"), "part of the cache")
    said = {"README.md": "documentation", "rev1": "other revision in the cache"}
    for path in (tmp_path, repository):
        check(path, ["one", "two", "two"], own | said)
    check(repository / "snapshots", ["one", "two", "two"], said)
    check(repository / "snapshots" / "rev1", ["one"], {"README.md": "documentation"})
    (repository / "refs" / "main").unlink()
    _, stderr = shown(repository, code=2)
    assert "holds 2 revisions of one repository, rev1, rev2" in stderr


def test_a_broken_cache_says_so(tmp_path: Path) -> None:
    revision = {"data/a.parquet": "e1", "data/b.parquet": "e2"}
    repository = hub_cache(tmp_path / "datasets--a--b", {"rev1": revision}, "rev1")
    (repository / "blobs").mkdir()
    _, stderr = shown(repository, code=2)
    assert "only 2 links to nothing (a.parquet, b.parquet)" in stderr
    assert "fetch them again" in stderr


# --- what is no file, links, and what cannot be listed -------------------------------------------


def test_what_is_no_file_is_left_out_and_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, {"a.jsonl": ["one"], "sub/c.jsonl": ["two"]})
    (tmp_path / "b.jsonl").symlink_to("nowhere")
    (tmp_path / "circle.jsonl").symlink_to("circle.jsonl")
    (tmp_path / "latest.jsonl").symlink_to("a.jsonl")
    (tmp_path / "a_link").symlink_to("sub")
    (tmp_path / "up").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe.jsonl")
    monkeypatch.chdir(tmp_path)  # the name of a socket must be short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("s.sock")
    again = dict.fromkeys(("latest.jsonl", "a_link", "up"), "link to what is read already")
    broken = dict.fromkeys(("b.jsonl", "circle.jsonl"), "link to nothing")
    special = dict.fromkeys(("pipe.jsonl", "s.sock"), "pipe, socket or device")
    check(tmp_path, ["one", "two"], again | broken | special)
    check(".", ["one", "two"], again | broken | special)


def test_a_link_to_a_file_that_is_not_read_by_its_name_is_read(tmp_path: Path) -> None:
    make(tmp_path, {"in/a.jsonl.v2": '{"text": "one"}\n', "elsewhere/b.jsonl": ["two"]})
    (tmp_path / "in" / "a.jsonl").symlink_to("a.jsonl.v2")
    (tmp_path / "in" / "b.jsonl").symlink_to("../elsewhere/b.jsonl")
    check(tmp_path / "in", ["one", "two"], {"a.jsonl.v2": "of no known format"})


def test_a_folder_that_cannot_be_listed_is_bad(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, {"a.jsonl": ["one"], "closed/b.jsonl": ["two"]})
    scandir = os.scandir

    def refusing(path: Any) -> Any:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr("collapse_stats.readers.directory.walk.os.scandir", refusing)
    corpus, stderr = shown(tmp_path, "--tokenizer", "bytes", code=2)
    assert corpus["tokens"] == 3
    assert "closed: this directory cannot be listed: Permission denied" in stderr
    assert [Path(bad["path"]).name for bad in corpus["unreadable"]] == ["closed"]
    shown(tmp_path, "--tokenizer", "bytes", "--skip-bad")
    with pytest.raises(InputError, match="cannot be listed"):
        cs.profile(tmp_path, tokenizer="bytes")
    _, stderr = shown(tmp_path / "closed", code=2)
    assert "closed: cannot be listed: Permission denied" in stderr


def test_shards_that_are_missing_by_their_numbers(tmp_path: Path) -> None:
    make(tmp_path, {f"train-{i:05}-of-00004.parquet": [f"text {i}"] for i in (0, 1, 3)})
    corpus, stderr = shown(tmp_path, "--tokenizer", "bytes")
    assert corpus["documents"] == 3
    assert "train-*-of-00004.parquet: 3 of 4 shards are there" in stderr
    make(tmp_path, {"train-00002-of-00004.parquet": ["text 2"]})
    assert "shards" not in shown(tmp_path, "--tokenizer", "bytes")[1]


@pytest.mark.parametrize("form", ["mds", "mds packed", "litdata"])
def test_shards_that_an_index_lists_and_that_are_missing(tmp_path: Path, form: str) -> None:
    if form == "litdata":
        for i in range(2):
            litdata(tmp_path / f"chunk-0-{i}.bin", {"text": ("str", [b"one two"])})
        listed = {"chunks": [{"filename": f"chunk-0-{i}.bin"} for i in range(3)]}
        index = json.loads((tmp_path / "index.json").read_text())
        write(tmp_path / "index.json", json.dumps(index | listed).encode())
        lost = "chunk-0-2.bin"
    else:
        shards = [{"raw_data": {"basename": f"shard.0000{i}.mds"}} for i in range(3)]
        for i in range(2):
            ending = ".gz" if form == "mds packed" else ""
            mds(tmp_path / f"shard.0000{i}.mds{ending}", {"text": ("str", [b"one two"])})
        for shard in shards:
            name = shard["raw_data"]["basename"]
            shard["zip_data"] = {"basename": f"{name}.gz"} if form == "mds packed" else {}
        shards.append({"raw_data": {"basename": "sub/shard.00000.mds"}})
        write(tmp_path / "index.json", json.dumps({"shards": shards}).encode())
        lost = "shard.00002.mds"
    corpus, stderr = shown(tmp_path, "--tokenizer", "bytes", code=2)
    assert corpus["tokens"] == 2 * len("one two")
    message = f"{lost}: index.json lists this shard, but it is not there"
    assert stderr.count("lists this shard") == 1
    assert message in stderr
    with pytest.raises(InputError, match=r"index\.json lists this shard"):
        cs.profile(tmp_path, tokenizer="bytes")
    assert shown(tmp_path, "--exclude", f"{lost}*")[0]["documents"] == 2


@pytest.mark.parametrize("content", ["[]", "{", '{"shards": 1}', '{"shards": [1, {}]}', "[" * 9999])
def test_an_index_that_is_none_lists_nothing(tmp_path: Path, content: str) -> None:
    mds(tmp_path / "shard.00000.mds", {"text": ("str", [b"one two"])})
    write(tmp_path / "index.json", content.encode())
    assert shown(tmp_path)[0]["documents"] == 1


def test_metadata_of_archives_as_img2dataset_writes_it(tmp_path: Path) -> None:
    def tar(path: Path) -> None:
        with tarfile.open(path, "w") as archive:
            for name, data in (("0.jpg", b"\xff"), ("0.txt", b"a cat"), ("0.json", b"{}")):
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))

    files = {"00000.tar": tar, "00000.parquet": ["a cat"], "00000_stats.json": {"count": 1}}
    make(tmp_path, files)
    reasons = {"00000.parquet": EXPECTED[1], "00000_stats.json": "metadata"}
    check(tmp_path, ["a cat"], reasons)
    make(tmp_path, {"00001.parquet": ["a dog"]})
    check(tmp_path, ["a cat", "a dog"], reasons)


@pytest.mark.parametrize("name", ["a.parquet", "a.jsonl", "a.txt", "a.bin", "a.csv", "a.md", "a"])
def test_pointers_of_git_lfs_stand_for_files_that_are_not_there(tmp_path: Path, name: str) -> None:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 123\n"
    path = write(tmp_path / name, pointer.encode())
    _, stderr = shown(path, "--dtype", "u16", code=2)
    assert "is a Git LFS pointer to a file that is not there: git lfs pull" in stderr


def test_warnings_that_are_alike_are_one(tmp_path: Path) -> None:
    for i in range(50):
        write_lines(tmp_path / f"{i:02}.jsonl", [{"text": "one"}] * (i + 1) + [{"text": None}])
    corpus, stderr = shown(tmp_path, "--tokenizer", "bytes")
    (line,) = (line for line in stderr.splitlines() if "without a document" in line)
    assert line.endswith("(likewise 49 more: 01.jsonl, 02.jsonl, 03.jsonl, ...)")
    assert line.removeprefix("warning: ") in corpus["warnings"]


def test_files_that_are_read_under_different_keys_are_said(tmp_path: Path) -> None:
    for name, key in (("a", "text"), ("b", "output"), ("c", "output")):
        write_lines(tmp_path / f"{name}.jsonl", [{key: "one two"}])
    write(tmp_path / "empty.jsonl", b"")
    corpus, _ = shown(tmp_path, "--tokenizer", "bytes")
    (line,) = (line for line in corpus["warnings"] if "same key" in line)
    keys = f"'text' in 1 (such as {tmp_path}/a.jsonl), 'output' in 2 (such as {tmp_path}/b.jsonl)"
    assert line == f"not all files are read under the same key: {keys}"
    corpus, _ = shown(tmp_path, "--tokenizer", "bytes", "--exclude", "a.jsonl")
    assert not any("same key" in line for line in corpus["warnings"])


def test_a_file_given_twice_is_said(tmp_path: Path) -> None:
    make(tmp_path, {"a.jsonl": ["one"]})
    corpus, stderr = shown(tmp_path / "a.jsonl", tmp_path / "a.jsonl", "--tokenizer", "bytes")
    assert corpus["documents"] == 2
    assert "given more than once and counted each time: 1 (" in stderr


def test_saved_profiles_lie_among_shards(tmp_path: Path) -> None:
    make(tmp_path, {"a.jsonl": ["one", "two"]})
    cs.profile(tmp_path / "a.jsonl", tokenizer="bytes").save(tmp_path / "old.profile")
    check(tmp_path, ["one", "two"], {"old.profile": "saved profile"})


# --- --include and --exclude ---------------------------------------------------------------------

TREE: Written = {
    "train/a.jsonl": ["train a"],
    "train/deep/b.jsonl": ["train deep b"],
    "test/a.jsonl": ["test a"],
    "c.jsonl": ["c"],
    "README.md": CARD,
}
PATTERNS = [
    (("--include", "train"), ["train a", "train deep b"]),
    (("--include", "train/"), ["train a", "train deep b"]),
    (("--include", "train/*"), ["train a", "train deep b"]),
    (("--include", "train/*.jsonl"), ["train a"]),
    (("--include", "**/b.jsonl"), ["train deep b"]),
    (("--include", "a.*"), ["test a", "train a"]),
    (("--include", "a.*", "--exclude", "test"), ["train a"]),
    (("--include", "c.jsonl", "--include", "deep"), ["c", "train deep b"]),
    (("--exclude", "train/deep/**", "--exclude", "*.md"), ["c", "test a", "train a"]),
    (("--exclude", "/c.jsonl"), ["test a", "train a", "train deep b"]),
    (("--include", "*.md"), [CARD]),
    (("--include", "[!t]*.jsonl"), ["c", "test a", "train a", "train deep b"]),
]


@pytest.mark.parametrize(("options", "texts"), PATTERNS)
def test_patterns(tmp_path: Path, options: tuple[str, ...], texts: list[str]) -> None:
    make(tmp_path, TREE)
    corpus, stderr = shown(tmp_path, "--tokenizer", "bytes", *options)
    assert corpus["documents"] == len(texts)
    assert corpus["tokens"] == sum(map(len, texts))
    rest = 5 - len(texts)
    counted = sum(int(words.split()[-1]) for words in stderr.split(" not in --include")[:-1])
    counted += sum(int(words.split()[-1]) for words in stderr.split(" in --exclude")[:-1])
    assert counted + stderr.count("1 documentation") == rest
    keywords: dict[str, list[str]] = {"include": [], "exclude": []}
    for name, pattern in zip(options[::2], options[1::2], strict=True):
        keywords[name.removeprefix("--")].append(pattern)
    assert cs.profile(tmp_path, tokenizer="bytes", **keywords).documents == len(texts)


def test_patterns_that_match_nothing(tmp_path: Path) -> None:
    make(tmp_path, TREE)
    _, stderr = shown(tmp_path, "--exclude", "nothing*")
    assert "--exclude nothing*: no file matches this pattern" in stderr
    _, stderr = shown(tmp_path, "--include", "nothing*", code=2)
    assert "nothing to read" in stderr
    assert "5 not in --include" in stderr
    _, stderr = shown(tmp_path / "c.jsonl", "--exclude", "c*", code=2)
    assert "change --include or --exclude" in stderr
    for pattern in ("..", "a/../b", ""):
        assert "expected a pattern" in shown(tmp_path, "--include", pattern, code=2)[1]
    assert cs.profile(tmp_path, tokenizer="bytes", include="train").documents == 2
    with pytest.raises(ValueError, match="include must be a pattern"):
        cs.profile(tmp_path, include=5)


def test_patterns_hold_for_files_that_are_given_and_for_globs(tmp_path: Path) -> None:
    make(tmp_path, TREE)
    files = [tmp_path / "c.jsonl", tmp_path / "train" / "a.jsonl"]
    assert shown(*files, "--tokenizer", "bytes", "--exclude", "c.*")[0]["documents"] == 1
    assert shown(tmp_path / "**" / "*", "--tokenizer", "bytes", "--include", "deep/**", code=2)
    found, _ = shown(tmp_path / "t*", "--tokenizer", "bytes", "--exclude", "deep")
    assert found["documents"] == 2


# --- no file of this name ------------------------------------------------------------------------


def test_did_you_mean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, {"corpus/human/a.jsonl": ["one"], "corpus/gen.parquet": ["two"]})
    monkeypatch.chdir(tmp_path)
    for typed, meant in (
        ("corpus/humn", "corpus/human"),
        ("corpsu/human", "corpus/human"),
        ("corpsu/nothing", "corpus"),
        ("Corpus/gen.parquet", "corpus/gen.parquet"),
    ):
        message = f"no such file or directory (did you mean '{meant}'?)"
        assert message in shown(typed, code=2)[1]
        with pytest.raises(InputError) as caught:
            cs.profile(typed)
        assert message in str(caught.value)
    assert "did you mean" not in shown("xyz", code=2)[1]
    (tmp_path / "link").symlink_to("gone")
    assert "link: a link to gone, which does not exist" in shown("link", code=2)[1]


@pytest.mark.skipif(sys.platform == "win32", reason="no home directory in HOME")
def test_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path, {"a.jsonl": ["one"]})
    monkeypatch.setenv("HOME", str(tmp_path))
    for source in ("~/a.jsonl", ["~/a.jsonl"], Path("~/a.jsonl"), "~"):
        assert cs.profile(source, tokenizer="bytes").tokens == 3
    cs.profile("~", tokenizer="bytes").save(tmp_path / "p")
    assert cs.load("~/p").tokens == 3
    assert cs.compare("~/p", "~/a.jsonl").candidate.tokens == 3


def test_one_stray_table_does_not_stand_for_hundreds_of_texts(tmp_path: Path) -> None:
    for number in range(64):
        write(tmp_path / f"{number}.txt", f"text {number}".encode())
    notes = [{"text": f"note {number}"} for number in range(3)]
    write(tmp_path / "notes.jsonl", "\n".join(map(json.dumps, notes)).encode())
    _, stderr = shown(tmp_path, "--tokenizer", "bytes", code=2)
    assert "64 files such as 0.txt beside 1 file such as notes.jsonl" in stderr
    for pattern, documents in (("*.txt", 64), ("*.jsonl", 3)):
        assert f"--include '{pattern}'" in stderr
        corpus, _ = shown(tmp_path, "--tokenizer", "bytes", "--include", pattern)
        assert corpus["documents"] == documents
    (tmp_path / "63.txt").unlink()  # fewer texts may document the table
    assert shown(tmp_path, "--tokenizer", "bytes")[0]["documents"] == 3
