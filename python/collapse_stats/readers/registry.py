"""All file readers, collected from the modules of `formats/`, with tables to look them up."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib import import_module
from inspect import getattr_static
from pkgutil import iter_modules
from types import ModuleType

from . import formats
from .file_reader import FileReader

ReaderClass = type[FileReader]


class Registry:
    """Reader classes by their `order`, and what their attributes say, for quick look-up.

    Attributes
    ----------
    readers
        The reader classes, in order.
    extensions
        Extension -> the reader that has it.
    magics
        First bytes of files that a reader may recognize by their content.
    companions
        Ending of a file that only describes another -> the ending of that one.
    companion_endings
        The endings of `companions`.
    companion_names
        Names of files that only describe the others in their directory.
    known
        The extensions with their labels, for messages.
    """

    def __init__(self, readers: Iterable[ReaderClass]) -> None:
        self.readers = tuple(sorted(readers, key=lambda reader: (reader.order, reader.format)))
        self.extensions: dict[str, ReaderClass] = {}
        self.companions: dict[str, str] = {}
        self._sharing: dict[str, list[ReaderClass]] = {}
        for reader in self.readers:
            for extension in reader.extensions:
                owner = self.extensions.setdefault(extension, reader)
                if owner is not reader:
                    raise ValueError(
                        f"{extension} must be the extension of one format, got {owner.format} and "
                        f"{reader.format}: use shared_extensions"
                    )
            for extension in reader.extensions + reader.shared_extensions:
                self._sharing.setdefault(extension, []).append(reader)
            self.companions |= dict(reader.companions)
        self.companion_endings = tuple(self.companions)
        self.magics = tuple(magic for reader in self.readers for magic in reader.magics)
        self.companion_names = frozenset(
            name for reader in self.readers for name in reader.companion_names
        )
        self.known = self._known()
        self._foreign = {
            extension: tuple(pair for reader in sharing for pair in reader.foreign)
            for extension, sharing in self._sharing.items()
        }
        default = getattr_static(FileReader, "recognize_named")
        self._named = {
            extension: tuple(
                reader
                for reader in sharing
                if getattr_static(reader, "recognize_named") is not default
            )
            for extension, sharing in self._sharing.items()
        }

    def of_magic(self, head: bytes) -> Iterator[ReaderClass]:
        """Yield the readers one of whose magics a file begins with, in order."""
        return (reader for reader in self.readers if head.startswith(reader.magics))

    def of_named(self, extension: str) -> tuple[ReaderClass, ...]:
        """Return the readers with a `recognize_named` for files of this extension, in order."""
        return self._named.get(extension, ())

    def of_compressed(self, content: bytes) -> ReaderClass | None:
        """Return the reader of a compressed file without an extension, by its unpacked content."""
        start = content.lstrip()
        for reader in self.readers:
            if reader.compressed_start and start.startswith(reader.compressed_start):
                return reader
        return None

    def has_foreign(self, extension: str) -> bool:
        """Return whether some files of this extension are refused by their first bytes."""
        return bool(self._foreign.get(extension))

    def foreign(self, extension: str, head: bytes) -> str | None:
        """Return what a refused file of this extension is by its first bytes, else None."""
        for magic, reason in self._foreign.get(extension, ()):
            if head.startswith(magic):
                return reason
        return None

    def _known(self) -> str:
        """``.a, .b (label); .c``: the extensions, those of one label together."""
        groups: dict[tuple[str, str], list[str]] = {}
        for reader in self.readers:
            label = self._label(reader)
            groups.setdefault((label, "" if label else reader.format), []).extend(reader.extensions)
        return "; ".join(
            ", ".join(extensions) + (f" ({label})" if label else "")
            for (label, _), extensions in groups.items()
            if extensions
        )

    def _label(self, owner: ReaderClass) -> str:
        """The labels of all formats with the extensions of a reader."""
        sharing = {
            reader: None for extension in owner.extensions for reader in self._sharing[extension]
        }
        return ", ".join(reader.label for reader in sharing if reader.label)


def collect(package: ModuleType) -> list[ReaderClass]:
    """Return the reader classes that the modules of a package define, if they set a `format`."""
    modules = [
        import_module(f"{package.__name__}.{module.name}")
        for module in iter_modules(package.__path__)
    ]
    return [
        item
        for module in modules
        for item in vars(module).values()
        if isinstance(item, type)
        and issubclass(item, FileReader)
        and item.__module__ == module.__name__
        and "format" in vars(item)
    ]


@lru_cache(maxsize=1)
def registry() -> Registry:
    """Return the registry of the modules in `formats/`, which are imported by the first call."""
    return Registry(collect(formats))
