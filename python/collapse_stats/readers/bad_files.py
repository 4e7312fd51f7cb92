"""One bad file among many: said, and the rest read."""

from dataclasses import dataclass, field

from ..errors import InputError
from .remote.location import Name


@dataclass(slots=True)
class BadFiles:
    """Files that could not be read, or not to their end; complete when every pass is."""

    forgiving: bool = False
    """Whether a bad file is noted here; else its error is raised."""
    errors: dict[str, str] = field(default_factory=dict)
    """Path: what is wrong with it, in the order of discovery."""
    at_open: list[Name] = field(default_factory=list)
    """Those of them that have no reader."""

    def add(self, path: str, error: InputError | OSError, documents: int) -> None:
        """Note a file that turned out to be bad behind so many documents."""
        what = str(error) if isinstance(error, InputError) else f"{path}: {error}"
        kept = f" ({documents:,} documents before it are counted)" if documents else ""
        self.errors[path] = what + kept

    def raise_if_all(self, files: int) -> None:
        """InputError when not one of so many files could be read."""
        if self.errors and len(self.errors) == files:
            first = next(iter(self.errors.values()))
            more = f" (nor could the {files - 1:,} other files be read)" if files > 1 else ""
            raise InputError(first + more)

    def messages(self) -> list[str]:
        """One sentence per file."""
        return [f"not read: {error}" for error in self.errors.values()]
