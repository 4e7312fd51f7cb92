"""`cs.plot`: figures and files of matplotlib, and what is said where they cannot be made."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import matplotlib
import pytest
from reports import narrowing, of_nothing, profile

import collapse_stats as cs


@pytest.fixture(scope="module")
def comparisons() -> Any:
    human = profile("human", 1, 1200)
    return cs.compare_each(human, [profile("gen1", 2, 900), profile("gen2", 3, 100)])


def test_profiles_comparisons_series_and_reports_are_drawn(comparisons: Any) -> None:
    kinds = {
        "profile": len(cs.plot(comparisons[0].baseline).subfigs),
        "comparison": len(cs.plot(comparisons[0]).subfigs),
        "series": len(cs.plot(comparisons).subfigs),
        "report": len(cs.plot(comparisons.to_dict()).subfigs),
    }
    assert kinds == {"profile": 3, "comparison": 4, "series": 5 + 1, "report": 5 + 1}


def test_a_notebook_shows_the_figure(comparisons: Any) -> None:
    assert cs.plot(comparisons, "ranks")._repr_png_().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("ending", "begin"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")]
)
def test_files_are_the_same_every_time(
    ending: str, begin: bytes, comparisons: Any, tmp_path: Path
) -> None:
    files = [tmp_path / f"{i}.{ending}" for i in range(2)]
    for file in files:
        cs.plot(comparisons, "retention", file)
    assert files[0].read_bytes() == files[1].read_bytes()
    assert files[0].read_bytes().startswith(begin)


def test_the_users_style_stays_and_is_not_used(comparisons: Any, tmp_path: Path) -> None:
    cs.plot(comparisons, "growth", tmp_path / "plain.svg")
    with matplotlib.rc_context(
        {"axes.facecolor": "#123456", "text.usetex": False, "font.size": 30}
    ):
        before = dict(matplotlib.rcParams)
        cs.plot(comparisons, "growth", tmp_path / "styled.svg")
        assert dict(matplotlib.rcParams) == before
    assert (tmp_path / "plain.svg").read_bytes() == (tmp_path / "styled.svg").read_bytes()


def test_a_figure_can_be_saved_later_whatever_its_names(tmp_path: Path) -> None:
    report = narrowing(["$\\frac{$1", "$\\frac{$2"])
    cs.plot(report).savefig(tmp_path / "later.png")


@pytest.mark.parametrize(
    ("shown", "kind", "path", "error", "words"),
    [
        ("series", "pie", None, ValueError, "kind must be one of verdicts, retention"),
        ("series", "entropy", None, cs.CollapseStatsError, "drawn for one corpus alone"),
        ("series", None, "x.gif", ValueError, "path must end in .png, .svg or .pdf, got x.gif"),
        ("series", None, "no/x.png", cs.InputError, "cannot write"),
        (5, None, None, TypeError, "a list of comparisons or a report, got int"),
        ([], None, None, TypeError, "got list"),
        ({"a": 1}, None, None, cs.InputError, "expected a report"),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    shown: Any, kind: Any, path: Any, error: Any, words: str, comparisons: Any, tmp_path: Path
) -> None:
    shown = comparisons if shown == "series" else shown
    with pytest.raises(error, match=words):
        cs.plot(shown, kind, path and tmp_path / path)
    assert not [*tmp_path.iterdir()]


def test_nothing_to_draw_is_an_error() -> None:
    with pytest.raises(cs.CollapseStatsError, match="no chart of retention: "):
        cs.plot(of_nothing(), "retention")


WITHOUT = """
import sys
sys.modules["matplotlib"] = None
import numpy as np, collapse_stats as cs
try:
    cs.plot(cs.profile([np.arange(9)], vocab_size=9, backend="numpy"))
except cs.CollapseStatsError as error:
    print(error)
"""


def test_without_matplotlib_the_error_has_the_command() -> None:
    result = subprocess.run(
        [sys.executable, "-c", WITHOUT], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "charts need matplotlib: pip install 'collapse-stats[plot]'"
