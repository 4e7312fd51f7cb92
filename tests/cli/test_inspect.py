"""``inspect``: what files are, what is counted of them and what not, and what would go wrong."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from reader_helpers import write, write_lines

from collapse_stats.cli.group import program
from collapse_stats.readers.alike import joined
from collapse_stats.readers.inspect import inspect
from collapse_stats.report.table import draw
from collapse_stats.report.views.inspection import common_folder, inspection_page
from collapse_stats.report.wrapping import shortened


def run(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(program, ["inspect", *map(str, arguments)])
    assert result.exit_code == code, (result.stdout, result.stderr)
    return result


def facts(*arguments: object, code: int = 0) -> Any:
    return json.loads(run(*arguments, "--json", code=code).stdout)


def words(page: str) -> str:
    return " ".join(page.split())


def test_what_is_read_of_each_format(tmp_path: Path) -> None:
    turns = [{"role": "user", "content": "a"}]
    write_lines(tmp_path / "a.jsonl", [{"id": 1, "text": "one", "url": "u"}])
    write_lines(tmp_path / "chat.jsonl", [{"messages": turns, "id": 1}])
    write_lines(tmp_path / "nested.jsonl", [{"a": {"b": "one"}, "c": 1}])
    write(tmp_path / "array.json", json.dumps([{"text": "one"}, {"text": "two"}]).encode())
    masked = {"id": [1], "input_ids": [[1, 2]], "attention_mask": [[1, 0]]}
    pq.write_table(pa.table(masked), tmp_path / "a.parquet")
    write(tmp_path / "a.txt", b"one\ntwo\n")
    np.save(tmp_path / "rows.npy", np.array([[1, 2], [3, 4]]))
    np.arange(4, dtype="<u2").tofile(tmp_path / "a.bin")
    write(tmp_path / "a.tsv", b"id\ttext\n1\tone\n")
    expected: dict[str, tuple[Any, ...]] = {
        "a.tsv": (["text"], "text", "each row", None, ["id"]),
        "a.jsonl": (["text"], "text", "each line", None, ["id", "url"]),
        "chat.jsonl": (["messages"], "chat", "each line", None, ["id"]),
        "array.json": (["text"], "text", "each object", None, []),
        "a.parquet": (["input_ids"], "ids", "each row", "attention_mask", ["id"]),
        "a.txt": ([], "text", "each file", None, []),
        "rows.npy": ([], "ids", "each row", None, []),
        "a.bin": ([], "ids", "the whole file", None, []),
    }
    for name, (keys, holds, document, mask, not_read) in expected.items():
        (found,) = facts(tmp_path / name, "--dtype", "u16")["inputs"]
        assert found["reads"] == {
            "keys": keys,
            "holds": holds,
            "document": document,
            "mask": mask,
            "not_read": not_read,
        }
        assert found["bytes"] == (tmp_path / name).stat().st_size
    (found,) = facts(tmp_path / "nested.jsonl", "--text-key", "a.b")["inputs"]
    assert (found["reads"]["keys"], found["reads"]["not_read"]) == (["a.b"], ["c"])
    (found,) = facts(tmp_path / "a.txt", "--doc-per-line")["inputs"]
    assert (found["reads"]["document"], found["documents"]) == ("each line", 2)
    page = words(run(tmp_path / "a.parquet").stdout)
    sentence = "its ids in 'input_ids', where 'attention_mask' is not 0; not read: id"
    assert f"each row is a document: {sentence}" in page


def test_what_would_go_wrong_with_files_together(tmp_path: Path) -> None:
    write_lines(tmp_path / "a.jsonl", [{"text": "one"}])
    write_lines(tmp_path / "b.jsonl", [{"content": "two"}])
    page = words(run(tmp_path).stdout)
    assert "not all files are read under the same key: 'text' in 1 (such as" in page
    write_lines(tmp_path / "c.jsonl", [{"input_ids": [1]}])
    assert "a corpus must be all text or all token ids" in words(run(tmp_path).stdout)


def test_what_would_be_refused_of_a_file(tmp_path: Path) -> None:
    lines = [{"text": "one"}, *({"text": None} for _ in range(5))]
    path = write_lines(tmp_path / "a.jsonl", lines)
    assert "5 lines or rows have no document, and only 1 have one" in words(run(path).stdout)
    assert "there is no document in it" in words(run(write(tmp_path / "b.jsonl", b"")).stdout)


def test_what_is_left_out_is_in_the_page_in_json_and_on_stderr(tmp_path: Path) -> None:
    write_lines(tmp_path / "a.jsonl", [{"text": "one"}])
    for i in range(12):
        write(tmp_path / f"{i}.unknown", b"x")
    write(tmp_path / "README.md", b"x")
    write(tmp_path / ".hidden", b"x")
    result = run(tmp_path)
    assert "12 of no known format 0.unknown, 1.unknown, 10.unknown" in words(result.stdout)
    assert "1 documentation README.md" in words(result.stdout)
    assert "1 hidden .hidden" in words(result.stdout)
    sentence = "left out: 1 documentation (README.md), 12 of no known format (0.unknown, 1.unknown,"
    assert f"warning: {sentence} 10.unknown, ...)\n" in result.stderr
    listed = facts(tmp_path)["left_out"]
    assert len(listed) == 14
    assert {"path": str(tmp_path / "README.md"), "reason": "documentation"} in listed


def test_a_line_for_each_file_and_the_first_and_last_of_many(tmp_path: Path) -> None:
    folder = tmp_path / "a-folder-with-a-name-that-is-rather-long"
    folder.mkdir()
    for i in range(1000):
        write_lines(folder / f"shard-of-the-corpus-{i:05}.jsonl", [{"text": "one two"}] * (i % 3))
    page = run(folder, "--tokenizer", "bytes").stdout
    lines = page.splitlines()
    assert len(lines) < 40
    assert words(page).startswith("1,000 files, 20.0 kB, in ")
    assert sum("shard-of-the-corpus-" in line for line in lines) < 20
    for number in (0, 1, 2, 998, 999):
        assert any(line.startswith(f"shard-of-the-corpus-{number:05}.jsonl ") for line in lines)
    total = next(line for line in lines if line.startswith("all 1,000 files"))
    assert total.split()[3:5] == ["999", f"{999 * 7:,}"]
    hidden = next(line for line in lines if line.startswith("... "))
    assert hidden.split()[:4] == ["...", "989", "more", "files"]
    assert "there is no document in it (likewise 333 more: shard-" in words(page)
    assert len(facts(folder)["inputs"]) == 1000


def test_metadata_is_found_by_what_it_holds(tmp_path: Path) -> None:
    write(tmp_path / "about-it.json", b'{\n  "made": 2024\n}\n')
    result = run(tmp_path, code=2)
    assert "about-it.json" in result.stderr
    write_lines(tmp_path / "a.jsonl", [{"text": "one"}])
    found = facts(tmp_path)
    assert [Path(each["path"]).name for each in found["inputs"]] == ["a.jsonl"]
    assert [each["reason"] for each in found["left_out"]] == ["metadata"]
    alone = run(tmp_path / "about-it.json", code=2)
    assert "made" in alone.stderr


def test_every_format_of_output_has_it(tmp_path: Path) -> None:
    write_lines(tmp_path / "a|b.jsonl", [{"text": "one"}])
    assert "a\\|b.jsonl" in run(tmp_path, "--format", "markdown").stdout
    csv = run(tmp_path, "--format", "csv").stdout.splitlines()
    assert "reads" in csv[0]
    assert '""keys"": [""text""]' in csv[1]


@pytest.mark.parametrize("width", [60, 80, 100])
def test_paths_are_cut_in_the_middle(tmp_path: Path, width: int) -> None:
    folder = tmp_path / ("folder" * 20)
    folder.mkdir()
    path = write_lines(folder / "last.jsonl", [{"text": "one"}])
    page = draw(inspection_page([inspect(path)], []), width=width)
    line = next(line for line in page.splitlines() if "last.jsonl" in line)
    assert "…" in line
    assert len(line) <= width
    assert shortened("abcdefghij", 10) == "abcdefghij"
    assert shortened("abcdefghij", 7) == "ab…ghij"
    assert len(shortened("x" * 500, width)) == width


def test_folders_in_common() -> None:
    assert common_folder(["/a/b/c.txt", "/a/b/d/e.txt"]) == "/a/b"
    assert common_folder(["/a/b.txt", "/c/d.txt"]) == ""
    assert common_folder(["/a/b.txt"]) == ""
    assert common_folder(["s3://x/a/b.txt", "s3://x/a/c/d.txt"]) == "s3://x/a"
    assert common_folder(["s3://x/a.txt", "s3://y/b.txt"]) == ""
    assert common_folder(["s3://x/a.txt", "/a/b.txt"]) == ""


def test_warnings_that_are_alike_are_joined() -> None:
    found = [(f"{name}.txt", f"{name}.txt: empty documents: {i}") for i, name in enumerate("abc")]
    assert joined([*found, ("d.txt", "d.txt: another")]) == [
        "a.txt: empty documents: 0 (likewise 2 more: b.txt, c.txt)",
        "d.txt: another",
    ]
