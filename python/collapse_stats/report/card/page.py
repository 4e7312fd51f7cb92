"""A card as tables, which Markdown is written from."""

from ..grid import Cell, Column, Grid, Page
from ..json_object import Json
from ..numbers import count, fixed, percent, size_of, with_error

_SOURCES = 20  # most rows of sources


def card_page(name: str, content: Json) -> Page:
    """Return the page of a card."""
    counted, tokenizer, tool = content["counted"], content["tokenizer"], content["tool"]
    identity = f" (SHA-256 {tokenizer['sha256']})" if tokenizer["sha256"] else ""
    compared = content["compared"]
    grids = [_declared(content), _sources(content["sources"]), _measured(content["measured"])]
    if compared is not None:
        grids.append(_compared(compared))
    return Page(
        grids,
        head=f"# Corpus card of {name}",
        warnings=content["warnings"],
        tail=(
            content["statement"],
            f"Counted: {counted['tokens']:,} tokens and {counted['documents']:,} documents, by "
            f"{tool['name']} {tool['version']}, with the tokenizer {tokenizer['spec']}{identity}.",
        ),
    )


def _declared(content: Json) -> Grid:
    columns = [Column(("declared origin",), number=False), Column(("tokens",)), Column(("%",))]
    rows = [
        [Cell(origin), Cell(f"{of['tokens']:,}"), Cell(percent(of["share"]))]
        for origin, of in content["declared"]["shares"].items()
    ]
    notes = ["Mixed text counts as no other; what nobody has declared is unknown."]
    return Grid(columns, rows, "Declared", notes)


def _sources(sources: list[Json]) -> Grid:
    columns = [
        Column(("source",), number=False),
        Column(("origin",), number=False),
        Column(("generator",), number=False),
        Column(("license",), number=False),
        Column(("size",)),
        Column(("tokens",)),
        Column(("documents",)),
        Column(("SHA-256",), number=False),
    ]
    largest = sorted(sources, key=lambda source: -(source["tokens"] or 0))[:_SOURCES]
    rows = [
        [
            Cell(source["path"]),
            Cell(source["origin"]),
            Cell(_generator(source)),
            Cell(source["license"] or "not declared"),
            Cell(size_of(source["bytes"])),
            Cell(count(source["tokens"])),
            Cell(count(source["documents"])),
            Cell(source["sha256"] or "not computed"),
        ]
        for source in largest
    ]
    more = len(sources) - len(largest)
    notes = [f"The largest {len(largest)}; the card as JSON has {more:,} more."] if more else []
    notes += [
        f"{source['path']} was not read completely: {source['error']}"
        for source in sources[:_SOURCES]
        if source["error"]
    ]
    return Grid(columns, rows, "Sources", notes)


def _generator(source: Json) -> str:
    generation = source["generation"]
    of = "" if generation is None else f"generation {generation}"
    return ", ".join(filter(None, (source["generator"], of)))


def _measured(orders: Json) -> Grid:
    columns = [
        Column(("order",)),
        Column(("n-grams",)),
        Column(("distinct",)),
        Column(("entropy", "bits ± 2 SE")),
    ]
    rows = [
        [
            Cell(order),
            Cell(count(of["ngrams"])),
            Cell(count(of["distinct"])),
            Cell(with_error(of["entropy_bits"], of["entropy_standard_error"], 3)),
        ]
        for order, of in orders.items()
    ]
    return Grid(columns, rows, "Measured")


def _compared(compared: Json) -> Grid:
    columns = [
        Column(("order",)),
        Column(("JS", "bits")),
        Column(("floor", "bits")),
        Column(("over floor", "bits ± 2 SE")),
        Column(("lost", "%")),
        Column(("floor", "%")),
        Column(("over floor", "% ± 2 SE")),
        Column(("novel", "%")),
        Column(("floor", "%")),
        Column(("over floor", "% ± 2 SE")),
    ]
    rows = []
    for order, of in compared["orders"].items():
        row = [Cell(order)]
        for name, factor, digits in (
            ("js_bits", 1, 3),
            ("unseen_mass", 100, 1),
            ("novelty", 100, 1),
        ):
            figure = of[name]
            for value in (figure["value"], figure["floor"]):
                row.append(Cell(fixed(None if value is None else factor * value, digits)))
            over, error = figure["over_floor"], figure["standard_error"]
            row.append(Cell(with_error(over, error, digits, factor)))
        rows.append(row)
    human = compared["with"]
    return Grid(
        columns,
        rows,
        f"Compared with human text of {human['tokens']:,} tokens: {compared['verdict']}",
        [
            *compared["reasons"],
            "Floor: the same figure between the halves of the human text. Lost: share of its "
            "n-grams that this corpus lacks. Novel: share of this corpus's n-grams that it lacks.",
        ],
    )
