from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_Masks = Sequence[tuple[int, int]]
_UInt64Array = npt.NDArray[np.uint64]
_Spectra = dict[int, list[tuple[_UInt64Array, _UInt64Array, _UInt64Array]]]

class Layout:
    def __init__(self, vocab_size: int, max_order: int, labels: int) -> None: ...
    @property
    def label_bits(self) -> int: ...

class Tokens:
    def __init__(
        self, ids: int, kind: str, bytes: int, size: int, planes: int, label_bits: int
    ) -> None: ...

class Tally:
    def __init__(self, layout: Layout, masks: _Masks, capacity: int, memory: int) -> None: ...
    @property
    def words(self) -> int: ...
    @property
    def by_token(self) -> bool: ...

class MergeInput:
    def __init__(
        self, keys: int, counts: int, rows: int, labels: int, first_label: int
    ) -> None: ...

def gpus() -> list[tuple[str, tuple[int, int], int, int]]: ...
def runtime_version() -> int: ...
def plane_words(tokens: int) -> int: ...
def make_planes(
    stream: int,
    start: int,
    stop: int,
    limit: int,
    label: int,
    spans: int,
    tokens: int,
    label_bits: int,
    planes: int,
) -> None: ...
def record_bytes(layout: Layout) -> int: ...
def make_records(
    stream: int,
    layout: Layout,
    tokens: Tokens,
    first_shard: int,
    last_shard: int,
    min_length: int,
    label: int,
    records: int,
    made: int,
) -> None: ...
def sort_bytes(layout: Layout, number: int) -> int: ...
def sort_records(
    stream: int,
    layout: Layout,
    records: int,
    other: int,
    number: int,
    workspace: int,
    bytes: int,
) -> int: ...
def tally_capacity(layout: Layout, masks: _Masks, windows: int) -> int: ...
def label_sums_words(layout: Layout, number: int) -> int: ...
def label_sums_bytes(layout: Layout, number: int) -> int: ...
def make_label_sums(
    stream: int,
    layout: Layout,
    records: int,
    number: int,
    sums: int,
    workspace: int,
    bytes: int,
) -> None: ...
def tally_records(
    stream: int,
    records: int,
    number: int,
    sums: int,
    tally: Tally,
    first_order: int,
    last_order: int,
) -> None: ...
def row_sums_words(layout: Layout, rows: int) -> int: ...
def row_sums_bytes(rows: int) -> int: ...
def make_row_sums(
    stream: int,
    layout: Layout,
    keys: int,
    counts: int,
    rows: int,
    sums: int,
    workspace: int,
    bytes: int,
) -> None: ...
def tally_rows(stream: int, keys: int, counts: int, rows: int, sums: int, tally: Tally) -> None: ...
def finish_tally(stream: int, tally: Tally) -> None: ...
def to_tables(tally: Tally, listed: int, list: _UInt64Array) -> tuple[_Spectra, _Spectra]: ...
def row_places(number: int) -> int: ...
def find_rows_bytes(number: int) -> int: ...
def find_rows(
    stream: int,
    layout: Layout,
    records: int,
    number: int,
    sums: int,
    places: int,
    workspace: int,
    bytes: int,
) -> None: ...
def write_rows(
    stream: int,
    layout: Layout,
    records: int,
    number: int,
    sums: int,
    places: int,
    keys: int,
    counts: int,
    rows: int,
) -> None: ...
def merge_places(rows_a: int, rows_b: int) -> int: ...
def find_merged_bytes(rows_a: int, rows_b: int) -> int: ...
def find_merged(
    stream: int,
    layout: Layout,
    a: MergeInput,
    b: MergeInput,
    places: int,
    workspace: int,
    bytes: int,
) -> None: ...
def write_merged(
    stream: int,
    layout: Layout,
    a: MergeInput,
    b: MergeInput,
    places: int,
    keys: int,
    counts: int,
    rows: int,
) -> None: ...
