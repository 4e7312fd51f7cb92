"""Records as tools for training, generation and evaluation write them, with their documents."""

import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from record_files import JSON_WAYS, TABLE_WAYS, parquet, read

from collapse_stats.errors import InputError

USER, ASSISTANT = {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}
BODY = {"choices": [{"index": 0, "message": ASSISTANT, "finish_reason": "stop"}]}
BATCH = {"custom_id": "1", "response": {"status_code": 200, "body": BODY}, "error": None}
RESULT = {"type": "tool_result", "tool_use_id": "1", "content": [{"type": "text", "text": "42"}]}
CALL = {"type": "tool_use", "name": "f", "input": {"a": 1}}
BRIEF = {"content_type": "text", "parts": ["Hi", " you"]}

# name -> record, options, documents; all by default, those of the assistant where there are turns
LAYOUTS: dict[str, tuple[dict[str, Any], dict[str, Any], list[str], list[str] | None]] = {
    "Alpaca": ({"instruction": "do", "input": "x", "output": "y"}, {}, ["y"], None),
    "ShareGPT": (
        {
            "id": "1",
            "system": "no",
            "conversations": [
                {"from": "human", "value": "Hi"},
                {"from": "function_call", "value": "{}"},
                {"from": "observation", "value": "42"},
                {"from": "gpt", "value": "Hello"},
            ],
        },
        {},
        ["Hi\n\n{}\n\n42\n\nHello"],
        ["Hello"],
    ),
    "OpenAI batch, a content": (
        BATCH,
        {"text_key": "response.body.choices.0.message.content"},
        ["Hello"],
        None,
    ),
    "OpenAI batch, all contents": (
        BATCH,
        {"text_key": "response.body.choices.message.content"},
        ["Hello"],
        None,
    ),
    "OpenAI batch, a message": (
        BATCH,
        {"text_key": "response.body.choices.0.message"},
        ["Hello"],
        ["Hello"],
    ),
    "OpenAI batch input": (
        {"custom_id": "1", "body": {"model": "m", "messages": [USER]}},
        {"text_key": "body.messages"},
        ["Hi"],
        [""],
    ),
    "OpenAI responses": (
        {
            "output": [
                {"type": "reasoning", "summary": []},
                {
                    "type": "message",
                    "role": "assistant",
                    "content": [{"type": "output_text", "text": "Hello"}],
                },
            ]
        },
        {"text_key": "output"},
        ["Hello"],
        ["Hello"],
    ),
    "completions": (
        {"choices": [{"index": 0, "text": "a"}, {"index": 1, "text": "b"}]},
        {"text_key": "choices.text"},
        ["a", "b"],
        None,
    ),
    "vLLM": (
        {"prompt": "p", "outputs": [{"index": 0, "text": "a"}, {"index": 1, "text": "b"}]},
        {"text_key": "outputs.text"},
        ["a", "b"],
        None,
    ),
    "generated texts": ({"prompt": "p", "generated_text": ["a", "b"]}, {}, ["a", "b"], None),
    "lm-eval, filtered": (
        {"doc_id": 0, "resps": [["a", "b"]], "filtered_resps": ["a"]},
        {"text_key": "filtered_resps"},
        ["a"],
        None,
    ),
    "lm-eval, all": (
        {"doc_id": 0, "resps": [["a", "b"]], "filtered_resps": ["a"]},
        {"text_key": "resps"},
        ["a", "b"],
        None,
    ),
    "TRL preferences": (
        {"prompt": [USER], "chosen": [ASSISTANT], "rejected": [USER]},
        {"text_key": "chosen"},
        ["Hello"],
        ["Hello"],
    ),
    "TRL prompts and completions": (
        {"prompt": [USER], "completion": [ASSISTANT]},
        {},
        ["Hi\n\nHello"],
        ["Hello"],
    ),
    "TRL logged completions": (
        {"step": [1, 1], "prompt": ["p", "q"], "completion": ["a", "b"], "reward": [0.5, 1.0]},
        {},
        ["a", "b"],
        None,
    ),
    "LLaMA-Factory": (
        {
            "conversations": [{"from": "human", "value": "Hi"}],
            "chosen": {"from": "gpt", "value": "a"},
        },
        {"text_key": "chosen"},
        ["a"],
        ["a"],
    ),
    "verl": ({"input": "i", "output": "o", "score": 1.0}, {}, ["o"], None),
    "NeMo": (
        {
            "mask": "User",
            "conversations": [
                {"from": "User", "value": "Hi", "label": None},
                {"from": "Assistant", "value": "Hello", "label": None},
            ],
        },
        {},
        ["Hi\n\nHello"],
        ["Hello"],
    ),
    "Argilla": ({"fields": {"response": "a"}}, {"text_key": "fields.response"}, ["a"], None),
    "Dolma": ({"id": "1", "text": "a", "metadata": {"text": "no"}}, {}, ["a"], None),
    "Anthropic": (
        {
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "Hi"}]},
                {"role": "assistant", "content": [CALL]},
                {"role": "user", "content": [RESULT]},
                {"role": "assistant", "content": [{"type": "text", "text": "Hello"}]},
            ]
        },
        {},
        ["Hi\n\n42\n\nHello"],
        ["Hello"],
    ),
    "Gemini": (
        {
            "contents": [
                {"role": "user", "parts": [{"text": "Hi"}]},
                {"role": "model", "parts": [{"text": "Hel"}, {"text": "lo"}]},
            ]
        },
        {"text_key": "contents"},
        ["Hi\n\nHello"],
        ["Hello"],
    ),
    "ChatGPT export": ({"messages": [{"role": "user", "content": BRIEF}]}, {}, ["Hi you"], [""]),
    "assistants API": (
        {
            "messages": [
                {"role": "assistant", "content": [{"type": "text", "text": {"value": "Hello"}}]}
            ]
        },
        {},
        ["Hello"],
        ["Hello"],
    ),
    "pandas, by columns": (
        {"text": {"0": "a", "1": "b"}, "n": {"0": 1, "1": 2}},
        {},
        ["a", "b"],
        None,
    ),
    "pandas, as a table": (
        {"schema": {}, "data": [{"index": 0, "text": "a"}, {"index": 1, "text": "b"}]},
        {"text_key": "data.text"},
        ["a", "b"],
        None,
    ),
}


@pytest.mark.parametrize("way", [*JSON_WAYS, *TABLE_WAYS])
@pytest.mark.parametrize("name", LAYOUTS)
def test_layouts_of_tools(name: str, way: Any, tmp_path: Path) -> None:
    record, options, expected, of_assistant = LAYOUTS[name]
    if way in TABLE_WAYS and (name == "pandas, by columns" or "schema" in record):
        pytest.skip("Arrow has no structs without fields, and a table no columns of columns")
    source = way(tmp_path, [record, record])
    assert read(source, **options) == expected * 2
    if of_assistant is not None:
        assert read(source, **options, part="assistant") == of_assistant * 2


def test_results_of_tools_are_not_the_users() -> None:
    turns = LAYOUTS["Anthropic"][0]
    assert read([turns], part="user") == ["Hi"]
    assert read(pa.Table.from_pylist([turns]), part="user") == ["Hi"]


@pytest.mark.parametrize("first", [None, 5, {"a": 1}, [], 0.5])
def test_the_first_record_is_not_like_the_others(first: Any, tmp_path: Path) -> None:
    """A key is judged by all of the first records; those without a document are left out."""
    records = [{"text": first}, {"text": "a"}, {"text": "b"}]
    for way in JSON_WAYS:
        assert read(way(tmp_path, records)) == ["a", "b"]
    ids = [{"input_ids": first}, {"input_ids": [1, 2]}, {"input_ids": [3]}]
    expected = [[]] * (first == []) + [[1, 2], [3]]
    for way in JSON_WAYS:
        assert read(way(tmp_path, ids)) == expected


REFUSED: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (BATCH, {}, "such as 'response.NAME' for what 'response' holds, or --ids-key"),
    ({"choices": [{"index": 0, "text": "a"}]}, {"text_key": "choices"}, "'choices' must hold text"),
    ({"prompt": "p", "chosen": "a", "rejected": "b"}, {}, "prompt (text), chosen (text)"),
    ({"text": {"value": "a"}}, {}, "such as 'text.NAME' for what 'text' holds"),
    (
        {"resps": [[[-1.5, False]]]},
        {"text_key": "resps"},
        "'resps' must hold text, got a list of lists",
    ),
    ({"segments": [{"label": True, "text": "a"}]}, {"text_key": "segments"}, "must hold text"),
    ({"tokens": ["the", "cat"]}, {}, "tokens (a list of texts)"),
    ({"data": [{"text": "a"}]}, {}, "such as 'data.NAME' for what 'data' holds"),
    ({"txt": "a"}, {"text_key": "text"}, "these lines have txt (text): did you mean 'txt'?"),
]


@pytest.mark.parametrize(("record", "options", "sentence"), REFUSED, ids=repr)
def test_what_is_refused_names_the_remedy(
    record: dict[str, Any], options: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    for way in JSON_WAYS:
        words = sentence.replace("these lines have", ".*have")
        with pytest.raises(InputError, match=re.escape(words).replace(r"\.\*have", ".* have")):
            read(way(tmp_path, [record]), **options)
    if "must hold" not in sentence and "text" not in sentence:
        with pytest.raises(InputError, match=re.escape(sentence)):
            read(parquet(tmp_path, [record]), **options)
