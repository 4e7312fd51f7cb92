"""Pages and pictures from the command line, and saved reports in other formats."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from reports import documents

COMMAND = [sys.executable, "-m", "collapse_stats"]
IDS = ["--dtype", "u16", "--vocab-size", "1500", "--max-order", "3", "--eot", "1499"]


def run(
    *arguments: Any, code: int = 0, data: bytes | None = None
) -> subprocess.CompletedProcess[bytes]:
    result = subprocess.run([*COMMAND, *map(str, arguments)], capture_output=True, input=data)
    assert result.returncode == code, result.stderr.decode()
    return result


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: Any) -> Path:
    folder = tmp_path_factory.mktemp("corpora")
    (folder / "run").mkdir()
    for name, seed, ids in (("human", 1, 1200), ("run/gen1", 2, 600), ("run/gen2", 3, 80)):
        parts = [part for doc in documents(seed, ids) for part in (doc, [1499])]
        (folder / f"{name}.bin").write_bytes(np.concatenate(parts).astype(np.uint16).tobytes())
    return folder


@pytest.fixture(scope="module")
def sides(corpora: Path) -> list[Path]:
    return [corpora / "human.bin", corpora / "run/gen1.bin", corpora / "run/gen2.bin"]


@pytest.fixture(scope="module")
def saved(corpora: Path, sides: list[Path]) -> Path:
    file = corpora / "report.json"
    run("compare", *sides, *IDS, "--examples", 8, "--json", "-o", file)
    return file


def test_compare_track_and_show_write_pages(corpora: Path, sides: list[Path], saved: Path) -> None:
    page = corpora / "page.html"
    run("compare", *sides, *IDS, "--format", "html", "-o", page)
    text = page.read_text()
    assert text.startswith("<!DOCTYPE html>")
    assert text.endswith("</html>\n")
    assert text.count("<svg ") == 6  # with the n-grams of the sixth, without --examples
    assert run("report", saved, "--format", "html").stdout.decode() == text
    track = run("track", corpora / "run", "--baseline", sides[0], *IDS, "--format", "html")
    assert track.stdout.count(b"<svg ") == 5
    assert run("show", sides[0], *IDS, "--format", "html").stdout.count(b"<svg ") == 3


@pytest.mark.parametrize("form", ["table", "csv", "markdown", "latex", "json"])
def test_a_saved_report_gives_what_the_command_gave(
    form: str, sides: list[Path], saved: Path
) -> None:
    examples = [] if form in ("csv", "latex") else ["--examples", 8]
    direct = run("compare", *sides, *IDS, "--format", form, *examples)
    assert run("report", saved, "--format", form).stdout == direct.stdout


def test_a_report_comes_through_a_pipe_and_a_picture_goes(saved: Path) -> None:
    result = run("report", "-", "--format", "png", data=saved.read_bytes())
    assert result.stdout.startswith(b"\x89PNG")


def test_profiles_without_their_ngrams_have_a_page(corpora: Path, sides: list[Path]) -> None:
    profile = corpora / "human.profile"
    run("profile", sides[0], *IDS, "--no-table", "-o", profile)
    result = run("compare", profile, sides[2], "--dtype", "u16", "--eot", 1499, "--format", "html")
    assert b"No chart of n-grams" in result.stdout


def test_a_page_replaces_no_report_and_appears_whole(saved: Path, tmp_path: Path) -> None:
    before = saved.read_bytes()
    result = run("report", saved, "--format", "html", "-o", saved, code=2)
    assert b"would replace a file to be read" in result.stderr
    assert saved.read_bytes() == before
    result = run("report", saved, "--format", "html", "-o", tmp_path / "no" / "page.html", code=2)
    assert b"cannot write" in result.stderr
    assert not [*tmp_path.iterdir()]


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "cannot read"), (b"{}", "expected a report"), (b"\0", "is not JSON")],
)
def test_what_is_no_report_is_refused_in_one_line(content: Any, words: str, tmp_path: Path) -> None:
    file = tmp_path / "r.json"
    if content is not None:
        file.write_bytes(content)
    lines = run("report", file, code=2).stderr.decode().splitlines()
    assert len(lines) == 1
    assert words in lines[0]


def test_a_picture_without_matplotlib_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['matplotlib'] = None; from collapse_stats.cli import main; main()"
    )
    output = tmp_path / "x.png"
    arguments = ["show", "nothing-there", "--format", "png", "-o", str(output)]
    result = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True)
    assert result.returncode == 2
    assert b"charts need matplotlib: pip install 'collapse-stats[plot]'" in result.stderr
    assert not output.exists()


def test_a_page_without_matplotlib_says_that_its_charts_are_missing(saved: Path) -> None:
    code = (
        "import sys; sys.modules['matplotlib'] = None; from collapse_stats.cli import main; main()"
    )
    arguments = ["report", str(saved), "--format", "html"]
    result = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True)
    assert result.returncode == 0
    assert b"warning: the page has no charts, which need matplotlib" in result.stderr
    assert b"<svg " not in result.stdout


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("a.html", "<!DOCTYPE html>"),
        ("a.JSON", "{"),
        ("a.csv", "baseline,"),
        ("a.md", "human"),
        ("a.tex", "needs \\usepackage"),
        ("a.txt", "human: "),
    ],
)
def test_the_ending_of_the_output_decides_its_format(
    saved: Path, tmp_path: Path, name: str, begins: str
) -> None:
    run("report", saved, "-o", tmp_path / name)
    assert (tmp_path / name).read_text().lstrip("#% ").startswith(begins)
    run("report", saved, "-o", tmp_path / name, "--format", "json")
    assert json.loads((tmp_path / name).read_text()) == json.loads(saved.read_text())


def test_curves_are_in_json_and_not_in_csv(saved: Path) -> None:
    report = json.loads(saved.read_text())
    for corpus in report["corpora"]:
        assert {*corpus["curves"]} == {"1", "2", "3"}
        for curves in corpus["curves"].values():
            assert all(len(values) <= 300 for curve in curves.values() for values in curve.values())
    assert b"curves" not in run("report", saved, "--format", "csv").stdout
