"""Draw the picture of the README: three charts of the recursion that `collapse-stats demo` runs.

    python tools/readme_picture.py docs/charts.png

It takes half a minute, and depends on the documentation that comes with the Python that runs it.
"""

import sys
from pathlib import Path

import collapse_stats as cs
from collapse_stats.charts import sheet
from collapse_stats.charts.catalogue import CHARTS
from collapse_stats.simulation.human_text import human_documents
from collapse_stats.simulation.recursion import generations
from collapse_stats.simulation.rules import Rules
from collapse_stats.simulation.text import Text
from collapse_stats.tokenizers import load

GENERATIONS = 8
SHOWN = ("verdicts", "retention", "series")
RESOLUTION = 100  # points of an inch


def main() -> None:
    tokenizer = load("builtin")
    documents = [tokenizer.encode(text) for text in human_documents()]
    human, learned = documents[0::2], documents[1::2]
    texts = generations(Text.of(learned), GENERATIONS, Rules())
    written = [learned, *(text.documents() for text in texts)]
    size = tokenizer.vocab_size
    baseline = cs.profile(human, vocab_size=size, max_order=4, name="human")
    candidates = [
        cs.profile(text, vocab_size=size, max_order=4, name=f"gen{number}")
        for number, text in enumerate(written)
    ]
    report = cs.compare_each(baseline, candidates).to_dict()
    figure = sheet.sheet(report, [CHARTS[kind] for kind in SHOWN])
    Path(sys.argv[1]).write_bytes(sheet.written(figure, "png", RESOLUTION))


if __name__ == "__main__":
    main()
