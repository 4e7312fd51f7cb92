"""Trajectories from the command line: `compare --successive`, `track`, and limits of series."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from reports import documents

import collapse_stats as cs
from collapse_stats.cli.group import program
from collapse_stats.cli.steps import rising_numbers

IDS = (900, 640, 460, 330, 240, 170)
OPTIONS = ("--vocab-size", 1500, "--max-order", 3)


def write(path: Path, docs: list[Any]) -> Path:
    path.write_text("".join(json.dumps({"input_ids": each.tolist()}) + "\n" for each in docs))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Human text, and six steps of a run that narrows."""
    folder = tmp_path_factory.mktemp("run")
    write(folder / "human.jsonl", documents(1, 1200, number=80))
    (folder / "steps").mkdir()
    for i, ids in enumerate(IDS):
        write(folder / "steps" / f"step-{100 * i + 50}.jsonl", documents(i + 2, ids, number=80))
    return folder


def run(*args: object, code: int = 0) -> Result:
    result = CliRunner().invoke(program, [*map(str, args), *map(str, OPTIONS)])
    assert result.exit_code == code, (result.output, result.exception)
    return result


def compared(folder: Path, *args: object, code: int = 0) -> Result:
    steps = [folder / "steps" / f"step-{100 * i + 50}.jsonl" for i in range(len(IDS))]
    return run("compare", folder / "human.jsonl", *steps, *args, code=code)


def test_successive_adds_the_trajectory_and_changes_nothing_else(folder: Path) -> None:
    without = json.loads(compared(folder, "--json").stdout)
    report = json.loads(compared(folder, "--successive", "--json").stdout)
    trajectory = report.pop("trajectory")
    assert report == without
    assert trajectory["steps"] == [50, 150, 250, 350, 450, 550]
    assert trajectory["looks"] == 1
    assert not trajectory["from_first"]
    corpora = [folder / "steps" / f"step-{n}.jsonl" for n in trajectory["steps"]]
    expected = cs.trajectory(
        folder / "human.jsonl",
        corpora,
        steps=trajectory["steps"],
        vocab_size=1500,
        max_order=3,
    ).to_dict()["trajectory"]
    for key in ("baseline", "names", "sentence"):  # the command leaves out the ends of names
        del trajectory[key], expected[key]
    assert trajectory == expected


def test_the_page_fits_and_says_what_becomes_of_the_run(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    text = compared(folder, "--successive").stdout
    assert max(map(len, text.splitlines())) <= 80
    for words in ("As a trajectory, ", "moved", "2-gram JS", "worse from", "last half"):
        assert words in text
    assert "moved" not in compared(folder).stdout


def test_a_pattern_that_does_not_count_up_is_warned_of(folder: Path) -> None:
    steps = sorted((folder / "steps").iterdir())  # step-450, step-50, step-550
    words = "warning: the candidates are taken as a run in the order"
    assert words in run("compare", folder / "human.jsonl", *steps).stderr
    steps.sort(key=lambda path: int(path.stem.partition("-")[2]))
    assert words not in run("compare", folder / "human.jsonl", *steps).stderr


def test_saved_profiles_give_the_same(folder: Path, tmp_path: Path) -> None:
    paths = [folder / "human.jsonl", *sorted((folder / "steps").iterdir())]
    for path in paths:
        run("profile", path, "-o", tmp_path / path.stem)
    names = [tmp_path / path.stem for path in paths]
    result = CliRunner().invoke(program, ["compare", *map(str, names), "--successive", "--json"])
    assert result.exit_code == 0, result.output
    of_text = json.loads(run("compare", *paths, "--successive", "--json").stdout)["trajectory"]
    assert json.loads(result.stdout)["trajectory"] == of_text


def test_track_gives_it_from_four_compared_steps_on(folder: Path) -> None:
    report = json.loads(run("track", folder / "steps", "--json").stdout)
    trajectory = report["trajectory"]
    assert trajectory["steps"] == [150, 250, 350, 450, 550]
    assert trajectory["from_first"]
    assert trajectory["looks"] == 5
    assert trajectory["baseline"] == "step 50"
    assert trajectory["moved"]["js_bits/1"]["values"][0] is not None
    assert "trajectory" not in json.loads(
        run("track", folder / "steps", "--every", 2, "--json").stdout
    )
    with_human = run("track", folder / "steps", "--baseline", folder / "human.jsonl", "--json")
    trajectory = json.loads(with_human.stdout)["trajectory"]
    assert trajectory["steps"] == [50, 150, 250, 350, 450, 550]
    assert not trajectory["from_first"]
    assert trajectory["moved"]["js_bits/1"]["values"][0] is None


@pytest.mark.parametrize(
    ("expression", "crossed"),
    [
        ("onset_distinct_1 < 500", "it is worse from step 150 on"),
        ("onset_size_matched_distinct_ratio_1<=150", "it is worse from step 150 on"),
        ("onset_distinct_1 < 100", None),
        ("onset_js_3 < 500", None),
        ("trend_distinct_1 < 0", "the slope is -0.0"),
        ("trend_distinct_1 > 0", None),
        ("trend_kl_bits_1 > 0", "the slope is 0.0"),
    ],
)
def test_limits_of_a_series(folder: Path, expression: str, crossed: str | None) -> None:
    code = 0 if crossed is None else 1
    for result in (
        compared(folder, "--fail-on", expression, "--json", code=code),
        run("track", folder / "steps", "--fail-on", expression, "--json", code=code),
    ):
        assert json.loads(result.stdout)["trajectory"]
        assert result.stderr.count("crossed") == code
        assert (crossed or "") in result.stderr


def test_track_fails_on_a_figure_of_a_step(folder: Path) -> None:
    result = run("track", folder / "steps", "--fail-on", "kl_1 > 0", "--json", code=1)
    assert result.stderr.count("crossed: step ") == 5
    refused = run("track", folder / "steps", "--fail-on", "kl_4 > 0", code=2)
    assert "between 1 and 3, the longest n-gram counted, got 4" in refused.stderr


@pytest.mark.parametrize(
    ("steps", "expression", "words"),
    [
        (1, "onset_js_1 < 3", "it needs two steps or more, in the order of the run"),
        (3, "trend_js_1 > 0", "the interval of a slope needs 5 steps or more with this figure"),
    ],
)
def test_too_few_steps_for_a_limit(folder: Path, steps: int, expression: str, words: str) -> None:
    paths = sorted((folder / "steps").iterdir())[:steps]
    sides = [folder / "human.jsonl", *paths]
    result = run("compare", *sides, "--fail-on", expression)
    assert f"warning: {expression} cannot be checked: {words}" in result.stderr
    run("compare", *sides, "--fail-on", expression, "--strict", code=1)


def test_an_onset_needs_errors(folder: Path, tmp_path: Path) -> None:
    few = write(tmp_path / "step-60.jsonl", documents(9, 100, number=20))
    first = folder / "steps" / "step-50.jsonl"
    result = run("compare", folder / "human.jsonl", first, few, "--fail-on", "onset_js_1 < 99")
    assert "needs a standard error at each step, and step-60 has none" in result.stderr


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("onset_js < 3", "expected onset_FIGURE_ORDER or trend_FIGURE_ORDER"),
        ("trend_1 < 3", "expected onset_FIGURE_ORDER or trend_FIGURE_ORDER"),
        ("onset_chao1_1 < 3", "the figure of onset_ must be one of distinct, kl"),
        ("trend_js_9 < 0", "the order must be between 1 and 3"),
        ("onset_js_1 < nan", "expected onset_FIGURE_ORDER"),
    ],
)
def test_what_is_no_limit_of_a_series_is_refused(folder: Path, expression: str, words: str) -> None:
    result = compared(folder, "--fail-on", expression, code=2)
    assert words in " ".join(result.stderr.split())


def test_a_single_candidate_is_no_run(folder: Path) -> None:
    first = folder / "steps" / "step-50.jsonl"
    result = run("compare", folder / "human.jsonl", first, "--successive", code=2)
    assert "--successive needs two candidates or more" in result.stderr


@pytest.mark.parametrize(
    ("names", "numbers"),
    [
        (["gen0", "gen1", "gen10"], [0, 1, 10]),
        (["step 50", "step 150"], [50, 150]),
        (["runs/a2/gen-3.jsonl", "gen-4"], [3, 4]),
        (["gen1", "gen1b"], None),
        (["gen2", "gen1"], None),
        (["first", "gen1"], None),
    ],
)
def test_numbers_of_steps(names: list[str], numbers: list[int] | None) -> None:
    assert rising_numbers(names) == numbers
