"""A format is one module in `readers/formats/`: one added there is found, read and listed."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from reader_helpers import documents, write

from collapse_stats.corpus.load import read_corpus
from collapse_stats.errors import InputError
from collapse_stats.readers import formats
from collapse_stats.readers.discover import discover
from collapse_stats.readers.file_reader import FileReader
from collapse_stats.readers.inspect import inspect
from collapse_stats.readers.open import open_file
from collapse_stats.readers.registry import Registry, collect, registry

TOY = '''
"""Ids of one byte each behind a magic number; a document ends at the byte 255."""

from collections.abc import Iterator

import numpy as np

from ..base import Batch
from ..boundaries import stream_splits
from ..file_reader import Candidate, FileReader
from ..splits import Split, SplittableReader

MAGIC = b"TOYS!"


class ToyReader(SplittableReader, FileReader):
    """Documents of a toy file."""

    format = "toy"
    extensions = (".toy",)
    shared_extensions = (".bin",)
    label = "of toys"
    magics = (MAGIC,)
    required = "TOYS!"
    foreign = ((b"PLAY", "a toy model, not a corpus"),)
    companions = ((".toy.map", ".toy"),)
    companion_names = ("toys.json",)
    is_stream = True
    kind = "ids"
    dtype = "uint8"

    @classmethod
    def recognize_content(cls, file: Candidate) -> str | None:
        """Every toy file begins with its magic number."""
        return "begins with TOYS!"

    @classmethod
    def recognize_named(cls, file: Candidate) -> str | None:
        """A .bin file with a map beside it."""
        beside = file.location.with_name(f"{file.location.name}.map")
        return "a toy map beside it" if beside.exists() else None

    def splits(self) -> Iterator[Split]:
        """The whole file."""
        ids = np.frombuffer(self._path.read_bytes(), np.uint8)
        has_magic = bytes(ids[: len(MAGIC)]) == MAGIC
        return stream_splits(ids[len(MAGIC) :] if has_magic else ids, 255, self.size)


class ToyLinesReader(ToyReader):
    """Another format of the module, of text in gzip files."""

    format = "toy lines"
    extensions = (".toylines",)
    shared_extensions = ()
    label = ""
    magics = ()
    required = ""
    compressible = True
    compressed_start = b"<toys>"
'''


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for files, with the module of the toy format where `formats/` finds it."""
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "toy.py").write_text(TOY)
    monkeypatch.setattr(formats, "__path__", [*formats.__path__, str(tmp_path / "modules")])
    registry.cache_clear()
    yield tmp_path / "files"
    registry.cache_clear()


def test_a_module_in_the_folder_is_a_format(toy: Path) -> None:
    toy.mkdir()
    path = write(toy / "a.toy", b"TOYS!\1\2\xff\3")
    for name in ("a.toy.map", "toys.json"):
        write(toy / name, b"")
    write(toy / "b.bin", b"TOYS!\4\5\6")
    write(toy / "c.bin", b"\7\1\2")
    write(toy / "c.bin.map", b"")
    files = discover([toy])
    assert [file.name for file in files] == ["a.toy", "b.bin", "c.bin"]
    assert [Path(name).name for name in files.skipped] == ["c.bin.map"]
    readers = [open_file(file) for file in files]
    assert [reader.format for reader in readers] == ["toy"] * 3
    assert [reader.evidence for reader in readers][1:] == [
        "begins with TOYS!",
        "a toy map beside it",
    ]
    assert documents(readers[0]) == [[1, 2], [3]]
    corpus = read_corpus(toy)
    assert (corpus.documents, corpus.tokens) == (4, 9)
    assert [source.format for source in corpus.sources] == ["toy"] * 3
    assert inspect(path).format == "toy"


def test_a_new_format_is_refused_and_listed_like_the_others(toy: Path) -> None:
    toy.mkdir()
    for data, sentence in (
        (b"PLAYxx", "is a toy model, not a corpus"),
        (b"hello", r"named \.toy but begins with b'hell', not TOYS!"),
    ):
        with pytest.raises(InputError, match=sentence):
            open_file(write(toy / "a.toy", data))
    with pytest.raises(InputError, match=r"\(alone, .*of LitData, of toys\).*; \.toy \(of toys\)"):
        open_file(write(toy / "a.unknown", b"hello"))
    packed = gzip.compress(b" <toys>")
    (toy / "unnamed.gz").write_bytes(packed)
    assert open_file(toy / "unnamed.gz").evidence == "gzip data that begins with <toys>"
    for name in ("c.toylines.gz", "c.toylines", "d.toylines.gz"):
        (toy / name).write_bytes(packed)
    assert open_file(toy / "c.toylines.gz").evidence == "gzip data, extension .toylines"
    taken = [file.name for file in discover([toy]) if "toylines" in file.name]
    assert taken == ["c.toylines", "d.toylines.gz"]


def test_readers_are_collected_in_one_order() -> None:
    readers = registry().readers
    first, last = "parquet jsonl text npy olmo flat megatron", "litdata litdata arrow datatrove mds"
    ordered = f"{first} llm.c {last}".split()
    assert [reader.format for reader in readers if reader.format in ordered] == ordered
    assert Registry(reversed(readers)).readers == readers
    assert collect(SimpleNamespace(__name__="empty", __path__=[])) == []  # type: ignore[arg-type]
    for extensions in (
        ".parquet",
        ".jsonl, .ndjson, .json, .csv, .tsv, .txt, .text, .md, .tar, .tgz "
        "(also with .gz, .zst, .bz2 or .xz)",
        ".bin (alone, with .idx, of llm.c, of LitData)",
        ".arrow, .feather",
    ):
        assert extensions in registry().known.split("; ")


def test_an_extension_is_of_one_format() -> None:
    first, second = (
        type(name, (FileReader,), {"format": name, "extensions": (".x",)}) for name in "ab"
    )
    with pytest.raises(ValueError, match=r"\.x must be the extension of one format, got a and b"):
        Registry([second, first])
