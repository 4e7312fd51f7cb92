"""The code of README.md and of docs/ runs as it is printed, and prints what the pages show."""

import shutil
import sys
from pathlib import Path

import pytest
from example_files import write_files
from run_blocks import RUN, blocks_of, fits, run_page

ROOT = Path(__file__).parents[2]
PAGES = ["README.md", *sorted(str(p.relative_to(ROOT)) for p in (ROOT / "docs").rglob("*.md"))]
SHOWN = ("bash", "json", "latex", "text")  # formulas, diagrams, parts of files

# Blocks that are not run, by page: each says why. A new one is counted here.
NOT_RUN: dict[str, int] = {}


def blocks(page: str):
    return list(blocks_of((ROOT / page).read_text("utf-8")))


@pytest.fixture(scope="session")
def example_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("example_files")
    write_files(folder)
    return folder


def runs(page: str) -> bool:
    return any(block.kind in RUN and not block.not_run for block in blocks(page))


@pytest.mark.parametrize("page", filter(runs, PAGES))
def test_a_page_prints_what_it_shows(page: str, example_files: Path, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    shutil.copytree(example_files, folder)
    _, differences = run_page((ROOT / page).read_text("utf-8"), folder)
    assert not differences, "\n".join(differences)


@pytest.mark.parametrize("page", PAGES)
def test_every_block_says_what_it_is(page: str) -> None:
    for block in blocks(page):
        known = block.kind in (*RUN, "output", *SHOWN)
        assert known, f"{page}, line {block.lines[0]}: ```{block.kind} is none of the kinds"
    reasons = [block.not_run for block in blocks(page) if block.not_run]
    assert len(reasons) == NOT_RUN.get(page, 0), reasons


def test_blocks_are_found_and_run(tmp_path: Path) -> None:
    page = (
        "```python\nprint(1 + 1)\n```\n```output\n2\n```\n"
        "<!-- not run: no such command -->\n```console\n$ no-such-command\n```\n"
        "```console\n$ echo one \\\n    two\none two\n$ pwd; seq 3\n/home/you\n1\n...\n3\n```\n"
    )
    assert [block.kind for block in blocks_of(page)] == ["python", "output", "console", "console"]
    assert [block.not_run for block in blocks_of(page)] == [None, None, "no such command", None]
    assert run_page(page, tmp_path) == (page, [])


def test_what_is_printed_otherwise_is_found_and_can_be_written(tmp_path: Path) -> None:
    page = "```python\nprint(1 + 1)\n```\n```output\n3\n```\n```console\n$ echo one\ntwo\n```\n"
    text, differences = run_page(page, tmp_path)
    assert text == page.replace("3\n", "2\n").replace("two", "one")
    assert len(differences) == 2
    assert "-3" in differences[0]
    assert "+2" in differences[0]
    elided, differences = run_page("```console\n$ echo one\ntw...\n```\n", tmp_path)
    assert "tw..." in elided
    assert len(differences) == 1


def test_a_command_that_fails_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="ended with 3"):
        run_page("```console\n$ exit 3\n```\n", tmp_path)
    with pytest.raises(AssertionError, match="ended with 1"):
        run_page("```sh\nfalse\ntrue\n```\n", tmp_path)
    with pytest.raises(ZeroDivisionError):
        run_page("```python\n1 / 0\n```\n", tmp_path)


def test_other_versions_of_python_may_have_other_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 11, 0))
    assert not fits("gen1  12.5 %\n", "gen1   9.7 %\n")
    monkeypatch.setattr(sys, "version_info", (3, 14, 0))
    assert fits("gen1  12.5 %\n", "gen1   9.7 %\n")
    assert not fits("gen1  12.5 %\n", "gen2 lost 9.7 %\n")
