"""The libraries that encode text, and which of them are installed."""

from dataclasses import dataclass
from importlib import metadata

_USES = {
    "gigatoken": "builtin, .tiktoken and byte-level tokenizer.json",
    "tiktoken": "vocabularies that gigatoken lacks",
    "tokenizers": "other tokenizer.json",
}
_EXTRAS = {"tokenizers": "'collapse-stats[tokenizers]'"}


@dataclass(frozen=True, slots=True)
class LibraryInfo:
    """A library that encodes text, whether it is installed, and what it is used for."""

    name: str
    usable: bool
    detail: str


def libraries() -> tuple[LibraryInfo, ...]:
    """Return all libraries that encode text, the preferred one first."""
    return tuple(_info(name, use) for name, use in _USES.items())


def _info(name: str, use: str) -> LibraryInfo:
    try:
        return LibraryInfo(name, True, f"{metadata.version(name)}: {use}")
    except metadata.PackageNotFoundError:
        return LibraryInfo(name, False, f"{use}: pip install {_EXTRAS.get(name, name)}")
