"""NumPy ``.npy`` files of token ids, memory-mapped."""

import math
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from ...errors import InputError
from ..base import BATCH_TOKENS, Batch, IntegerArray
from ..boundaries import cut_rows, documents_between, rows_of, stream_splits
from ..file_reader import Candidate, FileReader
from ..mmap import items
from ..options import Kind, ReadOptions
from ..remote.items import Items
from ..remote.location import Location
from ..splits import Split, SplittableReader
from .flat import FlatReader

MAGIC = b"\x93NUMPY"


class NpyReader(SplittableReader, FileReader):
    """Documents of an array: one dimension is a stream cut at ``eot``, two are rows."""

    format = "npy"
    order = 40
    extensions = (".npy",)
    magics = (MAGIC,)
    required = "NumPy header"
    otherwise = FlatReader
    begins_freely = True
    maps_file = True
    is_stream = True
    looks = True
    kind: Kind = "ids"

    def __init__(self, path: Location, options: ReadOptions, evidence: str) -> None:
        super().__init__(path, options, evidence)
        self.first_row, self._places = options.first_row, options.places
        self._array = _mapped_array(path)
        self.dtype = self._array.dtype.name

    @classmethod
    def recognize_content(cls, file: Candidate) -> str | None:
        """Every .npy file begins with its magic string."""
        return "begins with \\x93NUMPY"

    @property
    def document(self) -> str:
        """A row, or what lies between boundary ids."""
        if self._array.ndim == 2:
            return "each row"
        return "the whole array" if self.eot is None else f"what lies between ids {self.eot}"

    @property
    def warnings(self) -> list[str]:
        """A warning for a stream whose documents have no boundaries."""
        if self._array.ndim == 1 and self.eot is None and len(self._array):
            return [f"{self.path}: no --eot given: the whole array is one document"]
        return []

    @property
    def places(self) -> int:
        """The ids of a stream with boundaries, or the rows of an array without."""
        return len(self._array) if (self._array.ndim == 1) == (self.eot is not None) else 0

    def rows_between(self, first: int, last: int) -> int:
        """Return how many documents begin there; for a stream, this takes a look at the ids."""
        if self.eot is None:
            return last - first
        return documents_between(self._array, self.eot, first, last)

    def splits(self) -> Iterator[Split]:
        """Yield views of the file, or copies if its byte order or its order of axes is foreign."""
        return array_splits(self._array, self.eot, self.size, self._places)


def _mapped_array(path: Location) -> Items:
    """The array of a file; its header is parsed, not evaluated, and objects are never loaded."""
    parse = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    try:
        with path.open("rb") as file:
            version = np.lib.format.read_magic(file)
            if version not in parse:  # 3.0 is for field names, which arrays of integers do not have
                raise ValueError(f"version {version[0]}.{version[1]}")
            shape, fortran, kind = parse[version](file)
            offset = file.tell()
    except Exception as error:  # NumPy's parser raises errors of many kinds at a damaged header
        raise InputError(
            f"{path}: not a whole .npy file of numbers ({error}): write it with numpy.save"
        ) from error
    if kind.kind not in "iu" or len(shape) not in (1, 2) or min(shape) < 0:
        raise InputError(
            f"{path}: expected an array of integers with one or two dimensions, got "
            f"{kind} of shape {shape}"
        )
    available = path.stat().st_size - offset
    needed = math.prod(shape) * kind.itemsize
    if needed > available or max(shape) > max(available, 1 << 20):
        raise InputError(
            f"{path}: not a whole .npy file of numbers: {kind} of shape {shape} needs "
            f"{needed:,} bytes after byte {offset}, got {available:,}"
        )
    if needed < available:
        raise InputError(
            f"{path}: {available - needed:,} bytes follow the array of {kind} of shape {shape} "
            "that the header describes: one array a file is read; write the others to files of "
            "their own"
        )
    if fortran and len(shape) == 2:
        return items(path, kind, offset, (math.prod(shape),))[:].reshape(shape, order="F")
    return items(path, kind, offset, shape)


def array_splits(
    array: Items, eot: int | None, size: int, places: tuple[int, int] | None = None
) -> Iterator[Split]:
    """Yield the splits of a stream of ids (1-D) or of rows that are documents (2-D)."""
    if array.ndim == 1:
        for split in stream_splits(array, eot, size, places):
            yield Split(split.size, partial(_natively, split.read))
        return
    rows, columns = array.shape
    step = max(1, BATCH_TOKENS // max(1, columns))
    begin, end = places or (0, rows)
    for first in range(begin, end, step):
        last = min(first + step, end)
        bytes_read = size * last // rows - size * first // rows
        yield Split((last - first) * columns, partial(_rows, array, first, last, eot, bytes_read))


def _natively(read: Callable[[], Batch]) -> Batch:
    batch = read()
    assert batch.tokens is not None
    batch.tokens = _native(batch.tokens)
    return batch


def _rows(array: Items, first: int, last: int, eot: int | None, bytes_read: int) -> Batch:
    part = array[first:last]
    tokens = _native(part.reshape(-1))
    start, stop = rows_of(np.full(len(part), part.shape[1], dtype=np.int64))
    return Batch.of_tokens(tokens, *cut_rows(tokens, start, stop, eot), bytes_read)


def _native(tokens: IntegerArray) -> IntegerArray:
    return tokens.astype(tokens.dtype.newbyteorder("="), copy=False)
