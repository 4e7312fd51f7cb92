"""Tables of some units over a part of the key space, where memory is too small to merge all.

table.json         what it holds; its SHA-256, and those of the parts
part-00000.parquet the rows, as in a profile
"""

from collections.abc import Iterable
from typing import Any

from ...counting.part_writer import PartWriter
from ...counting.saved_file import Folder
from ...counting.table_on_disk import TableOnDisk
from ...errors import InputError
from ...ngrams.layout import Layout
from ...ngrams.table import NgramTable
from ...system.atomic_directory import new_directory
from ..folders import is_there, on_disk
from ..json_field import Field
from ..saved_parts import part_content, parts_of
from .described import read_described, signed

TABLE = "table.json"


def write_table(
    path: Folder, what: dict[str, Any], layout: Layout, tables: Iterable[NgramTable], memory: int
) -> None:
    """Write ascending tables to a directory, unless another process does so first.

    Parameters
    ----------
    what
        What the table is of, which `read_table` compares.
    """
    try:
        with on_disk(path, TABLE) as local, new_directory(local) as folder:
            with PartWriter(folder, memory) as writer:
                for table in tables:
                    writer.add(table)
            content = {**what, "parts": list(map(part_content, writer.parts))}
            (folder / TABLE).write_bytes(signed(content))
    except InputError:
        if not is_there(path, TABLE):
            raise


def read_table(path: Folder, what: dict[str, Any], layout: Layout) -> TableOnDisk | None:
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
