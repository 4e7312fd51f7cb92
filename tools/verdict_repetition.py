"""Print how much human text and models' text repeats itself, for docs/verdict.md.

python tools/verdict_repetition.py DATA
"""

import argparse
from pathlib import Path

import numpy as np
import verdict_sources
from verdict_data import encoder
from verdict_tables import encoded, numbered, sample

from collapse_stats.verdict.repetition import repeated_share

VOCABULARIES = {"builtin": 32767, "words": 1 << 20, "bytes": 256}
DOCUMENTS, CHARACTERS = 150, 6000
MODELS = ("raid_gpt2", "gen02", "gen03", "gen04")


def main() -> None:
    """Print a Markdown table of percentages by source and tokenizer."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    data = parser.parse_args().data
    written = verdict_sources.models(data)
    sources = verdict_sources.human(data) | {n: written[n] for n in MODELS if n in written}
    encoders = {name: encoder(name, {}) for name in VOCABULARIES}
    print(f"| | {' | '.join(VOCABULARIES)} |\n|---|{'---:|' * len(VOCABULARIES)}")
    for source, pieces in sources.items():
        order = np.random.default_rng(0).permutation(len(pieces))[:DOCUMENTS]
        chosen = [(pieces[i][0], pieces[i][1][:CHARACTERS]) for i in order]
        cells = []
        for name, vocab_size in VOCABULARIES.items():
            documents = numbered([ids for _, ids in encoded(encoders[name], chosen)])
            share = repeated_share(sample(documents, 1 << 40), vocab_size)
            cells.append(f"{100 * share:.1f}")
        print(f"| {source} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
