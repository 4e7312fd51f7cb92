"""The content of gzip, bzip2 and xz data, as Python's own modules unpack it."""

import io
import zlib
from typing import Any

_STEP = 1 << 16  # bytes of packed data that are read at a time
XZ_DICTIONARY = 128 << 20
_XZ_MEMORY = XZ_DICTIONARY + (1 << 20)
_MAGICS = {"gzip": b"\x1f\x8b", "bzip2": b"BZh", "xz": b"\xfd7zXZ\0"}


class CutShortError(OSError):
    """Compressed data ends before its end is marked."""


class TooLargeError(OSError):
    """Unpacking takes more memory than is allowed."""


class Members(io.RawIOBase):
    """The content of compressed data, which may be several members one after the other.

    Zeros between and behind the members are passed over: tapes and block devices add them. All that
    precedes a damaged place is given before an error is raised.
    """

    def __init__(self, file: Any, compression: str) -> None:
        self._file = file
        self._compression = compression
        self._member = _member(compression)
        self._packed = b""  # what is left of the last read, for the next member
        self._ended = False

    def readable(self) -> bool:
        """Return True: it can be read."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return at most `size` bytes, none only at the end.

        Raises
        ------
        OSError
            The data is damaged, or cut short (`CutShortError`), at the current place.
        """
        content = b""
        while not content and not self._ended:
            try:
                content = self._part(size)
            except (EOFError, ValueError, zlib.error) as error:
                raise OSError(str(error)) from error
            except OSError:
                raise
            except Exception as error:  # that of lzma, a module that may be missing in this Python
                raise _lzma_error(error) from error
        return content

    def _part(self, most: int) -> bytes:
        """Some bytes of the content, perhaps none; sets `_ended` at the end."""
        if self._member.eof and not self._next_member():
            self._ended = True
            return b""
        packed, self._packed = self._packed, b""
        if not packed and self._member.needs_input:
            packed = self._file.read(_STEP)
            if not packed:
                part: bytes = self._member.decompress(b"", most)
                if not part and not self._member.eof:
                    raise CutShortError("cut short")
                return part
        content: bytes = self._member.decompress(packed, most)
        return content

    def _next_member(self) -> bool:
        """Begin the next member behind this one and zeros; False if there is none."""
        packed = self._member.unused_data.lstrip(b"\0")
        while not packed:
            packed = self._file.read(_STEP)
            if not packed:
                return False
            packed = packed.lstrip(b"\0")
        magic = _MAGICS[self._compression]
        if packed[: len(magic)] != magic[: len(packed)]:
            at = self._file.tell() - len(packed)
            raise OSError(
                f"it ends before byte {at:,}, and what follows is neither zeros nor more of it"
            )
        self._member, self._packed = _member(self._compression), packed
        return True


class _GzipMember:
    """One member of gzip data, with the attributes of `bz2.BZ2Decompressor`."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)

    @property
    def eof(self) -> bool:
        return self._inflate.eof

    @property
    def unused_data(self) -> bytes:
        return self._inflate.unused_data

    @property
    def needs_input(self) -> bool:
        return not self._inflate.unconsumed_tail

    def decompress(self, packed: bytes, most: int) -> bytes:
        return self._inflate.decompress(packed or self._inflate.unconsumed_tail, most)


def _member(compression: str) -> Any:
    """A decompressor of one member."""
    if compression == "gzip":
        return _GzipMember()
    try:
        if compression == "bzip2":
            import bz2

            return bz2.BZ2Decompressor()
        import lzma

        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)
    except ImportError as error:
        raise OSError(f"this Python was built without the module for it ({error})") from error


def _lzma_error(error: Exception) -> OSError:
    import lzma

    if not isinstance(error, lzma.LZMAError):
        raise error
    return TooLargeError(str(error)) if "emory" in str(error) else OSError(str(error))
