"""`simulate`: its tables, the answer to ``--need``, the generations that it keeps, and errors."""

import csv
import io
import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from chains import zipf_documents
from click.testing import CliRunner

import collapse_stats as cs
from collapse_stats.cli.group import program
from collapse_stats.cli.whole_number import TokenNumber
from collapse_stats.simulation.need import Need

VOCABULARY = 3000


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("simulate") / "human.jsonl"
    documents = zipf_documents(documents=400, length=60, vocabulary=VOCABULARY)
    path.write_text("".join(json.dumps({"input_ids": d.tolist()}) + "\n" for d in documents))
    return path


def run(*arguments: object, exit_code: int = 0):
    result = CliRunner(env={"COLUMNS": "80"}).invoke(program, list(map(str, arguments)))
    assert result.exit_code == exit_code, result.output
    return result


def simulate(corpus: Path, *arguments: object) -> str:
    return run("simulate", corpus, "--vocab-size", VOCABULARY, *arguments).stdout


def test_a_table_for_each_share(corpus):
    out = simulate(corpus, "--fresh", "0,0.1", "--generations", 3, "--runs", 2, "--tokens", "5k")
    assert max(map(len, out.splitlines())) <= 80
    assert "2 runs, a 4-gram model" in out
    assert "\nwithout human text\n" in out
    assert "\n10 % of each generation is human text that no generation had\n" in out
    rows = [line.split()[0] for line in out.splitlines() if re.match(r"(human|\d)  ", line)]
    assert rows == ["human", "1", "2", "3"] * 2
    flat = " ".join(out.split())
    assert re.search(
        r"generation 3 still has \d+\.\d % without human text, \d+\.\d % with 10 %", flat
    )


def test_the_object_has_what_cs_simulate_gives(corpus):
    options = ("--fresh", "0.1", "--generations", 2, "--tokens", "5k", "--seed", 4, "--json")
    report = json.loads(simulate(corpus, *options, "--human", "replay", "--keep", "accumulate"))
    assert report["schema"] == "collapse-stats.simulation/1"
    simulation = cs.simulate(
        corpus,
        2,
        fresh=0.1,
        tokens=5000,
        seed=4,
        human="replay",
        keep="accumulate",
        vocab_size=VOCABULARY,
    )
    (found,) = report["simulations"]
    for name, order, key in (("kl", 1, "kl_1_bits"), ("distinct", 1, "distinct_1")):
        values = [each["figures"][key]["runs"] for each in found["generations"]]
        assert np.transpose(values).tolist() == simulation.figure(name, order).tolist()
    assert found["generations"][0]["expected_distinct_1"] is None
    assert report["tokens"] == 5000


def test_rows_for_spreadsheets(corpus):
    out = simulate(corpus, "--fresh", "0,0.2", "--generations", 2, "--runs", 2, "--format", "csv")
    rows = [*csv.DictReader(io.StringIO(out))]
    assert [(row["fresh"], row["generation"], row["run"]) for row in rows] == [
        (fresh, generation, run) for fresh in ("0.0", "0.2") for generation in "12" for run in "12"
    ]
    assert all(float(row["distinct_1"]) > 0 for row in rows)


def test_changes_of_sampling_are_said(corpus):
    options = ("--temperature", 0.8, "--top-p", 0.95, "--noise", 0.1, "--fresh", 0)
    out = " ".join(simulate(corpus, *options, "--generations", 1).split())
    assert "temperature 0.8, top-p 0.95, noise 0.1" in out
    assert "closed form" not in out


def test_why_there_is_no_verdict_is_said(corpus):
    out = " ".join(simulate(corpus, "--tokens", 1000, "--fresh", 0, "--generations", 2).split())
    assert re.search(r"cannot tell: \w+ has 17 documents, but 64 are needed", out)
    assert "More tokens a generation are more documents." in out
    report = json.loads(simulate(corpus, "--tokens", "8k", "--fresh", 0, "--json"))
    assert report["cannot_tell"] is None


def test_a_profile_is_simulated_alone(corpus, tmp_path):
    saved = tmp_path / "human.profile"
    run("profile", corpus, "--vocab-size", VOCABULARY, "-o", saved)
    options = ("--fresh", 0, "--generations", 1, "--tokens", 5000, "--json")
    of_profile = json.loads(run("simulate", saved, *options).stdout)
    assert of_profile["simulations"] == json.loads(simulate(corpus, *options))["simulations"]
    said = run("simulate", saved, corpus, exit_code=2).stderr
    assert "is a saved profile: simulate it alone, or merge them first" in said


def test_generations_are_kept(corpus, tmp_path):
    folder = tmp_path / "kept"
    options = ("--fresh", "0,0.05", "--generations", 2, "--runs", 2, "-o", folder)
    said = run("simulate", corpus, "--vocab-size", VOCABULARY, *options).stderr
    assert f"  collapse-stats compare {folder}/human.jsonl {folder}/fresh-0/run-1 --each\n" in said
    files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.jsonl"))
    assert files == sorted(
        ["human.jsonl", "gen-0.jsonl"]
        + [f"fresh-{s}/run-{r}/gen-{g}.jsonl" for s in ("0", "0.05") for r in "12" for g in "12"]
    )
    simulation = cs.simulate(
        corpus, 2, vocab_size=VOCABULARY, runs=2, tokens=len(_tokens(folder / "gen-0.jsonl"))
    )
    of_run = np.concatenate(simulation.documents(2, 1)).tolist()
    assert _tokens(folder / "fresh-0/run-2/gen-2.jsonl") == of_run
    run("compare", folder / "human.jsonl", folder / "fresh-0" / "run-1", "--each")
    said = run("simulate", corpus, "-o", folder, exit_code=2).stderr
    assert f"{folder} exists: remove it, or choose another name" in said


def _tokens(path: Path) -> list[int]:
    return [i for line in path.read_text().splitlines() for i in json.loads(line)["input_ids"]]


def test_text_is_kept_with_its_tokens(tmp_path):
    path = tmp_path / "texts.jsonl"
    texts = [f"The {i % 7} of the {i % 11} is a {i}." for i in range(200)]
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    run("simulate", path, "--fresh", 0, "--generations", 1, "-o", tmp_path / "kept")
    lines = (tmp_path / "kept" / "gen-0.jsonl").read_text().splitlines()
    assert {json.loads(line)["text"] for line in lines} <= set(texts)
    assert [*json.loads(lines[0])] == ["text", "input_ids"]


def test_the_answer_is_the_smallest_share_that_does(corpus):
    """Each answer does with its seed, and the next smaller one that was tried does not."""
    options = (
        "--tokens",
        3000,
        "--generations",
        1,
        "--fresh",
        0,
        "--need",
        "distinct_3 >= 0.75 at 4",
    )
    answer = json.loads(simulate(corpus, *options, "--json"))["needed"]

    def ratio(share: float, seed: int) -> float:
        found = cs.simulate(corpus, 4, fresh=share, seed=seed, tokens=3000, vocab_size=VOCABULARY)
        return float(found.figure("size_matched_distinct_ratio", 3)[0, -1])

    assert answer["most"] > 0.8
    for seed, share in enumerate(answer["shares"]):
        assert answer["at_most"][seed] == ratio(answer["most"], seed)
        assert ratio(share, seed) >= 0.75
        assert ratio(share - answer["most"] / 128, seed) < 0.75
    closed = answer["closed_form"]
    step = answer["most"] / 128
    for share, does in ((closed, True), (closed - step, False)):
        expected = cs.simulate(
            corpus, 4, fresh=share, tokens=3000, vocab_size=VOCABULARY
        ).expected_types
        assert (expected[-1] >= 0.75 * expected[0]) == does
    out = " ".join(simulate(corpus, *options).split())
    low, middle, high = (f"{100 * share:.1f}" for share in sorted(answer["shares"]))
    assert (
        f"distinct_3 >= 0.75 at 4 takes {middle} % fresh human text in each generation "
        f"(3 seeds: {low} to {high} %)"
    ) in out
    assert f"with {100 * closed:.1f} %, generation 4 has 75 %" in out


def test_what_cannot_be_reached_is_said(corpus):
    out = simulate(corpus, "--need", "distinct_3 >= 5 at 2", "--fresh", 0, "--generations", 1)
    flat = " ".join(out.split())
    assert "distinct_3 >= 5 at 2 is not reached with" in flat
    assert "% fresh human text, the most that there is: the figure is" in flat
    assert "more documents, leave more in reserve" in flat
    report = simulate(
        corpus, "--need", "distinct_3 >= 5 at 2", "--fresh", 0, "--human", "replay", "--json"
    )
    answer = json.loads(report)["needed"]
    assert answer["shares"] == [None] * 3
    assert answer["most"] == 1


def test_a_need_that_is_met_without_human_text(corpus):
    out = " ".join(simulate(corpus, "--need", "kl_1 <= 100 at 2", "--fresh", 0).split())
    assert "kl_1 <= 100 at 2 takes 0.0 % fresh human text in each generation" in out
    assert "closed form says" not in out


@pytest.mark.parametrize(
    ("sign", "value", "is_met"),
    [
        (">=", 1.0, True),
        (">", 1.0, False),
        ("<=", 1.0, True),
        ("<", 1.0, False),
        (">=", None, False),
    ],
)
def test_signs(sign, value, is_met):
    assert Need("", "kl", 1, sign, 1.0, 1).is_met(value) == is_met


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--fresh 0,x", "expected shares separated by commas"),
        ("--fresh 1.5", "a share must be between 0 and 1, got 1.5"),
        ("--temperature 0", "temperature must be above 0"),
        ("--top-p 1.5", "top_p must be above 0 and at most 1, got 1.5"),
        ("--noise -1", "noise must be a share between 0 and 1, got -1"),
        ("--tokens x", "'x' is not a number of tokens, such as 200000 or 200k"),
        ("--tokens 10M", "generations of 10,000,000 tokens take as many in the half"),
        (
            "--tokens 10k --fresh 0.5",
            "fresh text for 10 generations of 10,000 tokens, 50 % of each",
        ),
        ("--generations 0", "it must be at least 1, got 0"),
        ("--need distinct_3", "expected FIGURE_ORDER, one of > >= < <=, a number, and 'at'"),
        ("--need 'distict_3 >= 1 at 2'", "got 'distict' (did you mean 'distinct'?)"),
        ("--need 'distinct_9 >= 1 at 2'", "the order must be between 1 and 5"),
        ("--need 'distinct_3 >= 1 at 0'", "the generation must be between 1 and 1,000, got 0"),
        ("--limit-documents 63", "a simulation needs 64 documents or more"),
    ],
)
def test_mistakes_are_said_in_one_line(corpus, arguments, message):
    said = run("simulate", corpus, *shlex.split(arguments), exit_code=2).stderr
    assert message in said
    assert said.startswith("collapse-stats: error: ")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "number"), [("200k", 200_000), ("1.5M", 1_500_000), ("7", 7), ("0.1k", 100)]
)
def test_numbers_of_tokens(text, number):
    assert TokenNumber().convert(text, None, None) == number
