"""Saved reports: read again as they were, or refused with the place that is wrong."""

import json
import random
from typing import Any

import pytest
from reports import narrowing, of_nothing, of_one

from collapse_stats import page
from collapse_stats.errors import InputError
from collapse_stats.report import FORMATS, render
from collapse_stats.report.saved import checked_report, read_report


@pytest.mark.parametrize("report", [narrowing(["a1", "a2"]), of_one(), of_nothing()])
def test_a_report_is_read_as_it_was_written(report: Any) -> None:
    assert read_report(json.dumps(report).encode(), "r.json") == report


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "r.json is not JSON .*: give what --json printed"),
        (b"\xff\xfe", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b'{"schema": "collapse-stats.report/1", "corpora": NaN}', "NaN is no number of JSON"),
        (b"[1]", "r.json is something else, expected a report"),
        (b'{"schema": "collapse-stats.report/9"}', "of the schema 'collapse-stats.report/9'"),
        (b'{"schema": "collapse-stats.report/1"}', "was changed or cut: report has no tool"),
    ],
)
def test_what_is_no_report_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_report(data, "r.json")


def change(report: Any, *path: Any, to: Any) -> Any:
    part = report
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = to
    return report


@pytest.mark.parametrize(
    ("path", "to", "words"),
    [
        (("corpora",), [], "report.corpora is empty"),
        (("corpora", 0, "tokens"), -1, r"corpora\[0\].tokens must be in 0"),
        (("corpora", 0, "tokens"), True, "must be integer, got bool"),
        (("corpora", 0, "name"), "other", "has no 'human'"),
        (("corpora", 0, "more"), 1, "unknown key 'more'"),
        (("corpora", 1, "orders"), {}, "orders are not 1, 2, 3"),
        (("corpora", 0, "curves", "1", "ranks", "rank"), [1], "values without a partner"),
        (("comparisons", 0, "verdict"), "fine", "must be one of"),
        (("comparisons", 0, "candidate"), "nobody", "no 'nobody'"),
        (("comparisons", 0, "reasons"), [], "must have 1 items or more"),
        (("comparisons", 0, "retention", 0, "band"), "x", "must match"),
        (("comparisons", 0, "novel_mass", 0, "tail"), None, "must be number, got NoneType"),
        (("comparisons", 0, "novel_mass", 0, "tail"), 1e301, "must be a finite number"),
    ],
)
def test_what_was_changed_is_named(path: Any, to: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        checked_report(change(narrowing(["a1", "a2"]), *path, to=to), "r.json")


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if not isinstance(value, dict | list):
        return [path]
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    return [path, *(leaf for key, part in inner for leaf in leaves(part, (*path, key)))]


def test_a_damaged_report_is_refused_or_drawn() -> None:
    """Whatever is put in whatever place: an error that says where, or a result."""
    draw = random.Random(0)
    whole = narrowing(["a1", "a2"])
    places = [place for place in leaves(whole) if place]
    values = [None, 0, -1, 10**18, 0.5, "", "<b>", [], {}, [[]], True]
    refused = 0
    for turn in range(150):
        report = narrowing(["a1", "a2"])
        change(report, *draw.choice(places), to=draw.choice(values))
        try:
            report = read_report(json.dumps(report).encode(), "r.json")
        except InputError:
            refused += 1
            continue
        for form in FORMATS:
            assert render(report, form)
        if turn % 5 == 0:
            assert page.write(report)
    assert refused > 75


def test_a_cut_report_is_refused() -> None:
    data = json.dumps(narrowing(["a1", "a2"])).encode()
    for part in (0.1, 0.5, 0.99):
        with pytest.raises(InputError, match="is not JSON"):
            read_report(data[: int(len(data) * part)], "r.json")
