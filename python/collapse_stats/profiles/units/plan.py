"""The plan of a corpus that is counted in units: which files, in which units, and how.

A plan is made from the names and sizes of the files, so that every process that is given the same
corpus and options makes the same one. The first writes it to ``plan.json``; the others compare.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ...corpus.corpus import Source
from ...corpus.file_seeds import FileSeeds
from ...corpus.opened import Paths
from ...corpus.provenance.declaration import Declaration
from ...corpus.split import RULE
from ...counting.saved_file import Folder
from ...errors import InputError
from ...readers.discover import discover
from ...readers.head import digest_of
from ...readers.listing import Files
from ...readers.open import Metadata, open_each
from ...readers.options import ReadOptions
from ...readers.remote.location import Name, as_location, at_once
from ...readers.streams.pipe import Pipe
from ..folders import write_small
from .division import PlannedFile, Unit, divided

DEFAULT_UNIT_TOKENS = 10**9
PLAN = "plan.json"
_SCHEMA = "collapse-stats.plan/2"
# Options that do not change what a whole file gives.
_NOT_PLANNED = ("skip_bad", "longest", "places", "first_row", "is_unit")


@dataclass(frozen=True, slots=True)
class Plan:
    """Which units a corpus is counted in.

    Attributes
    ----------
    files
        All files, in the order of the corpus.
    units
        The units, in the order of the corpus.
    options
        The options that decide what is counted.
    unit_tokens
        About how many tokens a unit was to have.
    """

    files: tuple[PlannedFile, ...]
    units: tuple[Unit, ...]
    options: Mapping[str, Any]
    unit_tokens: int

    @property
    def digest(self) -> str:
        """The SHA-256 of the plan, by which its units know it."""
        text = json.dumps(self._content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def _content(self) -> dict[str, Any]:
        return {
            "schema": _SCHEMA,
            "options": dict(self.options),
            "unit_tokens": self.unit_tokens,
            "files": [asdict(file) for file in self.files],
            "units": [unit._asdict() for unit in self.units],
        }

    def files_of(self, unit: int) -> tuple[PlannedFile, ...]:
        """Return the files of a unit."""
        return self.files[self.units[unit].first : self.units[unit].last]

    def write(self, work: Folder) -> None:
        """Write the plan to a directory, which is made."""
        text = json.dumps(self._content | {"sha256": self.digest}, indent=1)
        write_small(work / PLAN, f"{text}\n".encode())

    @classmethod
    def read(cls, work: Folder) -> "Plan | None":
        """Return the plan of a directory, None if there is none yet.

        Raises
        ------
        InputError
            The file is not what was written, or is of another version.
        """
        path = work / PLAN
        try:
            content = json.loads(path.read_bytes())
            if content["schema"] != _SCHEMA:
                raise InputError(
                    f"{path} has format {content['schema']!r}, and this version reads {_SCHEMA!r}: "
                    "give another --work-dir"
                )
            plan = cls(
                tuple(PlannedFile(**file) for file in content["files"]),
                tuple(_unit(**unit) for unit in content["units"]),
                content["options"],
                content["unit_tokens"],
            )
            if plan.digest == content["sha256"]:
                return plan
        except FileNotFoundError:
            return None
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror}") from error
        except (ValueError, KeyError, TypeError):
            pass
        raise InputError(
            f"{path} is damaged: it is not what was written; restore it from a copy, or give "
            "another --work-dir"
        )


def options_of_plan(
    reading: ReadOptions, declared: Declaration, counted: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the options that decide what a unit holds, as a plan records them."""
    options = {name: value for name, value in asdict(reading).items() if name not in _NOT_PLANNED}
    options |= {"root": None if reading.root is None else os.fspath(reading.root)}
    options |= {name: list(options[name]) for name in ("include", "exclude")}
    options |= asdict(declared) | {"origin_of": list(declared.origin_of)}
    return options | dict(counted) | {"halves_rule": RULE}


def files_of_corpus(paths: Paths, reading: ReadOptions) -> Files:
    """Return the files of a corpus that may be counted in units.

    Raises
    ------
    InputError
        A path is missing, a folder cannot be listed, or an option or a pipe allows no units.
    """
    if reading.limit_documents is not None:
        raise InputError(
            "--limit-documents takes the first documents of a corpus, which units cannot know: "
            "leave it or --work-dir out"
        )
    files = discover(paths, None, reading)
    if files.unreadable:
        raise InputError(next(iter(files.unreadable.values())))
    for name in files.names:
        if isinstance(name, Pipe):
            raise InputError(f"{name} is read only once, and units are read by several processes")
    doubtful = [name for name in files.names if name in files.doubtful]
    described = {
        name
        for name, found in open_each(doubtful, reading, files.doubtful)
        if isinstance(found, Metadata)
    }
    files.names = [name for name in files.names if name not in described]
    return files


def sizes_of(names: Sequence[Name]) -> list[int]:
    """Return the size of each file in bytes."""
    return list(at_once(lambda name: as_location(name).stat().st_size, names))


def _unit(first: int, last: int, places: list[int] | None) -> Unit:
    if places is None:
        return Unit(first, last)
    begin, end = places
    return Unit(first, last, (begin, end))


def new_plan(
    names: Sequence[Name],
    sizes: Sequence[int],
    options: Mapping[str, Any],
    unit_tokens: int,
    reading: ReadOptions,
) -> Plan:
    """Return the plan of these files."""
    digests = at_once(_digest, names)
    files = tuple(map(PlannedFile, map(str, names), sizes, digests))
    return Plan(files, tuple(divided(files, names, unit_tokens, reading)), options, unit_tokens)


def _digest(name: Name) -> str:
    """The digest of a file; "" if it cannot be read, which whoever counts it will say."""
    try:
        return digest_of(as_location(name))
    except OSError:
        return ""


def check_same(plan: Plan, names: Sequence[Name], sizes: Sequence[int], work: Folder) -> None:
    """Raise InputError if these are not the files of a plan."""
    planned = {file.path: file.bytes for file in plan.files}
    found = dict(zip(map(str, names), sizes, strict=True))
    remedy = f"count what is there now in another --work-dir, or restore the file ({work / PLAN})"
    for path, size in found.items():
        if path not in planned:
            raise InputError(f"{path} is new since the units were planned: {remedy}")
        if size != planned[path]:
            raise InputError(
                f"{path} has changed since the units were planned: it had {planned[path]:,} bytes, "
                f"and has {size:,} now: {remedy}"
            )
    if missing := planned.keys() - found:
        raise InputError(f"{min(missing)} is gone since the units were planned: {remedy}")
    if [file.path for file in plan.files] != [*map(str, names)]:
        raise InputError(f"the files are in another order than in {work / PLAN}: give them as then")


def check_options(plan: Plan, options: Mapping[str, Any], tokens: int | None, work: Folder) -> None:
    """Raise InputError if a plan was made with other options."""
    typed = dict(options) | {"unit_tokens": plan.unit_tokens if tokens is None else tokens}
    planned = dict(plan.options) | {"unit_tokens": plan.unit_tokens}
    for name in planned | typed:
        was, now = planned.get(name), typed.get(name)
        if was != now:
            raise InputError(
                f"{work / PLAN} was made with {name.replace('_', '-')} {_shown(was)}, got "
                f"{_shown(now)}: give what it was made with, or another --work-dir"
            )


def _shown(value: object) -> str:
    return "not given" if value in (None, []) else str(value)


def check_sources(plan: Plan, unit: int, sources: Sequence[Source], name: str) -> None:
    """Raise InputError unless a unit was counted from the files that were planned."""
    found = {source.path: source for source in sources}
    for file in plan.files_of(unit):
        source = found.pop(file.path, None)
        if source is None or (source.error is None and source.digest != file.digest):
            raise InputError(
                f"unit {name}: {file.path} has changed since the units were planned: restore it, "
                "or count what is there now in another --work-dir"
            )
    if found:
        raise InputError(
            f"unit {name}: {next(iter(found))} is new since the units were planned: remove it, or "
            "count what is there now in another --work-dir"
        )


def root_of(
    paths: Paths, names: Sequence[Name], reading: ReadOptions
) -> str | os.PathLike[str] | None:
    """Return the root of a corpus: what was given, or what the paths of its files say.

    A corpus of one file has none, because the path of that file is empty.
    """
    if reading.root is None and len(names) == 1:
        return None
    return FileSeeds(paths, names, None).root if reading.root is None else reading.root
