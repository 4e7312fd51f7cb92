"""Turn a chat, a list of turns, into one text."""

import json
from collections.abc import Mapping
from itertools import groupby
from typing import Any

from ..options import ChatTurns
from .sequences import as_list

_ROLES = {
    "assistant": ("assistant", "gpt", "model", "bot", "chatbot", "chatgpt"),
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
    """Return whether a value is a list of the pieces of one text, such as ``{"text": "..."}``.

    Numbered ones are several answers, and no pieces of one.
    """
    if not _is_list(value) or any(
        isinstance(piece, Mapping) and "index" in piece for piece in value
    ):
        return False
    return any(isinstance(piece, Mapping) and isinstance(piece.get("text"), str) for piece in value)


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
    return [
        side
        for i, turn in enumerate(value, 1)
        for side in _turn(_parsed(turn), f"turn {i} of {name}")
    ]


def _parsed(value: Any) -> Any:
    """The value of a text that is JSON of a list or an object, else `value` itself."""
    if isinstance(value, str) and value.lstrip()[:1] in ("[", "{"):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _turn(turn: Any, name: str) -> list[tuple[str, str]]:
    """The role and the text of a turn; the results of tools in it are turns of their own."""
    if not isinstance(turn, Mapping):
        raise ValueError(f"{name} is a {type(turn).__name__}, not an object")
    role = next((turn[key] for key in ROLE_KEYS if isinstance(turn.get(key), str)), None)
    if role is None and isinstance(turn.get("type"), str) and turn.get("content") is None:
        return []  # no message, but a call of a tool and the like
    if role is None:
        raise ValueError(f"{name} has no 'role' or 'from'")
    # A table in which turns have different fields has all of them in each turn, some of them null.
    contents = (as_list(turn.get(key)) for key in CONTENT_KEYS)
    content = next((content for content in contents if content is not None), None)
    if content is None:
        if turn.keys() & {*CONTENT_KEYS, "tool_calls", "function_call"}:
            return [(role.lower(), "")]
        raise ValueError(f"{name} has no 'content', 'value' or 'text'")
    if isinstance(content, str):
        return [(role.lower(), content)]
    pieces = content if _is_list(content) else [content]
    sides = []
    for is_result, group in groupby(pieces, _is_result_of_tool):
        if is_result:
            results = (piece.get("content") or "" for piece in group)
            sides += [("tool", content_text(result, f"a result in {name}")) for result in results]
        else:
            sides.append((role.lower(), content_text(list(group), f"the content of {name}")))
    return sides


def _is_result_of_tool(piece: Any) -> bool:
    return isinstance(piece, Mapping) and piece.get("type") == "tool_result"


def content_text(content: Any, name: str) -> str:
    """Return a text that is given as such or in pieces; ValueError if it is neither.

    Pieces without text, such as images, are left out.
    """
    if isinstance(content, str):
        return content
    if _is_list(content):
        return "".join(_piece_text(piece, name) for piece in content)
    return _piece_text(content, name)


def _piece_text(piece: Any, name: str) -> str:
    if isinstance(piece, str):
        return piece
    if not isinstance(piece, Mapping):
        raise ValueError(f"{name} is a {type(piece).__name__}, not text")
    if _is_list(parts := as_list(piece.get("parts"))):
        return content_text(parts, name)
    text = piece.get("text")
    if isinstance(text, Mapping):
        text = text.get("value")
    if isinstance(text, str):
        return text
    if "text" in piece or "type" in piece:
        return ""
    raise ValueError(f"{name} is an object without text")


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)
