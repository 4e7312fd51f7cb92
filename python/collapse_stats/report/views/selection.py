"""The page of ``select``: what was chosen, why, and what that changed."""

from collections.abc import Sequence

from ...selection.copies import SHARE, SPAN
from ...selection.effect import WITH_HUMAN
from ...system.wording import counted
from ..grid import Cell, Column, Emphasis, Grid, Page, printable
from ..json_object import Json
from ..numbers import count, fixed, percent
from .comparison import LEGEND
from .generations import generations_grid
from .verdict import verdict_grid

TESTED = "Order gain and copies are asked only of documents that would have been chosen."
_EMPHASIS: dict[str, Emphasis] = {"loss of tail": "worse", "collapse": "worse"}


def selection_page(content: Json) -> Page:
    """Return the page of the object of a choice; see `report.contents.selection`."""
    human = content["human"]
    share = f", {100 * content['human_share']:.1f} % of it human text" if human else ""
    head = (
        f"chosen: {counted(content['documents'], 'document')} with "
        f"{counted(content['tokens'], 'token')}{share}, for a budget of {content['budget']:,}"
    )
    grids = [_reasons(content["candidates"], "candidates")]
    if human is not None:
        grids.append(_reasons(human, "human text"))
    effect = content["effect"]
    if effect is not None:
        against = effect["comparisons"]
        grids += [
            _distinct(content, against),
            verdict_grid(against[0]["baseline"], against),
            generations_grid(effect["corpora"], against),
        ]
    return Page(grids, head, [*map(printable, content["warnings"])], tail=_tail(content))


def _distinct(content: Json, against: Sequence[Json]) -> Grid:
    orders, by = [*against[0]["orders"]], str(content["order"])
    names = _spread(len(orders))
    tokens = {corpus["name"]: corpus["tokens"] for corpus in content["effect"]["corpora"]}
    columns = [
        Column(("", "of as many tokens"), number=False),
        Column(("", "tokens")),
        *(Column((name, f"{n}*" if n == by else n)) for n, name in zip(orders, names, strict=True)),
        Column(("human", "%")),
    ]
    rows = [
        [
            Cell(each["candidate"], _EMPHASIS.get(each["verdict"], "plain")),
            Cell(count(tokens[each["candidate"]])),
            *(Cell(fixed(each["orders"][n]["size_matched_distinct_ratio"], 2)) for n in orders),
            Cell(percent(content["human_share"] if each["candidate"] == WITH_HUMAN else 0.0)),
        ]
        for each in against
    ]
    half = against[0]["baseline"]
    notes = [
        f"Distinct n-grams of each order over those of {printable(half)}, the half of the human "
        "text that had no part in the choice; 1 is as many.",
        "* Documents were chosen by these n-grams, so look at the other orders.",
    ]
    return Grid(columns, rows, "as varied as human text?", notes)


def _spread(number: int) -> Sequence[str]:
    """The first lines of headings over some columns that have a title together."""
    return ["distinct", "n-grams", "by", "order", *[""] * number][:number]


def _reasons(source: Json, title: str) -> Grid:
    columns = [Column((title,), number=False), Column(("documents",)), Column(("%",))]
    rows = [
        [Cell(words), Cell(count(number)), Cell(percent(number / source["documents"]))]
        for words, number in source["reasons"].items()
    ]
    return Grid(columns, rows, notes=[TESTED])


def _tail(content: Json) -> list[str]:
    tail = []
    limits = {int(length): limit for length, limit in content["gate_limits"].items()}
    if limits:
        tail.append(
            "Order gain: bits that a token takes more once a document is shuffled; "
            f"{_range(limits)}, as human text of that length has and shuffled text has not."
        )
    floor = content["human_copy"]
    beside = "" if floor is None else f" (human text: {100 * floor:.1f} % on average)"
    tail.append(
        f"Near-copy: more than {100 * SHARE:.0f} % of its stretches of {SPAN} tokens are in the "
        f"reference or in documents chosen before{beside}."
    )
    if content["effect"] is not None:
        tail += [
            LEGEND,
            "As many distinct n-grams as human text means as varied. It does not mean as good, as "
            "true, or about the same things: docs/selection.md has the traps.",
        ]
    return tail


def _range(limits: dict[int, float]) -> str:
    shortest, longest = min(limits), max(limits)
    if shortest == longest:
        return f"documents need {limits[shortest]:.2f}"
    return (
        f"documents of {shortest:,} tokens need {limits[shortest]:.2f}, those of {longest:,} or "
        f"more {limits[longest]:.2f}"
    )
