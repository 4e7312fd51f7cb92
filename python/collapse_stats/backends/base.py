"""What every backend can do: four operations, the same integers."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from ..ngrams.chunk import Chunk
from ..ngrams.layout import Layout, Shards
from ..ngrams.run import Run
from ..ngrams.spectrum import Masks, Tables


class Backend(Protocol):
    """The four operations. Implementations are stateless apart from their settings.

    Attributes
    ----------
    on_gpu
        Whether it counts on a GPU, whose memory it bounds itself, and takes tokens that lie there.
    batch_tokens
        So many tokens, at least, are best counted together.
    range_shards
        So many shards, at least, are best handed out together; all, where rows are made at once.
    """

    name: str
    on_gpu: bool
    range_shards: int

    @property
    def batch_tokens(self) -> int: ...

    def count(self, chunks: Iterable[Chunk], layout: Layout, shards: Shards | None = None) -> Run:
        """Run of the chunks' windows in shards ``shards[0] <= shard < shards[1]`` (default: all).

        Raises ValueError naming value and position of an id outside the vocabulary.
        """

    def count_in_ranges(
        self, chunks: Iterable[Chunk], layout: Layout, ranges: Sequence[Shards]
    ) -> Iterator[Run]:
        """Runs of ascending, adjoining ranges of shards; the chunks are gone through once.

        For what is done with when it was written: memory and time that whole runs take are saved.
        """

    def merge(self, runs: Sequence[Run]) -> Run:
        """Run of all windows of `runs` (one layout, at least one run): counts of equal keys add."""

    def spectra(
        self,
        source: Iterable[Chunk] | Run,
        layout: Layout,
        masks: Sequence[Masks],
        passes: Sequence[Shards] | None = None,
    ) -> Tables:
        """Joint spectra of the labels in each pair of masks, for every order.

        From chunks no run is built. The spectrum of one label set M is the pair (M, 0). With
        `passes`, disjoint ranges that cover all shards, the chunks are gone through once for each,
        so that only the windows of one range need memory at a time.
        """

    def needs(self, layout: Layout, shards: int, *, rows: bool) -> tuple[int, int]:
        """Bytes of the caller's memory that counting in so many shards takes: fixed, and a window.

        With `rows`, those of a run among them, should all windows differ.
        """

    def joint_spectra(self, parts: Iterable[Sequence[Run]], masks: Sequence[Masks]) -> Tables:
        """Joint spectra of several runs, given one range of shards after the other.

        A part has the rows of each run in one range; ranges do not overlap, and every part has the
        same number of runs with the same layouts: of equal vocabulary and max_order, and of one or
        two labels each. Labels are numbered through: with two halved runs, bits 0 and 1 of a mask
        are the halves of the first, bits 2 and 3 those of the second. Parts are dropped as they
        are scanned, so that runs larger than memory can be joined.
        """
