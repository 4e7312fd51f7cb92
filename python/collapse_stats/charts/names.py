"""Short names of candidates, for the ticks of an axis and the ends of lines."""

import re
from dataclasses import dataclass
from itertools import takewhile

from ..report.grid import printable
from ..report.views.labels import Labels
from ..report.wrapping import shortened

LONGEST = 18  # letters


@dataclass(frozen=True, slots=True)
class Numbered:
    """Names that differ by a number only.

    Attributes
    ----------
    word
        What stands before the number in the last part of the path: ``gen`` of ``runs/gen03.jsonl``.
    numbers
        As they are written.
    """

    word: str
    numbers: list[str]

    @property
    def is_rising(self) -> bool:
        """Whether each number is larger than the one before."""
        values = [*map(int, self.numbers)]
        return values == sorted(set(values))


def numbered(names: list[str]) -> Numbered | None:
    """Return what names that differ by a number only consist of; None of other names."""
    stem = _beginning(names).rstrip("0123456789")
    backwards = _beginning([name[::-1] for name in names])
    ending = len(re.split("[0-9]", backwards)[0])
    numbers = [name[len(stem) : len(name) - ending] for name in names]
    if len(names) < 2 or not all(re.fullmatch("[0-9]{1,18}", number) for number in numbers):
        return None
    return Numbered(re.split(r"[/\\]", printable(stem))[-1], numbers)


def tick_names(names: list[str]) -> list[str]:
    """Return the numbers of names that differ by them alone, and other names shortened.

    >>> tick_names(["runs/step-08.jsonl", "runs/step-10.jsonl"])
    ['8', '10']
    >>> tick_names(["gen1", "human B"])
    ['gen1', 'human B']
    """
    parts = numbered(names)
    if parts is None:
        return [shortened(printable(name), LONGEST) for name in names]
    return [str(int(number)) for number in parts.numbers]


def line_names(names: list[str]) -> list[str]:
    """Return the names as tables have them, shortened."""
    labels = Labels.of(names)
    return [shortened(printable(labels.label(name)), LONGEST) for name in names]


def _beginning(names: list[str]) -> str:
    """Return the letters that all names begin with."""
    pairs = zip(min(names), max(names), strict=False)  # what these have in common, all have
    return "".join(one for one, _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
