"""The steps of a run in a directory: files or directories with a number in their names."""

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TypeGuard

from ..errors import InputError
from ..profiles.storage import is_profile
from ..readers.detect import extension_of
from ..readers.directory.names import (
    is_documentation,
    is_metadata,
    is_state,
    is_temporary,
    is_temporary_folder,
)
from ..readers.discover import discover
from ..readers.options import ReadOptions
from ..readers.registry import registry
from ..readers.remote.location import Location

_FOLDERS = ("completions",)  # the folder that TRL writes them to


def steps(run: Path, reading: ReadOptions | None = None) -> list[tuple[int, Path]]:
    """Number and path of each step, in order: the last number in the name of a file or directory.

    Raises
    ------
    InputError
        There are no steps, two have the same number, or some are files and some directories.
    """
    empty: list[Path] = []
    for folder in (run, *(run / name for name in _FOLDERS if (run / name).is_dir())):
        numbered = sorted(
            (number, path)
            for path in folder.iterdir()
            if _may_be_step(path) and (number := _number(path)) is not None
        )
        folders = [each for each in numbered if each[1].is_dir()]
        if folders and not any(_holds_data(path, reading) for _, path in folders):
            # Checkpoints of a model alone, beside the files or the folder with its texts.
            empty += (path for _, path in folders)
            numbered = [each for each in numbered if each not in folders]
        for (number, path), (next_number, next_path) in pairwise(numbered):
            if number == next_number:
                raise InputError(
                    f"{folder} must have one file or directory for each step, got {path.name} and "
                    f"{next_path.name}: give a directory with one of them"
                )
        kinds = {path.is_dir(): path.name for _, path in numbered}
        if len(kinds) == 2:
            raise InputError(
                f"{folder} must have files or directories as steps, got {kinds[False]} and "
                f"{kinds[True]}: give a directory with one of the two kinds"
            )
        if numbered:
            return numbered
    if empty:
        discover([empty[0]], reading=reading)  # says what the directory has instead
    raise InputError(
        f"{run} has no file or directory with the number of a step in its name, such as "
        "completions_00010.parquet, 10.jsonl or step-10/"
    )


def without_number(folder: Path, reading: ReadOptions) -> list[str]:
    """Names of the files and directories that hold data but have no number, such as ``final``."""
    return sorted(
        path.name
        for path in folder.iterdir()
        if _may_be_step(path)
        and _number(path) is None
        and (path.is_file() or _holds_data(path, reading))
    )


def rising_numbers(names: Sequence[str]) -> list[int] | None:
    """Return the numbers of steps from their names, None if these do not rise from name to name."""
    numbers = [number for name in names if (number := _number(Path(name))) is not None]
    is_rising = all(one < other for one, other in pairwise(numbers))
    return numbers if len(numbers) == len(names) and is_rising else None


def _number(path: Path) -> int | None:
    """The last number in a name, None if there is none."""
    numbers = re.findall(r"\d+", path.name.split(".")[0])
    return int(numbers[-1]) if numbers else None


def _may_be_step(path: Path) -> bool:
    name = path.name
    if name.startswith((".", "tmp-")) or is_temporary(name.lower()):
        return False
    if path.is_dir():
        return not is_temporary_folder(name)
    is_known = extension_of(name) in registry().extensions
    return is_known and not (is_documentation(name) or is_metadata(name) or is_state(name))


def _holds_data(folder: Path, reading: ReadOptions | None) -> bool:
    try:
        return len(discover([folder], reading=reading)) > 0
    except InputError:
        return False


def is_folder(path: Location) -> TypeGuard[Path]:
    """Whether a path is a directory, and not a saved profile."""
    return isinstance(path, Path) and path.is_dir() and not is_profile(path)


def numbered_folders(path: Location) -> int:
    """Return how many subdirectories a directory has if their names differ by a number, else 0."""
    if not is_folder(path):
        return 0
    names = [each.name for each in path.iterdir() if each.is_dir() and _may_be_step(each)]
    patterns = {re.sub(r"\d+", "#", name) for name in names}
    is_run = len(names) > 1 and len(patterns) == 1 and "#" in patterns.pop()
    return len(names) if is_run else 0
