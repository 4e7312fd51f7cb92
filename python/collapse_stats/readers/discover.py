"""The files that paths stand for."""

import glob
import os
from collections.abc import Iterator, Sequence
from operator import itemgetter
from pathlib import Path

from ..errors import InputError
from .listing import PROFILE, Files, is_known, is_left_out, listed_arrow
from .remote.discover import add_remote
from .remote.location import is_url
from .remote.path import RemotePath


def discover(
    paths: "Sequence[str | os.PathLike[str] | RemotePath]",
    tmp: "str | os.PathLike[str] | None" = None,
) -> Files:
    """Files of the paths given, directories walked in an order that no machine changes.

    A path that does not exist may be a pattern with ``*``, ``?``, ``[...]`` and ``**``. In
    directories and below URLs, hidden and temporary files, what merely describes other files, and
    saved profiles are left out, and files of unknown extensions and second copies are listed in
    ``.skipped``; links are followed, each directory once. Ids that lie elsewhere will be kept in
    unnamed files in `tmp`.

    Raises
    ------
    InputError
        A path is missing, not a file or directory, or a directory without a readable file.
    """
    found = Files()
    for given in paths:
        if isinstance(given, RemotePath) or is_url(given):
            add_remote(RemotePath(str(given), tmp), found)
            continue
        name = os.fspath(given)
        path = Path(name)
        if "://" in name and not path.exists():
            raise InputError(f"{name}: expected s3://, gs://, hf:// or https:// and a name")
        if path.exists() or path.is_symlink() or not glob.has_magic(name):
            _add(path, found)
            continue
        matches = sorted(map(Path, glob.glob(name, recursive=True)))  # noqa: PTH207 - may be absolute
        if not matches:
            raise InputError(f"{name}: no file matches this pattern")
        names = {match.name for match in matches}
        walked: set[Path] = set()  # what is below them is there already
        for match in matches:
            if not walked.isdisjoint(match.parents):
                continue
            if match.is_dir():
                walked.add(match)
            if match.is_dir() or not is_left_out(match.name, names):
                _add(match, found)
    return found


def _add(path: Path, found: Files) -> None:
    if path.is_dir():
        _add_directory(path, found)
    elif path.is_file():
        found.names.append(str(path))
    elif path.exists():
        raise InputError(f"{path}: expected a file or directory, got a device, pipe or socket")
    else:
        raise InputError(f"{path}: no such file or directory")


def _add_directory(directory: Path, found: Files) -> None:
    before, skipped_before = len(found), len(found.skipped)
    for _, path, known in sorted(_walk(os.fspath(directory)), key=itemgetter(0)):
        (found.names if known else found.skipped).append(path.removeprefix("./"))
    if len(found) == before:
        raise found.nothing(f"{directory}", skipped_before)


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
        if (status.st_dev, status.st_ino) in seen or entries.keys() >= PROFILE:
            continue
        seen.add((status.st_dev, status.st_ino))
        listed = listed_arrow(Path(folder) / "state.json") if "state.json" in entries else None
        for name, entry in entries.items():
            if entry.is_dir():
                left.append(((*parts, name), entry.path))
            elif not is_left_out(name, entries) and entry.is_file():
                yield (*parts, name), entry.path, is_known(name, entries, listed)
