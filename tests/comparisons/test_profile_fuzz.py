"""Saved profiles that are damaged by chance: refused by the damaged file's name, or read as before.

COLLAPSE_STATS_FUZZ_SECONDS=3600 goes on for so long, with other damage each time.
"""

import copy
import json
import os
import random
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from saved_profiles import manifest_of, sealed

import collapse_stats as cs
from collapse_stats.cli.group import program
from collapse_stats.counting import parquet_part, part_writer

SECONDS = float(os.environ.get("COLLAPSE_STATS_FUZZ_SECONDS", "0"))
CASES = 450  # of each kind, unless there are seconds
SEED = random.randrange(1 << 30) if SECONDS else 1
FILES = ("manifest.json", "spectra.parquet", "sample.parquet", "part-00000.parquet")
DESCRIPTIONS = ("name", "tool", "tokenizer", "boundaries", "sources", "warnings")
Damage = Callable[[random.Random, Path], str]  # returns the name of the damaged file


@pytest.fixture(scope="module")
def profiles(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Profiles of one layout: two of several parts, one of blocks, one without a table."""
    folder = tmp_path_factory.mktemp("profiles")
    made = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(part_writer, "PART_ROWS", 300)
        patch.setattr(parquet_part, "GROUP_ROWS", 100)
        for number, documents in enumerate((120, 120, 30, 80)):
            rng = np.random.default_rng(number)
            texts = [rng.zipf(1.5, rng.integers(0, 30)) % 40 for _ in range(documents)]
            profile = cs.profile(
                texts, vocab_size=40, max_order=3, table=number < 3, backend="numpy"
            )
            made.append(folder / f"profile{number}")
            profile.save(made[-1])
    assert len(list(made[0].glob("part-*"))) >= 3
    return made


def note(line: str) -> None:
    """Say how many cases there were; pytest shows it with -s."""
    sys.stderr.write(f"{line}\n")


def figures(folder: Path) -> list[Any]:
    """All that figures are computed from; the table is read in two stretches of key ranges."""
    profile = cs.load(folder)
    found: list[Any] = [
        profile.layout,
        profile.documents,
        profile.empty_documents,
        profile.halved_by,
        profile.table is None,
    ]
    for spectra in (profile.joint_spectra.ngrams, profile.joint_spectra.contexts):
        for order, pairs in spectra.items():
            for masks, joint in pairs.items():
                found += [order, masks, *map(np.ndarray.tobytes, (joint.a, joint.b, joint.types))]
    sample = profile.sample
    found += map(np.ndarray.tobytes, (sample.hash, sample.length, sample.tokens))
    if profile.table is not None:
        for first, last in ((0, 500), (500, profile.layout.key_ranges)):
            table = profile.table.read(first, last)
            found += [table.keys.tobytes(), table.counts.tobytes()]
    return found


def outcome(folder: Path, expected: list[Any], damaged: str) -> str:
    """``refused`` or ``same``; what else there is fails.

    Input: the file that must be named if the profile is refused.
    """
    try:
        found = figures(folder)
    except cs.InputError as error:
        message = str(error)
        assert damaged in message, message
        assert str(folder) in message, message
        assert len(message) < 1000
        return "refused"
    assert found == expected
    return "same"


@pytest.mark.parametrize("name", FILES)
def test_every_command_refuses(profiles: list[Path], tmp_path: Path, name: str) -> None:
    """Each names the damaged file in one line, with exit code 2, and writes nothing."""
    folder, good = tmp_path / "p", profiles[1]
    shutil.copytree(profiles[0], folder)
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(data)
    commands = [
        ("compare", folder, good, "-o", tmp_path / "out"),
        ("compare", good, folder, "-o", tmp_path / "out"),
        ("merge", good, folder, "-o", tmp_path / "out"),
    ]
    if name != "part-00000.parquet":  # of which these read nothing
        commands += [("show", folder, "-o", tmp_path / "out"), ("inspect", folder)]
    commands += [("show", folder, "--top", "3", "-o", tmp_path / "out")]
    for command in commands:
        result = CliRunner().invoke(program, [str(part) for part in command])
        assert (result.exit_code, result.stdout) == (2, ""), (command, result.output)
        (line,) = result.stderr.splitlines()
        assert name in line
        assert sorted(tmp_path.iterdir()) == [folder]
    for read in (cs.load, lambda path: cs.compare(good, path), lambda path: cs.load(path).top(1)):
        if name != "part-00000.parquet" or read is not cs.load:
            with pytest.raises(cs.InputError, match=name):
                read(folder)


# --- damage to bytes ----------------------------------------------------------------------------


def any_file(rng: random.Random, folder: Path) -> Path:
    """One of the files; parts, of which there are many, as often as the others."""
    kind = rng.choice(["manifest*", "spectra*", "sample*", "part-*"])
    files = sorted(folder.glob(kind)) or sorted(folder.glob("*"))
    return rng.choice(files)


def damaged_bytes(rng: random.Random, folder: Path) -> str:
    """Change some bytes of a file."""
    path = any_file(rng, folder)
    data = bytearray(path.read_bytes())
    at, size = rng.randrange(len(data)), 1 << rng.randrange(12)
    kind = rng.randrange(8)
    if kind <= 1:
        data[at] ^= 1 << rng.randrange(8)
    elif kind == 2:
        data[at : at + size] = bytes(len(data[at : at + size]))
    elif kind == 3:
        del data[at:]
    elif kind == 4:
        del data[at : at + size]
    elif kind == 5:
        data[at:at] = rng.randbytes(size)
    elif kind == 6:
        data[at : at + size] = rng.randbytes(len(data[at : at + size]))
    else:
        data += rng.randbytes(size)
    path.write_bytes(data)
    return path.name


def exchanged(rng: random.Random, folder: Path) -> str:
    """Put a file of another profile, or another part, in the place of a file."""
    path = any_file(rng, folder)
    own = sorted(folder.glob("part-*")) if path.name.startswith("part-") else []
    others = [*own, *folder.parent.glob(f"profile*/{path.name}")]
    others = [other for other in others if other.read_bytes() != path.read_bytes()]
    if others:
        shutil.copy(rng.choice(sorted(others)), path)
    return path.name if path.name != "manifest.json" else ""  # then the others do not fit


def lost(rng: random.Random, folder: Path) -> str:
    """Remove a file, empty it, or put something else in its place."""
    path = any_file(rng, folder)
    path.unlink()
    kind = rng.randrange(4)
    if kind == 1:
        path.write_bytes(b"")
    elif kind == 2:
        path.mkdir()
    elif kind == 3:
        path.symlink_to("nothing")
    return path.name


@pytest.mark.parametrize("damage", [damaged_bytes, exchanged, lost])
def test_damaged_files(profiles: list[Path], tmp_path: Path, damage: Damage) -> None:
    expected = {path: figures(path) for path in profiles}
    rng, outcomes = random.Random(SEED), []
    begin = time.monotonic()
    while len(outcomes) < CASES // 3 or time.monotonic() - begin < SECONDS / 5:
        source = rng.choice(profiles)
        folder = tmp_path / "profiles" / source.name
        shutil.copytree(source.parent, folder.parent)
        name = damage(rng, folder)
        outcomes.append(outcome(folder, expected[source], name))
        shutil.rmtree(folder.parent)
    note(f"{damage.__name__}: {len(outcomes):,} cases, {outcomes.count('refused'):,} refused")
    assert outcomes.count("refused") > 0.8 * len(outcomes)


def test_files_that_are_no_part_of_a_profile_change_nothing(
    profiles: list[Path], tmp_path: Path
) -> None:
    for number, source in enumerate(profiles):
        folder = tmp_path / str(number)
        shutil.copytree(source, folder)
        for name in ("part-99999.parquet", "README.md", ".DS_Store", "spectra.parquet.bak"):
            (folder / name).write_bytes(b"something")
        assert figures(folder) == figures(source)


# --- edits of the manifest ----------------------------------------------------------------------

LONG = str(2**200)  # stands for a number of so many digits that Python does not convert it
VALUES = (
    *(None, True, False, 0, 1, -1, 2, 2**31, 2**63, 10**30, 2**200, 1.5, 1e308),
    *(float("nan"), float("inf")),
    *("", "x", "0", "\0", "\ud800", "../../etc/passwd", "part-00000.parquet", "documents"),
    *([], [1], [[]], {}, {"a": 1}, {"1": 1}),
)


def places(content: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all values in JSON."""
    yield before
    if isinstance(content, dict | list):
        for key in [*content] if isinstance(content, dict) else range(len(content)):
            yield from places(content[key], (*before, key))


def edits(content: Any) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every change of every value: the path, and the changed content."""
    for place in places(content):
        for change in (*VALUES, "+1", "-1", "removed", "twice", "renamed", "reversed"):
            changed = copy.deepcopy(content)
            *path, last = place or (None,)
            parent = changed
            for key in path:
                parent = parent[key]
            old = changed if not place else parent[last]
            if not place:
                changed = change
            elif change in ("+1", "-1") and isinstance(old, int) and isinstance(change, str):
                parent[last] = old + int(change)
            elif change == "removed":
                del parent[last]
            elif change == "renamed" and isinstance(parent, dict):
                parent[f"{last}x"] = parent.pop(last)
            elif change == "twice" and isinstance(parent, list):
                parent.insert(last, copy.deepcopy(old))
            elif change == "reversed" and isinstance(old, list):
                old.reverse()
            elif change not in ("+1", "-1", "renamed", "twice", "reversed"):
                parent[last] = change
            yield place, changed


@pytest.mark.parametrize("number", range(4))
@pytest.mark.parametrize("seal", [True, False])
def test_edits_of_the_manifest(
    profiles: list[Path], tmp_path: Path, number: int, seal: bool
) -> None:
    """Numbers are checked against what they describe, even if somebody made the digest fit."""
    source, folder = profiles[number], tmp_path / "p"
    shutil.copytree(source, folder)
    expected, original = figures(source), manifest_of(source)
    every = list(edits(original))
    rng = random.Random(SEED)
    chosen = every if SECONDS else rng.sample(every, CASES // 2)
    outcomes = []
    for place, content in chosen:
        text = json.dumps(sealed(content) if seal else content)
        (folder / "manifest.json").write_text(text.replace(LONG, "9" * 5000))
        result = outcome(folder, expected, "" if seal else "manifest.json")
        if seal and place and place[0] not in (*DESCRIPTIONS, "sha256"):
            same = json.dumps(content, sort_keys=True) == json.dumps(original, sort_keys=True)
            assert (result == "same") == same, (place, content)
        outcomes.append(result)
    note(f"edits: {len(outcomes):,} cases, {outcomes.count('refused'):,} refused")
    assert outcomes.count("refused") > 0.4 * len(outcomes)
