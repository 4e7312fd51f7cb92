"""One figure at the steps of a run, and what its order says."""

from dataclasses import dataclass
from typing import TypeVar

from ... import metrics
from ...metrics.series.half_life import HalfLife
from ...metrics.series.onset import Onset, Worse
from ...system.arguments import checked_methods

Number = TypeVar("Number", int, float)


@dataclass(frozen=True, slots=True)
class Trend:
    """Whether a series has a trend (Mann-Kendall), and how steep it is (Theil-Sen).

    Attributes
    ----------
    s
        How many pairs of steps rise, less how many fall.
    p
        Chance of so large an abs(s) without a trend, two-sided.
    slope
        In units of the figure for one unit of the steps.
    low, high
        Its 95 % interval; None with four steps, of which no interval has 95 %.
    """

    s: int
    p: float
    slope: float
    low: float | None
    high: float | None


@checked_methods
@dataclass(frozen=True, slots=True)
class Series:
    """One figure at each step of a run.

    Attributes
    ----------
    name, order
        Of the figure.
    steps
        Numbers of the steps, ascending.
    values
        The figure at each step; None where it cannot be given.
    errors
        Its standard errors; None where there is none.
    worse
        ``"up"`` or ``"down"``: the direction in which the figure is worse; None if it has none.
    is_excess
        Whether the values are what the figure is above its floor.
    reference
        Value and standard error that an onset is taken against; None: those of the first step.
    """

    name: str
    order: int
    steps: tuple[float, ...]
    values: tuple[float | None, ...]
    errors: tuple[float | None, ...]
    worse: Worse | None = None
    is_excess: bool = False
    reference: tuple[float, float] | None = None

    def trend(self) -> Trend | None:
        """Return the trend of the steps that have a value; None of fewer than four.

        The steps must be independent: windows of text that overlap make any p too small.
        """
        steps, values = self._known()
        test, slope = metrics.mann_kendall(values), metrics.theil_sen(values, steps)
        if test is None or slope is None:
            return None
        return Trend(test.s, test.p, slope.slope, slope.low, slope.high)

    def onset(self, alpha: float = 0.01, *, every_step: bool = False) -> float | None:
        """Return the first step from which every later one is significantly worse.

        None when there is none, or when a step has no error.

        Parameters
        ----------
        alpha
            Chance of a false alarm in the whole series, 0 < alpha < 1.
        every_step
            Whether it was asked for after each step, for an alarm. The chance then holds for all of
            these times together.
        """
        found = self.onset_test(alpha, every_step=every_step)
        return None if found is None or found.place is None else self.steps[found.place]

    def onset_test(self, alpha: float = 0.01, *, every_step: bool = False) -> Onset | None:
        """Return place and p of the onset; None when a step has no error, or nothing is worse."""
        values, errors = _complete(self.values), _complete(self.errors)
        if self.worse is None or values is None or errors is None:
            return None
        return metrics.onset(
            values,
            errors,
            self.worse,
            reference=self.reference,
            alpha=alpha,
            every_step=every_step,
        )

    def half_life(self) -> HalfLife | None:
        """Return how fast the figure approaches which limit; see `metrics.half_life`."""
        steps, values = self._known()
        return metrics.half_life(values, steps, least=None if self.is_excess else 0.0)

    @property
    def state(self) -> str | None:
        """``"worsening"``, ``"settled"`` or ``"recovering"``; None where that cannot be said."""
        values, errors = _complete(self.values), _complete(self.errors)
        if self.worse is None or values is None or errors is None:
            return None
        return metrics.series_state(values, errors, self.worse, self.steps)

    @property
    def settled_value(self) -> float | None:
        """The median of the last half of the steps; None with fewer than five."""
        values = _complete(self.values)
        return None if values is None else metrics.settled_value(values)

    def _known(self) -> tuple[list[float], list[float]]:
        """Return the steps that have a value, and the values."""
        known = [
            (step, value)
            for step, value in zip(self.steps, self.values, strict=True)
            if value is not None
        ]
        return [step for step, _ in known], [value for _, value in known]


def _complete(values: tuple[float | None, ...]) -> list[float] | None:
    """Return the values, if each step has one."""
    known = [value for value in values if value is not None]
    return known if len(known) == len(values) else None
