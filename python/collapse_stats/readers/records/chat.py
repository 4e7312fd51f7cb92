"""Turn a chat, a list of turns, into one text."""

import json
from collections.abc import Mapping
from itertools import groupby
from typing import Any

from ..options import ChatTurns
from .sequences import as_list

_ROLES = {
    "assistant": ("assistant", "ai", "gpt", "model", "bot", "chatbot", "chatgpt"),
    "user": ("user", "human", "prompter"),
}
_OTHERS = ("system", "developer", "tool", "function", "observation", "ipython", "environment")
_KNOWN_ROLES = frozenset([*_ROLES["assistant"], *_ROLES["user"], *_OTHERS])
_PAIR = {"prompt": "user", "completion": "assistant"}
ROLE_KEYS = ("role", "from")
CONTENT_KEYS = ("content", "value", "text", "parts")
BETWEEN_TURNS = "\n\n"


def looks_like_chat(value: Any) -> bool:
    """Return whether a value is a list of turns, a turn, or a list for each field of the turns."""
    if isinstance(value, Mapping):
        return _has_lists_of_turns(value) or looks_like_turn(value)
    return _is_list(value) and any(
        isinstance(turn, Mapping) and any(key in turn for key in ROLE_KEYS) for turn in value
    )


def looks_like_turn(value: Any) -> bool:
    """Return whether a value is a turn of a chat, by one of the usual roles."""
    if not isinstance(value, Mapping):
        return False
    role = next((value[key] for key in ROLE_KEYS if isinstance(value.get(key), str)), "")
    return role.lower() in _KNOWN_ROLES and any(key in value for key in CONTENT_KEYS)


def is_chat(value: Any, as_json: bool) -> bool:
    """Return whether a value that is no list is a whole chat: lists of fields, or its JSON."""
    if isinstance(value, str):
        parsed = _parsed(value) if as_json else None
        return _is_list(parsed) or _has_lists_of_turns(parsed)
    return _has_lists_of_turns(value)


def _has_lists_of_turns(value: Any) -> bool:
    return isinstance(value, Mapping) and any(
        _is_list(as_list(value.get(key))) for key in ROLE_KEYS
    )


def looks_like_pieces(value: Any) -> bool:
    """Return whether a value is a list of the pieces of one text.

    A piece is an object like ``{"type": "text", "text": "..."}``. Objects without a type are not
    pieces: they may be several answers.
    """
    return (
        _is_list(value)
        and bool(value)
        and all(isinstance(piece, Mapping) and "type" in piece for piece in value)
        and any(isinstance(piece.get("text"), str) for piece in value)
    )


def turns_text(turns: Any, name: str, part: ChatTurns | None) -> str:
    """Return the turns by the roles in `part` as one text, "" when there are none.

    Turns are separated by a blank line. They may also be given as JSON.

    Raises
    ------
    ValueError
        These are no turns; the message says why, and names them by `name`.
    """
    return _joined(_turns(turns, name), part)


def pair_text(prompt: Any, completion: Any, part: ChatTurns | None) -> str:
    """Return a prompt and its completion, two texts or two lists of turns, as `turns_text` does.

    Two texts are joined without a blank line, as a model sees them.
    """
    sides = {"prompt": prompt, "completion": completion}
    if isinstance(prompt, str) and isinstance(completion, str):
        return "".join(text for key, text in sides.items() if _is_wanted(part, _PAIR[key]))
    turns = []
    for key, side in sides.items():
        turns += [(_PAIR[key], side)] if isinstance(side, str) else _turns(side, repr(key))
    return _joined(turns, part)


def _joined(turns: list[tuple[str, str]], part: ChatTurns | None) -> str:
    return BETWEEN_TURNS.join(text for role, text in turns if text and _is_wanted(part, role))


def _is_wanted(part: ChatTurns | None, role: str) -> bool:
    return part in (None, "all") or role in _ROLES[part]


def _turns(value: Any, name: str) -> list[tuple[str, str]]:
    value = _parsed(as_list(value))
    if looks_like_turn(value):
        value = [value]
    if _has_lists_of_turns(value):
        lists = {key: as_list(items) for key, items in value.items()}
        lists = {key: items for key, items in lists.items() if _is_list(items)}
        if len(set(map(len, lists.values()))) > 1:
            raise ValueError(f"the fields of {name} have different numbers of turns")
        value = [dict(zip(lists, turn, strict=True)) for turn in zip(*lists.values(), strict=True)]
    if not _is_list(value):
        raise ValueError(f"{name} is a {type(value).__name__}, not a list of turns")
    turns: list[tuple[str, str]] = []
    for number, turn in enumerate(value, 1):
        try:
            turns += _turn(turn)
        except ValueError as error:
            raise ValueError(f"turn {number} of {name} {error}") from None
    return turns


def _parsed(value: Any) -> Any:
    """The value of a text that is JSON of a list or an object, else `value` itself."""
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _turn(turn: Any) -> list[tuple[str, str]]:
    """The role and the text of a turn; ValueError says what it lacks.

    The results of tools among its pieces are turns of their own.
    """
    if not isinstance(turn, dict):
        turn = _parsed(turn)
        if not isinstance(turn, Mapping):
            raise ValueError(f"is a {type(turn).__name__}, not an object")
    # A table in which turns have different fields has all of them in each turn, some of them null.
    role, content = turn.get("role"), turn.get("content")
    if not isinstance(role, str):
        role = next((turn[key] for key in ROLE_KEYS if isinstance(turn.get(key), str)), None)
    if role is None:
        if isinstance(turn.get("type"), str) and content is None:
            return []  # no message, but a call of a tool and the like
        raise ValueError("has no 'role' or 'from'")
    if not isinstance(content, str):
        contents = (as_list(turn.get(key)) for key in CONTENT_KEYS)
        content = next((content for content in contents if content is not None), None)
    if isinstance(content, str):
        return [(role.lower(), content)]
    if content is not None:
        return _sides(role.lower(), content if _is_list(content) else [content])
    if turn.keys() & {*CONTENT_KEYS, "tool_calls", "function_call"}:
        return [(role.lower(), "")]
    raise ValueError("has no 'content', 'value' or 'text'")


def _sides(role: str, pieces: Any) -> list[tuple[str, str]]:
    """The text of a turn in pieces, cut where it has the result of a tool, and these results."""
    sides = []
    for is_result, group in groupby(pieces, _is_result_of_tool):
        if is_result:
            sides += [("tool", content_text(piece.get("content") or "")) for piece in group]
        else:
            sides.append((role, content_text(list(group))))
    return sides


def _is_result_of_tool(piece: Any) -> bool:
    return isinstance(piece, Mapping) and piece.get("type") == "tool_result"


def content_text(content: Any) -> str:
    """Return a text that is given as such or in pieces; ValueError if it is neither.

    Pieces without text, such as images, are left out.
    """
    if isinstance(content, str):
        return content
    if _is_list(content):
        return "".join(map(_piece_text, content))
    return _piece_text(content)


def _piece_text(piece: Any) -> str:
    if isinstance(piece, str):
        return piece
    if piece is None:
        return ""
    if not isinstance(piece, Mapping):
        raise ValueError(f"has a {type(piece).__name__} as its content, not text")
    if _is_list(parts := as_list(piece.get("parts"))):
        return content_text(parts)
    text = piece.get("text")
    if isinstance(text, Mapping):
        text = text.get("value")
    if isinstance(text, str):
        return text
    if "text" in piece or "type" in piece:
        return ""
    raise ValueError("has an object without text as its content")


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)
