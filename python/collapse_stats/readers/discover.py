"""The files that paths stand for."""

import glob
import json
import os
from collections.abc import Container, Iterator, Sequence
from pathlib import Path

from ..errors import InputError
from .detect import EXTENSIONS, KNOWN, extension_of

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
_PROFILE = {"manifest.json", "spectra.parquet"}


class Files(list[Path]):
    """Files to read, in order; `skipped` has those in directories that are not corpora by name."""

    def __init__(self) -> None:
        super().__init__()
        self.skipped: list[Path] = []


def discover(paths: "Sequence[str | os.PathLike[str]]") -> Files:
    """Files of the paths given, directories walked in an order that no machine changes.

    A path that does not exist may be a pattern with ``*``, ``?``, ``[...]`` and ``**``. In
    directories, hidden and temporary files, what merely describes other files, and saved profiles
    are left out, and files of unknown extensions and second copies are listed in ``.skipped``;
    links are followed, each directory once.

    Raises
    ------
    InputError
        A path is missing, not a file or directory, or a directory without a readable file.
    """
    found = Files()
    for given in paths:
        name = os.fspath(given)
        path = Path(name)
        if "://" in name and not path.exists():
            raise InputError(f"{name}: remote paths are not read yet: copy the files here first")
        if path.exists() or path.is_symlink() or not glob.has_magic(name):
            _add(path, found)
            continue
        matches = sorted(map(Path, glob.glob(name, recursive=True)))  # noqa: PTH207 - may be absolute
        if not matches:
            raise InputError(f"{name}: no file matches this pattern")
        names = {match.name for match in matches}
        for match in matches:
            if match.is_dir() or not _is_left_out(match.name, names):
                _add(match, found)
    return found


def _add(path: Path, found: Files) -> None:
    if path.is_dir():
        _add_directory(path, found)
    elif path.is_file():
        found.append(path)
    elif path.exists():
        raise InputError(f"{path}: expected a file or directory, got a device, pipe or socket")
    else:
        raise InputError(f"{path}: no such file or directory")


def _add_directory(directory: Path, found: Files) -> None:
    before, skipped_before = len(found), len(found.skipped)
    for _, path, known in sorted(_walk(os.fspath(directory))):
        (found if known else found.skipped).append(Path(path))
    if len(found) == before:
        others = [path.name for path in found.skipped[skipped_before:]]
        seen = (
            f"only {', '.join(others[:5])}{', ...' if len(others) > 5 else ''}"
            if others
            else "no file"
        )
        raise InputError(f"{directory}: {seen} in this directory. Read are: {KNOWN}")


def _walk(directory: str) -> Iterator[tuple[tuple[str, ...], str, bool]]:
    """Files of a directory: the parts of their paths in it, the paths, whether to read them.

    Strings all the way: a corpus may be a hundred thousand small files.
    """
    seen: set[tuple[int, int]] = set()
    left: list[tuple[tuple[str, ...], str]] = [((), directory)]
    while left:
        parts, folder = left.pop()
        status = Path(folder).stat()
        with os.scandir(folder) as listing:
            entries = {entry.name: entry for entry in listing if not entry.name.startswith(".")}
        if (status.st_dev, status.st_ino) in seen or entries.keys() >= _PROFILE:
            continue
        seen.add((status.st_dev, status.st_ino))
        listed = _listed_arrow(folder) if "state.json" in entries else None
        for name, entry in entries.items():
            if entry.is_dir():
                left.append(((*parts, name), entry.path))
            elif not _is_left_out(name, entries) and entry.is_file():
                extension = extension_of(name)
                known = extension in EXTENSIONS and not _is_copy(name, extension, entries)
                known = known and (listed is None or extension != ".arrow" or name in listed)
                yield (*parts, name), entry.path, known


def _is_left_out(name: str, names: Container[str]) -> bool:
    """Whether a file is temporary, or only describes others of its directory."""
    if name in _COMPANIONS or name.startswith("~$") or name.lower().endswith(_TEMPORARY):
        return True
    return name.endswith(tuple(_COMPANION_OF)) and any(
        name.endswith(ending) and name.removesuffix(ending) + of in names
        for ending, of in _COMPANION_OF.items()
    )


def _is_copy(name: str, extension: str, names: Container[str]) -> bool:
    """Whether this is the packed form of an MDS shard that lies unpacked beside it."""
    return (
        extension == ".mds"
        and not name.lower().endswith(extension)
        and name[: name.rindex(".")] in names
    )


def _listed_arrow(folder: str) -> set[str] | None:
    """Shards that a ``save_to_disk`` directory names; caches of `datasets` lie beside them."""
    try:
        content = json.loads((Path(folder) / "state.json").read_bytes())
        return {item["filename"] for item in content["_data_files"]}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
