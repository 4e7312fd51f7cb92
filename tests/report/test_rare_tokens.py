"""The perplexity of rare tokens in a report, and in everything that is drawn from it."""

import csv
import io
import json
import re
from copy import deepcopy
from typing import Any

import jsonschema
import numpy as np
import pytest
from reports import VOCAB, documents, narrowing

import collapse_stats as cs
from collapse_stats.report import add_rare_perplexity, explanation, html, render, schema
from collapse_stats.report.formats import page_of
from collapse_stats.report.saved import checked_report
from collapse_stats.report.views.rare_tokens import CAUTION
from collapse_stats.simulation.human_text import human_documents

HEADLINES = ("5-8", "9-64")


def profile(name: str, docs: list[np.ndarray]) -> cs.Profile:
    return cs.profile(docs, vocab_size=VOCAB, max_order=4, name=name)


@pytest.fixture(scope="module")
def series() -> Any:
    """Another sample, one of fewer ids, one of hardly any, and one of too few documents."""
    candidates = [
        profile("same", documents(2, 1200)),
        profile("narrow", [*documents(3, 20)[:120], *documents(6, 1200)[:30]]),
        profile("gone", documents(4, 4)),
        profile("few", documents(5, 1200, number=20)),
    ]
    return cs.compare_each(profile("human", documents(1, 1200)), candidates)


@pytest.fixture(scope="module")
def report(series: Any) -> dict[str, Any]:
    found: dict[str, Any] = series.to_dict()
    add_rare_perplexity(found, series, 2)
    return found


def band(comparison: dict[str, Any], name: str) -> dict[str, Any]:
    bands: list[dict[str, Any]] = comparison["rare_perplexity"]["bands"]
    return next(each for each in bands if each["band"] == name)


def test_the_report_has_the_figures_of_each_comparison(series: Any, report: Any) -> None:
    for comparison, figures in zip(series, report["comparisons"], strict=True):
        assert figures["rare_perplexity"] == comparison.rare_perplexity(2).to_dict()
        assert figures["rare_perplexity"]["order"] == 2
        assert figures["rare_perplexity"]["smoothing"] == "modified-kneser-ney"
    assert band(report["comparisons"][1], "9-64")["excess_bits"]["value"] > 0.3


def test_it_is_no_part_of_the_verdict(series: Any, report: Any) -> None:
    without = series.to_dict()
    for figures in report["comparisons"]:
        assert any(
            {k: v for k, v in figures.items() if k != "rare_perplexity"} == other
            for other in without["comparisons"]
        )
    assert report["series"] == without["series"]


def test_the_schema_takes_it_and_refuses_what_is_wrong(report: Any) -> None:
    jsonschema.validate(json.loads(json.dumps(report)), schema())
    assert checked_report(report, "x") is report
    for key, value in (("order", 0), ("smoothing", "none"), ("bands", [{}]), ("made_up", 1)):
        broken = deepcopy(report)
        broken["comparisons"][0]["rare_perplexity"][key] = value
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(broken, schema())
        with pytest.raises(cs.InputError, match="was changed or cut"):
            checked_report(broken, "x")


def test_comparisons_with_another_baseline_are_left_alone(series: Any) -> None:
    first, second, *_ = (each.candidate for each in series)
    comparisons = [*series[:2], cs.compare(first, second)]
    report = cs.report.make_report([series[0].baseline, first, second], comparisons, backend="x")
    add_rare_perplexity(report, comparisons)
    assert ["rare_perplexity" in each for each in report["comparisons"]] == [True, True, False]
    assert "against same" in render(report, "table", 100, verbose=True)


def test_documents_that_are_too_short_for_the_order_are_said() -> None:
    short = [np.array([i % 7]) for i in range(200)]
    series = cs.compare_each(profile("human", documents(1, 1200)), [profile("short", short)])
    report = series.to_dict()
    add_rare_perplexity(report, series, 4)
    found = report["comparisons"][0]["rare_perplexity"]
    assert found["bands"] == []
    assert "a model of order 4 needs a document of 2 tokens" in found["warnings"][0]
    assert "a model of order 4 needs" in " ".join(render(report, "table").split())
    with pytest.raises(ValueError, match="order must be between 1 and 4"):
        add_rare_perplexity(report, series, 5)


def test_the_csv_has_every_band(report: Any) -> None:
    rows = list(csv.DictReader(io.StringIO(render(report, "csv"))))
    names = {"never": "never", "1": "1", "2": "2", "3-4": "3_4", "5-8": "5_8", "9-64": "9_64",
             "65+": "65_up", "all": "all", "end": "end"}  # fmt: skip
    for row, figures in zip(rows[:3], report["comparisons"], strict=False):
        for name, column in names.items():
            found = band(figures, name)
            excess = found["excess_bits"] or {"value": None, "error": None}
            for key, value in (
                (f"rare_bits_{column}", excess["value"]),
                (f"rare_bits_{column}_se", excess["error"]),
                (f"rare_perplexity_{column}", found["perplexity"]),
                (f"rare_perplexity_{column}_floor", found["floor"]),
            ):
                assert row[key] == ("" if value is None else str(value))
    assert rows[3]["rare_bits_9_64"] == ""


def cells(text: str) -> dict[str, list[str]]:
    """Rows of a table by their first cell."""
    rows = (re.split(r"  +", line.strip()) for line in text.splitlines())
    return {row[0]: row for row in rows if len(row) > 6}


def test_the_table_of_generations_has_the_headline_bands(report: Any) -> None:
    text = render(report, "table", 200)
    rows = cells(text)
    for figures in report["comparisons"]:
        shown = []
        for name in HEADLINES:
            bands = figures["rare_perplexity"]["bands"]
            excess = next((b["excess_bits"] for b in bands if b["band"] == name), None)
            shown.append(f"{excess['value']:.1f} ±{2 * excess['error']:.1f}" if excess else "–")
        assert rows[figures["candidate"]][-5:-3] == shown
    assert rows["human"][-5:-3] == ["(0)", "(0)"]
    said = " ".join(text.split())
    assert CAUTION in said
    assert "One excess says nothing about collapse" in said
    assert "gone: no figure of rare 9-64x: the candidate's model has never seen more than" in said
    assert "few: the perplexity of rare tokens needs a sample of 64 documents" in said


@pytest.mark.parametrize("width", [80, 100, 120])
def test_no_line_is_wider_than_the_terminal(report: Any, width: int) -> None:
    for shown in (report, {**report, "comparisons": report["comparisons"][1:2]}):
        for verbose in (False, True):
            lines = render(shown, "table", width, verbose=verbose).splitlines()
            assert max(map(len, lines)) <= width
            assert any("rare 9-64x" in line for line in lines)


def test_every_format_has_the_columns(report: Any) -> None:
    for text in (
        render(report, "markdown"),
        render(report, "latex"),
        html.write(page_of(report)),
    ):
        assert "rare 5-8x" in text
        assert "rare 9-64x" in text
    assert "rare" not in render(narrowing(["a", "b"]), "latex").replace("rare tokens", "")


def test_verbose_has_all_bands_of_every_candidate(report: Any) -> None:
    text = render(report, "table", 150, verbose=True)
    part = text.partition("rare tokens, bits per token above the floor")[2]
    rows = cells(part.partition("By how often")[0])
    found = report["comparisons"][1]
    for name in ("1", "2", "3-4", "5-8", "9-64", "65+", "all"):
        excess = band(found, name)["excess_bits"]
        if excess is not None:
            assert f"{excess['value']:.1f} ±{2 * excess['error']:.1f}" in rows["narrow"]
    assert "runs the wrong way" in " ".join(part.split())


def test_a_single_candidate_has_a_row_for_every_band(report: Any) -> None:
    single = {**report, "comparisons": report["comparisons"][2:3]}
    text = render(single, "table", 120)
    rows = cells(text.partition("gone: rare tokens under models of order 2")[2])
    for found in report["comparisons"][2]["rare_perplexity"]["bands"]:
        if found["tokens"]:
            assert rows[found["band"]][1] == f"{found['tokens']:,}"
            assert rows[found["band"]][-1] == f"{100 * found['unknown']:.1f}"
    assert "no excess, since the candidate's model has never seen" in " ".join(text.split())
    assert "No bits per byte: the tokenizer of the token ids was not named." in text


def test_bits_per_byte_stand_beside_bits_per_token() -> None:
    texts = [text[:400] for text in human_documents() if text]
    diff = cs.compare(texts[::2], texts[1::2], max_order=3)
    report = diff.to_dict()
    add_rare_perplexity(report, [diff])
    whole = band(report["comparisons"][0], "all")
    assert whole["bytes"] == sum(len(text.encode()) for text in texts[::2])
    row = cells(render(report, "table", 120).partition("under models of order 3")[2])["all"]
    assert f"{whole['bits_per_byte']:.2f}" in row
    assert f"{whole['floor_bits_per_byte']:.2f}" in row
    (flat,) = csv.DictReader(io.StringIO(render(report, "csv")))
    assert flat["bits_per_byte"] == str(whole["bits_per_byte"])
    assert flat["bits_per_byte_floor"] == str(whole["floor_bits_per_byte"])


def test_every_heading_is_explained(report: Any) -> None:
    single = {**report, "comparisons": report["comparisons"][1:2]}
    headings = {
        column.heading[0]
        for shown in (report, single)
        for grid in page_of(shown).grids
        for column in grid.columns
        if column.heading[0] and not column.heading[0].startswith("compared with")
    }
    assert {"rare 5-8x", "rare 9-64x", "band", "bits/byte", "unknown"} <= headings
    for heading in headings - {"order"}:
        assert explanation.explain(heading)
    for name in ("rare_bits_9_64", "rare_bits_5_8_se", "bits_per_byte", "rare_perplexity"):
        assert len("\n".join(explanation.explain(name))) > 40
