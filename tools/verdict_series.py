"""Print verdicts on runs whose truth is known: human text in order, one model, recursions.

    python tools/verdict_series.py DATA [--tokens builtin] [--size 100000]

Human sources are cut into parts in their order (by year, by number) and after shuffling; each part
with the three that follow it, or that precede it, is a run whose first step is also its baseline.
Where an n-gram model writes four times, nothing is lost from one time to the next. The recursions
of transformers have another human text as their baseline. `verdict_sources.py` describes DATA.
"""

import argparse
import random
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import verdict_sources
from ngram_chains import generations
from verdict_data import Encode, encoder
from verdict_sources import CHOSEN
from verdict_tables import LONGEST, Documents, encoded, halves, numbered, print_rows, sample

from collapse_stats.corpus.sample import Sample
from collapse_stats.verdict.constants import Constants
from collapse_stats.verdict.measure import evidence
from collapse_stats.verdict.rule import Verdict, judge
from collapse_stats.verdict.series import SeriesVerdict, judge_series

STEPS = 4
PARTS = 14  # most parts of one source
ORDERED = (
    "podcasts changelog", "podcasts gotime", "podcasts jsparty", "podcasts ai", "peps",
    "german novels", "chinese poems, tang", "answers (hc3)", "mixed (raid)", "wikipedia", "python",
)  # fmt: skip
Run = tuple[str, str, SeriesVerdict]  # kind, name, and what is said of it


def judged(baseline: Sample, candidate: Sample) -> Verdict:
    """Return the verdict on two samples."""
    return judge(evidence(baseline, candidate), Constants())


def run(steps: Sequence[Sample], baseline: Sample | None = None) -> SeriesVerdict:
    """Return the verdict on a run; without a baseline, its first step is the baseline."""
    names = [str(number) for number in range(len(steps))]
    against_first = [judged(steps[0], step) for step in steps[1:]]
    if baseline is None:
        return judge_series(names[1:], against_first, against_first)
    against = [judged(baseline, step) for step in steps]
    return judge_series(names, against, [None, *against_first])


def parts(documents: Documents, size: int) -> list[Sample]:
    """Cut documents into samples of about `size` tokens, in order."""
    found: list[Documents] = [[]]
    tokens = 0
    for document in documents:
        found[-1].append(document)
        tokens += len(document[1])
        if tokens >= size:
            found.append([])
            tokens = 0
    return [sample(part, 2 * size, n) for n, part in enumerate(found[:-1][:PARTS])]


def human_runs(sources: dict[str, Documents], size: int) -> Iterator[Run]:
    """Yield runs of human text."""
    books = [document for name in CHOSEN[:4] for document in sources[name]]
    ordered = {"books by year": books[::4], **{name: sources[name] for name in ORDERED}}
    for name, documents in ordered.items():
        shuffled = numbered([ids for _, ids in random.Random(3).sample(documents, len(documents))])
        for kind, source in (("in order", documents), ("shuffled", shuffled)):
            steps = parts(source, size)
            for backwards in (False, True):
                way = steps[::-1] if backwards else steps
                for first in range(len(way) - STEPS + 1):
                    yield f"human text {kind}", name, run(way[first : first + STEPS])


def model_runs(sources: dict[str, Documents], size: int) -> Iterator[Run]:
    """Yield runs in which one n-gram model writes several times."""
    for name in CHOSEN:
        train = sample(halves(sources[name], 5)[0], size)
        pieces = [ids[:LONGEST] for ids in train.documents()]
        for seed in range(3):
            texts = [next(generations(pieces, 3, 1, seed=STEPS * seed + n)) for n in range(STEPS)]
            steps = [sample(numbered(text), size, n) for n, text in enumerate(texts)]
            yield "one model writes four times", name, run(steps)


def recursions(data: Path, encode: Encode, size: int) -> Iterator[Run]:
    """Yield the recursions of transformers, up to each generation."""
    written = verdict_sources.models(data)
    for name_of_chain in sorted({name.split("/")[0] for name in written if "/gen" in name}):
        language = "de_t090" if name_of_chain.startswith("de") else "en_t100"
        baseline = sample(encoded(encode, written[f"{language}/human_b"]), size, 1)
        names = sorted(name for name in written if name.startswith(f"{name_of_chain}/gen"))
        steps = [sample(encoded(encode, written[name]), size, 2) for name in names]
        for number in range(2, len(steps) + 1):
            yield (
                f"{name_of_chain}, up to generation {number - 1}",
                "",
                run(steps[:number], baseline),
            )


def main() -> None:
    """Print a Markdown table of verdicts on runs by kind."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--tokens", default="builtin", help="words, bytes, or a tokenizer's spec")
    parser.add_argument("--size", type=int, default=100_000, help="tokens of each step")
    options = parser.parse_args()
    encode = encoder(options.tokens, {})
    raw = verdict_sources.human(options.data)
    sources = {name: encoded(encode, raw[name]) for name in CHOSEN if name in raw}
    counts: dict[str, Counter[str]] = {}
    for kind, name, verdict in chain(
        human_runs(sources, options.size),
        model_runs(sources, options.size),
        recursions(options.data, encode, 2 * options.size),
    ):
        counts.setdefault(kind, Counter())[verdict.label] += 1
        print(kind, name, verdict.label, verdict.reasons, file=sys.stderr, flush=True)
    print(f"| runs of {options.tokens}, {options.size:,} tokens a step | verdicts | loss |")
    print_rows(counts)


if __name__ == "__main__":
    main()
