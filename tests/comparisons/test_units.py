"""A corpus in one process, and in units that are merged in any order, is one and the same."""

import json
import random
from itertools import permutations
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

import collapse_stats as cs
from collapse_stats.cli import program
from collapse_stats.errors import LayoutMismatchError
from collapse_stats.profiles.profile import Profile

WORDS = "the cat sat on a mat and then it ran far away to see what else there was".split()
FORMATS = ("*.jsonl", "*.txt", "*.csv", "*.parquet")
OPTIONS = {"tokenizer": "bytes", "max_order": 3, "doc_per_line": True, "memory": "500MB"}


def text(rng: random.Random) -> str:
    return " ".join(rng.choices(WORDS, k=rng.randint(0, 12)))


def write_corpus(folder: Path, seed: int = 0) -> list[Path]:
    """Files of several formats, with bad lines, nulls, empty documents and rows of several."""
    rng = random.Random(seed)
    lines = [json.dumps({"text": text(rng), "page": rng.randint(0, 40)}) for _ in range(60)]
    lines[5], lines[17], lines[30] = "{bad", "", json.dumps({"text": [text(rng), text(rng), None]})
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "a.jsonl").write_text("\n".join(lines))
    (folder / "b.txt").write_text("\n".join(text(rng) for _ in range(40)) + "\n")
    rows = ["text,page", *(f"{text(rng)},{rng.randint(0, 40)}" for _ in range(30)), "one,two,three"]
    (folder / "c.csv").write_text("\n".join(rows) + "\n")
    texts = [None if rng.random() < 0.1 else text(rng) for _ in range(50)]
    pages = [rng.randint(0, 40) for _ in texts]
    table = pa.table({"text": texts, "page": pages})
    pq.write_table(table, folder / "deep" / "d.parquet", row_group_size=7)
    return sorted(path for path in folder.rglob("*") if path.is_file())


def same(one: Profile, other: Profile) -> None:
    """Assert that everything that figures follow from is equal."""
    for kind in ("ngrams", "contexts"):
        pairs = getattr(one.joint_spectra, kind), getattr(other.joint_spectra, kind)
        for order in range(1, 4):
            first, second = (spectra[order] for spectra in pairs)
            assert first == second, (kind, order)
    for name in ("hash", "length", "tokens"):
        assert np.array_equal(getattr(one.sample, name), getattr(other.sample, name)), name
    keys = [
        each.sample.hash if each.sample.key is None else each.sample.key for each in (one, other)
    ]
    assert np.array_equal(*keys)
    for name in ("documents", "empty_documents", "halved_by", "group_key", "sample_tokens"):
        assert getattr(one, name) == getattr(other, name), name
    assert one.run == other.run


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("units") / "corpus"
    write_corpus(path)
    return path


@pytest.mark.parametrize("group_key", [None, "page"])
@pytest.mark.parametrize("sample_tokens", [1200, 2_000_000])
def test_units_merged_in_any_order_are_the_corpus(folder, group_key, sample_tokens):
    options = OPTIONS | {"sample_tokens": sample_tokens, "group_key": group_key}
    include = FORMATS if group_key is None else [each for each in FORMATS if each != "*.txt"]
    whole = cs.profile(folder, include=include, **options)
    assert whole.halved_by == "documents"
    baseline = cs.profile(
        folder.parent / "other", include=include, **OPTIONS | {"group_key": group_key}
    )
    files = [path for path in files_of(folder) if not (group_key and path.suffix == ".txt")]
    alone = {path: cs.profile(path, root=folder, **options) for path in files}

    @settings(max_examples=12)
    @given(st.permutations(files), st.integers(0, 3), st.booleans())
    def check(order, together, nested):
        units = [alone[path] for path in order[together:]]
        if together:
            units.append(cs.profile(order[:together], root=str(folder), **options))
        if nested and len(units) > 2:
            units = [units[0] + units[1], *units[2:]]
        merged = units[0]
        for unit in units[1:]:
            merged = merged + unit
        same(merged, whole)
        first, second = (cs.compare(baseline, each) for each in (whole, merged))
        assert first.judgement == second.judgement
        assert first.interval("js", 1) == second.interval("js", 1)
        assert first.floor("kl", 2) == second.floor("kl", 2)

    check()


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.fixture(scope="module", autouse=True)
def other(folder):
    write_corpus(folder.parent / "other", seed=1)


def run(*arguments: object) -> str:
    result = CliRunner().invoke(program, [str(each) for each in arguments])
    assert result.exit_code == 0, result.output
    return result.output


def test_saved_profiles_are_equal_byte_for_byte(folder, tmp_path):
    options = ["--tokenizer", "bytes", "--doc-per-line", "--max-order", 2]
    include = [part for pattern in FORMATS for part in ("--include", pattern)]
    run("profile", folder, "-o", tmp_path / "whole", *include, *options)
    files = files_of(folder)
    (tmp_path / "list").write_text("\n".join(map(str, files[:2])))
    units = [["--files-from", tmp_path / "list"], [folder / "deep" / "[d-z]*"], [files[2]]]
    assert files[3].name == "d.parquet"
    for number, unit in enumerate(units):
        run("profile", *unit, "--root", folder, "-o", tmp_path / f"unit{number}", *options)
    run("merge", *(tmp_path / f"unit{n}" for n in (2, 0, 1)), "-o", tmp_path / "merged")
    for path in (tmp_path / "whole").iterdir():
        if path.name != "manifest.json":
            assert path.read_bytes() == (tmp_path / "merged" / path.name).read_bytes(), path.name
    whole, merged = (
        json.loads((tmp_path / name / "manifest.json").read_text()) for name in ("whole", "merged")
    )
    for order_dependent in ("name", "sources", "warnings", "sha256"):
        whole.pop(order_dependent)
        merged.pop(order_dependent)
    assert whole == merged


def test_units_are_never_cut_into_blocks(folder, tmp_path):
    """A unit of few documents would have other halves than the corpus."""
    unit = cs.profile(folder / "c.csv", root=folder, **OPTIONS)
    assert (unit.documents < 40, unit.halved_by) == (True, "documents")
    diff = cs.compare(unit, unit)
    assert diff.verdict == "cannot tell"
    assert f"there are only {unit.documents} documents, but 64 are needed" in diff.reasons[0]
    by_itself = cs.profile(folder / "c.csv", **OPTIONS)
    assert by_itself.halved_by == "blocks of 256 tokens"
    with pytest.raises(LayoutMismatchError, match=r"consist of blocks of 256 tokens.*--root"):
        by_itself + cs.profile(folder / "b.txt", root=folder, **OPTIONS)
    again = by_itself + by_itself + by_itself
    assert again.halved_by == "blocks of 256 tokens"
    assert "merged of parts with few documents" in cs.compare(again, again).reasons[0]


def test_different_rules_are_not_merged_and_said(folder):
    by_row = cs.profile(folder / "deep" / "d.parquet", root=folder, **OPTIONS)
    by_page = cs.profile(folder / "deep" / "d.parquet", group_key="page", **OPTIONS)
    with pytest.raises(LayoutMismatchError, match=r"by file and row, .* by the group key 'page'"):
        by_row + by_page
    (warning,) = [w for w in cs.compare(by_row, by_page).warnings if "follow from" in w]
    assert "from file and row, those of d.parquet from the group key 'page'" in warning
    assert not [w for w in cs.compare(by_page, by_page).warnings if "follow from" in w]


def test_a_merged_sample_holds_no_more_than_all_parts_know():
    """A part whose sample is small would else be under-represented."""
    many = [f"document {i} of the first" for i in range(400)]
    few = [f"page {i} of the second" for i in range(100)]
    options = {"tokenizer": "bytes", "max_order": 1}
    small = cs.profile(many, sample_tokens=2000, **options)
    large = cs.profile(few, **options)
    merged = small + large
    assert merged.sample_tokens == 2000
    assert len(merged.sample.tokens) <= 2000
    assert merged.sample.hash[-1] <= small.sample.hash[-1]
    counter = cs.NgramCounter(256, 1, halves=True)
    counter.update(np.arange(10))
    ids = cs.profile(np.arange(200).reshape(100, 2), vocab_size=256, max_order=1)
    assert len((ids + counter.profile()).sample) == 0


def test_documents_of_one_key_have_an_order_of_their_own():
    """Two corpora in memory have the same keys."""
    texts = [[f"{name} {i % 5} {i}" for i in range(100)] for name in ("one", "two", "six")]
    parts = [cs.profile(each, tokenizer="bytes", max_order=3) for each in texts]
    sums = [parts[a] + parts[b] + parts[c] for a, b, c in permutations(range(3))]
    for other in sums[1:]:
        same(other, sums[0])
    documents = [bytes(tokens.tolist()) for tokens in sums[0].sample.documents()]
    assert sorted(documents) == sorted(text.encode() for each in texts for text in each)
    for at in range(0, 300, 3):
        some = documents[at : at + 3]
        assert len(set(sums[0].sample.hash[at : at + 3].tolist())) == 1
        assert some == sorted(some, key=lambda each: (len(each), [*each]))
