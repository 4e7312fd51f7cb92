"""Find the format of a file: by its first bytes, by what lies beside it, or by its name."""

from collections.abc import Iterable
from os.path import basename, splitext
from typing import NamedTuple

from ..errors import InputError
from .file_reader import Candidate, FileReader
from .registry import registry
from .remote.location import Name, as_location
from .remote.path import RemotePath
from .stream import COMPRESSIONS, compression_of, read_blocks

# Files that would be counted as tokens, or as text, if their header were overlooked.
_FOREIGN = {
    b"PK\x03\x04": "a zip archive (.npz, .pt and others are): unpack it",
    b"BZh91AY&SY": "bzip2 data: unpack it, or pack it with gzip or zstd",
    b"\xfd7zXZ\0": "xz data: unpack it, or pack it with gzip or zstd",
    b"\x89HDF": "an HDF5 file: write it as .npy or Parquet",
}
_PICKLES = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")  # ids may well begin like these
_SUSPECT = (*_FOREIGN, *_PICKLES)


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


def detect(path: Name, head: bytes) -> Detected:
    """Return the format of a file that begins with `head`, 512 bytes or more if it has them.

    Raises
    ------
    InputError
        The content is that of a foreign format or contradicts the name, or nothing is known of the
        file.
    """
    formats = registry()
    name = path.name if isinstance(path, RemotePath) else basename(path)  # noqa: PTH119 - as above
    extension, last = _extensions(name)
    owner = formats.extensions.get(extension)
    _refuse_foreign(path, head, extension, owner)
    named = formats.of_named(extension)
    if named or head.startswith(formats.magics):
        detected = _recognized(Candidate(path, head, extension, owner), named)
        if detected:
            return detected
    compression = compression_of(head)
    if compression and not _may_begin_compressed(last):
        return _detect_compressed(Candidate(path, head, extension, owner), compression)
    if last in COMPRESSIONS and head:
        raise InputError(
            f"{path}: named {last} but begins with {head[:4]!r}, which is not "
            f"{COMPRESSIONS[last]} data: rename it to what it is, or write it again"
        )
    if owner is None:
        raise InputError(
            f"{path}: cannot tell what this is from {head[:8]!r} or its name. Read are: "
            f"{formats.known}"
        )
    if not owner.required:
        return Detected(owner, f"extension {extension}")
    if owner.otherwise is None:
        raise InputError(
            f"{path}: named {extension} but begins with {head[:4]!r}, not {owner.required}: it is "
            "damaged or something else"
        )
    evidence = f"named {extension} but has no {owner.required}: a headerless array"
    return Detected(owner.otherwise, evidence)


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
    if head[257:262] == b"ustar":
        raise InputError(f"{path} is a tar archive (WebDataset): unpack it")
    reason = registry().foreign(extension, head)
    if reason:
        raise InputError(f"{path} is {reason}")


def _may_begin_compressed(last: str) -> bool:
    """Whether an uncompressed file of this last extension may begin like compressed data."""
    owner = registry().extensions.get(last)
    return owner is not None and owner.begins_freely and not owner.compressible


def _detect_compressed(file: Candidate, compression: str) -> Detected:
    path, owner = file.path, file.owner
    if owner is None:
        blocks = read_blocks(as_location(path), 64)
        content = next((block for block, _ in blocks if block.strip()), b"")
        reader = registry().of_compressed(content)
        if reader:
            start = reader.compressed_start.decode()
            return Detected(reader, f"{compression} data that begins with {start}")
    elif owner.compressible:
        return Detected(owner, f"{compression} data, extension {file.extension}")
    raise InputError(
        f"{path} is {compression} data and not of text or JSON lines, the formats read compressed: "
        "unpack it, or name it .txt or .jsonl before its ending"
    )
