"""Real inputs whose records were once read wrongly, with values derived without the product."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from reader_helpers import cases

import collapse_stats as cs
from collapse_stats.cli.group import program

# documents and bytes of text; those of the assistant, where there are turns
CASES: dict[str, tuple[int, int, int | None]] = {
    "hf_mixed": (2, 10, 3),
    "hf_seq": (1, 6, 2),
    "hf_toolchat": (3, 27, 6),
    "mixkeys-pl.parquet": (2, 12, 4),
    "unify3.parquet": (1, 6, 2),
    "pq-chat-jsonstr.parquet": (2, 7, 2),
    "arr90.json": (90, 36_620, None),
    "catbom.jsonl": (101, 698, None),
    "cols.json": (20, 570, None),
    "pretty.json": (1, 3, None),
    "textlist.jsonl": (6, 6, None),
    "tokcount.jsonl": (3, 6, None),
    "pl-cat.arrow": (4, 20, None),
    "tokd.jsonl": (180, 8_400, None),
    "wl.jsonl": (1, 11, None),
}


@pytest.mark.parametrize("name", CASES)
def test_documents_and_tokens(name: str) -> None:
    path = str(cases() / name)
    documents, tokens, of_assistant = CASES[name]
    corpus = cs.profile(path, tokenizer="bytes")
    assert (corpus.documents, corpus.tokens) == (documents, tokens)
    result = CliRunner().invoke(program, ["show", path, "--tokenizer", "bytes", "--json"])
    assert result.exit_code == 0
    report = json.loads(result.stdout)["corpora"][0]
    assert (report["documents"], report["tokens"]) == (documents, tokens)
    if of_assistant is not None:
        corpus = cs.profile(path, tokenizer="bytes", part="assistant")
        assert (corpus.documents, corpus.tokens) == (documents, of_assistant)


def total(texts: list[str]) -> tuple[int, int]:
    return len(texts), sum(len(text.encode()) for text in texts)


def test_the_values_are_those_of_plain_python() -> None:
    """The files that plain Python, or one call of Arrow, can read."""
    folder = cases()

    def lines(name: str) -> list[Any]:
        text = (folder / name).read_text(encoding="utf-8").replace("\ufeff", "")
        return [json.loads(line) for line in text.splitlines() if line]

    def whole(name: str) -> Any:
        return json.loads((folder / name).read_text(encoding="utf-8-sig"))

    assert total([record["text"] for record in whole("arr90.json")]) == CASES["arr90.json"][:2]
    assert total([record["text"] for record in lines("catbom.jsonl")]) == CASES["catbom.jsonl"][:2]
    assert total(whole("cols.json")["text"]) == CASES["cols.json"][:2]
    assert total([whole("pretty.json")["text"]]) == CASES["pretty.json"][:2]
    listed = [text for record in lines("textlist.jsonl") for text in record["text"]]
    assert total(listed) == CASES["textlist.jsonl"][:2]
    for name in ("tokd.jsonl", "wl.jsonl"):
        assert total([record["text"] for record in lines(name)]) == CASES[name][:2]
    chats = [record["messages"] for record in lines("tokcount.jsonl")]
    assert total([turn["content"] for (turn,) in chats]) == CASES["tokcount.jsonl"][:2]
    column = pa.ipc.open_file(folder / "pl-cat.arrow").read_all()["text"]
    assert total(column.to_pylist()) == CASES["pl-cat.arrow"][:2]
    for name, text in (
        ("pq-chat-jsonstr.parquet", lambda turns: [turn["content"] for turn in json.loads(turns)]),
        ("mixkeys-pl.parquet", lambda turns: [turn["content"] or turn["value"] for turn in turns]),
        ("unify3.parquet", lambda turns: [turn["content"] or turn["text"] for turn in turns]),
    ):
        rows = pq.read_table(folder / name)["messages"].to_pylist()
        assert total(["\n\n".join(text(turns)) for turns in rows]) == CASES[name][:2]


def test_a_folder_of_them_is_read_as_one() -> None:
    names = [name for name in CASES if Path(name).suffix in (".json", ".jsonl", ".parquet")]
    paths = [str(cases() / name) for name in names]
    expected = sum(CASES[name][0] for name in names), sum(CASES[name][1] for name in names)
    corpus = cs.profile(paths, tokenizer="bytes")
    assert (corpus.documents, corpus.tokens) == expected
