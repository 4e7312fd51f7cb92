"""The page about candidates and their baseline, from a report."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..comparisons.cautions import counted
from ..readers.alike import grouped_alike
from .corpus_view import described
from .detail_view import example_grids, orders_grid
from .figures import NOT_GIVEN
from .grid import DASH, Cell, Column, Emphasis, Grid, Page, printable
from .json_object import Json
from .numbers import column, count, fixed, percent
from .verdict_view import verdict_grid

TOLERANCE = 0.1
"""A figure is marked when it differs from its floor by more than this share of the floor."""

ENTROPY_ORDER, DISTINCT_ORDER, NOVELTY_ORDER = 2, 4, 2
RARE = "1"  # the band of retention that is shown: n-grams seen once in half of the baseline


@dataclass(frozen=True, slots=True)
class FlooredValue:
    """A value with its floor, and whether their difference is beyond its standard error."""

    value: float | None
    floor: float | None
    significant: bool = True


def comparison_page(report: Json) -> Page:
    """Return the page of a report that has comparisons.

    Candidates are shown against the baseline and, when there are several, against the first.
    """
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
    examples = [grid for comparison in against for grid in example_grids(comparison)]
    smoothing = against[0]["orders"]["1"]["smoothing"]
    return Page(
        [*grids, *examples],
        head=described(report["corpora"][0]),
        warnings=warnings_of(report),
        tail=(
            *_of_the_run(report["series"]),
            *_of_the_limits(against[0]["limits"]),
            f"{counted(len(against), 'candidate')} against {printable(main)}. "
            f"Entropy: Chao-Wang-Jost. KL(baseline || candidate): {smoothing} smoothing. "
            f"Backend: {report['backend']}.",
            *_sizes_of_samples(against),
        ),
    )


def _of_the_run(series: Json | None) -> list[str]:
    if series is None:
        return []
    return [printable(f"Taken as a run, {series['verdict']}: {'; '.join(series['reasons'])}.")]


def _of_the_limits(limits: Json) -> list[str]:
    """Name the human corpora that the limits of the verdicts are from; nothing of builtin ones."""
    names = [corpus["name"] for corpus in limits["human_corpora"]]
    if not names:
        return []
    name = limits["name"]
    return [printable(f"Limits of the verdicts: {name}, from human corpora ({_shortened(names)}).")]


def warnings_of(report: Json) -> list[str]:
    """Return warnings with the names that they hold for; alike but for numbers, they are joined."""
    warnings: list[tuple[str, str]] = []
    for corpus in report["corpora"]:
        warnings += [(corpus["name"], w) for w in corpus["warnings"] if NOT_GIVEN not in w]
    first = report["corpora"][0]["name"]
    known = {f"{name}: {warning}" for name, warning in warnings}
    for comparison in report["comparisons"]:
        if comparison["baseline"] == first:
            name = comparison["candidate"]
            new = (w for w in comparison["warnings"] if NOT_GIVEN not in w and w not in known)
            warnings += [(name, w) for w in new]
    return [_joined(group) for group in grouped_alike(warnings)]


def _joined(group: list[tuple[str, str]]) -> str:
    names = list(dict.fromkeys(name for name, _ in group))
    first, warning = group[0]
    if len({warning for _, warning in group}) == 1:
        return printable(f"{_shortened(names)}: {warning}")
    others = [name for name in names if name != first]
    alike = f" (likewise {_shortened(others)})" if others else ""
    return printable(f"{first}: {warning}{alike}")


def _shortened(names: Sequence[str]) -> str:
    if len(names) <= 4:
        return ", ".join(names)
    return f"{names[0]} … {names[-1]} ({len(names)} of them)"


def generations_grid(
    corpora: Sequence[Json], against: Sequence[Json], title: str, legend: bool = True
) -> Grid:
    """Return a table with one row per corpus; that of the baseline comes first, with the floors."""
    by_name = {corpus["name"]: corpus for corpus in corpora}
    baseline = corpora[0]
    rows = [baseline, *(by_name[comparison["candidate"]] for comparison in against)]
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
    sizes = {comparison["measured"]["tokens"]["baseline"] for comparison in against}
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
        Column(("rare", "tokens", "kept, %")),
        Column(("new", f"{novel}-grams", "%")),
    ]


def _legend(longest: int, sizes_differ: bool) -> tuple[str, ...]:
    novel = min(NOVELTY_ORDER, longest)
    size = " (at the size of the first candidate; each candidate has its own floor)" * sizes_differ
    return (
        f"(in brackets): the floor, the same figure between the baseline's own halves{size}.",
        f"↑ ↓: above or below the floor by more than {100 * TOLERANCE:.0f} % of it and two "
        "standard errors; ↑ is worse for KL, ↓ for rare tokens kept and new.",
        "rare tokens kept: share of the tokens seen once in half of the baseline that are still "
        f"present. new: share of {novel}-grams that the baseline lacks.",
    )


def _divergences(against: Sequence[Json], distinct: int) -> list[list[Cell]]:
    """Return the cells of figures with a floor: the baseline's row, then the candidates' rows."""
    longest = len(against[0]["orders"])
    floors = _floored(against[0], longest)
    shows = (fixed, percent, percent)
    own = [
        Cell(f"({show(floored.floor)})" if floored.floor is not None else DASH, "dim")
        for floored, show in zip(floors, shows, strict=True)
    ]
    rows = [[Cell(fixed(1.0, 2), "dim"), *own]]
    for comparison in against:
        ratio = comparison["orders"][str(distinct)]["size_matched_distinct_ratio"]
        cells = [Cell(fixed(ratio, 2))]
        for floored, show, worse in zip(
            _floored(comparison, longest), shows, ("↑", "↓", "↓"), strict=True
        ):
            mark = marked(floored)
            emphasis: Emphasis = "plain" if not mark else "worse" if mark == worse else "other"
            cells.append(Cell(show(floored.value), emphasis, mark))
        rows.append(cells)
    return rows


def marked(floored: FlooredValue) -> str:
    """Return an arrow if the value is off its floor by more than `TOLERANCE` and its error."""
    if floored.value is None or floored.floor is None or not floored.significant:
        return ""
    excess = floored.value - floored.floor
    if abs(excess) <= TOLERANCE * floored.floor:
        return ""
    return "↑" if excess > 0 else "↓"


def _floored(comparison: Json, longest: int) -> tuple[FlooredValue, FlooredValue, FlooredValue]:
    """Return KL of order 1, retention of rare tokens, and novelty."""
    novel = str(min(NOVELTY_ORDER, longest))
    return (
        _floored_value(comparison["orders"]["1"], "kl_bits"),
        rare_kept(comparison),
        _floored_value(comparison["orders"][novel], "novelty"),
    )


def _floored_value(figures: Json, key: str) -> FlooredValue:
    significant = _is_significant(figures["intervals"][key])
    return FlooredValue(figures[key], figures["floor"][key], significant)


def _is_significant(interval: Json | None) -> bool:
    """Whether the excess is more than two standard errors; True when there is no error."""
    if interval is None or interval["excess"] is None:
        return True
    return bool(abs(interval["excess"]) > 2 * interval["excess_error"])


def rare_kept(comparison: Json, order: int = 1) -> FlooredValue:
    """Return the share of n-grams seen once in half of the baseline that are still present."""
    rows: Iterable[Json] = comparison["retention"]
    for row in rows:
        if (row["order"], row["band"]) == (order, RARE):
            interval = comparison["orders"][str(order)]["intervals"]["retained"]
            return FlooredValue(row["retained"], row["floor"], _is_significant(interval))
    return FlooredValue(None, None)


def _sizes_of_samples(against: Sequence[Json]) -> tuple[str, ...]:
    """Return a note on the comparisons that were taken from samples, if there are any."""
    by_size: dict[str, list[str]] = {}
    for comparison in against:
        measured = comparison["measured"]
        if measured["text"] == "samples":
            size = count(min(measured["tokens"].values()))
            by_size.setdefault(size, []).append(printable(comparison["candidate"]))
    if not by_size:
        return ()
    sizes = "; ".join(f"{_shortened(names)} {size}" for size, names in by_size.items())
    return (
        "Figures other than tokens, entropy and distinct n-grams are taken from samples matched in "
        f"size by whole documents; tokens per side: {sizes}.",
    )
