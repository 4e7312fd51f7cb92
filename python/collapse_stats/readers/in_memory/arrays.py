"""A reader of an array of token ids."""

from collections.abc import Iterator

import numpy as np

from ..base import Batch, IntegerArray
from ..formats.npy import array_splits
from ..options import Kind, ReadOptions
from ..splits import Split, SplittableReader


class ArrayReader(SplittableReader):
    """Documents of an array of ids: all of it, or each row of two dimensions."""

    path = "(array)"
    format = "memory"
    kind: Kind = "ids"

    def __init__(self, array: IntegerArray, options: ReadOptions) -> None:
        if array.dtype.kind not in "iu":
            raise TypeError(f"the array must hold integers, got {array.dtype}")
        if array.ndim not in (1, 2):
            raise ValueError(f"the array must have one or two dimensions, got shape {array.shape}")
        self._array = array
        self.eot = options.eot
        self.evidence = f"an array of shape {array.shape}"
        self.size = array.nbytes
        self.dtype = array.dtype.name

    def splits(self) -> Iterator[Split]:
        """Yield views of the array."""
        if self._array.ndim == 1 and not len(self._array):
            nothing = np.zeros(1, dtype=np.int64)
            yield Split(0, lambda: Batch.of_tokens(self._array, nothing, nothing, 0))
        yield from array_splits(self._array, self.eot, self.size)
