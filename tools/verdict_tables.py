"""Verdicts on text whose truth is known: the tables of docs/verdict.md.

    python tools/verdict_tables.py DATA [--tokens words|builtin|bpe] [--size 200000]

DATA is a folder of ``.jsonl.zst`` files: `human_books`, `human_podcasts_pre2022`, `human_peps`,
`pairs_raid_hc3_subset` and `gens_gemma3_wikitext2_ratio50`. Each row is a comparison of one kind;
the columns count the verdicts. ``words`` splits text at spaces and punctuation, ``builtin`` is the
tokenizer of the package, ``bpe`` one of 50,000 tokens trained on the human text.
"""

import argparse
import io
import json
import math
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import permutations
from pathlib import Path

import numpy as np
import numpy.typing as npt

from collapse_stats.groups import ordinal_hash
from collapse_stats.sample import Sample, within
from collapse_stats.tokenizers import load
from collapse_stats.verdict import CANNOT_TELL, LABELS, Constants, Verdict, evidence, judge

Ids = npt.NDArray[np.uint32]
Documents = list[Ids]
Encode = Callable[[str], Ids]

WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*|[^\w\s]")
GENERATIONS = 16
SEEDS = 4
PIECE = {"books": 10_000, "podcasts": 15_000, "peps": 25_000}  # characters taken of each document


def rows(path: Path) -> Iterator[dict[str, str]]:
    """Objects of a JSONL file under zstd."""
    import zstandard

    with path.open("rb") as raw:
        reader = zstandard.ZstdDecompressor(max_window_size=2**27).stream_reader(raw)
        yield from map(json.loads, io.TextIOWrapper(reader, "utf-8"))


def texts(data: Path) -> dict[str, list[str]]:
    """Documents by source. Of long ones a piece, from behind the front matter of books."""
    found: dict[str, list[str]] = defaultdict(list)
    files = {"books": "human_books", "podcasts": "human_podcasts_pre2022", "peps": "human_peps"}
    for name, file in files.items():
        for row in rows(data / f"{file}.jsonl.zst"):
            begin = len(row["text"]) // 10 if name == "books" else 0
            found[name].append(row["text"][begin : begin + PIECE[name]])
    for row in rows(data / "pairs_raid_hc3_subset.jsonl.zst"):
        found[row["set"]].append(row["text"])
    for row in rows(data / "gens_gemma3_wikitext2_ratio50.jsonl.zst"):
        if row["kind"] != "human":
            found[f"gen{int(row['gen']):02d}"].append(row["text"])
        elif int(row["gen"]) == 0:
            found["wikipedia"].append(row["text"])
    return dict(found)


def words() -> Encode:
    """Lower-case words and signs, numbered as they come."""
    seen: dict[str, int] = {}

    def encode(text: str) -> Ids:
        found = WORD.findall(text.lower())
        return np.array([seen.setdefault(word, len(seen)) for word in found], dtype=np.uint32)

    return encode


def bpe(human: Sequence[str]) -> Encode:
    """A byte-level BPE of 50,000 tokens trained on `human`."""
    from tokenizers import ByteLevelBPETokenizer

    tokenizer = ByteLevelBPETokenizer()
    tokenizer.train_from_iterator(human, vocab_size=50_000, show_progress=False)
    return lambda text: np.array(tokenizer.encode(text).ids, dtype=np.uint32)


def sample(documents: Documents, size: int, seed: int = 0) -> Sample:
    """Documents in the order of their hash up to `size` tokens; another seed, another order."""
    documents = [document for document in documents if len(document)]
    hashes = ordinal_hash(np.arange(len(documents)) + (seed << 32))
    order = np.argsort(hashes)
    length = np.array([len(documents[i]) for i in order], dtype=np.int64)
    order = order[: within(length, size)]
    return Sample(
        hashes[order], length[: len(order)], np.concatenate([documents[i] for i in order])
    )


def halves(documents: Documents, seed: int, share: float = 0.5) -> tuple[Documents, Documents]:
    """Two disjoint random parts."""
    order = np.random.default_rng(seed).permutation(len(documents))
    cut = int(share * len(documents))
    return [documents[i] for i in order[:cut]], [documents[i] for i in order[cut:]]


def mixed(human: Documents, synthetic: Documents, share: float, seed: int) -> Documents:
    """Human documents, a share of them replaced by synthetic ones."""
    rng = np.random.default_rng(seed)
    replaced = rng.random(len(human)) < share
    others = iter(rng.permutation(len(synthetic)).tolist() * 9)
    return [
        synthetic[next(others)] if taken else document
        for document, taken in zip(human, replaced, strict=True)
    ]


def looped(documents: Documents, share: float, seed: int) -> Documents:
    """A share of the documents go on repeating their first eight tokens after a third."""
    chosen = np.random.default_rng(seed).random(len(documents)) < share
    return [
        np.concatenate([d[: len(d) // 3], np.resize(d[:8], len(d) - len(d) // 3)]) if loop else d
        for d, loop in zip(documents, chosen, strict=True)
    ]


def doubled(documents: Documents) -> Documents:
    """The first half of the documents twice."""
    half = documents[: len(documents) // 2]
    return half + half


def comparisons(
    sources: dict[str, Documents], size: int
) -> Iterator[tuple[str, str, Sample, Sample]]:
    """(kind, name, baseline, candidate) of everything whose truth is known."""
    human = ["books", "podcasts", "peps", "wikipedia", "hc3_human", "raid_human"]
    for name in human:
        for seed in range(SEEDS):
            one, other = halves(sources[name], seed)
            yield "one source", name, sample(one, size, 1), sample(other, size, 2)
            one, other = halves(sources[name], seed, 0.3)
            yield "one source, sizes apart", name, sample(one, size, 1), sample(other, size, 2)
            yield (
                "half of the documents twice",
                name,
                sample(one, size, 1),
                sample(doubled(other), size, 2),
            )
            for share in (0.5, 1.0):
                kind = f"loops in {share:.0%} of the documents"
                yield kind, name, sample(one, size, 1), sample(looped(other, share, seed), size, 2)
    for one_name, other_name in permutations(human, 2):
        yield (
            "genres",
            f"{one_name} against {other_name}",
            sample(sources[one_name], size),
            sample(sources[other_name], size),
        )
    generations = [sources[f"gen{n:02d}"] for n in range(GENERATIONS)]
    wikipedia, first = sample(sources["wikipedia"], size), sample(generations[0], size)
    for number, generation in enumerate(generations):
        candidate = sample(generation, size)
        yield f"generation {number} against human", "", wikipedia, candidate
        if number:
            yield f"generation {number} against generation 0", "", first, candidate
    for share in (0.05, 0.2, 0.35, 0.5):
        for late in (8, 12, 15):
            one, other = halves(sources["wikipedia"], late)
            blend = mixed(other, generations[late], share, late)
            kind = f"human with {share:.0%} of a late generation"
            yield kind, f"gen{late:02d}", sample(one, size, 1), sample(blend, size, 2)
    for human_name, machine in (("hc3_human", "hc3_llm"), ("raid_human", "raid_llama-chat")):
        for seed in range(SEEDS):
            one, _ = halves(sources[human_name], seed)
            yield (
                "one-pass model text against human",
                machine,
                sample(one, size, 1),
                sample(sources[machine], size, 1),
            )


def described(name: str, verdict: Verdict) -> str:
    """A line for the log: what was found, and the odds of each working order."""
    odds = ", ".join(f"{n.order}: x{math.exp(n.tail.value):.2f}" for n in verdict.working())
    return f"{name:40} {verdict.label:13} {odds}; {'; '.join(verdict.reasons)}"


def main() -> None:
    """Print a Markdown table of verdicts by kind; every comparison goes to stderr."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--tokens", choices=("words", "builtin", "bpe"), default="builtin")
    parser.add_argument("--size", type=int, default=200_000, help="tokens of each side")
    options = parser.parse_args()

    raw = texts(options.data)
    encode: Encode
    if options.tokens == "words":
        encode = words()
    elif options.tokens == "bpe":
        encode = bpe([text for name in ("books", "podcasts", "peps") for text in raw[name]])
    else:
        builtin = load("builtin")
        encode = lambda text: np.asarray(builtin.encode(text), dtype=np.uint32)  # noqa: E731
    sources = {name: [encode(text) for text in documents] for name, documents in raw.items()}

    labels = (*LABELS, CANNOT_TELL)
    table: dict[str, Counter[str]] = defaultdict(Counter)
    for kind, name, baseline, candidate in comparisons(sources, options.size):
        verdict = judge(evidence(baseline, candidate), Constants())
        table[kind][verdict.label] += 1
        print(described(f"{kind} {name}", verdict), file=sys.stderr)
    print(f"| {options.tokens}, {options.size:,} tokens a side | {' | '.join(labels)} |")
    print(f"|---|{'---:|' * len(labels)}")
    for kind, found in table.items():
        print(f"| {kind} | {' | '.join(str(found[label] or '') for label in labels)} |")


if __name__ == "__main__":
    main()
