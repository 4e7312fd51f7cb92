"""What is declared and measured of each source: origin, tokens, documents, and digests."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from remote_servers import web

import collapse_stats as cs
from collapse_stats.corpus.corpus import Source
from collapse_stats.corpus.load import read_corpus
from collapse_stats.corpus.provenance.declaration import Declaration, is_match
from collapse_stats.corpus.provenance.sources import counted_twice
from collapse_stats.profiles.manifest import digest_of
from collapse_stats.readers.options import ReadOptions

BYTES = ReadOptions(tokenizer="bytes")
SMALL, LARGE = 3, 4000  # documents; the latter is more than what a reader keeps of a file


def write(path: Path, documents: int, text: str = "the cat sat on the mat") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps({"text": f"{text} {number}"}) for number in range(documents))
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def tokens_of(path: Path) -> int:
    """Bytes of all texts, by another way."""
    return sum(len(json.loads(line)["text"]) for line in path.read_text().splitlines())


def profile(source: object, **keywords: Any) -> cs.Profile:
    return cs.profile(source, tokenizer="bytes", max_order=2, **keywords)


@pytest.mark.parametrize("threads", [1, 4])
def test_each_source_has_its_tokens_documents_and_digest(tmp_path: Path, threads: int) -> None:
    names = ["a.jsonl", "b/c.jsonl", "b/d.jsonl", "b/none.jsonl"]
    for name, documents in zip(names, (SMALL, LARGE, 2 * LARGE, 1), strict=True):
        write(tmp_path / name, documents, name)
    (tmp_path / "b/none.jsonl").write_text("")
    found = {each.path: each for each in profile(tmp_path, threads=threads).sources}
    for name in names[:3]:
        source, path = found[str(tmp_path / name)], tmp_path / name
        assert source.sha256 == sha256(path)
        assert source.tokens == tokens_of(path)
        assert source.documents == len(path.read_text().splitlines())
        assert (source.origin, source.generator, source.license) == ("unknown", None, None)


def test_compressed_files_read_side_by_side_have_their_own_tokens(tmp_path: Path) -> None:
    import gzip

    for number in range(12):
        path = write(tmp_path / f"{number}.jsonl", LARGE, "word " * (number + 1))
        (tmp_path / f"{number}.jsonl.gz").write_bytes(gzip.compress(path.read_bytes(), 1))
        path.unlink()
    made = profile(tmp_path, threads=4)
    for source in made.sources:
        lines = gzip.decompress(Path(source.path).read_bytes()).splitlines()
        assert source.tokens == sum(len(json.loads(line)["text"]) for line in lines)
        assert source.sha256 == sha256(Path(source.path))
    assert sum(source.tokens or 0 for source in made.sources) == made.tokens


def test_data_in_memory_has_tokens_and_no_digest() -> None:
    (source,) = profile(["one text", "and another"], origin="human").sources
    assert (source.tokens, source.documents, source.sha256) == (19, 2, None)
    assert source.origin == "human"


def test_ids_in_a_mapped_file_have_their_tokens(tmp_path: Path) -> None:
    import numpy as np

    np.save(tmp_path / "ids.npy", np.arange(100_000, dtype=np.uint16) % 7)
    (source,) = cs.profile(tmp_path / "ids.npy", max_order=1, eot=6).sources
    assert source.tokens == 100_000 - 100_000 // 7
    assert source.sha256 == sha256(tmp_path / "ids.npy")


@pytest.mark.parametrize(
    ("digest", "limit", "is_there"),
    [("full", None, True), (None, None, True), ("ends", None, False), (None, 2, False)],
)
def test_which_digest_is_taken(tmp_path: Path, digest: Any, limit: Any, is_there: bool) -> None:
    path = write(tmp_path / "a.jsonl", LARGE)
    (source,) = profile(path, digest=digest, limit_documents=limit).sources
    assert source.sha256 == (sha256(path) if is_there else None)
    assert source.digest
    assert source.documents == (LARGE if limit is None else limit)


def test_files_by_url_are_read_twice_only_if_that_is_asked_for(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", LARGE)
    with web(**{"a.jsonl": path.read_bytes()}) as server:
        given = []
        for digest, expected in ((None, None), ("full", sha256(path))):
            server.given = 0
            (source,) = profile(f"{server.url}/a.jsonl", digest=digest).sources
            assert source.sha256 == expected
            assert source.tokens == tokens_of(path)
            given.append(server.given)
    assert given[1] >= given[0] + path.stat().st_size


def test_without_a_declaration_no_file_is_read_again(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", LARGE)
    (source,) = read_corpus(path, reading=BYTES).sources
    assert source.sha256 is None
    assert source.tokens == tokens_of(path)


def test_a_file_that_fails_counts_as_far_as_it_was_read(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", SMALL)
    with (tmp_path / "b.jsonl").open("w") as file:
        file.write('{"text": "abc"}\n{"text": 7}\n')
    (tmp_path / "c.jsonl").write_bytes(b"\x00\x01\x02\xff" * 100)
    made = profile(tmp_path, skip_bad=True)
    assert sum(source.tokens or 0 for source in made.sources) == made.tokens
    assert sum(source.documents or 0 for source in made.sources) == made.documents


def test_patterns_say_who_wrote_a_file_and_the_last_counts(tmp_path: Path) -> None:
    for name in ("web/a.jsonl", "gen/b.jsonl", "gen/old/c.jsonl"):
        write(tmp_path / name, SMALL, name)
    made = profile(
        tmp_path,
        origin="human",
        origin_of={"gen": "synthetic", "old/*": "mixed"},
        generator="m",
        generation=2,
        license="CC0-1.0",
    )
    found = {Path(source.path).name: source for source in made.sources}
    assert [found[f"{name}.jsonl"].origin for name in "abc"] == ["human", "synthetic", "mixed"]
    assert [found[f"{name}.jsonl"].generator for name in "abc"] == [None, "m", "m"]
    assert [found[f"{name}.jsonl"].generation for name in "abc"] == [None, 2, 2]
    assert {source.license for source in made.sources} == {"CC0-1.0"}
    assert not made.warnings


@pytest.mark.parametrize(
    ("path", "pattern", "expected"),
    [
        ("x/gen1.jsonl", "gen*", True),
        ("gen1/a.jsonl", "gen*", True),
        ("x/y/a.jsonl", "y/a.jsonl", True),
        ("x/y/z/a.jsonl", "y/**", True),
        ("x/y/a.jsonl", "x/a.jsonl", False),
        ("/x/y/a.jsonl", "/x/*", True),
        ("/z/x/y/a.jsonl", "/x/*", False),
        ("hf://set/data/a.parquet", "data/*.parquet", True),
        ("a.jsonl", "b*", False),
    ],
)
def test_what_a_pattern_matches(path: str, pattern: str, expected: bool) -> None:
    assert is_match(path, pattern) is expected


def test_a_pattern_that_matches_nothing_is_named_with_the_sources(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", SMALL)
    (warning,) = profile(tmp_path, origin_of={"gne*": "synthetic"}).warnings
    assert "--origin-of 'gne*=synthetic' matches none of the 1 sources: " in warning
    assert warning.endswith("a.jsonl")


@pytest.mark.parametrize(
    ("keywords", "words"),
    [
        ({"origin": "humn"}, r"origin must be one of human, .* \(did you mean 'human'\?\)"),
        ({"origin_of": ("a*=humn",)}, "the origin of 'a.' must be one of human"),
        ({"origin_of": ("a*",)}, "a pattern and an origin, such as 'gen"),
        ({"generator": "m"}, "no source is declared to be synthetic or mixed"),
        ({"generation": 1, "origin": "human"}, "no source is declared to be synthetic"),
        ({"generation": -1, "origin": "mixed"}, "generation must be 0 or more, got -1"),
        ({"license": ""}, "license must not be empty"),
        ({"digest": "half"}, "digest must be full or ends, got 'half'"),
    ],
)
def test_what_cannot_be_declared_is_refused(keywords: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Declaration(**keywords)


def test_sources_are_kept_by_saving_and_by_merging(tmp_path: Path) -> None:
    a = profile(write(tmp_path / "a.jsonl", SMALL, "a"), origin="human", license="CC0-1.0")
    b = profile(write(tmp_path / "b.jsonl", SMALL, "b"), origin="synthetic", generation=1)
    merged = a + b
    merged.save(tmp_path / "ab")
    assert cs.load(tmp_path / "ab").sources == merged.sources == (*a.sources, *b.sources)


def test_what_is_counted_twice_is_named(tmp_path: Path) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        write(tmp_path / name, LARGE)
    (warning,) = profile(tmp_path).warnings
    a, b = (profile(tmp_path / name) for name in ("a.jsonl", "b.jsonl"))
    assert not a.warnings
    for merged in (a + b, b + a):
        assert merged.warnings == (warning,)
    assert warning.startswith("counted twice: ")
    assert f"b.jsonl hold the same bytes (SHA-256 {sha256(tmp_path / 'a.jsonl')[:8]}...)" in warning
    (perhaps,) = (a + profile(tmp_path / "b.jsonl", digest="ends")).warnings
    assert perhaps.startswith("perhaps counted twice: ")
    assert perhaps.endswith("have one size and the same ends")


def test_many_copies_are_one_warning_and_empty_files_none() -> None:
    source = Source("0", "text", 9, "e", sha256="f" * 64, tokens=3)
    copies = [replace(source, path=str(number)) for number in range(9)]
    (warning,) = counted_twice(copies)
    assert "0, 1, 2, 3, 4 and 4 more hold the same bytes" in warning
    assert counted_twice([replace(each, tokens=0) for each in copies]) == []
    groups = [replace(source, sha256=f"{number % 8:064x}") for number in range(16)]
    assert len(counted_twice(groups)) == 6
    assert counted_twice(groups)[-1] == "counted twice: 3 more groups of sources"


def changed(folder: Path, change: Any) -> None:
    """Change the sources of a saved profile, and its digest with them."""
    content = json.loads((folder / "manifest.json").read_text())
    change(content["sources"])
    content["sha256"] = digest_of(content)
    (folder / "manifest.json").write_text(json.dumps(content))


def test_a_profile_from_before_sources_had_tokens_is_read(tmp_path: Path) -> None:
    made = profile(write(tmp_path / "a.jsonl", SMALL))
    made.save(tmp_path / "p")

    def older(sources: list[dict[str, Any]]) -> None:
        for source in sources:
            for name in ("tokens", "documents", "generator", "generation", "license"):
                del source[name]
            source["origin"] = source["sha256"] = None

    changed(tmp_path / "p", older)
    (source,) = cs.load(tmp_path / "p").sources
    assert (source.origin, source.tokens, source.license) == ("unknown", None, None)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("origin", "alien", "sources.0..origin to be one of human, synthetic, mixed, unknown"),
        ("tokens", 10**6, "sources of at most .* tokens together"),
        ("documents", 10**6, "sources of at most 3 documents together"),
        ("generation", -1, "generation to be a whole number"),
        ("license", 7, "license to be a text"),
    ],
)
def test_what_sources_cannot_say_is_damage(
    tmp_path: Path, name: str, value: Any, words: str
) -> None:
    profile(write(tmp_path / "a.jsonl", SMALL)).save(tmp_path / "p")
    changed(tmp_path / "p", lambda sources: sources[0].update({name: value}))
    with pytest.raises(cs.InputError, match=words):
        cs.load(tmp_path / "p")
