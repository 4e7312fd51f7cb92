"""Tables of several units over a stretch of the key space, each a directory beside ``map/``.

table.json         what it holds; its SHA-256, and those of the parts
part-00000.parquet the rows, as in a profile
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ...counting.parquet_part import Part
from ...counting.part_writer import PartWriter
from ...counting.saved_file import damaged
from ...counting.table_on_disk import TableOnDisk
from ...errors import InputError
from ...ngrams.layout import Layout
from ...ngrams.table import NgramTable
from ...system.atomic_directory import new_directory
from ...system.unfinished import is_taken
from ..json_field import Field
from ..manifest import digest_of
from ..saved_parts import part_content, parts_of

TABLE = "table.json"


def write_table(
    path: Path, what: dict[str, Any], layout: Layout, tables: Iterable[NgramTable], memory: int
) -> None:
    """Write ascending tables to a directory, unless another process does so first.

    Parameters
    ----------
    what
        What the table is of, which `read_table` compares.
    """
    try:
        with new_directory(path) as folder:
            with PartWriter(folder, memory) as writer:
                for table in tables:
                    writer.add(table)
            content = {**what, "parts": list(map(part_content, writer.parts))}
            content["sha256"] = digest_of(content)
            (folder / TABLE).write_text(json.dumps(content, indent=1) + "\n")
    except InputError:
        if not is_taken(path):
            raise


def read_table(path: Path, what: dict[str, Any], layout: Layout) -> TableOnDisk | None:
    """Return the table in a directory, None if there is none.

    Raises
    ------
    InputError
        It is damaged, or is not of what is expected.
    """
    if not is_taken(path):
        return None
    remedy = f"remove {path}, and run this again"
    try:
        content = json.loads((path / TABLE).read_bytes())
        if content["sha256"] != digest_of(content):
            raise ValueError("it is not what was written")
        parts: list[Part] = parts_of(Field(content)["parts"], layout)
        for part in parts:
            part.file.check_size(path)
    except (InputError, OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{damaged(path, TABLE, str(error))}: {remedy}") from error
    for name, expected in what.items():
        if content.get(name) != expected:
            raise InputError(
                f"{path} is of another {name} ({content.get(name)}, expected {expected}): {remedy}"
            )
    return TableOnDisk(path, layout, parts)
