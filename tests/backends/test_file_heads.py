"""The beginnings of files that the compiled module reads, against what Python reads of each."""

import os
from pathlib import Path

import pytest

from collapse_stats.backends import file_heads
from collapse_stats.errors import InputError
from collapse_stats.readers.head import beginnings, head_of
from collapse_stats.readers.open import open_each
from collapse_stats.readers.options import ReadOptions
from collapse_stats.system.file_state import state_of

native = pytest.mark.skipif(
    next(file_heads.read_heads([__file__], 1)) is None,
    reason="the compiled module is not installed",
)


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Files of many sizes, with some names that are no regular file among them."""
    names = []
    for number in range(700):
        path = tmp_path / f"{number:03}ä.txt"
        path.write_bytes(bytes(number % 251 for _ in range(number * 300 % 100_000)))
        names.append(str(path))
    names[10:10] = [str(tmp_path / "absent"), str(tmp_path), "", "a\0b", "\ud800", os.devnull]
    return names


@native
@pytest.mark.parametrize("most", [0, 1, 4096, 1 << 16, 1 << 40])
def test_a_head_is_what_python_reads(files: list[str], most: int) -> None:
    heads = list(file_heads.read_heads(files, most))
    assert len(heads) == len(files)
    for name, head in zip(files, heads, strict=True):
        is_file = "\0" not in name and "\ud800" not in name and Path(name).is_file()
        if not is_file or not Path(name).stat().st_size:
            assert head is None
            continue
        assert head == (state_of(Path(name).stat()), Path(name).read_bytes()[:most])


@native
def test_a_reader_of_heads_may_be_left_while_it_reads(files: list[str]) -> None:
    heads = file_heads.read_heads(files, 1 << 16)
    assert next(heads) is None  # the first file is empty
    heads.close()


@native
def test_heads_are_the_same_read_alone_and_together(files: list[str]) -> None:
    together = list(beginnings(files))
    assert len(together) == len(files)
    assert sum(each is not None for each in together) > 600
    for name, beginning in zip(files, together, strict=True):
        if beginning is not None:
            assert head_of(name, beginning) == head_of(name)


def test_a_file_that_cannot_be_read_is_named_in_its_place(files: list[str]) -> None:
    names = [*files[5:10], files[10], *files[16:20]]
    opened = list(open_each(names, ReadOptions()))
    assert [name for name, _ in opened] == names
    errors = {name: reader for name, reader in opened if isinstance(reader, InputError)}
    assert [*errors] == [files[10]]
    assert "No such file" in str(errors[files[10]])


def test_without_the_compiled_module_python_reads(
    files: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collapse_stats._native", None, raising=False)
    monkeypatch.setitem(__import__("sys").modules, "collapse_stats._native", None)
    assert list(file_heads.read_heads(files[:3], 10)) == [None] * 3
