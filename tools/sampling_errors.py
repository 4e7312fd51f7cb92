"""Measure the errors of figures that are estimated from a sample of n-grams, and their intervals.

    python tools/sampling_errors.py DATA [--tokens 4650000] [--repeats 200] [--one-of 64 1024]

DATA is a folder with ``human_podcasts_pre2022.jsonl.zst``. The corpus is its first documents. Each
repeat numbers the vocabulary anew by chance, so that every n-gram has another hash and other
n-grams are kept, while no figure changes.
The table has for every order and figure what counting all n-grams gives, the mean of the estimates
less that, their standard deviation, the root mean square of the estimated standard errors relative
to that deviation, and the share of repeats whose interval of two standard errors contains the exact
figure. The row "4,096 kept" is the plug-in entropy if the counts of the 4,096 most frequent n-grams
were known, and those of the others taken from the kept ones alone.
"""

import argparse
import io
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

import collapse_stats as cs
from collapse_stats.metrics.figures import CORPUS_FIGURES
from collapse_stats.tokenizers import load

FIGURES: dict[str, tuple[str, str | None]] = {
    "distinct": ("distinct", None),
    "hapax": ("hapax", None),
    "entropy, plug-in": ("entropy", "plugin"),
    "entropy": ("entropy", "chao-wang-jost"),
    "conditional entropy": ("conditional_entropy", None),
    "collision entropy": ("collision_entropy", None),
    "coverage": ("coverage", None),
    "Chao1": ("chao1", None),
}
ORDERS = (2, 3, 4)
FREQUENT = 4096
Ids = npt.NDArray[np.int64]
Counts = npt.NDArray[np.uint64]


def documents(data: Path, tokens: int) -> list[Ids]:
    """Return the ids of the first documents, the last of them cut so that there are so many."""
    chosen: list[Ids] = []
    left = tokens
    for text in texts(data):
        ids = np.array(load("builtin").encode(text), dtype=np.int64)[:left]
        chosen.append(ids)
        left -= len(ids)
        if left <= 0:
            break
    return chosen


def texts(data: Path) -> Iterator[str]:
    """Yield the texts of the podcasts."""
    import zstandard

    with (data / "human_podcasts_pre2022.jsonl.zst").open("rb") as raw:
        reader = zstandard.ZstdDecompressor(max_window_size=2**27).stream_reader(raw)
        for line in io.TextIOWrapper(reader, "utf-8"):
            yield json.loads(line)["text"]


def profile(corpus: list[Ids], names: Ids, one_of: int | None) -> cs.Profile:
    """Profile the corpus with other names of its tokens."""
    tokens, lengths = np.concatenate(corpus), [len(ids) for ids in corpus]
    renamed = np.split(names[tokens].astype(np.int32), np.cumsum(lengths)[:-1])
    return cs.profile(
        renamed,
        vocab_size=len(names),
        max_order=max(ORDERS),
        halves=False,
        table=False,
        sample_tokens=0,
        sample_ngrams=one_of,
    )


def with_frequent(sampled: cs.Profile, order: int, exact: cs.Spectrum) -> float:
    """Plug-in entropy if the most frequent n-grams were kept with their counts."""
    ranks = np.cumsum(exact.types[::-1])[::-1]  # types seen as often or more
    is_frequent = ranks <= FREQUENT
    least = exact.count[is_frequent].min()
    spectrum = sampled.spectrum(order)
    rare = spectrum.count < least
    c, types = spectrum.count[rare].astype(np.float64), spectrum.types[rare]
    known = exact.count[is_frequent].astype(np.float64)
    light = float(np.sum(types * c * np.log2(c)))
    heavy = float(np.sum(exact.types[is_frequent] * known * np.log2(known)))
    return float(np.log2(exact.occurrences) - (light + heavy) / exact.occurrences)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--tokens", type=int, default=4_650_000)
    parser.add_argument("--repeats", type=int, default=200)
    parser.add_argument("--one-of", type=int, nargs="+", default=[64, 1024])
    args = parser.parse_args()
    corpus = documents(args.data, args.tokens)
    size = load("builtin").vocab_size
    whole = profile(corpus, np.arange(size), None)
    print(f"{whole.tokens:,} tokens, {args.repeats} repeats")
    for one_of in args.one_of:
        measure(corpus, whole, one_of, args.repeats, size)


def measure(corpus: list[Ids], whole: cs.Profile, one_of: int, repeats: int, size: int) -> None:
    """Print the rows of one share of the n-grams."""
    rng = np.random.default_rng(24)
    found: dict[tuple[int, str], list[tuple[float, float]]] = defaultdict(list)
    for _ in range(repeats):
        sampled = profile(corpus, rng.permutation(size), one_of)
        for order in ORDERS:
            spectra = sampled.spectra[order]
            for label, (name, estimator) in FIGURES.items():
                value = CORPUS_FIGURES[name].value(*spectra, estimator)
                error = sampled.sampling_error(name, order, estimator)
                if value is not None and error is not None:
                    found[order, label].append((value, error))
            kept = with_frequent(sampled, order, whole.spectrum(order))
            found[order, f"{FREQUENT:,} kept"].append((kept, 0.0))
    print(
        f"\none in {one_of:,} n-grams\norder figure                       exact       bias", end=""
    )
    print("         SD    SE/SD  covered")
    for (order, label), pairs in found.items():
        name, estimator = FIGURES.get(label, ("entropy", "plugin"))
        exact = CORPUS_FIGURES[name].value(*whole.spectra[order], estimator)
        assert exact is not None
        values, errors = np.array(pairs).T
        sd, covered = values.std(), np.mean(np.abs(values - exact) <= 2 * errors)
        root = np.sqrt(np.mean(errors**2))
        of = 100 / exact if name in ("distinct", "hapax", "chao1") else 1.0
        unit = " %" if of != 1.0 else "  "
        shown = f"{order:5} {label:20} {exact:14,.3f} {of * (values.mean() - exact):10.4f}{unit}"
        tail = f"{root / sd:6.2f} {100 * covered:7.1f}%" if root else ""
        print(f"{shown} {of * sd:8.4f}{unit} {tail}  ({len(pairs)})")


if __name__ == "__main__":
    main()
