"""One figure is one number: in the terminal, Markdown, LaTeX, HTML, CSV, JSON and data frames."""

import csv
import io
import math
import re
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from reports import VOCAB, documents

import collapse_stats as cs
from collapse_stats.metrics.figures import COMPARISON_FIGURES
from collapse_stats.report import html, render
from collapse_stats.report.formats import page_of


def profile(docs: list[np.ndarray], name: str) -> cs.Profile:
    return cs.profile(docs, vocab_size=VOCAB, max_order=4, backend="numpy", name=name)


@pytest.fixture(scope="module")
def series() -> Any:
    candidates = [
        profile(documents(2, 1200), "same"),
        profile(documents(3, 200), "narrow"),
        profile(documents(4, 800, copies=60), "copied"),
        profile(documents(5, 1200, number=90), "smaller"),
    ]
    return cs.compare_each(profile(documents(1, 1200), "human"), candidates)


@pytest.fixture(scope="module")
def report(series: Any) -> dict[str, Any]:
    return series.to_dict()


@pytest.fixture(scope="module")
def rows(report: dict[str, Any]) -> dict[str, dict[str, str]]:
    """The rows of the CSV by candidate."""
    read = csv.DictReader(io.StringIO(render(report, "csv")))
    return {row["candidate"]: row for row in read}


class Cells(HTMLParser):
    """The texts of table cells, row by row."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.inside = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag == "tr":
            self.rows.append([])
        if tag == "td":
            self.rows[-1].append("")
        self.inside = tag in ("td", "b")

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag == "b"

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1] and self.inside:
            self.rows[-1][-1] += data


def generations(report: dict[str, Any], form: str) -> dict[str, list[str]]:
    """The rows of the table of generations by name, without marks, as one format prints them."""
    if form == "html":
        cells = Cells()
        cells.feed(html.write(page_of(report)))
        found = cells.rows
    elif form == "latex":
        lines = render(report, "latex").partition(r"\midrule")[2].splitlines()
        found = [line.removesuffix(r" \\").split(" & ") for line in lines]
    elif form == "markdown":
        lines = [line for line in render(report, "markdown").splitlines() if line[:2] == "| "]
        found = [line.strip("| ").split(" | ") for line in lines]
    else:
        lines = render(report, "table", 200).splitlines()
        found = [re.split(r"  +", line) for line in lines]
    marks = re.compile(r"\$\\(up|down)arrow\$|[↑↓*]|\$(?=\\pm)|(?<=\\pm)\$")
    plain = [[marks.sub("", cell).replace(r"\pm", "±").strip() for cell in row] for row in found]
    return {row[0]: row[1:] for row in plain if len(row) > 6}


def with_error(value: str, error: str, digits: int, factor: float = 1) -> str:
    if not value:
        return "–"
    shown = f"{factor * float(value):.{digits}f}"
    return f"{shown} ±{2 * factor * float(error):.{digits}f}" if error else shown


@pytest.mark.parametrize("form", ["table", "markdown", "latex", "html"])
def test_tables_print_the_numbers_of_the_csv(
    report: dict[str, Any], rows: dict[str, dict[str, str]], form: str
) -> None:
    found = generations(report, form)
    assert [*found][-4:] == [*rows]
    digits = 3 if all(float(row["kl_bits_1"]) < 1 for row in rows.values()) else 2
    for name, row in rows.items():
        expected = [
            f"{int(row['tokens']) / 1e6:.3f}",
            with_error(row["entropy_bits_2"], row["entropy_bits_2_se"], 2),
            with_error(
                row["size_matched_distinct_ratio_4"], row["size_matched_distinct_ratio_4_se"], 2
            ),
            with_error(row["kl_bits_1"], row["kl_bits_1_se"], digits),
            with_error(row["retained_1"], row["retained_1_se"], 1, 100),
            with_error(row["novelty_2"], row["novelty_2_se"], 1, 100),
            f"{100 * float(row['repeated_text']):.1f}",
            f"{100 * float(row['duplicate_documents']):.1f}",
        ]
        assert found[name] == expected
    first = rows["same"]
    assert found["human"] == [
        f"{int(first['baseline_tokens']) / 1e6:.3f}",
        with_error(first["baseline_entropy_bits_2"], first["baseline_entropy_bits_2_se"], 2),
        "1.00",
        f"({float(first['kl_bits_1_floor']):.{digits}f})",
        f"({100 * float(first['retained_1_floor']):.1f})",
        f"({100 * float(first['novelty_2_floor']):.1f})",
        f"{100 * float(first['repeated_text_floor']):.1f}",
        f"{100 * float(first['duplicate_documents_floor']):.1f}",
    ]


def number(text: str) -> float | None:
    return float(text) if text else None


def test_the_csv_has_the_numbers_of_the_json(
    report: dict[str, Any], rows: dict[str, dict[str, str]]
) -> None:
    for comparison in report["comparisons"]:
        row = rows[comparison["candidate"]]
        assert row["verdict"] == comparison["verdict"]
        assert row["reasons"] == "; ".join(comparison["reasons"])
        for order, figures in comparison["orders"].items():
            for figure in COMPARISON_FIGURES.values():
                column = f"{figure.key}_{order}"
                interval = figures["intervals"][figure.key]
                assert number(row[f"{column}_se"]) == (interval and interval["error"])
                if figure.name == "retained":
                    continue
                assert number(row[column]) == figures[figure.key]
                if figure.has_floor:
                    assert number(row[f"{column}_floor"]) == figures["floor"][figure.key]
        for band in comparison["retention"]:
            if band["band"] == "1":
                assert number(row[f"retained_{band['order']}"]) == band["retained"]
                assert number(row[f"retained_{band['order']}_floor"]) == band["floor"]
        for mass in comparison["novel_mass"]:
            assert number(row[f"odds_{mass['order']}"]) == math.exp(mass["tail"])
            assert number(row[f"own_{mass['order']}"]) == mass["own"]
        decided = comparison["decided_by"]
        assert row["decided_by"] == decided["figure"]
        assert number(row["decided_by_value"]) == decided["value"]


def test_the_verdict_table_prints_what_decided(report: dict[str, Any]) -> None:
    text = render(report, "table", 200)
    for comparison in report["comparisons"]:
        decided = comparison["decided_by"]
        if decided["figure"] == "duplicate_documents":
            shown = f"copies {100 * decided['value']:.1f} % ({100 * decided['floor']:.1f})"
            assert decided["value"] == comparison["duplicate_documents"]["candidate"]
        else:
            assert decided["figure"] == "novelty_odds"
            (mass,) = [m for m in comparison["novel_mass"] if m["order"] == decided["order"]]
            low, high = (math.exp(mass["tail"] + k * mass["tail_se"]) for k in (-2, 2))
            assert (decided["low"], decided["high"]) == pytest.approx((low, high), rel=1e-12)
            shown = f"odds x{math.exp(mass['tail']):.2f} ±{(high - low) / 2:.2f}"
        row = next(x for x in text.splitlines() if x.startswith(f"{comparison['candidate']} "))
        assert f"{comparison['verdict']}  {shown}" in re.sub(r"  +", "  ", row)


def test_python_gives_the_numbers_of_the_json(series: Any, report: dict[str, Any]) -> None:
    for comparison, figures in zip(series, report["comparisons"], strict=True):
        for order in (1, 2, 3, 4):
            of_order = figures["orders"][str(order)]
            assert comparison.js(order) == of_order["js_bits"]
            assert comparison.floor("novelty", order) == of_order["floor"]["novelty"]
            assert (
                comparison.size_matched_distinct_ratio(order)
                == (of_order["size_matched_distinct_ratio"])
            )


def test_frames_have_the_numbers_of_the_csv(series: Any, rows: dict[str, dict[str, str]]) -> None:
    pytest.importorskip("pandas")
    frame = series.to_frame()
    assert [*frame["candidate"]] == [*rows]
    for column in frame.columns:
        for value, row in zip(frame[column], rows.values(), strict=True):
            text = row[column]
            if isinstance(value, str):
                assert value == text
            else:
                assert (None if value is None or math.isnan(value) else value) == number(text)


def test_the_orders_of_one_candidate_print_the_numbers_of_the_csv(series: Any) -> None:
    text = series[1].summary(200)
    (row,) = csv.DictReader(io.StringIO(render(series[1].to_dict(), "csv")))
    lines = [re.split(r"  +", line.strip()) for line in text.partition("by order")[2].splitlines()]
    by_order = {line[0]: line[1:] for line in lines if line[0] in {"1", "2", "3", "4"}}
    for order in "1234":
        expected = []
        for key, digits, factor in (
            ("js_bits", 3, 1),
            ("unseen_mass", 1, 100),
            ("novelty", 1, 100),
        ):
            column = f"{key}_{order}"
            value, floor = float(row[column]), float(row[f"{column}_floor"])
            expected.append(with_error(row[column], row[f"{column}_se"], digits, factor))
            expected.append(f"{factor * (value - floor):+.{digits}f}")
        shown = [
            cell if i % 2 == 0 else cell.partition(" ")[0] for i, cell in enumerate(by_order[order])
        ]
        assert shown == expected


def test_an_error_stands_beside_the_figure_that_it_holds_for() -> None:
    """Of corpora that are larger than their samples, both are those of the samples."""
    sides = [
        cs.profile(
            documents(n, 1200, number=600), vocab_size=VOCAB, max_order=2, name=name,
            sample_tokens=9_000,
        )
        for n, name in ((1, "human"), (2, "other"))
    ]  # fmt: skip
    report = cs.compare(*sides).to_dict()
    (comparison,) = report["comparisons"]
    assert comparison["measured"]["text"] == "corpora"
    (row,) = csv.DictReader(io.StringIO(render(report, "csv")))
    for key in ("kl_bits", "js_bits", "size_matched_distinct_ratio"):
        figures = comparison["orders"]["1"]
        interval = figures["intervals"][key]
        assert interval["value"] != figures[key]
        assert float(row[f"{key}_1"]) == interval["value"]
        assert float(row[f"{key}_1_se"]) == interval["error"]
        if key != "size_matched_distinct_ratio":
            floor = interval["value"] - interval["excess"]
            assert float(row[f"{key}_1_floor"]) == pytest.approx(floor, rel=1e-12)
    text = render(report, "table", 200)
    interval = comparison["orders"]["1"]["intervals"]["kl_bits"]
    assert with_error(str(interval["value"]), str(interval["error"]), 3) in text
    assert f"samples of {interval['tokens']:,} tokens a side" in text


def test_the_table_of_one_corpus_prints_the_numbers_of_the_csv() -> None:
    shown = profile(documents(1, 1200), "human")
    rows = list(csv.DictReader(io.StringIO(render(shown.to_dict(), "csv"))))
    whole, _, sample = shown.summary(200).partition("\nsample: ")

    def printed(text: str, label: str, behind: str = "") -> list[str]:
        text = text[text.index(behind) :]
        line = next(x for x in text.splitlines() if x.startswith(f"{label} "))
        return re.split(r"  +", line)[-4:]

    def expected(column: str, digits: int, factor: float = 1) -> list[str]:
        return [
            "–" if not row[column] else f"{factor * float(row[column]):.{digits}f}" for row in rows
        ]

    assert printed(whole, "entropy, bits") == expected("entropy_bits_chao-wang-jost", 3)
    assert printed(whole, "  ± 2 SE", "entropy, bits") == expected("sample_entropy_bits_se", 3, 2)
    assert printed(whole, "  plug-in") == expected("entropy_bits_plugin", 3)
    assert printed(whole, "conditional, bits") == expected("conditional_entropy_bits", 3)
    assert printed(whole, "coverage, %") == expected("coverage", 1, 100)
    assert printed(whole, "Yule K") == expected("yule_k", 3)
    assert printed(sample, "coverage, %") == expected("sample_coverage", 1, 100)
    assert printed(sample, "  ± 2 SE", "coverage, %") == expected("sample_coverage_se", 1, 200)
    assert printed(sample, "distinct per document, %") == expected(
        "sample_document_distinct_ratio", 1, 100
    )
