"""A work directory in a bucket, which moto plays: the same profile as on a disk.

The oracle is `cs.profile` without a work directory.
"""

import json
import random
from pathlib import Path

import pytest
from click.testing import CliRunner
from remote_servers import s3

import collapse_stats as cs
from collapse_stats.cli import program
from collapse_stats.errors import InputError
from collapse_stats.readers.remote.registry import writable_store_of

WORK = "s3://corpora/jobs/first"
OPTIONS = {"tokenizer": "bytes", "max_order": 3, "sample_tokens": 4000, "memory": "500MB"}
FLAGS = ["--tokenizer", "bytes", "--max-order", "3", "--sample-tokens", "4k", "--memory", "500MB"]

pytest.importorskip("moto", reason="moto is not installed: it plays the S3 server")


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five files, one of which is divided."""
    folder = tmp_path_factory.mktemp("bucket") / "corpus"
    folder.mkdir()
    rng = random.Random(4)
    words = ["".join(rng.choices("abcdefgh", k=rng.randint(1, 6))) for _ in range(200)]
    for number, lines in enumerate([60, 60, 400, 60, 60]):
        texts = (json.dumps({"text": " ".join(rng.choices(words, k=20))}) for _ in range(lines))
        (folder / f"{number}.jsonl").write_text("\n".join(texts) + "\n")
    return folder


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch):
    """An empty bucket, as a function that returns the names of its objects."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "us")
    with s3() as (address, put):
        put(None)  # moto keeps what another test has left
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        yield lambda: sorted(writable_store_of(WORK).list("s3://corpora/") or ())


def same(found: cs.Profile, corpus: Path) -> None:
    plain = cs.profile(corpus, **OPTIONS)
    assert found.run == plain.run
    assert found.joint_spectra == plain.joint_spectra
    assert found.sample.hash.tolist() == plain.sample.hash.tolist()
    assert found.sample.tokens.tolist() == plain.sample.tokens.tolist()
    assert found.sources == plain.sources


def run(corpus: Path, output: Path, *more: str, exit_code: int = 0) -> str:
    command = ["profile", corpus, "-o", output, "--work-dir", WORK, "--unit-tokens", "2500"]
    result = CliRunner().invoke(program, [*map(str, command), *FLAGS, *more])
    assert result.exit_code == exit_code, result.output
    return result.output


def test_tasks_parts_and_the_profile(corpus, bucket, tmp_path):
    output = tmp_path / "out"
    run(corpus, output, "--task", "1/2")
    assert "units are missing in s3://corpora/jobs/first/map" in " ".join(
        run(corpus, output, "--finish", exit_code=2).split()
    )
    run(corpus, output, "--task", "0/2")
    assert "0 units counted" in run(corpus, output, "--task", "0/2")
    for part in range(3):
        run(corpus, output, "--reduce", f"{part}/3")
    run(corpus, output, "--finish")
    same(cs.load(output), corpus)
    names = bucket()
    assert {name.split("/")[2] for name in names} == {"plan.json", "map", "rows", "reduce"}
    assert all(name.startswith("jobs/first/") for name in names)
    assert not [*tmp_path.glob("s3*")]


def test_all_at_once_and_again(corpus, bucket):
    options = OPTIONS | {"work_dir": WORK, "unit_tokens": 2500}
    same(cs.profile(corpus, **options), corpus)
    before = bucket()
    assert "jobs/first/profile/manifest.json" in before
    same(cs.profile(corpus, **options), corpus)
    assert bucket() == before


def test_little_memory_merges_in_a_tree(corpus, bucket, monkeypatch):
    monkeypatch.setattr("collapse_stats.profiles.units.reduce.fan_in", lambda *_: 2)
    same(cs.profile(corpus, work_dir=WORK, unit_tokens=2500, **OPTIONS), corpus)
    assert any("/merged/" in name for name in bucket())


@pytest.mark.parametrize("puts", [0, 1, 3, 9, 14])
def test_a_process_that_ends_while_it_writes(corpus, bucket, monkeypatch, puts):
    """Whatever was put last, what is there is whole, and the next process goes on."""
    from collapse_stats.readers.remote.buckets import BucketStore

    put, done = BucketStore.put, []

    def until(store, url, blocks):
        if len(done) >= puts:
            raise KeyboardInterrupt
        done.append(url)
        put(store, url, blocks)

    options = OPTIONS | {"work_dir": WORK, "unit_tokens": 2500}
    monkeypatch.setattr(BucketStore, "put", until)
    with pytest.raises(KeyboardInterrupt):
        cs.profile(corpus, **options)
    monkeypatch.setattr(BucketStore, "put", put)
    assert len(bucket()) == len(done)
    same(cs.profile(corpus, **options), corpus)


def test_a_damaged_object_is_refused(corpus, bucket, tmp_path):
    run(corpus, tmp_path / "out", "--task", "0/1")
    name = next(name for name in bucket() if name.endswith("u000002/part-00000.parquet"))
    writable_store_of(WORK).put(f"s3://corpora/{name}", lambda: [b"other bytes"])
    output = " ".join(run(corpus, tmp_path / "out", "--finish", exit_code=2).split())
    assert "u000002 is damaged: part-00000.parquet" in output


def test_where_nothing_can_be_written_is_refused(corpus, bucket):
    for url in ("https://example.com/work", "hf://datasets/a/b"):
        with pytest.raises(InputError, match="cannot be written to: expected a directory, or s3:"):
            cs.profile(corpus, work_dir=url, **OPTIONS)
    with pytest.raises(InputError, match="lies in the corpus s3://corpora/jobs"):
        cs.profile("s3://corpora/jobs", work_dir=WORK, **OPTIONS)
