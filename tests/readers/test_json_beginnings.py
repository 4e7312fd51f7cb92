"""Where the first 64 KiB of a JSON file do not tell what it is, more of it does."""

import gzip
import json
from pathlib import Path

import pytest

import collapse_stats as cs
from collapse_stats.readers.open import open_file

LONG = {"text": "alpha beta " * 7000}
SHORT = {"text": "a b c", "id": 1}
BEGINNINGS = {
    "lines": "\n".join(map(json.dumps, [LONG, SHORT, SHORT])),
    "a very long line": "\n".join(map(json.dumps, [{"text": LONG["text"] * 30}, SHORT, SHORT])),
    "objects of several lines": "\n".join(json.dumps(x, indent=1) for x in [LONG, SHORT, SHORT]),
    "an object on a line of another": '{\n"x":\n{"text": "no"},\n"text": "'
    + f'{LONG["text"]}"}}\n' * 1
    + "\n".join(json.dumps(SHORT, indent=1) for _ in range(2)),
    "blank lines": "\n" * 70_000 + "\n".join(map(json.dumps, [SHORT] * 3)),
    "blank lines and an array": "\n" * 70_000 + json.dumps([SHORT] * 3, indent=1),
    "spaces and an array": " " * 70_000 + json.dumps([SHORT] * 3, indent=1),
    "bad lines": "bad\n" * 20_000 + "\n".join(map(json.dumps, [SHORT] * 30_000)),
}


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_what_begins_behind_the_head(tmp_path: Path, beginning: str, packed: bool) -> None:
    data = BEGINNINGS[beginning].encode()
    path = tmp_path / ("a.json.gz" if packed else "a.json")
    path.write_bytes(gzip.compress(data) if packed else data)
    documents = 30_000 if beginning == "bad lines" else 3
    profile = cs.profile(path, max_order=1, backend="numpy", tokenizer="bytes")
    assert profile.documents == documents
    names = open_file(path).names
    assert names[:1] in [("text",), ("x",)]


def test_lines_that_begin_with_null(tmp_path: Path) -> None:
    """Arrow ends the process where the first value of a large block is null."""
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"null\n" + b'{"text": "a b c"}\n' * 5000)
    assert cs.profile(path, max_order=1, backend="numpy").documents == 5000
