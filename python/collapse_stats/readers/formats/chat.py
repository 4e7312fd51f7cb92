"""Turn a chat, a record with a list of turns, into one text."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..options import ChatTurns

_ROLES = {
    "assistant": ("assistant", "gpt", "model", "bot", "chatbot", "chatgpt"),
    "user": ("user", "human", "prompter"),
}
_PAIR = {"prompt": "user", "completion": "assistant"}
BETWEEN_TURNS = "\n\n"


def looks_like_chat(value: Any) -> bool:
    """Return whether a value is a list of turns."""
    return isinstance(value, list) and bool(value) and isinstance(value[0], Mapping)


def chat_text(record: Mapping[str, Any], keys: Sequence[str], part: ChatTurns | None) -> str:
    """Return the turns of a chat by the roles in `part` as one text, "" when it has none.

    Turns are separated by a blank line. A prompt and a completion that are texts are joined without
    one, as a model sees them.

    Raises
    ------
    ValueError
        The record is not a chat; the message says why.
    """
    if len(keys) > 1 and all(isinstance(record.get(key), str) for key in keys):
        return "".join(record[key] for key in keys if _is_wanted(part, _PAIR[key]))
    turns = [turn for key in keys for turn in _turns(record, key)]
    return BETWEEN_TURNS.join(text for role, text in turns if text and _is_wanted(part, role))


def _is_wanted(part: ChatTurns | None, role: str) -> bool:
    return part in (None, "all") or role in _ROLES[part]


def _turns(record: Mapping[str, Any], key: str) -> list[tuple[str, str]]:
    value = record.get(key)
    if isinstance(value, str) and key in _PAIR:
        return [(_PAIR[key], value)]
    if value is None:
        raise ValueError(f"{key!r} is null" if key in record else f"no {key!r}")
    if not isinstance(value, list):
        raise ValueError(f"{key!r} is a {type(value).__name__}, not a list of turns")
    return [_turn(turn, f"turn {number} of {key!r}") for number, turn in enumerate(value, 1)]


def _turn(turn: Any, name: str) -> tuple[str, str]:
    if not isinstance(turn, Mapping):
        raise ValueError(f"{name} is a {type(turn).__name__}, not an object")
    role = next((turn[key] for key in ("role", "from") if isinstance(turn.get(key), str)), None)
    if role is None:
        raise ValueError(f"{name} has no 'role' or 'from'")
    key = next((key for key in ("content", "value", "text") if key in turn), None)
    if key is None:
        if turn.keys() & {"tool_calls", "function_call"}:
            return role.lower(), ""
        raise ValueError(f"{name} has no 'content', 'value' or 'text'")
    return role.lower(), _content(turn[key], name)


def _content(content: Any, name: str) -> str:
    """The text of a turn: a string, None (a tool call), or a list of pieces, some of them text."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        pieces = (
            piece if isinstance(piece, str) else piece.get("text")
            for piece in content
            if isinstance(piece, str | Mapping)
        )
        return "".join(piece for piece in pieces if isinstance(piece, str))
    raise ValueError(f"the content of {name} is a {type(content).__name__}, not text")
