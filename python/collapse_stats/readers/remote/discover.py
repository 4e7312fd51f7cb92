"""Find the objects that a URL stands for: one object, a prefix, or a pattern."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from glob import has_magic
from itertools import takewhile

from ...errors import InputError
from ..directory.choose import Folder, add_chosen, left_out_by_name, listed_shards
from ..directory.names import is_folder_of_profile, is_temporary_folder
from ..directory.patterns import Parts, Patterns, is_hidden, matches, says_names
from ..directory.reasons import Reason
from ..listing import Files
from ..options import ReadOptions
from .path import RemotePath
from .shown import shown


def add_remote(path: RemotePath, files: Files, patterns: Patterns, reading: ReadOptions) -> None:
    """Append the objects of a URL to `files`, in the order of their names.

    Raises InputError if there are none.
    """
    pattern = path.url.rstrip("/").split("/")
    plain = list(takewhile(lambda part: not has_magic(part), pattern))
    if path.exists():
        _add_object(path, files, patterns)
    elif len(plain) < len(pattern):
        listing = _Listing(path.at("/".join(plain)))
        _add_matches(listing, pattern[len(plain) :], files, patterns, reading)
    elif (below := _Listing(path)).folders:
        folders = below.without_others((), below.folders, files)
        add_chosen(str(path), folders, files, patterns, reading)
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
        return replace(self.base.at(self.url(folder, name)), beside=self.folders[folder])

    def url(self, *parts: Parts | str) -> str:
        """The URL of a file or a folder below the prefix."""
        below = [name for part in parts for name in ((part,) if isinstance(part, str) else part)]
        return "/".join([self.base.url.rstrip("/"), *below])

    def folder(self, parts: Parts, names: Iterable[str]) -> Folder:
        """Some files of a folder."""
        paths = {name: self.at(parts, name) for name in names}
        shards = listed_shards(paths["state.json"]) if "state.json" in paths else None
        return Folder(parts, paths, shards)

    def without_others(
        self, top: Parts, folders: Iterable[Parts], files: Files
    ) -> Iterator[Folder]:
        """Yield some folders below `top`; `files` takes note of what can be no part of a corpus."""
        profiles = {folder for folder, names in self.folders.items() if is_folder_of_profile(names)}
        noted: dict[Parts, Reason] = {}
        for folder in folders:
            for end in range(len(top), len(folder) + 1):
                reason = _reason(folder[:end], end > len(top), profiles)
                if reason is not None:
                    noted[folder[:end]] = reason
                    break
            else:
                names = self.folders[folder]
                files.leave_out((self.at(folder, n) for n in names if is_hidden(n)), Reason.HIDDEN)
                yield self.folder(folder, (name for name in names if not is_hidden(name)))
        for folder, reason in noted.items():
            files.leave_out([self.base.at(self.url(folder))], reason)


def _reason(folder: Parts, is_below: bool, profiles: set[Parts]) -> Reason | None:
    """Why a whole folder is left out."""
    if is_below and is_hidden(folder[-1]):
        return Reason.HIDDEN
    if is_below and is_temporary_folder(folder[-1]):
        return Reason.TEMPORARY
    return Reason.PROFILE if folder in profiles else None


def _add_object(path: RemotePath, files: Files, patterns: Patterns) -> None:
    reason = patterns.reason((path.name,)) if patterns else None
    if reason is None:
        files.names.append(path)
    else:
        files.leave_out([path], reason)


def _add_matches(
    listing: _Listing,
    pattern: Sequence[str],
    files: Files,
    patterns: Patterns,
    reading: ReadOptions,
) -> None:
    """Append the files that match a pattern, and the files below folders that match it."""
    found = [
        (folder, name)
        for folder, names in listing.folders.items()
        for name in names
        if matches((*folder, name), pattern)
    ]
    below: dict[Parts, list[Parts]] = {}
    for folder in listing.folders:
        ends = range(len(folder) + 1)
        end = next((end for end in ends if matches(folder[:end], pattern)), None)
        if end is not None:
            below.setdefault(folder[:end], []).append(folder)
    whole = shown(listing.url(tuple(pattern)))
    if not found and not below:
        raise InputError(f"{whole}: no object matches this pattern")
    found = [each for each in found if not any(each[0][: len(top)] == top for top in below)]
    if not says_names(pattern[-1]):
        folders = _together(listing, found, below, files)
        add_chosen(whole, folders, files, patterns, reading)
        return
    taken = {name for _, name in found}
    wanted = {(*folder, name): listing.at(folder, name) for folder, name in found}
    for parts in sorted([*wanted, *below]):
        if parts not in wanted:
            folders = listing.without_others(parts, below[parts], files)
            add_chosen(shown(listing.url(parts)), folders, files, patterns, reading)
        elif (reason := left_out_by_name(parts[-1], taken)) is not None:
            files.leave_out([wanted[parts]], reason)
        else:
            _add_object(wanted[parts], files, patterns)


def _together(
    listing: _Listing,
    found: Iterable[tuple[Parts, str]],
    below: Mapping[Parts, Iterable[Parts]],
    files: Files,
) -> Iterator[Folder]:
    """The folders that matches lie in, with no more of their files, and those that they are."""
    for top, folders in below.items():
        yield from listing.without_others(top, folders, files)
    names: dict[Parts, list[str]] = {}
    for folder, name in found:
        names.setdefault(folder, []).append(name)
    for folder, some in names.items():
        yield listing.folder(folder, some)
