"""Notices that documents seem to be pieces of a few sources, though no group key was given."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import islice

import numpy as np

from ..errors import InputError
from ..readers.base import Reader
from ..readers.file_reader import FileReader
from ..readers.open import open_file
from ..readers.options import ReadOptions
from ..readers.remote.location import is_url
from ..readers.splits import splits_of
from ..readers.streams.pipe import Pipe

_FEWEST = 20  # documents that are looked at, for repeated values to mean anything
_SHARE = 0.9  # of different values among the documents; more may be a few copies
_SOURCES = "book page doc document article video session conversation thread episode source".split()
_TASKS = "prompt question problem task".split()
_NAMES = {"url", "episode", "prompt", "question", "problem"}
_NAMES |= {f"{each}_id" for each in (*_SOURCES, *_TASKS, "url")}


def repeated_sources(readers: Sequence[Reader], reading: ReadOptions) -> list[str]:
    """Return a warning if a field that usually names a source has repeated values.

    Only the beginning of the first file is looked at, and only if the file is on this machine.
    """
    reader = next(iter(readers), None)
    if reading.group_key or not isinstance(reader, FileReader) or not reader.has_fields:
        return []
    if is_url(reader.path) or isinstance(reader.location, Pipe):
        return []
    read = reader.reads.names if reader.reads else ()
    for name in reader.names:
        if name.lower() in _NAMES and name not in read:
            values, documents = _values(reader, replace(reading, group_key=name))
            if documents >= _FEWEST and 1 < values < _SHARE * documents:
                return [
                    f"the field {name!r} of {reader.location.name} has {values:,} values in the "
                    f"first {documents:,} documents: if those of one value belong together, as "
                    f"pieces of one source or answers to one prompt, say --group-key {name}"
                ]
    return []


def _values(reader: FileReader, reading: ReadOptions) -> tuple[int, int]:
    """How many values the group key has in the first documents of a file, and how many these are.

    Both are 0 if it holds something else.
    """
    try:
        again = open_file(reader.location, reading)
        rows = next((split.read().rows for split in islice(splits_of(again), 1)), None)
    except InputError:
        return 0, 0
    keys = None if rows is None else rows.keys
    return (0, 0) if keys is None or not keys.all() else (len(np.unique(keys)), len(keys))
