"""The code of README.md and of docs/ runs as it is printed, and prints what the pages show."""

import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest
from example_files import is_text_of_pages, names_for_python, write_files
from pictures import terminal
from run_blocks import RUN, blocks_of, fits, run_page

pytestmark = pytest.mark.skipif(
    find_spec("collapse_stats._native") is None, reason="pages show what the compiled module does"
)

ROOT = Path(__file__).parents[2]
PAGES = ["README.md", *sorted(str(p.relative_to(ROOT)) for p in (ROOT / "docs").rglob("*.md"))]
SHOWN = ("bash", "json", "latex", "text")  # formulas, diagrams, parts of files

# Blocks that are not run, by page: each says why. A new one is counted here.
NOT_RUN = {
    "README.md": 4,
    "docs/compared-with.md": 1,
    "docs/recipes/reinforcement-learning.md": 1,
    "docs/reports.md": 1,
    "docs/scale.md": 4,
    "docs/simulation.md": 1,
    "docs/start.md": 2,
    "docs/verdict.md": 2,
}


def blocks(page: str):
    return list(blocks_of((ROOT / page).read_text("utf-8")))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("example_files")
    write_files(folder)
    return folder


@pytest.fixture
def example_files(written: Path, tmp_path: Path) -> Path:
    """A copy of the example files, which a page may add to."""
    return shutil.copytree(written, tmp_path / "files")


def runs(page: str) -> bool:
    return any(block.kind in RUN and not block.not_run for block in blocks(page))


@pytest.mark.parametrize("page", list(filter(runs, PAGES)))
def test_a_page_prints_what_it_shows(page: str, example_files: Path) -> None:
    _, differences = run_page((ROOT / page).read_text("utf-8"), example_files)
    assert not differences, "\n".join(differences)


def test_the_picture_of_the_terminal_is_what_it_shows(example_files: Path) -> None:
    picture = (ROOT / "docs" / "pictures" / "terminal.svg").read_text("utf-8")
    assert terminal(example_files) == picture or not is_text_of_pages()


@pytest.mark.parametrize("page", PAGES)
def test_every_block_says_what_it_is(page: str) -> None:
    for block in blocks(page):
        known = block.kind in (*RUN, "output", *SHOWN)
        assert known, f"{page}, line {block.lines[0]}: ```{block.kind} is none of the kinds"
    reasons = [block.not_run for block in blocks(page) if block.not_run]
    assert len(reasons) == NOT_RUN.get(page, 0), reasons


@pytest.mark.parametrize("page", ["README.md", "docs/monitoring.md"])
def test_the_loop_of_a_page_logs_figures_of_all_its_tokens(
    page: str, example_files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (code,) = (b.content for b in blocks(page) if b.kind == "python" and "run.log" in b.content)
    names = names_for_python()
    monkeypatch.chdir(example_files)
    exec(compile(code, page, "exec"), names)
    steps, figures = zip(*names["run"].logged, strict=True)
    assert steps == (0, 100, 200)
    tokens = sum(int(batch["attention_mask"].sum()) for batch in names["loader"])
    assert figures[-1]["tokens"] == tokens
    assert {"entropy_bits/2", "js_bits/2", "copies"} <= figures[-1].keys()


def test_blocks_are_found_and_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("run_blocks.is_text_of_pages", lambda: True)
    page = (
        "```python\nprint(1 + 1)\n```\n```output\n2\n```\n"
        "<!-- not run: no such command -->\n```console\n$ no-such-command\n```\n"
        "```console\n$ echo one \\\n    two\none two\n$ pwd; seq 3\n/...\n1\n...\n3\n```\n"
    )
    assert [block.kind for block in blocks_of(page)] == ["python", "output", "console", "console"]
    assert [block.not_run for block in blocks_of(page)] == [None, None, "no such command", None]
    assert run_page(page, tmp_path) == (page, [])


def test_what_is_printed_otherwise_is_found_and_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("run_blocks.is_text_of_pages", lambda: True)
    page = "```python\nprint(1 + 1)\n```\n```output\n3\n```\n```console\n$ echo one\ntwo\n```\n"
    text, differences = run_page(page, tmp_path)
    assert text == page.replace("3\n", "2\n").replace("two", "one")
    assert len(differences) == 2
    assert "-3" in differences[0]
    assert "+2" in differences[0]
    elided, differences = run_page("```console\n$ echo one\ntw...\n```\n", tmp_path)
    assert "tw..." in elided
    assert len(differences) == 1


def test_three_dots_are_anything_or_nothing() -> None:
    assert fits("2 files, in ...\n\nfile\n", "2 files, in\n/a/long/path\n\nfile\n")
    assert fits("first\n...\nlast\n", "first\nlast\n")
    assert fits("first\n...\nlast\n", "first\nsecond\nthird\nlast\n")
    assert not fits("first\n...\nlast\n", "first\nsecond\n")


def test_a_command_that_fails_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="ended with 3"):
        run_page("```console\n$ exit 3\n```\n", tmp_path)
    with pytest.raises(AssertionError, match="ended with 1"):
        run_page("```sh\nfalse\ntrue\n```\n", tmp_path)
    with pytest.raises(ZeroDivisionError):
        run_page("```python\n1 / 0\n```\n", tmp_path)


def test_the_pages_are_of_the_documentation_of_this_python() -> None:
    if not is_text_of_pages():
        pytest.skip("this Python has other documentation: what pages print is not compared")


def test_other_text_has_other_outputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("run_blocks.is_text_of_pages", lambda: False)
    page = "```console\n$ echo 9.7 %\n12.5 %\n```\n"
    assert run_page(page, tmp_path) == (page, [])
