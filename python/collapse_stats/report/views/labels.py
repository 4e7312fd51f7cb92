"""Short labels for names that have most of their letters in common."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

LONG = 8  # letters; no name is changed if all are this short
SEPARATORS = " -_./:"  # that end a heading in vain
LEAST = 3  # letters in common that are worth leaving out


@dataclass(frozen=True, slots=True)
class Labels:
    """What is left of names without the beginning and the end that all have in common."""

    before: str
    after: str

    @classmethod
    def of(cls, names: Sequence[str]) -> "Labels":
        """Find what the names have in common, up to a sign or a number.

        >>> Labels.of(["checkpoint-100", "checkpoint-200"]).label("checkpoint-100")
        '100'
        """
        if len({*names}) < 2 or max(map(len, names)) <= LONG:
            return cls("", "")
        before = _beginning(names)
        rests = [name[len(before) :] for name in names]
        after = _beginning([rest[::-1] for rest in rests])[::-1]
        if not all(len(rest) > len(after) for rest in rests):
            after = ""
        return cls(before, after) if len(before + after) >= LEAST else cls("", "")

    def label(self, name: str) -> str:
        """Return the label of a name; a name without the common parts is its own label."""
        is_alike = name.startswith(self.before) and name.endswith(self.after)
        if not is_alike or len(name) <= len(self.before + self.after):
            return name
        return name[len(self.before) : len(name) - len(self.after)]

    @property
    def heading(self) -> str:
        """What stands above the labels: the common parts."""
        return f"{self.before}…{self.after}" if self.after else self.before.rstrip(SEPARATORS)


def _beginning(names: Sequence[str]) -> str:
    """The beginning that the names have in common, without a part of a word or of a number."""
    first, last = min(names), max(names)  # what these have in common, all have
    alike = takewhile(lambda signs: signs[0] == signs[1], zip(first, last, strict=False))
    common = "".join(sign for sign, _ in alike)
    rests = [name[len(common) :] for name in names]
    while common and not (_ends_whole(common) or _are_numbers(common, rests)):
        rests = [common[-1] + rest for rest in rests]
        common = common[:-1]
    return common if all(rests) else ""


def _ends_whole(common: str) -> bool:
    """Whether it ends with a sign that separates words; the point of 0.9 does not."""
    is_decimal = common[-1] == "." and common[-2:-1].isdigit()
    return not common[-1].isalnum() and not is_decimal


def _are_numbers(common: str, rests: Sequence[str]) -> bool:
    """Whether numbers follow letters, as in gen1 and gen2."""
    return common[-1].isalpha() and all(rest[:1].isdigit() for rest in rests)
