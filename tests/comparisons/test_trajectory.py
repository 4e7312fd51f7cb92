"""A run as a trajectory: the same figures as its comparisons have, and what their order says."""

import json
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from reports import VOCAB, documents, profile

import collapse_stats as cs
from collapse_stats import metrics
from collapse_stats.comparisons.trajectory.reading import (
    COLLAPSED,
    COLLAPSING,
    FALLING,
    HELD,
    MOVING,
    RECOVERING,
    read,
)
from collapse_stats.corpus.sample import Sample
from collapse_stats.corpus.split import group_of, half_of
from collapse_stats.metrics.figures import SERIES_FIGURES
from collapse_stats.report import render
from collapse_stats.report.saved import checked_report

IDS = (1200, 1000, 760, 560, 400, 280, 200, 140)


@pytest.fixture(scope="module")
def sides() -> tuple[cs.Profile, list[cs.Profile]]:
    """A baseline, and generations each of which has fewer ids than the one before."""
    generations = [profile(f"gen{i}", i + 2, ids) for i, ids in enumerate(IDS)]
    return profile("human", 1, 1200), generations


@pytest.fixture(scope="module")
def narrowing(sides: tuple[cs.Profile, list[cs.Profile]]) -> cs.Trajectory:
    baseline, generations = sides
    return cs.trajectory(baseline, generations, steps=range(0, 800, 100))


def test_figures_are_those_of_the_comparisons(
    narrowing: cs.Trajectory, sides: tuple[cs.Profile, list[cs.Profile]]
) -> None:
    baseline, generations = sides
    alone = [cs.compare(baseline, each) for each in generations]
    for name, order in (("js", 2), ("kl", 1), ("retained", 1), ("novelty", 3)):
        series = narrowing.figure(name, order)
        excesses = [each.excess(name, order) for each in alone]
        assert series.values == tuple(each and each.value for each in excesses)
        assert series.errors == tuple(each and each.error for each in excesses)
        assert series.is_excess
        assert series.steps == tuple(range(0, 800, 100))
    ratios = [each.interval("size_matched_distinct_ratio", 2) for each in alone]
    series = narrowing.figure("size_matched_distinct_ratio", 2)
    assert series.values == tuple(each and each.value for each in ratios)
    assert not series.is_excess
    entropies = [each.side_interval(each.candidate, "entropy", 2) for each in alone]
    assert narrowing.figure("entropy", 2).values == tuple(each and each.value for each in entropies)


def test_moved_is_the_excess_over_the_step_before(
    narrowing: cs.Trajectory, sides: tuple[cs.Profile, list[cs.Profile]]
) -> None:
    _, generations = sides
    alone = [cs.compare(one, other) for one, other in pairwise(generations)]
    for name, order in (("js", 2), ("kl", 1), ("reverse_kl", 1), ("js", 3)):
        moved = narrowing.moved(name, order)
        excesses = [each.excess(name, order) for each in alone]
        assert moved.values == tuple(each and each.value for each in excesses)
        assert moved.errors == tuple(each and each.error for each in excesses)
        assert moved.steps == tuple(range(100, 800, 100))
        assert moved.worse is None
        assert moved.onset() is None


def test_generations_of_different_sizes_are_matched() -> None:
    human = profile("human", 1, 1200, number=400)
    generations = [profile(f"gen{i}", i + 2, 600, number) for i, number in enumerate((120, 400))]
    run = cs.trajectory(human, generations)
    (comparison,) = run.successive
    assert comparison.measured_tokens is not None
    first, second = comparison.measured_tokens
    assert first == generations[0].tokens
    assert 0.95 * first < second <= first
    js = run.moved("js", 1)
    value, error = js.values[0], js.errors[0]
    assert value is not None
    assert error is not None
    assert abs(value) < 3 * error  # they are of one source


def counted(sample: Sample, half: int) -> dict[int, int]:
    inside = half_of(group_of(sample.hash)) == half
    found: dict[int, int] = {}
    for document, is_inside in zip(sample.documents(), inside.tolist(), strict=True):
        for token in document.tolist() if is_inside else ():
            found[token] = found.get(token, 0) + 1
    return found


def test_shrinkage_is_that_of_counted_halves(
    narrowing: cs.Trajectory, sides: tuple[cs.Profile, list[cs.Profile]]
) -> None:
    """Halves counted with dictionaries: bands of one, probabilities by the opposite one."""
    baseline, generations = sides
    own = [counted(baseline.sample, half) for half in (0, 1)]
    shrinkage = narrowing.shrinkage()

    def means(halves: list[dict[int, int]], low: int, high: int) -> float:
        found = []
        for mine, other in ((own[0], halves[1]), (own[1], halves[0])):
            once = sum(count == 1 for count in other.values())
            twice = sum(count == 2 for count in other.values())
            d = once / (once + 2 * twice) if once and twice else 0.5
            n, v = sum(other.values()), len(other)
            logs = [
                math.log2(max(other.get(token, 0) - d, 0) / n + d * v / n / VOCAB)
                for token, count in mine.items()
                if low <= count <= high
            ]
            found.append(sum(logs) / len(logs))
        return sum(found) / 2

    for place, low, high in ((0, 1, 1), (2, 3, 4)):
        band = shrinkage.bands[place]
        for step, generation in enumerate(generations):
            if abs(generation.tokens / baseline.tokens - 1) > 0.09:
                continue  # matched in size first
            halves = [counted(generation.sample, half) for half in (0, 1)]
            expected = means(halves, low, high) - means(own, low, high)
            assert band.bits[step] == pytest.approx(expected, abs=1e-9)
    rare = shrinkage.bands[0]
    assert rare.band == "1"
    assert rare.bits[0] == pytest.approx(0, abs=0.3)
    assert all(value is not None and value < -1 for value in rare.bits[4:])
    kept = [each.retention(1)[0] for each in narrowing.comparisons]
    expected_kept = [
        row.retained / row.floor for row in kept if row.floor and row.retained is not None
    ]
    assert rare.retained == pytest.approx(expected_kept)
    assert rare.fit is not None
    assert rare.fit.limit >= 0


def test_a_run_that_narrows_is_seen(narrowing: cs.Trajectory) -> None:
    series = narrowing.figure("size_matched_distinct_ratio", 1)
    trend = series.trend()
    assert trend is not None
    assert trend.s == -28
    assert trend.p == pytest.approx(2 / math.factorial(8))
    assert trend.high is not None
    assert trend.high < 0
    assert series.onset() == 100
    assert series.state == "worsening"
    assert narrowing.onsets()["size_matched_distinct_ratio", 1] == 100
    assert narrowing.reading.label in (COLLAPSING, FALLING)
    assert "distinct 4-grams went from 1.00 to" in narrowing.reading.sentence


def test_a_run_in_which_nothing_happens_is_held() -> None:
    human = profile("human", 1, 1200, number=300)
    generations = [profile(f"gen{i}", i + 2, 1200, number=300) for i in range(6)]
    run = cs.trajectory(human, generations)
    assert run.onsets() == {}
    assert run.reading.label in (HELD, MOVING)
    moved = run.moved()
    past = [
        value is not None and error is not None and abs(value) > 3 * error
        for value, error in zip(moved.values, moved.errors, strict=True)
    ]
    assert sum(past) <= 1


def test_holm_over_all_figures(narrowing: cs.Trajectory) -> None:
    """Onsets of a report are those of figures whose last step is past the limit of Holm."""
    tests = {
        (name, order): narrowing.figure(name, order).onset_test()
        for name in SERIES_FIGURES
        for order in narrowing.orders
    }
    p = {key: test.p for key, test in tests.items() if test is not None}
    rejected: set[tuple[str, int]] = set()
    for rank, key in enumerate(sorted(p, key=lambda key: p[key])):
        if p[key] >= 0.01 / (len(p) - rank):
            break
        rejected.add(key)
    onsets = narrowing.onsets()
    assert {*onsets} == rejected
    assert 5 < len(rejected) < len(p)
    for (name, order), step in onsets.items():
        assert narrowing.figure(name, order).onset() == step


def test_a_run_from_its_first_step_is_compared_with_that(
    sides: tuple[cs.Profile, list[cs.Profile]],
) -> None:
    _, (first, *later) = sides
    run = cs.trajectory(first, later, from_first=True, every_step=True)
    assert run.successive[0] is run.comparisons[0]
    assert len(run.successive) == len(later)
    assert run.moved().steps == run.steps
    assert run.figure("js", 1).reference == (0.0, 0.0)
    assert run.figure("size_matched_distinct_ratio", 1).reference == (1.0, 0.0)
    own = run.comparisons[0].side_interval(first, "entropy", 1)
    assert own is not None
    assert run.figure("entropy", 1).reference == (own.value, own.error)
    ratio = run.figure("size_matched_distinct_ratio", 1)
    found = metrics.onset(ratio.values, ratio.errors, "down", reference=(1.0, 0.0), every_step=True)
    assert found is not None
    assert found.place == 0
    assert run.onsets()["size_matched_distinct_ratio", 1] == 0


@pytest.mark.parametrize(
    ("number", "steps", "words"),
    [
        (1, None, "needs two generations or more, got 1"),
        (3, [0, 2, 1], "steps must ascend, got"),
        (3, [0, 1, 1], "steps must ascend, got"),
        (3, [0, 1], "one number for each of 3 values, got 2"),
    ],
)
def test_what_is_no_run_is_refused_before_it_is_read(number: int, steps: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        cs.trajectory("no-such-file", ["no-such-file"] * number, steps=steps)


def test_texts_in_memory_are_named_by_their_steps() -> None:
    docs = [documents(seed, 300, number=40) for seed in range(4)]
    run = cs.trajectory(docs[0], docs[1:], steps=[5, 10, 20], vocab_size=VOCAB, max_order=2)
    assert run.names == ["step 5", "step 10", "step 20"]
    corpora = run.to_dict()["corpora"]
    assert [corpus["name"] for corpus in corpora] == ["baseline", *run.names]
    expected = [sum(map(len, each)) for each in docs]
    assert [corpus["tokens"] for corpus in corpora] == expected
    assert [each.baseline.name for each in run.successive] == ["step 5", "step 10"]


def test_a_single_path_is_no_run() -> None:
    with pytest.raises(TypeError, match="give it in a list"):
        cs.trajectory("human.jsonl", "generation.jsonl")


def test_unknown_figures_are_refused(narrowing: cs.Trajectory) -> None:
    with pytest.raises(ValueError, match="figure must be one of kl, reverse_kl, js"):
        narrowing.figure("distinct", 1)
    with pytest.raises(ValueError, match="figure must be one of js, kl, reverse_kl, got 'novelty'"):
        narrowing.moved("novelty")
    for call in (narrowing.figure, narrowing.moved):
        with pytest.raises(ValueError, match="order"):
            call("js", 9)
    with pytest.raises(ValueError, match="order"):
        narrowing.shrinkage(9)


def test_three_steps_have_no_trend_and_say_how_many_are_needed(
    sides: tuple[cs.Profile, list[cs.Profile]],
) -> None:
    baseline, generations = sides
    run = cs.trajectory(baseline, generations[:3])
    assert run.figure("js", 1).trend() is None
    assert run.figure("js", 1).state is None
    assert run.reading.label is None
    assert "needs 5 steps or more, got 3" in run.reading.sentence
    report = run.to_dict()
    assert report["trajectory"]["warnings"] == ["a trend needs 4 steps or more, got 3"]
    assert report["trajectory"]["figures"]["js_bits/1"]["trend"] is None
    assert "A trend needs 4 steps or more, got 3." in run.summary()


def test_a_step_without_an_error_leaves_a_trend_and_no_onset(
    sides: tuple[cs.Profile, list[cs.Profile]],
) -> None:
    baseline, generations = sides
    few = cs.profile(documents(9, 100, number=20), vocab_size=VOCAB, max_order=4, name="few")
    run = cs.trajectory(baseline, [*generations[:5], few])
    series = run.figure("size_matched_distinct_ratio", 1)
    assert series.errors[-1] is None
    assert series.values[-1] is not None
    assert series.trend() is not None
    assert series.onset() is None
    assert series.state is None
    assert ("size_matched_distinct_ratio", 1) not in run.onsets()
    (warning,) = run.to_dict()["trajectory"]["warnings"]
    assert "no standard error at few" in warning


def test_the_report_is_in_the_schema_and_in_every_format(narrowing: cs.Trajectory) -> None:
    report = narrowing.to_dict()
    checked_report(json.loads(render(report, "json")), "the report")
    found = report["trajectory"]
    assert found["steps"] == [*range(0, 800, 100)]
    assert found["looks"] == 1
    figure = found["figures"]["js_bits/2"]
    assert figure["values"] == [*narrowing.figure("js", 2).values]
    assert found["moved"]["js_bits/2"]["values"] == [None, *narrowing.moved().values]
    assert {*found["moved"]} == {
        f"{k}/{n}" for k in ("js_bits", "kl_bits", "reverse_kl_bits") for n in (1, 2)
    }
    assert [band["band"] for band in found["shrinkage"]["bands"]][:3] == ["1", "2", "3-4"]
    wide, narrow = narrowing.summary(120), narrowing.summary(80)
    for text in (wide, narrow):
        assert "As a trajectory, " in text
        assert "worse from" in text
        assert "moved" in text
        assert max(map(len, text.splitlines())) <= 120
    assert max(map(len, narrow.splitlines())) <= 80
    rows = render(report, "csv").splitlines()
    at = rows[0].split(",").index("moved_js_bits_2")
    assert [row.split(",")[at] == "" for row in rows[1:]] == [True] + [False] * 7
    verbose = narrowing.summary(80, verbose=True)
    assert "tokens of the baseline still there, over the floor" in verbose
    fallback = [f"gen{step // 100:.0f}" for step in narrowing.shrinkage().fallback]
    assert ("The discount is 0.5 at" in verbose) == bool(fallback)
    assert ", ".join(fallback) in " ".join(verbose.split())
    assert max(map(len, verbose.splitlines())) <= 80
    assert "worse from" in render(report, "markdown")
    assert " & moved" in render(report, "latex")
    assert "worse from" in narrowing._repr_html_()
    assert repr(narrowing) == f"<Trajectory of 8 steps, 0 to 700, from {_named(narrowing)}>"


def _named(run: cs.Trajectory) -> str:
    baseline = run.comparisons[0].baseline
    return f"'human' ({baseline.tokens:,} tokens, 150 documents)"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t["names"].reverse(), "are not the candidates"),
        (lambda t: t["steps"].append(9000), "a value for each step"),
        (lambda t: t["figures"].pop("js_bits/2"), "each of its figures at each order"),
        (lambda t: t["moved"].pop("js_bits/2"), "each of its moved at each order"),
        (lambda t: t["shrinkage"]["bands"][0]["bits"].pop(), "a value for each step"),
        (lambda t: t.update(baseline="gen0"), "another baseline"),
        (lambda t: t["figures"]["js_bits/1"].update(onset=1), "none of its steps"),
        (lambda t: t.update(looks=0), "looks must be in 1"),
        (lambda t: t.update(reading="fine"), "reading must be one of"),
    ],
)
def test_a_changed_report_is_refused(narrowing: cs.Trajectory, change: Any, words: str) -> None:
    report = json.loads(render(narrowing.to_dict(), "json"))
    change(report["trajectory"])
    with pytest.raises(cs.InputError, match=words):
        checked_report(report, "the report")


def test_profiles_without_samples_are_joined_by_their_tables(tmp_path: Path) -> None:
    docs = [documents(seed, ids) for seed, ids in enumerate((1200, 1200, 600, 300))]
    profiles = [
        cs.profile(each, vocab_size=VOCAB, max_order=2, sample_tokens=0, name=f"s{i}")
        for i, each in enumerate(docs)
    ]
    run = cs.trajectory(profiles[0], profiles[1:])
    js = run.moved("js", 1)
    assert js.errors == (None, None)
    expected = cs.compare(profiles[1], profiles[2])
    value, floor = expected.js(1), expected.floor("js", 1)
    assert value is not None
    assert floor is not None
    assert js.values[0] == pytest.approx(value - floor)


def series(values: list[float], error: float = 0.01) -> cs.Series:
    steps = tuple(range(len(values)))
    return cs.Series(
        "size_matched_distinct_ratio", 4, steps, tuple(values), (error,) * len(values), "down"
    )


FALLS = [1, 0.8, 0.6, 0.5, 0.4, 0.3, 0.25, 0.2]
LOW = [1, 0.6, 0.3, 0.2, 0.2, 0.2, 0.2, 0.2]
HIGH = [1.0] * 8
BACK = [1, 0.6, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7]


@pytest.mark.parametrize(
    ("values", "moved", "verdict", "label", "words"),
    [
        (
            FALLS,
            0.5,
            "collapse",
            COLLAPSING,
            "went from 1.00 to 0.20 of the baseline's, below g0 from g1",
        ),
        (FALLS, 0.5, "drift", FALLING, "still moved"),
        (FALLS, 0.0, "collapse", FALLING, "did not move"),
        (FALLS, 0.0, "drift", FALLING, "over its floor), but this ratio went from 0.25 to 0.20"),
        (
            LOW,
            0.0,
            "collapse",
            COLLAPSED,
            "have settled at 0.20 of the baseline's, below g0 from g1",
        ),
        (LOW, 0.0, "drift", HELD, "have settled at 0.20"),
        (LOW, 0.5, "collapse", MOVING, "still moved"),
        (HIGH, 0.0, "within floor", HELD, "have settled at 1.00 of the baseline's; from g6 to g7"),
        (HIGH, -0.5, "drift", MOVING, "still moved"),
        (BACK, 0.5, "drift", RECOVERING, "came back from 0.30 to 0.70"),
    ],
)
def test_readings(values: list[float], moved: float, verdict: str, label: str, words: str) -> None:
    variety = series(values)
    steps = variety.steps[1:]
    moves = cs.Series("js", 2, steps, (moved,) * 7, (0.01,) * 7)
    names = [f"g{i}" for i in range(8)]
    found = read(names, variety, variety.onset(), moves, verdict, "g0")
    assert found.label == label
    assert words in found.sentence


def test_without_errors_nothing_is_read() -> None:
    variety = cs.Series("size_matched_distinct_ratio", 4, tuple(range(6)), (1.0,) * 6, (None,) * 6)
    moves = cs.Series("js", 2, tuple(range(1, 6)), (0.1,) * 5, (0.1,) * 5)
    found = read([f"g{i}" for i in range(6)], variety, None, moves, "collapse", "g0")
    assert found.label is None
    assert "standard error at each step" in found.sentence
