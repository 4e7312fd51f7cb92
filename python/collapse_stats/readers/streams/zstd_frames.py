"""Zstandard data without the zeros between and behind its frames."""

import io
import struct
from typing import Any

MAGIC = b"\x28\xb5\x2f\xfd"
SKIPPABLE = tuple(bytes((first, 0x2A, 0x4D, 0x18)) for first in range(0x50, 0x60))
_HEADER = 18  # most bytes of the header of a frame
_CHECKSUM = 4
_DICTIONARY_ID = (0, 1, 2, 4)  # bytes, by the two lowest bits of the descriptor
_CONTENT_SIZE = (0, 2, 4, 8)  # bytes, by its two highest bits
_RLE_BLOCK = 1


class ZstdFrames(io.RawIOBase):
    """The frames of a Zstandard file, unchanged, without zeros between and behind them.

    Tapes and block devices add such zeros, which a decompressor takes for a damaged frame. The way
    from frame to frame is found from the sizes of their blocks (RFC 8878, section 3.1).
    """

    def __init__(self, file: Any) -> None:
        self._file = file
        self._left = 0  # bytes until the next header
        self._in_frame = False  # whether that is the header of a block, not of a frame
        self._checksum = 0  # bytes behind the last block of the frame
        self._begun = b""  # a header of which more must be read
        self._error: OSError | None = None

    def readable(self) -> bool:
        """Return True: it can be read."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return at most `size` bytes (1 KiB or more), b"" only at the end.

        Raises
        ------
        OSError
            Something else than zeros or frames follows; all that precedes it has been given before.
        """
        while self._error is None:
            more: bytes = self._file.read(size - len(self._begun))
            data, self._begun = self._begun + more, b""
            frames = self._frames(data, at_end=not more)
            if frames or not (more or self._error):
                return frames
        raise self._error

    def _frames(self, data: bytes, at_end: bool) -> bytes:
        """The data without zeros between frames, up to the first header that is not complete."""
        kept: list[bytes] = []
        begin = at = 0
        while at + self._left < len(data):
            at += self._left
            self._left = 0
            if not self._in_frame and data[at] == 0:
                kept.append(data[begin:at])
                begin = at = len(data) - len(data[at:].lstrip(b"\0"))
                continue
            header = data[at : at + _HEADER]
            if len(header) < (3 if self._in_frame else _HEADER) and not at_end:
                self._begun = header
                return b"".join([*kept, data[begin:at]])
            if self._in_frame:
                self._left = self._block(header)
            elif any(magic.startswith(header[: len(magic)]) for magic in (MAGIC, *SKIPPABLE)):
                self._left = self._frame(header)
            else:
                self._error = OSError(
                    f"it ends before byte {self._file.tell() - len(data) + at:,}, and what follows "
                    "is neither zeros nor more of it"
                )
                return b"".join([*kept, data[begin:at]])
        self._left -= len(data) - at
        return b"".join([*kept, data[begin:]]) if kept else data[begin:]

    def _frame(self, header: bytes) -> int:
        """Bytes of a frame until its first block, or of all of a skippable one."""
        if not header.startswith(MAGIC):
            return 8 + struct.unpack("<I", header[4:8])[0] if len(header) >= 8 else _HEADER
        descriptor = header[4] if len(header) > 4 else 0
        single_segment = descriptor >> 5 & 1
        self._in_frame = True
        self._checksum = _CHECKSUM if descriptor >> 2 & 1 else 0
        content_size = _CONTENT_SIZE[descriptor >> 6] or single_segment
        return 5 + (1 - single_segment) + _DICTIONARY_ID[descriptor & 3] + content_size

    def _block(self, header: bytes) -> int:
        """Bytes of a block, together with what follows it in its frame if it is the last."""
        number = int.from_bytes(header[:3], "little")
        is_last, kind, size = number & 1, number >> 1 & 3, number >> 3
        self._in_frame = not is_last
        return 3 + (1 if kind == _RLE_BLOCK else size) + (self._checksum if is_last else 0)
