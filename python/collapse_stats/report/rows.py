"""Flat JSON objects as CSV."""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any


def write_rows(rows: Sequence[dict[str, Any]]) -> str:
    """Return one line per object; lists and objects in it become JSON, None an empty field."""
    out = io.StringIO()
    columns = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow(
            {
                name: json.dumps(value) if isinstance(value, list | dict) else value
                for name, value in row.items()
            }
        )
    return out.getvalue()
