"""Charts show the numbers of the report, whatever its names and n-grams are."""

import math
import re
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from reports import given_ngrams, narrowing, of_nothing, of_one, profile

import collapse_stats as cs
from collapse_stats.charts import sheet
from collapse_stats.charts.axes import short_count, spread
from collapse_stats.charts.candidates import is_series, lines, onsets
from collapse_stats.charts.canvas import new_figure, style
from collapse_stats.charts.catalogue import CHARTS, drawable
from collapse_stats.charts.names import line_names, numbered, tick_names
from collapse_stats.charts.palette import DARK, LIGHT, STEPS
from collapse_stats.charts.svg import chart_svg

HOSTILE = [
    "</svg><script>alert(1)</script>",
    "$\\frac{$",
    'style="#1f2328"',
    "url(#x) & <b>",
    "宋詞 का ☃",
    "\u202egnp.exe\x1b[31m",
    "",
    "-->",
]


@pytest.fixture(scope="module")
def sixteen() -> dict[str, Any]:
    return narrowing([f"gen{i:02}" for i in range(16)], rare=True)


@pytest.fixture(scope="module")
def single() -> dict[str, Any]:
    return narrowing(["narrow"])


def drawn(kind: str, report: dict[str, Any]) -> Any:
    """The figure of one chart."""
    with style():
        figure = new_figure()
        CHARTS[kind].draw(figure, report)
    return figure


class Parsed(HTMLParser):
    """Tags, ids, references and texts of a piece of HTML."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.used: list[str] = []
        self.texts: list[str] = []
        self.labels: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        for key, value in attrs:
            if key == "id":
                self.ids.append(value)
            if key == "aria-label":
                self.labels.append(value)
            if key in ("href", "clip-path"):
                self.used += re.findall(r"#([\w.-]+)", value)

    handle_startendtag = handle_starttag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append(data)


def test_every_kind_is_drawn_of_some_report(sixteen: Any, single: Any) -> None:
    kinds = {chart.kind for report in (sixteen, single, of_one()) for chart in drawable(report)}
    assert kinds == {*CHARTS}
    assert [c.kind for c in drawable(sixteen)] == [kind for kind in CHARTS if kind != "entropy"]
    assert [c.kind for c in drawable(of_one())] == ["growth", "ranks", "entropy"]


@pytest.mark.parametrize("kind", list(CHARTS))
def test_an_svg_needs_nothing_and_names_nothing_twice(kind: str, sixteen: Any) -> None:
    report = of_one() if kind == "entropy" else sixteen
    text = chart_svg(CHARTS[kind], report)
    page = Parsed(text)
    assert not {"script", "style", "metadata", "image", "a", "foreignobject"} & {*page.tags}
    assert "http" not in text
    assert "src=" not in text
    assert len(page.ids) == len({*page.ids})
    assert {*page.used} == {*page.ids}
    assert page.labels == [CHARTS[kind].caption(report)]
    assert not re.findall(r"(?:fill|stroke): #", text)  # every colour is one of the page's
    roles = {*re.findall(r"var\(--([\w-]+)\)", text)}
    assert {"ink", "muted"} <= roles <= {*LIGHT}
    assert len(text) < 40_000


@pytest.mark.parametrize("kind", list(CHARTS))
def test_an_svg_is_the_same_every_time(kind: str, single: Any) -> None:
    report = single if CHARTS[kind].why_not(single) is None else None
    report = report or (of_one() if kind == "entropy" else narrowing(["a1", "a2"], rare=True))
    assert chart_svg(CHARTS[kind], report) == chart_svg(CHARTS[kind], report)


def test_hostile_names_and_ngrams_are_text() -> None:
    report = narrowing([f"{name}|{i}" for i, name in enumerate(HOSTILE[:4])])
    for figures in report["comparisons"]:
        figures |= given_ngrams(HOSTILE)
    texts = []
    for chart in drawable(report):
        page = Parsed(chart_svg(chart, report))
        assert not {"script", "b"} & {*page.tags}
        texts += page.texts
    shown = "\n".join(texts)
    for token in (
        "rt(1)</script>”",
        "“$\\frac{$”",
        "“url(#x) & <b>”",
        "“宋詞 का ☃”",
        "“-->”",
    ):
        assert token in shown, token
    assert "\u202e" not in shown
    assert "\x1b" not in shown
    assert "#1f2328" in shown  # a text that looks like a colour stays


def test_bytes_of_a_character_are_named_or_another_order_is_shown() -> None:
    report = narrowing(["a"])
    (figures,) = report["comparisons"]
    figures |= given_ngrams(["\\xe0\\xa4", "\\xe0\\xa4\\xb5x", "whole", "word"])
    texts = Parsed(chart_svg(CHARTS["ngrams"], report)).texts
    assert "“‹E0 A4›”" in texts
    assert "“‹E0 A4 B5›x”" in texts
    assert "part of a character" in CHARTS["ngrams"].caption(report)
    more = given_ngrams(["three whole words"], order=3)
    report["comparisons"] = [
        {**figures, **{key: figures[key] + more[key] for key in ("lost", "inflated")}}
    ]
    assert "“three whole words”" in Parsed(chart_svg(CHARTS["ngrams"], report)).texts


def test_ids_without_a_tokenizer_are_drawn_as_numbers() -> None:
    report = narrowing(["a"])
    report["comparisons"][0] |= given_ngrams([[5, 1024]])
    assert "5 1024" in Parsed(chart_svg(CHARTS["ngrams"], report)).texts


def test_retention_has_the_shares_of_the_report(sixteen: Any) -> None:
    (axes,) = drawn("retention", sixteen).axes
    shown = {tuple(line.get_ydata()) for line in axes.lines}
    for line in lines(sixteen):
        rows = [row for row in line.comparison["retention"] if row["order"] == 1]
        assert tuple(row["retained"] for row in reversed(rows)) in shown
    assert [label.get_text() for label in axes.get_xticklabels()][-1] == "1"


def test_series_has_the_figures_of_the_tables(sixteen: Any) -> None:
    ratios, entropies, divergences = drawn("series", sixteen).axes
    against = sixteen["comparisons"][:16]
    longest = {len(line.get_ydata()): list(line.get_ydata()) for line in ratios.lines}
    assert longest[16] == [c["orders"]["4"]["size_matched_distinct_ratio"] for c in against]
    shown = [list(line.get_ydata()) for line in entropies.lines]
    bits = [c["orders"]["2"]["entropy_bits"]["chao-wang-jost"] for c in sixteen["corpora"][1:]]
    assert bits in shown
    assert [c["orders"]["2"]["js_bits"] for c in against] in [
        list(line.get_ydata()) for line in divergences.lines
    ]


def test_rare_tokens_have_the_bits_of_the_report() -> None:
    report = narrowing(["gen0", "gen1", "gen2", "gen3"], rare=True)
    for band in report["comparisons"][2]["rare_perplexity"]["bands"]:
        band["excess_bits"] = None
    (axes,) = drawn("rare", report).axes
    shown = [(list(line.get_xdata()), list(line.get_ydata())) for line in axes.lines]
    segments = [tuple(part[:, 1]) for lines_ in axes.collections for part in lines_.get_segments()]
    for name in ("5-8", "9-64"):
        places, values = [], []
        for place, comparison in enumerate(report["comparisons"]):
            bands = comparison["rare_perplexity"]["bands"]
            excess = next(band["excess_bits"] for band in bands if band["band"] == name)
            if excess is None:
                continue
            places.append(place)
            values.append(excess["value"])
            ends = tuple(excess["value"] + side * 2 * excess["error"] for side in (-1, 1))
            assert any(segment == pytest.approx(ends) for segment in segments)
        assert places == [0, 1, 3]
        assert (places, values) in shown


def test_rare_tokens_are_drawn_where_they_are_asked_for(sixteen: Any) -> None:
    chart = CHARTS["rare"]
    assert chart.why_not(narrowing(["a1", "a2"])) == "the report was made without --perplexity"
    assert chart.why_not(narrowing(["a1"], rare=True)) == "there are fewer than two candidates"
    few = {**sixteen, "comparisons": [dict(each) for each in sixteen["comparisons"]]}
    for each in few["comparisons"]:
        each["rare_perplexity"] = {**each["rare_perplexity"], "bands": []}
    assert chart.why_not(few) == "no figure could be given"
    assert "depends on the topic" in chart.caption(sixteen)


def test_odds_have_the_intervals_of_the_report(sixteen: Any) -> None:
    _, odds = drawn("verdicts", sixteen).axes
    segments = [tuple(part[:, 1]) for lines_ in odds.collections for part in lines_.get_segments()]
    for comparison in sixteen["comparisons"][:16]:
        row = next(row for row in comparison["novel_mass"] if row["order"] == 2)
        low, high = (math.exp(row["tail"] + side * 2 * row["tail_se"]) for side in (-1, 1))
        assert any(s == pytest.approx((low, high)) for s in segments)


def test_cannot_tell_is_a_grey_square_off_the_ladder(sixteen: Any) -> None:
    report = {**sixteen, "comparisons": [dict(each) for each in sixteen["comparisons"]]}
    report["comparisons"][3]["verdict"] = "cannot tell"
    ladder, _ = drawn("verdicts", report).axes
    squares = [line for line in ladder.lines if line.get_marker() == "s"]
    assert [line.get_color() for line in squares] == [LIGHT["cannot-tell"]]
    assert squares[0].get_ydata()[0] < 0
    path = next(line for line in ladder.lines if line.get_linewidth() == 0.8)
    assert 3 not in path.get_xdata()
    assert min(path.get_ydata()) >= 0


def test_the_baseline_is_on_top_and_six_candidates_are_drawn(sixteen: Any) -> None:
    for kind in ("growth", "ranks"):
        (axes,) = drawn(kind, sixteen).axes
        full = [line for line in axes.lines if len(line.get_xdata()) > 2]
        assert len(full) == STEPS + 1
        top = max(full, key=lambda line: line.get_zorder())
        assert top.get_color() == LIGHT["baseline"]
        assert len({line.get_marker() for line in full}) == STEPS + 1  # not by colour alone


def test_changes_of_the_verdict_are_drawn(sixteen: Any) -> None:
    labels = [each["verdict"] for each in sixteen["comparisons"][:16]]
    assert len({*labels}) > 1
    names = [line.label for line in lines(sixteen)]
    changes = [f"gen{i:02}" for i in range(1, 16) if labels[i] != labels[i - 1]]
    assert {"gen00", "gen15", *changes[:4]} <= {*names}
    assert len(names) == STEPS


def test_onsets_are_those_of_the_verdict_on_the_run(sixteen: Any) -> None:
    found = onsets(sixteen)
    series = sixteen["series"]
    assert f"gen{found[series['verdict']]:02}" == series["since"]
    assert is_series(sixteen)


def test_a_loss_against_the_first_candidate_alone_is_explained(sixteen: Any) -> None:
    report = {**sixteen, "comparisons": [dict(each) for each in sixteen["comparisons"]]}
    assert "earlier" not in CHARTS["verdicts"].caption(report)
    found = onsets(report)
    for each in report["comparisons"][: found["collapse"]]:
        each["verdict"] = "drift"
    with_first = {"baseline": "gen00", "verdict": "loss of tail"}
    report["comparisons"].append({**report["comparisons"][1], **with_first})
    assert onsets(report)["loss of tail"] == 1
    assert "loss of tail begins earlier against the first" in CHARTS["verdicts"].caption(report)


def test_candidates_that_are_no_steps_are_not_joined_by_lines() -> None:
    report = narrowing(["poems", "code"])
    assert not is_series(report)
    ratios, *_ = drawn("series", report).axes
    (points,) = [line for line in ratios.lines if line.get_marker() == "o"]
    assert points.get_linewidth() == 0


def test_a_ring_is_where_a_figure_becomes_worse() -> None:
    ids = (1200, 900, 500, 250, 120)
    generations = [profile(f"gen{i}", i + 2, number) for i, number in enumerate(ids)]
    report = cs.trajectory(profile("human", 1, 1200), generations).to_dict()
    figures = report["trajectory"]["figures"]
    keys = ("size_matched_distinct_ratio/4", "entropy_bits/2", "js_bits/2")
    expected = [figures[key]["onset"] for key in keys]
    assert expected[1] is not None
    found = []
    for axes in drawn("series", report).axes:
        rings = [line for line in axes.lines if line.get_markerfacecolor() == "none"]
        found.append([int(line.get_xdata()[0]) for line in rings])
    assert found == [[] if onset is None else [onset] for onset in expected]
    assert "Rings: the figure is worse" in CHARTS["series"].caption(report)


def test_curves_are_those_of_the_counts() -> None:
    """Growth against the hypergeometric expectation, ranks against sorted counts."""
    from scipy.stats import hypergeom

    corpus = profile("x", 3, 300)
    curves = corpus.to_dict()["corpora"][0]["curves"]
    for order in (1, 2):
        spectrum = corpus.spectrum(order)
        counts = np.repeat(spectrum.count.astype(int), spectrum.types.astype(int))[::-1]
        total = int(counts.sum())
        growth, ranks = curves[str(order)]["growth"], curves[str(order)]["ranks"]
        assert growth["windows"][-1] == total
        assert len(growth["windows"]) <= 300
        for n, distinct in zip(growth["windows"], growth["distinct"], strict=True):
            expected = np.sum(1 - hypergeom.pmf(0, total, counts, n))
            assert distinct == pytest.approx(expected, abs=0.051)
        for rank, count in zip(ranks["rank"], ranks["count"], strict=True):
            assert np.sum(counts >= count) == rank
        assert ranks["rank"][-1] == len(counts)


@pytest.mark.parametrize("report", [of_nothing(), {**of_one(), "series": None}])
def test_what_cannot_be_drawn_is_said(report: Any) -> None:
    for chart in CHARTS.values():
        why = chart.why_not(report)
        if why is None:
            assert Parsed(chart_svg(chart, report)).texts
        else:
            assert re.fullmatch("[a-z][^.]+", why)


def test_a_report_without_curves_lacks_two_charts(sixteen: Any) -> None:
    corpora = [{k: v for k, v in c.items() if k != "curves"} for c in sixteen["corpora"]]
    kinds = [chart.kind for chart in drawable({**sixteen, "corpora": corpora})]
    assert kinds == ["verdicts", "retention", "series", "rare", "ngrams"]


def test_colours_can_be_told_from_the_ground_and_from_each_other() -> None:
    """Contrast by the formula of WCAG 2.1: 4.5 for text, 3 for what is drawn."""

    def luminance(color: str) -> float:
        parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))

    def contrast(one: str, other: str) -> float:
        low, high = sorted([luminance(one), luminance(other)])
        return (high + 0.05) / (low + 0.05)

    for colors, ground in ((LIGHT, "#ffffff"), (DARK, "#14171c")):
        assert len({*colors.values()}) == len(colors)
        for role, color in colors.items():
            steps = role.startswith("step")
            least = 1 if role == "grid" else 3 if steps else 4.5
            assert contrast(color, ground) >= least, role
        from_ground = [contrast(colors[f"step-{i}"], ground) for i in range(STEPS)]
        assert from_ground == sorted(from_ground)


def test_labels_keep_their_distance_and_stay_near() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        wanted = sorted(rng.random(rng.integers(1, 9)))
        places = spread(wanted, 0.1)
        assert all(b - a >= 0.1 - 1e-9 for a, b in pairwise(places))
        assert 0 <= places[0] <= places[-1] <= 1 + 1e-9
    assert spread([0.1, 0.5, 0.9], 0.1) == pytest.approx([0.1, 0.5, 0.9])


@pytest.mark.parametrize(
    ("names", "ticks", "ends"),
    [
        (["gen00", "gen01", "gen10"], ["0", "1", "10"], ["gen00", "gen01", "gen10"]),
        (["checkpoint-100", "checkpoint-2000"], ["100", "2000"], ["100", "2000"]),
        (["a", "b"], ["a", "b"], ["a", "b"]),
        (["1.jsonl", "2.jsonl"], ["1", "2"], ["1.jsonl", "2.jsonl"]),
        (["x" * 40], ["xxxxx…" + "x" * 12], ["xxxxx…" + "x" * 12]),
    ],
)
def test_names_get_short(names: list[str], ticks: list[str], ends: list[str]) -> None:
    assert tick_names(names) == ticks
    assert line_names(names) == ends


def test_numbers_of_names() -> None:
    assert numbered(["gen1", "gen1"]) is not None  # the same name twice is a number twice
    assert numbered(["gen", "gen1"]) is None
    assert numbered(["1", "२"]) is None
    assert numbered(["9", "1" * 400]) is None
    parts = numbered(["runs/step-2/out.jsonl", "runs/step-10/out.jsonl"])
    assert parts is not None
    assert (parts.word, parts.numbers, parts.is_rising) == ("step-", ["2", "10"], True)


def test_counts_are_short() -> None:
    assert [short_count(n) for n in (0, 1.5, 1e3, 12_345, 2.5e9)] == [
        "0", "1.5", "1k", "12.35k", "2.5G",
    ]  # fmt: skip


def test_a_sheet_has_every_chart(sixteen: Any) -> None:
    figure = sheet.sheet(sixteen, drawable(sixteen))
    parts = [part.subfigs for part in figure.subfigs if part.subfigs]
    titles = {text.get_text() for head, _ in parts for text in head.texts}
    assert titles == {chart.title for chart in drawable(sixteen)}
