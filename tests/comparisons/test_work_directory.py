"""A corpus counted in units in a work directory, however often it is stopped, is one and the same.

The oracle is the digest of everything that one process counts without a work directory.
"""

import errno
import hashlib
import json
import os
import pickle
import random
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from remote_servers import s3

import collapse_stats as cs
from collapse_stats.backends import select
from collapse_stats.backends.options import CountOptions
from collapse_stats.counting.table_on_disk import TableOnDisk
from collapse_stats.errors import InputError
from collapse_stats.ngrams.table import NgramTable
from collapse_stats.profiles.profile import Profile
from collapse_stats.profiles.units import in_units
from collapse_stats.profiles.units.described import signed
from collapse_stats.profiles.units.division import PlannedFile, units_of_files
from collapse_stats.profiles.units.finish import finish
from collapse_stats.profiles.units.plan import Plan
from collapse_stats.profiles.units.reduce import (
    key_ranges_of,
    layout_of,
    merged_tables,
    reduce_range,
)
from collapse_stats.profiles.units.work_directory import WorkDirectory, count_unit
from collapse_stats.readers.options import ReadOptions
from collapse_stats.readers.remote.path import RemotePath

WORDS = "the cat sat on a mat and then it ran far away to see what else there was".split()
OPTIONS = {"tokenizer": "bytes", "max_order": 3, "sample_tokens": 4000, "memory": "500MB"}
UNIT = 400  # tokens, which gives seven units
MEMORY = 500_000_000


def text(rng: random.Random) -> str:
    return " ".join(rng.choices(WORDS, k=rng.randint(0, 12)))


def write_corpus(folder: Path) -> Path:
    """Seven files in two folders and two formats, with bad lines and empty documents."""
    rng = random.Random(3)
    for number in range(5):
        lines = [json.dumps({"text": text(rng)}) for _ in range(30 + 7 * number)]
        lines[5], lines[7] = "{bad", ""
        path = folder / ("a" if number < 3 else "b") / f"{number}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines))
    for number in range(2):
        table = pa.table({"text": [None, *(text(rng) for _ in range(40))]})
        pq.write_table(table, folder / f"c{number}.parquet")
    return folder


def digest(profile: Profile) -> str:
    """The digest of spectra, keys, counts, halves and sample."""
    found = hashlib.sha256()
    for spectra in (profile.joint_spectra.ngrams, profile.joint_spectra.contexts):
        for order in sorted(spectra):
            for masks, joint in spectra[order].items():
                found.update(f"{order} {masks}".encode())
                for values in (joint.a, joint.b, joint.types):
                    found.update(np.asarray(values).tobytes())
    for array in (profile.run.keys, profile.run.counts):
        found.update(np.ascontiguousarray(array).tobytes())
    sample = profile.sample
    keys = sample.hash if sample.key is None else sample.key
    for array in (sample.hash, sample.length, sample.tokens, keys):
        found.update(np.ascontiguousarray(array).tobytes())
    facts = profile.documents, profile.empty_documents, profile.halved_by, profile.sample_tokens
    found.update(repr((facts, profile.layout)).encode())
    return found.hexdigest()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_corpus(tmp_path_factory.mktemp("work") / "corpus")


@pytest.fixture(scope="module")
def whole(folder):
    return digest(cs.profile(folder, **OPTIONS))


@pytest.fixture
def directory(folder, tmp_path):
    return opened(folder, tmp_path / "work")


@pytest.fixture(scope="module")
def done(folder, tmp_path_factory):
    """A work directory whose units are counted, to be copied."""
    work = opened(folder, tmp_path_factory.mktemp("done") / "work")
    in_units.count_here(work, work.left(), counting(), None)
    return work.path


@pytest.fixture
def counted(folder, done, tmp_path):
    shutil.copytree(done, tmp_path / "work")
    return opened(folder, tmp_path / "work")


def opened(folder: Path, path: Path, tokens: int | None = UNIT, **others: object) -> WorkDirectory:
    options = in_units.planned_options(counting(), True, OPTIONS["sample_tokens"])
    reading = ReadOptions(tokenizer="bytes", **others)
    return WorkDirectory.open(path, [str(folder)], reading, options, tokens)


def counting() -> CountOptions:
    return CountOptions(max_order=3, memory="500MB", threads=1)


def finished(work: WorkDirectory) -> Profile:
    return finish(work, "corpus", True, select("auto"), MEMORY, work.path / "profile")


def test_units_are_the_corpus(folder, whole, tmp_path):
    steps = []
    profile = cs.profile(
        folder,
        work_dir=tmp_path / "work",
        unit_tokens=UNIT,
        progress=lambda *step: steps.append(step),
        **OPTIONS,
    )
    assert digest(profile) == whole
    assert steps[-1] == ("counting", 7, 7)
    assert profile.name == "corpus"
    plain = cs.profile(folder, **OPTIONS)
    assert profile.sources == plain.sources
    assert profile.boundaries == plain.boundaries
    again = cs.profile(folder, work_dir=tmp_path / "work", **OPTIONS)
    assert digest(again) == whole


@pytest.mark.parametrize("unit_tokens", [100, 1500, 10**9])
def test_the_size_of_units_changes_nothing(folder, whole, tmp_path, unit_tokens):
    profile = cs.profile(folder, work_dir=tmp_path / "w", unit_tokens=unit_tokens, **OPTIONS)
    assert digest(profile) == whole


def test_paths_that_are_given_one_by_one_have_a_common_root(folder, tmp_path):
    paths = [folder / "b" / "3.jsonl", folder / "b" / "4.jsonl", folder / "c0.parquet"]
    plain = cs.profile(paths, **OPTIONS)
    assert digest(cs.profile(paths, work_dir=tmp_path, unit_tokens=UNIT, **OPTIONS)) == digest(
        plain
    )


def test_one_small_file_is_cut_into_blocks_as_without_units(folder, tmp_path):
    path = folder / "a" / "0.jsonl"
    plain = cs.profile(path, **OPTIONS)
    assert plain.halved_by != "documents"
    assert digest(cs.profile(path, work_dir=tmp_path, **OPTIONS)) == digest(plain)


def test_vocabularies_that_units_imply_become_one(tmp_path):
    rng = np.random.default_rng(2)
    (tmp_path / "ids").mkdir()
    for number, largest in enumerate([40, 3000, 70_000]):
        np.save(tmp_path / "ids" / f"{number}.npy", rng.integers(0, largest, (60, 9), np.uint32))
    options = {"max_order": 2, "memory": "500MB"}
    plain = cs.profile(tmp_path / "ids", **options)
    units = cs.profile(tmp_path / "ids", work_dir=tmp_path / "w", unit_tokens=500, **options)
    assert len(list((tmp_path / "w" / "map").iterdir())) == 6
    assert digest(units) == digest(plain)


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize("group_key", [None, "page"])
def test_row_groups_of_a_large_file_are_units(tmp_path, alone, group_key):
    rng = random.Random(5)
    texts = [None if number % 9 == 0 else text(rng) for number in range(400)]
    rows = {"text": texts, "page": [rng.randint(0, 70) for _ in texts]}
    (tmp_path / "c").mkdir()
    pq.write_table(
        pa.table(rows), tmp_path / "c" / "large.parquet", row_group_size=37, compression="none"
    )
    if not alone:
        small = pa.table({name: values[:30] for name, values in rows.items()})
        for name in ("a", "z"):
            pq.write_table(small, tmp_path / "c" / f"{name}.parquet")
    options = OPTIONS | {"group_key": group_key}
    plain = cs.profile(tmp_path / "c", **options)
    units = cs.profile(tmp_path / "c", work_dir=tmp_path / "w", unit_tokens=1200, **options)
    divisions = [unit.places for unit in Plan.read(tmp_path / "w").units]
    parts = [each for each in divisions if each is not None]
    assert len(parts) > 3
    assert (parts[0][0], parts[-1][1]) == (0, 11)
    assert [first for first, _ in parts[1:]] == [last for _, last in parts[:-1]]
    assert digest(units) == digest(plain)
    assert units.sources == plain.sources


def test_rows_that_boundary_ids_cut_are_not_divided(tmp_path):
    rng = random.Random(6)
    ids = [[rng.randint(0, 9) for _ in range(rng.randint(0, 30))] for _ in range(300)]
    pq.write_table(pa.table({"input_ids": ids}), tmp_path / "a.parquet", row_group_size=50)
    options = {"eot": 0, "max_order": 2, "memory": "500MB"}
    units = cs.profile(tmp_path / "a.parquet", work_dir=tmp_path / "w", unit_tokens=100, **options)
    assert len(Plan.read(tmp_path / "w").units) == 1
    assert digest(units) == digest(cs.profile(tmp_path / "a.parquet", **options))


@pytest.mark.parametrize("of", [1, 3, 40])
def test_parts_of_the_key_space_are_the_corpus(counted, whole, of):
    for number in range(of):
        reduce_range(counted, number, of, select("auto"), MEMORY)
    reduce_range(counted, 0, of, select("auto"), MEMORY)  # is there
    assert digest(finished(counted)) == whole


@pytest.mark.parametrize("halves", [True, False])
@pytest.mark.parametrize("max_order", [1, 2, 4])
def test_spectra_of_parts_add_up_in_every_order(folder, tmp_path, max_order, halves):
    options = OPTIONS | {"max_order": max_order, "halves": halves}
    plain = cs.profile(folder, **options)
    reading, counts = ReadOptions(tokenizer="bytes"), replace(counting(), max_order=max_order)
    planned = in_units.planned_options(counts, halves, OPTIONS["sample_tokens"])
    work = WorkDirectory.open(tmp_path / "w", [str(folder)], reading, planned, UNIT)
    in_units.count_here(work, work.left(), counts, None)
    for number in range(5):
        reduce_range(work, number, 5, select("auto"), MEMORY)
    assert digest(finished(work)) == digest(plain)


@pytest.mark.parametrize("linked", [True, False])
def test_the_merged_table_becomes_that_of_the_profile_unread(counted, whole, monkeypatch, linked):
    for number in range(3):
        reduce_range(counted, number, 3, select("auto"), MEMORY)
    read = TableOnDisk.read

    def of_first_tokens_only(table: TableOnDisk, first: int, last: int) -> NgramTable:
        assert table.path.name == "first-tokens"
        return read(table, first, last)

    monkeypatch.setattr(TableOnDisk, "read", of_first_tokens_only)
    if not linked:
        monkeypatch.setattr(os, "link", not_on_this_disk)
    profile = finished(counted)
    monkeypatch.undo()
    parts = sorted((counted.path / "profile").glob("part-*"))
    sources = [part for n in range(3) for part in (counted.path / f"reduce/{n}-of-3").glob("part*")]
    assert len(parts) == len(sources) == 3
    assert all(a.samefile(b) == linked for a, b in zip(parts, sources, strict=True))
    assert digest(profile) == whole


def not_on_this_disk(*paths: object) -> None:
    raise OSError(errno.EXDEV, "another disk")


def test_parts_of_the_key_space_without_their_table(folder, counted):
    for number in range(3):
        reduce_range(counted, number, 3, select("auto"), MEMORY, table=False)
    assert not [*counted.path.glob("reduce/*/part-*")]
    with pytest.raises(InputError, match=r"0-of-3 was merged with --no-table: .* remove .*reduce"):
        finished(counted)
    profile = finish(counted, "c", False, select("auto"), MEMORY, counted.path / "profile")
    assert profile.table is None
    assert profile.joint_spectra == cs.profile(folder, **OPTIONS).joint_spectra


def test_parts_that_do_not_hold_all_tokens_are_refused(counted):
    for number in range(2):
        reduce_range(counted, number, 2, select("auto"), MEMORY)
    path = counted.path / "reduce" / "1-of-2" / "range.json"
    content = json.loads(path.read_text())
    content["windows"] += 1
    del content["sha256"]
    path.write_bytes(signed(content))
    with pytest.raises(InputError, match=r"the 2 parts in .* hold .* tokens, and the units"):
        finished(counted)


def test_parts_of_the_key_space_have_about_as_many_rows(counted):
    manifests = counted.manifests()
    layout = layout_of(manifests)
    stretches = [key_ranges_of(manifests, layout, number, 4) for number in range(4)]
    assert [first for first, _ in stretches[1:]] == [last for _, last in stretches[:-1]]
    assert (stretches[0][0], stretches[-1][1]) == (0, layout.key_ranges)


def test_little_memory_merges_in_a_tree(counted, whole):
    manifests = counted.manifests()
    layout, memory = layout_of(manifests), 250_000_000  # room for two tables at a time
    stretch = 0, layout.key_ranges
    pieces = [*merged_tables(counted, manifests, layout, stretch, select("auto"), memory)]
    below = counted.path / "merged" / f"0-{layout.key_ranges - 1}"
    assert {path.name for path in below.iterdir()} == {
        "u000001-u000002",
        "u000003-u000004",
        "u000005-u000006",
        "u000000-u000002",
        "u000003-u000006",
    }
    profile = finished(counted)
    assert digest(profile) == whole
    assert sum(map(len, pieces)) == len(profile.run)


def test_a_profile_without_a_table_has_the_spectra(folder, tmp_path):
    plain = cs.profile(folder, table=False, **OPTIONS)
    units = cs.profile(folder, work_dir=tmp_path, unit_tokens=UNIT, table=False, **OPTIONS)
    assert units.table is None
    assert units.joint_spectra == plain.joint_spectra
    with pytest.raises(cs.CollapseStatsError, match="without its table: remove it"):
        cs.profile(folder, work_dir=tmp_path, **OPTIONS)


def test_missing_units_are_named(directory):
    for unit in (0, 2, 3):
        count_unit(directory, unit, counting())
    assert directory.left() == [1, 4, 5, 6]
    with pytest.raises(InputError, match=r"4 of the 7 units are missing .*u000001, u000004"):
        finished(directory)
    with pytest.raises(InputError, match="u000001"):
        reduce_range(directory, 0, 2, select("auto"), MEMORY)


def test_missing_parts_are_named(counted):
    reduce_range(counted, 1, 3, select("auto"), MEMORY)
    with pytest.raises(InputError, match="run --reduce 0/3 and --reduce 2/3 first"):
        finished(counted)


def test_a_foreign_unit_is_refused(folder, counted, tmp_path):
    other = opened(folder, tmp_path / "other", tokens=3 * UNIT)
    count_unit(other, 0, counting())
    shutil.rmtree(counted.folder(0))
    shutil.copytree(other.folder(0), counted.folder(0))
    with pytest.raises(InputError, match=r"u000000: .* of plan .*: remove it and run this again"):
        finished(counted)


def test_a_damaged_unit_is_refused(counted):
    manifest = counted.folder(3) / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"documents": ', '"documents": 1'))
    with pytest.raises(InputError, match=r"damaged.*: remove .*u000003, and run this again"):
        counted.left()


def test_a_changed_part_is_refused(counted):
    reduce_range(counted, 0, 1, select("auto"), MEMORY)
    table = counted.path / "reduce" / "0-of-1" / "range.json"
    table.write_text(table.read_text().replace('"rows": ', '"rows": 1'))
    with pytest.raises(InputError, match=r"not what was written.*: remove .*0-of-1"):
        finished(counted)


@pytest.mark.parametrize(
    ("others", "tokens", "match"),
    [
        ({}, 7, "unit-tokens 400, got 7"),
        ({"text_key": "text"}, UNIT, "text-key not given, got text"),
        ({"group_key": "text"}, None, "group-key not given, got text"),
    ],
)
def test_other_options_are_refused(folder, done, others, tokens, match):
    with pytest.raises(InputError, match=match):
        opened(folder, done, tokens, **others)


def test_skip_bad_is_no_other_option(folder, done):
    assert opened(folder, done, skip_bad=True).left() == []


@pytest.mark.parametrize("change", ["grown", "new", "gone", "same size"])
def test_files_that_changed_are_refused(folder, tmp_path, change):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    work = opened(copy, tmp_path / "work")
    path = copy / "b" / "3.jsonl"
    content = path.read_text()
    if change == "new":
        (copy / "b" / "9.jsonl").write_text(content)
    elif change == "gone":
        path.unlink()
    else:
        longer = f"{content}\n" if change == "grown" else content.replace("the", "teh")
        path.write_text(longer)
    if change == "same size":
        work = opened(copy, tmp_path / "work")
        with pytest.raises(InputError, match=r"unit u00000\d: .*3.jsonl has changed since"):
            in_units.count_here(work, work.left(), counting(), None)
    else:
        with pytest.raises(InputError, match=r"\d.jsonl (has changed|is new|is gone) since"):
            opened(copy, tmp_path / "work")


def test_a_damaged_plan_is_refused(folder, directory):
    path = directory.path / "plan.json"
    path.write_text(path.read_text().replace('"unit_tokens": 400', '"unit_tokens": 401'))
    with pytest.raises(InputError, match=r"plan.json is damaged"):
        opened(folder, directory.path)


def test_a_unit_that_another_process_finishes_meanwhile_counts(directory, whole, monkeypatch):
    from collapse_stats.profiles.units import work_directory

    profile_corpus = work_directory.profile_corpus

    def slow(*arguments, **keywords):
        monkeypatch.setattr(work_directory, "profile_corpus", profile_corpus)
        count_unit(directory, 2, counting())  # by the other process
        return profile_corpus(*arguments, **keywords)

    monkeypatch.setattr(work_directory, "profile_corpus", slow)
    count_unit(directory, 2, counting())
    in_units.count_here(directory, directory.left(), counting(), None)
    assert digest(finished(directory)) == whole


def test_no_unit_is_almost_empty():
    for sizes in ([0, 4000, 4000, 0], [4000, 0, 0, 4000], [0, 0], [8, 4000, 8, 4000, 8, 4000]):
        files = [PlannedFile(f"{n}.txt", size, "") for n, size in enumerate(sizes)]
        units = units_of_files(files, 1000)
        assert [first for first, *_ in units[1:]] == [last for _, last, _ in units[:-1]]
        assert (units[0].first, units[-1].last) == (0, len(sizes))
        held = [sum(sizes[first:last]) for first, last, _ in units]
        assert len(held) == 1 or min(held) >= 4000


def test_what_units_cannot_be_of_is_refused(folder, tmp_path):
    with pytest.raises(InputError, match="data in memory"):
        cs.profile([[1, 2, 3]], work_dir=tmp_path / "w")
    with pytest.raises(InputError, match="--limit-documents"):
        cs.profile(folder, work_dir=tmp_path / "w", limit_documents=3)
    with pytest.raises(InputError, match=r"lies in the corpus .*: give a --work-dir beside it"):
        cs.profile(folder, work_dir=folder / "a" / "w")
    with pytest.raises(ValueError, match="give a work_dir"):
        cs.profile(folder, unit_tokens=3)
    with pytest.raises(ValueError, match="engine must be one of local, ray"):
        cs.profile(folder, work_dir=tmp_path / "w", engine="dask")
    assert not (tmp_path / "w").exists()


def test_a_plan_is_the_same_for_everybody(folder, directory):
    assert Plan.read(directory.path).digest == directory.plan.digest
    assert opened(folder, directory.path.parent / "second").plan == directory.plan


def test_a_corpus_in_a_bucket(folder, whole, tmp_path, monkeypatch):
    pytest.importorskip("moto", reason="moto is not installed: it plays the S3 server")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "us")
    with s3() as (address, put):
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        put(folder)
        options = OPTIONS | {"work_dir": tmp_path / "w", "unit_tokens": UNIT}
        profile = cs.profile("s3://corpora/", **options)
        assert len(list((tmp_path / "w" / "map").iterdir())) == 7
    assert digest(profile) == whole


def test_a_work_directory_can_be_sent_to_another_process(counted):
    url = RemotePath("s3://corpora/a.jsonl")
    sent = pickle.loads(pickle.dumps(replace(counted, names=[url], given=[url])))
    assert sent.plan == counted.plan
    assert list(map(str, sent.names)) == ["s3://corpora/a.jsonl"]


def test_a_divided_file_is_one_source_and_what_is_left_out_is_said(tmp_path):
    corpus = tmp_path / "divided"
    corpus.mkdir()
    texts = [f"{i} lies between {i - 1} and {i + 1} " * 10 for i in range(400)]
    pq.write_table(pa.table({"text": texts}), corpus / "a.parquet", row_group_size=40)
    (corpus / "readme.txt").write_text("what the table holds")
    whole = cs.profile(corpus, origin="human")
    work = tmp_path / "work"
    in_units = cs.profile(corpus, work_dir=work, unit_tokens=3000, origin="human")
    assert len([*(work / "map").iterdir()]) > 1
    assert in_units.sources == whole.sources
    assert in_units.sources[0].tokens == whole.tokens
    assert in_units.warnings == whole.warnings
    assert "readme.txt" in whole.warnings[0]
