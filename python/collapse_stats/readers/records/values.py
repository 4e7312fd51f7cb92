"""The documents of one record: its texts, or its lists of token ids."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from ...system.placement import is_on_gpu, to_host
from ..base import IntegerArray, listed
from ..options import MASK_KEY, TURNS_KEYS, ChatTurns, ReadOptions
from .chat import (
    content_text,
    is_chat,
    looks_like_chat,
    looks_like_pieces,
    pair_text,
    turns_text,
)
from .fields import Fields, Holding, choose, no_fields, no_mask
from .group_key import no_group_key, no_records
from .sequences import as_list, is_missing

_MISSING = object()


def holding_in(record: Mapping[str, Any], name: str) -> Holding | None:
    """Return what the field of a record holds, None when there is none of this name."""
    value = look_up(record, name)
    return None if value is _MISSING else holding_of(value)


def holding_of(value: Any) -> Holding:
    """Return what a value holds."""
    value = as_list(value)
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return "text"
    if looks_like_chat(value):
        return "chat"
    if isinstance(value, list | tuple):
        if looks_like_pieces(value):
            return "texts"
        held = next((item for item in value if not is_missing(item)), None)
        if type(held) is int or isinstance(held, np.integer):
            return "ids"
        inside = holding_of(held)
        among: dict[Holding, Holding] = {"text": "texts", "ids": "rows"}
        return among.get(inside, inside)
    array = as_array(value)
    if array is not None and array.dtype.kind in "iu":
        return "ids" if array.ndim == 1 else "rows"
    return "other"


class Probe:
    """The first records of a source, which are read when they are needed.

    Attributes
    ----------
    records
        Those that were read.
    """

    def __init__(self, records: Iterable[Any]) -> None:
        self.records: list[Any] = []
        self._left = iter(records)

    def __iter__(self) -> Iterator[Any]:
        yield from self.records
        for record in self._left:
            self.records.append(record)
            yield record

    def holding(self, name: str) -> Holding | None:
        """What a field holds in the first record where it may be a document, else in any."""
        kinds = (holding_in(each, name) for each in self if isinstance(each, Mapping))
        held: Holding | None = None
        for kind in kinds:
            if kind not in (None, "nothing", "other"):
                return kind
            held = "other" if "other" in (held, kind) else held or kind
        return held

    def described(self, options: ReadOptions) -> dict[str, str]:
        """Name -> what it holds, as words, of every field, and of the one that the user named."""
        records = [each for each in self if isinstance(each, Mapping)]
        names = dict.fromkeys(name for record in records for name in record)
        values = {name: [record[name] for record in records if name in record] for name in names}
        if options.named and (found := [look_up(each, options.named) for each in records]):
            values[options.named] = [value for value in found if value is not _MISSING]
        return {
            name: _described(next((value for value in held if value is not None), None))
            for name, held in values.items()
            if held
        }


def fields_of(path: object, probe: Probe, options: ReadOptions, there: str) -> Fields | None:
    """Return the fields that hold the documents of some records; None if there are no records.

    Records may also be documents themselves: texts, lists of turns or of ids; then there are no
    names. `there` introduces the list of what the records have, in the error's message.

    Raises
    ------
    InputError
        No field is what `options` ask for.
    """
    first = next((record for record in probe if holding_of(record) != "nothing"), None)
    if first is None:
        return None
    if not isinstance(first, Mapping) and not options.named:
        if options.group_key:
            raise no_records(path, options.group_key, _described(first))
        kind = holding_of(first)
        if kind in ("ids", "rows") and not options.part:
            return Fields((), "ids", plain=kind == "ids")
        if kind == "chat" or (kind == "text" and not options.part):
            return Fields((), "text", plain=kind == "text", chat=kind == "chat")
    fields = choose(options, probe.holding)
    if fields is None:
        raise no_fields(path, options, probe.described(options), there)
    if options.mask_key and fields.kind == "ids" and probe.holding(options.mask_key) is None:
        raise no_mask(path, options.mask_key, probe.described(options), there)
    if fields.group is not None and probe.holding(fields.group) is None:
        raise no_group_key(path, fields.group, probe.described(options), there)
    # Later records may be the first that are masked.
    return fields if fields.kind == "text" else replace(fields, mask=fields.mask or MASK_KEY)


def usual_fields(record: Any, options: ReadOptions) -> Fields | None:
    """Return the fields of a record with a text under the first key to look for, else None.

    These are what `fields_of` returns for such a first record.
    """
    (name, *others) = options.keys[0]
    if options.group_key or type(record) is not dict or type(record.get(name)) is not str:
        return None
    if others or options.part or options.ids_key or name in TURNS_KEYS:
        return None
    return _plain_text(name)


@cache
def _plain_text(name: str) -> Fields:
    return Fields((name,), "text")


def look_up(record: Mapping[str, Any], name: str) -> Any:
    """Return the value of a field; dots lead into nested objects and lists.

    A part that is no number is looked up in each item of a list.
    """
    if name in record:
        return record[name]
    value: Any = record if "." in name else _MISSING
    for part in name.split("."):
        value = _step(value, part)
    return value


def group_of_record(record: Any, name: str) -> Any:
    """Return the value of the group key of a record, None if it has none."""
    value = look_up(record, name) if isinstance(record, Mapping) else None
    return None if value is _MISSING else value


def _step(value: Any, part: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(part, _MISSING)
    if not isinstance(value, list | tuple):
        return _MISSING
    if part.lstrip("-").isdecimal():
        at = int(part)
        return value[at] if -len(value) <= at < len(value) else _MISSING
    steps = [_step(item, part) for item in value]
    return _MISSING if any(step is _MISSING for step in steps) else steps


def texts_of(record: Any, fields: Fields, part: ChatTurns | None) -> list[str | None]:
    """Return the documents of a record of text; None stands for a null among several texts.

    Raises
    ------
    ValueError
        The record has none; the message says why.
    """
    if not fields.names:
        return list(_texts(as_list(record), "the document", fields.chat, part))
    values = [_value(record, name) for name in fields.names]
    if len(values) == 2:
        return [pair_text(values[0], values[1], part)]
    return list(_texts(values[0], repr(fields.names[0]), fields.chat, part))


def _texts(value: Any, name: str, chat: bool, part: ChatTurns | None) -> Iterator[str | None]:
    if isinstance(value, str) and not chat:
        yield value
    elif _holds_several(value, chat):
        for item in value:
            if item is None:
                yield None
            else:
                yield from _texts(as_list(item), name, chat, part)
    elif chat or looks_like_chat(value):
        yield turns_text(value, name, part)
    elif looks_like_pieces(value):
        yield content_text(value)
    elif holding_of(value) == "texts" and all(isinstance(x, str) or is_missing(x) for x in value):
        yield from map(as_list, value)
    else:
        raise ValueError(f"{name} is {_described(value)}, not text")


def _holds_several(value: Any, chat: bool) -> bool:
    """Whether a value is a list of chats or of lists: answers to one prompt, a batch of records."""
    if not isinstance(value, list | tuple):
        return False
    if value and type(value[0]) is dict and type(value[0].get("role")) is str:
        return False  # the first turn of a chat, as it usually looks
    first = as_list(next((item for item in value if item is not None), None))
    return isinstance(first, list | tuple) or is_chat(first, chat)


def ids_of_record(
    record: Any, fields: Fields
) -> Iterator[tuple[IntegerArray, IntegerArray | None]]:
    """Yield the token ids of each document of a record, and their mask.

    Raises
    ------
    ValueError
        The record has none; the message says why.
    """
    if not fields.names:
        yield from ((row, None) for row in _rows(record, "the document"))
        return
    name, mask = fields.names[0], fields.mask
    rows = list(_rows(_value(record, name), repr(name)))
    given = None if mask is None else as_list(look_up(record, mask))
    if given is None or given is _MISSING:
        yield from ((row, None) for row in rows)
        return
    masks = list(_rows(given, repr(mask), "iubf"))
    if [len(row) for row in rows] != [len(row) for row in masks]:
        raise ValueError(f"{name!r} and its mask {mask!r} have different lengths")
    if any(row.dtype.kind == "f" and not np.isin(row, (0, 1)).all() for row in masks):
        raise ValueError(f"the mask {mask!r} has numbers other than 0 and 1")
    yield from zip(rows, masks, strict=True)


def _rows(value: Any, name: str, kinds: str = "iu") -> Iterator[IntegerArray]:
    """The arrays in a value whose types are of these `kinds`, as NumPy names them."""
    if isinstance(value, str):  # a field of a table of texts, such as CSV
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise ValueError(f"{name} is text, not a list of integers") from None
    if isinstance(value, list | tuple) and value and hasattr(value[0], "__len__"):
        for item in value:
            yield from _rows(item, name, kinds)
        return
    try:
        array = as_array(value)
    except ValueError:  # some of its items are lists
        array = np.empty(0, dtype=object)
    if array is None:
        raise ValueError(f"{name} is {_described(value)}, not a list of integers")
    if array.ndim not in (1, 2):
        raise ValueError(f"{name} must have one or two dimensions, got shape {array.shape}")
    wide = array.dtype == np.uint64 and array.size and int(array.max()) >= 1 << 63
    if wide or array.dtype.kind not in kinds:
        wanted = "64-bit integers" if kinds == "iu" else "numbers"
        raise ValueError(f"{name} has items that are not {wanted}")
    yield from array if array.ndim == 2 else (array,)


def as_array(value: Any) -> Any:
    """Return a list of numbers or any kind of array as a NumPy array, None for something else."""
    if isinstance(value, list | tuple):
        if bool in (types := set(map(type, value))) and len(types) > 1:
            return None  # NumPy would take the booleans for numbers
        return np.asarray(value) if value else np.empty(0, dtype=np.int64)
    if isinstance(value, str | bytes | Mapping):
        return None
    if is_on_gpu(value):
        return to_host(value)
    if hasattr(value, "__array__") or hasattr(value, "__array_interface__"):
        array = np.asarray(value)
        return None if array.dtype.kind in "OUST" else array
    return np.from_dlpack(value) if hasattr(value, "__dlpack__") else None


def _value(record: Any, name: str) -> Any:
    if not isinstance(record, Mapping):
        raise ValueError(f"{_described(record)}, not an object")
    value = look_up(record, name)
    if value is _MISSING:
        raise ValueError(f"no {name!r}")
    value = as_list(value)
    if value is None:
        raise ValueError(f"{name!r} is null")
    return value


_WORDS = {
    type(None): ("null", "nulls"),
    bool: ("true or false", "booleans"),
    int: ("a number", "numbers"),
    float: ("a number", "numbers"),
    str: ("text", "texts"),
}


def _described(value: Any) -> str:
    """What a value is, as words for a message."""
    if looks_like_chat(value):
        return "a chat"
    if isinstance(value, list | tuple):
        return f"a list of {_plural(value)}" if value else "an empty list"
    if isinstance(value, Mapping):
        return f"an object with {listed(map(str, value), 3)}" if value else "an empty object"
    return _WORDS.get(type(value), (f"a {type(value).__name__}",))[0]


def _plural(values: Sequence[Any]) -> str:
    """What values are, judged by the first that is not null."""
    first = next((value for value in values if value is not None), None)
    if isinstance(first, list | tuple):
        return f"lists of {_plural(first)}" if first else "empty lists"
    if isinstance(first, Mapping):
        return f"objects with {listed(map(str, first), 3)}"
    return _WORDS.get(type(first), ("", f"{type(first).__name__}s"))[1]
