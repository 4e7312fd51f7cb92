"""What Python hands over: paths, or texts. A mistyped path is an error, and not a text."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from reader_helpers import write_lines

import collapse_stats as cs
from collapse_stats.corpus.source import paths_of
from collapse_stats.errors import InputError


@pytest.fixture(autouse=True)
def corpora(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder ``corpus`` with the files ``human`` (a folder) and ``gen.jsonl``, to be in."""
    (tmp_path / "corpus" / "human").mkdir(parents=True)
    write_lines(tmp_path / "corpus" / "human" / "a.jsonl", [{"text": "one"}])
    write_lines(tmp_path / "corpus" / "gen.jsonl", [{"text": "three"}])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def profile(source: Any) -> Any:
    return cs.profile(source, tokenizer="bytes", backend="numpy", max_order=1)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (["corpus/human", "corpus/humn"], r"corpus/humn: no such file.*mean 'corpus/human'"),
        (("corpus/humn", "corpus/human"), r"corpus/humn: no such file.*mean 'corpus/human'"),
        (["corpus/humn"], r"corpus/humn: no such file.*mean 'corpus/human'"),
        (["corpus", "a text with words"], "a text with words: no such file"),
        (["gem.jsonl", "a text with words"], r"gem.jsonl: no such file"),
        (["corpus/humn", "my corpus/gen"], "corpus/humn: no such file"),
        (["~/nothing-there"], "nothing-there: no such file"),
        (["./a", "b"], "a: no such file"),
        ([Path("corpus/human"), "corpus/humn"], "corpus/humn: no such file"),
        (["corpus/*.parquet"], "no file matches this pattern"),
        ("", "expected a path, got an empty text"),
    ],
)
def test_all_must_be_paths_if_one_is(source: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        profile(source)


@pytest.mark.parametrize(
    "made",
    [iter, set, frozenset, dict.fromkeys, lambda names: (name for name in names)],
    ids=["iterator", "set", "frozenset", "keys", "generator"],
)
def test_paths_in_what_is_no_list(made: Any) -> None:
    def given(names: list[Any]) -> Any:
        source = made(names)
        return source.keys() if isinstance(source, dict) else source

    assert profile(given(["corpus/gen.jsonl", "corpus/human"])).tokens == 8
    assert profile(given([Path("corpus/gen.jsonl"), Path("corpus/human")])).tokens == 8
    with pytest.raises(InputError, match=r"corpus/humn: no such file.*mean 'corpus/human'"):
        profile(given(["corpus/human", "corpus/humn"]))
    assert profile(given(["the human", "and/or", "the"])).tokens == 18


def test_open_files_are_no_texts() -> None:
    for mode in ("r", "rb"):
        with (
            Path("corpus/gen.jsonl").open(mode) as file,
            pytest.raises(TypeError, match="got an open file: give its path"),
        ):
            profile(file)


def test_the_error_says_how_to_give_such_texts() -> None:
    with pytest.raises(InputError, match=r"give texts like these as \[\{'text': ...\}, ...\]"):
        profile(["and/or", "either/or"])
    assert profile([{"text": "and/or"}, {"text": "either/or"}]).tokens == 15


@pytest.mark.parametrize(
    "texts",
    [
        ["hello"],
        ["hello world", "and/or"],
        ["great day", "https://example.org/a"],
        ["How are you?", "Fine [so far]*"],
        ["corpus\nhuman", "x" * 5000],
        ["", "a"],
        ["see notes.txt, and data/a.jsonl"],
        ["\0"],
    ],
)
def test_texts_are_texts(texts: list[str]) -> None:
    found = profile(texts)
    assert (found.documents, found.tokens) == (len(texts), sum(len(t.encode()) for t in texts))
    assert found.name == "in memory"
    assert not any(texts[0] in warning for warning in found.warnings if len(texts[0]) > 3)


def test_paths_are_paths() -> None:
    for source, documents, name in (
        ("corpus", 2, "corpus"),
        (["corpus/human"], 1, "human"),
        (["corpus/human", "corpus/gen.jsonl"], 2, "human +1"),
        ([Path("corpus/human"), "corpus/gen.jsonl"], 2, "human +1"),
        (["corpus/*.jsonl"], 1, "*.jsonl"),
    ):
        found = profile(source)
        assert (found.documents, found.name) == (documents, name)


def test_data_in_memory_has_no_other_name() -> None:
    for source in (np.arange(5), [[1, 2], [3]], [{"text": "abc"}], iter(["abc", "de"])):
        assert cs.profile(source, max_order=1, backend="numpy").name == "in memory"


@pytest.mark.parametrize(
    "text",
    [
        "It was the best of times, it was the worst of times. " * 100,
        "one line\nanother line",
        "a" * 300 + "/" + "b" * 3000,
        "with a \0 in it",
        "https://" + "a" * 5000,
        "What? " * 300,
    ],
)
def test_one_text_is_no_path(text: str) -> None:
    for call in (profile, lambda source: cs.compare(source, ["a"], backend="numpy")):
        with pytest.raises(InputError, match=r"expected a path, got a text|no such|cannot|https"):
            call(text)
    with pytest.raises(InputError, match="texts are given in a file, or in Python as a list"):
        profile("It was the best of times")


def test_other_things_among_paths() -> None:
    with pytest.raises(TypeError, match="expected a list of paths, got int"):
        profile([Path("corpus"), 5])


def test_a_long_list_of_texts_is_not_looked_up_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(
        "collapse_stats.corpus.source.os.path.lexists", lambda name: asked.append(name)
    )
    assert paths_of([f"text {i}" for i in range(100_000)]) is None
    assert len(asked) <= 1000
