"""What Arrow types hold, and Python values of them: JSON parsed, bytes decoded."""

import json
from collections.abc import Callable
from typing import Any

from ..repairs import Repairs
from ..stream import decode_repaired
from .chat import CONTENT_KEYS, ROLE_KEYS
from .fields import Holding

Convert = Callable[[Any], Any]


def holding_of_type(field: Any) -> Holding:
    """Return what the column of an Arrow field holds."""
    import pyarrow.types as types

    if _is_json(field):
        return "json"
    kind = plain_type(field.type)
    if types.is_null(kind):
        return "nothing"
    if is_text(kind):
        return "text"
    if types.is_integer(kind):
        return "other"
    if types.is_struct(kind):
        return "chat" if _is_turn_or_lists_of_turns(kind) else "other"
    if not is_list(kind):
        return "other"
    item = kind.value_field
    if types.is_integer(plain_type(item.type)):
        return "ids"
    if types.is_boolean(plain_type(item.type)):
        return "flags"
    if types.is_struct(plain_type(item.type)) and not _is_json(item):
        names = {each.name for each in plain_type(item.type)}
        if names.isdisjoint(ROLE_KEYS):
            return "texts" if {"type", "text"} <= names else "other"
        return "chat"
    among: dict[Holding, Holding] = {"text": "texts", "ids": "rows"}
    inside = holding_of_type(item)
    return among.get(inside, inside)


def is_text(kind: Any) -> bool:
    """Return whether a plain type holds text, possibly as bytes."""
    import pyarrow.types as types

    return is_utf8(kind) or any(
        test(kind) for test in (types.is_binary, types.is_large_binary, types.is_binary_view)
    )


def is_utf8(kind: Any) -> bool:
    """Return whether a plain type holds text that should be UTF-8."""
    import pyarrow.types as types

    return any(
        test(kind) for test in (types.is_string, types.is_large_string, types.is_string_view)
    )


def is_list(kind: Any) -> bool:
    """Return whether a plain type is one of lists."""
    import pyarrow.types as types

    tests = (
        types.is_list,
        types.is_large_list,
        types.is_fixed_size_list,
        types.is_list_view,
        types.is_large_list_view,
    )
    return any(test(kind) for test in tests)


def plain_type(kind: Any) -> Any:
    """Return the type of the values of an extension, dictionary or run-end encoded type."""
    import pyarrow as pa
    import pyarrow.types as types

    while True:
        if isinstance(kind, pa.BaseExtensionType):
            kind = kind.storage_type
        elif types.is_dictionary(kind) or types.is_run_end_encoded(kind):
            kind = kind.value_type
        else:
            return kind


def plain_array(array: Any) -> Any:
    """Return an array of the `plain_type` with the same values."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.types as types

    while True:
        kind = array.type
        if isinstance(kind, pa.BaseExtensionType):
            array = array.storage
        elif types.is_dictionary(kind):
            values = without_views(plain_array(array.dictionary))
            array = pa.DictionaryArray.from_arrays(array.indices, values).dictionary_decode()
        elif types.is_run_end_encoded(kind):
            values = without_views(plain_array(array.values))
            array = pc.run_end_decode(_with_values(array, values))
        else:
            return array


def without_views(array: Any) -> Any:
    """Return the same texts as another type, since Arrow can do less with views."""
    import pyarrow as pa
    import pyarrow.types as types

    if types.is_string_view(array.type):
        return array.cast(pa.large_string())
    return array.cast(pa.large_binary()) if types.is_binary_view(array.type) else array


def with_bytes(array: Any) -> Any:
    """Return the same data as an array of bytes where it has text, without its extension types.

    Validating it checks everything but that the text is UTF-8. Nothing is cast: Arrow 26 loses
    values when it casts extension types of views, and views of lists.
    """
    import pyarrow as pa
    import pyarrow.types as types

    kind = array.type
    if isinstance(kind, pa.BaseExtensionType):
        return with_bytes(array.storage)
    for test, bytes_ in (
        (types.is_string, pa.binary),
        (types.is_large_string, pa.large_binary),
        (types.is_string_view, getattr(pa, "binary_view", None)),
    ):
        if test(kind) and bytes_ is not None:
            return array.view(bytes_())
    if types.is_dictionary(kind):
        return pa.DictionaryArray.from_arrays(
            array.indices, with_bytes(array.dictionary), safe=False
        )
    if types.is_run_end_encoded(kind):
        return _with_values(array, with_bytes(array.values))
    if types.is_struct(kind):
        children = [with_bytes(array.field(i)) for i in range(kind.num_fields)]
        mask = array.is_null() if array.null_count else None
        return pa.StructArray.from_arrays(children, [field.name for field in kind], mask=mask)
    return _with_values(array, with_bytes(array.values)) if is_list(kind) else array


def _with_values(array: Any, values: Any) -> Any:
    """The same lists or runs, which may be a slice, of other values."""
    import pyarrow as pa
    import pyarrow.types as types

    kind, children = array.type, [values]
    if types.is_run_end_encoded(kind):
        kind = pa.run_end_encoded(kind.run_end_type, values.type)
        children = [array.run_ends, values]
    else:
        kind = _list_like(kind, values.type)
    buffers = array.buffers()[: kind.num_buffers]
    return pa.Array.from_buffers(kind, len(array), buffers, offset=array.offset, children=children)


def _list_like(kind: Any, item: Any) -> Any:
    """The type of lists of the same layout with other items."""
    import pyarrow as pa
    import pyarrow.types as types

    if types.is_fixed_size_list(kind):
        return pa.list_(item, kind.list_size)
    for test, make in (
        (types.is_list, "list_"),
        (types.is_large_list, "large_list"),
        (types.is_list_view, "list_view"),
    ):
        if test(kind):
            return getattr(pa, make)(item)
    return pa.large_list_view(item)


def _is_json(field: Any) -> bool:
    """Whether the values are JSON documents; releases of Arrow without that type keep its name."""
    metadata = field.metadata or {}
    name = getattr(field.type, "extension_name", None)
    return name == "arrow.json" or metadata.get(b"ARROW:extension:name") == b"arrow.json"


def _is_turn_or_lists_of_turns(kind: Any) -> bool:
    roles = [plain_type(each.type) for each in kind if each.name in ROLE_KEYS]
    has_content = any(each.name in CONTENT_KEYS for each in kind)
    return any(is_list(role) or (has_content and is_text(role)) for role in roles)


def field_at(schema: Any, name: str) -> Any:
    """Return the field of a name, whose dots lead into structs and lists, or None.

    A field inside of a list without a number is the list of it.
    """
    import pyarrow as pa
    import pyarrow.types as types

    # By number: Arrow gives no field by a name that several have, which the caller refuses.
    if name in schema.names:
        return schema.field(schema.names.index(name))
    first, *parts = name.split(".")
    if not parts or first not in schema.names:
        return None
    field, lists = schema.field(schema.names.index(first)), 0
    for part in parts:
        if _is_json(field):
            break
        kind = plain_type(field.type)
        while is_list(kind) and not part.lstrip("-").isdecimal():
            lists += 1
            kind = plain_type(kind.value_type)
        if is_list(kind):
            field = kind.value_field
        elif types.is_struct(kind) and kind.get_field_index(part) >= 0:
            field = kind.field(part)
        else:
            return None
    for _ in range(lists):
        field = pa.field(name, pa.list_(field))
    return field


class InvalidJson:
    """Stands for a value that should be JSON and is not."""


def values_of(field: Any, column: Any, place: str, repairs: Repairs) -> list[Any]:
    """Return the values of a column for Python, JSON parsed.

    Bytes that are not UTF-8 are replaced, which is counted in `repairs`.
    """
    if not _has_json(field):
        try:
            values: list[Any] = column.to_pylist()
        except UnicodeDecodeError:
            pass
        else:
            if not _has_bytes(field.type):
                return values
    # Everything that may be text as bytes, since Arrow gives no text that is not UTF-8.
    convert = _converter(field, place, repairs)
    values = with_bytes(column).to_pylist()
    return [convert(value) for value in values] if convert else values


def _has_json(field: Any) -> bool:
    return _is_json(field) or any(map(_has_json, _inner(field.type)))


def _has_bytes(kind: Any) -> bool:
    kind = plain_type(kind)
    bytes_ = is_text(kind) and not is_utf8(kind)
    return bytes_ or any(_has_bytes(field.type) for field in _inner(kind))


def _inner(kind: Any) -> list[Any]:
    """The fields inside of a type of lists or structs."""
    import pyarrow.types as types

    kind = plain_type(kind)
    if is_list(kind):
        return [kind.value_field]
    return list(kind) if types.is_struct(kind) else []


def _converter(field: Any, place: str, repairs: Repairs) -> Convert | None:
    """What makes text and parsed JSON of the bytes in a value, None where there are none."""
    import pyarrow.types as types

    kind = plain_type(field.type)
    if is_text(kind):
        is_json = _is_json(field)

        def text_of(value: bytes) -> Any:
            text = decode_repaired(value, place, repairs)
            return _parsed(text) if is_json else text

        return _unless_null(text_of)
    if is_list(kind):
        convert = _converter(kind.value_field, place, repairs)
        return convert and _unless_null(lambda values: list(map(convert, values)))
    if types.is_struct(kind):
        converts = {each.name: _converter(each, place, repairs) for each in kind}
        return _unless_null(
            lambda values: {
                name: convert(values[name]) if convert else values[name]
                for name, convert in converts.items()
            }
        )
    return None


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return InvalidJson()


def _unless_null(convert: Convert) -> Convert:
    return lambda value: None if value is None else convert(value)
