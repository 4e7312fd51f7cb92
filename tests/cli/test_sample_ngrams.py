"""`profile --sample-ngrams` and what `show`, `compare` and `card` say of such a profile."""

import json
import random
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner

from collapse_stats.cli import program
from collapse_stats.report.figures import schema

LETTERS = "abcdefghijklmnopqrstuvwxyz"
OPTIONS = ["--tokenizer", "bytes", "--max-order", "4", "--memory", "900MB"]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    path = tmp_path_factory.mktemp("sampled") / "corpus.jsonl"
    rng = random.Random(1)
    words = ["".join(rng.choices(LETTERS, k=rng.randint(1, 6))) for _ in range(900)]
    texts = [" ".join(rng.choices(words, k=60)) for _ in range(200)]
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    return path


@pytest.fixture(scope="module")
def profile(corpus):
    path = corpus.parent / "sampled"
    code, output = run("profile", corpus, "-o", path, "--sample-ngrams", "1/16", *OPTIONS)
    assert code == 0, output
    return path


def run(*args: object) -> tuple[int, str]:
    result = CliRunner().invoke(program, list(map(str, args)))
    return result.exit_code, result.output


def test_the_report_has_errors(profile):
    code, output = run("show", profile, "--json")
    assert code == 0, output
    report = json.loads(output)
    jsonschema.validate(report, schema())
    orders = report["corpora"][0]["orders"]
    assert "sampled" not in orders["1"]
    assert orders["2"]["entropy_bits"]["plugin"] is None  # too few 2-grams of letters are kept
    for n in ("3", "4"):
        assert orders[n]["sampled"]["one_of"] == 16
        errors = orders[n]["sampled"]["errors"]
        assert errors["windows"] == 0
        assert 0 < errors["distinct"] < orders[n]["distinct"]
        assert errors["entropy_bits"].keys() == orders[n]["entropy_bits"].keys()
        error = orders[n]["intervals"]["entropy_bits"]["error"]
        assert error > errors["entropy_bits"]["chao-wang-jost"] > 0


def test_the_table_says_what_was_kept(profile):
    code, output = run("show", profile)
    assert code == 0
    assert "one in 16 n-grams was kept: errors of sampling, 2 SE" in output
    assert "errors of sampling: two standard errors" in output
    assert max(map(len, output.splitlines())) <= 100


def test_counts_have_no_such_table(corpus):
    code, output = run("show", corpus, *OPTIONS)
    assert code == 0
    assert "sampling" not in output


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["show", "{}", "--top", "3"], "keeps one in 16 n-grams, and not the table of all"),
        (["compare", "{}", "{}", "--examples", "3"], "--sample-ngrams"),
    ],
)
def test_what_needs_the_table_is_refused_in_a_sentence(profile, args, message):
    code, output = run(*(str(arg).format(profile) for arg in args))
    assert code == 2
    assert message in " ".join(output.split())
    assert "Traceback" not in output


@pytest.mark.parametrize("share", ["1/3", "0.5", "1/0", "many", "1/10000", "-1/64"])
def test_a_wrong_share_is_refused(corpus, tmp_path, share):
    code, output = run("profile", corpus, "-o", tmp_path / "p", f"--sample-ngrams={share}")
    assert code == 2
    assert "with a power of two K from 2 to 4096, such as 1/64" in " ".join(output.split())


def test_figures_of_few_kept_ngrams_are_null_with_a_warning(tmp_path):
    path = tmp_path / "short.txt"
    path.write_text("a few words in one document\n")
    code, output = run("profile", path, "-o", tmp_path / "p", "--sample-ngrams", "1/64", *OPTIONS)
    assert code == 0, output
    report = json.loads(run("show", tmp_path / "p", "--json")[1])["corpora"][0]
    assert report["orders"]["2"]["entropy_bits"]["plugin"] is None
    assert report["orders"]["1"]["entropy_bits"]["plugin"] is not None
    assert any("fewer than 64 of the n-grams were kept" in each for each in report["warnings"])


@pytest.mark.parametrize("form", ["markdown", "json", "croissant"])
def test_a_card_is_made_of_it(profile, form):
    code, output = run("card", profile, "--format", form)
    assert code == 0, output
    assert output


def test_units_have_nothing_to_reduce(corpus, tmp_path):
    work = ["--work-dir", tmp_path / "work", "--unit-tokens", "5k", "--sample-ngrams", "1/16"]
    (tmp_path / "corpus").mkdir()
    for number, lines in enumerate(Path(corpus).read_text().splitlines()[:20]):
        (tmp_path / "corpus" / f"{number:02}.jsonl").write_text(lines + "\n")
    command = ["profile", tmp_path / "corpus", "-o", tmp_path / "p", *work, *OPTIONS]
    assert run(*command, "--task", "0/1")[0] == 0
    code, output = run(*command, "--reduce", "0/2")
    assert code == 2
    assert "leave --reduce out, and run --finish" in " ".join(output.split())
    assert run(*command, "--finish")[0] == 0
    other = [each if each != "1/16" else "1/32" for each in command]
    code, output = run(*other[:4], tmp_path / "q", *other[5:])
    assert code == 2
