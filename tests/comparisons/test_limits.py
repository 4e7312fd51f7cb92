"""Limits of the verdict from human corpora: what they follow from, their file, and real text."""

import json
import math
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, fields, replace
from itertools import permutations
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import collapse_stats as cs
from collapse_stats.corpus.corpus import TokenizerIdentity
from collapse_stats.corpus.sample import Sample
from collapse_stats.corpus.split import group_of, ordinal_hash
from collapse_stats.simulation.human_text import human_documents
from collapse_stats.simulation.recursion import generations
from collapse_stats.simulation.rules import Rules
from collapse_stats.simulation.text import Text
from collapse_stats.tokenizers import load
from collapse_stats.uncertainty.estimate import Estimate
from collapse_stats.verdict.calibration import MOVABLE, calibrated, shown
from collapse_stats.verdict.constants import MEANINGS, Constants
from collapse_stats.verdict.evidence import Evidence
from collapse_stats.verdict.human_pairs import HumanPair, halves_apart
from collapse_stats.verdict.judged_pairs import Verdicts, judged_pairs
from collapse_stats.verdict.limits import Limits
from collapse_stats.verdict.novelty import Novelty
from collapse_stats.verdict.rule import judge

BUILTIN = Constants()
ALARMS = ("loss of tail", "collapse")
Ids = npt.NDArray[np.uint32]


def found(
    tails: list[float],
    *,
    gain: float = 0.0,
    error: float = 0.02,
    repeated: tuple[float, float] = (0.0, 0.0),
    documents: int = 500,
    distinct: int | None = None,
) -> Evidence:
    orders = {
        n: Novelty(
            n, 0.4, 0.4, 0.4, 0.4,
            Estimate(tail, error), Estimate(0.0, error), Estimate(gain, error),
            Estimate(tail - gain, error),
        )
        for n, tail in enumerate(tails, start=1)
    }  # fmt: skip
    different = documents if distinct is None else distinct
    sizes = (100_000, 100_000), (documents, documents), (documents, different)
    return Evidence(orders, *sizes, 0.01, repeated)


# --- the limits of some pairs --------------------------------------------------------------------


def test_a_limit_is_the_largest_that_a_pair_shows() -> None:
    pairs = [
        found([0.1, 0.2, 0.3]),
        found([-0.5, -0.56, -0.7], repeated=(0.02, 0.22)),
        found([-0.3, -0.3, -0.3]),
        found([-2.0, -2.0, -2.0], gain=1.0),  # another kind of text, which takes nothing away
        found([0.1], distinct=200),
    ]
    mine = calibrated(shown(pair, BUILTIN) for pair in pairs)
    assert mine.near == pytest.approx(0.56)
    spread = math.sqrt((0.02 * 0.98 + 0.22 * 0.78) / 500)
    assert mine.repetition == pytest.approx(0.20 + 2 * spread)
    assert mine.copies == pytest.approx(0.6 + 2 * math.sqrt(0.6 * 0.4 / 500))
    assert [judge(pair, mine).label for pair in pairs] == ["drift"] * 5
    assert judge(found([-0.7] * 3), mine).label == "loss of tail"
    unmoved = {limit.name for limit in fields(mine)} - {"near", "repetition", "copies"}
    assert all(getattr(mine, name) == getattr(BUILTIN, name) for name in unmoved)


def test_the_limits_of_a_collapse_are_never_below_those_of_a_loss() -> None:
    pairs = [found([-2.5] * 3, repeated=(0.0, 0.6)), found([0.0] * 3, distinct=40)]
    mine = calibrated(shown(pair, BUILTIN) for pair in pairs)
    assert mine.far == mine.far_with_repetition == mine.near == pytest.approx(2.5)
    assert mine.heavy_repetition == mine.repetition > 0.6
    assert mine.heavy_copies == mine.copies > 0.92


def test_what_cannot_be_judged_moves_no_limit() -> None:
    few = found([-0.9] * 3, documents=20, repeated=(0.0, 0.5))
    assert asdict(shown(few, BUILTIN)) == {"near": 0.0, "repetition": 0.0, "copies": 0.0}
    assert calibrated([]) == BUILTIN


evidences = st.builds(
    found,
    st.lists(st.floats(-4, 4), min_size=1, max_size=3),
    gain=st.floats(-1, 2),
    error=st.floats(0.001, 0.3),
    repeated=st.tuples(st.floats(0, 0.95), st.floats(0, 0.95)),
    documents=st.just(500),
    distinct=st.integers(1, 500),
)


@settings(deadline=None)
@given(st.lists(evidences, min_size=1, max_size=6), st.randoms())
def test_no_human_pair_is_a_loss_and_no_limit_gets_smaller(pairs: list[Evidence], rng: Any) -> None:
    each = [shown(pair, BUILTIN) for pair in pairs]
    mine = calibrated(each)
    assert not {judge(pair, mine).label for pair in pairs} & set(ALARMS)
    for limit in fields(mine):
        before, now = getattr(BUILTIN, limit.name), getattr(mine, limit.name)
        assert now >= before if limit.name in MOVABLE else now == before
    rng.shuffle(each)
    assert calibrated(each) == mine
    assert calibrated([*each, *each]) == mine
    quiet = [pair for pair in pairs if judge(pair, BUILTIN).label not in ALARMS]
    alone = calibrated(shown(pair, BUILTIN) for pair in quiet)
    assert (alone.repetition, alone.copies) == (BUILTIN.repetition, BUILTIN.copies)


def test_every_constant_has_a_meaning() -> None:
    assert list(MEANINGS) == [limit.name for limit in fields(Constants)]
    assert all(text.endswith(".") for text in MEANINGS.values())


# --- verdicts on the pairs -----------------------------------------------------------------------


def test_a_corpus_is_judged_by_the_limits_of_the_others() -> None:
    repeats = {"a": 0.0, "b": 0.15, "c": 0.30, "d": 0.02}
    pairs = [
        HumanPair(one, other, found([0.0] * 3, repeated=(repeats[one], repeats[other])))
        for one, other in [*permutations(repeats, 2), *((name, name) for name in repeats)]
    ]
    for pair in judged_pairs(pairs):
        evidence = next(
            each.evidence
            for each in pairs
            if (each.baseline, each.candidate) == (pair.baseline, pair.candidate)
        )
        others = [
            each.evidence for each in pairs if pair.candidate not in (each.baseline, each.candidate)
        ]
        limit = max(
            [0.07]
            + [
                b - a + 2 * math.sqrt((a * (1 - a) + b * (1 - b)) / 500)
                for a, b in (other.repeated for other in others)
                if b - a >= 0.07
            ]
        )
        before, after = evidence.repeated
        expected = after - before >= limit
        if pair.baseline == pair.candidate:
            assert pair.left_out is None
        else:
            assert (pair.left_out in ALARMS) == expected
        assert (pair.builtin in ALARMS) == (after - before >= 0.07)
        assert pair.calibrated not in ALARMS


@pytest.mark.parametrize(
    ("alarms", "pairs", "corpora"), [(0, 6, 3), (3, 20, 5), (5, 6, 3), (6, 6, 3)]
)
def test_the_interval_has_as_many_trials_as_corpora(alarms: int, pairs: int, corpora: int) -> None:
    labels = ["collapse"] * (alarms // 2) + ["loss of tail"] * (alarms - alarms // 2)
    labels += ["drift"] * (pairs - alarms)
    verdicts = Verdicts.of([*labels, None], corpora)
    assert verdicts is not None
    assert (verdicts.pairs, verdicts.false_alarms) == (pairs, alarms)
    share, z2 = alarms / pairs, 1.96**2 / corpora  # (share - p)^2 = z^2 p (1 - p) / corpora
    low, high = sorted(np.roots([1 + z2, -2 * share - z2, share**2]).real)
    assert (verdicts.low, verdicts.high) == pytest.approx((low, high), abs=1e-9)
    assert Verdicts.of([None], corpora) is None


@pytest.mark.parametrize("keyed", [False, True])
def test_halves_apart_are_two_samples_of_all_documents(keyed: bool) -> None:
    number = 2000
    hashes = np.sort(ordinal_hash(np.arange(number)))
    length = np.arange(number) % 7
    tokens = np.repeat(np.arange(number, dtype=np.uint32), length)
    keys = None
    if keyed:  # eight documents of each key, in its group
        keys = np.repeat(ordinal_hash(np.arange(9_000, 9_000 + number // 8)), 8)
        hashes = hashes & ~np.uint64(15) | keys & np.uint64(15)
    sample = Sample(hashes, length, tokens, keys)
    halves = halves_apart(sample)
    together = Counter(doc.tobytes() for half in halves for doc in half.documents())
    assert together == Counter(doc.tobytes() for doc in sample.documents())
    for number_of_half, half in enumerate(halves):
        assert np.all(
            sample.half[np.isin(hashes >> np.uint64(4), half.hash >> np.uint64(4))]
            == number_of_half
        )
        assert set(group_of(half.hash).tolist()) == set(range(16))
        assert 0.35 < half.half.mean() < 0.65
        own = half.key if keyed else half.hash
        assert own is not None
        groups = {key: set[int]() for key in own.tolist()}
        for key, group in zip(own.tolist(), group_of(half.hash).tolist(), strict=True):
            groups[key].add(group)
        assert all(len(of_key) == 1 for of_key in groups.values())


# --- human text ----------------------------------------------------------------------------------


def encoded(texts: list[str]) -> list[Ids]:
    tokenizer = load("builtin")
    return [np.asarray(tokenizer.encode(text), dtype=np.uint32) for text in texts]


def with_table(document: Ids, rows: int) -> Ids:
    """A document that ends with a table whose rows are alike, as those of people are."""
    row = document[:12]
    return np.concatenate([document, np.tile(row, rows)])


@pytest.fixture(scope="module")
def manuals() -> list[list[Ids]]:
    """Four corpora of Python's documentation, with tables in 0 to 45 % of the documents."""
    texts = human_documents()
    rng = np.random.default_rng(1)
    found = []
    for number in range(4):
        pieces = [text[i : i + 800] for text in texts[number::4] for i in range(0, len(text), 800)]
        own = encoded([piece for piece in pieces if len(piece) > 200])
        some = rng.random(len(own)) < 0.15 * number
        found.append([with_table(d, 16) if s else d for d, s in zip(own, some, strict=True)])
    return found


@pytest.fixture(scope="module")
def limits(manuals: list[list[Ids]]) -> Limits:
    return cs.calibrate(manuals, vocab_size=32_768)


def test_tables_that_people_write_are_no_loss(manuals: list[list[Ids]], limits: Limits) -> None:
    assert limits.name == "cs.calibrate"
    assert [corpus.documents for corpus in limits.corpora] == [len(each) for each in manuals]
    tokens = [sum(map(len, each)) for each in manuals]
    assert [corpus.tokens for corpus in limits.corpora] == tokens
    kinds = Counter(pair.is_of_halves for pair in limits.pairs)
    assert kinds == {False: 12, True: 8}
    builtin, own = limits.verdicts["builtin"], limits.verdicts["calibrated"]
    assert builtin is not None
    assert own is not None
    assert builtin.false_alarms >= 4
    assert own.false_alarms == 0
    most = limits.set_by("repetition")
    assert most is not None
    assert limits.constants.repetition == most.shown.repetition > 0.1
    assert limits.set_by("copies") is None

    def compared(**options: Any) -> cs.Comparison:
        return cs.compare(manuals[0], manuals[2], vocab_size=32_768, **options)

    before, after = compared(), compared(limits=limits)
    assert before.verdict == "loss of tail"
    assert after.verdict in ("drift", "within floor")
    assert after.judgement.constants == limits.constants
    assert after.reasons[-1].startswith("under the builtin limits it would be loss of tail")


def test_a_collapse_of_that_text_is_found_still(manuals: list[list[Ids]], limits: Limits) -> None:
    *_, last = generations(Text.of(manuals[1]), 3, Rules(), seed=2)
    comparison = cs.compare(manuals[0], last.documents(), vocab_size=32_768, limits=limits)
    assert comparison.verdict in ALARMS


def test_limits_are_those_that_its_comparisons_show(
    manuals: list[list[Ids]], limits: Limits
) -> None:
    """By comparisons of the same corpora, whose evidence is measured elsewhere."""
    excess, loss = [], [BUILTIN.near]
    for one, other in permutations(manuals, 2):
        comparison = cs.compare(one, other, vocab_size=32_768)
        evidence = comparison.judgement.evidence
        assert evidence is not None
        (a, b), (n, m) = evidence.repeated, evidence.documents
        if b - a >= 0.07:
            excess.append(b - a + 2 * math.sqrt(a * (1 - a) / n + b * (1 - b) / m))
        elif comparison.verdict in ALARMS:
            loss.append(-median(novelty.tail.value for novelty in evidence.orders.values()))
    assert limits.constants.repetition == pytest.approx(max(excess), rel=1e-12)
    assert limits.constants.near == pytest.approx(max(loss), rel=1e-12)
    assert max(loss) > BUILTIN.near


def test_pieces_of_one_text_need_no_wider_limits() -> None:
    """Other text that ships with Python: its own modules, file by file, each once."""
    folder = Path(json.__file__).parents[1]
    texts = [path.read_text("utf-8", "replace") for path in sorted(folder.glob("*.py"))]
    corpora = [
        [text[i : i + 1500] for text in texts[number::3] for i in range(0, len(text), 1500)[:10]]
        for number in range(3)
    ]
    found = cs.calibrate(corpora)
    assert found.constants == BUILTIN
    assert {pair.builtin for pair in found.pairs} <= {"within floor", "drift", "cannot tell"}


# --- what is refused -----------------------------------------------------------------------------


def source(seed: int, documents: int = 300, length: int = 60) -> list[list[int]]:
    rng = np.random.default_rng(seed)
    p = 1 / (np.arange(2000) + 2.7)
    return rng.choice(2000, size=(documents, length), p=p / p.sum()).tolist()  # type: ignore[no-any-return]


def test_too_few_corpora_are_refused() -> None:
    for some in ([], [source(1)]):
        with pytest.raises(cs.InputError, match=f"got {len(some)}: give two or more"):
            cs.calibrate(some, vocab_size=2000)
    with pytest.raises(TypeError, match="got the single path 'folder'"):
        cs.calibrate("folder")


def test_corpora_that_are_too_small_are_refused() -> None:
    with pytest.raises(cs.InputError, match=r"has 20 documents, but 64 .* are needed"):
        cs.calibrate([source(1), source(2, 20)], vocab_size=2000)
    with pytest.raises(cs.InputError, match=r"times as many documents would do|times .* be needed"):
        cs.calibrate([source(1), source(2, 70, 40)], vocab_size=2000)


def test_pieces_of_few_sources_are_refused(tmp_path: Path) -> None:
    paths = [tmp_path / "one.jsonl", tmp_path / "other.jsonl"]
    for number, path in enumerate(paths):
        rows = [{"input_ids": ids, "of": i % 30} for i, ids in enumerate(source(number))]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(
        cs.InputError, match=r"one.jsonl has 300 documents of 30 values of 'of', but 64"
    ):
        cs.calibrate(paths, group_key="of", vocab_size=2000)
    assert cs.calibrate(paths, vocab_size=2000).constants == BUILTIN


def test_corpora_that_share_documents_are_refused() -> None:
    with pytest.raises(cs.InputError, match=r"share documents.*leave one of them out"):
        cs.calibrate([source(1), [*source(1)[:200], *source(3, 100)]], vocab_size=2000)
    with pytest.raises(cs.InputError, match=r"share documents.*leave one of them out"):
        cs.calibrate([source(1), [*source(3, 200), *source(1)[:100]]], vocab_size=2000)


def test_corpora_of_other_tokenizers_are_refused() -> None:
    texts = [["some text of a person"] * 70, ["and of another one"] * 70]
    profiles = [cs.profile(texts[0], tokenizer="bytes"), cs.profile(texts[1])]
    with pytest.raises(cs.LayoutMismatchError, match="tokenized with bytes"):
        cs.calibrate(profiles)


def test_limits_of_other_tokens_are_refused(limits: Limits) -> None:
    documents = source(1)
    for tokenizer, sides in (("builtin", ["a b"] * 70), ("bytes", ["a b"] * 70)):
        with pytest.raises(cs.LayoutMismatchError, match=f"those of {tokenizer}: calibrate again"):
            cs.compare(sides, sides, tokenizer=tokenizer, limits=limits)
    with pytest.raises(cs.LayoutMismatchError, match=r"32,768 token ids, got .* 2,001"):
        cs.compare(documents, documents, vocab_size=2001, limits=limits)
    profile = cs.profile(["a b"] * 70)
    with pytest.raises(cs.LayoutMismatchError, match="of none, got"):
        cs.compare(profile, profile, limits=limits)
    named = replace(limits, tokenizer=TokenizerIdentity("file:x.json", "0" * 64))
    with pytest.raises(cs.LayoutMismatchError, match=r"file:x.json \(00000000\)"):
        cs.compare(documents, documents, vocab_size=32_768, limits=named)


def test_ids_of_an_unnamed_tokenizer_are_taken_for_those_of_the_other_side(limits: Limits) -> None:
    tokenizer = load("builtin")
    named = cs.profile(["some words"] * 70)
    unnamed = cs.profile(
        [tokenizer.encode("some words")] * 70, vocab_size=tokenizer.vocab_size, tokenizer="none"
    )
    own = replace(limits, tokenizer=named.tokenizer, vocab_size=named.vocab_size)
    for sides in ((named, unnamed), (unnamed, named)):
        assert cs.compare(*sides, limits=own).limits == own
    with pytest.raises(cs.LayoutMismatchError, match=r"are for tokens of builtin, got .* of none"):
        cs.compare(unnamed, unnamed, limits=own)


# --- the file ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def saved(limits: Limits, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("limits") / "mine.json"
    limits.save(path)
    return path


def test_a_file_gives_the_same_limits(
    limits: Limits, saved: Path, manuals: list[list[Ids]]
) -> None:
    again = Limits.load(saved)
    assert again == replace(limits, name="mine.json")
    comparison = cs.compare(manuals[0], manuals[2], vocab_size=32_768, limits=str(saved))
    assert comparison.limits == again
    assert "the human corpora of mine.json" in comparison.reasons[-1]
    content = json.loads(saved.read_bytes())
    assert content["constants"]["repetition"] == {
        "value": limits.constants.repetition,
        "builtin": BUILTIN.repetition,
        "meaning": MEANINGS["repetition"],
    }
    assert content["verdicts"]["calibrated"]["false_alarms"] == 0
    assert content["chance_of_exceeding"] == pytest.approx(1 / 5)
    assert "limits of 4 human corpora are rough" in content["warnings"][0]


def test_a_file_that_is_cut_off_is_refused(saved: Path, tmp_path: Path) -> None:
    data = saved.read_bytes()
    path = tmp_path / "cut.json"
    for size in (0, 1, 100, len(data) // 2, len(data) - 3):
        path.write_bytes(data[:size])
        with pytest.raises(cs.InputError, match="is damaged, or no file of limits"):
            Limits.load(path)


CHANGES: list[tuple[str, Callable[[Any], Any], str]] = [
    ("another format", lambda c: c | {"schema": "collapse-stats.report/1"}, "no file of limits"),
    ("a list", lambda c: [c], "no file of limits"),
    ("another version", lambda c: c | {"tool": {"version": "9.9"}}, "9.9.*run .*calibrate again"),
    ("a pair left out", lambda c: c | {"pairs": c["pairs"][1:]}, "each of the 4 corpora"),
    ("a corpus left out", lambda c: c | {"corpora": c["corpora"][1:]}, "each of the 3 corpora"),
    ("a limit by hand", lambda c: set_in(c, 0.9, "constants", "near", "value"), "follows from"),
    ("another rule", lambda c: set_in(c, 0.1, "constants", "near", "builtin"), "near.builtin"),
    ("text", lambda c: set_in(c, "x", "constants", "near", "value"), "a number"),
    ("infinity", lambda c: set_in(c, 1e999, "pairs", 0, "shows", "near"), "a number"),
    ("not a number", lambda c: set_in(c, math.nan, "pairs", 0, "shows", "copies"), "a number"),
    ("a verdict", lambda c: set_in(c, "fine", "pairs", 0, "verdict_builtin"), "to be a verdict"),
    ("a hash", lambda c: set_in(c, "abc", "tokenizer", "sha256"), "a SHA-256"),
]


def set_in(content: Any, value: object, *keys: str | int) -> Any:
    inner = content
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = value
    return content


@pytest.mark.parametrize(
    ("change", "message"), [each[1:] for each in CHANGES], ids=[e[0] for e in CHANGES]
)
def test_a_file_that_was_changed_is_refused(
    saved: Path, tmp_path: Path, change: Callable[[Any], Any], message: str
) -> None:
    path = tmp_path / "changed.json"
    path.write_text(json.dumps(change(json.loads(saved.read_bytes()))))
    with pytest.raises(cs.InputError, match=message):
        Limits.load(path)


def test_every_field_is_needed(saved: Path, tmp_path: Path) -> None:
    content = json.loads(saved.read_bytes())
    read = set(content) - {"chance_of_exceeding", "verdicts", "warnings"}  # for people to read
    path = tmp_path / "partial.json"
    for key in read:
        path.write_text(json.dumps({k: v for k, v in content.items() if k != key}))
        with pytest.raises(cs.InputError, match=f"expected {key}, got no such field"):
            Limits.load(path)


@pytest.mark.parametrize(
    "data", [b"\xff\xfe\x00", b"[" * 100_000, b'{"schema": 1}', b"null", b"{}"]
)
def test_what_is_no_such_file_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "limits.json"
    path.write_bytes(data)
    with pytest.raises(cs.InputError, match="make it again with collapse-stats calibrate"):
        Limits.load(path)
    with pytest.raises(cs.InputError, match="at most 67,108,864 bytes"):
        Limits.load("/dev/zero")
    for missing in (tmp_path, tmp_path / "none.json"):
        with pytest.raises(cs.InputError, match="cannot read"):
            Limits.load(missing)
