"""The page: complete, self-contained, safe for any text, the same numbers as everywhere."""

import hashlib
import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from reports import given_ngrams, narrowing, of_nothing, of_one

from collapse_stats import page
from collapse_stats.page.headline import headline
from collapse_stats.report.formats import page_of
from collapse_stats.report.saved import read_report

HOSTILE = [
    "</style><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "&lt;b&gt;",
    "$\\frac$",
]
VOID = {"meta", "br", "path", "use", "img"}


class Document(HTMLParser):
    """The elements of a page; fails where one is not closed as it was opened."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.rows: list[list[str]] = []
        self.headings: list[tuple[int, str]] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if re.fullmatch("h[1-6]", tag):
            self.headings.append((int(tag[1]), ""))

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if {"td", "th"} & {*self.open}:
            self.rows[-1][-1] += data
        if self.open and re.fullmatch("h[1-6]", self.open[-1]):
            level, text = self.headings[-1]
            self.headings[-1] = (level, text + data)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    return narrowing([f"gen{i:02}" for i in range(16)])


@pytest.fixture(scope="module")
def text(report: Any) -> str:
    return page.write(report)


@pytest.fixture(scope="module")
def document(text: str) -> Document:
    return Document(text)


def test_a_page_needs_nothing_else(text: str, document: Document) -> None:
    for word in ("http", "src=", "<script", "@import", "url(//", "<link", "<iframe"):
        assert word not in text
    assert not [a for _, attrs in document.elements for a in attrs if a.startswith("on")]
    references = [a["href"] for _, a in document.elements if "href" in a]
    assert all(str(reference).startswith("#") for reference in references)
    assert len(text.encode()) < 250_000


def test_a_page_can_be_read_aloud(document: Document, report: Any) -> None:
    assert document.of("html") == [{"lang": "en"}]
    levels = [level for level, _ in document.headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert [text for level, text in document.headings if level == 2] == [
        "Verdicts", "Charts", "Generations",
    ] + ["Warnings"] * bool(page_of(report).warnings)  # fmt: skip
    pictures = document.of("svg")
    assert len(pictures) == len(document.of("figure")) == 6
    assert all(each["role"] == "img" and len(str(each["aria-label"])) > 40 for each in pictures)
    heads = document.of("th")
    assert all(each["scope"] in ("col", "row") for each in heads)
    assert all(row[0] for row in document.rows)
    ids = [attrs["id"] for _, attrs in document.elements if "id" in attrs]
    assert len(ids) == len({*ids})
    assert document.of("title")


def test_the_finding_stands_first(document: Document, report: Any) -> None:
    series = report["series"]
    (first, words), *_ = document.headings
    assert first == 1
    assert words == headline(report)
    assert words.lower().startswith(series["reasons"][0].split(" ")[0])
    for reason in series["reasons"]:
        assert reason.lower() in words.lower()


def test_tables_have_the_cells_of_the_terminal(document: Document, report: Any) -> None:
    rows = [[cell.strip() for cell in row] for row in document.rows]
    for grid in page_of(report).grids[:2]:
        for row in grid.rows:
            cells = [(cell.text.strip() + f" {cell.mark}").strip() for cell in row]
            assert any([c.lstrip("●◆▼✖■") for c in shown] == cells for shown in rows), cells


def test_a_page_is_the_same_in_every_process(tmp_path: Path) -> None:
    code = (
        "import hashlib, sys; from collapse_stats import page; "
        "from collapse_stats.report.saved import read_report; "
        "data = sys.stdin.buffer.read(); "
        "print(hashlib.sha256(page.write(read_report(data, 'x')).encode()).hexdigest())"
    )
    report = narrowing(["a1", "a2", "a3"])
    data = json.dumps(report).encode()
    digests = {hashlib.sha256(page.write(read_report(data, "x")).encode()).hexdigest()}
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "TZ": f"Etc/GMT+{seed}"}
        result = subprocess.run(
            [sys.executable, "-c", code],
            input=data,
            capture_output=True,
            env=environment,
            check=True,
        )
        digests.add(result.stdout.decode().strip())
    assert len(digests) == 1


def test_texts_of_others_are_shown_and_not_obeyed() -> None:
    names = [f"{name}{i}" for i, name in enumerate(HOSTILE)]
    report = narrowing(names)
    for figures in report["comparisons"]:
        figures |= given_ngrams(HOSTILE)
        figures["warnings"] = [*figures["warnings"], HOSTILE[0]]
        figures["reasons"] = [HOSTILE[1]]
    report["series"]["reasons"] = [HOSTILE[0]]
    report["corpora"][0]["tokenizer"]["spec"] = HOSTILE[1]
    document = Document(page.write(report))
    assert not document.of("script")
    assert not document.of("img")
    assert not document.of("b")
    for token in HOSTILE:
        assert token in document.text


@pytest.mark.parametrize("report", [of_nothing(), of_one(), narrowing(["one"], examples=False)])
def test_a_page_is_made_of_any_report(report: Any) -> None:
    document = Document(page.write(report))
    assert document.of("svg")
    if report["comparisons"]:
        assert "No chart of n-grams: the report has no n-grams" in document.text


def test_a_page_of_nothing_says_so() -> None:
    document = Document(page.write(of_nothing()))
    assert document.headings[0] == (1, "b against a: cannot tell")
    assert "no order could be measured" in document.text


def test_many_candidates_stay_small() -> None:
    small = narrowing([f"s{i}" for i in range(3)])
    many, against = 100, small["comparisons"][:3]
    report = {**small, "series": small["series"]}
    report["comparisons"] = [{**against[i % 3], "candidate": f"step-{i}"} for i in range(many)]
    corpora = small["corpora"]
    report["corpora"] = [
        corpora[0], *({**corpora[1 + i % 3], "name": f"step-{i}"} for i in range(many)),
    ]  # fmt: skip
    assert len(page.write(report).encode()) < 250_000


WITHOUT = """
import sys
sys.modules["matplotlib"] = None
from collapse_stats import page
from collapse_stats.report.saved import read_report
sys.stdout.buffer.write(page.write(read_report(sys.stdin.buffer.read(), "x")).encode())
"""


def test_without_matplotlib_all_but_the_charts_is_there(report: Any) -> None:
    result = subprocess.run(
        [sys.executable, "-c", WITHOUT],
        input=json.dumps(report).encode(),
        capture_output=True,
        check=True,
    )
    document = Document(result.stdout.decode())
    assert not document.of("svg")
    assert "need matplotlib: pip install 'collapse-stats[plot]'" in document.text
    assert len(document.of("table")) == len(Document(page.write(report)).of("table"))
