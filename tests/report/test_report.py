"""Reports: the object against counts made by hand, and the formats against the object."""

import json
import math
from collections import Counter
from dataclasses import replace

import jsonschema
import numpy as np
import pytest
import skbio.diversity.alpha

import collapse_stats as cs
from collapse_stats.cli.threshold import parse_thresholds
from collapse_stats.corpus.split import group_of, half_of, ordinal_hash
from collapse_stats.metrics.figures import (
    COMPARISON_FIGURES,
    CORPUS_FIGURES,
    CORPUS_FIGURES_WITH_ERRORS,
    FLOORED_FIGURES,
)
from collapse_stats.report import make_report, markdown, schema, table
from collapse_stats.report.grid import Cell, Column, Grid, Page
from collapse_stats.report.json_schema import SCHEMA_FILE, schema_text
from collapse_stats.report.numbers import column, count, fixed, percent
from collapse_stats.report.shown import Shown
from collapse_stats.report.views.comparison import comparison_page
from collapse_stats.report.views.corpus import corpus_page
from collapse_stats.report.views.generations import marked
from collapse_stats.report.views.warnings import warnings_of

VOCAB = 50


def documents(seed: int, number: int = 120, ids: int = 40) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    share = 1 / np.arange(1, ids + 1)
    return [
        rng.choice(ids, size=int(length), p=share / share.sum())
        for length in rng.integers(1, 30, number)
    ]


def profile(docs: object, name: str, **options: object) -> cs.Profile:
    return cs.profile(docs, vocab_size=VOCAB, max_order=3, backend="numpy", name=name, **options)  # type: ignore[arg-type]


def ngrams(docs: list[np.ndarray], n: int) -> Counter[tuple[int, ...]]:
    return Counter(tuple(doc[i : i + n].tolist()) for doc in docs for i in range(len(doc) - n + 1))


@pytest.fixture(scope="module")
def compared() -> dict:
    base = profile(documents(1), "base")
    comparisons = [
        cs.compare(base, profile(documents(seed, ids=ids), name))
        for seed, ids, name in ((2, 40, "same"), (3, 8, "narrow"))
    ]
    profiles = [base, *(one.candidate for one in comparisons)]
    return make_report(profiles, comparisons, backend="numpy")


def all_numbers(value: object) -> list[float]:
    if isinstance(value, dict):
        return [x for inner in value.values() for x in all_numbers(inner)]
    if isinstance(value, list):
        return [x for inner in value for x in all_numbers(inner)]
    return [value] if isinstance(value, float) else []


@pytest.mark.parametrize("order", [1, 2, 3])
def test_corpus_figures_are_those_of_a_counter(compared: dict, order: int) -> None:
    counts = ngrams(documents(1), order)
    n = counts.total()
    figures = compared["corpora"][0]["orders"][str(order)]
    assert figures["windows"] == n
    assert figures["distinct"] == len(counts)
    assert figures["hapax"] == sum(c == 1 for c in counts.values())
    assert figures["dis"] == sum(c == 2 for c in counts.values())
    assert figures["distinct_ratio"] == pytest.approx(len(counts) / n, rel=1e-12)
    plugin = -math.fsum(c / n * math.log2(c / n) for c in counts.values())
    assert figures["entropy_bits"]["plugin"] == pytest.approx(plugin, rel=1e-12)
    repeats = math.fsum(c * (c - 1) for c in counts.values()) / (n * (n - 1))
    assert figures["hill_2"] == pytest.approx(1 / repeats, rel=1e-12)
    assert figures["yule_k"] == pytest.approx(1e4 * repeats * (n - 1) / n, rel=1e-12)
    assert figures["heaps_exponent"] == figures["hapax"] / len(counts)
    assert figures["sichel_s"] == figures["dis"] / len(counts)
    assert figures["ace"] == pytest.approx(skbio.diversity.alpha.ace([*counts.values()]), rel=1e-12)
    assert {*figures["entropy_bits"]} == {
        "chao-wang-jost", "plugin", "miller-madow", "grassberger", "chao-shen", "jackknife"
    }  # fmt: skip


def test_the_schema_in_the_package_is_the_one_that_the_registry_gives() -> None:
    assert SCHEMA_FILE.read_text("utf-8") == schema_text(), "run python tools/report_schema.py"


def test_schema_is_a_schema_and_the_report_follows_it(compared: dict) -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.validate(json.loads(json.dumps(compared)), schema())


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("comparisons", 0, "orders", "1", "kl_bits"), -0.1),
        (("comparisons", 0, "orders", "1", "novelty"), 1.1),
        (("comparisons", 0, "orders", "1", "made_up"), 1.0),
        (("comparisons", 0, "orders", "1", "floor", "made_up"), 1.0),
        (("comparisons", 0, "verdict"), "fine"),
        (("comparisons", 0, "reasons"), []),
        (("comparisons", 0, "compared", "groups"), -1),
        (("comparisons", 0, "novel_mass", 0, "tail"), None),
        (("corpora", 0, "orders", "1", "windows"), None),
        (("corpora", 0, "orders", "x"), {}),
        (("schema",), "collapse-stats.report/2"),
    ],
)
def test_schema_refuses(compared: dict, path: tuple, value: object) -> None:
    broken = json.loads(json.dumps(compared))
    place = broken
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(broken, schema())


def test_the_schema_describes_every_registered_figure() -> None:
    definitions = schema()["$defs"]
    for figures, name in (
        (CORPUS_FIGURES, "order_figures"),
        (FLOORED_FIGURES, "divergences"),
    ):
        for figure in figures.values():
            described = definitions[name]["properties"][figure.key]
            assert described["description"] == figure.description
            assert figure.key in definitions[name]["required"]


def test_a_report_gives_every_registered_figure_and_every_limit_takes_it(compared: dict) -> None:
    comparison, corpus = compared["comparisons"][0], compared["corpora"][0]
    for n in "123":
        own, against = corpus["orders"][n], comparison["orders"][n]
        assert [key for key in own if key != "intervals"] == [
            figure.key for figure in CORPUS_FIGURES.values()
        ]
        assert [*own["intervals"]] == [f.key for f in CORPUS_FIGURES_WITH_ERRORS.values()]
        assert [*against["floor"]] == [f.key for f in FLOORED_FIGURES.values()]
        assert [*against["intervals"]] == [f.key for f in COMPARISON_FIGURES.values()]
    for name in (*COMPARISON_FIGURES, *CORPUS_FIGURES):
        (limit,) = parse_thresholds(None, None, [f"{name}_1 > 0"])  # type: ignore[arg-type]
        assert limit.key == (COMPARISON_FIGURES.get(name) or CORPUS_FIGURES[name]).key


def test_schema_asks_for_every_figure(compared: dict) -> None:
    for figure in list(compared["comparisons"][0]["orders"]["1"]):
        broken = json.loads(json.dumps(compared))
        del broken["comparisons"][0]["orders"]["1"][figure]
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(broken, schema())


def test_floor_is_the_figure_of_the_baselines_halves(compared: dict) -> None:
    docs = documents(1)
    half = half_of(group_of(ordinal_hash(np.arange(len(docs)))))
    a, b = (ngrams([d for d, h in zip(docs, half, strict=True) if h == x], 1) for x in (0, 1))
    variation = sum(abs(a[t] / a.total() - b[t] / b.total()) for t in a | b) / 2
    floor = compared["comparisons"][0]["orders"]["1"]["floor"]["total_variation"]
    assert floor == pytest.approx(variation, rel=1e-12)


@pytest.mark.parametrize(
    ("docs", "order", "figure", "reason"),
    [
        ([np.array([1, 1])], "3", "distinct_ratio", "no document is that long"),
        ([np.array([1, 2, 3, 4])], "2", "hill_2", "seen twice"),
        ([np.array([1, 2, 3, 4])], "2", "honore_r", "seen twice"),
        ([np.array([1, 2, 3, 4])], "2", "ace", "seen just once"),
        ([np.array([1, 2, 3, 4])], "2", "conditional_entropy_bits", "every n-gram is new"),
        ([np.array([1])], "2", "coverage", "no document is that long"),
    ],
)
def test_what_is_not_given_is_null_with_a_reason(
    docs: list, order: str, figure: str, reason: str
) -> None:
    report = make_report([profile(docs, "tiny")], backend="numpy")
    jsonschema.validate(json.loads(json.dumps(report)), schema())
    (corpus,) = report["corpora"]
    assert corpus["orders"][order][figure] is None
    (said,) = [w for w in corpus["warnings"] if reason in w]
    assert order in said.rpartition("at order")[2].lstrip("s ").split(", ")


@pytest.mark.parametrize("side", ["baseline", "candidate", "both"])
def test_an_empty_side_gives_nulls_with_a_reason_and_a_table(side: str) -> None:
    a, b = profile(documents(1), "a"), profile(documents(2), "b")
    nothing = cs.NgramCounter(a.vocab_size, a.max_order, halves=True).profile()
    profiles = [
        replace(nothing, name="a") if side in ("baseline", "both") else a,
        replace(nothing, name="b") if side in ("candidate", "both") else b,
    ]
    report = make_report(profiles, [cs.compare(*profiles)], backend="numpy")
    jsonschema.validate(json.loads(json.dumps(report)), schema())
    (comparison,) = report["comparisons"]
    assert comparison["orders"]["1"]["kl_bits"] is None
    assert any("no tokens" in warning for warning in comparison["warnings"])
    assert "nan" not in table.draw(comparison_page(report)).lower()


def test_no_tables_means_null_divergences_with_a_reason() -> None:
    profiles = [profile(documents(n), f"p{n}", table=False, sample_tokens=0) for n in (1, 2)]
    report = make_report(profiles, [cs.compare(*profiles)], backend="numpy")
    jsonschema.validate(json.loads(json.dumps(report)), schema())
    (comparison,) = report["comparisons"]
    assert comparison["orders"]["1"]["kl_bits"] is None
    assert comparison["orders"]["1"]["size_matched_distinct_ratio"] is not None
    assert comparison["retention"] == []
    assert any("table" in warning for warning in comparison["warnings"])


def test_samples_stand_in_for_tables_and_that_is_said() -> None:
    profiles = [profile(documents(n), f"p{n}", table=False) for n in (1, 2)]
    report = make_report(profiles, [cs.compare(*profiles)], backend="numpy")
    jsonschema.validate(json.loads(json.dumps(report)), schema())
    (comparison,) = report["comparisons"]
    assert comparison["measured"]["text"] == "samples"
    size = comparison["measured"]["tokens"]
    found = comparison["orders"]["2"]["intervals"]["js_bits"]
    assert found["value"] == pytest.approx(comparison["orders"]["2"]["js_bits"], rel=1e-12)
    assert found["tokens"] == min(size.values())
    page = table.draw(comparison_page(report, verbose=True), width=80)
    assert f"tokens per side: p2 {min(size.values()):,}" in " ".join(page.split())
    assert f"{found['value']:.3f} ±{2 * found['error']:.3f}" in page


def test_no_figure_within_its_error_is_marked(compared: dict) -> None:
    assert marked(Shown(1.0, 0.5)) == "↑"
    assert marked(Shown(1.0, 0.5, 0.1, 0.24)) == "↑"
    assert marked(Shown(1.0, 0.5, 0.1, 0.26)) == ""


def test_show_has_the_figures_of_the_sample() -> None:
    docs = [*documents(1), *documents(1)[:40]]
    report = make_report([profile(docs, "twice", table=False)], backend="numpy")
    jsonschema.validate(json.loads(json.dumps(report)), schema())
    sample = report["corpora"][0]["sample"]
    kinds = len({tuple(document.tolist()) for document in docs})
    assert sample["duplicate_documents"] == pytest.approx(1 - kinds / len(docs))
    ratios = [len(set(document.tolist())) / len(document) for document in docs]
    assert sample["document_distinct_ratio"]["1"] == pytest.approx(np.mean(ratios))
    assert any("exact duplicates" in warning for warning in report["corpora"][0]["warnings"])
    page = table.draw(corpus_page(report), width=80)
    assert f"sample: {sample['tokens']:,} tokens, {len(docs)} whole documents" in page
    assert f"MTLD {sample['mtld']:.1f}" in page
    error = report["corpora"][0]["orders"]["1"]["intervals"]["entropy_bits"]["error"]
    assert f"{2 * error:.3f}" in page


def test_examples_are_drawn() -> None:
    profiles = [profile(documents(n, ids=ids), f"p{n}") for n, ids in ((1, 40), (2, 8))]
    diff = cs.compare(*profiles)
    report = make_report(profiles, [diff], backend="numpy")
    (lost, seen), *_ = diff.lost(1, 1)
    (inflated, now, before), *_ = diff.inflated(1, 1)
    report["comparisons"][0] |= {
        "lost": [{"order": 1, "ngram": list(lost), "count": seen}],
        "inflated": [{"order": 1, "ngram": list(inflated), "count": now, "baseline_count": before}],
    }
    jsonschema.validate(json.loads(json.dumps(report)), schema())
    page = table.draw(comparison_page(report), width=80)
    assert "most frequent n-grams that p2 lost" in page
    assert "n-grams over-represented in p2" in page
    assert f"{now:,}  {inflated[0]}" in page


def test_no_figure_is_nan_or_infinite(compared: dict) -> None:
    assert all(map(math.isfinite, all_numbers(compared)))
    json.dumps(compared, allow_nan=False)


@pytest.mark.parametrize("width", [80, 100])
def test_tables_fit_and_hold_no_control_codes(compared: dict, width: int) -> None:
    for page in (comparison_page(compared), corpus_page(compared)):
        text = table.draw(page, width=width)
        assert all(len(line) <= width for line in text.splitlines())
        assert all(c.isprintable() or c == "\n" for c in text)


def test_a_narrow_terminal_cuts_no_number(compared: dict) -> None:
    text = table.draw(comparison_page(compared), width=30)
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= 30
    figures = compared["comparisons"][1]["orders"]["1"]
    error = 2 * figures["intervals"]["kl_bits"]["error"]
    assert f"{figures['kl_bits']:.2f} ±{error:.2f} ↑" in text


def test_the_verdicts_are_shown_with_their_reasons(compared: dict) -> None:
    text = table.draw(comparison_page(compared))
    for comparison in compared["comparisons"][:2]:
        name, verdict = comparison["candidate"], comparison["verdict"]
        row = next(line for line in text.splitlines() if line.startswith(f"{name} "))
        assert verdict in row
        decided = comparison["decided_by"]
        assert f"x{decided['value']:.2f} ±{(decided['high'] - decided['low']) / 2:.2f}" in row
        if verdict != "within floor":
            why = next(line for line in text.splitlines() if f": {verdict}, " in line)
            assert name in why.split(":")[0].split(", ")
            assert comparison["reasons"][0][:20] in why


def test_the_measurements_behind_the_verdicts_are_shown_on_request(compared: dict) -> None:
    page = table.draw(comparison_page(compared, verbose=True))
    text = page.partition("verdicts against base")[2]
    for comparison in compared["comparisons"][:2]:
        name, verdict = comparison["candidate"], comparison["verdict"]
        row = next(line for line in text.splitlines() if line.startswith(f"{name} "))
        assert row.endswith(verdict)
        mass = next(one for one in comparison["novel_mass"] if one["order"] == 2)
        assert f"{100 * mass['own']:.1f} ({100 * mass['floor']:.1f})" in row
        assert f"x{math.exp(mass['tail']):.2f} ±" in row


def test_colour_is_added_and_changes_no_character(compared: dict) -> None:
    import re

    page = comparison_page(compared)
    colored = table.draw(page, color=True)
    assert "\x1b[" in colored
    plain = re.sub(r"\x1b\[[0-9;]*m", "", colored)
    assert [line.rstrip() for line in plain.splitlines()] == table.draw(page).splitlines()


def test_rows_show_the_figures_and_mark_what_is_off_the_floor(compared: dict) -> None:
    text = table.draw(comparison_page(compared)).partition("entropy")[2]
    narrow = next(line for line in text.splitlines() if line.startswith("narrow"))
    figures = compared["comparisons"][1]["orders"]
    kl = 2 * figures["1"]["intervals"]["kl_bits"]["error"]
    novelty = 200 * figures["2"]["intervals"]["novelty"]["error"]
    assert f"{figures['1']['kl_bits']:.2f} ±{kl:.2f} ↑" in narrow
    assert f"{100 * figures['2']['novelty']:.1f} ±{novelty:.1f}" in narrow
    base = next(line for line in text.splitlines() if line.startswith("base "))
    assert f"({figures['1']['floor']['kl_bits']:.2f})" in base


def test_digits_line_up_with_and_without_marks() -> None:
    cells = [Cell("(0.104)", "dim"), Cell("0.131", "worse", "↑"), Cell("12.000")]
    text = table.draw(Page([Grid([Column(("KL", "bits"))], [[cell] for cell in cells])]))
    ends = {max(i for i, c in enumerate(line) if c.isdigit()) for line in text.splitlines()[3:]}
    assert len(ends) == 1


@pytest.mark.parametrize(
    ("value", "floor", "mark"),
    [
        (1.0, 1.0, ""),
        (1.09, 1.0, ""),
        (1.11, 1.0, "↑"),
        (0.91, 1.0, ""),
        (0.89, 1.0, "↓"),
        (0.0, 0.0, ""),
        (0.1, 0.0, "↑"),
        (None, 1.0, ""),
        (1.0, None, ""),
    ],
)
def test_marks(value: float | None, floor: float | None, mark: str) -> None:
    assert marked(Shown(value, floor)) == mark


def test_warnings_that_differ_in_numbers_only_are_said_once() -> None:
    corpora = [{"name": name, "warnings": []} for name in ("h", "g1", "g2", "g3")]
    comparisons = [
        {"baseline": "h", "candidate": f"g{n}", "warnings": [f"sizes differ {n}.5-fold", "alike"]}
        for n in (1, 2, 3)
    ]
    found = warnings_of({"corpora": corpora, "comparisons": comparisons})
    assert found == ["g1: sizes differ 1.5-fold (likewise g2, g3)", "g1, g2, g3: alike"]


@pytest.mark.parametrize(
    ("warning", "is_news"),
    [
        ("coverage is below 0.5 at orders 3, 4, 5: the text covers", False),
        ("gen_1: coverage is below 0.5 at order 5: the text covers", False),
        ("coverage is below 0.5 at orders 2, 3: the text covers", True),
        ("saturation is above 0.95 at orders 10, 12: on one side", False),
        ("saturation is above 0.95 at order 1: on one side", True),
        ("JS is within two standard errors of its floor at order 1: no", False),
        ("with only 9 documents, halves consist of blocks", True),
    ],
)
def test_what_holds_of_most_corpora_is_no_news(warning: str, is_news: bool) -> None:
    report = {"corpora": [{"name": "a", "warnings": [warning]}], "comparisons": []}
    assert warnings_of(report) == [f"a: {warning}"]
    assert bool(warnings_of(report, news=True)) == is_news


def test_copies_that_the_verdict_names_are_no_news() -> None:
    docs = documents(1)
    twice = profile([*docs, *docs[:90]], "copied")
    report = make_report(
        [profile(docs, "base"), twice], [cs.compare(profile(docs, "base"), twice)], backend="numpy"
    )
    (comparison,) = report["comparisons"]
    assert any("exact copies" in reason for reason in comparison["reasons"])
    assert any("exact duplicates" in warning for warning in warnings_of(report))
    assert not any("exact duplicates" in warning for warning in warnings_of(report, news=True))


def test_names_cannot_steer_the_terminal_or_break_markdown(compared: dict) -> None:
    evil = json.loads(json.dumps(compared).replace('"narrow"', '"a\\u001b[31m|\\nb"'))
    page = comparison_page(evil)
    assert all(c.isprintable() or c == "\n" for c in table.draw(page))
    for grid in page.grids:
        drawn = markdown.write(Page([grid])).splitlines()
        rows = [line.replace("\\|", "") for line in drawn if line[:1] == "|"]
        assert any("31m" in row for row in rows)
        assert {row.count("|") for row in rows} == {len(grid.columns) + 1}


def test_markdown_tables_are_rectangular(compared: dict) -> None:
    text = markdown.write(comparison_page(compared))
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {row.count("|") for row in rows[:4]} == {5}
    assert {row.count("|") for row in rows[4:]} == {10}
    assert "| ---: |" in text
    assert "\x1b" not in text


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (1234567, "1,234,567"),
        (9_999_999, "9,999,999"),
        (12_345_678, "12.35 M"),
        (999_999_999, "1000 M"),
        (1_234_567_890, "1.235 G"),
        (10**12, "1 T"),
        (None, "–"),
    ],
)
def test_counts(value: float | None, shown: str) -> None:
    assert count(value) == shown


def test_one_document_is_no_documents() -> None:
    report = make_report([profile([np.array([1, 2])], "alone")], backend="numpy")
    page = table.draw(corpus_page(report))
    assert "alone: 2 tokens, 1 document, token ids" in page
    assert "with only 1 document, halves consist of blocks" in page
    assert "1 documents" not in page


def test_columns_share_one_unit() -> None:
    assert column([1200, 8]) == ("", ["1,200", "8"])
    assert column([200_024, 5]) == ("M", ["0.200", "0.000"])
    assert column([1_200_000, None]) == ("M", ["1.20", "–"])
    assert column([2.5e9, 5e9]) == ("M", ["2500.0", "5000.0"])
    assert column([2.5e10, 5e9]) == ("G", ["25.00", "5.00"])
    assert (fixed(None), percent(0.4321), fixed(0.1)) == ("–", "43.2", "0.100")


def test_an_interval_without_a_floor_is_drawn(compared: dict) -> None:
    broken = json.loads(json.dumps(compared))
    del broken["comparisons"][1]
    for figures in broken["comparisons"][0]["orders"].values():
        for interval in filter(None, figures["intervals"].values()):
            interval |= {"excess": None, "excess_error": None}
    jsonschema.validate(broken, schema())
    assert "by order" in table.draw(comparison_page(broken), width=80)
