"""The interface of a backend: the same operations for all."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from ..ngrams.chunk import Chunk, Int64Array
from ..ngrams.layout import KeyRanges, Layout
from ..ngrams.links import Links, UInt32Array
from ..ngrams.spectrum import JointSpectra, Masks
from ..ngrams.table import NgramTable


class Backend(Protocol):
    """Four operations count, and two link n-grams for models.

    Implementations are stateless apart from their settings.

    Attributes
    ----------
    on_gpu
        Whether it counts on a GPU. If so, it accepts tokens on that GPU and bounds the GPU's memory
        itself.
    batch_tokens
        The fewest tokens that it counts efficiently in one call.
    threads
        How many threads of a CPU it uses.
    fewest_key_ranges
        The fewest key ranges per stretch for which `count_in_stretches` is efficient: all of them,
        if it counts everything before it yields the first table.
    """

    name: str
    on_gpu: bool
    threads: int
    fewest_key_ranges: int

    @property
    def batch_tokens(self) -> int: ...

    def count(
        self, chunks: Iterable[Chunk], layout: Layout, key_ranges: KeyRanges | None = None
    ) -> NgramTable:
        """Return the table of the windows in a stretch of key ranges (default: in all of them).

        Raises ValueError for an id outside the vocabulary, naming it and its position.
        """

    def count_in_stretches(
        self, chunks: Iterable[Chunk], layout: Layout, stretches: Sequence[KeyRanges]
    ) -> Iterator[NgramTable]:
        """Yield one table per stretch of key ranges, reading the chunks once.

        The stretches are ascending and adjacent. A caller that writes each table and drops it needs
        less memory and time than with `count`.
        """

    def merge(self, tables: Sequence[NgramTable]) -> NgramTable:
        """Return one table of all windows of `tables`, adding the counts of equal keys.

        Raises ValueError if there is no table, LayoutMismatchError if the layouts differ.
        """

    def spectra(
        self,
        chunks: Iterable[Chunk],
        layout: Layout,
        masks: Sequence[Masks],
        passes: Sequence[KeyRanges] | None = None,
    ) -> JointSpectra:
        """Return the joint spectra of every order for each pair of masks, without a table.

        The spectrum of a single set of labels M is that of the pair (M, 0). `passes` are disjoint
        stretches that together cover all key ranges: the chunks are read once for each, and only
        the windows of one stretch need memory at a time.
        """

    def needs(self, layout: Layout, key_ranges: int, *, rows: bool) -> tuple[int, int]:
        """Return the bytes of host memory for counting in a number of key ranges.

        Output: fixed bytes, and bytes per window. With `rows`, the latter include the rows of a
        table, in case all windows differ.
        """

    def fresh_bytes(self, needed: int) -> int:
        """Return how much of `needed` bytes of host memory would be taken from the system anew.

        The rest is kept from earlier calls. 0 of a backend for which more passes are never faster.
        """

    def give_back(self) -> None:
        """Return to the system the host memory that is kept for later calls."""

    def joint_spectra(
        self, aligned: Iterable[Sequence[NgramTable]], masks: Sequence[Masks]
    ) -> JointSpectra:
        """Return the joint spectra of one or two tables for each pair of masks.

        Each item of `aligned` holds the rows of every table in one stretch of key ranges; stretches
        are disjoint. Items are dropped once they are scanned, so tables may be larger than memory.
        The tables have equal vocabulary and max_order, and two tables at most two labels each.
        Their labels are numbered consecutively: with two tables in halves, bits 0 and 1 of a mask
        are the halves of the first, bits 2 and 3 those of the second.

        Raises ValueError if there is no item, LayoutMismatchError if the layouts do not fit.
        """

    def link(self, table: NgramTable, order: int) -> Links:
        """Return the n-grams of a table, of every order up to `order`, linked to shorter ones.

        The windows of the table have two tokens or more.

        Raises ValueError if the table is not that of whole documents.
        """

    def find(
        self, children: UInt32Array, last: UInt32Array, prefix: Int64Array, symbol: Int64Array
    ) -> Int64Array:
        """Return the number ``(Q,)`` of each n-gram of one order, -1 for one that does not occur.

        `children` and `last` are those of a `LinkedOrder`. `prefix` ``(Q,)`` are the numbers of the
        n-grams without their last symbols, and `symbol` ``(Q,)`` these symbols.
        """
