"""The figures of a report that tables show: a value with its floor and its standard error.

Every format takes them from here, so that one figure is the same number everywhere.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ..comparisons.cautions import SIZE_RATIO
from .json_object import Json

RARE = "1"  # the band of retention that is shown: n-grams seen once in half of the baseline
DEFAULT_ENTROPY = "chao-wang-jost"


@dataclass(frozen=True, slots=True)
class Shown:
    """A value with its floor, its standard error, and that of their difference."""

    value: float | None
    floor: float | None = None
    error: float | None = None
    excess_error: float | None = None

    @property
    def excess(self) -> float | None:
        """The value less its floor."""
        if self.value is None or self.floor is None:
            return None
        return self.value - self.floor

    @property
    def is_significant(self) -> bool:
        """Whether the excess is more than two standard errors; True when there is no error."""
        if self.excess is None or self.excess_error is None:
            return True
        return abs(self.excess) > 2 * self.excess_error


def compared(comparison: Json, key: str, order: int) -> Shown:
    """Return a figure of a comparison, such as ``"kl_bits"``, at an order."""
    figures = comparison["orders"][str(order)]
    interval = figures["intervals"][key]
    return _shown(comparison, figures[key], figures["floor"].get(key), interval)


def rare_kept(comparison: Json, order: int = 1) -> Shown:
    """Return the share of n-grams seen once in half of the baseline that are still present."""
    rows: Iterable[Json] = comparison["retention"]
    for row in rows:
        if (row["order"], row["band"]) == (order, RARE):
            interval = comparison["orders"][str(order)]["intervals"]["retained"]
            return _shown(comparison, row["retained"], row["floor"], interval)
    return Shown(None)


def of_corpus(corpus: Json, key: str, order: int) -> Shown:
    """Return a figure of one corpus at an order, with an error if it holds for the whole corpus."""
    figures = corpus["orders"][str(order)]
    value = figures[key][DEFAULT_ENTROPY] if key == "entropy_bits" else figures[key]
    interval = figures["intervals"].get(key)
    holds = interval is not None and interval["value"] == value
    return Shown(value, error=interval["error"] if holds else None)


def is_of_sample(comparison: Json) -> bool:
    """Whether figures with an error are those of samples, because the corpora are larger."""
    interval = comparison["orders"]["1"]["intervals"]["js_bits"]
    sizes = list(filter(None, comparison["measured"]["tokens"].values()))
    return interval is not None and bool(sizes) and SIZE_RATIO * interval["tokens"] < min(sizes)


def _shown(
    comparison: Json, value: float | None, floor: float | None, interval: Json | None
) -> Shown:
    """The figure with its error; that of the sample if the error does not hold for the corpora."""
    if interval is None:
        return Shown(value, floor)
    error, excess, excess_error = (interval[key] for key in ("error", "excess", "excess_error"))
    if not is_of_sample(comparison):
        return Shown(value, floor, error, excess_error)
    value = interval["value"]
    return Shown(value, None if floor is None else value - excess, error, excess_error)
