"""Bad files of a corpus in units are left out as they are of a corpus that one process counts.

The oracle is `cs.profile` with ``skip_bad`` and without a work directory.
"""

import gzip
import json
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import collapse_stats as cs
from collapse_stats.errors import InputError

OPTIONS = {"tokenizer": "bytes", "max_order": 3, "memory": "500MB", "skip_bad": True}


def lines(seed: int, number: int = 100) -> str:
    rng = random.Random(seed)
    texts = (
        " ".join(rng.choices("some words that come again".split(), k=6)) for _ in range(number)
    )
    return "".join(json.dumps({"text": text}) + "\n" for text in texts)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Files that are good, one in each unit, to which others are added."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    for seed, name in enumerate("bdf"):
        (folder / f"{name}.jsonl").write_text(lines(seed))
    return folder


def write_bad(folder: Path, kind: str) -> None:
    path = folder / f"c.{kind}.jsonl"
    if kind == "binary":
        path.write_bytes(bytes(3000))
    elif kind == "first":
        path = folder / "a.parquet"
        path.write_bytes(b"PAR1 cut off" * 300)
    elif kind == "damaged behind its first documents":
        random_text = "".join(random.Random(1).choices("abcdefghijklmnop", k=400_000))
        texts = (json.dumps({"text": random_text[at : at + 70]}) for at in range(0, 400_000, 70))
        path = folder / "c.jsonl.gz"
        path.write_bytes(gzip.compress("\n".join(texts).encode())[:-100_000])
    elif kind == "mostly bad lines":
        path.write_text("not json\n" * 300 + lines(7, 60))
    elif kind == "without documents":
        path.write_text("\n" * 3000)
    elif kind == "empty documents":
        path.write_text(json.dumps({"text": ""}) + "\n" + '{"text": ""}\n' * 200)


KINDS = [
    "binary",
    "first",
    "damaged behind its first documents",
    "mostly bad lines",
    "without documents",
    "empty documents",
]


def same(units: cs.Profile, plain: cs.Profile) -> None:
    """Compare all that is counted, and what is said of the files."""
    assert units.run == plain.run
    assert units.joint_spectra == plain.joint_spectra
    assert units.sample.hash.tolist() == plain.sample.hash.tolist()
    assert units.sample.tokens.tolist() == plain.sample.tokens.tolist()
    assert (units.documents, units.empty_documents) == (plain.documents, plain.empty_documents)
    assert units.sources == plain.sources
    assert sorted(units.warnings) == sorted(plain.warnings)
    assert units.halved_by == plain.halved_by == "documents"
    assert units.tokenizer == plain.tokenizer
    assert units.boundaries == plain.boundaries


@pytest.mark.parametrize("kind", KINDS)
def test_a_bad_file_that_is_alone_in_its_unit_is_left_out(corpus, tmp_path, kind):
    write_bad(corpus, kind)
    units = cs.profile(corpus, work_dir=tmp_path / "w", unit_tokens=1200, **OPTIONS)
    assert len([*(tmp_path / "w" / "map").iterdir()]) == 4
    same(units, cs.profile(corpus, **OPTIONS))


@pytest.mark.parametrize("kind", KINDS[:4])
def test_it_fails_its_unit_if_bad_files_are_not_accepted(corpus, tmp_path, kind):
    write_bad(corpus, kind)
    options = OPTIONS | {"skip_bad": False, "work_dir": tmp_path / "w", "unit_tokens": 1200}
    with pytest.raises(InputError, match=r"unit u00000[01]: .*[ac]\."):
        cs.profile(corpus, **options)


def test_a_corpus_of_bad_files_alone_is_refused(tmp_path):
    folder = tmp_path / "corpus"
    folder.mkdir()
    for name in "abc":
        (folder / f"{name}.jsonl").write_bytes(bytes(3000))
    with pytest.raises(InputError, match=r"nothing to count: .*a\.jsonl is binary data"):
        cs.profile(folder, work_dir=tmp_path / "w", unit_tokens=1200, **OPTIONS)


def test_a_divided_file_ends_where_it_is_damaged(corpus, tmp_path):
    path = corpus / "c.parquet"
    rng = random.Random(2)
    texts = ["".join(rng.choices("abcdefghijklmnop", k=200)) for _ in range(400)]
    pq.write_table(
        pa.table({"text": texts}),
        path,
        row_group_size=40,
        compression="zstd",
        write_page_checksum=True,
    )
    column = pq.ParquetFile(path).metadata.row_group(5).column(0)
    middle = column.data_page_offset + column.total_compressed_size // 2
    content = bytearray(path.read_bytes())
    content[middle : middle + 64] = bytes(64)
    path.write_bytes(content)
    units = cs.profile(corpus, work_dir=tmp_path / "w", unit_tokens=4000, **OPTIONS)
    plain = cs.profile(corpus, **OPTIONS)
    assert len([*(tmp_path / "w" / "map").iterdir()]) > 5
    assert 300 < plain.documents < 700
    assert (units.run, units.documents) == (plain.run, plain.documents)
    assert units.joint_spectra == plain.joint_spectra
    assert [source.documents for source in units.sources] == [
        source.documents for source in plain.sources
    ]
