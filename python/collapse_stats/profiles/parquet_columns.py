"""Small Parquet files of a profile, read and written as a whole."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..counting.parquet_part import damaged

if TYPE_CHECKING:
    import pyarrow as pa


def write_columns(path: Path, columns: dict[str, Any]) -> None:
    """Write columns, by name, to a Parquet file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({name: pa.array(values) for name, values in columns.items()})
    pq.write_table(table, path, compression="zstd", compression_level=1, write_statistics=False)


def read_columns(path: Path, name: str) -> "pa.Table":
    """Read the Parquet file `name` of the profile at `path`; InputError when it cannot be read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:  # not `pq.read_table`, which loads pandas where it is installed
        return pq.ParquetFile(path / name).read()
    except (OSError, pa.ArrowException) as error:
        raise damaged(path, f"{name} cannot be read ({error})") from error


def column(table: "pa.Table", name: str) -> npt.NDArray[np.uint64]:
    """Return a column of unsigned integers."""
    values = integers(table[name].combine_chunks())
    if values.dtype.kind != "u":
        raise ValueError(f"{name} must have unsigned integers, got {values.dtype}")
    return values.astype(np.uint64, copy=False)


def integers(array: "pa.Array") -> npt.NDArray[np.integer]:
    """Return an Arrow array without nulls as a NumPy array.

    `to_numpy` would load pandas, which takes 0.3 s, where it is installed.
    """
    return np.from_dlpack(array)  # type: ignore[return-value]
