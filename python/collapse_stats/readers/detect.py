"""What a file is: by its first bytes, then by what lies beside it, then by its name."""

from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError
from . import npy
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
}
COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
KNOWN = ".parquet; .jsonl, .ndjson, .json, .txt, .text, .md (also with .gz or .zst); .npy; .bin"

_PARQUET_MAGIC = b"PAR1"
_LATER = "which is not read yet"
# Files with a header that would be counted as tokens, or as text, if it were overlooked.
_FOREIGN = (
    (b"MMIDIDX\0", f"a Megatron index, {_LATER}"),
    (b"TNTIDX\0", f"an old fairseq/Megatron index, {_LATER}"),
    (b"ARROW1", f"an Arrow file, {_LATER}: write it as Parquet"),
    (b"PK\x03\x04", "a zip archive (.npz, .pt and others are): unpack it"),
    (b"BZh91AY&SY", "bzip2 data: unpack it, or pack it with gzip or zstd"),
    (b"\xfd7zXZ\0", "xz data: unpack it, or pack it with gzip or zstd"),
    (b"\x89HDF", "an HDF5 file: write it as .npy or Parquet"),
)
_PICKLE = "a Python pickle, which is never read: loading one runs code"
_FOREIGN_UNLESS_IDS = (  # ids may well begin like these
    (b"\xff\xff\xff\xff", f"an Arrow stream (Hugging Face save_to_disk), {_LATER}"),
    (b"\x80\x02", _PICKLE),
    (b"\x80\x04", _PICKLE),
    (b"\x80\x05", _PICKLE),
)
_LLMC = {
    20240520: f"an llm.c shard of 16-bit ids, {_LATER}",
    20240801: f"an llm.c shard of 32-bit ids, {_LATER}",
    20240522: "an llm.c evaluation file, not a corpus",
    20240326: "an llm.c model, not a corpus",
    20240327: "an llm.c optimizer state, not a corpus",
    20240328: "an llm.c tokenizer, not a corpus",
    20240527: "an llm.c model state, not a corpus",
    20240803: "an llm.c model, not a corpus",
}
_SIDECARS = (  # beside NAME.ext
    (".bin", ".idx", "the .idx file beside it says that it is Megatron"),
    (".npy", ".csv.gz", "the .csv.gz file beside it says that it is a headerless OLMo/Dolma array"),
)


@dataclass(frozen=True, slots=True)
class Detected:
    """A format's name and the reason for it."""

    format: str
    evidence: str


def extension_of(path: Path) -> str:
    """Lower-case extension without that of a compression: ``.jsonl`` of ``a.jsonl.gz``."""
    suffix = path.suffix.lower()
    return Path(path.stem).suffix.lower() if suffix in COMPRESSIONS else suffix


def detect(path: Path) -> Detected:
    """Format of a file.

    Raises InputError for one of another format, one whose content belies its name, and one that
    nothing is known of.
    """
    with path.open("rb") as file:
        head = file.read(16)
    extension = extension_of(path)
    _refuse_foreign(path, head, extension)
    if head.startswith(_PARQUET_MAGIC):
        return Detected("parquet", "begins with PAR1")
    if head.startswith(npy.MAGIC):
        return Detected("npy", "begins with \\x93NUMPY")
    compression = compression_of(head)
    if compression:
        return _detect_compressed(path, extension, compression)
    if path.suffix.lower() in COMPRESSIONS and head:
        raise InputError(
            f"{path}: named {path.suffix} but begins with {head[:4]!r}, which is not "
            f"{COMPRESSIONS[path.suffix.lower()]} data: rename it to what it is, or write it again"
        )
    known = EXTENSIONS.get(extension)
    if known == "parquet":
        raise InputError(
            f"{path}: named .parquet but begins with {head[:4]!r}, not PAR1: it is damaged or "
            "something else"
        )
    if known == "npy":
        return Detected("flat", "named .npy but has no NumPy header: a headerless array")
    if known:
        return Detected(known, f"extension {extension}")
    raise InputError(
        f"{path}: cannot tell what this is from {head[:8]!r} or its name. Read are: {KNOWN}"
    )


def _refuse_foreign(path: Path, head: bytes, extension: str) -> None:
    headerless = EXTENSIONS.get(extension) in ("flat", "npy")
    for magic, what in _FOREIGN if headerless else _FOREIGN + _FOREIGN_UNLESS_IDS:
        if head.startswith(magic):
            raise InputError(f"{path} is {what}")
    if head[:2] in (b"\xff\xfe", b"\xfe\xff") and EXTENSIONS.get(extension) in ("text", "jsonl"):
        raise InputError(f"{path} is UTF-16 text (byte-order mark): convert it to UTF-8")
    if extension == ".bin" and int.from_bytes(head[:4], "little") in _LLMC:
        raise InputError(f"{path} is {_LLMC[int.from_bytes(head[:4], 'little')]}")
    for ending, beside, what in _SIDECARS:
        if extension == ending and not head.startswith(npy.MAGIC):
            sidecar = path.with_name(path.name.removesuffix(path.suffix) + beside)
            if sidecar.exists():
                raise InputError(f"{path}: {what}, {_LATER}")


def _detect_compressed(path: Path, extension: str, compression: str) -> Detected:
    known = EXTENSIONS.get(extension)
    if known in ("jsonl", "text"):
        return Detected(known, f"{compression} data, extension {extension}")
    if known is None:
        content = next((block for block, _ in read_blocks(path, 64) if block.strip()), b"")
        if content.lstrip().startswith(b"{"):
            return Detected("jsonl", f"{compression} data that begins with {{")
    raise InputError(
        f"{path} is {compression} data and not of text or JSON lines, the formats read compressed: "
        "unpack it, or name it .txt or .jsonl before its ending"
    )
