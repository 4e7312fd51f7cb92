"""``--perplexity`` of `compare` and `track`, and limits on rare tokens."""

import io
import json
import os
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from click.testing import CliRunner, Result

import collapse_stats as cs
from collapse_stats.cli.group import program
from collapse_stats.report import schema

IDS = ("--vocab-size", 3000, "--max-order", 3, "--backend", "numpy")


def run(*args: object, code: int = 0) -> Result:
    result = CliRunner().invoke(program, [str(arg) for arg in args])
    assert result.exit_code == code, (result.stdout, result.stderr, result.exception)
    return result


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Documents of ids: human text, and generations with ever fewer documents that are like it."""
    folder = tmp_path_factory.mktemp("generations")
    (folder / "run").mkdir()
    rng = np.random.default_rng(0)
    names = ("human", *(f"run/gen{n}" for n in range(4)))
    p = 1 / (np.arange(2500) + 2.7)
    for name, share in zip(names, (1, 1, 0.4, 0.15, 0.05), strict=True):
        tokens = rng.choice(2500, size=(200, 60), p=p / p.sum())
        tokens[int(200 * share) :] %= 20
        lines = [json.dumps({"input_ids": document}) for document in tokens.tolist()]
        (folder / f"{name}.jsonl").write_text("\n".join(lines))
    return folder


@pytest.fixture(scope="module")
def generations(folder: Path) -> list[Path]:
    return [folder / "run" / f"gen{n}.jsonl" for n in range(4)]


def found(result: Result) -> list[dict]:
    report = json.loads(result.stdout)
    jsonschema.validate(report, schema())
    first = report["corpora"][0]["name"]
    return [each for each in report["comparisons"] if each["baseline"] == first]


def excess(comparison: dict, name: str) -> float:
    bands = comparison["rare_perplexity"]["bands"]
    return next(band["excess_bits"]["value"] for band in bands if band["band"] == name)


def test_generations_that_lose_ids_rise(folder: Path, generations: list[Path]) -> None:
    compared = found(run("compare", folder / "human.jsonl", *generations, *IDS, "--json",
                         "--perplexity", 2))  # fmt: skip
    assert {each["rare_perplexity"]["order"] for each in compared} == {2}
    for name in ("5-8", "9-64"):
        values = [excess(each, name) for each in compared]
        assert values == sorted(values)
    human, last = (
        cs.profile(path, vocab_size=3000, max_order=3, backend="numpy")
        for path in (folder / "human.jsonl", generations[-1])
    )
    expected = cs.compare(human, last).rare_perplexity(2).to_dict()
    assert compared[-1]["rare_perplexity"]["bands"] == expected["bands"]


def test_without_the_option_there_is_nothing(folder: Path, generations: list[Path]) -> None:
    result = run("compare", folder / "human.jsonl", generations[0], *IDS, "--json")
    assert "rare_perplexity" not in result.stdout
    assert "rare 5-8x" not in run("compare", folder / "human.jsonl", generations[0], *IDS).stdout


def test_the_number_may_be_left_out_anywhere(folder: Path, generations: list[Path]) -> None:
    human, gen = folder / "human.jsonl", generations[3]
    lines = (
        ("compare", "--perplexity", human, gen, *IDS, "--json"),
        ("compare", human, gen, "--perplexity", *IDS, "--json"),
        ("compare", human, gen, *IDS, "--json", "--perplexity"),
        ("compare", human, gen, *IDS, "--json", "--perplexity=3"),
        ("compare", "--perplexity", 3, *IDS, "--json", "--", human, gen),
    )
    first, *others = (found(run(*line)) for line in lines)
    assert first[0]["rare_perplexity"]["order"] == 3
    assert all(other == first for other in others)


def test_saved_profiles_have_it(folder: Path, generations: list[Path], tmp_path: Path) -> None:
    for name, path in (("human", folder / "human.jsonl"), ("gen", generations[2])):
        run("profile", path, "-o", tmp_path / name, *IDS)
    saved = found(run("compare", tmp_path / "human", tmp_path / "gen", "--json", "--perplexity"))
    read = found(run("compare", folder / "human.jsonl", generations[2], *IDS, "--json",
                     "--perplexity"))  # fmt: skip
    assert saved[0]["rare_perplexity"]["bands"] == read[0]["rare_perplexity"]["bands"]
    result = run("compare", tmp_path / "human", tmp_path / "gen", "--perplexity", 4, code=2)
    assert "--perplexity 4: the order must be between 1 and 3" in result.stderr


def test_track_has_it(folder: Path) -> None:
    run_of = folder / "run"
    with_baseline = found(run("track", run_of, "--baseline", folder / "human.jsonl", *IDS, "--json",
                              "--perplexity"))  # fmt: skip
    assert [excess(each, "9-64") for each in with_baseline] == sorted(
        excess(each, "9-64") for each in with_baseline
    )
    alone = found(run("track", "--perplexity", run_of, *IDS, "--json"))
    assert len(alone) == 3
    assert excess(alone[-1], "9-64") > excess(alone[0], "9-64")
    assert "rare 9-64x" in run("track", run_of, *IDS, "--perplexity").stdout


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("rare_bits_9_64 > 0.5", 1),
        ("rare_bits_9_64 > 50", 0),
        ("rare_bits_5_8>=0.2", 1),
        ("rare_bits_65_up < -1e3", 0),
        ("rare_bits_all > 0", 1),
    ],
)
def test_fail_on(folder: Path, generations: list[Path], expression: str, code: int) -> None:
    human, gen = folder / "human.jsonl", generations[2]
    result = run("compare", human, gen, *IDS, "--fail-on", expression, code=code)
    assert (f"crossed: gen2: {expression} (it is " in result.stderr) == bool(code)
    assert "rare 9-64x" in result.stdout  # the limit asks for the figure


def test_a_limit_that_cannot_be_checked_warns(folder: Path, tmp_path: Path) -> None:
    few = tmp_path / "few.jsonl"
    lines = (folder / "human.jsonl").read_text().splitlines()[:20]
    few.write_text("\n".join(lines))
    limit = ("--fail-on", "rare_bits_9_64 > 1")
    result = run("compare", folder / "human.jsonl", few, *IDS, *limit)
    assert "few: rare_bits_9_64 > 1 cannot be checked: the perplexity of rare" in result.stderr
    run("compare", folder / "human.jsonl", few, *IDS, *limit, "--strict", code=1)
    same = tmp_path / "same.jsonl"
    same.write_text("\n".join(json.dumps({"input_ids": [1, 2] * 30}) for _ in range(200)))
    result = run("compare", folder / "human.jsonl", same, *IDS, *limit)
    assert "cannot be checked: the candidate's model has never seen" in result.stderr


@pytest.mark.parametrize(
    "expression",
    ["rare_bits > 1", "rare_bits_never > 1", "rare_bits_7 > 1", "rare_bits_9_64 > x",
     "rare_bits_9_64", "rare_bits_9-64 > 1"],
)  # fmt: skip
def test_fail_on_refuses(folder: Path, generations: list[Path], expression: str) -> None:
    result = run("compare", folder / "human.jsonl", generations[0], "--fail-on", expression, code=2)
    assert "'rare_bits_9_64 > 4'" in result.stderr


@pytest.mark.parametrize("order", ["0", "4", "x3"])
def test_orders_that_are_not_counted_are_refused(
    folder: Path, generations: list[Path], order: str
) -> None:
    result = run("compare", folder / "human.jsonl", generations[0], *IDS, f"--perplexity={order}",
                 code=2)  # fmt: skip
    assert "perplexity" in result.stderr
    assert result.stdout == ""


DATA = Path(os.environ.get("COLLAPSE_STATS_DATA", Path(__file__).parents[3] / "shared" / "data"))
FILE = DATA / "gens_gemma3_wikitext2_ratio50.jsonl.zst"


@pytest.mark.slow
def test_generations_of_a_large_model_rise_from_the_first_on(tmp_path: Path) -> None:
    """Gemma, trained again and again on its own text and that of Wikipedia."""
    if not FILE.exists():
        pytest.skip(f"no {FILE}: set COLLAPSE_STATS_DATA to the folder of real corpora")
    zstandard = pytest.importorskip("zstandard")
    chosen = (1, 2, 3, 5, 8, 12)
    texts: dict[str, list[str]] = {}
    with FILE.open("rb") as raw:
        reader = zstandard.ZstdDecompressor(max_window_size=2**27).stream_reader(raw)
        for row in map(json.loads, io.TextIOWrapper(reader, "utf-8")):
            number, is_human = int(row["gen"]), row["kind"] == "human"
            if (number == 0) if is_human else (number in chosen):
                name = "human" if is_human else f"gen{number:02}"
                texts.setdefault(name, []).append(json.dumps({"text": row["text"]}))
    for name, lines in texts.items():
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines))
    paths = [tmp_path / f"gen{number:02}.jsonl" for number in chosen]
    compared = found(run("compare", tmp_path / "human.jsonl", *paths, "--max-order", 3, "--json",
                         "--perplexity"))  # fmt: skip
    for name in ("5-8", "9-64"):
        values = [excess(each, name) for each in compared]
        assert values == sorted(values)
        assert values[0] > 1.5
        assert values[-1] > values[0] + 2
