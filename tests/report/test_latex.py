"""LaTeX of any text is well-formed, and shows the text."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collapse_stats.report import latex
from collapse_stats.report.grid import Cell, Column, Grid

SPECIAL = "\\&%$#_{}~^<>|\"'`-…±↑↓–"


def balanced(text: str) -> bool:
    depth = 0
    for sign in re.sub(r"\\.", "", text):
        depth += (sign == "{") - (sign == "}")
        if depth < 0:
            return False
    return depth == 0


@given(st.text(st.sampled_from(SPECIAL + "ab \n\x1b"), max_size=30))
def test_no_sign_is_active(text: str) -> None:
    grid = Grid([Column((text,), number=False), Column(("b",))], [[Cell(text), Cell("1")]], text)
    written = latex.write([grid])
    assert balanced("\n".join(x for x in written.splitlines() if not x.startswith("%")))
    (row,) = [line for line in written.splitlines() if line.endswith(r"& 1 \\")]
    without = re.sub(r"\\[&%$#_{}]", "", row.removesuffix(r" \\"))
    assert without.count("&") == 1
    assert not re.search(r"[%#_~^]", without)
    assert without.count("$") % 2 == 0
    comments = [line for line in written.splitlines() if line.startswith("%")]
    assert all("\x1b" not in line for line in comments)


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("50 %", r"50 \%"),
        ("a_b", r"a\_b"),
        (r"C:\x", r"C:\textbackslash{}x"),
        ("--x", "-{}-x"),
        ("a---b", "a-{}--b"),
        ("1.18 ±0.04", r"1.18 $\pm$0.04"),
    ],
)
def test_escapes(text: str, escaped: str) -> None:
    assert latex.escaped(text) == escaped


def test_a_table_of_booktabs() -> None:
    grid = Grid(
        [Column(("",), number=False), Column(("KL", "bits"))],
        [[Cell("gen_1"), Cell("0.13", "worse", "↑")]],
        "against human",
    )
    assert latex.write([grid]).splitlines() == [
        r"% needs \usepackage{booktabs}",
        "% against human",
        r"\begin{tabular}{lr}",
        r"\toprule",
        r" & KL \\",
        r" & bits \\",
        r"\midrule",
        r"gen\_1 & 0.13 $\uparrow$ \\",
        r"\bottomrule",
        r"\end{tabular}",
    ]
