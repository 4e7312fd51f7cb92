"""Counting in C++ on CPU threads. The bindings are in src/, the C++ in csrc/."""

from collections.abc import Sequence
from typing import overload

import numpy as np
import numpy.typing as npt

_UInt64Array = npt.NDArray[np.uint64]
_Int64Array = npt.NDArray[np.int64]
_UInt8Array = npt.NDArray[np.uint8]
_UInt32Array = npt.NDArray[np.uint32]
_KeysAndCounts = tuple[_UInt64Array, _UInt64Array]
_Spectra = dict[int, list[tuple[_UInt64Array, _UInt64Array, _UInt64Array]]]

class Counter:
    def __init__(
        self,
        vocab_size: int,
        max_order: int,
        labels: int,
        threads: int,
        first_key_range: int,
        last_key_range: int,
        piece_windows: int = 1048576,
    ) -> None: ...
    def add(
        self,
        tokens: npt.NDArray[np.integer],
        start: _Int64Array,
        stop: _Int64Array,
        limit: _Int64Array,
        label: _UInt8Array,
    ) -> None: ...
    @overload
    def table(self) -> _KeysAndCounts: ...
    @overload
    def table(self, first_key_range: int, last_key_range: int) -> _KeysAndCounts: ...
    def spectra(self, masks: Sequence[tuple[int, int]]) -> tuple[_Spectra, _Spectra]: ...
    def next_pass(
        self, masks: Sequence[tuple[int, int]], first_key_range: int, last_key_range: int
    ) -> None: ...

class MappedFile:
    def __init__(self, file: int, size: int) -> None: ...
    def __len__(self) -> int: ...
    @property
    def address(self) -> int: ...
    @property
    def is_whole(self) -> bool: ...

class HeadReader:
    def __init__(self, names: Sequence[bytes], most: int, together: int, threads: int) -> None: ...
    def next(self) -> list[tuple[tuple[int, int, int], bytes] | None]: ...

class JointScan:
    def __init__(
        self,
        vocab_size: int,
        max_order: int,
        labels: Sequence[int],
        masks: Sequence[tuple[int, int]],
        threads: int,
    ) -> None: ...
    def add(self, tables: Sequence[_KeysAndCounts]) -> None: ...
    def spectra(self) -> tuple[_Spectra, _Spectra]: ...

class NgramSet:
    def __init__(
        self, order: int, code_bits: int, weight: int, room: int, threads: int
    ) -> None: ...
    def __len__(self) -> int: ...
    def put(self, keys: _UInt64Array, weights: npt.NDArray[np.uint16]) -> None: ...
    def get(self, keys: _UInt64Array) -> npt.NDArray[np.uint16]: ...
    def sums(
        self, tokens: npt.NDArray[np.uint32], start: _Int64Array, stop: _Int64Array
    ) -> tuple[_Int64Array, _Int64Array]: ...
    def cover(
        self, tokens: npt.NDArray[np.uint32], start: _Int64Array, stop: _Int64Array
    ) -> None: ...
    def uncover(self) -> None: ...
    def settle(self) -> None: ...
    def shared(
        self, tokens: npt.NDArray[np.uint32], start: _Int64Array, stop: _Int64Array, span: int
    ) -> _Int64Array: ...

def describe() -> list[tuple[str, str]]: ...
def instruction_set() -> str: ...
def instruction_sets() -> list[str]: ...
def merge(
    vocab_size: int,
    max_order: int,
    labels: int,
    tables: Sequence[_KeysAndCounts],
    threads: int,
) -> _KeysAndCounts: ...
def link(
    vocab_size: int,
    max_order: int,
    labels: int,
    keys: _UInt64Array,
    counts: _UInt64Array,
    order: int,
    threads: int,
) -> tuple[
    _UInt32Array,
    _UInt64Array,
    list[tuple[int, _UInt32Array, _UInt32Array, _UInt32Array, _UInt32Array, _UInt64Array]],
]: ...
def find_linked(
    children: _UInt32Array,
    last: _UInt32Array,
    prefix: _Int64Array,
    symbol: _Int64Array,
    threads: int,
) -> _Int64Array: ...
def idle_memory() -> int: ...
def release_idle_memory() -> int: ...
def unpack(
    vocab_size: int, max_order: int, keys: _UInt64Array
) -> tuple[npt.NDArray[np.uint32], _UInt8Array, list[int]]: ...
def pack(
    vocab_size: int,
    max_order: int,
    columns: Sequence[tuple[npt.NDArray[np.uint32], _UInt8Array | None, int]],
    keys: _UInt64Array,
) -> None: ...
def add_to_buckets(
    tokens: npt.NDArray[np.integer],
    start: _Int64Array,
    stop: _Int64Array,
    limit: _Int64Array,
    label: _UInt8Array,
    vocab_size: int,
    one_of: int,
    sums: list[_Int64Array],
    threads: int,
) -> list[_Int64Array]: ...
