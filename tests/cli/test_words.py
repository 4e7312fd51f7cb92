"""What users read: whole sentences, right numbers of things, and help without riddles."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from collapse_stats.cli.group import program

WRONG = re.compile(r"(?<![\d.,-])(?<!step )\b1 (?!is\b)[a-z-]*s\b")  # not of "step 1", "gen-1"


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Corpora in which there is one of everything."""
    monkeypatch.chdir(tmp_path)
    for name, texts in {
        "one": ["a"],
        "half": ["b", ""],
        "run/gen-1/a": ["a"],
        "run/gen-2/a": ["b"],
    }.items():
        path = Path(f"{name}.jsonl")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    return tmp_path


@pytest.mark.parametrize(
    "command",
    [
        "show one.jsonl --top 1 --spectrum",
        "show half.jsonl",
        "show half.jsonl --limit-documents 1",
        "compare one.jsonl half.jsonl --verbose",
        "compare half.jsonl one.jsonl --limit-documents 1",
        "compare one.jsonl run --each --verbose",
        "track run",
        "track run --baseline one.jsonl --verbose",
        "inspect one.jsonl --limit-documents 1",
        "profile one.jsonl -o one.profile",
    ],
)
def test_one_thing_is_not_several(tiny: Path, command: str) -> None:
    result = CliRunner().invoke(program, [*command.split(), *["--tokenizer", "bytes"]])
    assert result.exit_code == 0, result.stderr
    text = " ".join((result.stdout + result.stderr).split())
    assert not WRONG.findall(text), WRONG.search(text)


@pytest.mark.parametrize("name", ["", *program.commands])
def test_help_is_whole_and_has_no_ranges(name: str) -> None:
    result = CliRunner().invoke(program, [*filter(None, [name]), "--help"])
    assert result.exit_code == 0
    assert "x>=" not in result.stdout
    listed = result.stdout.partition("Commands:")[2]
    assert "..." not in listed


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("show one.jsonl --top none", "'none' is not a whole number"),
        ("show one.jsonl --top 0", "it must be at least 1, got 0"),
        ("demo --generations 51", "it must be at most 50, got 51"),
    ],
)
def test_whole_numbers(tiny: Path, command: str, message: str) -> None:
    result = CliRunner().invoke(program, command.split())
    assert result.exit_code == 2
    assert message in result.stderr
