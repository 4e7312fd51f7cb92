"""``calibrate``, and ``--limits`` of ``compare`` and ``track``."""

import json
from itertools import permutations
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from click.testing import CliRunner, Result

from collapse_stats.cli.group import program
from collapse_stats.report import schema

IDS = ("--vocab-size", 3000, "--backend", "numpy")


def run(*args: object, code: int = 0) -> Result:
    result = CliRunner().invoke(program, [str(arg) for arg in args])
    assert result.exit_code == code, (result.stdout, result.stderr, result.exception)
    return result


def refused(*args: object) -> str:
    result = run(*args, code=2)
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    return line


def write(path: Path, seed: int, loops: float) -> Path:
    """Documents of which a share repeats a line of its own, as logs and tables do."""
    rng = np.random.default_rng(seed)
    p = 1 / (np.arange(3000) + 2.7)
    documents = rng.choice(3000, size=(300, 80), p=p / p.sum()).tolist()
    for number in range(round(loops * len(documents))):
        documents[number][30:] = (documents[number][:10] * 5)[:50]
    path.write_text("".join(json.dumps({"input_ids": ids}) + "\n" for ids in documents))
    return path


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Logs of five programs, four of which are for calibration."""
    folder = tmp_path_factory.mktemp("logs")
    loops = {"mail": 0.0, "web": 0.1, "disk": 0.3, "cron": 0.2, "login": 0.25, "stuck": 1.0}
    return {
        name: write(folder / f"{name}.jsonl", seed, share)
        for seed, (name, share) in enumerate(loops.items())
    }


@pytest.fixture(scope="module")
def limits(logs: dict[str, Path]) -> Path:
    path = logs["mail"].with_name("limits.json")
    corpora = [logs[name] for name in ("mail", "web", "disk", "cron")]
    result = run("calibrate", *corpora, *IDS, "-o", path)
    assert "Limits of the verdict from 4 human corpora: mail, web, disk, cron" in result.stdout
    assert "disk against mail" in result.stdout
    assert "! limits of 4 human corpora are rough" in result.stdout
    return path


def test_the_file_says_what_it_was_made_from(limits: Path) -> None:
    content = json.loads(limits.read_bytes())
    assert content["schema"] == "collapse-stats.limits/1"
    assert content["tokenizer"] == {"spec": "none", "sha256": None, "library": None}
    assert content["vocab_size"] == 3000
    corpora = [
        {"name": n, "tokens": 24_000, "documents": 300} for n in ("mail", "web", "disk", "cron")
    ]
    assert content["corpora"] == corpora
    alarmed = [pair for pair in content["pairs"] if pair["verdict_builtin"] == "loss of tail"]
    counted = content["verdicts"]["builtin"]
    assert counted["pairs"] == 12
    assert counted["false_alarms"] == len(alarmed) == 3  # cron and disk against mail, disk, web
    assert 0 < counted["low"] < counted["share"] == 3 / 12 < counted["high"] < 1
    assert content["verdicts"]["calibrated"]["false_alarms"] == 0
    assert {
        constant["value"] >= constant["builtin"] for constant in content["constants"].values()
    } == {True}


def test_compare_uses_the_limits_and_names_them(logs: dict[str, Path], limits: Path) -> None:
    sides = [logs["mail"], logs["login"], logs["stuck"]]
    before = json.loads(run("compare", *sides, *IDS, "--json").stdout)
    after = json.loads(run("compare", *sides, *IDS, "--json", "--limits", limits).stdout)
    verdicts = [
        [each["verdict"] for each in report["comparisons"][:2]] for report in (before, after)
    ]
    assert verdicts[0] == ["loss of tail", "collapse"]
    assert verdicts[1][0] in ("drift", "within floor", "cannot tell")
    assert verdicts[1][1] == "collapse"
    jsonschema.validate(after, schema())
    for report, name, number in ((before, "builtin", 0), (after, "limits.json", 4)):
        for comparison in report["comparisons"]:
            assert comparison["limits"]["name"] == name
            assert len(comparison["limits"]["human_corpora"]) == number
    values = json.loads(limits.read_bytes())["constants"]
    constants = after["comparisons"][0]["constants"]
    assert constants == {name: constant["value"] for name, constant in values.items()}
    table = " ".join(run("compare", *sides, *IDS, "--limits", limits).stdout.split())
    assert (
        "Limits of the verdicts: limits.json, from human corpora (mail, web, disk, cron)." in table
    )
    assert "under the builtin limits it would be loss of tail" in table
    assert "Limits of the verdicts" not in run("compare", *sides, *IDS).stdout


def test_saved_profiles_are_corpora_as_well(
    logs: dict[str, Path], limits: Path, tmp_path: Path
) -> None:
    names = ("mail", "web", "disk", "cron")
    for name in names:
        run("profile", logs[name], *IDS, "-o", tmp_path / f"{name}.profile", "--max-order", 2)
    paths = [tmp_path / "mail.profile", logs["web"], tmp_path / "disk.profile", logs["cron"]]
    run("calibrate", *paths, *IDS, "-o", tmp_path / "again.json")
    assert json.loads((tmp_path / "again.json").read_bytes()) == json.loads(limits.read_bytes())
    saved = [tmp_path / "mail.profile", tmp_path / "disk.profile"]
    report = json.loads(run("compare", *saved, "--json", "--limits", limits).stdout)
    assert report["comparisons"][0]["limits"]["name"] == "limits.json"


@pytest.mark.parametrize("baseline", [False, True])
def test_track_uses_the_limits(
    logs: dict[str, Path], limits: Path, tmp_path: Path, baseline: bool
) -> None:
    run_folder = tmp_path / "run"
    run_folder.mkdir()
    for step, name in enumerate(("web", "login", "disk")):
        (run_folder / f"step-{step}.jsonl").write_bytes(logs[name].read_bytes())
    options = ["--baseline", logs["mail"]] if baseline else []
    report = json.loads(
        run("track", run_folder, *options, *IDS, "--json", "--limits", limits).stdout
    )
    assert {each["limits"]["name"] for each in report["comparisons"]} == {"limits.json"}
    verdicts = {each["verdict"] for each in report["comparisons"]}
    assert not verdicts & {"loss of tail", "collapse"}


def test_order_and_names_do_not_decide(logs: dict[str, Path], tmp_path: Path) -> None:
    found = []
    for number, names in enumerate(permutations(("mail", "disk"))):
        path = tmp_path / f"{number}.json"
        run("calibrate", *(logs[name] for name in names), *IDS, "-o", path)
        found.append(json.loads(path.read_bytes())["constants"])
    assert found[0] == found[1]


def test_what_is_refused(logs: dict[str, Path], limits: Path, tmp_path: Path) -> None:
    mail, web = logs["mail"], logs["web"]
    out = tmp_path / "new.json"
    assert "got 1: give two or more" in refused("calibrate", mail, *IDS, "-o", out)
    assert "share documents" in refused("calibrate", mail, mail, *IDS, "-o", out)
    assert "Missing option '-o'" in refused("calibrate", mail, web, *IDS)
    said = refused("calibrate", mail, web, *IDS, "-o", tmp_path / "none" / "new.json")
    assert "cannot write" in said
    assert "would replace a file to be read" in refused("calibrate", mail, web, *IDS, "-o", web)
    few = write(tmp_path / "few.jsonl", 9, 0.0)
    few.write_text("".join(few.read_text().splitlines(keepends=True)[:40]))
    assert "few has 40 documents, but 64" in refused("calibrate", mail, few, *IDS, "-o", out)
    assert not out.exists()
    said = refused("compare", mail, web, *IDS, "--limits", limits, "--human", logs["disk"])
    assert "leave it out, or --limits" in said
    said = refused("compare", mail, web, *IDS, "--limits", limits, "-o", limits)
    assert "would replace a file to be read" in said
    said = refused("compare", mail, web, *IDS, "--limits", tmp_path / "none.json")
    assert "cannot read" in said
    said = refused("compare", mail, web, "--vocab-size", 4000, "--limits", limits)
    assert "3,000 token ids, got mail with 4,000" in said
    texts = tmp_path / "text.jsonl"
    texts.write_text('{"text": "some words"}\n' * 80)
    said = refused("compare", texts, texts, "--limits", limits)
    assert "the limits of limits.json are for tokens of none" in said
    assert "calibrate again" in said
    said = refused("track", tmp_path, "--limits", mail)
    assert "is damaged, or no file of limits" in said
