"""The files that paths stand for."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..errors import InputError
from .detect import EXTENSIONS, KNOWN, extension_of

_TEMPORARY = ("~", ".tmp", ".temp", ".part", ".partial", ".crdownload", ".swp", ".lock")
# Written beside shards by the tools that make them; they hold no documents.
_COMPANIONS = {"dataset_info.json", "state.json", "index.json", "dataset_infos.json"}
# A saved profile that lies among shards is no part of the corpus.
_PROFILE = {"manifest.json", "spectra.parquet"}


class Files(list[Path]):
    """Files to read, in order; `skipped` has those in directories that are not corpora by name."""

    def __init__(self) -> None:
        super().__init__()
        self.skipped: list[Path] = []


def discover(paths: "Sequence[str | os.PathLike[str]]") -> Files:
    """Files of the paths given, directories walked in an order that no machine changes.

    In directories, hidden and temporary files and saved profiles are left out, and files of unknown
    extensions are listed in ``.skipped``; links are followed, each directory once.

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
        if path.is_dir():
            _add_directory(path, found)
        elif path.is_file():
            found.append(path)
        elif path.exists():
            raise InputError(f"{path}: expected a file or directory, got a device, pipe or socket")
        else:
            raise InputError(f"{path}: no such file or directory")
    return found


def _add_directory(directory: Path, found: Files) -> None:
    before, skipped_before = len(found), len(found.skipped)
    for path in sorted(_walk(directory), key=lambda path: path.relative_to(directory).parts):
        known = extension_of(path) in EXTENSIONS and path.name not in _COMPANIONS
        (found if known else found.skipped).append(path)
    if len(found) == before:
        others = [path.name for path in found.skipped[skipped_before:]]
        seen = (
            f"only {', '.join(others[:5])}{', ...' if len(others) > 5 else ''}"
            if others
            else "no file"
        )
        raise InputError(f"{directory}: {seen} in this directory. Read are: {KNOWN}")


def _walk(directory: Path) -> Iterator[Path]:
    seen: set[tuple[int, int]] = set()
    for folder, subfolders, names in os.walk(directory, followlinks=True):
        status = Path(folder).stat()
        if (status.st_dev, status.st_ino) in seen or set(names) >= _PROFILE:
            subfolders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        for name in names:
            path = Path(folder, name)
            hidden = name.startswith((".", "~$")) or name.lower().endswith(_TEMPORARY)
            if not hidden and path.is_file():
                yield path
