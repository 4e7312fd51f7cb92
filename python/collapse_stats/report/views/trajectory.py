"""What becomes of a run: a table of its figures' trends, and how far each step moved."""

from dataclasses import replace

from ...comparisons.trajectory.trajectory import MOVED_ORDER
from ..grid import DASH, Cell, Column, Grid, printable
from ..json_object import Json
from ..numbers import fixed, with_error
from .generations import DISTINCT_ORDER, ENTROPY_ORDER, NOVELTY_ORDER
from .labels import Labels

_STATES = {
    "worsening": "worse",
    "settled": "settled",
    "recovering": "better",
    None: DASH,
}
_LEGEND = (
    "first, last: ratio to the baseline, or difference from the floor; entropy in bits. per step: "
    "Theil-Sen slope; p: Mann-Kendall. worse from: the first step from which every later one is "
    "worse than {first}; {alpha:g} % of runs without a change show any. last half: what its slope "
    "says. moved: JS of a step and the one before, over its floor; a run that has collapsed does "
    "not move any more."
)


def sentence_of(report: Json) -> list[str]:
    """Return what becomes of the run, if the report has a trajectory."""
    trajectory = report.get("trajectory")
    if trajectory is None:
        return []
    label = trajectory["reading"]
    said = f", {label}" if label else ""
    return [printable(f"As a trajectory{said}: {trajectory['sentence']}.")]


def trajectory_grids(report: Json) -> list[Grid]:
    """Return the table of trends, if the report has a trajectory."""
    trajectory = report.get("trajectory")
    if trajectory is None:
        return []
    names = trajectory["names"]
    labels = Labels.of(names)
    label_of = {
        step: printable(labels.label(name))
        for step, name in zip(trajectory["steps"], names, strict=True)
    }
    columns = [
        Column(("",), number=False),
        Column(("first",)),
        Column(("last",)),
        Column(("per step",)),
        Column(("95 % interval",), optional=3),
        Column(("p",), optional=1),
        Column(("worse from",), number=False),
        Column(("half-life",), optional=2),
        Column(("limit",), optional=2),
        Column(("last half",), number=False),
    ]
    orders = len(report["corpora"][0]["orders"])
    rows = [
        _row(title, figure, digits, factor, label_of)
        for title, figure, digits, factor in _shown(trajectory, orders)
    ]
    rows.append(_moved_row(trajectory, min(MOVED_ORDER, orders), len(columns)))
    first = printable(trajectory["baseline"] if trajectory["from_first"] else names[0])
    legend = _LEGEND.format(first=first, alpha=100 * trajectory["alpha"])
    title = f"trajectory, {printable(names[0])} to {printable(names[-1])}"
    return [Grid(columns, rows, title, (*map(_sentence, trajectory["warnings"]), legend))]


def shrinkage_grids(report: Json) -> list[Grid]:
    """Return tables of how the baseline's rare tokens go, if the report has a trajectory."""
    trajectory = report.get("trajectory")
    if trajectory is None or not trajectory["shrinkage"]["bands"]:
        return []
    shrinkage, names = trajectory["shrinkage"], trajectory["names"]
    labels = Labels.of(names)
    bands = shrinkage["bands"]
    columns = [
        Column((labels.heading,), number=False, one_line=True),
        *(Column((band["band"],)) for band in bands),
    ]

    def grid(key: str, digits: int, title: str, notes: tuple[str, ...]) -> Grid:
        rows = [
            [
                Cell(printable(labels.label(name))),
                *(Cell(fixed(band[key][at], digits)) for band in bands),
            ]
            for at, name in enumerate(names)
        ]
        return Grid(columns, rows, title, notes)

    fallback = [
        printable(name)
        for step, name in zip(trajectory["steps"], names, strict=True)
        if step in shrinkage["fallback_steps"]
    ]
    fixed_at = (f"The discount is 0.5 at {', '.join(fallback)}, where the formula has none.",)
    return [
        grid(
            "retained",
            2,
            "tokens of the baseline still there, over the floor",
            ("By how often half of the baseline has them; 1 is as many as in other text of it.",),
        ),
        grid(
            "bits",
            1,
            "how much more probable they are than in other text of the baseline, bits",
            (
                "Below 0, they are less probable. Once most of a band is gone, this is mostly the "
                "smoothing's.",
                *fixed_at * bool(fallback),
            ),
        ),
    ]


def with_moved(grid: Grid, report: Json) -> Grid:
    """Return the table of generations with a column that says how far each one moved."""
    trajectory = report.get("trajectory")
    if trajectory is None:
        return grid
    order = min(MOVED_ORDER, len(report["corpora"][0]["orders"]))
    moved = trajectory["moved"][f"js_bits/{order}"]
    cells = [Cell("", "dim")]
    for value, error in zip(moved["values"], moved["errors"], strict=True):
        is_clear = value is not None and (error is None or abs(value) > 2 * error)
        cells.append(Cell(with_error(value, error, 3), "plain" if is_clear else "dim"))
    others = [  # which are left out before it
        replace(column, optional=column.optional and column.optional + 1) for column in grid.columns
    ]
    column = Column(("moved", f"{order}-gram JS"), optional=1)
    rows = [[*row, cell] for row, cell in zip(grid.rows, cells, strict=True)]
    return Grid([*others, column], rows, grid.title, grid.notes)


def _shown(trajectory: Json, orders: int) -> list[tuple[str, Json, int, float]]:
    """Return the title, the figure, its decimals and its factor of each row."""
    distinct, entropy, novel, moved = (
        min(order, orders) for order in (DISTINCT_ORDER, ENTROPY_ORDER, NOVELTY_ORDER, MOVED_ORDER)
    )
    figures = trajectory["figures"]
    rows = [
        (f"distinct {distinct}-grams", f"size_matched_distinct_ratio/{distinct}", 2, 1.0),
        ("rare tokens kept, %", "retained/1", 1, 100.0),
        (f"JS, {moved}-grams", f"js_bits/{moved}", 3, 1.0),
        ("KL, 1-grams", "kl_bits/1", 3, 1.0),
        (f"novel {novel}-grams, %", f"novelty/{novel}", 1, 100.0),
        (f"entropy, {entropy}-grams", f"entropy_bits/{entropy}", 2, 1.0),
    ]
    return [(title, figures[key], digits, factor) for title, key, digits, factor in rows]


def _row(
    title: str, figure: Json, digits: int, factor: float, label_of: dict[float, str]
) -> list[Cell]:
    values, trend = figure["values"], figure["trend"]
    slope = interval = p = DASH
    if trend is not None:
        slope = _slope(trend["slope"], factor)
        p = "<0.0001" if trend["p"] < 1e-4 else fixed(trend["p"], 4)
        if trend["low"] is not None:
            interval = " to ".join(_slope(trend[end], factor) for end in ("low", "high"))
    onset, state = figure["onset"], figure["state"]
    return [
        Cell(title),
        Cell(_scaled(values[0], digits, factor)),
        Cell(_scaled(values[-1], digits, factor)),
        Cell(slope),
        Cell(interval),
        Cell(p),
        Cell(DASH if onset is None else label_of[onset], "plain" if onset is None else "worse"),
        Cell(_scaled(figure["half_life"], 1)),
        Cell(_scaled(figure["limit"], digits, factor)),
        Cell(_STATES[state], "worse" if state == "worsening" else "plain"),
    ]


def _moved_row(trajectory: Json, order: int, columns: int) -> list[Cell]:
    """How far the first step that moved and the last one are from those before."""
    values = trajectory["moved"][f"js_bits/{order}"]["values"]
    known = [value for value in values[:-1] if value is not None]
    ends = (known[0] if known else None, values[-1])
    cells = [Cell(f"moved, {order}-grams"), *(Cell(_scaled(value, 3)) for value in ends)]
    return [*cells, *[Cell(DASH)] * (columns - len(cells))]


def _scaled(value: float | None, digits: int, factor: float = 1) -> str:
    return DASH if value is None else fixed(value * factor, digits)


def _slope(value: float, factor: float) -> str:
    return f"{value * factor:+.2g}"


def _sentence(warning: str) -> str:
    return printable(f"{warning[:1].upper()}{warning[1:]}.")
