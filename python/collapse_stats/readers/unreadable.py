"""One bad file among many: said, and the rest read."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from ..errors import InputError
from .batch import Batch, Kind, Reader
from .remote import Location


@dataclass(slots=True)
class Unreadable:
    """Files that could not be read, or not to their end; complete when every pass is."""

    errors: dict[str, str] = field(default_factory=dict)
    """Path: what is wrong with it, in the order of discovery."""
    at_open: list[Location] = field(default_factory=list)
    """Those of them that have no reader."""

    def raise_if_all(self, files: int) -> None:
        """InputError when not one of so many files could be read."""
        if self.errors and len(self.errors) == files:
            first = next(iter(self.errors.values()))
            more = f" (nor could the {files - 1:,} other files be read)" if files > 1 else ""
            raise InputError(first + more)

    def messages(self) -> list[str]:
        """One sentence per file."""
        return [f"not read: {error}" for error in self.errors.values()]


class LenientReader:
    """A reader that ends where its file turns out to be bad, and says so in `unreadable`."""

    def __init__(self, reader: Reader, unreadable: Unreadable) -> None:
        self._reader = reader
        self._unreadable = unreadable
        self.path, self.format, self.evidence = reader.path, reader.format, reader.evidence
        self.size, self.dtype, self.eot = reader.size, reader.dtype, reader.eot
        self.kind: Kind = reader.kind

    @property
    def warnings(self) -> list[str]:
        """Those of the file."""
        return self._reader.warnings

    def batches(self) -> Iterator[Batch]:
        """Documents up to where the file is bad."""
        documents = 0
        try:
            for batch in self._reader.batches():
                yield batch
                documents += batch.documents
        except (InputError, OSError) as error:
            what = str(error) if isinstance(error, InputError) else f"{self.path}: {error}"
            kept = f" ({documents:,} documents before it are counted)" if documents else ""
            self._unreadable.errors[self.path] = what + kept
