"""What a simulation gives: the texts of all generations, and their figures by run."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..comparisons.comparison import Comparison
from ..comparisons.series import ComparisonSeries
from ..metrics.one_corpus.recursion import FloatArray
from ..system.arguments import checked_methods
from ..system.presented import Presented
from ..system.wording import counted
from .material import Material
from .measured import figure_of
from .rules import Rules
from .text import Text, Tokens


@checked_methods
@dataclass(frozen=True, eq=False, repr=False)
class Simulation(Presented):
    """Generations of an n-gram model that learns from its own text, several times over.

    Attributes
    ----------
    material
        The human text: what the first model learned, the reserve, and the baseline.
    rules
        How each generation was made.
    seed
        Decides all random numbers, together with the number of the run.
    human
        The text that the first model learned, compared with the baseline.
    texts
        The text of each generation, by run.
    comparisons
        Each generation compared with the baseline, by run.
    expected_types
        float64 ``(generations,)``: expected number of distinct tokens by the closed form, given the
        human text; the mean over runs. None where the closed form does not hold: where text
        accumulates, or is not sampled as it was learned.
    """

    material: Material
    rules: Rules
    seed: int
    human: Comparison
    texts: tuple[tuple[Text, ...], ...]
    comparisons: tuple[ComparisonSeries, ...]
    expected_types: FloatArray | None

    def __repr__(self) -> str:
        """Return the corpus, how much was simulated, and how."""
        rules = f"{100 * self.rules.fresh:g} % {self.rules.human} human text, {self.rules.keep}"
        size = f"{self.tokens:,} tokens each"
        return (
            f"<Simulation of {self.material.name}: {counted(self.generations, 'generation')}, "
            f"{size}, {counted(self.runs, 'run')}, {rules}>"
        )

    @property
    def tokens(self) -> int:
        """Number of tokens of every generation."""
        return len(self.material.learned.tokens)

    @property
    def generations(self) -> int:
        """Number of generations."""
        return len(self.texts[0])

    @property
    def runs(self) -> int:
        """Number of runs."""
        return len(self.texts)

    def documents(self, generation: int, run: int = 0) -> Sequence[Tokens]:
        """Return the documents of a generation, each as an array of token ids.

        Parameters
        ----------
        generation
            From 0, the human text that the first model learned, to `generations`.
        run
            From 0 to less than `runs`.

        Raises
        ------
        ValueError
            There is no such generation or run.
        """
        if not 0 <= generation <= self.generations:
            raise ValueError(
                f"generation must be between 0 and {self.generations}, got {generation}"
            )
        if not 0 <= run < self.runs:
            raise ValueError(f"run must be between 0 and {self.runs - 1}, got {run}")
        text = self.texts[run][generation - 1] if generation else self.material.learned
        return text.documents()

    def figure(self, name: str, order: int) -> FloatArray:
        """Return a figure of every run and generation: float64 ``(runs, generations)``.

        Parameters
        ----------
        name
            A figure of two corpora, which compares with the baseline (such as ``"kl"``, ``"js"``,
            ``"retained"`` and ``"size_matched_distinct_ratio"``), or one of a corpus (such as
            ``"distinct"`` and ``"entropy"``). NaN where it is not given.

        Raises
        ------
        ValueError
            There is no such figure, or no such order.
        """
        values = [[figure_of(each, name, order) for each in run] for run in self.comparisons]
        return np.array(values, dtype=np.float64)
