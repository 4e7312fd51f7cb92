"""Pages fit into any width from 72 columns on, whatever the names, the counts and the orders."""

import copy
import unicodedata
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import collapse_stats as cs
from collapse_stats.report import render
from collapse_stats.report.grid import Cell, Column, Grid, Page
from collapse_stats.report.table import draw
from collapse_stats.report.wrapping import shortened, wrapped

NAMES = {
    "short": ["human", "gen0", "gen1", "gen2"],
    "long": [f"{side}-{'very' * 30}-long-name" for side in ("human", "a", "b", "c")],
    "numbered": ["human", *(f"runs/2026-11-30/checkpoint-{n}00-samples" for n in (1, 2, 30))],
    "chinese": ["人類文本" * 12, "第一代生成文本" * 9, "第二代生成文本", "第三代"],
    "combining": ["e\u0301" * 40, "o\u0308" * 90, "u", "नमस्ते" * 20],
    "one word": ["x" * 500, "y" * 300, "z" * 200, "w" * 100],
}
WIDTHS = (72, 73, 80, 99, 100, 140)


def cells(text: str) -> int:
    """Columns of a terminal that a text takes, by its Unicode properties."""
    wide = sum(unicodedata.east_asian_width(sign) in "WF" for sign in text)
    marks = sum(unicodedata.category(sign) in ("Mn", "Me") for sign in text)
    return len(text) + wide - marks


def profile(seed: int, name: str, ids: int) -> cs.Profile:
    rng = np.random.default_rng(seed)
    docs = [rng.zipf(1.4, 60).clip(max=ids) - 1 for _ in range(120)]
    return cs.profile(docs, vocab_size=900, max_order=6, backend="numpy", name=name)


@pytest.fixture(scope="module")
def reports() -> dict[str, dict[str, Any]]:
    profiles = [profile(seed, f"@{seed}", 900 - 200 * seed) for seed in range(4)]
    several = cs.compare_each(profiles[0], profiles[1:]).to_dict()
    return {
        "several": several,
        "one": cs.compare(*profiles[:2]).to_dict(),
        "corpus": profiles[0].to_dict(),
    }


def renamed(value: Any, names: list[str]) -> Any:
    """The report with its corpora renamed, in every text."""
    if isinstance(value, dict):
        return {key: renamed(inner, names) for key, inner in value.items()}
    if isinstance(value, list):
        return [renamed(inner, names) for inner in value]
    if isinstance(value, str):
        for number, name in enumerate(names):
            value = value.replace(f"@{number}", name)
    return value


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("verbose", [False, True])
@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
def test_no_line_is_wider_than_the_width(
    reports: dict[str, Any], names: list[str], verbose: bool, width: int
) -> None:
    for report in reports.values():
        text = render(renamed(report, names), "table", width, verbose=verbose)
        for line in text.splitlines():
            assert cells(line) <= width, line


def test_large_counts_fit(reports: dict[str, Any]) -> None:
    report = copy.deepcopy(reports["several"])
    for corpus in report["corpora"]:
        corpus["tokens"] = 15_000_000_000_000
    for width in WIDTHS:
        assert max(map(cells, render(report, "table", width).splitlines())) <= width


def test_what_is_left_out_is_said(reports: dict[str, Any]) -> None:
    report = renamed(reports["several"], ["human", "wikipedia", "podcasts of 2021", "books"])
    wide, narrow = (render(report, "table", width) for width in (140, 80))
    assert "Left out" not in wide
    (said,) = [line for line in narrow.splitlines() if line.startswith("Left out")]
    before, _, headings = said.removesuffix(".").partition(": ")
    assert before == "Left out, because 80 columns are too few"
    for heading in ("entropy", "distinct", "copies", "repeated"):
        assert any(heading in line.split() for line in wide.splitlines())
        is_shown = any(heading in line.split() for line in narrow.splitlines() if line != said)
        assert is_shown != (heading in headings.split(", "))


def test_names_are_told_apart(reports: dict[str, Any]) -> None:
    alike = [f"run-{'a' * 40}-{letter}-{'b' * 40}" for letter in "wxyz"]
    text = render(renamed(reports["several"], alike), "table", 80)
    rows = [line.split()[0] for line in text.splitlines() if " ±" in line]
    assert {"x", "y", "z"} <= {*rows}


def test_orders_that_do_not_fit_stand_below(reports: dict[str, Any]) -> None:
    text = render(reports["corpus"], "table", 56)
    headings = [line.split()[1:] for line in text.splitlines() if line.startswith("order")]
    assert [number for line in headings[:2] for number in line] == list("123456")


@given(st.text(st.characters(codec="utf-8"), max_size=200), st.integers(2, 90))
def test_wrapped_text_loses_nothing_but_spaces(text: str, width: int) -> None:
    lines = wrapped(text.replace("\xa0", ""), width)
    assert "".join(lines).replace(" ", "") == text.replace("\xa0", "").replace(" ", "")


@given(st.text(st.sampled_from("ab 漢é"), max_size=200), st.integers(2, 90))
def test_texts_are_made_to_fit(text: str, width: int) -> None:
    assert all(cells(line) <= width for line in wrapped(text, width))
    assert cells(shortened(text, width)) <= width


texts = st.text(st.sampled_from("abc 漢字.-_/0123"), max_size=60)


@settings(max_examples=200)
@given(st.data(), st.integers(30, 140))
def test_any_table_fits(data: st.DataObject, width: int) -> None:
    columns = [
        Column(
            tuple(data.draw(st.lists(st.text("abc%", max_size=10), min_size=1, max_size=3))),
            number=number > 0 and data.draw(st.booleans()),
            one_line=data.draw(st.booleans()),
            optional=data.draw(st.integers(0, 3)) if number else 0,
        )
        for number in range(data.draw(st.integers(1, 9)))
    ]
    rows = [
        [
            Cell(data.draw(st.text("0123.±", max_size=12)) if column.number else data.draw(texts))
            for column in columns
        ]
        for _ in range(data.draw(st.integers(0, 4)))
    ]
    text = draw(Page([Grid(columns, rows, "title " * 20, ["note " * 30])]), width=width)
    assert all(cells(line) <= width for line in text.splitlines())
    kept = [i for i, column in enumerate(columns) if column.number and not column.optional]
    for row in rows:
        for i in kept:
            assert row[i].text.strip() in text
