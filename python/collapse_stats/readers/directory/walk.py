"""Walk a local directory: its folders with their files, and what is not a file."""

import bisect
import os
from collections.abc import Collection, Iterator
from pathlib import Path

from ...errors import InputError
from ..detect import extension_of
from ..listing import Files
from ..registry import registry
from .choose import Folder, listed_shards
from .hub_cache import other_than_data
from .names import is_folder_of_profile, is_temporary_folder
from .patterns import Parts
from .reasons import Reason


def folders_below(directory: str, files: Files, at: Parts = ()) -> Iterator[Folder]:
    """Yield the folders of a directory, itself included; `files` takes note of the rest.

    Paths are strings for speed: a corpus may have a hundred thousand small files. `at` is put
    before the path of each folder.
    """
    walk = _Walk(files)
    try:
        walk.into(at, directory)
    except OSError as error:
        raise InputError(f"{directory}: cannot be listed: {error.strerror or error}") from error
    # Folders come before links to folders, so that a folder that has both keeps its own name.
    while walk.ahead or walk.links:
        parts, folder = walk.ahead.pop() if walk.ahead else walk.links.pop(0)
        try:
            walk.into(parts, folder)
        except OSError as error:
            files.unreadable[folder] = (
                f"{folder}: this directory cannot be listed: {error.strerror or error}"
            )
    walk.leave_out_second_names()
    yield from walk.folders


class _Walk:
    """The state of a walk: folders that were seen, and those that lie ahead."""

    def __init__(self, files: Files) -> None:
        self.folders: list[Folder] = []
        self.ahead: list[tuple[Parts, str]] = []
        self.links: list[tuple[Parts, str]] = []
        self._files = files
        self._seen: set[tuple[int, int]] = set()
        self._own: dict[str, Collection[str]] = {}  # folder -> its files that are no links
        self._linked: list[tuple[dict[str, str], str]] = []  # files of a folder, a link in it

    def into(self, parts: Parts, folder: str) -> None:
        """Note what a folder has; OSError if it cannot be listed."""
        status = Path(folder).stat()
        if (status.st_dev, status.st_ino) in self._seen:
            self._files.leave_out([folder], Reason.AGAIN)
            return
        with os.scandir(folder) as listing:
            entries = {entry.name: entry for entry in listing}
        self._seen.add((status.st_dev, status.st_ino))
        if is_folder_of_profile(entries):
            self._files.leave_out([folder], Reason.PROFILE)
            return
        self._without_cache(folder, entries)
        paths: dict[str, str] = {}
        links = set()
        for name, entry in entries.items():
            if name[0] == ".":
                self._files.leave_out([entry.path], Reason.HIDDEN)
                continue
            try:
                is_folder, is_file = entry.is_dir(), entry.is_file()
            except OSError:  # a link that leads in a circle, or to where nobody may look
                is_folder = is_file = False
            if is_file:
                paths[name] = entry.path.removeprefix("./")
                if entry.is_symlink():
                    links.add(name)
                    self._linked.append((paths, name))
            elif is_folder:
                self._folder_ahead((*parts, name), entry)
            else:
                reason = Reason.BROKEN if entry.is_symlink() else Reason.SPECIAL
                self._files.leave_out([entry.path], reason)
        self._own[folder] = paths.keys() - links if links else paths.keys()
        shards = listed_shards(Path(folder) / "state.json") if "state.json" in paths else None
        self.folders.append(Folder(parts, paths, shards))

    def leave_out_second_names(self) -> None:
        """Leave out links to files that are read under their own names."""
        if not self._linked:
            return
        own = {os.path.realpath(folder): names for folder, names in self._own.items()}
        for paths, name in self._linked:
            folder, target = os.path.split(os.path.realpath(paths[name]))
            if target in own.get(folder, ()) and extension_of(target) in registry().extensions:
                self._files.leave_out([paths.pop(name)], Reason.AGAIN)

    def _folder_ahead(self, parts: Parts, entry: "os.DirEntry[str]") -> None:
        if is_temporary_folder(entry.name):
            self._files.leave_out([entry.path], Reason.TEMPORARY)
        elif entry.is_symlink():
            bisect.insort(self.links, (parts, entry.path))
        else:
            self.ahead.append((parts, entry.path))

    def _without_cache(self, folder: str, entries: "dict[str, os.DirEntry[str]]") -> None:
        """Remove what a cache of the hub keeps for itself."""
        own, revisions = other_than_data(Path(folder), entries)
        for names, reason in ((own, Reason.STORE), (revisions, Reason.REVISION)):
            self._files.leave_out((entries.pop(name).path for name in names), reason)
