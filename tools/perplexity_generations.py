"""Print the excess perplexity of rare tokens of generations of a model, and of other human text.

    python tools/perplexity_generations.py DATA [--order 3]

DATA is the folder of `verdict_data.py`. The baseline is the human text of Wikipedia that the first
of the 16 generations of a Gemma model was trained on. The table has bits above the floor with two
standard errors; `none` where a model has never seen nearly all of the tokens.
"""

import argparse
from pathlib import Path

from verdict_data import GENERATIONS, texts

import collapse_stats as cs
from collapse_stats.ngram_model.rare_tokens.bands import BANDS

OTHERS = ("books", "podcasts", "peps")


def profiled(documents: list[str], order: int) -> cs.Profile:
    """Profile some texts without a table."""
    return cs.profile(documents, max_order=order, table=False)


def shown(band: cs.BandPerplexity) -> str:
    """Return the excess with two standard errors."""
    excess = band.excess_bits
    return "none" if excess is None else f"{excess.value:.1f} ± {2 * excess.error:.1f}"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--order", type=int, default=3)
    args = parser.parse_args()
    raw = texts(args.data)
    baseline = profiled(raw["wikipedia"], args.order)
    print(f"| candidate | {' | '.join(BANDS)} |")
    print("|---" + "|---:" * len(BANDS) + "|")
    for name in [*(f"gen{number:02d}" for number in range(GENERATIONS)), *OTHERS]:
        result = cs.rare_perplexity(baseline, profiled(raw[name], args.order), args.order)
        print(f"| {name} | {' | '.join(map(shown, result.bands))} |", flush=True)


if __name__ == "__main__":
    main()
