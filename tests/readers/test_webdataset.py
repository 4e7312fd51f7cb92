"""Tar archives: the texts of one key are a document; nothing hostile is extracted or believed."""

import bz2
import gzip
import io
import json
import lzma
import random
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reader_helpers import documents

import collapse_stats as cs
from collapse_stats.errors import InputError
from collapse_stats.readers.formats import webdataset
from collapse_stats.readers.open import open_file
from collapse_stats.readers.options import ReadOptions
from collapse_stats.tokenizers.texts import as_list

File = tuple[str, bytes]
FORMATS = [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]
PACK: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".zst": lambda data: pa.Codec("zstd").compress(data, asbytes=True),
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
}


def archive(files: list[File], form: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def obj(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


def refused(path: Path, options: ReadOptions | None = None) -> str:
    with pytest.raises(InputError) as raised:
        documents(open_file(path, options))
    assert str(path) in str(raised.value)
    return str(raised.value)


SAMPLES = [
    ("a/0.txt", b"text 0"),
    ("a/0.json", obj(text="object 0")),
    ("a/0.jpg", b"\xff\xd8" * 2000),
    ("a/1.jpg", b"\xff\xd8"),
    ("a/1.json", obj(text="object 1", caption="caption 1")),
    ("a/2.cls", b"7"),
    ("a/2.txt", b"text 2"),
]
DOCUMENTS = ["object 0\n\ntext 0", "object 1", "text 2"]


@pytest.mark.parametrize("ending", PACK)
@pytest.mark.parametrize("form", FORMATS)
def test_the_files_of_a_key_are_a_document(tmp_path: Path, form: int, ending: str) -> None:
    for name in ("a.tar", "a.txt", "a"):
        path = tmp_path / (name + ending)
        path.write_bytes(PACK[ending](archive(SAMPLES, form)))
        reader = open_file(path)
        assert (reader.format, documents(reader)) == ("webdataset", DOCUMENTS)
        assert "tar archive" in reader.evidence
        assert sorted(warning.split(": ", 1)[1] for warning in reader.warnings) == [
            "files in the archive left out (.cls): 1 (first: a/2.cls)",
            "files in the archive left out (.jpg): 2 (first: a/0.jpg)",
        ]


NAMES = st.text(alphabet="abc/", min_size=1, max_size=6).filter(
    lambda name: not name.endswith("/") and "//" not in name and not name.startswith("/")
)
CONTENT = st.text(alphabet="wörd \n", max_size=20)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.dictionaries(
        NAMES,
        st.lists(st.sampled_from([".txt", ".json", ".jpg", ".seg.txt", ".cls"]), unique=True),
        min_size=1,
        max_size=8,
    ),
    st.data(),
    st.sampled_from(FORMATS),
    st.sampled_from([1, 40, 1 << 19]),
)
def test_any_archive(
    tmp_path: Path, keys: dict[str, list[str]], data: st.DataObject, form: int, size: int
) -> None:
    files: list[File] = [("first.txt", b"first")]
    expected = ["first"]
    for key, endings in keys.items():
        texts = {ending: data.draw(CONTENT) for ending in endings}
        for ending, text in texts.items():
            content = obj(content=text, n=1) if ending == ".json" else text.encode()
            files.append((key + ending, content))
        chosen = [texts[ending] for ending in endings if ending == ".json"]
        chosen += [texts[ending] for ending in endings if ending.endswith(".txt")]
        if chosen:
            expected.append("\n\n".join(filter(None, chosen)))
    path = tmp_path / "a.tar"
    path.write_bytes(archive(files, form))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(webdataset, "BATCH_BYTES", size)
        assert documents(open_file(path)) == expected


def test_a_plain_archive_of_texts(tmp_path: Path) -> None:
    files = [(f"./books/{i}.txt", f"book {i}".encode()) for i in range(50)]
    path = tmp_path / "books.tar.gz"
    path.write_bytes(
        gzip.compress(archive([*files, ("./books/COPYING", b"law"), ("._x.txt", b"")]))
    )
    reader = open_file(path)
    assert documents(reader) == [f"book {i}" for i in range(50)]
    assert any("(hidden): 1" in warning for warning in reader.warnings)
    assert any("(without an ending): 1" in warning for warning in reader.warnings)


def test_keys_of_objects(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    meta = [(f"{i}.json", obj(caption=f"c{i}", width=i)) for i in range(3)]
    path.write_bytes(archive(meta))
    assert "caption (text), width (a number)" in refused(path)
    assert documents(open_file(path, ReadOptions(text_key="caption"))) == ["c0", "c1", "c2"]
    both = [file for i in range(3) for file in ((f"{i}.txt", b"t%d" % i), meta[i])]
    path.write_bytes(archive(both))
    reader = open_file(path)  # as img2dataset writes it: the objects describe pictures
    assert documents(reader) == ["t0", "t1", "t2"]
    assert "left out (.json): 3 (first: 0.json)" in reader.warnings[0]
    assert documents(open_file(path, ReadOptions(text_key="caption"))) == [
        "c0\n\nt0",
        "c1\n\nt1",
        "c2\n\nt2",
    ]
    assert "'capton'" in refused(path, ReadOptions(text_key="capton"))
    path.write_bytes(archive([("0.json", obj(input_ids=[1]))]))
    assert "their ids" in refused(path)
    assert "--ids-key" in refused(path, ReadOptions(ids_key="input_ids"))
    path.write_bytes(archive([("0.txt", b"t")]))
    assert "no .json file" in refused(path, ReadOptions(text_key="caption"))


def test_chats(tmp_path: Path) -> None:
    turns = [{"role": "user", "content": "ask"}, {"role": "assistant", "content": "say"}]
    path = tmp_path / "a.tar"
    path.write_bytes(archive([("0.json", obj(messages=turns)), ("0.txt", b"notes")]))
    assert documents(open_file(path)) == ["ask\n\nsay\n\nnotes"]
    assert documents(open_file(path, ReadOptions(part="assistant"))) == ["say"]


def test_objects_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    bad = [("1.json", b"{"), ("2.json", obj(other=1)), ("3.json", b"{"), ("3.txt", b"three")]
    path.write_bytes(archive([("0.json", obj(text="zero")), *bad]))
    reader = open_file(path)
    assert documents(reader) == ["zero", "three"]
    without, beside = reader.warnings
    assert ".json files without a document skipped: 2 (first: 1.json: " in without
    assert ".json files without a text beside a .txt file: 1 (first: 3.json: " in beside
    path.write_bytes(archive([("0.json", b"{")]))
    assert "no JSON" in refused(path)


def test_files_of_one_key_that_lie_apart_are_reported(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(archive([("0.txt", b"a"), ("1.txt", b"b"), ("0.json", obj(text="c"))]))
    reader = open_file(path)
    assert documents(reader) == ["a", "b", "c"]
    assert "documents of their own: 1 (first: 0.json)" in reader.warnings[0]


def test_archives_without_texts_say_what_they_hold(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(archive([("0.jpg", b"x"), ("0.cls", b"1"), ("1.jpg", b"x")]))
    assert "it has .jpg (2), .cls (1): unpack" in refused(path)
    path.write_bytes(archive([]))
    assert "it has none" in refused(path)
    for data in (b"", b"hello", b"words and words\n" * 1000):
        path.write_bytes(data)
        assert "where a tar archive should begin" in refused(path)


@pytest.mark.parametrize("name", ["d.jsonl", "d/train.parquet", "d.csv", "d.txt.gz", "d.json.zst"])
def test_archives_of_shards_are_not_half_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.tar"
    for files in ([(name, b"x")], [("README.txt", b"about"), (name, b"x")]):
        path.write_bytes(archive(files))
        assert f"there is {name} in this tar archive" in refused(path)


@pytest.mark.parametrize("ending", ["", ".gz"])
def test_every_cut_is_noticed(tmp_path: Path, ending: str) -> None:
    """All that precedes a cut is given; a cut between two files leaves the end mark missing."""
    files = [(f"{i}.txt", b"word %d " % i * 90) for i in range(5)]
    whole = archive(files)
    texts = [data.decode() for _, data in files]
    path = tmp_path / f"a.tar{ending}"
    end = 5 * 1536
    for kept in range(1, end + 512, 97 if ending else 64):
        path.write_bytes(PACK[ending](whole[:kept]))
        found: list[str] = []
        try:
            reader = open_file(path)
            for batch in reader.batches():
                found += as_list(batch.texts or [])
        except InputError as error:
            message = str(error)
            assert "cut short" in message
            assert kept % 1536 or not kept
        else:
            assert kept % 1536 == 0 or kept >= end + 512
            assert any("the mark at the end" in warning for warning in reader.warnings)
            assert found == texts[: kept // 1536]
        assert found == texts[: len(found)]


def test_every_changed_header_is_noticed(tmp_path: Path) -> None:
    files = [(f"{i}.txt", b"word %d" % i) for i in range(4)]
    whole = archive(files, tarfile.USTAR_FORMAT)
    path = tmp_path / "a.tar"
    rng = random.Random(1)
    for at in [*range(1024, 1024 + 300, 3), *rng.sample(range(len(whole)), 100)]:
        changed = bytearray(whole)
        changed[at] ^= 1 << rng.randrange(8)
        path.write_bytes(changed)
        if at % 1024 < 512 and at < 4096:
            assert "damaged" in refused(path) or at < 512
        else:
            answer(path)


def answer(path: Path) -> list[Any] | str:
    """Documents, or an error of one line that names the file."""
    try:
        return documents(open_file(path))
    except InputError as error:
        message = str(error)
        assert str(path) in message
        assert len(message) < 2000
        return message


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.sampled_from(FORMATS), st.data())
def test_any_damage_gives_documents_or_an_error(
    tmp_path: Path, form: int, data: st.DataObject
) -> None:
    """Headers whose checksums are right as well: sizes, kinds and names that lie."""
    files = [("n" * 150 + "/0.txt", b"zero"), ("1.json", obj(text="é" * 40)), ("2.txt", b"")]
    tar = bytearray(archive(files, form if form != tarfile.USTAR_FORMAT else tarfile.GNU_FORMAT))
    headers = [at for at in range(0, len(tar), 512) if tar[at + 257 : at + 262] == b"ustar"]
    at = data.draw(st.sampled_from(headers))
    field = data.draw(st.sampled_from([(0, 20), (124, 12), (156, 1), (345, 20), (482, 13)]))
    begin, length = at + field[0], field[1]
    tar[begin : begin + length] = data.draw(
        st.binary(min_size=length, max_size=length)
        | st.sampled_from([b"7" * length, b"\xff" * length, b"\x80" + b"\xff" * (length - 1)])
        | st.sampled_from(b"0123456SLKxgDMVN\0").map(lambda kind: bytes([kind]) * length)
    )
    tar[at + 148 : at + 156] = b" " * 8
    tar[at + 148 : at + 156] = b"%06o\0 " % sum(tar[at : at + 512])
    path = tmp_path / "a.tar"
    path.write_bytes(tar)
    answer(path)


def test_hostile_members_are_left_out(tmp_path: Path) -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, kind in (
            ("link.txt", tarfile.SYMTYPE),
            ("hard.txt", tarfile.LNKTYPE),
            ("pipe.txt", tarfile.FIFOTYPE),
            ("device.txt", tarfile.CHRTYPE),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            tar.addfile(info)
        folder = tarfile.TarInfo("folder.txt")
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
        for name in ("/abs/0.txt", "../../1.txt"):
            info = tarfile.TarInfo(name)
            info.size = 4
            tar.addfile(info, io.BytesIO(b"text"))
    path = tmp_path / "a.tar"
    path.write_bytes(out.getvalue())
    reader = open_file(path)
    assert documents(reader) == ["text", "text"]
    assert "(links, devices or files with holes): 4 (first: link.txt)" in reader.warnings[0]
    assert [file.name for file in tmp_path.iterdir()] == ["a.tar"]


def header(name: bytes, size: int, kind: bytes) -> bytes:
    block = bytearray(512)
    block[: len(name)] = name
    block[124:136] = b"%011o\0" % size
    block[148:156] = b" " * 8
    block[156:157] = kind
    block[257:265] = b"ustar  \0"
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)


@pytest.mark.parametrize("kind", [b"L", b"K", b"x", b"g", b"S"])
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_headers_of_gigabytes_take_no_memory(tmp_path: Path, kind: bytes, ending: str) -> None:
    import tracemalloc

    data = header(b"0.txt", 0, b"0") + header(b"long", 8**11 - 1, kind)
    path = tmp_path / f"a.tar{ending}"
    path.write_bytes(PACK[ending](data + bytes(32 << 20)))
    tracemalloc.start()
    try:
        answer(path)
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


def test_a_text_that_is_too_long_is_refused_and_a_picture_is_not(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(archive([("0.jpg", bytes(5 << 20)), ("0.txt", b"w " * (1 << 20))]))
    assert len(documents(open_file(path))) == 1
    message = refused(path, ReadOptions(longest=1 << 20))
    assert "0.txt, a file in the archive, may have 1,048,576 bytes at most" in message
    path.write_bytes(archive([("0.jpg", bytes(5 << 20)), ("0.txt", b"w ")]))
    assert documents(open_file(path, ReadOptions(longest=1 << 20))) == ["w "]


def test_archives_that_follow_each_other(tmp_path: Path) -> None:
    """Most programs read the first one and say nothing."""
    path = tmp_path / "a.tar"
    path.write_bytes(archive([("0.txt", b"a")]) + archive([]) + archive([("1.txt", b"b")]))
    assert documents(open_file(path)) == ["a", "b"]
    path.write_bytes(archive([("0.txt", b"a")]) + b"something else" * 100)
    assert "not the header of a file" in refused(path)


def test_texts_of_other_encodings(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    path.write_bytes(archive([("0.txt", b"\xef\xbb\xbfmark"), ("1.txt", b"caf\xe9")]))
    reader = open_file(path)
    assert documents(reader) == ["mark", "caf\ufffd"]
    assert "replaced by U+FFFD: 1 (first: 1.txt)" in reader.warnings[0]
    path.write_bytes(archive([("0.txt", "wide".encode("utf-16"))]))
    assert "0.txt in it is UTF-16 text" in refused(path)


def test_many_samples_in_threads(tmp_path: Path) -> None:
    files = [
        file
        for i in range(4000)
        for file in ((f"{i:05}.json", obj(text="object " * 20)), (f"{i:05}.txt", b"text %d" % i))
    ]
    path = tmp_path / "a.tar.gz"
    path.write_bytes(gzip.compress(archive(files)))
    expected = ["object " * 20 + f"\n\ntext {i}" for i in range(4000)]
    assert documents(open_file(path)) == expected
    found = cs.profile(path, tokenizer="bytes", backend="numpy", threads=3)
    assert (found.documents, found.tokens) == (4000, sum(map(len, expected)))
