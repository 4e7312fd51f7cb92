"""What a file is: by its first bytes, then by what lies beside it, then by its name."""

from os.path import basename, splitext
from typing import NamedTuple

from ..errors import InputError
from .formats import arrow as ipc
from .formats import datatrove, litdata, llmc, megatron, npy, olmo
from .remote.location import Location, Name, as_location
from .remote.path import RemotePath
from .stream import compression_of, read_blocks

EXTENSIONS = {
    ".parquet": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".txt": "text",
    ".text": "text",
    ".md": "text",
    ".npy": "npy",
    ".bin": "flat",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".ds": "datatrove",
    ".mds": "mds",
}
COMPRESSIONS = {".gz": "gzip", ".zst": "zstd", ".zstd": "zstd"}
KNOWN = (
    ".parquet; .jsonl, .ndjson, .json, .txt, .text, .md (also with .gz or .zst); .npy; .bin "
    "(alone, with .idx, of llm.c, of LitData); .arrow, .feather; .ds; .mds"
)

_PARQUET_MAGIC = b"PAR1"
_BY_NEIGHBOUR = (".bin", ".npy", ".ds", ".mds")
# Files with a header that would be counted as tokens, or as text, if it were overlooked.
_FOREIGN = {
    b"PK\x03\x04": "a zip archive (.npz, .pt and others are): unpack it",
    b"BZh91AY&SY": "bzip2 data: unpack it, or pack it with gzip or zstd",
    b"\xfd7zXZ\0": "xz data: unpack it, or pack it with gzip or zstd",
    b"\x89HDF": "an HDF5 file: write it as .npy or Parquet",
}
_PICKLES = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")  # ids may well begin like these
_PICKLE = "a Python pickle, which is never read: loading one runs code"
_TAR = "a tar archive (WebDataset): unpack it"


class Detected(NamedTuple):
    """A format's name and the reason for it."""

    format: str
    evidence: str


def extension_of(name: str) -> str:
    """Lower-case extension without that of a compression: ``.jsonl`` of ``a.jsonl.gz``."""
    return _extensions(name)[0]


def _extensions(name: str) -> tuple[str, str]:
    """That, and the last extension, of a compression or not."""
    stem, last = splitext(name.lower())  # noqa: PTH122 - of a name: pathlib is slow
    return (splitext(stem)[1] if last in COMPRESSIONS else last), last  # noqa: PTH122


def detect(path: Name, head: bytes) -> Detected:
    """Format of a file that begins with `head`, 512 bytes or more if it has them.

    Raises InputError for one of another format, one whose content belies its name, and one that
    nothing is known of.
    """
    name = path.name if isinstance(path, RemotePath) else basename(path)  # noqa: PTH119 - as above
    extension, last = _extensions(name)
    known = EXTENSIONS.get(extension)
    _refuse_foreign(path, head, known)
    found = _by_content(path, head, known)
    if not found and extension in _BY_NEIGHBOUR:
        found = _by_neighbour(as_location(path), head, extension)
    if found:
        return found
    compression = compression_of(head)
    if compression and last not in (".bin", ".npy", ".ds"):
        return _detect_compressed(path, extension, compression)
    if last in COMPRESSIONS and head:
        raise InputError(
            f"{path}: named {last} but begins with {head[:4]!r}, which is not "
            f"{COMPRESSIONS[last]} data: rename it to what it is, or write it again"
        )
    if known in ("parquet", "arrow"):
        expected = "PAR1" if known == "parquet" else "ARROW1 or a stream's FF FF FF FF"
        raise InputError(
            f"{path}: named {extension} but begins with {head[:4]!r}, not {expected}: it is "
            "damaged or something else"
        )
    if known in ("npy", "datatrove"):
        what = "NumPy header" if known == "npy" else ".index beside it"
        return Detected("flat", f"named {extension} but has no {what}: a headerless array")
    if known:
        return Detected(known, f"extension {extension}")
    raise InputError(
        f"{path}: cannot tell what this is from {head[:8]!r} or its name. Read are: {KNOWN}"
    )


def _by_content(path: Name, head: bytes, known: str | None) -> Detected | None:
    if head.startswith(_PARQUET_MAGIC):
        return Detected("parquet", "begins with PAR1")
    if head.startswith(npy.MAGIC):
        return Detected("npy", "begins with \\x93NUMPY")
    if head.startswith(ipc.FILE_MAGIC) and known not in ("flat", "npy"):
        return Detected("arrow", "an Arrow file: begins with ARROW1")
    if head.startswith(ipc.STREAM_MAGIC) and known not in ("flat", "npy", "datatrove", "mds"):
        beside = (
            ", state.json beside it" if as_location(path).with_name("state.json").exists() else ""
        )
        return Detected("arrow", f"an Arrow stream: begins with FF FF FF FF{beside}")
    if head.startswith((megatron.MAGIC, megatron.OLD_MAGIC)):
        return Detected("megatron", f"begins with {head[:7].decode()}".removesuffix("\0"))
    magic = llmc.magic_of(head)
    if magic in llmc.SHARDS and known in ("flat", None):
        version = int.from_bytes(head[4:8], "little")
        return Detected("llm.c", f"begins with magic {magic}, version {version}")
    return None


def _by_neighbour(path: Location, head: bytes, extension: str) -> Detected | None:
    if extension == ".bin":
        index = path.with_name(f"{path.stem}.idx")
        if index.exists():
            return Detected("megatron", f"{index.name} beside it")
        if litdata.index_of(path) is not None:
            return Detected("litdata", "a chunk of the index.json beside it")
    if extension == ".npy" and olmo.sidecar_of(path).exists():
        return Detected("olmo", f"no NumPy header, {olmo.sidecar_of(path).name} beside it")
    if extension == ".ds" and datatrove.index_of(path).exists():
        return Detected("datatrove", f"{datatrove.index_of(path).name} beside it")
    if extension == ".mds" and not compression_of(head):
        return Detected("mds", "extension .mds")
    return None


def _refuse_foreign(path: Name, head: bytes, known: str | None) -> None:
    if head.startswith(tuple(_FOREIGN)):
        what = next(what for magic, what in _FOREIGN.items() if head.startswith(magic))
        raise InputError(f"{path} is {what}")
    if head.startswith(_PICKLES) and known not in ("flat", "npy", "datatrove", "mds"):
        raise InputError(f"{path} is {_PICKLE}")
    if head[257:262] == b"ustar":
        raise InputError(f"{path} is {_TAR}")
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") and known in ("text", "jsonl"):
        raise InputError(f"{path} is UTF-16 text (byte-order mark): convert it to UTF-8")
    if known == "flat" and llmc.magic_of(head) in llmc.OTHERS:
        raise InputError(f"{path} is {llmc.OTHERS[llmc.magic_of(head)]}")


def _detect_compressed(path: Name, extension: str, compression: str) -> Detected:
    known = EXTENSIONS.get(extension)
    if known == "mds":
        return Detected("mds", f"{compression} data, extension .mds")
    if known in ("jsonl", "text"):
        return Detected(known, f"{compression} data, extension {extension}")
    if known is None:
        content = next(
            (block for block, _ in read_blocks(as_location(path), 64) if block.strip()), b""
        )
        if content.lstrip().startswith(b"{"):
            return Detected("jsonl", f"{compression} data that begins with {{")
    raise InputError(
        f"{path} is {compression} data and not of text or JSON lines, the formats read compressed: "
        "unpack it, or name it .txt or .jsonl before its ending"
    )
