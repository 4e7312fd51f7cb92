"""The command line: what goes where, exit codes, and what is said about bad input."""

import csv
import gzip
import io
import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from importlib import metadata
from itertools import pairwise
from pathlib import Path
from statistics import median

import jsonschema
import numpy as np
import pytest
from click.testing import CliRunner, Result

import collapse_stats as cs
from collapse_stats.cli.commands.demo import demo as demo_command
from collapse_stats.cli.corpora import names_of
from collapse_stats.cli.group import program
from collapse_stats.report import schema

IDS = ("--tokenizer", "none", "--backend", "numpy")


def run(*args: object, code: int = 0, **extra: object) -> Result:
    result = CliRunner().invoke(program, [str(arg) for arg in args], **extra)  # type: ignore[arg-type]
    assert result.exit_code == code, (result.stdout, result.stderr, result.exception)
    return result


def refused(*args: object, **extra: object) -> str:
    """The one line that a command leaves on stderr when it exits with 2."""
    result = run(*args, code=2, **extra)
    assert result.stdout == ""
    lines = [line for line in result.stderr.splitlines() if not line.startswith("warning: ")]
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("collapse-stats: error: ")
    return lines[0]


def command(*args: object, **extra: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "collapse_stats", *map(str, args)],
        capture_output=True,
        text=True,
        timeout=120,
        **extra,  # type: ignore[call-overload]
    )


def listing(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def documents(seed: int, ids: int = 60, number: int = 150) -> list[list[int]]:
    rng = np.random.default_rng(seed)
    return [rng.integers(0, ids, rng.integers(5, 30)).tolist() for _ in range(number)]


def write_ids(path: Path, docs: list[list[int]]) -> Path:
    path.write_text("".join(json.dumps({"input_ids": doc}) + "\n" for doc in docs))
    return path


def write_texts(path: Path, texts: list[str]) -> Path:
    path.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    return path


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpora")
    for name, seed, ids in (("human", 1, 60), ("gen1", 2, 40), ("gen2", 3, 10)):
        path = write_ids(folder / f"{name}.jsonl", documents(seed, ids))
        run("profile", path, "-o", folder / f"{name}.profile", *IDS)
    run("profile", path, "-o", folder / "bare.profile", "--no-table", *IDS)
    run("profile", path, "-o", folder / "none.profile", "--no-table", "--sample-tokens", 0, *IDS)
    return folder


def test_profile_says_one_line_on_stderr_and_writes_what_was_counted(tmp_path: Path) -> None:
    docs = documents(1)
    path = write_ids(tmp_path / "a.jsonl", docs)
    result = run("profile", path, "-o", tmp_path / "p", "--max-order", 3, *IDS)
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert f"{sum(map(len, docs)):,} tokens, 150 documents" in line
    saved = cs.load(tmp_path / "p")
    pairs = Counter(pair for doc in docs for pair in pairwise(doc))
    assert (saved.distinct(2), saved.windows(2)) == (len(pairs), pairs.total())
    assert saved.name == "a"
    assert [seen for _, seen in saved.top(2, 3)] == [seen for _, seen in pairs.most_common(3)]


def test_profile_of_several_paths_is_one_corpus(tmp_path: Path) -> None:
    a = write_ids(tmp_path / "a.jsonl", [[1, 2, 3]])
    b = write_ids(tmp_path / "b.jsonl", [[4, 5], [6]])
    run("profile", a, b, "-o", tmp_path / "ab", *IDS)
    run("profile", a, "--files-from", "-", "-o", tmp_path / "stdin", *IDS, input=f"{b}\n\n")
    for name in ("ab", "stdin"):
        assert (cs.load(tmp_path / name).tokens, cs.load(tmp_path / name).documents) == (6, 3)


def test_sample_tokens(tmp_path: Path) -> None:
    path = write_ids(tmp_path / "a.jsonl", documents(1))
    for said, least, most in (("0", 0, 0), ("0.5k", 400, 500), ("2M", 2000, 2000000)):
        out = tmp_path / f"p{said}"
        run("profile", path, "-o", out, "--sample-tokens", said, *IDS)
        assert least <= len(cs.load(out).sample.tokens) <= most
    assert "2M" in refused("profile", path, "-o", tmp_path / "x", "--sample-tokens", "many", *IDS)


@pytest.mark.parametrize("kind", ["corpus", "profile"])
def test_show_json_follows_the_schema_and_counts_right(corpora: Path, kind: str) -> None:
    path = corpora / ("human.jsonl" if kind == "corpus" else "human.profile")
    options = ("--tokenizer", "none") if kind == "corpus" else ()
    result = run("show", path, "--json", "--top", 2, "--spectrum", "--backend", "numpy", *options)
    report = json.loads(result.stdout)
    jsonschema.validate(report, schema())
    ones = Counter(token for doc in documents(1) for token in doc)
    figures = report["corpora"][0]["orders"]["1"]
    assert figures["windows"] == ones.total()
    assert figures["top"][0]["count"] == max(ones.values())
    assert figures["spectrum"] == [list(row) for row in sorted(Counter(ones.values()).items())]
    assert report["backend"] == "numpy"


def test_show_table_is_readable_without_a_terminal(corpora: Path) -> None:
    result = run("show", corpora / "human.profile", "--spectrum", "--top", 1)
    assert all(c.isprintable() or c == "\n" for c in result.stdout)
    assert max(map(len, result.stdout.splitlines())) <= 100
    assert "entropy, bits" in result.stdout
    assert "most frequent n-grams of order 5" in result.stdout


def test_show_csv_and_markdown(corpora: Path) -> None:
    rows = list(
        csv.DictReader(
            io.StringIO(run("show", corpora / "human.profile", "--format", "csv").stdout)
        )
    )
    assert [row["order"] for row in rows] == ["1", "2", "3", "4", "5"]
    assert "| ---: |" in run("show", corpora / "human.profile", "--format", "markdown").stdout


def test_compare_in_one_pass_and_through_profiles_give_the_same_figures(corpora: Path) -> None:
    names = ("human", "gen1", "gen2")
    raw = run("compare", *(corpora / f"{n}.jsonl" for n in names), "--json", *IDS)
    saved = run("compare", *(corpora / f"{n}.profile" for n in names), "--json")
    mixed = run(
        "compare",
        corpora / "human.profile",
        corpora / "gen1.jsonl",
        corpora / "gen2.jsonl",
        "--json",
    )
    reports = [json.loads(result.stdout) for result in (raw, saved, mixed)]
    for report in reports:
        jsonschema.validate(report, schema())
        pairs = [(c["baseline"], c["candidate"]) for c in report["comparisons"]]
        assert pairs == [("human", "gen1"), ("human", "gen2"), ("gen1", "gen2")]
        assert report["comparisons"] == reports[0]["comparisons"]


def test_compare_figures_against_counts_by_hand(corpora: Path) -> None:
    result = run("compare", corpora / "human.jsonl", corpora / "gen2.jsonl", "--json", *IDS)
    (comparison,) = json.loads(result.stdout)["comparisons"]
    kept = comparison["orders"]["1"]
    assert kept["novelty"] == 0  # gen2 uses ids 0..9, which both halves of human have
    human = Counter(token for doc in documents(1) for token in doc)
    beyond = sum(seen for token, seen in human.items() if token >= 10) / human.total()
    assert kept["unseen_mass"] == pytest.approx(beyond, abs=0.01)  # a mean over two halves
    assert kept["smoothing"] == "absolute-discount"


def test_compare_table(corpora: Path) -> None:
    names = ("human", "gen1", "gen2")
    result = run("compare", *(corpora / f"{n}.profile" for n in names), "--examples", 2)
    out = result.stdout
    assert all(c.isprintable() or c == "\n" for c in out)
    assert max(map(len, out.splitlines())) <= 100
    assert out.index("verdict") < out.index("entropy") < out.index("that gen1 lost")
    profiles = [corpora / f"{n}.profile" for n in names]
    everything = run("compare", *profiles, "--verbose").stdout
    for part in ("verdicts against human", "against gen1, the first", "Chao-Wang-Jost"):
        assert part in everything
        assert part not in out
    one = run("compare", corpora / "human.profile", corpora / "gen1.profile").stdout
    assert "first candidate" not in one


def test_examples_are_the_most_frequent_lost(corpora: Path) -> None:
    result = run(
        "compare", corpora / "human.jsonl", corpora / "gen2.jsonl", "--json", "--examples", 3, *IDS
    )
    report = json.loads(result.stdout)
    jsonschema.validate(report, schema())
    human = Counter(token for doc in documents(1) for token in doc)
    lost = sorted((n for token, n in human.items() if token >= 10), reverse=True)[:3]
    rows = [row for row in report["comparisons"][0]["lost"] if row["order"] == 1]
    assert [row["count"] for row in rows] == lost
    assert all(human[row["ngram"][0]] == row["count"] for row in rows)


def test_comparing_without_tables_gives_nulls_that_are_explained(corpora: Path) -> None:
    result = run("compare", corpora / "human.profile", corpora / "none.profile", "--json")
    (comparison,) = json.loads(result.stdout)["comparisons"]
    assert comparison["orders"]["1"]["kl_bits"] is None
    assert any("--no-table" in warning for warning in comparison["warnings"])
    table = run("compare", corpora / "human.profile", corpora / "none.profile").stdout
    assert "–" in table
    said = refused("compare", corpora / "human.profile", corpora / "none.profile", "--examples", 1)
    assert "--no-table" in said


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("kl_1 > 0.001", 1),
        ("kl_bits_1 > 0.001", 1),
        ("kl_1 > 100", 0),
        ("retained_2 < 1", 1),
        ("size_matched_distinct_ratio_4<0.0", 0),
        ("entropy_1 <= 5.9", 1),
        ("distinct_1 >= 1e6", 0),
    ],
)
def test_fail_on(corpora: Path, expression: str, code: int) -> None:
    result = run(
        "compare",
        corpora / "human.profile",
        corpora / "gen1.profile",
        "--json",
        "--fail-on",
        expression,
        code=code,
    )
    json.loads(result.stdout)  # the result is given all the same
    assert ("crossed: gen1: " + expression in result.stderr) == bool(code)


def test_a_share_of_a_number_of_ngrams_is_refused_with_the_ratio(corpora: Path) -> None:
    sides = corpora / "human.profile", corpora / "gen1.profile"
    message = refused("compare", *sides, "--fail-on", "distinct_4 < 0.95")
    assert "at equal size is size_matched_distinct_ratio_4" in " ".join(message.split())


def test_fail_on_a_figure_that_is_not_given_warns(corpora: Path) -> None:
    result = run(
        "compare", corpora / "human.profile", corpora / "none.profile", "--fail-on", "kl_1 > 0"
    )
    assert "warning: none: kl_1 > 0 cannot be checked" in result.stderr


def test_strict_fails_on_what_cannot_be_checked(corpora: Path) -> None:
    sides = [corpora / "human.profile", corpora / "none.profile"]
    limit = ["--fail-on", "kl_1 > 0"]
    run("compare", *sides, *limit, code=0)
    assert "warning: none: kl_1 > 0" in run("compare", *sides, *limit, "--strict", code=1).stderr


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Documents of three sources: human, another one that is thinner, and a collapsed one."""
    folder = tmp_path_factory.mktemp("sources")
    rng = np.random.default_rng(0)
    for name, kinds in (("human", 3000), ("other", 1800), ("collapsed", 100)):
        p = 1 / (np.arange(kinds) + 2.7)
        tokens = rng.choice(kinds, size=(500, 60), p=p / p.sum())
        lines = [json.dumps({"input_ids": document}) for document in tokens.tolist()]
        (folder / f"{name}.jsonl").write_text("\n".join(lines))
    return folder


VERDICT = ("--json", "--vocab-size", 3000, "--max-order", 3, "--fail-on", "verdict >= loss-of-tail")


def test_fail_on_a_verdict(sources: Path) -> None:
    human, collapsed = sources / "human.jsonl", sources / "collapsed.jsonl"
    result = run("compare", human, collapsed, *VERDICT, code=1)
    assert json.loads(result.stdout)["comparisons"][0]["verdict"] == "collapse"
    assert "crossed: collapsed: verdict >= loss-of-tail (it is collapse)" in result.stderr
    assert "crossed" not in run("compare", human, human, *VERDICT, code=0).stderr


def test_other_human_corpora_limit_the_verdicts(sources: Path, tmp_path: Path) -> None:
    human, other = sources / "human.jsonl", sources / "other.jsonl"
    alone = json.loads(run("compare", human, other, *VERDICT, code=1).stdout)["comparisons"][0]
    assert alone["verdict"] == "loss of tail"
    run("profile", other, "-o", tmp_path / "other.profile", "--vocab-size", 3000)
    for path in (other, tmp_path / "other.profile"):
        result = run("compare", human, other, *VERDICT, "--human", path)
        (comparison,) = json.loads(result.stdout)["comparisons"]
        tails = [one for one in comparison["novel_mass"] if one["working"]]
        most = -median(one["tail"] for one in tails)
        assert comparison["constants"]["near"] == pytest.approx(most, rel=1e-12)
        assert comparison["verdict"] == "drift"
        assert comparison["limits"]["name"] == "--human"
        names = [corpus["name"] for corpus in comparison["limits"]["human_corpora"]]
        assert names == ["human", "other"]


@pytest.mark.parametrize(
    "expression",
    [
        "kl_1",
        "kl > 3",
        "__import__('os')_1 > 0",
        "made_up_1 > 2",
        "kl_1 > nan",
        "kl_9 > 1",
        "kl_0 > 1",
        "verdict > drift",
        "verdict >= within-floor",
        "verdict >= fine",
        "distinct_4 < 0.95",
        "hapax_1 < 0.5",
    ],
)
def test_fail_on_refuses(corpora: Path, expression: str) -> None:
    refused("compare", corpora / "human.profile", corpora / "gen1.profile", "--fail-on", expression)


def test_merge_is_the_profile_of_both(corpora: Path, tmp_path: Path) -> None:
    parts = [corpora / "human.profile", corpora / "gen1.profile"]
    run("merge", *parts, "-o", tmp_path / "both")
    both = cs.load(tmp_path / "both")
    docs = documents(1, 60) + documents(2, 40)
    triples = Counter(t for doc in docs for t in zip(doc, doc[1:], doc[2:], strict=False))
    assert (both.distinct(3), both.documents) == (len(triples), 300)


def test_merge_refuses_what_does_not_add(corpora: Path, tmp_path: Path) -> None:
    path = write_ids(tmp_path / "a.jsonl", [[1, 2]])
    run("profile", path, "-o", tmp_path / "short", "--max-order", 2, *IDS)
    refused("merge", corpora / "human.profile", tmp_path / "short", "-o", tmp_path / "x")
    refused("merge", corpora / "human.profile", corpora / "bare.profile", "-o", tmp_path / "x")
    assert not (tmp_path / "x").exists()


def test_inspect(corpora: Path, tmp_path: Path) -> None:
    np.arange(10, dtype="<u2").tofile(tmp_path / "a.bin")
    result = run("inspect", corpora / "human.jsonl", "--json")
    (facts,) = json.loads(result.stdout)["inputs"]
    docs = documents(1)
    assert (facts["format"], facts["documents"]) == ("jsonl", 150)
    assert (facts["tokens"], facts["max_id"]) == (sum(map(len, docs)), 59)
    flat = run("inspect", tmp_path / "a.bin", "--dtype", "u16", "--eot", 4, "--json").stdout
    (facts,) = json.loads(flat)["inputs"]
    assert (facts["boundary_ids"], facts["tokens"], facts["documents"]) == ({"4": 1}, 9, 2)
    saved = json.loads(run("inspect", corpora / "human.profile", "--json").stdout)["inputs"]
    assert saved[0]["format"] == "profile"
    text = run("inspect", corpora / "human.jsonl", tmp_path / "a.bin", "--dtype", "u16").stdout
    assert "jsonl" in text
    assert max(map(len, text.splitlines())) <= 100


def test_inspect_of_text_says_how_to_count_tokens(tmp_path: Path) -> None:
    path = write_texts(tmp_path / "a.jsonl", ["hello", "world"])
    (facts,) = json.loads(run("inspect", path, "--json").stdout)["inputs"]
    assert facts["tokens"] is None
    assert any("--tokenizer" in warning for warning in facts["warnings"])
    (facts,) = json.loads(run("inspect", path, "--json", "--tokenizer", "bytes").stdout)["inputs"]
    assert (facts["tokens"], facts["vocab_size"]) == (10, 256)


def test_backends() -> None:
    found = json.loads(run("backends", "--json").stdout)["backends"]
    assert [row["name"] for row in found] == [info.name for info in cs.backends()]
    assert "numpy" in run("backends").stdout
    assert run("backends", "--format", "csv").stdout.startswith("kind,name,usable,detail\n")
    encoders = json.loads(run("backends", "--json").stdout)["encoders"]
    assert [row["name"] for row in encoders] == ["gigatoken", "tiktoken", "tokenizers"]
    assert all(row["detail"].startswith(metadata.version(row["name"])) for row in encoders)


def test_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    words = [f"word{i}" for i in range(300)]
    texts = [" ".join(rng.choice(words, 80)) for _ in range(160)]
    monkeypatch.setattr(
        sys.modules[demo_command.callback.__module__], "human_documents", lambda: texts
    )
    out = run("demo", "--generations", 2, "--seed", 1).stdout
    assert "160 documents" in out
    tables, verdicts = out.split("verdicts against human")
    rows = [line.split()[0] for line in tables.splitlines() if line.startswith(("gen", "human "))]
    assert rows == ["human", "human", "gen1", "gen2", "human", "human", "gen1+10%", "gen2+10%"]
    for name in ("human B", "gen1", "gen2", "gen1+10%", "gen2+10%"):
        assert any(line.startswith(f"{name} ") for line in verdicts.splitlines())
    assert "After 2 generations" in out
    assert "collapse-stats compare" in out
    assert max(map(len, out.splitlines())) <= 100


def test_output_files_are_whole_or_not_there(corpora: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.json"
    run("show", corpora / "human.profile", "--json", "-o", out)
    jsonschema.validate(json.loads(out.read_text()), schema())
    assert stat.S_IMODE(out.stat().st_mode) == 0o666 & ~_umask()
    run("show", corpora / "human.profile", "-o", out)  # replaced
    assert "\x1b" not in out.read_text()
    assert listing(tmp_path) == ["report.json"]
    said = refused("show", corpora / "human.profile", "-o", tmp_path / "no" / "where")
    assert "No such file or directory" in said


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("profile", "x"), "Missing option '-o'"),
        (("frobnicate",), "No such command"),
        (("show", "x", "--frobnicate"), "No such option"),
        (("show", "nowhere"), "nowhere: no such file or directory"),
        (("compare", "nowhere"), "expected a CANDIDATE"),
        (("inspect",), "expected a PATH"),
        (("compare", "nowhere", "there"), "no such file"),
        (("merge", "nowhere", "-o", "out"), "no such file"),
        (("inspect", "nowhere"), "no such file"),
        (("profile", "-o", "out"), "CORPUS"),
        (("profile", "--files-from", "nolist", "-o", "out"), "nolist"),
        (("show", ""), "expected a path, got an empty text"),
        (("compare", "good.jsonl", ""), "expected a path, got an empty text"),
        (("compare", "good.jsonl", "good.jsonl", "--human", ""), "expected a path"),
        (("show", "good.jsonl", "--tokenizer", ""), "tokenizer must be"),
        (("show", "empty"), "no file in this directory"),
        (("show", "odd.bin", "--dtype", "u16"), "multiple of 2"),
        (("show", "odd.bin"), "odd"),
        (("show", "cut.parquet"), "cut short or damaged"),
        (("show", "cut.jsonl.gz"), "is cut short"),
        (("show", "good.jsonl", "--text-key", "body"), "'body'"),
        (("show", "table.parquet", "--ids-key", "body"), "'body'"),
        (("show", "good.jsonl", "--tokenizer", "tiktoken:nope"), "nope"),
        (("show", "good.jsonl", "--backend", "fpga"), "fpga"),
        (("show", "good.jsonl", "--memory", "lots"), "8GB"),
        (("show", "good.jsonl", "--max-order", "0"), "must be at least 1, got 0"),
        (("show", "good.jsonl", "--max-order", "99"), "order"),
        (("show", "good.jsonl", "--text-key", "a", "--ids-key", "b"), "both"),
        (("show", "ids.jsonl", "--vocab-size", "50"), "outside the vocabulary of 50"),
        (("profile", "good.jsonl", "-o", "good.jsonl"), "would replace a file to be read"),
        (("profile", "good.jsonl", "-o", "good.jsonl/p"), "not a directory"),
        (("compare", "good.jsonl", "ids.jsonl"), "tokenize"),
    ],
)
def test_bad_input_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, args: tuple[str, ...], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    _bad_files(tmp_path)
    before = listing(tmp_path)
    assert words in refused(*args)
    assert listing(tmp_path) == before


def test_what_is_read_is_not_written_over(tmp_path: Path) -> None:
    path = write_texts(tmp_path / "a.jsonl", ["a text", "another"])
    other = write_texts(tmp_path / "b.jsonl", ["a text", "another"])
    (tmp_path / "link").symlink_to(path)
    before = path.read_bytes()
    for command in (("show", path), ("inspect", path), ("compare", path, other)):
        for output in (path, tmp_path / "link"):
            message = refused(*command, "-o", output, "--tokenizer", "bytes")
            assert "would replace a file to be read: choose another" in message
    assert "would replace" in refused("compare", other, other, "--human", path, "-o", path)
    assert path.read_bytes() == before
    run("show", path, "-o", tmp_path / "out", "--tokenizer", "bytes")
    run("show", path, "-o", tmp_path / "out", "--tokenizer", "bytes")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("args", [("show", "nowhere"), ("--help",), ("--version",)])
def test_the_exit_code_is_right_where_nothing_can_be_written(args: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        streams = {"stderr" if args[0] == "show" else "stdout": full}
        done = subprocess.run([sys.executable, "-m", "collapse_stats", *args], **streams)  # type: ignore[call-overload]
    assert done.returncode == 2


def test_a_defect_is_not_taken_for_a_crossed_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    class PanicException(BaseException):
        """What a library written in Rust raises."""

    for error in (KeyError("key"), RecursionError("deep"), PanicException("panic")):
        monkeypatch.setattr(
            "collapse_stats.cli.commands.show.read", lambda *_, e=error, **__: raise_(e)
        )
        result = run("show", "a", code=2)
        assert f"this should not happen ({type(error).__name__}: {error})" in result.stderr
        assert "Traceback" in result.stderr


def raise_(error: BaseException) -> None:
    raise error


def _bad_files(folder: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    (folder / "empty").mkdir()
    write_texts(folder / "good.jsonl", ["a text", "another"])
    write_ids(folder / "ids.jsonl", [[1, 2, 3], [99]])
    (folder / "odd.bin").write_bytes(b"\x01\x00\x02")
    pq.write_table(pa.table({"text": ["words"] * 1000}), folder / "table.parquet")
    (folder / "cut.parquet").write_bytes((folder / "table.parquet").read_bytes()[:-20])
    rng = np.random.default_rng(0)
    lines = "".join(json.dumps({"text": rng.bytes(30).hex()}) + "\n" for _ in range(500))
    (folder / "cut.jsonl.gz").write_bytes(gzip.compress(lines.encode())[:-400])


def test_bad_lines_are_counted_said_and_the_rest_is_used(tmp_path: Path) -> None:
    path = tmp_path / "mixed.jsonl"
    path.write_bytes(b'{"text": "one two"}\n{"text": \n{"text": "caf\xe9"}\n')
    result = run("show", path, "--json", "--tokenizer", "bytes", "--backend", "numpy")
    (corpus,) = json.loads(result.stdout)["corpora"]
    assert corpus["documents"] == 2
    assert corpus["tokens"] == len("one two") + len("caf\N{REPLACEMENT CHARACTER}".encode())
    for warnings in (corpus["warnings"], result.stderr.splitlines()):
        assert any(
            "bad lines skipped" in warning and re.search(r"\b1\b", warning) for warning in warnings
        )
        assert any("not UTF-8" in warning for warning in warnings)
    assert all(line.startswith("warning: ") for line in result.stderr.splitlines())


def test_a_profile_is_not_profiled_and_not_contradicted(corpora: Path, tmp_path: Path) -> None:
    assert "merge" in refused("profile", corpora / "human.profile", "-o", tmp_path / "p")
    assert "--max-order 5" in refused("show", corpora / "human.profile", "--max-order", 3)
    assert "--tokenizer" in refused("show", corpora / "human.profile", "--tokenizer", "bytes")


def test_a_damaged_profile_is_refused(corpora: Path, tmp_path: Path) -> None:
    run("merge", corpora / "human.profile", "-o", tmp_path / "p")
    (tmp_path / "p" / "part-00000.parquet").unlink()
    assert "part-00000.parquet: it is missing" in refused("show", tmp_path / "p")


def test_names_tell_paths_apart() -> None:
    def names(*paths: str) -> list[str]:
        return names_of([Path(path) for path in paths])

    assert names("/d/human.jsonl.gz", "/d/gen1.parquet") == ["human", "gen1"]
    assert names("/d/human.profile") == ["human"]
    assert names("/d/gen1/a.bin", "/d/gen2/a.bin") == ["gen1/a", "gen2/a"]
    assert names("/d/a.jsonl", "/d/a.txt") == ["a.jsonl", "a.txt"]
    assert names("/d/a.jsonl", "/d/a.jsonl", "/d/b.txt") == ["a", "a (2)", "b"]


def test_without_a_command_the_help_is_shown() -> None:
    result = run(code=2)
    assert result.stdout == ""
    assert [line for line in result.stderr.splitlines() if line.startswith("  compare ")]
    assert "Usage" in run("--help").stdout


def test_module_version_and_usage_exit_codes() -> None:
    assert command("--version").stdout.strip().endswith(cs.__version__)
    bad = command("show", "nowhere")
    assert (bad.returncode, bad.stdout) == (2, "")
    assert bad.stderr == "collapse-stats: error: nowhere: no such file or directory\n"


def test_full_output_is_one_line(corpora: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    for arguments in ((), ("-o", "/dev/full")):
        with Path("/dev/full").open("w") as full:
            result = subprocess.run(
                [
                    sys.executable,
                    "-m",
                    "collapse_stats",
                    "show",
                    corpora / "human.profile",
                    *arguments,
                ],
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                timeout=120,
            )
        assert result.returncode == 2
        assert len(result.stderr.splitlines()) == 1
        assert "No space left on device" in result.stderr


def test_full_disk_leaves_no_half_profile(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    path = write_ids(tmp_path / "a.jsonl", documents(1, ids=5000, number=2000))
    result = command(
        "profile",
        path,
        "-o",
        tmp_path / "p",
        *IDS,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)),
    )
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 1
    assert listing(tmp_path) == ["a.jsonl"]


def test_full_disk_leaves_no_half_report(corpora: Path, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    out = tmp_path / "report.json"
    out.write_text("what was there before")
    result = command(
        *("show", corpora / "human.profile", "--json", "-o", out),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024)),
    )
    assert result.returncode == 2
    assert len(result.stderr.splitlines()) == 1
    assert listing(tmp_path) == ["report.json"]
    assert out.read_text() == "what was there before"


def test_unwritable_output_is_said_before_counting(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    path = write_ids(tmp_path / "a.jsonl", [[1]])
    (tmp_path / "locked").mkdir(mode=0o500)
    assert "permission" in refused("profile", path, "-o", tmp_path / "locked" / "p", *IDS)


def test_a_closed_pipe_is_no_error(corpora: Path) -> None:
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "collapse_stats",
            "show",
            corpora / "human.profile",
            "--json",
            "--spectrum",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    said = process.stderr.read()
    process.stderr.close()
    assert (process.wait(120), said) == (0, b"")


def wait_until_open(process: int, path: Path) -> None:
    """Wait until a process has a file open, so that it is at work and no longer starting."""
    files = Path(f"/proc/{process}/fd")
    if not files.exists():
        pytest.skip("needs /proc to see what the process is at")
    for _ in range(6000):
        with suppress(OSError):
            if any(file.readlink() == path for file in files.iterdir()):
                return
        time.sleep(0.01)
    raise AssertionError(f"{path} was not opened in a minute")


def test_interrupted_in_the_middle(tmp_path: Path) -> None:
    text = " ".join(map(str, range(200_000)))
    path = write_texts(tmp_path / "a.jsonl", [text] * 400)
    with subprocess.Popen(
        [sys.executable, "-m", "collapse_stats", "profile", path, "-o", tmp_path / "p"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Started from a shell in the background, this test ignores the signal, and so would it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        wait_until_open(process.pid, path)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert err == "collapse-stats: interrupted\n"
    assert listing(tmp_path) == ["a.jsonl"]


def test_output_that_cannot_show_arrows_shows_signs(corpora: Path) -> None:
    result = command(
        "compare",
        corpora / "human.profile",
        corpora / "gen2.profile",
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert result.returncode == 0
    assert result.stdout.isascii()
    assert "^" in result.stdout


def _all_of(terminal: int) -> str:
    parts = []
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # Linux says so at the end
            break
        if not part:
            break
        parts.append(part)
    os.close(terminal)
    return b"".join(parts).decode()


def test_a_terminal_gets_colour_unless_told_not_to(corpora: Path) -> None:
    pty = pytest.importorskip("pty")

    def shown(**more: str) -> str:
        master, slave = pty.openpty()
        env = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS")}
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "collapse_stats",
                "compare",
                corpora / "human.profile",
                corpora / "gen2.profile",
            ],
            stdout=slave,
            stderr=slave,
            env={**env, "TERM": "xterm-256color", **more},
        )
        os.close(slave)
        seen = _all_of(master)
        assert process.wait(60) == 0
        return seen

    assert "\x1b[1;31m" in shown()
    assert "\x1b[1;31m" not in shown(NO_COLOR="1")
    assert "↑" in shown(NO_COLOR="1")


def test_a_terminal_sees_progress_and_a_pipe_does_not(tmp_path: Path) -> None:
    pty = pytest.importorskip("pty")
    path = write_texts(tmp_path / "a.jsonl", ["some words " * 50] * 2000)
    piped = command("profile", path, "-o", tmp_path / "p")
    assert piped.stderr.startswith(f"{tmp_path / 'p'}: ")
    assert len(piped.stderr.splitlines()) == 1
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "collapse_stats", "profile", path, "-o", tmp_path / "q"],
        stdout=subprocess.PIPE,
        stderr=slave,
        env={**os.environ, "TERM": "xterm"},
    )
    os.close(slave)
    seen = _all_of(master)
    assert process.communicate()[0] == b""
    assert process.returncode == 0
    assert "reading a" in seen
    assert seen.rstrip().splitlines()[-1].startswith(f"{tmp_path / 'q'}: ")


def test_start_loads_nothing_heavy() -> None:
    code = "import sys, collapse_stats.cli; print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    loaded = set(result.stdout.split())
    assert "collapse_stats.cli" in loaded
    assert not loaded & {"pyarrow", "tiktoken", "rich", "cupy", "torch", "scipy"}
