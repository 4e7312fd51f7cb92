"""What the rule says of human corpora against each other, and how often it is wrong there."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .calibration import Shown, calibrated, shown
from .constants import Constants
from .human_pairs import HumanPair
from .rule import COLLAPSE, LOSS_OF_TAIL, judge

ALARMS = (LOSS_OF_TAIL, COLLAPSE)
"""The verdicts that are false of human text."""

_Z = 1.96  # standard deviations of a 95 % interval


@dataclass(frozen=True, slots=True)
class JudgedPair:
    """Two human corpora, or the halves of one, and the verdicts on the second against the first.

    Attributes
    ----------
    baseline, candidate
        Names of the corpora; those of halves are the same.
    shown
        What the pair shows, from which the limits follow.
    builtin, calibrated
        The verdicts under the builtin limits, and under those of all pairs.
    left_out
        The verdict under the limits of the corpora without the candidate, which shows how they
        work on text that took no part. None for halves, and if there are only two corpora.
    """

    baseline: str
    candidate: str
    shown: Shown
    builtin: str
    calibrated: str
    left_out: str | None

    @property
    def is_of_halves(self) -> bool:
        """Whether the two are halves of one corpus."""
        return self.baseline == self.candidate

    def __str__(self) -> str:
        """Return the two in words."""
        if self.is_of_halves:
            return f"halves of {self.candidate}"
        return f"{self.candidate} against {self.baseline}"


def judged_pairs(pairs: Sequence[HumanPair]) -> tuple[JudgedPair, ...]:
    """Judge each pair under the builtin limits and under those that follow from the pairs."""
    builtin = Constants()
    found = [shown(pair.evidence, builtin) for pair in pairs]
    own = calibrated(found)
    names = {pair.candidate for pair in pairs}
    without = {
        name: calibrated(
            each
            for pair, each in zip(pairs, found, strict=True)
            if name not in (pair.baseline, pair.candidate)
        )
        for name in (names if len(names) > 2 else ())
    }

    def left_out(pair: HumanPair) -> str | None:
        if pair.is_of_halves or pair.candidate not in without:
            return None
        return judge(pair.evidence, without[pair.candidate]).label

    return tuple(
        JudgedPair(
            pair.baseline,
            pair.candidate,
            each,
            judge(pair.evidence, builtin).label,
            judge(pair.evidence, own).label,
            left_out(pair),
        )
        for pair, each in zip(pairs, found, strict=True)
    )


@dataclass(frozen=True, slots=True)
class Verdicts:
    """How often the rule gave each verdict to pairs of human corpora.

    Attributes
    ----------
    counts
        Number of pairs by verdict.
    low, high
        95 % interval of the share of false alarms (Wilson, JASA 22, 1927), with as many trials as
        corpora: pairs of one corpus are not independent.
    """

    counts: dict[str, int]
    low: float
    high: float

    @classmethod
    def of(cls, labels: Iterable[str | None], corpora: int) -> "Verdicts | None":
        """Count verdicts on pairs of so many corpora; None without any."""
        counts = Counter(label for label in labels if label is not None)
        if not counts:
            return None
        share = sum(counts[label] for label in ALARMS) / counts.total()
        spread = _Z * math.sqrt(share * (1 - share) / corpora + _Z**2 / (4 * corpora**2))
        scale = 1 + _Z**2 / corpora
        middle = (share + _Z**2 / (2 * corpora)) / scale
        low, high = max(middle - spread / scale, 0.0), min(middle + spread / scale, 1.0)
        return cls(dict(counts), low if share else 0.0, high if share < 1 else 1.0)

    @property
    def pairs(self) -> int:
        """Number of pairs."""
        return sum(self.counts.values())

    @property
    def false_alarms(self) -> int:
        """Number of pairs that are called a loss of tail or a collapse."""
        return sum(self.counts.get(label, 0) for label in ALARMS)
