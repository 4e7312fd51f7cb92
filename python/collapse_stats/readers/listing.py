"""Which files of a folder are a corpus: the same here and elsewhere."""

import json
from collections.abc import Container, Sequence
from typing import overload

from ..errors import InputError
from .base import listed
from .detect import EXTENSIONS, KNOWN, extension_of
from .remote.location import Location, Name, as_location

_TEMPORARY = ("~", ".tmp", ".temp", ".part", ".partial", ".crdownload", ".swp", ".lock")
# Written beside shards by the tools that make them; they hold no documents.
_COMPANIONS = {
    "dataset_dict.json",
    "dataset_info.json",
    "dataset_infos.json",
    "index.json",
    "state.json",
}
_COMPANION_OF = {  # ending: that of the file it describes
    ".idx": ".bin",
    ".csv.gz": ".npy",
    ".ds.index": ".ds",
    ".ds.metadata": ".ds",
    ".ds.loss": ".ds",
}
# A saved profile that lies among shards is no part of the corpus.
PROFILE = {"manifest.json", "spectra.parquet"}


class Files(Sequence[Location]):
    """Files to read, in order, by their `names`.

    `skipped` has those in directories that are not corpora by name.
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
        """What to raise of a directory or prefix in which only the last of `skipped` are."""
        others = [as_location(name).name for name in self.skipped[skipped_before:]]
        seen = f"only {listed(others, 5)}" if others else "no file"
        return InputError(f"{name}: {seen} in this directory. Read are: {KNOWN}")


def is_left_out(name: str, names: Container[str]) -> bool:
    """Whether a file is temporary, or only describes others of its directory."""
    if name in _COMPANIONS or name.startswith("~$") or name.lower().endswith(_TEMPORARY):
        return True
    return name.endswith(tuple(_COMPANION_OF)) and any(
        name.endswith(ending) and name.removesuffix(ending) + of in names
        for ending, of in _COMPANION_OF.items()
    )


def is_known(name: str, names: Container[str], listed: Container[str] | None) -> bool:
    """Whether a file of a directory is one to read, when it alone has shards that are `listed`."""
    extension = extension_of(name)
    known = extension in EXTENSIONS and not _is_copy(name, extension, names)
    return known and (listed is None or extension != ".arrow" or name in listed)


def _is_copy(name: str, extension: str, names: Container[str]) -> bool:
    """Whether this is the packed form of an MDS shard that lies unpacked beside it."""
    return (
        extension == ".mds"
        and not name.lower().endswith(extension)
        and name[: name.rindex(".")] in names
    )


def listed_arrow(state: Location) -> set[str] | None:
    """Shards that a ``save_to_disk`` directory names; caches of `datasets` lie beside them."""
    try:
        with state.open("rb") as file:
            content = json.loads(file.read())
        return {item["filename"] for item in content["_data_files"]}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
