"""Find the format of a file: by its first bytes, by what lies beside it, or by its name."""

from collections.abc import Iterable
from functools import cache, lru_cache
from os.path import basename, splitext
from typing import NamedTuple

from ..errors import InputError
from .file_reader import Candidate, FileReader
from .head import Head
from .registry import registry
from .remote.location import Name
from .stream import COMPRESSIONS, compression_of

# Files that would be counted as tokens, or as text, if their header were overlooked.
_FOREIGN = {
    b"PK\x03\x04": "a zip archive (.npz, .pt and others are): unpack it",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive: unpack it",
    b"Rar!\x1a\x07": "a rar archive: unpack it",
    b"\x04\x22\x4d\x18": "lz4 data: unpack it, or pack it with gzip or zstd",
    b"\x89HDF": "an HDF5 file: write it as .npy or Parquet",
    b"SQLite format 3\0": "an SQLite database: write its texts as JSON lines",
    b"%PDF-": "a PDF document: extract its text",
    b"version https://git-lfs.": "a Git LFS pointer to a file that is not there: git lfs pull",
}
_PICKLES = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")  # ids may well begin like these
_SUSPECT = (*_FOREIGN, *_PICKLES)
_TAR, _TAR_AT = b"ustar", 257


class Detected(NamedTuple):
    """The reader class of a file's format, and the reason for it."""

    reader: type[FileReader]
    evidence: str


def extension_of(name: str) -> str:
    """Return the lower-case extension without a compression's: ``.jsonl`` of ``a.jsonl.gz``."""
    return _extensions(name)[0]


def _extensions(name: str) -> tuple[str, str]:
    """The extension without that of a compression, and the last extension of either kind."""
    stem, last = splitext(name.lower())  # noqa: PTH122 - pathlib is slow for a name alone
    return (splitext(stem)[1] if last in COMPRESSIONS else last), last  # noqa: PTH122


def is_named(path: Name) -> bool:
    """Return whether the extension of a file is that of a format."""
    return _extensions(_name(path))[0] in registry().extensions


def _name(path: Name) -> str:
    return basename(path) if isinstance(path, str) else path.name  # noqa: PTH119 - as above


def detect(path: Name, head: Head, input_format: str | None = None) -> Detected:
    """Return the format of a file by its beginning and its name.

    Without a known extension, a file is of the `input_format`, if that is given.

    Raises
    ------
    InputError
        The content is that of a foreign format or contradicts the name, or nothing is known of the
        file.
    """
    formats, data = registry(), head.data
    usual = None if head.compression else _usual(path)
    if usual and not (data.startswith(_telling()) or data.startswith(_TAR, _TAR_AT)):
        return usual
    extension, last = _extensions(_name(path))
    owner = formats.extensions.get(extension)
    evidence = f"extension {extension}"
    if owner is None and input_format is not None:
        extension, evidence = f".{input_format}", f"--input-format {input_format}"
        owner = formats.extensions[extension]
    _refuse_foreign(path, data, extension, owner)
    named = formats.of_named(extension)
    if named or data.startswith(formats.magics):
        detected = _recognized(Candidate(path, data, extension, owner), named)
        if detected:
            return detected
    if head.compression and not _may_begin_compressed(last):
        content = Candidate(path, head.content, extension, owner)
        return _detect_compressed(content, head.compression, evidence)
    if data.startswith(_TAR, _TAR_AT):
        return Detected(formats.extensions[".tar"], "a tar archive")
    if last in COMPRESSIONS and data:
        raise InputError(
            f"{path}: named {last} but begins with {data[:4]!r}, which is not "
            f"{COMPRESSIONS[last]} data: rename it to what it is, or write it again"
        )
    if owner is None:
        raise InputError(
            f"{path}: cannot tell what this is from {data[:8]!r} or its name. Read are: "
            f"{formats.known}"
        )
    if not owner.required:
        return Detected(owner, evidence)
    if owner.otherwise is None:
        raise InputError(
            f"{path}: named {extension} but begins with {data[:4]!r}, not {owner.required}: it is "
            "damaged or something else"
        )
    evidence = f"named {extension} but has no {owner.required}: a headerless array"
    return Detected(owner.otherwise, evidence)


def _usual(path: Name) -> Detected | None:
    """The format by the extension alone, where only the first bytes can contradict it."""
    if not isinstance(path, str):
        return None
    at = path.rfind(".")
    return _by_extension(path[at:]) if at > 0 and path[at - 1] not in "./\\" else None


@lru_cache(maxsize=256)
def _by_extension(written: str) -> Detected | None:
    """What `_usual` says of an extension, which is remembered for a hundred thousand files."""
    extension = written.lower()
    owner = registry().extensions.get(extension)
    if owner is None or owner.required or registry().of_named(extension):
        return None
    return None if registry().has_foreign(extension) else Detected(owner, f"extension {extension}")


@cache
def _telling() -> tuple[bytes, ...]:
    """First bytes that tell of another format than the extension, or that a file is refused."""
    return (*_SUSPECT, *registry().magics)


def _recognized(file: Candidate, named: Iterable[type[FileReader]]) -> Detected | None:
    """The format by content, else by what lies beside a file named like one of `named`."""
    for reader in registry().of_magic(file.head):
        evidence = reader.recognize_content(file)
        if evidence:
            return Detected(reader, evidence)
    for reader in named:
        evidence = reader.recognize_named(file)
        if evidence:
            return Detected(reader, evidence)
    return None


def _refuse_foreign(
    path: Name, head: bytes, extension: str, owner: type[FileReader] | None
) -> None:
    if head.startswith(_SUSPECT):
        what = next((what for magic, what in _FOREIGN.items() if head.startswith(magic)), None)
        if what:
            raise InputError(f"{path} is {what}")
        if not (owner and owner.begins_freely):
            raise InputError(
                f"{path} is a Python pickle, which is never read: loading one runs code"
            )
    reason = registry().foreign(extension, head)
    if reason:
        raise InputError(f"{path} is {reason}")


def _may_begin_compressed(last: str) -> bool:
    """Whether an uncompressed file of this last extension may begin like compressed data."""
    owner = registry().extensions.get(last)
    return owner is not None and owner.begins_freely and not owner.compressible


def _detect_compressed(file: Candidate, compression: str, evidence: str) -> Detected:
    """The format of a compressed file, given the beginning of its content."""
    path, content, _, owner = file
    formats = registry()
    data = f"{compression} data"
    if content.startswith(_TAR, _TAR_AT):
        return Detected(formats.extensions[".tar"], f"{data} of a tar archive")
    if owner is not None and owner.compressible and owner.begins_freely:
        return Detected(owner, f"{data}, {evidence}")
    what = compression_of(content) or next(
        (inner.format for inner in formats.of_magic(content) if inner.recognize_content(file)), None
    )
    if what:
        raise InputError(f"{path} is {data}, in which there is {what} data: unpack it once")
    _refuse_foreign(path, content, file.extension, owner)
    if owner is not None and owner.compressible:
        return Detected(owner, f"{data}, {evidence}")
    reader = formats.of_compressed(content) if owner is None else None
    if reader:
        return Detected(reader, f"{data} that begins with {reader.compressed_start.decode()}")
    raise InputError(
        f"{path} is {data} and its name does not say that it holds text, JSON lines, CSV or a tar "
        "archive, the formats read compressed: unpack it, or, if it is one of these, say so "
        "before the ending, as in a.jsonl.gz"
    )
