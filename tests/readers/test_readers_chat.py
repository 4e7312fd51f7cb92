"""Chats in JSON lines, Parquet, Arrow and memory."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from reader_helpers import documents, write, write_lines

from collapse_stats.errors import InputError
from collapse_stats.readers.in_memory.open import open_memory
from collapse_stats.readers.open import open_file
from collapse_stats.readers.options import ReadOptions

MESSAGES = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Hi"},
    {"role": "assistant", "content": "Hello"},
    {"role": "user", "content": "Bye"},
    {"role": "assistant", "content": "See you"},
]
SHARED_GPT = [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}]
PARTS = {
    "all": "Be brief.\n\nHi\n\nHello\n\nBye\n\nSee you",
    "assistant": "Hello\n\nSee you",
    "user": "Hi\n\nBye",
}


@pytest.mark.parametrize("part", [None, "all", "assistant", "user"])
@pytest.mark.parametrize("source", ["jsonl", "parquet", "arrow", "memory"])
def test_messages(tmp_path: Path, part: Any, source: str) -> None:
    options = ReadOptions(part=part)
    record = {"id": 1, "messages": MESSAGES}
    assert read(tmp_path, [record, record], source, options) == [PARTS[part or "all"]] * 2


def read(tmp_path: Path, records: list[Any], source: str, options: ReadOptions) -> list[Any]:
    path = tmp_path / f"a.{source}"
    if source == "memory":
        return documents(open_memory(records, options))
    if source == "jsonl":
        write_lines(path, records)
    elif source == "parquet":
        pq.write_table(pa.Table.from_pylist(records), path)
    else:
        table = pa.Table.from_pylist(records)
        with pa.ipc.new_stream(str(path), table.schema) as out:
            out.write_table(table)
    return documents(open_file(path, options))


@pytest.mark.parametrize("source", ["jsonl", "parquet", "arrow", "memory"])
def test_conversations_and_pairs(tmp_path: Path, source: str) -> None:
    conversations = [{"conversations": SHARED_GPT}]
    assert read(tmp_path, conversations, source, ReadOptions()) == ["Hi\n\nHello"]
    assert read(tmp_path, conversations, source, ReadOptions(part="assistant")) == ["Hello"]
    pair = [{"prompt": "The sky is", "completion": " blue."}]
    for part, expected in (
        (None, "The sky is blue."),
        ("all", "The sky is blue."),
        ("assistant", " blue."),
        ("user", "The sky is"),
    ):
        assert read(tmp_path, pair, source, ReadOptions(part=part)) == [expected]  # type: ignore[arg-type]
    turns = [{"prompt": MESSAGES[:2], "completion": MESSAGES[2:3]}]
    assert read(tmp_path, turns, source, ReadOptions(part="assistant")) == ["Hello"]
    assert read(tmp_path, turns, source, ReadOptions()) == ["Be brief.\n\nHi\n\nHello"]


def test_text_comes_first_unless_a_part_is_asked_for(tmp_path: Path) -> None:
    records = [{"text": "rendered", "messages": MESSAGES, "prompt": "p"}]
    assert read(tmp_path, records, "jsonl", ReadOptions()) == ["rendered"]
    assert read(tmp_path, records, "jsonl", ReadOptions(part="user")) == [PARTS["user"]]
    mine = [{"text": "rendered", "turns": MESSAGES, "prompt": "p"}]
    for source in ("jsonl", "parquet"):
        options = ReadOptions(text_key="turns", part="assistant")
        assert read(tmp_path, mine, source, options) == [PARTS["assistant"]]
        assert read(tmp_path, mine, source, ReadOptions(text_key="turns")) == [PARTS["all"]]
        assert read(tmp_path, mine, source, ReadOptions(text_key="prompt")) == ["p"]


def test_turns_of_many_kinds(tmp_path: Path) -> None:
    pieces = [
        {"type": "text", "text": "look: "},
        {"type": "image_url"},
        {"type": "text", "text": "x"},
    ]
    turns = [
        {"role": "User", "content": pieces},
        {"role": "assistant", "content": None, "tool_calls": []},
        {"role": "assistant", "tool_calls": [{}]},
        {"role": "tool", "content": "42"},
        {"role": "assistant", "content": "It is 42."},
    ]
    path = write_lines(tmp_path / "a.jsonl", [{"messages": turns}])
    assert documents(open_file(path)) == ["look: x\n\n42\n\nIt is 42."]
    assert documents(open_file(path, ReadOptions(part="user"))) == ["look: x"]


def test_chats_that_are_not_are_said(tmp_path: Path) -> None:
    bad: list[Any] = [None, "text", [1], [{"content": "x"}], [{"role": "user"}]]
    bad.append([{"role": "user", "content": 7}])
    records = [{"messages": MESSAGES}, *({"messages": messages} for messages in bad), {"other": 1}]
    path = write_lines(tmp_path / "a.jsonl", records)
    reader = open_file(path)
    assert documents(reader) == [PARTS["all"]]
    assert (
        "lines without a document skipped: 7 (first: line 2: 'messages' is null)"
        in (reader.warnings[0])
    )
    only_user = write_lines(tmp_path / "b.jsonl", [{"messages": MESSAGES[:2]}] * 3)
    reader = open_file(only_user, ReadOptions(part="assistant"))
    assert documents(reader) == ["", "", ""]  # documents keep their positions
    assert "without a word of --part assistant, counted as empty documents: 3" in reader.warnings[0]
    reader = open_file(
        write_lines(tmp_path / "c.jsonl", [{"messages": MESSAGES}, {"messages": []}])
    )
    assert documents(reader) == [PARTS["all"], ""]
    assert "chats without a word, counted as empty documents: 1" in reader.warnings[0]


def test_parts_are_of_chats_only(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", [{"text": "a"}])
    with pytest.raises(InputError, match=r"\(messages, .* these lines have text"):
        open_file(path, ReadOptions(part="user"))
    with pytest.raises(InputError, match="--part chooses turns"):
        open_file(write(tmp_path / "a.txt", b"a"), ReadOptions(part="user"))
    pq.write_table(pa.table({"messages": [1]}), tmp_path / "a.parquet")
    options = ReadOptions(part="user", text_key="messages")
    with pytest.raises(InputError, match="must hold turns of a chat, got int64"):
        open_file(tmp_path / "a.parquet", options)
    with pytest.raises(ValueError, match="part"):
        ReadOptions(part="system")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "role", ["assistant", "Assistant", "ai", "gpt", "model", "bot", "chatbot", "chatgpt"]
)
def test_names_of_the_assistant(tmp_path: Path, role: str) -> None:
    turns = [{"role": "human", "content": "Hi"}, {"role": role, "content": "Hello"}]
    path = write_lines(tmp_path / "a.jsonl", [{"messages": turns}])
    assert documents(open_file(path, ReadOptions(part="assistant"))) == ["Hello"]
    assert documents(open_file(path, ReadOptions(part="user"))) == ["Hi"]


@pytest.mark.parametrize("source", ["jsonl", "parquet"])
def test_a_chat_under_another_key_is_called_one(tmp_path: Path, source: str) -> None:
    with pytest.raises(
        InputError, match=r"dialog \(a chat\): name one with --text-key or --ids-key"
    ):
        read(tmp_path, [{"dialog": MESSAGES}], source, ReadOptions())
    assert read(tmp_path, [{"dialog": MESSAGES}], source, ReadOptions(text_key="dialog")) == [
        PARTS["all"]
    ]
