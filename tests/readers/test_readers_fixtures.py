"""Shards written by training frameworks, against figures measured by independent code.

The shards are not part of the repository; without them, the tests are skipped.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from reader_helpers import fixtures

from collapse_stats.readers.base import Reader
from collapse_stats.readers.discover import discover
from collapse_stats.readers.inspect import inspect
from collapse_stats.readers.open import open_file
from collapse_stats.readers.options import ReadOptions
from collapse_stats.tokenizers.texts import as_list


@pytest.fixture(scope="module")
def expected() -> Any:
    return json.loads((fixtures() / "expected.json").read_text())


def all_ids(reader: Reader) -> np.ndarray:
    """Every id of a file, boundary ids included, in order."""
    return np.concatenate([batch.tokens for batch in reader.batches() if batch.tokens is not None])


@pytest.mark.parametrize(
    ("kind", "files", "format_name", "options"),
    [
        ("nanogpt raw", 6, "flat", ReadOptions(dtype="u16")),
        ("headerless uint16", 1, "flat", ReadOptions(dtype="u16")),
        ("headerless uint32", 1, "flat", ReadOptions(dtype="u32")),
        ("llm.c v1", 2, "llm.c", ReadOptions()),
        ("megatron MMIDIDX v1", 3, "megatron", ReadOptions()),
        ("MosaicML MDS", 1, "mds", ReadOptions()),
    ],
)
def test_ids(
    expected: dict[str, Any], kind: str, files: int, format_name: str, options: ReadOptions
) -> None:
    found = {name: facts for name, facts in expected.items() if kind in facts["format"]}
    assert len(found) == files
    for name, facts in found.items():
        reader = open_file(fixtures() / name, options)
        assert reader.format == format_name
        ids = all_ids(reader)
        assert (len(ids), ids.min(), ids.max()) == (facts["tokens"], facts["min"], facts["max"])
        assert ids[: len(facts["head"])].tolist() == facts["head"]
        counts = np.array(list(Counter(ids.tolist()).values()))
        assert (len(counts), int((counts == 1).sum())) == (facts["types"], facts["hapax"])
        p = counts / counts.sum()
        assert -(p * np.log2(p)).sum() == pytest.approx(facts["H1_bits"], abs=1e-6)
        looked = inspect(fixtures() / name, options)
        assert looked.max_id == facts["max"]
        assert looked.sampled is None
        in_use = sum(looked.boundary_ids.values()) if reader.eot is not None else 0
        assert (looked.tokens or 0) + in_use == facts["tokens"]
        documents = facts.get("documents", facts.get("samples"))
        assert documents in (None, looked.documents)


def test_arrow(expected: dict[str, Any]) -> None:
    found = {name: facts for name, facts in expected.items() if "arrow" in facts["format"]}
    assert len(found) == 3
    for name, facts in found.items():
        reader = open_file(fixtures() / name, ReadOptions(text_key="question"))
        texts = [text for batch in reader.batches() for text in as_list(batch.texts or [])]
        assert len(texts) == facts["rows"]
        assert f"'question': {texts[0]!r}" in facts["sample"]
        assert [path.name for path in discover([(fixtures() / name).parent])] == [Path(name).name]


def test_mds_directories() -> None:
    folder = fixtures() / "mds" / "tests"
    files = discover([folder])
    assert len(files) == 2
    texts = [
        text
        for path in files
        for batch in open_file(path, ReadOptions(text_key="dept")).batches()
        for text in as_list(batch.texts or [])
    ]
    assert texts[:2] == ["Marketing", "Sales"]
    assert len(texts) == 5
