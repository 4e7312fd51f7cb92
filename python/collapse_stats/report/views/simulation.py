"""The page of ``simulate``: a table for each share of human text, and what they show in words."""

from collections import Counter
from collections.abc import Sequence

from ...system.wording import counted
from ...verdict.rule import LABELS
from ..grid import DASH, Cell, Column, Emphasis, Grid, Page
from ..json_object import Json
from ..numbers import count, fixed, percent

_COLUMNS = {
    "distinct_1": Column(("distinct", "tokens")),
    "entropy_2_bits": Column(("entropy", "2-gram bits"), optional=2),
    "size_matched_distinct_ratio_3": Column(("distinct", "3-grams")),
    "kl_1_bits": Column(("KL", "1-gram bits"), optional=3),
    "retained_1": Column(("rare", "kept, %")),
}
_DIGITS = {"distinct_1": 0, "retained_1": 1, "size_matched_distinct_ratio_3": 3}
_HUMAN = {
    "fresh": "human text that no generation had",
    "fixed": "the same human text every time",
    "replay": "human text chosen anew from the first corpus",
}
_ADJECTIVES = {"fresh": "fresh", "fixed": "fixed", "replay": "replayed"}
_KEPT = {
    "replace": "Each model learns from the generation before it.",
    "accumulate": "Each model learns from all generations before it.",
    "accumulate-human": "Each model learns from all generations before it, and from the first "
    "corpus.",
}


def simulation_page(report: Json) -> Page:
    """Return the page of simulations."""
    return Page(
        [_grid(report, each) for each in report["simulations"]],
        head=_head(report),
        tail=[
            *_legend(report),
            "",
            *_left(report),
            *_needed(report),
            "",
            "This is an n-gram model, which forgets for one reason: what it did not happen to "
            "write is gone. Its speed says nothing about a transformer's (docs/simulation.md).",
        ],
    )


def _head(report: Json) -> str:
    rules, corpus = report["rules"], report["corpus"]
    changes = [
        f"{name} {value:g}"
        for name, value, usual in (
            ("temperature", rules["temperature"], 1),
            ("top-p", rules["top_p"], 1),
            ("noise", rules["noise"], 0),
        )
        if value != usual
    ]
    return (
        f"{corpus['name']}: {report['tokens']:,} tokens a generation, "
        f"{counted(report['runs'], 'run')}, a {rules['order']}-gram model"
        f"{''.join(f', {change}' for change in changes)}. {_KEPT[rules['keep']]} The baseline is "
        f"human text of other documents ({corpus['baseline_tokens']:,} tokens)."
    )


def _grid(report: Json, simulation: Json) -> Grid:
    human, share = report["human"], simulation["fresh"]
    keys = [key for key in _COLUMNS if key in human["figures"]]
    expected = any(each["expected_distinct_1"] is not None for each in simulation["generations"])
    columns = [Column(("generation",), number=False, one_line=True)]
    for key in keys:
        columns.append(_COLUMNS[key])
        if key == "distinct_1" and expected:
            columns.append(Column(("closed", "form"), optional=1))
    columns.append(Column(("verdict",), number=False))
    rows = [_row("human", human["figures"], None, [human["verdict"]], keys, expected)]
    rows += [
        _row(
            str(each["generation"]),
            {key: (figure["mean"], figure["sd"]) for key, figure in each["figures"].items()},
            each["expected_distinct_1"],
            each["verdicts"],
            keys,
            expected,
        )
        for each in simulation["generations"]
    ]
    title = (
        f"{100 * share:g} % of each generation is {_HUMAN[report['rules']['human']]}"
        if share
        else "without human text"
    )
    return Grid(columns, rows, title)


def _row(
    name: str,
    figures: Json,
    expected_types: float | None,
    verdicts: Sequence[str],
    keys: Sequence[str],
    expected: bool,
) -> list[Cell]:
    cells = [Cell(name)]
    for key in keys:
        value = figures[key]
        mean, spread = value if isinstance(value, tuple) else (value, None)
        cells.append(Cell(_spread(mean, spread, key)))
        if key == "distinct_1" and expected:
            cells.append(Cell(DASH if expected_types is None else count(expected_types), "dim"))
    return [*cells, _verdict(verdicts)]


def _spread(mean: float | None, spread: float | None, key: str) -> str:
    digits, factor = _DIGITS.get(key, 2), 100 if key == "retained_1" else 1

    def shown(value: float) -> str:
        return f"{factor * value:,.{digits}f}"

    if mean is None:
        return DASH
    return shown(mean) if spread is None else f"{shown(mean)} ±{shown(spread)}"


def _verdict(verdicts: Sequence[str]) -> Cell:
    """The verdict of most runs, the worse one of as many, with how many they are if not all."""
    times = Counter(verdicts)

    def rank(label: str) -> tuple[int, int]:
        return times[label], LABELS.index(label) if label in LABELS else -1

    label = max(times, key=rank)
    is_bad = label in LABELS and LABELS.index(label) >= LABELS.index("loss of tail")
    emphasis: Emphasis = "worse" if is_bad else "plain"
    share = "" if len(times) == 1 else f" ({times[label]} of {len(verdicts)})"
    return Cell(f"{label}{share}", emphasis)


def _legend(report: Json) -> list[str]:
    first = report["simulations"][0]["generations"][0]
    parts = []
    if report["runs"] > 1:
        parts.append("±: the standard deviation over runs.")
    if first["expected_distinct_1"] is not None:
        parts.append("closed form: the distinct tokens that are expected, without simulation.")
    if "size_matched_distinct_ratio_3" in first["figures"]:
        parts.append("distinct 3-grams: over those of the baseline at equal size.")
    parts.append("rare kept: tokens seen once in half of the baseline that are still there.")
    reason = report["cannot_tell"]
    return [
        " ".join(parts),
        *(
            [f"cannot tell: {reason}. More tokens a generation are more documents."]
            if reason
            else []
        ),
    ]


def _left(report: Json) -> list[str]:
    """What is left of the distinct tokens of generation 1, for all shares in one sentence."""
    number = report["simulations"][0]["generations"][-1]["generation"]
    if number == 1:
        return []
    parts = []
    for each in report["simulations"]:
        first, last = (
            each["generations"][place]["figures"]["distinct_1"]["mean"] for place in (0, -1)
        )
        share = f"with {100 * each['fresh']:g} %" if each["fresh"] else "without human text"
        parts.append(f"{percent(last / first)} % {share}")
    return [
        f"Of the distinct tokens of generation 1, generation {number} still has {', '.join(parts)}."
    ]


def _needed(report: Json) -> list[str]:
    """The answer to ``--need`` in a sentence, and what the closed form says."""
    needed = report["needed"]
    if needed is None:
        return []
    need, human = needed["need"], report["rules"]["human"]
    kind = f"{_ADJECTIVES[human]} human text"
    shares = [share for share in needed["shares"] if share is not None]
    seeds = counted(len(needed["shares"]), "seed")
    if len(shares) < len(needed["shares"]):
        reached = ", ".join(fixed(value) for value in needed["at_most"])
        answer = (
            f"{need['text']} is not reached with {percent(needed['most'])} % {kind}, the most "
            f"that there is: the figure is {reached} ({seeds})."
        )
        if human == "fresh" and needed["most"] < 1:
            answer += " Fewer --tokens, or more documents, leave more in reserve."
    else:
        middle = sorted(shares)[len(shares) // 2]
        answer = (
            f"{need['text']} takes {percent(middle)} % {kind} in each generation ({seeds}: "
            f"{percent(min(shares))} to {percent(max(shares))} %)."
        )
    if needed["closed_form"] is None:
        return [answer]
    return [
        answer,
        "For single tokens, the closed form says: with "
        f"{percent(needed['closed_form'])} %, generation {need['generation']} has "
        f"{100 * need['number']:g} % of the distinct tokens of generation 1.",
    ]
