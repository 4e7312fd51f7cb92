"""The generations table, from a report."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from .corpus_view import described
from .detail_view import example_grids, orders_grid
from .figures import NOT_GIVEN
from .grid import DASH, Cell, Column, Emphasis, Grid, Page, printable
from .numbers import column, count, fixed, percent
from .verdict_view import verdict_grid

Json = dict[str, Any]
TOLERANCE = 0.1
"""Share of the floor by which a figure must differ from it to be marked."""

ENTROPY_ORDER, DISTINCT_ORDER, NOVELTY_ORDER = 2, 4, 2
RARE = "1"  # the band of retention that is shown: types seen once in half of the baseline


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of a comparison with its floor; `seen` unless the difference is within its error."""

    value: float | None
    floor: float | None
    seen: bool = True


def comparison_page(report: Json) -> Page:
    """The candidates against the baseline, and against the first of them when there are more."""
    comparisons = report["comparisons"]
    by_baseline: dict[str, list[Json]] = {}
    for comparison in comparisons:
        by_baseline.setdefault(comparison["baseline"], []).append(comparison)
    (main, against), *others = by_baseline.items()
    title = f"against {printable(main)}"
    grids = [generations_grid(report["corpora"], against, title)]
    grids += [_short(name, group) for name, group in others]
    grids += [
        verdict_grid(name, group, explain=name == main) for name, group in by_baseline.items()
    ]
    if len(against) == 1:
        grids.append(orders_grid(against[0]))
    examples = [grid for one in against for grid in example_grids(one)]
    smoothing = against[0]["orders"]["1"]["smoothing"]
    return Page(
        [*grids, *examples],
        head=described(report["corpora"][0]),
        warnings=warnings_of(report),
        tail=(
            f"{_counted(len(against))} against {printable(main)}. Entropy: Chao-Wang-Jost. "
            f"KL(baseline || candidate): {smoothing} smoothing. Counted by: {report['backend']}.",
            *_matched(against),
        ),
    )


def warnings_of(report: Json) -> list[str]:
    """Warnings with the names they hold for; those that differ only in numbers are said once."""
    said: list[tuple[str, str]] = []
    for corpus in report["corpora"]:
        said += [(corpus["name"], w) for w in corpus["warnings"] if NOT_GIVEN not in w]
    first = report["corpora"][0]["name"]
    known = {f"{name}: {warning}" for name, warning in said}
    for comparison in report["comparisons"]:
        if comparison["baseline"] == first:
            name = comparison["candidate"]
            new = (w for w in comparison["warnings"] if NOT_GIVEN not in w and w not in known)
            said += [(name, w) for w in new]
    alike: dict[str, list[tuple[str, str]]] = {}
    for name, warning in said:
        kind = re.sub(r"\d[\d.,]*", "#", warning.replace(name, "@"))
        alike.setdefault(kind, []).append((name, warning))
    return [_joined(group) for group in alike.values()]


def _joined(group: list[tuple[str, str]]) -> str:
    names = list(dict.fromkeys(name for name, _ in group))
    first, warning = group[0]
    if len({warning for _, warning in group}) == 1:
        return printable(f"{_some(names)}: {warning}")
    others = [name for name in names if name != first]
    alike = f" (likewise {_some(others)})" if others else ""
    return printable(f"{first}: {warning}{alike}")


def _counted(candidates: int) -> str:
    return "1 candidate" if candidates == 1 else f"{candidates} candidates"


def _some(names: Sequence[str]) -> str:
    return (
        ", ".join(names) if len(names) <= 4 else f"{names[0]} … {names[-1]} ({len(names)} of them)"
    )


def generations_grid(
    corpora: Sequence[Json], against: Sequence[Json], title: str, legend: bool = True
) -> Grid:
    """One row per corpus, the baseline first with the floors."""
    shown = {corpus["name"]: corpus for corpus in corpora}
    baseline = corpora[0]
    rows = [baseline, *(shown[comparison["candidate"]] for comparison in against)]
    longest = len(baseline["orders"])
    entropy, distinct = min(ENTROPY_ORDER, longest), min(DISTINCT_ORDER, longest)
    token_unit, tokens = column([row["tokens"] for row in rows])
    type_unit, types = column([row["orders"][str(distinct)]["distinct"] for row in rows])
    bits = [row["orders"][str(entropy)]["entropy_bits"]["chao-wang-jost"] for row in rows]
    columns = [
        Column(("",), number=False),
        Column(("tokens", "", token_unit)),
        Column(("entropy", f"{entropy}-grams", "bits")),
        Column(("distinct", f"{distinct}-grams", type_unit)),
        Column((f"{distinct}-grams at", "equal size", "ratio")),
        *_divergence_columns(longest),
    ]
    divergences = _divergences(against, distinct)
    cells = [
        [Cell(printable(row["name"])), Cell(tokens[i]), Cell(fixed(bits[i], 2)), Cell(types[i])]
        + divergences[i]
        for i, row in enumerate(rows)
    ]
    sizes = {one["measured"]["tokens"]["baseline"] for one in against}
    return Grid(columns, cells, title, _legend(longest, len(sizes) > 1) if legend else ())


def _short(name: str, against: Sequence[Json]) -> Grid:
    longest = len(against[0]["orders"])
    distinct = min(DISTINCT_ORDER, longest)
    columns = [
        Column(("",), number=False),
        Column((f"{distinct}-grams at", "equal size", "ratio")),
        *_divergence_columns(longest),
    ]
    names = [name, *(comparison["candidate"] for comparison in against)]
    rows = [
        [Cell(printable(names[i])), *cells]
        for i, cells in enumerate(_divergences(against, distinct))
    ]
    return Grid(columns, rows, f"against {printable(name)}, the first candidate")


def _divergence_columns(longest: int) -> list[Column]:
    novel = min(NOVELTY_ORDER, longest)
    return [
        Column(("KL", "1-grams", "bits")),
        Column(("rare kept", "1-grams", "%")),
        Column(("new", f"{novel}-grams", "%")),
    ]


def _legend(longest: int, sizes_differ: bool) -> tuple[str, ...]:
    novel = min(NOVELTY_ORDER, longest)
    size = ", at the size of the first candidate; each is held against its own" * sizes_differ
    return (
        f"(in brackets) the floor: the same figure between the baseline's own halves{size}.",
        f"↑ ↓ above, below the floor by more than {100 * TOLERANCE:.0f} % of it and two standard "
        "errors; worse is ↑ in KL, ↓ in rare kept and in new.",
        "rare kept: of the tokens seen once in half of the baseline, the share still there. "
        f"new: the share of {novel}-grams that the baseline does not have.",
    )


def _divergences(against: Sequence[Json], distinct: int) -> list[list[Cell]]:
    """Cells of the figures that have a floor: first the baseline's row, then the candidates'."""
    longest = len(against[0]["orders"])
    floors = _floored(against[0], longest)
    shows = (fixed, percent, percent)
    own = [
        Cell(f"({show(figure.floor)})" if figure.floor is not None else DASH, "dim")
        for figure, show in zip(floors, shows, strict=True)
    ]
    rows = [[Cell(fixed(1.0, 2), "dim"), *own]]
    for comparison in against:
        ratio = comparison["orders"][str(distinct)]["size_matched_distinct_ratio"]
        cells = [Cell(fixed(ratio, 2))]
        for figure, show, worse in zip(
            _floored(comparison, longest), shows, ("↑", "↓", "↓"), strict=True
        ):
            mark = marked(figure)
            emphasis: Emphasis = "plain" if not mark else "worse" if mark == worse else "other"
            cells.append(Cell(show(figure.value), emphasis, mark))
        rows.append(cells)
    return rows


def marked(figure: Figure) -> str:
    """An arrow where the figure is off its floor by more than `TOLERANCE` of it, and its error."""
    if figure.value is None or figure.floor is None or not figure.seen:
        return ""
    off = figure.value - figure.floor
    if abs(off) <= TOLERANCE * figure.floor:
        return ""
    return "↑" if off > 0 else "↓"


def _floored(comparison: Json, longest: int) -> tuple[Figure, Figure, Figure]:
    """KL of order 1, retention of the rare, novelty."""
    novel = str(min(NOVELTY_ORDER, longest))
    return (
        _figure(comparison["orders"]["1"], "kl_bits"),
        rare_kept(comparison),
        _figure(comparison["orders"][novel], "novelty"),
    )


def _figure(figures: Json, key: str) -> Figure:
    return Figure(figures[key], figures["floor"][key], _seen(figures["intervals"][key]))


def _seen(interval: Json | None) -> bool:
    """Whether a figure is off its floor by more than two standard errors; without any, it is."""
    if interval is None or interval["excess"] is None:
        return True
    return bool(abs(interval["excess"]) > 2 * interval["excess_error"])


def rare_kept(comparison: Json, order: int = 1) -> Figure:
    """Share of the n-grams seen once in half of the baseline that are still there."""
    rows: Iterable[Json] = comparison["retention"]
    for row in rows:
        if (row["order"], row["band"]) == (order, RARE):
            interval = comparison["orders"][str(order)]["intervals"]["retained"]
            return Figure(row["retained"], row["floor"], _seen(interval))
    return Figure(None, None)


def _matched(against: Sequence[Json]) -> tuple[str, ...]:
    """What divergences were taken from, where it is not the corpora."""
    by_size: dict[str, list[str]] = {}
    for one in against:
        if one["measured"]["text"] == "samples":
            size = count(min(one["measured"]["tokens"].values()))
            by_size.setdefault(size, []).append(printable(one["candidate"]))
    if not by_size:
        return ()
    sizes = "; ".join(f"{_some(names)} {size}" for size, names in by_size.items())
    return (
        "All but tokens, entropy and distinct n-grams is of samples matched in size by whole "
        f"documents, tokens a side: {sizes}.",
    )
