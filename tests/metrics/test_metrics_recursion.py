"""Closed forms of recursions against exact enumeration, simulated runs, and published numbers."""

import itertools
import math

import numpy as np
import pytest

from collapse_stats import Spectrum, metrics

HUMAN = (0.5, 0.3, 0.2)
S0 = 0.38
KEEPS = ("replace", "accumulate", "accumulate-human")


def enumerated(n, generations, *, fresh=0.0, noise=0.0, keep="replace"):
    """E sum p^2 of pool and of text, by going through every text that there may be."""
    uniform = 1 / len(HUMAN)
    texts = [x for x in itertools.product(range(n + 1), repeat=len(HUMAN)) if sum(x) == n]
    pools = {(tuple(n * p for p in HUMAN), 1): 1.0}  # (counts, texts in it) -> probability
    found = []
    for generation in range(generations):
        after, of_text = {}, 0.0
        for (counts, kept), chance in pools.items():
            learned = [count / (n * kept) for count in counts]
            drawn = [
                (1 - fresh) * ((1 - noise) * p + noise * uniform) + fresh * p0
                for p, p0 in zip(learned, HUMAN, strict=True)
            ]
            for text in texts:
                ways = math.factorial(n) / math.prod(map(math.factorial, text))
                weight = chance * ways * math.prod(q**x for q, x in zip(drawn, text, strict=True))
                of_text += weight * sum((x / n) ** 2 for x in text)
                is_new = keep == "replace" or (keep == "accumulate" and not generation)
                state = (text, 1)
                if not is_new:
                    joined = tuple(a + b for a, b in zip(counts, text, strict=True))
                    state = (tuple(round(count, 9) for count in joined), kept + 1)
                after[state] = after.get(state, 0.0) + weight
        pools = after
        of_pool = sum(
            chance * sum((count / (n * kept)) ** 2 for count in counts)
            for (counts, kept), chance in pools.items()
        )
        found.append((of_pool, of_text))
    return np.array(found)


@pytest.mark.parametrize("keep", KEEPS)
@pytest.mark.parametrize(
    ("fresh", "noise"), [(0.0, 0.0), (0.1, 0.0), (0.0, 0.1), (0.3, 0.2), (1.0, 0.0), (0.0, 1.0)]
)
def test_simpson_is_that_of_every_text_there_may_be(keep, fresh, noise):
    options = {"fresh": fresh, "noise": noise, "keep": keep}
    oracle = enumerated(3, 3, **options)
    for column, of in enumerate(("pool", "text")):
        found = metrics.expected_simpson(S0, 3, 3, vocab_size=3, of=of, **options)
        assert found.dtype == np.float64
        np.testing.assert_allclose(found, oracle[:, column], rtol=0, atol=1e-9)


def simulated(generations, runs, *, n=5000, fresh=0.0, noise=0.0, keep="replace"):
    """Sum p^2 of the pool and number of types, ``(runs, generations)``, of a Zipf source."""
    rng = np.random.default_rng(1)
    human = (np.arange(2000) + 3.7) ** -1.05
    human /= human.sum()
    simpson, types = np.empty((runs, generations)), np.empty((runs, generations))
    for run in range(runs):
        pool, kept = human, 0 if keep == "accumulate" else 1
        for g in range(generations):
            drawn = (1 - fresh) * ((1 - noise) * pool + noise / len(human)) + fresh * human
            text = rng.multinomial(n, drawn) / n
            pool = text if keep == "replace" else (kept * pool + text) / (kept + 1)
            kept += 1
            simpson[run, g], types[run, g] = (pool**2).sum(), np.count_nonzero(text)
    return human, simpson, types


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"fresh": 0.05},
        {"fresh": 0.3},
        {"noise": 0.1},
        {"keep": "accumulate"},
        {"keep": "accumulate-human", "fresh": 0.1},
    ],
)
def test_simulated_runs_agree(options):
    human, simpson, _ = simulated(10, 300, **options)
    expected = metrics.expected_simpson((human**2).sum(), 5000, 10, vocab_size=2000, **options)
    error = simpson.std(axis=0, ddof=1) / 300**0.5
    assert (np.abs(simpson.mean(axis=0) - expected) < 4 * error).all()


@pytest.mark.parametrize("fresh", [0.0, 0.05, 0.3])
def test_as_many_types_are_alive_as_in_simulated_runs(fresh):
    """The branching process is the limit of many tokens: 0.5 % above 4 standard errors."""
    human, _, types = simulated(10, 300, fresh=fresh)
    error = types.std(axis=0, ddof=1) / 300**0.5
    for generation in (1, 5, 10):
        expected = metrics.alive(5000 * human, generation, fresh).sum()
        apart = abs(types[:, generation - 1].mean() - expected)
        assert apart < 4 * error[generation - 1] + 0.005 * expected


def test_values_that_are_known():
    def simpson(generations, **options):
        return metrics.expected_simpson(S0, 10, generations, **options).round(6).tolist()

    assert [simpson(5)[i] for i in (0, 1, 4)] == [0.442, 0.4978, 0.633896]
    assert simpson(5, fresh=0.1) == [0.442, 0.487198, 0.520147, 0.544167, 0.561678]
    assert simpson(500, fresh=0.1)[-1] == 0.608782  # where it stays
    assert [simpson(5, keep="accumulate")[i] for i in (0, 1, 4)] == [0.442, 0.45595, 0.467496]
    with_human = simpson(5, keep="accumulate-human")
    assert [with_human[i] for i in (0, 1, 4)] == [0.3955, 0.402217, 0.409973]
    of_three = {of: metrics.expected_simpson(S0, 3, 3, keep="accumulate", of=of) for of in OF}
    assert of_three["pool"].round(4).tolist() == [0.5867, 0.6211, 0.6351]
    assert of_three["text"].round(4).tolist() == [0.5867, 0.7244, 0.7474]
    assert metrics.expected_simpson(S0, 3, 3)[-1] == pytest.approx(0.816296296, abs=1e-9)
    assert metrics.expected_simpson(S0, 3, 3, fresh=0.1)[-1] == pytest.approx(0.758530667, abs=1e-9)


OF = ("pool", "text")


def test_chances_that_are_known():
    chances = [float(metrics.alive(1, g)) for g in (1, 2, 3)]
    assert chances == pytest.approx([0.632121, 0.468536, 0.374082], abs=1e-6)
    with_fresh = [float(metrics.alive(1, g, 0.1)) for g in (1, 2, 3, 10)]
    assert with_fresh == pytest.approx([0.632121, 0.500142, 0.436247, 0.340296], abs=1e-6)
    assert float(metrics.alive(3, 10)) == pytest.approx(0.403552, abs=1e-6)
    assert float(metrics.alive(3, 10, 0.05)) == pytest.approx(0.598621, abs=1e-6)


def test_a_chance_is_that_of_a_branching_process():
    """Every token is followed by Poisson(1 - a) tokens, and a lam fresh ones come to them."""
    rng = np.random.default_rng(3)
    lam, fresh, runs = 2, 0.2, 100_000
    tokens = np.full(runs, lam)
    for generation in range(1, 6):
        tokens = rng.poisson((1 - fresh) * tokens) + rng.poisson(fresh * lam, runs)
        chance = float(metrics.alive(lam, generation, fresh))
        error = (chance * (1 - chance) / runs) ** 0.5
        assert abs((tokens > 0).mean() - chance) < 4 * error


def test_surviving_types_are_the_sum_over_the_spectrum():
    counts = [7, 3, 3, 1, 1, 1]
    found = metrics.surviving_types(Spectrum.from_counts(counts), 32, 4, 0.1)
    assert found == pytest.approx(sum(float(metrics.alive(2 * m, 4, 0.1)) for m in counts))
    assert metrics.surviving_types(Spectrum.from_counts([]), 32, 4) == 0
    assert metrics.surviving_types(Spectrum.from_counts(counts), 16, 3, 1.0) == pytest.approx(
        metrics.surviving_types(Spectrum.from_counts(counts), 16, 1)
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"simpson": 0}, "simpson must be above 0"),
        ({"draws": 0}, "draws must be a number of tokens of at least 1, got 0"),
        ({"generations": 0}, "generations must be between 1 and 100,000, got 0"),
        ({"fresh": 1.5}, "fresh must be a share between 0 and 1, got 1.5"),
        ({"fresh": math.nan}, "fresh must be a share between 0 and 1, got nan"),
        ({"noise": -1}, "noise must be a share between 0 and 1, got -1"),
        ({"noise": 0.1}, "noise needs vocab_size"),
        ({"vocab_size": 0}, "vocab_size must be at least 1, got 0"),
        ({"keep": "all"}, "keep must be one of replace, accumulate, accumulate-human"),
        ({"of": "all"}, "of 'pool' or 'text'"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    good = {"simpson": S0, "draws": 10, "generations": 2}
    with pytest.raises(ValueError, match=message):
        metrics.expected_simpson(**{**good, **arguments})


@pytest.mark.parametrize("lam", [-1, math.nan, [1, -2]])
def test_occurrences_are_not_negative(lam):
    with pytest.raises(ValueError, match="lam must be expected occurrences of at least 0"):
        metrics.alive(lam, 2)
