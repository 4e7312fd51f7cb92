"""Do constants of the rule hold for human sources that they were not chosen on?

    python tools/verdict_heldout.py DATA [--size 200000] [--tokens words --tokens builtin ...]

`sigmas` and `repetition` are chosen on what is known of three of the six human sources and judged
on what is known of the other three, for each of the 20 ways to divide them. Generations and
mixtures belong to `wikipedia`. To the comparisons of `verdict_tables.py` are added `--pairs` of
halves of each source, and what each model of RAID wrote against the people of RAID.
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
"""Verdicts that are right; other kinds have no one truth."""


@dataclass(frozen=True)
class Known:
    """A comparison whose right verdicts are known."""

    kind: str
    sources: frozenset[str]
    evidence: Evidence

    def wrong(self, constants: Constants) -> str | None:
        """What it is called, if that is not right."""
        label = judge(self.evidence, constants).label
        return None if label in RIGHT[self.kind] else label


def known(sources: dict[str, Documents], size: int, pairs: int) -> Iterator[Known]:
    """All comparisons of which the truth is known."""
    for kind, name, baseline, candidate in comparisons(sources, size):
        if kind in RIGHT:
            own = frozenset(source for source in HUMAN if source in name)
            yield Known(kind, own or frozenset(["wikipedia"]), evidence(baseline, candidate))
    for source, seed in product(HUMAN, range(SEEDS, SEEDS + pairs)):
        one, other = halves(sources[source], seed)
        found = evidence(sample(one, size // 2, 1), sample(other, size // 2, 2))
        yield Known("one source", frozenset([source]), found)


def chosen(on: Iterable[Known]) -> Constants:
    """The middle of those that are wrong least often."""
    wrong: dict[tuple[float, float], int] = {}
    on = list(on)
    for sigmas, repetition in product(SIGMAS, REPETITION):
        constants = replace(Constants(), sigmas=sigmas, repetition=repetition)
        wrong[sigmas, repetition] = sum(one.wrong(constants) is not None for one in on)
    best = [key for key, number in wrong.items() if number == min(wrong.values())]
    sigmas, repetition = (fmean(column) for column in zip(*best, strict=True))
    return replace(Constants(), sigmas=sigmas, repetition=repetition)


def mistakes(of: Iterable[Known], constants: Constants) -> Counter[str]:
    """How often which kind is called what it is not."""
    return Counter(f"{one.kind}: {label}" for one in of if (label := one.wrong(constants)))


def models(sources: dict[str, Documents], size: int) -> Counter[str]:
    """Verdicts on what the models of RAID wrote, against its people."""
    human = sample(sources["raid_human"], size)
    found: Counter[str] = Counter()
    for name in sources:
        if name.startswith("raid_") and name != "raid_human":
            verdict = judge(evidence(human, sample(sources[name], size, 1)), Constants())
            print(name, verdict.label, verdict.reasons, file=sys.stderr)
            found[verdict.label] += 1
    return found


def row(all_known: list[Known]) -> str:
    """Cells of a tokenizer: what is wrong with the constants of the rule, and with those chosen."""
    constants, inside, outside, held = [], [0, 0], [0, 0], Counter[str]()
    for some in combinations(HUMAN, len(HUMAN) // 2):
        on = [one for one in all_known if one.sources <= set(some)]
        off = [one for one in all_known if not one.sources & set(some)]
        constants.append(chosen(on))
        inside = [inside[0] + mistakes(on, constants[-1]).total(), inside[1] + len(on)]
        outside = [outside[0] + mistakes(off, constants[-1]).total(), outside[1] + len(off)]
        held += mistakes(off, constants[-1])
    as_given = mistakes(all_known, Constants())
    print(as_given, held, file=sys.stderr)
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
    """Print a Markdown table, a row for each tokenizer."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--tokens", action="append", help="as of verdict_tables.py")
    parser.add_argument("--size", type=int, default=200_000, help="tokens of each side")
    parser.add_argument("--pairs", type=int, default=20, help="more halves of each source")
    options = parser.parse_args()
    raw = texts(options.data)
    heads = ("tokens", "wrong as given", "sigmas", "repetition", "wrong", "wrong held out", "RAID")
    print(f"| {' | '.join(heads)} |")
    print("|---|---|---|---|---:|---:|---|")
    for name in options.tokens or ("words", "builtin"):
        encode = encoder(name, raw)
        sources = {source: encode(documents) for source, documents in raw.items()}
        found = list(known(sources, options.size, options.pairs))
        print(f"| {name} | {row(found)} | {spelled(models(sources, options.size))} |", flush=True)


if __name__ == "__main__":
    main()
