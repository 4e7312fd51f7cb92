"""OLMo and Dolma token files: an array without a header, documents listed in a sidecar."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...errors import InputError
from ..base import Batch, Int64Array
from ..boundaries import row_batches
from ..mmap import items
from ..options import ITEMS, Kind, ReadOptions
from ..remote.location import Location
from ..stream import compression_of

_BLOCK = 1 << 20
_BY_SIZE = {item.itemsize: name for name, item in ITEMS.items()}


class OlmoReader:
    """Documents of ``NAME.npy`` by the rows ``start,end,...`` of ``NAME.csv.gz``."""

    format = "olmo"
    kind: Kind = "ids"
    warnings: list[str]

    def __init__(self, path: Location, options: ReadOptions, evidence: str) -> None:
        self.path = str(path)
        self.evidence = evidence
        self.eot = options.eot
        self.size = path.stat().st_size
        self.warnings = []
        self._path = path
        self._sidecar = sidecar_of(path)
        self._start, self._stop = self._rows()
        total = int(self._stop[-1]) if len(self._stop) else 0
        width = self.size // total if total else 0
        name = _BY_SIZE.get(width) if total * width == self.size else None
        if not self.size and not total:
            name = options.dtype or "u16"
        if name is None:
            raise InputError(
                f"{path}: expected 1, 2, 4 or 8 bytes for each of the {total:,} ids that "
                f"{self._sidecar.name} tells of, got {self.size:,} bytes: one of the two is cut "
                "short or of another file; fetch or write both again"
            )
        if options.dtype not in (None, name):
            self.warnings = [
                f"{path}: ids have {width} bytes by {self._sidecar.name}, so that --dtype "
                f"{options.dtype} is not used here"
            ]
        self._item = ITEMS[name]
        self.dtype = self._item.name

    def batches(self) -> Iterator[Batch]:
        """Views of the file, about 16 million ids a batch."""
        tokens = items(self._path, self._item, 0, (self.size // self._item.itemsize,))
        yield from row_batches(tokens, self._start, self._stop, self.eot, self.size)

    def _rows(self) -> tuple[Int64Array, Int64Array]:
        """Starts and ends, ascending and disjoint."""
        starts, ends = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        rows = last = 0
        for start, end in self._blocks():
            before = np.concatenate([[last], end[:-1]])
            wrong = (start < before) | (end < start)
            if wrong.any():
                i = int(np.argmax(wrong))
                raise InputError(
                    f"{self._sidecar}: expected documents one after the other, got "
                    f"{start[i]:,},{end[i]:,} after {before[i]:,} in row {rows + i + 1:,}: it is "
                    "damaged or no list of documents"
                )
            rows, last = rows + len(start), int(end[-1])
            if max(rows, last) > self.size + _BLOCK:  # ids have a byte at least
                raise InputError(
                    f"{self._sidecar}: tells of {max(rows, last):,} ids or documents by row "
                    f"{rows:,}, more than {self._path.name} has bytes ({self.size:,}): it is "
                    "damaged or of another file"
                )
            starts.append(start)
            ends.append(end)
        return np.concatenate(starts), np.concatenate(ends)

    def _blocks(self) -> Iterator[tuple[Int64Array, Int64Array]]:
        import pyarrow as pa
        import pyarrow.csv as pc

        columns = ["f0", "f1"]
        try:
            with self._sidecar.open("rb") as file:
                compression: Any = compression_of(file.read(4))
                file.seek(0)
                source: Any = pa.CompressedInputStream(file, compression) if compression else file
                read = pc.open_csv(
                    source,
                    pc.ReadOptions(
                        use_threads=False, block_size=_BLOCK, autogenerate_column_names=True
                    ),
                    convert_options=pc.ConvertOptions(
                        include_columns=columns,
                        column_types=dict.fromkeys(columns, pa.int64()),
                        null_values=[],
                    ),
                )
                for batch in read:
                    if len(batch):
                        yield batch.column(0).to_numpy(), batch.column(1).to_numpy()
        except pa.ArrowException as error:
            if "mpty CSV" in str(error):
                return
            raise InputError(
                f"{self._sidecar}: expected rows of start,end,... ({error}): it is damaged or no "
                "list of documents"
            ) from error
        except OSError as error:
            raise InputError(f"{self._sidecar}: cannot be read: {error}") from error


def sidecar_of(path: Location) -> Location:
    """Where the documents of an array without a header are listed."""
    return path.with_name(f"{path.stem}.csv.gz")
