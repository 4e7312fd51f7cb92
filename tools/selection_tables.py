"""Print the tables of docs/selection.md: what a choice changes, noise, and who passes the gate.

    python tools/selection_tables.py DATA

DATA is the folder of `verdict_data.py`, with German novels (`human_novels_de`) besides. Candidates
are generations 1 to 5 of a Gemma model, the reference is generation 0, and the baseline the human
text of Wikipedia that they began with.
"""

import argparse
import re
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from verdict_data import rows

import collapse_stats as cs
from collapse_stats.backends.options import CountOptions
from collapse_stats.selection.order_gate import OrderGate
from collapse_stats.selection.pool import Packed

BUDGET, CANDIDATES = 200_000, range(1, 6)
PIECE, MOST = 600, 3000  # characters of a piece, and of a text that is cut
NOISE = 300  # documents of each kind
CODE = re.compile(r"::\n\n((?:(?:    |\t).*\n|\n)+)")

Ids = npt.NDArray[np.uint32]


def documents_of(texts: list[str]) -> list[Ids]:
    """Return texts as ids of the builtin tokenizer."""
    profile = cs.profile(of_texts(texts), max_order=1, table=False, sample_tokens=10**9)
    return profile.sample.documents()


def of_texts(texts: list[str]) -> list[dict[str, str]]:
    """Return texts so that none of them is taken for a path."""
    return [{"text": text} for text in texts]


def noise(human: list[Ids], vocab_size: int) -> dict[str, list[Ids]]:
    """Return three kinds of documents without order."""
    rng = np.random.default_rng(3)
    share = np.bincount(np.concatenate(human), minlength=vocab_size).astype(float)
    share /= share.sum()
    return {
        "uniform ids": [rng.integers(0, vocab_size, 60).astype(np.uint32) for _ in range(NOISE)],
        "single tokens": [
            rng.choice(vocab_size, 60, p=share).astype(np.uint32) for _ in range(NOISE)
        ],
        "shuffled human": [rng.permutation(human[at]) for at in range(NOISE)],
    }


def effects(generations: dict[int, list[str]], human: list[str]) -> None:
    """Print what each method changes, without and with noise among the candidates."""
    baseline, reference = cs.profile(human, name="human"), cs.profile(generations[0], name="gen0")
    size = baseline.vocab_size
    pool = [each for number in CANDIDATES for each in documents_of(generations[number])]
    mixed = noise(documents_of(human), size)
    with_noise = [*pool, *(each for some in mixed.values() for each in some)]
    print("| way | documents | tokens | order 1 | 2 | 3 | 4 | 5 | verdict | noise | CPU s |")
    print("|---|" + "---:|" * 7 + "---|---:|---:|")
    for gate in ("order", None):
        for method in ("greedy", "one-pass"):
            begin = time.process_time()
            found = cs.select(
                with_noise,
                BUDGET,
                against=[reference],
                baseline=baseline,
                method=method,
                gate=gate,
                vocab_size=size,
            )
            seconds = time.process_time() - begin
            kept = found.candidates.kept
            number = [int(kept[len(pool) + at * NOISE :][:NOISE].sum()) for at in range(len(mixed))]
            name = f"{method}, {'gated' if gate else 'no gate'}"
            assert found.effect
            if gate and method == "greedy":
                print(row("random", found.effect[0]) + " | |")
            print(
                row(name, found.effect[1]) + f"{sum(number)} of 900 | {seconds:.1f} |", flush=True
            )


def row(name: str, effect: cs.Comparison) -> str:
    """Return the cells of a comparison with human text."""
    ratios = [effect.size_matched_distinct_ratio(order) for order in range(1, 6)]
    shown = " | ".join(f"{ratio:.2f}" for ratio in ratios if ratio is not None)
    candidate = effect.candidate
    return (
        f"| {name} | {candidate.documents:,} | {candidate.tokens:,} | {shown} | {effect.verdict} | "
    )


def passes(name: str, texts: list[str]) -> None:
    """Print how many held-out documents pass the gate of the others, and how many shuffled ones."""
    pieces = [
        text[at : at + PIECE] for text in texts for at in range(0, min(len(text), MOST), PIECE)
    ]
    baseline = cs.profile(of_texts(pieces[::2]))
    gate = OrderGate.of(baseline, 20, 0, CountOptions())
    held_out = [each for each in documents_of(pieces[1::2]) if len(each) >= 20]
    rng = np.random.default_rng(0)
    length = np.array([len(each) for each in held_out])
    stop = np.cumsum(length)
    shares = [
        float(
            np.mean(
                gate.gains(Packed(np.concatenate(some), stop - length, stop)) >= gate.limits(length)
            )
        )
        for some in (held_out, [rng.permutation(each) for each in held_out])
    ]
    limits = ", ".join(f"{at}: {limit:.2f}" for at, limit in gate.by_length.items())
    print(
        f"| {name} | {baseline.tokens:,} | {len(held_out):,} | {100 * shares[0]:.1f} | "
        f"{100 * shares[1]:.1f} | {limits} |",
        flush=True,
    )


def generations_pass(generations: dict[int, list[str]], human: list[str]) -> None:
    """Print which share of each generation passes, and would if only human text set the limit."""
    gate = OrderGate.of(cs.profile(human), 20, 0, CountOptions())
    strict = replace(gate, limit=gate.human[:, 0])
    print("\n| generation | documents of 20 tokens or more | pass, % | by human text alone, % |")
    print("|---|---:|---:|---:|")
    for number, texts in sorted(generations.items()):
        documents = [each for each in documents_of(texts) if len(each) >= 20]
        length = np.array([len(each) for each in documents])
        stop = np.cumsum(length)
        gains = gate.gains(Packed(np.concatenate(documents), stop - length, stop))
        shares = [100 * np.mean(gains >= each.limits(length)) for each in (gate, strict)]
        print(f"| {number} | {len(documents):,} | {shares[0]:.1f} | {shares[1]:.1f} |", flush=True)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    data = parser.parse_args().data
    human: list[str] = []
    generations: dict[int, list[str]] = {}
    for each in rows(data / "gens_gemma3_wikitext2_ratio50.jsonl.zst"):
        if each["kind"] == "human" and int(each["gen"]) == 0:
            human.append(each["text"])
        elif each["kind"] != "human" and int(each["gen"]) <= max(CANDIDATES):
            generations.setdefault(int(each["gen"]), []).append(each["text"])
    effects(generations, human)
    generations_pass(generations, human)
    print("\n| human text | tokens | held out | passes, % | shuffled passes, % | limits, bits |")
    print("|---|---:|---:|---:|---:|---|")
    passes("English (Wikipedia)", human)
    novels = [each["text"] for each in rows(data / "human_novels_de.jsonl.zst")]
    passes("German (novels)", novels)
    peps = [each["text"] for each in rows(data / "human_peps.jsonl.zst")]
    passes("Python (blocks of PEPs)", [code for text in peps for code in CODE.findall(text)])
    passes("English (PEPs)", peps)
    podcasts = [each["text"] for each in rows(data / "human_podcasts_pre2022.jsonl.zst")]
    passes("English (podcasts)", podcasts)
    poems = [each["text"] for each in rows(data / "human_poems_zh.jsonl.zst")]
    passes("Chinese (poems)", poems)


if __name__ == "__main__":
    main()
