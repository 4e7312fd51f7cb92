"""Files of a profile and parts of its tables, as the manifest describes them."""

from typing import Any

from ..counting.parquet_part import MOST_ROWS, Part
from ..counting.part_writer import part_name
from ..counting.saved_file import SavedFile
from ..ngrams.layout import Layout
from .json_field import LARGEST, Field


def file_of(field: Field, name: str) -> SavedFile:
    """The file of this name; ValueError if another is described."""
    field["file"].expect(name)  # never a path that leads out of the folder
    return SavedFile(name, field["bytes"].number(), field["sha256"].sha256())


def parts_of(field: Field, layout: Layout, of: str = "part") -> list[Part]:
    """The parts; ValueError unless their key ranges ascend within the key space.

    Their names begin with `of`.
    """
    parts: list[Part] = []
    least = 0
    for number, part in enumerate(field.items()):
        rows = part["rows"].number(1, MOST_ROWS)
        first = part["first_key_range"].number(least, layout.key_ranges - 1)
        least = part["last_key_range"].number(first, layout.key_ranges - 1)
        windows = part["windows"].number(rows, LARGEST)
        parts.append(Part(file_of(part, part_name(number, of)), rows, windows, first, least))
    return parts


def file_content(file: SavedFile) -> dict[str, Any]:
    """What a manifest says of a file."""
    return {"file": file.name, "bytes": file.size, "sha256": file.sha256}


def part_content(part: Part) -> dict[str, Any]:
    """What a manifest says of a part."""
    return file_content(part.file) | {
        "rows": part.rows,
        "windows": part.windows,
        "first_key_range": part.first_key_range,
        "last_key_range": part.last_key_range,
    }
