"""Find the files that paths, directories, patterns and URLs stand for."""

import glob
import os
from collections.abc import Iterator, Sequence
from itertools import takewhile
from pathlib import Path

from ..errors import InputError
from ..system.suggestion import similar_path
from .directory.choose import Folder, add_chosen, left_out_by_name, listed_shards
from .directory.patterns import Patterns, says_names
from .directory.reasons import Reason
from .directory.walk import folders_below
from .listing import Files, nothing_in
from .options import ReadOptions
from .remote.discover import add_remote
from .remote.location import Name, expanded, is_url
from .remote.path import RemotePath
from .remote.shown import shown, told_apart
from .streams.pipe import Pipe, pipe_of

_LONG = 1000  # characters of a path that nobody would type


class MissingPathError(InputError):
    """A path or pattern stands for nothing."""


def discover(
    paths: "Sequence[str | os.PathLike[str] | RemotePath]",
    tmp: "str | os.PathLike[str] | None" = None,
    reading: ReadOptions | None = None,
) -> Files:
    """Return the files of the given paths; directories are walked in the same order everywhere.

    A path that does not exist may be a pattern with ``*``, ``?``, ``[...]`` and ``**``. What a
    directory has besides its corpus is in ``.left_out``. Links are followed, each directory once.
    Ids of remote files will be kept in unnamed files in `tmp`.

    Raises
    ------
    InputError
        A path is missing, not a file or directory, or a directory without a readable file.
    """
    reading = reading or ReadOptions()
    files, patterns = Files(), Patterns(reading.include, reading.exclude)
    urls = {x: x.url if isinstance(x, RemotePath) else str(x) for x in filter(is_url, paths)}
    apart = told_apart(urls.values())
    for location in paths:
        if isinstance(location, RemotePath) or location in urls:
            add_remote(RemotePath(apart[urls[location]], tmp), files, patterns, reading)
        elif (pipe := pipe_of(location)) is not None:
            _add_pipe(pipe, files)
        else:
            _add_local(expanded(os.fspath(location)), files, patterns, reading)
    files.left_out.sort(key=lambda each: str(each.path))
    files.notes += patterns.warnings()
    if not files.names and not files.unreadable:
        raise nothing_in(", ".join(map(shown, paths)), files.left_out)
    return files


def _add_pipe(pipe: Pipe, files: Files) -> None:
    if str(pipe) in map(str, filter(pipe_of, files.names)):
        raise InputError(f"{pipe} is given twice, but can be read only once")
    files.names.append(pipe)


def _add_local(name: str, files: Files, patterns: Patterns, reading: ReadOptions) -> None:
    if is_no_path(name):
        raise InputError(
            f"expected a path, got a text of {len(name):,} characters, {name[:40]!r}...: give a "
            "file of it, or in Python a list of texts, [text]"
        )
    if not name:
        raise InputError("expected a path, got an empty text: the current directory is '.'")
    path = Path(name)
    if "://" in name and not path.exists():
        raise InputError(f"{shown(name)}: expected s3://, gs://, hf:// or https:// and a name")
    if path.exists() or path.is_symlink() or not glob.has_magic(name):
        _add(path, files, patterns, reading)
    else:
        _add_matches(name, files, patterns, reading)


def is_no_path(name: str) -> bool:
    """Whether a string cannot be a path, and so must be a text."""
    if len(name) < _LONG and "\0" not in name and "\n" not in name:
        return False
    try:
        return not os.path.lexists(name)
    except ValueError:
        return True


def _add(path: Path, files: Files, patterns: Patterns, reading: ReadOptions) -> None:
    if path.is_dir():
        name = os.fspath(path)
        add_chosen(name, folders_below(name, files), files, patterns, reading)
    elif path.is_file():
        _add_file(path, files, patterns)
    elif path.exists():
        raise InputError(f"{path}: expected a file or directory, got a device, pipe or socket")
    elif path.is_symlink():
        raise InputError(f"{path}: a link to {path.readlink()}, which does not exist")
    else:
        alike = similar_path(str(path))
        what = f"no such file or directory{alike}{_if_text(str(path))}"
        raise MissingPathError(f"{shown(path)}: {what}")


def _if_text(name: str) -> str:
    """What to say of a name with spaces, which may be a text."""
    return ": texts are given in a file, or in Python as a list" if " " in name.strip() else ""


def _add_file(path: Path, files: Files, patterns: Patterns) -> None:
    reason = patterns.reason((path.name,)) if patterns else None
    if reason is None:
        files.names.append(str(path))
    else:
        files.leave_out([str(path)], reason)


def _add_matches(pattern: str, files: Files, patterns: Patterns, reading: ReadOptions) -> None:
    matches = sorted(map(Path, glob.glob(pattern, recursive=True)))  # noqa: PTH207 - may be absolute
    if not matches:
        raise MissingPathError(f"{shown(pattern)}: no file matches this pattern{_if_text(pattern)}")
    walked: set[Path] = set()  # directories whose files have all been added
    outer: list[Path] = []
    for match in matches:
        if walked.isdisjoint(match.parents):
            outer.append(match)
            if match.is_dir():
                walked.add(match)
    if not says_names(Path(pattern).name):  # data/*: all that lies there, as if it were named
        folders = _folders_of(outer, _plain_parts(pattern), files)
        add_chosen(pattern, folders, files, patterns, reading)
        return
    names = {match.name for match in matches}
    for match in outer:
        reason = None if match.is_dir() else left_out_by_name(match.name, names)
        if reason is None:
            _add(match, files, patterns, reading)
        else:
            files.leave_out([str(match)], reason)


def _plain_parts(pattern: str) -> int:
    """How many parts of a pattern come before the first that is one."""
    return len(list(takewhile(lambda part: not glob.has_magic(part), Path(pattern).parts)))


def _folders_of(matches: Sequence[Path], above: int, files: Files) -> Iterator[Folder]:
    """The folders that matches lie in, with no more of their files, and those that they are.

    Their paths are without the first `above` parts.
    """
    together: dict[Path, dict[str, Name]] = {}
    for match in matches:
        if match.is_dir():
            yield from folders_below(str(match), files, match.parts[above:])
        elif match.is_file():
            together.setdefault(match.parent, {})[match.name] = str(match)
        else:
            files.leave_out([str(match)], Reason.BROKEN if match.is_symlink() else Reason.SPECIAL)
    for folder, paths in together.items():
        shards = listed_shards(folder / "state.json") if "state.json" in paths else None
        yield Folder(folder.parts[above:], paths, shards)
