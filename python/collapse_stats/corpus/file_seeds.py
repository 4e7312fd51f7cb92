"""The seed of each file of a corpus: the hash of its path, from which its rows' hashes follow.

The path is relative to the root of the corpus, with ``/`` between its parts and without the endings
of formats and compressions, in Unicode's normal form C. It is empty for the only file of a corpus.
The root is the directory that was given, or the folder that all files have in common where they
were given one by one or by a pattern.
"""

import os
from collections.abc import Sequence
from glob import has_magic
from pathlib import Path
from unicodedata import normalize

from ..errors import InputError
from ..readers.registry import registry
from ..readers.remote.location import Name, expanded, is_url
from ..readers.remote.path import RemotePath
from ..readers.remote.shown import shown
from ..readers.stream import COMPRESSIONS
from ..system.stable_hash import text_hash

_QUERY = "?..."  # how the query of a URL is shown


class FileSeeds:
    """The seeds of the files of a corpus.

    Parameters
    ----------
    given
        The paths that the corpus was given by.
    names
        Its files, as they were found.
    root
        Directory of the corpus of which these files are a part; None if they are all of it.
    """

    def __init__(
        self,
        given: Sequence[str | os.PathLike[str] | RemotePath],
        names: Sequence[Name],
        root: str | os.PathLike[str] | None,
    ) -> None:
        self.are_part = root is not None
        typed = None if root is None else shown(root)
        if typed is None and len(given) == 1 and _is_directory(given[0]):
            typed = shown(given[0])
        self._root = (
            _common([_parts(each)[:-1] for each in names]) if typed is None else _parts(typed)
        )
        self._prefix = "/".join(self._root) + "/"
        if typed is not None and not is_url(typed):  # relative paths have files of relative names
            self._prefix = os.path.normpath(expanded(typed)) + "/"

    @property
    def root(self) -> str:
        """The directory (or URL) that the paths are relative to, by its absolute path."""
        return "/".join(self._root) or "/"

    def of(self, path: str) -> int:
        """Return the seed of the file with this path.

        Raises
        ------
        InputError
            The file lies outside of the root that was given.
        """
        number = ""
        if _QUERY in path:
            path, _, number = path.partition(_QUERY)  # the number tells URLs apart
        below = _without_endings(self._below(path)) + number
        return text_hash(below if below.isascii() else normalize("NFC", below))

    def _below(self, path: str) -> str:
        """The path of a file below the root."""
        if path.startswith(self._prefix):  # soon found for a hundred thousand files
            return path[len(self._prefix) :]
        if self._prefix == "./" and not path.startswith(("/", "..")) and "://" not in path:
            return path
        parts, root = _parts(path), self._root
        if parts[: len(root)] != root or len(parts) == len(root):
            raise InputError(
                f"{path}: expected files below --root {'/'.join(root)}: give the directory of "
                "the whole corpus, or leave it out"
            )
        return "/".join(parts[len(root) :])


def _is_directory(path: str | os.PathLike[str] | RemotePath) -> bool:
    """Whether a path is that of a directory, or a URL of several objects."""
    if isinstance(path, RemotePath) or is_url(path):
        return not has_magic(str(path))
    return Path(expanded(os.fspath(path))).is_dir()


def _parts(path: object) -> tuple[str, ...]:
    """The parts of an absolute path, or of a URL as it is shown."""
    text = shown(os.fspath(path) if isinstance(path, os.PathLike) else path)
    if is_url(text):
        return tuple(text.partition(_QUERY)[0].rstrip("/").split("/"))
    absolute = Path(os.path.normpath(Path.cwd() / expanded(text)))  # links are not followed
    return tuple(absolute.as_posix().rstrip("/").split("/"))


def _common(folders: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """The parts that all folders begin with."""
    first, last = min(folders), max(folders)
    for at, part in enumerate(first):
        if at == len(last) or part != last[at]:
            return first[:at]
    return first


def _without_endings(path: str) -> str:
    """The path without the ending of a compression, and without that of a format before it."""
    name = path.rfind("/") + 2  # a dot that a name begins with is of no ending
    dot = path.rfind(".", name)
    if dot >= 0 and path[dot:].lower() in COMPRESSIONS:
        path = path[:dot]
        dot = path.rfind(".", name)
    return path[:dot] if dot >= 0 and path[dot:].lower() in registry().extensions else path
