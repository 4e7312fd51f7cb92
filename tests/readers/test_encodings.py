"""Text in UTF-16 or UTF-32, in old encodings, and what is no text, is refused with the remedy."""

import bz2
import gzip
import lzma
import random
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
from collapse_stats.readers.streams.encoding import fault_of

TEXTS = {
    "short": "hi\n",
    "English": "hi\nyou\n",
    "Russian": "Привет, мир. Как дела у вас сегодня вечером?\nХорошо.\n",
    "Chinese": "你好，世界。\n今天天气很好 ok\n",
    "Hindi": "हिन्दी में कुछ पाठ लिखा\nऔर\n",
    "emoji": "so 😀 it 😀 goes\n",
}
ENCODINGS = ("utf-16-le", "utf-16-be", "utf-16", "utf-32-le", "utf-32-be", "utf-32")
PACK: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
}


@pytest.mark.parametrize("ending", PACK)
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("language", TEXTS)
def test_wide_encodings_are_named_with_their_remedy(
    tmp_path: Path, language: str, encoding: str, ending: str
) -> None:
    text = TEXTS[language]
    for times in (1, 30, 2000):
        for name in ("a.txt", "a.jsonl", "a.csv", "a.md"):
            path = tmp_path / (name + ending)
            path.write_bytes(PACK[ending]((text * times).encode(encoding)))
            with pytest.raises(InputError) as raised:
                open_file(path)
            named = encoding.upper().replace("-LE", "LE").replace("-BE", "BE")
            assert f"{path} {'holds' if ending else 'is'} {named} text" in str(raised.value)
            assert f"iconv -f {named} -t UTF-8" in str(raised.value)
            if times > 1 and name != "a.txt":
                break


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\0")))
def test_utf_8_without_nul_is_text(text: str) -> None:
    assert fault_of(text.encode()) is None


@settings(max_examples=200, deadline=None)
@given(
    st.text(alphabet="abc def,.é界\n", min_size=200, max_size=400),
    st.lists(st.integers(0, 199), max_size=6),
)
def test_a_few_nuls_in_a_text_are_part_of_it(text: str, places: list[int]) -> None:
    for place in places:
        text = text[:place] + "\0" + text[place:]
    assert fault_of(text.encode()) is None


@settings(max_examples=200, deadline=None)
@given(
    st.text(
        alphabet=st.characters(min_codepoint=32, max_codepoint=0xD7FF, categories=["L", "Zs"]),
        min_size=2,
    ),
    st.sampled_from(ENCODINGS),
)
def test_any_text_with_spaces_is_noticed_in_utf_16_and_utf_32(text: str, encoding: str) -> None:
    words = f"{text} and {text}\n"
    fault = fault_of(words.encode(encoding))
    assert fault is not None
    assert fault.startswith(encoding.upper()[:6])


def test_a_lone_nul_is_counted(tmp_path: Path) -> None:
    for data in (b"a\0b", b"\0", b"one\0two\0three\n" * 3, b"x" * 70_000 + b"\0" * 20_000):
        path = tmp_path / "a.txt"
        path.write_bytes(data)
        assert documents(open_file(path)) == [data.decode()]


@pytest.mark.parametrize("ending", PACK)
@pytest.mark.parametrize(
    "data",
    [
        b"\x7fELF" + struct.pack("<200I", *range(200)),
        random.Random(1).randbytes(5000),
        b"text, and then\n" * 9 + bytes(4096),
        b"\x89PNG\r\n\x1a\n" + random.Random(2).randbytes(70_000),
    ],
)
def test_binary_files_are_no_text(tmp_path: Path, data: bytes, ending: str) -> None:
    for name in ("a.txt", "a.md", "a.csv"):
        path = tmp_path / (name + ending)
        path.write_bytes(PACK[ending](data))
        with pytest.raises(InputError, match="binary data"):
            documents(open_file(path))


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1251", TEXTS["Russian"]),
        ("koi8-r", TEXTS["Russian"]),
        ("gbk", "今天天气很好我们去公园\n"),
        ("shift_jis", "今日は天気がいいです\n"),
        ("iso8859-7", "Καλημέρα κόσμε, τι κάνεις\n"),
    ],
)
@pytest.mark.parametrize("per_line", [False, True])
def test_text_of_another_encoding_is_refused(
    tmp_path: Path, encoding: str, text: str, per_line: bool
) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes((text * 50).encode(encoding))
    with pytest.raises(InputError, match=r"a\.txt is not UTF-8 text .*iconv"):
        documents(open_file(path, ReadOptions(doc_per_line=per_line)))


def test_a_few_bytes_that_are_not_utf_8_are_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    text = "déjà vu, où êtes-vous allé cet été\n" * 50
    path.write_bytes(text.encode("latin-1"))
    reader = open_file(path)
    expected = "".join(letter if letter.isascii() else "\ufffd" for letter in text)
    assert documents(reader) == [expected]
    assert f"not UTF-8 replaced by U+FFFD: {expected.count(chr(0xFFFD)):,} " in reader.warnings[0]
