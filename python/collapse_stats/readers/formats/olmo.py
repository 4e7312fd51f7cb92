"""OLMo and Dolma: a headerless ``.npy`` file of token ids, with its documents in a ``.csv.gz``."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...errors import InputError
from ..base import Int64Array
from ..file_reader import Candidate
from ..options import ITEMS, ReadOptions
from ..remote.location import Location
from ..stream import compression_of, decompressed
from .mapped_ids import IndexedReader

_BLOCK = 1 << 20
_BY_SIZE = {item.itemsize: name for name, item in ITEMS.items()}


class OlmoReader(IndexedReader):
    """Documents of ``NAME.npy`` by the rows ``start,end,...`` of ``NAME.csv.gz``."""

    format = "olmo"
    order = 45
    shared_extensions = (".npy",)
    companions = ((".csv.gz", ".npy"),)

    def __init__(self, path: Location, options: ReadOptions, evidence: str) -> None:
        super().__init__(path, options, evidence)
        self._sidecar = _sidecar_of(path)
        self._start, self._stop = self._rows()
        total = int(self._stop[-1]) if len(self._stop) else 0
        if total or self.size:
            name = self._item_name(total, _BY_SIZE, self._sidecar, "tells of")
        else:
            name = options.dtype or "u16"
        self._set_item(name, options.dtype, self._sidecar)

    @classmethod
    def recognize_named(cls, file: Candidate) -> str | None:
        """A .npy file without a NumPy header that has the sidecar beside it."""
        sidecar = _sidecar_of(file.location)
        return f"no NumPy header, {sidecar.name} beside it" if sidecar.exists() else None

    def _index_files(self) -> tuple[Location, ...]:
        return (self._sidecar,)

    def _documents(self) -> tuple[Int64Array, Int64Array]:
        return self._start, self._stop

    def _rows(self) -> tuple[Int64Array, Int64Array]:
        """Starts and ends of the documents, ascending and disjoint."""
        starts, ends = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        rows = last = 0
        for start, end in self._blocks():
            before = np.concatenate([[last], end[:-1]])
            wrong = (start != before) | (end < start)  # ids between rows would be lost
            if wrong.any():
                i = int(np.argmax(wrong))
                raise InputError(
                    f"{self._sidecar}: expected documents one after the other, got "
                    f"{start[i]:,},{end[i]:,} after {before[i]:,} in row {rows + i + 1:,}: it is "
                    "damaged or no list of documents"
                )
            rows, last = rows + len(start), int(end[-1])
            if max(rows, last) > self.size + _BLOCK:  # an id takes at least one byte
                raise InputError(
                    f"{self._sidecar}: lists {max(rows, last):,} ids or documents by row "
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
                compression = compression_of(file.read(16))
                file.seek(0)
                source: Any = decompressed(file, compression) if compression else file
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


def _sidecar_of(path: Location) -> Location:
    """The file that lists the documents of an array without a header."""
    return path.with_name(f"{path.stem}.csv.gz")
