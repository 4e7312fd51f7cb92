"""Find the objects that a URL stands for: one object, a prefix, or a pattern."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from glob import has_magic
from itertools import takewhile
from operator import itemgetter

from ...errors import InputError
from ..listing import PROFILE, Files, is_known, is_left_out, listed_arrow
from .path import RemotePath

Parts = tuple[str, ...]


def add_remote(path: RemotePath, files: Files) -> None:
    """Append the objects of a URL to `files`, in the order of their names.

    Raises InputError if there are none.
    """
    pattern = path.url.rstrip("/").split("/")
    plain = list(takewhile(lambda part: not has_magic(part), pattern))
    if path.exists():
        files.names.append(path)
    elif len(plain) < len(pattern):
        _add_matches(_Listing(replace(path, url="/".join(plain))), pattern[len(plain) :], files)
    elif (below := _Listing(path)).folders:
        _add_below(below, (), below.folders, files)
    else:
        raise InputError(f"{path}: there is no such object, and none below it: check the name")


class _Listing:
    """The objects below a prefix: folder, as parts of its path -> file name -> size in bytes."""

    def __init__(self, base: RemotePath) -> None:
        self.base = base
        self.folders: dict[Parts, dict[str, int]] = {}
        below: Mapping[str, int] = base.store.list(base.url) or {}
        for name, size in below.items():
            *folder, file = name.split("/")
            self.folders.setdefault(tuple(folder), {})[file] = size

    def at(self, folder: Parts, name: str) -> RemotePath:
        """The path of a file, which knows the files beside it."""
        url = "/".join([self.base.url.rstrip("/"), *folder, name])
        return replace(self.base, url=url, beside=self.folders[folder])


def _add_below(listing: _Listing, top: Parts, folders: Iterable[Parts], files: Files) -> None:
    """Append the files of some folders below `top`, by the rules for directories."""
    before, skipped_before = len(files), len(files.skipped)
    chosen: list[tuple[Parts, bool, RemotePath]] = []
    profiles = {folder for folder, names in listing.folders.items() if names.keys() >= PROFILE}
    for folder in folders:
        inside = [folder[:n] for n in range(len(top), len(folder) + 1)]
        if any(map(_is_hidden, folder[len(top) :])) or not profiles.isdisjoint(inside):
            continue
        names = listing.folders[folder]
        shards = listed_arrow(listing.at(folder, "state.json")) if "state.json" in names else None
        chosen += (
            ((*folder, name), is_known(name, names, shards), listing.at(folder, name))
            for name in names
            if not _is_hidden(name) and not is_left_out(name, names)
        )
    for _, known, path in sorted(chosen, key=itemgetter(0)):
        (files.names if known else files.skipped).append(path)
    if len(files) == before:
        raise files.nothing("/".join([str(listing.base), *top]), skipped_before)


def _add_matches(listing: _Listing, pattern: Sequence[str], files: Files) -> None:
    """Append the files that match a pattern, and the files below folders that match it."""
    matches = [
        (folder, name)
        for folder, names in listing.folders.items()
        for name in names
        if _matches((*folder, name), pattern)
    ]
    below: dict[Parts, list[Parts]] = {}
    for folder in listing.folders:
        ends = range(len(folder) + 1)
        end = next((end for end in ends if _matches(folder[:end], pattern)), None)
        if end is not None:
            below.setdefault(folder[:end], []).append(folder)
    if not matches and not below:
        raise InputError(f"{listing.base}/{'/'.join(pattern)}: no object matches this pattern")
    taken = {name for _, name in matches}
    wanted = {
        (*folder, name): listing.at(folder, name)
        for folder, name in matches
        if not is_left_out(name, taken) and not any(folder[: len(top)] == top for top in below)
    }
    for parts in sorted([*wanted, *below]):
        if parts in wanted:
            files.names.append(wanted[parts])
        else:
            _add_below(listing, parts, below[parts], files)


def _matches(parts: Parts, pattern: Sequence[str]) -> bool:
    """Whether a path matches as by `glob.glob`: ``*`` does not match a hidden name."""
    if not pattern:
        return not parts
    if pattern == ["**"]:
        return not any(map(_is_hidden, parts))
    if pattern[0] == "**":
        return any(_matches(parts[n:], pattern[1:]) for n in _into(parts))
    return (
        bool(parts)
        and (not _is_hidden(parts[0]) or pattern[0].startswith("."))
        and fnmatchcase(parts[0], pattern[0])
        and _matches(parts[1:], pattern[1:])
    )


def _into(parts: Parts) -> Iterator[int]:
    """The numbers of leading folders that ``**`` may stand for, none of them hidden."""
    return takewhile(lambda n: not any(map(_is_hidden, parts[:n])), range(len(parts)))


def _is_hidden(name: str) -> bool:
    return name.startswith(".")
