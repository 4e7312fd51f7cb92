"""``limit_documents``: the first documents of a corpus, whatever the format and the threads."""

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shard_writers as shards
from click.testing import CliRunner
from reader_helpers import write, write_lines

import collapse_stats as cs
from collapse_stats.backends.options import CountOptions
from collapse_stats.cli.group import program
from collapse_stats.corpus.load import read_corpus
from collapse_stats.errors import InputError
from collapse_stats.readers.options import ReadOptions

ROWS = [[i % 7 + 1 for i in range(n, n + n % 5)] for n in range(40)]
TEXTS = ["".join(map(str, row)) for row in ROWS]


def megatron(path: Path) -> None:
    shards.megatron(path, [[row] for row in ROWS])


def arrow(path: Path) -> None:
    table = pa.table({"text": TEXTS})
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, table.schema) as writer:
        writer.write_table(table, max_chunksize=3)


WRITERS: dict[str, Any] = {
    "a.jsonl": lambda path: write_lines(path, [{"text": text} for text in TEXTS]),
    "a.jsonl.gz": lambda path: write_lines(path, [{"text": text} for text in TEXTS]),
    "ids.jsonl": lambda path: write_lines(path, [{"input_ids": row} for row in ROWS]),
    "a.parquet": lambda path: pq.write_table(pa.table({"text": TEXTS}), path, row_group_size=7),
    "ids.parquet": lambda path: pq.write_table(
        pa.table({"input_ids": ROWS}), path, row_group_size=7
    ),
    "a.arrow": arrow,
    "a.txt": lambda path: write(path, "\n".join(TEXTS).encode()),
    "a.bin": megatron,
    "a.npy": lambda path: shards.olmo(path, ROWS),
    "a.ds": lambda path: shards.datatrove(path, ROWS),
    "flat.bin": lambda path: write(
        path, np.array([i for row in ROWS for i in (*row, 9)], "<u2").tobytes()
    ),
    "a.mds": lambda path: shards.mds(
        path,
        {"tokens": ("ndarray:int32", [shards.mds_array(row, "int32") for row in ROWS])},
    ),
}


def documents(corpus: Any) -> list[list[int]]:
    return [
        segment.tokens[start:stop].tolist()
        for segment in corpus.segments
        for start, stop in zip(segment.start.tolist(), segment.stop.tolist(), strict=True)
    ]


def expected_of(name: str) -> list[list[int]]:
    if name == "flat.bin":  # a stream has no empty documents
        return [row for row in ROWS if row]
    return ROWS if name in IDS else [list(text.encode()) for text in TEXTS]


IDS = {"ids.jsonl", "ids.parquet", "a.bin", "a.npy", "a.ds", "flat.bin", "a.mds"}


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("name", WRITERS)
def test_the_first_documents(
    tmp_path: Path, name: str, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("jsonl", "text", "parquet", "arrow"):
        monkeypatch.setattr(f"collapse_stats.readers.formats.{module}.BATCH_BYTES", 50)
    WRITERS[name](tmp_path / name)
    expected = expected_of(name)
    options = {"dtype": "u16", "eot": 9} if name == "flat.bin" else {}
    options |= {"doc_per_line": True} if name == "a.txt" else {}
    options |= {} if name in IDS else {"tokenizer": "bytes"}
    for limit in (2, 7, 23, len(expected) - 1, len(expected), 1000):
        reading = ReadOptions(limit_documents=limit, **options)
        found = read_corpus(
            tmp_path / name, reading=reading, counting=CountOptions(threads=threads)
        )
        assert documents(found) == expected[:limit]
        said = f"only the first {limit:,} documents are read (--limit-documents)" in found.warnings
        assert said == (limit < len(expected))


def test_data_in_memory_and_both_sides() -> None:
    found = cs.compare(TEXTS, iter(TEXTS), tokenizer="bytes", limit_documents=9, backend="numpy")
    for side in (found.baseline, found.candidate):
        assert (side.documents, side.tokens) == (9, sum(map(len, TEXTS[:9])))
        assert "only the first 9 documents are read (--limit-documents)" in side.warnings
    with pytest.raises(ValueError, match="limit_documents must be 1 or more, got 0"):
        cs.profile(TEXTS, limit_documents=0)


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize("skip_bad", [False, True])
def test_what_lies_behind_the_limit_is_not_read(
    tmp_path: Path, threads: int, skip_bad: bool
) -> None:
    for i in range(300):
        write_lines(tmp_path / f"a{i:03}.jsonl", [{"text": f"{i:03}"}] * 2)
    write(tmp_path / "a100.parquet", b"PAR1 and no more")  # between a100.jsonl and a101.jsonl
    bad_lines = '{"text": "x"}\n{"text": \n'
    (tmp_path / "a020.jsonl").write_text(bad_lines)
    (tmp_path / "a250.jsonl.gz").write_bytes(gzip.compress(bad_lines.encode())[:-9])

    def read(limit: int | None) -> Any:
        reading = ReadOptions(limit_documents=limit, tokenizer="bytes", skip_bad=skip_bad)
        return read_corpus(tmp_path, reading=reading, counting=CountOptions(threads=threads))

    found = read(11)
    assert documents(found) == [list(b"%03d" % (i // 2)) for i in range(11)]
    assert [Path(source.path).name for source in found.sources] == [
        f"a{i:03}.jsonl" for i in range(6)
    ]
    assert not any("bad lines" in warning for warning in found.warnings)
    assert any("bad lines skipped: 1" in warning for warning in read(42).warnings)
    if not skip_bad:
        with pytest.raises(InputError, match=r"a100\.parquet"):
            read(300)
        return
    found = read(300)
    assert len(documents(found)) == 300
    assert [source.error is not None for source in found.sources].count(True) == 1
    assert "a100.parquet" in found.sources[-1].path


def test_a_bad_file_beside_one_good_one(tmp_path: Path) -> None:
    write_lines(tmp_path / "a.jsonl", [{"text": "abc"}] * 5)
    write(tmp_path / "b.parquet", b"PAR1 and no more")
    found = cs.profile(tmp_path, tokenizer="bytes", limit_documents=100, skip_bad=True)
    assert found.documents == 5
    assert [source.error is not None for source in found.sources] == [False, True]
    (tmp_path / "a.jsonl").unlink()
    write(tmp_path / "a.parquet", b"PAR1 and no more")
    with pytest.raises(InputError, match=r"a\.parquet"):
        cs.profile(tmp_path, tokenizer="bytes", limit_documents=100, skip_bad=True)


def test_bad_lines_behind_the_limit_do_not_count(tmp_path: Path) -> None:
    lines = [f'{{"text": "hello {i}"}}\n' for i in range(1000)]
    bad = ["{bad\n"] * 30
    path = write(tmp_path / "a.jsonl", "".join([*lines[:500], *bad, *lines[500:]]).encode())
    assert cs.profile(path, tokenizer="bytes", limit_documents=10).documents == 10
    path = write(tmp_path / "b.jsonl", "".join([*lines[:5], *bad, *lines[5:20]]).encode())
    with pytest.raises(InputError, match=r"30 of its lines or rows .* only 20 documents were read"):
        cs.profile(path, tokenizer="bytes", limit_documents=10)


def test_text_and_ids_are_told_apart_in_their_turn(tmp_path: Path) -> None:
    write_lines(tmp_path / "a.jsonl", [{"text": "abc"}] * 5)
    write_lines(tmp_path / "b.jsonl", [{"input_ids": [1, 2]}] * 5)
    assert cs.profile(tmp_path, tokenizer="bytes", limit_documents=3).tokens == 9
    with pytest.raises(InputError, match="all text or all token ids"):
        cs.profile(tmp_path, tokenizer="bytes", limit_documents=7)


def test_files_without_a_document_are_passed_over(tmp_path: Path) -> None:
    for i in range(200):
        write(tmp_path / f"{i:03}.jsonl", b"")
    write_lines(tmp_path / "a.jsonl", [{"text": "abc"}] * 5)
    found = cs.profile(tmp_path, tokenizer="bytes", limit_documents=2)
    assert (found.documents, found.tokens) == (2, 6)


def run(*arguments: object) -> Any:
    result = CliRunner().invoke(program, [*map(str, arguments)])
    assert result.exit_code == 0, (result.stdout, result.stderr)
    return result


def test_the_command_says_that_it_is_a_first_look(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", [{"text": text} for text in TEXTS])
    sentence = "only the first 5 documents are read (--limit-documents)"
    options = ("--limit-documents", 5, "--tokenizer", "bytes", "--max-order", 1)
    for result in (
        run("show", path, *options, "--json"),
        run("compare", path, path, *options, "--json"),
        run("profile", path, "-o", tmp_path / "p", *options),
    ):
        assert sentence in result.stderr
    corpus = json.loads(run("show", tmp_path / "p", "--json").stdout)["corpora"][0]
    assert (corpus["documents"], corpus["tokens"]) == (5, sum(map(len, TEXTS[:5])))
    assert sentence in corpus["warnings"]
    page = run("inspect", path, "--limit-documents", 5).stdout
    assert "only the first 5 documents would be read (--limit-documents)" in " ".join(page.split())
    refused = CliRunner().invoke(program, ["show", str(tmp_path / "p"), "--limit-documents", "3"])
    assert refused.exit_code == 2
    assert "is a saved profile, which is not read again" in refused.stderr
