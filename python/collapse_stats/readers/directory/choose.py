"""Choose the files of a directory that belong to the corpus, by the files beside them."""

import json
from collections.abc import Collection, Container, Iterable, Mapping
from operator import itemgetter
from typing import NamedTuple

from ...errors import InputError
from ...system.wording import counted
from ..detect import extension_of
from ..file_reader import SHARDS, TABLES, TEXT
from ..listing import Files, nothing_in
from ..options import ReadOptions
from ..registry import registry
from ..remote.location import Location, Name, as_location
from ..stream import COMPRESSIONS
from .indexes import missing_shards_of
from .metadata import holds_data
from .names import is_documentation, is_metadata, is_state, is_temporary, missing_shards
from .patterns import Parts, Patterns
from .reasons import LeftOut, Reason, some

_OBJECT = ".json"  # extension of files that may be one object, which describes other files
_OBJECTS = SHARDS - 1  # their rank until that is known
_PACKED = tuple(COMPRESSIONS)
_MANY = 64  # times as many files of text as of tables or shards are not taken for their description

Found = tuple[Parts, Name, int]
"""A file that may be read: its path below the directory, the file, and the rank of its format."""


class Folder(NamedTuple):
    """A folder to choose from: its path below the directory, and the files that it has, by name.

    `shards` are those that its ``state.json`` lists, None without such a list.
    """

    parts: Parts
    paths: Mapping[str, Name]
    shards: Collection[str] | None


def add_chosen(
    name: str, folders: Iterable[Folder], files: Files, patterns: Patterns, reading: ReadOptions
) -> None:
    """Append the files of the directory `name` to `files`, in the order of their names.

    Raises InputError if there is none, unless that is because of the patterns.
    """
    left_before, unreadable_before = len(files.left_out), len(files.unreadable)
    found: list[Found] = []
    quick: dict[str, int] = {}
    for folder in folders:
        _look_through(folder, found, files, patterns, quick)
    ranks = set(map(itemgetter(2), found))
    if ranks - {TABLES, SHARDS} or len(ranks) > 1:
        found = _without_descriptions(found, files, left_before, patterns, reading)
    found.sort(key=itemgetter(0))
    files.names += map(itemgetter(1), found)
    if ranks & {_OBJECTS, SHARDS}:
        beside = _OBJECTS in ranks and any(map(_is_shard_of_no_json, found))
        files.doubtful |= {
            path: beside
            for parts, path, rank in found
            if rank == _OBJECTS or parts[-1].endswith(".arrow")
        }
    if not patterns:
        files.notes += missing_shards(parts for parts, _, _ in found)
    if SHARDS not in ranks:
        _describe_nothing(files, left_before)
    left_out = files.left_out[left_before:]
    if not patterns:
        _check_is_clear(name, found, left_out)
    by_patterns = any(each.reason in (Reason.NOT_INCLUDED, Reason.EXCLUDED) for each in left_out)
    if not (found or by_patterns) and len(files.unreadable) == unreadable_before:
        raise nothing_in(name, left_out)


def _check_is_clear(name: str, found: list[Found], left_out: Iterable[LeftOut]) -> None:
    """Raise InputError if a few files would stand for many others that are left out beside them."""
    beside = [str(each.path) for each in left_out if each.reason == Reason.BESIDE]
    if len(beside) < max(_MANY, _MANY * len(found)):
        return
    others, chosen = min(beside), found[0][0][-1]
    raise InputError(
        f"{name} has {len(beside):,} files such as {as_location(others).name} beside "
        f"{counted(len(found), 'file')} such as {chosen}, and does not say which are the corpus: "
        f"give --include '*{extension_of(others)}' or --include '*{extension_of(chosen)}'"
    )


def _look_through(
    folder: Folder, found: list[Found], files: Files, patterns: Patterns, quick: dict[str, int]
) -> None:
    """Sort the files of a folder into those that may be read, and those that are left out.

    `quick` keeps the ranks of files by all that follows the first dot of their names, for a
    directory may have a hundred thousand small files.
    """
    at, paths = folder.parts, folder.paths
    caches: Collection[str] | None = None
    companions = registry().companion_names
    for name, path in paths.items():
        ending = name.partition(".")[2]
        rank = quick.get(ending)
        if rank is None or name in companions or name[0] == "~":
            if caches is None:
                caches = _caches(paths)
            verdict = _verdict(name, folder, caches)
            if isinstance(verdict, Reason):
                files.leave_out([path], verdict)
                continue
            rank, is_by_ending = verdict
            if is_by_ending:
                quick[ending] = rank
        if ending.endswith(_PACKED) and name[: name.rindex(".")] in paths:
            files.leave_out([path], Reason.COPY)
            continue
        reason = patterns.reason((*at, name)) if patterns else None
        if reason is None:
            found.append(((*at, name), path, rank))
        else:
            files.leave_out([path], reason)
    missing = dict.fromkeys(sorted(set(folder.shards or ()).difference(paths)), "state.json")
    if "index.json" in paths:
        index = as_location(paths["index.json"])
        missing |= dict.fromkeys(missing_shards_of(index, paths), "index.json")
    for name, listing in missing.items():
        if not patterns or patterns.reason((*at, name)) is None:
            path = str(as_location(paths[listing]).with_name(name))
            files.unreadable[path] = f"{path}: {listing} lists this shard, but it is not there"


def _verdict(name: str, folder: Folder, caches: Container[str]) -> Reason | tuple[int, bool]:
    """Why a file is left out, or else its rank, and whether its ending alone tells it."""
    paths = folder.paths
    reason = left_out_by_name(name, paths)
    if reason is not None:
        return reason
    extension = extension_of(name)
    reader = registry().extensions.get(extension)
    if reader is None:
        return Reason.UNKNOWN
    if extension == ".arrow":
        if name in caches:
            return Reason.CACHE
        if folder.shards is not None and name not in folder.shards:
            return Reason.UNLISTED
        return SHARDS, False
    if extension == ".bin":
        return Reason.METADATA if is_state(name) else (reader.rank, False)
    rank = _OBJECTS if extension == _OBJECT else reader.rank
    return rank, not name.endswith(registry().companion_endings)


def left_out_by_name(name: str, names: Container[str]) -> Reason | None:
    """Return why a file is left out that is temporary, or describes one of `names`, beside it."""
    formats = registry()
    if name in formats.companion_names:
        return Reason.DESCRIBES
    if is_temporary(name.lower()):
        return Reason.TEMPORARY
    if name.endswith(formats.companion_endings) and any(
        name.endswith(ending) and name.removesuffix(ending) + described in names
        for ending, described in formats.companions.items()
    ):
        return Reason.DESCRIBES
    return None


def _without_descriptions(
    found: list[Found], files: Files, left_before: int, patterns: Patterns, reading: ReadOptions
) -> list[Found]:
    """The files without those that document or describe the others, which `files` takes note of."""
    named: list[Found] = []
    rest: list[Found] = []
    left: dict[Reason, list[Found]] = {Reason.DOCUMENTATION: [], Reason.METADATA: []}
    for each in found:
        parts, path, rank = each
        if patterns and patterns.names(parts, exactly=rank == _OBJECTS):
            named.append((parts, path, SHARDS))
        elif rank == TEXT and is_documentation(parts[-1]):
            left[Reason.DOCUMENTATION].append(each)
        elif rank == _OBJECTS and is_metadata(parts[-1]):
            left[Reason.METADATA].append(each)
        else:
            rest.append(each)
    ranks = {rank for _, _, rank in (*named, *rest)}
    for highest in (_OBJECTS, TABLES):  # which may describe texts, and tables
        if max(ranks, default=TEXT) != highest or min(ranks) == highest:
            continue
        group = [each for each in rest if each[2] == highest]
        if not any(holds_data(path, reading) for _, path, _ in group):
            left[Reason.METADATA] += group
            rest = [each for each in rest if each[2] != highest]
            ranks.discard(highest)
    least = min(max(ranks, default=TEXT), _OBJECTS)
    if min(ranks, default=least) < least:
        left[Reason.BESIDE] = [each for each in rest if each[2] < least]
        rest = [each for each in rest if each[2] >= least]
    before = files.left_out[left_before:]
    if not (ranks or left[Reason.METADATA] or any(not each.reason.is_expected for each in before)):
        found = left[Reason.DOCUMENTATION]  # the corpus consists of it
        if found:
            names = some(parts[-1] for parts, _, _ in found)
            files.notes.append(f"only documentation is here, and is counted ({names})")
        return found
    for reason, group in left.items():
        files.leave_out([path for _, path, _ in group], reason)
    return named + rest


def _is_shard_of_no_json(each: Found) -> bool:
    """Whether a file is a shard, and of a format whose files are never one JSON object."""
    json_reader = registry().extensions[_OBJECT]
    return each[2] == SHARDS and extension_of(each[0][-1]) not in json_reader.extensions


def _describe_nothing(files: Files, left_before: int) -> None:
    """Call files metadata that describe others by their names, where there are no shards."""
    for number in range(left_before, len(files.left_out)):
        path, reason = files.left_out[number]
        if reason == Reason.DESCRIBES:
            files.left_out[number] = LeftOut(path, Reason.METADATA)


def _caches(names: Collection[str]) -> Collection[str]:
    """Those of the files of a folder that `datasets` keeps beside the data, or instead of it."""
    caches = {name for name in names if name.startswith("cache-") and name.endswith(".arrow")}
    if len(caches) == 1 and not any(_is_shard(name) for name in names if name not in caches):
        return ()  # all that there is
    return caches


def _is_shard(name: str) -> bool:
    """Whether a file has the extension of a format of shards, and is not perhaps one object."""
    extension = extension_of(name)
    reader = registry().extensions.get(extension)
    return reader is not None and reader.rank == SHARDS and extension != _OBJECT


def listed_shards(state: Location) -> set[str] | None:
    """Return the shards that the ``state.json`` of a ``save_to_disk`` directory lists.

    The caches that `datasets` leaves beside them are not listed. None when there is no such list.
    """
    try:
        with state.open("rb") as file:
            content = json.loads(file.read())
        return {item["filename"] for item in content["_data_files"]}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
