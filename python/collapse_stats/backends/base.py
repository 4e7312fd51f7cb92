"""What every backend can do: four operations, the same integers."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from ..ngrams.chunk import Chunk
from ..ngrams.layout import KeyRanges, Layout
from ..ngrams.spectrum import JointSpectra, Masks
from ..ngrams.table import NgramTable


class Backend(Protocol):
    """The four operations. Implementations are stateless apart from their settings.

    Attributes
    ----------
    on_gpu
        Whether it counts on a GPU, whose memory it bounds itself, and takes tokens that lie there.
    batch_tokens
        So many tokens, at least, are best counted together.
    fewest_key_ranges
        So many key ranges, at least, are best handed out together; all, where rows are made at
        once.
    """

    name: str
    on_gpu: bool
    fewest_key_ranges: int

    @property
    def batch_tokens(self) -> int: ...

    def count(
        self, chunks: Iterable[Chunk], layout: Layout, key_ranges: KeyRanges | None = None
    ) -> NgramTable:
        """Table of the chunks' windows in key ranges ``first <= key range < last`` (default: all).

        Raises ValueError naming value and position of an id outside the vocabulary.
        """

    def count_in_ranges(
        self, chunks: Iterable[Chunk], layout: Layout, ranges: Sequence[KeyRanges]
    ) -> Iterator[NgramTable]:
        """Tables of ascending, adjoining stretches of key ranges; the chunks are gone through once.

        For what is done with when it was written: memory and time that whole tables take are saved.
        """

    def merge(self, tables: Sequence[NgramTable]) -> NgramTable:
        """Table of all windows of `tables`, which are one or more of one layout.

        The counts of equal keys are added.
        """

    def spectra(
        self,
        source: Iterable[Chunk] | NgramTable,
        layout: Layout,
        masks: Sequence[Masks],
        passes: Sequence[KeyRanges] | None = None,
    ) -> JointSpectra:
        """Joint spectra of the labels in each pair of masks, for every order.

        From chunks no table is built. The spectrum of one label set M is the pair (M, 0). With
        `passes`, disjoint ranges that cover all key ranges, the chunks are gone through once for
        each, so that only the windows of one range need memory at a time.
        """

    def needs(self, layout: Layout, key_ranges: int, *, rows: bool) -> tuple[int, int]:
        """Bytes of the caller's memory that counting in so many key ranges takes: fixed, and a
        window.

        With `rows`, those of a table among them, should all windows differ.
        """

    def joint_spectra(
        self, parts: Iterable[Sequence[NgramTable]], masks: Sequence[Masks]
    ) -> JointSpectra:
        """Joint spectra of several tables, given one stretch of key ranges after the other.

        A part has the rows of each table in one range; ranges do not overlap, and every part has
        the same number of tables with the same layouts: of equal vocabulary and max_order, and of
        one or two labels each. Labels are numbered through: with two halved tables, bits 0 and 1 of
        a mask are the halves of the first, bits 2 and 3 those of the second. Parts are dropped as
        they are scanned, so that tables larger than memory can be joined.
        """
