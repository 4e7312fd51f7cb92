"""The steps of counting on a GPU. What each step does: csrc/cuda/api.hpp and partition_api.hpp.

Arguments that are addresses (int) point to device memory. Steps are queued in the stream with the
address `stream`; those that return a number of bytes or words queue nothing.
"""

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
    @property
    def max_order(self) -> int: ...

class Tokens:
    def __init__(
        self, ids: int, kind: str, bytes: int, size: int, planes: int, label_bits: int
    ) -> None: ...
    @property
    def size(self) -> int: ...

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

class Cells:
    def __init__(self, order: int, seen: int, ended: int) -> None: ...
    @staticmethod
    def of_tally(tally: Tally) -> Cells: ...

class Partition:
    def __init__(self, layout: Layout, first_order: int, last_order: int, windows: int) -> None: ...
    @property
    def first_order(self) -> int: ...
    @property
    def last_order(self) -> int: ...
    @property
    def bucket_bits(self) -> int: ...
    @property
    def bins(self) -> int: ...
    @property
    def buckets(self) -> int: ...
    @property
    def binned_words(self) -> int: ...
    @property
    def bucket_words(self) -> int: ...

class Pass:
    def __init__(self, first_bin: int, last_bin: int, windows: int) -> None: ...
    @property
    def first_bin(self) -> int: ...
    @property
    def last_bin(self) -> int: ...
    @property
    def windows(self) -> int: ...

def gpus() -> list[tuple[str, tuple[int, int], int, int]]: ...
def current_gpu() -> int: ...
def architectures() -> str: ...
def check_device() -> None: ...
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
    first_key_range: int,
    last_key_range: int,
    min_length: int,
    label: int,
    records: int,
    made: int,
    flags: int = 0,
    flag_tokens: int = 0,
    flag_bits: int = 0,
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
def to_joint_spectra(
    tally: Tally, listed: int, list: _UInt64Array
) -> tuple[_Spectra, _Spectra]: ...
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
def merge_places(rows_b: int) -> int: ...
def find_merged_bytes(rows_b: int) -> int: ...
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
def partition_supports(layout: Layout, masks: _Masks) -> bool: ...
def cell_orders(layout: Layout, max_cells: int) -> int: ...
def cell_words(layout: Layout, order: int) -> int: ...
def count_cells(
    stream: int, layout: Layout, tokens: Tokens, cells: Cells, wrong_id: int
) -> None: ...
def tally_cells(stream: int, cells: Cells, tally: Tally) -> None: ...
def order_groups(layout: Layout, first_order: int) -> list[tuple[int, int]]: ...
def max_pass_bins() -> int: ...
def count_bins(
    stream: int, partition: Partition, tokens: Tokens, windows: int, wrong_id: int
) -> None: ...
def scatter_windows(
    stream: int,
    partition: Partition,
    tokens: Tokens,
    bins: Pass,
    places: int,
    records: int,
    wrong_id: int,
) -> None: ...
def tally_buckets_bytes(partition: Partition, bins: Pass) -> int: ...
def tally_buckets(
    stream: int,
    partition: Partition,
    bins: Pass,
    ends: int,
    records: int,
    other: int,
    workspace: int,
    bytes: int,
    tally: Tally,
    heavy_flags: int,
    heavy_windows: int,
) -> None: ...
