"""`cs.profile` with a work directory: plan, count what is left, finish."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from ...backends.options import CountOptions
from ...corpus.load import Progress
from ...corpus.opened import Paths
from ...corpus.provenance.declaration import Declaration
from ...corpus.source import paths_of
from ...errors import CollapseStatsError, InputError
from ...readers.directory.names import MANIFEST
from ...readers.options import ReadOptions
from ...readers.remote.location import as_location
from ..folders import as_folder, is_there
from ..profile import Profile
from ..storage import read
from .finish import finish
from .ray_engine import count_on_ray
from .work_directory import WorkDirectory, count_unit

Engine = Literal["local", "ray"]
ENGINES = ("local", "ray")
_PROFILE = "profile"  # in the work directory


def planned_options(
    counting: CountOptions, halves: bool, sample_tokens: int, sample_ngrams: int | None = None
) -> Mapping[str, Any]:
    """Return the options of counting that decide what a unit holds."""
    return {
        "max_order": counting.max_order,
        "halves": halves,
        "sample_tokens": sample_tokens,
        "sample_ngrams": sample_ngrams,
    }


def profile_in_units(
    source: object,
    work_dir: str | os.PathLike[str],
    *,
    reading: ReadOptions,
    counting: CountOptions,
    name: str | None,
    halves: bool,
    table: bool,
    sample_tokens: int,
    sample_ngrams: int | None,
    declared: Declaration,
    unit_tokens: int | None,
    engine: str,
    progress: Progress | None,
) -> Profile:
    """Count what is left of a corpus in units; return its profile, saved in the work directory.

    Raises
    ------
    InputError
        The source is no files, or the work directory is that of another corpus or other options.
    """
    if engine not in ENGINES:
        raise ValueError(f"engine must be one of {', '.join(ENGINES)}, got {engine!r}")
    paths = paths_of(source)
    if paths is None:
        raise InputError("work_dir is for a corpus of files, got data in memory: leave it out")
    path = as_folder(as_location(work_dir))
    options = planned_options(counting, halves, sample_tokens, sample_ngrams)
    work = WorkDirectory.open(path, paths, reading, options, unit_tokens, declared)
    save_to = path / _PROFILE
    if not is_there(save_to, MANIFEST):
        left = work.left()
        if engine == "ray":
            count_on_ray(work, left, counting, progress)
        else:
            count_here(work, left, counting, progress)
        backend, memory = counting.selected_backend, counting.memory_bytes
        finish(work, name or _name_of(paths), table, backend, memory, save_to)
    profile = read(save_to, Profile)
    if table and sample_ngrams is None and profile.table is None:
        raise CollapseStatsError(
            f"{save_to} was written without its table: remove it, and call this again"
        )
    return replace(profile, name=name or profile.name, backend=counting.selected_backend)


def count_here(
    work: WorkDirectory, units: Sequence[int], counting: CountOptions, progress: Progress | None
) -> None:
    """Count units one after the other in this process, which may use all of its threads."""
    for done, unit in enumerate(units, 1):
        count_unit(work, unit, counting)
        if progress:
            progress("counting", done, len(units))


def _name_of(paths: Paths) -> str:
    """The name that a corpus has without one given: that of its first path."""
    first = as_location(paths[0])
    name = first.name or str(first)
    return f"{name} +{len(paths) - 1}" if len(paths) > 1 else name
