"""The readers of a source: all of them, or as many as the first documents take."""

import os
from collections.abc import Iterator, Sequence
from typing import Any

from ..errors import InputError
from ..readers.bad_files import BadFiles
from ..readers.base import Batch, Reader
from ..readers.discover import discover
from ..readers.in_memory.open import open_memory
from ..readers.listing import Files
from ..readers.open import Metadata, open_each, open_files
from ..readers.options import Kind, ReadOptions
from ..readers.remote.location import as_location
from ..readers.remote.path import RemotePath
from .document_keys import DocumentKeys, Stretch
from .encoding import SplitResult
from .file_seeds import FileSeeds

_AT_A_TIME = 64  # files that are opened at a time if only some documents are read

Paths = Sequence[str | os.PathLike[str] | RemotePath]


class Opened:
    """The readers of a source, to be iterated over once.

    Attributes
    ----------
    readers
        Those that have been opened. With ``limit_documents``, the others are opened while the
        iteration goes on.
    bad_files
        The files that could not be opened.
    kind
        Whether the readers give text or ids.
    paths
        The paths of files by their seeds, of those whose keys were asked for.
    """

    name = "in memory"
    """Name of the corpus: that of its first path, never a text of it."""

    seeds: FileSeeds | None = None
    """The seeds of the files; None for data in memory, which has no path."""

    is_part = False
    """Whether this is a part of a corpus, so that the whole has more documents."""

    group_key: str | None = None
    """The field whose documents of one value share a half and a group."""

    def __init__(self, readers: list[Reader], bad_files: BadFiles, files: Files) -> None:
        self.readers, self.bad_files, self._files = readers, bad_files, files
        self.paths: dict[int, tuple[str, ...]] = {}
        self.kind = _kind_of(readers)
        if files.unreadable:
            bad_files.forgiving = True
            bad_files.at_open += files.unreadable
            bad_files.errors |= files.unreadable

    @classmethod
    def in_memory(cls, source: Any, reading: ReadOptions) -> "Opened":
        """Open data in memory."""
        if reading.root is not None:
            raise InputError(
                "--root is the directory of a corpus of files, got data in memory: leave it out"
            )
        opened = cls([open_memory(source, reading)], BadFiles(), Files())
        opened.group_key = reading.group_key
        return opened

    @classmethod
    def of_paths(
        cls,
        paths: Paths,
        reading: ReadOptions,
        tmp: str | os.PathLike[str] | None,
        room: int,
        threads: int,
    ) -> "Opened":
        """Open files; small ones are kept in memory up to `room` bytes, to be opened only once."""
        files = discover(paths, tmp, reading)
        if files.unreadable and not (reading.skip_bad and files.names):
            raise InputError(next(iter(files.unreadable.values())))
        opened: Opened
        if reading.limit_documents is not None:
            opened = _OpenedInTurn(files, reading)
        else:
            readers, bad_files = open_files(files.names, reading, room, files.doubtful, threads)
            opened = cls(readers, bad_files, files)
        opened.name = _name(paths)
        opened.seeds = FileSeeds(paths, files.names, reading.root)
        opened.group_key = reading.group_key
        opened.is_part = reading.root is not None or reading.places is not None
        return opened

    def __iter__(self) -> Iterator[Reader]:
        """Yield the readers in the order of the corpus."""
        yield from self.readers

    def keys(self, results: Sequence[SplitResult]) -> DocumentKeys:
        """Return the keys of the documents of some splits."""
        files = len(self._files.names) + len(self._files.unreadable) - len(self.bad_files.metadata)
        are_part = self.seeds is not None and self.seeds.are_part
        seeds = None if files == 1 and not are_part else self.seeds

        def seed_of(path: str) -> int:
            seed = seeds.of(path) if seeds else 0
            known = self.paths.get(seed, ())
            if path not in known:
                self.paths[seed] = (*known, path)
            return seed

        stretches = (
            Stretch(seed_of(each.reader.path), each.first_row, each.documents, each.rows)
            for each in results
        )
        return DocumentKeys.of(stretches, grouped=self.group_key is not None)

    def finish(self, last: Reader | None) -> None:
        """Forget what was opened behind the `last` reader that was needed; None needed all."""

    def warnings(self) -> list[str]:
        """Return sentences about what of the directories is not read; complete after reading."""
        for name in self.bad_files.metadata:
            self._files.turned_out_metadata(name)
        self.bad_files.metadata.clear()
        return self._files.warnings()


def _name(paths: Paths) -> str:
    first = as_location(paths[0])
    name = first.name or str(first)
    return f"{name} +{len(paths) - 1}" if len(paths) > 1 else name


class _OpenedInTurn(Opened):
    """The same, where files are opened when their turn comes, some at a time.

    What is wrong with a file is said in its turn, and not at all if reading ends before.
    """

    def __init__(self, files: Files, reading: ReadOptions) -> None:
        self._reading = reading
        self._ahead = 0  # how many files have been opened
        self._turns: list[Reader] = []
        self._of_metadata: InputError | None = None
        self.readers, self._files = [], files
        self.bad_files = BadFiles(reading.skip_bad and len(files) > 1)
        while not self.readers and self._ahead < len(files):
            self._open_some()
        if not self.readers:
            raise self._of_metadata or next(
                turn.error for turn in self._turns if isinstance(turn, _Failing)
            )
        super().__init__(self.readers, self.bad_files, files)

    def __iter__(self) -> Iterator[Reader]:
        done = 0
        while done < len(self._turns):
            yield self._turns[done]
            done += 1
            if done == len(self._turns) and self._ahead < len(self._files):
                self._open_some()

    def finish(self, last: Reader | None) -> None:
        if last is not None:
            del self._turns[self._turns.index(last) + 1 :]
        self.readers = [turn for turn in self._turns if not isinstance(turn, _Failing)]
        failed = (turn.path for turn in self._turns if isinstance(turn, _Failing))
        self.bad_files.at_open += (path for path in failed if path in self.bad_files.errors)

    def _open_some(self) -> None:
        names = self._files.names[self._ahead : self._ahead + _AT_A_TIME]
        self._ahead += len(names)
        for name, reader in open_each(names, self._reading, self._files.doubtful):
            if isinstance(reader, Metadata):
                self.bad_files.metadata.append(name)
                self._of_metadata = self._of_metadata or reader.error
            elif isinstance(reader, InputError):
                self._turns.append(_Failing(str(name), reader))
            elif self.readers and reader.kind != self.readers[0].kind:
                self._turns.append(_Failing(str(name), _two_kinds(self.readers[0], reader)))
            else:
                self.readers.append(reader)
                self._turns.append(reader)


class _Failing(Reader):
    """Stands for a file that could not be opened, until its turn comes."""

    format = evidence = ""
    size = 0
    kind: Kind = "text"
    dtype = eot = None

    def __init__(self, path: str, error: InputError) -> None:
        self.path, self.error = path, error

    def batches(self) -> Iterator[Batch]:
        """Raise the error."""
        raise self.error


def _kind_of(readers: Sequence[Reader]) -> Kind:
    """Whether the readers give text or token ids; InputError when they give both."""
    for reader in readers:
        if reader.kind != readers[0].kind:
            raise _two_kinds(readers[0], reader)
    return readers[0].kind if readers else "ids"


def _two_kinds(first: Reader, other: Reader) -> InputError:
    text, ids = (first, other) if first.kind == "text" else (other, first)
    return InputError(
        f"a corpus must be all text or all token ids, got both ({text.path} is text, {ids.path} "
        "has ids): give them as two corpora"
    )
