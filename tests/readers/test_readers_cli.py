"""The reading options of the command: bad files among good ones, parts of chats, inspect."""

import gzip
import json
import re
import struct
import sys
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
import shard_writers as shards
from click.testing import CliRunner, Result
from reader_helpers import write, write_lines

import collapse_stats as cs
from collapse_stats.cli.commands.inspect import inspect as inspect_command
from collapse_stats.cli.group import program
from collapse_stats.errors import InputError
from collapse_stats.readers.inspect import inspect
from collapse_stats.readers.options import ReadOptions
from collapse_stats.report import schema
from collapse_stats.report.table import draw
from collapse_stats.report.views.inspection import inspection_page

NUMPY = ("--backend", "numpy", "--tokenizer", "bytes")


def run(*args: object, code: int = 0) -> Result:
    result = CliRunner().invoke(program, [str(arg) for arg in args])
    assert result.exit_code == code, (result.stdout, result.stderr, result.exception)
    return result


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """Two good files, one that cannot be opened and one that ends too early."""
    folder = tmp_path / "mixed"
    folder.mkdir()
    write_lines(folder / "a.jsonl", [{"text": "one two"}])
    write(folder / "b.parquet", b"PAR1 and no more")
    lines = "".join(
        json.dumps({"text": np.random.default_rng(i).bytes(40).hex()}) + "\n" for i in range(99)
    )
    (folder / "c.jsonl.gz").write_bytes(gzip.compress(lines.encode())[:-200])
    write_lines(folder / "d.jsonl", [{"text": "three"}] * 100)
    return folder


def corpus_of(result: Result) -> Any:
    report = json.loads(result.stdout)
    jsonschema.validate(report, schema())
    return report["corpora"][0]


@pytest.mark.parametrize(("flags", "code"), [((), 2), (("--strict",), 2), (("--skip-bad",), 0)])
def test_one_bad_file_among_many(mixed: Path, flags: tuple[str, ...], code: int) -> None:
    result = run("show", mixed, "--json", *NUMPY, *flags, code=code)
    corpus = corpus_of(result)
    unreadable = {Path(bad["path"]).name: bad["error"] for bad in corpus["unreadable"]}
    assert sorted(unreadable) == ["b.parquet", "c.jsonl.gz"]
    assert "cut short" in unreadable["b.parquet"]
    assert "the gzip data is cut short" in unreadable["c.jsonl.gz"]
    reported = [warning for warning in corpus["warnings"] if warning.startswith("not read: ")]
    assert len(reported) == 2
    assert ("2 of the files could not be read" in result.stderr) == (code == 2)
    good = run("show", mixed / "[ad].jsonl", "--json", *NUMPY)
    assert corpus["tokens"] >= corpus_of(good)["tokens"] == len("one two" + 100 * "three")


def test_profiles_keep_what_was_unreadable(mixed: Path, tmp_path: Path) -> None:
    saved = tmp_path / "p"
    run("profile", mixed, "-o", saved, *NUMPY, code=2)
    corpus = corpus_of(run("show", saved, "--json", "--backend", "numpy"))
    assert len(corpus["unreadable"]) == 2
    result = run("compare", mixed, mixed, "--json", *NUMPY, code=2)
    jsonschema.validate(json.loads(result.stdout), schema())
    run("compare", mixed, mixed, "--json", *NUMPY, "--fail-on", "js_1 < 2", "--skip-bad", code=1)
    run("compare", mixed, mixed, "--json", *NUMPY, "--fail-on", "js_1 < 2", code=2)


def test_nothing_but_bad_files_is_an_error(tmp_path: Path) -> None:
    for name in ("a.parquet", "b.parquet"):
        write(tmp_path / name, b"PAR1 and no more")
    for flag in ("--strict", "--skip-bad"):
        result = run("show", tmp_path, flag, code=2)
        assert result.stdout == ""
        assert "nor could the 1 other files" in result.stderr
    for name in ("a", "b"):
        (tmp_path / f"{name}.parquet").unlink()
        (tmp_path / f"{name}.jsonl.gz").write_bytes(gzip.compress(b'{"text": "a"}\n')[:-9])
    for skip_bad in (False, True):
        with pytest.raises(InputError, match="cut short"):
            cs.profile(tmp_path, skip_bad=skip_bad)
    with pytest.raises(InputError, match="cut short"):
        cs.profile(tmp_path / "a.jsonl.gz")


def test_from_python_a_bad_file_is_an_error_unless_skipped(mixed: Path) -> None:
    with pytest.raises(InputError, match=r"b\.parquet"):
        cs.profile(mixed, tokenizer="bytes", backend="numpy")
    found = cs.profile(mixed, tokenizer="bytes", backend="numpy", skip_bad=True)
    assert [source.error is not None for source in found.sources] == [False, True, False, True]
    assert [Path(source.path).name[0] for source in found.sources] == ["a", "c", "d", "b"]


def test_documents_before_the_place_where_a_file_is_bad_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collapse_stats.readers.formats.jsonl.BATCH_BYTES", 1 << 16)
    rng = np.random.default_rng(1)
    lines = "".join(json.dumps({"text": rng.bytes(500).hex()}) + "\n" for _ in range(2000))
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(lines.encode())[:-1000])
    write_lines(tmp_path / "b.jsonl", [{"text": "b"}])
    found = cs.profile(tmp_path, tokenizer="bytes", backend="numpy", skip_bad=True)
    assert 1000 < found.documents < 2000
    assert found.tokens == (found.documents - 1) * 1000 + 1
    assert f"({found.documents - 1:,} documents before it are counted)" in found.warnings[0]
    assert [source.error is not None for source in found.sources] == [True, False]


def test_parts_of_chats(tmp_path: Path) -> None:
    turns = [{"role": "user", "content": "abc"}, {"role": "assistant", "content": "de"}]
    path = write_lines(tmp_path / "a.jsonl", [{"messages": turns}])
    for part, tokens in (("assistant", 2), ("user", 3), ("all", 7)):
        assert corpus_of(run("show", path, "--json", *NUMPY, "--part", part))["tokens"] == tokens
        assert cs.profile(path, tokenizer="bytes", part=part).tokens == tokens


def test_compare_takes_what_profile_does(mixed: Path, tmp_path: Path) -> None:
    turns = [{"role": "user", "content": "abc"}, {"role": "assistant", "content": "de"}]
    path = write_lines(tmp_path / "a.jsonl", [{"messages": turns}])
    made = {"tokenizer": "bytes", "backend": "numpy"}
    found = cs.compare(path, path, part="assistant", **made)
    assert (found.baseline.tokens, found.candidate.tokens) == (2, 2)
    assert (
        cs.compare(cs.profile(path, part="user", **made), path, part="user").candidate.tokens == 3
    )
    with pytest.raises(InputError, match=r"b\.parquet"):
        cs.compare(mixed, mixed, **made)
    found = cs.compare(mixed, mixed, skip_bad=True, **made)
    assert [Path(source.path).name for source in found.baseline.sources if source.error] == [
        "c.jsonl.gz",
        "b.parquet",
    ]


def test_paths_from_a_file_are_as_if_typed_last(tmp_path: Path) -> None:
    paths = [write_lines(tmp_path / f"{i}.jsonl", [{"text": f"text {i}"}] * 9) for i in range(3)]
    listed = write(tmp_path / "list", "\n".join(map(str, paths[1:])).encode() + b"\n\n")
    for command in (
        ("show", "--json", *NUMPY),
        ("inspect", "--json"),
        ("compare", "--json", *NUMPY),
    ):
        name, *options = command
        typed = run(name, *options, *paths).stdout
        assert run(name, *options, paths[0], "--files-from", listed).stdout == typed
    both = run("show", "--json", *NUMPY, "--files-from", listed)
    assert corpus_of(both)["documents"] == 18
    for name in ("show", "inspect"):
        assert f"expected a {'PATH' if name == 'inspect' else 'CORPUS'}" in run(name, code=2).output
    saved = tmp_path / "p"
    run("profile", paths[0], "-o", saved, *NUMPY)
    assert "show it alone" in run("show", saved, paths[1], code=2).output


def test_shards_of_a_directory_are_one_corpus(tmp_path: Path) -> None:
    rows = [[1, 2, 3], [4, 5]]
    shards.megatron(tmp_path / "m.bin", [[row] for row in rows], "<i4")
    shards.olmo(tmp_path / "o.npy", rows)
    shards.datatrove(tmp_path / "d.ds", rows)
    shards.mds(
        tmp_path / "s.mds",
        {"tokens": ("ndarray:int32", [shards.mds_array(r, "int32") for r in rows])},
    )
    shards.llmc(tmp_path / "l.bin", [1, 2, 50256, 3])
    write(tmp_path / "f.bin", struct.pack("<2H", 8, 9))
    corpus = corpus_of(run("show", tmp_path, "--json", "--backend", "numpy", "--dtype", "u16"))
    assert (corpus["tokens"], corpus["documents"]) == (4 * 5 + 3 + 2, 4 * 2 + 2 + 1)
    assert any("--dtype u16 is not used" in warning for warning in corpus["warnings"])


def inspected(*args: object, code: int = 0) -> Any:
    return json.loads(run("inspect", *args, "--json", code=code).stdout)["inputs"]


def test_inspect_says_what_would_go_wrong(tmp_path: Path) -> None:
    ids = np.tile(np.array([50256, *range(100)], dtype="<u2"), 50)
    path = write(tmp_path / "a.bin", ids.tobytes())
    (facts,) = inspected(path, "--dtype", "u16")
    assert (facts["documents"], facts["max_id"], facts["implied_vocab_size"]) == (1, 50256, 50257)
    assert (facts["boundary_ids"], facts["vocabulary"]) == ({"50256": 50}, "GPT-2")
    assert any("--eot 50256" in warning for warning in facts["warnings"])
    assert any("one document" in warning for warning in facts["warnings"])
    (facts,) = inspected(path, "--dtype", "u16", "--eot", 50256)
    assert (facts["documents"], facts["boundary_ids"]) == (50, {"50256": 50})
    assert facts["warnings"] == []
    (facts,) = inspected(path, "--dtype", "u16", "--eot", 777)
    assert any("777 was not seen" in warning for warning in facts["warnings"])
    (facts,) = inspected(path, "--dtype", "u32")
    assert any("--dtype u16" in warning for warning in facts["warnings"])
    rows = [[5, 6, 2], [7, 2], [2]] * 4
    (facts,) = inspected(shards.datatrove(tmp_path / "a.ds", rows))
    assert facts["boundary_ids"] == {"2": 12}
    assert any("say --eot 2" in warning for warning in facts["warnings"])
    (facts,) = inspected(write_lines(tmp_path / "a.jsonl", [{"text": ""}, {"text": "a"}]))
    assert any("no tokens or characters seen: 1" in warning for warning in facts["warnings"])


def test_inspect_samples_large_files_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = sys.modules[inspect_command.callback.__module__]
    monkeypatch.setattr(module, "_LEAST", 1)
    monkeypatch.setattr(module, "_MOST", 10_000)
    monkeypatch.setattr("collapse_stats.readers.formats.jsonl.BATCH_BYTES", 10_000)
    path = write_lines(tmp_path / "a.jsonl", [{"text": "word " * 20}] * 2000)
    (facts,) = inspected(path, "--tokenizer", "bytes")
    assert 0 < facts["sampled"] < 0.1
    assert facts["documents"] == pytest.approx(2000, rel=0.02)
    assert facts["tokens"] == pytest.approx(2000 * 100, rel=0.02)
    (facts,) = inspected(path, "--tokenizer", "bytes", "--full")
    assert (facts["sampled"], facts["documents"], facts["tokens"]) == (None, 2000, 200_000)
    page = run("inspect", path).stdout
    assert re.search(r"~(1,9|2,0)\d\d\b", page)
    assert "--full" in page
    stream = write(tmp_path / "a.bin", np.arange(60_000, dtype="<u2").tobytes())
    (facts,) = inspected(stream, "--dtype", "u16")
    assert (facts["tokens"], facts["documents"], facts["max_id"]) == (60_000, 1, 4999)
    assert facts["sampled"] == pytest.approx(10_000 / 120_000, abs=1e-4)


def test_inspect_lists_bad_files_among_good_ones(mixed: Path) -> None:
    result = run("inspect", mixed, code=2)
    assert "unreadable" in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 100
    assert [facts["format"] for facts in inspected(mixed, "--skip-bad")] == [
        "jsonl",
        "unreadable",
        "unreadable",
        "jsonl",
    ]


def test_inspect_fits_80_columns(tmp_path: Path) -> None:
    ids = np.tile(np.array([50256, *range(100)], dtype="<u2"), 5000)
    long = tmp_path / ("folder" * 12)
    long.mkdir()
    paths = [write(long / f"shard_of_many_{i}.bin", ids.tobytes()) for i in range(2)]
    options = ReadOptions(dtype="u16", eot=50256)
    for chosen in (paths, paths[:1]):
        page = draw(inspection_page([inspect(path, options) for path in chosen], []), width=80)
        assert max(map(len, page.splitlines())) <= 80
        # A line for each file; the end of a path is seen.
        (lines,) = {sum(path.name in line for line in page.splitlines()) for path in chosen}
        assert lines == 2
