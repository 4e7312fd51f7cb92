"""Cards: one for the same text in whatever order it was merged, and files verified against it."""

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result

import collapse_stats as cs
from collapse_stats.cli.group import program
from collapse_stats.report.card.content import STATEMENT

WORDS = np.array([f"w{number}" for number in range(2000)])


def texts(path: Path, seed: int, skew: float, documents: int = 200) -> Path:
    rng = np.random.default_rng(seed)
    with path.open("w") as file:
        for _ in range(documents):
            words = WORDS[np.minimum(rng.zipf(skew, 120), len(WORDS)) - 1]
            file.write(json.dumps({"text": " ".join(words)}) + "\n")
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three files and their profiles, each declared to be something else."""
    folder = tmp_path_factory.mktemp("cards")
    for seed, (name, skew, declared) in enumerate(
        [
            ("human", 1.3, {"origin": "human", "license": "CC0-1.0"}),
            ("made", 2.0, {"origin": "synthetic", "generator": "m", "generation": 1}),
            ("both", 1.5, {"origin": "mixed"}),
            ("other", 1.3, {}),
        ]
    ):
        path = texts(folder / f"{name}.jsonl", seed, skew)
        options: dict[str, Any] = {"max_order": 3, **declared}
        cs.profile(path, **options).save(folder / f"{name}.profile")
    return folder


def profiles(folder: Path, *names: str) -> list[cs.Profile]:
    return [cs.load(folder / f"{name}.profile") for name in names]


def run(*args: object, code: int = 0) -> Result:
    result = CliRunner().invoke(program, list(map(str, args)))
    assert result.exit_code == code, result.output
    return result


def test_merging_in_any_order_gives_one_card(folder: Path, tmp_path: Path) -> None:
    (human,) = profiles(folder, "human")
    cards = []
    for number, names in enumerate(itertools.permutations(["human", "made", "both"])):
        first, second, third = profiles(folder, *names)
        merged = (first + second) + third if number % 2 else first + (second + third)
        merged.save(tmp_path / str(number))
        cards += [cs.card(merged, human=human), cs.card(tmp_path / str(number), human=human)]
    assert len({card.render("json") for card in cards}) == 1


def test_shares_are_of_tokens_and_unknown_and_mixed_are_their_own(folder: Path) -> None:
    parts = profiles(folder, "human", "made", "both", "other")
    merged = parts[0] + parts[1] + parts[2] + parts[3]
    declared = cs.card(merged).content["declared"]
    for part, origin in zip(parts, ("human", "synthetic", "mixed", "unknown"), strict=True):
        share = declared["shares"][origin]
        assert share["tokens"] == part.tokens
        assert share["share"] == pytest.approx(part.tokens / merged.tokens, rel=1e-5)
    assert declared["tokens_of_no_source"] == 0


def test_tokens_of_no_source_are_unknown_and_said(folder: Path) -> None:
    counter = cs.NgramCounter(vocab_size=10, max_order=2)
    counter.update([[1, 2, 3, 1, 2]])
    card = cs.card(counter.profile())
    assert card.content["declared"]["shares"]["unknown"] == {"tokens": 5, "share": 1.0}
    assert "5 of 5 tokens belong to no source" in card.warnings[0]


def test_what_the_card_says_is_what_was_measured(folder: Path) -> None:
    human, made = profiles(folder, "human", "made")
    card = cs.card(made, human=human)
    comparison = cs.compare(human, made)
    assert card.verdict == comparison.verdict
    assert card.content["statement"] == STATEMENT
    assert card.content["measured"]["2"]["distinct"] == made.distinct(2)
    js = card.content["compared"]["orders"]["2"]["js_bits"]
    estimate = comparison.excess("js", 2)
    assert estimate is not None
    assert js["over_floor"] == pytest.approx(estimate.value, rel=1e-5)
    assert js["standard_error"] == pytest.approx(estimate.error, rel=1e-5)


def test_a_card_has_no_word_of_a_seal(folder: Path) -> None:
    (human,) = profiles(folder, "human")
    card = cs.card(human)
    for form in ("markdown", "json", "croissant"):
        text = card.render(form)  # type: ignore[arg-type]
        assert not {"certif", "guarantee", "verified human"} & {*text.lower().split()}
        assert "certif" not in text.lower()
        assert STATEMENT in text


def test_human_text_that_lost_its_tail_is_to_be_looked_at(folder: Path, tmp_path: Path) -> None:
    (human,) = profiles(folder, "human")
    path = texts(tmp_path / "few.jsonl", 9, 2.0)
    card = cs.card(cs.profile(path, max_order=3, origin="human"), human=human)
    assert card.verdict in ("loss of tail", "collapse")
    assert any("this does not show that the declaration is wrong" in each for each in card.warnings)


def test_human_text_that_is_part_of_the_corpus_is_named(folder: Path) -> None:
    human, made = profiles(folder, "human", "made")
    card = cs.card(human + made, human=human)
    (warning,) = [each for each in card.warnings if "is a part of it" in each]
    assert "human.jsonl" in warning


def test_one_byte_that_was_changed_is_seen(folder: Path, tmp_path: Path) -> None:
    data = bytearray((folder / "human.jsonl").read_bytes())
    (tmp_path / "same").mkdir()
    (tmp_path / "same" / "human.jsonl").write_bytes(data)
    data[len(data) // 2] ^= 1
    (tmp_path / "changed").mkdir()
    (tmp_path / "changed" / "human.jsonl").write_bytes(data)
    (tmp_path / "empty").mkdir()
    card = cs.card(folder / "human.profile")
    found = {name: card.verify(tmp_path / name)[0].found for name in ("same", "changed", "empty")}
    assert found == {"same": "same", "changed": "changed", "empty": "missing"}
    assert cs.Card.from_json(card.render(), "card.json").verify(folder)[0].file is not None


def test_the_ends_alone_are_said_to_be_the_ends(tmp_path: Path) -> None:
    path = texts(tmp_path / "a.jsonl", 1, 1.3)
    card = cs.card(cs.profile(path, max_order=2, digest="ends"))
    (source,) = card.sources
    if source["sha256"] is None:  # of a file that is longer than what is read to recognize it
        assert card.verify(tmp_path)[0].found == "same ends"
        with pytest.raises(cs.InputError, match="--digest full"):
            card.render("croissant")
    path.write_text("x")
    assert card.verify(tmp_path)[0].found == "changed"


def test_the_command_writes_cards_and_verifies_files(folder: Path, tmp_path: Path) -> None:
    profile, human = folder / "made.profile", folder / "human.profile"
    markdown = run("card", profile, "--human", human).stdout
    assert markdown.startswith("# Corpus card of made")
    assert "| synthetic |" in markdown
    run("card", profile, "--human", human, "--format", "json", "-o", tmp_path / "card.json")
    written = (tmp_path / "card.json").read_text()
    assert written == cs.card(profile, human=human).render("json")
    assert written == json.dumps(json.loads(written), sort_keys=True, indent=2) + "\n"
    for source in (profile, tmp_path / "card.json"):
        assert "1 same" in run("card", source, "--verify", folder).stdout
        assert "1 missing" in run("card", source, "--verify", tmp_path, code=1).stdout
    refused = run("card", profile, "--verify", folder, "--format", "json", code=2)
    assert "leave out --human and --format" in refused.output


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("no JSON", "is no card"),
        ('{"schema": "collapse-stats.report/1"}', "expected JSON with the schema"),
        ('{"schema": "collapse-stats.card/1"}', "is damaged: expected sources"),
        ('{"schema": "collapse-stats.card/1", "sources": [{"path": 1}]}', "to be a text"),
    ],
)
def test_what_is_no_card_is_refused(text: str, words: str) -> None:
    with pytest.raises(cs.InputError, match=words):
        cs.Card.from_json(text, "card.json")


def test_a_folder_that_is_not_there_is_refused(folder: Path) -> None:
    with pytest.raises(cs.InputError, match="expected the directory"):
        cs.card(folder / "human.profile").verify(folder / "none")
    with pytest.raises(cs.InputError, match="profile must be a saved profile"):
        cs.card(folder / "human.jsonl")


def test_synthetic_data_is_declared_in_croissant_only_if_that_is_known(folder: Path) -> None:
    expected = {"human": False, "made": True, "both": True, "other": None}
    for name, has_synthetic in expected.items():
        content = json.loads(cs.card(folder / f"{name}.profile").render("croissant"))
        assert content.get("rai:hasSyntheticData") is has_synthetic
        assert content["distribution"][0]["sha256"]


@pytest.mark.filterwarnings("ignore")
def test_croissant_is_what_its_own_library_reads(folder: Path, tmp_path: Path) -> None:
    croissant = pytest.importorskip("mlcroissant", reason="mlcroissant is not installed")
    human, made = profiles(folder, "human", "made")
    card = cs.card(human + made, human=human)
    (tmp_path / "card.json").write_text(card.render("croissant"))
    dataset = croissant.Dataset(str(tmp_path / "card.json"))
    assert not [*dataset.metadata.issues.errors]
    assert len(dataset.metadata.distribution) == 2
    assert {each.sha256 for each in dataset.metadata.distribution} == {
        source["sha256"] for source in card.sources
    }
