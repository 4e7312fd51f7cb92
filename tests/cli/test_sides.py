"""``--for-baseline`` and ``--for-candidates``: options of reading for one side."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from reader_helpers import write_lines

import collapse_stats as cs
from collapse_stats.cli.group import program
from collapse_stats.readers.options import ReadOptions
from collapse_stats.system.option import options_in

TURNS = [{"role": "user", "content": "abc"}, {"role": "assistant", "content": "de"}]
COMMON = ("--tokenizer", "bytes", "--max-order", "1", "--backend", "numpy")


def run(*arguments: object, code: int = 0) -> Result:
    result = CliRunner().invoke(program, [*map(str, arguments)])
    assert result.exit_code == code, (result.stdout, result.stderr)
    return result


def tokens(*arguments: object) -> list[int]:
    report = json.loads(run("compare", *arguments, *COMMON, "--json").stdout)
    return [corpus["tokens"] for corpus in report["corpora"]]


@pytest.fixture
def sides(tmp_path: Path) -> tuple[Path, Path]:
    human = write_lines(tmp_path / "human.jsonl", [{"body": "a human wrote this"}] * 3)
    chats = write_lines(tmp_path / "chats.jsonl", [{"messages": TURNS}] * 4)
    return human, chats


def test_each_side_has_its_own_options(sides: tuple[Path, Path]) -> None:
    human, chats = sides
    text = 3 * len("a human wrote this")
    own = ("--for-baseline", "text-key=body")
    assert tokens(human, chats, *own) == [text, 4 * len("abc\n\nde")]
    assert tokens(human, chats, *own, "--for-candidates", "part=assistant") == [text, 8]
    both = ("--for-candidates", "part=user", "--for-candidates", "limit-documents=2")
    assert tokens(human, chats, chats, *own, *both) == [text, 6, 6]
    # What is given for a side counts before what is given for both.
    assert tokens(chats, human, "--text-key", "body", "--for-baseline", "text_key=messages") == [
        4 * len("abc\n\nde"),
        text,
    ]
    assert tokens(chats, chats, "--part", "user", "--for-candidates", "part=all") == [12, 28]
    with_examples = ("--examples", "2", *own)
    assert tokens(human, chats, *with_examples) == [text, 4 * len("abc\n\nde")]


def test_the_same_as_from_python(sides: tuple[Path, Path]) -> None:
    human, chats = sides
    made: dict[str, Any] = {"tokenizer": "bytes", "max_order": 1, "backend": "numpy"}
    expected = cs.compare(
        cs.profile(human, text_key="body", **made), cs.profile(chats, part="user", **made)
    )
    options = ("--for-baseline", "text-key=body", "--for-candidates", "part=user")
    report = json.loads(run("compare", human, chats, *options, *COMMON, "--json").stdout)
    assert report["comparisons"][0]["orders"]["1"]["js_bits"] == pytest.approx(expected.js(1))


def test_lists_flags_and_keys_of_ids(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for name in "xyz":
        (tmp_path / "a" / f"{name}.txt").write_text(f"{name}\n{name}\n")
    excluded = ("--for-baseline", "exclude=x*", "--for-baseline", "exclude=y*")
    report = json.loads(
        run("compare", tmp_path / "a", tmp_path / "a", *excluded, *COMMON, "--json").stdout
    )
    assert [corpus["documents"] for corpus in report["corpora"]] == [1, 3]
    for value in ("doc-per-line", "doc-per-line=yes", "--doc_per_line=true"):
        given = ("--for-candidates", value)
        report = json.loads(
            run("compare", tmp_path / "a", tmp_path / "a", *given, *COMMON, "--json").stdout
        )
        assert [corpus["documents"] for corpus in report["corpora"]] == [3, 6]
    ids = write_lines(tmp_path / "ids.jsonl", [{"mine": [1, 2]}] * 2)
    other = write_lines(tmp_path / "other.jsonl", [{"input_ids": [1]}] * 2)
    command = ("compare", other, ids, "--ids-key", "input_ids", "--max-order", "1")
    report = json.loads(run(*command, "--for-candidates", "ids-key=mine", "--json").stdout)
    assert [corpus["tokens"] for corpus in report["corpora"]] == [2, 4]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("text-kee=body", "did you mean 'text-key'?"),
        ("body", "expected NAME=VALUE with a name of tokenizer, text-key, ids-key"),
        ("part=bot", "'bot' is not one of 'assistant', 'user', 'all'"),
        ("eot=x", "'x' is not a whole number"),
        ("limit-documents=0", "must be at least 1, got 0"),
        ("doc-per-line=perhaps", "'perhaps' is not a valid boolean"),
        ("text-key=", "expected a value, text-key=VALUE"),
        ("skip-bad=true", "expected NAME=VALUE"),
        ("max-order=3", "expected NAME=VALUE"),
    ],
)
def test_values_are_checked_like_the_options(
    sides: tuple[Path, Path], given: str, message: str
) -> None:
    for option in ("--for-baseline", "--for-candidates"):
        assert message in run("compare", *sides, option, given, code=2).stderr


def test_every_option_of_reading_can_be_given(sides: tuple[Path, Path]) -> None:
    stderr = run("compare", *sides, "--for-baseline", "nothing", code=2).stderr
    for name in options_in(ReadOptions).keys() - {"skip_bad"}:
        assert name.replace("_", "-") in stderr


def test_a_saved_profile_is_not_read_again(sides: tuple[Path, Path], tmp_path: Path) -> None:
    human, chats = sides
    run("profile", human, "-o", tmp_path / "p", "--text-key", "body", *COMMON)
    own = ("--for-baseline", "text-key=body")
    stderr = run("compare", tmp_path / "p", chats, *own, code=2).stderr
    assert "is a saved profile, which is not read again" in stderr
    report = json.loads(
        run("compare", tmp_path / "p", chats, "--for-candidates", "part=user", "--json").stdout
    )
    assert [corpus["tokens"] for corpus in report["corpora"]] == [54, 12]


def test_human_corpora_are_read_like_the_baseline(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    p = 1 / (np.arange(3000) + 2.7)
    paths = [
        write_lines(
            tmp_path / f"{name}.jsonl",
            [{key: ids} for ids in rng.choice(3000, size=(500, 60), p=p / p.sum()).tolist()],
        )
        for name, key in (("human", "mine"), ("generated", "input_ids"), ("other", "mine"))
    ]
    human, generated, other = paths
    command = ("compare", human, generated, "--human", other, "--vocab-size", "3000")
    report = json.loads(run(*command, "--for-baseline", "ids-key=mine", "--json").stdout)
    assert [corpus["tokens"] for corpus in report["corpora"]] == [30_000, 30_000]
    both = ("--ids-key", "mine", "--for-candidates", "ids-key=input_ids", "--json")
    assert json.loads(run(*command, *both).stdout) == report


def test_the_help_says_so() -> None:
    page = run("compare", "--help").stdout
    assert "--for-baseline NAME=VALUE" in page
    assert "--for-candidates NAME=VALUE" in page
