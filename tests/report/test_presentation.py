"""What profiles, comparisons and series show in Python."""

import json
import subprocess
import sys
from html.parser import HTMLParser
from typing import Any

import jsonschema
import numpy as np
import pytest

import collapse_stats as cs
from collapse_stats.report import html, render, schema
from collapse_stats.report.grid import Cell, Column, Grid, Page

EVIL = "</td><script>alert(1)</script>&\x1b[31m"


def documents(seed: int, ids: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.zipf(1.5, 40).clip(max=ids) - 1 for _ in range(100)]


def profile(seed: int, name: str, ids: int = 300) -> cs.Profile:
    return cs.profile(documents(seed, ids), vocab_size=300, max_order=3, name=name)


@pytest.fixture(scope="module")
def human() -> cs.Profile:
    return profile(1, "human")


@pytest.fixture(scope="module")
def series(human: cs.Profile) -> Any:
    return cs.compare_each(human, [profile(n, f"gen{n}", 100 // n) for n in range(2, 6)])


def test_reprs_are_short_and_compute_nothing(human: cs.Profile) -> None:
    assert repr(human) == (
        "<Profile of 'human' (4,000 tokens, 100 documents), orders 1 to 3, token ids>"
    )
    diff = cs.compare(human, profile(2, "gen"))
    assert repr(diff) == (
        "<Comparison of 'gen' (4,000 tokens, 100 documents) with 'human' (4,000 tokens, "
        "100 documents)>"
    )
    assert "judgement" not in vars(diff)
    verdict = diff.verdict
    assert repr(diff).endswith(f": {verdict}>")
    assert len(repr(diff.joint_spectra)) < 500
    alone = cs.profile([[1]], vocab_size=2, max_order=1, name="alone")
    assert repr(alone) == "<Profile of 'alone' (1 token, 1 document), order 1, token ids>"


def test_a_series_is_a_list_with_a_short_repr(series: Any) -> None:
    assert isinstance(series, list)
    assert len(series) == 4
    for comparison in series:
        assert comparison.verdict
    assert repr(series).startswith("<4 comparisons with 'human' (4,000 tokens, 100 documents): ")
    assert len(repr(series)) < 200
    assert repr(type(series)()) == "<ComparisonSeries without comparisons>"
    with pytest.raises(cs.CollapseStatsError, match="nothing to report"):
        type(series)().to_dict()


def test_the_report_and_the_text_are_those_of_the_command(human: cs.Profile, series: Any) -> None:
    for shown in (human, series[0], series):
        report = shown.to_dict()
        jsonschema.validate(json.loads(json.dumps(report)), schema())
        assert shown.summary(90) == render(report, "table", 90)
        assert shown.summary(72, verbose=True) == render(report, "table", 72, verbose=True)
    assert [one["candidate"] for one in series.to_dict()["comparisons"]] == [
        "gen2", "gen3", "gen4", "gen5"
    ]  # fmt: skip


class Tags(HTMLParser):
    """The tags of a page, and whether each is closed by its own end tag."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.open.append(tag)
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


KNOWN = {"div", "p", "table", "thead", "tbody", "tr", "th", "td", "b"}


def test_html_for_notebooks(human: cs.Profile, series: Any) -> None:
    for shown in (human, series[0], series):
        text = shown._repr_html_()
        assert len(text.encode()) < 20_000
        assert Tags(text).seen <= KNOWN
    assert "<b>" in series._repr_html_()
    assert "compared with human" in series._repr_html_()


def test_other_results_are_tables_in_notebooks(human: cs.Profile, series: Any) -> None:
    """Of rare tokens, of a card and of limits, with their own figures in the cells."""
    rare = series[0].rare_perplexity(2)
    corpora = [documents(seed, 300) for seed in (5, 6)]
    limits = cs.calibrate(corpora, vocab_size=300, max_order=3)
    card = cs.card(human)
    for shown, headings in (
        (rare, ("band", "perplexity")),
        (card, ("Corpus card of human", "Declared")),
        (limits, ("Limits of the verdict from 2 human corpora", "documents")),
    ):
        text = shown._repr_html_()
        assert len(text.encode()) < 20_000
        assert Tags(text).seen <= KNOWN
        assert all(heading in text for heading in headings)
    whole = rare.band("all")
    assert whole is not None
    assert f">{round(whole.perplexity or 0):,}<" in rare._repr_html_()
    assert ">4,000<" in card._repr_html_()
    assert cs.Limits()._repr_html_() is None  # nothing but constants, which repr shows


def test_words_are_aligned_left_in_notebooks_and_on_code_hosts() -> None:
    columns = [Column(("name",), number=False), Column(("tokens",))]
    written = html.write(Page([Grid(columns, [[Cell("gen"), Cell("7")]])]))
    assert '<td align="left" style="text-align:left">gen</td>' in written
    assert '<td align="right" style="text-align:right">7</td>' in written


@pytest.mark.parametrize("rows", [1, 40, 41, 1000])
@pytest.mark.parametrize("text", ["gen", EVIL, "漢字" * 900])
def test_html_is_escaped_and_bounded(rows: int, text: str) -> None:
    columns = [Column((text,), number=False), *(Column((f"c{n}", text)) for n in range(9))]
    grid = Grid(columns, [[Cell(text)] * 10 for _ in range(rows)], text, [text])
    page = Page([grid] * 3, text, [text], [text], [text])
    written = html.write(page)
    assert len(written.encode()) < 20_000
    assert Tags(written).seen <= KNOWN
    assert "\x1b" not in written


def test_frames(human: cs.Profile, series: Any) -> None:
    pandas = pytest.importorskip("pandas")
    frame = series.to_frame()
    assert isinstance(frame, pandas.DataFrame)
    assert [*frame["candidate"]] == ["gen2", "gen3", "gen4", "gen5"]
    assert [*human.to_frame()["order"]] == [1, 2, 3]


def without(monkeypatch: pytest.MonkeyPatch, *missing: str) -> None:
    from collapse_stats.report import presentation

    real = presentation.find_spec
    monkeypatch.setattr(
        presentation, "find_spec", lambda name: None if name in missing else real(name)
    )


def test_frames_of_polars(series: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    polars = pytest.importorskip("polars")
    without(monkeypatch, "pandas")
    frame = series.to_frame()
    assert isinstance(frame, polars.DataFrame)
    assert frame["verdict"].to_list() == [comparison.verdict for comparison in series]


def test_without_a_library_of_frames_it_is_said(
    series: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    without(monkeypatch, "pandas", "polars")
    with pytest.raises(cs.CollapseStatsError, match="pip install pandas"):
        series.to_frame()


def test_nothing_heavy_is_loaded_to_show_something() -> None:
    code = """
import sys
import numpy as np
import collapse_stats as cs
a, b = ([np.arange(9)] * 80 for _ in "ab")
before = {*sys.modules}
assert "collapse_stats.report" not in before
diff = cs.compare(a, b, vocab_size=9, max_order=2)
diff._repr_html_(), diff.summary(), repr(diff)
print({"matplotlib", "pandas", "polars", "click"} & {*sys.modules})
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


def test_arguments_are_checked(series: Any) -> None:
    with pytest.raises(TypeError, match="width"):
        series.summary("wide")
