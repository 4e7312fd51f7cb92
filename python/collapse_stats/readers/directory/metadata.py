"""Files whose content shows that they describe a corpus and are no part of it."""

import json
from functools import partial
from typing import Any

from ...errors import InputError
from ..detect import extension_of
from ..options import ReadOptions
from ..records.fields import choose
from ..records.values import holding_in
from ..remote.location import Name, as_location
from ..remote.path import RemotePath
from ..stream import read_blocks
from ..streams.rows import dialect_of

_MOST = 16 << 20  # bytes of a file that may be one object
_BLOCK = 1 << 16


def is_metadata(name: Name, options: ReadOptions, whatever_it_holds: bool = False) -> bool:
    """Whether a file of a directory is one JSON object without a document, or row numbers.

    Parameters
    ----------
    whatever_it_holds
        Take one JSON object for metadata even if it has a text: it lies beside shards.
    """
    location = as_location(name)
    if location.name.lower().endswith((".arrow", ".feather")):
        return _is_row_numbers(name)
    record = _one_object(name)
    return record is not None and (whatever_it_holds or not _has_document(record, options))


def holds_data(name: Name, options: ReadOptions) -> bool:
    """Whether a .json file or table that lies beside texts has documents, which these describe."""
    extension = extension_of(as_location(name).name)
    if extension in (".csv", ".tsv"):
        return _has_column(name, "\t" if extension == ".tsv" else ",", options)
    record = _one_object(name)
    return record is None or _has_document(record, options)


def _has_column(name: Name, delimiter: str, options: ReadOptions) -> bool:
    """Whether a table has the columns to look for, or cannot be read, which is said later."""
    try:
        beginning = next((block for block, _ in read_blocks(as_location(name), _BLOCK)), b"")
    except (OSError, InputError):
        return True
    names = set(dialect_of(beginning, False, delimiter).names)
    return any(names.issuperset(keys) for keys in options.keys)


def _one_object(name: Name) -> dict[str, Any] | None:
    """The object that is all of a JSON file, None if it is something else, or too large."""
    content = b""
    first = True
    try:
        for block, _ in read_blocks(as_location(name), _BLOCK):
            content += block
            if first and b"\n" in block and _is_lines(block):
                return None
            first = False
            if len(content) > _MOST:
                return None
        record = json.loads(content)
    except (OSError, InputError, ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _is_lines(block: bytes) -> bool:
    """Whether a file begins with a whole object on a line and has another line."""
    line, _, rest = block.lstrip().partition(b"\n")
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return bool(rest.strip())


def _has_document(record: dict[str, Any], options: ReadOptions) -> bool:
    """Whether an object has a text, a chat or ids under one of the keys to look for."""
    fields = choose(options, partial(holding_in, record))
    return fields is not None and all(
        holding_in(record, name) != "nothing" for name in fields.names
    )


def _is_row_numbers(name: Name) -> bool:
    """Whether an Arrow file only has the order of rows that lie elsewhere, as `datasets` does."""
    import pyarrow as pa

    try:
        with as_location(name).open("rb") as file:
            source: Any = pa.PythonFile(file, mode="r") if isinstance(name, RemotePath) else file
            begins = file.read(6)
            file.seek(0)
            opened = pa.ipc.open_file if begins == b"ARROW1" else pa.ipc.open_stream
            schema = opened(source).schema
    except (pa.ArrowException, OSError, ValueError):
        return False
    return bool(schema.names == ["indices"] and schema.field(0).type == pa.uint64())
