"""The sources of a corpus: what is measured of each while it is read, and what is declared."""

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from operator import attrgetter
from types import TracebackType

import numpy as np

from ...readers.bad_files import BadFiles
from ...readers.base import Reader
from ...readers.head import digest_of
from ...readers.options import ReadOptions
from ...readers.remote.location import Location, at_once
from ...readers.remote.path import RemotePath
from ..corpus import Source
from ..encoding import EncodedSplits
from .declaration import MATCHES_NONE, Declaration
from .file_digest import FileDigests

_TWICE, _PERHAPS_TWICE = "counted twice: ", "perhaps counted twice: "
_NAMED = 5  # most sources that a warning names, and most of these warnings


class SourceTally:
    """Counts the tokens and documents of each source, and takes the digests of files.

    Parameters
    ----------
    declaration
        What is declared of the corpus; None where nobody asks, and whole files have no digest.
    """

    def __init__(
        self, declaration: Declaration | None, reading: ReadOptions, threads: int | None
    ) -> None:
        asked = None if declaration is None else declaration.digest
        # That of a file in parts is taken with the first of them.
        continues = reading.places is not None and reading.places[0] > 0
        usual = declaration is not None and reading.limit_documents is None
        self._declaration = declaration
        self._of_whole_files = not continues and (asked == "full" or (usual and asked is None))
        self._even_remote = asked == "full"
        self._tokens: defaultdict[Reader, int] = defaultdict(int)
        self._documents: defaultdict[Reader, int] = defaultdict(int)
        self._digests = FileDigests(threads or os.cpu_count() or 1)

    def __enter__(self) -> "SourceTally":
        """Return the tally."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the threads that take digests."""
        self._digests.__exit__(kind, error, trace)

    def add(self, part: EncodedSplits) -> None:
        """Count the documents of some splits."""
        ends = np.cumsum(part.stop - part.start)
        tokens, documents = self._tokens, self._documents
        first = before = 0
        for result in part.results:
            reader, last = result.reader, first + result.documents
            until = int(ends[last - 1]) if last else 0
            documents[reader] += result.documents
            tokens[reader] += until - before
            first, before = last, until
            if self._of_whole_files and not reader.sha256:
                self._begin(reader)

    def sources(self, readers: Sequence[Reader], bad_files: BadFiles) -> tuple[Source, ...]:
        """Return the inputs in order, followed by those that could not be opened."""
        errors = dict(bad_files.errors)
        uncounted = bad_files.uncounted
        declaration = self._declaration or Declaration()
        paths = [reader.path for reader in readers]
        opened = []
        for reader, path, digest, declared in zip(
            readers, paths, _digests(readers), declaration.declared_of(paths), strict=True
        ):
            is_counted = path not in uncounted
            source = Source(
                path=path,
                format=reader.format,
                bytes=reader.size,
                digest=digest,
                error=errors.pop(path, None),
                origin=declared.origin,
                sha256=self._sha256(reader) if self._of_whole_files else None,
                tokens=self._tokens[reader] if is_counted else 0,
                documents=self._documents[reader] if is_counted else 0,
                generator=declared.generator,
                generation=declared.generation,
                license=declared.license,
            )
            opened.append(source)
        failed = (
            Source(path, "", 0, "", error, of.origin, tokens=0, documents=0, license=of.license)
            for (path, error), of in zip(
                errors.items(), declaration.declared_of(errors), strict=True
            )
        )
        return (*opened, *failed)

    def warnings(self, sources: Sequence[Source]) -> list[str]:
        """Return what is doubtful of the sources: what is declared of none, or counted twice."""
        return [] if self._declaration is None else doubts(self._declaration, sources)

    def _begin(self, reader: Reader) -> None:
        """Begin with the digest of a file, if one of all its bytes is to be taken."""
        location = self._to_read(reader)
        if location is not None:
            self._digests.begin(reader.path, location)

    def _sha256(self, reader: Reader) -> str | None:
        if reader.sha256:
            return reader.sha256
        location = self._to_read(reader)
        if location is None:
            return None
        found = self._digests.result(reader.path, location)
        return found if reader.change() is None else None

    def _to_read(self, reader: Reader) -> Location | None:
        """The file that is to be read for a digest of all its bytes, if it is worth that."""
        location = reader.location
        if self._even_remote or not isinstance(location, RemotePath):
            return location
        return None


def _digests(readers: Sequence[Reader]) -> list[str]:
    """The digest of each source, as by `digest_of`; of a file read at once this is its SHA-256."""
    digests = [reader.sha256 for reader in readers]
    locations = [None if digest else r.location for digest, r in zip(digests, readers, strict=True)]
    others = at_once(digest_of, [location for location in locations if location is not None])
    return [
        digest if location is None else next(others)
        for digest, location in zip(digests, locations, strict=True)
    ]


def doubts(declaration: Declaration, sources: Sequence[Source]) -> list[str]:
    """Return what is doubtful of sources: patterns that match none of them, and double counting."""
    return [*declaration.warnings(sources), *counted_twice(sources)]


def without_doubts(warnings: Iterable[str]) -> list[str]:
    """Return warnings without those of `doubts`, which are others for more sources."""
    return [each for each in without_counted_twice(warnings) if not each.startswith(MATCHES_NONE)]


def counted_twice(sources: Iterable[Source]) -> list[str]:
    """Return a sentence for each group of sources that hold the same bytes.

    Sources are the same if the digests of all their bytes are, or, where one is not known, those
    of their size and their ends. Sources without a token do not count.
    """
    filled = [source for source in sources if source.tokens != 0]
    whole = [source for source in filled if source.sha256 is not None]
    found = [
        f"{_TWICE}{_named(alike)} hold the same bytes (SHA-256 {sha256[:8]}...)"
        for sha256, alike in _groups(whole, attrgetter("sha256"))
    ]
    found += [
        f"{_PERHAPS_TWICE}{_named(alike)} have one size and the same ends"
        for digest, alike in _groups(filled, attrgetter("digest"))
        if digest and any(each.sha256 is None for each in alike)
    ]
    found.sort()
    more = len(found) - _NAMED
    return [*found[:_NAMED], f"{_TWICE}{more:,} more groups of sources"] if more > 0 else found


def without_counted_twice(warnings: Iterable[str]) -> list[str]:
    """Return warnings without those of `counted_twice`, which other sources may change."""
    return [each for each in warnings if not each.startswith((_TWICE, _PERHAPS_TWICE))]


def _groups(
    sources: Sequence[Source], digest: Callable[[Source], str]
) -> list[tuple[str, list[Source]]]:
    """Return the digests that several sources share, with these sources."""
    digests = [digest(source) for source in sources]
    if len({*digests}) == len(digests):  # of a hundred thousand files
        return []
    groups: defaultdict[str, list[Source]] = defaultdict(list)
    for key, source in zip(digests, sources, strict=True):
        groups[key].append(source)
    return [(key, alike) for key, alike in groups.items() if len(alike) > 1]


def _named(sources: Sequence[Source]) -> str:
    *others, last = sorted(source.path for source in sources)
    if len(others) >= _NAMED:
        return f"{', '.join(others[:_NAMED])} and {len(sources) - _NAMED:,} more"
    return f"{', '.join(others)} and {last}"
