"""Every figure and every heading is explained by docs/metrics.md."""

import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import collapse_stats as cs
from collapse_stats.cli.group import program
from collapse_stats.errors import InputError
from collapse_stats.metrics.figures import COMPARISON_FIGURES, CORPUS_FIGURES
from collapse_stats.report import explanation
from collapse_stats.report.formats import page_of
from collapse_stats.verdict.rule import CANNOT_TELL, LABELS

PAGE = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text("utf-8")


def explained(name: str) -> str:
    return "\n".join(explanation.explain(name))


@pytest.mark.parametrize("name", [*CORPUS_FIGURES, *COMPARISON_FIGURES])
def test_every_reported_figure_is_explained(name: str) -> None:
    figure = CORPUS_FIGURES.get(name) or COMPARISON_FIGURES[name]
    text = explained(name)
    assert len(text) > 40
    for form in (figure.key, f"{figure.key}_2", f"{figure.key}_3_se", name.replace("_", " ")):
        assert explained(form) == text


def test_every_heading_of_a_comparison_is_explained() -> None:
    rng = np.random.default_rng(1)
    docs = [rng.integers(50, size=30) for _ in range(200)]
    diff = cs.compare(docs[::2], docs[1::2], vocab_size=50, max_order=3)
    headings = {
        column.heading[0]
        for grid in page_of(diff.to_dict()).grids
        for column in grid.columns
        if column.heading[0] and not column.heading[0].startswith("compared with")
    }
    assert {"verdict", "decided by", "entropy", "rare tokens"} <= headings
    for heading in headings - {"order"}:
        assert explained(heading)


def test_every_heading_of_a_trajectory_is_explained() -> None:
    rng = np.random.default_rng(1)
    docs = [rng.integers(50, size=30) for _ in range(300)]
    run = cs.trajectory(docs[::3], [docs[1::3], docs[2::3]], vocab_size=50, max_order=2)
    grids = page_of(run.to_dict()).grids
    headings = {column.heading[0] for grid in grids for column in grid.columns}
    own = {"moved", "first", "per step", "95 % interval", "worse from", "half-life", "last half"}
    assert own <= headings
    for heading in own | {"last", "p", "limit", "trajectories"}:
        assert explained(heading)


def plain(markdown: str) -> str:
    """Letters and figures alone, without the targets of links."""
    return "".join(re.findall(r"\w", re.sub(r"\]\([^)]*\)", "]", markdown)))


def test_what_is_said_is_the_page() -> None:
    text = plain(PAGE)
    for name in ("js_bits", "chao1", "retained", "floors", "mtld", "errors", "kl"):
        for line in explanation.explain(name):
            is_cell = line.startswith("  ") and re.match(r"  [\w, ]+: ", line)
            said = line.partition(": ")[2] if is_cell else line
            assert plain(said) in text, said
    assert "½ Σ p log2(2p/(p+q))" in explained("js")
    assert "Do not use them for text in which copies were made" in explained("chao1")
    assert "Judge a candidate by its retention" in explained("floors")


def test_the_beginning_of_a_name_is_enough() -> None:
    assert "heaps_exponent" in explained("heaps")


def test_an_unknown_name_gets_a_near_one() -> None:
    with pytest.raises(InputError, match="says nothing of 'mattrr' \\(did you mean 'mattr'\\?\\)"):
        explanation.explain("mattrr")
    with pytest.raises(InputError, match="such as entropy"):
        explanation.explain("")


@pytest.mark.parametrize("name", ["floor", "tail", *LABELS, CANNOT_TELL])
def test_every_verdict_and_its_words_are_explained(name: str) -> None:
    first, *_ = explanation.explain(name)
    assert first == name


def test_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "72")
    result = CliRunner().invoke(program, ["explain", "rare", "tokens"])
    assert result.exit_code == 0
    assert result.stdout.startswith("rare tokens, rare tokens kept\n")
    assert max(map(len, result.stdout.splitlines())) <= 72
    everything = CliRunner().invoke(program, ["explain"]).stdout
    assert {"js_divergence,", "odds,", "chao1,"} <= {*everything.split()}
    result = CliRunner().invoke(program, ["explain", "nothing-like-it"])
    assert result.exit_code == 2
    assert "docs/metrics.md says nothing of" in result.stderr
