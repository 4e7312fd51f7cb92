"""Flat JSON objects as CSV."""

import csv
import io
import json
import re
from collections.abc import Sequence
from typing import Any

from .grid import printable

_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # how cells begin that spreadsheets calculate
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)


def write_rows(rows: Sequence[dict[str, Any]]) -> str:
    """Return one line per object; lists and objects in it become JSON, None an empty field.

    Control characters of texts are escaped, and a text that a spreadsheet would take for a formula
    gets an apostrophe before it, as spreadsheets write such texts themselves.
    """
    out = io.StringIO()
    columns = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([_cell(name) for name in columns])
    for row in rows:
        writer.writerow([_cell(row.get(name)) for name in columns])
    return out.getvalue()


def _cell(value: Any) -> Any:
    """A value as it stands in a cell; numbers stay numbers."""
    if isinstance(value, list | dict):
        value = json.dumps(value)
    if not isinstance(value, str):
        return value
    is_formula = value.startswith(_FORMULA) and not _NUMBER.fullmatch(value)
    return f"'{printable(value)}" if is_formula else printable(value)
