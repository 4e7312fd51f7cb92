"""Standard input, named pipes and files below /proc: read once, named, and never waited for."""

import bz2
import gzip
import io
import json
import lzma
import os
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

import collapse_stats as cs
from collapse_stats.cli import program
from collapse_stats.errors import InputError
from collapse_stats.readers import open as open_module
from collapse_stats.readers.open import open_each, open_file
from collapse_stats.readers.options import ReadOptions
from collapse_stats.readers.streams.pipe import Pipe
from collapse_stats.tokenizers.texts import as_list

NUMPY = ("--backend", "numpy", "--tokenizer", "bytes", "--max-order", "1")
TEXTS = [f"line {i} of some words" for i in range(400)]
LINES = "".join(json.dumps({"text": text}) + "\n" for text in TEXTS).encode()
PACK: dict[str, Callable[[bytes], bytes]] = {
    "none": bytes,
    "gzip": gzip.compress,
    "zstd": lambda data: pa.Codec("zstd").compress(data, asbytes=True),
    "bzip2": bz2.compress,
    "xz": lzma.compress,
}


def run(*args: object, code: int = 0, given: bytes | None = None) -> Result:
    result = CliRunner().invoke(program, [str(arg) for arg in args], input=given)
    assert result.exit_code == code, (result.stdout, result.stderr, result.exception)
    return result


def counted(*args: object, given: bytes) -> dict[str, Any]:
    report = json.loads(run("show", "-", "--json", *NUMPY, *args, given=given).stdout)
    corpus: dict[str, Any] = report["corpora"][0]
    return corpus


def tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for i, text in enumerate(TEXTS):
            info = tarfile.TarInfo(f"{i}.txt")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    return out.getvalue()


CONTENTS = {
    "jsonl": LINES,
    "json": json.dumps([{"text": text} for text in TEXTS], indent=1).encode(),
    "csv": ("text,n\n" + "".join(f"{text},1\n" for text in TEXTS)).encode(),
    "tsv": ("n\ttext\n" + "".join(f"1\t{text}\n" for text in TEXTS)).encode(),
    "txt": "\n".join(TEXTS).encode(),
    "tar": tar(),
}


@pytest.mark.parametrize("packing", PACK)
@pytest.mark.parametrize("form", CONTENTS)
def test_every_format_by_standard_input(form: str, packing: str) -> None:
    flags = ("--doc-per-line",) if form == "txt" else ()
    given = PACK[packing](CONTENTS[form])
    corpus = counted("--input-format", form, *flags, given=given)
    assert (corpus["name"], corpus["documents"]) == ("standard input", 400)
    assert corpus["tokens"] == sum(map(len, TEXTS))


def test_more_than_is_kept_to_find_the_format() -> None:
    """Several blocks, with a first line that is longer than any of them."""
    texts = ["word " * 300_000, *("some words " * 40 for _ in range(3000))]
    for form, content in (
        ("jsonl", "".join(json.dumps({"text": text}) + "\n" for text in texts)),
        ("csv", "text\n" + "".join(f"{text}\n" for text in texts)),
        ("json", json.dumps([{"text": text} for text in texts])),
    ):
        for packing in ("none", "gzip"):
            given = PACK[packing](content.encode())
            corpus = counted("--input-format", form, given=given)
            assert (corpus["documents"], corpus["tokens"]) == (3001, sum(map(len, texts)))
    corpus = counted("--input-format", "txt", given="".join(texts).encode())
    assert (corpus["documents"], corpus["tokens"]) == (1, sum(map(len, texts)))


def test_what_is_wrong_with_it_is_said_in_one_line() -> None:
    for args, given, sentence in (
        ((), LINES, "standard input: say what it holds with --input-format: jsonl, json, txt, "),
        (("--input-format", "jsonl"), b"", "standard input: nothing came through it"),
        (("--input-format", "jsonl"), gzip.compress(LINES)[:-9], "standard input: the gzip data"),
        (("--input-format", "jsonl", "--text-key", "txt"), LINES, "standard input: expected"),
        (("--input-format", "txt"), "words\n".encode("utf-16"), "standard input is UTF-16 text"),
        (("-", "--input-format", "jsonl"), LINES, "standard input is given twice"),
    ):
        result = run("show", "-", *NUMPY, *args, given=given, code=2)
        assert result.stdout == ""
        assert result.stderr.startswith(f"collapse-stats: error: {sentence}")
        assert result.stderr.count("\n") == 1


def test_formats_that_are_read_from_their_end_are_refused() -> None:
    out = io.BytesIO()
    pq.write_table(pa.table({"text": TEXTS}), out)
    result = run("show", "-", "--input-format", "jsonl", *NUMPY, given=out.getvalue(), code=2)
    assert "standard input holds parquet (begins with PAR1)" in result.stderr
    assert "save it to a file" in result.stderr


def test_every_command_takes_it(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(LINES)
    options = ("--input-format", "jsonl", *NUMPY)
    run("profile", "-", "-o", tmp_path / "p", *options, given=LINES)
    for args in (("-", path), (path, "-"), (tmp_path / "p", "-")):
        report = run("compare", *args, "--json", *options, given=gzip.compress(LINES)).stdout
        assert json.loads(report)["comparisons"][0]["orders"]["1"]["unseen_mass"] == 0
    result = run("compare", "-", "-", *options, given=LINES, code=2)
    assert "standard input can be read only once" in result.stderr
    inspected = run("inspect", "-", "--json", "--input-format", "jsonl", given=LINES).stdout
    (facts,) = json.loads(inspected)["inputs"]
    assert (facts["path"], facts["documents"]) == ("standard input", 400)
    assert facts["evidence"] == "--input-format jsonl"
    together = run("show", path, "-", "--json", *options, given=LINES).stdout
    assert json.loads(together)["corpora"][0]["documents"] == 800
    run("show", "-", "--files-from", "-", *options, given=f"{path}\n".encode(), code=2)
    listed = run("show", "--files-from", "-", "--json", *NUMPY, given=f"{path}\n".encode()).stdout
    assert json.loads(listed)["corpora"][0]["documents"] == 400


def test_from_python(monkeypatch: pytest.MonkeyPatch) -> None:
    made = {"tokenizer": "bytes", "backend": "numpy"}
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(LINES))))
    found = cs.profile("-", input_format="jsonl", **made)
    assert (found.name, found.documents) == ("standard input", 400)
    assert found.sources[0].path == "standard input"
    with pytest.raises(InputError, match="can be read only once"):
        cs.profile("-", input_format="jsonl", **made)
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(InputError, match="standard input is closed"):
        cs.profile("-", input_format="jsonl", **made)
    with pytest.raises(ValueError, match="input_format must be one of jsonl"):
        cs.profile("-", input_format="xml", **made)  # type: ignore[arg-type]


def test_a_real_pipe_and_a_redirection(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(LINES * 20)
    command = f"{sys.executable} -m collapse_stats"
    options = "--input-format jsonl --json --backend numpy --tokenizer bytes --max-order 1"
    for shell in (
        f"cat {path} | {command} show - {options}",
        f"{command} show - {options} < {path}",
        f"cat {path} | {command} show /dev/stdin {options}",
        f"{command} show <(cat {path}) {options}",
        f"{command} show <(gzip -c {path}) {options}",
    ):
        done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, (shell, done.stderr)
        assert json.loads(done.stdout)["corpora"][0]["documents"] == 8000


def test_named_pipes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("collapse_stats.readers.streams.pipe._PATIENCE", 0.2)
    pipe = tmp_path / "pipe.jsonl"
    os.mkfifo(pipe)
    result = run("show", pipe, *NUMPY, code=2)
    assert f"{pipe} is a pipe into which nobody writes" in result.stderr
    for content in (LINES, LINES * 300):
        writer = threading.Thread(target=pipe.write_bytes, args=(content,), daemon=True)
        writer.start()
        corpus = json.loads(run("show", pipe, "--json", *NUMPY).stdout)["corpora"][0]
        writer.join()
        assert corpus["documents"] == len(content) // len(LINES) * 400
        assert corpus["name"] == str(pipe.with_suffix(""))
    result = run("show", pipe, pipe, *NUMPY, code=2)
    assert "given twice" in result.stderr


def test_files_of_no_known_extension_are_what_the_option_says(tmp_path: Path) -> None:
    for name in ("part-00000", "part-00001.gz", "a.2024"):
        path = tmp_path / name
        path.write_bytes(gzip.compress(LINES) if name.endswith(".gz") else LINES)
        reader = open_file(path, ReadOptions(input_format="jsonl"))
        assert sum(batch.documents for batch in reader.batches()) == 400
        assert "--input-format jsonl" in reader.evidence
    path = tmp_path / "a.txt"  # a known extension says what the file is
    path.write_bytes(LINES)
    assert open_file(path, ReadOptions(input_format="jsonl")).format == "text"


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="there is no /proc")
def test_files_that_say_they_are_empty_and_are_not(tmp_path: Path) -> None:
    link = tmp_path / "a.txt"
    link.symlink_to("/proc/version")
    expected = Path("/proc/version").read_text()
    (batch,) = open_file(link).batches()
    assert as_list(batch.texts or []) == [expected]
    for options in (ReadOptions(), ReadOptions(input_format="txt")):
        with pytest.raises(InputError, match=r"^/proc/self/(mem|pagemap)"):
            open_file("/proc/self/mem", options)
        with pytest.raises(InputError, match=r"^/proc/self/pagemap"):
            open_file("/proc/self/pagemap", options)
    with pytest.raises(InputError, match=r"^/proc/version: cannot tell what this is"):
        open_file("/proc/version")
    (batch,) = open_file("/proc/version", ReadOptions(input_format="txt")).batches()
    assert as_list(batch.texts or []) == [expected]


def test_devices_are_refused() -> None:
    for name in ("/dev/null", "/dev/zero"):
        result = run("show", name, "--input-format", "txt", *NUMPY, code=2)
        assert name in result.stderr


def test_the_calling_thread_waits_for_a_pipe_beside_compressed_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Waiting in another thread would keep Ctrl-C from ending the command."""
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"text": "a b"}\n'))
    threads = []

    def wait(pipe: Pipe, options: ReadOptions) -> None:
        threads.append(threading.current_thread())
        raise InputError(f"{pipe}: nothing came through it")

    monkeypatch.setattr(open_module, "_open_pipe", wait)
    opened = [reader for _, reader in open_each([str(path), Pipe("-")], ReadOptions(), threads=2)]
    assert not isinstance(opened[0], InputError)
    assert isinstance(opened[1], InputError)
    assert threads == [threading.main_thread()]
