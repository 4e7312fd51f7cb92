"""Profiles with a sample of n-grams: one and the same however they are made; damage is found."""

import hashlib
import json
import random
import shutil
from itertools import permutations
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from saved_profiles import edit, manifest_of, sealed

import collapse_stats as cs
from collapse_stats.cli import program
from collapse_stats.errors import CollapseStatsError, InputError, LayoutMismatchError
from collapse_stats.profiles import sampled as sampled_module
from collapse_stats.system.memory import TooLittleMemoryError

OPTIONS = {"tokenizer": "bytes", "max_order": 4, "memory": "900MB", "threads": 2}
FILES = 7
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sampled") / "corpus"
    folder.mkdir()
    rng = random.Random(7)
    words = ["".join(rng.choices(LETTERS, k=rng.randint(1, 6))) for _ in range(900)]
    for number in range(FILES):
        texts = [" ".join(rng.choices(words, k=rng.randint(0, 60))) for _ in range(40)]
        lines = [json.dumps({"text": text}) for text in texts]
        (folder / f"{number}.jsonl").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="module")
def saved(corpus):
    """The profile of the corpus, counted by one process."""
    path = corpus.parent / "whole"
    cs.profile(corpus, sample_ngrams="1/16", **OPTIONS).save(path)
    return path


def digests(path: Path) -> dict[str, str]:
    """The SHA-256 of every file of a profile but the manifest."""
    return {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()
        for file in path.iterdir()
        if file.suffix == ".parquet"
    }


def run(*args: object) -> tuple[int, str]:
    result = CliRunner().invoke(program, list(map(str, args)))
    return result.exit_code, result.output + (result.stderr if result.stderr_bytes else "")


def test_its_files(saved):
    names = {"buckets.parquet", "sample.parquet", "spectra.parquet"}
    assert digests(saved).keys() == names | {f"{n}-grams-00000.parquet" for n in (2, 3, 4)}
    manifest = manifest_of(saved)
    assert manifest["ngram_sample"]["one_of"] == 16
    assert manifest["parts"] is None
    kept = pq.read_table(saved / "3-grams-00000.parquet")
    assert kept.column_names == ["t1", "t2", "t3", "count_a", "count_b"]
    assert 16 * kept.num_rows == manifest["totals"]["distinct"]["3"]
    sums = pq.ParquetFile(saved / "buckets.parquet")
    groups = [sums.read_row_group(number) for number in range(sums.num_row_groups)]
    assert [len(group) for group in groups] == [manifest["layout"]["vocab_size"], *[1 << 20] * 3]
    totals = [sum(np.sum(column.to_numpy()) for column in group.columns) for group in groups]
    assert totals == [*manifest["totals"]["windows"].values()]


def test_units_are_the_corpus(corpus, saved, tmp_path):
    options = OPTIONS | {"sample_ngrams": 16, "work_dir": tmp_path / "work", "unit_tokens": 2000}
    cs.profile(corpus, **options)
    assert len([*(tmp_path / "work" / "map").iterdir()]) == FILES
    assert digests(tmp_path / "work" / "profile") == digests(saved)


@pytest.mark.parametrize("order", [*permutations(range(3))])
def test_parts_merged_in_any_order_are_the_corpus(corpus, saved, tmp_path, order):
    files = sorted(corpus.iterdir())
    shares = [files[:1], files[1:5], files[5:]]
    parts = []
    for number, share in enumerate(shares):
        path = tmp_path / str(number)
        cs.profile(share, root=corpus, sample_ngrams=16, **OPTIONS).save(path)
        parts.append(path)
    code, output = run("merge", *(parts[number] for number in order), "-o", tmp_path / "merged")
    assert code == 0, output
    assert digests(tmp_path / "merged") == digests(saved)
    first, second, third = (cs.load(parts[number]) for number in order)
    (first + second + third).save(tmp_path / "added")
    assert digests(tmp_path / "added") == digests(saved)


def test_many_parts_are_merged_in_groups(corpus, saved, tmp_path, monkeypatch):
    monkeypatch.setattr(sampled_module, "fan_in", lambda sources, memory: 2)
    options = OPTIONS | {"sample_ngrams": 16, "work_dir": tmp_path / "work", "unit_tokens": 2000}
    cs.profile(corpus, **options)
    assert digests(tmp_path / "work" / "profile") == digests(saved)


@pytest.mark.parametrize("backend", ["numpy", "native"])
@pytest.mark.parametrize("threads", [1, 3])
def test_backends_and_threads_make_no_difference(corpus, saved, tmp_path, backend, threads):
    options = OPTIONS | {"backend": backend, "threads": threads}
    cs.profile(corpus, sample_ngrams=16, **options).save(tmp_path / "again")
    assert digests(tmp_path / "again") == digests(saved)


def test_a_saved_profile_says_what_it_said(corpus, saved):
    whole, loaded = cs.profile(corpus, sample_ngrams=16, **OPTIONS), cs.load(saved)
    for n in range(1, 5):
        assert loaded.entropy(n) == whole.entropy(n)
        assert loaded.sampling_error("entropy", n) == whole.sampling_error("entropy", n)
        assert loaded.interval("entropy", n) == whole.interval("entropy", n)
        assert loaded.distinct(n) == whole.distinct(n)


def test_the_error_of_a_figure_has_both_causes(saved):
    sampled, figure = cs.load(saved), "entropy"
    of_both = sampled.interval(figure, 3).error
    assert of_both > sampled.sampling_error(figure, 3) > 0


def test_comparisons_use_the_samples_of_documents(corpus, saved):
    sampled = cs.load(saved)
    exact = cs.profile(corpus, table=False, **OPTIONS)
    one, other = cs.compare(sampled, sampled), cs.compare(exact, exact)
    assert one.judgement == other.judgement
    for order in (1, 2, 3):
        assert one.figure("js", order) == other.figure("js", order)
        assert one.floor("js", order) == other.floor("js", order)
    assert not any("halves" in warning for warning in one.warnings)


@pytest.mark.parametrize("ask", [lambda p: p.top(2), lambda p: p.run])
def test_what_needs_the_table_is_refused(saved, ask):
    with pytest.raises(CollapseStatsError, match="one in 16 n-grams, and not the table of all"):
        ask(cs.load(saved))


def test_lost_ngrams_are_refused(saved):
    sampled = cs.load(saved)
    with pytest.raises(CollapseStatsError, match="one in 16 n-grams, and not the table"):
        cs.compare(sampled, sampled).lost(2)


def test_shares_that_differ_are_not_merged(corpus, saved):
    sampled = cs.load(saved)
    for other, keeps in ((64, "one in 64"), (None, "all")):
        profile = cs.profile(corpus, sample_ngrams=other, **OPTIONS)
        with pytest.raises(LayoutMismatchError, match=f"keeps one in 16, corpus {keeps}"):
            _ = sampled + profile


@pytest.mark.parametrize("share", ["1/3", "1/1", 0, -8, "1/8192", "half", 1.5])
def test_shares_that_cannot_be_are_refused(corpus, share):
    with pytest.raises((ValueError, TypeError)):
        cs.profile(corpus, sample_ngrams=share, **OPTIONS)


def test_vocabularies_of_several_sizes_are_merged():
    rng = np.random.default_rng(3)
    texts = [rng.zipf(1.4, 50) % 500 for _ in range(160)]
    texts[100][7] = 70_000  # sizes are implied by the largest ids
    small, large, whole = (
        cs.profile(some, max_order=3, sample_ngrams=4) for some in (texts[:80], texts[80:], texts)
    )
    assert small.vocab_size < large.vocab_size
    both = small + large
    for n in (1, 2, 3):
        assert np.array_equal(both.ngram_sample.sums[n], whole.ngram_sample.sums[n])
        assert both.entropy(n) == whole.entropy(n)


def test_tokens_sampled_in_one_profile_alone_are_not_merged():
    texts = [np.arange(20) + number for number in range(160)]
    texts[100][7] = 2**20
    small, large = (
        cs.profile(half, max_order=2, sample_ngrams=4) for half in (texts[:80], texts[80:])
    )
    with pytest.raises(LayoutMismatchError, match="give both one --vocab-size"):
        _ = small + large


def test_too_little_memory_names_what_is_enough(corpus):
    with pytest.raises(TooLittleMemoryError, match="at least") as caught:
        cs.profile(corpus, sample_ngrams=16, **OPTIONS | {"memory": "16MB"})
    assert caught.value.least > 16 << 20


def flipped(path: Path, name: str) -> None:
    data = bytearray((path / name).read_bytes())
    data[len(data) // 2] ^= 1
    (path / name).write_bytes(data)


@pytest.mark.parametrize("name", ["buckets.parquet", "3-grams-00000.parquet"])
def test_a_changed_bit_is_found(saved, tmp_path, name):
    shutil.copytree(saved, tmp_path / "copy")
    flipped(tmp_path / "copy", name)
    with pytest.raises(InputError, match=name):
        cs.load(tmp_path / "copy").spectrum(3)


def test_a_missing_file_is_found(saved, tmp_path):
    shutil.copytree(saved, tmp_path / "copy")
    (tmp_path / "copy" / "2-grams-00000.parquet").unlink()
    with pytest.raises(InputError, match=r"2-grams-00000\.parquet"):
        cs.load(tmp_path / "copy")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m["ngram_sample"].update(one_of=24), "power of two"),
        (lambda m: m["ngram_sample"].update(one_of=32), "its kept buckets hold"),
        (lambda m: m["ngram_sample"]["parts"].pop("3"), "parts.3"),
        (lambda m: m["ngram_sample"]["parts"]["3"][0].update(windows=5), "windows"),
        (lambda m: m["totals"]["windows"].update({"3": 10}), "totals.windows.3"),
        (lambda m: m["totals"]["distinct"].update({"3": 16}), "totals.distinct.3"),
        (lambda m: m["ngram_sample"]["buckets"].update(file="../x"), "buckets.parquet"),
    ],
)
def test_a_changed_manifest_is_found(saved, tmp_path, change, message):
    shutil.copytree(saved, tmp_path / "copy")
    edit(tmp_path / "copy", change)
    with pytest.raises(InputError, match=message):
        cs.load(tmp_path / "copy")


def test_sums_that_are_not_those_of_the_kept_ngrams_are_found(saved, tmp_path):
    """Occurrences moved from one kept bucket to another change no total."""
    copy = tmp_path / "copy"
    shutil.copytree(saved, copy)
    file = pq.ParquetFile(copy / "buckets.parquet")
    groups = [file.read_row_group(number) for number in range(4)]
    followed = groups[2]["followed"].to_numpy().copy()
    filled = np.flatnonzero(followed[::16])[:2] * 16
    followed[filled] += np.array([1, -1])
    groups[2] = groups[2].set_column(0, "followed", [followed])
    with pq.ParquetWriter(copy / "buckets.parquet", file.schema_arrow) as writer:
        for group in groups:
            writer.write_table(group.cast(file.schema_arrow), len(group))
    data = (copy / "buckets.parquet").read_bytes()
    entry = {"bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    edit(copy, lambda manifest: manifest["ngram_sample"]["buckets"].update(entry))
    with pytest.raises(InputError, match="do not add up to the sums of their buckets"):
        cs.load(copy).spectrum(3)


def test_a_profile_of_before_has_no_sample(corpus, tmp_path):
    cs.profile(corpus, table=False, **OPTIONS).save(tmp_path / "old")
    content = manifest_of(tmp_path / "old")
    assert content.pop("ngram_sample") is None
    (tmp_path / "old" / "manifest.json").write_text(json.dumps(sealed(content)))
    assert cs.load(tmp_path / "old").ngram_sample is None
