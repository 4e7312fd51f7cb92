"""Tables of some units over a part of the key space, where memory is too small to merge all.

table.json         what it holds; its SHA-256, and those of the parts
part-00000.parquet the rows, as in a profile
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ...counting.part_writer import PartWriter
from ...counting.table_on_disk import TableOnDisk
from ...errors import InputError
from ...ngrams.layout import Layout
from ...ngrams.table import NgramTable
from ...system.atomic_directory import new_directory
from ...system.unfinished import is_taken
from ..json_field import Field
from ..manifest import part_content, parts_of
from .described import read_described, signed

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
            (folder / TABLE).write_bytes(signed(content))
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

    def parsed(content: Field) -> TableOnDisk:
        parts = parts_of(content["parts"], layout)
        for part in parts:
            part.file.check_size(path)
        return TableOnDisk(path, layout, parts)

    return read_described(path, TABLE, what, parsed)
