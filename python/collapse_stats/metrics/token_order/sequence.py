"""Metrics of token order for a corpus that is read in batches of documents."""

from dataclasses import dataclass, field

import numpy.typing as npt

from ...ngrams.layout import MAX_KEY_BITS
from ...system.arguments import checked_methods
from .documents import in_parts, mean, packed
from .hdd import hdd_totals
from .mattr import window_totals
from .mtld import factor_totals, tokens_per_factor
from .repetition import document_ratios, ratio_totals

__all__ = ["SequenceTotals"]

_DIVERSITY_ORDERS = 4
_PART = 1 << 15  # tokens whose arrays fit into a core's own cache


@checked_methods
@dataclass(slots=True)
class SequenceTotals:
    """Running sums over documents for `mattr`, `mtld`, `document_hdd` and `repetition`.

    Memory depends on the size of a batch, not of the corpus. The figures equal those of the
    functions for all documents at once, up to rounding, and are None where those are None.

    Attributes
    ----------
    window, threshold, draws
        Parameters of `mattr`, `mtld` and `document_hdd`.
    max_order
        Largest n of `document_distinct_ratio` and `repetition`; `repetition_diversity` needs at
        least 4.

    >>> totals = SequenceTotals(window=2)
    >>> totals.update([1, 1, 2, 1])
    >>> totals.update([[5, 6], [7, 7]])
    >>> totals.mattr
    0.8
    """

    window: int = 100
    threshold: float = 0.72
    draws: int = 42
    max_order: int = _DIVERSITY_ORDERS
    _windows: tuple[int, int] = field(default=(0, 0), init=False)
    _factors: tuple[int, float, float] = field(default=(0, 0.0, 0.0), init=False)
    _hdd: tuple[float, int] = field(default=(0.0, 0), init=False)
    _ratios: list[tuple[float, int]] = field(init=False)
    _diversity: tuple[float, int] = field(default=(0.0, 0), init=False)

    def __post_init__(self) -> None:
        if not 1 <= self.max_order <= MAX_KEY_BITS:
            raise ValueError(
                f"max_order must be between 1 and {MAX_KEY_BITS}, got {self.max_order}"
            )
        self._ratios = [(0.0, 0)] * self.max_order
        self.update([])  # raises an error if a parameter is out of range

    def update(self, tokens: npt.ArrayLike, lengths: npt.ArrayLike | None = None) -> None:
        """Add whole documents, which are passed as to `mattr`."""
        factors = factor_totals(tokens, lengths, self.threshold)  # reads many side by side
        self._add((0, 0), factors, (0.0, 0), [(0.0, 0)] * self.max_order, (0.0, 0))
        for ids, sizes in in_parts(*packed(tokens, lengths), _PART):
            ratios = document_ratios(ids, self.max_order, sizes)
            self._add(
                window_totals(ids, sizes, self.window),
                (0, 0.0, 0.0),
                hdd_totals(ids, sizes, self.draws),
                [ratio_totals([ratio]) for ratio in ratios],
                ratio_totals(ratios[1:_DIVERSITY_ORDERS]) if self._has_diversity else (0.0, 0),
            )

    def merge(self, other: "SequenceTotals") -> None:
        """Add the documents of `other`.

        Raises
        ------
        ValueError
            When its parameters differ.
        """
        mine, theirs = (
            (totals.window, totals.threshold, totals.draws, totals.max_order)
            for totals in (self, other)
        )
        if mine != theirs:
            raise ValueError(
                f"window, threshold, draws and max_order must be {mine} to be added, got {theirs}"
            )
        self._add(other._windows, other._factors, other._hdd, other._ratios, other._diversity)

    @property
    def mattr(self) -> float | None:
        """`metrics.mattr` of the documents so far."""
        types, windows = self._windows
        return mean(types, windows * self.window)

    @property
    def mtld(self) -> float | None:
        """`metrics.mtld` of the documents so far."""
        return tokens_per_factor(*self._factors)

    @property
    def hdd(self) -> float | None:
        """`metrics.document_hdd` of the documents so far."""
        return mean(*self._hdd)

    @property
    def repetition_diversity(self) -> float | None:
        """`metrics.repetition_diversity` of the documents so far.

        Raises ValueError when max_order is below 4.
        """
        if not self._has_diversity:
            raise ValueError(f"max_order must be at least 4 for this, got {self.max_order}")
        return mean(*self._diversity)

    def document_distinct_ratio(self, n: int) -> float | None:
        """`metrics.document_distinct_ratio` of the documents so far."""
        if not 1 <= n <= self.max_order:
            raise ValueError(f"n must be between 1 and max_order, {self.max_order}, got {n}")
        return mean(*self._ratios[n - 1])

    def repetition(self, n: int) -> float | None:
        """`metrics.repetition` of the documents so far."""
        distinct = self.document_distinct_ratio(n)
        return None if distinct is None else 1 - distinct

    @property
    def _has_diversity(self) -> bool:
        return self.max_order >= _DIVERSITY_ORDERS

    def _add(
        self,
        windows: tuple[int, int],
        factors: tuple[int, float, float],
        hdd: tuple[float, int],
        ratios: list[tuple[float, int]],
        diversity: tuple[float, int],
    ) -> None:
        self._windows = (self._windows[0] + windows[0], self._windows[1] + windows[1])
        tokens, forward, backward = self._factors
        self._factors = (tokens + factors[0], forward + factors[1], backward + factors[2])
        self._hdd = _sum(self._hdd, hdd)
        self._ratios = [_sum(a, b) for a, b in zip(self._ratios, ratios, strict=True)]
        self._diversity = _sum(self._diversity, diversity)


def _sum(a: tuple[float, int], b: tuple[float, int]) -> tuple[float, int]:
    return a[0] + b[0], a[1] + b[1]
