"""Text that users give does nothing to a terminal, and nothing to a spreadsheet."""

import csv
import io
import json
import unicodedata
from pathlib import Path

import pytest
from click.testing import CliRunner

from collapse_stats.cli.group import program
from collapse_stats.report.grid import Cell, Column, Grid, Page, printable
from collapse_stats.report.markdown import write as as_markdown
from collapse_stats.report.rows import write_rows
from collapse_stats.report.table import draw

EVIL = "\x1b[2J\x07\x9b31m\u202e\x7f\t\u2028"
TOKENS = ("--tokenizer", "bytes", "--backend", "numpy", "--max-order", "2")


def harmless(text: str) -> str:
    """The text, if it has no character but line ends that a terminal obeys."""
    bad = [c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl")]
    assert not bad, (bad, text)
    return text


def said(*args: object, code: int = 0) -> str:
    result = CliRunner().invoke(program, [str(arg) for arg in args])
    assert result.exit_code == code, (result.stdout, result.stderr)
    harmless(result.stderr)
    return harmless(result.stdout)


@pytest.fixture
def evil(tmp_path: Path) -> Path:
    """A file whose name, key, and text are all hostile."""
    path = tmp_path / f"=evil{EVIL}.jsonl"
    lines = [{f"text{EVIL}": f"{EVIL} {EVIL} word {i}", f"other{EVIL}": 1} for i in range(40)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.mark.parametrize("form", ["table", "markdown", "json", "csv", "latex"])
def test_every_command_and_form(
    evil: Path, tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # a name alone begins with =
    path, key = evil.name, ("--text-key", f"text{EVIL}")
    is_one_table = form in ("csv", "latex")  # which has no place for details
    show, compare = ("show", path, *key, *TOKENS), ("compare", path, path, *key, *TOKENS)
    said(*show, "--format", form)
    said(*compare, "--format", form)
    said(*show, "--top", "5", "--spectrum", "--format", form, code=2 * is_one_table)
    said(*compare, "--examples", "3", "--format", form, code=2 * is_one_table)
    limit = ("--fail-on", "kl_1 < 1")
    said("compare", path, path, *key, *limit, "--format", form, *TOKENS, code=1)
    inspect = ("inspect", "--format", "table" if form == "latex" else form)
    said(*inspect, path, *key)
    said(*inspect, path, "absent" + EVIL, code=2)
    said("show", "absent" + EVIL, code=2)
    said("show", path, "--text-key", EVIL, code=2)
    said("profile", path, *key, "-o", f"p{EVIL}", *TOKENS)
    said("show", f"p{EVIL}", "--format", form)
    said("merge", f"p{EVIL}", f"p{EVIL}", "-o", f"m{EVIL}")


def test_json_means_the_same(evil: Path) -> None:
    name = json.loads(said("inspect", evil, "--json", "--text-key", f"text{EVIL}"))
    assert name["inputs"][0]["path"] == str(evil)


def test_pages_show_where_each_character_was() -> None:
    grid = Grid([Column((EVIL,), number=False)], [[Cell(EVIL)]], EVIL, [EVIL])
    page = Page([grid], EVIL, [EVIL], [EVIL])
    for text in (draw(page), as_markdown(page)):
        assert harmless(text).count("x1b") == 7
    assert printable(EVIL) == r"\x1b[2J\x07\x9b31m\u202e\x7f\t\u2028"
    assert printable("näme 😀") == "näme 😀"


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=cmd|'/C calc'!A0", "'=cmd|'/C calc'!A0"),
        ("+1+cmd", "'+1+cmd"),
        ("-2+3", "'-2+3"),
        ("@SUM(1)", "'@SUM(1)"),
        ("\t=1", "'\\t=1"),
        ("\r=1", "'\\r=1"),
        ("a\nb", "a\\nb"),
        ("-", "'-"),
        ("-1.5e-3", "-1.5e-3"),
        ("+7", "+7"),
        (-1.5, "-1.5"),
        (None, ""),
        ([1, "=x"], '[1, "=x"]'),
        ("a = b", "a = b"),
        ("gen-1", "gen-1"),
    ],
)
def test_cells(value: object, cell: str) -> None:
    header, row = csv.reader(io.StringIO(write_rows([{"=name": value, "n": 1}])))
    assert (header, row) == (["'=name", "n"], [cell, "1"])


def test_names_of_corpora_are_no_formulas(
    evil: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = said("show", evil.name, "--text-key", f"text{EVIL}", "--format", "csv", *TOKENS)
    names = {row["corpus"] for row in csv.DictReader(io.StringIO(text))}
    assert names == {"'" + printable(evil.name.removesuffix(".jsonl"))}
