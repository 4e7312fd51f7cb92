"""The keys of documents against an oracle that goes from document to document."""

from hashlib import blake2b

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collapse_stats.corpus import document_keys
from collapse_stats.corpus.document_keys import DocumentKeys, Stretch
from collapse_stats.corpus.file_seeds import FileSeeds
from collapse_stats.errors import InputError
from collapse_stats.readers.rows import Rows

WORD = 2**64


def splitmix(seed: int, row: int) -> int:
    x = (seed + row * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019) % WORD
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 % WORD
    x = (x ^ x >> 27) * 0x94D049BB133111EB % WORD
    return x ^ x >> 31


def digest(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


@st.composite
def stretches(draw) -> list[Stretch]:
    """Stretches of files, some of whose rows have no document, and some several."""
    found = []
    for _ in range(draw(st.integers(0, 6))):
        seed, first = draw(st.integers(0, WORD - 1)), draw(st.integers(0, 10**12))
        in_row = draw(st.lists(st.integers(0, 3), max_size=8))
        of_document = np.repeat(np.arange(len(in_row)), in_row)
        keys = draw(st.lists(st.integers(0, 2), min_size=len(of_document), max_size=99))
        group = np.array([digest(str(key)) if key else 0 for key in keys], dtype=np.uint64)
        rows = Rows(len(in_row), of_document, group[: len(of_document)])
        kept = draw(st.integers(0, len(of_document)))
        plain = draw(st.booleans()) and set(in_row) <= {1}
        found.append(Stretch(seed, first, kept, None if plain else rows))
    return found


def expected(parts: list[Stretch], grouped: bool) -> list[tuple[int, int]]:
    hashes = []
    for seed, first, documents, rows in parts:
        before: list[int] = []
        for at in range(documents):
            row = at if rows is None else int(rows.of_document[at])
            of_row = splitmix(seed, first + row)
            key = of_row
            if grouped and rows is not None and rows.keys[at]:
                key = int(rows.keys[at])
            place = before.count(row)
            before.append(row)
            order = splitmix(of_row, place) if place else of_row
            hashes.append((order // 16 * 16 + key % 16, key))
    return hashes


def found(keys: DocumentKeys) -> list[tuple[int, int]]:
    return [
        pair
        for hashes in keys.pieces()
        for pair in zip(hashes.order.tolist(), hashes.known_key.tolist(), strict=True)
    ]


@settings(max_examples=200)
@given(stretches(), st.booleans(), st.integers(1, 9), st.data())
def test_hashes_follow_from_file_row_and_group_key(parts, grouped, piece, data):
    wanted = expected(parts, grouped)
    before, document_keys.PIECE = document_keys.PIECE, piece
    try:
        keys = DocumentKeys.of(parts, grouped)
        assert found(keys) == wanted
        assert found(keys.moved([array.copy() for array in keys.arrays])) == wanted
        cut = data.draw(st.integers(0, len(parts)))
        halves = [DocumentKeys.of(some, grouped) for some in (parts[:cut], parts[cut:])]
        assert found(DocumentKeys.joined(halves)) == wanted
        keep = data.draw(st.lists(st.booleans(), min_size=len(wanted), max_size=len(wanted)))
        some = keys.only(np.array(keep, dtype=bool))
        kept = [(pair, place) for pair, place, keep in zip(wanted, _places(parts), keep) if keep]  # noqa: B905
        assert [key for _, key in found(some)] == [key for (_, key), _ in kept]
        if not any(place for _, place in kept):
            assert found(some) == [pair for pair, _ in kept]
    finally:
        document_keys.PIECE = before


def _places(parts: list[Stretch]) -> list[int]:
    """How many documents of its row come before each document."""
    places = []
    for _, _, documents, rows in parts:
        of = list(range(documents)) if rows is None else rows.of_document[:documents].tolist()
        places += [of[:at].count(row) for at, row in enumerate(of)]
    return places


def test_rows_that_are_documents_take_a_byte_at_most():
    plain = [Stretch(1, 7 * at, 7, None) for at in range(1000)]
    assert DocumentKeys.of(plain).arrays == []
    skipped = Stretch(1, 0, 7, Rows(9, np.array([0, 1, 2, 4, 5, 7, 8])))
    (step,) = DocumentKeys.of([*plain, skipped]).arrays
    assert step.dtype == np.uint8


@pytest.mark.parametrize(
    ("given_paths", "names", "root", "below"),
    [
        (["{}"], ["{}/a.jsonl", "{}/b/c.jsonl.gz"], None, ["a", "b/c"]),
        (["{}/*.txt"], ["{}/a.txt", "{}/b.txt"], None, ["a", "b"]),
        (["{}/x/a.TXT", "{}/x/b"], ["{}/x/a.TXT", "{}/x/b"], None, ["a", "b"]),
        (["{}/x", "{}/y"], ["{}/x/a.npy", "{}/y/a.npy"], None, ["x/a", "y/a"]),
        (["{}/x/a.v1.parquet"], ["{}/x/a.v1.parquet"], "{}", ["x/a.v1"]),
        (["{}/x/"], ["{}/x/1.bin", "{}/x/2.zst"], "{}/", ["x/1", "x/2"]),
        (["s3://b/p"], ["s3://b/p/a.jsonl", "s3://b/p/q/b.mds.zstd"], None, ["a", "q/b"]),
        (["s3://b/p/*"], ["s3://b/p/q/a.csv", "s3://b/p/q/b.csv"], None, ["a", "b"]),
        (["s3://b/p/q"], ["s3://b/p/q/a.csv"], "s3://b/p", ["q/a"]),
        (
            ["https://h/a.jsonl?key=1", "https://h/b/a.jsonl?key=2"],
            ["https://h/a.jsonl?...", "https://h/b/a.jsonl?..."],
            None,
            ["a", "b/a"],
        ),
        (
            ["https://h/a?page=1", "https://h/a?page=2"],
            ["https://h/a?...", "https://h/a?...2"],
            "https://h",
            ["a", "a2"],
        ),
        (["{}"], ["{}/cafe\u0301.txt", "{}/\u00e9"], None, ["caf\u00e9", "\u00e9"]),
    ],
)
def test_the_path_of_a_file_is_relative_to_the_root(tmp_path, given_paths, names, root, below):
    at = str(tmp_path)
    for name in names:
        if not name.startswith(("s3:", "https:")):
            path = tmp_path / name.removeprefix("{}/")
            path.parent.mkdir(exist_ok=True)
            path.touch()
    seeds = FileSeeds(
        [path.format(at) for path in given_paths],
        [name.format(at) for name in names],
        root and root.format(at),
    )
    assert [seeds.of(name.format(at)) for name in names] == list(map(digest, below))


def test_relative_and_absolute_paths_give_one_seed(tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path)
    seeds = [
        FileSeeds([str(tmp_path / "data")], [str(tmp_path / "data/a.txt")], None),
        FileSeeds(["data"], ["data/a.txt"], None),
        FileSeeds(["./data/"], ["data/a.txt"], None),
        FileSeeds(["data/a.txt"], ["data/a.txt"], str(tmp_path / "data")),
        FileSeeds([str(tmp_path / "data/a.txt")], [str(tmp_path / "data/a.txt")], "data/../data"),
    ]
    names = [str(tmp_path / "data/a.txt"), *["data/a.txt"] * 3, str(tmp_path / "data/a.txt")]
    assert {each.of(name) for each, name in zip(seeds, names, strict=True)} == {digest("a")}
    monkeypatch.chdir(tmp_path / "data")
    assert FileSeeds(["."], ["a.txt", "b.txt"], None).of("a.txt") == digest("a")
    part = FileSeeds([str(tmp_path / "data/a.txt")], [], ".")
    assert part.of(str(tmp_path / "data/a.txt")) == digest("a")


def test_a_file_outside_of_the_root_is_refused(tmp_path):
    seeds = FileSeeds([tmp_path / "a.txt"], [str(tmp_path / "a.txt")], str(tmp_path / "other"))
    with pytest.raises(InputError, match=r"a\.txt: expected files below --root .*other"):
        seeds.of(str(tmp_path / "a.txt"))
