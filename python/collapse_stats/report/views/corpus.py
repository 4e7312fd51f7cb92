"""Pages about single corpora, from a report."""

from collections.abc import Callable, Sequence

from ...system.wording import counted
from ..grid import Cell, Column, Emphasis, Grid, Page, printable
from ..json_object import Json
from ..numbers import count, fixed, percent

SPECTRUM_ROWS = 12  # most rows of a spectrum in a table

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
    ("Hill 2, types", "hill_2", count),
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
    "entropy: Chao-Wang-Jost; other estimators below it. saturation: plug-in entropy over log2 of "
    "the number of n-grams; near 1, the text is too small for its entropy.",
    "coverage: share of the source's n-grams, by probability, that were seen. types: distinct "
    "n-grams. Chao1, ACE: lower bounds of the source's types. Hill 2: number of equally likely "
    "types that would repeat as often. Heaps exponent: growth of the types, in %, when the corpus "
    "grows by 1 %.",
    "± 2 SE: two standard errors, how much other documents of the same source would move a figure; "
    "from 16 groups of the sample's documents.",
)
_OF_SAMPLES = (
    "errors of sampling: two standard errors, how much another choice of n-grams would move a "
    "figure. They are in the ± 2 SE of the figures as well.",
)


def corpus_page(report: Json) -> Page:
    """Return the page of a report without comparisons: every figure, one column per order."""
    grids = []
    for corpus in report["corpora"]:
        grids.append(_figures(corpus))
        if any("sampled" in figures for figures in corpus["orders"].values()):
            grids.append(_sampled(corpus))
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
    are_sampled = any(_one_of(corpus) for corpus in report["corpora"])
    return Page(grids, warnings=warnings, tail=(*_NOTES, *(_OF_SAMPLES if are_sampled else ())))


def described(corpus: Json) -> str:
    """Describe a corpus in one line: name, size and tokenizer."""
    spec = corpus["tokenizer"]["spec"]
    empty = f" ({corpus['empty_documents']:,} empty)" if corpus["empty_documents"] else ""
    tokenizer = "token ids" if spec == "none" else f"tokenizer {printable(spec)}"
    key = corpus["group_key"]
    by = "" if key is None else f" grouped by {printable(key)}"
    return (
        f"{printable(corpus['name'])}: {counted(corpus['tokens'], 'token')}, "
        f"{counted(corpus['documents'], 'document')}{empty}{by}, {tokenizer}, "
        f"vocabulary {corpus['vocab_size']:,}"
    )


def _figures(corpus: Json) -> Grid:
    orders = corpus["orders"]
    rows = []
    for label, key, show in _ROWS:
        values = [_value(figures, key) for figures in orders.values()]
        emphasis: Emphasis = "dim" if label.startswith(" ") else "plain"
        rows.append([Cell(label, emphasis), *(Cell(show(value), emphasis) for value in values)])
    columns = [Column(("order",), number=False), *(Column((order,)) for order in orders)]
    return Grid(columns, rows, described(corpus))


def _one_of(corpus: Json) -> int:
    """Return K if one in K n-grams was kept, 0 if all were counted."""
    shares = [
        figures["sampled"]["one_of"]
        for figures in corpus["orders"].values()
        if "sampled" in figures
    ]
    return max(shares, default=0)


def _sampled(corpus: Json) -> Grid:
    """Return the errors of the figures of those orders whose n-grams are sampled."""
    orders = {
        n: each["sampled"]["errors"] for n, each in corpus["orders"].items() if "sampled" in each
    }
    rows = []
    for label, key, show in _ROWS:
        if key != "windows" and not key.startswith("± "):
            errors = [_of_key(of_order, key) for of_order in orders.values()]
            cells = (Cell(show(None if error is None else 2 * error)) for error in errors)
            rows.append([Cell(label.strip()), *cells])
    columns = [Column(("order",), number=False), *(Column((order,)) for order in orders)]
    title = f"one in {_one_of(corpus):,} n-grams was kept: errors of sampling, 2 SE"
    return Grid(columns, rows, title)


def _sample(corpus: Json) -> Grid:
    """Return the figures that hold for the sample: of its size, or of the order of its tokens."""
    sample, orders = corpus["sample"], corpus["orders"]
    rows = []
    for label, key in _SAMPLE_ROWS:
        intervals = [figures["intervals"][key] for figures in orders.values()]
        if any(intervals):
            values = [interval and interval["value"] for interval in intervals]
            errors = [interval and 2 * interval["error"] for interval in intervals]
            rows.append([Cell(label), *(Cell(percent(value)) for value in values)])
            rows.append(
                [Cell("  ± 2 SE", "dim"), *(Cell(percent(error), "dim") for error in errors)]
            )
    ratios = sample.get("document_distinct_ratio")
    if ratios is not None:
        cells = (Cell(percent(ratios[order])) for order in orders)
        rows.append([Cell("distinct per document, %"), *cells])
    columns = [Column(("order",), number=False), *(Column((order,)) for order in orders)]
    documents = counted(sample["documents"], "whole document")
    title = f"sample: {counted(sample['tokens'], 'token')}, {documents}"
    return Grid(columns, rows, title, () if ratios is None else _in_order(sample))


def _in_order(sample: Json) -> tuple[str, ...]:
    return (
        f"MATTR(100) {fixed(sample['mattr'])} · MTLD {fixed(sample['mtld'], 1)} · HD-D(42) "
        f"{fixed(sample['hdd'])} · diversity {fixed(sample['repetition_diversity'])}",
        f"repeated text within documents {percent(sample['repeated_text'])} % · duplicate "
        f"documents {percent(sample['duplicate_documents'])} %",
    )


def _value(figures: Json, key: str) -> float | None:
    if key.startswith("± "):
        interval = figures["intervals"][key.removeprefix("± ")]
        return None if interval is None else 2 * interval["error"]
    return _of_key(figures, key)


def _of_key(figures: Json, key: str) -> float | None:
    """Return a figure or its error, of entropy by the name of an estimator."""
    entropies = figures["entropy_bits"]
    return entropies[key] if key in entropies else figures[key]  # type: ignore[no-any-return]


def _spectrum(corpus: Json) -> Grid:
    """Return the distinct n-grams by how often they were seen, the rarest first."""
    orders = corpus["orders"]
    by_count: list[dict[int, int]] = [dict(figures["spectrum"]) for figures in orders.values()]
    counts = sorted(set().union(*by_count))[:SPECTRUM_ROWS]
    rows = [
        [Cell(f"{seen:,}"), *(Cell(count(types.get(seen, 0))) for types in by_count)]
        for seen in counts
    ]
    columns = [Column(("times seen",)), *(Column((f"order {order}",)) for order in orders)]
    return Grid(columns, rows, "distinct n-grams by how often they were seen (all in --json)")


def _top(order: str, ngrams: Sequence[Json]) -> Grid:
    columns = [Column(("count",)), Column(("n-gram",), number=False)]
    rows = [[Cell(f"{row['count']:,}"), Cell(spelled(row["ngram"]))] for row in ngrams]
    return Grid(columns, rows, f"most frequent n-grams of order {order}")


def spelled(ngram: str | list[int]) -> str:
    """Return an n-gram in one line, text quoted, without control characters."""
    if isinstance(ngram, str):
        return repr(ngram).replace("\\\\x", "\\x")  # bytes that are part of a character
    return " ".join(map(str, ngram))
