"""Corpora of one tokenizer whose vocabularies differ in size are compared and merged."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import collapse_stats as cs
from collapse_stats.backends.selection import select
from collapse_stats.cli.group import program
from collapse_stats.comparisons.build import compare_profiles
from collapse_stats.corpus.corpus import TokenizerIdentity
from collapse_stats.counting import relaid_table
from collapse_stats.counting.relaid_table import RelaidTable
from collapse_stats.counting.table import TableInMemory, read_aligned
from collapse_stats.ngrams.chunk import Chunk
from collapse_stats.ngrams.layout import Layout
from collapse_stats.ngrams.table import NgramTable
from collapse_stats.profiles.merge import merge
from collapse_stats.profiles.vocabulary import in_one_vocabulary

BACKEND = select("numpy")
MEMORY = 10**9


def table_of(documents: list[list[int]], layout: Layout) -> NgramTable:
    stop = np.cumsum([len(document) for document in documents], dtype=np.int64)
    start = np.append(0, stop[:-1])
    tokens = np.array([token for document in documents for token in document], dtype=np.uint32)
    label = (np.arange(len(documents)) % layout.labels).astype(np.uint8)
    return BACKEND.count([Chunk.of_documents(tokens, start, stop, label)], layout)


@settings(max_examples=60, deadline=None)
@given(
    documents=st.lists(st.lists(st.integers(0, 6), max_size=9), min_size=1, max_size=12),
    order=st.integers(1, 5),
    sizes=st.sampled_from([(7, 8), (7, 300), (8, 15), (15, 16), (300, 65_536), (65_535, 65_536)]),
    rows=st.sampled_from([1, 5, 1 << 20]),
    stretches=st.integers(1, 5),
)
def test_a_relaid_table_is_that_of_the_larger_vocabulary(
    documents: list[list[int]], order: int, sizes: tuple[int, int], rows: int, stretches: int
) -> None:
    before, after = (Layout(size, order, 2) for size in sizes)
    expected = table_of(documents, after)
    relaid = RelaidTable(TableInMemory(table_of(documents, before)), after)
    edges = np.linspace(0, after.key_ranges, stretches + 1).astype(int).tolist()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(relaid_table, "_ROWS", rows)
        parts = [relaid.read(a, b) for a, b in pairwise(edges)]
    assert NgramTable.concatenate(after, parts) == expected
    assert relaid.rows == len(expected)
    aligned = list(read_aligned([relaid, TableInMemory(expected)], MEMORY))
    assert all(a == b for a, b in aligned)


RNG = np.random.default_rng(0)
LOW = [RNG.integers(0, 9, 20).astype(np.uint16) for _ in range(70)]
HIGH = [np.append(document[1:], np.uint16(65_535)) for document in LOW]


@pytest.fixture
def neighbours(tmp_path: Path) -> list[Path]:
    """Two files of one tokenizer, of which one happens to hold the last id of 16 bits."""
    paths = [tmp_path / "low.npy", tmp_path / "high.npy"]
    np.save(paths[0], np.stack(LOW))
    np.save(paths[1], np.stack(HIGH))
    return paths


def test_neighbours_merge_and_compare(neighbours: list[Path], tmp_path: Path) -> None:
    profiles = [cs.profile(path, max_order=3) for path in neighbours]
    assert [profile.vocab_size for profile in profiles] == [65_535, 65_536]
    whole = cs.profile([*LOW, *HIGH], vocab_size=65_536, max_order=3)
    for name, profile in zip("ab", profiles, strict=True):
        profile.save(tmp_path / name)
    saved = [cs.load(tmp_path / name) for name in "ab"]
    for parts in (profiles, profiles[::-1], saved):
        added = parts[0] + parts[1]
        assert added.vocab_size == 65_536
        for order in (1, 2, 3):
            assert added.spectrum(order) == whole.spectrum(order)
            # Equal counts are in the order of keys, so that the sets are compared.
            assert {*added.top(order, 10**6)} == {*whole.top(order, 10**6)}
    merged = merge(saved, BACKEND, MEMORY, save_to=tmp_path / "c")
    assert {*cs.load(tmp_path / "c").top(2, 10**6)} == {*whole.top(2, 10**6)}
    assert merged.vocab_size == 65_536

    of_corpora = cs.compare(*neighbours, max_order=3)
    for sides in (profiles, saved, [saved[0], neighbours[1]], [neighbours[0], saved[1]]):
        comparison = cs.compare(*sides, max_order=3)
        assert comparison.js(2) == of_corpora.js(2)
        assert comparison.verdict == of_corpora.verdict
        assert comparison.inflated(1, 1) == [((65_535,), 70, 0)]


def test_a_profile_of_an_earlier_version(neighbours: list[Path]) -> None:
    # It took 131,071 ids for what is 65,536 now, in as many bits.
    low, high = (cs.profile(path, max_order=3) for path in neighbours)
    old = cs.profile(neighbours[1], vocab_size=131_071, max_order=3)
    for one, other in ((low, old), (high, old), (old, high)):
        assert (one + other).vocab_size == 131_071
    assert {*(high + old).top(2, 10**6)} == {(n, 2 * k) for n, k in high.top(2, 10**6)}
    both = cs.compare(high, old).joint_spectrum(2)
    assert both.a.tolist() == both.b.tolist()


def test_vocabularies_that_were_given_are_not_taken_for_another() -> None:
    first, second = (cs.profile([np.array([1, 2])] * 3, vocab_size=v) for v in (10, 100))
    for sides in ((first, second), (second, first)):
        with pytest.raises(cs.LayoutMismatchError, match="one --vocab-size"):
            cs.compare(*sides)
        with pytest.raises(cs.LayoutMismatchError, match="one --vocab-size"):
            _ = sides[0] + sides[1]
    implied = cs.profile([np.array([1, 2])] * 3)
    with pytest.raises(cs.LayoutMismatchError, match="one --vocab-size"):
        _ = implied + first


def test_a_larger_vocabulary_may_not_fit(neighbours: list[Path]) -> None:
    low = cs.profile(neighbours[0], max_order=8)  # 8 times 16 bits are a key
    high = replace(cs.profile(neighbours[1], max_order=7), name="high")
    with pytest.raises(cs.LayoutMismatchError, match=r"low\.npy cannot be taken .* got 8"):
        in_one_vocabulary([low, high])


def test_ids_beside_a_profile_of_a_named_tokenizer() -> None:
    named = cs.profile(["some text"] * 70, tokenizer="bytes", name="text")
    ids = [list(b"some text")] * 70
    comparison = cs.compare(named, ids)
    both = comparison.joint_spectrum(3)
    assert both.a.tolist() == both.b.tolist()
    assert comparison.candidate.vocab_size == 256
    # Nobody has said what the ids are of.
    assert any("its ids are assumed to be of bytes" in line for line in comparison.warnings)
    comparison = cs.compare(named, ids, tokenizer="bytes")
    assert not any("assumed" in line for line in comparison.warnings)


def test_one_tokenizer_under_two_names_is_one(tmp_path: Path) -> None:
    texts = ["some text", "and more"] * 40
    one = cs.profile(texts, tokenizer="bytes")
    other = replace(one, tokenizer=TokenizerIdentity("file:/elsewhere", one.tokenizer.sha256))
    assert (one + other).tokens == 2 * one.tokens
    both = compare_profiles(one, other, BACKEND, MEMORY).joint_spectrum(2)
    assert both.a.tolist() == both.b.tolist()


def test_text_and_ids_of_an_unknown_tokenizer_do_not_compare(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(
        "".join(json.dumps({"text": f"text {i}"}) + "\n" for i in range(99))
    )
    np.save(tmp_path / "b.npy", np.arange(2000, dtype=np.uint16).reshape(100, 20))
    for options in ([], ["--examples", "2"]):
        command = ["compare", str(tmp_path / "a.jsonl"), str(tmp_path / "b.npy"), *options]
        result: Any = CliRunner().invoke(program, command)
        assert result.exit_code == 2
        assert "Traceback" not in result.stderr


def test_the_command_merges_neighbours(neighbours: list[Path], tmp_path: Path) -> None:
    def run(*arguments: object) -> Any:
        result = CliRunner().invoke(program, [*map(str, arguments)])
        assert result.exit_code == 0, result.output
        return result

    run("profile", neighbours[0], "-o", tmp_path / "low.profile")
    run("merge", tmp_path / "low.profile", neighbours[1], "-o", tmp_path / "both.profile")
    report = json.loads(run("show", tmp_path / "both.profile", "--json", "--top", "1").stdout)
    (corpus,) = report["corpora"]
    assert (corpus["vocab_size"], corpus["tokens"]) == (65_536, 2 * 70 * 20)
    report = json.loads(run("compare", tmp_path / "low.profile", neighbours[1], "--json").stdout)
    assert [corpus["vocab_size"] for corpus in report["corpora"]] == [65_536, 65_536]


def test_a_profile_of_an_earlier_builtin_is_refused(tmp_path: Path) -> None:
    # The identity is that of the vocabulary of English alone, which `builtin` once was.
    earlier = "4f2a0bac27aa8495bbe63c100492fd337afeecd5791c4dc3f1bccada5d17d4c0"
    now = cs.profile(["some text"] * 3, tokenizer="builtin", max_order=2)
    replace(now, tokenizer=TokenizerIdentity("builtin", earlier)).save(tmp_path / "old")
    old = cs.load(tmp_path / "old")
    why = "builtin is another vocabulary in another version of collapse-stats.* make both again"
    for other in (now, ["some text"]):
        with pytest.raises(cs.LayoutMismatchError, match=why):
            cs.compare(old, other)
    with pytest.raises(cs.LayoutMismatchError, match=why):
        old + now
    with pytest.raises(cs.LayoutMismatchError, match="make the baseline again"):
        cs.CollapseMonitor(tokenizer="builtin", baseline=old)
    with pytest.raises(cs.InputError, match="make the profile again, or use what it was made with"):
        old.top(1)
