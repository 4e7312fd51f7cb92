"""Test the constants of the rule on human sources that they were not chosen on.

    python tools/verdict_heldout.py DATA [--size 200000] [--tokens words --tokens builtin ...]

`sigmas` and `repetition` are chosen on known comparisons of three of the six human sources and
tested on those of the other three, for each of the 20 divisions. Generations and mixtures belong to
`wikipedia`. The comparisons are those of `verdict_tables.py`, `--pairs` halves of each source, and
the text of each RAID model against human RAID text.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations, product
from pathlib import Path
from statistics import fmean

from verdict_data import HUMAN, Documents, encoder, halves, sample, texts
from verdict_tables import SEEDS, comparisons, spelled

from collapse_stats.verdict.measure import evidence
from collapse_stats.verdict.rule import (
    CANNOT_TELL,
    COLLAPSE,
    DRIFT,
    LOSS_OF_TAIL,
    WITHIN_FLOOR,
    Constants,
    Evidence,
    judge,
)

SIGMAS = (2.0, 2.5, 3.0, 3.5, 4.0)
REPETITION = tuple(n / 100 for n in range(2, 17))
LOST = {LOSS_OF_TAIL, COLLAPSE}
RIGHT = {
    "one source": {WITHIN_FLOOR, CANNOT_TELL},
    "one source, sizes apart": {WITHIN_FLOOR, CANNOT_TELL},
    "genres": {DRIFT, CANNOT_TELL},
    "loops in 50% of the documents": LOST,
    "loops in 100% of the documents": {COLLAPSE},
    **{
        f"{late} against {first}": LOST
        for late in ("generation 2", "generation 3", "generations 4 to 15")
        for first in ("human", "generation 0")
    },
    **{f"human with {share}% of a late generation": LOST for share in (20, 35, 50)},
}
"""Right verdicts by kind of comparison; other kinds have no single right verdict."""


@dataclass(frozen=True)
class Known:
    """A comparison whose right verdicts are known."""

    kind: str
    sources: frozenset[str]
    evidence: Evidence

    def wrong(self, constants: Constants) -> str | None:
        """The verdict if it is wrong, else None."""
        label = judge(self.evidence, constants).label
        return None if label in RIGHT[self.kind] else label


def known(sources: dict[str, Documents], size: int, pairs: int) -> Iterator[Known]:
    """Yield all comparisons whose right verdict is known."""
    for kind, name, baseline, candidate in comparisons(sources, size):
        if kind in RIGHT:
            own = frozenset(source for source in HUMAN if source in name)
            yield Known(kind, own or frozenset(["wikipedia"]), evidence(baseline, candidate))
    for source, seed in product(HUMAN, range(SEEDS, SEEDS + pairs)):
        first, second = halves(sources[source], seed)
        measured = evidence(sample(first, size // 2, 1), sample(second, size // 2, 2))
        yield Known("one source", frozenset([source]), measured)


def chosen(training: Iterable[Known]) -> Constants:
    """Return the mean of the constants with the fewest wrong verdicts."""
    wrong: dict[tuple[float, float], int] = {}
    training = list(training)
    for sigmas, repetition in product(SIGMAS, REPETITION):
        constants = replace(Constants(), sigmas=sigmas, repetition=repetition)
        wrong[sigmas, repetition] = sum(
            comparison.wrong(constants) is not None for comparison in training
        )
    best = [key for key, number in wrong.items() if number == min(wrong.values())]
    sigmas, repetition = (fmean(column) for column in zip(*best, strict=True))
    return replace(Constants(), sigmas=sigmas, repetition=repetition)


def mistakes(tested: Iterable[Known], constants: Constants) -> Counter[str]:
    """Count the wrong verdicts by kind of comparison and label."""
    return Counter(
        f"{comparison.kind}: {label}"
        for comparison in tested
        if (label := comparison.wrong(constants))
    )


def models(sources: dict[str, Documents], size: int) -> Counter[str]:
    """Count the verdicts on the text of RAID's models against its human text."""
    human = sample(sources["raid_human"], size)
    labels: Counter[str] = Counter()
    for name in sources:
        if name.startswith("raid_") and name != "raid_human":
            verdict = judge(evidence(human, sample(sources[name], size, 1)), Constants())
            print(name, verdict.label, verdict.reasons, file=sys.stderr)
            labels[verdict.label] += 1
    return labels


def row(all_known: list[Known]) -> str:
    """Return a tokenizer's cells: wrong verdicts with the rule's and with the chosen constants."""
    constants, inside, outside, held_out = [], [0, 0], [0, 0], Counter[str]()
    for chosen_sources in combinations(HUMAN, len(HUMAN) // 2):
        training = [item for item in all_known if item.sources <= set(chosen_sources)]
        test = [item for item in all_known if not item.sources & set(chosen_sources)]
        constants.append(chosen(training))
        wrong = mistakes(training, constants[-1]).total()
        inside = [inside[0] + wrong, inside[1] + len(training)]
        outside = [outside[0] + mistakes(test, constants[-1]).total(), outside[1] + len(test)]
        held_out += mistakes(test, constants[-1])
    as_given = mistakes(all_known, Constants())
    print(as_given, held_out, file=sys.stderr)
    sigmas, repetition = (
        [getattr(c, name) for c in constants] for name in ("sigmas", "repetition")
    )
    return " | ".join(
        [
            f"{as_given.total()} of {len(all_known)}",
            f"{min(sigmas):.1f} to {max(sigmas):.1f}",
            f"{min(repetition):.2f} to {max(repetition):.2f}",
            f"{inside[0] / inside[1]:.1%}",
            f"{outside[0] / outside[1]:.1%}",
        ]
    )


def main() -> None:
    """Print a Markdown table with a row for each tokenizer."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--tokens", action="append", help="as in verdict_tables.py")
    parser.add_argument("--size", type=int, default=200_000, help="tokens of each side")
    parser.add_argument("--pairs", type=int, default=20, help="additional halves of each source")
    options = parser.parse_args()
    raw = texts(options.data)
    heads = ("tokens", "wrong as given", "sigmas", "repetition", "wrong", "wrong held out", "RAID")
    print(f"| {' | '.join(heads)} |")
    print("|---|---|---|---|---:|---:|---|")
    for name in options.tokens or ("words", "builtin"):
        encode = encoder(name, raw)
        sources = {source: encode(documents) for source, documents in raw.items()}
        known_comparisons = list(known(sources, options.size, options.pairs))
        print(
            f"| {name} | {row(known_comparisons)} | {spelled(models(sources, options.size))} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
