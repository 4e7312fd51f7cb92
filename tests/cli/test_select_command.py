"""``select``: the directory that it writes, and what it prints."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from ordered_text import VOCAB, chain
from test_calibrate import refused, run

from collapse_stats.cli.group import program

IDS = ("--vocab-size", VOCAB)


def records(seed: int, number: int) -> list[dict[str, object]]:
    return [
        {"id": f"{seed}-{at}", "input_ids": ids.tolist(), "score": at / 7}
        for at, ids in enumerate(chain(seed, number))
    ]


def write_lines(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> list[object]:
    """The options that name a reference and a baseline."""
    folder = tmp_path_factory.mktemp("sides")
    for name, seed, number in (("human", 1, 900), ("gen0", 2, 100)):
        file = write_lines(folder / f"{name}.jsonl", records(seed, number))
        run("profile", file, *IDS, "-o", folder / f"{name}.profile")
    return ["--against", folder / "gen0.profile", "--baseline", folder / "human.profile"]


def selection(out: Path) -> list[dict[str, object]]:
    return pq.read_table(out / "selection.parquet").to_pylist()


def test_whole_lines_are_copied_in_their_order(sides, tmp_path):
    first, second = records(5, 60), records(6, 50)
    lines = [json.dumps(row, indent=None) for row in first]
    lines.insert(3, "")  # a blank line is a row as well
    (tmp_path / "a.jsonl").write_text("\n".join(lines))  # without a newline at its end
    write_lines(tmp_path / "b.jsonl", second)
    candidates = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    out = tmp_path / "out"
    result = run("select", *candidates, "--budget", "3k", *sides, "-o", out)
    assert "as varied as human text?" in result.stdout
    rows = selection(out)
    assert len(rows) == 110
    kept = [row for row in rows if row["kept"]]
    assert {row["path"] for row in kept} == {str(path) for path in candidates}
    written = (out / "documents.jsonl").read_text().splitlines()
    by_file = {str(path): path.read_text().splitlines() for path in candidates}
    assert written == [by_file[row["path"]][row["ordinal"]] for row in kept]
    assert sum(row["tokens"] for row in kept) <= 3000
    # The rows on candidates are no documents.
    shown = run("compare", sides[3], out, "--json")
    assert json.loads(shown.stdout)["corpora"][1]["documents"] == len(kept)


def test_rows_of_parquet_keep_their_columns(sides, tmp_path):
    a, b = pa.Table.from_pylist(records(5, 60)), pa.Table.from_pylist(records(6, 50))
    pq.write_table(a, tmp_path / "a.parquet", row_group_size=7)
    pq.write_table(b.drop_columns(["score"]), tmp_path / "b.parquet")
    out = tmp_path / "out"
    candidates = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    run("select", *candidates, "--budget", "3k", *sides, "-o", out, "--method", "one-pass")
    written = pq.read_table(out / "documents.parquet")
    assert written.column_names == ["id", "input_ids", "score"]
    by_file = {str(candidates[0]): a.to_pylist(), str(candidates[1]): b.to_pylist()}
    expected = [by_file[row["path"]][row["ordinal"]] for row in selection(out) if row["kept"]]
    for row, source in zip(written.to_pylist(), expected, strict=True):
        assert row["id"] == source["id"]
        assert row["input_ids"] == source["input_ids"]
        assert row["score"] == (source["score"] if source["id"].startswith("5") else None)


def test_human_text_lies_beside_the_documents(sides, tmp_path):
    file = write_lines(tmp_path / "gen1.jsonl", records(5, 90))
    fresh = write_lines(tmp_path / "fresh.jsonl", records(7, 40))
    out = tmp_path / "out"
    result = run(
        "select",
        file,
        "--budget",
        3000,
        *sides,
        "--human",
        fresh,
        "--human-share",
        0.2,
        "-o",
        out,
        "--json",
    )
    content = json.loads(result.stdout)
    human = [json.loads(line) for line in (out / "human.jsonl").read_text().splitlines()]
    assert all(row["id"].startswith("7-") for row in human)
    tokens = sum(len(row["input_ids"]) for row in human)
    assert abs(tokens - 600) < 60
    assert content["human_share"] == pytest.approx(tokens / content["tokens"])
    names = [corpus["name"] for corpus in content["effect"]["corpora"]]
    assert names == ["human B", "random", "selected", "selected + human"]
    assert {row["path"] for row in selection(out)} == {str(file), str(fresh)}


def test_a_directory_that_exists_is_left_alone(sides, tmp_path):
    file = write_lines(tmp_path / "gen1.jsonl", records(5, 9))
    out = tmp_path / "out"
    out.mkdir()
    assert "exists" in refused("select", file, "--budget", 100, *sides, "-o", out)
    assert not [*out.iterdir()]


def test_nothing_is_left_of_a_choice_that_fails(sides, tmp_path):
    rng = np.random.default_rng(3)
    noise = [{"input_ids": rng.integers(0, VOCAB, 60).tolist()} for _ in range(30)]
    file = write_lines(tmp_path / "noise.jsonl", noise)
    line = refused("select", file, "--budget", 500, *sides, "-o", tmp_path / "out")
    assert "with too low an order gain" in line
    assert [*tmp_path.iterdir()] == [file]


def test_records_that_cannot_be_copied_are_refused_before_choosing(sides, tmp_path):
    (tmp_path / "a.json").write_text(json.dumps(records(5, 9)))
    np.save(tmp_path / "b.npy", np.array(chain(5, 90), dtype=np.uint16))
    for name in ("a.json", "b.npy"):
        line = refused("select", tmp_path / name, "--budget", 99, *sides, "-o", tmp_path / "o")
        assert "chosen records are copied from JSON lines and from Parquet" in line
    same = [write_lines(tmp_path / "c.jsonl", records(5, 9)), tmp_path / "c.parquet"]
    pq.write_table(pa.Table.from_pylist(records(6, 9)), same[1])
    line = refused("select", *same, "--budget", 99, *sides, "-o", tmp_path / "o")
    assert "differ in their endings only" in line


def test_its_help_fits_and_names_the_gate():
    result: Result = CliRunner().invoke(program, ["select", "--help"])
    assert result.exit_code == 0
    assert "--gate [order|none]" in result.stdout
