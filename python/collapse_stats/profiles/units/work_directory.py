"""The directory in which a corpus is counted in units, and the counting of one unit.

plan.json               which files in which units, and how: see `plan`
map/u000123/            the profile of a unit, which names the plan that it belongs to
rows/u000123.json       how many rows a part of a file has, where that takes a look
reduce/2-of-8/          the table of all units over the third of eight parts of the key space
merged/0-1023/u…-u…/    tables of some units, where memory is too small to merge all at once

Each is written under a hidden name and renamed, so that it is there completely or not at all, and
whoever writes it a second time writes the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...backends.options import CountOptions
from ...corpus.load import Progress, read_corpus
from ...corpus.opened import Paths
from ...corpus.provenance.declaration import Declaration
from ...counting.saved_file import Folder
from ...errors import InputError
from ...readers.directory.names import MANIFEST
from ...readers.open import open_file
from ...readers.options import ReadOptions
from ...readers.remote.location import Name, as_location
from ...readers.remote.path import RemotePath
from ..build import profile_corpus
from ..folders import at_once, is_there, on_disk
from ..manifest import Manifest, read_manifest
from .looks import rows_before
from .plan import (
    DEFAULT_UNIT_TOKENS,
    Plan,
    check_options,
    check_same,
    check_sources,
    files_of_corpus,
    new_plan,
    options_of_plan,
    root_of,
    sizes_of,
)


@dataclass(frozen=True, slots=True)
class WorkDirectory:
    """A corpus that is counted in units, with what each process knows of it by itself.

    Attributes
    ----------
    path
        The directory.
    plan
        What its ``plan.json`` says.
    names
        The files of the plan, as they are opened.
    given
        The paths that the corpus was given by.
    reading
        How it is read.
    root
        The directory of the corpus.
    declared
        What is declared of its sources.
    """

    path: Folder
    plan: Plan
    names: Sequence[Name]
    given: Paths
    reading: ReadOptions
    root: Any
    declared: Declaration

    @classmethod
    def open(
        cls,
        path: Folder,
        given: Paths,
        reading: ReadOptions,
        options: Mapping[str, Any],
        unit_tokens: int | None,
        declared: Declaration | None = None,
    ) -> "WorkDirectory":
        """Open a work directory; a new one gets a plan.

        Parameters
        ----------
        options
            The options of counting that decide what a unit holds.
        unit_tokens
            About how many tokens a unit has. Default: as planned, or a billion.
        declared
            What is declared of the sources; nothing by default.

        Raises
        ------
        InputError
            The plan was made for other files or with other options; the message names them.
        """
        _check_apart(path, given)
        declared = declared or Declaration()
        names = files_of_corpus(given, reading).names
        sizes, wanted = sizes_of(names), options_of_plan(reading, declared, options)
        plan = Plan.read(path)
        if plan is None:
            plan = new_plan(names, sizes, wanted, unit_tokens or DEFAULT_UNIT_TOKENS, reading)
            plan.write(path)
        check_options(plan, wanted, unit_tokens, path)
        check_same(plan, names, sizes, path)
        return cls(path, plan, names, given, reading, root_of(given, names, reading), declared)

    @property
    def units(self) -> int:
        """Number of units."""
        return len(self.plan.units)

    def folder(self, unit: int) -> Folder:
        """Return where the profile of a unit is."""
        return self.path / "map" / _name(unit)

    def title(self, unit: int) -> str:
        """Return the name of the profile of a unit, which says what it belongs to."""
        return f"{_name(unit)} of plan {self.plan.digest[:16]}"

    def left(self) -> list[int]:
        """Return the units that have not been counted; InputError if one is of another plan."""
        found = at_once(self.path, self.manifest, range(self.units))
        return [unit for unit, manifest in enumerate(found) if manifest is None]

    @property
    def missing(self) -> int:
        """Number of units of which nothing is there; those that are there are not read."""
        folders = map(self.folder, range(self.units))
        return at_once(self.path, lambda folder: is_there(folder, MANIFEST), folders).count(False)

    def manifest(self, unit: int) -> Manifest | None:
        """Return the manifest of a unit after a check, None if it has not been counted.

        Raises
        ------
        InputError
            What is there is damaged, or not the unit of this plan.
        """
        folder = self.folder(unit)
        if not is_there(folder, MANIFEST):
            return None
        try:
            manifest = read_manifest(folder)
        except InputError as error:
            raise InputError(f"{error}: remove {folder}, and run this again") from error
        if manifest.name != self.title(unit):
            raise InputError(
                f"unit {_name(unit)}: {folder} holds {manifest.name!r}, expected "
                f"{self.title(unit)!r}: remove it and run this again, or give another --work-dir"
            )
        check_sources(self.plan, unit, manifest.sources, str(folder))
        return manifest

    def manifests(self) -> dict[int, Manifest]:
        """Return the manifests of the units that make up the corpus, by their numbers.

        These are all but the parts of a file that come after one which could not be read to its
        end, because a file that is read at once ends there as well.

        Raises
        ------
        InputError
            Some units have not been counted.
        """
        found = at_once(self.path, self.manifest, range(self.units))
        missing = [_name(unit) for unit, manifest in enumerate(found) if manifest is None]
        if missing:
            some = ", ".join(missing[:5]) + (", ..." if len(missing) > 5 else "")
            raise InputError(
                f"{len(missing):,} of the {self.units:,} units are missing in {self.path / 'map'} "
                f"({some}): run this without --reduce and --finish, or with their --task, first"
            )
        there, broken = {}, -1  # the number of the file that broke off
        for number, manifest in enumerate(found):
            unit = self.plan.units[number]
            if manifest is None or (unit.is_part and unit.first == broken):
                continue
            there[number] = manifest
            if unit.is_part and manifest.sources[0].error is not None:
                broken = unit.first
        return there


def count_unit(
    work: WorkDirectory, unit: int, counting: CountOptions, progress: Progress | None = None
) -> None:
    """Count a unit and save its profile, unless that is there.

    Raises
    ------
    InputError
        A file of the unit cannot be read, or is not what was planned.
    """
    if work.manifest(unit) is not None:
        return
    folder = work.folder(unit)
    source: Any = list(work.given)
    reading, places = work.reading, None
    if work.units > 1:  # otherwise the corpus is read as without units, in blocks if it is small
        first, last, places = work.plan.units[unit]
        source = list(work.names[first:last])
        reading = replace(reading, root=work.root, include=(), exclude=(), is_unit=True)
    try:
        if places is not None:
            first_row = rows_before(work.path, work.plan, unit, open_file(source[0], reading))
            reading = replace(reading, places=places, first_row=first_row)
        corpus = read_corpus(
            source,
            reading=reading,
            counting=counting,
            name=work.title(unit),
            share=2,
            declared=work.declared,
        )
    except InputError as error:
        raise InputError(f"unit {_name(unit)}: {error}") from error
    check_sources(work.plan, unit, corpus.sources, _name(unit))
    try:
        with on_disk(folder, MANIFEST) as local:
            profile_corpus(
                corpus,
                counting=counting,
                halves=work.plan.options["halves"],
                sample_tokens=work.plan.options["sample_tokens"],
                sample_ngrams=work.plan.options.get("sample_ngrams"),
                save_to=local,
                progress=progress,
            )
    except InputError:
        if work.manifest(unit) is None:  # else another process was faster
            raise


def _check_apart(path: Folder, given: Paths) -> None:
    """Raise InputError if a work directory lies in the corpus, of which it would be a part."""
    for each in map(as_location, given):
        if isinstance(path, RemotePath):
            is_inside = f"{path}/".startswith(f"{each}".rstrip("/") + "/")
        else:
            is_folder = isinstance(each, Path) and each.is_dir()
            is_inside = is_folder and path.resolve().is_relative_to(Path(str(each)).resolve())
        if is_inside:
            raise InputError(
                f"{path} lies in the corpus {each}, whose files it would be taken for: give a "
                "--work-dir beside it"
            )


def _name(unit: int) -> str:
    return f"u{unit:06d}"
