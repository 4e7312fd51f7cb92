"""Files mapped into memory, so that losing them while they are read does not end the process.

As in `columns`, nothing is counted here; the compiled module does what Python cannot.
"""

import os
from pathlib import Path

from ..system.file_state import state_of
from ..system.memory import MappedBytes


def map_file(path: str | os.PathLike[str], size: int) -> MappedBytes:
    """Return the first `size` bytes of a file as a read-only map, which does not keep it open.

    What another process cuts off the file reads as zeros, and `MappedBytes.change` then says so.
    Without the compiled module, reading that ends the process by a signal.

    Raises
    ------
    OSError
        The file cannot be opened, or is shorter.
    """
    with Path(path).open("rb") as file:
        state = os.fstat(file.fileno())
        if state.st_size < size:
            raise OSError(f"expected {size:,} bytes, got {state.st_size:,}")
        return MappedBytes(_map(file.fileno(), path, size), os.fspath(path), state_of(state))


def _map(file: int, path: str | os.PathLike[str], size: int) -> object:
    try:
        from .._native import MappedFile
    except ImportError:
        import pyarrow as pa

        with pa.memory_map(os.fspath(path)) as whole:
            return whole.read_buffer(size)
    return MappedFile(file, size)
