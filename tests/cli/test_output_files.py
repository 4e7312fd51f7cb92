"""Files that the command writes: whole or not there, through no link, over nothing that is read."""

import json
import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from collapse_stats.cli.group import program
from collapse_stats.errors import InputError
from collapse_stats.system import unfinished
from collapse_stats.system.atomic_directory import new_directory
from collapse_stats.system.atomic_file import check_can_write, write_file

TOKENS = ("--tokenizer", "bytes", "--backend", "numpy", "--max-order", "2")
REPLACES = "would replace a file to be read: choose another"


def said(*args: object, code: int, stdin: str | None = None) -> str:
    result = CliRunner().invoke(program, [str(arg) for arg in args], input=stdin)
    assert result.exit_code == code, (result.stdout, result.stderr)
    return result.stderr


def texts(path: Path, words: str = "one two three") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"text": words}) + "\n" + json.dumps({"text": "four"}) + "\n")
    return path


def listing(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def tree(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with corpora, links to them, a profile, a list of paths, and ids with an index."""
    monkeypatch.chdir(tmp_path)
    texts(tmp_path / "a.jsonl")
    texts(tmp_path / "b.jsonl", "five six")
    texts(tmp_path / "data" / "deep" / "c.jsonl")
    texts(tmp_path / "elsewhere" / "d.jsonl")
    (tmp_path / "data" / "d.jsonl").symlink_to(tmp_path / "elsewhere" / "d.jsonl")
    (tmp_path / "to_data").symlink_to("data")
    (tmp_path / "to_a").symlink_to("a.jsonl")
    (tmp_path / "data" / "loop").symlink_to(tmp_path / "data")
    os.link(tmp_path / "a.jsonl", tmp_path / "same_as_a")
    (tmp_path / "list").write_text("a.jsonl\n")
    (tmp_path / "list_of_folders").write_text("data\n")
    (tmp_path / "ids.bin").write_bytes(b"\0" * 8)
    (tmp_path / "ids.idx").write_bytes(b"index")
    (tmp_path / "words.tiktoken").write_text("IQ== 0\n")
    said("profile", "a.jsonl", "-o", "saved.profile", *TOKENS, code=0)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "output"),
    [
        ("compare a.jsonl b.jsonl", "a.jsonl"),
        ("compare a.jsonl b.jsonl", "b.jsonl"),
        ("compare a.jsonl b.jsonl", "./data/../a.jsonl"),
        ("compare a.jsonl b.jsonl", "to_a"),
        ("compare to_a b.jsonl", "a.jsonl"),
        ("compare to_a b.jsonl", "to_a"),
        ("compare a.jsonl b.jsonl", "same_as_a"),
        ("compare ./a.jsonl b.jsonl --human data", "data/deep/c.jsonl"),
        ("show data", "data/deep/c.jsonl"),
        ("show data", "to_data/deep/c.jsonl"),
        ("show to_data", "data/deep/c.jsonl"),
        ("show .", "data/deep/c.jsonl"),
        ("show data", "elsewhere/d.jsonl"),  # by a link in the directory
        ("show data/*", "data/deep/c.jsonl"),
        ("show data/**/*.jsonl", "data/deep/c.jsonl"),
        ("show *.jsonl", "b.jsonl"),
        ("inspect [ab].jsonl", "b.jsonl"),
        ("show --files-from list", "a.jsonl"),
        ("show --files-from list", "list"),
        ("show --files-from list_of_folders", "data/deep/c.jsonl"),
        ("show saved.profile", "saved.profile/manifest.json"),
        ("compare saved.profile b.jsonl", "saved.profile/sample.parquet"),
        ("inspect saved.profile", "saved.profile/manifest.json"),
        ("show ids.bin", "ids.idx"),
        ("show a.jsonl --tokenizer words.tiktoken", "words.tiktoken"),
        ("profile a.jsonl", "a.jsonl"),
        ("profile data", "data"),
        ("merge saved.profile", "saved.profile"),
        ("bench a.jsonl", "a.jsonl"),
    ],
)
def test_what_is_read_is_never_replaced(place: Path, arguments: str, output: str) -> None:
    before = tree(place)
    assert REPLACES in said(*arguments.split(), "-o", output, code=2)
    assert tree(place) == before


def test_steps_of_a_run_are_not_replaced_and_a_report_beside_them_is(place: Path) -> None:
    for number in (1, 2):
        texts(place / "run" / f"step-{number}.jsonl")
    assert REPLACES in said("track", "run", "-o", "run/step-2.jsonl", *TOKENS, code=2)
    assert REPLACES in said(
        "track", "run", "--baseline", "a.jsonl", "-o", "a.jsonl", *TOKENS, code=2
    )
    for _ in range(2):
        said("track", "run", "-o", "run/report", *TOKENS, code=0)


def test_standard_input_that_is_the_output(place: Path) -> None:
    before = tree(place)
    with (place / "a.jsonl").open() as file:
        done = subprocess.run(
            [sys.executable, "-m", "collapse_stats", "show", "-", "-o", "a.jsonl", *TOKENS],
            stdin=file,
            capture_output=True,
            text=True,
        )
    assert (done.returncode, tree(place)) == (2, before)
    assert REPLACES in done.stderr


def test_other_outputs_are_written_beside_the_inputs(place: Path) -> None:
    for _ in range(2):  # the second time, it exists
        said("compare", "a.jsonl", "b.jsonl", "-o", "report", *TOKENS, code=0)
        said("show", "data", "-o", "report", "--tmp", ".", *TOKENS, code=0)
    said("show", "data", "-o", "data/report.md", *TOKENS, code=0)  # replaces nothing
    assert not [name for name in listing(place) if name.startswith(".")]


def test_a_link_is_replaced_and_what_it_leads_to_is_not(tmp_path: Path) -> None:
    precious, link = tmp_path / "precious", tmp_path / "link"
    precious.write_text("precious")
    link.symlink_to(precious)
    write_file(link, b"report")
    assert (precious.read_text(), link.read_text(), link.is_symlink()) == (
        "precious", "report", False,
    )  # fmt: skip
    dangling = tmp_path / "dangling"
    dangling.symlink_to(tmp_path / "nothing")
    write_file(dangling, b"report")
    assert listing(tmp_path) == ["dangling", "link", "precious"]


def test_names_cannot_be_prepared_by_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even a hidden name that somebody guessed and made a link of is not written through."""
    precious = tmp_path / "precious"
    precious.write_text("precious")
    guessed = iter(["11111111", "11111111", "22222222", "11111111", "33333333"])
    monkeypatch.setattr(unfinished.secrets, "token_hex", lambda size: next(guessed))
    for name in ("out", "dir"):
        (tmp_path / f".{name}.collapse-stats-11111111").symlink_to(precious)
    write_file(tmp_path / "out", b"report")
    with new_directory(tmp_path / "dir") as folder:
        (folder / "part").write_text("x")
    assert precious.read_text() == "precious"
    assert (tmp_path / "out").read_bytes() == b"report"
    assert (tmp_path / "dir" / "part").read_text() == "x"
    assert next(guessed, None) is None


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_permissions_are_those_of_other_new_files(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        write_file(tmp_path / "file", b"x")
        with new_directory(tmp_path / "folder") as folder:
            (folder / "part").write_text("x")
    finally:
        os.umask(before)
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("file", "folder")]
    assert modes == [0o666 & ~mask, 0o777 & ~mask]


def test_the_permissions_of_a_replaced_file_stay(tmp_path: Path) -> None:
    path = tmp_path / "private"
    path.write_text("before")
    path.chmod(0o600)
    write_file(path, b"after")
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("after", 0o600)


@pytest.mark.parametrize("letter", ["x", "é", "😀"])
def test_the_longest_names(tmp_path: Path, letter: str) -> None:
    name = letter * (255 // len(letter.encode()))
    write_file(tmp_path / name, b"report")
    folder = tmp_path / "below"
    folder.mkdir()
    with new_directory(folder / name) as hidden:
        (hidden / "part").write_text("x")
    assert (tmp_path / name).read_bytes() == b"report"
    assert (folder / name / "part").read_text() == "x"
    with pytest.raises(InputError, match=r"cannot write .*: File name too long"):
        write_file(tmp_path / (name + letter), b"report")
    with (
        pytest.raises(InputError, match=r"cannot write .*too long"),
        new_directory(folder / (name + letter)),
    ):
        pass


def test_pipes_and_streams_are_written_to(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    write_file(pipe, b"report")
    assert os.read(reader, 100) == b"report"
    os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    code = (
        "from pathlib import Path; from collapse_stats.system.atomic_file import write_file;"
        "write_file(Path('/dev/stdout'), b'report')"
    )
    with (tmp_path / "kept").open("w") as file:
        subprocess.run([sys.executable, "-c", code], stdout=file, check=True)
    assert (tmp_path / "kept").read_text() == "report"
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True)
    assert (done.stdout, Path("/dev/stdout").is_symlink()) == (b"report", True)


def test_what_cannot_be_written_is_said_before_anything_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for output, reason in (
        ("no/where", "No such file or directory"),
        ("file/below", "Not a directory"),
        ("x" * 256, "File name too long"),
    ):
        error = said("show", "-", "-o", tmp_path / output, *TOKENS, code=2, stdin="not read")
        assert error.startswith("collapse-stats: error: cannot write")
        assert reason in error
    with pytest.raises(InputError, match="is a directory"):
        check_can_write(tmp_path)
    assert listing(tmp_path) == ["file"]


def test_a_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "report"
    path.write_text("before")

    def full(file: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(InputError, match=r"cannot write .*report: No space left on device"):
            write_file(path, b"after")
    assert (path.read_text(), listing(tmp_path)) == ("before", ["report"])


def test_what_a_killed_writer_left_is_removed(tmp_path: Path) -> None:
    code = (
        "import os, sys, time; from pathlib import Path;"
        "from collapse_stats.system import atomic_file;"
        "atomic_file._write_all = lambda *_: (print(flush=True), time.sleep(60));"
        "atomic_file.write_file(Path(sys.argv[1]), b'x')"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, tmp_path / "killed"], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        write_file(tmp_path / "next", b"x")
        assert len(listing(tmp_path)) == 2  # what a living process writes stays
        process.kill()
    write_file(tmp_path / "next", b"x")
    assert listing(tmp_path) == ["next"]


def test_the_loser_of_a_race_for_a_directory_is_told(tmp_path: Path) -> None:
    path = tmp_path / "profile"

    def lose() -> None:
        with new_directory(path) as slower:
            (slower / "part").write_text("slower")
            with new_directory(path) as faster:
                (faster / "part").write_text("faster")

    with pytest.raises(InputError, match="profile exists now: another process wrote it"):
        lose()
    assert listing(tmp_path) == ["profile"]
    assert (path / "part").read_text() == "faster"


def test_processes_that_write_one_file_leave_one_of_their_texts(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path;"
        "from collapse_stats.system.atomic_file import write_file;"
        "[write_file(Path(sys.argv[1]), sys.argv[2].encode() * 100_000) for _ in range(30)]"
    )
    path = tmp_path / "report"
    writers = [subprocess.Popen([sys.executable, "-c", code, path, name]) for name in "ab"]
    while any(writer.poll() is None for writer in writers):
        if path.exists():
            assert path.read_bytes() in (b"a" * 100_000, b"b" * 100_000)
        time.sleep(0.001)
    assert [writer.returncode for writer in writers] == [0, 0]
    assert listing(tmp_path) == ["report"]
