"""Random numbers and powers against whole numbers and decimals of Python."""

from decimal import Decimal, getcontext
from hashlib import blake2b

import numpy as np
import pytest

from collapse_stats.simulation.exact import RandomNumbers, power

MASK = (1 << 64) - 1


def split_mix(seed, number):
    """SplitMix64 (Steele, Lea & Flood 2014) in whole numbers, from a constant after the seed."""
    for i in range(number):
        x = (i * 0x9E3779B97F4A7C15 + 0x632BE59BD9B4E019 + seed) & MASK
        x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & MASK
        yield x ^ (x >> 31)


def test_bits_are_those_of_splitmix64_however_they_are_taken():
    seed = int.from_bytes(blake2b(b"name", digest_size=8).digest(), "little")
    expected = [*split_mix(seed, 300_000)]
    random = RandomNumbers("name")
    sizes = [1, 0, 5, 262_137, 3, 37_854]
    found = np.concatenate([random.bits(size) for size in sizes])
    assert found.tolist() == expected[: sum(sizes)]


def test_shares_and_limits_follow_from_the_bits():
    bits = RandomNumbers("x").bits(1000).tolist()
    assert RandomNumbers("x").shares(1000).tolist() == [(b >> 11) / 2**53 for b in bits]
    limits = np.arange(1, 1001)
    found = RandomNumbers("x").below(limits, 1000).tolist()
    assert found == [(b >> 11) * n // 2**53 for b, n in zip(bits, limits.tolist(), strict=True)]


@pytest.mark.parametrize("limit", [1, 3, 2**31, 2**53, 2**62 - 1])
def test_what_is_drawn_is_below_its_limit(limit):
    drawn = RandomNumbers("y").below(np.full(100_000, limit), 100_000)
    assert drawn.min() >= 0
    assert drawn.max() < limit
    assert abs(drawn.mean() / limit - 0.5 * (1 - 1 / limit)) < 0.01


def test_a_permutation_has_every_number_once():
    assert sorted(RandomNumbers("z").permutation(1000).tolist()) == [*range(1000)]


@pytest.mark.parametrize("exponent", [0.0, 0.25, 1 / 0.8 - 1, 0.9999, 1.0, 1.5, 3.0, 9.0, 99.0])
def test_powers_are_those_of_decimals(exponent):
    getcontext().prec = 40
    bases = np.array([0.0, 1e-9, 1 / 7, 0.3, 0.5, 2 / 3, 0.999999, 1.0])
    places = round(exponent * 2**32)
    for base, found in zip(bases.tolist(), power(bases, exponent).tolist(), strict=True):
        if not base:
            assert found == (places == 0)
            continue
        expected = Decimal(base) ** (Decimal(places) / 2**32)
        assert found == pytest.approx(float(expected), rel=1e-13, abs=1e-300)
