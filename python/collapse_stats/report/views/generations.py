"""The table of generations: the main figures of each candidate, the floors in the first row."""

from collections.abc import Callable, Sequence
from functools import partial

from ..grid import DASH, Cell, Column, Emphasis, Grid, printable
from ..json_object import Json
from ..numbers import column, percent, with_error
from ..shown import Shown, compared, of_corpus, rare_kept
from .labels import Labels
from .rare_tokens import cautions, headline_cells, headline_columns, is_there

TOLERANCE = 0.1
"""A figure is marked when it differs from its floor by more than this share of the floor."""

ENTROPY_ORDER, DISTINCT_ORDER, NOVELTY_ORDER = 2, 4, 2
_PERCENT = partial(with_error, digits=1, factor=100)
Show = Callable[[float | None, float | None], str]
_WORSE = ("↑", "↓", "↓")


def generations_grid(corpora: Sequence[Json], against: Sequence[Json], title: str = "") -> Grid:
    """Return a table with one row per corpus; that of the baseline comes first, with the floors."""
    by_name = {corpus["name"]: corpus for corpus in corpora}
    baseline = by_name[against[0]["baseline"]]
    rows = [baseline, *(by_name[comparison["candidate"]] for comparison in against)]
    orders = len(baseline["orders"])
    entropy, distinct, novel = (
        min(order, orders) for order in (ENTROPY_ORDER, DISTINCT_ORDER, NOVELTY_ORDER)
    )
    unit, tokens = column([row["tokens"] for row in rows])
    labels = Labels.of([comparison["candidate"] for comparison in against])
    columns = [
        Column((labels.heading,), number=False, one_line=True),
        Column(("tokens", unit), optional=2),
        Column(("entropy", f"{entropy}-gram bits"), optional=1),
        Column(("distinct", f"{distinct}-grams")),
        Column(("KL", "1-gram bits")),
        Column(("rare tokens", "kept, %")),
        *headline_columns(against),
        Column(("novel", f"{novel}-grams, %"), optional=int(is_there(against))),
        Column(("repeated", "%"), optional=4),
        Column(("copies", "%"), optional=3),
    ]
    shows = _kl_of(against), _PERCENT, _PERCENT
    cells = []
    for i, row in enumerate(rows):
        bits = of_corpus(row, "entropy_bits", entropy)
        figures = (
            _compared(against[i - 1], distinct, novel, shows)
            if i
            else _floors(against[0], novel, shows)
        )
        cells.append(
            [
                Cell(printable(labels.label(row["name"]) if i else row["name"])),
                Cell(tokens[i]),
                Cell(with_error(bits.value, bits.error, 2)),
                *figures[:3],
                *headline_cells(against, against[i - 1] if i else None),
                *figures[3:],
            ]
        )
    return Grid(columns, cells, title, cautions(against))


def _kl_of(against: Sequence[Json]) -> Show:
    """How the column of KL is shown: small values with three decimals."""
    values = [compared(comparison, "kl_bits", 1).value or 0.0 for comparison in against]
    return partial(with_error, digits=3 if max(values) < 1 else 2)


def _compared(
    comparison: Json, distinct: int, novel: int, shows: tuple[Show, Show, Show]
) -> list[Cell]:
    """The cells of a candidate's figures; those with a floor are marked when they are off it."""
    ratio = compared(comparison, "size_matched_distinct_ratio", distinct)
    cells = [Cell(with_error(ratio.value, ratio.error, 2))]
    for figure, show, worse in zip(_floored(comparison, novel), shows, _WORSE, strict=True):
        mark = marked(figure)
        emphasis: Emphasis = "plain" if not mark else "worse" if mark == worse else "other"
        cells.append(Cell(show(figure.value, figure.error), emphasis, mark))
    shares = (comparison[key]["candidate"] for key in ("repeated_text", "duplicate_documents"))
    return [*cells, *(Cell(percent(share)) for share in shares)]


def _floors(comparison: Json, novel: int, shows: tuple[Show, Show, Show]) -> list[Cell]:
    floors = [
        DASH if figure.floor is None else f"({show(figure.floor, None)})"
        for figure, show in zip(_floored(comparison, novel), shows, strict=True)
    ]
    shares = (comparison[key]["baseline"] for key in ("repeated_text", "duplicate_documents"))
    return [Cell(text, "dim") for text in ("1.00", *floors, *map(percent, shares))]


def _floored(comparison: Json, novel: int) -> tuple[Shown, Shown, Shown]:
    """KL of order 1, retention of rare tokens, and novelty."""
    return (
        compared(comparison, "kl_bits", 1),
        rare_kept(comparison),
        compared(comparison, "novelty", novel),
    )


def marked(figure: Shown) -> str:
    """Return an arrow if the value is off its floor by more than `TOLERANCE` and its error."""
    if figure.excess is None or figure.floor is None or not figure.is_significant:
        return ""
    if abs(figure.excess) <= TOLERANCE * figure.floor:
        return ""
    return "↑" if figure.excess > 0 else "↓"
