"""Large files that units divide are what one process counts of them, whatever the format.

The oracle is `cs.profile` without a work directory.
"""

import gzip
import json
import random
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import shard_writers as shards
from remote_servers import s3

import collapse_stats as cs
from collapse_stats.backends.options import CountOptions
from collapse_stats.errors import InputError
from collapse_stats.profiles.units.in_units import planned_options
from collapse_stats.profiles.units.plan import Plan
from collapse_stats.profiles.units.work_directory import WorkDirectory, count_unit
from collapse_stats.readers.options import ReadOptions
from collapse_stats.readers.small_file import SmallFileReader

OPTIONS = {"max_order": 3, "memory": "500MB", "sample_tokens": 4000}
EOT = 7


def texts(number: int) -> list[str]:
    rng = random.Random(3)
    words = "the cat sat on a mat and then it ran far away".split()
    return [" ".join(rng.choices(words, k=rng.randint(0, 15))) for _ in range(number)]


def json_lines(path: Path) -> dict[str, object]:
    """Lines of very different lengths, blank and bad ones, and a last one without an end."""
    lines = [json.dumps({"text": text, "page": str(len(text) % 9)}) for text in texts(300)]
    lines[3], lines[50], lines[51] = "", "{bad", json.dumps({"text": "long " * 1500})
    lines[120] = '{"text": "two"}{"text": "on a line"}'
    path.with_suffix(".jsonl").write_text("\ufeff" + "\n".join(lines))
    return {"tokenizer": "bytes"}


def grouped_lines(path: Path) -> dict[str, object]:
    return json_lines(path) | {"group_key": "page"}


def lines_of_ids(path: Path) -> dict[str, object]:
    rng = random.Random(4)
    ids = ([rng.randint(0, 40) for _ in range(rng.randint(0, 30))] for _ in range(300))
    path.with_suffix(".jsonl").write_text("".join(json.dumps({"tokens": i}) + "\n" for i in ids))
    return {"vocab_size": 50}


def lines_of_text(path: Path) -> dict[str, object]:
    path.with_suffix(".txt").write_bytes("\r\n".join([*texts(300), "", ""]).encode())
    return {"tokenizer": "bytes", "doc_per_line": True}


def stream(number: int = 9000) -> np.ndarray:
    """Ids with boundaries, some of them next to each other, at the beginning and at the end."""
    rng = np.random.default_rng(5)
    ids = rng.integers(0, 60, number)
    ids[:3] = ids[-2:] = EOT
    ids[400:900] = EOT
    return ids


def flat(path: Path) -> dict[str, object]:
    stream().astype(np.uint16).tofile(path.with_suffix(".bin"))
    return {"dtype": "u16", "eot": EOT, "vocab_size": 60}


def array_of_ids(path: Path) -> dict[str, object]:
    np.save(path.with_suffix(".npy"), stream().astype(">u4")[3:])
    return {"eot": EOT, "vocab_size": 60}


def array_of_rows(path: Path) -> dict[str, object]:
    np.save(path.with_suffix(".npy"), stream().reshape(-1, 30).astype(np.uint16))
    return {"vocab_size": 60}


def llm_c(path: Path) -> dict[str, object]:
    ids = np.where(stream() == EOT, 50256, stream()).astype("<u2")
    header = np.zeros(256, "<i4")
    header[:3] = 20240520, 1, len(ids)
    path.with_suffix(".bin").write_bytes(header.tobytes() + ids.tobytes())
    return {}


def documents() -> list[list[int]]:
    rng = random.Random(6)
    return [[rng.randint(0, 50) for _ in range(rng.randint(0, 60))] for _ in range(300)]


def megatron(path: Path) -> dict[str, object]:
    shards.megatron(path.with_suffix(".bin"), [[each] for each in documents()])
    return {"vocab_size": 60}


def olmo(path: Path) -> dict[str, object]:
    shards.olmo(path.with_suffix(".npy"), documents())
    return {"vocab_size": 60}


def datatrove(path: Path) -> dict[str, object]:
    shards.datatrove(path.with_suffix(".ds"), documents())
    return {"vocab_size": 60}


WRITERS = [
    megatron,
    olmo,
    datatrove,
    json_lines,
    grouped_lines,
    lines_of_ids,
    lines_of_text,
    flat,
    array_of_ids,
    array_of_rows,
    llm_c,
]


def same(units: cs.Profile, plain: cs.Profile) -> None:
    assert units.run == plain.run
    assert units.joint_spectra == plain.joint_spectra
    assert units.sample.hash.tolist() == plain.sample.hash.tolist()
    assert units.sample.tokens.tolist() == plain.sample.tokens.tolist()
    assert (units.documents, units.empty_documents) == (plain.documents, plain.empty_documents)
    assert units.sources == plain.sources


def stretches(work: Path) -> list[tuple[int, int]]:
    return [unit.places for unit in Plan.read(work).units if unit.places is not None]


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize("write", WRITERS)
def test_parts_of_a_file_are_the_file(tmp_path, write, alone):
    (tmp_path / "c").mkdir()
    options = OPTIONS | write(tmp_path / "c" / "b")
    if not alone:
        for name in "ac":
            write(tmp_path / "c" / name)
    plain = cs.profile(tmp_path / "c", **options)
    units = cs.profile(tmp_path / "c", work_dir=tmp_path / "w", unit_tokens=400, **options)
    found = stretches(tmp_path / "w")
    assert len(found) >= 5
    assert all(a[1] == b[0] or b[0] == 0 for a, b in pairwise(found))
    same(units, plain)
    again = cs.profile(tmp_path / "c", work_dir=tmp_path / "w2", unit_tokens=1700, **options)
    same(again, plain)


@pytest.mark.parametrize("order", ["forward", "backward"])
def test_each_part_is_looked_at_once(tmp_path, monkeypatch, order):
    (tmp_path / "c").mkdir()
    json_lines(tmp_path / "c" / "b")
    counting = CountOptions(max_order=3, memory="500MB")
    work = WorkDirectory.open(
        tmp_path / "w",
        [str(tmp_path / "c")],
        ReadOptions(tokenizer="bytes"),
        planned_options(counting, True, 4000),
        2000,
    )
    looked: list[tuple[int, int]] = []
    rows_between = SmallFileReader.rows_between

    def counted(reader: SmallFileReader, first: int, last: int) -> int:
        looked.append((first, last))
        return rows_between(reader, first, last)

    monkeypatch.setattr(SmallFileReader, "rows_between", counted)
    numbers = range(work.units) if order == "forward" else range(work.units - 1, -1, -1)
    for unit in numbers:
        count_unit(work, unit, counting)
    assert sorted(looked) == stretches(tmp_path / "w")[:-1]
    assert (tmp_path / "w" / "rows" / "u000000.json").exists()


def test_a_damaged_number_of_rows_is_refused(tmp_path):
    (tmp_path / "c").mkdir()
    options = OPTIONS | json_lines(tmp_path / "c" / "b") | {"unit_tokens": 2000}
    cs.profile(tmp_path / "c", work_dir=tmp_path / "w", **options)
    for unit in (tmp_path / "w" / "map").iterdir():
        unit.rename(tmp_path / unit.name)
    path = tmp_path / "w" / "rows" / "u000001.json"
    path.write_text(path.read_text().replace('"rows": ', '"rows": 1'))
    (tmp_path / "w" / "profile").rename(tmp_path / "profile")
    with pytest.raises(InputError, match=r"not what was written.*remove .*rows, and run this"):
        cs.profile(tmp_path / "c", work_dir=tmp_path / "w", **options)


def compressed(path: Path) -> dict[str, object]:
    content = "".join(json.dumps({"text": text}) + "\n" for text in texts(3000))
    path.with_suffix(".jsonl.gz").write_bytes(gzip.compress(content.encode()))
    return {"tokenizer": "bytes"}


def array_of_objects(path: Path) -> dict[str, object]:
    path.with_suffix(".json").write_text(json.dumps([{"text": text} for text in texts(300)]))
    return {"tokenizer": "bytes"}


def one_text(path: Path) -> dict[str, object]:
    path.with_suffix(".txt").write_text("\n".join(texts(300)))
    return {"tokenizer": "bytes"}


def one_document(path: Path) -> dict[str, object]:
    return flat(path) | {"eot": None}


def rows_that_ids_cut(path: Path) -> dict[str, object]:
    return array_of_rows(path) | {"eot": EOT}


def lines_that_ids_cut(path: Path) -> dict[str, object]:
    return lines_of_ids(path) | {"eot": EOT}


@pytest.mark.parametrize(
    "write",
    [
        compressed,
        array_of_objects,
        one_text,
        one_document,
        rows_that_ids_cut,
        lines_that_ids_cut,
    ],
)
def test_what_has_no_places_is_not_divided(tmp_path, write):
    (tmp_path / "c").mkdir()
    options = OPTIONS | write(tmp_path / "c" / "b")
    units = cs.profile(tmp_path / "c", work_dir=tmp_path / "w", unit_tokens=400, **options)
    assert len(Plan.read(tmp_path / "w").units) == 1
    same(units, cs.profile(tmp_path / "c", **options))


def test_parts_of_files_in_a_bucket(tmp_path, monkeypatch):
    pytest.importorskip("moto", reason="moto is not installed: it plays the S3 server")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "us")
    (tmp_path / "lines").mkdir()
    options = OPTIONS | json_lines(tmp_path / "lines" / "b")
    with s3() as (address, put):
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        put(tmp_path / "lines")
        units = cs.profile("s3://corpora/", work_dir=tmp_path / "w", unit_tokens=2000, **options)
    assert len(stretches(tmp_path / "w")) == 3
    plain = cs.profile(tmp_path / "lines", **options)
    assert units.run == plain.run
    assert units.sample.hash.tolist() == plain.sample.hash.tolist()
