"""Pages about single corpora, from a report."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from .grid import Cell, Column, Emphasis, Grid, Page, printable
from .numbers import count, fixed, percent

Json = dict[str, Any]
SPECTRUM_ROWS = 12  # of the counts of counts, in a table

_ROWS: tuple[tuple[str, str, Callable[[float | None], str]], ...] = (
    ("n-grams", "windows", count),
    ("distinct", "distinct", count),
    ("seen once", "hapax", count),
    ("seen twice", "dis", count),
    ("distinct ratio, %", "distinct_ratio", percent),
    ("entropy, bits", "chao-wang-jost", fixed),
    ("  ± 2 SE", "± entropy_bits", fixed),
    ("  plug-in", "plugin", fixed),
    ("  Miller-Madow", "miller-madow", fixed),
    ("  Grassberger", "grassberger", fixed),
    ("  Chao-Shen", "chao-shen", fixed),
    ("  jackknife", "jackknife", fixed),
    ("conditional, bits", "conditional_entropy_bits", fixed),
    ("  ± 2 SE", "± conditional_entropy_bits", fixed),
    ("collision, bits", "collision_entropy_bits", fixed),
    ("  ± 2 SE", "± collision_entropy_bits", fixed),
    ("saturation", "saturation", fixed),
    ("coverage, %", "coverage", percent),
    ("missing mass, %", "missing_mass", percent),
    ("Chao1, types", "chao1", count),
    ("ACE, types", "ace", count),
    ("Hill 2, types", "hill_2", partial(count)),
    ("Heaps exponent", "heaps_exponent", fixed),
    ("Yule K", "yule_k", fixed),
    ("  ± 2 SE", "± yule_k", fixed),
)
_SAMPLE_ROWS = (
    ("distinct ratio, %", "distinct_ratio"),
    ("coverage, %", "coverage"),
    ("Heaps exponent, %", "heaps_exponent"),
)
_NOTES = (
    "entropy: Chao-Wang-Jost; other estimators beside it. saturation near 1 (entropy over log2 of "
    "the n-grams): too small a sample for its entropy.",
    "coverage: share of the source's n-grams, by probability, that were seen. Chao1, ACE: at least "
    "so many types exist. Hill 2: so many equally likely types would repeat as often. Heaps "
    "exponent: growth of the types, in %, as the corpus grows by 1 %.",
    "± 2 SE: what other documents of the same source would move a figure by, from 16 groups of the "
    "sample's documents.",
)


def corpus_page(report: Json) -> Page:
    """Every figure of each corpus, a column per order."""
    grids = []
    for corpus in report["corpora"]:
        grids.append(_figures(corpus))
        if corpus["sample"]["documents"]:
            grids.append(_sample(corpus))
        if any("spectrum" in figures for figures in corpus["orders"].values()):
            grids.append(_spectrum(corpus))
        grids += [
            _top(order, figures["top"])
            for order, figures in corpus["orders"].items()
            if "top" in figures
        ]
    warnings = [
        printable(warning) for corpus in report["corpora"] for warning in corpus["warnings"]
    ]
    return Page(grids, warnings=warnings, tail=_NOTES)


def described(corpus: Json) -> str:
    """Name, size and tokenizer of a corpus in one line."""
    spec = corpus["tokenizer"]["spec"]
    coded = "token ids" if spec == "none" else f"tokenizer {printable(spec)}"
    return (
        f"{printable(corpus['name'])}: {corpus['tokens']:,} tokens, {corpus['documents']:,} "
        f"documents, {coded}, vocabulary {corpus['vocab_size']:,}"
    )


def _figures(corpus: Json) -> Grid:
    orders = corpus["orders"]
    rows = []
    for label, key, shown in _ROWS:
        values = [_value(figures, key) for figures in orders.values()]
        emphasis: Emphasis = "dim" if label.startswith(" ") else "plain"
        rows.append([Cell(label, emphasis), *(Cell(shown(value), emphasis) for value in values)])
    columns = [Column(("order",), number=False), *(Column((order,)) for order in orders)]
    return Grid(columns, rows, described(corpus))


def _sample(corpus: Json) -> Grid:
    """Figures that depend on size, or on the order of tokens: of the sample."""
    sample, orders = corpus["sample"], corpus["orders"]
    rows = []
    for label, key in _SAMPLE_ROWS:
        found = [figures["intervals"][key] for figures in orders.values()]
        if any(found):
            values = [None if one is None else one["value"] for one in found]
            errors = [None if one is None else 2 * one["error"] for one in found]
            rows.append([Cell(label), *(Cell(percent(value)) for value in values)])
            rows.append(
                [Cell("  ± 2 SE", "dim"), *(Cell(percent(error), "dim") for error in errors)]
            )
    ratios = sample.get("document_distinct_ratio")
    if ratios is not None:
        cells = (Cell(percent(ratios[order])) for order in orders)
        rows.append([Cell("distinct in a document, %"), *cells])
    columns = [Column(("order",), number=False), *(Column((order,)) for order in orders)]
    title = f"sample: {sample['tokens']:,} tokens, {sample['documents']:,} whole documents"
    return Grid(columns, rows, title, () if ratios is None else _in_order(sample))


def _in_order(sample: Json) -> tuple[str, ...]:
    return (
        f"MATTR(100) {fixed(sample['mattr'])} · MTLD {fixed(sample['mtld'], 1)} · HD-D(42) "
        f"{fixed(sample['hdd'])} · diversity {fixed(sample['repetition_diversity'])}",
        f"text that repeats inside a document {percent(sample['repeated_text'])} % · documents "
        f"that copy another {percent(sample['duplicate_documents'])} %",
    )


def _value(figures: Json, key: str) -> float | None:
    if key.startswith("± "):
        interval = figures["intervals"][key.removeprefix("± ")]
        return None if interval is None else 2 * interval["error"]
    entropies = figures["entropy_bits"]
    return entropies[key] if key in entropies else figures[key]  # type: ignore[no-any-return]


def _spectrum(corpus: Json) -> Grid:
    """Types by how often they were seen, the rarest first."""
    orders = corpus["orders"]
    by_count: list[dict[int, int]] = [dict(figures["spectrum"]) for figures in orders.values()]
    counts = sorted(set().union(*by_count))[:SPECTRUM_ROWS]
    rows = [
        [Cell(f"{seen:,}"), *(Cell(count(types.get(seen, 0))) for types in by_count)]
        for seen in counts
    ]
    columns = [Column(("times seen",)), *(Column((f"order {order}",)) for order in orders)]
    return Grid(columns, rows, "distinct n-grams by how often they were seen (all in --json)")


def _top(order: str, found: Sequence[Json]) -> Grid:
    columns = [Column(("count",)), Column(("n-gram",), number=False)]
    rows = [[Cell(f"{row['count']:,}"), Cell(spelled(row["ngram"]))] for row in found]
    return Grid(columns, rows, f"most frequent n-grams of order {order}")


def spelled(ngram: str | list[int]) -> str:
    """An n-gram in one line: text quoted, nothing in it steering a terminal."""
    if isinstance(ngram, str):
        return repr(ngram).replace("\\\\x", "\\x")  # pieces of characters, as decoded
    return " ".join(map(str, ngram))
