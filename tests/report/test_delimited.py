"""CSV: one row a candidate or an order, flat columns."""

import csv
import io
import json
from typing import Any

import numpy as np
import pytest

import collapse_stats as cs
from collapse_stats.metrics.figures import COMPARISON_FIGURES, CORPUS_FIGURES
from collapse_stats.report import render


def documents(seed: int, ids: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.integers(ids, size=30) for _ in range(80)]


@pytest.fixture(scope="module")
def profiles() -> list[cs.Profile]:
    return [
        cs.profile(documents(n, 90 - 20 * n), vocab_size=90, max_order=3, name=f"=p{n}")
        for n in range(3)
    ]


def rows_of(report: dict[str, Any]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(render(report, "csv"))))


def check_flat(rows: list[dict[str, str]]) -> None:
    """Every cell is a number, or text that is no JSON."""
    for row in rows:
        assert None not in row
        for column, cell in row.items():
            assert not cell.startswith(("[", "{")), column
            if cell and column not in ("reasons", "verdict", "decided_by"):
                assert cell[0].isdigit() or cell[0] in "-'" or cell in ("none", "builtin"), column
            if cell and cell[0].isdigit():
                assert isinstance(json.loads(cell), int | float)


def test_one_row_a_candidate(profiles: list[cs.Profile]) -> None:
    report = cs.compare_each(profiles[0], profiles[1:]).to_dict()
    rows = rows_of(report)
    check_flat(rows)
    assert [(row["baseline"], row["candidate"]) for row in rows] == [
        ("'=p0", "'=p1"),
        ("'=p0", "'=p2"),
    ]
    for row, figures in zip(rows, report["comparisons"], strict=True):
        assert row["verdict"] == figures["verdict"]
        assert row["documents"] == row["baseline_documents"] == "80"
        assert row["tokens"] == "2400"
        for order in "123":
            assert float(row[f"entropy_bits_{order}"]) > 0
            assert float(row[f"entropy_bits_{order}_se"]) > 0
            for figure in COMPARISON_FIGURES.values():
                key = f"{figure.key}_{order}"
                assert {key, f"{key}_se"} <= row.keys()
                assert (f"{key}_floor" in row) == (figure.has_floor or figure.name == "retained")
        for mass in figures["novel_mass"]:
            low, value, high = (
                float(row[f"odds_{mass['order']}{end}"]) for end in ("_low", "", "_high")
            )
            assert low < value < high


def test_one_row_an_order_of_a_corpus(profiles: list[cs.Profile]) -> None:
    report = profiles[0].to_dict()
    rows = rows_of(report)
    check_flat(rows)
    assert [row["order"] for row in rows] == ["1", "2", "3"]
    for row in rows:
        figures = report["corpora"][0]["orders"][row["order"]]
        for figure in CORPUS_FIGURES.values():
            if not figure.estimators:
                assert row[figure.key] == (
                    "" if figures[figure.key] is None else str(figures[figure.key])
                )
        for estimator, bits in figures["entropy_bits"].items():
            assert float(row[f"entropy_bits_{estimator}"]) == bits
        for key, interval in figures["intervals"].items():
            assert (row[f"sample_{key}"] == "") == (interval is None)
            if interval:
                assert float(row[f"sample_{key}"]) == interval["value"]
                assert float(row[f"sample_{key}_se"]) == interval["error"]
        assert float(row["sample_mtld"]) == report["corpora"][0]["sample"]["mtld"]


def test_sides_without_text_have_empty_fields() -> None:
    some = cs.profile(documents(1, 50), vocab_size=50, max_order=2, name="some")
    nothing = cs.NgramCounter(50, 2, halves=True).profile()
    (row,) = rows_of(cs.compare(some, nothing).to_dict())
    assert row["verdict"] == "cannot tell"
    for column in ("decided_by", "decided_by_value", "kl_bits_1", "kl_bits_1_se", "repeated_text"):
        assert row[column] == ""
