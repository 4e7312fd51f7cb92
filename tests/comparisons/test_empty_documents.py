"""Empty documents: counted as what they are, and no copies of each other."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import collapse_stats as cs
from collapse_stats.cli.group import program
from collapse_stats.comparisons.cautions import cautions
from collapse_stats.verdict.measure import evidence

FILLED = [f"text number {i} is about {i * i} things, or {i % 7}" for i in range(200)]


def of(texts: list[str], **options: Any) -> cs.Profile:
    return cs.profile(texts, tokenizer="bytes", max_order=3, name="it", **options)


def test_empty_documents_are_said_to_be_empty() -> None:
    profile = of([""] * 744 + FILLED)
    assert (profile.documents, profile.empty_documents) == (944, 744)
    messages = " ".join(cautions(profile))
    assert "744 of 944 documents are empty" in messages
    assert "duplicate" not in messages
    assert profile.sample.duplicates == 0


@settings(max_examples=50, deadline=None)
@given(st.lists(st.sampled_from(["", "", "a", "ab", "c", " "]), max_size=40))
def test_copies_are_counted_among_what_is_not_empty(texts: list[str]) -> None:
    texts = [*texts, *FILLED[:64]]  # enough for halves of documents
    profile = of(texts)
    filled = [text for text in texts if text]
    kinds = Counter(filled)
    assert profile.empty_documents == len(texts) - len(filled)
    assert profile.sample.filled == len(filled)
    assert profile.sample.distinct == len(kinds)
    assert profile.sample.duplicates == pytest.approx(1 - len(kinds) / len(filled))
    # Without the empty ones, every figure of the corpus is the same.
    alone = of(filled)
    for order in (1, 2, 3):
        assert profile.spectrum(order) == alone.spectrum(order)


def test_true_copies_are_still_said() -> None:
    messages = " ".join(cautions(of([""] * 100 + FILLED[:100] * 2)))
    assert "100 of 300 documents are empty" in messages
    assert "50% of documents that are not empty are exact duplicates" in messages


@pytest.mark.parametrize(("filled", "has_halves"), [(4, False), (63, False), (64, True)])
def test_empty_documents_make_no_halves(filled: int, has_halves: bool) -> None:
    profile = of([""] * 60 + FILLED[:filled])
    assert (profile.halved_by == "documents") == has_halves
    messages = " ".join(cautions(profile))
    assert f"with only {filled} documents that are not empty" in messages
    comparison = cs.compare(of(FILLED), profile)
    if not has_halves:
        assert comparison.verdict == "cannot tell"
        (reason,) = comparison.reasons
        assert reason.startswith(f"it has {filled} documents that are not empty, but 64 are needed")


def test_the_evidence_counts_what_is_not_empty() -> None:
    baseline = of(FILLED).sample
    for empty in (0, 500):
        found = evidence(baseline, of([""] * empty + FILLED[:100]).sample)
        assert found.documents[1] == found.distinct_documents[1]
        assert found.duplicates == (0, 0)
    with_copies = evidence(baseline, of([""] * 300 + FILLED[:50] * 3).sample)
    assert with_copies.duplicates[1] == pytest.approx(2 / 3, abs=0.01)


def test_thirty_distinct_documents_must_hold_something() -> None:
    # 29 texts, several times, and empty ones, which were the thirtieth distinct document.
    texts = FILLED[:29] * 3 + [""] * 10
    comparison = cs.compare(of(texts), of(FILLED[100:]))
    assert comparison.verdict == "cannot tell"
    assert "87 documents of the baseline are copies of only 29" in comparison.reasons[0]
    comparison = cs.compare(of(FILLED[100:]), of(texts))
    assert comparison.verdict == "loss of tail"
    assert "67 % of the documents are exact copies of another one" in comparison.reasons[0]


def test_a_saved_profile_knows_its_empty_documents(tmp_path: Path) -> None:
    first, second = of(["", "a"] * 40), of(["", "", "b"] * 40)
    first.save(tmp_path / "a")
    assert cs.load(tmp_path / "a").empty_documents == 40
    assert (first + second).empty_documents == 120
    replace(first, empty_documents=None).save(tmp_path / "b")  # as that of a counter
    unknown = cs.load(tmp_path / "b")
    assert (unknown.empty_documents, unknown.filled_documents) == (None, 80)
    assert (unknown + second).empty_documents is None
    assert "empty" not in " ".join(cautions(unknown))


def test_the_command_says_how_many_are_empty(tmp_path: Path) -> None:
    lines = [json.dumps({"text": text}) for text in [""] * 744 + FILLED]
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    command = ["show", str(tmp_path / "a.jsonl"), "--tokenizer", "bytes", "--max-order", "2"]
    page = CliRunner().invoke(program, command).stdout
    assert "944 documents (744 empty)" in page
    assert "duplicate documents 0.0 %" in page
    report = json.loads(CliRunner().invoke(program, [*command, "--json"]).stdout)["corpora"][0]
    assert (report["documents"], report["empty_documents"]) == (944, 744)
    assert report["sample"]["duplicate_documents"] == 0


def test_ids_may_be_empty_as_well() -> None:
    rows = [np.array([], dtype=np.int64)] * 10 + [np.array([1, 2, i]) for i in range(90)]
    profile = cs.profile(rows, vocab_size=100, max_order=2)
    assert (profile.documents, profile.empty_documents, profile.sample.duplicates) == (100, 10, 0)
