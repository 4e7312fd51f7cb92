"""Which fields of a record hold its document: chosen by their names and by what they hold."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from ...errors import InputError
from ...system.suggestion import did_you_mean
from ..base import listed
from ..options import CHAT_KEYS, MASK_KEY, TURNS_KEYS, Kind, ReadOptions

Holding = Literal["text", "texts", "chat", "ids", "rows", "flags", "json", "nothing", "other"]
"""What a field holds: one text, several texts, a chat, ids, several lists of ids, a list of true or
false, any JSON value, only nulls or empty lists, or something that is no document."""

_NESTED = re.compile(r"an object|a list of objects|.*struct<")
_TEXT: frozenset[Holding] = frozenset({"text", "texts", "chat", "json"})
_IDS: frozenset[Holding] = frozenset({"ids", "rows", "json"})
_SIDE: frozenset[Holding] = frozenset({"text", "chat", "json"})
_TURNS: frozenset[Holding] = frozenset({*_SIDE, "texts"})  # texts may be the JSON of turns


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields that hold the document of a record.

    Attributes
    ----------
    names
        The field, or the two of a chat in two parts. Dots lead into nested values.
    kind
        Whether they hold text or token ids.
    plain
        Whether each value is just one text, or one list of ids, and a mask one list as well.
    chat
        Whether the text is that of a chat; a value that is a text is then the JSON of one.
    mask
        The field of the mask of the ids, None when there is none. A record where it is missing or
        null is not masked.
    group
        The field of the group key, None when none is asked for.
    """

    names: tuple[str, ...]
    kind: Kind
    plain: bool = True
    chat: bool = False
    mask: str | None = None
    group: str | None = None

    @property
    def all_names(self) -> tuple[str, ...]:
        """The fields with their mask, and that of the group key."""
        others = (name for name in (self.mask, self.group) if name is not None)
        return (*self.names, *others)


def choose(options: ReadOptions, holding: Callable[[str], Holding | None]) -> Fields | None:
    """Return the first fields that `options` ask for and that hold what they should, or None.

    `holding` says what the field of a name holds, None when there is none. If no field holds
    anything, the first that exists is returned, whose records will be reported as empty.
    """
    for accept_nothing in (False, True):
        for names in options.keys:
            holdings = [holding(name) for name in names]
            usable = _usable(names, options) | ({"nothing"} if accept_nothing else set())
            if usable.issuperset(holdings):
                found = _fields(names, holdings, options, holding)
                return replace(found, group=options.group_key) if options.group_key else found
    return None


def _usable(names: tuple[str, ...], options: ReadOptions) -> frozenset[Holding | None]:
    if options.kind_of(names[0]) == "ids":
        return frozenset[Holding | None](_IDS | ({"text"} if options.ids_key else set()))
    if len(names) == 2:
        return frozenset(_SIDE)
    return frozenset(_TURNS if options.part or _is_chat(names) else _TEXT)


def _is_chat(names: tuple[str, ...]) -> bool:
    return names in CHAT_KEYS or names[0] in TURNS_KEYS


def _fields(
    names: tuple[str, ...],
    holdings: list[Holding | None],
    options: ReadOptions,
    holding: Callable[[str], Holding | None],
) -> Fields:
    if options.kind_of(names[0]) == "ids":
        mask = options.mask_key or MASK_KEY
        held = holding(mask)
        plain = holdings == ["ids"] and held in ("ids", "flags", None)
        exists = held is not None or options.mask_key is not None
        return Fields(names, "ids", plain=plain, mask=mask if exists else None)
    chat = options.part is not None or _is_chat(names) or "chat" in holdings
    return Fields(names, "text", plain=holdings == ["text"] and not chat, chat=chat)


def no_fields(
    path: object, options: ReadOptions, holdings: Mapping[str, str], there: str
) -> InputError:
    """Return the error for records without the fields that `options` ask for.

    Input: name -> what it holds, as words, of every field; and what the records are called, such as
    ``these lines have``.
    """
    name = options.named
    if name is not None and name in holdings:
        wanted = "text"
        if options.ids_key or options.part:
            wanted = "lists of integers" if options.ids_key else "turns of a chat"
        inside = "; dots lead into objects, as in 'a.b'" if "object" in holdings[name] else ""
        return InputError(
            f"{path}: {name!r} must hold {wanted}, got {holdings[name]}: name a key of text with "
            f"--text-key, of lists of ids with --ids-key{inside}"
        )
    existing = listed(f"{key} ({held})" for key, held in holdings.items())
    meant = did_you_mean(name or "", holdings).strip(" ()")
    nested = next((key for key, held in holdings.items() if _NESTED.match(held)), None)
    inside = f", such as {nested + '.NAME'!r} for what {nested!r} holds," if nested else ""
    remedy = meant or f"name one with --text-key{inside} or --ids-key"
    return InputError(f"{path}: expected {options.wanted}, {there} {existing}: {remedy}")


def no_mask(path: object, mask: str, existing: Iterable[str], there: str) -> InputError:
    """Return the error for a mask that was asked for and is not there."""
    return InputError(
        f"{path}: expected the mask {mask!r}, {there} {listed(existing)}: leave --mask-key out, or "
        "name the mask's key with it"
    )
