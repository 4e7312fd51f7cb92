"""Find the files that paths, directories, patterns and URLs stand for."""

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
from .streams.pipe import pipe_of


def discover(
    paths: "Sequence[str | os.PathLike[str] | RemotePath]",
    tmp: "str | os.PathLike[str] | None" = None,
) -> Files:
    """Return the files of the given paths; directories are walked in the same order everywhere.

    A path that does not exist may be a pattern with ``*``, ``?``, ``[...]`` and ``**``. In
    directories and below URLs, hidden and temporary files, files that only describe others, and
    saved profiles are left out; files of unknown extensions and second copies are listed in
    ``.skipped``. Links are followed, each directory once. Ids of remote files will be kept in
    unnamed files in `tmp`.

    Raises
    ------
    InputError
        A path is missing, not a file or directory, or a directory without a readable file.
    """
    files = Files()
    for location in paths:
        if isinstance(location, RemotePath) or is_url(location):
            add_remote(RemotePath(str(location), tmp), files)
            continue
        if (pipe := pipe_of(location)) is not None:
            if str(pipe) in map(str, filter(pipe_of, files.names)):
                raise InputError(f"{pipe} is given twice, but can be read only once")
            files.names.append(pipe)
            continue
        name = os.fspath(location)
        path = Path(name)
        if "://" in name and not path.exists():
            raise InputError(f"{name}: expected s3://, gs://, hf:// or https:// and a name")
        if path.exists() or path.is_symlink() or not glob.has_magic(name):
            _add(path, files)
            continue
        matches = sorted(map(Path, glob.glob(name, recursive=True)))  # noqa: PTH207 - may be absolute
        if not matches:
            raise InputError(f"{name}: no file matches this pattern")
        names = {match.name for match in matches}
        walked: set[Path] = set()  # directories whose files have all been added
        for match in matches:
            if not walked.isdisjoint(match.parents):
                continue
            if match.is_dir():
                walked.add(match)
            if match.is_dir() or not is_left_out(match.name, names):
                _add(match, files)
    return files


def _add(path: Path, files: Files) -> None:
    if path.is_dir():
        _add_directory(path, files)
    elif path.is_file():
        files.names.append(str(path))
    elif path.exists():
        raise InputError(f"{path}: expected a file or directory, got a device, pipe or socket")
    else:
        raise InputError(f"{path}: no such file or directory")


def _add_directory(directory: Path, files: Files) -> None:
    before, skipped_before = len(files), len(files.skipped)
    for _, path, known in sorted(_walk(os.fspath(directory)), key=itemgetter(0)):
        (files.names if known else files.skipped).append(path.removeprefix("./"))
    if len(files) == before:
        raise files.nothing(f"{directory}", skipped_before)


def _walk(directory: str) -> Iterator[tuple[tuple[str, ...], str, bool]]:
    """Yield the files below a directory: relative path as parts, path, and whether to read it.

    Paths are strings for speed: a corpus may have a hundred thousand small files.
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
        shards = listed_arrow(Path(folder) / "state.json") if "state.json" in entries else None
        for name, entry in entries.items():
            if entry.is_dir():
                left.append(((*parts, name), entry.path))
            elif not is_left_out(name, entries) and entry.is_file():
                yield (*parts, name), entry.path, is_known(name, entries, shards)
