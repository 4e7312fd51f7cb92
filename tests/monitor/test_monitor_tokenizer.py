"""A monitor knows the tokenizer of its ids, and takes no baseline of another one."""

import copy
import json
import pickle
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import collapse_stats as cs
from collapse_stats.tokenizers import load

TEXTS = [f"{word} number {i} of {i * i} words in all" for i in range(40) for word in "ab"]


@pytest.fixture(scope="module")
def of_bytes() -> cs.Profile:
    return cs.profile(TEXTS, tokenizer="bytes", name="human")


def ids_of(text: str) -> list[int]:
    return list(text.encode())


def test_the_vocabulary_is_that_of_the_tokenizer(of_bytes: cs.Profile) -> None:
    monitor = cs.CollapseMonitor(tokenizer="bytes", baseline=of_bytes)
    assert monitor.layout.vocab_size == 256
    for text in TEXTS:
        monitor.update(ids_of(text))
    comparison = monitor.comparison()
    assert comparison is not None
    assert not any("assumed" in warning for warning in comparison.warnings)
    assert monitor.compute()["tokens"] == sum(len(ids_of(text)) for text in TEXTS)


def test_a_baseline_of_another_tokenizer_is_refused(of_bytes: cs.Profile, tmp_path: Path) -> None:
    of_bytes.save(tmp_path / "human")
    for baseline in (of_bytes, tmp_path / "human"):
        with pytest.raises(cs.LayoutMismatchError, match=r"made with tokenizer bytes.*of builtin"):
            cs.CollapseMonitor(tokenizer="builtin", baseline=baseline)
        # A vocabulary of that many ids does not make it the same tokenizer.
        with pytest.raises(cs.LayoutMismatchError, match="--tokenizer builtin"):
            cs.CollapseMonitor(50_257, tokenizer="builtin", baseline=baseline)


def test_a_model_may_have_more_ids_than_its_tokenizer(of_bytes: cs.Profile) -> None:
    monitor = cs.CollapseMonitor(384, tokenizer="bytes", baseline=of_bytes, figures="all")
    for text in TEXTS:
        monitor.update([*ids_of(text), 300])
    assert monitor.compute()["tokens"] == sum(len(ids_of(text)) + 1 for text in TEXTS)
    assert "js_bits/1" in monitor.compute()
    with pytest.raises(ValueError, match="token id 384 at position 0"):
        monitor.update([384])
    with pytest.raises(ValueError, match="at least that of tokenizer bytes, which is 256, got 255"):
        cs.CollapseMonitor(255, tokenizer="bytes")
    padded = cs.profile([ids_of(text) for text in TEXTS], tokenizer="bytes", vocab_size=384)
    assert cs.CollapseMonitor(384, tokenizer="bytes", baseline=padded).names
    with pytest.raises(cs.LayoutMismatchError, match="384 token ids of tokenizer bytes, the monit"):
        cs.CollapseMonitor(tokenizer="bytes", baseline=padded)


def test_without_a_tokenizer_the_vocabularies_must_be_equal(of_bytes: cs.Profile) -> None:
    with pytest.raises(cs.LayoutMismatchError, match="256 token ids of tokenizer bytes, the mon"):
        cs.CollapseMonitor(300, baseline=of_bytes)
    monitor = cs.CollapseMonitor(256, baseline=of_bytes)
    for text in TEXTS:
        monitor.update(ids_of(text))
    comparison = monitor.comparison()
    assert comparison is not None
    said = "the tokenizer of monitor was not named; its ids are assumed to be of bytes, as in human"
    assert said in comparison.warnings
    with pytest.raises(ValueError, match="needs vocab_size, or the tokenizer"):
        cs.CollapseMonitor()


def test_text_that_was_given_the_models_vocabulary_is_refused() -> None:
    # Earlier versions counted text with any --vocab-size: ids of `builtin` as if of GPT-2.
    text = cs.profile(TEXTS, tokenizer="builtin", name="human")
    layout = replace(text.layout, vocab_size=50_257)
    as_before = replace(text, layout=layout, table=None)
    with pytest.raises(cs.LayoutMismatchError, match="has 32,767 token ids of tokenizer builtin"):
        cs.CollapseMonitor(50_257, baseline=as_before)


def test_a_baseline_of_unnamed_ids_is_trusted_and_that_is_said() -> None:
    human = cs.profile([ids_of(text) for text in TEXTS], vocab_size=256, name="human")
    monitor = cs.CollapseMonitor(tokenizer="bytes", baseline=human, figures="all")
    for text in TEXTS:
        monitor.update(ids_of(text))
    comparison = monitor.comparison()
    assert comparison is not None
    assert any("tokenizer of human was not named" in warning for warning in comparison.warnings)


def test_monitors_of_different_tokenizers_do_not_merge(tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    pytest.importorskip("tokenizers")
    model = {"type": "WordLevel", "vocab": {f"w{i}": i for i in range(256)}, "unk_token": "w0"}
    path.write_text(json.dumps({"version": "1.0", "added_tokens": [], "model": model}))
    first = cs.CollapseMonitor(tokenizer="bytes")
    with pytest.raises(cs.LayoutMismatchError, match="ids of one tokenizer"):
        first.merge(cs.CollapseMonitor(tokenizer=f"file:{path}"))
    first.merge(cs.CollapseMonitor(256))
    second = cs.CollapseMonitor(tokenizer=f"file:{path}")
    second.update([1, 2])
    path.unlink()  # a copy on another machine does not need the file
    for copied in (pickle.loads(pickle.dumps(second)), copy.deepcopy(second)):
        assert copied.tokenizer == second.tokenizer
        assert copied.compute() == second.compute()


def test_empty_documents_do_not_make_a_baseline_large_enough() -> None:
    texts = ["some text"] * 63 + [""] * 100
    with pytest.raises(ValueError, match="64 documents or more, got 63 that are not empty"):
        cs.CollapseMonitor(tokenizer="bytes", baseline=cs.profile(texts, tokenizer="bytes"))
    human = cs.profile(["some text"] * 70 + [""] * 300, tokenizer="bytes")
    monitor = cs.CollapseMonitor(tokenizer="bytes", baseline=human, figures="all")
    for _ in range(100):
        monitor.update(ids_of("text"))
    # As many tokens of the baseline are in 44 documents, and in many empty ones.
    assert "js_bits/1" not in monitor.compute()
    for _ in range(100):
        monitor.update(ids_of("some text"))
    assert "js_bits/1" in monitor.compute()


# --- the mask means the same in a monitor and in a counter ---------------------------------------


@given(
    rows=st.lists(
        st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=4, max_size=4),
        min_size=1,
        max_size=6,
    ),
    dtype=st.sampled_from(["bool", "int64", "float32"]),
)
def test_a_masked_position_ends_a_document_and_is_not_counted(
    rows: list[list[tuple[int, bool]]], dtype: str
) -> None:
    tokens = np.array([[token if kept else -100 for token, kept in row] for row in rows])
    mask = np.array([[kept for _, kept in row] for row in rows]).astype(dtype)
    expected: Counter[tuple[int, ...]] = Counter()
    documents = 0
    for row in rows:
        text = "".join(str(token) if kept else " " for token, kept in row)
        for document in text.split():
            documents += 1
            expected.update((int(a), int(b)) for a, b in pairwise(document))
    counter = cs.NgramCounter(10, 2)
    counter.update(tokens, mask=mask)
    monitor = cs.CollapseMonitor(10, 2)
    monitor.update(tokens, mask)
    profile = counter.profile()
    assert dict(profile.top(2, 99)) == expected
    assert monitor.snapshot().table == profile.run
    kept = int(sum(kept for row in rows for _, kept in row))
    assert (profile.documents, profile.tokens) == (documents, kept)
    figures = monitor.compute()
    assert (figures["documents"], figures["tokens"]) == (documents, kept)


def test_the_size_of_a_known_tokenizer() -> None:
    assert cs.CollapseMonitor(tokenizer="builtin").layout.vocab_size == load("builtin").vocab_size
