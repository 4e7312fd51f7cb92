"""Headerless little-endian files of token ids, as nanoGPT and its successors write them."""

import numpy as np
import numpy.typing as npt

from ...errors import InputError
from ..mmap import items
from ..options import ITEMS, Dtype, ReadOptions
from ..remote.location import Location
from .mapped_ids import StreamReader

_CHECKED = 1 << 20  # bytes at the beginning whose ids are looked at when a file is opened


class FlatReader(StreamReader):
    """Documents of a headerless file: a stream of ids cut at ``eot``, memory-mapped.

    The file does not say how wide its ids are, so `ReadOptions.dtype` must.
    """

    format = "flat"
    order = 50
    extensions = (".bin",)
    label = "alone"
    begins_freely = True

    def __init__(self, path: Location, options: ReadOptions, evidence: str) -> None:
        super().__init__(path, options, evidence)
        with path.open("rb") as file:
            head = file.read(_CHECKED)
        if options.dtype is None:
            raise InputError(
                f"{path} has no header that says how wide its ids are: "
                f"{_looks_like(head, self.size)}"
            )
        kind = ITEMS[options.dtype]
        if self.size % kind.itemsize:
            raise InputError(
                f"{path}: the size of a {options.dtype} file must be a multiple of {kind.itemsize} "
                f"bytes, got {self.size:,}: it is cut short, or not {options.dtype}"
            )
        self.dtype = kind.name
        self.doubt = _doubt(head, options.dtype)
        self._tokens = items(path, kind, 0, (self.size // kind.itemsize,))

    @property
    def warnings(self) -> list[str]:
        """Doubts about the width of the ids, and the lack of document boundaries."""
        warnings = [f"{self.path}: {self.doubt}"] if self.doubt else []
        if not self.size:
            warnings.append(f"{self.path}: the file is empty")
        elif self.eot is None:
            warnings.append(f"{self.path}: no --eot given: the whole file is one document")
        return warnings


def _largest(head: bytes, dtype: Dtype) -> int:
    return int(_ids(head, dtype).max(initial=0))


def _ids(head: bytes, dtype: Dtype) -> npt.NDArray[np.integer]:
    item = ITEMS[dtype]
    return np.frombuffer(head[: len(head) // item.itemsize * item.itemsize], dtype=item)


def _seems_u32(head: bytes) -> bool:
    """Whether, read as u32, the upper halves of all ids fit a vocabulary below 2**18."""
    halves = _ids(head[: len(head) // 4 * 4], "u16")
    return len(halves) > 1 and int(halves[1::2].max()) < 4 and int(halves[::2].max()) >= 4


def _looks_like(head: bytes, size: int) -> str:
    if not size:
        return "it is empty; say --dtype u16 or --dtype u32"
    if size % 2:
        return f"its size, {size:,} bytes, is odd, so that it is neither u16 nor u32"
    if size % 4 == 0 and _seems_u32(head):
        return (
            f"it looks like u32 (largest id so read {_largest(head, 'u32'):,}; every second 16-bit "
            "word is below 4): say --dtype u32"
        )
    return (
        f"it looks like u16 (largest id so read {_largest(head, 'u16'):,}, against "
        f"{_largest(head, 'u32'):,} as u32): say --dtype u16"
    )


def _doubt(head: bytes, dtype: Dtype) -> str:
    """Why the ids may be of the other width, "" when nothing suggests it."""
    if dtype == "u16" and _seems_u32(head):
        halves = _ids(head, "u16")[1::2]
        what = "0" if not halves.any() else "below 4"
        return f"every second u16 is {what}: probably written as u32; if so say --dtype u32"
    largest = _largest(head, "u32")
    if dtype == "u32" and largest >= 1 << 24:
        return f"the largest id is {largest:,}: probably written as u16; if so say --dtype u16"
    return ""
