"""Refuses to write a result over what the same command reads."""

import glob
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from ..readers.registry import registry
from ..readers.remote.location import expanded
from ..readers.streams.pipe import STANDARD_INPUT, Pipe

_NOT_READ = ("output", "tmp")  # options whose paths are written to

FileId = tuple[int, int]  # device and number of a file, the same under all of its names


def spare_inputs(output: Path | None, values: Any) -> None:
    """Refuse an output that is one of the files to be read, under whatever name or link.

    Parameters
    ----------
    output
        The file to be written, or None for stdout.
    values
        What the command was given: paths, patterns, options. What is no name of a file is no input.
        A directory stands for all files below it, and a file for those that describe it as well.

    Raises
    ------
    click.UsageError
        The output exists, and is read.
    """
    if output is None:
        return
    names = {output.name, output.resolve().name}
    own = {identity for path in (output, output.resolve()) if (identity := _identity(path))}
    if not own:
        return
    for value in _single(values):
        if any(identity in own for identity in _files_of(value, names)):
            raise click.UsageError(f"-o {output} would replace a file to be read: choose another")


def _single(values: Any) -> Iterator[str | Path]:
    """The paths among the values of options and arguments, and the texts, which may be paths."""
    if isinstance(values, str | Path):
        yield values
    elif isinstance(values, Pipe):
        yield Path(values)
    elif isinstance(values, Mapping):
        yield from _single([value for key, value in values.items() if key not in _NOT_READ])
    elif isinstance(values, list | tuple):
        for value in values:
            yield from _single(value)


def _files_of(value: str | Path, names: set[str]) -> Iterator[FileId]:
    """The files that a value stands for, those at least that may have one of the names."""
    if str(value) == STANDARD_INPUT:
        with suppress(OSError):
            yield _id_of(os.fstat(0))
        return
    with suppress(OSError, ValueError):  # no name of a file
        name = expanded(os.fspath(value))
        is_pattern = not os.path.lexists(name) and glob.has_magic(name)
        for path in glob.glob(name, recursive=True) if is_pattern else [name]:  # noqa: PTH207
            identity = _identity(path)
            if identity is not None:
                yield identity
                yield from _companions(Path(path), names)
            if isinstance(value, Path) and os.path.isdir(path):  # noqa: PTH112 - of many files
                yield from _below(path)


def _below(folder: str) -> Iterator[FileId]:
    """All files below a folder; links are followed, each folder once."""
    seen: set[FileId] = set()
    for inner, folders, files in os.walk(folder, followlinks=True):
        identity = _identity(inner)
        if identity is None or identity in seen:
            folders.clear()
            continue
        seen.add(identity)
        for file in files:
            if identity := _identity(os.path.join(inner, file)):  # noqa: PTH118 - of many files
                yield identity


def _companions(path: Path, names: set[str]) -> Iterator[FileId]:
    """Files beside a file that say how it is read, if they have one of the names."""
    formats = registry()
    for name in names:
        describes = name in formats.companion_names or any(
            name.endswith(ending) and name.removesuffix(ending) + described == path.name
            for ending, described in formats.companions.items()
        )
        if describes and (identity := _identity(path.with_name(name))):
            yield identity


def _identity(path: str | Path) -> FileId | None:
    try:
        return _id_of(os.stat(path))  # noqa: PTH116 - of many files
    except OSError:
        return None


def _id_of(status: os.stat_result) -> FileId:
    return status.st_dev, status.st_ino
