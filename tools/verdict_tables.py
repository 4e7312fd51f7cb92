"""Print the tables of docs/verdict.md: verdicts on text whose origin is known.

    python tools/verdict_tables.py DATA [--size 200000] [--tokens builtin] [--part chosen|held-out]

Each row is a kind of comparison; cells count the verdicts, and the last one gives the share of
those that are a loss of tail or a collapse, with its 95 % interval (Wilson). `verdict_sources.py`
describes DATA and what part of it the constants were chosen on.
"""

import argparse
import math
import random
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import permutations
from pathlib import Path

import numpy as np
import verdict_sources
from ngram_chains import Ids, generations
from verdict_data import Encode, encoder, looped, mixed
from verdict_sources import CHOSEN, HELD_OUT, Piece

from collapse_stats.corpus.sample import Sample, within
from collapse_stats.corpus.split import GROUPS, ordinal_hash
from collapse_stats.verdict.constants import Constants
from collapse_stats.verdict.measure import evidence
from collapse_stats.verdict.rule import CANNOT_TELL, COLLAPSE, LABELS, LOSS_OF_TAIL, Verdict, judge

Documents = list[tuple[str, Ids]]  # the source of each, and its tokens
Trial = tuple[str, str, Sample, Sample]  # kind, name, baseline, candidate

ROUNDS = {"none": (0.0, 5), "5 to 10 %": (0.05, 5), "20 %": (0.2, 6)}
LONGEST = 1500  # tokens of a document that chains are trained on


def sample(documents: Documents, size: int, seed: int = 0) -> Sample:
    """Sample documents up to `size` tokens; those of one source are in one group."""
    filled = [(source, ids) for source, ids in documents if len(ids)]
    hashes = ordinal_hash(np.arange(len(filled)) + (seed << 32))
    groups = [verdict_sources.group(source) for source, _ in filled]
    hashes = (hashes & ~np.uint64(GROUPS - 1)) | np.array(groups, dtype=np.uint64)
    order = np.argsort(hashes)
    length = np.array([len(filled[i][1]) for i in order], dtype=np.int64)
    order = order[: within(length, size)]
    return Sample(
        hashes[order], length[: len(order)], np.concatenate([filled[i][1] for i in order])
    )


def halves(documents: Documents, seed: int) -> tuple[Documents, Documents]:
    """Divide documents at random into two parts, all pieces of a source into one of them."""
    sources = sorted({source for source, _ in documents})
    random.Random(seed).shuffle(sources)
    first = set(sources[: len(sources) // 2])
    return (
        [document for document in documents if document[0] in first],
        [document for document in documents if document[0] not in first],
    )


def numbered(texts: list[Ids]) -> Documents:
    """Return documents each of which is a source of its own."""
    return [(str(number), ids) for number, ids in enumerate(texts)]


def human_trials(sources: dict[str, Documents], size: int, seeds: int) -> Iterator[Trial]:
    """Yield samples of one source, and of two."""
    for name, documents in sources.items():
        pieces = numbered([ids for _, ids in documents])
        for seed in range(seeds):
            order = np.random.default_rng(seed).permutation(len(pieces))
            half = len(order) // 2
            one, other = ([pieces[i] for i in part] for part in (order[:half], order[half:]))
            yield "one source", name, sample(one, size, 1), sample(other, size, 2)
            yield (
                "one source, 5 times the text",
                name,
                sample(one, size, 1),
                sample(other, size // 5),
            )
            by_source = halves(documents, seed)
            yield (
                "one source, divided by book, episode or file", name,
                sample(by_source[0], size, 1), sample(by_source[1], size, 2),
            )  # fmt: skip
    samples = {name: sample(documents, size) for name, documents in sources.items()}
    for baseline, candidate in permutations(samples, 2):
        name = f"{baseline} against {candidate}"
        yield "two human sources", name, samples[baseline], samples[candidate]


def made_trials(sources: dict[str, Documents], size: int) -> Iterator[Trial]:
    """Yield human text beside copies of itself, answers drawn from few, and loops."""
    for name, documents in sources.items():
        one, other = halves(documents, 11)
        baseline = sample(one, size, 1)
        few = [ids for _, ids in other]
        rng = np.random.default_rng(5)
        for number in (n for n in (1, 10, 30, 100) if n <= len(few)):
            drawn = [few[int(rng.integers(number))] for _ in range(len(few))]
            yield f"answers drawn from {number}", name, baseline, sample(numbered(drawn), size, 2)
        doubled = numbered(few[: len(few) // 2] * 2)
        yield "every document twice", name, baseline, sample(doubled, size, 2)
        for share in (0.25, 0.5, 1.0):
            texts = [looped(ids) if rng.random() < share else ids for ids in few]
            kind = f"loops in {share:.0%} of the documents"
            yield kind, name, baseline, sample(numbered(texts), size, 2)


def chain_trials(sources: dict[str, Documents], size: int) -> Iterator[Trial]:
    """Yield n-gram chains against other human text, and against the text they were trained on."""
    models = [(2, 0.0), (3, 0.0), (4, 0.0), (3, 0.1), (4, 0.1)]
    for name, documents in sources.items():
        train, other = halves(documents, 5)
        order = np.random.default_rng(1).permutation(len(train))
        pieces = [train[i][1][:LONGEST] for i in order]
        ends = np.cumsum(list(map(len, pieces)))
        pieces = pieces[: int(np.searchsorted(ends, size)) + 1]
        held, trained = sample(other, size, 1), sample(numbered(pieces), size, 1)
        for fresh, (share, number) in ROUNDS.items():
            for length, smoothing in models if share == 0 else models[1:4]:
                found = generations(pieces, length, number, smoothing=smoothing, fresh=share)
                for generation, texts in enumerate(found):
                    candidate = sample(numbered(texts), size, 2)
                    kind = f"chain, {fresh} fresh, generation {generation}"
                    label = f"{name}, order {length}, smoothing {smoothing}"
                    yield f"{kind}, held-out text", label, held, candidate
                    if generation in (0, 2, 4):
                        yield f"{kind}, trained on", label, trained, candidate


def model_trials(
    sources: dict[str, Documents], models: dict[str, Documents], size: int
) -> Iterator[Trial]:
    """Yield what language models wrote, against human text and against their first generation."""
    wikipedia = sample(sources["wikipedia"], size)
    first = sample(models["gen00"], size)
    for number in range(16):
        candidate = sample(models[f"gen{number:02d}"], size)
        yield f"Gemma, generation {number}, human", "", wikipedia, candidate
        if number:
            yield f"Gemma, generation {number}, generation 0", "", first, candidate
    one, other = halves(sources["wikipedia"], 3)
    for share in (0.05, 0.2, 0.5):
        for late in (8, 12, 15):
            written = [ids for _, ids in models[f"gen{late:02d}"]]
            blend = numbered(mixed([ids for _, ids in other], written, share, late))
            kind = f"human with {share:.0%} of a late generation of Gemma"
            yield kind, str(late), sample(one, size, 1), sample(blend, size, 2)
    for name, documents in models.items():
        chain, _, part = name.partition("/")
        if part.startswith("gen"):
            language = "de_t090" if chain.startswith("de") else "en_t100"
            human = sample(models[f"{language}/human_b"], size, 1)
            yield f"{chain}, human", part, human, sample(documents, size, 2)
        elif name.startswith(("raid", "hc3")):
            base = "mixed (raid)" if name.startswith("raid") else "answers (hc3)"
            kind = "one-pass answers to the same prompts"
            yield kind, name, sample(sources[base], size), sample(documents, size)


def trials(options: argparse.Namespace, encode: Encode) -> Iterator[Trial]:
    """Yield all comparisons of the chosen part."""
    names = CHOSEN if options.part == "chosen" else HELD_OUT
    raw = verdict_sources.human(options.data)
    sources = {name: encoded(encode, raw[name]) for name in names if name in raw}
    yield from human_trials(sources, options.size, options.seeds)
    yield from made_trials(sources, options.size)
    yield from chain_trials(sources, options.size)
    if options.part == "chosen":
        written = verdict_sources.models(options.data)
        models = {name: encoded(encode, pieces) for name, pieces in written.items()}
        yield from model_trials(sources, models, options.size)


def encoded(encode: Encode, pieces: list[Piece]) -> Documents:
    """Return pieces with their tokens."""
    ids = encode([text for _, text in pieces])
    return [(source, each) for (source, _), each in zip(pieces, ids, strict=True)]


def described(kind: str, name: str, verdict: Verdict) -> str:
    """Return a log line with the verdict and the odds at each order that was used."""
    odds = ", ".join(f"{n.order}: x{math.exp(n.tail.value):.2f}" for n in verdict.working())
    return f"{kind:50} {name:60} {verdict.label:13} {odds}"


def spelled(counts: Counter[str]) -> str:
    """Return a table cell: the number of each verdict, from harmless to severe."""
    labels = (*LABELS, CANNOT_TELL)
    return ", ".join(f"{counts[label]} {label}" for label in labels if counts[label])


def interval(found: int, number: int) -> str:
    """Return a share in percent with its 95 % interval (Wilson, 1927)."""
    z, p = 1.96, found / number
    middle = (p + z * z / (2 * number)) / (1 + z * z / number)
    spread = z / (1 + z * z / number) * math.sqrt(p * (1 - p) / number + z * z / (4 * number**2))
    low, high = max(0.0, middle - spread), min(1.0, middle + spread)
    return f"{100 * p:.1f} % ({100 * low:.1f} to {100 * high:.1f})"


def print_rows(counts: Mapping[str, Counter[str]]) -> None:
    """Print the verdicts of each kind, below the names of the columns."""
    print("|---|---|---:|")
    for kind, labels in counts.items():
        lost = labels[LOSS_OF_TAIL] + labels[COLLAPSE]
        print(f"| {kind} | {spelled(labels)} | {interval(lost, labels.total())} |")


def main() -> None:
    """Print a Markdown table of verdicts by kind."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--tokens", default="builtin", help="words, bytes, or a tokenizer's spec")
    parser.add_argument("--size", type=int, default=200_000, help="tokens of each side")
    parser.add_argument("--part", choices=("chosen", "held-out"), default="chosen")
    parser.add_argument("--seeds", type=int, default=3, help="divisions of each source")
    options = parser.parse_args()
    counts: dict[str, Counter[str]] = {}
    for kind, name, baseline, candidate in trials(options, encoder(options.tokens, {})):
        verdict = judge(evidence(baseline, candidate), Constants())
        counts.setdefault(kind, Counter())[verdict.label] += 1
        print(described(kind, name, verdict), file=sys.stderr, flush=True)
    print(f"| {options.tokens}, {options.size:,} tokens, {options.part} | verdicts | loss |")
    print_rows(counts)


if __name__ == "__main__":
    main()
