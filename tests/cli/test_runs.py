"""A run of many generations: one screen, compared one by one, and told from one corpus."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from collapse_stats.cli.group import program

GENERATIONS = 16
OPTIONS = ("--tokenizer", "builtin", "--backend", "numpy", "--max-order", "4")


def run(*args: object, code: int = 0) -> Result:
    result = CliRunner().invoke(program, [str(arg) for arg in args])
    assert result.exit_code == code, (result.stdout, result.stderr)
    return result


def write(path: Path, seed: int, words: int, documents: int = 120) -> None:
    rng = np.random.default_rng(seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        for _ in range(documents):
            text = " ".join(f"w{n}" for n in rng.zipf(1.3, 40) % words)
            file.write(json.dumps({"text": text}) + "\n")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs")
    write(folder / "human.jsonl", 0, 2000)
    for n in range(GENERATIONS):
        write(folder / "run" / f"generation_{n:02}" / "samples.jsonl", n + 1, 1000 // (n + 1) + 5)
    (folder / "shards").mkdir()
    write(folder / "shards" / "a.jsonl", 1, 500)
    write(folder / "shards" / "b.jsonl", 2, 500)
    return folder


@pytest.fixture(scope="module")
def generations(folder: Path) -> list[Path]:
    return sorted((folder / "run").iterdir())


def test_sixteen_generations_fit_one_screen(
    folder: Path, generations: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = run("compare", folder / "human.jsonl", *generations, *OPTIONS).stdout.splitlines()
    assert len(lines) <= 50
    assert max(map(len, lines)) <= 80
    rows = [line for line in lines if line[:2].isdigit()]
    assert len(rows) == 2 * GENERATIONS
    assert all("±" in row for row in rows[GENERATIONS:])


@pytest.mark.parametrize("columns", ["72", "90", "140"])
def test_the_width_is_that_of_the_variable(
    folder: Path, columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    for command in (
        ("compare", folder / "human.jsonl", folder / "run"),
        ("show", folder / "human.jsonl", "--spectrum", "--top", 3),
    ):
        out = run(*command, *OPTIONS).stdout
        assert max(map(len, out.splitlines())) <= int(columns)


@pytest.mark.parametrize("columns", ["", "0", "many", "-5"])
def test_a_variable_that_is_no_width_is_ignored(
    folder: Path, columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    usual = run("compare", folder / "human.jsonl", folder / "run", *OPTIONS).stdout
    monkeypatch.setenv("COLUMNS", columns)
    assert run("compare", folder / "human.jsonl", folder / "run", *OPTIONS).stdout == usual


def test_a_run_that_is_taken_as_one_corpus_is_told(folder: Path) -> None:
    human, runs = folder / "human.jsonl", folder / "run"
    result = run("compare", human, runs, "--json", *OPTIONS)
    assert result.stderr == (
        f"{runs} has 16 numbered subdirectories, counted as one corpus: `track {runs} --baseline "
        f"{human}` or --each compares them one by one\n"
    )
    (comparison,) = json.loads(result.stdout)["comparisons"]
    assert comparison["candidate"] == "run"


def test_other_directories_are_not(folder: Path, tmp_path: Path) -> None:
    write(tmp_path / "mixed" / "gen1" / "a.jsonl", 1, 300)
    write(tmp_path / "mixed" / "final" / "a.jsonl", 1, 300)
    write(tmp_path / "single" / "gen1" / "a.jsonl", 1, 300)
    for candidate in (folder / "shards", tmp_path / "mixed", tmp_path / "single"):
        assert run("compare", folder / "human.jsonl", candidate, *OPTIONS).stderr == ""


def test_each_generation_is_compared(folder: Path, generations: list[Path]) -> None:
    human = folder / "human.jsonl"
    one_by_one = run("compare", human, folder / "run", "--each", "--json", *OPTIONS)
    assert one_by_one.stderr == ""
    assert one_by_one.stdout == run("compare", human, *generations, "--json", *OPTIONS).stdout


def test_each_is_for_directories(folder: Path) -> None:
    human = folder / "human.jsonl"
    result = run("compare", human, human, "--each", *OPTIONS, code=2)
    assert "--each is for a directory with steps or generations" in result.stderr
    result = run("compare", human, folder / "shards", "--each", *OPTIONS, code=2)
    assert "number of a step" in result.stderr


@pytest.mark.parametrize("form", ["csv", "latex"])
def test_a_format_of_one_table_refuses_others(folder: Path, form: str) -> None:
    human = folder / "human.jsonl"
    for command, option in (
        (("compare", human, human), ("--examples", 3)),
        (("show", human), ("--top", 3)),
        (("show", human), ("--spectrum",)),
    ):
        result = run(*command, *option, "--format", form, *OPTIONS, code=2)
        assert f"{option[0]} adds tables, and --format {form} is one table" in result.stderr
        assert result.stdout == ""


@pytest.mark.parametrize("form", ["csv", "latex"])
def test_warnings_are_on_stderr_where_the_format_has_none(tmp_path: Path, form: str) -> None:
    write(tmp_path / "human.jsonl", 1, 300)
    write(tmp_path / "few.jsonl", 2, 300, documents=20)
    result = run(
        "compare", tmp_path / "human.jsonl", tmp_path / "few.jsonl", "--format", form, *OPTIONS
    )
    assert "warning: few: with only 20 documents" in result.stderr
    assert "coverage" not in result.stderr
    assert "warning" not in result.stdout


def test_only_news_is_warned_of(tmp_path: Path) -> None:
    write(tmp_path / "human.jsonl", 1, 3000)
    write(tmp_path / "same.jsonl", 2, 3000)
    command = ("compare", tmp_path / "human.jsonl", tmp_path / "same.jsonl", *OPTIONS)
    usual, everything = run(*command).stdout, run(*command, "--verbose").stdout
    assert "\n! " not in usual
    assert "\n! same: JS is within two standard errors of its floor" in everything


def test_the_steps_of_a_run_go_by_their_numbers(folder: Path) -> None:
    report = json.loads(run("track", folder / "run", "--every", 5, "--json", *OPTIONS).stdout)
    assert [one["name"] for one in report["corpora"]] == ["step 0", "step 5", "step 10", "step 15"]
