"""Unreadable files of a corpus, which are reported while the others are read."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from ..errors import InputError
from ..system.wording import are
from .directory.reasons import some
from .remote.location import Name, as_location

WITHOUT_DOCUMENT = "files without a document: "  # how a warning about such files begins


@dataclass(slots=True)
class BadFiles:
    """Files that could not be read, or not to their end; complete after every file is read."""

    forgiving: bool = False
    """Whether a bad file is recorded here; if False, its error is raised."""
    errors: dict[str, str] = field(default_factory=dict)
    """Path -> what is wrong with the file, in the order of discovery."""
    dropped: list[tuple[int, int]] = field(default_factory=list)
    """First and last + 1 of the corpus's documents that must not be counted after all."""
    uncounted: set[str] = field(default_factory=set)
    """Paths of the files that these documents come from."""
    at_open: list[Name] = field(default_factory=list)
    """Those of the files that could not even be opened, and so have no reader."""
    empty: list[str] = field(default_factory=list)
    """Files that were read and have no document."""
    metadata: list[Name] = field(default_factory=list)
    """Files that were found in a directory and hold no documents but describe others."""

    def add(self, path: str, error: InputError | OSError, documents: int) -> None:
        """Record a file that failed after so many documents had been read from it."""
        what = str(error) if isinstance(error, InputError) else f"{path}: {error}"
        kept = f" ({are(documents, 'document', ' before it')} counted)" if documents else ""
        self.errors[path] = what + kept

    def drop(self, path: str, error: InputError, first: int, last: int) -> None:
        """Record a file whose documents, `first` up to `last` of the corpus, must not be counted.

        Raises the error if bad files are not accepted.
        """
        if not self.forgiving:
            raise error
        self.errors[path] = f"{error} (none of it is counted)"
        self.dropped.append((first, last))
        self.uncounted.add(path)

    def sort(self, paths: Iterable[str]) -> None:
        """Put the errors of these files, which may come from several threads, into this order."""
        for path in paths:
            if path in self.errors:
                self.errors[path] = self.errors.pop(path)

    def raise_if_all(self, files: int) -> None:
        """Raise InputError if none of the corpus's `files` files could be read."""
        if self.errors and len(self.errors) == files:
            first = next(iter(self.errors.values()))
            more = f" (nor could the {files - 1:,} other files be read)" if files > 1 else ""
            raise InputError(first + more)

    def messages(self) -> list[str]:
        """Return one sentence per file that could not be read, and one about those without data."""
        names = some(as_location(path).name for path in self.empty)
        empty = [f"{WITHOUT_DOCUMENT}{len(self.empty):,} ({names})"] if self.empty else []
        return [*(f"not read: {error}" for error in self.errors.values()), *empty]
