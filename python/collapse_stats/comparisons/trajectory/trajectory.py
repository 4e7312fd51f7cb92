"""Comparisons of the steps of a run with a baseline, and of each step with the one before."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ...metrics.figures import COMPARISON_FIGURES, SERIES_FIGURES, look_up
from ...metrics.series.onset import holm
from ...profiles.data import described
from ...system.arguments import checked_methods
from ...system.presented import Presented
from ...system.wording import counted
from ..comparison import Comparison
from .reading import Reading, read
from .series import Series
from .shrinkage import Shrinkage, shrinkage_of
from .step_figures import Point, StepFigures, between_sides, is_ratio

MOVED = ("js", "kl", "reverse_kl")
"""Figures that say how far a step is from the one before."""
VARIETY, VARIETY_ORDER, MOVED_ORDER = "size_matched_distinct_ratio", 4, 2
"""What is read of a run in words, and at which orders where so long n-grams are counted."""
ALPHA = 0.01
"""Chance of a false onset in any of the figures of a report."""


@checked_methods
@dataclass(frozen=True, eq=False, repr=False)
class Trajectory(Presented):
    """The steps of a run, each compared with a baseline and with the step before.

    Attributes
    ----------
    comparisons
        Of each step with the baseline.
    successive
        Of each step, the baseline of the comparison, with the one after it; always from samples of
        equal size.
    steps
        Numbers of the steps, ascending.
    from_first
        Whether the baseline is itself the first step of the run, so that figures are compared with
        its own.
    every_step
        Whether this run is looked at after each of its steps, so that onsets hold for all these
        times together.
    """

    comparisons: tuple[Comparison, ...]
    successive: tuple[Comparison, ...]
    steps: tuple[float, ...]
    from_first: bool = False
    every_step: bool = False
    _figures: dict[int, StepFigures] = field(default_factory=dict, init=False)

    def __repr__(self) -> str:
        """Return the baseline, and the number and the numbers of the steps."""
        baseline = described(self.comparisons[0].baseline)
        number = counted(len(self.steps), "step")
        return f"<Trajectory of {number}, {self.steps[0]} to {self.steps[-1]}, from {baseline}>"

    def figure(self, name: str, order: int) -> Series:
        """Return a figure at each step.

        Figures of two corpora are those of samples matched in size; of those that have a floor,
        between opposite halves, this is the excess over it. The entropies and Yule's K are those of
        the step itself.

        Parameters
        ----------
        name
            One of `metrics.figures.SERIES_FIGURES`.
        order
            Length of the n-grams.
        """
        figure = look_up(name, SERIES_FIGURES)
        found = [self._of(each).figures[name, order] for each in self._checked(order)]
        reference = self._reference(name, order) if self.from_first else None
        excess = name in COMPARISON_FIGURES and not is_ratio(name)
        return Series(name, order, self.steps, *_columns(found), figure.worse, excess, reference)

    def moved(self, name: str = "js", order: int = 2) -> Series:
        """Return how far each step is from the one before, as excess over the earlier step's floor.

        This is a speed: a run that has collapsed does not move any more. The first step of the run
        has no value here.

        Parameters
        ----------
        name
            ``"js"``, ``"kl"`` (of what the step before had) or ``"reverse_kl"``.
        order
            Length of the n-grams.
        """
        if name not in MOVED:
            raise ValueError(f"figure must be one of {', '.join(MOVED)}, got {name!r}")
        self._checked(order)
        if order in self.moved_orders:
            found = [self._of(each).figures[name, order] for each in self.successive]
        else:
            found = [between_sides(each, name, order) for each in self.successive]
        steps = self.steps[len(self.steps) - len(found) :]
        return Series(name, order, steps, *_columns(found), is_excess=True)

    def shrinkage(self, order: int = 1) -> Shrinkage:
        """Return by how much the baseline's n-grams became less probable, by how rare they are."""
        of_steps = [self._of(each) for each in self._checked(order)]
        shrunk, retained = (
            [getattr(each, name)[order] for each in of_steps] for name in ("shrunk", "retained")
        )
        return shrinkage_of(order, self.steps, shrunk, retained)

    def onsets(self, alpha: float = ALPHA) -> dict[tuple[str, int], float]:
        """Return by name and order the steps from which figures are worse, of those that are.

        The chance that any of them is false is alpha: by Holm's rule, the last step of a figure has
        to be worse by so much more, the more figures there are. Where the onset lies is for each
        figure as in `Series.onset`.
        """
        tests = {
            (name, order): self.figure(name, order).onset_test(alpha, every_step=self.every_step)
            for name in SERIES_FIGURES
            for order in self.orders
        }
        given = {key: test for key, test in tests.items() if test is not None}
        rejected = holm([test.p for test in given.values()], alpha)
        return {
            key: self.steps[test.place]
            for (key, test), is_rejected in zip(given.items(), rejected, strict=True)
            if is_rejected and test.place is not None
        }

    @cached_property
    def reading(self) -> Reading:
        """What becomes of the run, as a word and a sentence."""
        variety, moved = (min(order, self.orders[-1]) for order in (VARIETY_ORDER, MOVED_ORDER))
        first = self.comparisons[0].baseline.name if self.from_first else self.names[0]
        return read(
            self.names,
            self.figure(VARIETY, variety),
            self.onsets().get((VARIETY, variety)),
            self.moved("js", moved),
            self.comparisons[-1].verdict,
            first,
        )

    @property
    def orders(self) -> range:
        """Lengths of the n-grams that were counted."""
        return range(1, self.comparisons[0].baseline.max_order + 1)

    @property
    def moved_orders(self) -> range:
        """Those of reports of how far steps moved: of longer n-grams, divergences say little."""
        return self.orders[:MOVED_ORDER]

    @property
    def names(self) -> list[str]:
        """Names of the steps."""
        return [each.candidate.name for each in self.comparisons]

    def remember(self, comparison: Comparison) -> None:
        """Take what is needed of a comparison, whose counts may then be forgotten.

        Nothing is taken of one that the trajectory does not have.
        """
        followed = any(comparison is each for each in (*self.comparisons, *self.successive))
        if followed and id(comparison) not in self._figures:
            self._figures[id(comparison)] = self._taken(comparison)

    def _taken(self, comparison: Comparison) -> StepFigures:
        if any(comparison is each for each in self.comparisons):
            return StepFigures.of_step(comparison, is_first=comparison is self.comparisons[0])
        return StepFigures.of_move(comparison, MOVED, self.moved_orders)

    def _of(self, comparison: Comparison) -> StepFigures:
        if id(comparison) not in self._figures:
            self.remember(comparison)
            comparison.forget_samples()
        return self._figures[id(comparison)]

    def _checked(self, order: int) -> tuple[Comparison, ...]:
        self.comparisons[0].baseline.check_order(order)
        return self.comparisons

    def _reference(self, name: str, order: int) -> tuple[float, float] | None:
        """Return what the baseline has, as the first step of the run."""
        if name in COMPARISON_FIGURES:
            return (1.0, 0.0) if is_ratio(name) else (0.0, 0.0)
        value, error = self._of(self.comparisons[0]).baseline[name, order]
        return None if value is None or error is None else (value, error)


def _columns(
    points: Sequence[Point],
) -> tuple[tuple[float | None, ...], tuple[float | None, ...]]:
    """Return the values and the errors."""
    return tuple(value for value, _ in points), tuple(error for _, error in points)
