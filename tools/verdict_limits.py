"""Print what limits of one's own do on kinds of text: false alarms before and after, and losses.

    python tools/verdict_limits.py DATA [--tokens builtin] [--size 200000]

Each kind has several human corpora. The first shares are those of ordered pairs of them that are
called a loss of tail or a collapse: under the builtin limits, and under those that follow from the
corpora without the candidate. The last two are those of n-gram models of order 3 that are called
so, against one half of a corpus when they were trained on the other: generation 2, and generation 9
of models that are trained on what the one before wrote. `verdict_sources.py` describes DATA; kinds
that the machine lacks are left out.
"""

import argparse
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import verdict_sources
from ngram_chains import generations
from verdict_data import encoder
from verdict_sources import CHOSEN, Pieces
from verdict_tables import LONGEST, encoded, numbered, sample

from collapse_stats.backends.selection import select
from collapse_stats.corpus.corpus import TokenizerIdentity
from collapse_stats.corpus.sample import Sample
from collapse_stats.verdict.calibration import MOVABLE
from collapse_stats.verdict.constants import Constants
from collapse_stats.verdict.evidence import Evidence
from collapse_stats.verdict.human_pairs import HumanText, halves_apart, measured_pairs
from collapse_stats.verdict.judged_pairs import ALARMS, Verdicts
from collapse_stats.verdict.limits import Limits
from collapse_stats.verdict.measure import evidence
from collapse_stats.verdict.rule import judge

MOST = 8  # corpora of a kind
LEAST = 100  # pieces of a corpus
GENERATIONS = (2, 9)
PARTS = 5  # of a source that is divided by books, poems or proposals, in order
Corpora = dict[str, Pieces]


def kinds(sources: Mapping[str, Pieces]) -> dict[str, Corpora]:
    """Return the corpora of each kind."""
    poems = {**parts("tang", sources["chinese poems, tang"], 3)}
    poems |= parts("song", sources["chinese poems, song"], 3)
    packages = by_folder(sources.get("python packages", []), "site-packages")
    found = {
        "novels, by period": {name: sources[name] for name in CHOSEN[:4]},
        "podcasts, by show": {name: sources[name] for name in CHOSEN[4:9]},
        "German novels": parts("novels", sources["german novels"], PARTS),
        "Chinese poems": poems,
        "specifications (PEPs)": parts("peps", sources["peps"], PARTS),
        "Python packages": packages,
        "C headers, by directory": by_folder(sources.get("c headers", []), "include"),
    }
    return {kind: corpora for kind, corpora in found.items() if len(corpora) > 1}


def parts(name: str, pieces: Pieces, number: int) -> Corpora:
    """Divide a source in order; all pieces of a book are in one part."""
    books = list(dict.fromkeys(book for book, _ in pieces))
    part = {book: f"{name} {number * i // len(books)}" for i, book in enumerate(books)}
    found: Corpora = defaultdict(list)
    for book, text in pieces:
        found[part[book]].append((book, text))
    return dict(found)


def by_folder(pieces: Pieces, below: str) -> Corpora:
    """Divide files by their first folder below another one; the largest of those that suffice."""
    found: Corpora = defaultdict(list)
    for file, text in pieces:
        inner = Path(file).parts[Path(file).parts.index(below) + 1 :]
        if len(inner) > 1:
            found[inner[0]].append((file, text))
    largest = sorted(found, key=lambda name: -len(found[name]))[:MOST]
    return {name: found[name] for name in largest if len(found[name]) >= LEAST}


def limits_of(samples: Mapping[str, Sample]) -> Limits:
    """Return the limits that follow from corpora."""
    texts = [
        HumanText(name, len(each.tokens), len(each), each, TokenizerIdentity("none", None), 1)
        for name, each in samples.items()
    ]
    return Limits.of(texts, list(measured_pairs(texts, select(), lambda: None)))


def chains(corpus: Sample) -> dict[int, Evidence]:
    """Return the evidence of generations against text that they were not trained on."""
    baseline, train = halves_apart(corpus)
    pieces = [document[:LONGEST] for document in train.documents()]
    texts = list(generations(pieces, 3, max(GENERATIONS) + 1, seed=1))
    size = len(baseline.tokens)
    return {
        number: evidence(baseline, sample(numbered(texts[number]), size, 2))
        for number in GENERATIONS
    }


def row(kind: str, samples: Mapping[str, Sample]) -> str:
    """Return the row of a kind."""
    limits = limits_of(samples)
    builtin = Constants()
    moved = {
        name: f"{name} {getattr(builtin, name):.2f} to {getattr(limits.constants, name):.2f}"
        for name in MOVABLE
        if getattr(limits.constants, name) != getattr(builtin, name)
    }
    measured = [chains(corpus) for corpus in samples.values()]
    cells = [
        kind,
        str(len(samples)),
        _share(limits.verdicts["builtin"]),
        _share(limits.verdicts["left_out"]),
        ", ".join(moved.values()) or "none",
        *(
            " and ".join(
                _found([each[number] for each in measured], constants) for number in GENERATIONS
            )
            for constants in (builtin, limits.constants)
        ),
    ]
    return f"| {' | '.join(cells)} |"


def _found(measured: Sequence[Evidence], constants: Constants) -> str:
    return f"{sum(judge(each, constants).label in ALARMS for each in measured)} of {len(measured)}"


def _share(verdicts: Verdicts | None) -> str:
    if verdicts is None:
        return ""
    share = 100 * verdicts.false_alarms / verdicts.pairs
    return f"{share:.1f} % ({100 * verdicts.low:.0f} to {100 * verdicts.high:.0f})"


def main() -> None:
    """Print a Markdown table with a row for each kind."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--tokens", default="builtin", help="words, bytes, or a tokenizer's spec")
    parser.add_argument("--size", type=int, default=200_000, help="tokens of a corpus")
    options = parser.parse_args()
    encode = encoder(options.tokens, {})
    names = ("builtin limits", "others' limits", "moved", "chains, builtin", "chains, own")
    print(f"| kind | corpora | {' | '.join(names)} |")
    print("|---|---:|---:|---:|---|---:|---:|")
    for kind, corpora in kinds(verdict_sources.human(options.data)).items():
        samples = {
            name: sample(encoded(encode, pieces), options.size) for name, pieces in corpora.items()
        }
        print(row(f"{kind}, {options.tokens}", samples), flush=True)


if __name__ == "__main__":
    main()
