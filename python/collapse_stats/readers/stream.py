"""Read the bytes of a file, decompressed if it is compressed, as a whole or by lines."""

from collections.abc import Iterator
from io import BytesIO
from itertools import accumulate
from typing import Any

from ..errors import InputError
from .remote.location import Location
from .repairs import Repairs
from .streams.members import XZ_DICTIONARY, CutShortError, Members, TooLargeError
from .streams.zstd_frames import MAGIC, SKIPPABLE, ZstdFrames

COMPRESSIONS = {  # by the last extension
    ".gz": "gzip",
    ".zst": "zstd",
    ".zstd": "zstd",
    ".bz2": "bzip2",
    ".xz": "xz",
}
UTF8_BOM = b"\xef\xbb\xbf"
_BY_MAGIC = {b"\x1f\x8b\x08": "gzip", b"BZh": "bzip2", b"\xfd7z": "xz"} | {
    magic[:3]: "zstd" for magic in (MAGIC, *SKIPPABLE)
}
_UNPACKED = 1 << 17  # bytes unpacked at a time; with more, fewer are given before a damaged place
_MAGIC_BYTES = 10  # most bytes that are looked at
_BZIP2_STARTS = b"1AY&SY", b"\x17rE8P\x90"  # of the first block, or of the end if there is none
NOT_UTF8 = "stretches that are not UTF-8 replaced by U+FFFD"
_LOOK, _COUNTED = 1 << 16, 8 << 20  # bytes read at a time to find a line, and to count lines
_DOCUMENT = "a text that is one document", "say --doc-per-line"


class TooLongError(InputError):
    """A line, a row or a text is longer than the memory allows for."""


def compression_of(head: bytes) -> str | None:
    """Return ``gzip``, ``zstd``, ``bzip2``, ``xz`` or None, by a file's first ten bytes."""
    compression = _BY_MAGIC.get(head[:3])
    if compression == "zstd":
        return compression if head.startswith((MAGIC, *SKIPPABLE)) else None
    if compression == "bzip2":
        start = head[4:_MAGIC_BYTES]
        known = any(known.startswith(start) for known in _BZIP2_STARTS)
        return compression if known and head[3:4] in b"123456789" else None
    if compression == "xz":
        return compression if b"\xfd7zXZ\0".startswith(head[:6]) else None
    return compression


def read_blocks(
    path: Location, size: int, lines: tuple[int, int] | None = None
) -> Iterator[tuple[bytes, int]]:
    """Yield decompressed blocks of at most `size` bytes, each with the bytes it takes in the file.

    A UTF-8 byte-order mark at the beginning of the file is left out. Of `lines`, which a file that
    is not compressed may have, only those that begin there are read.

    Raises
    ------
    InputError
        Compressed data is cut short or damaged; what could be read has been yielded before.
    """
    with path.open("rb") as file:
        compression = compression_of(file.read(_MAGIC_BYTES))
        file.seek(0)
        source: Any = file
        if compression:
            source, size = decompressed(file, compression), min(size, _UNPACKED)
        out = before = 0
        end = None
        if lines is not None:
            out = before = line_begin(file, lines[0])
            end = line_begin(file, lines[1])
            file.seek(out)
        while True:
            try:
                block = source.read(size if end is None else min(size, end - out))
            except OSError as error:
                raise InputError(_damage(path, compression, error, out, file.tell())) from error
            if not block:
                return
            now = file.tell()
            yield (block.removeprefix(UTF8_BOM) if not out else block), now - before
            out, before = out + len(block), now


def read_plain(path: Location, size: int, longest: int) -> bytes:
    """Return the content of an uncompressed file of about `size` bytes, as `unpacked` does."""
    check_length(path, size, longest, 0, *_DOCUMENT)
    with path.open("rb") as file:
        try:
            return file.read().removeprefix(UTF8_BOM)
        except OSError as error:
            raise InputError(_damage(path, None, error, 0, 0)) from error


def unpacked_head(
    data: bytes, compression: str, enough: int | None, most: int
) -> tuple[bytes, bool]:
    """Return the beginning of some content, given compressed data, and whether it is all of it.

    It ends behind `enough` bytes with a line. It has about `most` bytes at most, and fewer when the
    data is damaged or cut short, which is said by whoever reads the file.
    """
    source = decompressed(BytesIO(data), compression)
    content = b""
    step = enough or 1 << 16
    try:
        while block := source.read(step):
            content += block
            step = max(step, len(content))  # each step copies what is left of the data
            if len(content) > most or (enough and len(content) >= enough and b"\n" in content):
                return content.removeprefix(UTF8_BOM), False
    except OSError:
        return content.removeprefix(UTF8_BOM), False
    return content.removeprefix(UTF8_BOM), True


def unpacked(path: Location, size: int, longest: int) -> bytes:
    """Return all that `read_blocks` yields; InputError when it has more than `longest` bytes."""
    parts: list[bytes] = []
    held = 0
    for block, _ in read_blocks(path, size):
        parts.append(block)
        held += len(block)
        check_length(path, held, longest, 0, *_DOCUMENT)
    return b"".join(parts)


def line_begin(file: Any, place: int) -> int:
    """Return where the first line begins of those that begin at a place or behind it.

    Input: `file`, open for reading bytes. Where there is no such line, this is the file's end.
    """
    if not place:
        return 0
    at = file.seek(place - 1)
    while block := file.read(_LOOK):
        found = block.find(b"\n")
        if found >= 0:
            return int(at + found + 1)
        at += len(block)
    return int(at)


def lines_between(path: Location, first: int, last: int) -> int:
    """Return how many lines of a file begin at a place with ``first <= place < last``."""
    number, end = 0, b"\n"
    for block, _ in read_blocks(path, _COUNTED, (first, last)):
        number += block.count(b"\n")
        end = block[-1:]
    return number + (end != b"\n")  # the last line of a file may have no end


def line_blocks(
    path: Location, size: int, longest: int, lines: tuple[int, int] | None = None
) -> Iterator[tuple[bytes, int]]:
    r"""Yield blocks of whole lines, about `size` bytes each, with the bytes they take in the file.

    A block is longer when one line is. Each but the last ends in ``\n``. Of `lines`, only those
    that begin there are read. Raises InputError when a line has more than `longest` bytes.
    """
    parts: list[bytes] = []
    read = total = held = gathered = 0  # held: bytes of the line whose end has not been read yet
    try:
        for block, bytes_read in read_blocks(path, size, lines):
            first, end = block.find(b"\n") + 1, block.rfind(b"\n") + 1
            length = held + (first or len(block))
            check_length(path, length, longest, total - held, "a line", "break it up")
            read += bytes_read
            total += len(block)
            held = len(block) - end if end else held + len(block)
            if end and gathered + end >= size // 2:  # compressed data comes in smaller blocks
                yield b"".join([*parts, block[:end]]), read
                parts, read, gathered = [block[end:]], 0, len(block) - end
            else:
                parts.append(block)
                gathered += len(block)
    except InputError:
        whole = gathered - held  # the lines before the place where the file is bad
        if whole:
            yield _beginning(parts, whole), read
        raise
    if gathered:
        yield b"".join(parts), read


def _beginning(parts: list[bytes], size: int) -> bytes:
    """The first bytes of the parts together, of which the rest may be long."""
    lengths = accumulate(map(len, parts))
    needed = next(i for i, length in enumerate(lengths, 1) if length >= size)
    return b"".join(parts[:needed])[:size]


def check_length(
    path: object, length: int, longest: int, begin: int, what: str, remedy: str
) -> None:
    """Raise an error if a stretch of the content that begins at byte `begin` is too long."""
    if length > longest:
        raise TooLongError(
            f"{path}: {what} may have {longest:,} bytes at most, the one that begins at byte "
            f"{begin:,} of the content has more: {remedy}, or give {_times(length, longest)} the "
            "memory if that is why"
        )


def _times(length: int, longest: int) -> str:
    """How many times as much is enough for what has been seen."""
    times = -(-length // longest)
    return "twice" if times == 2 else f"{times:,} times"


def decode(data: bytes) -> tuple[str, int]:
    """Return the text of UTF-8 bytes, and how many invalid stretches became U+FFFD."""
    try:
        return data.decode("utf-8"), 0
    except UnicodeDecodeError:
        text = data.decode("utf-8", errors="replace")
        return text, text.count("\ufffd") - data.count("\ufffd".encode())


def decode_repaired(data: bytes, place: str, repairs: Repairs) -> str:
    """Return the text of UTF-8 bytes; replacements of invalid ones are counted in `repairs`."""
    text, replaced = decode(data)
    if replaced:
        repairs.add(NOT_UTF8, place, replaced)
    return text


def decompressed(file: Any, compression: str) -> Any:
    """Return a stream of the content of an open compressed file; bad data raises OSError."""
    if compression != "zstd":
        return Members(file, compression)
    import pyarrow as pa

    # It distinguishes a cut file from a complete one, and takes windows of up to 128 MiB.
    return pa.CompressedInputStream(ZstdFrames(file), "zstd")


def _damage(path: Location, compression: str | None, error: OSError, out: int, at: int) -> str:
    if "too much memory" in str(error):
        return (
            f"{path}: Zstandard windows of at most 128 MiB can be read, this file's is larger: "
            "decompress it first (zstd -d --long=31), or pack it with --long=27"
        )
    if isinstance(error, TooLargeError):
        return (
            f"{path}: xz dictionaries of at most {XZ_DICTIONARY >> 20} MiB can be read, this "
            "file's is larger: unpack it first (xz -d), or pack it with xz -9"
        )
    if compression is None:
        return f"{path}: cannot be read after {out:,} bytes: {error}"
    is_cut = isinstance(error, CutShortError) or "runcated" in str(error)
    state = "is cut short" if is_cut else f"is damaged ({error})"
    return (
        f"{path}: the {compression} data {state}; {out:,} bytes of content could be read from the "
        f"first {at:,} bytes of the file: fetch or write the file again"
    )
