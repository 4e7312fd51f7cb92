"""Chats of every layout, written in every way, compared with a reference in plain Python.

The reference knows a chat as a list of turns (role, content), where the content is None, a text, or
a list of pieces. It follows the section "How chats become documents" of docs/formats.md.
"""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from record_files import (
    JSON_WAYS,
    WAYS,
    Records,
    read,
    write_arrow_file,
    write_arrow_stream,
    write_parquet,
)

pytest.importorskip("pandas")
pytest.importorskip("polars")

Turn = tuple[str, Any]
Chat = list[Turn]

ASSISTANT = ["assistant", "gpt", "model", "bot", "chatbot", "chatgpt"]
USER = ["user", "human", "prompter"]
OTHER = ["system", "tool", "function", "observation"]
PARTS = [None, "all", "assistant", "user"]


def content_text(content: Any) -> str:
    """The reference: the text of a turn's content."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    return "".join(piece["text"] or "" for piece in content if "text" in piece)


def chat_text(chat: Chat, part: str | None) -> str:
    """The reference: a whole conversation, its turns separated by a blank line."""
    wanted = {"assistant": ASSISTANT, "user": USER}.get(part or "all", [])
    texts = [
        content_text(content)
        for role, content in chat
        if part in (None, "all") or role.lower() in wanted
    ]
    return "\n\n".join(text for text in texts if text)


# Texts that are JSON themselves must stay the texts that they are.
texts = st.one_of(
    st.text(max_size=6).filter(lambda text: text.isprintable()),
    st.sampled_from(["[1, 2]", '{"text": "no"}', "null", '"quoted"', "[", "{", "1", "né 😀"]),
)
pieces = st.lists(
    st.one_of(
        st.builds(lambda text: {"type": "text", "text": text}, texts),
        st.just({"type": "image", "text": None}),
    ),
    min_size=1,
    max_size=3,
)
roles = st.sampled_from(ASSISTANT + USER + OTHER + ["Assistant", "USER"])


def chats_of(contents: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Chat]]:
    chat: st.SearchStrategy[Chat] = st.lists(st.tuples(roles, contents), min_size=1, max_size=4)
    return st.lists(chat, min_size=1, max_size=5)


plain_chats = chats_of(texts)
chats_with_nulls = chats_of(st.one_of(texts, st.none()))


def openai(chat: Chat) -> list[dict[str, Any]]:
    return [{"role": role, "content": content} for role, content in chat]


def share_gpt(chat: Chat) -> list[dict[str, Any]]:
    return [{"from": role, "value": content} for role, content in chat]


def with_tool_calls(chat: Chat) -> list[dict[str, Any]]:
    call = {"id": "c1", "function": {"name": "f", "arguments": '{"a": 1}'}}
    return [
        {"role": role, "content": content, "tool_calls": [call] if content is None else []}
        for role, content in chat
    ]


def lists_of_fields(chat: Chat) -> dict[str, list[Any]]:
    return {"role": [role for role, _ in chat], "content": [content for _, content in chat]}


def share_gpt_lists(chat: Chat) -> dict[str, list[Any]]:
    return {"from": [role for role, _ in chat], "value": [content for _, content in chat]}


def json_turns(chat: Chat) -> list[str]:
    return [json.dumps(turn) for turn in openai(chat)]


def json_chat(chat: Chat) -> str:
    return json.dumps(openai(chat))


def json_lists(chat: Chat) -> str:
    return json.dumps(share_gpt_lists(chat), ensure_ascii=False)


LAYOUTS: list[tuple[str, Callable[[Chat], Any]]] = [
    ("messages", openai),
    ("conversations", share_gpt),
    ("messages", with_tool_calls),
    ("messages", lists_of_fields),
    ("conversations", share_gpt_lists),
    ("messages", json_turns),
    ("messages", json_chat),
    ("conversations", json_lists),
]


def check(
    way: Callable[[Path, Records], Any], records: Records, expected: Callable[..., Any]
) -> None:
    """Check the documents that are read of records, for every part."""
    with tempfile.TemporaryDirectory() as folder:
        for part in PARTS:
            assert read(way(Path(folder), records), part=part) == expected(part)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("layout", LAYOUTS)
@given(chats=chats_with_nulls)
@settings(max_examples=6)
def test_layouts(way: Any, layout: Any, chats: list[Chat]) -> None:
    key, laid_out = layout
    records = [{"id": i, key: laid_out(chat)} for i, chat in enumerate(chats)]
    check(way, records, lambda part: [chat_text(chat, part) for chat in chats])


@pytest.mark.parametrize("way", WAYS)
@given(data=st.data())
@settings(max_examples=12)
def test_layouts_mixed_in_one_column(way: Any, data: st.DataObject) -> None:
    """Tables give every turn all fields of all turns, some of them null."""
    chats = data.draw(chats_with_nulls)
    layouts = data.draw(
        st.lists(st.sampled_from([openai, share_gpt, with_tool_calls]), min_size=5, max_size=5)
    )
    records = [{"messages": laid_out(chat)} for chat, laid_out in zip(chats, layouts, strict=False)]
    check(way, records, lambda part: [chat_text(chat, part) for chat in chats])


@pytest.mark.parametrize("way", WAYS)
@given(chats=chats_of(pieces))
@settings(max_examples=6)
def test_contents_in_pieces(way: Any, chats: list[Chat]) -> None:
    records = [{"messages": openai(chat)} for chat in chats]
    check(way, records, lambda part: [chat_text(chat, part) for chat in chats])


mixed_chats = chats_of(st.one_of(texts, st.none(), pieces))


@pytest.mark.parametrize("way", JSON_WAYS)
@given(chats=mixed_chats)
@settings(max_examples=25)
def test_contents_of_all_kinds(way: Any, chats: list[Chat]) -> None:
    records = [{"messages": openai(chat)} for chat in chats]
    check(way, records, lambda part: [chat_text(chat, part) for chat in chats])


def json_array(values: list[Any], storage: pa.DataType) -> pa.Array:
    """An array of the Arrow type of JSON; None stays null."""
    sources = [None if value is None else json.dumps(value) for value in values]
    return pa.ExtensionArray.from_storage(pa.json_(storage), pa.array(sources, storage))


def lists(values: pa.Array, chats: list[Chat], kind: Any = pa.ListArray) -> pa.Array:
    """An array with the list of each chat's turns."""
    ends = [0]
    for chat in chats:
        ends.append(ends[-1] + len(chat))
    return kind.from_arrays(
        pa.array(ends, pa.int32() if kind is pa.ListArray else pa.int64()), values
    )


def json_contents(chats: list[Chat], storage: pa.DataType) -> pa.Array:
    """list<struct<role, content: arrow.json>>: what `datasets` makes of mixed content."""
    turns = [turn for chat in chats for turn in chat]
    role = pa.array([role for role, _ in turns], pa.string()).dictionary_encode()
    content = json_array([content for _, content in turns], storage)
    return lists(pa.StructArray.from_arrays([role, content], ["role", "content"]), chats)


def json_contents_in_lists(chats: list[Chat], storage: pa.DataType) -> pa.Array:
    """struct<role: list<string>, content: list<arrow.json>>"""
    turns = [turn for chat in chats for turn in chat]
    role = lists(pa.array([role for role, _ in turns], storage), chats, pa.LargeListArray)
    content = lists(json_array([content for _, content in turns], storage), chats)
    return pa.StructArray.from_arrays([role, content], ["role", "content"])


def json_of_each_turn(chats: list[Chat], storage: pa.DataType) -> pa.Array:
    """list<arrow.json>: what `datasets` makes of turns of different kinds."""
    turns = [turn for chat in chats for turn in with_tool_calls(chat)]
    return lists(json_array(turns, storage), chats, pa.LargeListArray)


def json_of_each_chat(chats: list[Chat], storage: pa.DataType) -> pa.Array:
    """arrow.json"""
    return json_array([share_gpt(chat) for chat in chats], storage)


JSON_TYPES = (json_contents, json_contents_in_lists, json_of_each_turn, json_of_each_chat)


@pytest.mark.parametrize("make", JSON_TYPES)
@pytest.mark.parametrize("storage", [pa.string(), pa.large_string(), pa.string_view()], ids=str)
@given(chats=mixed_chats, data=st.data())
@settings(max_examples=6)
def test_columns_of_json(make: Any, storage: pa.DataType, chats: list[Chat], data: Any) -> None:
    table = pa.table({"messages": make(chats, storage)})
    first = data.draw(st.integers(0, len(chats) - 1))
    for part in PARTS:
        expected = [chat_text(chat, part) for chat in chats]
        with tempfile.TemporaryDirectory() as folder:
            for write in (write_parquet, write_arrow_stream, write_arrow_file):
                if write is write_parquet and storage == pa.string_view():
                    continue  # Arrow does not write these inside of lists
                assert read(write(Path(folder), table), part=part) == expected
        assert read(table, part=part) == expected
        assert read(table.slice(first), part=part) == expected[first:]


Pair = tuple[Any, Any]


def pair_text(pair: Pair, part: str | None) -> str:
    """The reference: two texts are joined as they are, anything else as the turns of a chat."""
    if all(isinstance(side, str) for side in pair):
        wanted = {"user": pair[:1], "assistant": pair[1:]}.get(part or "all", pair)
        return "".join(wanted)
    turns = []
    for side, role in zip(pair, ("user", "assistant"), strict=True):
        turns += [(role, side)] if isinstance(side, str) else side
    return chat_text(turns, part)


def laid_out(side: Any) -> Any:
    return side if isinstance(side, str) else openai(side)


some_turns = st.lists(st.tuples(roles, texts), min_size=1, max_size=3)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("prompt", [texts, some_turns])
@pytest.mark.parametrize("completion", [texts, some_turns])
@given(data=st.data())
@settings(max_examples=4)
def test_prompts_and_completions(way: Any, prompt: Any, completion: Any, data: Any) -> None:
    pairs = data.draw(st.lists(st.tuples(prompt, completion), min_size=1, max_size=4))
    records = [{"prompt": laid_out(a), "completion": laid_out(b)} for a, b in pairs]
    check(way, records, lambda part: [pair_text(pair, part) for pair in pairs])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("layout", LAYOUTS)
@given(chats=plain_chats)
@settings(max_examples=3)
def test_chats_under_a_nested_key(way: Any, layout: Any, chats: list[Chat]) -> None:
    records = [{"a": {"b": {"c": layout[1](chat)}, "text": "no"}} for chat in chats]
    with tempfile.TemporaryDirectory() as folder:
        source = way(Path(folder), records)
        for part in ("all", "assistant", "user"):
            expected = [chat_text(chat, part) for chat in chats]
            assert read(source, text_key="a.b.c", part=part) == expected


@pytest.mark.parametrize("layout", LAYOUTS)
@given(chats=plain_chats)
@settings(max_examples=4)
def test_chats_as_items(layout: Any, chats: list[Chat]) -> None:
    """Chats in a list, in a generator, and alone, without a key; several chats in one record."""
    values = [layout[1](chat) for chat in chats]
    if isinstance(values[0], list) and isinstance(values[0][0], dict):
        for part in PARTS:
            expected = [chat_text(chat, part) for chat in chats]
            assert read(values, part=part) == expected
            assert read(iter(values), part=part) == expected
    if isinstance(values[0], list):
        for part in PARTS:
            expected = [chat_text(chat, part) for chat in chats]
            assert read([{"messages": values}], part=part) == expected


def test_turns_alone_are_one_chat() -> None:
    turns = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
    assert read(turns) == read(tuple(turns)) == ["Hi\n\nHello"]
    assert read(turns, part="assistant") == ["Hello"]
    assert read(turns, text_key="content") == ["Hi", "Hello"]


def test_null_chats_are_left_out() -> None:
    """A row with a null chat is left out; a chat without a turn of the part stays, empty."""
    table = pa.table({"messages": [None, [{"role": "user", "content": "Hi"}], [], None]})
    assert read(table) == ["Hi", ""]
    assert read(table, part="assistant") == ["", ""]
