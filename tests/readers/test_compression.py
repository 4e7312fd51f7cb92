"""Compressed files hold what Python unpacks of them, or are called cut short or damaged."""

import bz2
import gzip
import io
import json
import lzma
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reader_helpers import documents

from collapse_stats.errors import InputError
from collapse_stats.readers.open import open_file
from collapse_stats.readers.options import ReadOptions
from collapse_stats.readers.stream import compression_of, decompressed, line_blocks
from collapse_stats.readers.streams import members
from collapse_stats.tokenizers.texts import as_list

zstandard = pytest.importorskip("zstandard")


def zstd(data: bytes) -> bytes:
    return bytes(zstandard.ZstdCompressor(write_checksum=len(data) % 2 == 0).compress(data))


def zstd_streamed(data: bytes) -> bytes:
    """A frame that does not say how long its content is."""
    packing = zstandard.ZstdCompressor().compressobj()
    return bytes(packing.compress(data) + packing.flush())


def skippable(number: int, content: bytes) -> bytes:
    return struct.pack("<II", 0x184D2A50 + number, len(content)) + content


PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": zstd,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
}
ENDINGS = {".gz": "gzip", ".zst": "zstd", ".zstd": "zstd", ".bz2": "bzip2", ".xz": "xz"}
LINES = [f'{{"text": "line {i} {"x" * (i % 7)}"}}\n' for i in range(300)]
TEXTS = [json.loads(line)["text"] for line in LINES]


def unpacked(data: bytes, compression: str, size: int) -> tuple[bytes, str | None]:
    """The content that is given, and the error that ends it."""
    source, content = decompressed(io.BytesIO(data), compression), b""
    try:
        while block := source.read(size):
            assert len(block) <= size
            content += block
    except OSError as error:
        return content, f"{type(error).__name__}: {error}"
    return content, None


def is_cut(error: str | None) -> bool:
    return error is not None and ("CutShort" in error or "runcated" in error)


@st.composite
def framings(draw: st.DrawFn) -> tuple[str, list[tuple[bytes, bytes]]]:
    """A compression, and pieces of a file, each with its content (b"" of what holds nothing)."""
    compression = draw(st.sampled_from(sorted(PACK)))
    content = st.binary(max_size=40) | st.builds(
        lambda block, times: block * times, st.binary(min_size=1, max_size=30), st.integers(1, 9000)
    )
    member = content.map(lambda data: (PACK[compression](data), data))
    zeros = (st.integers(1, 12) | st.sampled_from([511, 70_000])).map(lambda n: (bytes(n), b""))
    other = zeros
    if compression == "zstd":
        frame = st.builds(skippable, st.integers(0, 15), st.binary(max_size=30))
        other |= frame.map(lambda data: (data, b""))
        member |= content.map(lambda data: (zstd_streamed(data), data))
    first = member
    if compression == "zstd":
        first |= frame.map(lambda data: (data, b""))
    return compression, [draw(first), *draw(st.lists(member | other, max_size=6))]


@settings(max_examples=300, deadline=None)
@given(framings(), st.sampled_from([1 << 10, 4099, 1 << 16, 1 << 19]))
def test_any_framing_is_unpacked(framing: tuple[str, list[tuple[bytes, bytes]]], size: int) -> None:
    compression, pieces = framing
    data = b"".join(packed for packed, _ in pieces)
    assert compression_of(data) == compression
    assert unpacked(data, compression, size) == (b"".join(content for _, content in pieces), None)


@settings(max_examples=300, deadline=None)
@given(framings(), st.data())
def test_any_cut_is_noticed(
    framing: tuple[str, list[tuple[bytes, bytes]]], data: st.DataObject
) -> None:
    """A file may end behind each of its members, and in the zeros behind them, and nowhere else."""
    compression, pieces = framing
    packed = b"".join(piece for piece, _ in pieces)
    kept = data.draw(st.integers(1, len(packed)))
    at, expected, within = 0, b"", False
    for piece, content in pieces:
        if at + len(piece) <= kept:
            at, expected = at + len(piece), expected + content
            continue
        within = kept > at and piece.strip(b"\0") != b""
        break
    found, error = unpacked(packed[:kept], compression, 4096)
    if within:
        assert is_cut(error), error
        assert b"".join(content for _, content in pieces).startswith(found)
    else:
        assert (found, error) == (expected, None)


@settings(max_examples=100, deadline=None)
@given(
    framings(),
    st.binary(min_size=1, max_size=40).filter(
        lambda junk: junk[0] not in b"\0\x1f(PQRSTUVWXYZ[\\]^_B\xfd"
    ),
)
def test_what_follows_and_is_not_zeros_is_damage(
    framing: tuple[str, list[tuple[bytes, bytes]]], junk: bytes
) -> None:
    compression, pieces = framing
    packed = b"".join(piece for piece, _ in pieces)
    found, error = unpacked(packed + junk, compression, 4096)
    assert error is not None
    assert f"before byte {len(packed):,}, and what follows is neither zeros nor more" in error
    assert b"".join(content for _, content in pieces).startswith(found)


@pytest.mark.parametrize("ending", ENDINGS)
def test_members_zeros_and_cuts_of_files(tmp_path: Path, ending: str) -> None:
    pack = PACK[ENDINGS[ending]]
    half = "".join(LINES[:150]).encode(), "".join(LINES[150:]).encode()
    path = tmp_path / f"a.jsonl{ending}"
    for data in (
        pack(half[0] + half[1]),
        pack(half[0]) + pack(half[1]),
        pack(b"") + pack(half[0]) + bytes(512) + pack(b"") + pack(half[1]) + bytes(100_000),
    ):
        path.write_bytes(data)
        assert [
            text for batch in open_file(path).batches() for text in as_list(batch.texts or [])
        ] == TEXTS
        path.write_bytes(data + b"more")
        with pytest.raises(InputError, match="neither zeros nor more of it"):
            documents(open_file(path))
    path.write_bytes(pack(half[0]) + pack(half[1])[:-5])
    found: list[str] = []
    with pytest.raises(InputError, match=r"a\.jsonl.* data is cut short; [\d,]+ bytes of content"):
        found.extend(
            text for batch in open_file(path).batches() for text in as_list(batch.texts or [])
        )
    if "zst" not in ending:  # of which Arrow gives nothing that it unpacks together with the cut
        assert TEXTS[:140] == found[:140]
    assert TEXTS[: len(found)] == found


def test_zstandard_as_pzstd_writes_it(tmp_path: Path) -> None:
    """Each frame follows a skippable one that says how long it is."""
    frames = [zstd("".join(LINES[at : at + 50]).encode()) for at in range(0, 300, 50)]
    packed = b"".join(skippable(0, struct.pack("<I", len(frame))) + frame for frame in frames)
    for name in ("a.jsonl.zst", "a.zst", "a.jsonl"):
        (tmp_path / name).write_bytes(packed)
        reader = open_file(tmp_path / name)
        assert documents(reader) == TEXTS
        assert "zstd" in reader.evidence


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.txt", "a.csv", "a.tsv"])
def test_every_format_in_every_compression(tmp_path: Path, name: str, ending: str) -> None:
    content = {
        "a.jsonl": "".join(LINES),
        "a.json": json.dumps([{"text": text} for text in TEXTS]),
        "a.txt": "".join(f"{text}\n" for text in TEXTS),
        "a.csv": "n,text\n" + "".join(f'{i},"{text}"\n' for i, text in enumerate(TEXTS)),
        "a.tsv": "n\ttext\n" + "".join(f"{i}\t{text}\n" for i, text in enumerate(TEXTS)),
    }[name]
    path = tmp_path / (name + ending)
    path.write_bytes(PACK[ENDINGS[ending]](content.encode()))
    reader = open_file(path, ReadOptions(doc_per_line=True))
    assert documents(reader) == TEXTS
    assert f"{ENDINGS[ending]} data, extension {Path(name).suffix}" in reader.evidence


def test_compressed_files_without_an_extension(tmp_path: Path) -> None:
    for compression, pack in PACK.items():
        path = tmp_path / compression
        path.write_bytes(pack("".join(LINES).encode()))
        assert documents(open_file(path)) == TEXTS
        path.write_bytes(pack(b"plain words"))
        with pytest.raises(InputError, match=r"as in a\.jsonl\.gz"):
            open_file(path)
        assert documents(open_file(path, ReadOptions(input_format="txt"))) == ["plain words"]


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("a.txt.gz", gzip.compress(b"text", mtime=0), "there is gzip data"),
        ("a.jsonl.zst", bz2.compress(b"text"), "there is bzip2 data"),
        ("a.txt.xz", b"PAR1" + bytes(20) + b"PAR1", "there is parquet data"),
        ("a.txt.bz2", b"ARROW1\0\0" + bytes(600), "there is arrow data"),
        ("a.txt.gz", b"PK\x03\x04" + bytes(600), "zip archive"),
        ("a.txt.gz", b"%PDF-1.7 words", "PDF document"),
        ("a.txt.gz", b"\x80\x04\x95" + bytes(40), "pickle"),
    ],
)
def test_what_is_inside_is_looked_at(tmp_path: Path, name: str, content: bytes, what: str) -> None:
    path = tmp_path / name
    path.write_bytes(PACK[ENDINGS[path.suffix]](content))
    with pytest.raises(InputError, match=what):
        open_file(path)


def test_the_memory_of_xz_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.txt.xz"
    path.write_bytes(lzma.compress(b"words " * 1000, preset=9))
    assert documents(open_file(path)) == ["words " * 1000]  # a dictionary of 64 MiB
    monkeypatch.setattr(members, "_XZ_MEMORY", 32 << 20)
    with pytest.raises(InputError, match=r"a\.txt\.xz: xz dictionaries of at most 128 MiB"):
        documents(open_file(path))


def test_a_file_named_like_another_compression(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(lzma.compress("".join(LINES).encode()))
    assert documents(open_file(path)) == TEXTS
    path.write_bytes(b"BZhello, these are words, not bzip2")
    with pytest.raises(InputError, match="which is not gzip data"):
        open_file(path)
    assert documents(open_file(path.rename(tmp_path / "a.txt"))) == [
        "BZhello, these are words, not bzip2"
    ]


def test_line_blocks_of_packed_data_are_no_smaller(tmp_path: Path) -> None:
    path = tmp_path / "a.txt.gz"
    lines = b"".join(b"%d\n" % i for i in range(400_000))
    path.write_bytes(gzip.compress(lines))
    blocks = [block for block, _ in line_blocks(path, 1 << 19, 1 << 30)]
    assert b"".join(blocks) == lines
    assert all(block.endswith(b"\n") for block in blocks)
    assert min(map(len, blocks[:-1])) >= 1 << 18
