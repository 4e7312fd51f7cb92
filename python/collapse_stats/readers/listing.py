"""Which files of a directory belong to a corpus: one rule for local and remote directories."""

import json
from collections.abc import Container, Sequence
from typing import overload

from ..errors import InputError
from .base import listed
from .detect import extension_of
from .registry import registry
from .remote.location import Location, Name, as_location

_TEMPORARY = ("~", ".tmp", ".temp", ".part", ".partial", ".crdownload", ".swp", ".lock")
# The files of a saved profile, which may lie among shards and is not part of the corpus.
PROFILE = {"manifest.json", "spectra.parquet"}


class Files(Sequence[Location]):
    """The files to read, in order.

    Attributes
    ----------
    names
        The files to read.
    skipped
        Files in directories that are not read, because of their extensions or as second copies.
    """

    def __init__(self) -> None:
        self.names: list[Name] = []
        self.skipped: list[Name] = []

    def __len__(self) -> int:
        return len(self.names)

    @overload
    def __getitem__(self, index: int) -> Location: ...
    @overload
    def __getitem__(self, index: slice) -> list[Location]: ...
    def __getitem__(self, index: int | slice) -> Location | list[Location]:
        if isinstance(index, slice):
            return list(map(as_location, self.names[index]))
        return as_location(self.names[index])

    def nothing(self, name: str, skipped_before: int) -> InputError:
        """Return the error for a directory or prefix without a file to read.

        `skipped_before` is the length of `skipped` before the directory was walked.
        """
        skipped = [as_location(name).name for name in self.skipped[skipped_before:]]
        seen = f"only {listed(skipped, 5)}" if skipped else "no file"
        return InputError(f"{name}: {seen} in this directory. Read are: {registry().known}")


def is_left_out(name: str, names: Container[str]) -> bool:
    """Whether a file is temporary, or only describes others among `names`, its directory's."""
    formats = registry()
    if name in formats.companion_names or name.startswith("~$"):
        return True
    if name.lower().endswith(_TEMPORARY):
        return True
    return name.endswith(formats.companion_endings) and any(
        name.endswith(ending) and name.removesuffix(ending) + described in names
        for ending, described in formats.companions.items()
    )


def is_known(name: str, names: Container[str], shards: Container[str] | None) -> bool:
    """Whether to read a file of a directory with these names, by its name.

    Of Arrow files, only those among `shards` are read, when these are not None.
    """
    extension = extension_of(name)
    reader = registry().extensions.get(extension)
    if reader is None or (reader.has_packed_copies and _is_copy(name, extension, names)):
        return False
    return shards is None or extension != ".arrow" or name in shards


def _is_copy(name: str, extension: str, names: Container[str]) -> bool:
    """Whether this is a compressed file that lies uncompressed beside it."""
    return not name.lower().endswith(extension) and name[: name.rindex(".")] in names


def listed_arrow(state: Location) -> set[str] | None:
    """Return the shards that the ``state.json`` of a ``save_to_disk`` directory lists.

    The caches that `datasets` leaves beside them are not listed. None when there is no such list.
    """
    try:
        with state.open("rb") as file:
            content = json.loads(file.read())
        return {item["filename"] for item in content["_data_files"]}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
